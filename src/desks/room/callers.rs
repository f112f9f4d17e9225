//! The callers' side: who comes in, waits, is rung for, is told, and ends.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::seats::With;
use super::{Desks, Work};
use crate::desks::lane::Place;
use crate::desks::state::Cue;
use crate::desks::timers::Alarm;
use crate::desks::{
    Action, CallerId, Handed, How, Need, NoDesk, Queueing, RING_AT_ONCE, Strategy, Terms, Then,
    Waiting,
};

/// One who wants a desk, or is owed a callback.
#[derive(Debug)]
pub(super) struct Caller {
    pub number: Option<String>,
    pub place: Place,
    /// The lane that he came for, where there is one.
    pub home: Option<usize>,
    /// The lanes of which he may have a desk by now.
    pub lanes: Vec<usize>,
    /// He may have this desk and no other.
    pub only: Option<usize>,
    pub terms: Terms,
    pub since: Instant,
    pub gives_up: Instant,
    /// When the service hours end for him.
    pub hours_end: Option<Instant>,
    /// Steps of the overflow that were taken.
    pub widened: usize,
    /// What he was told last, and when.
    pub said: Option<(usize, Instant)>,
    pub tells_at: Option<Instant>,
    /// Desks that rang for one who does not wait: each once.
    pub tried: BTreeSet<usize>,
    pub worst: Tried,
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
    pub fn new(number: Option<String>, home: Option<usize>, terms: Terms, now: Instant) -> Caller {
        let telling = terms.queue.as_ref().and_then(|queue| queue.announcing);
        let ends_after = terms.queue.as_ref().and_then(|queue| queue.hours_end_after);
        Caller {
            number,
            place: 0,
            home,
            lanes: home.into_iter().collect(),
            only: None,
            since: now,
            gives_up: now + terms.patience,
            hours_end: ends_after.map(|after| now + after),
            widened: 0,
            said: None,
            tells_at: telling.map(|telling| now + telling.first_after),
            tried: BTreeSet::new(),
            worst: Tried::Nothing,
            progress: Progress::Aside,
            owed: None,
            alarm: None,
            terms,
        }
    }

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

    pub fn then(&self) -> Then {
        self.terms
            .queue
            .as_ref()
            .map_or(Then::default(), |queue| queue.then)
    }

    pub fn next_widening(&self) -> Option<Instant> {
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
                let own = [self.next_widening(), self.tells_at, self.hours_end];
                own.into_iter()
                    .flatten()
                    .min()
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
        let mut caller = Caller::new(number, home, terms, work.now);
        let refused = match self.open {
            true => self.is_full_for(&caller),
            false => Some(NoDesk::Closed),
        };
        if let Some(why) = refused {
            return self.not_let_in(id, &caller, why, work);
        }
        caller.place = self.place_for(&caller, work);
        self.lets_in(id, caller, work);
    }

    /// A desk hands him on: he was let in before, whatever the hour is now.
    pub(super) fn handed(&mut self, id: CallerId, to: Handed, patience: Duration, work: &mut Work) {
        if self.callers.contains_key(&id) {
            return;
        }
        let (only, home) = match &to {
            Handed::Desk(desk) => (self.by_id.get(desk).copied(), None),
            Handed::Need(need) => (None, self.lanes.find(need)),
        };
        let queue = matches!(to, Handed::Need(_)).then(Queueing::default);
        let terms = Terms { patience, queue };
        let mut caller = Caller::new(None, home, terms, work.now);
        caller.only = only;
        if let Some(why) = self.is_full_for(&caller) {
            return self.not_let_in(id, &caller, why, work);
        }
        self.first_places += 1;
        caller.place = self.first_places;
        self.lets_in(id, caller, work);
    }

    fn is_full_for(&self, caller: &Caller) -> Option<NoDesk> {
        let is_free = caller
            .home
            .is_some_and(|lane| !self.lanes.get(lane).ready.is_empty());
        let is_full = caller.waits() && self.held >= self.places_for(is_free);
        is_full.then_some(NoDesk::Full)
    }

    fn not_let_in(&self, id: CallerId, caller: &Caller, why: NoDesk, work: &mut Work) {
        let then = caller.then();
        work.actions.push(Action::Unavailable {
            caller: id,
            why,
            then,
        });
        self.ends(id, work.now, How::TurnedAway(why), work);
    }

    pub(super) fn lets_in(&mut self, id: CallerId, caller: Caller, work: &mut Work) {
        self.held += usize::from(caller.waits());
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
