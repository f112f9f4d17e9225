//! `connect`: rings a desk while the notice plays, joins, and watches over the talk.

use std::time::Duration;

use super::{Event, Exit, Findings, Go, Next, PromptUse, Run, Section, Word, keys};
use crate::ivr::run::Contact;
use crate::ivr::{Action, Digit, Hearers, Mark, Target};
use crate::keypad::Sequence;
use crate::script::Value;

keys! {
    pub struct Connect {
        group: Option<Word>,
        ring_at_most: Duration,
        /// Played while the desk rings; caller and desk are joined after it.
        notice: Option<Word>,
        /// Tells the staff number to both; left out for a desk without one.
        staff_prompt: Option<Word>,
        /// The desk's keys for 转评价.
        to_rating: Option<Vec<Digit>>,
        to_rating_between: Option<Duration>,
        talk_at_most: Duration,
        ended: Word,
        unavailable: Word,
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum State {
    /// The notice plays; what the desk did meanwhile.
    Notice(Meanwhile),
    /// The notice ended, the desk still rings.
    Ringing,
    Talking,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Meanwhile {
    Rings,
    Answered { staff: Option<String> },
    CannotBeHad,
}

impl Connect {
    /// A sequence of keys needs a time in which it is keyed.
    pub fn check(&self, section: &Section, findings: &mut Findings) {
        if self.to_rating.is_some() && self.to_rating_between.is_none() {
            findings.error(
                &section.span_of("to_rating"),
                "`to_rating` needs `to_rating_between_s`",
                "for example 3",
            );
        }
    }

    /// The step after the talk.
    pub fn ended(&self) -> &Word {
        &self.ended
    }

    pub fn exits(&self) -> Vec<Exit<'_>> {
        [&self.ended, &self.unavailable].map(Exit::new).into()
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        let staff = self
            .staff_prompt
            .iter()
            .map(|id| PromptUse::new(id).providing(&["staff"]));
        self.notice
            .iter()
            .map(PromptUse::new)
            .chain(staff)
            .collect()
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        run.contact = Contact::Ringing;
        run.ring_ends_by = run.now + self.ring_at_most + run.plan.play_grace;
        run.act(Action::Connect {
            target: Target::Desks {
                group: self.group.as_ref().map(|word| word.text.clone()),
            },
            ring_timeout_ms: u64::try_from(self.ring_at_most.as_millis()).unwrap_or(u64::MAX),
        });
        match &self.notice {
            Some(notice) => {
                run.play(&notice.text, Hearers::Caller);
                Next::Stay(super::State::Connect(State::Notice(Meanwhile::Rings)))
            }
            None => Self::ring_on(run),
        }
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        if let Event::Digit(key) = event {
            run.mark(Mark::KeyIgnored(*key));
        }
        match state {
            State::Notice(meanwhile) => self.in_notice(meanwhile, event, run),
            State::Ringing => self.ringing(event, run),
            State::Talking => self.talking(event, run),
        }
    }

    fn in_notice(&self, meanwhile: Meanwhile, event: &Event, run: &mut Run) -> Next {
        let meanwhile = match (meanwhile, event) {
            (Meanwhile::Rings, Event::DeskAnswered { staff }) => {
                run.contact = Contact::Answered;
                Meanwhile::Answered {
                    staff: staff.clone(),
                }
            }
            (Meanwhile::Rings, Event::DeskUnavailable(_))
            | (Meanwhile::Answered { .. }, Event::DeskHungUp) => {
                run.contact = Contact::NoDesk;
                Meanwhile::CannotBeHad
            }
            (Meanwhile::Rings, Event::Played(_) | Event::Timeout) => return Self::ring_on(run),
            (Meanwhile::Answered { staff }, Event::Played(_) | Event::Timeout) => {
                return self.join(staff, run);
            }
            (Meanwhile::CannotBeHad, Event::Played(_) | Event::Timeout) => {
                return self.unavailable.go();
            }
            (meanwhile, _) => meanwhile,
        };
        Next::Stay(super::State::Connect(State::Notice(meanwhile)))
    }

    fn ring_on(run: &mut Run) -> Next {
        run.stop_playing();
        run.timer = Some(run.ring_ends_by);
        Next::Stay(super::State::Connect(State::Ringing))
    }

    fn ringing(&self, event: &Event, run: &mut Run) -> Next {
        match event {
            Event::DeskAnswered { staff } => self.join(staff.clone(), run),
            Event::DeskUnavailable(_) => {
                run.contact = Contact::NoDesk;
                self.unavailable.go()
            }
            Event::Timeout => {
                run.act(Action::CancelConnect);
                run.contact = Contact::NoDesk;
                self.unavailable.go()
            }
            _ => Next::Stay(super::State::Connect(State::Ringing)),
        }
    }

    fn join(&self, staff: Option<String>, run: &mut Run) -> Next {
        run.stop_playing();
        run.contact = Contact::Talking;
        run.desk_keys = Some(Sequence::new(
            self.to_rating.clone().unwrap_or_default(),
            self.to_rating_between.unwrap_or_default(),
        ));
        run.act(Action::Join);
        if let (Some(prompt), Some(staff)) = (&self.staff_prompt, staff) {
            run.values.set("staff", Value::Digits(staff));
            run.play(&prompt.text, Hearers::Both);
        }
        run.timer_in(self.talk_at_most);
        Next::Stay(super::State::Connect(State::Talking))
    }

    fn talking(&self, event: &Event, run: &mut Run) -> Next {
        match event {
            Event::DeskHungUp => {}
            Event::DeskDigit(key) => {
                let now = run.now;
                let complete = run
                    .desk_keys
                    .as_mut()
                    .is_some_and(|keys| keys.press(*key, now));
                if !complete {
                    return Next::Stay(super::State::Connect(State::Talking));
                }
                run.mark(Mark::SentToRating);
                run.act(Action::ReleaseDesk);
            }
            Event::Timeout => run.act(Action::ReleaseDesk),
            _ => return Next::Stay(super::State::Connect(State::Talking)),
        }
        run.stop_playing();
        run.contact = Contact::Talked;
        self.ended.go()
    }
}
