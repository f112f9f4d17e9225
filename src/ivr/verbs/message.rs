//! `message`: records what the caller says.

use std::time::Duration;

use serde_spanned::Spanned;
use toml::de::DeValue;

use super::{Event, Exit, Findings, Go, Next, PromptUse, Run, Word, keys};
use crate::ivr::run::{Cause, Contact};
use crate::ivr::{Action, Digit, Hearers, Mark, MessageKind};
use crate::script::Held;

keys! {
    pub struct Message {
        prompt: Word,
        kind: MessageKind,
        longest: Duration,
        /// Less than this is no message.
        shortest: Duration,
        silence: Option<Duration>,
        /// How long to wait until the recording is closed.
        close_within: Duration,
        end_key: Digit,
        beep: Option<bool>,
        then: Word,
        without: Word,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Telling,
    Recording,
    /// Recording was stopped and its length is awaited; the caller may have left meanwhile.
    Closing {
        gone: Option<Cause>,
    },
}

impl State {
    /// Whether a recording runs or is being closed.
    pub fn records(self) -> bool {
        self != State::Telling
    }
}

impl Message {
    pub fn exits(&self) -> Vec<Exit<'_>> {
        [&self.then, &self.without].map(Exit::new).into()
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        vec![PromptUse::new(&self.prompt)]
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        run.asks_until = None;
        let skipped = run.kept().iter().any(|(key, _)| *key == self.end_key);
        run.drop_kept();
        if skipped {
            return self.without.go();
        }
        run.play(&self.prompt.text, Hearers::Caller);
        Next::Stay(super::State::Message(State::Telling))
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        match state {
            State::Telling => self.telling(event, run),
            State::Recording => self.recording(event, run),
            State::Closing { gone } => self.closing(gone, event, run),
        }
    }

    fn telling(&self, event: &Event, run: &mut Run) -> Next {
        match event {
            Event::Digit(key) if *key == self.end_key => {
                run.stop_playing();
                return self.without.go();
            }
            Event::Digit(key) => run.mark(Mark::KeyIgnored(*key)),
            Event::Played(_) | Event::Timeout => {
                run.stop_playing();
                run.act(Action::RecordMessage {
                    kind: self.kind,
                    max_ms: millis(self.longest),
                    silence_ms: self.silence.map(millis),
                    beep: self.beep.unwrap_or(true),
                });
                run.timer_in(self.longest + self.close_within);
                return Next::Stay(super::State::Message(State::Recording));
            }
            _ => {}
        }
        Next::Stay(super::State::Message(State::Telling))
    }

    fn recording(&self, event: &Event, run: &mut Run) -> Next {
        let gone = match event {
            Event::MessageRecorded { length_ms, .. } => {
                return self.recorded(*length_ms, None, run);
            }
            Event::CallerHungUp => Some(Cause::CallerLeft),
            Event::Fault | Event::Drained => Some(Cause::Fault),
            Event::Timeout => None,
            Event::Digit(key) if *key == self.end_key => None,
            Event::Digit(key) => {
                run.mark(Mark::KeyIgnored(*key));
                return Next::Stay(super::State::Message(State::Recording));
            }
            _ => return Next::Stay(super::State::Message(State::Recording)),
        };
        run.act(Action::StopMessage);
        run.timer_in(self.close_within);
        Next::Stay(super::State::Message(State::Closing { gone }))
    }

    fn closing(&self, gone: Option<Cause>, event: &Event, run: &mut Run) -> Next {
        let gone = match event {
            Event::MessageRecorded { length_ms, .. } => {
                return self.recorded(*length_ms, gone, run);
            }
            Event::Timeout => return self.recorded(0, gone, run),
            Event::CallerHungUp => Some(Cause::CallerLeft),
            Event::Fault | Event::Drained => Some(Cause::Fault),
            Event::Digit(key) => {
                run.mark(Mark::KeyIgnored(*key));
                gone
            }
            _ => gone,
        };
        Next::Stay(super::State::Message(State::Closing { gone }))
    }

    fn recorded(&self, length_ms: u32, gone: Option<Cause>, run: &mut Run) -> Next {
        let long_enough = length_ms >= millis(self.shortest) && length_ms > 0;
        if long_enough && self.kind == MessageKind::Voice && !run.talked() {
            run.contact = Contact::Message;
        }
        let to = if long_enough {
            &self.then
        } else {
            &self.without
        };
        gone.map_or_else(|| to.go(), Next::Over)
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

impl Held for MessageKind {
    const EXAMPLE: &'static str = "\"voice\"";

    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        let word = Word::held(key, value, findings)?;
        match word.text.as_str() {
            "remark" => Some(MessageKind::Remark),
            "voice" => Some(MessageKind::Voice),
            other => {
                findings.error(
                    &word.span,
                    format!("unknown kind of message “{other}”"),
                    "a kind is `remark` (to a grade) or `voice` (nobody could be had)",
                );
                None
            }
        }
    }
}
