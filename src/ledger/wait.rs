//! A caller's waits in the queue, each from coming into it to its one end.

use std::time::Instant;

use super::Job;
use crate::domain::Moment;
use crate::engine::WaitEnd;

/// One call's waits: the caller may be handed on to a queue, or lose his desk and wait again.
#[derive(Debug, Default)]
pub struct Wait {
    /// Begun so far.
    count: u64,
    /// Of the one that goes on.
    since: Option<Instant>,
    /// He is off the line, and waits no longer; what he said last may still be on its way to the disk.
    left: Option<Instant>,
}

/// No more of one call are kept: a plan may lead in circles.
const KEPT_AT_MOST: u64 = 100;

impl Wait {
    /// He comes into this queue, the group or skill that is asked for. `None` where he is in one.
    pub fn begins(&mut self, queue: Option<String>, now: Instant, at: Moment) -> Option<Job> {
        if self.since.is_some() || self.left.is_some() || self.count >= KEPT_AT_MOST {
            return None;
        }
        self.count += 1;
        self.since = Some(now);
        let nth = self.count;
        Some(Job::Queued { nth, queue, at })
    }

    /// His line is gone. Whether he has left a message is told later; he waits no longer.
    pub fn leaves(&mut self, now: Instant) {
        self.left.get_or_insert(now);
    }

    /// It ends so. `None` where he does not wait.
    pub fn ends(&mut self, how: WaitEnd, now: Instant) -> Option<Job> {
        let since = self.since.take()?;
        let waited = self.left.unwrap_or(now).saturating_duration_since(since);
        let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        let nth = self.count;
        Some(Job::WaitEnded {
            nth,
            how,
            waited_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn queued(start: Instant) -> Wait {
        let at = "2026-09-18T16:00:00+08:00".parse().unwrap();
        let mut wait = Wait::default();
        assert!(matches!(
            wait.begins(None, start, at),
            Some(Job::Queued { .. })
        ));
        assert!(wait.begins(None, start, at).is_none(), "he is in it");
        wait
    }

    fn told(job: Option<Job>) -> Option<(WaitEnd, u64)> {
        match job? {
            Job::WaitEnded { how, waited_ms, .. } => Some((how, waited_ms)),
            other => unreachable!("{other:?} is no end of a wait"),
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods)] // any instant will do
    fn each_wait_has_one_end_and_its_time() {
        let start = Instant::now();
        let after = |s: u64| start + Duration::from_secs(s);
        for how in [
            WaitEnd::Talk,
            WaitEnd::Callback,
            WaitEnd::Message,
            WaitEnd::Abandoned,
        ] {
            let mut wait = queued(start);
            assert_eq!(told(wait.ends(how, after(61))), Some((how, 61_000)));
            assert_eq!(told(wait.ends(WaitEnd::Abandoned, after(90))), None);
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods)] // any instant will do
    fn who_hangs_up_has_waited_until_then_however_long_the_disk_takes() {
        let start = Instant::now();
        let after = |s: u64| start + Duration::from_secs(s);
        let mut wait = queued(start);
        wait.leaves(after(20));
        wait.leaves(after(21));
        let end = told(wait.ends(WaitEnd::Abandoned, after(80)));
        assert_eq!(end, Some((WaitEnd::Abandoned, 20_000)));
    }

    #[test]
    #[allow(clippy::disallowed_methods)] // any instant will do
    fn who_never_was_in_the_queue_has_not_waited() {
        let now = Instant::now();
        assert_eq!(told(Wait::default().ends(WaitEnd::Talk, now)), None);
    }

    #[test]
    #[allow(clippy::disallowed_methods)] // any instant will do
    fn who_waits_again_has_waited_twice_and_in_which_queue() {
        let start = Instant::now();
        let after = |s: u64| start + Duration::from_secs(s);
        let at = "2026-09-18T16:00:00+08:00".parse().unwrap();
        let mut wait = queued(start);
        assert!(matches!(
            wait.ends(WaitEnd::Talk, after(10)),
            Some(Job::WaitEnded { nth: 1, .. })
        ));
        let again = wait.begins(Some("seeds".to_owned()), after(60), at);
        let Some(Job::Queued { nth: 2, queue, .. }) = again else {
            panic!("he waits again: {again:?}");
        };
        assert_eq!(queue.as_deref(), Some("seeds"));
        assert!(matches!(
            wait.ends(WaitEnd::Abandoned, after(90)),
            Some(Job::WaitEnded {
                nth: 2,
                how: WaitEnd::Abandoned,
                waited_ms: 30_000
            })
        ));
        wait.leaves(after(91));
        assert!(wait.begins(None, after(92), at).is_none(), "he is gone");
    }

    #[test]
    #[allow(clippy::disallowed_methods)] // any instant will do
    fn a_plan_that_leads_in_circles_fills_no_rows() {
        let now = Instant::now();
        let at = "2026-09-18T16:00:00+08:00".parse().unwrap();
        let mut wait = Wait::default();
        let turns = (0..1000).filter(|_| {
            let begun = wait.begins(None, now, at).is_some();
            begun && wait.ends(WaitEnd::Talk, now).is_some()
        });
        assert_eq!(turns.count(), 100);
    }

    #[test]
    fn an_entry_of_before_each_wait_was_kept_is_of_the_first() {
        let at: Moment = "2026-09-18T16:00:00+08:00".parse().unwrap();
        let old = [
            format!("{{\"queued\":{{\"at\":{}}}}}", serde_json::json!(at)),
            "{\"wait_ended\":{\"how\":\"talk\",\"waited_ms\":5}}".to_owned(),
        ];
        let read: Vec<Job> = old
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect();
        assert!(matches!(read[0], Job::Queued { nth: 1, .. }));
        assert!(matches!(read[1], Job::WaitEnded { nth: 1, .. }));
    }
}
