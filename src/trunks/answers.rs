//! What answers and silence make of the trunk.

use std::time::{Duration, Instant};

use super::chances::{about, pause, renewal};
use super::registration::{Cue, State};
use super::trunk::{Bound, Trunk};
use super::watch::Health;
use super::{Action, News, Reply, Target};
use crate::credentials::Answering;

/// How often a challenge that calls our nonce stale is answered in a row.
const STALE_AT_MOST: u8 = 2;

impl Trunk {
    /// How long the request under way asks for.
    fn wanted(&self) -> Duration {
        match self.state.is_leaving() {
            true => Duration::ZERO,
            false => self.expires,
        }
    }

    pub(super) fn answered(
        &mut self,
        id: u64,
        reply: &Reply,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        if let Some(at) = self
            .watched
            .iter()
            .position(|watched| watched.asked == Some(id))
        {
            // Whatever it says, it is there; a 503 says that it serves nobody.
            let health = match reply.status {
                // The stack says 408 where nobody answered, 503 where a stream broke.
                408 | 503 => Health::Down,
                _ => Health::Up,
            };
            let later = reply.retry_after().filter(|_| health == Health::Down);
            return self.seen(at, health, later, now, actions);
        }
        let Some((_, target)) = self.asked.take_if(|(asked, _)| *asked == id) else {
            return;
        };
        if self.state == State::Ending {
            return self.ended(target, Some(reply), now, actions);
        }
        match reply.status {
            200..=299 => self.granted(target, reply, now, actions),
            401 | 407 => self.challenged(target, reply, now, actions),
            423 => self.too_brief(target, reply, now, actions),
            408 | 500..=599 => self.elsewhere(&target, Some(reply), now, actions),
            _ => self.failed(&target, Some(reply), now, actions),
        }
    }

    pub(super) fn silent(&mut self, id: u64, now: Instant, actions: &mut Vec<Action>) {
        if let Some(at) = self
            .watched
            .iter()
            .position(|watched| watched.asked == Some(id))
        {
            return self.seen(at, Health::Down, None, now, actions);
        }
        let Some((_, target)) = self.asked.take_if(|(asked, _)| *asked == id) else {
            return;
        };
        if self.state == State::Ending {
            return self.ended(target, None, now, actions);
        }
        if !self.settings.keep_alive.is_zero()
            && let Some(at) = self
                .watched
                .iter()
                .position(|watched| watched.target == target)
        {
            let again = self.watched[at].asked.is_none();
            self.turn(at, Health::Down, actions);
            if again {
                let next = now + about(self.settings.keep_alive, &mut self.chance);
                self.watched[at].next = Some(next);
            }
        }
        self.elsewhere(&target, None, now, actions);
    }

    /// The answer for which a stop has waited, or its lack.
    fn ended(
        &mut self,
        target: Target,
        reply: Option<&Reply>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let held = self.registered_at(now).cloned();
        let bound = match reply.map(|reply| reply.status) {
            Some(200..=299) => Some(target.clone()),
            // Silence, also as the stack says it: the registrar may have bound us, and its answer be lost. What is known
            // to hold goes before what may.
            Some(408 | 503) | None => held.or_else(|| Some(target.clone())),
            // Nothing came of it; what held before still holds.
            Some(_) => held,
        };
        if bound.as_ref() != Some(&target) {
            // Another server has nonces of its own.
            self.answering = None;
        }
        self.leave(bound, actions);
    }

    /// An address has answered its OPTIONS, or not.
    fn seen(
        &mut self,
        at: usize,
        health: Health,
        later: Option<Duration>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let interval = about(self.settings.keep_alive, &mut self.chance);
        self.watched[at].asked = None;
        self.watched[at].next = Some(now + later.unwrap_or_default().max(interval));
        self.turn(at, health, actions);
        let waits = matches!(self.state, State::Waiting | State::Unregistered);
        if health == Health::Up && self.silent && waits && self.registers() {
            // Who answers OPTIONS and no REGISTER is not asked at every OPTIONS again.
            let rested = self.watched[at]
                .rests_until
                .map_or(now, |rest| rest.max(now));
            self.due = Some(self.due.map_or(rested, |due| due.min(rested)));
        }
    }

    fn turn(&mut self, at: usize, health: Health, actions: &mut Vec<Action>) {
        let watched = &mut self.watched[at];
        let before = std::mem::replace(&mut watched.health, health);
        if before != health {
            let target = watched.target.clone();
            actions.push(Action::Tell(match health {
                Health::Down => News::Down(target),
                Health::Up | Health::Unknown => News::Up(target),
            }));
        }
    }

    fn granted(&mut self, target: Target, reply: &Reply, now: Instant, actions: &mut Vec<Action>) {
        if self.state.is_leaving() {
            self.step(Cue::Granted);
            self.bound = None;
            actions.push(Action::Tell(News::Left));
            return;
        }
        let granted = reply.granted(self.expires);
        if granted.is_zero() {
            // It says yes and binds nothing.
            return self.failed(&target, Some(reply), now, actions);
        }
        let news = self
            .bound
            .as_ref()
            .is_none_or(|before| before.target != target || now >= before.until)
            || self.failures > 0;
        self.step(Cue::Granted);
        let renew = now + renewal(granted, &mut self.chance);
        let route = reply.service_route().ok();
        let told = |bound: &Bound| bound.target == target && bound.route.is_none();
        if route.is_none() && !self.bound.as_ref().is_some_and(told) {
            actions.push(Action::Tell(News::OddRoute(target.clone())));
        }
        self.bound = Some(Bound {
            route,
            target: target.clone(),
            until: now + granted,
            renew,
        });
        self.due = Some(renew);
        let mut all = self.watched.iter_mut();
        if let Some(watched) = all.find(|watched| watched.target == target) {
            watched.refusals = 0;
            watched.rests_until = None;
        }
        self.failures = 0;
        self.told = None;
        self.silent = false;
        if news {
            actions.push(Action::Tell(News::Registered {
                at: target,
                for_s: granted.as_secs(),
            }));
        }
    }

