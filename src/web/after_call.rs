//! What a desk's page notes of the call that it just had, and the matters it may name.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::params::Params;
use super::pass::{Pass, Visitor};
use super::problem::Problem;
use super::{Web, now};
use crate::engine::CallId;
use crate::gate::body::Body;
use crate::staff::CallNote;

/// What the page sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoteForm {
    call: String,
    note: String,
    /// The code of an item (事项).
    #[serde(default)]
    matter: Option<String>,
}

/// `POST /desk/note`: 204 when it is stored; 403 where the call is not the last one of the person's own desk, 409 where
/// the note or the matter is none.
pub(super) async fn note(
    State(web): State<Web>,
    pass: Pass,
    Body(form): Body<NoteForm>,
) -> Result<StatusCode, Problem> {
    let Visitor::Person(person) = &pass.visitor else {
        return Err(Problem::unauthorised());
    };
    let consoles = web.options.consoles.as_ref();
    let post = consoles.and_then(|consoles| consoles.may_note(&person.name, &form.call));
    let post = post.ok_or_else(|| Problem::new(StatusCode::FORBIDDEN, "not_your_last_call"))?;
    let wish = CallNote {
        call: &CallId(form.call),
        desk: &post.desk,
        staff: post.staff.as_deref(),
        note: &form.note,
        matter: form.matter.as_deref().filter(|code| !code.is_empty()),
    };
    web.engine.note_call(&wish, person, now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A matter that may be named.
#[derive(Serialize)]
pub(super) struct Item {
    code: String,
    name: String,
}

/// `GET /desk/matters?search=`: those in whose code or name it stands, at most twenty.
pub(super) async fn matters(
    State(web): State<Web>,
    params: Params,
) -> Result<Json<Vec<Item>>, Problem> {
    params.only(&["search"])?;
    let part = params.text("search").unwrap_or_default();
    let found = web.engine.find_items(part).await?;
    let items = found.into_iter().map(|row| Item {
        code: row.code,
        name: row.name,
    });
    Ok(Json(items.collect()))
}
