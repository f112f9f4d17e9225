//! Signs of 第十九条 as lists with their evidence. None is a verdict: people look at each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{Moment, Reason};

/// From where something is a sign; an operator's to set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// 差评 of one unit, matter or person within the period.
    pub repeated: usize,
    /// Ratings at one window …
    pub burst_ratings: usize,
    /// … within this many minutes.
    pub burst_minutes: u16,
    /// A grade keyed sooner after the offer began than this: nobody has heard the keys yet.
    pub too_fast_ms: u32,
    /// Looks of one person within the period.
    pub looks: usize,
    /// Refused ones of them.
    pub refused_looks: usize,
    /// 差评 of one reason about one matter.
    pub hot_spot: usize,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            repeated: 3,
            burst_ratings: 10,
            burst_minutes: 5,
            too_fast_ms: 2_000,
            looks: 30,
            refused_looks: 3,
            hot_spot: 3,
        }
    }
}

/// A counting 差评 with what signs are looked for in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadAct {
    /// The rating's id.
    pub rating: String,
    pub unit: Option<String>,
    pub item: Option<String>,
    /// 工号 of those who served.
    pub staff: Vec<String>,
    pub reasons: Vec<Reason>,
}

/// A sign, with what it is seen in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flag {
    /// `repeated_unit`, `repeated_item`, `repeated_staff`, `weak_rectification`, `burst`, `too_fast`,
    /// `from_staff`, `many_looks`, `refused_looks`.
    pub kind: &'static str,
    /// Unit, matter, 工号, window or person.
    pub of: String,
    pub count: usize,
    /// Ids of ratings, tickets, calls or looks; the first [`MOST`].
    pub evidence: Vec<String>,
}

/// Evidence shown with one sign.
const MOST: usize = 200;

impl Flag {
    pub fn new(kind: &'static str, of: impl Into<String>, mut evidence: Vec<String>) -> Flag {
        let count = evidence.len();
        evidence.truncate(MOST);
        Flag {
            kind,
            of: of.into(),
            count,
            evidence,
        }
    }
}

/// 反复被差评: units, matters and people with `thresholds.repeated` and more, most first.
pub fn repeated(acts: &[BadAct], thresholds: &Thresholds) -> Vec<Flag> {
    let mut of: BTreeMap<(&'static str, &str), Vec<String>> = BTreeMap::new();
    for act in acts {
        let units = act.unit.iter().map(|unit| ("repeated_unit", unit));
        let items = act.item.iter().map(|item| ("repeated_item", item));
        let staff = act.staff.iter().map(|staff| ("repeated_staff", staff));
        for (kind, name) in units.chain(items).chain(staff) {
            let ids = of.entry((kind, name)).or_default();
            if ids.last() != Some(&act.rating) {
                ids.push(act.rating.clone());
            }
        }
    }
    let mut flags: Vec<Flag> = of
        .into_iter()
        .filter(|(_, ids)| ids.len() >= thresholds.repeated.max(1))
        .map(|((kind, name), ids)| Flag::new(kind, name, ids))
        .collect();
    flags.sort_by_key(|flag| std::cmp::Reverse(flag.count));
    flags
}

/// A rating at a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Burst {
    pub window: String,
    pub at: Moment,
    pub rating: String,
}

/// Runs of ratings at one window, each of them within `burst_minutes` of the `burst_ratings` before it.
/// `ratings` in the order of window and time.
pub fn bursts(ratings: &[Burst], thresholds: &Thresholds) -> Vec<Flag> {
    let many = thresholds.burst_ratings.max(2);
    let span_ms = i64::from(thresholds.burst_minutes) * 60_000;
    let mut flags = Vec::new();
    for at_window in ratings.chunk_by(|one, next| one.window == next.window) {
        // The run that goes on: from where to where.
        let mut run: Option<(usize, usize)> = None;
        for last in (many - 1)..at_window.len() {
            let first = last + 1 - many;
            if at_window[last].at.millis() - at_window[first].at.millis() > span_ms {
                continue;
            }
            run = match run {
                Some((from, to)) if first <= to => Some((from, last)),
                Some(ended) => {
                    flags.push(flag_of(at_window, ended));
                    Some((first, last))
                }
                None => Some((first, last)),
            };
        }
        flags.extend(run.map(|run| flag_of(at_window, run)));
    }
    flags
}

fn flag_of(at_window: &[Burst], (from, to): (usize, usize)) -> Flag {
    let ids = at_window[from..=to].iter().map(|one| one.rating.clone());
    Flag::new("burst", &at_window[from].window, ids.collect())
}

/// 堵点、难点 (第十七条): how often a reason was given about a matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HotSpot {
    /// The word of the reason; `none` where none was given.
    pub reason: String,
    /// 事项; empty for a consultation.
    pub item: String,
    pub count: usize,
    /// Their ids; the first [`MOST`].
    pub ratings: Vec<String>,
}

/// Hot spots as they are gathered, act by act: each costs what there are of pairs and not of acts.
#[derive(Debug, Default)]
pub struct HotSpots(BTreeMap<(&'static str, String), (usize, Vec<String>)>);

impl HotSpots {
    pub fn add(&mut self, act: &BadAct) {
        let mut reasons: Vec<_> = act.reasons.iter().map(|reason| reason.word()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        if reasons.is_empty() {
            reasons.push("none");
        }
        for reason in reasons {
            let item = act.item.clone().unwrap_or_default();
            let (count, ratings) = self.0.entry((reason, item)).or_default();
            *count += 1;
            if ratings.len() < MOST {
                ratings.push(act.rating.clone());
            }
        }
    }

    /// All pairs of reason and matter, most first; what is under `hot_spot` is left out.
    pub fn list(self, thresholds: &Thresholds) -> Vec<HotSpot> {
        let mut spots: Vec<HotSpot> = self
            .0
            .into_iter()
            .filter(|(_, (count, _))| *count >= thresholds.hot_spot.max(1))
            .map(|((reason, item), (count, ratings))| HotSpot {
                reason: reason.to_owned(),
                item,
                count,
                ratings,
            })
            .collect();
        spots.sort_by_key(|spot| std::cmp::Reverse(spot.count));
        spots
    }
}

/// As [`HotSpots::list`], of these acts.
pub fn hot_spots(acts: &[BadAct], thresholds: &Thresholds) -> Vec<HotSpot> {
    let mut spots = HotSpots::default();
    acts.iter().for_each(|act| spots.add(act));
    spots.list(thresholds)
}
