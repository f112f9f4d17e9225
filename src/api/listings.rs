//! The blocklist (第十一条): each act on a listing has an address of its own; a rating that is 待核 is verified.

use axum::Json;
use axum::extract::{MatchedPath, Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::acts::{by, entity_tag, key, seen};
use super::body::{Body, unfit};
use super::params::Params;
use super::pass::Pass;
use super::problem::{Problem, ProblemDetails};
use super::{Web, now};
use crate::blocklist::{Act, Kind};
use crate::domain::{RatingId, TicketNumber};
use crate::engine::DoingToListing;
use crate::wire::{List, Listing, ListingActed, NewListing, NewVerdict, RatingVerdict};

/// Listings of one answer.
const MOST: u32 = 100;

/// Listings and proposals in the order of their numbers, at most a hundred behind `after`; those that are over stay.
#[utoipa::path(get, path = "/api/v1/listings", tag = "blocklist",
    params(("after" = Option<u64>, Query, description = "A listing's number")),
    responses((status = 200, body = List<Listing>),
        (status = 403, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(web): State<Web>,
    pass: Pass,
    params: Params,
) -> Result<Json<List<Listing>>, Problem> {
    params.only(&["after"])?;
    let after: Option<u64> = params.parsed("after", "17")?;
    let by = by(&pass)?;
    let found = web.engine.listings(after.unwrap_or(0), MOST, &by, now());
    Ok(Json(List::whole(found.await?)))
}

/// A listing with its history, its deadlines and what the asker may do.
#[utoipa::path(get, path = "/api/v1/listings/{id}", tag = "blocklist", params(("id" = u64, Path)),
    responses((status = 200, body = Listing, description = "With its version as `ETag`"),
        (status = 404, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn read(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let by = by(&pass)?;
    let found = web.engine.whole_listing(number(&id)?, &by, now()).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let tag = entity_tag(found.listing.version);
    Ok(([(header::ETAG, tag)], Json(Listing::from(found))).into_response())
}

/// Puts the rater of a ticket forward: three ratings judged malicious in twelve months, of one proven identity.
#[utoipa::path(post, path = "/api/v1/listings", tag = "blocklist", request_body = NewListing,
    responses((status = 200, body = ListingActed, description = "With its version as `ETag`"),
        (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json", description = "Not proven, too few, or listed already")))]
pub(crate) async fn propose(
    State(web): State<Web>,
    pass: Pass,
    Body(new): Body<NewListing>,
) -> Result<Response, Problem> {
    let ticket: TicketNumber = Body::<NewListing>::word("ticket", &new.ticket)?;
    let by = by(&pass)?;
    let listing = web
        .engine
        .propose_listing(ticket, new.reason, &by, now())
        .await?;
    Ok(acted(listing))
}

/// Does what the last part of the address names; `If-Match` and `Idempotency-Key` as for tickets.
pub(crate) async fn act(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    address: MatchedPath,
    headers: HeaderMap,
    Body(content): Body<Map<String, Value>>,
) -> Result<Response, Problem> {
    let word = address.as_str().rsplit('/').next().unwrap_or_default();
    let kind = Kind::named(word).ok_or_else(Problem::not_found)?;
    let doing = DoingToListing {
        listing: number(&id)?,
        act: content_of(kind, content)?,
        by: by(&pass)?,
        seen: seen(&headers)?,
        key: key(&headers)?,
    };
    Ok(acted(web.engine.act_on_listing(doing, now()).await?))
}

/// Somebody looked whether a rating that is 待核 is true. A 差评 is verified by its ticket as long as that is open.
#[utoipa::path(post, path = "/api/v1/ratings/{id}/verification", tag = "blocklist", request_body = NewVerdict,
    params(("id" = String, Path)),
    responses((status = 200, body = RatingVerdict),
        (status = 404, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn verify(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    Body(new): Body<NewVerdict>,
) -> Result<Json<RatingVerdict>, Problem> {
    let rating: RatingId = id.parse().map_err(|_| Problem::not_found())?;
    let by = by(&pass)?;
    let standing = web
        .engine
        .verify_rating(&rating, new.verdict, &new.reason, &by, now())
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok(Json(RatingVerdict {
        id,
        standing: standing.word().to_owned(),
    }))
}

fn number(id: &str) -> Result<u64, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

fn acted(listing: crate::blocklist::Listing) -> Response {
    let tag = entity_tag(listing.version);
    let body = Json(ListingActed::from(listing));
    ([(header::ETAG, tag)], body).into_response()
}

/// What is not a field of the act is refused by name.
fn content_of(kind: &'static Kind, mut content: Map<String, Value>) -> Result<Act, Problem> {
    for name in content.keys() {
        if !kind.fields.iter().any(|field| field.word() == name) {
            let names: Vec<_> = kind.fields.iter().map(|field| field.word()).collect();
            let name: String = name.chars().take(80).collect();
            return Err(unfit(&name, &format!("not one of: {}", names.join(", "))));
        }
    }
    for field in kind.fields {
        if content.get(field.word()).is_none_or(Value::is_null) {
            return Err(unfit(field.word(), "missing"));
        }
    }
    content.insert("act".to_owned(), kind.word.into());
    let act = serde_json::from_value(Value::Object(content));
    act.map_err(|error| unfit(kind.word, &error.to_string()))
}
