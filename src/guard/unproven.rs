//! Calls that have not been proven yet: their ACK is missing, or no sound has come. An INVITE
//! costs its sender one datagram and us a call for 64·T1, an ACK one more; so these calls have
//! limits of their own, far below that of all calls.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::Limits;

/// Tells a call's owner that its place went to another call.
pub type GiveUp = Box<dyn Fn() + Send + Sync>;

/// What a caller who is one does within a moment of our 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    Acknowledged,
    Heard,
}

struct Waiting {
    call_id: String,
    /// When our 200 went out; before it nothing is due.
    answered: Option<Instant>,
    proof: Option<Proof>,
    give_up: GiveUp,
}

/// A new call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub source: IpAddr,
    /// There are as many calls as may be: only in another's place.
    pub full: bool,
    pub now: Instant,
}

/// Where a new call may go.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Free,
    /// The call at this position of this source has been waited for too long.
    Of(IpAddr, usize),
    None,
}

/// Incoming calls without their proofs, by source, each source's oldest first.
#[derive(Default)]
pub(super) struct Unproven {
    calls: HashMap<IpAddr, VecDeque<Waiting>>,
    /// Those that were answered.
    due: usize,
    /// Those that were not.
    ringing: usize,
}

impl Unproven {
    /// Whether a call would find a place, beside `more` that are to be entered.
    pub fn has_place(&self, wish: Wish, more: usize, limits: &Limits) -> bool {
        self.ringing + more < limits.max_unproven
            && match self.place(wish, limits) {
                Place::None => false,
                Place::Free => self.due + more < limits.max_unproven,
                // Each of those under way takes one.
                Place::Of(..) => self.overdue(wish, limits) > more,
            }
    }

    /// Sends away the overdue call whose place this one would have.
    pub fn give_way(&mut self, wish: Wish, limits: &Limits) -> Option<GiveUp> {
        match self.place(wish, limits) {
            Place::Of(source, at) => Some(self.take(source, at)?.give_up),
            Place::Free | Place::None => None,
        }
    }

    /// Enters a call. An overdue one that had to go is handed back; `Err` where none may go.
    pub fn enter(
        &mut self,
        wish: Wish,
        call_id: &str,
        give_up: GiveUp,
        limits: &Limits,
    ) -> Result<Option<GiveUp>, ()> {
        if self.ringing >= limits.max_unproven {
            return Err(());
        }
        let gone = match self.place(wish, limits) {
            Place::Free => None,
            Place::Of(source, at) => self.take(source, at),
            Place::None => return Err(()),
        };
        self.ringing += 1;
        self.calls
            .entry(wish.source)
            .or_default()
            .push_back(Waiting {
                call_id: call_id.to_owned(),
                answered: None,
                proof: None,
                give_up,
            });
        Ok(gone.map(|waiting| waiting.give_up))
    }

    /// Our 200 went out: from now on the proofs are due.
    pub fn answered(&mut self, source: IpAddr, call_id: &str, now: Instant) {
        if let Some(call) = self.find(source, call_id)
            && call.answered.replace(now).is_none()
        {
            self.ringing -= 1;
            self.due += 1;
        }
    }

    /// A proof came; with both of them the call leaves.
    pub fn prove(&mut self, source: IpAddr, call_id: &str, proof: Proof) {
        let Some(call) = self.find(source, call_id) else {
            return;
        };
        match call.proof {
            Some(other) if other != proof => self.leave(source, call_id),
            _ => call.proof = Some(proof),
        }
    }

    /// The call is over, or proven.
    pub fn leave(&mut self, source: IpAddr, call_id: &str) {
        let at = self
            .calls
            .get(&source)
            .and_then(|calls| calls.iter().position(|call| call.call_id == call_id));
        if let Some(at) = at {
            self.take(source, at);
        }
    }

    fn find(&mut self, source: IpAddr, call_id: &str) -> Option<&mut Waiting> {
        let calls = self.calls.get_mut(&source)?;
        calls.iter_mut().find(|call| call.call_id == call_id)
    }

    fn take(&mut self, source: IpAddr, at: usize) -> Option<Waiting> {
        let calls = self.calls.get_mut(&source)?;
        let taken = calls.remove(at)?;
        if calls.is_empty() {
            self.calls.remove(&source);
        }
        match taken.answered {
            Some(_) => self.due -= 1,
            None => self.ringing -= 1,
        }
        Some(taken)
    }

    fn place(&self, wish: Wish, limits: &Limits) -> Place {
        let Wish { source, full, now } = wish;
        let own = self.due_of(source);
        if own >= limits.max_unproven_per_source {
            let oldest = self.oldest(source, limits.grace, now);
            return oldest.map_or(Place::None, |(at, _)| Place::Of(source, at));
        }
        if self.due < limits.max_unproven && !full {
            return Place::Free;
        }
        self.calls
            .keys()
            .filter_map(|other| {
                let grace = self.grace_beside(*other, own, limits);
                let (at, since) = self.oldest(*other, grace, now)?;
                Some((since, Place::Of(*other, at)))
            })
            .min_by_key(|(since, _)| *since)
            .map_or(Place::None, |(_, place)| place)
    }

    /// How many calls would give way to this one.
    fn overdue(&self, wish: Wish, limits: &Limits) -> usize {
        let own = self.due_of(wish.source);
        let among = |source: &IpAddr, grace| self.overdue_of(*source, grace, wish.now).count();
        if own >= limits.max_unproven_per_source {
            return among(&wish.source, limits.grace);
        }
        let sources = self.calls.keys();
        sources
            .map(|other| among(other, self.grace_beside(*other, own, limits)))
            .sum()
    }

    /// Who holds more than the one who asks gives way sooner.
    fn grace_beside(&self, other: IpAddr, own: usize, limits: &Limits) -> Duration {
        match self.due_of(other) > own {
            true => limits.grace / 3,
            false => limits.grace,
        }
    }

    /// Answered calls of a source.
    fn due_of(&self, source: IpAddr) -> usize {
        self.calls.get(&source).map_or(0, |calls| {
            calls.iter().filter(|call| call.answered.is_some()).count()
        })
    }

    /// The first call of a source that was answered so long ago.
    fn oldest(&self, source: IpAddr, grace: Duration, now: Instant) -> Option<(usize, Instant)> {
        self.overdue_of(source, grace, now).next()
    }

    /// Calls of a source that were answered so long ago, by their position.
    fn overdue_of(
        &self,
        source: IpAddr,
        grace: Duration,
        now: Instant,
    ) -> impl Iterator<Item = (usize, Instant)> {
        let calls = self.calls.get(&source).into_iter().flatten().enumerate();
        let answered = calls.filter_map(|(at, call)| Some((at, call.answered?)));
        answered.filter(move |(_, since)| now.saturating_duration_since(*since) >= grace)
    }
}
