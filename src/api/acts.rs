//! `/api/v1/tickets/{id}/{act}`: each transition of the ticket's table has an address of its own.

use axum::Json;
use axum::extract::{MatchedPath, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::body::{Body, unfit};
use super::pass::{Pass, Visitor};
use super::problem::Problem;
use super::{Web, now};
use crate::acts::{Act, Kind};
use crate::domain::{By, Moment, PersonId, TicketNumber, UnitId};
use crate::engine::Doing;
use crate::wire::Acted;

/// Longer keys only cost room.
const LONGEST_KEY: usize = 200;

/// Does what the last part of the address names. `If-Match` says which version of the ticket was seen;
/// `Idempotency-Key` lets a request whose answer was lost be sent again.
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
    let ticket: TicketNumber = id.parse().map_err(|_| Problem::not_found())?;
    let now = now();
    let act = read(&web, kind, content, now).await?;
    let doing = Doing {
        ticket,
        act,
        by: by(&pass)?,
        seen: seen(&headers)?,
        key: key(&headers)?,
    };
    let acted = web.engine.act(doing, now).await?;
    let body = Json(Acted {
        number: ticket.to_string(),
        state: acted.state.word().to_owned(),
        version: acted.version,
    });
    Ok(([(header::ETAG, entity_tag(acted.version))], body).into_response())
}

/// The tag of a ticket's version.
pub(crate) fn entity_tag(version: u32) -> String {
    format!("\"{version}\"")
}

/// Programs hold no posts, so they do nothing to a ticket.
pub(super) fn by(pass: &Pass) -> Result<By, Problem> {
    match &pass.visitor {
        Visitor::Person(person) => Ok(By::Person(person.hand.clone())),
        Visitor::Program(_) => Err(Problem::new(StatusCode::FORBIDDEN, "forbidden")),
    }
}

pub(super) fn seen(headers: &HeaderMap) -> Result<Option<u32>, Problem> {
    let required = || Problem::new(StatusCode::PRECONDITION_REQUIRED, "if_match_required");
    let value = headers.get(header::IF_MATCH).ok_or_else(required)?;
    let text = value.to_str().map_err(|_| required())?.trim();
    if text == "*" {
        return Ok(None);
    }
    let quoted = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    match quoted.and_then(|text| text.parse().ok()) {
        Some(version) => Ok(Some(version)),
        // A tag that no ticket of ours ever had.
        None => Err(Problem::new(StatusCode::PRECONDITION_FAILED, "stale")),
    }
}

pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    match text.is_empty() || text.len() > LONGEST_KEY {
        true => Err(unfit("Idempotency-Key", "1 to 200 visible characters")),
        false => Ok(Some(text.to_owned())),
    }
}

/// The act with its content; what is not a field of it is refused by name.
async fn read(
    web: &Web,
    kind: &'static Kind,
    mut content: Map<String, Value>,
    now: Moment,
) -> Result<Act, Problem> {
    // Whose staff number an officer has is not for the asker to say.
    let known = || kind.fields.iter().filter(|field| field.name != "staff");
    for name in content.keys() {
        if !known().any(|field| field.name == name) {
            let names: Vec<_> = known().map(|field| field.name).collect();
            let name: String = name.chars().take(80).collect();
            return Err(unfit(&name, &format!("not one of: {}", names.join(", "))));
        }
    }
    for field in known().filter(|field| field.required) {
        if content.get(field.name).is_none_or(Value::is_null) {
            return Err(unfit(field.name, "missing"));
        }
    }
    content.insert("act".to_owned(), kind.word.into());
    let act = serde_json::from_value(Value::Object(content));
    let mut act: Act = act.map_err(|error| unfit(kind.word, &error.to_string()))?;
    if let Act::Assign { officer, staff, .. } = &mut act {
        *staff = officers_staff(web, officer, now).await?;
    }
    let units = web.engine.units().await?;
    for named in units_of(&act) {
        let open = units
            .iter()
            .any(|unit| unit.id == *named && unit.closed_at.is_none());
        if !open {
            return Err(unfit("unit", &format!("there is no unit “{named}”")));
        }
    }
    Ok(act)
}

async fn officers_staff(
    web: &Web,
    officer: &PersonId,
    now: Moment,
) -> Result<Option<String>, Problem> {
    let hand = web.engine.hand_of(officer, now).await?;
    let hand = hand.ok_or_else(|| unfit("officer", "there is no such person"))?;
    match hand.has(crate::domain::Role::CentreOfficer) {
        true => Ok(hand.staff),
        false => Err(unfit("officer", "is no officer of the Centre")),
    }
}

fn units_of(act: &Act) -> Vec<&UnitId> {
    match act {
        Act::Draft(assessment) => assessment.units.iter().map(|named| &named.unit).collect(),
        Act::Assign {
            handling_unit: Some(unit),
            ..
        }
        | Act::Dispatch {
            unit: Some(unit), ..
        }
        | Act::RejectAppeal {
            unit: Some(unit), ..
        }
        | Act::Contest {
            suggests: Some(unit),
            ..
        } => vec![unit],
        _ => Vec::new(),
    }
}
