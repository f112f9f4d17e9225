//! How the pages say what rows hold.

use super::chrome::Chrome;
use super::lamp::Lamp;
use super::locale::Language;
use super::params::{CALL_STATES, OUTCOMES, Params};
use crate::domain::{CountedDay, Day, Grade, Moment, State};
use crate::engine::{
    CallDetail, CallRow, CallState, ClipKind, Counted, DeadlineRow, Figures, HungUpBy,
    TicketDetail, TicketRow,
};

/// A recording that is not there this long after the call's end will not come by itself.
const CLOSING_MS: i64 = 15_000;

/// What the templates ask about a row; they decide nothing themselves.
impl Chrome {
    pub(super) fn grade(&self, grade: &Grade) -> String {
        self.word("grade", grade.word())
    }

    pub(super) fn state(&self, state: &CallState) -> String {
        let word = CALL_STATES
            .into_iter()
            .find(|(_, other)| other == state)
            .map_or("", |(word, _)| word);
        self.word("call_state", word)
    }

    pub(super) fn hung_up_by(&self, by: &HungUpBy) -> String {
        self.word(
            "hung_up_by",
            match by {
                HungUpBy::Caller => "caller",
                HungUpBy::Desk => "desk",
                HungUpBy::System => "system",
            },
        )
    }

    pub(super) fn outcome(&self, row: &CallRow) -> String {
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

    pub(super) fn is_live(&self, row: &CallRow) -> bool {
        !matches!(row.state, CallState::Ended | CallState::Interrupted)
    }

    /// A call that goes on, or is so fresh that its recording is still being closed.
    pub(super) fn is_unsettled(&self, call: &CallDetail, now: &Moment) -> bool {
        let closing = call.row.ended_at.is_some_and(|ended_at| {
            call.recording.is_none() && *now < ended_at.plus_millis(CLOSING_MS)
        });
        closing || self.is_live(&call.row)
    }

    pub(super) fn caller(&self, caller: &Option<String>) -> String {
        caller.clone().unwrap_or_else(|| self.t("calls.withheld"))
    }

    /// How long a call that goes on has gone on.
    pub(super) fn elapsed(&self, since: &Moment, now: &Moment) -> String {
        let ms = now.millis().saturating_sub(since.millis());
        self.length(&u64::try_from(ms).unwrap_or(0))
    }

    /// `2:03.4`, or with a sign before the answer: where a line stands on the recording.
    pub(super) fn offset(&self, offset_ms: &i64) -> String {
        let ms = offset_ms.unsigned_abs();
        let sign = if *offset_ms < 0 { "−" } else { "" };
        format!("{sign}{}.{}", self.length(&ms), ms % 1000 / 100)
    }

    /// Seconds for `data-` attributes and media fragments.
    pub(super) fn seconds(&self, offset_ms: &i64) -> String {
        format!("{:.3}", *offset_ms as f64 / 1000.0)
    }

    pub(super) fn clip_kind(&self, kind: &ClipKind) -> &'static str {
        match kind {
            ClipKind::Remark => "remark",
            ClipKind::Voice => "voice",
        }
    }

    pub(super) fn lamp(&self, deadline: &DeadlineRow, now: &Moment) -> &'static str {
        Lamp::of(deadline, *now).word()
    }

    /// The deadline that is due next: what a list shows of a ticket.
    pub(super) fn next_deadline<'a>(&self, row: &'a TicketRow) -> Option<&'a DeadlineRow> {
        row.deadlines
            .iter()
            .filter(|deadline| deadline.met_at.is_none())
            .min_by_key(|deadline| deadline.due_at)
    }

    /// `2026-09-22 24:00前`: the end of a day as people say it.
    pub(super) fn due(&self, due_at: &Moment) -> String {
        let day = due_at.day().to_string();
        match due_at.day().end() == *due_at {
            true => self.fill("tickets.due_by", &[("day", &day)]),
            false => self.time(due_at),
        }
    }

    /// `09-18`.
    pub(super) fn month_day(&self, day: &Day) -> String {
        format!("{:02}-{:02}", day.month(), day.day_of_month())
    }

    pub(super) fn weekday(&self, day: &Day) -> String {
        self.word("weekday", &day.weekday().to_string())
    }

    /// ① … ⑮; further ones as plain numbers.
    pub(super) fn counted(&self, day: &CountedDay) -> String {
        match day.counted_as {
            Some(number @ 1..=20) => char::from_u32(0x2460 + u32::from(number) - 1)
                .map(String::from)
                .unwrap_or_default(),
            Some(number) => number.to_string(),
            None => String::new(),
        }
    }

    pub(super) fn why(&self, day: &CountedDay) -> String {
        match self.language {
            Language::Chinese => day.why.zh(),
            Language::English => day.why.en(),
        }
    }

    pub(super) fn counted_of<'a>(
        &self,
        ticket: &'a TicketDetail,
        index: &usize,
    ) -> Option<&'a Counted> {
        ticket.counted.get(*index)
    }

    pub(super) fn workdays(&self, number: &u16) -> String {
        self.fill("tickets.workdays", &[("n", &number.to_string())])
    }

    pub(super) fn ticket_states(&self) -> impl Iterator<Item = &'static str> {
        State::ALL.into_iter().map(State::word)
    }

    pub(super) fn count_of(&self, figures: &Figures, grade: &Grade) -> u64 {
        figures
            .by_grade
            .iter()
            .find(|(other, _)| other == grade)
            .map_or(0, |(_, count)| *count)
    }

    pub(super) fn grades(&self) -> [Grade; 5] {
        Grade::ALL
    }

    pub(super) fn outcomes(&self) -> [&'static str; 15] {
        OUTCOMES
    }
}

impl Params {
    /// A field's value as it was asked for.
    pub(super) fn value(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.text(name) == Some(value)
    }
}
