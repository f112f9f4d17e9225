//! The room on a fake clock: stories here and below, and what holds whatever happens.

mod callbacks;
mod handed;
mod properties;
mod queue;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::desks::{
    Announcing, AtClosing, Callbacks, Handed, How, Need, NoDesk, PromiseEnd, Queueing, Strategy,
    Terms, Then, WhenEmpty, Widening,
};

// A test's own zero: only differences count.
#[allow(clippy::disallowed_methods)]
fn epoch() -> Instant {
    Instant::now()
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn desk(id: &str) -> Desk {
    Desk {
        id: DeskId(id.to_owned()),
        address: format!("sip:{id}@127.0.0.1"),
        staff: None,
        groups: Vec::new(),
        skills: BTreeMap::new(),
    }
}

fn in_group(id: &str, group: &str) -> Desk {
    Desk {
        groups: vec![group.to_owned()],
        ..desk(id)
    }
}

fn skilled(id: &str, skills: &[(&str, u8)]) -> Desk {
    let skills = skills
        .iter()
        .map(|(skill, level)| ((*skill).to_owned(), *level));
    Desk {
        skills: skills.collect(),
        ..desk(id)
    }
}

fn id(desk: &str) -> DeskId {
    DeskId(desk.to_owned())
}

fn group(name: &str) -> Need {
    Need {
        group: Some(name.to_owned()),
        skill: None,
    }
}

fn skill(name: &str) -> Need {
    Need {
        group: None,
        skill: Some(name.to_owned()),
    }
}

/// A room and its clock.
struct Play {
    room: Desks,
    zero: Instant,
    now: Instant,
}

impl Play {
    fn open(desks: Vec<Desk>, settings: Settings) -> Play {
        let now = epoch();
        Play {
            room: Desks::new(desks, settings),
            zero: now,
            now,
        }
    }

    fn with(strategy: Strategy, desks: &[&str]) -> Play {
        let settings = Settings {
            strategy,
            ..Settings::default()
        };
        Play::open(desks.iter().map(|id| desk(id)).collect(), settings)
    }

    fn does(&mut self, event: Event) -> Vec<Action> {
        let actions = self.room.handle(event, self.now);
        self.room.audit(self.now);
        actions
    }

    /// Time passes; what is due happens when it is.
    fn pass(&mut self, seconds: u64) -> Vec<Action> {
        let until = self.now + s(seconds);
        let mut actions = Vec::new();
        while let Some(at) = self.room.timeout_at().filter(|at| *at <= until) {
            assert!(
                at > self.now || actions.is_empty(),
                "a time that does not pass"
            );
            self.now = self.now.max(at);
            actions.extend(self.does(Event::Timeout));
        }
        self.now = until;
        actions
    }

    /// Seconds since the beginning.
    fn clock(&self) -> u64 {
        self.now.duration_since(self.zero).as_secs()
    }

    fn comes(&mut self, caller: u64, need: Need, terms: Terms) -> Vec<Action> {
        self.calls(caller, None, need, terms)
    }

    fn calls(
        &mut self,
        caller: u64,
        number: Option<&str>,
        need: Need,
        terms: Terms,
    ) -> Vec<Action> {
        self.does(Event::Wanted {
            caller: CallerId(caller),
            number: number.map(str::to_owned),
            need,
            terms,
        })
    }

    /// One who waits for any desk.
    fn waits(&mut self, caller: u64) -> Vec<Action> {
        self.comes(caller, Need::default(), queued(600))
    }

    /// One who does not wait.
    fn asks(&mut self, caller: u64) -> Vec<Action> {
        self.comes(caller, Need::default(), unqueued(60))
    }

    fn answers(&mut self, caller: u64, desk: &str) -> Vec<Action> {
        self.does(Event::Answered {
            caller: CallerId(caller),
            desk: id(desk),
        })
    }

    fn refuses(&mut self, caller: u64, desk: &str) -> Vec<Action> {
        self.does(Event::Refused {
            caller: CallerId(caller),
            desk: id(desk),
        })
    }

    fn ends(&mut self, desk: &str) -> Vec<Action> {
        self.does(Event::TalkEnded { desk: id(desk) })
    }

    fn leaves(&mut self, caller: u64) -> Vec<Action> {
        self.does(Event::Left {
            caller: CallerId(caller),
        })
    }

    fn pauses(&mut self, desk: &str, reason: &str) -> Vec<Action> {
        self.does(Event::TookBreak {
            desk: id(desk),
            reason: reason.to_owned(),
        })
    }

    fn state(&self, desk: &str) -> DeskState {
        let found = self.room.states().find(|(own, _)| own.id.0 == desk);
        found.expect("a desk of this room").1.clone()
    }

    fn line(&self) -> Vec<u64> {
        self.room
            .waiting()
            .map(|waiting| waiting.caller.0)
            .collect()
    }
}

fn queued(patience: u64) -> Terms {
    Terms {
        patience: s(patience),
        queue: Some(Queueing::default()),
    }
}

fn unqueued(patience: u64) -> Terms {
    Terms {
        patience: s(patience),
        queue: None,
    }
}

/// Which desks are rung for whom, callbacks too.
fn rings(actions: &[Action]) -> Vec<(u64, &str)> {
    let rings = actions.iter().filter_map(|action| match action {
        Action::Ring { caller, desk } | Action::CallBack { caller, desk, .. } => {
            Some((caller.0, desk.id.0.as_str()))
        }
        _ => None,
    });
    rings.collect()
}

fn cancels(actions: &[Action]) -> Vec<(u64, &str)> {
    let cancels = actions.iter().filter_map(|action| match action {
        Action::Cancel { caller, desk } => Some((caller.0, desk.0.as_str())),
        _ => None,
    });
    cancels.collect()
}

fn ends(actions: &[Action]) -> Vec<(u64, How, u64)> {
    let ends = actions.iter().filter_map(|action| match action {
        Action::Ended {
            caller,
            how,
            waited,
        } => Some((caller.0, *how, waited.as_secs())),
        _ => None,
    });
    ends.collect()
}

fn unavailable(actions: &[Action]) -> Vec<(u64, NoDesk, Then)> {
    let told = actions.iter().filter_map(|action| match action {
        Action::Unavailable { caller, why, then } => Some((caller.0, *why, *then)),
        _ => None,
    });
    told.collect()
}

#[test]
fn the_next_desk_rings_when_one_is_busy_or_does_not_answer() {
    let mut play = Play::with(Strategy::Linear, &["a", "b"]);
    assert_eq!(rings(&play.asks(1)), [(1, "a")]);
    let late = play.pass(15);
    assert_eq!(
        (rings(&late), cancels(&late)),
        (vec![(1, "b")], vec![(1, "a")])
    );
    let last = play.refuses(1, "b");
    assert_eq!(
        unavailable(&last),
        [(1, NoDesk::NoAnswer, Then::Unavailable)]
    );
    assert_eq!(ends(&last), [(1, How::TurnedAway(NoDesk::NoAnswer), 15)]);
    play.pass(600);
    assert_eq!(play.room.timeout_at(), None);
}

#[test]
fn a_third_caller_who_does_not_wait_hears_that_all_are_busy() {
    let mut play = Play::with(Strategy::Linear, &["a", "b"]);
    assert_eq!(rings(&play.asks(1)), [(1, "a")]);
    assert_eq!(rings(&play.asks(2)), [(2, "b")]);
    assert_eq!(
        unavailable(&play.asks(3)),
        [(3, NoDesk::Busy, Then::Unavailable)]
    );
}

#[test]
fn patience_that_ends_while_a_desk_rings_is_no_miss_of_the_desk() {
    let mut play = Play::with(Strategy::Linear, &["a", "b"]);
    play.comes(1, Need::default(), unqueued(10));
    let over = play.pass(10);
    assert_eq!(cancels(&over), [(1, "a")]);
    assert_eq!(
        unavailable(&over),
        [(1, NoDesk::NoAnswer, Then::Unavailable)]
    );
    assert_eq!(play.state("a"), DeskState::Ready);
}

#[test]
fn a_caller_who_leaves_stops_the_ringing_and_a_late_answer_is_nobodys() {
    let mut play = Play::with(Strategy::LongestIdle, &["a", "b"]);
    play.waits(1);
    play.pass(3);
    let left = play.leaves(1);
    assert_eq!(cancels(&left), [(1, "a")]);
    assert_eq!(ends(&left), [(1, How::Abandoned { short: true }, 3)]);
    assert!(play.answers(1, "a").is_empty());
    // Who rang in vain has not lost his turn.
    assert_eq!(rings(&play.waits(2)), [(2, "a")]);
}

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
