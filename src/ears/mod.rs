//! All that a running call hears, one thing at a time: whoever is in it, its sound, its store, the floor, its supervisor,
//! its timer.
//!
//! **Invariant:** a key that had arrived before a BYE is heard before it; a call that ends hears its sound's end and its
//! store only.

pub mod words;

use std::collections::VecDeque;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::floor::Hunted;
use crate::ivr::Event;
use crate::ledger::Stored;
use crate::media;
use crate::ringing::{DeskEars, DeskEvent};
use crate::sip::DialogEvent;
use crate::supervision::{Order, Orders};

/// Everything that a call listens to.
pub struct Ears {
    pub caller: mpsc::Receiver<DialogEvent>,
    pub sound: mpsc::Receiver<media::Event>,
    pub stored: mpsc::Receiver<Stored>,
    pub hunt: Option<mpsc::Receiver<Hunted>>,
    pub desk: Option<DeskEars>,
    pub second: Option<DeskEars>,
    /// What a supervisor wants.
    pub supervisor: Orders,
    /// Events that the session is owed and nobody else will send.
    pub owed: VecDeque<Event>,
    /// Cancelled when the house closes and the calls' grace is over; `None` once told.
    pub closing: Option<CancellationToken>,
}

/// One thing heard.
pub enum Input {
    Caller(DialogEvent),
    Desk(DeskEvent),
    Second(DeskEvent),
    Sound(media::Event),
    SoundGone,
    Hunted(Hunted),
    Supervised(Order),
    Stored(Stored),
    Owed(Event),
    Timer,
    HouseClosing,
}

impl Ears {
    /// Of a call that was just answered.
    pub fn new(
        caller: mpsc::Receiver<DialogEvent>,
        sound: mpsc::Receiver<media::Event>,
        stored: mpsc::Receiver<Stored>,
        supervisor: Orders,
        closing: CancellationToken,
    ) -> Ears {
        Ears {
            caller,
            sound,
            stored,
            hunt: None,
            desk: None,
            second: None,
            supervisor,
            owed: VecDeque::new(),
            closing: Some(closing),
        }
    }

    /// The next input. Sound comes first: a key that had arrived before the BYE is heard before it.
    /// A call that is `running` no more hears its sound's end and its store only.
    pub async fn next(&mut self, timeout_at: Option<Instant>, running: bool) -> Input {
        if let Some(event) = self.owed.pop_front() {
            return Input::Owed(event);
        }
        tokio::select! {
            biased;
            event = self.sound.recv() => event.map_or(Input::SoundGone, Input::Sound),
            Some(stored) = self.stored.recv() => Input::Stored(stored),
            event = self.caller.recv(), if running => {
                Input::Caller(event.unwrap_or(DialogEvent::Lost { why: "the dialog is gone" }))
            }
            event = desk_heard(&mut self.desk), if running => Input::Desk(event),
            event = desk_heard(&mut self.second), if running => Input::Second(event),
            Some(hunted) = heard(&mut self.hunt), if running => Input::Hunted(hunted),
            order = self.supervisor.next(), if running => Input::Supervised(order),
            () = reached(timeout_at) => Input::Timer,
            () = cancelled(&self.closing), if running => {
                self.closing = None;
                Input::HouseClosing
            }
        }
    }
}

/// The next of a receiver that may not be there.
async fn heard<T>(receiver: &mut Option<mpsc::Receiver<T>>) -> Option<T> {
    match receiver {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}

async fn desk_heard(desk: &mut Option<DeskEars>) -> DeskEvent {
    match desk {
        Some(desk) => desk.next().await,
        None => std::future::pending().await,
    }
}

async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

async fn cancelled(token: &Option<CancellationToken>) {
    match token {
        Some(token) => token.cancelled().await,
        None => std::future::pending().await,
    }
}
