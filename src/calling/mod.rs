//! The loop of calls out: errands are taken from their rows, each attempt is begun when its turn has come, and told how it
//! ended. How a call is made is the telephone's.
//!
//! **Invariant:** an attempt that was begun is ended once, on record, however long the database is gone.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::clocks::moment;
use crate::dialing::Trunk;
use crate::domain::{Moment, TicketNumber};
use crate::engine::{CallId, Engine, Error};
use crate::errands::{
    Ended, Errands, Next, Numbers, Order, OrderId, Purpose, Rules, Start, Trouble,
};
use crate::outward::{Allowing, Attempt, NotAsked, Plans, Wish, WishFor, fresh_order_id};

/// How the house calls out.
#[derive(Debug, Clone)]
pub struct Outward {
    pub trunk: Trunk,
    pub numbers: Numbers,
    pub rules: Rules,
    /// What a dialplan answers; kept by the loop.
    pub plans: Plans,
    /// Raters who may rate again are called by the machine unasked.
    pub results: bool,
    /// Callbacks that callers asked for are made.
    pub callbacks: bool,
}

/// How often rows are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// Looked at once.
const MANY: u64 = 1000;
/// Asked for at once, unasked.
const FEW: u64 = 20;
/// A callback that nobody made in so long was seen to by people.
const WISHES_OF_MS: i64 = 7 * 86_400_000;

/// One for which there was no line waits so long.
const NO_LINE_MS: i64 = 2_000;

/// How an attempt ended, and the final response where there was one.
pub type Made = Pin<Box<dyn Future<Output = (Ended, Option<u16>)> + Send>>;

/// Makes one by the line that was taken for it; dropped, it gives the line back.
pub type Make = Box<dyn FnOnce(Order, Attempt) -> Made + Send>;

/// What the loop works with.
pub struct Calling {
    pub engine: Engine,
    pub outward: Outward,
    /// Names the call that an attempt becomes.
    pub call_id: fn(Moment) -> CallId,
    /// Whether a dialplan answers calls of this purpose now.
    pub is_answered: Box<dyn Fn(Purpose) -> bool + Send + Sync>,
    /// Takes a line for one; `None`: the house talks to as many as it may.
    pub line: Box<dyn Fn() -> Option<Make> + Send + Sync>,
}

struct Rounds {
    with: Calling,
    room: Errands,
    running: JoinSet<(Ended, Option<u16>)>,
    attempts: HashMap<Id, Attempt>,
    /// What could not be written yet.
    unwritten: Vec<Unwritten>,
    /// Attempts that nobody makes, because the answer of the write that begins them was lost: whether they are on record is found out first.
    unsure: Vec<(OrderId, u32, CallId)>,
    recovered: bool,
    /// The last ticket of the page of results to be told; the next page begins behind it. Empty: at the first.
    told_up_to: String,
}

/// The end of an attempt, until it is on record.
struct Unwritten {
    attempt: Attempt,
    ended: Ended,
    /// The final response, where there was one.
    status: Option<u16>,
    next: Next,
    /// When it ended, however much later that is written.
    at: Moment,
}

/// Makes calls until `closing`; returns when the last of them has ended.
pub async fn run(with: Calling, closing: CancellationToken) {
    let mut rounds = Rounds {
        room: Errands::new(with.outward.rules.clone()),
        with,
        running: JoinSet::new(),
        attempts: HashMap::new(),
        unwritten: Vec::new(),
        unsure: Vec::new(),
        recovered: false,
        told_up_to: String::new(),
    };
    let mut looks = tokio::time::interval(EVERY);
    // After a hang one look is as good as many.
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !closing.is_cancelled() || !rounds.running.is_empty() {
        tokio::select! {
            _ = looks.tick() => {
                if let Err(error) = rounds.look(closing.is_cancelled()).await {
                    tracing::warn!(%error, "calls out wait for the database");
                }
            }
            Some(done) = rounds.running.join_next_with_id() => rounds.done(done).await,
            () = closing.cancelled(), if rounds.running.is_empty() => {}
        }
    }
    rounds.write_ends().await;
}

