//! The callers' side: who comes in, waits, is rung for, is told, and ends.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::seats::With;
use super::{Desks, SHORTEST, Work};
use crate::desks::lane::Place;
use crate::desks::state::Cue;
use crate::desks::timers::Alarm;
use crate::desks::{
    Action, AtClosing, CallerId, DeskState, How, Need, NoDesk, PromiseEnd, RING_AT_ONCE, Strategy,
    Terms, Then, Waiting, WhenEmpty,
};

/// One who wants a desk, or is owed a callback.
#[derive(Debug)]
pub(super) struct Caller {
    pub number: Option<String>,
    pub place: Place,
    /// The lane that he came for, where there is one.
    pub home: Option<usize>,
    /// The lanes of which he may have a desk by now.
    lanes: Vec<usize>,
    pub terms: Terms,
    pub since: Instant,
    pub gives_up: Instant,
    /// Steps of the overflow that were taken.
    widened: usize,
    /// What he was told last, and when.
    said: Option<(usize, Instant)>,
    tells_at: Option<Instant>,
    /// Desks that rang for one who does not wait: each once.
    tried: BTreeSet<usize>,
    worst: Tried,
    pub progress: Progress,
    pub owed: Option<Owed>,
    pub alarm: Option<Instant>,
}

/// Where a caller is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    Waiting,
    Ringing(Vec<usize>),
    Talking(usize),
    /// He chooses what else he may have, and keeps his place.
    Aside,
    /// An owed callback whose time has not come.
    Dormant,
}

/// The best that any desk of a hunt gave, for the reason at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tried {
    Nothing,
    Failed,
    Busy,
    Rang,
}

/// A callback that is owed.
#[derive(Debug)]
pub(super) struct Owed {
    pub number: String,
    pub attempts: u32,
    pub not_before: Instant,
    pub reached: bool,
}

impl Caller {
    pub fn waits(&self) -> bool {
        self.terms.queue.is_some()
    }

    pub fn shown(&self, caller: CallerId) -> Waiting {
        Waiting {
            caller,
            since: self.since,
            promised: self.owed.is_some(),
        }
    }

    fn then(&self) -> Then {
        self.terms
            .queue
            .as_ref()
            .map_or(Then::default(), |queue| queue.then)
    }

    fn next_widening(&self) -> Option<Instant> {
        let widening = self.terms.queue.as_ref()?.widenings.get(self.widened)?;
        Some(self.since + widening.after)
    }

    /// When something is due that he does not do himself.
    fn due_at(&self, open: bool) -> Option<Instant> {
        match (&self.progress, &self.owed) {
            (Progress::Waiting, Some(_)) => Some(self.gives_up),
            (Progress::Dormant, Some(owed)) if open => Some(self.gives_up.min(owed.not_before)),
            (Progress::Dormant, _) => Some(self.gives_up),
            (Progress::Waiting, None) => {
                let own = [self.next_widening(), self.tells_at].into_iter().flatten();
                own.min()
                    .map_or(Some(self.gives_up), |at| Some(at.min(self.gives_up)))
            }
            (Progress::Ringing(_), None) if !self.waits() => Some(self.gives_up),
            (Progress::Ringing(_) | Progress::Talking(_) | Progress::Aside, _) => None,
        }
    }

    /// Whether the queue's bound counts him.
    pub fn is_held(&self) -> bool {
        let talks = matches!(self.progress, Progress::Talking(_));
        self.waits() && (!talks || self.owed.is_some())
    }
}

impl Desks {
    pub(super) fn wanted(
        &mut self,
        id: CallerId,
        number: Option<String>,
        need: &Need,
        terms: Terms,
        work: &mut Work,
    ) {
        if self.callers.contains_key(&id) {
            return;
        }
        let home = self.lanes.find(need);
        let waits = terms.queue.is_some();
        let is_free = home.is_some_and(|lane| !self.lanes.get(lane).ready.is_empty());
        let refused = match waits {
            _ if !self.open => Some(NoDesk::Closed),
            true if self.held >= self.places_for(is_free) => Some(NoDesk::Full),
            _ => None,
        };
        let tells_at = terms.queue.as_ref().and_then(|queue| queue.announcing);
        let mut caller = Caller {
            number,
            place: 0,
            home,
            lanes: home.into_iter().collect(),
            since: work.now,
            gives_up: work.now + terms.patience,
            widened: 0,
            said: None,
            tells_at: tells_at.map(|telling| work.now + telling.first_after),
            tried: BTreeSet::new(),
            worst: Tried::Nothing,
            progress: Progress::Aside,
            owed: None,
            alarm: None,
            terms,
        };
        if let Some(why) = refused {
            let then = caller.then();
            work.actions.push(Action::Unavailable {
                caller: id,
                why,
                then,
            });
            self.ends(id, work.now, How::TurnedAway(why), work);
            return;
        }
        caller.place = self.place_for(&caller, work);
        self.held += usize::from(waits);
        self.callers.insert(id, caller);
        self.seek(id, work);
    }

