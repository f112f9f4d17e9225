//! Waiting: order, announcements, overflow, bounds, ends.

use super::*;

fn announced(actions: &[Action]) -> Vec<(u64, usize, Option<u64>)> {
    let told = actions.iter().filter_map(|action| match action {
        Action::Announce {
            caller,
            ahead,
            wait,
        } => Some((caller.0, *ahead, wait.map(|wait| wait.as_secs()))),
        _ => None,
    });
    told.collect()
}

fn announcing(patience: u64) -> Terms {
    Terms {
        patience: s(patience),
        queue: Some(Queueing {
            announcing: Some(Announcing {
                first_after: s(15),
                each: s(40),
                changed_after: None,
            }),
            ..Queueing::default()
        }),
    }
}

#[test]
fn callers_are_served_in_the_order_in_which_they_came() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    play.waits(1);
    play.answers(1, "a");
    for caller in 2..=5 {
        play.pass(1);
        play.waits(caller);
    }
    assert_eq!(play.line(), [2, 3, 4, 5]);
    play.leaves(3);
    for caller in [2, 4, 5] {
        play.pass(10);
        assert_eq!(rings(&play.ends("a")), [(caller, "a")]);
        play.answers(caller, "a");
    }
}

#[test]
fn who_lost_his_desk_goes_before_all_who_wait_whatever_the_hour() {
    let settings = Settings {
        waiting_at_most: 2,
        ..Settings::default()
    };
    let mut play = Play::open(vec![desk("a"), desk("b")], settings);
    for (caller, desk) in [(1, "a"), (2, "b")] {
        play.waits(caller);
        play.answers(caller, desk);
    }
    play.waits(3);
    play.waits(4);
    play.does(Event::Closed);
    // Its page was lost: it does not come back, and its caller is another one to the room.
    play.does(Event::WentOffline { desk: id("a") });
    assert_eq!(play.ends("a"), []);
    let again = play.does(Event::WantedAgain {
        caller: CallerId(5),
        need: Need::default(),
        terms: queued(600),
    });
    assert_eq!(again, []);
    assert_eq!(play.line(), [5, 3, 4]);
    assert_eq!(rings(&play.ends("b")), [(5, "b")]);
    // A desk that does not take him costs him nothing.
    play.refuses(5, "b");
    assert_eq!(play.line(), [5, 3, 4]);
}

#[test]
fn who_is_first_stays_first_when_a_desk_does_not_take_him() {
    let mut play = Play::with(Strategy::LongestIdle, &["a", "b"]);
    for (caller, desk) in [(1, "a"), (2, "b")] {
        play.waits(caller);
        play.answers(caller, desk);
    }
    play.waits(3);
    play.waits(4);
    assert_eq!(rings(&play.ends("a")), [(3, "a")]);
    play.refuses(3, "a");
    assert_eq!(play.line(), [3, 4]);
    assert_eq!(rings(&play.ends("b")), [(3, "b")]);
}

#[test]
fn positions_are_told_first_after_a_time_then_each_time_and_when_they_change() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    play.waits(1);
    play.answers(1, "a");
    play.waits(2);
    play.comes(3, Need::default(), announcing(900));
    assert_eq!(announced(&play.pass(14)), []);
    assert_eq!(announced(&play.pass(1)), [(3, 1, None)]);
    assert_eq!(announced(&play.pass(39)), []);
    assert_eq!(announced(&play.pass(1)), [(3, 1, None)]);
    // With a look in between: where he has moved up he hears it earlier.
    let mut terms = announcing(900);
    let queue = terms.queue.as_mut().expect("these wait");
    queue.announcing = Some(Announcing {
        first_after: s(15),
        each: s(40),
        changed_after: Some(s(10)),
    });
    play.comes(4, Need::default(), terms);
    assert_eq!(announced(&play.pass(15)), [(4, 2, None)]);
    assert_eq!(announced(&play.pass(11)), [], "nothing has changed");
    play.leaves(2);
    assert_eq!(announced(&play.pass(9)), [(4, 1, None)]);
    assert_eq!(play.clock(), 90);
}

#[test]
fn how_long_it_takes_is_told_when_it_is_known() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    play.waits(1);
    play.answers(1, "a");
    for caller in 2..=20 {
        play.waits(caller);
    }
    for caller in 2..=7 {
        play.pass(60);
        play.ends("a");
        play.answers(caller, "a");
    }
    play.comes(30, Need::default(), announcing(900));
    // Thirteen are before him: a minute each, and one for himself.
    assert_eq!(announced(&play.pass(15)), [(30, 13, Some(14 * 60))]);
}

