//! Calendars: put forward by one, approved by another; `gradeline calendar load` takes them in.

use axum::Json;
use axum::extract::{Path, State};

use super::body::Body;
use super::params::Params;
use super::pass::{Pass, Visitor};
use super::problem::{Problem, ProblemDetails};
use super::{Web, now};
use crate::domain::differences;
use crate::staff::Person;
use crate::wire::{ChangedDay, Foreseen, List, MovedDue, NewProposal, Proposal};

/// Open due dates told one by one.
const SHOWN: usize = 50;

/// Calendars that were put forward, newest first; the last hundred.
#[utoipa::path(get, path = "/api/v1/calendars", tag = "calendars",
    responses((status = 200, body = List<Proposal>),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(web): State<Web>,
    params: Params,
) -> Result<Json<List<Proposal>>, Problem> {
    params.only(&[])?;
    Ok(Json(List::whole(web.engine.calendar_proposals().await?)))
}

/// Puts a year's calendar forward and tells what it would change, day by day, and which open due dates it
/// would move.
#[utoipa::path(post, path = "/api/v1/calendars", tag = "calendars", request_body = NewProposal,
    responses((status = 200, body = Foreseen),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json", description = "It cannot be read; the reason names line and day")))]
pub(crate) async fn propose(
    State(web): State<Web>,
    pass: Pass,
    Body(new): Body<NewProposal>,
) -> Result<Json<Foreseen>, Problem> {
    let person = person(&pass)?;
    let known = web.engine.calendar();
    let after = known
        .replacing(new.year, &new.text)
        .map_err(|faulty| crate::engine::Error::Refused(faulty.to_string()))?;
    let (moved, moves) = web.engine.foresee(&after, SHOWN, now()).await?;
    let proposal = match new.only_show {
        true => None,
        false => {
            let proposed = web
                .engine
                .propose_calendar(new.year, &new.text, person, now());
            Some(proposed.await?)
        }
    };
    let days = differences(known, &after);
    Ok(Json(Foreseen {
        proposal,
        days: days.into_iter().map(ChangedDay::from).collect(),
        moved,
        moves: moves.into_iter().map(MovedDue::from).collect(),
    }))
}

/// Another person, who signs for the General Office, approves it.
#[utoipa::path(post, path = "/api/v1/calendars/{id}/approval", tag = "calendars", params(("id" = i64, Path)),
    responses((status = 200, body = Proposal),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn approve(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
) -> Result<Json<Proposal>, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let person = person(&pass)?;
    let approved = web.engine.approve_calendar(id, person, now()).await?;
    Ok(Json(approved.into()))
}

fn person(pass: &Pass) -> Result<&Person, Problem> {
    match &pass.visitor {
        Visitor::Person(person) => Ok(person),
        Visitor::Program(_) => Err(Problem::unauthorised()),
    }
}
