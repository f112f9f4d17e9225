//! What an earlier run left open, closed beside the first calls: whoever calls now does not wait for it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::now;
use crate::archive::Archive;
use crate::domain::Moment;
use crate::engine::{CallId, Engine, Error, Salvage};
use crate::ledger::Ledgers;

/// After a fault of the database.
const AGAIN: Duration = Duration::from_secs(2);

/// What there is to do.
pub(super) struct Recovery {
    engine: Engine,
    archive: Archive,
    /// Open, or ended without a recording, when this run began. Calls of this run are none of them.
    earlier: HashSet<CallId>,
}

impl Recovery {
    /// Looks what an earlier run left. To be called before the first call.
    pub(super) async fn look(engine: &Engine, archive: &Archive) -> Result<Recovery, Error> {
        let open = engine.unfinished_calls().await?;
        if !open.is_empty() {
            let calls = open.len();
            tracing::warn!(calls, "an earlier run was interrupted; closing its calls");
        }
        let unrecorded = engine.unrecorded_calls().await?;
        Ok(Recovery {
            engine: engine.clone(),
            archive: archive.clone(),
            earlier: open
                .into_iter()
                .chain(unrecorded)
                .map(|(id, _)| id)
                .collect(),
        })
    }

    /// What the earlier run had in its journal comes first: a grade that stands there is keyed in a call
    /// that is open still. Then every call is closed as interrupted, its sound made playable, a grade
    /// already keyed submitted; sound that lacks its row gets it.
    pub(super) async fn run(mut self, ledgers: Arc<Ledgers>) {
        self.earlier.extend(ledgers.earlier_drained().await);
        let open = persist(|| self.engine.unfinished_calls()).await;
        for (id, started) in self.earlier_of(open) {
            let sound = self.salvage(&id, started, Loss::IsAFault).await;
            let closed =
                persist(|| self.engine.close_interrupted(&id, sound.as_ref(), now())).await;
            if closed {
                tracing::warn!(call = %id.0, "closed as interrupted");
            }
        }
        let unrecorded = persist(|| self.engine.unrecorded_calls()).await;
        for (id, started) in self.earlier_of(unrecorded) {
            let sound = self.salvage(&id, started, Loss::WasTold).await;
            if let Some(sound) = sound.filter(|sound| sound.recording.is_some()) {
                persist(|| self.engine.add_sound(&sound)).await;
                tracing::warn!(call = %id.0, "the recording of an ended call was found");
            }
        }
    }

    fn earlier_of(&self, calls: Vec<(CallId, Moment)>) -> impl Iterator<Item = (CallId, Moment)> {
        calls
            .into_iter()
            .filter(|(id, _)| self.earlier.contains(id))
    }

    async fn salvage(&self, id: &CallId, started: Moment, loss: Loss) -> Option<Salvage> {
        let (archive, call) = (self.archive.clone(), [(id.clone(), started)]);
        let saved = tokio::task::spawn_blocking(move || archive.recover(&call)).await;
        let (sound, faults) = match saved {
            Ok(mut saved) => saved.pop()?,
            Err(panic) => {
                tracing::error!(call = %id.0, %panic, "a bug: saving its sound broke");
                return None;
            }
        };
        for error in faults {
            match loss {
                Loss::IsAFault => {
                    tracing::error!(call = %id.0, %error, "part of its sound could not be saved");
                }
                Loss::WasTold => {
                    tracing::debug!(call = %id.0, %error, "it ended without a recording");
                }
            }
        }
        Some(sound)
    }
}

/// Whether missing sound is news.
#[derive(Clone, Copy)]
enum Loss {
    IsAFault,
    /// It was said when the call ended; every start looks again.
    WasTold,
}

/// Tries until the database does it; what is refused is said and left.
async fn persist<T: Default, F: Future<Output = Result<T, Error>>>(act: impl Fn() -> F) -> T {
    loop {
        match act().await {
            Ok(done) => return done,
            Err(error) if error.may_pass() => {
                tracing::warn!(%error, "an earlier run's calls wait for the database");
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => {
                tracing::error!(%error, "an earlier run's call cannot be closed");
                return T::default();
            }
        }
    }
}
