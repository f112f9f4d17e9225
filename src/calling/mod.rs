//! The loop of calls out: errands are taken from their rows, each attempt is begun when its turn has come, and told how it
//! ended. How a call is made is the telephone's.
//!
//! **Invariant:** an attempt that was begun is ended once, on record, however long the database is gone.

use std::collections::HashMap;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::dialing::Trunk;
use crate::domain::Moment;
use crate::engine::{CallId, Engine, Error};
use crate::errands::{Ended, Errands, Next, Numbers, Order, OrderId, Rules, Start, Trouble};
use crate::outward::{Allowing, Attempt, NotAsked, Wish, WishFor, fresh_order_id};

/// How the house calls out.
#[derive(Debug, Clone)]
pub struct Outward {
    pub trunk: Trunk,
    pub numbers: Numbers,
    pub rules: Rules,
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

/// How an attempt ended, and the final response where there was one.
pub type Made = Pin<Box<dyn Future<Output = (Ended, Option<u16>)> + Send>>;

/// What the loop works with.
pub struct Calling {
    pub engine: Engine,
    pub outward: Outward,
    /// Names the call that an attempt becomes.
    pub call_id: fn(Moment) -> CallId,
    /// Makes one.
    pub make: Box<dyn Fn(Order, Attempt) -> Made + Send + Sync>,
}

struct Rounds {
    with: Calling,
    room: Errands,
    running: JoinSet<(Ended, Option<u16>)>,
    attempts: HashMap<Id, Attempt>,
    /// What could not be written yet.
    unwritten: Vec<(Attempt, Ended, Option<u16>, Next)>,
    recovered: bool,
}

/// The civil clock: in which hour.
#[allow(clippy::disallowed_methods)] // a shell: it tells the machines the time
fn moment() -> Moment {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Moment::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// Makes calls until `closing`; returns when the last of them has ended.
pub async fn run(with: Calling, closing: CancellationToken) {
    let mut rounds = Rounds {
        room: Errands::new(with.outward.rules.clone()),
        with,
        running: JoinSet::new(),
        attempts: HashMap::new(),
        unwritten: Vec::new(),
        recovered: false,
    };
    let mut looks = tokio::time::interval(EVERY);
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
        let engine = self.with.engine.clone();
        if !self.recovered {
            let closed = engine.close_interrupted_calls_out(MANY, now).await?;
            if closed > 0 {
                tracing::warn!(
                    closed,
                    "calls out that were under way when the server fell are closed"
                );
            }
            for (number, at) in engine.attempts_since(now.day().start()).await? {
                self.room.remember(&number, at);
            }
            self.recovered = true;
        }
        self.ask_unasked(now).await?;
        let open = engine
            .open_calls_out(&self.with.outward.numbers, MANY, now)
            .await?;
        for (order, attempts) in open {
            // A full room takes it when there is place: it stays in its row.
            let _ = self.room.take(order, attempts);
        }
        let mut begun = Ok(());
        for start in self.room.due(now, self.with.engine.calendar()) {
            // Each that cannot be written is put back, whatever became of the others.
            begun = begun.and(self.begin(start, now).await);
        }
        metrics::gauge!("gradeline_calls_out_active").set(self.room.calling() as f64);
        metrics::gauge!("gradeline_calls_out_open").set(self.room.open() as f64);
        begun
    }

    /// What nobody has to ask for: results to be told, callbacks that callers wished.
    async fn ask_unasked(&self, now: Moment) -> Result<(), Error> {
        let engine = &self.with.engine;
        let mut wishes = Vec::new();
        if self.with.outward.results {
            let tickets = engine.results_to_tell(FEW).await?;
            wishes.extend(tickets.into_iter().map(WishFor::Result));
        }
        if self.with.outward.callbacks {
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
                .ask_for_call(&id, wish, &self.with.outward.allowing(), now)
                .await;
            match asked {
                Ok(_) | Err(NotAsked::Refused(Trouble::Open | Trouble::Full)) => {}
                Err(NotAsked::Refused(trouble)) => engine.set_aside(&what, trouble, now).await?,
                Err(NotAsked::Engine(error)) => return Err(error),
            }
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

    async fn begin(&mut self, start: Start, now: Moment) -> Result<(), Error> {
        let call = (self.with.call_id)(now);
        let (order, seq) = (&start.order, start.attempt);
        let engine = &self.with.engine;
        let begun = engine.begin_attempt(order, seq, &call, now).await;
        let gone = match begun {
            Ok(Some(attempt)) => {
                let made = (self.with.make)(start.order.clone(), attempt.clone());
                let task = self.running.spawn(made);
                self.attempts.insert(task.id(), attempt);
                return Ok(());
            }
            // It was taken back meanwhile.
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        let how = match gone {
            Ok(()) => Ended::Withdrawn,
            Err(_) => Ended::Interrupted,
        };
        self.room
            .ended(&order.id, how, now, self.with.engine.calendar());
        gone
    }

    async fn done(&mut self, done: Result<(Id, (Ended, Option<u16>)), tokio::task::JoinError>) {
        let (id, (ended, status)) = match done {
            Ok(done) => done,
            Err(panic) => {
                tracing::error!(%panic, "a bug ended a call out");
                (panic.id(), (Ended::Interrupted, None))
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
        self.unwritten.push((attempt, ended, status, next));
        self.write_ends().await;
    }

    async fn write_ends(&mut self) {
        let mut kept = Vec::new();
        for (attempt, ended, status, next) in std::mem::take(&mut self.unwritten) {
            let engine = &self.with.engine;
            let now = moment();
            if let Err(error) = engine.end_attempt(&attempt, ended, status, next, now).await {
                tracing::warn!(errand = attempt.row.id, %error, "the end of a call out is written later");
                kept.push((attempt, ended, status, next));
            }
        }
        self.unwritten = kept;
    }
}

impl Outward {
    pub fn allowing(&self) -> Allowing {
        Allowing {
            numbers: self.numbers.clone(),
            open_at_most: self.rules.open_at_most as u64,
            trunk: true,
        }
    }
}