    /// How many may have a place. Who needs not wait is let in as well, but no more of them than there are desks:
    /// what rings for them may fail.
    pub(super) fn places_for(&self, is_free: bool) -> usize {
        let more = if is_free { self.seats.len() } else { 0 };
        self.settings.waiting_at_most.saturating_add(more)
    }

    /// His old place where he calls again in time, or is owed a callback; else the next one.
    fn place_for(&mut self, caller: &Caller, work: &mut Work) -> Place {
        let number = caller.number.as_deref().filter(|_| caller.waits());
        let owed = number.and_then(|number| self.replaces_promise(number, work));
        let kept = number.and_then(|number| self.redials.take(number, work.now));
        owed.into_iter().chain(kept).min().unwrap_or_else(|| {
            self.places += 1;
            self.places
        })
    }

    /// He gets a desk, waits for one, or is told that there is none.
    pub(super) fn seek(&mut self, id: CallerId, work: &mut Work) {
        let Some(caller) = self.callers.get(&id) else {
            return;
        };
        let late = work.now >= caller.gives_up;
        let desks = if late { Vec::new() } else { self.pick(caller) };
        match (late, caller.waits()) {
            (true, true) if caller.owed.is_some() => {
                self.promise_ends(id, PromiseEnd::Expired, work);
            }
            (true, true) => self.gives_up(id, NoDesk::WaitedOut, work),
            _ if !desks.is_empty() => self.ring(id, desks, work),
            (false, true) => self.wait(id, work),
            (_, false) => {
                let why = self.reason(caller);
                self.turn_away(id, why, work);
            }
        }
    }

    /// The desks to be rung for him now.
    fn pick(&self, caller: &Caller) -> Vec<usize> {
        if caller.owed.is_some() && !self.open {
            return Vec::new();
        }
        let several = self.settings.strategy == Strategy::RingAll && caller.owed.is_none();
        let at_most = if several { RING_AT_ONCE } else { 1 };
        let mut desks = Vec::new();
        for lane in &caller.lanes {
            for turn in &self.lanes.get(*lane).ready {
                if desks.len() == at_most {
                    return desks;
                }
                if !caller.tried.contains(&turn.desk) && !desks.contains(&turn.desk) {
                    desks.push(turn.desk);
                }
            }
        }
        if desks.is_empty() && !caller.waits() {
            desks.extend(self.pick_resting(caller));
        }
        desks
    }

    /// For one who would be sent away: a desk that missed a ring, unless somebody waits for it.
    fn pick_resting(&self, caller: &Caller) -> Option<usize> {
        let lanes = caller.lanes.iter().map(|lane| self.lanes.get(*lane));
        let mut resting = lanes.flat_map(|lane| lane.resting.iter().map(|(_, desk)| *desk));
        resting.find(|desk| {
            let stands = self.seats[*desk].stands();
            !caller.tried.contains(desk) && self.lanes.first_waiting(stands).is_none()
        })
    }

    pub(super) fn ring(&mut self, id: CallerId, desks: Vec<usize>, work: &mut Work) {
        if let Some(caller) = self.callers.get_mut(&id)
            && !caller.waits()
        {
            caller.tried.extend(&desks);
        }
        self.move_to(id, Progress::Ringing(desks.clone()));
        for desk in desks {
            self.cue(desk, Cue::Rung, &With::Caller(id), work);
            let action = self.ring_action(id, desk);
            work.actions.push(action);
        }
    }

    fn ring_action(&self, id: CallerId, desk: usize) -> Action {
        let desk = self.seats[desk].desk.clone();
        match self
            .callers
            .get(&id)
            .and_then(|caller| caller.owed.as_ref())
        {
            Some(owed) => Action::CallBack {
                caller: id,
                desk,
                number: owed.number.clone(),
                attempt: owed.attempts + 1,
            },
            None => Action::Ring { caller: id, desk },
        }
    }

