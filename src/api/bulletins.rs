//! Bulletins (第十八条): drafted, reviewed, issued; and what is told to the public (第二十条).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::body::Body;
use super::params::Params;
use super::pass::{Pass, Visitor};
use super::problem::{Problem, ProblemDetails};
use super::{Web, now};
use crate::bulletins::NewBulletin as Drafting;
use crate::engine::Reach;
use crate::figures::{Period, TypicalCase};
use crate::rights::Action;
use crate::staff::Person;
use crate::wire::{
    BulletinHead, BulletinTerm, List, NewBulletin, Publication, PublishedMonth, SeenBulletin,
    WholeBulletin,
};

/// The last version of each period's bulletin, newest first; drafts only to who drafts, reviews or signs.
#[utoipa::path(get, path = "/api/v1/bulletins", tag = "bulletins",
    params(("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200)),
    responses((status = 200, body = List<BulletinHead>), (status = 400, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn list(
    State(web): State<Web>,
    pass: Pass,
    params: Params,
) -> Result<Json<List<BulletinHead>>, Problem> {
    params.only(&["cursor", "limit"])?;
    let drafts = pass.visitor.may(Action::Publish).is_some();
    let paging = params.paging()?;
    let after = paging.cursor.as_deref().map(|cursor| {
        let bad = |_| crate::engine::Error::BadCursor(cursor.chars().take(80).collect());
        cursor.parse::<Period>().map_err(bad)
    });
    let limit = paging.limit as usize;
    let mut rows = web
        .engine
        .bulletins(after.transpose()?, paging.limit + 1)
        .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows
        .last()
        .filter(|_| more)
        .map(|row| row.period.to_string());
    let open = rows
        .into_iter()
        .filter(|row| drafts || row.issued_at.is_some());
    let mut list = List::whole(open);
    list.next = next;
    Ok(Json(list))
}

/// Until when the bulletins of months and quarters are due, and what became of them; the last ones due first.
#[utoipa::path(get, path = "/api/v1/bulletins/terms", tag = "bulletins",
    responses((status = 200, body = List<BulletinTerm>)), security(("token" = [])))]
pub(crate) async fn terms(
    State(web): State<Web>,
    params: Params,
) -> Result<Json<List<BulletinTerm>>, Problem> {
    params.only(&[])?;
    Ok(Json(List::whole(web.engine.bulletin_terms().await?)))
}

/// A period's bulletin as it was signed, with what is counted otherwise since.
#[utoipa::path(get, path = "/api/v1/bulletins/{id}", tag = "bulletins",
    params(("id" = String, Path, description = "2026-09, 2026-Q3")),
    responses((status = 200, body = WholeBulletin), (status = 404, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn read(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
) -> Result<Json<WholeBulletin>, Problem> {
    let waiting = web.engine.waiting().await?;
    let found = web.engine.bulletin(period(&id)?, now()).await?;
    let drafts = pass.visitor.may(Action::Publish).is_some();
    let open = found.filter(|found| drafts || found.row.issued_at.is_some());
    let found = open.ok_or_else(Problem::not_found)?;
    let with_tickets = pass.visitor.reach(Action::SeeTickets) == Some(Reach::All);
    Ok(Json(WholeBulletin::of(found, with_tickets, waiting)))
}

/// Drafts a period's bulletin from what is counted now, or drafts it anew.
#[utoipa::path(post, path = "/api/v1/bulletins", tag = "bulletins", request_body = NewBulletin,
    responses((status = 200, body = BulletinHead),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json", description = "Not over, issued already, or a case names somebody")))]
pub(crate) async fn draft(
    State(web): State<Web>,
    pass: Pass,
    Body(new): Body<NewBulletin>,
) -> Result<Json<BulletinHead>, Problem> {
    let period = Body::<NewBulletin>::word("period", &new.period)?;
    let drafting = Drafting {
        reference: new.reference,
        to: new.to,
        cases: new
            .cases
            .into_iter()
            .map(|case| TypicalCase {
                ticket: case.ticket,
                problem: case.problem,
                measure: case.measure,
                outcome: case.outcome,
            })
            .collect(),
        demands: new.demands,
    };
    let by = person(&pass)?;
    let row = web
        .engine
        .draft_bulletin(period, drafting, by, now())
        .await?;
    Ok(Json(row.into()))
}

/// A second person has looked it through.
#[utoipa::path(post, path = "/api/v1/bulletins/{id}/review", tag = "bulletins", request_body = SeenBulletin,
    params(("id" = String, Path)),
    responses((status = 200, body = BulletinHead),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 412, body = ProblemDetails, content_type = "application/problem+json", description = "It was drafted anew since it was read")))]
pub(crate) async fn review(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    Body(seen): Body<SeenBulletin>,
) -> Result<Json<BulletinHead>, Problem> {
    let by = person(&pass)?;
    let row = web
        .engine
        .review_bulletin(period(&id)?, &seen.digest, by, now())
        .await?;
    Ok(Json(row.into()))
}

/// A third person signs it; from then on it never changes.
#[utoipa::path(post, path = "/api/v1/bulletins/{id}/issue", tag = "bulletins", request_body = SeenBulletin,
    params(("id" = String, Path)),
    responses((status = 200, body = BulletinHead),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 412, body = ProblemDetails, content_type = "application/problem+json", description = "It was drafted anew since it was read")))]
pub(crate) async fn issue(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    Body(seen): Body<SeenBulletin>,
) -> Result<Json<BulletinHead>, Problem> {
    let by = person(&pass)?;
    let row = web
        .engine
        .issue_bulletin(period(&id)?, &seen.digest, by, now())
        .await?;
    Ok(Json(row.into()))
}

/// What the public may read: the months of which a bulletin was issued, and one of them (第二十条).
#[utoipa::path(get, path = "/api/v1/published", tag = "published",
    params(("month" = Option<String>, Query, example = "2026-09"), ("format" = Option<String>, Query, description = "`json`, or `csv` for the month's numbers")),
    responses((status = 200, body = Publication), (status = 404, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn published(State(web): State<Web>, params: Params) -> Result<Response, Problem> {
    params.only(&["month", "format"])?;
    let month: Option<Period> = params.parsed("month", "2026-09")?;
    let found = match month {
        None => None,
        Some(month) => {
            let found = web.engine.published(month, now()).await?;
            Some(found.ok_or_else(Problem::not_found)?)
        }
    };
    match (params.text("format").unwrap_or("json"), found) {
        ("csv", Some(found)) => {
            let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
            Ok((kind, PublishedMonth::from(found).csv()).into_response())
        }
        ("json", found) => {
            let months = web.engine.published_months().await?;
            let months = months.iter().map(Period::to_string).collect();
            Ok(Json(Publication::of(months, found)).into_response())
        }
        (format, _) => Err(Problem::bad_request("unreadable_parameter")
            .with("name", "format")
            .with("value", format.chars().take(60).collect::<String>())
            .with("wanted", "json, csv (of a month)")),
    }
}

fn period(id: &str) -> Result<Period, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

fn person(pass: &Pass) -> Result<&Person, Problem> {
    match &pass.visitor {
        Visitor::Person(person) => Ok(person),
        Visitor::Program(_) => Err(Problem::unauthorised()),
    }
}
