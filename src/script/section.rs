//! Reads one TOML table key by key, with places for findings, and tells unknown keys.
//!
//! [`keys!`] declares what a table holds as the struct it becomes: a field's name is its key, a
//! field's type says what may stand there and what its absence means.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::finding::{Findings, Span, nearest};
use super::values::{HoursSpan, NoHours};
use crate::keypad::Digit;

/// A word of a file with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub span: Span,
}

/// One table of a file.
pub struct Section<'t> {
    table: &'t DeTable<'t>,
    /// Where the table's header stands.
    pub span: Span,
    asked: BTreeSet<String>,
}

impl<'t> Section<'t> {
    pub fn new(table: &'t DeTable<'t>, span: Span) -> Self {
        Section {
            table,
            span,
            asked: BTreeSet::new(),
        }
    }

    /// Reads the key of a field; what is missing or wrong is told.
    pub fn read<T: Held>(&mut self, field: &str, findings: &mut Findings) -> Option<T> {
        let key = format!("{field}{}", T::UNIT);
        let value = match self.table.get(key.as_str()) {
            Some(value) => T::held(&key, value, findings),
            None => T::absent().or_else(|| {
                findings.error(
                    &self.span,
                    format!("`{key}` is missing"),
                    format!("add `{key} = {}` here", T::EXAMPLE),
                );
                None
            }),
        };
        self.asked.insert(key);
        value
    }

    /// Keys that are somebody else's.
    pub fn skip(&mut self, keys: &[&str]) {
        self.asked.extend(keys.iter().map(|key| (*key).to_owned()));
    }

    /// Where a key's value stands; the header where there is none.
    pub fn span_of(&self, key: &str) -> Span {
        let value = self.table.get(key);
        value.map_or_else(|| self.span.clone(), Spanned::span)
    }

    /// Tells every key that was never asked for.
    pub fn finish(self, findings: &mut Findings) {
        let known: Vec<&str> = self.asked.iter().map(String::as_str).collect();
        for key in self.table.keys() {
            if self.asked.contains(key.get_ref().as_ref()) {
                continue;
            }
            let right = match nearest(key.get_ref(), &known) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            findings.error(
                &key.span(),
                format!("unknown key `{}`", key.get_ref()),
                right,
            );
        }
    }
}

/// What a key can hold.
pub trait Held: Sized {
    /// Ends the key of a field that has a unit: the time `silence` is written as `silence_s`.
    const UNIT: &'static str = "";
    /// A right value as it is written.
    const EXAMPLE: &'static str;

    /// The value that stands there, or a finding.
    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self>;

    /// What an absent key says; `None` where it must not be absent.
    fn absent() -> Option<Self> {
        None
    }
}

/// What one field of a struct of [`keys!`] takes from a table: one key, or several of another such struct.
pub trait Field: Sized {
    fn field(name: &str, section: &mut Section, findings: &mut Findings) -> Option<Self>;
}

impl<T: Held> Field for T {
    fn field(name: &str, section: &mut Section, findings: &mut Findings) -> Option<Self> {
        section.read(name, findings)
    }
}

