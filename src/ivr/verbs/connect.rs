//! `connect`: rings a desk while the notice plays, joins, and watches over the talk.

use std::time::Duration;

use super::{Event, Exit, Findings, Next, PromptUse, Run, Section, Word};
use crate::ivr::run::Contact;
use crate::ivr::{Action, Digit, Hearers, Mark, Target};
use crate::keypad::Sequence;
use crate::script::Value;

#[derive(Debug, Clone)]
pub struct Connect {
    group: Option<Word>,
    ring_at_most: Duration,
    /// Played while the desk rings; caller and desk are joined after it.
    notice: Option<Word>,
    /// Tells the staff number to both; left out for a desk without one.
    staff_prompt: Option<Word>,
    /// The desk's keys for 转评价.
    to_rating: Vec<Digit>,
    to_rating_between: Duration,
    talk_at_most: Duration,
    ended: Word,
    unavailable: Word,
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
    pub fn read(section: &mut Section, findings: &mut Findings) -> Option<Self> {
        let group = section.text("group", findings);
        let ring_at_most = section.needed_seconds("ring_at_most_s", findings);
        let notice = section.text("notice", findings);
        let staff_prompt = section.text("staff_prompt", findings);
        let to_rating = section.text("to_rating", findings);
        let to_rating_between = section.seconds("to_rating_between_s", findings);
        let talk_at_most = section.needed_seconds("talk_at_most_s", findings);
        let ended = section.needed_text("ended", findings);
        let unavailable = section.needed_text("unavailable", findings);
        let keys = to_rating.as_ref().map_or(Some(Vec::new()), |word| {
            word.text.chars().map(Digit::from_char).collect()
        });
        if let (None, Some(word)) = (&keys, &to_rating) {
            findings.error(
                &word.span,
                format!("“{}” is no sequence of keys", word.text),
                "for example \"*8\"",
            );
        }
        if let (Some(word), None) = (&to_rating, &to_rating_between) {
            findings.error(
                &word.span,
                "`to_rating` needs `to_rating_between_s`",
                "for example 3",
            );
        }
        Some(Connect {
            group,
            ring_at_most: ring_at_most?,
            notice,
            staff_prompt,
            to_rating: keys?,
            to_rating_between: to_rating_between.unwrap_or_default(),
            talk_at_most: talk_at_most?,
            ended: ended?,
            unavailable: unavailable?,
        })
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
                return Next::Go(self.unavailable.text.clone());
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
                Next::Go(self.unavailable.text.clone())
            }
            Event::Timeout => {
                run.act(Action::CancelConnect);
                run.contact = Contact::NoDesk;
                Next::Go(self.unavailable.text.clone())
            }
            _ => Next::Stay(super::State::Connect(State::Ringing)),
        }
    }

    fn join(&self, staff: Option<String>, run: &mut Run) -> Next {
        run.stop_playing();
        run.contact = Contact::Talking;
        run.desk_keys = Some(Sequence::new(
            self.to_rating.clone(),
            self.to_rating_between,
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
        Next::Go(self.ended.text.clone())
    }
}
