//! What the guard knows: who may call, which calls live, who was refused lately.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use super::unacknowledged::{GiveUp, Unacknowledged};
use super::{Limits, Network};

/// How long a Call-ID stays known after its call: 64·T1, while retransmissions may come.
const AFTERLIFE: Duration = Duration::from_secs(32);
/// Sources whose refusals are counted at once; beyond it new ones are not answered.
const MAX_SOURCES: usize = 4096;

/// What the guard knows: who may call, which calls live, who was refused lately, whose ACK
/// is missing. Shared by whoever judges and whoever opens and ends calls.
pub struct State {
    trunks: Vec<Network>,
    limits: Limits,
    draining: AtomicBool,
    transactions: OnceLock<Box<dyn Fn() -> usize + Send + Sync>>,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    calls: HashMap<String, Arc<Known>>,
    unacknowledged: Unacknowledged,
    ended: VecDeque<(Instant, String)>,
    ended_ids: HashMap<String, u32>,
    refusals: HashMap<IpAddr, Bucket>,
    swept: Option<Instant>,
}

/// One live call as the guard and the dispatcher know it.
pub struct Known {
    pub call_id: String,
    /// Who called; `None` for a call of ours, which waits for no ACK.
    source: Option<IpAddr>,
    /// The Reason header of a BYE that came in.
    bye_reason: Mutex<Option<String>>,
}

impl Known {
    /// Keeps what the BYE that came in says about itself.
    pub fn note_bye(&self, reason: Option<&str>) {
        *self
            .bye_reason
            .lock()
            .unwrap_or_else(|held| held.into_inner()) = reason.map(str::to_owned);
    }

    /// The Reason header of the BYE that came in.
    pub fn bye_reason(&self) -> Option<String> {
        self.bye_reason
            .lock()
            .unwrap_or_else(|held| held.into_inner())
            .clone()
    }
}

/// Why a call was not entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotEnrolled {
    /// A call with this Call-ID is known already (a merged request, RFC 3261 §8.2.2.2).
    Merged,
    /// Too many calls whose ACK is missing, of this source or of all.
    Unacknowledged,
}

/// Keeps a Call-ID known; dropped, it lingers for 64·T1 while retransmissions may come.
pub struct Enrolled {
    state: Arc<State>,
    pub known: Arc<Known>,
}

impl Enrolled {
    /// Our 200 went out: its ACK is due.
    pub fn answered(&self, now: Instant) {
        if let Some(source) = self.known.source {
            let mut table = self.state.table();
            table
                .unacknowledged
                .answered(source, &self.known.call_id, now);
        }
    }

    /// The ACK came.
    pub fn acknowledged(&self) {
        if let Some(source) = self.known.source {
            let mut table = self.state.table();
            table.unacknowledged.leave(source, &self.known.call_id);
        }
    }
}

impl Drop for Enrolled {
    #[allow(clippy::disallowed_methods)] // the shell's clock: an owner is dropped whenever it is
    fn drop(&mut self) {
        self.acknowledged();
        self.state.forget(&self.known.call_id, Instant::now());
    }
}

impl State {
    /// Nobody has called yet.
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

    /// Whether new calls are refused.
    pub fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Refuses new calls from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// How to ask for the transactions that the stack holds, lingering ones included.
    pub fn watch(&self, transactions: Box<dyn Fn() -> usize + Send + Sync>) {
        let _ = self.transactions.set(transactions);
    }

    /// Transactions that the stack holds.
    pub fn transaction_count(&self) -> usize {
        self.transactions.get().map_or(0, |count| count())
    }

    /// Whether there are too many calls or transactions for one more.
    pub fn overloaded(&self) -> bool {
        self.transaction_count() >= self.limits.max_transactions
            || self.calls() >= self.limits.max_calls
    }

    /// Whether this source may call.
    pub fn is_trunk(&self, source: IpAddr) -> bool {
        let source = source.to_canonical();
        self.trunks.iter().any(|network| network.contains(source))
    }

    /// Enters a call of ours. `None` where a call with this Call-ID is known already.
    pub fn enrol(self: &Arc<State>, call_id: &str) -> Option<Enrolled> {
        let mut table = self.table();
        if table.calls.contains_key(call_id) {
            return None;
        }
        Some(self.enter(&mut table, call_id, None))
    }

    /// Enters a call that came in. `give_up` is called once its place is wanted and its ACK
    /// is overdue.
    pub fn enrol_incoming(
        self: &Arc<State>,
        call_id: &str,
        source: IpAddr,
        now: Instant,
        give_up: GiveUp,
    ) -> Result<Enrolled, NotEnrolled> {
        let source = source.to_canonical();
        let mut table = self.table();
        if table.calls.contains_key(call_id) {
            return Err(NotEnrolled::Merged);
        }
        let gone = table
            .unacknowledged
            .enter(source, call_id, give_up, &self.limits, now)
            .map_err(|()| NotEnrolled::Unacknowledged)?;
        let enrolled = self.enter(&mut table, call_id, Some(source));
        drop(table);
        if let Some(give_up) = gone {
            super::count("given_up");
            give_up();
        }
        Ok(enrolled)
    }

    fn enter(
        self: &Arc<State>,
        table: &mut Table,
        call_id: &str,
        source: Option<IpAddr>,
    ) -> Enrolled {
        let known = Arc::new(Known {
            call_id: call_id.to_owned(),
            source,
            bye_reason: Mutex::default(),
        });
        table.calls.insert(call_id.to_owned(), Arc::clone(&known));
        Enrolled {
            state: Arc::clone(self),
            known,
        }
    }

    /// Whether a new call of this source finds a place among those whose ACK is missing.
    pub fn has_place(&self, source: IpAddr, now: Instant) -> bool {
        let source = source.to_canonical();
        self.table()
            .unacknowledged
            .has_place(source, &self.limits, now)
    }

    /// Whether this call has not ended.
    pub fn lives(&self, call_id: &str) -> bool {
        self.table().calls.contains_key(call_id)
    }

    /// A live call.
    pub fn known(&self, call_id: &str) -> Option<Arc<Known>> {
        self.table().calls.get(call_id).cloned()
    }

    /// Live calls, ringing ones included.
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
