//! `connect`: rings a desk while the notice plays, lets the caller wait, joins, and watches over the talk.

use std::time::Duration;

use super::waiting::{self, Waiting};
use super::{Event, Exit, Findings, Go, Next, PromptUse, Run, Section, Word, keys};
use crate::ivr::run::Contact;
use crate::ivr::{Action, Digit, Hearers, Mark, Target, Unavailable};
use crate::keypad::Sequence;
use crate::script::Value;
use crate::talk;

keys! {
    pub struct Connect {
        group: Option<Word>,
        /// Of the desks that have it the best is rung first.
        skill: Option<Word>,
        ring_at_most: Duration,
        waiting: Waiting,
        /// Played while the desk rings; caller and desk are joined after it.
        notice: Option<Word>,
        /// Tells the staff number to both; left out for a desk without one.
        staff_prompt: Option<Word>,
        /// The desk's keys for 转评价.
        to_rating: Option<Vec<Digit>>,
        to_rating_between: Option<Duration>,
        handling: talk::Keys,
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
    /// So it is where the caller may wait: a desk rings, or none is free.
    Waiting(waiting::State),
    Talking,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Meanwhile {
    Rings,
    /// No desk was free in a while: his position is to be told.
    Waits,
    Answered {
        staff: Option<String>,
    },
    CannotBeHad,
    HoursEnded,
}

impl State {
    /// Whether a desk is still looked for.
    pub fn is_hunting(&self) -> bool {
        match self {
            State::Notice(Meanwhile::Rings | Meanwhile::Waits) => true,
            State::Ringing | State::Waiting(_) => true,
            State::Notice(_) | State::Talking => false,
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
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
        self.handling
            .check(self.to_rating.as_deref(), section, findings);
        self.waiting.check(section, findings);
    }

    /// What the desk may do in the talk. Who is rung for a caller who has a desk is rung as long as the first one was.
    pub fn handling(&self) -> talk::Handling {
        self.handling.handling(
            self.to_rating.as_deref(),
            self.to_rating_between,
            self.waiting.at_most().unwrap_or(self.ring_at_most),
        )
    }

    /// The step after the talk.
    pub fn ended(&self) -> &Word {
        &self.ended
    }

    pub fn exits(&self) -> Vec<Exit<'_>> {
        let own = [&self.ended, &self.unavailable].into_iter();
        own.chain(self.waiting.exits()).map(Exit::new).collect()
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
            .chain(self.handling.prompts().map(PromptUse::new))
            .chain(self.waiting.prompts())
            .collect()
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        run.contact = Contact::Ringing;
        self.seek(run);
        match &self.notice {
            Some(notice) => {
                run.play(&notice.text, Hearers::Caller);
                Next::Stay(super::State::Connect(State::Notice(Meanwhile::Rings)))
            }
            None => self.ring_on(false, run),
        }
    }

    fn seek(&self, run: &mut Run) {
        let waits = self.waiting.waits();
        // Who is being rung for when his wait is over is rung for to the end.
        let at_most = self.waiting.at_most().unwrap_or_default() + self.ring_at_most;
        run.ring_ends_by = run.now + at_most + run.plan.play_grace;
        let text = |word: &Option<Word>| word.as_ref().map(|word| word.text.clone());
        run.act(Action::Connect {
            target: Target::Desks {
                group: text(&self.group),
                skill: text(&self.skill),
            },
            ring_timeout_ms: millis(self.waiting.at_most().unwrap_or(self.ring_at_most)),
            waits,
        });
    }

    /// The groups of desks that it names.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        let own = self.group.iter().chain(self.waiting.overflow_group());
        own.map(|word| word.text.as_str())
    }

    /// The skill of desks that it names.
    pub fn skill(&self) -> Option<&str> {
        self.skill.as_ref().map(|word| word.text.as_str())
    }

    /// Whether a caller may wait here.
    pub fn waits(&self) -> bool {
        self.waiting.at_most().is_some()
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        if let Event::Digit(key) = event {
            match &state {
                // Who has talked is owed the question for his grade: no key of the queue leads past it.
                State::Waiting(_) if run.contact != Contact::SoughtAgain => {
                    if let Some(to) = self.waiting.key(*key) {
                        run.stop_playing();
                        run.act(Action::StepAside);
                        return to.go();
                    }
                }
                State::Waiting(_) | State::Notice(_) | State::Ringing | State::Talking => {}
            }
            run.mark(Mark::KeyIgnored(*key));
        }
        match state {
            State::Notice(meanwhile) => self.in_notice(meanwhile, event, run),
            State::Ringing => self.ringing(event, run),
            State::Waiting(state) => match event {
                Event::Position { .. } | Event::Played(_) | Event::Timeout
                    if run.now < run.ring_ends_by =>
                {
                    Self::waits_on(self.waiting.on(state, event, run))
                }
                _ => match self.ringing(event, run) {
                    Next::Stay(super::State::Connect(State::Ringing)) => Self::waits_on(state),
                    next => next,
                },
            },
            State::Talking => self.talking(event, run),
        }
    }

    fn in_notice(&self, meanwhile: Meanwhile, event: &Event, run: &mut Run) -> Next {
        let meanwhile = match (meanwhile, event) {
            (Meanwhile::Rings | Meanwhile::Waits, Event::DeskAnswered { staff }) => {
                run.contact = Contact::Answered;
                Meanwhile::Answered {
                    staff: staff.clone(),
                }
            }
            (Meanwhile::Rings | Meanwhile::Waits, Event::DeskUnavailable(Unavailable::Closed)) => {
                run.contact = Contact::NoDesk;
                Meanwhile::HoursEnded
            }
            (Meanwhile::Rings | Meanwhile::Waits, Event::DeskUnavailable(_))
            | (Meanwhile::Answered { .. }, Event::DeskHungUp | Event::DeskLost) => {
                run.contact = Contact::NoDesk;
                Meanwhile::CannotBeHad
            }
            (Meanwhile::Rings | Meanwhile::Waits, Event::Position { .. }) if self.waits() => {
                Waiting::hear(event, run);
                Meanwhile::Waits
            }
            (Meanwhile::Rings, Event::Played(_) | Event::Timeout) => {
                return self.ring_on(false, run);
            }
            (Meanwhile::Waits, Event::Played(_) | Event::Timeout) => {
                return self.ring_on(true, run);
            }
            (Meanwhile::Answered { staff }, Event::Played(_) | Event::Timeout) => {
                return self.join(staff, run);
            }
            (Meanwhile::CannotBeHad, Event::Played(_) | Event::Timeout) => {
                return self.unavailable.go();
            }
            (Meanwhile::HoursEnded, Event::Played(_) | Event::Timeout) => {
                return self
                    .waiting
                    .hours_end(run)
                    .unwrap_or(&self.unavailable)
                    .go();
            }
            (meanwhile, _) => meanwhile,
        };
        Next::Stay(super::State::Connect(State::Notice(meanwhile)))
    }

    fn ring_on(&self, tells: bool, run: &mut Run) -> Next {
        run.stop_playing();
        run.timer = Some(run.ring_ends_by);
        match self.waits() {
            true => Self::waits_on(self.waiting.begin(tells, run)),
            false => Next::Stay(super::State::Connect(State::Ringing)),
        }
    }

    fn waits_on(state: waiting::State) -> Next {
        Next::Stay(super::State::Connect(State::Waiting(state)))
    }

    fn ringing(&self, event: &Event, run: &mut Run) -> Next {
        match event {
            Event::DeskAnswered { staff } => self.join(staff.clone(), run),
            Event::DeskUnavailable(Unavailable::Closed) if run.contact != Contact::SoughtAgain => {
                run.stop_playing();
                run.contact = Contact::NoDesk;
                self.waiting
                    .hours_end(run)
                    .unwrap_or(&self.unavailable)
                    .go()
            }
            Event::DeskUnavailable(_) => {
                if run.contact == Contact::SoughtAgain {
                    // He is asked for his grade: his place in the queue is another's.
                    run.act(Action::CancelConnect);
                }
                self.in_vain(run)
            }
            Event::Timeout => {
                run.act(Action::CancelConnect);
                self.in_vain(run)
            }
            _ => Next::Stay(super::State::Connect(State::Ringing)),
        }
    }

    /// Nobody is to be had. Who had talked with a desk before that was lost is asked for his grade.
    fn in_vain(&self, run: &mut Run) -> Next {
        run.stop_playing();
        if run.contact == Contact::SoughtAgain {
            run.contact = Contact::Talked;
            return self.ended.go();
        }
        run.contact = Contact::NoDesk;
        self.unavailable.go()
    }

    fn join(&self, staff: Option<String>, run: &mut Run) -> Next {
        run.stop_playing();
        run.contact = Contact::Talking;
        run.act(Action::Join);
        self.welcome(staff, run);
        run.timer_in(self.talk_at_most);
        Next::Stay(super::State::Connect(State::Talking))
    }

    /// A desk has the caller from now on.
    fn welcome(&self, staff: Option<String>, run: &mut Run) {
        run.desk_keys = Some(Sequence::new(
            self.to_rating.clone().unwrap_or_default(),
            self.to_rating_between.unwrap_or_default(),
        ));
        if let (Some(prompt), Some(staff)) = (&self.staff_prompt, staff) {
            run.values.set("staff", Value::Digits(staff));
            run.play(&prompt.text, Hearers::Both);
        }
    }

    fn sends(run: &mut Run) {
        run.mark(Mark::SentToRating);
        run.act(Action::ReleaseDesk);
    }

    fn talking(&self, event: &Event, run: &mut Run) -> Next {
        match event {
            Event::DeskLost if self.waits() => {
                run.contact = Contact::SoughtAgain;
                self.seek(run);
                return self.ring_on(false, run);
            }
            Event::DeskHungUp | Event::DeskLost => {}
            Event::DeskChanged { staff } => {
                let talks_until = run.timer;
                self.welcome(staff.clone(), run);
                run.timer = talks_until;
                return Next::Stay(super::State::Connect(State::Talking));
            }
            Event::DeskDigit(key) => {
                let now = run.now;
                let complete = run
                    .desk_keys
                    .as_mut()
                    .is_some_and(|keys| keys.press(*key, now));
                if !complete {
                    return Next::Stay(super::State::Connect(State::Talking));
                }
                Self::sends(run);
            }
            Event::DeskSends => Self::sends(run),
            Event::Timeout => run.act(Action::ReleaseDesk),
            _ => return Next::Stay(super::State::Connect(State::Talking)),
        }
        run.stop_playing();
        run.contact = Contact::Talked;
        self.ended.go()
    }
}
