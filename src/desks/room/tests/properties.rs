//! What holds whatever happens.

mod large;
mod moves;

use std::collections::BTreeSet;

use super::*;
use crate::desks::room::callers::Progress;

impl Desks {
    /// Who waits for a desk of which lane.
    fn in_lanes(&self) -> BTreeSet<(usize, CallerId)> {
        let stands = self.seats.iter().flat_map(|seat| seat.stands());
        let lanes: BTreeSet<usize> = stands.map(|(lane, _)| *lane).collect();
        let waiting = |lane: usize| {
            self.lanes
                .get(lane)
                .waiting
                .values()
                .map(move |own| (lane, *own))
        };
        lanes.into_iter().flat_map(waiting).collect()
    }

    /// What must hold of the room between two events.
    pub(super) fn audit(&self, now: Instant) {
        assert!(
            self.timeout_at().is_none_or(|at| at > now),
            "something that was due was left"
        );
        let lanes = || {
            self.seats
                .iter()
                .flat_map(|seat| seat.stands())
                .map(|(lane, _)| *lane)
        };
        for lane in lanes().collect::<BTreeSet<_>>() {
            let lane = self.lanes.get(lane);
            let starves = !lane.ready.is_empty() && !lane.waiting.is_empty();
            assert!(!starves, "one waits beside a desk that is ready: {lane:?}");
        }
        let mut rung: BTreeMap<CallerId, BTreeSet<usize>> = BTreeMap::new();
        for (desk, seat) in self.seats.iter().enumerate() {
            if let DeskState::Ringing(caller) | DeskState::Talking(caller) = seat.state {
                rung.entry(caller).or_default().insert(desk);
            }
        }
        let mut held = 0;
        for (id, caller) in &self.callers {
            let desks = rung.remove(id).unwrap_or_default();
            match &caller.progress {
                Progress::Talking(desk) => {
                    assert_eq!(self.seats[*desk].state, DeskState::Talking(*id));
                    assert_eq!(desks, BTreeSet::from([*desk]));
                }
                Progress::Ringing(own) => {
                    assert_eq!(desks, own.iter().copied().collect());
                    assert!(!desks.is_empty());
                    let several =
                        self.settings.strategy == Strategy::RingAll && caller.owed.is_none();
                    assert!(
                        desks.len()
                            <= if several {
                                crate::desks::RING_AT_ONCE
                            } else {
                                1
                            }
                    );
                }
                _ => assert!(desks.is_empty(), "{id:?} is not rung for"),
            }
            let waits = caller.progress == Progress::Waiting;
            assert!(!waits || caller.gives_up > now, "{id:?} waits too long");
            assert_eq!(self.line.get(&caller.place) == Some(id), waits);
            assert!(waits || caller.waits() || !matches!(caller.progress, Progress::Aside));
            held += usize::from(caller.is_held());
        }
        assert!(
            rung.is_empty(),
            "a desk rings or talks for nobody: {rung:?}"
        );
        assert_eq!(self.held, held);
        assert!(self.held <= self.settings.waiting_at_most + self.seats.len());
        assert!(self.timers.len() <= self.seats.len() + self.callers.len());
    }
}

/// What the world saw of the room, by events and actions alone.
#[derive(Default)]
struct Seen {
    /// Who came in and has not had his end.
    open: BTreeSet<CallerId>,
    ended: BTreeSet<CallerId>,
    /// Promises that have not had theirs.
    owed: BTreeSet<CallerId>,
    ringing: BTreeSet<(CallerId, DeskId)>,
    talking: BTreeMap<DeskId, CallerId>,
    several: bool,
}

