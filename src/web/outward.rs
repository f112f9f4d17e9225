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
use crate::api::errands::{may_ask, may_withdraw};
use crate::domain::TicketNumber;
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

/// Takes one back that is not being called yet.
///
/// Asks what the asking for it asks: the same people, on the same ticket.
pub(super) async fn withdraw(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let hand = may_withdraw(&web, &pass, &id).await?;
    web.engine.withdraw_call(&id, Some(&hand), now()).await?;
    Ok(Redirect::to("/outward").into_response())
}
