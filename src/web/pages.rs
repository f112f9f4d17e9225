//! The staff's pages. Callers are masked on all of them.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;

use super::chrome::Chrome;
use super::guard::rendered;
use super::looks::{self, Offered};
use super::outward::{self, Offer};
use super::params::{self, Params};
use super::pass::Pass;
use super::problem::Problem;
use super::{Web, now};
use crate::api::reads::reached;
use crate::domain::{Day, Moment};
use crate::engine::{
    CallDetail, CallFilter, CallId, CallRow, Figures, Numbers, RatingRow, Reach, TicketDetail,
    TicketFilter, TicketRow,
};
use crate::errands::Trouble;
use crate::rights::Action;
use crate::staff::CallNoteRow;

/// Tickets whose deadlines the overview looks through, newest first.
const OPEN_TICKETS: u32 = 10;
const LIVE_CALLS: u32 = 50;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    page: Chrome,
    today: Day,
    /// Of the locale files: what the day is called.
    day: &'static str,
    figures: Figures,
    week: Figures,
    /// `None` where the visitor may see no call.
    live: Option<Vec<CallRow>>,
    now: Moment,
    /// `None` where the visitor may see no ticket.
    tickets: Option<Vec<TicketRow>>,
}

#[derive(Template)]
#[template(path = "live.html")]
struct LivePart {
    page: Chrome,
    live: Vec<CallRow>,
    now: Moment,
}

#[derive(Template)]
#[template(path = "calls.html")]
struct CallsPage {
    page: Chrome,
    params: Params,
    rows: Vec<CallRow>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "call.html")]
struct CallPage {
    page: Chrome,
    call: CallDetail,
    now: Moment,
    offered: Offered,
    /// Of the whole number, where a look in force shows it.
    number: Option<String>,
    /// What its desks noted afterwards.
    notes: Vec<CallNoteRow>,
}

#[derive(Template)]
#[template(path = "ratings.html")]
struct RatingsPage {
    page: Chrome,
    params: Params,
    rows: Vec<RatingRow>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "tickets.html")]
struct TicketsPage {
    page: Chrome,
    params: Params,
    rows: Vec<TicketRow>,
    next: Option<String>,
    now: Moment,
}

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketPage {
    page: Chrome,
    ticket: TicketDetail,
    now: Moment,
    out: Offer,
    /// What became of a call out that was asked for here.
    said: Option<String>,
}

pub(super) async fn overview(
    Shared(web): Shared<Web>,
    page: Chrome,
    pass: Pass,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let now = now();
    // Whoever may see sums only sees those of days that are over: a running day's would tell each grade.
    let aggregated = !pass
        .visitor
        .may(Action::SeeFigures)
        .is_some_and(|g| g.plainly());
    let (today, day) = match aggregated {
        true => (now.day().previous(), "overview.day_before"),
        false => (now.day(), "overview.today"),
    };
    let week_ago = (0..6).fold(today, |day, _| day.previous());
    let tickets = match pass.visitor.reach(Action::SeeTickets) {
        Some(reach) => {
            let filter = TicketFilter {
                reach,
                ..TicketFilter::default()
            };
            let found = web
                .engine
                .tickets(&filter, None, OPEN_TICKETS, Numbers::Masked)
                .await?;
            Some(found.items)
        }
        None => None,
    };
    let live = match pass.visitor.reach(Action::SeeGrades) {
        Some(reach) => Some(live_calls(&web, reach).await?),
        None => None,
    };
    Ok(rendered(&OverviewPage {
        page,
        today,
        day,
        figures: web.engine.figures(Some(today), Some(today)).await?,
        week: web.engine.figures(Some(week_ago), Some(today)).await?,
        live,
        now,
        tickets,
    }))
}

/// The part of the overview and of the calls that is fetched again while people look at it.
pub(super) async fn live(
    Shared(web): Shared<Web>,
    page: Chrome,
    pass: Pass,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let live = live_calls(&web, pass.reach()).await?;
    let now = now();
    Ok(rendered(&LivePart { page, live, now }))
}

