//! Door 1: one task per call joins sip, media, ivr, desks and engine. The only place where they meet.
//!
//! **Invariant:** a call has one task, a task one owner; every answered call ends in exactly one
//! outcome row, and its recording is closed before the task ends.

mod answer;
mod book;
mod call;
mod clock;
mod ears;
mod floor;
mod hours;
mod info;
mod ring;
mod timeline;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use book::{Book, Checked, Files, texts_in};
pub use hours::{Days, ServiceHours, Span};

use crate::archive::Archive;
use crate::desks::Desks;
use crate::domain::Calendar;
use crate::engine::Engine;
use crate::ivr::Severity;
use crate::ledger::Ledgers;
use crate::media::Media;
use crate::sip::{Agent, Incoming};
use floor::Floor;

/// What an operator may vary of the telephone.
#[derive(Debug, Clone)]
pub struct Settings {
    pub files: Files,
    pub service_hours: ServiceHours,
    /// Calls at once; one more is refused with 503 and Retry-After.
    pub max_calls: usize,
    /// How long running calls may go on once the house closes.
    pub grace: Duration,
}

/// Everything that a call needs of the house.
pub struct House {
    settings: Settings,
    engine: Engine,
    ledgers: Arc<Ledgers>,
    archive: Archive,
    media: Media,
    calendar: Calendar,
    book: watch::Receiver<Arc<Book>>,
    floor: Floor,
    /// The rehearsal desk answers: calls are marked and stay out of figures.
    rehearsal: bool,
    /// Cancelled when the calls' grace is over.
    grace_over: CancellationToken,
}

/// What [`Phone::open`] joins.
pub struct Rooms {
    pub settings: Settings,
    pub engine: Engine,
    pub ledgers: Arc<Ledgers>,
    pub archive: Archive,
    pub media: Media,
    pub calendar: Calendar,
    pub agent: Agent,
    pub desks: Desks,
    pub rehearsal: bool,
    pub book: Book,
}

/// The telephone.
pub struct Phone {
    house: Arc<House>,
    agent: Agent,
    book: watch::Sender<Arc<Book>>,
    floor: tokio::task::JoinHandle<()>,
}

/// How often the operator's files are looked at.
const RELOAD_EVERY: Duration = Duration::from_secs(2);

/// What Retry-After asks of a caller who found the house full (RFC 3261 §20.33).
const RETRY_AFTER: Duration = Duration::from_secs(10);

impl Phone {
    pub fn open(rooms: Rooms) -> Phone {
        let (book, reader) = watch::channel(Arc::new(rooms.book));
        let (floor, keeper) = Floor::open(rooms.desks, rooms.agent.clone(), rooms.media.clone());
        let house = House {
            settings: rooms.settings,
            engine: rooms.engine,
            ledgers: rooms.ledgers,
            archive: rooms.archive,
            media: rooms.media,
            calendar: rooms.calendar,
            book: reader,
            floor,
            rehearsal: rooms.rehearsal,
            grace_over: CancellationToken::new(),
        };
        Phone {
            house: Arc::new(house),
            agent: rooms.agent,
            book,
            floor: keeper,
        }
    }

    /// Cancelling it ends the running calls' grace at once.
    pub fn grace_over(&self) -> CancellationToken {
        self.house.grace_over.clone()
    }

    /// Takes calls until `closing` is cancelled; then takes no new ones and returns when the running
    /// ones have ended, at the latest after their grace.
    pub async fn serve(self, mut incoming: mpsc::Receiver<Incoming>, closing: CancellationToken) {
        let mut calls = JoinSet::new();
        let mut reload = tokio::time::interval(RELOAD_EVERY);
        let mut seen = self.house.settings.files.fingerprint();
        loop {
            tokio::select! {
                invite = incoming.recv() => match invite {
                    Some(invite) => self.admit(invite, &mut calls).await,
                    None => break,
                },
                Some(ended) = calls.join_next() => ended_call(ended, calls.len()),
                _ = reload.tick() => seen = self.reload(seen),
                () = closing.cancelled() => break,
            }
        }
        self.drain(incoming, calls).await;
    }

    async fn admit(&self, invite: Incoming, calls: &mut JoinSet<()>) {
        if calls.len() >= self.house.settings.max_calls {
            refuse(invite, 503, "full").await;
            return;
        }
        calls.spawn(answer::answer(self.house.clone(), invite));
        metrics::gauge!("gradeline_calls_active").set(calls.len() as f64);
    }

    /// A changed plan is checked first; a worse one is refused and the old one stays. Running calls
    /// finish on the version they began with.
    fn reload(
        &self,
        seen: Vec<(std::path::PathBuf, std::time::SystemTime, u64)>,
    ) -> Vec<(std::path::PathBuf, std::time::SystemTime, u64)> {
        let now = self.house.settings.files.fingerprint();
        if now == seen {
            return seen;
        }
        match Book::read(&self.house.settings.files) {
            Ok(Checked {
                book: Some(book),
                findings,
            }) => {
                for warning in findings {
                    tracing::warn!("{warning}");
                }
                for plan in book.plans() {
                    tracing::info!(
                        plan = plan.name,
                        digest = plan.digest(),
                        "dialplan in force"
                    );
                }
                metrics::counter!("gradeline_reloads_total", "result" => "taken").increment(1);
                self.book.send_replace(Arc::new(book));
            }
            Ok(Checked {
                book: None,
                findings,
            }) => {
                metrics::counter!("gradeline_reloads_total", "result" => "refused").increment(1);
                for finding in findings
                    .iter()
                    .filter(|found| found.severity == Severity::Error)
                {
                    tracing::error!("{finding}");
                }
                tracing::error!("the changed files are refused; the earlier ones stay in force");
            }
            Err(error) => {
                metrics::counter!("gradeline_reloads_total", "result" => "refused").increment(1);
                tracing::error!("{error:#}; the earlier files stay in force");
            }
        }
        now
    }

    async fn drain(self, mut incoming: mpsc::Receiver<Incoming>, mut calls: JoinSet<()>) {
        self.agent.drain();
        let grace = self.house.settings.grace;
        if !calls.is_empty() {
            tracing::info!(
                calls = calls.len(),
                grace_s = grace.as_secs(),
                "closing: no new calls; running ones may end"
            );
        }
        let over = tokio::time::sleep(grace);
        tokio::pin!(over);
        while !calls.is_empty() {
            tokio::select! {
                Some(invite) = incoming.recv() => refuse(invite, 503, "closing").await,
                Some(ended) = calls.join_next() => ended_call(ended, calls.len()),
                () = &mut over, if !self.house.grace_over.is_cancelled() => {
                    tracing::warn!(calls = calls.len(), "the grace is over; running calls are ended");
                    self.house.grace_over.cancel();
                }
            }
        }
        drop(self.house);
        self.agent.stop().await;
        self.floor.abort();
    }
}

fn ended_call(ended: Result<(), tokio::task::JoinError>, left: usize) {
    metrics::gauge!("gradeline_calls_active").set(left as f64);
    if let Err(panic) = ended {
        metrics::counter!("gradeline_calls_broken_total").increment(1);
        tracing::error!(%panic, "a bug ended a call; its row is closed at the next start");
    }
}

async fn refuse(invite: Incoming, status: u16, reason: &'static str) {
    metrics::counter!("gradeline_calls_refused_total", "reason" => reason).increment(1);
    let retry_after = (status == 503).then_some(RETRY_AFTER);
    if let Err(error) = invite.refuse(status, retry_after).await {
        tracing::debug!(%error, "a refused caller had already gone");
    }
}
