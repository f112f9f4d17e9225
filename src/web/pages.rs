//! The staff's pages. Callers are masked on all of them.

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;

use super::chrome::Chrome;
use super::guard::rendered;
use super::lamp::Lamp;
use super::locale::Language;
use super::params::{self, CALL_STATES, OUTCOMES, Params};
use super::problem::Problem;
use super::{Web, now};
use crate::domain::{CountedDay, Day, Grade, Moment, State};
use crate::engine::{
    CallDetail, CallFilter, CallId, CallRow, CallState, ClipKind, Counted, DeadlineRow, Figures,
    HungUpBy, Numbers, RatingRow, TicketDetail, TicketFilter, TicketRow, TimelineEntry,
};

/// Tickets whose deadlines the overview looks through, newest first.
const OPEN_TICKETS: u32 = 10;
const LIVE_CALLS: u32 = 50;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    page: Chrome,
    today: Day,
    figures: Figures,
    week: Figures,
    live: Vec<CallRow>,
    now: Moment,
    tickets: Vec<TicketRow>,
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
}

pub(super) async fn overview(
    Shared(web): Shared<Web>,
    page: Chrome,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let now = now();
    let today = now.day();
    let week_ago = (0..6).fold(today, |day, _| day.previous());
    let open = TicketFilter {
        rehearsal: Some(false),
        ..TicketFilter::default()
    };
    let tickets = web
        .engine
        .tickets(&open, None, OPEN_TICKETS, Numbers::Masked)
        .await?;
    Ok(rendered(&OverviewPage {
        page,
        today,
        figures: web.engine.figures(Some(today), Some(today)).await?,
        week: web.engine.figures(Some(week_ago), Some(today)).await?,
        live: live_calls(&web).await?,
        now,
        tickets: tickets.items,
    }))
}

/// The part of the overview and of the calls that is fetched again while people look at it.
pub(super) async fn live(
    Shared(web): Shared<Web>,
    page: Chrome,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let live = live_calls(&web).await?;
    let now = now();
    Ok(rendered(&LivePart { page, live, now }))
}

pub(super) async fn calls(
    Shared(web): Shared<Web>,
    page: Chrome,
    params: Params,
) -> Result<Response, Problem> {
    let filter = params::call_filter(&params)?;
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
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let call = web.engine.call(&CallId(id), Numbers::Masked).await?;
    let call = call.ok_or_else(Problem::not_found)?;
    let now = now();
    Ok(rendered(&CallPage { page, call, now }))
}

pub(super) async fn ratings(
    Shared(web): Shared<Web>,
    page: Chrome,
    params: Params,
) -> Result<Response, Problem> {
    let filter = params::rating_filter(&params)?;
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
    params: Params,
) -> Result<Response, Problem> {
    let filter = params::ticket_filter(&params)?;
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
    Path(number): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let ticket = web.engine.ticket(&number, Numbers::Masked).await?;
    let ticket = ticket.ok_or_else(Problem::not_found)?;
    let now = now();
    Ok(rendered(&TicketPage { page, ticket, now }))
}

async fn live_calls(web: &Web) -> Result<Vec<CallRow>, Problem> {
    let filter = CallFilter {
        live: Some(true),
        ..CallFilter::default()
    };
    let found = web
        .engine
        .calls(&filter, None, LIVE_CALLS, Numbers::Masked)
        .await?;
    Ok(found.items)
}

/// What the templates ask about a row; they decide nothing themselves.
impl Chrome {
    fn grade(&self, grade: &Grade) -> String {
        self.word("grade", grade.word())
    }

    fn state(&self, state: &CallState) -> String {
        let word = CALL_STATES
            .into_iter()
            .find(|(_, other)| other == state)
            .map_or("", |(word, _)| word);
        self.word("call_state", word)
    }

    fn hung_up_by(&self, by: &HungUpBy) -> String {
        self.word(
            "hung_up_by",
            match by {
                HungUpBy::Caller => "caller",
                HungUpBy::Desk => "desk",
                HungUpBy::System => "system",
            },
        )
    }

    fn outcome(&self, row: &CallRow) -> String {
        let Some(word) = row.outcome.as_deref() else {
            return "–".to_owned();
        };
        let said = self.word("outcome", word);
        match row.outcome_after_ms {
            Some(ms) => {
                let seconds = format!("{:.1}", ms as f64 / 1000.0);
                self.fill(
                    "calls.left_after",
                    &[("outcome", &said), ("seconds", &seconds)],
                )
            }
            None => said,
        }
    }

    fn is_live(&self, row: &CallRow) -> bool {
        !matches!(row.state, CallState::Ended | CallState::Interrupted)
    }

    fn caller(&self, caller: &Option<String>) -> String {
        caller.clone().unwrap_or_else(|| self.t("calls.withheld"))
    }

