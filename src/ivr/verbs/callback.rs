//! `callback`: asks for a callback at the number keyed before, or at the caller's own.

use super::{Event, Exit, Findings, Next, PromptUse, Run, Section, Word};
use crate::ivr::run::Contact;
use crate::ivr::{Action, Hearers, Mark};

#[derive(Debug, Clone)]
pub struct Callback {
    /// Left out while one of its values is unknown.
    prompt: Word,
    then: Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State;

impl Callback {
    pub fn read(section: &mut Section, findings: &mut Findings) -> Option<Self> {
        let prompt = section.needed_text("prompt", findings);
        let then = section.needed_text("then", findings);
        Some(Callback {
            prompt: prompt?,
            then: then?,
        })
    }

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
            return Next::Go(self.then.text.clone());
        }
        run.play(&self.prompt.text, Hearers::Caller);
        Next::Stay(super::State::Callback(State))
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        match event {
            Event::Played(_) | Event::Timeout => Next::Go(self.then.text.clone()),
            Event::Digit(key) => {
                run.mark(Mark::KeyIgnored(*key));
                Next::Stay(super::State::Callback(state))
            }
            _ => Next::Stay(super::State::Callback(state)),
        }
    }
}
