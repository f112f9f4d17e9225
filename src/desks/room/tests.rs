//! The room on a fake clock: stories here and below, and what holds whatever happens.

mod callbacks;
mod handed;
mod properties;
mod queue;
mod states;
mod strategies;

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
