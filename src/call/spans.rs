//! Which desks were in the call, and for how long each and the caller heard each other.

use std::time::Instant;

use super::party::Second;
use super::{Call, Desk};
use crate::engine::DeskSpan;
use crate::ledger::Job;
use crate::ledger::clock;
use crate::media::Side;

/// The desks that are in the call now.
#[derive(Default)]
pub(super) struct Spans {
    first: Option<Open>,
    second: Option<Open>,
    /// How many there have been.
    count: u64,
}

struct Open {
    span: DeskSpan,
    hears_since: Option<Instant>,
}

impl Spans {
    fn of(&mut self, side: Side) -> &mut Option<Open> {
        match side {
            Side::Second => &mut self.second,
            Side::Desk | Side::Caller | Side::Ear => &mut self.first,
        }
    }

    /// The second desk has the caller.
    pub(super) fn second_is_first(&mut self) {
        self.first = self.second.take();
    }
}

impl Open {
    fn hears(&mut self, hears: bool, now: Instant) {
        match (hears, self.hears_since) {
            (true, None) => self.hears_since = Some(now),
            (false, Some(since)) => {
                let ms = now.saturating_duration_since(since).as_millis();
                self.span.talked_ms += u64::try_from(ms).unwrap_or(u64::MAX);
                self.hears_since = None;
            }
            _ => {}
        }
    }
}

impl Call {
    /// A desk is in the call. Noted at once: a crash shall not forget it.
    pub(super) fn span_begins(&mut self, side: Side) {
        let seat = match (side, &self.desk, &self.party.second) {
            (Side::Second, _, Second::Connected { seat, .. }) => seat,
            (Side::Desk, Desk::Connected { seat, .. }, _) => seat,
            _ => return,
        };
        let span = DeskSpan {
            seq: self.party.spans.count,
            desk: seat.desk.clone(),
            staff: seat.staff.clone(),
            from_ms: self.timeline.clock().offset_ms(clock::instant()),
            to_ms: None,
            talked_ms: 0,
        };
        self.party.spans.count += 1;
        self.ledger.put(Job::DeskSpan(span.clone()));
        *self.party.spans.of(side) = Some(Open {
            span,
            hears_since: None,
        });
    }

    /// Whether the caller hears the first desk and the second from now on, and they him.
    pub(super) fn spans_hear(&mut self, first: bool, second: bool) {
        let now = clock::instant();
        for (side, hears) in [(Side::Desk, first), (Side::Second, second)] {
            if let Some(open) = self.party.spans.of(side) {
                open.hears(hears, now);
            }
        }
    }

    /// These desks have left, in one moment.
    pub(super) fn span_ends(&mut self, sides: &[Side]) {
        let now = clock::instant();
        for side in sides {
            let Some(mut open) = self.party.spans.of(*side).take() else {
                continue;
            };
            open.hears(false, now);
            open.span.to_ms = Some(self.timeline.clock().offset_ms(now));
            self.ledger.put(Job::DeskSpan(open.span));
        }
    }
}
