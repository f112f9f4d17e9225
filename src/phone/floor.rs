//! The floor: the one owner of the desks. It asks the pure room `desks` whom to ring, rings him,
//! and tells the caller's call what became of it.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::clock;
use super::ring::{self, Answered, Ring, Rung};
use crate::desks::{Action, CallerId, Desk, DeskId, DeskState, Desks, Event, NoDesk};
use crate::ivr::Unavailable;
use crate::location::Location;
use crate::media::Media;
use crate::sip::Agent;

/// Where calls ask for a desk. Cheap to clone.
#[derive(Clone)]
pub(super) struct Floor {
    asks: mpsc::Sender<Ask>,
}

/// What a call wants.
pub(super) struct Wanted {
    pub group: Option<String>,
    pub caller_number: Option<String>,
    pub call: String,
    pub patience: Duration,
}

/// A hunt that goes on. Dropped, the ringing stops.
pub(super) struct Hunt {
    _until: DropGuard,
}

/// What becomes of a hunt.
pub(super) enum Hunted {
    Ringing { desk: String },
    Found { answered: Box<Answered>, seat: Seat },
    Unavailable(Unavailable),
}

/// A desk that talks with this caller. Dropped, the desk is free again.
pub(super) struct Seat {
    pub desk: String,
    pub staff: Option<String>,
    _until: DropGuard,
}

struct Ask {
    wanted: Wanted,
    told: mpsc::Sender<Hunted>,
    over: CancellationToken,
}

impl Floor {
    /// Opens the floor; it closes when the last `Floor` is dropped and nobody rings.
    pub(super) fn open(
        desks: Desks,
        agent: Agent,
        media: Media,
        location: Option<Location>,
    ) -> (Floor, tokio::task::JoinHandle<()>) {
        let (asks, queue) = mpsc::channel(64);
        let keeper = Keeper {
            desks,
            agent,
            media,
            changes: location.as_ref().map(Location::changes),
            location,
            callers: HashMap::new(),
            ringing: JoinSet::new(),
            leaving: JoinSet::new(),
            last: 0,
        };
        (Floor { asks }, tokio::spawn(keeper.run(queue)))
    }

    /// Begins to look for a desk; what becomes of it comes by the receiver.
    pub(super) fn seek(&self, wanted: Wanted) -> (Hunt, mpsc::Receiver<Hunted>) {
        let (told, receiver) = mpsc::channel(16);
        let over = CancellationToken::new();
        let call = wanted.call.clone();
        let ask = Ask {
            wanted,
            told: told.clone(),
            over: over.clone(),
        };
        if self.asks.try_send(ask).is_err() {
            tracing::error!(call, "the floor does not keep up; a caller gets no desk");
            let _ = told.try_send(Hunted::Unavailable(Unavailable::Failed));
        }
        (
            Hunt {
                _until: over.drop_guard(),
            },
            receiver,
        )
    }
}

/// A caller who looks for a desk.
struct Seeker {
    wanted: Wanted,
    told: mpsc::Sender<Hunted>,
    /// Cancels the ringing that goes on for him.
    ring: Option<CancellationToken>,
    /// The answer that waits for the machine's word.
    answered: Option<Box<Answered>>,
}

/// What ended by itself.
enum Left {
    Caller(CallerId),
    Desk(DeskId),
}

struct Keeper {
    desks: Desks,
    agent: Agent,
    media: Media,
    /// Where desks are that register, and when that changes.
    location: Option<Location>,
    changes: Option<watch::Receiver<u64>>,
    callers: HashMap<CallerId, Seeker>,
    ringing: JoinSet<(CallerId, DeskId, Rung)>,
    leaving: JoinSet<Left>,
    last: u64,
}

impl Keeper {
    async fn run(mut self, mut queue: mpsc::Receiver<Ask>) {
        self.look_for_phones();
        loop {
            let timeout_at = self.desks.timeout_at();
            tokio::select! {
                ask = queue.recv() => match ask {
                    Some(ask) => self.asked(ask),
                    None => return,
                },
                Some(rung) = self.ringing.join_next() => match rung {
                    Ok((caller, desk, rung)) => self.rung(caller, desk, rung),
                    Err(panic) => tracing::error!(%panic, "a bug: ringing a desk broke"),
                },
                Some(Ok(left)) = self.leaving.join_next() => {
                    let event = match left {
                        Left::Caller(caller) => Event::Left { caller },
                        Left::Desk(desk) => Event::TalkEnded { desk },
                    };
                    let is_free = matches!(event, Event::TalkEnded { .. });
                    self.tell(event);
                    if is_free {
                        self.look_for_phones();
                    }
                }
                () = changed(&mut self.changes) => self.look_for_phones(),
                () = reached(timeout_at) => self.tell(Event::Timeout),
            }
        }
    }