pub(super) async fn calls(
    Shared(web): Shared<Web>,
    page: Chrome,
    pass: Pass,
    params: Params,
) -> Result<Response, Problem> {
    let filter = params::call_filter(&params, pass.reach())?;
    let paging = params.paging()?;
    let found = web
        .engine
        .calls(
            &filter,
            paging.cursor.as_deref(),
            paging.limit,
            Numbers::Masked,
        )
        .await?;
    Ok(rendered(&CallsPage {
        page,
        next: found.next.map(|cursor| params.with_cursor(&cursor)),
        params,
        rows: found.items,
    }))
}

pub(super) async fn call(
    Shared(web): Shared<Web>,
    page: Chrome,
    pass: Pass,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let (id, now) = (CallId(id), now());
    let numbers = web
        .engine
        .numbers_of(&id, pass.visitor.asker(), now)
        .await?;
    let call = web.engine.call(&id, numbers).await?;
    let call = call.ok_or_else(Problem::not_found)?;
    let ticket = call.row.ticket.as_deref();
    reached(&web, &pass, call.row.rehearsal, ticket).await?;
    let offered = looks::offered(&web, &pass.visitor, &call).await?;
    let number = call.row.caller_number.clone();
    let notes = web.engine.call_notes(&id).await?;
    Ok(rendered(&CallPage {
        page,
        call,
        now,
        offered,
        number,
        notes,
    }))
}

pub(super) async fn ratings(
    Shared(web): Shared<Web>,
    page: Chrome,
    pass: Pass,
    params: Params,
) -> Result<Response, Problem> {
    let filter = params::rating_filter(&params, pass.reach())?;
    let paging = params.paging()?;
    let found = web
        .engine
        .ratings(&filter, paging.cursor.as_deref(), paging.limit)
        .await?;
    Ok(rendered(&RatingsPage {
        page,
        next: found.next.map(|cursor| params.with_cursor(&cursor)),
        params,
        rows: found.items,
    }))
}

pub(super) async fn tickets(
    Shared(web): Shared<Web>,
    page: Chrome,
    pass: Pass,
    params: Params,
) -> Result<Response, Problem> {
    let filter = params::ticket_filter(&params, pass.reach())?;
    let paging = params.paging()?;
    let found = web
        .engine
        .tickets(
            &filter,
            paging.cursor.as_deref(),
            paging.limit,
            Numbers::Masked,
        )
        .await?;
    Ok(rendered(&TicketsPage {
        page,
        next: found.next.map(|cursor| params.with_cursor(&cursor)),
        params,
        rows: found.items,
        now: now(),
    }))
}

pub(super) async fn ticket(
    Shared(web): Shared<Web>,
    page: Chrome,
    pass: Pass,
    Path(number): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&["call_out"])?;
    let ticket = web.engine.ticket(&number, Numbers::Masked).await?;
    let ticket = ticket.ok_or_else(Problem::not_found)?;
    reached(&web, &pass, ticket.row.rehearsal, Some(&number)).await?;
    let now = now();
    let state = ticket.row.state.word();
    let out = outward::offer(&web, &pass.visitor, &number, state).await?;
    let known = |word: &str| word == "asked" || Trouble::ALL.iter().any(|one| one.word() == word);
    let said = params
        .text("call_out")
        .filter(|word| known(word))
        .map(str::to_owned);
    Ok(rendered(&TicketPage {
        page,
        ticket,
        now,
        out,
        said,
    }))
}

async fn live_calls(web: &Web, reach: Reach) -> Result<Vec<CallRow>, Problem> {
    let filter = CallFilter {
        reach,
        live: Some(true),
        ..CallFilter::default()
    };
    let found = web
        .engine
        .calls(&filter, None, LIVE_CALLS, Numbers::Masked)
        .await?;
    Ok(found.items)
}
