//! What the guard knows: who may call, which calls live, who was refused lately.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, RwLock};
use std::time::{Duration, Instant};

use super::rates::{DESK_RATE, Rates, STRANGER_RATE, TRUNK_RATE};
use super::register::{Desks, Learnt};
use super::seats::Seats;
use super::unproven::{GiveUp, Proof, Unproven, Wish};
use super::{Limits, Network, Sender};

/// How long a Call-ID stays known after its call: 64·T1, while retransmissions may come.
const AFTERLIFE: Duration = Duration::from_secs(32);
/// Call-IDs of ended calls that are kept; of more, the oldest are forgotten early.
const MAX_ENDED: usize = 65_536;
/// How long an INVITE may be on its way through the stack.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

/// What the guard knows: who may call, which calls live, who was refused lately, whose ACK
/// or sound is missing. Shared by whoever judges and whoever opens and ends calls.
pub struct State {
    pub(super) trunks: Vec<Network>,
    /// Who may call beside those.
    pub(super) learnt: RwLock<Learnt>,
    pub(super) desks: Option<Desks>,
    pub(super) limits: Limits,
    draining: AtomicBool,
    transactions: OnceLock<Box<dyn Fn() -> usize + Send + Sync>>,
    pub(super) seats: Seats,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    calls: HashMap<String, Arc<Known>>,
    /// How many of them came in.
    incoming: usize,
    /// New INVITEs that were let through and are not entered yet.
    invited: HashMap<String, Instant>,
    unproven: Unproven,
    ended: VecDeque<(Instant, String)>,
    ended_ids: HashMap<String, u32>,
    refusals: Rates,
}

/// One live call as the guard and the dispatcher know it.
pub struct Known {
    pub call_id: String,
    /// Who called; `None` for a call of ours, which waits for no ACK.
    source: Option<IpAddr>,
    /// The Reason header of a BYE that came in.
    bye_reason: Mutex<Option<String>>,
    /// Of a call of ours by UDP: where its telephone registered from.
    pub(super) flow: OnceLock<SocketAddr>,
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
    /// Too many calls whose ACK or sound is missing, of this source or of all.
    Unproven,
}

/// Why a new call finds no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRoom {
    /// As many calls or transactions as may be.
    Full,
    /// As many calls wait to be stored as may.
    Closing,
    /// Too many calls whose ACK or sound is missing.
    Unproven,
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
            table.unproven.answered(source, &self.known.call_id, now);
        }
    }

    /// The ACK came.
    pub fn acknowledged(&self) {
        self.state.prove(&self.known, Proof::Acknowledged);
    }
}

impl Drop for Enrolled {
    #[allow(clippy::disallowed_methods)] // the shell's clock: an owner is dropped whenever it is
    fn drop(&mut self) {
        self.state.forget(&self.known, Instant::now());
    }
}

impl State {
    /// Nobody has called yet.
    pub fn new(trunks: Vec<Network>, limits: Limits) -> State {
        State {
            trunks,
            learnt: RwLock::default(),
            desks: None,
            limits,
            draining: AtomicBool::new(false),
            transactions: OnceLock::new(),
            seats: Seats::default(),
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

    /// Whether the stack holds all the transactions that it may.
    pub fn busy(&self) -> bool {
        self.transaction_count() >= self.limits.max_transactions
    }

    /// Why there is no room for a new call of this source, if there is none. Where every place is taken and an
    /// overdue call holds one, that call is given up for whoever comes next: refused here, the flood that fills
    /// the house costs no transactions.
    pub fn no_room(&self, source: IpAddr, now: Instant) -> Option<NoRoom> {
        if self.busy() {
            return Some(NoRoom::Full);
        }
        let limits = &self.limits;
        if self.seats.closing() >= limits.max_closing {
            return Some(NoRoom::Closing);
        }
        let ours = self.seats.ours();
        let seated = self.seats.talking().saturating_sub(ours);
        let mut table = self.table();
        let calls = |table: &Table| table.incoming.max(seated) + ours + table.invited.len();
        if calls(&table) >= limits.max_calls || table.invited.len() >= limits.max_unproven {
            table.forget_lost_invites(now);
        }
        let wish = Wish {
            source: source.to_canonical(),
            full: calls(&table) >= limits.max_calls,
            now,
        };
        let under_way = table.invited.len();
        if !table.unproven.has_place(wish, under_way, limits) {
            return Some(match wish.full {
                true => NoRoom::Full,
                false => NoRoom::Unproven,
            });
        }
        if seated + ours + under_way < limits.max_calls {
            return None;
        }
        // Who is about to leave leaves a place without anybody being sent away.
        let gone = match seated > table.incoming {
            true => None,
            false => table.unproven.give_way(wish, limits),
        };
        drop(table);
        if let Some(give_up) = gone {
            super::count("given_up");
            give_up();
        }
        Some(NoRoom::Unproven)
    }

    /// INVITEs that were let through, and calls of theirs, that have no place yet.
    pub(super) fn under_way(&self, now: Instant) -> usize {
        let seated = self.seats.talking().saturating_sub(self.seats.ours());
        let mut table = self.table();
        table.forget_lost_invites(now);
        table.invited.len() + table.incoming.saturating_sub(seated)
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
        table.invited.remove(call_id);
        if table.calls.contains_key(call_id) {
            return Err(NotEnrolled::Merged);
        }
        let full = table.incoming >= self.limits.max_calls;
        let wish = Wish { source, full, now };
        let gone = table
            .unproven
            .enter(wish, call_id, give_up, &self.limits)
            .map_err(|()| NotEnrolled::Unproven)?;
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
            flow: OnceLock::new(),
        });
        table.calls.insert(call_id.to_owned(), Arc::clone(&known));
        table.incoming += usize::from(source.is_some());
        Enrolled {
            state: Arc::clone(self),
            known,
        }
    }