impl Seen {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Wanted { caller, .. } | Event::Handed { caller, .. } => {
                assert!(self.open.insert(*caller));
            }
            Event::Refused { caller, desk } | Event::Failed { caller, desk } => {
                self.ringing.remove(&(*caller, desk.clone()));
            }
            Event::TalkEnded { desk } => {
                self.talking.remove(desk);
            }
            Event::NotReached { caller } if self.owed.contains(caller) => {
                self.talking.retain(|_, own| own != caller);
            }
            Event::Left { caller } if !self.owed.contains(caller) => {
                self.talking.retain(|_, own| own != caller);
            }
            _ => {}
        }
    }

    /// Nothing is done for a caller or a desk that cannot be done.
    fn action(&mut self, action: &Action) {
        match action {
            Action::Ring { caller, desk } => {
                assert!(self.open.contains(caller), "{action:?}");
                self.rings(*caller, &desk.id, self.several);
            }
            Action::CallBack { caller, desk, .. } => {
                assert!(self.owed.contains(caller), "{action:?}");
                self.rings(*caller, &desk.id, false);
            }
            Action::Cancel { caller, desk } => {
                assert!(self.ringing.remove(&(*caller, desk.clone())), "{action:?}");
            }
            Action::Connected { caller, desk } => {
                assert!(
                    self.ringing.remove(&(*caller, desk.id.clone())),
                    "{action:?}"
                );
                self.talking.insert(desk.id.clone(), *caller);
            }
            Action::Ended { caller, how, .. } => {
                assert!(
                    self.open.remove(caller),
                    "{action:?}: he had not come, or had his end"
                );
                assert!(self.ended.insert(*caller), "{action:?}: a second end");
                if *how == How::Callback {
                    self.owed.insert(*caller);
                }
            }
            Action::PromiseEnded { caller, .. } => {
                assert!(self.owed.remove(caller), "{action:?}");
            }
            Action::Unavailable { caller, .. } | Action::Announce { caller, .. } => {
                let rung = self.ringing.iter().any(|(own, _)| own == caller);
                assert!(self.open.contains(caller) && !rung, "{action:?}");
            }
            Action::Promised { caller, .. } => assert!(self.owed.contains(caller)),
            Action::BreakRefused { .. } => {}
        }
    }

    fn rings(&mut self, caller: CallerId, desk: &DeskId, several: bool) {
        assert!(!self.talking.contains_key(desk), "{desk:?} talks");
        assert!(
            !self.talking.values().any(|own| *own == caller),
            "{caller:?} talks"
        );
        let other = |(own, rung): &(CallerId, DeskId)| rung == desk || (!several && *own == caller);
        assert!(
            !self.ringing.iter().any(other),
            "{caller:?} {desk:?}: rung already"
        );
        self.ringing.insert((caller, desk.clone()));
    }
}

/// A step of a random story: callers are numbers that the story gives to those who come.
#[derive(Debug, Clone)]
enum Move {
    Comes {
        number: Option<u8>,
        need: Need,
        terms: Terms,
    },
    /// Somebody's desk hands him on.
    Handed {
        to: Handed,
        patience_s: u64,
    },
    /// Something with the caller who came so many before the last one, or with this desk.
    Caller(u64, Deed),
    Desk(u8, Deed),
    /// What rings is answered, refused or fails; the first of all that ring, counted from here.
    Ring(usize, Deed),
    Opens(bool),
    Times,
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Leaves,
    Aside,
    Back,
    Callback,
    Message,
    Reached,
    NotReached,
    Answers,
    Refuses,
    Fails,
    Ends,
    Online,
    Offline,
    Ready,
    Breaks,
}

/// Five desks of two groups and two skills.
fn desks() -> Vec<Desk> {
    let mut desks = vec![
        in_group("d0", "m"),
        in_group("d1", "n"),
        skilled("d2", &[("p", 3)]),
        skilled("d3", &[("p", 7), ("q", 1)]),
        desk("d4"),
    ];
    desks[2].groups = vec!["m".to_owned()];
    desks[3].groups = vec!["m".to_owned(), "n".to_owned()];
    desks
}

