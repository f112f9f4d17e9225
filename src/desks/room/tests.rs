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
