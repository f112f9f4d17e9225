//! The bulletin (通报, 第十八条) of a period: its content, and how it differs from what is counted later.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::count::Count;
use super::figure::{Value, Weights, ranks, values};
use super::flags::HotSpot;
use super::tally::Tally;
use crate::domain::{Channel, ContentItem, Day, Grade, Moment, Period};

/// A bulletin as it is drafted, and, once issued, never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bulletin {
    pub period: Period,
    pub from: Day,
    pub until: Day,
    pub title: String,
    /// 文号.
    pub reference: String,
    /// 主送.
    pub to: Vec<String>,
    /// When its numbers were counted.
    pub counted_at: Moment,
    /// 一、总体情况.
    pub overall: Line,
    /// 二、渠道情况.
    pub channels: Vec<Line>,
    /// 三、责任单位情况.
    pub units: Vec<Line>,
    /// 四、超期与延期清单.
    pub overdue: Vec<Overdue>,
    /// 五、典型案例.
    pub cases: Vec<Case>,
    /// 六、堵点分析.
    pub hot_spots: Vec<HotSpot>,
    /// 七、下步要求.
    pub demands: String,
    /// What is missing to 100 % 实名差评回访整改率.
    pub missing: Vec<Missing>,
    /// 六、堵点分析: the 办事指南 to be corrected.
    #[serde(default)]
    pub guides: Vec<Guide>,
    /// 附表: by 事项, with the figures that count something.
    #[serde(default)]
    pub items: Vec<Line>,
    /// What the lists have no place for.
    #[serde(default)]
    pub left_out: LeftOut,
    /// The counts that were known when it was counted: what is counted since is no adjustment of it.
    #[serde(default)]
    pub known: Vec<String>,
}

/// A 办事指南 to be corrected (第四条（六）).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guide {
    /// 事项: its code; empty for consultations.
    pub item: String,
    /// 差评 of which the rater said so.
    pub said: i64,
    /// 差评 of which the assessment found so.
    pub found: i64,
}

/// How many more there are than a list holds: a list that is cut says so, and is signed with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Of 四、超期与延期清单.
    pub overdue: u64,
    /// Of what is missing to 100 %.
    pub missing: u64,
    /// Of 事项, those with the fewest 差评.
    #[serde(default)]
    pub items: u64,
}

/// Counts and figures of the whole, of a channel or of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The word of the channel or the id of the unit; empty for the whole and for what is of no unit.
    pub of: String,
    pub name: String,
    pub counts: BTreeMap<String, i64>,
    pub figures: Vec<FigureLine>,
}

/// A figure in a bulletin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FigureLine {
    pub word: String,
    pub name: String,
    pub numerator: i64,
    pub denominator: i64,
    /// Per cent, points, milliseconds or working days in hundredths; `None` where nothing was counted.
    pub hundredths: Option<i64>,
    /// Fewer than 30: not ranked.
    pub small: bool,
    /// Among the units, the highest first.
    pub rank: Option<usize>,
}

/// A term that was missed or prolonged in the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overdue {
    pub ticket: String,
    pub unit: String,
    /// The word of the term.
    pub kind: String,
    pub due_at: Moment,
    pub met_at: Option<Moment>,
    /// 延期: it was prolonged; else it was missed.
    pub prolonged: bool,
}

/// A typical case, written by people without anything that names the rater.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The ticket it is about: inside the house only.
    pub ticket: String,
    pub problem: String,
    pub measure: String,
    /// What the rater said afterwards.
    pub outcome: String,
}

/// A 实名差评 that is due and not both revisited and rectified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    pub ticket: String,
    pub unit: String,
}

impl Bulletin {
    /// Whether the count was one when it was counted; bulletins that do not say were of a time before any was added.
    fn knew(&self, count: &str) -> bool {
        self.known.is_empty() || self.known.iter().any(|known| known == count)
    }

    /// As somebody may read it to whom single tickets and ratings are not open.
    pub fn hide_tickets(&mut self) {
        self.overdue
            .iter_mut()
            .for_each(|overdue| overdue.ticket.clear());
        self.cases.iter_mut().for_each(|case| case.ticket.clear());
        self.missing
            .iter_mut()
            .for_each(|missing| missing.ticket.clear());
        self.hot_spots
            .iter_mut()
            .for_each(|spot| spot.ratings.clear());
    }
}

