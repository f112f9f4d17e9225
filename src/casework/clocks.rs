//! What an act does to clocks: as its row of the ticket's table says, on the order or the ticket it is on.

use super::case::{Case, Clock};
use crate::acts::Act;
use crate::acts::{Change, ClockKey};
use crate::domain::{Calendar, ClockChange, DeadlineKind, Moment, Row, State};

/// The act between the ticket before and after it.
pub(super) struct Step<'a> {
    pub before: &'a Case,
    pub after: &'a Case,
    pub act: &'a Act,
    pub row: &'static Row,
    pub now: Moment,
    pub calendar: &'a Calendar,
}

impl Step<'_> {
    pub fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for clock in self.row.clocks {
            match *clock {
                ClockChange::Start(kind) => self.start(kind, &mut changes),
                ClockChange::Stop(kind) => self.stop(kind, &mut changes),
                ClockChange::Resume(kind) => {
                    let last = self.before.last(None, kind);
                    changes.extend(last.map(|clock| Change::Resumed { key: clock.key }));
                }
                ClockChange::Replace(..) => self.replace(&mut changes),
            }
        }
        if let Act::Miss { order, kind, epoch } = *self.act {
            let key = ClockKey { order, kind, epoch };
            changes.push(Change::Missed { key, at: self.now });
        }
        self.restart(&mut changes);
        self.fall_away(&mut changes);
        changes
    }

    fn start(&self, kind: DeadlineKind, changes: &mut Vec<Change>) {
        let order = self.act.order();
        let received = order.and_then(|number| self.after.order(number)?.received_at);
        match kind {
            // A rating's own upload runs with the rating.
            DeadlineKind::Upload if is_rating(self.act) => {}
            DeadlineKind::Assess => self.begin(None, kind, self.graded_at(), changes),
            DeadlineKind::Opinion => {
                let asked = self.after.handling_unit.is_some() && self.after.opinion.is_none();
                let since = match self.act {
                    // A new round is assessed anew, and its unit heard anew.
                    Act::Rerate { graded_at, .. } => Some(*graded_at),
                    _ => {
                        let assess = self.before.last(None, DeadlineKind::Assess);
                        assess.map(|clock| clock.started_at)
                    }
                };
                if let (true, Some(since)) = (asked, since) {
                    self.begin(None, kind, since, changes);
                }
            }
            DeadlineKind::Dispatch => match order {
                Some(_) => self.begin(order, kind, self.now, changes),
                None => {
                    for order in self.after.live() {
                        self.begin(Some(order.number), kind, self.now, changes);
                    }
                }
            },
            // Contested and sent back to the same unit: what runs goes on from the first receipt.
            DeadlineKind::Verify | DeadlineKind::Rectify | DeadlineKind::Contest => {
                let first = order
                    .and_then(|number| self.before.order(number))
                    .is_some_and(|order| order.received_at.is_none());
                let complex = order
                    .and_then(|number| self.after.order(number))
                    .is_some_and(|order| order.complex);
                let kind = match kind {
                    DeadlineKind::Rectify if complex => DeadlineKind::RectifyComplex,
                    other => other,
                };
                if let (true, Some(received)) = (first, received) {
                    self.begin(order, kind, received, changes);
                }
            }
            DeadlineKind::Receive | DeadlineKind::Rework => {
                self.begin(order, kind, self.now, changes);
            }
            DeadlineKind::Answer => {
                if self.after.ticket.state == State::ToAnswer {
                    self.begin(None, kind, self.now, changes);
                }
            }
            DeadlineKind::Object => {
                if self.after.ticket.state.is_closed() && !self.after.objected {
                    self.begin(None, kind, self.now, changes);
                }
            }
            other => self.begin(None, other, self.now, changes),
        }
    }

    fn begin(
        &self,
        order: Option<u8>,
        kind: DeadlineKind,
        started_at: Moment,
        changes: &mut Vec<Change>,
    ) {
        let Some(end) = kind.term().end(started_at, self.calendar) else {
            return;
        };
        let epoch = self.before.next_epoch(order, kind);
        changes.push(Change::Started {
            key: ClockKey { order, kind, epoch },
            started_at,
            due_at: end.due_at,
            provisional: end.provisional,
            calendar: end.calendar,
        });
    }

    fn stop(&self, kind: DeadlineKind, changes: &mut Vec<Change>) {
        let at = match self.act {
            Act::DeemReceived { as_of, .. } => *as_of,
            _ => self.now,
        };
        let orders: Vec<Option<u8>> = match (is_of_order(kind), self.act.order()) {
            (false, _) => vec![None],
            (true, Some(order)) => vec![Some(order)],
            (true, None) => {
                let live = self.before.live();
                live.map(|order| Some(order.number)).collect()
            }
        };
        for order in orders {
            let clock = match (kind, order) {
                (DeadlineKind::Rectify, Some(order)) => self.before.rectifying(order),
                _ => self.before.running(order, kind),
            };
            changes.extend(clock.map(|clock| Change::Met { key: clock.key, at }));
        }
    }

    /// The longer term takes the shorter one's place, from the same start (A3).
    fn replace(&self, changes: &mut Vec<Change>) {
        let Some(order) = self.act.order() else {
            return;
        };
        let Some(shorter) = self.before.rectifying(order) else {
            return;
        };
        let asked = self
            .before
            .order(order)
            .and_then(|order| order.request.as_ref());
        let until = match self.act {
            Act::DecideComplex { grant: true, .. } => None,
            Act::RequestExtension { until, .. } => {
                let waits = self
                    .after
                    .order(order)
                    .and_then(|order| order.request.as_ref());
                if waits.is_none_or(|request| request.needs_grant) {
                    return;
                }
                Some(*until)
            }
            Act::DecideExtension { grant: true, .. } => {
                let Some(request) = asked.filter(|request| request.needs_grant) else {
                    return;
                };
                request.until
            }
            _ => return,
        };
        changes.push(Change::Void {
            key: shorter.key,
            at: self.now,
        });
        let started_at = shorter.started_at;
        match until {
            None => self.begin(
                Some(order),
                DeadlineKind::RectifyComplex,
                started_at,
                changes,
            ),
            Some(day) => {
                let kind = DeadlineKind::RectifyExtended;
                let epoch = self.before.next_epoch(Some(order), kind);
                changes.push(Change::Started {
                    key: ClockKey {
                        order: Some(order),
                        kind,
                        epoch,
                    },
                    started_at,
                    due_at: day.end(),
                    provisional: false,
                    calendar: self.calendar.version().to_owned(),
                });
            }
        }
    }

    /// A ruling that was overturned sends a unit back to work whose clock had stopped: it gets its days anew.
    fn restart(&self, changes: &mut Vec<Change>) {
        let (Act::RejectAppeal { .. }, Some(order)) = (self.act, self.act.order()) else {
            return;
        };
        if self.before.rectifying(order).is_none() {
            self.begin(Some(order), DeadlineKind::Rectify, self.now, changes);
        }
    }

    /// Void: the clocks of an order that holds no more, and what still runs where the ticket closes.
    fn fall_away(&self, changes: &mut Vec<Change>) {
        let gone = |clock: &&Clock| {
            let holds = clock.key.order.is_none_or(|number| {
                let order = self
                    .after
                    .orders
                    .iter()
                    .find(|order| order.number == number);
                order.is_some_and(|order| !order.void)
            });
            let lasts = matches!(clock.key.kind, DeadlineKind::Upload | DeadlineKind::Object);
            clock.is_open() && (!holds || (self.after.ticket.state.is_closed() && !lasts))
        };
        let ended: Vec<ClockKey> = changes.iter().map(Change::key).collect();
        for clock in self.before.clocks.iter().filter(gone) {
            if !ended.contains(&clock.key) {
                changes.push(Change::Void {
                    key: clock.key,
                    at: self.now,
                });
            }
        }
    }

    fn graded_at(&self) -> Moment {
        match self.act {
            Act::Open(opening) => opening.graded_at,
            Act::Rerate { graded_at, .. } => *graded_at,
            _ => self.now,
        }
    }
}

fn is_rating(act: &Act) -> bool {
    matches!(
        act,
        Act::Open(_) | Act::RateAgain { .. } | Act::Rerate { .. }
    )
}

fn is_of_order(kind: DeadlineKind) -> bool {
    matches!(
        kind,
        DeadlineKind::Dispatch
            | DeadlineKind::Receive
            | DeadlineKind::Contest
            | DeadlineKind::Verify
            | DeadlineKind::Rectify
            | DeadlineKind::RectifyComplex
            | DeadlineKind::RectifyExtended
            | DeadlineKind::Rework
    )
}
