//! `confirm`: tells the grade and lets it be taken back for a while.

use std::time::Duration;

use super::{Event, Exit, Go, Next, PromptUse, Run, Word, keys};
use crate::ivr::ask::arm;
use crate::ivr::run::Rating;
use crate::ivr::{Action, Digit, Hearers, Mark};

keys! {
    pub struct Confirm {
        prompt: Word,
        /// How long the grade may be taken back after the prompt.
        window: Duration,
        change_key: Digit,
        changes_at_most: u8,
        /// Another key this soon after the grade is a slip of the finger: the first stands.
        slip_within: Duration,
        /// Later keys are kept for the next question.
        keep_keys: Option<bool>,
        changed: Word,
        then: Word,
        out_of_time: Word,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Telling,
    Window,
}

impl Confirm {
    pub fn exits(&self) -> Vec<Exit<'_>> {
        vec![
            Exit {
                to: &self.changed,
                counted: true,
            },
            Exit::new(&self.then),
            Exit::new(&self.out_of_time),
        ]
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        vec![PromptUse::new(&self.prompt).providing(&["grade"])]
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        for (key, at) in run.take_all_kept() {
            if key == self.change_key && run.changes < self.changes_at_most {
                return self.change(run);
            }
            if self.is_slip(at, run) {
                run.mark(Mark::InvalidKey(key));
            } else if self.keep_keys == Some(true) {
                run.keep_again(key, at);
            } else {
                run.mark(Mark::KeyIgnored(key));
            }
        }
        run.play(&self.prompt.text, Hearers::Caller);
        arm(run, run.play_ends_by);
        Next::Stay(super::State::Confirm(State::Telling))
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        match (state, event) {
            (_, Event::Digit(key)) => return self.key(*key, state, run),
            (_, Event::Timeout) if run.out_of_time() => {
                run.stop_playing();
                run.act(Action::ConfirmGrade);
                return self.out_of_time.go();
            }
            (State::Telling, Event::Played(_) | Event::Timeout) => {
                run.stop_playing();
                arm(run, run.now + self.window);
                return Next::Stay(super::State::Confirm(State::Window));
            }
            (State::Window, Event::Timeout) => {
                run.act(Action::ConfirmGrade);
                return self.then.go();
            }
            _ => {}
        }
        Next::Stay(super::State::Confirm(state))
    }

    fn key(&self, key: Digit, state: State, run: &mut Run) -> Next {
        if key == self.change_key && run.changes < self.changes_at_most {
            return self.change(run);
        }
        if self.is_slip(run.now, run) {
            run.mark(Mark::InvalidKey(key));
        } else if self.keep_keys == Some(true) {
            run.keep(key);
        } else {
            run.mark(Mark::KeyIgnored(key));
        }
        Next::Stay(super::State::Confirm(state))
    }

    fn is_slip(&self, at: std::time::Instant, run: &Run) -> bool {
        run.graded_at
            .is_some_and(|graded| at.saturating_duration_since(graded) <= self.slip_within)
    }

    /// The grade is taken back: until another is keyed there is none.
    fn change(&self, run: &mut Run) -> Next {
        run.stop_playing();
        run.changes += 1;
        run.rating = Rating::Asking { wrong: false };
        run.mark(Mark::GradeWithdrawn);
        self.changed.go()
    }
}