/// What a bulletin is made of.
#[derive(Debug, Clone)]
pub struct Material {
    pub period: Period,
    pub reference: String,
    pub to: Vec<String>,
    pub counted_at: Moment,
    pub overall: Tally,
    pub channels: BTreeMap<Channel, Tally>,
    /// By id and name; the empty id is what is of no unit.
    pub units: Vec<(String, String, Tally)>,
    /// By the code of the 事项; empty for what is of none.
    pub items: BTreeMap<String, Tally>,
    pub overdue: Vec<Overdue>,
    pub cases: Vec<Case>,
    pub hot_spots: Vec<HotSpot>,
    pub demands: String,
    pub missing: Vec<Missing>,
    pub left_out: LeftOut,
    pub weights: Weights,
}

/// The bulletin of the material.
pub fn compose(material: Material) -> Bulletin {
    let Material {
        period, weights, ..
    } = material;
    let channels = material
        .channels
        .iter()
        .map(|(channel, tally)| line(channel.word(), channel.zh(), tally, weights));
    let units = material.units.iter();
    let mut units: Vec<Line> = units
        .map(|(id, name, tally)| line(id, name, tally, weights))
        .collect();
    rank(&mut units, &material.units, weights);
    let (items, more_items) = annex(&material.items, weights);
    Bulletin {
        period,
        from: period.from(),
        until: period.until(),
        title: format!("关于{}政务服务“好差评”情况的通报", period.zh()),
        reference: material.reference,
        to: material.to,
        counted_at: material.counted_at,
        overall: line("", "全部", &material.overall, weights),
        channels: channels.collect(),
        units,
        overdue: material.overdue,
        cases: material.cases,
        hot_spots: material.hot_spots,
        demands: material.demands,
        missing: material.missing,
        guides: guides(&material.items),
        items,
        left_out: LeftOut {
            items: more_items,
            ..material.left_out
        },
        known: Count::all().map(|count| count.word().to_owned()).collect(),
    }
}

/// 事项 of the annex.
const MOST_ITEMS: usize = 500;

const BAD: [Count; 2] = [
    Count::Graded(Grade::Dissatisfied),
    Count::Graded(Grade::VeryDissatisfied),
];

/// Each 事项, those with the most 差评 first; how many have no place.
fn annex(items: &BTreeMap<String, Tally>, weights: Weights) -> (Vec<Line>, u64) {
    let mut sorted: Vec<_> = items.iter().filter(|(code, _)| !code.is_empty()).collect();
    sorted.sort_by_key(|(code, tally)| (-tally.sum(&BAD), code.as_str()));
    let more = sorted.len().saturating_sub(MOST_ITEMS);
    sorted.truncate(MOST_ITEMS);
    let lines = sorted.into_iter().map(|(code, tally)| {
        let mut line = line(code, code, tally, weights);
        line.figures.retain(|figure| figure.denominator > 0);
        line
    });
    (lines.collect(), more as u64)
}

/// Where the guide was said or found to be wrong, the most first.
fn guides(items: &BTreeMap<String, Tally>) -> Vec<Guide> {
    let guides = items.iter().map(|(code, tally)| Guide {
        item: code.clone(),
        said: tally.get(Count::BadOn(ContentItem::Guide)),
        found: tally.get(Count::FoundOn(ContentItem::Guide)),
    });
    let mut guides: Vec<Guide> = guides.filter(|it| it.said + it.found > 0).collect();
    guides.sort_by(|one, other| {
        let weight = |it: &Guide| std::cmp::Reverse((it.found, it.said));
        weight(one)
            .cmp(&weight(other))
            .then_with(|| one.item.cmp(&other.item))
    });
    guides
}

fn line(of: &str, name: &str, tally: &Tally, weights: Weights) -> Line {
    let figures = values(tally, weights).iter().map(figure_line).collect();
    Line {
        of: of.to_owned(),
        name: name.to_owned(),
        counts: counts(tally),
        figures,
    }
}

