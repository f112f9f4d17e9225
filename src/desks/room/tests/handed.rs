//! Callers whom a desk hands on: to one desk, or to the front of those who wait.

use super::*;

fn hands(play: &mut Play, caller: u64, to: Handed) -> Vec<Action> {
    play.does(Event::Handed {
        caller: CallerId(caller),
        to,
        patience: s(60),
    })
}

fn to_desk(desk: &str) -> Handed {
    Handed::Desk(id(desk))
}

fn why(actions: &[Action]) -> Option<NoDesk> {
    actions.iter().find_map(|action| match action {
        Action::Unavailable { why, .. } => Some(*why),
        _ => None,
    })
}

#[test]
fn one_desk_is_rung_and_no_other() {
    let mut play = Play::with(Strategy::RingAll, &["a", "b", "c"]);
    assert_eq!(rings(&hands(&mut play, 1, to_desk("b"))), [(1, "b")]);
    let refused = play.refuses(1, "b");
    assert_eq!(rings(&refused), []);
    assert_eq!(why(&refused), Some(NoDesk::Busy));
    // It rests now, and is rung all the same: the colleague asks for this one.
    assert_eq!(rings(&hands(&mut play, 2, to_desk("b"))), [(2, "b")]);
    let connected = play.answers(2, "b");
    let b = connected
        .iter()
        .any(|action| matches!(action, Action::Connected { desk, .. } if desk.id == id("b")));
    assert!(b, "{connected:?}");
}

#[test]
fn a_desk_that_has_no_time_or_is_not_there_is_told_at_once() {
    let mut play = Play::with(Strategy::LongestIdle, &["a", "b"]);
    play.waits(1);
    play.answers(1, "a");
    let busy = hands(&mut play, 2, to_desk("a"));
    assert_eq!((rings(&busy), why(&busy)), (vec![], Some(NoDesk::Busy)));
    play.does(Event::WentOffline { desk: id("b") });
    for (caller, desk) in [(3, "b"), (4, "nobody")] {
        let away = hands(&mut play, caller, to_desk(desk));
        assert_eq!((rings(&away), why(&away)), (vec![], Some(NoDesk::Failed)));
    }
}

#[test]
fn a_desk_that_does_not_answer_is_given_up_and_rests() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    hands(&mut play, 1, to_desk("a"));
    let ring = play.room.settings.ring.as_secs();
    assert_eq!(why(&play.pass(ring)), Some(NoDesk::NoAnswer));
    assert!(matches!(play.state("a"), DeskState::Resting { .. }));
}

#[test]
fn who_is_handed_to_a_group_is_before_those_who_wait_and_behind_who_was_handed_before() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    play.waits(1);
    play.answers(1, "a");
    play.waits(2);
    hands(&mut play, 3, Handed::Need(Need::default()));
    hands(&mut play, 4, Handed::Need(Need::default()));
    assert_eq!(play.line(), [3, 4, 2]);
    assert_eq!(rings(&play.ends("a")), [(3, "a")]);
    play.answers(3, "a");
    assert_eq!(why(&play.pass(60)), Some(NoDesk::WaitedOut));
}
