//! How urgent a deadline is, by the time and nothing else.

use crate::domain::{Force, Moment};
use crate::engine::DeadlineRow;

/// A deadline's lamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lamp {
    /// Met before it was due.
    Met,
    /// Met, but too late.
    MetLate,
    /// 正常.
    Normal,
    /// 临期: less than a day is left.
    Near,
    /// 超期.
    Late,
    /// It holds no more, or was a period that only had to pass.
    Over,
}

const NEAR_MS: i64 = 24 * 3_600_000;

impl Lamp {
    pub(crate) fn of(deadline: &DeadlineRow, now: Moment) -> Self {
        let only_passes = deadline.kind.term().force == Force::Rule;
        if deadline.void_at.is_some() || (only_passes && now > deadline.due_at) {
            return Lamp::Over;
        }
        match deadline.met_at {
            Some(met_at) if met_at <= deadline.due_at => Lamp::Met,
            Some(_) => Lamp::MetLate,
            None if now > deadline.due_at => Lamp::Late,
            None if now.plus_millis(NEAR_MS) >= deadline.due_at => Lamp::Near,
            None => Lamp::Normal,
        }
    }

    /// Word of the locale files and of the style sheet.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Lamp::Met => "met",
            Lamp::MetLate => "met_late",
            Lamp::Normal => "normal",
            Lamp::Near => "near",
            Lamp::Late => "late",
            Lamp::Over => "over",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline(met_at: Option<&str>) -> DeadlineRow {
        DeadlineRow {
            kind: crate::domain::DeadlineKind::Assess,
            subject: "ticket:T2026-000001".to_owned(),
            article: "第九条".to_owned(),
            workdays: Some(3),
            started_at: "2026-09-18T10:00:00+08:00".parse().unwrap(),
            due_at: "2026-09-22T23:59:59+08:00".parse().unwrap(),
            met_at: met_at.map(|text| text.parse().unwrap()),
            void_at: None,
            missed_at: None,
            provisional: false,
        }
    }

    #[test]
    fn the_lamp_turns_on_the_last_day_and_again_when_the_term_is_over() {
        let at = |text: &str| Lamp::of(&deadline(None), text.parse().unwrap());
        assert_eq!(at("2026-09-21T23:59:58+08:00"), Lamp::Normal);
        assert_eq!(at("2026-09-21T23:59:59+08:00"), Lamp::Near);
        assert_eq!(at("2026-09-22T23:59:59+08:00"), Lamp::Near);
        assert_eq!(at("2026-09-23T00:00:00+08:00"), Lamp::Late);
    }

    #[test]
    fn a_met_deadline_stays_as_it_was_met_however_late_it_is_now() {
        let long_after = "2027-01-01T00:00:00+08:00".parse().unwrap();
        let lamp = |met: &str| Lamp::of(&deadline(Some(met)), long_after);
        assert_eq!(lamp("2026-09-22T23:59:59+08:00"), Lamp::Met);
        assert_eq!(lamp("2026-09-23T00:00:00+08:00"), Lamp::MetLate);
    }
}
