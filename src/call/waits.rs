//! The caller's waits in queues, each with its one end.

use std::time::Duration;

use super::party::Second;
use super::{Call, Desk};
use crate::callwords::queue_of;
use crate::desks::Need;
use crate::engine::WaitEnd;
use crate::ledger::clock;
use crate::openings::{hours_end_after, hours_of};

impl Call {
    /// When the service hours end for one who begins to wait now, by the plan's hours or the centre's. `again`: he has
    /// lost a desk.
    pub(super) fn hours_end(&self, again: bool) -> Option<Duration> {
        let hours = hours_of(self.session.plan(), &self.house.settings.openings);
        hours_end_after(&hours, &self.house.calendar, clock::moment(), again)
    }

    /// He comes into the queue for this; nothing where he is in one.
    pub(super) fn wait_begins(&mut self, need: &Need) {
        let (now, at) = (clock::instant(), self.civil_now());
        let begun = self.wait.begins(queue_of(need), now, at);
        begun.into_iter().for_each(|job| self.ledger.put(job));
    }

    /// His wait for a desk is over; once, and only where he was in the queue.
    pub(super) fn wait_ends(&mut self, how: WaitEnd) {
        let ended = self.wait.ends(how, clock::instant());
        ended.into_iter().for_each(|job| self.ledger.put(job));
    }

    /// His desk hands him on to a queue, or does so no longer: then he has a desk, the new one or his own, or nobody.
    pub(super) fn handing_on_waits(&mut self) {
        let waits = match &self.party.second {
            Second::Hunting { queue, .. } if self.party.machine.is_handing_on() => queue.clone(),
            _ => None,
        };
        match (waits, self.party.waits_in_queue) {
            (Some(need), false) => {
                self.party.waits_in_queue = true;
                self.wait_begins(&need);
            }
            (None, true) => {
                self.party.waits_in_queue = false;
                self.wait_ends(match self.desk {
                    Desk::Connected { .. } => WaitEnd::Talk,
                    _ => WaitEnd::Abandoned,
                });
            }
            _ => {}
        }
    }

    /// The talk is over while he waits to be handed on: he has left.
    pub(super) fn handing_on_ends(&mut self) {
        if std::mem::take(&mut self.party.waits_in_queue) {
            self.wait_ends(WaitEnd::Abandoned);
        }
    }
}
