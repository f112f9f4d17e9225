//! The trunks with a clock and a wire: a shell beside [`crate::trunks`]. It looks the addresses of each up, asks whether they
//! are there, registers, and tells by which way a call goes out.
//!
//! **Invariants:** nobody waits for it: a way out is read from memory; a resolver that is gone leaves the last addresses; at
//! an orderly stop the registration is taken back before the transports close.

mod keeping;
mod remembering;
mod resolving;
mod running;
mod several;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use crate::credentials::Credentials;
pub use crate::trunks::{Account, NoWay, Settings as TrunkSettings};
pub use resolving::{Families, Host, Resolver, Unresolvable};
pub use several::Trunklines;

use crate::sip::{Agent, Through, Transport};
use crate::trunks::{self, Trunk};

/// How the trunk is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// As logs, figures and `/healthz` call it.
    pub name: String,
    /// Our number as persons see it who are called by it; empty: nobody is.
    pub caller_id: String,
    /// What numbers begin with that are called by it, as they are dialled; empty: all.
    pub numbers: Vec<String>,
    /// In the order in which they are tried; where there are none, the domain is looked up (RFC 3263).
    pub hosts: Vec<Host>,
    /// Name servers to ask instead of the system's.
    pub nameservers: Vec<SocketAddr>,
    /// What may carry our requests, as it is listened for.
    pub transports: Vec<Transport>,
    /// Where our socket can send datagrams.
    pub datagrams: Families,
    pub trunk: trunks::Settings,
}

/// At most so long a stop waits for the answer to a REGISTER that was under way, and then for the answer that we have left.
const UNDER_WAY: Duration = Duration::from_secs(2);
const LEAVING: Duration = Duration::from_secs(4);

/// The trunk. Cheap to clone.
#[derive(Clone)]
pub struct Trunkline {
    shared: Arc<Shared>,
    keeper: Arc<Mutex<Option<JoinHandle<()>>>>,
}

struct Shared {
    agent: Agent,
    settings: Settings,
    trunk: Mutex<Trunk>,
    /// The addresses could not be looked up, ever.
    unresolved: AtomicBool,
    /// The same for all REGISTERs (RFC 3261 §10.2.4).
    call_id: String,
    closing: CancellationToken,
}

/// One way of a call out: what an INVITE needs beside the number that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outward {
    /// The trunk's name.
    pub trunk: String,
    /// Our number as the called person sees it.
    pub caller_id: String,
    /// `sip:…@` is followed by the number, and this by its host.
    pub host: String,
    /// The user of the address of record, for a From where the caller's number is not to be shown otherwise.
    pub user: Option<String>,
    pub through: Through,
}

impl Outward {
    /// The Request-URI of a call to this number.
    pub fn target(&self, number: &str) -> String {
        let transport = match self.through.transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Tls => ";transport=tls",
            Transport::Ws | Transport::Wss => ";transport=ws",
        };
        format!("sip:{number}@{}{transport}", self.host)
    }
}

/// Where an INVITE is tried next that ended with this status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Further {
    /// At the next address, of this trunk or another.
    Address,
    /// At the next trunk.
    Trunk,
    /// Nowhere: whoever was called has spoken, or we were wrong, and would be everywhere.
    Nowhere,
}

/// By RFC 3263 §4.3 the next address where the status is 503, or nobody answered (408 as the stack says it). Another failure
/// of the server (5xx) is that of its trunk; what a server refuses otherwise is refused everywhere.
pub fn further(status: u16) -> Further {
    match status {
        408 | 503 => Further::Address,
        500..=599 => Further::Trunk,
        _ => Further::Nowhere,
    }
}

impl Trunkline {
    /// Begins to keep it.
    ///
    /// # Errors
    /// Where names are to be looked up and the system's resolver cannot be read.
    pub fn open(agent: Agent, settings: Settings) -> Result<Trunkline, Unresolvable> {
        let resolver = Resolver::open(&settings)?;
        let trunk = Trunk::new(settings.trunk.clone(), rand::random());
        let shared = Arc::new(Shared {
            agent,
            settings,
            trunk: Mutex::new(trunk),
            unresolved: AtomicBool::new(false),
            call_id: format!("{:032x}", rand::random::<u128>()),
            closing: CancellationToken::new(),
        });
        let keeper = tokio::spawn(keeping::keep(Arc::clone(&shared), resolver));
        Ok(Trunkline {
            shared,
            keeper: Arc::new(Mutex::new(Some(keeper))),
        })
    }

    /// As logs, figures and `/healthz` call it.
    pub fn name(&self) -> &str {
        &self.shared.settings.name
    }

    /// Whether this number, as it is dialled, is called by it.
    fn is_for(&self, number: &str) -> bool {
        let Settings {
            caller_id, numbers, ..
        } = &self.shared.settings;
        let begins = |prefix: &String| number.starts_with(prefix.as_str());
        !caller_id.is_empty() && (numbers.is_empty() || numbers.iter().any(begins))
    }

    /// Where an outward INVITE goes now, and as whom: to be tried in this order, the next one where [`further`] says so.
    ///
    /// # Errors
    /// Why no call can go out at this moment.
    pub fn outward(&self) -> Result<Vec<Outward>, NoWay> {
        let (trunk, now) = (self.shared.trunk(), instant());
        let ways = trunk.outward(now)?;
        let settings = &self.shared.settings.trunk;
        let outward = ways.into_iter().map(|way| {
            let home = trunks::home(&way, settings);
            let account = settings.account.as_ref();
            Outward {
                trunk: self.name().to_owned(),
                caller_id: self.shared.settings.caller_id.clone(),
                host: home.clone(),
                user: account.map(|account| account.user.clone()),
                through: Through {
                    route: trunk.route_by(&way, now).to_vec(),
                    transport: way.transport,
                    peer: way.peer,
                    called: way.name,
                    home,
                    credentials: account.map(|account| account.credentials.clone()),
                },
            }
        });
        Ok(outward.collect())
    }

    /// Whether calls can neither come nor go although they should: for `/healthz`.
    pub fn is_in_trouble(&self) -> bool {
        let unresolved = self.shared.unresolved.load(Relaxed);
        unresolved || self.shared.trunk().is_in_trouble(instant())
    }

    /// Takes the registration back; returns when that is answered, or a moment later.
    pub async fn leave(&self) {
        self.shared.closing.cancel();
        let keeper = self
            .keeper
            .lock()
            .unwrap_or_else(|held| held.into_inner())
            .take();
        if let Some(keeper) = keeper
            && tokio::time::timeout(UNDER_WAY + LEAVING, keeper)
                .await
                .is_err()
        {
            tracing::warn!(
                trunk = self.name(),
                "the trunk did not answer that we leave; its registration of us ends by itself"
            );
        }
    }
}

impl Shared {
    fn trunk(&self) -> MutexGuard<'_, Trunk> {
        self.trunk.lock().unwrap_or_else(|held| held.into_inner())
    }
}

#[allow(clippy::disallowed_methods)] // a shell: it tells the trunk the time
fn instant() -> Instant {
    Instant::now()
}