/// Declares a struct and, as `Self::read`, how it is read from a table. All its keys are read before
/// one that is wrong makes it fail, so that everything wrong is told at once.
macro_rules! keys {
    ($(#[$about:meta])* pub struct $name:ident {
        $($(#[$of_field:meta])* $field:ident: $kind:ty,)*
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone)]
        pub struct $name { $($(#[$of_field])* $field: $kind,)* }

        impl $name {
            pub fn read(
                section: &mut $crate::script::Section,
                findings: &mut $crate::script::Findings,
            ) -> Option<Self> {
                $(let $field =
                    <$kind as $crate::script::Field>::field(stringify!($field), section, findings);)*
                Some($name { $($field: $field?,)* })
            }
        }

        impl $crate::script::Field for $name {
            fn field(
                _: &str,
                section: &mut $crate::script::Section,
                findings: &mut $crate::script::Findings,
            ) -> Option<Self> {
                Self::read(section, findings)
            }
        }
    };
}

pub(crate) use keys;

impl<T: Held> Held for Option<T> {
    const UNIT: &'static str = T::UNIT;
    const EXAMPLE: &'static str = T::EXAMPLE;

    /// A wrong value was told; as an absent one it hides nothing else that is wrong.
    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        Some(T::held(key, value, findings))
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl Held for Word {
    const EXAMPLE: &'static str = "\"…\"";

    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        word(value).or_else(|| wrong_kind(key, value, "a text in quotes", findings))
    }
}

impl Held for Vec<Word> {
    const EXAMPLE: &'static str = "[\"…\"]";

    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        let words = value.get_ref().as_array();
        words
            .and_then(|array| array.iter().map(word).collect())
            .or_else(|| wrong_kind(key, value, "a list of texts", findings))
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

/// Seconds, whole or with a fraction, from 0 to a day.
impl Held for Duration {
    const UNIT: &'static str = "_s";
    const EXAMPLE: &'static str = "5";

    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        let written = match value.get_ref() {
            DeValue::Integer(number) => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => "",
        };
        let seconds = written.parse::<f64>().ok();
        seconds
            .filter(|seconds| (0.0..=86_400.0).contains(seconds))
            .map(Duration::from_secs_f64)
            .or_else(|| wrong_kind(key, value, "seconds from 0 to 86400", findings))
    }
}

/// A count from 1 to 99.
impl Held for u8 {
    const EXAMPLE: &'static str = "3";

    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        let count = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        count
            .filter(|count| (1..100).contains(count))
            .or_else(|| wrong_kind(key, value, "a count from 1 to 99", findings))
    }
}

impl Held for bool {
    const EXAMPLE: &'static str = "true";

    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        let flag = value.get_ref().as_bool();
        flag.or_else(|| wrong_kind(key, value, "true or false", findings))
    }
}

/// One key of the pad, written as a text: `"*"`.
impl Held for Digit {
    const EXAMPLE: &'static str = "\"*\"";

    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        let word = Word::held(key, value, findings)?;
        one_key(&word.text).or_else(|| {
            findings.error(
                &word.span,
                format!("“{}” is not a key", word.text),
                format!("`{key}` is one of 0–9, *, #"),
            );
            None
        })
    }
}

/// Keys to be pressed one after another: `"*8"`.
impl Held for Vec<Digit> {
    const EXAMPLE: &'static str = "\"*8\"";

    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        let word = Word::held(key, value, findings)?;
        let keys: Option<Self> = word.text.chars().map(Digit::from_char).collect();
        keys.or_else(|| {
            findings.error(
                &word.span,
                format!("“{}” is no sequence of keys", word.text),
                format!("for example `{key} = {}`", Self::EXAMPLE),
            );
            None
        })
    }
}

/// A table from keys of the pad to words: `{ 1 = "callback" }`.
impl Held for Vec<(Digit, Word)> {
    const EXAMPLE: &'static str = "{ 1 = \"…\" }";

    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        let Some(table) = value.get_ref().as_table() else {
            return wrong_kind(key, value, "a table from keys to words", findings);
        };
        let mut keys = Vec::new();
        for (name, value) in table {
            match one_key(name.get_ref()) {
                Some(digit) => {
                    let word = Word::held(name.get_ref(), value, findings);
                    keys.extend(word.map(|word| (digit, word)));
                }
                None => findings.error(
                    &name.span(),
                    format!("“{}” is not a key", name.get_ref()),
                    "a key is one of 0–9, \"*\", \"#\"",
                ),
            }
        }
        Some(keys)
    }
}

/// Times of day: `["09:00-12:00", "13:30-17:00"]`.
impl Held for Vec<HoursSpan> {
    const EXAMPLE: &'static str = "[\"09:00-12:00\"]";

    fn held(key: &str, value: &Spanned<DeValue>, findings: &mut Findings) -> Option<Self> {
        let mut spans = Vec::new();
        for word in Vec::<Word>::held(key, value, findings)? {
            match word.text.parse() {
                Ok(span) => spans.push(span),
                Err(error) => {
                    let error: NoHours = error;
                    findings.error(&word.span, error.to_string(), "for example \"09:00-12:00\"");
                }
            }
        }
        Some(spans)
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

fn one_key(text: &str) -> Option<Digit> {
    let mut chars = text.chars();
    let digit = chars.next().and_then(Digit::from_char);
    digit.filter(|_| chars.next().is_none())
}

fn word(value: &Spanned<DeValue>) -> Option<Word> {
    value.get_ref().as_str().map(|text| Word {
        text: text.to_owned(),
        span: value.span(),
    })
}

/// Tells a value of the wrong kind, and gives none.
fn wrong_kind<T>(
    key: &str,
    value: &Spanned<DeValue>,
    wanted: &str,
    findings: &mut Findings,
) -> Option<T> {
    let kind = value.get_ref().type_str();
    findings.error(
        &value.span(),
        format!("`{key}` is {kind} and cannot be used"),
        format!("`{key}` is {wanted}"),
    );
    None
}