impl Move {
    fn event(&self, last: &mut u64, seen: &Seen) -> Option<Event> {
        Some(match self {
            Move::Comes {
                number,
                need,
                terms,
            } => {
                *last += 1;
                Event::Wanted {
                    caller: CallerId(*last),
                    number: number.map(|number| number.to_string()),
                    need: need.clone(),
                    terms: terms.clone(),
                }
            }
            Move::Handed { to, patience_s } => {
                *last += 1;
                Event::Handed {
                    caller: CallerId(*last),
                    to: to.clone(),
                    patience: s(*patience_s),
                }
            }
            Move::Caller(back, deed) => {
                let caller = CallerId(last.saturating_sub(*back));
                match deed {
                    Deed::Leaves => Event::Left { caller },
                    Deed::Aside => Event::StepsAside { caller },
                    Deed::Back => Event::StepsBack { caller },
                    Deed::Callback => Event::WantsCallback {
                        caller,
                        number: (back % 4).to_string(),
                    },
                    Deed::Message => Event::LeavesMessage { caller },
                    Deed::Reached => Event::Reached { caller },
                    _ => Event::NotReached { caller },
                }
            }
            Move::Desk(desk, deed) => {
                let desk = DeskId(format!("d{desk}"));
                match deed {
                    Deed::Ends => Event::TalkEnded { desk },
                    Deed::Online => Event::CameOnline { desk },
                    Deed::Offline => Event::WentOffline { desk },
                    Deed::Breaks => Event::TookBreak {
                        desk,
                        reason: "lunch".to_owned(),
                    },
                    _ => Event::WentReady { desk },
                }
            }
            Move::Ring(at, deed) => {
                let rings = seen.ringing.len();
                let (caller, desk) = seen.ringing.iter().nth(at % rings.max(1))?.clone();
                match deed {
                    Deed::Answers => Event::Answered { caller, desk },
                    Deed::Refuses => Event::Refused { caller, desk },
                    _ => Event::Failed { caller, desk },
                }
            }
            Move::Opens(true) => Event::Opened,
            Move::Opens(false) => Event::Closed,
            Move::Times => Event::Timeout,
        })
    }
}

/// Of those who wait for a desk before and after an event, none came before another one who got it.
fn in_order(room: &Desks, before: &BTreeSet<(usize, CallerId)>, actions: &[Action]) {
    for (rung, desk) in rings(actions) {
        let Some(rung) = room.callers.get(&CallerId(rung)) else {
            continue;
        };
        let Some(desk) = room.by_id.get(&DeskId(desk.to_owned())) else {
            continue;
        };
        for (lane, _) in room.seats[*desk].stands() {
            let mut earlier = room.lanes.get(*lane).waiting.range(..rung.place);
            let overtaken = earlier.find(|(_, earlier)| before.contains(&(*lane, **earlier)));
            assert_eq!(overtaken, None, "who came before whom {desk} is rung for");
        }
    }
}

fn play(settings: Settings, moves: Vec<(Move, u64)>) -> (Desks, Seen, Instant) {
    let mut now = epoch();
    let mut seen = Seen {
        several: settings.strategy == Strategy::RingAll,
        ..Seen::default()
    };
    let mut room = Desks::new(desks(), settings);
    let mut last = 0;
    for (next, after_s) in moves {
        let until = now + s(after_s);
        // What is due before happens when it is; an event may still come late.
        while let Some(at) = room.timeout_at().filter(|at| *at < until) {
            now = at;
            step(&mut room, &mut seen, Event::Timeout, now);
        }
        now = until;
        if let Some(event) = next.event(&mut last, &seen) {
            step(&mut room, &mut seen, event, now);
        }
    }
    (room, seen, now)
}

fn step(room: &mut Desks, seen: &mut Seen, event: Event, now: Instant) {
    let before = room.in_lanes();
    seen.event(&event);
    let actions = room.handle(event, now);
    for action in &actions {
        seen.action(action);
    }
    room.audit(now);
    in_order(room, &before, &actions);
}
