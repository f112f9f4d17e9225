//! What answers and silence make of the trunk.

use std::time::{Duration, Instant};

use super::chances::{about, pause, renewal};
use super::registration::{Cue, State};
use super::trunk::Trunk;
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
        match reply.status {
            200..=299 => self.granted(target, reply, now, actions),
            401 | 407 => self.challenged(target, reply, now, actions),
            423 => self.too_brief(target, reply, now, actions),
            408 | 500..=599 => self.elsewhere(&target, Some(reply), now, actions),
            _ => self.failed(Some(reply), now, actions),
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
            self.silent = false;
            self.due = Some(now);
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
        let granted = reply.granted(&self.contact, self.expires);
        if granted.is_zero() {
            // It says yes and binds nothing.
            return self.failed(Some(reply), now, actions);
        }
        let news = self
            .bound
            .as_ref()
            .is_none_or(|(before, until)| *before != target || now >= *until)
            || self.failures > 0;
        self.step(Cue::Granted);
        self.bound = Some((target.clone(), now + granted));
        self.due = Some(now + renewal(granted, &mut self.chance));
        self.failures = 0;
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
            return self.failed(Some(reply), now, actions);
        };
        // The first is answered; another one says that we were wrong, unless only the nonce was too old.
        let stale = challenge.stale && self.answered <= STALE_AT_MOST;
        if self.answered > 0 && !stale {
            self.answering = None;
            return self.failed(Some(reply), now, actions);
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
            None => self.failed(Some(reply), now, actions),
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
        let mut all = self.watched.iter_mut();
        if let Some(watched) = all.find(|watched| watched.target == *target) {
            watched.tried = true;
        }
        let next = self.choice().filter(|_| !self.state.is_leaving());
        match next {
            Some(next) => {
                self.step(Cue::Again);
                // Another server has nonces of its own.
                self.answering = None;
                self.answered = 0;
                self.register(next, self.expires, actions);
            }
            None => self.failed(reply, now, actions),
        }
    }

    fn failed(&mut self, reply: Option<&Reply>, now: Instant, actions: &mut Vec<Action>) {
        let leaves = self.state.is_leaving();
        self.step(Cue::Failed);
        if leaves {
            self.bound = None;
            actions.push(Action::Tell(News::Left));
            return;
        }
        // Who refuses a renewal may keep what he granted; we do not count on it.
        if reply.is_some_and(|reply| reply.status < 500) {
            self.bound = None;
        }
        self.failures = self.failures.saturating_add(1);
        self.silent = reply.is_none();
        let own = pause(self.settings.pause, self.failures, &mut self.chance);
        let told = reply.and_then(Reply::retry_after).unwrap_or_default();
        let wait = own.max(told);
        self.due = Some(now + wait);
        actions.push(Action::Tell(News::NotRegistered {
            status: reply.map(|reply| reply.status),
            again_in_s: wait.as_secs(),
        }));
    }
}
