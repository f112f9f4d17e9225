//! Which desks were in the call, and for how long each and the caller heard each other.

use super::party::Second;
use super::{Call, Desk};
use crate::ledger::Nth;
use crate::ledger::clock;

impl Call {
    /// A desk is in the call. Who is outside is none.
    pub(super) fn span_begins(&mut self, nth: Nth) {
        let seat = match (nth, &self.desk, &self.party.second) {
            (Nth::Second, _, Second::Connected { seat, .. }) => seat,
            (Nth::First, Desk::Connected { seat, .. }, _) => seat,
            _ => return,
        };
        if !seat.is_outside() {
            let from_ms = self.timeline.clock().offset_ms(clock::instant());
            let (desk, staff) = (seat.desk.clone(), seat.staff.clone());
            let job = self.party.spans.begins(nth, desk, staff, from_ms);
            self.ledger.put(job);
        }
    }

    /// These desks have left, in one moment.
    pub(super) fn span_ends(&mut self, left: &[Nth]) {
        let now = clock::instant();
        let to_ms = self.timeline.clock().offset_ms(now);
        for nth in left {
            if let Some(job) = self.party.spans.ends(*nth, now, to_ms) {
                self.ledger.put(job);
            }
        }
    }
}
