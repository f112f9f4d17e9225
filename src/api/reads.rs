//! `/api/v1`: what programs read. `doors` lets in a bearer token, or the login of a page's own requests.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::params::{self, Params};
use super::pass::{Pass, Visitor};
use super::problem::{Problem, ProblemDetails};
use super::{Web, acts, now};
use crate::acts::Aspect;
use crate::domain::By;
use crate::engine::{CallDetail, CallId, Numbers, WholeCase};
use crate::wire::{Board, Call, Casework, List, Rating, Ticket, WholeCall, WholeTicket};

/// Calls, newest first. Live ones too: `live=true`.
#[utoipa::path(get, path = "/api/v1/calls", tag = "calls",
    params(
        ("from" = Option<String>, Query, format = Date, description = "First day of the call's start, Asia/Shanghai"),
        ("to" = Option<String>, Query, format = Date, description = "Last day, inclusive"),
        ("state" = Option<crate::wire::CallStateWord>, Query),
        ("live" = Option<bool>, Query, description = "Whether the call still goes on"),
        ("outcome" = Option<String>, Query),
        ("grade" = Option<crate::wire::GradeWord>, Query),
        ("number_tail" = Option<String>, Query, description = "Last digits of the caller's number"),
        ("rehearsal" = Option<bool>, Query),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "50 unless told"),
    ),
    responses((status = 200, body = List<Call>), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn calls(
    State(web): State<Web>,
    pass: Pass,
    params: Params,
) -> Result<Json<List<Call>>, Problem> {
    let filter = params::call_filter(&params, pass.reach())?;
    let paging = params.paging()?;
    let page = web
        .engine
        .calls(
            &filter,
            paging.cursor.as_deref(),
            paging.limit,
            Numbers::Masked,
        )
        .await?;
    Ok(Json(List::of(page)))
}

/// The desks now: what each is doing, who waits, how soon callers were answered.
#[utoipa::path(get, path = "/api/v1/board", tag = "calls",
    responses((status = 200, body = Board),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn board(State(web): State<Web>, params: Params) -> Result<Json<Board>, Problem> {
    params.only(&[])?;
    let lately = web.lately(now()).await?;
    Ok(Json(Board::of(&(web.options.board)(), lately)))
}

/// A call with its timeline.
#[utoipa::path(get, path = "/api/v1/calls/{id}", tag = "calls",
    params(("id" = String, Path)),
    responses((status = 200, body = WholeCall), (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn call(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<WholeCall>, Problem> {
    params.only(&[])?;
    Ok(Json(detail(&web, &pass, id).await?.into()))
}

/// Ratings, newest first.
#[utoipa::path(get, path = "/api/v1/ratings", tag = "ratings",
    params(
        ("from" = Option<String>, Query, format = Date), ("to" = Option<String>, Query, format = Date),
        ("grade" = Option<crate::wire::GradeWord>, Query),
        ("polarity" = Option<crate::wire::PolarityWord>, Query),
        ("rehearsal" = Option<bool>, Query), ("cursor" = Option<String>, Query),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
    ),
    responses((status = 200, body = List<Rating>), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn ratings(
    State(web): State<Web>,
    pass: Pass,
    params: Params,
) -> Result<Json<List<Rating>>, Problem> {
    let filter = params::rating_filter(&params, pass.reach())?;
    let paging = params.paging()?;
    let page = web
        .engine
        .ratings(&filter, paging.cursor.as_deref(), paging.limit)
        .await?;
    Ok(Json(List::of(page)))
}

/// A rating.
#[utoipa::path(get, path = "/api/v1/ratings/{id}", tag = "ratings",
    params(("id" = String, Path)),
    responses((status = 200, body = Rating), (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn rating(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Rating>, Problem> {
    params.only(&[])?;
    let rating = web.engine.rating(&id).await?;
    let rating = rating.ok_or_else(Problem::not_found)?;
    reached(&web, &pass, rating.rehearsal, rating.ticket.as_deref()).await?;
    Ok(Json(rating.into()))
}

/// Tickets, newest first.
#[utoipa::path(get, path = "/api/v1/tickets", tag = "tickets",
    params(
        ("from" = Option<String>, Query, format = Date), ("to" = Option<String>, Query, format = Date),
        ("state" = Option<String>, Query), ("grade" = Option<crate::wire::GradeWord>, Query),
        ("rehearsal" = Option<bool>, Query), ("provisional" = Option<bool>, Query),
        ("cursor" = Option<String>, Query),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
    ),
    responses((status = 200, body = List<Ticket>), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn tickets(
    State(web): State<Web>,
    pass: Pass,
    params: Params,
) -> Result<Json<List<Ticket>>, Problem> {
    let filter = params::ticket_filter(&params, pass.reach())?;
    let paging = params.paging()?;
    let page = web
        .engine
        .tickets(
            &filter,
            paging.cursor.as_deref(),
            paging.limit,
            Numbers::Masked,
        )
        .await?;
    Ok(Json(List::of(page)))
}

/// A ticket with its deadlines, each with the days counted, its trail, and what the asker may do next.
/// `id` is its number; `ETag` its version, for `If-Match`.
#[utoipa::path(get, path = "/api/v1/tickets/{id}", tag = "tickets",
    params(("id" = String, Path, description = "The ticket's number")),
    responses((status = 200, body = WholeTicket), (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 401, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn ticket(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let ticket = web.engine.ticket(&id, Numbers::Masked).await?;
    let ticket = ticket.ok_or_else(Problem::not_found)?;
    let whole = match id.parse() {
        Ok(number) => web.engine.whole_case(number).await?,
        Err(_) => None,
    };
    let asked = whole
        .as_ref()
        .and_then(|whole| whole.case.handling_unit.as_ref());
    // A handling unit sees what it is asked about, before any order is sent.
    if !asked.is_some_and(|unit| pass.is_of(unit)) {
        reached(&web, &pass, ticket.row.rehearsal, Some(&ticket.row.number)).await?;
    }
    let version = whole.as_ref().map_or(0, |whole| whole.case.version);
    let casework = whole.and_then(|whole| casework(&web, &pass, whole, &ticket.row.reasons));
    let body = Json(WholeTicket::from(ticket).with(casework));
    Ok(([(header::ETAG, acts::entity_tag(version))], body).into_response())
}

/// What is done about a ticket, for a person.
fn casework(web: &Web, pass: &Pass, whole: WholeCase, reasons: &[String]) -> Option<Casework> {
    let Visitor::Person(person) = &pass.visitor else {
        return None;
    };
    let by = By::Person(person.hand.clone());
    let allowed = web.engine.allowed(&whole.case, &by, now());
    let aspects: Vec<Aspect> = reasons
        .iter()
        .filter_map(|code| crate::domain::Reason::of_code(code))
        .map(Aspect::of)
        .collect();
    Some(Casework::of(whole, allowed, &aspects))
}

/// Whoever comes for the sound is judged by the look, not by the reach of lists.
pub(super) async fn whole(web: &Web, id: String) -> Result<CallDetail, Problem> {
    let detail = web.engine.call(&CallId(id), Numbers::Masked).await?;
    detail.ok_or_else(Problem::not_found)
}

pub(super) async fn detail(web: &Web, pass: &Pass, id: String) -> Result<CallDetail, Problem> {
    let detail = whole(web, id).await?;
    reached(
        web,
        pass,
        detail.row.rehearsal,
        detail.row.ticket.as_deref(),
    )
    .await?;
    Ok(detail)
}

/// What lies out of reach is not found.
pub(crate) async fn reached(
    web: &Web,
    pass: &Pass,
    rehearsal: bool,
    ticket: Option<&str>,
) -> Result<(), Problem> {
    let within = web.engine.within(&pass.reach(), rehearsal, ticket).await?;
    within.then_some(()).ok_or_else(Problem::not_found)
}
