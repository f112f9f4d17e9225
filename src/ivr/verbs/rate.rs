//! `rate`: offers the rating and takes the grade.
//!
//! Why there is no grade: *declined* by the decline key; *invalid only* when at least one wrong
//! key came since the offer (or since the grade was taken back), also mixed with silence;
//! *silent* when none came. A repeat (0) is neither. When the caller leaves it is *invalid
//! only* after a wrong key, else *left in the offer*.

use std::time::Duration;

use serde_spanned::Spanned;
use toml::de::DeValue;

use super::{Event, Exit, Findings, Go, Next, PromptUse, Run, Word, find, keys};
use crate::domain::Grade;
use crate::ivr::ask::{Asked, Asking, Asks};
use crate::ivr::run::{Cause, Contact, Rating};
use crate::ivr::{Action, Digit, Mark, NoGrade};
use crate::script::{Held, Span, Value};

keys! {
    pub struct Rate {
        prompt: Word,
        /// Instead of `prompt` after a grade was taken back.
        change_prompt: Word,
        invalid_prompt: Word,
        silent_prompt: Word,
        asks: Asks,
        /// The whole part stops asking this long after the offer.
        ask_within: Duration,
        store_within: Duration,
        again: Option<Digit>,
        decline: Option<Digit>,
        grades: Vec<(Digit, Graded)>,
        good: Word,
        bad: Word,
        declined: Word,
        unrated: Word,
        fault: Word,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Asking(Asking),
    /// The grade is on its way to the store; the caller may have left meanwhile.
    Storing {
        grade: Grade,
        gone: Option<Cause>,
    },
}

impl Rate {
    pub fn exits(&self) -> Vec<Exit<'_>> {
        [
            &self.good,
            &self.bad,
            &self.declined,
            &self.unrated,
            &self.fault,
        ]
        .map(Exit::new)
        .into()
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        [
            &self.prompt,
            &self.change_prompt,
            &self.invalid_prompt,
            &self.silent_prompt,
        ]
        .map(|id| PromptUse::new(id).barge_in(&self.asks))
        .into()
    }

    /// A key may mean one thing only.
    pub fn check(&self, findings: &mut Findings) {
        let grades = self.grades.iter().map(|(key, graded)| (*key, &graded.span));
        super::refuse_double_keys(grades, &[self.again, self.decline], findings);
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        if run.offered.is_some() {
            return self.ask(&self.change_prompt, run);
        }
        // Keys from before the offer never grade.
        run.drop_kept();
        run.contact = Contact::Talked;
        run.offered = Some(run.now);
        run.asks_until = Some(run.now + self.ask_within);
        run.rating = Rating::Asking { wrong: false };
        run.mark(Mark::OfferStarted);
        self.ask(&self.prompt, run)
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        match state {
            State::Asking(asking) => {
                let asked = self.asks.on(asking, event, run);
                self.asked(asked, run)
            }
            State::Storing { grade, gone } => self.storing(grade, gone, event, run),
        }
    }

    fn ask(&self, prompt: &Word, run: &mut Run) -> Next {
        let asked = self.asks.begin(prompt, run);
        self.asked(asked, run)
    }

    fn asked(&self, asked: Asked, run: &mut Run) -> Next {
        match asked {
            Asked::Pending(asking) => Next::Stay(super::State::Rate(State::Asking(asking))),
            Asked::Silence { plays } => {
                run.mark(Mark::Silent);
                self.ask_again(&self.silent_prompt, plays, run)
            }
            Asked::OutOfTime => self.without_grade(run),
            Asked::Key { key, plays } => self.key(key, plays, run),
        }
    }

    fn key(&self, key: Digit, plays: u8, run: &mut Run) -> Next {
        if let Some(Graded { grade, .. }) = find(&self.grades, key) {
            let grade = *grade;
            run.graded_at = Some(run.now);
            run.act(Action::StoreGrade { grade, key });
            run.timer_in(self.store_within);
            let gone = None;
            return Next::Stay(super::State::Rate(State::Storing { grade, gone }));
        }
        if self.decline == Some(key) {
            run.rating = Rating::Without(NoGrade::Declined);
            return self.declined.go();
        }
        if self.again == Some(key) {
            return self.ask_again(&self.prompt, plays, run);
        }
        run.mark(Mark::InvalidKey(key));
        run.rating = Rating::Asking { wrong: true };
        self.ask_again(&self.invalid_prompt, plays, run)
    }

    fn ask_again(&self, prompt: &Word, plays: u8, run: &mut Run) -> Next {
        match self.asks.again(prompt, plays, run) {
            Some(asked) => self.asked(asked, run),
            None => self.without_grade(run),
        }
    }

    fn without_grade(&self, run: &mut Run) -> Next {
        run.rating = Rating::Without(match run.rating {
            Rating::Asking { wrong: true } => NoGrade::InvalidOnly,
            _ => NoGrade::Silent,
        });
        self.unrated.go()
    }

    fn storing(&self, grade: Grade, gone: Option<Cause>, event: &Event, run: &mut Run) -> Next {
        let gone = match event {
            Event::GradeStored => {
                run.rating = Rating::Graded(grade);
                run.values.set("grade", Value::Grade(grade));
                let to = if grade.is_positive() {
                    &self.good
                } else {
                    &self.bad
                };
                return gone.map_or_else(|| to.go(), Next::Over);
            }
            Event::GradeNotStored | Event::Timeout => {
                run.rating = Rating::Without(NoGrade::Fault);
                return gone.map_or_else(|| self.fault.go(), Next::Over);
            }
            Event::CallerHungUp => Some(Cause::CallerLeft),
            Event::Fault | Event::Drained => Some(Cause::Fault),
            Event::Digit(key) => {
                run.keep(*key);
                gone
            }
            _ => gone,
        };
        Next::Stay(super::State::Rate(State::Storing { grade, gone }))
    }
}

/// A grade with its place in the file.
#[derive(Debug, Clone)]
pub struct Graded {
    grade: Grade,
    span: Span,
}

/// The five grades, each with one key.
impl Held for Vec<(Digit, Graded)> {
    const EXAMPLE: &'static str = "{ 1 = \"very_satisfied\", … }";

    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        let words = Vec::<(Digit, Word)>::held(key, value, findings)?;
        let first = words.first().map(|(_, word)| word.span.clone());
        let mut grades = Vec::<(Digit, Graded)>::new();
        let has = |grades: &[(Digit, Graded)], grade| {
            grades.iter().any(|(_, known)| known.grade == grade)
        };
        for (key, Word { text, span }) in words {
            match text.parse::<Grade>() {
                Ok(grade) if has(&grades, grade) => findings.error(
                    &span,
                    format!("“{grade}” has two keys"),
                    "each of the five grades has one key (第五条)",
                ),
                Ok(grade) => grades.push((key, Graded { grade, span })),
                Err(unknown) => findings.error(&span, unknown.to_string(), ""),
            }
        }
        for grade in Grade::ALL.into_iter().filter(|grade| !has(&grades, *grade)) {
            findings.error(
                &first.clone().unwrap_or_else(|| value.span()),
                format!("no key grades “{grade}” ({})", grade.zh()),
                "the grades are the five of 第五条, each with one key",
            );
        }
        Some(grades)
    }
}
