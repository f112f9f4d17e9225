//! `reason`: asks why after a bad grade.

use super::{Event, Exit, Findings, Go, Next, PromptUse, Run, Word, find, keys, spans};
use crate::ivr::ask::{Asked, Asking, Asks};
use crate::ivr::{Action, Digit, Mark};

keys! {
    pub struct Reason {
        prompt: Word,
        asks: Asks,
        again: Option<Digit>,
        /// Key to local code: `T1` … `T6`, `T0`.
        reasons: Vec<(Digit, Word)>,
        /// The code that states none.
        unstated_code: Word,
        then: Word,
        unstated: Word,
    }
}

pub type State = Asking;

impl Reason {
    pub fn exits(&self) -> Vec<Exit<'_>> {
        [&self.then, &self.unstated].map(Exit::new).into()
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        vec![PromptUse::new(&self.prompt).barge_in(&self.asks)]
    }

    /// A key may mean one thing only.
    pub fn check(&self, findings: &mut Findings) {
        super::refuse_double_keys(spans(&self.reasons), &[self.again], findings);
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
        let plays = match asked {
            Asked::Pending(asking) => return Next::Stay(super::State::Reason(asking)),
            Asked::OutOfTime => return self.unstated.go(),
            Asked::Silence { plays } => {
                run.mark(Mark::Silent);
                plays
            }
            Asked::Key { key, plays } => {
                if let Some(code) = find(&self.reasons, key) {
                    return self.stated(code, key, run);
                }
                if self.again != Some(key) {
                    run.mark(Mark::InvalidKey(key));
                }
                plays
            }
        };
        match self.asks.again(&self.prompt, plays, run) {
            Some(asked) => self.asked(asked, run),
            None => self.unstated.go(),
        }
    }

    fn stated(&self, code: &Word, key: Digit, run: &mut Run) -> Next {
        let code = code.text.clone();
        let stated = code != self.unstated_code.text;
        run.act(Action::StoreReason { code, key });
        if stated { &self.then } else { &self.unstated }.go()
    }
}