#[test]
fn those_before_him_are_all_who_may_take_a_desk_that_fits_him() {
    let both = Desk {
        groups: vec!["x".to_owned(), "y".to_owned()],
        ..desk("a")
    };
    let mut play = Play::open(vec![both, in_group("b", "z")], Settings::default());
    for (caller, name, desk) in [(1, "x", "a"), (2, "z", "b")] {
        play.comes(caller, group(name), queued(900));
        play.answers(caller, desk);
    }
    for (caller, name) in [(3, "x"), (4, "y"), (5, "z"), (6, "y")] {
        play.comes(caller, group(name), queued(900));
    }
    play.comes(7, group("x"), announcing(900));
    assert_eq!(announced(&play.pass(15)), [(7, 3, None)]);
}

#[test]
fn a_wait_that_is_too_long_ends_where_it_should_and_never_in_a_ring() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    play.waits(1);
    play.answers(1, "a");
    let mut terms = queued(100);
    terms.queue.as_mut().expect("these wait").then = Then::Callback;
    play.comes(2, Need::default(), terms.clone());
    let over = play.pass(100);
    assert_eq!(unavailable(&over), [(2, NoDesk::WaitedOut, Then::Callback)]);
    assert_eq!(ends(&over), [], "what he does now is his end");
    assert_eq!(
        ends(&play.leaves(2)),
        [(2, How::Abandoned { short: false }, 100)]
    );
    play.comes(3, Need::default(), terms);
    play.pass(95);
    assert_eq!(rings(&play.ends("a")), [(3, "a")]);
    assert_eq!(unavailable(&play.pass(14)), []);
    let answered = play.answers(3, "a");
    assert_eq!(ends(&answered), [(3, How::Talk, 109)]);
}

#[test]
fn after_a_time_the_next_group_serves_him_too() {
    let desks = vec![in_group("a", "forest"), in_group("b", "seeds")];
    let mut play = Play::open(desks, Settings::default());
    let mut terms = queued(600);
    terms.queue.as_mut().expect("these wait").widenings = vec![Widening {
        after: s(20),
        need: group("seeds"),
    }];
    play.comes(1, group("forest"), terms.clone());
    play.answers(1, "a");
    play.comes(2, group("forest"), terms.clone());
    assert_eq!(rings(&play.pass(19)), []);
    assert_eq!(rings(&play.pass(1)), [(2, "b")]);
    play.answers(2, "b");
    // He is in both lines, with the place that he had.
    play.comes(3, group("forest"), terms.clone());
    play.pass(5);
    play.comes(4, group("seeds"), queued(600));
    play.pass(20);
    assert_eq!(rings(&play.ends("b")), [(3, "b")]);
    play.answers(3, "b");
    assert_eq!(rings(&play.ends("b")), [(4, "b")]);
    // Where nobody is in his own group the next one is his at once.
    play.ends("a");
    play.does(Event::WentOffline { desk: id("a") });
    play.does(Event::Left {
        caller: CallerId(4),
    });
    assert_eq!(rings(&play.comes(5, group("forest"), terms)), [(5, "b")]);
}

#[test]
fn nobody_there_is_told_at_once_or_waited_out_as_configured() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    play.waits(1);
    play.answers(1, "a");
    play.waits(2);
    play.does(Event::WentOffline { desk: id("a") });
    assert_eq!(play.line(), [2], "the talk goes on, so somebody is there");
    let gone = play.ends("a");
    assert_eq!(unavailable(&gone), [(2, NoDesk::Empty, Then::Unavailable)]);
    assert_eq!(
        unavailable(&play.waits(3)),
        [(3, NoDesk::Empty, Then::Unavailable)]
    );

    let settings = Settings {
        when_empty: WhenEmpty::Wait,
        ..Settings::default()
    };
    let mut play = Play::open(vec![desk("a")], settings);
    play.does(Event::WentOffline { desk: id("a") });
    assert!(play.waits(1).is_empty());
    assert_eq!(
        rings(&play.does(Event::CameOnline { desk: id("a") })),
        [(1, "a")]
    );
}

#[test]
fn no_more_than_so_many_wait_and_the_next_one_is_told_so() {
    let settings = Settings {
        waiting_at_most: 2,
        ..Settings::default()
    };
    let mut play = Play::open(vec![desk("a")], settings);
    play.waits(1);
    play.answers(1, "a");
    play.waits(2);
    play.waits(3);
    let full = play.waits(4);
    assert_eq!(unavailable(&full), [(4, NoDesk::Full, Then::Unavailable)]);
    assert_eq!(ends(&full), [(4, How::TurnedAway(NoDesk::Full), 0)]);
    // Who chooses keeps his place; who is served gives it up.
    play.does(Event::StepsAside {
        caller: CallerId(2),
    });
    assert_eq!(unavailable(&play.waits(5)).len(), 1);
    play.ends("a");
    play.answers(3, "a");
    assert!(unavailable(&play.waits(6)).is_empty());
}

