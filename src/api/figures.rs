//! Figures with what they are made of, signs, hot spots (第十七条, 第十九条).

use axum::Json;
use axum::extract::State;

use super::params::Params;
use super::pass::Pass;
use super::problem::{Problem, ProblemDetails};
use super::{Web, now};
use crate::bulletins::{Span, Split, ThingRow, Things};
use crate::domain::{Day, UnitId};
use crate::engine::Reach;
use crate::figures::{Count, FIGURES};
use crate::wire::{
    CountedList, CountedThing, FigureDefinition, FigureTable, List, Reconciliation, Sign, Spot,
};

/// What a span is told by.
const SPAN: [&str; 5] = ["from", "until", "unit", "channel", "item"];

/// Figures of days that are over; without days, of the running month until yesterday.
#[utoipa::path(get, path = "/api/v1/figures", tag = "figures",
    params(("from" = Option<String>, Query, format = Date), ("until" = Option<String>, Query, format = Date, description = "Itself too"),
        ("unit" = Option<String>, Query), ("channel" = Option<String>, Query), ("item" = Option<String>, Query, description = "事项"),
        ("by" = Option<String>, Query, description = "whole, unit, channel, item, day")),
    responses((status = 200, body = FigureTable), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json", description = "No day of it is over")),
    security(("token" = [])))]
pub(crate) async fn figures(
    State(web): State<Web>,
    params: Params,
) -> Result<Json<FigureTable>, Problem> {
    params.only(&["from", "until", "unit", "channel", "item", "by"])?;
    let by = params.text("by").unwrap_or(Split::Whole.word());
    let split = Split::ALL.into_iter().find(|split| split.word() == by);
    let split = split.ok_or_else(|| {
        Problem::bad_request("unreadable_parameter")
            .with("name", "by")
            .with("value", by.chars().take(60).collect::<String>())
            .with("wanted", Split::ALL.map(Split::word).join(", "))
    })?;
    let waiting = web.engine.waiting().await?;
    let figures = web.engine.figures_of(&span(&params)?, split, now()).await?;
    Ok(Json(FigureTable::of(
        &figures,
        split == Split::Unit,
        waiting,
    )))
}

/// How each figure is counted.
#[utoipa::path(get, path = "/api/v1/figures/definitions", tag = "figures",
    responses((status = 200, body = List<FigureDefinition>)), security(("token" = [])))]
pub(crate) async fn definitions(params: Params) -> Result<Json<List<FigureDefinition>>, Problem> {
    params.only(&[])?;
    Ok(Json(List::whole(FIGURES.iter())))
}

/// The things behind a count, by day; empty for whom single grades are not open.
#[utoipa::path(get, path = "/api/v1/figures/things", tag = "figures",
    params(("count" = String, Query, description = "A word of a definition's numerator or denominator"),
        ("without" = Option<String>, Query, description = "Only those that do not also count as this"),
        ("from" = Option<String>, Query, format = Date), ("until" = Option<String>, Query, format = Date),
        ("unit" = Option<String>, Query), ("channel" = Option<String>, Query), ("item" = Option<String>, Query),
        ("cursor" = Option<String>, Query), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200)),
    responses((status = 200, body = CountedList<CountedThing>), (status = 400, body = ProblemDetails, content_type = "application/problem+json")),
    security(("token" = [])))]
pub(crate) async fn things(
    State(web): State<Web>,
    pass: Pass,
    params: Params,
) -> Result<Json<CountedList<CountedThing>>, Problem> {
    let mut known = vec!["count", "without", "cursor", "limit"];
    known.extend(SPAN);
    params.only(&known)?;
    let wanted = "ratable, rated, dissatisfied … (see /api/v1/figures/definitions)";
    let count = params.parsed::<Count>("count", wanted)?;
    let without = params.parsed("without", wanted)?;
    let paging = params.paging()?;
    let after = paging.cursor.as_deref().map(place).transpose()?;
    let waiting = web.engine.waiting().await?;
    let (true, Some(count)) = (pass.reach() == Reach::All, count) else {
        let none = List::whole(Vec::<ThingRow>::new());
        return Ok(Json(none.counted(waiting)));
    };
    let span = span(&params)?;
    let scope = web.engine.scope_of(&span, now())?;
    let things = Things {
        scope,
        count,
        without,
        after,
    };
    let limit = i64::from(paging.limit);
    let mut rows = web.engine.things(&things, limit + 1).await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(paging.limit as usize);
    let next = rows.last().filter(|_| more).map(cursor);
    let mut list = List::whole(rows);
    list.next = next;
    Ok(Json(list.counted(waiting)))
}