    /// A desk that registers is to be rung while there is a telephone of its. One that talks is left alone until its
    /// talk has ended: its registration may come and go meanwhile.
    fn look_for_phones(&mut self) {
        let Some(location) = &self.location else {
            return;
        };
        let event = |(desk, state): (&Desk, DeskState)| {
            let registered = location.is_registered(ring::account_of(&desk.address)?);
            let desk = desk.id.clone();
            match (state, registered) {
                (DeskState::Offline, true) => Some(Event::CameOnline { desk }),
                (DeskState::Ready | DeskState::Ringing(_), false) => {
                    Some(Event::WentOffline { desk })
                }
                _ => None,
            }
        };
        let events: Vec<_> = self.desks.states().filter_map(event).collect();
        for event in events {
            self.tell(event);
        }
    }

    fn asked(&mut self, ask: Ask) {
        self.last += 1;
        let caller = CallerId(self.last);
        let event = Event::Wanted {
            caller,
            group: ask.wanted.group.clone(),
            patience: ask.wanted.patience,
            waits: false,
        };
        let Ask { wanted, told, over } = ask;
        self.callers.insert(
            caller,
            Seeker {
                wanted,
                told,
                ring: None,
                answered: None,
            },
        );
        self.leaving.spawn(async move {
            over.cancelled().await;
            Left::Caller(caller)
        });
        self.tell(event);
    }

    fn rung(&mut self, caller: CallerId, desk: DeskId, rung: Rung) {
        match rung {
            Rung::Answered(answered) => {
                // Without a seeker the answer is dropped here, which ends it with BYE.
                if let Some(seeker) = self.callers.get_mut(&caller) {
                    seeker.answered = Some(answered);
                    self.tell(Event::Answered { caller, desk });
                }
            }
            Rung::Not(Unavailable::Busy) => self.tell(Event::Refused { caller, desk }),
            Rung::Not(Unavailable::Failed | Unavailable::NoAnswer) => {
                self.tell(Event::Failed { caller, desk });
            }
            Rung::Stopped => {}
        }
    }

    fn tell(&mut self, event: Event) {
        // A hunt also ends when its desk was found; then the seat says when that desk is free.
        if let Event::Left { caller } = event
            && self.callers.remove(&caller).is_none()
        {
            return;
        }
        for action in self.desks.handle(event, clock::instant()) {
            self.act(action);
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Ring { caller, desk } => self.ring(caller, desk),
            Action::Cancel { caller, .. } => {
                if let Some(stop) = self
                    .callers
                    .get_mut(&caller)
                    .and_then(|seeker| seeker.ring.take())
                {
                    stop.cancel();
                }
            }
            Action::Connected { caller, desk } => self.connected(caller, desk),
            Action::Unavailable { caller, why } => {
                if let Some(seeker) = self.callers.remove(&caller) {
                    let why = match why {
                        NoDesk::NoAnswer => Unavailable::NoAnswer,
                        NoDesk::Busy => Unavailable::Busy,
                        NoDesk::Failed => Unavailable::Failed,
                    };
                    say(&seeker.told, Hunted::Unavailable(why));
                }
            }
        }
    }

    fn ring(&mut self, caller: CallerId, desk: Desk) {
        let Some(seeker) = self.callers.get_mut(&caller) else {
            return;
        };
        let stop = CancellationToken::new();
        if let Some(earlier) = seeker.ring.replace(stop.clone()) {
            earlier.cancel();
        }
        let ring = Ring {
            phones: ring::phones_of(&desk.address, self.location.as_ref()),
            caller: seeker.wanted.caller_number.clone(),
            call: seeker.wanted.call.clone(),
        };
        say(
            &seeker.told,
            Hunted::Ringing {
                desk: desk.id.0.clone(),
            },
        );
        let (agent, media, id) = (self.agent.clone(), self.media.clone(), desk.id);
        self.ringing.spawn(async move {
            let rung = ring::ring(agent, media, ring, stop).await;
            (caller, id, rung)
        });
    }

    fn connected(&mut self, caller: CallerId, desk: Desk) {
        let free = CancellationToken::new();
        let seat = Seat {
            desk: desk.id.0.clone(),
            staff: desk.staff,
            _until: free.clone().drop_guard(),
        };
        self.leaving.spawn(async move {
            free.cancelled().await;
            Left::Desk(desk.id)
        });
        // Whatever is missing, dropping the seat frees the desk again.
        let Some(seeker) = self.callers.remove(&caller) else {
            return;
        };
        let Some(answered) = seeker.answered else {
            return;
        };
        say(&seeker.told, Hunted::Found { answered, seat });
    }
}

/// A call that does not listen any more has ended; what it would have got is dropped.
fn say(told: &mpsc::Sender<Hunted>, hunted: Hunted) {
    if told.try_send(hunted).is_err() {
        tracing::debug!("a desk was found for a call that has ended");
    }
}

/// Resolves when it may have changed where desks are.
async fn changed(changes: &mut Option<watch::Receiver<u64>>) {
    if let Some(changes) = changes
        && changes.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

async fn reached(at: Option<std::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