impl Rounds {
    async fn look(&mut self, closing: bool) -> Result<(), Error> {
        let now = moment();
        self.write_ends().await;
        if closing {
            return Ok(());
        }
        self.with.outward.plans.are(&self.with.is_answered);
        if !self.recovered {
            self.recover(now).await?;
        }
        // What is not asked for today holds up nothing that was.
        let asked = self.ask_unasked(now).await;
        let begun = self.begin_due(now).await;
        let open = self.with.engine.open_call_out_count().await?;
        metrics::gauge!("gradeline_calls_out_active").set(self.room.calling() as f64);
        metrics::gauge!("gradeline_calls_out_open").set(open as f64);
        asked.and(begun)
    }

    /// What an earlier run left under way, and whom it called today.
    async fn recover(&mut self, now: Moment) -> Result<(), Error> {
        let engine = &self.with.engine;
        loop {
            let closed = engine.close_interrupted_calls_out(MANY, now).await?;
            if closed == 0 {
                break;
            }
            tracing::warn!(
                closed,
                "calls out that were under way when the server fell are closed"
            );
        }
        for (number, at) in engine.attempts_since(now.day().start()).await? {
            self.room.remember(&number, at);
        }
        self.recovered = true;
        Ok(())
    }

    /// Outside the hours nothing is due, and no row is looked at.
    async fn begin_due(&mut self, now: Moment) -> Result<(), Error> {
        let (engine, outward) = (self.with.engine.clone(), &self.with.outward);
        if !outward.rules.hours.is_open(now, engine.calendar()) {
            return Ok(());
        }
        let due = engine.due_calls_out(&outward.numbers, MANY, now).await?;
        for (order, behind) in due {
            // A full room takes it when there is place: it stays in its row.
            let _ = self.room.take(order, behind);
        }
        let mut begun = Ok(());
        for start in self.room.due(now, engine.calendar()) {
            // Each that cannot be written is put back, whatever became of the others.
            begun = begun.and(self.begin(start).await);
        }
        begun
    }

    /// What nobody has to ask for: results to be told, callbacks that callers wished.
    async fn ask_unasked(&mut self, now: Moment) -> Result<(), Error> {
        let engine = &self.with.engine;
        let outward = &self.with.outward;
        let mut wishes = Vec::new();
        // Without a plan they wait for one.
        if outward.results && outward.plans.answer(Purpose::Result) {
            // One rater with many of them holds up no other: his number is called for one at a time, and the rest stay where they are.
            let tickets = engine.results_to_tell(&self.told_up_to, FEW).await?;
            let last = tickets.last().filter(|_| tickets.len() as u64 == FEW);
            self.told_up_to = last.map_or(String::new(), TicketNumber::to_string);
            wishes.extend(tickets.into_iter().map(WishFor::Result));
        }
        if outward.callbacks && outward.plans.answer(Purpose::Callback) {
            let since = now.plus_millis(-WISHES_OF_MS);
            for (call, number, asked_at) in engine.callbacks_to_make(since, FEW).await? {
                wishes.push(WishFor::Callback {
                    not_before: self.promised(asked_at),
                    call,
                    number,
                });
            }
        }
        for what in wishes {
            let wish = Wish {
                what: what.clone(),
                staff: None,
                by: None,
            };
            let id = fresh_order_id(now);
            let asked = engine
                .ask_for_call(&id, wish, &outward.allowing(), now)
                .await;
            let trouble = match asked {
                Ok(_) | Err(NotAsked::Refused(Trouble::Full | Trouble::NoPlan)) => continue,
                // One callback is enough for one number; a result is told for each matter.
                Err(NotAsked::Refused(Trouble::Open)) if what.purpose() == Purpose::Result => {
                    continue;
                }
                Err(NotAsked::Refused(trouble)) => trouble,
                Err(NotAsked::Engine(fault @ Error::Store(_))) => return Err(fault),
                Err(NotAsked::Engine(error)) => {
                    let purpose = what.purpose().word();
                    tracing::error!(purpose, %error, "a call out cannot be asked for");
                    Trouble::NotNow
                }
            };
            engine.set_aside(&what, trouble, now).await?;
        }
        Ok(())
    }

