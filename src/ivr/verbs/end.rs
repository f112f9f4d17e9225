//! `end`: a last prompt, if any, and the end of the call.

use super::{Event, Next, PromptUse, Run, State, Word, keys};
use crate::ivr::Hearers;
use crate::ivr::run::Cause;

keys! {
    pub struct End {
        prompt: Option<Word>,
    }
}

impl End {
    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        self.prompt.iter().map(PromptUse::new).collect()
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        run.drop_kept();
        match &self.prompt {
            Some(prompt) => {
                run.play(&prompt.text, Hearers::Caller);
                Next::Stay(State::Playing)
            }
            None => Next::Over(Cause::PlanEnded),
        }
    }

    pub fn on(&self, event: &Event, run: &mut Run) -> Next {
        if super::heard_out(event, run) {
            return Next::Over(Cause::PlanEnded);
        }
        Next::Stay(State::Playing)
    }
}
