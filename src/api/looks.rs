//! Looks at identities and recordings: asked for with a ground and a reason, answered by a second person
//! where the matrix says so, listed for those who watch over them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::body::Body;
use super::params::Params;
use super::pass::{Pass, Visitor};
use super::problem::{Problem, ProblemDetails};
use super::{Web, now};
use crate::engine::{CallDetail, CallId, Numbers};
use crate::rights::{Ground, Sight, WhyNot};
use crate::staff::{Hearing, LookOutcome, LookRow, LookWish};
use crate::wire::{List, Look, LookAnswer, NewLook};

/// A list of looks is short enough for its readers.
pub(crate) const MOST: u32 = 200;

/// Asks to see a caller's number, to hear a recording, or to have it as a file. It is on record whatever
/// comes of it; a granted look holds for an hour.
#[utoipa::path(post, path = "/api/v1/calls/{id}/looks", tag = "looks", request_body = NewLook,
    params(("id" = String, Path)),
    responses((status = 200, body = Look, description = "Granted, or pending until a second person agrees"),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn ask(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    Body(new): Body<NewLook>,
) -> Result<Json<Look>, Problem> {
    let wish = LookWish {
        call: CallId(id),
        sight: Body::<NewLook>::word("sight", &new.sight)?,
        ground: ground(new.ticket, new.callers_request),
        reason: new.reason,
    };
    let look = asked(&web, &pass.visitor, &wish).await?;
    let mut shown = Look::from(look);
    if shown.is_granted() && wish.sight == Sight::Identity {
        let call = web.engine.call(&wish.call, Numbers::Shown).await?;
        shown.show(call.and_then(|call| call.row.caller_number));
    }
    Ok(Json(shown))
}

/// Looks, newest first: of one call, or only those that wait for a second person.
#[utoipa::path(get, path = "/api/v1/looks", tag = "looks",
    params(("call" = Option<String>, Query), ("waiting" = Option<bool>, Query),
        ("before" = Option<i64>, Query, description = "`id` of the last one of the list before")),
    responses((status = 200, body = List<Look>, description = "At most 200"),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(web): State<Web>,
    params: Params,
) -> Result<Json<List<Look>>, Problem> {
    params.only(&["call", "waiting", "before"])?;
    let call = params.text("call").map(|id| CallId(id.to_owned()));
    let waiting = params.flag("waiting")?.unwrap_or(false);
    let before = params.parsed("before", "1, 2, 3 …")?;
    let looks = web
        .engine
        .looks(call.as_ref(), waiting, before, MOST)
        .await?;
    Ok(Json(List::whole(looks)))
}

/// The second person agrees to a pending look, or does not.
#[utoipa::path(post, path = "/api/v1/looks/{id}/answer", tag = "looks", request_body = LookAnswer,
    params(("id" = i64, Path)),
    responses((status = 200, body = Look),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn answer(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    Body(said): Body<LookAnswer>,
) -> Result<Json<Look>, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let Visitor::Person(second) = &pass.visitor else {
        return Err(Problem::unauthorised());
    };
    let note = said.note.unwrap_or_default();
    let answered = web
        .engine
        .answer_look(id, said.agreed, &note, second, now())
        .await?;
    match answered {
        Ok(look) => Ok(Json(look.into())),
        Err(why @ WhyNot::NothingWaits) => Err(refused(StatusCode::CONFLICT, &why)),
        Err(why) => Err(refused(StatusCode::FORBIDDEN, &why)),
    }
}

/// The ground on which a sound goes out, or why it does not.
pub(crate) async fn grounded(
    web: &Web,
    visitor: &Visitor,
    call: &CallDetail,
    sight: Sight,
) -> Result<Hearing, Problem> {
    let (id, rehearsal) = (&call.row.id, call.row.rehearsal);
    let hearing = web
        .engine
        .hearing(id, rehearsal, sight, visitor.asker(), now())
        .await?;
    match hearing {
        Hearing::Closed(why) => Err(refused(StatusCode::FORBIDDEN, &why)),
        Hearing::Ask => Err(Problem::new(StatusCode::FORBIDDEN, "look_first")),
        open => Ok(open),
    }
}

pub(crate) async fn asked(
    web: &Web,
    visitor: &Visitor,
    wish: &LookWish,
) -> Result<LookRow, Problem> {
    let outcome = web.engine.ask_look(wish, visitor.asker(), now()).await?;
    match outcome.ok_or_else(Problem::not_found)? {
        LookOutcome::Granted(look) | LookOutcome::Pending(look) => Ok(look),
        LookOutcome::Refused(why) => Err(refused(StatusCode::FORBIDDEN, &why)),
    }
}

pub(crate) fn ground(ticket: Option<String>, callers_request: bool) -> Option<Ground> {
    let ticket = ticket.map(|number| number.trim().to_owned());
    match ticket.filter(|number| !number.is_empty()) {
        Some(number) => Some(Ground::Ticket(number)),
        None if callers_request => Some(Ground::CallersRequest),
        None => None,
    }
}

fn refused(status: StatusCode, why: &WhyNot) -> Problem {
    Problem::new(status, "look_refused").with_both("why", why.zh(), why.to_string())
}
