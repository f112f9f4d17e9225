//! Callbacks that are owed, and the hours of the room.

use std::time::Duration;

use super::callers::{Owed, Progress};
use super::seats::With;
use super::{Desks, Work};
use crate::desks::lane::Place;
use crate::desks::state::Cue;
use crate::desks::{Action, AtClosing, CallerId, How, NoDesk, PromiseEnd};

/// Who was just promised a callback has his own telephone in use for so long.
const HANGS_UP_WITHIN: Duration = Duration::from_secs(30);

impl Desks {
    pub(super) fn is_owed(&self, id: CallerId) -> bool {
        let owed = self
            .callers
            .get(&id)
            .and_then(|caller| caller.owed.as_ref());
        owed.is_some_and(|owed| !owed.reached)
    }

    pub(super) fn wants_callback(&mut self, id: CallerId, number: String, work: &mut Work) {
        if !self.on_the_line(id) {
            return;
        }
        self.stands_aside(id, work);
        let Some(callbacks) = self.settings.callbacks else {
            if let Some(caller) = self.remove(id) {
                self.ends(id, caller.since, How::Callback, work);
            }
            return;
        };
        let earlier = self.replaces_promise(&number, work);
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        // He is no longer on the line, and nothing is announced to him.
        caller.terms.queue = Some(Default::default());
        caller.place = earlier.map_or(caller.place, |place| place.min(caller.place));
        caller.gives_up = work.now + callbacks.expires_after;
        let since = caller.since;
        caller.owed = Some(Owed {
            number: number.clone(),
            attempts: 0,
            not_before: work.now + HANGS_UP_WITHIN,
            reached: false,
        });
        self.promised.insert(number, id);
        self.ends(id, since, How::Callback, work);
        let (ahead, wait) = self.position(id, work.now);
        work.actions.push(Action::Promised {
            caller: id,
            ahead,
            wait,
        });
        self.move_to(id, Progress::Dormant);
    }

    /// Whoever calls himself is called back no more; the place of what he was promised.
    pub(super) fn replaces_promise(&mut self, number: &str, work: &mut Work) -> Option<Place> {
        let id = *self.promised.get(number)?;
        let progress = &self.callers.get(&id)?.progress;
        // Somebody is calling him this moment.
        if !matches!(progress, Progress::Waiting | Progress::Dormant) {
            return None;
        }
        let place = self.callers.get(&id)?.place;
        self.promise_ends(id, PromiseEnd::Replaced, work);
        Some(place)
    }

    pub(super) fn promise_ends(&mut self, id: CallerId, how: PromiseEnd, work: &mut Work) {
        let Some(owed) = self.remove(id).and_then(|caller| caller.owed) else {
            return;
        };
        self.is_kept(&owed.number, id);
        let attempts = owed.attempts;
        work.actions.push(Action::PromiseEnded {
            caller: id,
            how,
            attempts,
        });
    }

    /// The number is no longer owed this callback; it may be owed another one.
    fn is_kept(&mut self, number: &str, id: CallerId) {
        if self.promised.get(number) == Some(&id) {
            self.promised.remove(number);
        }
    }

    pub(super) fn promise_is_due(&mut self, id: CallerId, work: &mut Work) {
        let Some(caller) = self.callers.get(&id) else {
            return;
        };
        match caller.progress {
            Progress::Waiting | Progress::Dormant if work.now >= caller.gives_up => {
                self.promise_ends(id, PromiseEnd::Expired, work);
            }
            Progress::Dormant => self.seek(id, work),
            _ => {}
        }
    }

    pub(super) fn reached(&mut self, id: CallerId, work: &mut Work) {
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        if let (Progress::Talking(_), Some(owed)) = (&caller.progress, &mut caller.owed)
            && !owed.reached
        {
            owed.reached = true;
            let (number, attempts) = (owed.number.clone(), owed.attempts);
            self.is_kept(&number, id);
            let how = PromiseEnd::Reached;
            work.actions.push(Action::PromiseEnded {
                caller: id,
                how,
                attempts,
            });
        }
    }

    /// The desk is free again; he is tried later, or was tried often enough.
    pub(super) fn not_reached(&mut self, id: CallerId, cue: Cue, work: &mut Work) {
        if !self.is_owed(id) {
            return;
        }
        let callbacks = self.settings.callbacks.unwrap_or_default();
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        let (Progress::Talking(desk), Some(owed)) = (&caller.progress, &mut caller.owed) else {
            return;
        };
        let desk = *desk;
        if owed.attempts >= callbacks.attempts_at_most {
            self.promise_ends(id, PromiseEnd::NotReached, work);
        } else if self.promised.get(&owed.number) != Some(&id) {
            self.promise_ends(id, PromiseEnd::Replaced, work);
        } else {
            owed.not_before = work.now + callbacks.retry_after;
            self.move_to(id, Progress::Dormant);
        }
        self.cue(desk, cue, &With::Nothing, work);
    }

    /// What is owed by now is seen to with the times that are due.
    pub(super) fn opened(&mut self) {
        self.open = true;
        for id in self.owed_now() {
            self.set_alarm(id);
        }
    }

    pub(super) fn closed(&mut self, work: &mut Work) {
        self.open = false;
        for id in self.owed_now() {
            let waits = self
                .callers
                .get(&id)
                .is_some_and(|caller| caller.progress == Progress::Waiting);
            match waits {
                true => self.move_to(id, Progress::Dormant),
                false => self.set_alarm(id),
            }
        }
        if self.settings.at_closing == AtClosing::End {
            let waiting: Vec<CallerId> = self.line.values().copied().collect();
            for id in waiting {
                self.gives_up(id, NoDesk::Closed, work);
            }
        }
    }

    fn owed_now(&self) -> Vec<CallerId> {
        self.promised.values().copied().collect()
    }
}
