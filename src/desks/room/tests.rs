use std::collections::BTreeSet;

use proptest::prelude::{Just, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy as _;

use super::*;

fn desk(id: &str) -> Desk {
    Desk {
        id: DeskId(id.to_owned()),
        address: format!("sip:{id}@127.0.0.1"),
        staff: None,
        group: None,
    }
}

// A test's own zero: only differences count.
#[allow(clippy::disallowed_methods)]
fn room() -> (Desks, Instant) {
    let desks = vec![desk("a"), desk("b")];
    let ring = Duration::from_secs(15);
    (Desks::new(desks, ring, Strategy::Linear), Instant::now())
}

fn wanted(caller: u64, waits: bool) -> Event {
    Event::Wanted {
        caller: CallerId(caller),
        group: None,
        patience: Duration::from_secs(60),
        waits,
    }
}

fn rung(actions: &[Action]) -> Option<&str> {
    actions.iter().find_map(|action| match action {
        Action::Ring { desk, .. } => Some(desk.id.0.as_str()),
        _ => None,
    })
}

#[test]
fn the_next_desk_rings_when_one_is_busy_or_does_not_answer() {
    let (mut room, now) = room();
    let caller = CallerId(1);
    let first = room.handle(wanted(1, false), now);
    assert_eq!(rung(&first), Some("a"));
    let late = room.timeout_at().expect("it rings");
    let second = room.handle(Event::Timeout, late);
    assert_eq!(rung(&second), Some("b"));
    let desk = DeskId("b".to_owned());
    let last = room.handle(Event::Refused { caller, desk }, late);
    let why = NoDesk::NoAnswer;
    assert_eq!(last, [Action::Unavailable { caller, why }]);
    assert_eq!(room.timeout_at(), None);
}

#[test]
fn a_desk_has_one_caller_and_a_third_caller_hears_that_all_are_busy() {
    let (mut room, now) = room();
    assert_eq!(rung(&room.handle(wanted(1, false), now)), Some("a"));
    assert_eq!(rung(&room.handle(wanted(2, false), now)), Some("b"));
    let caller = CallerId(3);
    let why = NoDesk::Busy;
    let third = room.handle(wanted(3, false), now);
    assert_eq!(third, [Action::Unavailable { caller, why }]);
}

#[test]
fn a_waiting_caller_gets_the_desk_that_becomes_free() {
    let (mut room, now) = room();
    for caller in [1, 2] {
        room.handle(wanted(caller, false), now);
    }
    let (caller, desk) = (CallerId(1), DeskId("a".to_owned()));
    let talking = Event::Answered {
        caller,
        desk: desk.clone(),
    };
    room.handle(talking, now);
    assert!(room.handle(wanted(3, true), now).is_empty());
    assert_eq!(
        rung(&room.handle(Event::TalkEnded { desk }, now)),
        Some("a")
    );
}

#[test]
fn a_caller_who_leaves_stops_the_ringing_and_a_late_answer_is_nobodys() {
    let (mut room, now) = room();
    let (caller, desk) = (CallerId(1), DeskId("a".to_owned()));
    room.handle(wanted(1, false), now);
    let left = room.handle(Event::Left { caller }, now);
    assert_eq!(
        left,
        [Action::Cancel {
            caller,
            desk: desk.clone()
        }]
    );
    assert!(
        room.handle(Event::Answered { caller, desk }, now)
            .is_empty()
    );
}

#[test]
fn a_desk_offline_is_not_rung() {
    let (mut room, now) = room();
    let desk = DeskId("a".to_owned());
    room.handle(Event::WentOffline { desk }, now);
    assert_eq!(rung(&room.handle(wanted(1, false), now)), Some("b"));
}

/// What the world saw of the room: who rings and talks where, by the actions alone.
#[derive(Default)]
struct Seen {
    /// Callers who asked and were neither served, refused nor seen to leave.
    open: BTreeSet<CallerId>,
    ringing: BTreeMap<CallerId, DeskId>,
    talking: BTreeMap<CallerId, DeskId>,
}

impl Seen {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Wanted { caller, .. } => {
                self.open.insert(*caller);
            }
            Event::Left { caller } => {
                self.open.remove(caller);
                self.talking.remove(caller);
            }
            Event::Refused { caller, desk } | Event::Failed { caller, desk } => {
                if self.ringing.get(caller) == Some(desk) {
                    self.ringing.remove(caller);
                }
            }
            Event::TalkEnded { desk } | Event::WentOffline { desk } => {
                let ended = self.talking.extract_if(.., |_, own| own == desk);
                for (caller, _) in ended {
                    self.open.remove(&caller);
                }
            }
            Event::Answered { .. } | Event::CameOnline { .. } | Event::Timeout => {}
        }
    }

    /// Nothing is done for a caller or a desk that cannot be done.
    fn action(&mut self, action: &Action) {
        match action {
            Action::Ring { caller, desk } => {
                let taken = self.ringing.values().chain(self.talking.values());
                assert!(!taken.into_iter().any(|own| *own == desk.id), "{action:?}");
                assert!(!self.talking.contains_key(caller), "{action:?}");
                let before = self.ringing.insert(*caller, desk.id.clone());
                assert_eq!(before, None, "{action:?}");
            }
            Action::Cancel { caller, desk } => {
                assert_eq!(self.ringing.remove(caller).as_ref(), Some(desk));
            }
            Action::Connected { caller, desk } => {
                assert_eq!(self.ringing.remove(caller).as_ref(), Some(&desk.id));
                self.talking.insert(*caller, desk.id.clone());
            }
            Action::Unavailable { caller, .. } => {
                assert!(self.open.remove(caller), "{action:?}");
                assert!(!self.ringing.contains_key(caller), "{action:?}");
            }
        }
    }
}

