//! How the operator writes who may be called: a number, or the beginning of national ones.

use crate::errands::{Numbers, Trouble};

/// One entry of `[transfers] outside`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// This one: in its national form, or a service such as `12345`.
    Number(String),
    /// All national numbers that begin so: `010…`, also written `010*`.
    Begins(String),
}

/// Why an entry cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// No digits, or no number.
    Unreadable,
    /// Emergency, foreign or premium: never called.
    Never,
}

/// What stands for the rest of a number.
const REST: [char; 2] = ['…', '*'];

impl Pattern {
    pub fn read(text: &str) -> Result<Pattern, Unfit> {
        let text = text.trim();
        if let Some(begins) = text.strip_suffix(REST) {
            let fits = !begins.is_empty() && begins.bytes().all(|byte| byte.is_ascii_digit());
            return match fits && !begins.starts_with("00") {
                true => Ok(Pattern::Begins(begins.to_owned())),
                false => Err(Unfit::Unreadable),
            };
        }
        match Numbers::default().judge(text) {
            Ok(number) => Ok(Pattern::Number(number.as_str().to_owned())),
            Err(Trouble::Service) => {
                let digits = Numbers::plain(text).ok_or(Unfit::Unreadable)?;
                Ok(Pattern::Number(digits))
            }
            Err(Trouble::Emergency | Trouble::Foreign | Trouble::Premium) => Err(Unfit::Never),
            Err(_) => Err(Unfit::Unreadable),
        }
    }

    /// Whether it names this national number.
    pub fn takes(&self, national: &str) -> bool {
        match self {
            Pattern::Number(number) => number == national,
            Pattern::Begins(begins) => national.starts_with(begins.as_str()),
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Pattern::Number(number) => f.write_str(number),
            Pattern::Begins(begins) => write!(f, "{begins}…"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_as_they_are_shown() {
        for (text, shown) in [
            ("12345", "12345"),
            ("010…", "010…"),
            ("1*", "1…"),
            ("010-8423 1234", "01084231234"),
            ("+86 138 0013 8000", "13800138000"),
            ("4008001234", "4008001234"),
        ] {
            assert_eq!(Pattern::read(text).unwrap().to_string(), shown);
        }
        for (text, why) in [
            ("", Unfit::Unreadable),
            ("…", Unfit::Unreadable),
            ("00…", Unfit::Unreadable),
            ("01x…", Unfit::Unreadable),
            ("audit", Unfit::Unreadable),
            ("110", Unfit::Never),
            ("+1 212 555 0100", Unfit::Never),
            ("16812345", Unfit::Never),
        ] {
            assert_eq!(Pattern::read(text), Err(why), "{text}");
        }
    }
}