    /// One more desk rings for a caller for whom others do.
    pub(super) fn ring_as_well(&mut self, id: CallerId, desk: usize, work: &mut Work) {
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        let Progress::Ringing(desks) = &caller.progress else {
            return;
        };
        if !caller.waits() && !caller.tried.insert(desk) {
            return;
        }
        let desks = desks.iter().copied().chain([desk]).collect();
        self.move_to(id, Progress::Ringing(desks));
        self.cue(desk, Cue::Rung, &With::Caller(id), work);
        let action = self.ring_action(id, desk);
        work.actions.push(action);
    }

    /// A desk does not ring for him any more, and did not answer.
    pub(super) fn no_longer_rings(
        &mut self,
        id: CallerId,
        desk: usize,
        how: Tried,
        work: &mut Work,
    ) {
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        let Progress::Ringing(desks) = &caller.progress else {
            return;
        };
        caller.worst = caller.worst.max(how);
        let others: Vec<usize> = desks
            .iter()
            .copied()
            .filter(|other| *other != desk)
            .collect();
        if others.is_empty() {
            self.move_to(id, Progress::Aside);
            self.seek(id, work);
        } else {
            self.move_to(id, Progress::Ringing(others));
        }
    }

    /// He waits, if there is somebody to wait for.
    fn wait(&mut self, id: CallerId, work: &mut Work) {
        while let Some(caller) = self.callers.get(&id) {
            if let Some(owed) = &caller.owed {
                if self.promised.get(&owed.number) != Some(&id) {
                    return self.promise_ends(id, PromiseEnd::Replaced, work);
                }
                let progress = if self.open {
                    Progress::Waiting
                } else {
                    Progress::Dormant
                };
                return self.move_to(id, progress);
            }
            if !self.open && self.settings.at_closing == AtClosing::End {
                return self.gives_up(id, NoDesk::Closed, work);
            }
            let staffed = caller
                .lanes
                .iter()
                .any(|lane| self.lanes.get(*lane).staffed > 0);
            let widens = caller.next_widening().is_some();
            match self.settings.when_empty {
                _ if staffed => break,
                // Nobody is there: the next ones are not kept from him until their time.
                _ if widens => {
                    self.widen(id);
                    let desks = self.callers.get(&id).map(|caller| self.pick(caller));
                    if let Some(desks) = desks.filter(|desks| !desks.is_empty()) {
                        return self.ring(id, desks, work);
                    }
                }
                WhenEmpty::Wait => break,
                WhenEmpty::End => return self.gives_up(id, NoDesk::Empty, work),
            }
        }
        self.move_to(id, Progress::Waiting);
    }

    /// The next step of the overflow. He must not be waiting meanwhile.
    fn widen(&mut self, id: CallerId) {
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        let widenings = caller.terms.queue.iter().flat_map(|queue| &queue.widenings);
        let need = widenings
            .skip(caller.widened)
            .map(|widening| &widening.need)
            .next();
        let lane = need.and_then(|need| self.lanes.find(need));
        caller.widened += 1;
        if let Some(lane) = lane
            && !caller.lanes.contains(&lane)
        {
            caller.lanes.push(lane);
        }
    }

    /// Where he waits for nobody any more, he is told so.
    pub(super) fn looks_again(&mut self, id: CallerId, work: &mut Work) {
        let Some(caller) = self.callers.get(&id) else {
            return;
        };
        let staffed = caller
            .lanes
            .iter()
            .any(|lane| self.lanes.get(*lane).staffed > 0);
        if caller.progress == Progress::Waiting && caller.owed.is_none() && !staffed {
            self.move_to(id, Progress::Aside);
            self.seek(id, work);
        }
    }

    pub(super) fn caller_is_due(&mut self, id: CallerId, work: &mut Work) {
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        caller.alarm = None;
        match (&caller.progress, &caller.owed) {
            (_, Some(_)) => self.promise_is_due(id, work),
            (Progress::Ringing(desks), None) => {
                let desks = desks.clone();
                caller.worst = Tried::Rang;
                self.move_to(id, Progress::Aside);
                self.release(id, &desks, work);
                self.turn_away(id, NoDesk::NoAnswer, work);
            }
            (Progress::Waiting, None) if work.now >= caller.gives_up => {
                self.gives_up(id, NoDesk::WaitedOut, work);
            }
            (Progress::Waiting, None) => {
                if caller.next_widening().is_some_and(|at| at <= work.now) {
                    self.move_to(id, Progress::Aside);
                    self.widen(id);
                    self.seek(id, work);
                } else {
                    self.announce(id, work);
                }
            }
            (Progress::Talking(_) | Progress::Aside | Progress::Dormant, None) => {}
        }
    }

