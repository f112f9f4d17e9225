//! `callback`: asks for a callback at the number keyed before, or at the caller's own.

use super::{Event, Exit, Go, Next, PromptUse, Run, State, Word, keys};
use crate::ivr::run::Contact;
use crate::ivr::{Action, Hearers};

keys! {
    pub struct Callback {
        /// Left out while one of its values is unknown.
        prompt: Word,
        then: Word,
    }
}

impl Callback {
    pub fn exits(&self) -> Vec<Exit<'_>> {
        vec![Exit::new(&self.then)]
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        vec![PromptUse::new(&self.prompt).providing(&["slot", "tail"])]
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        run.act(Action::RequestCallback {
            number: run.number.clone(),
        });
        if !run.talked() {
            run.contact = Contact::Callback;
        }
        if !run.knows_values_of(&self.prompt.text) {
            return self.then.go();
        }
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
