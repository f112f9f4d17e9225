//! From a record to the ticket after it: no rule stands here, so that old records always replay.

use super::case::{
    Attempt, Case, CaseRating, Clock, Draft, Opinion, Order, Revisit, standing, verified,
};
use crate::acts::Act;
use crate::acts::{Change, Record, SlipChange};
use crate::domain::{
    By, DeadlineKind, Grade, NotAdopted, PersonId, RatingId, Standing, State, Ticket,
};

impl Case {
    /// The ticket that the record opens.
    pub(super) fn opened(record: &Record) -> Option<Case> {
        let Act::Open(opening) = &record.act else {
            return None;
        };
        let mut case = Case {
            ticket: Ticket {
                number: opening.number,
                state: record.to.unwrap_or(State::New),
                round: 1,
                rating: opening.rating.clone(),
                grade: opening.grade,
                opened_at: record.at,
                rehearsal: opening.rehearsal,
            },
            version: 1,
            last_at: record.at,
            business: opening.business,
            staff: opening.staff.clone(),
            handling_unit: opening.handling_unit.clone(),
            identity: opening.identity,
            listed: opening.listed,
            officer: None,
            ratings: vec![CaseRating {
                id: opening.rating.clone(),
                grade: opening.grade,
                round: 1,
                standing: standing(opening.listed),
                proven: true,
            }],
            revisits: Vec::new(),
            opinion: None,
            draft: None,
            reported_by: None,
            orders: Vec::new(),
            attempts: Vec::new(),
            closed_at: None,
            judged_by: None,
            judged_in: None,
            objected: false,
            escalated: false,
            clocks: Vec::new(),
        };
        case.apply_clocks(&record.clocks);
        Some(case)
    }

    /// Adds a record.
    pub fn apply(&mut self, record: &Record) {
        let by = person(&record.by);
        self.apply_slips(&record.slips);
        match record.act.order() {
            Some(number) => self.apply_to_order(number, record, by),
            None => self.apply_to_ticket(record, by),
        }
        self.apply_clocks(&record.clocks);
        self.ticket.grade = self.counting_grade();
        self.version += 1;
        self.last_at = record.at;
    }

    fn apply_to_ticket(&mut self, record: &Record, by: Option<PersonId>) {
        let round = self.ticket.round;
        match &record.act {
            Act::RateAgain {
                rating,
                grade,
                proven,
                pending,
            } => self.rated((rating.clone(), *grade, *pending), *proven),
            Act::Rerate {
                rating,
                grade,
                pending,
                ..
            } => self.rerated((rating.clone(), *grade, *pending), record.to),
            Act::Assign {
                officer,
                handling_unit,
                ..
            } => {
                self.officer = Some(officer.clone());
                if handling_unit.is_some() {
                    self.handling_unit.clone_from(handling_unit);
                }
            }
            Act::Revisit {
                result,
                slip,
                no_more_calls,
                ..
            } => self.revisits.push(Revisit {
                round,
                at: record.at,
                by,
                result: *result,
                slip: *slip,
                no_more_calls: *no_more_calls,
            }),
            Act::GiveOpinion { valid, .. } => self.opinion = Some(Opinion::Given { valid: *valid }),
            Act::NoteSilence {} => self.opinion = Some(Opinion::Silent),
            Act::Draft(assessment) => {
                self.draft = Some(Draft {
                    by,
                    assessment: assessment.clone(),
                });
            }
            Act::Report {} => self.reported(by),
            Act::AcceptProposal { .. } | Act::ConfirmMistake { .. } => self.judged(by, record),
            Act::TryToAnswer { result, .. } => self.attempts.push(Attempt {
                at: record.at,
                result: *result,
            }),
            Act::Object { .. } => self.object(),
            Act::VerifyPending { rating, valid } => self.verify(rating, *valid),
            // Where no unit ever had the case, it is judged as a whole.
            Act::JudgeInvalid { .. } | Act::JudgeMistaken { .. } | Act::JudgeMalicious { .. } => {
                self.judged(by, record);
            }
            _ => {}
        }
        if let Some(state) = record.to {
            self.settle(state, record);
        }
    }

    fn reported(&mut self, by: Option<PersonId>) {
        self.reported_by = by;
        let round = self.ticket.round;
        self.orders
            .iter_mut()
            .filter(|order| !order.void && order.round == round)
            .for_each(|order| order.state = State::Reported);
    }

    fn judged(&mut self, by: Option<PersonId>, record: &Record) {
        self.judged_by = by;
        let recused = self.primary().is_some_and(|order| order.unit.is_centre());
        self.judged_in = super::orders::reviewers_unit(record, recused);
    }

    fn object(&mut self) {
        self.objected = true;
        self.closed_at = None;
        // Closed as a whole, the ticket has orders that nobody was sent: they are judged too, or they would
        // wait for ever.
        let primary = self.primary().map(|order| order.number);
        let round = self.ticket.round;
        self.orders
            .iter_mut()
            .filter(|order| !order.void && order.round == round)
            .filter(|order| Some(order.number) == primary || order.state == State::Reported)
            .for_each(|order| order.state = State::UnderReview);
    }

