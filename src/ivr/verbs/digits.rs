//! `digits`: takes a number by keypad.

use std::time::Duration;

use super::{Event, Exit, Findings, Next, PromptUse, Run, Section, Word};
use crate::ivr::ask::{Ask, Asked, Question};
use crate::ivr::{Digit, Mark};

#[derive(Debug, Clone)]
pub struct Digits {
    prompt: Word,
    barge_in_after: Option<Duration>,
    silence: Duration,
    /// The longest time between two keys; then the number is taken as it stands.
    between: Duration,
    plays_at_most: u8,
    end_key: Option<Digit>,
    least: u8,
    most: u8,
    then: Word,
    without: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum State {
    Asking { ask: Ask, plays: u8 },
    Typing { typed: String, plays: u8 },
}

impl Digits {
    pub fn read(section: &mut Section, findings: &mut Findings) -> Option<Self> {
        let prompt = section.needed_text("prompt", findings);
        let barge_in_after = section.seconds("barge_in_after_s", findings);
        let silence = section.needed_seconds("silence_s", findings);
        let between = section.needed_seconds("between_s", findings);
        let plays_at_most = section.needed_count("plays_at_most", findings);
        let end_key = section.digit("end_key", findings);
        let least = section.needed_count("least", findings);
        let most = section.needed_count("most", findings);
        let then = section.needed_text("then", findings);
        let without = section.needed_text("without", findings);
        Some(Digits {
            prompt: prompt?,
            barge_in_after,
            silence: silence?,
            between: between?,
            plays_at_most: plays_at_most?,
            end_key,
            least: least?,
            most: most?,
            then: then?,
            without: without?,
        })
    }

    pub fn exits(&self) -> Vec<Exit<'_>> {
        [&self.then, &self.without].map(Exit::new).into()
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        vec![PromptUse::new(&self.prompt).barge_in(self.barge_in_after)]
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        self.ask(1, run)
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        match (state.clone(), event) {
            (State::Asking { ask, plays }, _) => {
                let asked = ask.on(event, run);
                self.asked(asked, plays, run)
            }
            (State::Typing { .. }, Event::Digit(key)) if self.is_foreign(*key) => {
                // It must not buy time: such keys could be pressed for ever.
                run.mark(Mark::InvalidKey(*key));
                Next::Stay(super::State::Digits(state))
            }
            (State::Typing { typed, plays }, Event::Digit(key)) => {
                self.key(*key, typed, plays, run)
            }
            (State::Typing { typed, plays }, Event::Timeout) => self.complete(typed, plays, run),
            (typing, _) => Next::Stay(super::State::Digits(typing)),
        }
    }

    fn ask(&self, plays: u8, run: &mut Run) -> Next {
        let question = Question {
            prompt: &self.prompt.text,
            barge_in_after: self.barge_in_after,
            silence: self.silence,
        };
        let asked = Ask::begin(&question, run);
        self.asked(asked, plays, run)
    }

    fn asked(&self, asked: Asked, plays: u8, run: &mut Run) -> Next {
        match asked {
            Asked::Pending(ask) => Next::Stay(super::State::Digits(State::Asking { ask, plays })),
            Asked::Key(key) => self.key(key, String::new(), plays, run),
            Asked::Silence | Asked::OutOfTime => {
                run.mark(Mark::Silent);
                self.ask_again(plays, run)
            }
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
        Next::Go(self.then.text.clone())
    }

    fn ask_again(&self, plays: u8, run: &mut Run) -> Next {
        if plays >= self.plays_at_most {
            return Next::Go(self.without.text.clone());
        }
        self.ask(plays + 1, run)
    }
}
