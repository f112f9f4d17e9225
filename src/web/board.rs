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
use crate::board::{Board, DeskLine, Doing};
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

    fn how_many(&self, board: &Board) -> Vec<(String, usize)> {
        let doing = [Doing::Ready, Doing::Ringing, Doing::Talking];
        let row = |what: Doing| {
            let name = self.t(&format!("board.{}", what.word()));
            (name, board.doing(what))
        };
        doing.map(row).into()
    }
}