#[test]
fn who_calls_again_in_time_has_his_place_again_once() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    play.waits(1);
    play.answers(1, "a");
    let number = Some("13000000001");
    play.calls(2, number, Need::default(), queued(900));
    play.waits(3);
    play.pass(20);
    play.leaves(2);
    play.pass(299);
    play.calls(4, number, Need::default(), queued(900));
    assert_eq!(play.line(), [4, 3]);
    play.leaves(4);
    play.pass(300);
    play.calls(5, number, Need::default(), queued(900));
    assert_eq!(
        play.line(),
        [5],
        "too late: 3 has waited out, and 5 comes after him"
    );
    play.waits(6);
    play.calls(7, number, Need::default(), queued(900));
    assert_eq!(play.line(), [5, 6, 7], "a place is given once");
}

#[test]
fn who_chooses_is_not_rung_for_and_keeps_his_place() {
    let mut play = Play::with(Strategy::LongestIdle, &["a"]);
    play.waits(1);
    play.answers(1, "a");
    play.waits(2);
    play.waits(3);
    play.does(Event::StepsAside {
        caller: CallerId(2),
    });
    assert_eq!(rings(&play.ends("a")), [(3, "a")]);
    play.does(Event::StepsBack {
        caller: CallerId(2),
    });
    assert_eq!(rings(&play.refuses(3, "a")), []);
    assert_eq!(rings(&play.pass(5)), [(2, "a")], "he was first");
    // Who chooses while it rings stops it.
    let aside = play.does(Event::StepsAside {
        caller: CallerId(2),
    });
    assert_eq!(
        (cancels(&aside), rings(&aside)),
        (vec![(2, "a")], vec![(3, "a")])
    );
    play.pass(15);
    let message = play.does(Event::LeavesMessage {
        caller: CallerId(2),
    });
    assert_eq!(ends(&message), [(2, How::Message, 20)]);
    assert!(play.leaves(2).is_empty(), "he has had his end");
}

#[test]
fn at_closing_time_those_who_wait_are_served_or_told() {
    for (at_closing, told) in [(AtClosing::Serve, false), (AtClosing::End, true)] {
        let settings = Settings {
            at_closing,
            ..Settings::default()
        };
        let mut play = Play::open(vec![desk("a")], settings);
        play.waits(1);
        play.answers(1, "a");
        play.waits(2);
        let closed = play.does(Event::Closed);
        assert_eq!(unavailable(&closed).len(), usize::from(told));
        let late = play.waits(3);
        assert_eq!(ends(&late), [(3, How::TurnedAway(NoDesk::Closed), 0)]);
        assert_eq!(rings(&play.ends("a")).len(), usize::from(!told));
        play.leaves(2);
        play.does(Event::Opened);
        assert_eq!(rings(&play.waits(4)), [(4, "a")]);
    }
}

#[test]
fn a_place_kept_before_a_restart_holds_on_redial_within_its_time() {
    let mut play = Play::with(Strategy::default(), &["a"]);
    let kept = [("1", 300), ("2", 100), ("3", 200), ("1", 400), ("4", 0)];
    let kept = kept.map(|(number, until)| (number.to_owned(), play.now + s(until)));
    play.room.restore_places(kept, play.now);
    let calls = |play: &mut Play, caller: u64, number: &str| {
        play.calls(caller, Some(number), Need::default(), queued(600))
    };
    // One talks, and one waits who came after the restart.
    calls(&mut play, 10, "9");
    play.answers(10, "a");
    play.waits(11);
    calls(&mut play, 14, "4");
    assert_eq!(play.line(), [11, 14], "its time was over");
    play.pass(150);
    calls(&mut play, 12, "2");
    calls(&mut play, 13, "3");
    calls(&mut play, 15, "1");
    assert_eq!(play.line(), [15, 13, 11, 14, 12], "2 came too late");
}

#[test]
fn who_waits_when_the_hours_end_is_told_and_who_is_rung_for_is_rung_for_to_the_end() {
    let mut play = Play::with(Strategy::default(), &["a"]);
    let until_five = |after: u64| Terms {
        patience: s(600),
        queue: Some(Queueing {
            hours_end_after: Some(s(after)),
            ..Queueing::default()
        }),
    };
    play.comes(1, Need::default(), until_five(100));
    play.answers(1, "a");
    play.comes(2, Need::default(), until_five(100));
    play.comes(3, Need::default(), until_five(100));
    // His plan serves on whoever waits.
    play.waits(4);
    play.pass(95);
    assert_eq!(rings(&play.ends("a")), [(2, "a")]);
    let told = play.pass(5);
    assert_eq!(unavailable(&told), [(3, NoDesk::Closed, Then::Unavailable)]);
    assert!(
        ends(&told).is_empty(),
        "he keeps his place until he has chosen"
    );
    play.does(Event::StepsAside {
        caller: CallerId(3),
    });
    let message = play.does(Event::LeavesMessage {
        caller: CallerId(3),
    });
    assert_eq!(ends(&message), [(3, How::Message, 100)]);
    // The ring fails after the hours: he is told as well, and never left in silence.
    let failed = play.refuses(2, "a");
    assert_eq!(
        unavailable(&failed),
        [(2, NoDesk::Closed, Then::Unavailable)]
    );
    play.leaves(2);
    assert_eq!(play.line(), [4]);
}
