use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bulletins::{Adjusted, BulletinRow, Figures, Scope, ThingRow};
use crate::domain::{Day, Moment};
use crate::figures::{Adjustment, Definition, Flag, HotSpot, Measure, Value, ranks};

/// Figures of a span of days that are over.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureTable {
    #[schema(value_type = String, format = Date)]
    from: Day,
    /// The last day, itself too.
    #[schema(value_type = String, format = Date)]
    until: Day,
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
    /// `share`, `score` or `mean_ms`.
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

/// A period's bulletin in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulletinHead {
    #[schema(example = "2026-09")]
    period: String,
    version: u32,
    /// SHA-256 of the content: what is reviewed and signed.
    digest: String,
    #[schema(value_type = String, format = DateTime)]
    drafted_at: Moment,
    drafted_by: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    reviewed_at: Option<Moment>,
    reviewed_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    issued_at: Option<Moment>,
    issued_by: Option<String>,
}

/// A bulletin with its content, and what has been counted otherwise since it was issued.
#[derive(Debug, Serialize, ToSchema)]
pub struct WholeBulletin {
    #[serde(flatten)]
    head: BulletinHead,
    /// Title, 文号, 主送, the seven parts and what is missing to 100 %; without numbers of tickets for whom
    /// single tickets are not open.
    #[schema(value_type = Object)]
    content: serde_json::Value,
    adjustments: Vec<Adjusting>,
}

/// A number that is another one now (追溯调整).
#[derive(Debug, Serialize, ToSchema)]
pub struct Adjusting {
    /// `overall`, `channel` or `unit`.
    of: &'static str,
    name: String,
    count: String,
    issued: i64,
    now: i64,
}

/// A bulletin to be drafted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBulletin {
    /// A month or a quarter that is over.
    #[schema(example = "2026-Q3")]
    pub period: String,
    /// 文号.
    #[serde(default)]
    pub reference: String,
    /// 主送.
    #[serde(default)]
    pub to: Vec<String>,
    #[serde(default)]
    pub cases: Vec<NewCase>,
    /// 下步要求.
    #[serde(default)]
    pub demands: String,
}

/// A typical case, without anything that names the rater.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCase {
    pub ticket: String,
    pub problem: String,
    pub measure: String,
    pub outcome: String,
}

/// What was read before it is reviewed or signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenBulletin {
    pub digest: String,
}

impl FigureTable {
    /// `ranked`: the lines are units, which are compared.
    pub fn of(figures: &Figures, ranked: bool) -> FigureTable {
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
        FigureTable { from, until, lines }
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

impl From<BulletinRow> for BulletinHead {
    fn from(row: BulletinRow) -> Self {
        BulletinHead {
            period: row.period.to_string(),
            version: row.version,
            digest: row.digest,
            drafted_at: row.drafted_at,
            drafted_by: row.drafted_by,
            reviewed_at: row.reviewed_at,
            reviewed_by: row.reviewed_by,
            issued_at: row.issued_at,
            issued_by: row.issued_by,
        }
    }
}

impl WholeBulletin {
    pub fn of(adjusted: Adjusted, with_tickets: bool) -> WholeBulletin {
        let mut bulletin = adjusted.bulletin;
        if !with_tickets {
            bulletin.hide_tickets();
        }
        let content = serde_json::to_value(&bulletin);
        WholeBulletin {
            head: adjusted.row.into(),
            content: content.expect("a bulletin has text keys only"),
            adjustments: adjusted
                .adjustments
                .into_iter()
                .map(Adjusting::from)
                .collect(),
        }
    }
}

impl From<Adjustment> for Adjusting {
    fn from(adjustment: Adjustment) -> Self {
        Adjusting {
            of: adjustment.of,
            name: adjustment.name,
            count: adjustment.count,
            issued: adjustment.issued,
            now: adjustment.now,
        }
    }
}