    /// A new INVITE is let through: it counts as a call before the stack has seen it.
    pub fn invite(&self, call_id: &str, now: Instant) {
        self.table().invited.insert(call_id.to_owned(), now);
    }

    /// Whether an INVITE of this call is on its way through the stack.
    pub fn is_invited(&self, call_id: &str) -> bool {
        self.table().invited.contains_key(call_id)
    }

    /// An INVITE that was let through is refused and becomes no call; its ACK will come.
    pub fn turn_away(&self, call_id: &str, now: Instant) {
        let mut table = self.table();
        table.invited.remove(call_id);
        table.end(call_id, now);
    }

    /// The caller was heard.
    pub fn heard(&self, call_id: &str) {
        let known = self.known(call_id);
        if let Some(known) = known {
            self.prove(&known, Proof::Heard);
        }
    }

    fn prove(&self, known: &Known, proof: Proof) {
        if let Some(source) = known.source {
            let mut table = self.table();
            table.unproven.prove(source, &known.call_id, proof);
        }
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

    fn forget(&self, known: &Known, now: Instant) {
        let mut table = self.table();
        if let Some(source) = known.source {
            table.unproven.leave(source, &known.call_id);
            table.incoming -= 1;
        }
        table.calls.remove(&known.call_id);
        table.end(&known.call_id, now);
    }

    /// A call that lives, has just ended, or is on its way through the stack.
    pub fn is_ours(&self, call_id: &str, now: Instant) -> bool {
        let mut table = self.table();
        while let Some((at, _)) = table.ended.front()
            && now.saturating_duration_since(*at) > AFTERLIFE
        {
            table.forget_oldest();
        }
        table.calls.contains_key(call_id)
            || table.ended_ids.contains_key(call_id)
            || table.invited.contains_key(call_id)
    }

    /// Whether this source may still be answered with a refusal, or by the registrar. A trunk sends many
    /// callers' requests, a stranger has no business here.
    pub fn may_answer(&self, source: IpAddr, now: Instant) -> bool {
        let rate = match self.sender(source) {
            Sender::Trunk => TRUNK_RATE,
            Sender::Desk => DESK_RATE,
            Sender::Stranger => STRANGER_RATE,
        };
        self.table().refusals.take(source, rate, now)
    }
}

impl State {
    /// Whether a message of this source cannot matter: it is no trunk, has had its refusals, and
    /// speaks of no call of ours. A flood of such costs no more than this question.
    pub fn is_noise(&self, source: IpAddr, call_id: &str, now: Instant) -> bool {
        let spent = !self.is_trunk(source) && self.table().refusals.spent(source, now);
        spent && !self.is_ours(call_id, now)
    }
}

impl Table {
    fn end(&mut self, call_id: &str, now: Instant) {
        if self.ended.len() >= MAX_ENDED {
            self.forget_oldest();
        }
        self.ended.push_back((now, call_id.to_owned()));
        *self.ended_ids.entry(call_id.to_owned()).or_default() += 1;
    }

    /// What the stack could not read after all, looked for where it would cost others their place.
    fn forget_lost_invites(&mut self, now: Instant) {
        let lately = |at: &Instant| now.saturating_duration_since(*at) < ON_ITS_WAY;
        self.invited.retain(|_, at| lately(at));
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.ended.pop_front()
            && let Some(count) = self.ended_ids.get_mut(&id)
        {
            *count -= 1;
            if *count == 0 {
                self.ended_ids.remove(&id);
            }
        }
    }
}
