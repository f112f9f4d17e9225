//! `digits`: takes a number by keypad.

use std::time::Duration;

use super::{Event, Exit, Go, Next, PromptUse, Run, Word, keys};
use crate::ivr::ask::{Asked, Asking, Asks};
use crate::ivr::{Digit, Mark};

keys! {
    pub struct Digits {
        prompt: Word,
        asks: Asks,
        /// The longest time between two keys; then the number is taken as it stands.
        between: Duration,
        end_key: Option<Digit>,
        least: u8,
        most: u8,
        then: Word,
        without: Word,
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum State {
    Asking(Asking),
    Typing { typed: String, plays: u8 },
}

impl Digits {
    pub fn exits(&self) -> Vec<Exit<'_>> {
        [&self.then, &self.without].map(Exit::new).into()
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        vec![PromptUse::new(&self.prompt).barge_in(&self.asks)]
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        let asked = self.asks.begin(&self.prompt, run);
        self.asked(asked, run)
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        match (state, event) {
            (State::Asking(asking), _) => {
                let asked = self.asks.on(asking, event, run);
                self.asked(asked, run)
            }
            (typing @ State::Typing { .. }, Event::Digit(key)) if self.is_foreign(*key) => {
                // It must not buy time: such keys could be pressed for ever.
                run.mark(Mark::InvalidKey(*key));
                Next::Stay(super::State::Digits(typing))
            }
            (State::Typing { typed, plays }, Event::Digit(key)) => {
                self.key(*key, typed, plays, run)
            }
            (State::Typing { typed, plays }, Event::Timeout) => self.complete(typed, plays, run),
            (typing, _) => Next::Stay(super::State::Digits(typing)),
        }
    }

    fn asked(&self, asked: Asked, run: &mut Run) -> Next {
        match asked {
            Asked::Pending(asking) => Next::Stay(super::State::Digits(State::Asking(asking))),
            Asked::Key { key, plays } => self.key(key, String::new(), plays, run),
            Asked::Silence { plays } => {
                run.mark(Mark::Silent);
                self.ask_again(plays, run)
            }
            Asked::OutOfTime => self.without.go(),
        }
    }

    fn key(&self, key: Digit, mut typed: String, plays: u8, run: &mut Run) -> Next {
        if self.end_key == Some(key) {
            return self.complete(typed, plays, run);
        }
        if key.char().is_ascii_digit() {
            typed.push(key.char());
        } else {
            run.mark(Mark::InvalidKey(key));
        }
        if typed.len() >= usize::from(self.most) {
            return self.complete(typed, plays, run);
        }
        // Keys pressed ahead belong to the number, too.
        if let Some(next) = run.take_kept() {
            return self.key(next, typed, plays, run);
        }
        run.timer_in(self.between);
        Next::Stay(super::State::Digits(State::Typing { typed, plays }))
    }

    /// Neither a digit nor the end key.
    fn is_foreign(&self, key: Digit) -> bool {
        self.end_key != Some(key) && !key.char().is_ascii_digit()
    }

    fn complete(&self, typed: String, plays: u8, run: &mut Run) -> Next {
        if typed.len() < usize::from(self.least) {
            return self.ask_again(plays, run);
        }
        run.number = Some(typed);
        self.then.go()
    }

    fn ask_again(&self, plays: u8, run: &mut Run) -> Next {
        match self.asks.again(&self.prompt, plays, run) {
            Some(asked) => self.asked(asked, run),
            None => self.without.go(),
        }
    }
}
