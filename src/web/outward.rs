//! Calls that the house makes: their list, and the buttons of a ticket's page.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::chrome::Chrome;
use super::guard::rendered;
use super::params::Params;
use super::pass::{Pass, Visitor};
use super::problem::Problem;
use super::{Web, now};
use crate::api::reads::reached;
use crate::domain::{By, Hand, Hindrance, Refusal, TicketNumber};
use crate::engine::{Error, Numbers};
use crate::errands::Purpose;
use crate::outward::{AttemptRow, ErrandRow, NotAsked, Wish, WishFor, fresh_order_id};
use crate::rights::Action;

/// What the list shows.
const NEWEST: u64 = 200;

/// A call out with its attempts.
pub(super) type Shown = (ErrandRow, Vec<AttemptRow>);

#[derive(Template)]
#[template(path = "outward.html")]
struct OutwardPage {
    page: Chrome,
    calls: Vec<Shown>,
    /// Whether there is a trunk.
    trunk: bool,
}

/// What a ticket's page offers.
pub(super) struct Offer {
    pub(super) calls: Vec<Shown>,
    /// Which call may be asked for: `revisit` or `result`.
    pub(super) may: Option<&'static str>,
}

/// What the form of a ticket's page sends.
#[derive(Deserialize)]
pub(super) struct Asked {
    purpose: String,
}

pub(super) async fn list(
    State(web): State<Web>,
    page: Chrome,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let calls = web.engine.calls_out(NEWEST).await?;
    let trunk = web.options.calls_out.is_some();
    Ok(rendered(&OutwardPage { page, calls, trunk }))
}

/// What may be asked for here by whoever looks.
pub(super) async fn offer(
    web: &Web,
    visitor: &Visitor,
    number: &str,
    state: &str,
) -> Result<Offer, Problem> {
    let Ok(ticket) = number.parse::<TicketNumber>() else {
        return Err(Problem::not_found());
    };
    let calls = web.engine.calls_out_of_ticket(ticket).await?;
    let open = calls.iter().any(|(row, _)| row.state != "closed");
    let may = web.options.calls_out.is_some() && !open && visitor.may(Action::Revisit).is_some();
    let may = match state {
        _ if !may => None,
        "assessing" => Some("revisit"),
        "to_rerate" => Some("result"),
        _ => None,
    };
    Ok(Offer { calls, may })
}

/// Asks for a call; what says no is told on the ticket's page. A revisit is asked for by who may record one: not by the one
/// who was rated, nor by the unit that is responsible.
pub(super) async fn ask(
    State(web): State<Web>,
    pass: Pass,
    Path(number): Path<String>,
    Form(form): Form<Asked>,
) -> Result<Response, Problem> {
    let ticket = number.parse::<TicketNumber>();
    let ticket = ticket.map_err(|_| Problem::not_found())?;
    let is_revisit = form.purpose != "result";
    let hand = may_ask(&web, &pass, &number, is_revisit, |_| true).await?;
    let what = match form.purpose.as_str() {
        "result" => WishFor::Result(ticket),
        _ => WishFor::Revisit(ticket),
    };
    let wish = Wish {
        what,
        staff: hand.staff.clone(),
        by: Some(hand),
    };
    let said = match &web.options.calls_out {
        Some(allowing) => {
            let id = fresh_order_id(now());
            match web.engine.ask_for_call(&id, wish, allowing, now()).await {
                Ok(_) => "asked",
                Err(NotAsked::Refused(trouble)) => trouble.word(),
                Err(NotAsked::Engine(error)) => return Err(error.into()),
            }
        }
        None => "no_trunk",
    };
    let to = format!("/tickets/{ticket}?call_out={said}");
    Ok(Redirect::to(&to).into_response())
}

/// Who may have the rater of this ticket called; not found for whoever does not reach it. `counts`: which refusals of a revisit are one here.
async fn may_ask(
    web: &Web,
    pass: &Pass,
    number: &str,
    is_revisit: bool,
    counts: fn(&Refusal) -> bool,
) -> Result<Hand, Problem> {
    let ticket = number.parse::<TicketNumber>();
    let ticket = ticket.map_err(|_| Problem::not_found())?;
    let row = web.engine.ticket(number, Numbers::Masked).await?;
    let row = row.ok_or_else(Problem::not_found)?.row;
    reached(web, pass, row.rehearsal, Some(number)).await?;
    let hand = hand(pass)?;
    let refusal = match is_revisit {
        true => revisit_refusal(web, &hand, ticket).await?,
        false => None,
    };
    match refusal.filter(counts) {
        Some(refusal) => Err(Error::Unlawful(refusal).into()),
        None => Ok(hand),
    }
}

/// Why this person may not record a revisit of the ticket now.
async fn revisit_refusal(
    web: &Web,
    hand: &Hand,
    ticket: TicketNumber,
) -> Result<Option<Refusal>, Problem> {
    let whole = web.engine.whole_case(ticket).await?;
    let case = whole.ok_or_else(Problem::not_found)?.case;
    let by = By::Person(hand.clone());
    let allowed = web.engine.allowed(&case, &by, now());
    let mut revisits = allowed
        .into_iter()
        .filter(|allowed| allowed.kind.word == "revisit");
    Ok(revisits.find_map(|allowed| allowed.refusal))
}

/// A refusal that is about who asks, not about the hour or where the ticket stands: what is not wanted any more can be taken back at any time.
fn is_personal(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::NotYours { .. } => true,
        Refusal::Hindered { why, .. } => matches!(
            why,
            Hindrance::RatedAgent
                | Hindrance::OfResponsibleUnit
                | Hindrance::Recused
                | Hindrance::NotOfUnit
                | Hindrance::NotOfHandlingUnit
        ),
        _ => false,
    }
}

/// The person; a program asks for nothing here.
fn hand(pass: &Pass) -> Result<Hand, Problem> {
    match &pass.visitor {
        Visitor::Person(person) => Ok(person.hand.clone()),
        _ => Err(Problem::not_found()),
    }
}

/// Takes one back that is not being called yet.
///
/// Asks what the asking for it asks: the same people, on the same ticket.
pub(super) async fn withdraw(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = web.engine.call_out(&id).await?;
    let row = row.ok_or_else(Problem::not_found)?;
    let hand = match &row.ticket {
        Some(number) => {
            let is_revisit = row.purpose == Purpose::Revisit.word();
            may_ask(&web, &pass, number, is_revisit, is_personal).await?
        }
        None => hand(&pass)?,
    };
    web.engine.withdraw_call(&id, Some(&hand), now()).await?;
    Ok(Redirect::to("/outward").into_response())
}
