//! What a running conversation holds beside its place, and what every verb may do.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::plan::Plan;
use super::verbs::State;
use super::{Action, Digit, Hearers, Mark, NoGrade, NotConnected, Outcome, PlayId};
use crate::domain::Grade;
use crate::keypad::Sequence;
use crate::script::{HoursSpan, Script, Value, Values};

/// Whether the centre is open, worked out by the shell from the working calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hours {
    Open,
    /// Outside the service hours of a working day or on a weekend.
    Closed {
        hours: Vec<HoursSpan>,
    },
    /// `name` is a holiday's word (`guoqing`); service resumes on this day.
    Holiday {
        name: String,
        month: u8,
        day: u8,
    },
}

/// What the shell knows when a call is answered.
#[derive(Debug, Clone)]
pub struct Facts {
    pub hours: Hours,
    /// The caller's number, last four digits; `None` where it is withheld.
    pub tail: Option<String>,
    /// When a callback can be promised: `Value::Slot`.
    pub slot: Option<Value>,
    /// Of a call that we make: when he called us, `Value::Date`.
    pub date: Option<Value>,
    /// Length of each clip by stem, milliseconds.
    pub lengths_ms: Arc<HashMap<String, u32>>,
}

/// What a step does next.
#[derive(Debug)]
pub enum Next {
    Stay(State),
    /// Go to the step of this name.
    Go(String),
    /// The conversation is over.
    Over(Cause),
}

/// Why a conversation is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    CallerLeft,
    PlanEnded,
    Fault,
}

/// How far it came with a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Contact {
    /// Nobody was asked yet.
    None,
    Ringing,
    /// The desk answered and is not yet joined.
    Answered,
    Talking,
    Talked,
    /// His desk was lost, and another one is sought.
    SoughtAgain,
    /// A desk was wanted and none could be had.
    NoDesk,
    Closed,
    /// A voice message was left.
    Message,
    /// A callback was asked for.
    Callback,
    /// Whom we called wants to be called later, or no more.
    PutOff,
    Refused,
}

/// The rating so far.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Rating {
    NotOffered,
    /// Asked; `wrong` once a key came that grades nothing.
    Asking {
        wrong: bool,
    },
    Graded(Grade),
    /// Ended without a grade.
    Without(NoGrade),
}

/// Keys kept at most as type-ahead.
const KEPT_AT_MOST: usize = 16;

/// A running conversation without its place.
#[derive(Debug, Clone)]
pub struct Run {
    pub plan: Arc<Plan>,
    pub script: Arc<Script>,
    pub facts: Facts,
    pub now: Instant,
    pub actions: Vec<Action>,
    pub timer: Option<Instant>,
    pub values: Values,
    pub contact: Contact,
    pub rating: Rating,
    /// When the offer began.
    pub offered: Option<Instant>,
    /// When the rating part stops asking.
    pub asks_until: Option<Instant>,
    pub number: Option<String>,
    pub changes: u8,
    pub visits: BTreeMap<String, u8>,
    pub playing: Option<PlayId>,
    /// When the playing prompt is taken as ended at the latest.
    pub play_ends_by: Instant,
    /// When ringing is given up even if nobody tells.
    pub ring_ends_by: Instant,
    /// When the last grade was keyed.
    pub graded_at: Option<Instant>,
    pub desk_keys: Option<Sequence>,
    kept: VecDeque<(Digit, Instant)>,
    next_play: u32,
}

impl Run {
    pub fn new(plan: Arc<Plan>, script: Arc<Script>, facts: Facts, now: Instant) -> Self {
        let mut values = Values::default();
        if let Some(tail) = &facts.tail {
            values.set("tail", Value::Telephone(tail.clone()));
        }
        if let Some(slot) = &facts.slot {
            values.set("slot", slot.clone());
        }
        if let Some(date) = &facts.date {
            values.set("date", date.clone());
        }
        match &facts.hours {
            Hours::Open => {}
            Hours::Closed { hours } => values.set("hours", Value::Hours(hours.clone())),
            Hours::Holiday { name, month, day } => {
                values.set("holiday", Value::Holiday(name.clone()));
                values.set("month", Value::Number(u16::from(*month)));
                values.set("day", Value::Number(u16::from(*day)));
            }
        }
        Run {
            plan,
            script,
            facts,
            now,
            actions: Vec::new(),
            timer: None,
            values,
            contact: Contact::None,
            rating: Rating::NotOffered,
            offered: None,
            asks_until: None,
            number: None,
            changes: 0,
            visits: BTreeMap::new(),
            playing: None,
            play_ends_by: now,
            ring_ends_by: now,
            graded_at: None,
            desk_keys: None,
            kept: VecDeque::new(),
            next_play: 0,
        }
    }

    pub fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub fn mark(&mut self, mark: Mark) {
        self.act(Action::Mark(mark));
    }