/// 堵点: reasons of 差评 by matter, most first (第十七条). The ratings are named to whom they are open.
#[utoipa::path(get, path = "/api/v1/figures/hot-spots", tag = "figures",
    params(("from" = Option<String>, Query, format = Date), ("until" = Option<String>, Query, format = Date), ("unit" = Option<String>, Query)),
    responses((status = 200, body = CountedList<Spot>),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json", description = "Too many for one answer: ask of fewer days")),
    security(("token" = [])))]
pub(crate) async fn hot_spots(
    State(web): State<Web>,
    pass: Pass,
    params: Params,
) -> Result<Json<CountedList<Spot>>, Problem> {
    params.only(&["from", "until", "unit"])?;
    let open = pass.reach() == Reach::All;
    let waiting = web.engine.waiting().await?;
    let spots = web.engine.hot_spots(&span(&params)?, now()).await?;
    let spots = spots.into_iter().map(|spot| Spot::of(spot, open));
    let spots = List {
        items: spots.collect(),
        next: None,
    };
    Ok(Json(spots.counted(waiting)))
}

/// 对账: a day's acts and tickets counted again from their records, against what the figures are made of.
#[utoipa::path(get, path = "/api/v1/figures/differences", tag = "figures",
    params(("day" = Option<String>, Query, format = Date, description = "A day that is over; without it yesterday")),
    responses((status = 200, body = Reconciliation), (status = 400, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json", description = "The day is not over, or too much waits to be counted")))]
pub(crate) async fn differences(
    State(web): State<Web>,
    params: Params,
) -> Result<Json<Reconciliation>, Problem> {
    params.only(&["day"])?;
    let now = now();
    let day = params.parsed::<Day>("day", "2026-09-18")?;
    let day = day.unwrap_or(now.day().previous());
    let found = web.engine.reconcile(day, now).await?;
    Ok(Json(Reconciliation::of(day, found)))
}

/// Signs of 第十九条 with their evidence: for people to look at, and no verdicts. Their thresholds are
/// configured.
#[utoipa::path(get, path = "/api/v1/flags", tag = "figures",
    params(("from" = Option<String>, Query, format = Date), ("until" = Option<String>, Query, format = Date),
        ("unit" = Option<String>, Query, description = "Only of this unit's acts and tickets")),
    responses((status = 200, body = CountedList<Sign>), (status = 403, body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, body = ProblemDetails, content_type = "application/problem+json", description = "Too many for one answer: ask of fewer days")))]
pub(crate) async fn flags(
    State(web): State<Web>,
    params: Params,
) -> Result<Json<CountedList<Sign>>, Problem> {
    params.only(&["from", "until", "unit"])?;
    let waiting = web.engine.waiting().await?;
    let flags = web.engine.flags(&span(&params)?, now()).await?;
    Ok(Json(List::whole(flags).counted(waiting)))
}

fn span(params: &Params) -> Result<Span, Problem> {
    let day = "2026-09-18";
    Ok(Span {
        from: params.parsed("from", day)?,
        until: params.parsed("until", day)?,
        unit: params.text("unit").map(|unit| UnitId(unit.to_owned())),
        channel: params.parsed("channel", "phone, web_filing, window_device …")?,
        item: params.text("item").map(str::to_owned),
    })
}

/// Where a list of things goes on.
fn cursor(row: &ThingRow) -> String {
    format!("{}|{}|{}", row.part.cell.day, row.part_number, row.thing)
}

fn place(cursor: &str) -> Result<(Day, String, i64), Problem> {
    let read = || {
        let mut parts = cursor.splitn(3, '|');
        let day = parts.next()?.parse().ok()?;
        let number = parts.next()?.parse().ok()?;
        Some((day, parts.next()?.to_owned(), number))
    };
    let bad = || crate::engine::Error::BadCursor(cursor.chars().take(80).collect());
    Ok(read().ok_or_else(bad)?)
}