    /// What the caller was told (P28): the next working day, in the hours of calls out.
    fn promised(&self, asked_at: Moment) -> Moment {
        let calendar = self.with.engine.calendar();
        let day = calendar.next_workday_after(asked_at.day());
        let from = day.map_or(asked_at, |day| day.start());
        self.with.outward.rules.hours.next(from, calendar)
    }

    async fn begin(&mut self, start: Start) -> Result<(), Error> {
        // Not when the look began: the database may have been long, and the hours may be over.
        let now = moment();
        let calendar = self.with.engine.calendar();
        let opens = self.with.outward.rules.hours.next(now, calendar);
        if opens > now {
            self.room.put_back(&start.order.id, opens);
            return Ok(());
        }
        let Some(make) = (self.with.line)() else {
            // Nothing is on record of it, and it is none of its attempts.
            metrics::counter!("gradeline_calls_out_without_line_total").increment(1);
            self.room
                .put_back(&start.order.id, now.plus_millis(NO_LINE_MS));
            return Ok(());
        };
        let call = (self.with.call_id)(now);
        let (order, seq) = (&start.order, start.attempt);
        let engine = &self.with.engine;
        match engine.begin_attempt(order, seq, &call, now).await {
            Ok(Some(attempt)) => {
                let made = make(start.order.clone(), attempt.clone());
                let task = self.running.spawn(made);
                self.attempts.insert(task.id(), attempt);
                Ok(())
            }
            // It was taken back meanwhile, or what it is about went on.
            Ok(None) => {
                self.room.ended(&order.id, Ended::Withdrawn, now, calendar);
                Ok(())
            }
            Err(error) => {
                // The write may have been done although its answer was lost.
                self.unsure.push((order.id.clone(), seq, call));
                Err(error)
            }
        }
    }

    async fn done(&mut self, done: Result<(Id, (Ended, Option<u16>)), tokio::task::JoinError>) {
        let (id, (ended, status)) = match done {
            Ok(done) => done,
            Err(panic) => {
                tracing::error!(%panic, "a bug ended a call out");
                // He may have answered: it counts as one of his attempts.
                (panic.id(), (Ended::Failed, None))
            }
        };
        let Some(attempt) = self.attempts.remove(&id) else {
            return;
        };
        metrics::counter!("gradeline_calls_out_total", "result" => ended.word()).increment(1);
        let now = moment();
        let order = OrderId(attempt.row.id.clone());
        let next = self
            .room
            .ended(&order, ended, now, self.with.engine.calendar());
        let next = next.unwrap_or(Next::Closed(ended));
        self.unwritten.push(Unwritten {
            attempt,
            ended,
            status,
            next,
            at: now,
        });
        self.write_ends().await;
    }

    async fn write_ends(&mut self) {
        let mut kept = Vec::new();
        for end in std::mem::take(&mut self.unwritten) {
            let engine = &self.with.engine;
            let written = engine.end_attempt(&end.attempt, end.ended, end.status, end.next, end.at);
            if let Err(error) = written.await {
                tracing::warn!(errand = end.attempt.row.id, %error, "the end of a call out is written later");
                kept.push(end);
            }
        }
        self.unwritten = kept;
        self.settle().await;
    }

    /// Finds out what became of the writes whose answer was lost.
    async fn settle(&mut self) {
        let mut kept = Vec::new();
        for (id, seq, call) in std::mem::take(&mut self.unsure) {
            let (engine, now) = (&self.with.engine, moment());
            match engine.end_unmade_attempt(&id, seq, &call, now).await {
                Ok(true) => {
                    self.room
                        .ended(&id, Ended::Interrupted, now, engine.calendar());
                }
                Ok(false) => self.room.put_back(&id, now),
                Err(error) => {
                    tracing::warn!(errand = id.0, %error, "whether a call out was begun is not known yet");
                    kept.push((id, seq, call));
                }
            }
        }
        self.unsure = kept;
    }
}

impl Outward {
    pub fn allowing(&self) -> Allowing {
        Allowing {
            numbers: self.numbers.clone(),
            open_at_most: self.rules.open_at_most as u64,
            trunk: true,
            plans: self.plans.clone(),
        }
    }
}
