//! What a desk may do with its caller while they talk: its codes, and what the caller hears meanwhile.

use std::time::Duration;

use super::{Codes, Meaning};
use crate::keypad::Digit;
use crate::script::{Findings, Section, Word, keys};

/// From one key of a code to the next, where the plan does not say.
const BETWEEN: Duration = Duration::from_secs(3);

keys! {
    /// Keys of a plan's step `connect`. A code that is left out is the usual one.
    pub struct Keys {
        /// Played while the caller waits for a desk that has put him on hold, transfers him or asks a colleague.
        hold_prompt: Option<Word>,
        /// From its end to its next beginning; without it the prompt is played once.
        hold_again: Option<Duration>,
        /// Played when he has his desk back.
        resume_prompt: Option<Word>,
        /// A number and `#` follow.
        consult: Option<Vec<Digit>>,
        complete: Option<Vec<Digit>>,
        take_back: Option<Vec<Digit>>,
        seal: Option<Vec<Digit>>,
    }
}

/// A code: what it means, its key in the plan, what stands there, and the usual one.
type Code<'a> = (Meaning, &'static str, &'a Option<Vec<Digit>>, [Digit; 2]);

/// What a desk may do with its caller while they talk, as the plan says.
#[derive(Debug, Clone)]
pub struct Handling {
    pub codes: Codes,
    pub hold_prompt: Option<String>,
    /// From the end of the prompt to its next beginning.
    pub hold_again: Option<Duration>,
    pub resume_prompt: Option<String>,
    /// How long another desk is rung or waited for.
    pub patience: Duration,
}

impl Keys {
    fn given(&self) -> [Code<'_>; 4] {
        let usual = |key| [Digit::Star, key];
        [
            (Meaning::Consult, "consult", &self.consult, usual(Digit::D2)),
            (
                Meaning::Complete,
                "complete",
                &self.complete,
                usual(Digit::D1),
            ),
            (
                Meaning::TakeBack,
                "take_back",
                &self.take_back,
                usual(Digit::D0),
            ),
            (Meaning::Seal, "seal", &self.seal, usual(Digit::D7)),
        ]
    }

    /// A code may mean one thing only, and none may be heard in another's keys.
    pub fn check(&self, to_rating: Option<&[Digit]>, section: &Section, findings: &mut Findings) {
        let mut taken: Vec<(&str, &[Digit])> = Vec::new();
        taken.extend(to_rating.map(|code| ("to_rating", code)));
        for (_, key, code, _) in self.given() {
            let Some(code) = code.as_deref() else {
                continue;
            };
            if let Some((other, _)) = taken.iter().find(|(_, other)| clash(code, other)) {
                findings.error(
                    &section.span_of(key),
                    format!("the keys of `{key}` are heard in those of `{other}`"),
                    "give each code keys of its own, such as \"*2\" and \"*7\"",
                );
            }
            taken.push((key, code));
        }
    }

    /// The codes in force: a usual one gives way to what the plan says.
    pub fn handling(
        &self,
        to_rating: Option<&[Digit]>,
        between: Option<Duration>,
        patience: Duration,
    ) -> Handling {
        let text = |word: &Option<Word>| word.as_ref().map(|word| word.text.clone());
        Handling {
            codes: Codes::new(self.in_force(to_rating), between.unwrap_or(BETWEEN)),
            hold_prompt: text(&self.hold_prompt),
            hold_again: self.hold_again,
            resume_prompt: text(&self.resume_prompt),
            patience,
        }
    }

    fn in_force(&self, to_rating: Option<&[Digit]>) -> Vec<(Meaning, Vec<Digit>)> {
        let mut said: Vec<&[Digit]> = self
            .given()
            .iter()
            .filter_map(|(_, _, code, _)| code.as_deref())
            .collect();
        said.extend(to_rating);
        let mut codes = Vec::new();
        for (meaning, _, code, usual) in self.given() {
            match code {
                Some(code) => codes.push((meaning, code.clone())),
                None if said.iter().any(|said| clash(&usual, said)) => {}
                None => codes.push((meaning, usual.into())),
            }
        }
        codes
    }

    pub fn prompts(&self) -> impl Iterator<Item = &Word> {
        let prompts = [&self.hold_prompt, &self.resume_prompt].into_iter();
        prompts.flatten()
    }
}

fn clash(one: &[Digit], other: &[Digit]) -> bool {
    let within = |long: &[Digit], short: &[Digit]| {
        !short.is_empty() && long.windows(short.len()).any(|part| part == short)
    };
    within(one, other) || within(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> Keys {
        Keys {
            hold_prompt: None,
            hold_again: None,
            resume_prompt: None,
            consult: None,
            complete: None,
            take_back: None,
            seal: None,
        }
    }

    fn keys(text: &str) -> Vec<Digit> {
        text.chars()
            .map(|key| Digit::from_char(key).unwrap())
            .collect()
    }

    fn in_force(of: &Keys, to_rating: &str) -> Vec<(Meaning, Vec<Digit>)> {
        let to_rating = keys(to_rating);
        of.in_force(Some(&to_rating))
    }

    #[test]
    fn a_plan_without_codes_has_the_usual_ones_but_for_what_it_uses_itself() {
        let usual = in_force(&none(), "*8");
        let usual: Vec<_> = usual.iter().map(|(_, code)| code.clone()).collect();
        assert_eq!(usual, ["*2", "*1", "*0", "*7"].map(keys));
        let own = in_force(&none(), "*7");
        assert!(
            own.iter().all(|(code, _)| *code != Meaning::Seal),
            "{own:?}"
        );
        let other = Keys {
            consult: Some(keys("*7")),
            ..none()
        };
        let other = in_force(&other, "*8");
        assert_eq!(other[0], (Meaning::Consult, keys("*7")));
        assert_eq!(other.len(), 3, "{other:?}");
    }

    #[test]
    fn codes_clash_where_one_is_heard_in_the_other() {
        assert!(clash(&keys("*2"), &keys("*2")));
        assert!(clash(&keys("**2"), &keys("*2")));
        assert!(!clash(&keys("*2"), &keys("*8")));
        assert!(!clash(&keys("*2"), &keys("")));
    }
}
