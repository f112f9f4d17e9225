//! The desks now, for whoever helps them: what each is doing, who waits, how soon callers are answered.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;

use super::chrome::Chrome;
use super::guard::rendered;
use super::params::Params;
use super::pass::Pass;
use super::problem::Problem;
use super::{Web, now};
use crate::board::{Board, DeskLine, Doing, Today, minute_text};
use crate::domain::{Day, Moment};
use crate::engine::{Answering, DeskCount};
use crate::rights::Action;

/// Days of the desks' figures. The running one is not among them: its sums would tell each call.
const DAYS: usize = 7;

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage {
    page: Chrome,
    board: Arc<Board>,
    lately: Answering,
    now: Moment,
    from: Day,
    until: Day,
    counts: Vec<DeskCount>,
    /// Whoever looks may supervise what he sees.
    supervises: bool,
}

#[derive(Template)]
#[template(path = "board_now.html")]
struct NowPart {
    page: Chrome,
    board: Arc<Board>,
    lately: Answering,
    now: Moment,
    supervises: bool,
}

/// The page. The figures by desk are of the last seven days that are over.
pub(super) async fn page(
    Shared(web): Shared<Web>,
    page: Chrome,
    pass: Pass,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let now = now();
    let until = now.day().previous();
    let from = (1..DAYS).fold(until, |day, _| day.previous());
    Ok(rendered(&BoardPage {
        page,
        board: (web.options.board)(),
        lately: web.lately(now).await?,
        now,
        from,
        until,
        counts: web.engine.desk_counts(from, until).await?,
        supervises: pass.visitor.may(Action::Supervise).is_some(),
    }))
}

/// The part that is fetched again while somebody looks at it.
pub(super) async fn now_part(
    Shared(web): Shared<Web>,
    page: Chrome,
    pass: Pass,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let now = now();
    Ok(rendered(&NowPart {
        page,
        board: (web.options.board)(),
        lately: web.lately(now).await?,
        now,
        supervises: pass.visitor.may(Action::Supervise).is_some(),
    }))
}

impl Chrome {
    fn doing(&self, desk: &DeskLine) -> String {
        let word = self.word("doing", desk.doing.word());
        match &desk.reason {
            Some(reason) => format!("{word}：{reason}"),
            None => word,
        }
    }

    /// `08:30-12:00`, or that it is closed.
    fn hours_of(&self, today: &Today) -> String {
        let stretches: Vec<String> = today.open.iter().map(ToString::to_string).collect();
        match stretches.is_empty() {
            true => self.t("board.closed_today"),
            false => stretches.join("、"),
        }
    }

    /// What is out of the ordinary about it: `半天 · 除夕`.
    fn day_is(&self, today: &Today) -> String {
        let kind = self.word("day_hours", today.kind.word());
        let parts = [Some(kind), today.name.clone(), today.dialplan.clone()];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(" · ")
    }

    /// Until when it is open, or that it is not.
    fn open_until(&self, today: &Today) -> String {
        match today.until_min {
            Some(minute) => self.fill("board.open_until", &[("time", &minute_text(minute))]),
            None => self.t("board.not_open"),
        }
    }

    fn how_many(&self, board: &Board) -> Vec<(String, usize)> {
        let doing = [Doing::Ready, Doing::Ringing, Doing::Talking];
        let row = |what: Doing| {
            let name = self.t(&format!("board.{}", what.word()));
            (name, board.doing(what))
        };
        doing.map(row).into()
    }
}
