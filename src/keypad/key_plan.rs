//! Keys and when they are pressed: `4@2.1s,1@1s`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::Digit;

/// Keys with their times. The first counts from the beginning of the offer (the first play of
/// the rating's prompt; in a call without one, from its answer), each further one from the key before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyPlan(Vec<KeyPress>);

/// One key and its delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPress {
    pub digit: Digit,
    pub after: Duration,
}

/// The text is no plan of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a key with its time; write KEY@SECONDSs, for example 4@2.1s,1@1s")]
pub struct NotAKeyPlan(String);

/// The longest delay: an hour.
const LONGEST_S: f64 = 3600.0;

impl KeyPlan {
    /// The same as `FromStr`; an empty text is no key at all.
    pub fn parse(text: &str) -> Result<Self, NotAKeyPlan> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(KeyPlan::default());
        }
        text.split(',')
            .map(|part| press(part.trim()).ok_or_else(|| NotAKeyPlan(part.trim().to_owned())))
            .collect::<Result<_, _>>()
            .map(KeyPlan)
    }

    pub fn presses(&self) -> &[KeyPress] {
        &self.0
    }
}

impl FromStr for KeyPlan {
    type Err = NotAKeyPlan;

    fn from_str(text: &str) -> Result<Self, NotAKeyPlan> {
        KeyPlan::parse(text)
    }
}

impl fmt::Display for KeyPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, press) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}@{}s", press.digit, press.after.as_secs_f64())?;
        }
        Ok(())
    }
}

fn press(text: &str) -> Option<KeyPress> {
    let (key, after) = text.split_once('@')?;
    let mut chars = key.chars();
    let digit = chars.next().and_then(Digit::from_char)?;
    let after = parse_seconds(after)?;
    chars.next().is_none().then_some(KeyPress { digit, after })
}

/// `2.1s` or `2.1`, from 0 to an hour.
pub fn parse_seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let seconds: f64 = text.strip_suffix('s').unwrap_or(text).parse().ok()?;
    (0.0..=LONGEST_S)
        .contains(&seconds)
        .then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_read_back_as_they_were_written() {
        let plan = KeyPlan::parse("4@2.1s, 1@1s,#@0.5").expect("it is right");
        assert_eq!(plan.to_string(), "4@2.1s,1@1s,#@0.5s");
    }

    #[test]
    fn what_is_no_key_or_no_time_is_refused_by_its_text() {
        for wrong in [
            "4", "44@1s", "x@1s", "4@-1s", "4@1s,,", "4@nans", "4@infs", "4@1e9s",
        ] {
            assert!(KeyPlan::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = KeyPlan::parse(&text);
        }
    }
}
