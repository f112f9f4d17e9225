//! What is told to the public (第二十条): a month's figures, with a floor under which nothing is told.

use std::collections::BTreeMap;

use serde::Serialize;

use super::bulletin::{Adjustment, Bulletin, FigureLine};
use super::flags::HotSpot;
use crate::domain::{Grade, Period, Reason};

/// A month as the public sees it: no name, no number, no matter's number, no voice, no unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Published {
    pub month: Period,
    /// Talked consultations and completed matters.
    pub services: i64,
    /// Acts with a counting rating that somebody gave.
    pub rated: i64,
    /// Acts with a counting default.
    pub defaults: i64,
    /// Of the ratings that somebody gave, best first.
    pub distribution: Vec<(&'static str, i64)>,
    /// 差评 that count.
    pub bad: i64,
    /// Figures of 第五条 to 第十三条.
    pub figures: Vec<FigureLine>,
    /// The five most frequent causes of at least [`FLOOR`] 差评.
    pub causes: Vec<Cause>,
    pub cases: Vec<PublishedCase>,
    /// What came to be another number after the bulletin was issued.
    pub corrections: Vec<Adjustment>,
}

/// A cause of 差评.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    pub reason: String,
    pub name: String,
    pub count: usize,
}

/// A rectification, without the ticket it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublishedCase {
    pub problem: String,
    pub measure: String,
    pub outcome: String,
}

/// Fewer than this are not told: who knows one of them would know the others.
const FLOOR: usize = 5;
const CAUSES: usize = 5;

/// Of what the bulletin has, these.
const TOLD: [&str; 9] = [
    "participation",
    "satisfaction",
    "satisfaction_with_defaults",
    "bad_share",
    "assessed_in_time",
    "verified_in_time",
    "rectified_in_time",
    "rectified",
    "mean_workdays_open",
];

/// A month's issued bulletin as the public sees it.
pub fn publish(bulletin: &Bulletin, adjustments: &[Adjustment]) -> Published {
    let many = |word: &str| {
        bulletin
            .overall
            .counts
            .get(word)
            .copied()
            .unwrap_or_default()
    };
    let distribution: Vec<_> = Grade::ALL
        .into_iter()
        .map(|grade| (grade.word(), many(grade.word())))
        .collect();
    let told = |figure: &&FigureLine| TOLD.contains(&figure.word.as_str());
    Published {
        month: bulletin.period,
        services: many("ratable"),
        rated: distribution.iter().map(|(_, many)| many).sum(),
        defaults: many("defaulted"),
        bad: distribution[3].1 + distribution[4].1,
        figures: bulletin
            .overall
            .figures
            .iter()
            .filter(told)
            .cloned()
            .collect(),
        causes: by_reason(&bulletin.hot_spots),
        cases: bulletin
            .cases
            .iter()
            .map(|case| PublishedCase {
                problem: case.problem.clone(),
                measure: case.measure.clone(),
                outcome: case.outcome.clone(),
            })
            .collect(),
        corrections: adjustments
            .iter()
            .filter(|adjustment| adjustment.is_of_the_whole())
            .cloned()
            .collect(),
        distribution,
    }
}

fn by_reason(spots: &[HotSpot]) -> Vec<Cause> {
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    for spot in spots {
        *sums.entry(&spot.reason).or_default() += spot.count;
    }
    let mut causes: Vec<Cause> = sums
        .into_iter()
        .filter(|(_, count)| *count >= FLOOR)
        .map(|(reason, count)| Cause {
            reason: reason.to_owned(),
            name: reason.parse().map_or("未说明", Reason::zh).to_owned(),
            count,
        })
        .collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.count));
    causes.truncate(CAUSES);
    causes
}
