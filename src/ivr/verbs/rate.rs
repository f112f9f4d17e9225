//! `rate`: offers the rating and takes the grade.
//!
//! Why there is no grade: *declined* by the decline key; *invalid only* when at least one wrong
//! key came since the offer (or since the grade was taken back), also mixed with silence;
//! *silent* when none came. A repeat (0) is neither. When the caller leaves it is *invalid
//! only* after a wrong key, else *left in the offer*.

use std::time::Duration;

use super::{Event, Exit, Findings, Next, PromptUse, Run, Section, Word};
use crate::domain::Grade;
use crate::ivr::ask::{Ask, Asked, Question};
use crate::ivr::run::{Cause, Contact, Rating};
use crate::ivr::{Action, Digit, Mark, NoGrade};
use crate::script::Value;

#[derive(Debug, Clone)]
pub struct Rate {
    prompt: Word,
    /// Instead of `prompt` after a grade was taken back.
    change_prompt: Word,
    invalid_prompt: Word,
    silent_prompt: Word,
    barge_in_after: Option<Duration>,
    silence: Duration,
    plays_at_most: u8,
    /// The whole part stops asking this long after the offer.
    ask_within: Duration,
    store_within: Duration,
    again: Option<Digit>,
    decline: Option<Digit>,
    grades: Vec<(Digit, Grade)>,
    good: Word,
    bad: Word,
    declined: Word,
    unrated: Word,
    fault: Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Asking {
        ask: Ask,
        plays: u8,
    },
    /// The grade is on its way to the store; the caller may have left meanwhile.
    Storing {
        grade: Grade,
        gone: Option<Cause>,
    },
}

impl Rate {
    pub fn read(section: &mut Section, findings: &mut Findings) -> Option<Self> {
        let prompt = section.needed_text("prompt", findings);
        let change_prompt = section.needed_text("change_prompt", findings);
        let invalid_prompt = section.needed_text("invalid_prompt", findings);
        let silent_prompt = section.needed_text("silent_prompt", findings);
        let barge_in_after = section.seconds("barge_in_after_s", findings);
        let silence = section.needed_seconds("silence_s", findings);
        let plays_at_most = section.needed_count("plays_at_most", findings);
        let ask_within = section.needed_seconds("ask_within_s", findings);
        let store_within = section.needed_seconds("store_within_s", findings);
        let again = section.digit("again", findings);
        let decline = section.digit("decline", findings);
        let words = section.keys("grades", findings);
        super::refuse_double_keys(&words, &[again, decline], findings);
        let grades = read_grades(&words, section, findings);
        let good = section.needed_text("good", findings);
        let bad = section.needed_text("bad", findings);
        let declined = section.needed_text("declined", findings);
        let unrated = section.needed_text("unrated", findings);
        let fault = section.needed_text("fault", findings);
        Some(Rate {
            prompt: prompt?,
            change_prompt: change_prompt?,
            invalid_prompt: invalid_prompt?,
            silent_prompt: silent_prompt?,
            barge_in_after,
            silence: silence?,
            plays_at_most: plays_at_most?,
            ask_within: ask_within?,
            store_within: store_within?,
            again,
            decline,
            grades,
            good: good?,
            bad: bad?,
            declined: declined?,
            unrated: unrated?,
            fault: fault?,
        })
    }

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
        .map(|id| PromptUse::new(id).barge_in(self.barge_in_after))
        .into()
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        if run.offered.is_some() {
            return self.ask(&self.change_prompt, 1, run);
        }
        // Keys from before the offer never grade.
        run.drop_kept();
        run.contact = Contact::Talked;
        run.offered = Some(run.now);
        run.asks_until = Some(run.now + self.ask_within);
        run.rating = Rating::Asking { wrong: false };
        run.mark(Mark::OfferStarted);
        self.ask(&self.prompt, 1, run)
    }

    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        match state {
            State::Asking { ask, plays } => {
                let asked = ask.on(event, run);
                self.asked(asked, plays, run)
            }
            State::Storing { grade, gone } => self.storing(grade, gone, event, run),
        }
    }

    fn ask(&self, prompt: &Word, plays: u8, run: &mut Run) -> Next {
        let question = Question {
            prompt: &prompt.text,
            barge_in_after: self.barge_in_after,
            silence: self.silence,
        };
        let asked = Ask::begin(&question, run);
        self.asked(asked, plays, run)
    }

    fn asked(&self, asked: Asked, plays: u8, run: &mut Run) -> Next {
        match asked {
            Asked::Pending(ask) => Next::Stay(super::State::Rate(State::Asking { ask, plays })),
            Asked::Silence => {
                run.mark(Mark::Silent);
                self.ask_again(&self.silent_prompt, plays, run)
            }
            Asked::OutOfTime => self.without_grade(run),
            Asked::Key(key) => self.key(key, plays, run),
        }
    }

    fn key(&self, key: Digit, plays: u8, run: &mut Run) -> Next {
        if let Some((_, grade)) = self.grades.iter().find(|(own, _)| *own == key) {
            run.graded_at = Some(run.now);
            run.act(Action::StoreGrade { grade: *grade, key });
            run.timer_in(self.store_within);
            return Next::Stay(super::State::Rate(State::Storing {
                grade: *grade,
                gone: None,
            }));
        }
        if self.decline == Some(key) {
            run.rating = Rating::Without(NoGrade::Declined);
            return Next::Go(self.declined.text.clone());
        }
        if self.again == Some(key) {
            return self.ask_again(&self.prompt, plays, run);
        }
        run.mark(Mark::InvalidKey(key));
        run.rating = Rating::Asking { wrong: true };
        self.ask_again(&self.invalid_prompt, plays, run)
    }

    fn ask_again(&self, prompt: &Word, plays: u8, run: &mut Run) -> Next {
        if plays >= self.plays_at_most || run.out_of_time() {
            return self.without_grade(run);
        }
        self.ask(prompt, plays + 1, run)
    }

    fn without_grade(&self, run: &mut Run) -> Next {
        run.rating = Rating::Without(match run.rating {
            Rating::Asking { wrong: true } => NoGrade::InvalidOnly,
            _ => NoGrade::Silent,
        });
        Next::Go(self.unrated.text.clone())
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
                return gone.map_or_else(|| Next::Go(to.text.clone()), Next::Over);
            }
            Event::GradeNotStored | Event::Timeout => {
                run.rating = Rating::Without(NoGrade::Fault);
                return gone.map_or_else(|| Next::Go(self.fault.text.clone()), Next::Over);
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

fn read_grades(
    words: &[(Digit, Word)],
    section: &Section,
    findings: &mut Findings,
) -> Vec<(Digit, Grade)> {
    let mut grades = Vec::new();
    for (key, word) in words {
        match word.text.parse::<Grade>() {
            Ok(grade) if grades.iter().any(|(_, known)| *known == grade) => findings.error(
                &word.span,
                format!("“{grade}” has two keys"),
                "each of the five grades has one key (第五条)",
            ),
            Ok(grade) => grades.push((*key, grade)),
            Err(unknown) => findings.error(&word.span, unknown.to_string(), ""),
        }
    }
    for grade in Grade::ALL {
        if !grades.iter().any(|(_, known)| *known == grade) {
            findings.error(
                &words
                    .first()
                    .map_or(section.span.clone(), |(_, word)| word.span.clone()),
                format!("no key grades “{grade}” ({})", grade.zh()),
                "the grades are the five of 第五条, each with one key",
            );
        }
    }
    grades
}