    /// Tells him his position where it has changed or it is time; sets the time of the next look.
    fn announce(&mut self, id: CallerId, work: &mut Work) {
        let (ahead, wait) = self.position(id, work.now);
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        let announcing = caller
            .terms
            .queue
            .as_ref()
            .and_then(|queue| queue.announcing);
        if let Some(announcing) = announcing
            && caller.tells_at.is_some_and(|at| at <= work.now)
        {
            let each = announcing.each.max(SHORTEST);
            let news = caller
                .said
                .is_none_or(|(last, at)| last != ahead || at + each <= work.now);
            if news {
                caller.said = Some((ahead, work.now));
                work.actions.push(Action::Announce {
                    caller: id,
                    ahead,
                    wait,
                });
            }
            let told = caller.said.map_or(work.now, |(_, at)| at);
            let changed = announcing
                .changed_after
                .map(|after| work.now + after.max(SHORTEST));
            caller.tells_at = changed.into_iter().chain([told + each]).min();
        }
        self.set_alarm(id);
    }

    /// How many are before him, and how long it will take.
    pub(super) fn position(&self, id: CallerId, now: Instant) -> (usize, Option<Duration>) {
        let Some(caller) = self.callers.get(&id) else {
            return (0, None);
        };
        let Some(lane) = caller.home.or(caller.lanes.first().copied()) else {
            return (0, None);
        };
        let ahead = self.lanes.ahead(lane, caller.place);
        (ahead, self.lanes.get(lane).pace.wait(ahead, now))
    }

    /// He has somebody to talk to.
    pub(super) fn is_served(&mut self, id: CallerId, work: &mut Work) {
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        let since = caller.since;
        let home = caller.home.filter(|_| caller.waits());
        match &mut caller.owed {
            Some(owed) => owed.attempts += 1,
            None => self.ends(id, since, How::Talk, work),
        }
        if let Some(lane) = home {
            self.lanes.served(lane, work.now);
        }
    }

    /// His wait is over; what he does now is his end.
    pub(super) fn gives_up(&mut self, id: CallerId, why: NoDesk, work: &mut Work) {
        self.move_to(id, Progress::Aside);
        if let Some(caller) = self.callers.get(&id) {
            let then = caller.then();
            work.actions.push(Action::Unavailable {
                caller: id,
                why,
                then,
            });
        }
    }

    /// His hunt, which never waits, is over.
    fn turn_away(&mut self, id: CallerId, why: NoDesk, work: &mut Work) {
        let Some(caller) = self.remove(id) else {
            return;
        };
        let then = caller.then();
        work.actions.push(Action::Unavailable {
            caller: id,
            why,
            then,
        });
        self.ends(id, caller.since, How::TurnedAway(why), work);
    }

    fn reason(&self, caller: &Caller) -> NoDesk {
        let is_taken = |desk: &usize| {
            matches!(
                self.seats[*desk].state,
                DeskState::Ringing(_) | DeskState::Talking(_) | DeskState::WrapUp { .. }
            )
        };
        let untried_but_taken = caller.lanes.iter().any(|lane| {
            let stands_here = |desk: &&usize| {
                let stands = self.seats[**desk].stands();
                stands.iter().any(|(own, _)| own == lane)
            };
            let tried = caller
                .tried
                .iter()
                .filter(stands_here)
                .filter(|desk| is_taken(desk));
            self.lanes.get(*lane).taken > tried.count()
        });
        match caller.worst {
            Tried::Rang => NoDesk::NoAnswer,
            Tried::Busy => NoDesk::Busy,
            Tried::Nothing | Tried::Failed if untried_but_taken => NoDesk::Busy,
            Tried::Nothing | Tried::Failed => NoDesk::Failed,
        }
    }

    pub(super) fn left(&mut self, id: CallerId, work: &mut Work) {
        // Who is owed a callback has left the line before.
        if self.is_owed(id) {
            return;
        }
        let Some(caller) = self.remove(id) else {
            return;
        };
        let desks = match caller.progress {
            Progress::Talking(desk) => return self.cue(desk, Cue::TalkEnded, &With::Nothing, work),
            Progress::Ringing(desks) => desks,
            Progress::Waiting | Progress::Aside | Progress::Dormant => Vec::new(),
        };
        let kept_for = self.settings.redial_within;
        if let Some(number) = caller.number
            && caller.terms.queue.is_some()
            && !kept_for.is_zero()
        {
            let until = work.now + kept_for;
            self.redials.keep(number, caller.place, until, work.now);
        }
        let waited = work.now.saturating_duration_since(caller.since);
        let short = waited < self.settings.short_abandonment;
        self.ends(id, caller.since, How::Abandoned { short }, work);
        self.release(id, &desks, work);
    }

