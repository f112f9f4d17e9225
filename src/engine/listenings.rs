//! Listening leaves a trace (第十四条: only those who must may; 第十七条: what was done stays on record).

use super::{Engine, Error, Listening};
use crate::domain::Moment;

/// A player asks for a recording in many parts: what one listener asks of one sound within this is
/// one sitting.
const SITTING_MS: i64 = 10 * 60_000;

impl Engine {
    /// To be called before the first byte goes out: returns when the trace is committed. The same
    /// listener's later requests for the same sound within ten minutes add no row.
    pub async fn listen(&self, listening: &Listening, now: Moment) -> Result<(), Error> {
        let since = now.plus_millis(-SITTING_MS);
        let mut tx = self.read().await?;
        if tx.listened_since(listening, since).await? {
            return Ok(());
        }
        drop(tx);
        let mut tx = self.write().await?;
        tx.lock_listening(listening).await?;
        if !tx.listened_since(listening, since).await? {
            tx.insert_listening(listening, now).await?;
        }
        Ok(tx.commit().await?)
    }
}
