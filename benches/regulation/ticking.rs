//! A tick over many open deadlines of which few are due, beside one where nothing else is open.

use std::time::Instant;

use gradeline::domain::{Day, Moment};
use gradeline::engine::Ticked;

use crate::fill::{Filler, Source};
use crate::house::{House, Place};
use crate::{Outcome, Sources};

/// Deadlines that are due, about.
const DUE: usize = 10_000;
/// The day whose terms are all over at [`NOW`], and those whose terms have hardly begun.
const PAST: &str = "2026-05-11";
const NOW: &str = "2026-05-25T10:00:00+08:00";
const AHEAD: &str = "2026-05-25";

struct Tick {
    open: u64,
    ticked: Ticked,
    ms: f64,
    idle_ms: f64,
}

pub async fn measure(place: &Place, sources: &Sources, deadlines: usize) -> Outcome<()> {
    println!("\n{}: a tick over open deadlines", place.kind.word());
    println!("      open     looks   time ms   ms a look   then nothing due, ms");
    let small = tick(place, &sources.untouched, DUE.min(deadlines), 0).await?;
    let large = tick(place, &sources.untouched, DUE.min(deadlines), deadlines).await?;
    let each = |tick: &Tick| tick.ms / tick.ticked.looked.max(1) as f64;
    println!(
        "  ratio, a look among {} open to one among {}: {:.2}",
        large.open,
        small.open,
        each(&large) / each(&small)
    );
    Ok(())
}

/// `open`: in all; fewer than `due` for no others.
async fn tick(place: &Place, source: &Source, due: usize, open: usize) -> Outcome<Tick> {
    let house = place.house(if open == 0 { "few" } else { "many" }).await?;
    let in_copy = deadlines_in_a_copy(place, source).await?;
    let mut filler = Filler::of(&house).await?;
    let (past, mut day): (Day, Day) = (PAST.parse()?, AHEAD.parse()?);
    filler.day(source, past, (due / in_copy).max(1)).await?;
    let mut left = open.saturating_sub(due) / in_copy;
    // Some thousands a day: terms of a house end day by day.
    while left > 0 {
        let times = left.min(250);
        filler.day(source, day, times).await?;
        (left, day) = (left - times, day.next());
    }
    filler.finish().await?;
    let measured = ticked(&house).await?;
    println!(
        "{:>10} {:>9} {:>9.0} {:>11.3} {:>22.1}",
        measured.open,
        measured.ticked.looked,
        measured.ms,
        measured.ms / measured.ticked.looked.max(1) as f64,
        measured.idle_ms
    );
    house.remove().await?;
    Ok(measured)
}

async fn ticked(house: &House) -> Outcome<Tick> {
    let open = number(house, "next_at IS NOT NULL".to_owned()).await?;
    let now: Moment = NOW.parse()?;
    let due = number(house, format!("next_at <= {}", now.millis())).await?;
    let engine = house.engine().await?;
    let began = Instant::now();
    let ticked = engine.tick(now).await?;
    let ms = 1000.0 * began.elapsed().as_secs_f64();
    if ticked.failed > 0 || ticked.looked < due {
        return Err(format!("of {due} due deadlines: {ticked:?}").into());
    }
    let began = Instant::now();
    let again = engine.tick(now).await?;
    let idle_ms = 1000.0 * began.elapsed().as_secs_f64();
    if again != Ticked::default() {
        return Err(format!("a second tick found {again:?}").into());
    }
    engine.close().await?;
    Ok(Tick {
        open,
        ticked,
        ms,
        idle_ms,
    })
}

async fn number(house: &House, which: String) -> Outcome<u64> {
    let sql = format!("SELECT CAST(COUNT(*) AS TEXT) FROM deadlines WHERE {which}");
    let found = house.texts(sql).await?;
    Ok(found.first().ok_or("no count")?.parse()?)
}

async fn deadlines_in_a_copy(place: &Place, source: &Source) -> Outcome<usize> {
    let house = place.house("one").await?;
    let mut filler = Filler::of(&house).await?;
    filler.day(source, PAST.parse()?, 1).await?;
    filler.finish().await?;
    let open = number(&house, "next_at IS NOT NULL".to_owned()).await?;
    house.remove().await?;
    Ok((open as usize).max(1))
}
