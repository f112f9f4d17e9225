//! The floor: the one owner of the desks. It asks the pure room `desks` whom to ring, rings him,
//! and tells the caller's call what became of it.

mod endings;
mod keeper;
mod names;
mod pages;
mod picture;
pub mod place;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::board::Board;
use crate::desks::{CallerId, DeskId, Desks, Event, Handed, Need, Terms};
use crate::ivr::Unavailable;
use crate::location::Location;
use crate::media::Media;
use crate::ringing::Answered;
use crate::sip::Agent;
use keeper::Keeper;
use names::Names;
pub use pages::Pages;
use picture::Picture;

/// Asks that may wait for the floor; all calls that come in at once ask within a moment.
const ASKS: usize = 1024;

/// Where calls ask for a desk. Cheap to clone.
#[derive(Clone)]
pub struct Floor {
    asks: mpsc::Sender<Ask>,
    last: Arc<AtomicU64>,
    names: Arc<Names>,
}

/// What a call wants.
pub struct Wanted {
    pub whom: Whom,
    pub caller_number: Option<String>,
    pub call: String,
}

/// Whom he wants.
pub enum Whom {
    Need {
        need: Need,
        terms: Terms,
        /// He had a desk, and it was lost.
        again: bool,
    },
    /// His desk hands him on.
    Handed { to: Handed, patience: Duration },
}

/// A hunt that goes on. Dropped, the ringing stops and the caller waits no more.
pub struct Hunt {
    caller: CallerId,
    asks: mpsc::Sender<Ask>,
    _until: DropGuard,
}

/// What becomes of a hunt.
pub enum Hunted {
    Ringing {
        desk: String,
    },
    Found {
        answered: Box<Answered>,
        seat: Seat,
        waited: Duration,
    },
    /// So many are before him; how long it takes, where enough is known.
    Position {
        ahead: usize,
        wait: Option<Duration>,
    },
    /// What who is outside answered, before `Unavailable`.
    Refused {
        status: u16,
    },
    Unavailable(Unavailable),
}

/// A desk that talks with this caller. Dropped, the desk is free again.
pub struct Seat {
    pub desk: String,
    pub staff: Option<String>,
    outside: bool,
    _until: DropGuard,
}

impl Seat {
    /// Of somebody outside, who has no desk: how he is shown, and what is let go of with him.
    pub fn outside(shown: String, until: DropGuard) -> Seat {
        Seat {
            desk: shown,
            staff: None,
            outside: true,
            _until: until,
        }
    }

    /// He is none of this house.
    pub fn is_outside(&self) -> bool {
        self.outside
    }
}

enum Ask {
    Desk {
        caller: CallerId,
        wanted: Wanted,
        told: mpsc::Sender<Hunted>,
        over: CancellationToken,
    },
    /// What a caller who waits does.
    Does(Event),
    TookOver(TookOver),
}

/// A supervisor takes a caller over.
struct TookOver {
    caller: CallerId,
    call: String,
    desk: DeskId,
    /// He takes calls afterwards.
    ready: bool,
    free: CancellationToken,
}

impl Floor {
    /// Opens the floor; it closes when the last `Floor` is dropped and nobody rings.
    pub fn open(
        desks: Desks,
        agent: Agent,
        media: Media,
        location: Option<Location>,
        pages: Option<Pages>,
        board: watch::Sender<Arc<Board>>,
    ) -> (Floor, tokio::task::JoinHandle<()>) {
        let (asks, queue) = mpsc::channel(ASKS);
        let picture = Picture::new(board, now());
        let names: Vec<_> = desks.states().map(|(desk, _)| desk).collect();
        let names = Arc::new(Names::of(&names));
        let keeper = Keeper::new(desks, agent, media, location, picture, pages);
        let floor = Floor {
            asks,
            last: Arc::default(),
            names,
        };
        (floor, tokio::spawn(keeper.run(queue)))
    }

    /// The desk or group of this house that a colleague means by this: a desk's name, account or staff number, or a
    /// group's name.
    pub fn named(&self, name: &str) -> Option<Handed> {
        self.names.find(name)
    }

    /// Begins to look for a desk; what becomes of it comes by the receiver.
    pub fn seek(&self, wanted: Wanted) -> (Hunt, mpsc::Receiver<Hunted>) {
        let (told, receiver) = mpsc::channel(16);
        let over = CancellationToken::new();
        let call = wanted.call.clone();
        let caller = CallerId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let ask = Ask::Desk {
            caller,
            wanted,
            told: told.clone(),
            over: over.clone(),
        };
        if self.asks.try_send(ask).is_err() {
            tracing::error!(call, "the floor does not keep up; a caller gets no desk");
            let _ = told.try_send(Hunted::Unavailable(Unavailable::Failed));
        }
        let hunt = Hunt {
            caller,
            asks: self.asks.clone(),
            _until: over.drop_guard(),
        };
        (hunt, receiver)
    }
}

impl Floor {
    /// The seat of a supervisor who takes over this call, at the desk that is his page. Nobody is rung, and no other
    /// call comes to it; after the talk it is what it was, or, where he is `ready`, takes calls.
    pub fn takes_over(&self, call: &str, desk: &str, staff: Option<String>, ready: bool) -> Seat {
        let free = CancellationToken::new();
        let ask = Ask::TookOver(TookOver {
            caller: CallerId(self.last.fetch_add(1, Ordering::Relaxed) + 1),
            call: call.to_owned(),
            desk: DeskId(desk.to_owned()),
            ready,
            free: free.clone(),
        });
        if self.asks.try_send(ask).is_err() {
            tracing::error!(
                call,
                "the floor does not keep up; a desk's talk is not shown"
            );
        }
        Seat {
            desk: desk.to_owned(),
            staff,
            outside: false,
            _until: free.drop_guard(),
        }
    }
}

impl Hunt {
    /// He chooses what else he may have, and keeps his place.
    pub fn steps_aside(&self) {
        let caller = self.caller;
        self.does(Event::StepsAside { caller });
    }

    /// He waits on.
    pub fn steps_back(&self) {
        let caller = self.caller;
        self.does(Event::StepsBack { caller });
    }

    /// He wants to be called back at this number.
    pub fn wants_callback(&self, number: String) {
        let caller = self.caller;
        self.does(Event::WantsCallback { caller, number });
    }

    /// He has left a message.
    pub fn leaves_message(&self) {
        let caller = self.caller;
        self.does(Event::LeavesMessage { caller });
    }

    fn does(&self, event: Event) {
        if self.asks.try_send(Ask::Does(event)).is_err() {
            tracing::error!("the floor does not keep up; what a waiting caller did is not counted");
        }
    }
}

#[allow(clippy::disallowed_methods)] // the shell's clock: the room of desks is told it
fn now() -> std::time::Instant {
    std::time::Instant::now()
}
