//! Calls whose ACK is missing. An INVITE costs its sender one datagram and us a call for
//! 64·T1; so these calls have a limit of their own, far below that of all calls.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Instant;

use super::Limits;

/// Tells a call's owner that its place went to another call.
pub type GiveUp = Box<dyn Fn() + Send + Sync>;

struct Waiting {
    call_id: String,
    /// When our 200 went out; before it the ACK is not due and the call takes no place.
    answered: Option<Instant>,
    give_up: GiveUp,
}

impl Waiting {
    fn overdue(&self, limits: &Limits, now: Instant) -> bool {
        self.answered
            .is_some_and(|at| now.saturating_duration_since(at) >= limits.ack_grace)
    }
}

/// Where a new call may go.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Free,
    /// The call at this position of this source has waited too long for its ACK.
    Of(IpAddr, usize),
    None,
}

/// Incoming calls without an ACK, by source, each source's oldest first.
#[derive(Default)]
pub(super) struct Unacknowledged {
    calls: HashMap<IpAddr, VecDeque<Waiting>>,
    /// Those whose ACK is due; a call that rings is bounded by the limit of all calls.
    due: usize,
}

impl Unacknowledged {
    /// Whether a call of this source would find a place.
    pub fn has_place(&self, source: IpAddr, limits: &Limits, now: Instant) -> bool {
        self.place(source, limits, now) != Place::None
    }

    /// Enters a call. An overdue one that had to go is handed back; `Err` where none may go.
    pub fn enter(
        &mut self,
        source: IpAddr,
        call_id: &str,
        give_up: GiveUp,
        limits: &Limits,
        now: Instant,
    ) -> Result<Option<GiveUp>, ()> {
        let gone = match self.place(source, limits, now) {
            Place::Free => None,
            Place::Of(source, at) => self.take(source, at),
            Place::None => return Err(()),
        };
        self.calls.entry(source).or_default().push_back(Waiting {
            call_id: call_id.to_owned(),
            answered: None,
            give_up,
        });
        Ok(gone.map(|waiting| waiting.give_up))
    }

    /// Our 200 went out: from now on the ACK is due.
    pub fn answered(&mut self, source: IpAddr, call_id: &str, now: Instant) {
        let call = self
            .calls
            .get_mut(&source)
            .and_then(|calls| calls.iter_mut().find(|call| call.call_id == call_id));
        if let Some(call) = call {
            self.due += usize::from(call.answered.is_none());
            call.answered = Some(now);
        }
    }

    /// The ACK came, or the call is over.
    pub fn leave(&mut self, source: IpAddr, call_id: &str) {
        let at = self
            .calls
            .get(&source)
            .and_then(|calls| calls.iter().position(|call| call.call_id == call_id));
        if let Some(at) = at {
            self.take(source, at);
        }
    }

    fn take(&mut self, source: IpAddr, at: usize) -> Option<Waiting> {
        let calls = self.calls.get_mut(&source)?;
        let taken = calls.remove(at)?;
        if calls.is_empty() {
            self.calls.remove(&source);
        }
        self.due -= usize::from(taken.answered.is_some());
        Some(taken)
    }

    fn place(&self, source: IpAddr, limits: &Limits, now: Instant) -> Place {
        let of_source = self.calls.get(&source).map_or(0, |calls| {
            calls.iter().filter(|call| call.answered.is_some()).count()
        });
        if of_source >= limits.max_unacknowledged_per_source {
            let oldest = self.oldest_overdue(source, limits, now);
            return oldest.map_or(Place::None, |(at, _)| Place::Of(source, at));
        }
        if self.due < limits.max_unacknowledged {
            return Place::Free;
        }
        self.calls
            .keys()
            .filter_map(|source| {
                let (at, since) = self.oldest_overdue(*source, limits, now)?;
                Some((since, Place::Of(*source, at)))
            })
            .min_by_key(|(since, _)| *since)
            .map_or(Place::None, |(_, place)| place)
    }

    fn oldest_overdue(
        &self,
        source: IpAddr,
        limits: &Limits,
        now: Instant,
    ) -> Option<(usize, Instant)> {
        let calls = self.calls.get(&source)?.iter().enumerate();
        let mut overdue = calls.filter(|(_, call)| call.overdue(limits, now));
        overdue.find_map(|(at, call)| Some((at, call.answered?)))
    }
}
