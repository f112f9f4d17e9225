//! Who keeps the floor: it alone asks the room of desks and does what the room says.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::endings::{unavailable, wants, word};
use super::picture::Picture;
use super::{Ask, Hunted, Pages, Seat, Wanted, Whom, now};
use crate::clocks::moment;
use crate::console::{Bell, Consoles, Happened, login_of};
use crate::desks::{Action, CallerId, Desk, DeskId, DeskState, Desks, Event, How};
use crate::ivr::Unavailable;
use crate::location::Location;
use crate::media::Media;
use crate::ringing::{self as ring, Answered, Ring, Rung};
use crate::sip::Agent;

/// A caller who looks for a desk.
struct Seeker {
    wanted: Wanted,
    told: mpsc::Sender<Hunted>,
    since: Instant,
    /// Each cancels the ringing of one desk for him.
    rings: HashMap<DeskId, CancellationToken>,
    /// The answer that waits for the machine's word.
    answered: Option<Box<Answered>>,
}

impl Seeker {
    /// What a page shows of him.
    fn bell(&self) -> Bell {
        let matter = match &self.wanted.whom {
            Whom::Need { need, .. } => need.skill.clone().or_else(|| need.group.clone()),
            Whom::Handed { .. } => None,
        };
        Bell {
            call: self.wanted.call.clone(),
            caller: self.wanted.caller_number.clone(),
            matter,
            waited: now().saturating_duration_since(self.since),
            supervises: None,
        }
    }
}

/// What ended by itself.
enum Left {
    Caller(CallerId),
    Desk(DeskId),
}

pub(super) struct Keeper {
    pub(super) desks: Desks,
    agent: Agent,
    media: Media,
    /// Where desks are that register, and when that changes.
    location: Option<Location>,
    changes: Option<watch::Receiver<u64>>,
    /// Desks that are pages, and what their persons do.
    pub(super) consoles: Option<Consoles>,
    happened: Option<mpsc::Receiver<Happened>>,
    callers: HashMap<CallerId, Seeker>,
    /// The calls that desks are in.
    pub(super) talks: HashMap<DeskId, String>,
    picture: Picture,
    ringing: JoinSet<(CallerId, DeskId, Rung)>,
    leaving: JoinSet<Left>,
}

