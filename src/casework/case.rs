//! A ticket with all that its records say: what an act is judged by.

use crate::acts::Act;
use crate::acts::Business;
use crate::acts::SlipNumber;
use crate::acts::{Assessment, Extent, Ground, ObjectiveGround, Reached};
use crate::acts::{ClockKey, Record};
use crate::domain::{
    Day, DeadlineKind, Grade, Identity, Moment, NotAdopted, PersonId, RatingId, Standing, State,
    Ticket, UnitId,
};

/// A ticket and everything its guards need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub ticket: Ticket,
    /// How many records it is the sum of.
    pub version: u32,
    /// Of the last record; later ones are not earlier, whatever the machine's clock does.
    pub last_at: Moment,
    pub business: Business,
    /// 工号 of those who served.
    pub staff: Vec<String>,
    pub handling_unit: Option<UnitId>,
    pub identity: Identity,
    /// 待核: the rater is on the blocklist.
    pub listed: bool,
    pub officer: Option<PersonId>,
    pub ratings: Vec<CaseRating>,
    pub revisits: Vec<Revisit>,
    /// This round's.
    pub opinion: Option<Opinion>,
    /// This round's last.
    pub draft: Option<Draft>,
    pub reported_by: Option<PersonId>,
    pub orders: Vec<Order>,
    /// Attempts to tell the rater, of this round.
    pub attempts: Vec<Attempt>,
    pub closed_at: Option<Moment>,
    /// Who ruled that the rating does not count.
    pub judged_by: Option<PersonId>,
    /// As whose member.
    pub judged_in: Option<UnitId>,
    /// The rater objected, which is possible once.
    pub objected: bool,
    /// 督办.
    pub escalated: bool,
    pub clocks: Vec<Clock>,
}

/// A rating of the ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRating {
    pub id: RatingId,
    pub grade: Grade,
    pub round: u8,
    pub standing: Standing,
    /// The rater is proven to be the one of the first.
    pub proven: bool,
}

/// 回访.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revisit {
    pub round: u8,
    pub at: Moment,
    pub by: Option<PersonId>,
    pub result: Reached,
    pub slip: bool,
    pub no_more_calls: bool,
}

/// 会同意见.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opinion {
    Given { valid: bool },
    Silent,
}

/// A drafted assessment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub by: Option<PersonId>,
    pub assessment: Assessment,
}

/// An attempt to tell the rater.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub at: Moment,
    pub result: Reached,
}

/// A handling slip's order to one responsible unit: it walks the ticket's states from 已报局办 to its own end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// From 1 within the ticket.
    pub number: u8,
    pub round: u8,
    pub slip: SlipNumber,
    pub version: u16,
    pub unit: UnitId,
    pub rule: u8,
    pub state: State,
    /// 作废.
    pub void: bool,
    /// Chosen when it was sent.
    pub complex: bool,
    pub dispatched_by: Option<PersonId>,
    pub received_at: Option<Moment>,
    /// Nobody signed.
    pub deemed: bool,
    pub contested: bool,
    pub request: Option<Request>,
    pub extensions: u8,
    pub filing: Option<Filing>,
    /// Who proposed that the rating is malicious.
    pub proposed_by: Option<PersonId>,
    pub judged_by: Option<PersonId>,
    /// As whose member.
    pub judged_in: Option<UnitId>,
    pub rectified_by: Option<PersonId>,
    pub rectification_accepted: bool,
    /// How often a rectification was returned; from the second it counts as weak (第十九条).
    pub returns: u8,
}

/// A wish for more time that waits for its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub by: Option<PersonId>,
    /// `None`: fifteen days instead of five.
    pub until: Option<Day>,
    /// Takes effect by being decided; else it did by being stated.
    pub needs_grant: bool,
}

/// What the unit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    pub by: Option<PersonId>,
    pub finding: Finding,
}

/// The conclusion of a verification (核实结论).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    True(Extent),
    Appeal(Ground),
    WithoutLegalBasis,
}

/// A term that runs, ran or fell away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    pub key: ClockKey,
    pub started_at: Moment,
    pub due_at: Moment,
    pub provisional: bool,
    pub calendar: String,
    pub met_at: Option<Moment>,
    pub void_at: Option<Moment>,
    pub missed_at: Option<Moment>,
}

impl Clock {
    pub fn is_open(&self) -> bool {
        self.met_at.is_none() && self.void_at.is_none()
    }
}

/// The three kinds of one term: one of them runs.
pub(super) const RECTIFYING: [DeadlineKind; 3] = [
    DeadlineKind::Rectify,
    DeadlineKind::RectifyComplex,
    DeadlineKind::RectifyExtended,
];

