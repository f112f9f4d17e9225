//! What a call's wait in the queue came to.

use std::time::Duration;

use super::calls::{finish, locked};
use super::{CallId, Engine, Error, LeftPlace, WaitEnd};
use crate::domain::{Moment, ServiceKey};

/// Nobody waits in a queue for longer.
const LONGEST_WAIT_MS: i64 = 24 * 3600 * 1000;

/// More places than this are not kept over a restart.
const PLACES_AT_MOST: i64 = 10_000;

impl Engine {
    /// Whose places in the queue an earlier run kept, in their order: who left within the time `kept_for` before `now`,
    /// or was cut off, and has not called again with success. To be asked before the first call.
    pub async fn left_places(
        &self,
        kept_for: Duration,
        now: Moment,
    ) -> Result<Vec<LeftPlace>, Error> {
        let kept_ms = i64::try_from(kept_for.as_millis()).unwrap_or(LONGEST_WAIT_MS);
        let left_since = now.plus_millis(-kept_ms);
        let started_since = left_since.plus_millis(-LONGEST_WAIT_MS);
        let mut tx = self.read().await?;
        Ok(tx
            .left_places(started_since, left_since, PLACES_AT_MOST)
            .await?)
    }

    /// The caller came into a queue for the `nth` time, from 1. Told again, it changes nothing.
    pub async fn queued(
        &self,
        call: &CallId,
        nth: u64,
        queue: Option<&str>,
        at: Moment,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let found = tx.set_queued(call, nth, queue, at).await?;
        finish(tx, found, call).await
    }

    /// His `nth` wait ended so, after `waited_ms` milliseconds. Also after the call's end; told again, it changes nothing.
    /// A call that ends while its caller waits is abandoned without being told of.
    pub async fn wait_ended(
        &self,
        call: &CallId,
        nth: u64,
        how: WaitEnd,
        waited_ms: u64,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let standing = locked(&mut tx, call).await?;
        tx.set_wait_end(call, nth, how, waited_ms).await?;
        if standing.ended_at.is_some() {
            // It was counted without.
            let act = ServiceKey(format!("call-{}", call.0));
            tx.count_act_anew(&act).await?;
        }
        Ok(tx.commit().await?)
    }
}
