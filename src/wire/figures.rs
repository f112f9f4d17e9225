use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::bulletins::{Figures, Reconciled, Scope, ThingRow};
use crate::domain::Day;
use crate::figures::{Definition, Difference, Flag, HotSpot, Measure, Value, ranks};

/// Figures of a span of days that are over.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureTable {
    #[schema(value_type = String, format = Date)]
    from: Day,
    /// The last day, itself too.
    #[schema(value_type = String, format = Date)]
    until: Day,
    /// Changes that were not counted yet when this was asked, of whatever day: it is without them. 10001 where there
    /// are more than 10000.
    waiting: u64,
    lines: Vec<FigureRow>,
}

/// The whole, or a unit, a channel, a matter, a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureRow {
    /// A unit's id, a channel's word, a matter's code, a day; empty for the whole and for what is of none.
    of: String,
    /// What is not there is 0.
    counts: BTreeMap<&'static str, i64>,
    figures: Vec<Figure>,
}

/// A figure with what it was counted from.
#[derive(Debug, Serialize, ToSchema)]
pub struct Figure {
    figure: &'static str,
    name: &'static str,
    numerator: i64,
    denominator: i64,
    /// Per cent, points or milliseconds, in hundredths; `null` where nothing was counted.
    hundredths: Option<i64>,
    /// Fewer than 30: not ranked.
    small: bool,
    /// Among units, the highest first; `null` for small ones and where nothing is ranked.
    rank: Option<usize>,
}

/// What a figure is.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureDefinition {
    figure: &'static str,
    name: &'static str,
    article: String,
    /// `share`, `score`, `mean_ms` or `mean_workdays`.
    measure: &'static str,
    /// Counts whose sum is divided.
    numerator: Vec<&'static str>,
    denominator: Vec<&'static str>,
    /// How things count, in words.
    counts: &'static str,
}

/// A thing behind a count.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountedThing {
    /// `act:call-…`, `ticket:T2026-000001`.
    thing: String,
    #[schema(value_type = String, format = Date)]
    day: Day,
    unit: Option<String>,
    channel: &'static str,
    item: Option<String>,
    /// As what it counts, and how often.
    counts: BTreeMap<&'static str, i64>,
}

/// A sign of 第十九条, for people to look at: no verdict.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sign {
    /// `repeated_unit`, `repeated_item`, `repeated_staff`, `weak_rectification`, `burst`, `too_fast`,
    /// `from_staff`, `many_looks`, `refused_looks`.
    kind: &'static str,
    of: String,
    count: usize,
    /// Ids of ratings, tickets, acts or looks; the first 200.
    evidence: Vec<String>,
}

/// 堵点: a reason of a matter.
#[derive(Debug, Serialize, ToSchema)]
pub struct Spot {
    /// `none` where none was given.
    reason: String,
    /// Empty for a consultation.
    item: String,
    count: usize,
    /// For whom single ratings are open.
    ratings: Vec<String>,
}

impl FigureTable {
    /// `ranked`: the lines are units, which are compared.
    pub fn of(figures: &Figures, ranked: bool, waiting: u64) -> FigureTable {
        let Scope { from, until, .. } = figures.scope;
        let mut lines: Vec<FigureRow> = figures
            .lines
            .iter()
            .map(|(of, tally, values)| FigureRow {
                of: of.clone(),
                counts: tally
                    .iter()
                    .map(|(count, many)| (count.word(), many))
                    .collect(),
                figures: values.iter().map(Figure::of).collect(),
            })
            .collect();
        if ranked {
            // What is of no unit has no place among the units.
            let named = || figures.lines.iter().filter(|(of, ..)| !of.is_empty());
            for index in 0..crate::figures::FIGURES.len() {
                let of_units: Vec<Value> = named().map(|(_, _, values)| values[index]).collect();
                let of_lines = lines.iter_mut().filter(|line| !line.of.is_empty());
                for (line, rank) in of_lines.zip(ranks(&of_units)) {
                    line.figures[index].rank = rank;
                }
            }
        }
        FigureTable {
            from,
            until,
            waiting,
            lines,
        }
    }
}

impl Figure {
    fn of(value: &Value) -> Figure {
        Figure {
            figure: value.figure.word,
            name: value.figure.zh,
            numerator: value.numerator,
            denominator: value.denominator,
            hundredths: value.hundredths(),
            small: value.is_small(),
            rank: None,
        }
    }
}

impl From<&'static Definition> for FigureDefinition {
    fn from(figure: &'static Definition) -> Self {
        let words = |counts: &[crate::figures::Count]| counts.iter().map(|it| it.word()).collect();
        FigureDefinition {
            figure: figure.word,
            name: figure.zh,
            article: figure.article.to_string(),
            measure: match figure.measure {
                Measure::Share => "share",
                Measure::Score => "score",
                Measure::MeanMs => "mean_ms",
                Measure::MeanWorkdays => "mean_workdays",
            },
            numerator: words(figure.numerator),
            denominator: words(figure.denominator),
            counts: figure.counts,
        }
    }
}

impl From<ThingRow> for CountedThing {
    fn from(row: ThingRow) -> Self {
        let cell = row.part.cell;
        let tally = row.part.tally;
        CountedThing {
            thing: row.thing,
            day: cell.day,
            unit: cell.unit.map(|unit| unit.0),
            channel: cell.channel.word(),
            item: cell.item,
            counts: tally
                .iter()
                .map(|(count, many)| (count.word(), many))
                .collect(),
        }
    }
}

impl From<Flag> for Sign {
    fn from(flag: Flag) -> Self {
        Sign {
            kind: flag.kind,
            of: flag.of,
            count: flag.count,
            evidence: flag.evidence,
        }
    }
}

impl Spot {
    pub fn of(spot: HotSpot, with_ratings: bool) -> Spot {
        Spot {
            reason: spot.reason,
            item: spot.item,
            count: spot.count,
            ratings: if with_ratings {
                spot.ratings
            } else {
                Vec::new()
            },
        }
    }
}

/// What the reconciliation of a day found (对账).
#[derive(Debug, Serialize, ToSchema)]
pub struct Reconciliation {
    #[schema(value_type = String, format = Date)]
    day: Day,
    /// Acts and tickets that were counted again from their records.
    things: u64,
    /// Of these, those that wait to be counted anew and were not compared.
    pending: u64,
    /// The first 1000.
    differences: Vec<Differing>,
    /// How many more there are.
    left_out: u64,
}

/// A number that is kept and comes to another one when it is counted again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Differing {
    /// `null` for a sum of the day.
    thing: Option<String>,
    #[schema(value_type = String, format = Date)]
    day: Day,
    unit: Option<String>,
    channel: &'static str,
    item: Option<String>,
    count: &'static str,
    kept: i64,
    counted: i64,
}

impl Reconciliation {
    pub fn of(day: Day, found: Reconciled) -> Reconciliation {
        Reconciliation {
            day,
            things: found.things,
            pending: found.pending,
            differences: found.differences.into_iter().map(Differing::from).collect(),
            left_out: found.left_out,
        }
    }
}

impl From<Difference> for Differing {
    fn from(difference: Difference) -> Self {
        let cell = difference.cell;
        Differing {
            thing: difference.thing,
            day: cell.day,
            unit: cell.unit.map(|unit| unit.0),
            channel: cell.channel.word(),
            item: cell.item,
            count: difference.count.word(),
            kept: difference.kept,
            counted: difference.counted,
        }
    }
}