impl Case {
    /// The ticket that these records make. `None` where none opens it. What stands before the one that does is of a time
    /// when tickets had no records: the opening one, written later, holds what it came to.
    pub fn replay<'a>(records: impl IntoIterator<Item = &'a Record>) -> Option<Case> {
        let opens = |record: &&Record| matches!(record.act, Act::Open(_));
        let mut records = records.into_iter().skip_while(|record| !opens(record));
        let mut case = Case::opened(records.next()?)?;
        for record in records {
            case.apply(record);
        }
        Some(case)
    }

    /// Orders of this round that hold.
    pub fn live(&self) -> impl Iterator<Item = &Order> {
        self.orders
            .iter()
            .filter(|order| !order.void && order.round == self.ticket.round)
    }

    pub fn order(&self, number: u8) -> Option<&Order> {
        self.live().find(|order| order.number == number)
    }

    pub(super) fn order_mut(&mut self, number: u8) -> Option<&mut Order> {
        self.orders.iter_mut().find(|order| order.number == number)
    }

    /// The first attributed unit's.
    pub fn primary(&self) -> Option<&Order> {
        self.live().next()
    }

    /// The open clock of the kind, of the order or of the ticket.
    pub fn running(&self, order: Option<u8>, kind: DeadlineKind) -> Option<&Clock> {
        self.clocks
            .iter()
            .rev()
            .find(|clock| clock.key.order == order && clock.key.kind == kind && clock.is_open())
    }

    /// The last clock of the kind, whether it still runs or not.
    pub fn last(&self, order: Option<u8>, kind: DeadlineKind) -> Option<&Clock> {
        let of = |clock: &&Clock| clock.key.order == order && clock.key.kind == kind;
        self.clocks
            .iter()
            .filter(of)
            .max_by_key(|clock| clock.key.epoch)
    }

    /// Whichever of 5, 15 days and the day named runs for the order.
    pub fn rectifying(&self, order: u8) -> Option<&Clock> {
        RECTIFYING
            .into_iter()
            .find_map(|kind| self.running(Some(order), kind))
    }

    pub(super) fn next_epoch(&self, order: Option<u8>, kind: DeadlineKind) -> u16 {
        self.last(order, kind).map_or(0, |clock| clock.key.epoch) + 1
    }

    pub(super) fn revisits_now(&self) -> impl Iterator<Item = &Revisit> {
        let round = self.ticket.round;
        self.revisits
            .iter()
            .filter(move |revisit| revisit.round == round)
    }

    /// 回访 done, or tried three times on two days.
    pub fn is_revisited(&self) -> bool {
        let ended = self.revisits_now().any(|revisit| revisit.result.ends());
        ended || is_exhausted(self.revisits_now().map(|revisit| revisit.at))
    }

    /// The rater asked for no more calls about it.
    pub fn no_more_calls(&self) -> bool {
        self.revisits
            .iter()
            .any(|revisit| revisit.no_more_calls || revisit.result == Reached::Refused)
    }

    pub fn is_last_round(&self) -> bool {
        self.ticket.round >= LAST_ROUND
    }

    /// C1 where anything was rectified, else C2.
    pub(super) fn end_after_answer(&self) -> State {
        match self.live().any(|order| order.rectification_accepted) {
            true => State::ClosedRectified,
            false => State::ClosedExplained,
        }
    }

    /// The order that has the longest way before it; `None` where none has any.
    pub fn slowest(&self) -> Option<&Order> {
        const WAY: [State; 6] = [
            State::Reported,
            State::Sent,
            State::Verifying,
            State::UnderReview,
            State::Rectifying,
            State::Rectified,
        ];
        let done = |order: &&Order| WAY.iter().position(|state| *state == order.state);
        let on_the_way = self.live().filter(|order| done(order).is_some());
        on_the_way.min_by_key(done)
    }

    /// The state of a ticket with these orders: that of the slowest; once all are through, what they come to.
    pub(super) fn joint_state(&self) -> State {
        let slowest = self.slowest().map(|order| order.state);
        let to_answer = || {
            self.live()
                .any(|order| order.state == State::ToAnswer)
                .then_some(State::ToAnswer)
        };
        slowest
            .or_else(to_answer)
            .or_else(|| self.primary().map(|order| order.state))
            .unwrap_or(self.ticket.state)
    }

    /// The unit of who ruled that the rating does not count; `None` where nobody did.
    pub fn ruled_in(&self) -> Option<&UnitId> {
        let state = self.ticket.state;
        let of_order = self.live().find(|order| order.state == state);
        of_order
            .and_then(|order| order.judged_in.as_ref())
            .or(self.judged_in.as_ref())
    }

    /// On what ground the assessment proposes that the rating is invalid.
    pub fn proposed_invalid(&self) -> Option<ObjectiveGround> {
        self.draft.as_ref()?.assessment.invalid
    }

    /// The grade that counts now (第十三条); where none counts, the last one given.
    pub(super) fn counting_grade(&self) -> Grade {
        self.ratings
            .iter()
            .rev()
            .find(|rating| rating.standing == Standing::Valid)
            .or(self.ratings.last())
            .map_or(self.ticket.grade, |rating| rating.grade)
    }
}

/// What a rating begins with.
pub(super) fn standing(pending: bool) -> Standing {
    match pending {
        true => Standing::Pending,
        false => Standing::Valid,
    }
}

/// What becomes of a rating that was 待核.
pub(super) fn verified(valid: bool) -> Standing {
    match valid {
        true => Standing::Valid,
        false => Standing::NotAdopted(NotAdopted::Invalid),
    }
}

/// After a bad re-rating in it the case goes to the leadership (A38).
pub(super) const LAST_ROUND: u8 = 3;

/// Three attempts at least, on two days at least.
pub(super) fn is_exhausted(attempts: impl Iterator<Item = Moment>) -> bool {
    let days: Vec<Day> = attempts.map(Moment::day).collect();
    days.len() >= ATTEMPTS && days.iter().any(|day| *day != days[0])
}

pub(super) const ATTEMPTS: usize = 3;
