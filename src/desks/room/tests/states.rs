//! The states of a desk: resting, writing up, on a break, gone from its registration.

use super::*;

#[test]
fn a_desk_that_misses_rests_and_after_some_misses_counts_as_away() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    play.waits(1);
    play.pass(15);
    assert!(matches!(play.state("a"), DeskState::Resting { .. }));
    assert_eq!(
        rings(&play.pass(5)),
        [(1, "a")],
        "it is tried again after its rest"
    );
    play.pass(15 + 5);
    let third = play.pass(15);
    assert_eq!(cancels(&third), [(1, "a")]);
    assert_eq!(unavailable(&third), [(1, NoDesk::Empty, Then::Unavailable)]);
    assert!(matches!(play.state("a"), DeskState::NotAnswering { .. }));
    assert!(rings(&play.asks(2)).is_empty());
    play.pass(60);
    assert_eq!(rings(&play.asks(3)), [(3, "a")], "it is tried again");
    play.answers(3, "a");
    play.ends("a");
    play.waits(4);
    play.pass(15);
    assert!(
        matches!(play.state("a"), DeskState::Resting { .. }),
        "an answer counts anew"
    );
}

#[test]
fn who_does_not_wait_has_a_resting_desk_rather_than_none() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    play.asks(1);
    assert_eq!(
        unavailable(&play.refuses(1, "a")),
        [(1, NoDesk::Busy, Then::Unavailable)]
    );
    assert_eq!(rings(&play.asks(2)), [(2, "a")]);
    play.refuses(2, "a");
    // But not before one who waits for it.
    assert!(rings(&play.waits(3)).is_empty());
    assert_eq!(
        unavailable(&play.asks(4)),
        [(4, NoDesk::Failed, Then::Unavailable)]
    );
    assert_eq!(rings(&play.pass(5)), [(3, "a")]);
}

#[test]
fn a_talk_is_written_up_before_the_next_one() {
    let settings = Settings {
        wrap_up: s(30),
        ..Settings::default()
    };
    let mut play = Play::open(vec![desk("a")], settings);
    play.waits(1);
    play.answers(1, "a");
    play.waits(2);
    assert!(rings(&play.ends("a")).is_empty());
    assert_eq!(
        play.state("a"),
        DeskState::WrapUp {
            until: play.now + s(30)
        }
    );
    assert_eq!(rings(&play.pass(30)), [(2, "a")]);
    play.answers(2, "a");
    play.waits(3);
    play.ends("a");
    play.pass(3);
    let desk = id("a");
    assert_eq!(
        rings(&play.does(Event::WentReady { desk })),
        [(3, "a")],
        "or until he says so"
    );
}

#[test]
fn a_break_comes_after_the_talk_and_has_a_reason_of_the_list() {
    let settings = Settings {
        break_reasons: vec!["lunch".to_owned()],
        ..Settings::default()
    };
    let mut play = Play::open(vec![desk("a"), desk("b")], settings);
    let refused = play.pauses("a", "football");
    assert!(matches!(&refused[..], [Action::BreakRefused { reason, .. }] if reason == "football"));
    play.waits(1);
    play.answers(1, "a");
    play.pauses("a", "lunch");
    assert_eq!(play.state("a"), DeskState::Talking(CallerId(1)));
    play.ends("a");
    let lunch = DeskState::Break {
        reason: Arc::from("lunch"),
    };
    assert_eq!(play.state("a"), lunch);
    // Rung, the caller goes on to the next one.
    play.does(Event::WentReady { desk: id("a") });
    play.waits(2);
    play.answers(2, "b");
    assert_eq!(rings(&play.waits(3)), [(3, "a")]);
    let paused = play.pauses("a", "lunch");
    assert_eq!(cancels(&paused), [(3, "a")]);
    assert_eq!(play.line(), [3]);
    assert_eq!(rings(&play.ends("b")), [(3, "b")]);
}

#[test]
fn a_registration_that_ends_in_a_talk_ends_no_talk() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    play.waits(1);
    play.answers(1, "a");
    play.does(Event::WentOffline { desk: id("a") });
    assert_eq!(play.state("a"), DeskState::Talking(CallerId(1)));
    play.ends("a");
    assert_eq!(play.state("a"), DeskState::Offline);
    assert_eq!(
        unavailable(&play.asks(2)),
        [(2, NoDesk::Failed, Then::Unavailable)]
    );
    play.does(Event::CameOnline { desk: id("a") });
    assert_eq!(rings(&play.asks(3)), [(3, "a")]);
}

#[test]
fn of_many_desks_those_that_changed_are_told_once() {
    let mut play = Play::with(Strategy::Linear, &["a", "b", "c"]);
    let told = |play: &mut Play| -> Vec<String> {
        let changed = play.room.take_changed();
        changed.map(|(desk, _)| desk.id.0.clone()).collect()
    };
    assert_eq!(told(&mut play), ["a", "b", "c"], "nobody knows them yet");
    assert_eq!(told(&mut play), [""; 0]);
    play.asks(1);
    play.does(Event::WentOffline { desk: id("c") });
    assert_eq!(told(&mut play), ["a", "c"]);
    play.answers(1, "a");
    assert_eq!(told(&mut play), ["a"]);
    // What is no state changes none.
    play.does(Event::WentOffline { desk: id("c") });
    assert_eq!(told(&mut play), [""; 0]);
}

/// He is none of the room's callers, so that nothing but the desk itself knows of him.
#[test]
fn a_supervisor_who_took_a_caller_over_is_rung_for_nobody_and_is_then_what_he_was() {
    let lunch = || DeskState::Break {
        reason: "lunch".into(),
    };
    for (ready, after) in [(false, lunch()), (true, DeskState::Ready)] {
        let settings = Settings {
            break_reasons: vec!["lunch".to_owned()],
            ..Settings::default()
        };
        let mut play = Play::open(vec![desk("a")], settings);
        let (own, desk) = (CallerId(900), id("a"));
        play.does(Event::TookBreak {
            desk: desk.clone(),
            reason: "lunch".to_owned(),
        });
        let took = Event::TookOver {
            caller: own,
            desk: desk.clone(),
            ready,
        };
        assert_eq!(play.room.handle(took, play.now), []);
        let state = |play: &Play| play.room.state_of(&id("a")).cloned();
        assert_eq!(state(&play), Some(DeskState::Talking(own)));
        let ended = Event::TalkEnded { desk };
        assert_eq!(play.does(ended), []);
        assert_eq!(state(&play), Some(after));
    }
}
