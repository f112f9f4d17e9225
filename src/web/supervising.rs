//! The form by which a supervisor asks to hear a running call; its sound comes to the page of his own desk.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::chrome::Chrome;
use super::guard::rendered;
use super::locale::Language;
use super::login::refused;
use super::params::Params;
use super::pass::{Pass, Visitor};
use super::problem::Problem;
use super::{Web, now};
use crate::console::Mode;
use crate::engine::CallId;
use crate::supervision::{NotBegun, Supervisor, Wish};

#[derive(Template)]
#[template(path = "supervise.html")]
struct SupervisePage {
    page: Chrome,
    begun: bool,
    call: String,
    mode: String,
    modes: [&'static str; 3],
    reason: String,
    /// Why it has not begun.
    trouble: Option<String>,
}

impl SupervisePage {
    fn new(page: Chrome) -> SupervisePage {
        SupervisePage {
            page,
            begun: false,
            call: String::new(),
            mode: Mode::Listen.word().to_owned(),
            modes: Mode::ALL.map(Mode::word),
            reason: String::new(),
            trouble: None,
        }
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct SuperviseForm {
    call: String,
    mode: String,
    reason: String,
}

pub(super) async fn page(page: Chrome, params: Params) -> Result<Response, Problem> {
    params.only(&["call", "said"])?;
    Ok(rendered(&SupervisePage {
        begun: params.text("said") == Some("begun"),
        call: params.text("call").unwrap_or_default().to_owned(),
        ..SupervisePage::new(page)
    }))
}

/// Begins it, or shows the form again with what stands in the way.
pub(super) async fn ask(
    State(web): State<Web>,
    page: Chrome,
    pass: Pass,
    Form(form): Form<SuperviseForm>,
) -> Result<Response, Problem> {
    let Visitor::Person(person) = &pass.visitor else {
        return Err(Problem::unauthorised());
    };
    let mode = Mode::ALL.into_iter().find(|mode| mode.word() == form.mode);
    let mode = mode.ok_or_else(|| Problem::bad_request("bad_request"))?;
    let who = Supervisor {
        login: person.name.clone(),
        person: person.id.clone(),
    };
    let wish = Wish {
        call: CallId(form.call.trim().to_owned()),
        mode,
        reason: form.reason.clone(),
    };
    let begun = match &web.options.supervisions {
        Some(supervisions) => supervisions.begin(who, wish, now()).await,
        None => Err(NotBegun::NoCall),
    };
    let no = match begun {
        Ok(()) => return Ok(Redirect::to("/board/supervise?said=begun").into_response()),
        Err(NotBegun::Engine(error)) => return Err(error.into()),
        Err(no) => no,
    };
    let trouble = match (&no, page.language) {
        (NotBegun::Reason(why), Language::Chinese) => why.zh(),
        (NotBegun::Reason(why), Language::English) => why.to_string(),
        _ => page.word("supervise_trouble", no.word().unwrap_or_default()),
    };
    Ok(refused(&SupervisePage {
        call: form.call,
        mode: form.mode,
        reason: form.reason,
        trouble: Some(trouble),
        ..SupervisePage::new(page)
    }))
}
