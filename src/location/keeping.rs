//! What goes on beside the answers: bindings end, are written, and accounts change.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Clocks, Location, account, instant, moment};
use crate::engine::{Engine, Error};

/// At most so often bindings are written, and what ended is told.
const BEAT: Duration = Duration::from_millis(500);
/// How often it is looked whether accounts changed: the command line changes them beside a running server.
const LOOKS: u32 = 6;

impl Location {
    /// Keeps the location service until told to end; what changed last is written before it returns.
    pub async fn keep(self, engine: Engine, closing: CancellationToken) {
        let mut failing = false;
        let mut beats = 0u32;
        loop {
            let ends = closing.is_cancelled();
            self.expire();
            self.count();
            beats = beats.wrapping_add(1);
            let done = self.beat(&engine, beats.is_multiple_of(LOOKS)).await;
            match done {
                Err(error) if !failing => {
                    tracing::error!(%error, "registrations of desks are not written yet; trying again");
                    failing = true;
                }
                Err(_) => {}
                Ok(()) if failing => {
                    tracing::info!("registrations of desks are written again");
                    failing = false;
                }
                Ok(()) => {}
            }
            if ends {
                return;
            }
            tokio::select! {
                () = closing.cancelled() => {}
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    }

    fn expire(&self) {
        let mut registrar = self.registrar();
        let now = instant();
        let ended = registrar.next_expiry().is_some_and(|at| at <= now);
        registrar.expire(now);
        drop(registrar);
        if ended {
            self.tell();
        }
    }

    #[allow(clippy::cast_precision_loss)] // a few thousand at most
    fn count(&self) {
        let registered = self.registrar().registered(instant());
        metrics::gauge!("gradeline_desks_registered").set(registered as f64);
    }

    async fn beat(&self, engine: &Engine, looks: bool) -> Result<(), Error> {
        if looks {
            let accounts = engine.read().await?.desk_accounts().await?;
            let accounts = accounts.into_iter().map(account).collect();
            let mut registrar = self.registrar();
            registrar.set_accounts(accounts);
            drop(registrar);
            self.tell();
        }
        let changed = self.registrar().take_changed();
        if changed.is_empty() {
            return Ok(());
        }
        let written = self.write(engine, changed.iter()).await;
        if written.is_err() {
            self.registrar().put_back_changed(changed);
        }
        written
    }

    async fn write(
        &self,
        engine: &Engine,
        accounts: impl Iterator<Item = &String>,
    ) -> Result<(), Error> {
        let mut tx = engine.write().await?;
        let clocks = Clocks {
            now: instant(),
            civil: moment(),
        };
        for name in accounts {
            let bindings = self.registrar().bindings(name, clocks.now);
            let rows: Vec<_> = bindings
                .into_iter()
                .map(|binding| clocks.row(name, binding))
                .collect();
            tx.set_desk_bindings(name, &rows).await?;
        }
        Ok(tx.commit().await?)
    }
}
