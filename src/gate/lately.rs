//! How soon callers were answered of late: counted once for all who look within a while.

use std::future::Future;

use tokio::sync::Mutex;

use crate::domain::Moment;
use crate::engine::Answering;

/// Over which it is counted: 24 hours.
const OVER_MS: i64 = 24 * 3600 * 1000;
/// As long as a count is told: whoever watches looks every few seconds, and a count reads a day's calls.
const HOLDS_MS: i64 = 15_000;

/// The last count, and of when it is.
#[derive(Default)]
pub(crate) struct Lately(Mutex<Option<(Moment, Answering)>>);

impl Lately {
    /// The count of the 24 hours before `now`, 15 s old at most; `count` counts since a moment. Of several who ask in one
    /// moment one counts, and the others wait for it.
    ///
    /// # Errors
    /// Those of `count`; nothing is kept then.
    pub(crate) async fn at<E, C>(
        &self,
        now: Moment,
        count: impl FnOnce(Moment) -> C,
    ) -> Result<Answering, E>
    where
        C: Future<Output = Result<Answering, E>>,
    {
        let mut last = self.0.lock().await;
        // A clock that was set back would keep it for longer.
        let holds = |at: Moment| at <= now && now < at.plus_millis(HOLDS_MS);
        if let Some((at, counted)) = *last
            && holds(at)
        {
            return Ok(counted);
        }
        let counted = count(now.plus_millis(-OVER_MS)).await?;
        *last = Some((now, counted));
        Ok(counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_counted_once_in_fifteen_seconds_and_again_where_the_clock_went_back() {
        let lately = Lately::default();
        let zero: Moment = "2026-11-27T10:00:00+08:00".parse().unwrap();
        let mut counts = 0;
        for (after_ms, expected) in [(0, 1), (14_999, 1), (15_000, 2), (14_000, 3), (13_999, 4)] {
            let now = zero.plus_millis(after_ms);
            let counted = lately
                .at(now, |since| {
                    assert_eq!(since, now.plus_millis(-OVER_MS));
                    counts += 1;
                    let wanted = counts;
                    async move {
                        Ok::<_, ()>(Answering {
                            wanted,
                            ..Answering::default()
                        })
                    }
                })
                .await;
            assert_eq!(counted.map(|counted| counted.wanted), Ok(expected));
        }
    }

    #[tokio::test]
    async fn a_count_that_failed_is_tried_again() {
        let lately = Lately::default();
        let zero: Moment = "2026-11-27T10:00:00+08:00".parse().unwrap();
        let failed = lately.at(zero, |_| async { Err::<Answering, _>("the disk stands") });
        assert_eq!(failed.await, Err("the disk stands"));
        let counted = lately.at(zero, |_| async { Ok::<_, ()>(Answering::default()) });
        assert_eq!(counted.await, Ok(Answering::default()));
    }
}
