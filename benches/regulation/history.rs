//! A house with years behind it beside one that has the same last two months and nothing before.

use std::time::Instant;

use gradeline::bulletins::{Span, Split};
use gradeline::domain::{Day, Moment};
use gradeline::engine::Engine;
use gradeline::figures::Tally;

use crate::fill::Filler;
use crate::house::{House, Place};
use crate::pattern::{ACTS, LIFE_DAYS, new_call};
use crate::reading::{Reader, answers};
use crate::taking::take_in;
use crate::{Outcome, Sources};

/// The day on which everything is asked.
pub const NOW: &str = "2026-11-20T10:00:00+08:00";
/// Days of a house with its whole history, at the most.
const DAYS: usize = 1852;
/// Days of the other house: the last whole month, and what ran into it.
const FEW_DAYS: usize = 62;
/// Ratings taken in by each house in the end.
const TAKEN: usize = 1_000;

pub async fn measure(place: &Place, sources: &Sources, ratings: usize) -> Outcome<()> {
    let times = (ratings as f64 / (ACTS * DAYS) as f64).round().max(1.0) as usize;
    let days = (ratings / (ACTS * times)).max(3);
    let few = FEW_DAYS.min(days);
    println!(
        "\n{}: {} ratings in {days} days, beside {} in the last {few} of these",
        place.kind.word(),
        days * times * ACTS,
        few * times * ACTS
    );
    let recent = filled(place, sources, "recent", few, times).await?;
    verified(&recent).await?;
    let whole = filled(place, sources, "whole", days, times).await?;
    let (small, large) = (recent.engine().await?, whole.engine().await?);
    counted_anew(&recent, &small).await?;
    counted_anew(&whole, &large).await?;
    let now: Moment = NOW.parse()?;
    for engine in [&small, &large] {
        engine.tick(now).await?;
        go_on(engine, now).await?;
    }
    let small_reader = Reader::of(small.clone(), now, few).await?;
    let large_reader = Reader::of(large.clone(), now, days).await?;
    answers(&small_reader, &large_reader).await?;
    taken(&small, &large).await?;
    small.close().await?;
    large.close().await?;
    recent.remove().await?;
    whole.remove().await
}

async fn filled(
    place: &Place,
    sources: &Sources,
    name: &str,
    days: usize,
    times: usize,
) -> Outcome<House> {
    let began = Instant::now();
    let house = place.house(name).await?;
    let mut filler = Filler::of(&house).await?;
    let today = NOW.parse::<Moment>()?.day();
    let first = (0..days).fold(today, |day, _| day.previous());
    let mut day = first;
    for number in 0..days {
        let over = (number as i64) < days as i64 - LIFE_DAYS;
        let source = if over { &sources.over } else { &sources.open };
        filler.day(source, day, times).await?;
        day = day.next();
    }
    filler.finish().await?;
    let bytes = house.bytes().await?;
    println!(
        "  filled from {first} in {:.0} s: {:.2} GB, {:.0} octets a rating",
        began.elapsed().as_secs_f64(),
        bytes as f64 / 1e9,
        bytes as f64 / (days * times * ACTS) as f64
    );
    Ok(house)
}

/// The chain and every ticket replayed fit the rows, as in a house that wrote all of it itself.
async fn verified(house: &House) -> Outcome<()> {
    let engine = house.engine().await?;
    let began = Instant::now();
    let found = engine.verify_records(|_| {}).await?;
    let verified = found.map_err(|misfit| format!("the filled house does not fit: {misfit}"))?;
    println!(
        "  the smaller one fits its records: {} lines, {} tickets ({:.1} s)",
        verified.lines,
        verified.tickets,
        began.elapsed().as_secs_f64()
    );
    engine.close().await?;
    Ok(())
}

/// A sampled day counted anew by the program comes to the sums that were filled in; else nothing measured
/// here would be of a real house.
async fn counted_anew(house: &House, engine: &Engine) -> Outcome<()> {
    let today = NOW.parse::<Moment>()?.day();
    let day = (0..40).fold(today, |day, _| day.previous());
    let day_sums = || house.texts(sums_of(day));
    let before = day_sums().await?;
    if before.is_empty() {
        println!("  no day to sample: nothing is older than {day}");
        return Ok(());
    }
    let parts = format!("SELECT counts FROM counted WHERE day = '{day}'");
    let mut kept = Tally::default();
    for text in house.texts(parts).await? {
        kept.merge(&Tally::of_text(&text).ok_or("counts that cannot be read")?);
    }
    let span = Span {
        from: Some(day),
        until: Some(day),
        ..Span::default()
    };
    let told = engine.figures_of(&span, Split::Whole, NOW.parse()?).await?;
    if told.lines.iter().map(|(_, tally, _)| tally).ne([&kept]) {
        return Err(format!("{day}: the sums are not those of what was counted").into());
    }
    house
        .run(format!(
            "INSERT INTO uncounted (thing) SELECT DISTINCT thing FROM counted WHERE day = '{day}'"
        ))
        .await?;
    let began = Instant::now();
    let counted = engine.count_anew().await?;
    let took = began.elapsed().as_secs_f64();
    let after = day_sums().await?;
    if after != before {
        let other = |one: &[String], two: &[String]| -> Vec<String> {
            let only = one.iter().filter(|line| !two.contains(line));
            only.take(8).cloned().collect()
        };
        return Err(format!(
            "{day} counted anew comes to other sums: {:?} became {:?}",
            other(&before, &after),
            other(&after, &before)
        )
        .into());
    }
    println!(
        "  {day} counted anew comes to the same: {counted} things, {:.0} a second",
        counted as f64 / took
    );
    Ok(())
}

/// All that a copy has in common with the day it is of: between which working days it lies differs.
fn sums_of(day: Day) -> String {
    let (mut first, mut last) = (day, day);
    for _ in 0..12 {
        (first, last) = (first.previous(), last.next());
    }
    format!(
        "SELECT day || unit || channel || item || count || CAST(many AS TEXT) FROM sums \
        WHERE day >= '{first}' AND day <= '{last}' AND many <> 0 AND count <> 'open_workdays' ORDER BY day, unit, channel, item, count"
    )
}

/// What there are few of in any house: calls that go on, and rehearsals.
async fn go_on(engine: &Engine, now: Moment) -> Outcome<()> {
    for number in 0..6 {
        let id = gradeline::engine::CallId(format!("now-{number}"));
        let mut call = new_call(&id, "13800000000".to_owned(), now);
        call.rehearsal = number >= 3;
        engine.open_call(call).await?;
    }
    Ok(())
}

async fn taken(small: &Engine, large: &Engine) -> Outcome<()> {
    let mut times = Vec::new();
    for engine in [small, large] {
        take_in(engine, "warm", 0..TAKEN / 10, 1).await?;
        times.push(take_in(engine, "taken", 0..TAKEN, 1).await?.as_secs_f64());
    }
    println!(
        "  ratings taken one by one: {:.0} a second in the smaller house, {:.0} in the larger: {:.2} times the time",
        TAKEN as f64 / times[0],
        TAKEN as f64 / times[1],
        times[1] / times[0]
    );
    Ok(())
}
