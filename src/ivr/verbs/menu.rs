//! `menu`: one key chooses the next step.

use super::{Event, Exit, Findings, Go, Next, PromptUse, Run, Word, find, keys, spans};
use crate::ivr::ask::{Asked, Asking, Asks};
use crate::ivr::{Digit, Mark};

keys! {
    pub struct Menu {
        prompt: Word,
        invalid_prompt: Option<Word>,
        silent_prompt: Option<Word>,
        asks: Asks,
        again: Option<Digit>,
        keys: Vec<(Digit, Word)>,
        invalid: Word,
        silent: Word,
    }
}

pub type State = Asking;

impl Menu {
    pub fn exits(&self) -> Vec<Exit<'_>> {
        let keys = self.keys.iter().map(|(_, to)| to);
        keys.chain([&self.invalid, &self.silent])
            .map(Exit::new)
            .collect()
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        let others = self.invalid_prompt.iter().chain(&self.silent_prompt);
        std::iter::once(&self.prompt)
            .chain(others)
            .map(|id| PromptUse::new(id).barge_in(&self.asks))
            .collect()
    }

    /// A key may mean one thing only.
    pub fn check(&self, findings: &mut Findings) {
        super::refuse_double_keys(spans(&self.keys), &[self.again], findings);
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        let asked = self.asks.begin(&self.prompt, run);
        self.asked(asked, run)
    }

    pub fn on(&self, asking: State, event: &Event, run: &mut Run) -> Next {
        let asked = self.asks.on(asking, event, run);
        self.asked(asked, run)
    }

    fn asked(&self, asked: Asked, run: &mut Run) -> Next {
        match asked {
            Asked::Pending(asking) => Next::Stay(super::State::Menu(asking)),
            Asked::OutOfTime => self.silent.go(),
            Asked::Silence { plays } => {
                run.mark(Mark::Silent);
                let prompt = self.silent_prompt.as_ref().unwrap_or(&self.prompt);
                self.ask_again(prompt, &self.silent, plays, run)
            }
            Asked::Key { key, plays } => match find(&self.keys, key) {
                Some(to) => to.go(),
                None if self.again == Some(key) => {
                    self.ask_again(&self.prompt, &self.silent, plays, run)
                }
                None => {
                    run.mark(Mark::InvalidKey(key));
                    let prompt = self.invalid_prompt.as_ref().unwrap_or(&self.prompt);
                    self.ask_again(prompt, &self.invalid, plays, run)
                }
            },
        }
    }

    fn ask_again(&self, prompt: &Word, otherwise: &Word, plays: u8, run: &mut Run) -> Next {
        match self.asks.again(prompt, plays, run) {
            Some(asked) => self.asked(asked, run),
            None => otherwise.go(),
        }
    }
}
