//! `reason`: asks why after a bad grade.

use std::time::Duration;

use super::{Event, Exit, Findings, Next, PromptUse, Run, Section, Word};
use crate::ivr::ask::{Ask, Asked, Question};
use crate::ivr::{Action, Digit, Mark};

#[derive(Debug, Clone)]
pub struct Reason {
    prompt: Word,
    barge_in_after: Option<Duration>,
    silence: Duration,
    plays_at_most: u8,
    again: Option<Digit>,
    /// Key to local code: `T1` … `T6`, `T0`.
    reasons: Vec<(Digit, Word)>,
    /// The code that states none.
    unstated_code: Word,
    then: Word,
    unstated: Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    ask: Ask,
    plays: u8,
}

impl Reason {
    pub fn read(section: &mut Section, findings: &mut Findings) -> Option<Self> {
        let prompt = section.needed_text("prompt", findings);
        let barge_in_after = section.seconds("barge_in_after_s", findings);
        let silence = section.needed_seconds("silence_s", findings);
        let plays_at_most = section.needed_count("plays_at_most", findings);
        let again = section.digit("again", findings);
        let reasons = section.keys("reasons", findings);
        super::refuse_double_keys(&reasons, &[again], findings);
        let unstated_code = section.needed_text("unstated_code", findings);
        let then = section.needed_text("then", findings);
        let unstated = section.needed_text("unstated", findings);
        Some(Reason {
            prompt: prompt?,
            barge_in_after,
            silence: silence?,
            plays_at_most: plays_at_most?,
            again,
            reasons,
            unstated_code: unstated_code?,
            then: then?,
            unstated: unstated?,
        })
    }

    pub fn exits(&self) -> Vec<Exit<'_>> {
        [&self.then, &self.unstated].map(Exit::new).into()
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        vec![PromptUse::new(&self.prompt).barge_in(self.barge_in_after)]
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        self.ask(1, run)
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        let asked = state.ask.on(event, run);
        self.asked(asked, state.plays, run)
    }

    fn ask(&self, plays: u8, run: &mut Run) -> Next {
        let question = Question {
            prompt: &self.prompt.text,
            barge_in_after: self.barge_in_after,
            silence: self.silence,
        };
        let asked = Ask::begin(&question, run);
        self.asked(asked, plays, run)
    }

    fn asked(&self, asked: Asked, plays: u8, run: &mut Run) -> Next {
        match asked {
            Asked::Pending(ask) => Next::Stay(super::State::Reason(State { ask, plays })),
            Asked::OutOfTime => Next::Go(self.unstated.text.clone()),
            Asked::Silence => {
                run.mark(Mark::Silent);
                self.ask_again(plays, run)
            }
            Asked::Key(key) => match self.reasons.iter().find(|(own, _)| *own == key) {
                Some((_, code)) => {
                    run.act(Action::StoreReason {
                        code: code.text.clone(),
                        key,
                    });
                    let stated = code.text != self.unstated_code.text;
                    let to = if stated { &self.then } else { &self.unstated };
                    Next::Go(to.text.clone())
                }
                None => {
                    if self.again != Some(key) {
                        run.mark(Mark::InvalidKey(key));
                    }
                    self.ask_again(plays, run)
                }
            },
        }
    }

    fn ask_again(&self, plays: u8, run: &mut Run) -> Next {
        if plays >= self.plays_at_most || run.out_of_time() {
            return Next::Go(self.unstated.text.clone());
        }
        self.ask(plays + 1, run)
    }
}
