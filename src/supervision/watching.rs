//! One supervision from the ring of the supervisor's page to its end: each thing he wants is on record before the call
//! is told of it.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::calls::{Hold, Order, Watched};
use super::record::{Act, Said};
use crate::clocks::moment;
use crate::console::{Bell, Consoles, Event, Line, Mode, Post, Reason, Taken};
use crate::engine::Engine;
use crate::media::Media;

/// How long the page may take to answer a ring that its person asked for.
const TAKEN_WITHIN: Duration = Duration::from_secs(15);
/// How long putting an act on record may take; a supervisor whose act is not recorded by then does not do it.
const RECORDED_WITHIN: Duration = Duration::from_secs(3);
/// How often its end is tried to be put on record, a second apart.
const TRIES: u32 = 600;

pub(super) struct Watching {
    pub engine: Engine,
    pub consoles: Consoles,
    pub act: Act,
    /// His own desk.
    pub post: Post,
    pub watched: Watched,
    pub mode: Mode,
    /// His page is lost.
    pub is_away: bool,
}

/// What goes on with his page.
struct Page {
    line: Line,
    events: mpsc::Receiver<Event>,
    lost: mpsc::Receiver<()>,
    over: CancellationToken,
}

/// Whether it goes on.
enum Next {
    GoesOn,
    Ends,
    TakesOver,
}

impl Watching {
    pub async fn run(mut self, media: Media, bell: Bell) {
        self.consoles.is_away(&self.act.who.login);
        let ringing = self.consoles.call(&media, &self.act.who.login, bell);
        let is_his = match tokio::time::timeout(TAKEN_WITHIN, ringing).await {
            Ok(Ok(taken)) => self.goes_on(taken).await,
            Ok(Err(_)) | Err(_) => {
                tracing::info!(call = %self.act.call.0, "a supervisor's page did not take the call");
                // Where no line of his was there to say so at its end.
                self.consoles.is_back(&self.act.who.login);
                false
            }
        };
        if !is_his {
            self.leaves().await;
        }
    }

    /// Until it ends; whether the call is his now.
    async fn goes_on(&mut self, taken: Taken) -> bool {
        let (hold, lost, over) = Hold::new();
        let mode = self.mode;
        let leg = Box::new(taken.leg);
        if !self.orders(Order::Begins { leg, mode, hold }).await {
            return false;
        }
        let mut page = Page {
            line: taken.line,
            events: taken.events,
            lost,
            over,
        };
        loop {
            let next = tokio::select! {
                biased;
                () = page.over.cancelled() => return false,
                Some(()) = page.lost.recv() => {
                    page.line.sound_lost();
                    Next::GoesOn
                }
                event = page.events.recv() => self.did(event, &page.line).await,
            };
            match next {
                Next::GoesOn => {}
                Next::Ends => break,
                Next::TakesOver => return self.takes_over(page).await,
            }
        }
        self.orders(Order::Ends).await;
        false
    }

    async fn did(&mut self, event: Option<Event>, line: &Line) -> Next {
        match event {
            Some(Event::Supervise(mode)) if mode != self.mode => {
                if self.recorded(mode.into(), line).await {
                    self.mode = mode;
                    self.orders(Order::Mode(mode)).await;
                    line.supervises(Some(mode));
                }
                Next::GoesOn
            }
            Some(Event::TakeOver) if !self.is_away => {
                match self.recorded(Said::TakesOver, line).await {
                    true => Next::TakesOver,
                    false => Next::GoesOn,
                }
            }
            Some(Event::Away) => {
                self.is_away = true;
                self.orders(Order::Away).await;
                Next::GoesOn
            }
            Some(Event::Back(leg)) => {
                self.is_away = false;
                let mode = self.mode;
                self.orders(Order::Back { leg, mode }).await;
                Next::GoesOn
            }
            Some(Event::HungUp | Event::Lost) | None => Next::Ends,
            // What a desk does with a caller of its own.
            Some(
                Event::Supervise(_)
                | Event::TakeOver
                | Event::Key(_)
                | Event::Hold(_)
                | Event::Muted(_)
                | Event::HandsOn(..)
                | Event::ToRating,
            ) => Next::GoesOn,
        }
    }

    /// Whether the call is his now: its talk may have ended while his act was put on record.
    async fn takes_over(&mut self, page: Page) -> bool {
        if page.over.is_cancelled() {
            return false;
        }
        let (taken, is_his) = oneshot::channel();
        let ready = self.consoles.wishes_ready(&self.act.who.login);
        self.orders(Order::TakesOver {
            line: page.line,
            events: page.events,
            post: self.post.clone(),
            ready,
            taken,
        })
        .await;
        is_his.await.is_ok()
    }

    /// Whether the call takes it; one that is over has nothing to be told.
    async fn orders(&self, order: Order) -> bool {
        self.watched.orders.send(order).await.is_ok()
    }

    async fn recorded(&self, said: Said, line: &Line) -> bool {
        let recording = self.engine.supervised(&self.act, said, moment());
        let recorded = match tokio::time::timeout(RECORDED_WITHIN, recording).await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the database does not answer".to_owned(),
        };
        tracing::error!(call = %self.act.call.0, error = recorded, "a supervisor's act cannot be put on record");
        line.refuse(Reason::NotRecorded);
        false
    }

    /// His end is on record however long the database is gone, but for a house that closes: what began is.
    async fn leaves(self) {
        // Another may have the call meanwhile.
        drop(self.watched);
        for _ in 0..TRIES {
            let recording = self.engine.supervised(&self.act, Said::Leaves, moment());
            // Not cut off: what is cut off in its commit may stand, and would stand twice.
            if recording.await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        tracing::error!(call = %self.act.call.0, "the end of a supervision cannot be put on record");
    }
}
