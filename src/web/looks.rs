//! The form of a call's page that asks for a look, and what that page may show.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::pass::{Pass, Visitor};
use super::problem::Problem;
use super::{Web, now};
use crate::api::looks::{MOST, asked, ground};
use crate::engine::{CallDetail, CallId};
use crate::gate::body::Body;
use crate::rights::Sight;
use crate::staff::{Hearing, LookWish};

/// What the form of a call's page sends.
#[derive(Deserialize)]
pub(super) struct LookForm {
    sight: String,
    #[serde(default)]
    ticket: String,
    #[serde(default)]
    callers_request: Option<String>,
    reason: String,
}

/// The same from a call's page, which shows what was granted.
pub(super) async fn ask_by_page(
    State(web): State<Web>,
    pass: Pass,
    Path(id): Path<String>,
    Form(form): Form<LookForm>,
) -> Result<Response, Problem> {
    let wish = LookWish {
        call: CallId(id),
        sight: Body::<LookForm>::word("sight", &form.sight)?,
        ground: ground(Some(form.ticket), form.callers_request.is_some()),
        reason: form.reason,
    };
    asked(&web, &pass.visitor, &wish).await?;
    Ok(Redirect::to(&format!("/calls/{}", wish.call.0)).into_response())
}

/// What a call's page offers to ask for, and what it may show already.
pub(super) struct Offered {
    /// The sound may be played.
    pub(super) hears: bool,
    /// The recording may be had as a file.
    pub(super) downloads: bool,
    /// Words of what may be asked for.
    pub(super) asks: Vec<&'static str>,
    /// Asked for, and a second person has not answered yet.
    pub(super) waits: bool,
}

impl Offered {
    pub(super) fn may_ask(&self, sight: &str) -> bool {
        self.asks.contains(&sight)
    }
}

pub(super) async fn offered(
    web: &Web,
    visitor: &Visitor,
    call: &CallDetail,
) -> Result<Offered, Problem> {
    let (id, rehearsal) = (&call.row.id, call.row.rehearsal);
    let mut offered = Offered {
        hears: false,
        downloads: false,
        asks: Vec::new(),
        waits: false,
    };
    for sight in Sight::ALL {
        let hearing = web
            .engine
            .hearing(id, rehearsal, sight, visitor.asker(), now())
            .await?;
        match (hearing, sight) {
            (Hearing::Open(_), Sight::Recording) => offered.hears = true,
            (Hearing::Open(_), Sight::Download) => offered.downloads = true,
            (Hearing::Open(_), Sight::Identity) => {}
            // Without a recording there is nothing to hear.
            (Hearing::Ask, Sight::Identity) => offered.asks.push(sight.word()),
            (Hearing::Ask, _) if call.recording.is_some() => offered.asks.push(sight.word()),
            (Hearing::Ask | Hearing::Closed(_), _) => {}
        }
    }
    if !offered.asks.is_empty() {
        let waiting = web.engine.looks(Some(id), true, None, MOST).await?;
        offered.waits = waiting.iter().any(|look| look.asker == visitor.name());
    }
    Ok(offered)
}