    pub(super) fn steps_aside(&mut self, id: CallerId, work: &mut Work) {
        if self.on_the_line(id) {
            self.stands_aside(id, work);
        }
    }

    pub(super) fn steps_back(&mut self, id: CallerId, work: &mut Work) {
        let caller = self.callers.get(&id);
        if caller.is_some_and(|caller| caller.progress == Progress::Aside && caller.owed.is_none())
        {
            self.seek(id, work);
        }
    }

    pub(super) fn leaves_message(&mut self, id: CallerId, work: &mut Work) {
        if !self.on_the_line(id) {
            return;
        }
        self.stands_aside(id, work);
        if let Some(caller) = self.remove(id) {
            self.ends(id, caller.since, How::Message, work);
        }
    }

    /// Whether he waits, with whatever goes on for him, and has not got anything yet.
    pub(super) fn on_the_line(&self, id: CallerId) -> bool {
        self.callers
            .get(&id)
            .is_some_and(|caller| caller.is_held() && caller.owed.is_none())
    }

    /// Nothing rings for him any more.
    pub(super) fn stands_aside(&mut self, id: CallerId, work: &mut Work) {
        let progress = self.callers.get(&id).map(|caller| caller.progress.clone());
        self.move_to(id, Progress::Aside);
        if let Some(Progress::Ringing(desks)) = progress {
            self.release(id, &desks, work);
        }
    }

    pub(super) fn ends(&self, caller: CallerId, since: Instant, how: How, work: &mut Work) {
        let waited = work.now.saturating_duration_since(since);
        work.actions.push(Action::Ended {
            caller,
            how,
            waited,
        });
    }

    /// Takes him out of wherever he stands; how he stood is in what is returned.
    pub(super) fn remove(&mut self, id: CallerId) -> Option<Caller> {
        let progress = self.callers.get(&id)?.progress.clone();
        self.move_to(id, Progress::Aside);
        let mut caller = self.callers.remove(&id)?;
        self.timers.set(Alarm::Caller(id), &mut caller.alarm, None);
        self.held -= usize::from(caller.is_held());
        caller.progress = progress;
        Some(caller)
    }

    /// The only place in which a caller's progress changes: lanes, line, bound and time follow it.
    pub(super) fn move_to(&mut self, id: CallerId, progress: Progress) {
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        self.held -= usize::from(caller.is_held());
        let old = std::mem::replace(&mut caller.progress, progress);
        self.held += usize::from(caller.is_held());
        let place = caller.place;
        match old {
            Progress::Waiting => {
                for lane in &caller.lanes {
                    self.lanes.get_mut(*lane).waiting.remove(&place);
                }
                if let Some(home) = caller.home {
                    let lane = self.lanes.get_mut(home);
                    lane.home.remove(place);
                    if lane.home.is_empty() {
                        lane.pace.pause();
                    }
                }
                self.line.remove(&place);
            }
            Progress::Ringing(_) if self.settings.strategy == Strategy::RingAll => {
                for lane in &caller.lanes {
                    self.lanes.get_mut(*lane).chorus.remove(&place);
                }
            }
            _ => {}
        }
        match &caller.progress {
            Progress::Waiting => {
                for lane in &caller.lanes {
                    self.lanes.get_mut(*lane).waiting.insert(place, id);
                }
                if let Some(home) = caller.home {
                    self.lanes.get_mut(home).home.insert(place);
                }
                self.line.insert(place, id);
            }
            Progress::Ringing(desks)
                if self.settings.strategy == Strategy::RingAll
                    && caller.owed.is_none()
                    && desks.len() < RING_AT_ONCE =>
            {
                for lane in &caller.lanes {
                    self.lanes.get_mut(*lane).chorus.insert(place, id);
                }
            }
            _ => {}
        }
        self.set_alarm(id);
    }

    pub(super) fn set_alarm(&mut self, id: CallerId) {
        if let Some(caller) = self.callers.get_mut(&id) {
            let at = caller.due_at(self.open);
            self.timers.set(Alarm::Caller(id), &mut caller.alarm, at);
        }
    }
}
