use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::*;
use crate::desks::{Action, CallerId, Event, Need, Queueing, Settings, Terms};

// A test's own zero: only differences count.
#[allow(clippy::disallowed_methods)]
fn epoch() -> Instant {
    Instant::now()
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn civil() -> Moment {
    "2026-11-27T10:00:00+08:00".parse().unwrap()
}

fn room(desks: &[&str], wrap_up: Duration) -> Desks {
    let desk = |id: &&str| Desk {
        id: DeskId((*id).to_owned()),
        address: format!("sip:{id}@192.0.2.1"),
        staff: Some(format!("staff-{id}")),
        groups: vec!["law".to_owned()],
        skills: BTreeMap::new(),
    };
    let settings = Settings {
        wrap_up,
        break_reasons: vec!["lunch".to_owned()],
        ..Settings::default()
    };
    Desks::new(desks.iter().map(desk).collect(), settings)
}

fn wanted(caller: u64) -> Event {
    Event::Wanted {
        caller: CallerId(caller),
        number: None,
        need: Need::default(),
        terms: Terms {
            patience: s(600),
            queue: Some(Queueing::default()),
        },
    }
}

fn ring(actions: &[Action]) -> DeskId {
    let rung = actions.iter().find_map(|action| match action {
        Action::Ring { desk, .. } => Some(desk.id.clone()),
        _ => None,
    });
    rung.expect("a desk is rung")
}

#[test]
fn a_picture_says_what_each_desk_does_and_since_when_and_who_has_waited_longest() {
    let zero = epoch();
    let mut room = room(&["8001", "8002", "8003"], s(30));
    let first = ring(&room.handle(wanted(1), zero));
    room.handle(
        Event::Answered {
            caller: CallerId(1),
            desk: first.clone(),
        },
        zero + s(3),
    );
    room.handle(
        Event::TookBreak {
            desk: DeskId("8003".to_owned()),
            reason: "lunch".to_owned(),
        },
        zero + s(4),
    );
    let second = ring(&room.handle(wanted(2), zero + s(5)));
    // Nobody is left for these two.
    room.handle(wanted(3), zero + s(6));
    room.handle(wanted(4), zero + s(9));

    let call_of = |desk: &DeskId| (*desk == first).then(|| "call-1".to_owned());
    let board = Board::of(&room, call_of, zero + s(10), civil());
    let line = |id: &str| board.desks.iter().find(|line| line.desk == id).unwrap();
    let ago = |seconds: i64| Some(civil().plus_millis(-seconds * 1000));

    assert_eq!(board.taken_at, Some(civil()));
    let talking = line(&first.0);
    assert_eq!((talking.doing, talking.since), (Doing::Talking, ago(7)));
    assert_eq!(talking.call.as_deref(), Some("call-1"));
    assert_eq!(talking.staff, Some(format!("staff-{}", first.0)));
    assert_eq!(talking.groups, ["law"]);
    let ringing = line(&second.0);
    assert_eq!((ringing.doing, ringing.since), (Doing::Ringing, ago(5)));
    let away = line("8003");
    assert_eq!((away.doing, away.since), (Doing::Break, ago(6)));
    assert_eq!(away.reason.as_deref(), Some("lunch"));
    // For the second caller a desk rings: he is told by its line.
    assert_eq!((board.waiting, board.longest_since), (2, ago(4)));
    assert_eq!(board.promised, 0);

    room.handle(
        Event::TalkEnded {
            desk: first.clone(),
        },
        zero + s(12),
    );
    let board = Board::of(&room, |_| None, zero + s(12), civil());
    assert_eq!(board.doing(Doing::WrapUp), 1);
    assert_eq!(board.doing(Doing::Talking), 0);
}

#[test]
fn a_room_in_which_nothing_has_happened_is_ready_since_its_start() {
    let board = Board::of(&room(&["8001"], s(0)), |_| None, epoch(), civil());
    assert_eq!(board.desks[0].since, None);
    assert_eq!(board.doing(Doing::Ready), 1);
    assert_eq!((board.waiting, board.longest_since), (0, None));
}

#[test]
fn every_state_has_a_word_of_its_own() {
    let mut words: Vec<_> = Doing::ALL.map(Doing::word).into();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Doing::ALL.len());
}