fn counts(tally: &Tally) -> BTreeMap<String, i64> {
    let words = tally
        .iter()
        .map(|(count, many)| (count.word().to_owned(), many));
    words.collect()
}

fn figure_line(value: &Value) -> FigureLine {
    FigureLine {
        word: value.figure.word.to_owned(),
        name: value.figure.zh.to_owned(),
        numerator: value.numerator,
        denominator: value.denominator,
        hundredths: value.hundredths(),
        small: value.is_small(),
        rank: None,
    }
}

fn rank(lines: &mut [Line], units: &[(String, String, Tally)], weights: Weights) {
    for (index, figure) in super::FIGURES.iter().enumerate() {
        let of_units: Vec<Value> = units
            .iter()
            .map(|(_, _, tally)| figure.of(tally, weights))
            .collect();
        for (line, rank) in lines.iter_mut().zip(ranks(&of_units)) {
            // What is of no unit has no place among the units.
            line.figures[index].rank = rank.filter(|_| !line.of.is_empty());
        }
    }
}

/// A number that is another one now than it was when the bulletin was issued (追溯调整).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Adjustment {
    /// `overall`, `channel`, `unit` or `item`.
    pub of: &'static str,
    /// The channel's word, the unit's id or the code of the 事项.
    pub name: String,
    /// The word of the count.
    pub count: String,
    pub issued: i64,
    pub now: i64,
}

impl Adjustment {
    /// Whether figures of the public page are made of it.
    pub fn is_of_the_whole(&self) -> bool {
        self.of == "overall"
    }
}

/// The counts of the whole that differ.
pub fn adjustments_of_the_whole(issued: &Bulletin, now: &Tally) -> Vec<Adjustment> {
    let now = Line {
        of: String::new(),
        name: String::new(),
        counts: counts(now),
        figures: Vec::new(),
    };
    let mut found = Vec::new();
    differ(&mut found, "overall", &[&issued.overall], &[&now]);
    found.retain(|adjustment| issued.knew(&adjustment.count));
    found
}

/// Every count that differs, in the order of the bulletin.
pub fn adjustments(issued: &Bulletin, now: &Bulletin) -> Vec<Adjustment> {
    let mut found = Vec::new();
    differ(&mut found, "overall", &[&issued.overall], &[&now.overall]);
    let (before, after): (Vec<_>, Vec<_>) = (
        issued.channels.iter().collect(),
        now.channels.iter().collect(),
    );
    differ(&mut found, "channel", &before, &after);
    let (before, after): (Vec<_>, Vec<_>) =
        (issued.units.iter().collect(), now.units.iter().collect());
    differ(&mut found, "unit", &before, &after);
    // Those that have a place in both: who has the fewest 差评 comes and goes.
    let both = |line: &&Line| has(&issued.items, &line.of) && has(&now.items, &line.of);
    let (before, after): (Vec<_>, Vec<_>) = (
        issued.items.iter().filter(both).collect(),
        now.items.iter().filter(both).collect(),
    );
    differ(&mut found, "item", &before, &after);
    found.retain(|adjustment| issued.knew(&adjustment.count));
    found
}

fn has(lines: &[Line], of: &str) -> bool {
    lines.iter().any(|line| line.of == of)
}

fn differ(found: &mut Vec<Adjustment>, of: &'static str, issued: &[&Line], now: &[&Line]) {
    let mut lines: BTreeMap<&str, [Option<&Line>; 2]> = BTreeMap::new();
    for line in issued {
        lines.entry(&line.of).or_default()[0] = Some(line);
    }
    for line in now {
        lines.entry(&line.of).or_default()[1] = Some(line);
    }
    for (name, pair) in lines {
        for count in Count::all() {
            let many = |line: Option<&Line>| {
                line.and_then(|line| line.counts.get(count.word()).copied())
                    .unwrap_or_default()
            };
            let (before, after) = (many(pair[0]), many(pair[1]));
            if before != after {
                found.push(Adjustment {
                    of,
                    name: name.to_owned(),
                    count: count.word().to_owned(),
                    issued: before,
                    now: after,
                });
            }
        }
    }
}
