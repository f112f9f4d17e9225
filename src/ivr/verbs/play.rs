//! `play`: a prompt to its end.

use super::{Event, Exit, Go, Next, PromptUse, Run, State, Word, keys};
use crate::ivr::Hearers;

keys! {
    pub struct Play {
        prompt: Word,
        then: Word,
    }
}

impl Play {
    pub fn exits(&self) -> Vec<Exit<'_>> {
        vec![Exit::new(&self.then)]
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        vec![PromptUse::new(&self.prompt)]
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        run.play(&self.prompt.text, Hearers::Caller);
        Next::Stay(State::Playing)
    }

    pub fn on(&self, event: &Event, run: &mut Run) -> Next {
        if super::heard_out(event, run) {
            return self.then.go();
        }
        Next::Stay(State::Playing)
    }
}
