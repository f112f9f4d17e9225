//! Whatever happens in whatever order, the caller is with somebody, rung for, or told to be alone.

use super::*;
use proptest::prelude::{Just, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy as _;

/// What happens to a talk in any order.
#[derive(Debug, Clone)]
enum Step {
    Command(Command),
    Event(Event),
    Keys(&'static str),
}

fn any_step() -> impl proptest::strategy::Strategy<Value = Step> {
    let command = prop_oneof![
        Just(Command::Hold),
        Just(Command::Resume),
        Just(Command::Transfer(to("8002"))),
        Just(Command::Consult(to("8002"))),
        Just(Command::JoinAll),
        Just(Command::Complete),
        Just(Command::TakeBack),
        Just(Command::Seal),
        Just(Command::Unseal),
    ];
    let event = prop_oneof![
        Just(Event::Joined),
        Just(Event::Ringing),
        Just(Event::Answered),
        Just(Event::Unavailable(Why::Busy)),
        Just(Event::FirstGone),
        Just(Event::FirstAway),
        Just(Event::FirstBack),
        Just(Event::SecondGone),
        Just(Event::SecondHolds(true)),
        Just(Event::SecondHolds(false)),
        Just(Event::Played),
        Just(Event::Timeout),
        Just(Event::TakenOver),
    ];
    let keyed = prop_oneof![
        Just("*28002#"),
        Just("*2"),
        Just("*1"),
        Just("*0"),
        Just("*7"),
        Just("5#"),
    ];
    prop_oneof![
        4 => command.prop_map(Step::Command),
        6 => event.prop_map(Step::Event),
        2 => keyed.prop_map(Step::Keys),
        1 => Just(Step::Event(Event::Ended)),
    ]
}

/// The world beside a talk, by its actions alone.
#[derive(Debug, Default)]
struct World {
    first: bool,
    second: bool,
    ringing: bool,
    over: bool,
    /// Its page is lost.
    away: bool,
    bridge: Option<Bridge>,
}

impl World {
    fn act(&mut self, action: &Action) {
        match action {
            Action::Ring(_) => {
                assert!(!self.ringing && !self.second, "two at once");
                self.ringing = true;
            }
            StopRinging => assert!(std::mem::take(&mut self.ringing)),
            LetFirstGo => {
                assert!(std::mem::take(&mut self.first));
                self.first_leg_goes();
            }
            LetSecondGo => assert!(std::mem::take(&mut self.second)),
            SecondIsFirst => {
                assert!(!self.first && std::mem::take(&mut self.second));
                self.first = true;
                self.first_leg_goes();
            }
            SupervisorIsFirst => {
                assert!(!self.first && !self.second && !self.ringing);
                self.first = true;
                self.first_leg_goes();
            }
            Progress(_) => {}
            Over => {
                assert!(!self.over && !self.first && !self.second && !self.ringing);
                self.over = true;
            }
            Action::Bridge(bridge) => self.bridge = Some(*bridge),
            Play(_) | StopPlaying | K(_) | Sealed(_) => {}
        }
    }

    /// Sound parts everybody with it.
    fn first_leg_goes(&mut self) {
        self.away = false;
        self.bridge = Some(Apart);
    }

    /// Events that cannot happen do not.
    fn allows(&mut self, event: &Event) -> bool {
        match event {
            Event::Joined => false,
            Event::Ringing => self.ringing,
            Event::Answered => {
                let rang = std::mem::take(&mut self.ringing);
                self.second |= rang;
                rang
            }
            Event::Unavailable(_) => std::mem::take(&mut self.ringing),
            Event::FirstGone => {
                let there = std::mem::take(&mut self.first);
                if there {
                    self.first_leg_goes();
                }
                there
            }
            Event::FirstAway | Event::FirstBack => {
                let goes = *event == Event::FirstAway;
                let changes = self.first && self.away != goes;
                if changes {
                    self.first_leg_goes();
                    self.away = goes;
                }
                changes
            }
            Event::SecondGone => std::mem::take(&mut self.second),
            _ => true,
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_the_caller_is_with_somebody_rung_for_or_told_to_be_alone(
        steps in proptest::collection::vec(any_step(), 0..60),
    ) {
        let mut story = Story::begin();
        let mut world = World { first: true, bridge: Some(Pair), ..World::default() };
        for step in steps {
            let (actions, ended) = match step {
                Step::Command(command) => (story.wants(command).unwrap_or_default(), false),
                Step::Keys(text) => (story.keyed(text), false),
                Step::Event(event) if world.allows(&event) => {
                    let ended = event == Event::Ended;
                    (story.happens(event), ended)
                }
                Step::Event(_) => continue,
            };
            for action in &actions {
                world.act(action);
            }
            if ended {
                // The first desk is its owner's.
                world.first = false;
            }
            let talk = &story.talk;
            let alone = !world.first && !world.second && !world.ringing;
            prop_assert_eq!(alone, talk.is_over());
            // He is told so exactly where nobody ended it from outside.
            prop_assert_eq!(alone && !ended, world.over);
            prop_assert!(!(world.ringing && world.second));
            prop_assert_eq!(world.ringing, talk.is_ringing());
            if !talk.is_over() {
                prop_assert_eq!(world.bridge, Some(talk.bridge()));
            }
            prop_assert!(
                talk.bridge() != Desks || world.second,
                "a consultation with nobody"
            );
            if talk.is_joined() && !talk.is_three() {
                prop_assert_eq!(world.bridge, Some(Pair));
                prop_assert!(!talk.held && !world.away);
                prop_assert!(world.first && !world.second);
            }
            if talk.is_three() {
                prop_assert_eq!(world.bridge, Some(All));
                prop_assert!(world.first && world.second);
            }
            prop_assert!(talk.timeout_at().is_none() || talk.phase.is_waiting());
            prop_assert!(!talk.is_over() || !talk.is_sealed());
            if talk.is_over() {
                break;
            }
        }
    }
}
