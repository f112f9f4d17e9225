//! What a rating does to tickets: opens one, joins the open one, or rates its result again.

use super::case::Case;
use super::decide::{conclude, settle};
use super::decision::Decision;
use crate::acts::Business;
use crate::acts::Record;
use crate::acts::{Act, Change, Opening};
use crate::domain::{
    Actor, Admitted, By, Calendar, Entry, Event, Moment, NotAdopted, Polarity, Rating, Refusal,
    Service, Standing, State, Subject, TicketNumber, What, article_of, transition,
};

/// An admitted rating with what it does to the act's ticket: a 差评 opens one (row 1), on an open one it is
/// one more (row 34), and after its result was told it is the re-rating (rows 27 to 29).
///
/// `fresh` is the number a new ticket takes, of the year of opening; unused where none opens. `listed`: the
/// rater is on the blocklist, which changes a mark and nothing else (A27).
pub fn take_in(
    admitted: Admitted,
    open: Option<&Case>,
    fresh: TicketNumber,
    listed: bool,
    calendar: &Calendar,
) -> Result<Decision, Refusal> {
    let rating = &admitted.rating;
    let polarity = rating.intake.grade.polarity();
    let of_ticket = match (open, polarity) {
        (Some(case), _) => Some(join(case, rating, calendar)?),
        // A test is nobody's complaint, and what was before the regulation is not its.
        (None, Polarity::Negative) if rating.standing == TEST || !admitted.in_force => None,
        (None, Polarity::Negative) => Some(open_ticket(rating, fresh, listed, calendar)?),
        (None, Polarity::Positive) => None,
    };
    let mut decision = Decision::from(admitted);
    if let Some(of_ticket) = of_ticket {
        decision.case = of_ticket.case;
        decision.standings = of_ticket.standings;
        decision.deadlines.splice(0..0, of_ticket.deadlines);
        decision.notices.extend(of_ticket.notices);
        decision.trail.extend(of_ticket.trail);
    }
    Ok(decision)
}

fn open_ticket(
    rating: &Rating,
    number: TicketNumber,
    listed: bool,
    calendar: &Calendar,
) -> Result<Decision, Refusal> {
    let opening = opening(rating, number, listed);
    let act = Act::Open(Box::new(opening));
    let kind = act.kind(false);
    let row = transition(None, kind.event)?;
    let mut record = Record {
        at: rating.received_at,
        by: By::System,
        act,
        to: row.to.settled(),
        slips: Vec::new(),
        clocks: Vec::new(),
    };
    let bare = Case::opened(&record).expect("the record opens a ticket");
    let step = super::clocks::Step {
        before: &bare,
        after: &bare,
        act: &record.act,
        row,
        now: record.at,
        calendar,
    };
    record.clocks = step.changes();
    let case = Case::opened(&record).expect("the record opens a ticket");
    Ok(conclude(None, case, record, row, Actor::System, kind))
}

/// A ticket that is older than the trail's records, with the line that opens it now: what its rows say, and nothing else.
/// `clocks` are those that its rows have.
pub fn adopt(
    rating: &Rating,
    number: TicketNumber,
    opened_at: Moment,
    clocks: Vec<Change>,
    now: Moment,
) -> Option<(Case, Entry)> {
    let record = Record {
        at: opened_at,
        by: By::System,
        act: Act::Open(Box::new(opening(rating, number, false))),
        to: Some(State::New),
        slips: Vec::new(),
        clocks,
    };
    let case = Case::opened(&record)?;
    let entry = Entry {
        at: now,
        actor: Actor::System,
        person: None,
        what: What::TicketOpened,
        about: Subject::Ticket(number),
        article: article_of(Event::BadGradeAccepted),
        detail: format!(
            "补记：{}已受理的差评，当时工单尚无留痕记录",
            opened_at.civil_text()
        ),
        record: Some(serde_json::to_string(&record).expect("a record has text keys only")),
        rehearsal: case.ticket.rehearsal,
    };
    Some((case, entry))
}

fn opening(rating: &Rating, number: TicketNumber, listed: bool) -> Opening {
    let intake = &rating.intake;
    Opening {
        number,
        rating: rating.id.clone(),
        grade: intake.grade,
        graded_at: intake.graded_at,
        business: business(&intake.service),
        staff: intake.service.staff().to_vec(),
        handling_unit: intake.service.unit().cloned(),
        identity: intake.rater.identity,
        listed,
        rehearsal: intake.rehearsal,
    }
}

fn join(case: &Case, rating: &Rating, calendar: &Calendar) -> Result<Decision, Refusal> {
    let intake = &rating.intake;
    let pending = rating.standing == Standing::Pending;
    let act = match case.ticket.state {
        State::ToRerate => Act::Rerate {
            rating: rating.id.clone(),
            grade: intake.grade,
            graded_at: intake.graded_at,
            pending,
        },
        _ => Act::RateAgain {
            rating: rating.id.clone(),
            grade: intake.grade,
            proven: intake.rater.identity.is_real_name(),
            pending,
        },
    };
    let kind = act.kind(case.is_last_round());
    let row = transition(Some(case.ticket.state), kind.event)?;
    let to = match row.to {
        crate::domain::Next::Same => None,
        crate::domain::Next::State(state) => Some(state),
        crate::domain::Next::OneOf(_) => Some(case.end_after_answer()),
    };
    let record = Record {
        at: rating.received_at.max(case.last_at),
        by: By::Rater,
        act,
        to,
        slips: Vec::new(),
        clocks: Vec::new(),
    };
    Ok(settle(case, record, row, Actor::Rater, kind, calendar))
}

const TEST: Standing = Standing::NotAdopted(NotAdopted::Test);

/// A counter's acts belong to an approval; a slip of the box is judged by its aspect alone.
fn business(service: &Service) -> Business {
    match service {
        Service::Consultation { .. }
        | Service::WebConsultation { .. }
        | Service::Suggestion { .. } => Business::Consultation,
        Service::Matter { .. } | Service::WindowAct { .. } => Business::Approval,
    }
}
