//! `end`: a last prompt, if any, and the end of the call.

use super::{Event, Findings, Next, PromptUse, Run, Section, Word};
use crate::ivr::run::Cause;
use crate::ivr::{Hearers, Mark};

#[derive(Debug, Clone)]
pub struct End {
    prompt: Option<Word>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State;

impl End {
    pub fn read(section: &mut Section, findings: &mut Findings) -> Option<Self> {
        Some(End {
            prompt: section.text("prompt", findings),
        })
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        self.prompt.iter().map(PromptUse::new).collect()
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        run.drop_kept();
        match &self.prompt {
            Some(prompt) => {
                run.play(&prompt.text, Hearers::Caller);
                Next::Stay(super::State::End(State))
            }
            None => Next::Over(Cause::PlanEnded),
        }
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        match event {
            Event::Played(_) | Event::Timeout => Next::Over(Cause::PlanEnded),
            Event::Digit(key) => {
                run.mark(Mark::KeyIgnored(*key));
                Next::Stay(super::State::End(state))
            }
            _ => Next::Stay(super::State::End(state)),
        }
    }
}
