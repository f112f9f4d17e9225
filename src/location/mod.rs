//! The location service (RFC 3261 §10.1): the registrar with a clock, a lock and a memory. Accounts come from the
//! database, and what they bind goes there, so that desks can be rung right after a restart. A shell beside the engine's.
//!
//! **Invariant:** a REGISTER waits for no database: what it changed is written after its answer, each account's bindings as
//! they stand then, and tried again until it is written.

mod keeping;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::clocks::{instant, moment};
use crate::domain::Moment;
use crate::engine::{Engine, Error};
use crate::register::{DeskAccountRow, DeskBindingRow};
use crate::registrar::{Account, Answer, Binding, Ha1s, Registrar, Request};
pub use crate::registrar::{Carrier, Registers, Settings};

/// Where desks that register are. Cheap to clone.
#[derive(Clone)]
pub struct Location {
    registrar: Arc<Mutex<Registrar>>,
    /// Counted up with each change of a binding.
    changes: Arc<watch::Sender<u64>>,
    /// Media of telephones behind NAT may come from elsewhere than they say.
    learns_media: bool,
}

/// A way to a telephone that registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Its Contact: what the request names.
    pub uri: String,
    /// Where the request goes.
    pub peer: SocketAddr,
    pub carrier: Carrier,
    /// It is behind NAT, and the address of its media may be learnt where it comes from that of its registration.
    pub learns_media: bool,
    /// Through which proxies (RFC 3327), each as it stands in a Route.
    pub route: Vec<String>,
}

impl Location {
    /// Reads accounts and what they had bound.
    pub async fn open(engine: &Engine, settings: Settings) -> Result<Location, Error> {
        let now = instant();
        let registrar = Registrar::new(settings, rand::random(), now);
        let (changes, _) = watch::channel(0);
        let location = Location {
            registrar: Arc::new(Mutex::new(registrar)),
            changes: Arc::new(changes),
            learns_media: false,
        };
        let mut tx = engine.read().await?;
        let accounts = tx.desk_accounts().await?;
        let bindings = tx.desk_bindings().await?;
        let mut registrar = location.registrar();
        registrar.set_accounts(accounts.into_iter().map(account).collect());
        let clocks = Clocks {
            now,
            civil: moment(),
        };
        for row in bindings {
            if let Some(binding) = clocks.restored(&row) {
                registrar.restore(&row.account, vec![binding], now);
            }
        }
        drop(registrar);
        Ok(location)
    }

    /// The ways to an account, the best first; none where it is not registered.
    pub fn ways_to(&self, account: &str) -> Vec<Way> {
        let bindings = self.registrar().bindings(account, instant());
        bindings
            .into_iter()
            .map(|binding| self.way(binding))
            .collect()
    }

    /// The ways to all telephones that are behind NAT by UDP: they are kept open by asking there.
    pub fn behind_nat(&self) -> Vec<Way> {
        let bindings = self.registrar().behind_nat(instant());
        bindings
            .into_iter()
            .map(|binding| self.way(binding))
            .collect()
    }

    /// Whether media of telephones behind NAT may come from elsewhere than they say.
    pub fn learning_media(mut self, learns: bool) -> Location {
        self.learns_media = learns;
        self
    }

    fn way(&self, binding: Binding) -> Way {
        Way {
            learns_media: self.learns_media && binding.is_behind_nat(),
            uri: binding.uri,
            peer: binding.source,
            carrier: binding.carrier,
            route: binding.path,
        }
    }

    /// Whether there is a way to an account.
    pub fn is_registered(&self, account: &str) -> bool {
        !self.ways_to(account).is_empty()
    }

    /// Changes with each change of a binding.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn registrar(&self) -> MutexGuard<'_, Registrar> {
        // Each change is whole before anything can panic.
        self.registrar
            .lock()
            .unwrap_or_else(|held| held.into_inner())
    }

    fn tell(&self) {
        self.changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl Registers for Location {
    fn register(&self, request: &Request<'_>, now: Instant) -> Answer {
        let answer = self.registrar().register(request, now);
        if answer.status == 200 {
            self.tell();
        }
        answer
    }

    fn lost(&self, source: SocketAddr, carrier: Carrier) {
        self.registrar().lost(source, carrier);
        self.tell();
    }
}

/// One moment by both clocks.
#[derive(Debug, Clone, Copy)]
struct Clocks {
    now: Instant,
    civil: Moment,
}

impl Clocks {
    /// A binding of before the restart, unless it has ended or its row cannot be read. A row that holds for longer than
    /// any could was written by another clock.
    fn restored(&self, row: &DeskBindingRow) -> Option<Binding> {
        const LONGEST_MS: u64 = 24 * 3_600_000;
        let left_ms = row.expires_at.millis() - self.civil.millis();
        let left_ms = u64::try_from(left_ms).ok().filter(|ms| *ms <= LONGEST_MS)?;
        let mut carriers = Carrier::ALL.into_iter();
        Some(Binding {
            uri: row.uri.clone(),
            source: row.source.parse().ok()?,
            carrier: carriers.find(|carrier| carrier.word() == row.carrier)?,
            q_milli: u16::try_from(row.q_milli).ok()?,
            call_id: row.call_id.clone(),
            cseq: u32::try_from(row.cseq).ok()?,
            expires_at: self.now + Duration::from_millis(left_ms),
            instance: row.instance.clone(),
            reg_id: row.reg_id.and_then(|id| u32::try_from(id).ok()),
            path: row
                .path
                .iter()
                .flat_map(|path| path.split(", "))
                .map(str::to_owned)
                .collect(),
        })
    }

    fn row(&self, account: &str, binding: Binding) -> DeskBindingRow {
        let left = binding.expires_at.saturating_duration_since(self.now);
        let left_ms = i64::try_from(left.as_millis()).unwrap_or(0);
        DeskBindingRow {
            account: account.to_owned(),
            uri: binding.uri,
            source: binding.source.to_string(),
            carrier: binding.carrier.word().to_owned(),
            q_milli: binding.q_milli.into(),
            call_id: binding.call_id,
            cseq: binding.cseq.into(),
            expires_at: self.civil.plus_millis(left_ms),
            instance: binding.instance,
            reg_id: binding.reg_id.map(u64::from),
            path: (!binding.path.is_empty()).then(|| binding.path.join(", ")),
        }
    }
}

fn account(row: DeskAccountRow) -> Account {
    Account {
        name: row.name,
        ha1s: Ha1s {
            sha256: row.ha1_sha256,
            md5: row.ha1_md5,
        },
    }
}
