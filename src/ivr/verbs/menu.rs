//! `menu`: one key chooses the next step.

use std::time::Duration;

use super::{Event, Exit, Findings, Next, PromptUse, Run, Section, Word};
use crate::ivr::ask::{Ask, Asked, Question};
use crate::ivr::{Digit, Mark};

#[derive(Debug, Clone)]
pub struct Menu {
    prompt: Word,
    invalid_prompt: Option<Word>,
    silent_prompt: Option<Word>,
    barge_in_after: Option<Duration>,
    silence: Duration,
    plays_at_most: u8,
    again: Option<Digit>,
    keys: Vec<(Digit, Word)>,
    invalid: Word,
    silent: Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    ask: Ask,
    plays: u8,
}

impl Menu {
    pub fn read(section: &mut Section, findings: &mut Findings) -> Option<Self> {
        let prompt = section.needed_text("prompt", findings);
        let invalid_prompt = section.text("invalid_prompt", findings);
        let silent_prompt = section.text("silent_prompt", findings);
        let barge_in_after = section.seconds("barge_in_after_s", findings);
        let silence = section.needed_seconds("silence_s", findings);
        let plays_at_most = section.needed_count("plays_at_most", findings);
        let again = section.digit("again", findings);
        let keys = section.keys("keys", findings);
        super::refuse_double_keys(&keys, &[again], findings);
        let invalid = section.needed_text("invalid", findings);
        let silent = section.needed_text("silent", findings);
        Some(Menu {
            prompt: prompt?,
            invalid_prompt,
            silent_prompt,
            barge_in_after,
            silence: silence?,
            plays_at_most: plays_at_most?,
            again,
            keys,
            invalid: invalid?,
            silent: silent?,
        })
    }

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
            .map(|id| PromptUse::new(id).barge_in(self.barge_in_after))
            .collect()
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        self.ask(&self.prompt, 1, run)
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        let asked = state.ask.on(event, run);
        self.asked(asked, state.plays, run)
    }

    fn ask(&self, prompt: &Word, plays: u8, run: &mut Run) -> Next {
        let question = Question {
            prompt: &prompt.text,
            barge_in_after: self.barge_in_after,
            silence: self.silence,
        };
        let asked = Ask::begin(&question, run);
        self.asked(asked, plays, run)
    }

    fn asked(&self, asked: Asked, plays: u8, run: &mut Run) -> Next {
        match asked {
            Asked::Pending(ask) => Next::Stay(super::State::Menu(State { ask, plays })),
            Asked::OutOfTime => Next::Go(self.silent.text.clone()),
            Asked::Silence => {
                run.mark(Mark::Silent);
                let prompt = self.silent_prompt.as_ref().unwrap_or(&self.prompt);
                self.ask_again(prompt, &self.silent, plays, run)
            }
            Asked::Key(key) => match self.keys.iter().find(|(own, _)| *own == key) {
                Some((_, to)) => Next::Go(to.text.clone()),
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
        if plays >= self.plays_at_most {
            return Next::Go(otherwise.text.clone());
        }
        self.ask(prompt, plays + 1, run)
    }
}
