//! A caller's wait in the queue, from coming into it to its one end.

use std::time::Instant;

use super::Job;
use crate::domain::Moment;
use crate::engine::WaitEnd;

/// One call's wait. Only its first one is kept: who lost his desk and waits again had got what he waited for.
#[derive(Debug, Default)]
pub struct Wait {
    since: Option<Instant>,
    /// He is off the line, and waits no longer; what he said last may still be on its way to the disk.
    left: Option<Instant>,
    is_over: bool,
}

impl Wait {
    /// He comes into the queue. `None` where he was in it before.
    pub fn begins(&mut self, now: Instant, at: Moment) -> Option<Job> {
        if self.since.is_some() {
            return None;
        }
        self.since = Some(now);
        Some(Job::Queued { at })
    }

    /// His line is gone. Whether he has left a message is told later; he waits no longer.
    pub fn leaves(&mut self, now: Instant) {
        self.left.get_or_insert(now);
    }

    /// It ends so. `None` where he never waited, or his wait has ended.
    pub fn ends(&mut self, how: WaitEnd, now: Instant) -> Option<Job> {
        let since = self.since.filter(|_| !self.is_over)?;
        self.is_over = true;
        let waited = self.left.unwrap_or(now).saturating_duration_since(since);
        let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        Some(Job::WaitEnded { how, waited_ms })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn queued(start: Instant) -> Wait {
        let at = "2026-09-18T16:00:00+08:00".parse().unwrap();
        let mut wait = Wait::default();
        assert!(matches!(wait.begins(start, at), Some(Job::Queued { .. })));
        assert!(wait.begins(start, at).is_none(), "he is in it");
        wait
    }

    fn told(job: Option<Job>) -> Option<(WaitEnd, u64)> {
        match job? {
            Job::WaitEnded { how, waited_ms } => Some((how, waited_ms)),
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
}