    pub fn timer_in(&mut self, after: Duration) {
        self.timer = Some(self.now + after);
    }

    /// Plays a prompt; the timer is set to when it is taken as ended at the latest.
    pub fn play(&mut self, prompt: &str, hearers: Hearers) -> PlayId {
        let clips = self.script.clips(prompt, &self.values);
        let length_ms: u64 = clips
            .iter()
            .map(|clip| self.facts.lengths_ms.get(&clip.0).copied().unwrap_or(0))
            .map(u64::from)
            .sum();
        let id = PlayId(self.next_play);
        self.next_play += 1;
        self.playing = Some(id);
        self.act(Action::Play {
            id,
            prompt: prompt.to_owned(),
            clips,
            hearers,
        });
        self.timer_in(Duration::from_millis(length_ms) + self.plan.play_grace);
        self.play_ends_by = self.timer.unwrap_or(self.now);
        id
    }

    pub fn stop_playing(&mut self) {
        if self.playing.take().is_some() {
            self.act(Action::StopPlaying);
        }
    }

    /// Whether every value of a prompt is known.
    pub fn knows_values_of(&self, prompt: &str) -> bool {
        self.script.prompt(prompt).is_some_and(|prompt| {
            prompt
                .placeholders()
                .all(|name| self.values.get(name).is_some())
        })
    }

    /// Keeps a key for the next question.
    pub fn keep(&mut self, key: Digit) {
        if self.kept.len() < KEPT_AT_MOST {
            self.kept.push_back((key, self.now));
            self.mark(Mark::KeyKept(key));
        } else {
            self.mark(Mark::KeyIgnored(key));
        }
    }

    pub fn take_kept(&mut self) -> Option<Digit> {
        self.kept.pop_front().map(|(key, _)| key)
    }

    pub fn take_all_kept(&mut self) -> VecDeque<(Digit, Instant)> {
        std::mem::take(&mut self.kept)
    }

    /// Puts a key back that `take_all_kept` gave.
    pub fn keep_again(&mut self, key: Digit, at: Instant) {
        self.kept.push_back((key, at));
    }

    pub fn kept(&self) -> &VecDeque<(Digit, Instant)> {
        &self.kept
    }

    /// The kept keys grade nothing any more.
    pub fn drop_kept(&mut self) {
        while let Some((key, _)) = self.kept.pop_front() {
            self.mark(Mark::KeyIgnored(key));
        }
    }

    /// Whether a person talked.
    pub fn talked(&self) -> bool {
        use Contact::{SoughtAgain, Talked, Talking};
        matches!(self.contact, Talking | Talked | SoughtAgain)
    }

    /// Whether the rating part may ask nothing more.
    pub fn out_of_time(&self) -> bool {
        self.asks_until.is_some_and(|until| until <= self.now)
    }

    /// The one outcome, if the conversation ends now.
    pub fn outcome(&self, cause: Cause) -> Outcome {
        match self.contact {
            Contact::Talking | Contact::Talked | Contact::SoughtAgain => self.talked_outcome(cause),
            Contact::Message => Outcome::NotConnected(NotConnected::Message),
            Contact::Callback => Outcome::NotConnected(NotConnected::Callback),
            Contact::PutOff => Outcome::NotConnected(NotConnected::PutOff),
            Contact::Refused => Outcome::NotConnected(NotConnected::Refused),
            _ if cause == Cause::Fault => Outcome::NotConnected(NotConnected::Fault),
            Contact::NoDesk => Outcome::NotConnected(NotConnected::NoDesk),
            Contact::Closed => Outcome::NotConnected(NotConnected::Closed),
            Contact::None | Contact::Ringing | Contact::Answered => {
                Outcome::NotConnected(match cause {
                    Cause::CallerLeft => NotConnected::Abandoned,
                    Cause::PlanEnded | Cause::Fault => NotConnected::NoDesk,
                })
            }
        }
    }

    fn talked_outcome(&self, cause: Cause) -> Outcome {
        let without = match (&self.rating, cause) {
            (Rating::Graded(grade), _) => return Outcome::Graded(*grade),
            (Rating::Without(why), _) => *why,
            (_, Cause::Fault | Cause::PlanEnded) => NoGrade::Fault,
            (Rating::NotOffered, Cause::CallerLeft) => NoGrade::LeftBeforeOffer,
            (Rating::Asking { wrong: true }, Cause::CallerLeft) => NoGrade::InvalidOnly,
            (Rating::Asking { wrong: false }, Cause::CallerLeft) => {
                let since = self
                    .offered
                    .map(|at| self.now.saturating_duration_since(at));
                let after_ms = since.unwrap_or_default().as_millis();
                NoGrade::LeftInOffer {
                    after_ms: u64::try_from(after_ms).unwrap_or(u64::MAX),
                }
            }
        };
        Outcome::Ungraded(without)
    }
}
