//! `play`: a prompt to its end.

use super::{Event, Exit, Findings, Next, PromptUse, Run, Section, Word};
use crate::ivr::{Hearers, Mark};

#[derive(Debug, Clone)]
pub struct Play {
    prompt: Word,
    then: Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State;

impl Play {
    pub fn read(section: &mut Section, findings: &mut Findings) -> Option<Self> {
        let prompt = section.needed_text("prompt", findings);
        let then = section.needed_text("then", findings);
        Some(Play {
            prompt: prompt?,
            then: then?,
        })
    }

    pub fn exits(&self) -> Vec<Exit<'_>> {
        vec![Exit::new(&self.then)]
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        vec![PromptUse::new(&self.prompt)]
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        run.play(&self.prompt.text, Hearers::Caller);
        Next::Stay(super::State::Play(State))
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        match event {
            Event::Played(_) | Event::Timeout => Next::Go(self.then.text.clone()),
            Event::Digit(key) => {
                run.mark(Mark::KeyIgnored(*key));
                Next::Stay(super::State::Play(state))
            }
            _ => Next::Stay(super::State::Play(state)),
        }
    }
}
