//! A media thread: a wheel of four slots, 5 ms apart; every call of a slot has its beat there.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::call::{BEAT, Call, Command, Ending, NewCall};

const SLOTS: usize = 4;
const TICK: Duration = Duration::from_millis(5);

pub enum ToShard {
    Start(Box<NewCall>),
    Command { call: u64, command: Command },
}

/// Runs until every way to it is gone and every call is over.
#[allow(clippy::disallowed_methods)] // A media thread is a shell: it keeps the beat by the clock.
pub fn run(queue: &Receiver<ToShard>) {
    let mut shard = Shard {
        slots: Default::default(),
        slot_of: HashMap::new(),
        endings: Vec::new(),
    };
    let began = Instant::now();
    let mut ticks: u64 = 0;
    let mut open = true;
    while open || !shard.is_idle() {
        if shard.is_idle() {
            match queue.recv() {
                Ok(message) => shard.take(message, began, Instant::now()),
                Err(_) => open = false,
            }
            ticks = (began.elapsed().as_micros() / TICK.as_micros()) as u64;
            continue;
        }
        let tick_at = began + tick_time(ticks + 1);
        match queue.recv_timeout(tick_at.saturating_duration_since(Instant::now())) {
            Ok(message) => shard.take(message, began, Instant::now()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                open = false;
                shard.finish_all();
                std::thread::park_timeout(tick_at.saturating_duration_since(Instant::now()));
            }
        }
        let now = Instant::now();
        if now < tick_at {
            continue;
        }
        metrics::histogram!("gradeline_media_tick_lateness_seconds")
            .record(now.saturating_duration_since(tick_at).as_secs_f64());
        let reached = (now.saturating_duration_since(began).as_micros() / TICK.as_micros()) as u64;
        // A slot that was missed altogether is run once; its calls know how many beats are due.
        for slot in 0..(reached - ticks).min(SLOTS as u64) {
            shard.run_slot(((reached - slot) % SLOTS as u64) as usize, now);
        }
        ticks = reached;
    }
}

fn tick_time(ticks: u64) -> Duration {
    Duration::from_micros(ticks * TICK.as_micros() as u64)
}

struct Shard {
    slots: [Vec<Call>; SLOTS],
    slot_of: HashMap<u64, usize>,
    /// Of calls whose legs are closed. However long the disk stands, they have no beat.
    endings: Vec<Ending>,
}

/// What becomes of a call at its turn.
enum Turn {
    GoesOn,
    Ends,
    /// By a bug.
    Broken,
}

impl Shard {
    fn take(&mut self, message: ToShard, began: Instant, now: Instant) {
        match message {
            ToShard::Start(new) => {
                let slot = (0..SLOTS)
                    .min_by_key(|slot| self.slots[*slot].len())
                    .unwrap_or(0);
                self.slot_of.insert(new.id, slot);
                let call = Call::new(*new, next_beat(slot, began, now));
                self.slots[slot].push(call);
                metrics::gauge!("gradeline_media_calls").increment(1.0);
            }
            ToShard::Command { call, command } => {
                // A command for a call that is over has nothing to do.
                if let Some(slot) = self.slot_of.get(&call)
                    && let Some(call) = self.slots[*slot].iter_mut().find(|c| c.id == call)
                {
                    call.carry_out(command, now);
                }
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.slot_of.is_empty() && self.endings.is_empty()
    }

    fn run_slot(&mut self, slot: usize, now: Instant) {
        if slot == 0 {
            self.endings.retain_mut(Ending::run);
        }
        let mut at = 0;
        while let Some(call) = self.slots[slot].get_mut(at) {
            let turn = match now < call.next_beat {
                true => Turn::GoesOn,
                false => run_alone(call, now),
            };
            if matches!(turn, Turn::GoesOn) {
                at += 1;
                continue;
            }
            let call = self.slots[slot].swap_remove(at);
            self.slot_of.remove(&call.id);
            metrics::gauge!("gradeline_media_calls").decrement(1.0);
            if matches!(turn, Turn::Ends) {
                self.endings.extend(end_alone(call, now));
            }
        }
    }

    fn finish_all(&mut self) {
        for call in self.slots.iter_mut().flatten() {
            call.ask_to_finish();
        }
    }
}

/// A bug that one call meets ends that call, not the thread and the others on it. Its shell sees
/// its events end without `Finished`.
fn run_alone(call: &mut Call, now: Instant) -> Turn {
    match catch_unwind(AssertUnwindSafe(|| call.run(now))) {
        Ok(true) => Turn::GoesOn,
        Ok(false) => Turn::Ends,
        Err(_) => {
            broken(call.id);
            Turn::Broken
        }
    }
}

fn end_alone(call: Call, now: Instant) -> Option<Ending> {
    let id = call.id;
    let ended = catch_unwind(AssertUnwindSafe(|| call.end(now)));
    ended.map_err(|_| broken(id)).ok()
}

fn broken(call: u64) {
    metrics::counter!("gradeline_media_broken_calls_total").increment(1);
    tracing::error!(call, "a bug ended this call's sound");
}

/// The first moment from now on at which this slot has its turn.
fn next_beat(slot: usize, began: Instant, now: Instant) -> Instant {
    let ticks = (now.saturating_duration_since(began).as_micros() / TICK.as_micros()) as u64 + 1;
    let wait = (slot as u64 + SLOTS as u64 - ticks % SLOTS as u64) % SLOTS as u64;
    let beat = began + tick_time(ticks + wait);
    debug_assert!(beat <= now + BEAT + TICK);
    beat
}