    fn challenged(
        &mut self,
        target: Target,
        reply: &Reply,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let Some(challenge) = reply.challenge() else {
            return self.failed(&target, Some(reply), now, actions);
        };
        // The first is answered; another one says that we were wrong, unless only the nonce was too old.
        let stale = challenge.stale && self.answered <= STALE_AT_MOST;
        if self.answered > 0 && !stale {
            self.answering = None;
            return self.failed(&target, Some(reply), now, actions);
        }
        self.answered += 1;
        self.answering = Some(Answering::new(challenge));
        self.step(Cue::Asked);
        self.register(target, self.wanted(), actions);
    }

    /// 423: longer, once (RFC 3261 §10.2.8).
    fn too_brief(
        &mut self,
        target: Target,
        reply: &Reply,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let longer = reply.min_expires().filter(|min| *min > self.expires);
        match longer.filter(|_| !self.lengthened && !self.state.is_leaving()) {
            Some(longer) => {
                self.lengthened = true;
                self.answered = 0;
                self.expires = longer;
                self.step(Cue::Again);
                self.register(target, self.expires, actions);
            }
            None => self.failed(&target, Some(reply), now, actions),
        }
    }

    /// Not here: at the next address, or later.
    fn elsewhere(
        &mut self,
        target: &Target,
        reply: Option<&Reply>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        if self.stays(target, reply, now, actions) {
            return;
        }
        match self.choice(now).filter(|_| !self.state.is_leaving()) {
            Some(next) => self.turn_to(next, actions),
            None => self.round_failed(target, reply, now, actions),
        }
    }

    /// The same round goes on at another address.
    fn turn_to(&mut self, next: Target, actions: &mut Vec<Action>) {
        self.step(Cue::Again);
        // Another server has nonces of its own.
        self.answering = None;
        self.answered = 0;
        self.register(next, self.expires, actions);
    }

    /// Refused for good: nobody else is asked in this round.
    fn failed(
        &mut self,
        target: &Target,
        reply: Option<&Reply>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        if !self.stays(target, reply, now, actions) {
            self.round_failed(target, reply, now, actions);
        }
    }

    /// Notes that this address did not bind us, and lets it rest, ever longer. Whether that is all, as another one holds
    /// a binding of ours: who refuses us takes nothing from it. It is renewed there, now where its time has come.
    fn stays(
        &mut self,
        target: &Target,
        reply: Option<&Reply>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) -> bool {
        if self.state.is_leaving() {
            return false;
        }
        let mut refusals = 0;
        let mut all = self.watched.iter_mut();
        if let Some(watched) = all.find(|watched| watched.target == *target) {
            watched.tried = true;
            watched.refusals = watched.refusals.saturating_add(1);
            refusals = watched.refusals;
            let own = pause(self.settings.pause, refusals, &mut self.chance);
            let told = reply.and_then(Reply::retry_after).unwrap_or_default();
            watched.rests_until = Some(now + own.max(told));
        }
        let elsewhere = |bound: &&Bound| bound.target != *target && now < bound.until;
        let Some(bound) = self.bound.as_ref().filter(elsewhere).cloned() else {
            return false;
        };
        let mut all = self.watched.iter();
        let there = all.find(|watched| watched.target == bound.target);
        if there.is_none_or(|there| there.tried || !there.is_open()) {
            return false;
        }
        if refusals == 1 {
            actions.push(Action::Tell(News::Stays {
                at: bound.target.clone(),
                refused_by: target.clone(),
                status: reply.map(|reply| reply.status),
            }));
        }
        match now < bound.renew {
            true => {
                self.step(Cue::Kept);
                self.answering = None;
                self.due = Some(bound.renew);
            }
            false => self.turn_to(bound.target, actions),
        }
        true
    }

    /// Nobody is left to be asked in this round: later again, ever more rarely.
    fn round_failed(
        &mut self,
        target: &Target,
        reply: Option<&Reply>,
        now: Instant,
        actions: &mut Vec<Action>,
    ) {
        let leaves = self.state.is_leaving();
        self.step(Cue::Failed);
        if leaves {
            self.bound = None;
            actions.push(Action::Tell(News::Left));
            return;
        }
        // Who refuses a renewal may keep what he granted; we do not count on it.
        let held_here = |bound: &Bound| bound.target == *target;
        if reply.is_some_and(|reply| reply.status < 500)
            && self.bound.as_ref().is_some_and(held_here)
        {
            self.bound = None;
        }
        self.failures = self.failures.saturating_add(1);
        self.silent = reply.is_none();
        let own = pause(self.settings.pause, self.failures, &mut self.chance);
        let told = reply.and_then(Reply::retry_after).unwrap_or_default();
        let wait = own.max(told);
        self.due = Some(now + wait);
        // Told once, and again where it is refused in another way: an operator has read it.
        let status = reply.map(|reply| reply.status);
        if self.told.replace(status) != Some(status) {
            actions.push(Action::Tell(News::NotRegistered {
                status,
                again_in_s: wait.as_secs(),
            }));
        }
    }
}
