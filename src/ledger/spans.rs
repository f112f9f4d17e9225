//! Which desks were in a call, and for how long each and the caller heard each other.

use std::time::Instant;

use super::Job;
use crate::engine::DeskSpan;

/// One of the two desks that a call can have at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nth {
    First,
    Second,
}

/// The desks that are in the call now.
#[derive(Default)]
pub struct Spans {
    first: Option<Open>,
    second: Option<Open>,
    /// How many there have been.
    count: u64,
}

struct Open {
    span: DeskSpan,
    hears_since: Option<Instant>,
}

impl Spans {
    /// A desk is in the call, `from_ms` after its answer. To be noted at once: a crash shall not forget it.
    pub fn begins(&mut self, nth: Nth, desk: String, staff: Option<String>, from_ms: i64) -> Job {
        let span = DeskSpan {
            seq: self.count,
            desk,
            staff,
            from_ms,
            to_ms: None,
            talked_ms: 0,
        };
        self.count += 1;
        *self.of(nth) = Some(Open {
            span: span.clone(),
            hears_since: None,
        });
        Job::DeskSpan(span)
    }

    /// Whether this desk and the caller hear each other from `now` on.
    pub fn hear(&mut self, nth: Nth, hears: bool, now: Instant) {
        if let Some(open) = self.of(nth) {
            open.hears(hears, now);
        }
    }

    /// It has left, `to_ms` after the answer; `None` where it is on record already, or was none of ours.
    pub fn ends(&mut self, nth: Nth, now: Instant, to_ms: i64) -> Option<Job> {
        let mut open = self.of(nth).take()?;
        open.hears(false, now);
        open.span.to_ms = Some(to_ms);
        Some(Job::DeskSpan(open.span))
    }

    /// The second desk has the caller.
    pub fn second_is_first(&mut self) {
        self.first = self.second.take();
    }

    fn of(&mut self, nth: Nth) -> &mut Option<Open> {
        match nth {
            Nth::First => &mut self.first,
            Nth::Second => &mut self.second,
        }
    }
}

impl Open {
    fn hears(&mut self, hears: bool, now: Instant) {
        match (hears, self.hears_since) {
            (true, None) => self.hears_since = Some(now),
            (false, Some(since)) => {
                let ms = now.saturating_duration_since(since).as_millis();
                self.span.talked_ms += u64::try_from(ms).unwrap_or(u64::MAX);
                self.hears_since = None;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_a_desk_and_the_caller_heard_of_each_other_is_counted() {
        let now = super::super::clock::instant();
        let after = |s: u64| now + Duration::from_secs(s);
        let mut spans = Spans::default();
        let staff = Some("12".to_owned());
        let Job::DeskSpan(begun) = spans.begins(Nth::Second, "8002".into(), staff, 1000) else {
            panic!("no span");
        };
        assert_eq!((begun.seq, begun.to_ms, begun.talked_ms), (0, None, 0));
        spans.hear(Nth::Second, true, after(1));
        spans.hear(Nth::Second, true, after(2));
        spans.hear(Nth::Second, false, after(3));
        spans.second_is_first();
        assert!(spans.ends(Nth::Second, after(4), 5000).is_none());
        spans.hear(Nth::First, true, after(5));
        let Some(Job::DeskSpan(ended)) = spans.ends(Nth::First, after(8), 9000) else {
            panic!("no span");
        };
        assert_eq!((ended.desk.as_str(), ended.talked_ms), ("8002", 5000));
        assert_eq!(ended.to_ms, Some(9000));
    }
}