impl Keeper {
    pub(super) fn new(
        desks: Desks,
        agent: Agent,
        media: Media,
        location: Option<Location>,
        picture: Picture,
        pages: Option<Pages>,
    ) -> Keeper {
        let (consoles, happened) = pages.map(|pages| (pages.consoles, pages.happened)).unzip();
        Keeper {
            desks,
            agent,
            media,
            changes: location.as_ref().map(Location::changes),
            location,
            consoles,
            happened,
            callers: HashMap::new(),
            talks: HashMap::new(),
            picture,
            ringing: JoinSet::new(),
            leaving: JoinSet::new(),
        }
    }

    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Ask>) {
        self.look_for_phones();
        self.close_pages();
        loop {
            self.show_pages();
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
                        Left::Desk(desk) => {
                            self.talks.remove(&desk);
                            Event::TalkEnded { desk }
                        }
                    };
                    let is_free = matches!(event, Event::TalkEnded { .. });
                    self.tell(event);
                    if is_free {
                        self.look_for_phones();
                    }
                }
                () = changed(&mut self.changes) => self.look_for_phones(),
                Some(happened) = heard(&mut self.happened) => self.page_did(happened),
                () = reached(timeout_at) => self.tell(Event::Timeout),
                () = reached(self.picture.due_at()) => {
                    self.picture.take(&self.desks, &self.talks, now(), moment());
                }
            }
        }
    }

    /// The desk is free again when its call lets go of it.
    pub(super) fn frees(&mut self, desk: DeskId, free: CancellationToken) {
        self.leaving.spawn(async move {
            free.cancelled().await;
            Left::Desk(desk)
        });
    }

    /// A desk that registers is to be rung while there is a telephone of its. One that talks is left alone until its
    /// talk has ended: its registration may come and go meanwhile.
    fn look_for_phones(&mut self) {
        let Some(location) = &self.location else {
            return;
        };
        let event = |(desk, state): (&Desk, &DeskState)| {
            let registered = location.is_registered(ring::account_of(&desk.address)?);
            let desk = desk.id.clone();
            match (state, registered) {
                (DeskState::Offline, true) => Some(Event::CameOnline { desk }),
                (DeskState::Offline | DeskState::Talking(_), _) | (_, true) => None,
                (_, false) => Some(Event::WentOffline { desk }),
            }
        };
        let events: Vec<_> = self.desks.states().filter_map(event).collect();
        for event in events {
            self.tell(event);
        }
    }

    fn asked(&mut self, ask: Ask) {
        let (caller, wanted, told, over) = match ask {
            Ask::Does(event) => return self.tell(event),
            Ask::TookOver(took) => return self.took_over(took),
            Ask::Desk {
                caller,
                wanted,
                told,
                over,
            } => (caller, wanted, told, over),
        };
        let event = match &wanted.whom {
            Whom::Need { need, terms, again } => {
                wants(caller, &wanted, need.clone(), terms.clone(), *again)
            }
            Whom::Handed { to, patience } => Event::Handed {
                caller,
                to: to.clone(),
                patience: *patience,
            },
        };
        self.callers.insert(
            caller,
            Seeker {
                wanted,
                told,
                since: now(),
                rings: HashMap::new(),
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
        let Some(seeker) = self.callers.get_mut(&caller) else {
            // An answer is dropped here, which ends it with BYE.
            return;
        };
        match rung {
            Rung::Answered(answered) => {
                seeker.answered = Some(answered);
                self.tell(Event::Answered { caller, desk });
                // Too late: he is being rung for elsewhere, or chooses.
                if let Some(seeker) = self.callers.get_mut(&caller) {
                    seeker.answered = None;
                }
            }
            Rung::Not(why) => {
                seeker.rings.remove(&desk);
                self.tell(match why {
                    Unavailable::Busy => Event::Refused { caller, desk },
                    _ => Event::Failed { caller, desk },
                });
            }
            Rung::Stopped => {}
        }
    }

    pub(super) fn tell(&mut self, event: Event) {
        // A hunt also ends when its desk was found; then the seat says when that desk is free.
        if let Event::Left { caller } = event
            && !self.callers.contains_key(&caller)
        {
            return;
        }
        let now = now();
        self.picture.is_old(now);
        for action in self.desks.handle(event, now) {
            self.act(action);
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Ring { caller, desk } => self.ring(caller, &desk),
            Action::Cancel { caller, desk } => {
                let seeker = self.callers.get_mut(&caller);
                if let Some(stop) = seeker.and_then(|seeker| seeker.rings.remove(&desk)) {
                    stop.cancel();
                }
                self.page_rings_no_more(&desk);
            }
            Action::Connected { caller, desk } => self.connected(caller, &desk),
            Action::Unavailable { caller, why, .. } => {
                self.say(caller, Hunted::Unavailable(unavailable(why)));
            }
            Action::Announce {
                caller,
                ahead,
                wait,
            } => self.say(caller, Hunted::Position { ahead, wait }),
            Action::Ended {
                caller,
                how,
                waited,
            } => self.ended(caller, how, waited),
            // The list of callbacks is worked through by people: none is promised by the room.
            Action::Promised { caller, .. }
            | Action::CallBack { caller, .. }
            | Action::PromiseEnded { caller, .. } => {
                tracing::error!(caller = caller.0, "a bug: the floor makes no calls");
            }
            Action::BreakRefused { desk, reason } => self.refuse_break(&desk, &reason),
        }
    }

    fn ring(&mut self, caller: CallerId, desk: &Desk) {
        let Some(seeker) = self.callers.get_mut(&caller) else {
            return;
        };
        let stop = CancellationToken::new();
        if let Some(earlier) = seeker.rings.insert(desk.id.clone(), stop.clone()) {
            earlier.cancel();
        }
        let hunted = Hunted::Ringing {
            desk: desk.id.0.clone(),
        };
        say(&seeker.told, hunted);
        let (media, id) = (self.media.clone(), desk.id.clone());
        if let Some((consoles, login)) = self.consoles.clone().zip(login_of(&desk.address)) {
            let (bell, login) = (seeker.bell(), login.to_owned());
            self.ringing.spawn(async move {
                let rung = ring::ring_page(consoles, media, login, bell, stop).await;
                (caller, id, rung)
            });
            return;
        }
        let ring = Ring {
            phones: ring::phones_of(&desk.address, self.location.as_ref()),
            caller: seeker.wanted.caller_number.clone(),
            call: seeker.wanted.call.clone(),
        };
        let agent = self.agent.clone();
        self.ringing.spawn(async move {
            let rung = ring::ring(agent, media, ring, stop).await;
            (caller, id, rung)
        });
    }

    fn connected(&mut self, caller: CallerId, desk: &Desk) {
        let free = CancellationToken::new();
        let seat = Seat {
            desk: desk.id.0.clone(),
            staff: desk.staff.clone(),
            outside: false,
            _until: free.clone().drop_guard(),
        };
        self.frees(desk.id.clone(), free);
        // Whatever is missing, dropping the seat frees the desk again.
        let Some(mut seeker) = self.callers.remove(&caller) else {
            return;
        };
        // Desks that ring beside this one stop; `Cancel` says so too, and finds them gone.
        seeker.rings.remove(&desk.id);
        for stop in seeker.rings.values() {
            stop.cancel();
        }
        let Some(answered) = seeker.answered else {
            return;
        };
        self.talks
            .insert(desk.id.clone(), seeker.wanted.call.clone());
        let waited = now().saturating_duration_since(seeker.since);
        let found = Hunted::Found {
            answered,
            seat,
            waited,
        };
        say(&seeker.told, found);
    }

    /// The one end of everybody who came in. Of who talks, his call tells the rest.
    fn ended(&mut self, caller: CallerId, how: How, waited: Duration) {
        let how = word(how);
        metrics::counter!("gradeline_queue_ended_total", "how" => how).increment(1);
        metrics::histogram!("gradeline_queue_wait_seconds", "how" => how).record(waited);
        if let Some(seeker) = self.callers.remove(&caller) {
            let waited_s = waited.as_secs();
            tracing::info!(
                call = seeker.wanted.call,
                how,
                waited_s,
                "a caller's wait ended"
            );
        }
    }

    fn say(&self, caller: CallerId, hunted: Hunted) {
        if let Some(seeker) = self.callers.get(&caller) {
            say(&seeker.told, hunted);
        }
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

async fn heard(happened: &mut Option<mpsc::Receiver<Happened>>) -> Option<Happened> {
    match happened {
        Some(happened) => happened.recv().await,
        None => std::future::pending().await,
    }
}

async fn reached(at: Option<std::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
