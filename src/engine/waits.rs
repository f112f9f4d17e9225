//! What a call's wait in the queue came to.

use super::calls::{finish, locked};
use super::{CallId, Engine, Error, WaitEnd};
use crate::domain::{Moment, ServiceKey};

impl Engine {
    /// The caller came into the queue. Told again, it changes nothing.
    pub async fn queued(&self, call: &CallId, at: Moment) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let found = tx.set_queued(call, at).await?;
        finish(tx, found, call).await
    }

    /// His wait ended so, after `waited_ms` milliseconds. Also after the call's end; told again, it changes nothing.
    /// A call that ends while its caller waits is abandoned without being told of.
    pub async fn wait_ended(
        &self,
        call: &CallId,
        how: WaitEnd,
        waited_ms: u64,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let standing = locked(&mut tx, call).await?;
        tx.set_wait_end(call, how, waited_ms).await?;
        if standing.ended_at.is_some() {
            // It was counted without.
            let act = ServiceKey(format!("call-{}", call.0));
            tx.count_act_anew(&act).await?;
        }
        Ok(tx.commit().await?)
    }
}
