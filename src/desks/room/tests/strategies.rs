//! Which desk rings: by strategy, skill and group.

use super::*;

#[test]
fn the_desk_that_has_been_ready_for_longest_is_rung() {
    let mut play = Play::with(Strategy::LongestIdle, &["a", "b", "c"]);
    for (caller, desk) in [(1, "a"), (2, "b"), (3, "c")] {
        assert_eq!(rings(&play.waits(caller)), [(caller, desk)]);
        play.answers(caller, desk);
    }
    for desk in ["b", "c", "a"] {
        play.pass(10);
        play.ends(desk);
    }
    for (caller, desk) in [(4, "b"), (5, "c"), (6, "a")] {
        assert_eq!(rings(&play.waits(caller)), [(caller, desk)]);
    }
}

#[test]
fn in_line_the_first_free_desk_of_the_list_is_rung() {
    let mut play = Play::with(Strategy::Linear, &["a", "b"]);
    for caller in 1..4 {
        assert_eq!(rings(&play.waits(caller)), [(caller, "a")]);
        play.answers(caller, "a");
        play.ends("a");
    }
}

#[test]
fn all_ring_and_the_first_to_answer_has_the_caller() {
    let mut play = Play::with(Strategy::RingAll, &["a", "b", "c"]);
    assert_eq!(rings(&play.waits(1)), [(1, "a"), (1, "b"), (1, "c")]);
    assert!(rings(&play.waits(2)).is_empty(), "all ring for the first");
    assert!(play.refuses(1, "a").is_empty(), "the others ring on");
    let answered = play.answers(1, "c");
    assert!(matches!(&answered[0], Action::Connected { desk, .. } if desk.id == id("c")));
    assert_eq!(cancels(&answered), [(1, "b")]);
    assert_eq!(
        rings(&answered),
        [(2, "b")],
        "the released one rings for the next"
    );
    assert!(play.answers(1, "b").is_empty(), "too late");
    // A desk that becomes ready meanwhile rings as well.
    assert_eq!(rings(&play.pass(5)), [(2, "a")]);
    assert_eq!(play.state("c"), DeskState::Talking(CallerId(1)));
}

#[test]
fn no_more_than_some_desks_ring_at_once() {
    let names: Vec<String> = (0..40).map(|n| format!("d{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut play = Play::with(Strategy::RingAll, &names);
    assert_eq!(rings(&play.waits(1)).len(), crate::desks::RING_AT_ONCE);
    assert_eq!(rings(&play.waits(2)).len(), crate::desks::RING_AT_ONCE);
    assert_eq!(rings(&play.waits(3)).len(), 8);
}

#[test]
fn the_better_skill_comes_first_then_the_longer_wait() {
    let desks = vec![
        skilled("a", &[("permits", 3)]),
        skilled("b", &[("permits", 9), ("seeds", 1)]),
        skilled("c", &[("permits", 9)]),
        desk("d"),
    ];
    let mut play = Play::open(desks, Settings::default());
    assert_eq!(
        rings(&play.comes(1, skill("permits"), queued(60))),
        [(1, "b")]
    );
    assert_eq!(
        rings(&play.comes(2, skill("permits"), queued(60))),
        [(2, "c")]
    );
    assert_eq!(
        rings(&play.comes(3, skill("permits"), queued(60))),
        [(3, "a")]
    );
    assert!(
        rings(&play.comes(4, skill("permits"), queued(60))).is_empty(),
        "d cannot do it"
    );
    assert!(rings(&play.comes(5, skill("seeds"), queued(60))).is_empty());
    assert_eq!(rings(&play.waits(6)), [(6, "d")]);
    assert!(rings(&play.waits(7)).is_empty());
    // One who becomes free serves the first of all whom it fits.
    play.answers(1, "b");
    assert_eq!(rings(&play.ends("b")), [(4, "b")]);
    play.answers(4, "b");
    assert_eq!(rings(&play.ends("b")), [(5, "b")]);
    play.answers(6, "d");
    assert_eq!(rings(&play.ends("d")), [(7, "d")]);
}

#[test]
fn a_group_is_served_by_its_desks_alone() {
    let desks = vec![in_group("a", "forest"), in_group("b", "seeds")];
    let mut play = Play::open(desks, Settings::default());
    assert_eq!(
        rings(&play.comes(1, group("seeds"), queued(60))),
        [(1, "b")]
    );
    assert!(rings(&play.comes(2, group("seeds"), queued(60))).is_empty());
    assert_eq!(rings(&play.waits(3)), [(3, "a")]);
    let nobodys = play.comes(4, group("nobody"), unqueued(60));
    assert_eq!(
        unavailable(&nobodys),
        [(4, NoDesk::Failed, Then::Unavailable)]
    );
}