    /// How long a call that goes on has gone on.
    fn elapsed(&self, since: &Moment, now: &Moment) -> String {
        let ms = now.millis().saturating_sub(since.millis());
        self.length(&u64::try_from(ms).unwrap_or(0))
    }

    /// `2:03.4`, or with a sign before the answer: where a line stands on the recording.
    fn offset(&self, offset_ms: &i64) -> String {
        let ms = offset_ms.unsigned_abs();
        let sign = if *offset_ms < 0 { "−" } else { "" };
        format!("{sign}{}.{}", self.length(&ms), ms % 1000 / 100)
    }

    /// Seconds for `data-` attributes and media fragments.
    fn seconds(&self, offset_ms: &i64) -> String {
        format!("{:.3}", *offset_ms as f64 / 1000.0)
    }

    fn timeline_kind(&self, entry: &TimelineEntry) -> String {
        self.word("timeline", &entry.kind)
    }

    /// Which marks the waveform draws, and in which colour.
    fn mark_class(&self, entry: &TimelineEntry) -> &'static str {
        match entry.kind.as_str() {
            "key" | "key_kept" | "grade" | "reason" => "key",
            "key_ignored" | "key_invalid" | "silent" | "grade_withdrawn" => "odd",
            "fault" | "gap" | "one_way" => "fault",
            "step" => "quiet",
            "hung_up" | "outcome" => "end",
            _ => "plain",
        }
    }

    /// Details that are words of ours are translated; what remains is shown as it was stored.
    fn timeline_detail(&self, entry: &TimelineEntry) -> String {
        match entry.kind.as_str() {
            "hung_up" | "hold" | "resumed" => self.word("hung_up_by", &entry.detail),
            "reason" => self.word("reason", &entry.detail),
            "outcome" => self.word("outcome", &entry.detail),
            "grade" => self.word("grade", &entry.detail),
            "prompt" | "offer" => {
                let clip = entry.detail.split('.').next().unwrap_or_default();
                match self.language.lookup(&format!("prompt.{clip}")) {
                    Some(said) => format!("{} {said}", entry.detail),
                    None => entry.detail.clone(),
                }
            }
            _ => entry.detail.clone(),
        }
    }

    fn clip_kind(&self, kind: &ClipKind) -> &'static str {
        match kind {
            ClipKind::Remark => "remark",
            ClipKind::Voice => "voice",
        }
    }

    fn lamp(&self, deadline: &DeadlineRow, now: &Moment) -> &'static str {
        Lamp::of(deadline, *now).word()
    }

    /// The deadline that is due next: what a list shows of a ticket.
    fn next_deadline<'a>(&self, row: &'a TicketRow) -> Option<&'a DeadlineRow> {
        row.deadlines
            .iter()
            .filter(|deadline| deadline.met_at.is_none())
            .min_by_key(|deadline| deadline.due_at)
    }

    /// `2026-09-22 24:00前`: the end of a day as people say it.
    fn due(&self, due_at: &Moment) -> String {
        let day = due_at.day().to_string();
        match due_at.day().end() == *due_at {
            true => self.fill("tickets.due_by", &[("day", &day)]),
            false => self.time(due_at),
        }
    }

    /// `09-18`.
    fn month_day(&self, day: &Day) -> String {
        format!("{:02}-{:02}", day.month(), day.day_of_month())
    }

    fn weekday(&self, day: &Day) -> String {
        self.word("weekday", &day.weekday().to_string())
    }

    /// ① … ⑮; further ones as plain numbers.
    fn counted(&self, day: &CountedDay) -> String {
        match day.counted_as {
            Some(number @ 1..=20) => char::from_u32(0x2460 + u32::from(number) - 1)
                .map(String::from)
                .unwrap_or_default(),
            Some(number) => number.to_string(),
            None => String::new(),
        }
    }

    fn why(&self, day: &CountedDay) -> String {
        match self.language {
            Language::Chinese => day.why.zh(),
            Language::English => day.why.en(),
        }
    }

    fn counted_of<'a>(&self, ticket: &'a TicketDetail, index: &usize) -> Option<&'a Counted> {
        ticket.counted.get(*index)
    }

    fn workdays(&self, number: &u16) -> String {
        self.fill("tickets.workdays", &[("n", &number.to_string())])
    }

    fn ticket_states(&self) -> impl Iterator<Item = &'static str> {
        State::ALL.into_iter().map(State::word)
    }

    fn count_of(&self, figures: &Figures, grade: &Grade) -> u64 {
        figures
            .by_grade
            .iter()
            .find(|(other, _)| other == grade)
            .map_or(0, |(_, count)| *count)
    }

    fn grades(&self) -> [Grade; 5] {
        Grade::ALL
    }

    fn outcomes(&self) -> [&'static str; 13] {
        OUTCOMES
    }
}

impl Params {
    /// A field's value as it was asked for.
    fn value(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.text(name) == Some(value)
    }
}
