//! Callbacks that are promised.

use super::*;

const NUMBER: &str = "13000000001";

/// One talks, a second one was promised a callback, a third one waits.
fn promised() -> Play {
    let settings = Settings {
        callbacks: Some(Callbacks::default()),
        ..Settings::default()
    };
    let mut play = Play::open(vec![desk("a")], settings);
    play.waits(1);
    play.answers(1, "a");
    play.waits(2);
    play.waits(3);
    let said = wants(&mut play, 2);
    assert_eq!(ends(&said), [(2, How::Callback, 0)]);
    assert!(said.contains(&Action::Promised {
        caller: CallerId(2),
        ahead: 0,
        wait: None
    }));
    play
}

fn wants(play: &mut Play, caller: u64) -> Vec<Action> {
    play.does(Event::WantsCallback {
        caller: CallerId(caller),
        number: NUMBER.to_owned(),
    })
}

fn promise_ends(actions: &[Action]) -> Vec<(u64, PromiseEnd, u32)> {
    let ends = actions.iter().filter_map(|action| match action {
        Action::PromiseEnded {
            caller,
            how,
            attempts,
        } => Some((caller.0, *how, *attempts)),
        _ => None,
    });
    ends.collect()
}

fn attempt(actions: &[Action]) -> Option<u32> {
    actions.iter().find_map(|action| match action {
        Action::CallBack {
            number, attempt, ..
        } if number == NUMBER => Some(*attempt),
        _ => None,
    })
}

#[test]
fn a_callback_comes_when_it_is_its_turn() {
    let mut play = promised();
    play.pass(60);
    let turn = play.ends("a");
    assert_eq!(
        rings(&turn),
        [(2, "a")],
        "before the one who came after him"
    );
    assert_eq!(attempt(&turn), Some(1));
    assert!(
        ends(&play.answers(2, "a")).is_empty(),
        "his end was told before"
    );
    let caller = CallerId(2);
    let reached = play.does(Event::Reached { caller });
    assert_eq!(promise_ends(&reached), [(2, PromiseEnd::Reached, 1)]);
    assert!(play.does(Event::Reached { caller }).is_empty());
    assert_eq!(rings(&play.ends("a")), [(3, "a")]);
}

#[test]
fn one_who_has_just_been_promised_a_callback_may_hang_up_first() {
    let mut play = promised();
    play.pass(10);
    assert_eq!(rings(&play.ends("a")), [(3, "a")]);
    play.leaves(3);
    assert_eq!(rings(&play.pass(19)), []);
    assert_eq!(rings(&play.pass(1)), [(2, "a")]);
}

#[test]
fn who_is_not_reached_is_tried_again_some_times() {
    let mut play = promised();
    play.leaves(3);
    play.pass(30);
    let mut turn = play.ends("a");
    let caller = CallerId(2);
    for expected in 1..=3 {
        assert_eq!(attempt(&turn), Some(expected));
        play.answers(2, "a");
        let missed = play.does(Event::NotReached { caller });
        assert_eq!(
            play.state("a"),
            DeskState::Ready,
            "there is nothing to write up"
        );
        let over: &[_] = if expected == 3 {
            &[(2, PromiseEnd::NotReached, 3)]
        } else {
            &[]
        };
        assert_eq!(promise_ends(&missed), over);
        assert_eq!(rings(&play.pass(899)), []);
        turn = play.pass(1);
    }
    assert!(turn.is_empty());
}

#[test]
fn a_desk_that_does_not_pick_up_costs_no_attempt() {
    let mut play = promised();
    play.leaves(3);
    play.pass(30);
    assert_eq!(attempt(&play.ends("a")), Some(1));
    play.refuses(2, "a");
    assert_eq!(attempt(&play.pass(5)), Some(1));
}

#[test]
fn a_callback_that_comes_too_late_is_told() {
    let mut play = promised();
    let over = play.pass(8 * 3600);
    assert_eq!(promise_ends(&over), [(2, PromiseEnd::Expired, 0)]);
    assert_eq!(rings(&play.ends("a")), []);
}

#[test]
fn who_calls_himself_has_his_place_and_is_called_back_no_more() {
    let mut play = promised();
    play.pass(60);
    let again = play.calls(4, Some(NUMBER), Need::default(), queued(600));
    assert_eq!(promise_ends(&again), [(2, PromiseEnd::Replaced, 0)]);
    assert_eq!(play.line(), [4, 3]);
    // So it is with who asks for a second callback.
    wants(&mut play, 4);
    play.calls(5, None, Need::default(), queued(600));
    let again = wants(&mut play, 5);
    assert_eq!(promise_ends(&again), [(4, PromiseEnd::Replaced, 0)]);
    play.pass(60);
    assert_eq!(play.line(), [5, 3]);
}

#[test]
fn nobody_is_called_back_while_it_is_closed() {
    let mut play = promised();
    play.leaves(3);
    play.pass(60);
    play.does(Event::Closed);
    assert_eq!(rings(&play.ends("a")), []);
    assert_eq!(rings(&play.pass(3600)), []);
    assert_eq!(rings(&play.does(Event::Opened)), [(2, "a")]);
}

#[test]
fn where_nobody_here_calls_back_the_wish_is_his_end() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    play.waits(1);
    play.answers(1, "a");
    play.waits(2);
    play.pass(20);
    assert_eq!(ends(&wants(&mut play, 2)), [(2, How::Callback, 20)]);
    assert_eq!(rings(&play.ends("a")), []);
    assert_eq!(play.room.timeout_at(), None);
}
