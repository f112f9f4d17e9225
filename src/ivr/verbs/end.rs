//! `end`: a last prompt, if any, and the end of the call.

use serde_spanned::Spanned;
use toml::de::DeValue;

use super::{Event, Findings, Next, PromptUse, Run, State, Word, keys};
use crate::ivr::Hearers;
use crate::ivr::run::{Cause, Contact};
use crate::script::Held;

keys! {
    pub struct End {
        prompt: Option<Word>,
        /// What somebody whom we called has said, where nobody talked.
        said: Option<Said>,
    }
}

/// What somebody says whom we called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Later,
    NoMore,
}

impl End {
    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        self.prompt.iter().map(PromptUse::new).collect()
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        run.drop_kept();
        match self.said.filter(|_| !run.talked()) {
            Some(Said::Later) => run.contact = Contact::PutOff,
            Some(Said::NoMore) => run.contact = Contact::Refused,
            None => {}
        }
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

impl Held for Said {
    const EXAMPLE: &'static str = "\"later\"";

    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        let word = Word::held(key, value, findings)?;
        let said = match word.text.as_str() {
            "later" => Some(Said::Later),
            "no_more" => Some(Said::NoMore),
            _ => None,
        };
        if said.is_none() {
            findings.error(
                &word.span,
                format!("nobody says “{}”", word.text),
                "`said` is \"later\" or \"no_more\"",
            );
        }
        said
    }
}
