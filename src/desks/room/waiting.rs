//! The wait: for whom, how far it widens, what is told in it, and when it is over.

use std::time::{Duration, Instant};

use super::callers::{Progress, Tried};
use super::{Desks, SHORTEST, Work};
use crate::desks::{Action, AtClosing, CallerId, NoDesk, PromiseEnd, WhenEmpty};

impl Desks {
    /// He waits, if there is somebody to wait for.
    pub(super) fn wait(&mut self, id: CallerId, work: &mut Work) {
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
            let hours_ended = caller.hours_end.is_some_and(|at| at <= work.now);
            if hours_ended || (!self.open && self.settings.at_closing == AtClosing::End) {
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
            (Progress::Waiting, None) if caller.hours_end.is_some_and(|at| at <= work.now) => {
                self.gives_up(id, NoDesk::Closed, work);
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
}
