//! Door 1: calls are let in, answered and made; each is one task of `call`, and drained when the house closes.
//!
//! **Invariant:** a call has one task, a task one owner; whoever was answered is recorded from before his 200 on.

mod answer;
mod errand;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use crate::book::{Book, Checked, Files, texts_in};
pub use crate::call::Settings;
pub use crate::calling::Outward;
pub use crate::openings::{Days, Openings, ServiceHours, Span};
pub use crate::reaching::own_group;

use crate::archive::Archive;
use crate::board::Board;
use crate::book;
use crate::call::{Closing, House};
use crate::calling::{self, Calling};
use crate::consulting::Consulting;
use crate::desks::Desks;
use crate::domain::Calendar;
use crate::engine::Engine;
use crate::floor::Floor;
pub use crate::floor::Pages;
use crate::floor::place::Place;
use crate::ledger::Ledgers;
use crate::location::Location;
use crate::media::Media;
use crate::onward::Onward;
use crate::sip::{Agent, Incoming};
use crate::supervision::Supervisions;
use crate::trunkline::Trunklines;

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
    /// Where desks are that register, if any may.
    pub location: Option<Location>,
    /// The trunk that we register to or call out through, if there is one.
    pub trunkline: Option<Trunklines>,
    /// The desks that are pages, if any are.
    pub pages: Option<Pages>,
    /// By which supervisors reach running calls.
    pub supervisions: Supervisions,
    pub rehearsal: bool,
    pub book: Book,
    /// Where a picture of the floor is shown, at most each second.
    pub board: watch::Sender<Arc<Board>>,
}

/// The telephone.
pub struct Phone {
    house: Arc<House>,
    agent: Agent,
    trunkline: Option<Trunklines>,
    reloader: tokio::task::JoinHandle<()>,
    floor: tokio::task::JoinHandle<()>,
}

/// What Retry-After asks of a caller who found the house full (RFC 3261 §20.33).
const RETRY_AFTER: Duration = Duration::from_secs(10);

impl Phone {
    pub fn open(rooms: Rooms) -> Phone {
        let (book, reader) = watch::channel(Arc::new(rooms.book));
        let reloader = tokio::spawn(book::keep(rooms.settings.files.clone(), book));
        let (floor, keeper) = Floor::open(
            rooms.desks,
            rooms.agent.clone(),
            rooms.media.clone(),
            rooms.location,
            rooms.pages,
            rooms.board,
        );
        let outward = rooms.settings.outward.as_ref();
        let onward = Onward::new(
            rooms.agent.clone(),
            rooms.media.clone(),
            rooms.trunkline.clone(),
            outward.map(|outward| outward.trunk.clone()),
            rooms.settings.transfers.clone(),
        );
        let house = House {
            settings: rooms.settings,
            engine: rooms.engine,
            ledgers: rooms.ledgers,
            archive: rooms.archive,
            media: rooms.media,
            calendar: rooms.calendar,
            book: reader,
            floor,
            supervisions: rooms.supervisions,
            trunkline: rooms.trunkline.clone(),
            consulting: Consulting::new(rooms.agent.clone()),
            onward,
            rehearsal: rooms.rehearsal,
            closing: Closing::default(),
            grace_over: CancellationToken::new(),
        };
        Phone {
            house: Arc::new(house),
            agent: rooms.agent,
            trunkline: rooms.trunkline,
            reloader,
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
        if let Some(outward) = self.house.settings.outward.clone() {
            let (calling, ledgers) = (self.calling(outward), self.house.ledgers.clone());
            let closing = closing.clone();
            calls.spawn(async move {
                // Who answered before the house fell may be in the journal only: he is not called again.
                tokio::select! {
                    _ = ledgers.earlier_drained() => calling::run(calling, closing).await,
                    () = closing.cancelled() => {}
                }
            });
        }
        loop {
            tokio::select! {
                invite = incoming.recv() => match invite {
                    Some(invite) => self.admit(invite, &mut calls).await,
                    None => break,
                },
                Some(ended) = calls.join_next() => ended_call(ended),
                () = closing.cancelled() => break,
            }
        }
        self.reloader.abort();
        // Whyever no more calls come in, none goes out.
        closing.cancel();
        self.drain(incoming, calls).await;
    }

    /// Calls that the house makes are among its calls: they are drained with them.
    fn calling(&self, outward: Outward) -> Calling {
        let (house, agent) = (self.house.clone(), self.agent.clone());
        Calling {
            engine: self.house.engine.clone(),
            outward,
            call_id: answer::new_call_id,
            is_answered: errand::answered(house.clone()),
            line: Box::new(move || {
                let place = Place::of_ours(agent.take_line()?);
                let (house, agent) = (house.clone(), agent.clone());
                Some(Box::new(move |order, attempt| {
                    Box::pin(errand::make(house, agent, (order, attempt), place))
                }))
            }),
        }
    }

    async fn admit(&self, invite: Incoming, calls: &mut JoinSet<()>) {
        if invite.seat.is_beyond() {
            refuse(invite, 503, "full").await;
            return;
        }
        let place = Place::of(invite.seat.clone());
        calls.spawn(answer::answer(self.house.clone(), invite, place));
    }

    async fn drain(self, mut incoming: mpsc::Receiver<Incoming>, mut calls: JoinSet<()>) {
        self.agent.drain();
        // No more calls are wanted from the trunk; those that run go on.
        let trunkline = self.trunkline.clone();
        let leaving = tokio::spawn(async move {
            if let Some(trunkline) = trunkline {
                trunkline.leave().await;
            }
        });
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
                Some(ended) = calls.join_next() => ended_call(ended),
                () = &mut over, if !self.house.grace_over.is_cancelled() => {
                    tracing::warn!(calls = calls.len(), "the grace is over; running calls are ended");
                    self.house.grace_over.cancel();
                }
            }
        }
        drop(self.house);
        let _ = leaving.await;
        self.agent.stop().await;
        self.floor.abort();
    }
}

fn ended_call(ended: Result<(), tokio::task::JoinError>) {
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
