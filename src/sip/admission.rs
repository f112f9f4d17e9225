//! What the guard knows: who may call, which calls live, who was refused lately.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use super::Network;

/// How long a Call-ID stays known after its call: 64·T1, while retransmissions may come.
const AFTERLIFE: Duration = Duration::from_secs(32);
/// Sources whose refusals are counted at once; beyond it new ones are not answered.
const MAX_SOURCES: usize = 4096;

/// Limits that keep the stack's unbounded queues small.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub max_transactions: usize,
    pub max_calls: usize,
}

/// What the guard knows: who may call, which calls live, who was refused lately.
pub(super) struct State {
    trunks: Vec<Network>,
    limits: Limits,
    draining: AtomicBool,
    transactions: OnceLock<Box<dyn Fn() -> usize + Send + Sync>>,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    calls: HashMap<String, Arc<Known>>,
    ended: VecDeque<(Instant, String)>,
    ended_ids: HashMap<String, u32>,
    refusals: HashMap<IpAddr, Bucket>,
    swept: Option<Instant>,
}

/// One live call as the guard and the dispatcher know it.
pub(super) struct Known {
    pub call_id: String,
    /// The Reason header of a BYE that came in.
    bye_reason: Mutex<Option<String>>,
}

impl Known {
    pub fn note_bye(&self, reason: Option<&str>) {
        *self
            .bye_reason
            .lock()
            .unwrap_or_else(|held| held.into_inner()) = reason.map(str::to_owned);
    }

    pub fn bye_reason(&self) -> Option<String> {
        self.bye_reason
            .lock()
            .unwrap_or_else(|held| held.into_inner())
            .clone()
    }
}

/// Keeps a Call-ID known; dropped, it lingers for [`AFTERLIFE`].
pub(super) struct Enrolled {
    state: Arc<State>,
    pub known: Arc<Known>,
}

impl Drop for Enrolled {
    #[allow(clippy::disallowed_methods)] // the shell's clock: an owner is dropped whenever it is
    fn drop(&mut self) {
        self.state.forget(&self.known.call_id, Instant::now());
    }
}

impl State {
    pub fn new(trunks: Vec<Network>, limits: Limits) -> State {
        State {
            trunks,
            limits,
            draining: AtomicBool::new(false),
            transactions: OnceLock::new(),
            table: Mutex::default(),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A panic while it was held cannot leave the table half-written: each change is one insert.
        self.table.lock().unwrap_or_else(|held| held.into_inner())
    }

    pub fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// How to ask for the transactions that the stack holds, lingering ones included.
    pub fn watch(&self, transactions: Box<dyn Fn() -> usize + Send + Sync>) {
        let _ = self.transactions.set(transactions);
    }

    pub fn transaction_count(&self) -> usize {
        self.transactions.get().map_or(0, |count| count())
    }

    pub fn overloaded(&self) -> bool {
        self.transaction_count() >= self.limits.max_transactions
            || self.calls() >= self.limits.max_calls
    }

    pub fn is_trunk(&self, source: IpAddr) -> bool {
        let source = source.to_canonical();
        self.trunks.iter().any(|network| network.contains(source))
    }

    /// Enters a call. `None` where a call with this Call-ID is known already (a merged request).
    pub fn enrol(self: &Arc<State>, call_id: &str) -> Option<Enrolled> {
        let mut table = self.table();
        if table.calls.contains_key(call_id) {
            return None;
        }
        let known = Arc::new(Known {
            call_id: call_id.to_owned(),
            bye_reason: Mutex::default(),
        });
        table.calls.insert(call_id.to_owned(), Arc::clone(&known));
        Some(Enrolled {
            state: Arc::clone(self),
            known,
        })
    }

    pub fn lives(&self, call_id: &str) -> bool {
        self.table().calls.contains_key(call_id)
    }

    pub fn known(&self, call_id: &str) -> Option<Arc<Known>> {
        self.table().calls.get(call_id).cloned()
    }

    pub fn calls(&self) -> usize {
        self.table().calls.len()
    }

    fn forget(&self, call_id: &str, now: Instant) {
        let mut table = self.table();
        table.calls.remove(call_id);
        table.ended.push_back((now, call_id.to_owned()));
        *table.ended_ids.entry(call_id.to_owned()).or_default() += 1;
    }

    /// A call that lives or has just ended.
    pub fn is_ours(&self, call_id: &str, now: Instant) -> bool {
        let mut table = self.table();
        while let Some((at, _)) = table.ended.front()
            && now.saturating_duration_since(*at) > AFTERLIFE
        {
            if let Some((_, id)) = table.ended.pop_front()
                && let Some(count) = table.ended_ids.get_mut(&id)
            {
                *count -= 1;
                if *count == 0 {
                    table.ended_ids.remove(&id);
                }
            }
        }
        table.calls.contains_key(call_id) || table.ended_ids.contains_key(call_id)
    }

    /// Whether this source may still be answered with a refusal. A trunk sends many
    /// callers' requests, a stranger has no business here.
    pub fn may_answer(&self, source: IpAddr, now: Instant) -> bool {
        let rate = if self.is_trunk(source) {
            TRUNK_RATE
        } else {
            STRANGER_RATE
        };
        let mut table = self.table();
        if !table.refusals.contains_key(&source) && table.refusals.len() >= MAX_SOURCES {
            table.sweep(now);
            if table.refusals.len() >= MAX_SOURCES {
                return false;
            }
        }
        table
            .refusals
            .entry(source)
            .or_insert_with(|| Bucket::full(rate, now))
            .take(now)
    }
}

impl Table {
    /// Forgets sources whose bucket has filled up again; once a second, as a flood
    /// with false sources would otherwise pay for a walk with each datagram.
    fn sweep(&mut self, now: Instant) {
        let lately = Duration::from_secs(1);
        if self
            .swept
            .is_some_and(|at| now.saturating_duration_since(at) < lately)
        {
            return;
        }
        self.swept = Some(now);
        self.refusals.retain(|_, bucket| !bucket.is_full(now));
    }
}

/// Refusals answered to one source: a burst, then so many a second; the rest is dropped.
#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: f64,
    per_s: f64,
}

const STRANGER_RATE: Rate = Rate {
    burst: 20.0,
    per_s: 10.0,
};
const TRUNK_RATE: Rate = Rate {
    burst: 2000.0,
    per_s: 1000.0,
};

struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Bucket {
        Bucket {
            rate,
            tokens: rate.burst,
            at: now,
        }
    }

    fn level(&self, now: Instant) -> f64 {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * self.rate.per_s;
        (self.tokens + gained).min(self.rate.burst)
    }

    fn is_full(&self, now: Instant) -> bool {
        self.level(now) >= self.rate.burst
    }

    fn take(&mut self, now: Instant) -> bool {
        self.tokens = self.level(now);
        self.at = now;
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

impl Network {
    /// Whether the address lies in this network.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => same_prefix(
                network.to_bits().into(),
                address.to_bits().into(),
                32,
                self.prefix,
            ),
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(network.to_bits(), address.to_bits(), 128, self.prefix)
            }
            _ => false,
        }
    }
}

fn same_prefix(network: u128, address: u128, width: u32, prefix: u8) -> bool {
    let host_bits = width.saturating_sub(prefix.into());
    (network ^ address).checked_shr(host_bits).unwrap_or(0) == 0
}