    fn apply_to_order(&mut self, number: u8, record: &Record, by: Option<PersonId>) {
        // Beyond fifteen days a statement is enough the first time; whatever else has to be granted (A6).
        let needs_grant = self.order(number).is_some_and(|order| order.extensions > 0)
            || self.running(Some(number), DeadlineKind::Rectify).is_some();
        let Some(order) = self.order_mut(number) else {
            return;
        };
        super::orders::change(order, record, by, needs_grant);
        if let Some(state) = record.to {
            order.state = state;
            let joint = self.joint_state();
            self.settle(joint, record);
        }
    }

    fn rerated(&mut self, (id, grade, pending): (RatingId, Grade, bool), to: Option<State>) {
        if to == Some(State::Assessing) {
            self.ticket.round += 1;
            self.opinion = None;
            self.draft = None;
            self.reported_by = None;
            self.attempts.clear();
        } else if !grade.is_positive() {
            self.escalated = true;
        }
        self.rated((id, grade, pending), true);
    }

    fn rated(&mut self, (id, grade, pending): (RatingId, Grade, bool), proven: bool) {
        self.ratings.push(CaseRating {
            id,
            grade,
            round: self.ticket.round,
            standing: standing(pending),
            proven,
        });
    }

    fn verify(&mut self, id: &RatingId, valid: bool) {
        let waits =
            |known: &&mut CaseRating| known.id == *id && known.standing == Standing::Pending;
        let waiting = self.ratings.iter_mut().filter(waits);
        waiting.for_each(|known| known.standing = verified(valid));
    }

    /// Puts the ticket into its state, with what that says of its ratings.
    fn settle(&mut self, state: State, record: &Record) {
        let was_closed = self.ticket.state.is_closed();
        self.ticket.state = state;
        let standing = match state {
            State::ClosedInvalid => Some(Standing::NotAdopted(NotAdopted::Invalid)),
            State::ClosedMistaken => Some(Standing::NotAdopted(NotAdopted::Mistaken)),
            State::ClosedMalicious => Some(Standing::NotAdopted(NotAdopted::Malicious)),
            // A ruling that was overturned takes nothing from the rating.
            // So does what was 待核, once it is verified.
            State::Rectifying | State::ToAnswer => Some(Standing::Valid),
            _ => None,
        };
        if let Some(standing) = standing {
            let round = self.ticket.round;
            let objected = self.objected;
            let waits = |was| objected || was == Standing::Pending;
            let judged = self.ratings.iter_mut();
            judged
                .filter(|rating| rating.round == round && !rating.grade.is_positive())
                .filter(|rating| standing != Standing::Valid || waits(rating.standing))
                .for_each(|rating| rating.standing = standing);
        }
        if state.is_closed() && !was_closed {
            self.closed_at = Some(record.at);
        }
    }

    fn apply_slips(&mut self, slips: &[SlipChange]) {
        for slip in slips {
            match slip {
                SlipChange::Made {
                    order,
                    number,
                    unit,
                    rule,
                } => {
                    self.orders.push(Order {
                        number: *order,
                        round: self.ticket.round,
                        slip: *number,
                        version: 1,
                        unit: unit.clone(),
                        rule: *rule,
                        state: State::Reported,
                        void: false,
                        complex: false,
                        dispatched_by: None,
                        received_at: None,
                        deemed: false,
                        contested: false,
                        request: None,
                        extensions: 0,
                        filing: None,
                        proposed_by: None,
                        judged_by: None,
                        judged_in: None,
                        rectified_by: None,
                        rectification_accepted: false,
                        returns: 0,
                    });
                }
                SlipChange::Rewritten {
                    order,
                    version,
                    rule,
                } => {
                    if let Some(order) = self.order_mut(*order) {
                        order.version = *version;
                        order.rule = *rule;
                    }
                }
                SlipChange::Voided { order } => {
                    if let Some(order) = self.order_mut(*order) {
                        order.void = true;
                    }
                }
            }
        }
    }

    fn apply_clocks(&mut self, changes: &[Change]) {
        for change in changes {
            let key = change.key();
            if let Change::Started {
                started_at,
                due_at,
                provisional,
                calendar,
                ..
            } = change
            {
                self.clocks.push(Clock {
                    key,
                    started_at: *started_at,
                    due_at: *due_at,
                    provisional: *provisional,
                    calendar: calendar.clone(),
                    met_at: None,
                    void_at: None,
                    missed_at: None,
                });
                continue;
            }
            let Some(clock) = self.clocks.iter_mut().find(|clock| clock.key == key) else {
                continue;
            };
            match change {
                Change::Started { .. } => unreachable!("handled above"),
                Change::Met { at, .. } => clock.met_at = Some(*at),
                Change::Void { at, .. } => clock.void_at = Some(*at),
                Change::Resumed { .. } => clock.met_at = None,
                Change::Moved {
                    due_at,
                    provisional,
                    calendar,
                    ..
                } => {
                    clock.due_at = *due_at;
                    clock.provisional = *provisional;
                    clock.calendar.clone_from(calendar);
                }
                Change::Missed { at, .. } => clock.missed_at = Some(*at),
            }
        }
    }
}

pub(super) fn person(by: &By) -> Option<PersonId> {
    match by {
        By::Person(hand) => Some(hand.person.clone()),
        By::System | By::Rater => None,
    }
}