fn any_event() -> impl proptest::strategy::Strategy<Value = Event> {
    let caller = || (0..6u64).prop_map(CallerId);
    let desk = || "[abc]".prop_map(DeskId);
    let both = move || (caller(), desk());
    let group = proptest::option::of("[mn]");
    prop_oneof![
        6 => (caller(), group, 1..90u64, any::<bool>()).prop_map(
            |(caller, group, patience_s, waits)| Event::Wanted {
                caller,
                group,
                patience: Duration::from_secs(patience_s),
                waits,
            }
        ),
        6 => both().prop_map(|(caller, desk)| Event::Answered { caller, desk }),
        2 => both().prop_map(|(caller, desk)| Event::Refused { caller, desk }),
        1 => both().prop_map(|(caller, desk)| Event::Failed { caller, desk }),
        4 => desk().prop_map(|desk| Event::TalkEnded { desk }),
        2 => caller().prop_map(|caller| Event::Left { caller }),
        1 => desk().prop_map(|desk| Event::CameOnline { desk }),
        1 => desk().prop_map(|desk| Event::WentOffline { desk }),
        4 => Just(Event::Timeout),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_a_desk_has_one_caller_a_caller_one_desk_and_nobody_is_lost(
        events in proptest::collection::vec((any_event(), 0..20u64), 0..80)
    ) {
        let (_, mut now) = room();
        let mut desks = vec![desk("a"), desk("b"), desk("c")];
        desks[0].group = Some("m".to_owned());
        desks[1].group = Some("n".to_owned());
        let mut room = Desks::new(desks, Duration::from_secs(15), Strategy::Linear);
        let mut seen = Seen::default();
        for (event, after_s) in events {
            now += Duration::from_secs(after_s);
            seen.event(&event);
            for action in room.handle(event, now) {
                seen.action(&action);
            }
            let held: Vec<CallerId> = room
                .states()
                .filter_map(|(_, state)| match state {
                    DeskState::Ringing(caller) | DeskState::Talking(caller) => Some(caller),
                    DeskState::Ready | DeskState::Offline => None,
                })
                .chain(room.waiting())
                .collect();
            let once: BTreeSet<CallerId> = held.iter().copied().collect();
            prop_assert_eq!(held.len(), once.len(), "each is in one place");
            prop_assert_eq!(&once, &seen.open, "and all who want a desk are in one");
        }
        // Patience ends: whoever does not talk is told so, without anything else happening.
        while let Some(at) = room.timeout_at() {
            now = now.max(at);
            for action in room.handle(Event::Timeout, now) {
                seen.action(&action);
            }
        }
        let talking: BTreeSet<CallerId> = seen.talking.keys().copied().collect();
        prop_assert_eq!(&talking, &seen.open);
        prop_assert!(seen.ringing.is_empty());
    }
}
