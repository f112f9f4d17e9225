//! Reads one TOML table key by key, with places for findings, and tells unknown keys.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::finding::{Findings, Span, nearest};
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
    asked: BTreeSet<&'static str>,
}

impl<'t> Section<'t> {
    pub fn new(table: &'t DeTable<'t>, span: Span) -> Self {
        Section {
            table,
            span,
            asked: BTreeSet::new(),
        }
    }

    fn value(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.insert(key);
        self.table.get(key)
    }

    fn needed<T>(
        &self,
        key: &str,
        value: Option<T>,
        was_there: bool,
        findings: &mut Findings,
    ) -> Option<T> {
        if value.is_none() && !was_there {
            findings.error(
                &self.span,
                format!("`{key}` is missing"),
                format!("add `{key} = …` here"),
            );
        }
        value
    }

    /// Keys that are somebody else's.
    pub fn skip(&mut self, keys: &[&'static str]) {
        self.asked.extend(keys);
    }

    /// Where a key's value stands; the header where there is none.
    pub fn span_of(&self, key: &str) -> Span {
        let value = self.table.get(key);
        value.map_or_else(|| self.span.clone(), Spanned::span)
    }

    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub fn text(&mut self, key: &'static str, findings: &mut Findings) -> Option<Word> {
        let value = self.value(key)?;
        let word = word(value);
        if word.is_none() {
            wrong_kind(key, value, "a text in quotes", findings);
        }
        word
    }

    pub fn needed_text(&mut self, key: &'static str, findings: &mut Findings) -> Option<Word> {
        let word = self.text(key, findings);
        self.needed(key, word, self.has(key), findings)
    }

    /// A list of texts; empty where the key is absent.
    pub fn texts(&mut self, key: &'static str, findings: &mut Findings) -> Vec<Word> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let words = value
            .get_ref()
            .as_array()
            .and_then(|array| array.iter().map(word).collect::<Option<Vec<_>>>());
        words.unwrap_or_else(|| {
            wrong_kind(key, value, "a list of texts", findings);
            Vec::new()
        })
    }

    /// Seconds, whole or with a fraction, from 0 to a day.
    pub fn seconds(&mut self, key: &'static str, findings: &mut Findings) -> Option<Duration> {
        let value = self.value(key)?;
        let written = match value.get_ref() {
            DeValue::Integer(number) => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => "",
        };
        let seconds = written
            .parse::<f64>()
            .ok()
            .filter(|seconds| (0.0..=86_400.0).contains(seconds));
        if seconds.is_none() {
            wrong_kind(key, value, "seconds from 0 to 86400", findings);
        }
        seconds.map(Duration::from_secs_f64)
    }

    pub fn needed_seconds(
        &mut self,
        key: &'static str,
        findings: &mut Findings,
    ) -> Option<Duration> {
        let seconds = self.seconds(key, findings);
        self.needed(key, seconds, self.has(key), findings)
    }

    /// A count from 1 to 99.
    pub fn count(&mut self, key: &'static str, findings: &mut Findings) -> Option<u8> {
        let value = self.value(key)?;
        let count = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse::<u8>().ok(),
            _ => None,
        };
        let count = count.filter(|count| (1..100).contains(count));
        if count.is_none() {
            wrong_kind(key, value, "a count from 1 to 99", findings);
        }
        count
    }

    pub fn needed_count(&mut self, key: &'static str, findings: &mut Findings) -> Option<u8> {
        let count = self.count(key, findings);
        self.needed(key, count, self.has(key), findings)
    }

    pub fn flag(&mut self, key: &'static str, findings: &mut Findings) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            wrong_kind(key, value, "true or false", findings);
        }
        flag
    }

    /// One key of the pad, written as a text: `"*"`.
    pub fn digit(&mut self, key: &'static str, findings: &mut Findings) -> Option<Digit> {
        let word = self.text(key, findings)?;
        let mut chars = word.text.chars();
        let digit = chars.next().and_then(Digit::from_char);
        if digit.is_none() || chars.next().is_some() {
            findings.error(
                &word.span,
                format!("“{}” is not a key", word.text),
                format!("`{key}` is one of 0–9, *, #"),
            );
            return None;
        }
        digit
    }

    /// A table from keys of the pad to words: `1 = "callback"`.
    pub fn keys(&mut self, key: &'static str, findings: &mut Findings) -> Vec<(Digit, Word)> {
        let Some(value) = self.value(key) else {
            findings.error(
                &self.span,
                format!("`{key}` is missing"),
                format!("add `{key} = {{ 1 = \"…\" }}`"),
            );
            return Vec::new();
        };
        let Some(table) = value.get_ref().as_table() else {
            wrong_kind(key, value, "a table from keys to words", findings);
            return Vec::new();
        };
        let mut keys = Vec::new();
        for (name, value) in table {
            let mut chars = name.get_ref().chars();
            let digit = chars
                .next()
                .and_then(Digit::from_char)
                .filter(|_| chars.next().is_none());
            match (digit, word(value)) {
                (Some(digit), Some(word)) => keys.push((digit, word)),
                (None, _) => findings.error(
                    &name.span(),
                    format!("“{}” is not a key", name.get_ref()),
                    "a key is one of 0–9, \"*\", \"#\"",
                ),
                (_, None) => wrong_kind(name.get_ref(), value, "a text in quotes", findings),
            }
        }
        keys
    }

    /// Tells every key that was never asked for.
    pub fn finish(self, findings: &mut Findings) {
        let known: Vec<&str> = self.asked.iter().copied().collect();
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

fn word(value: &Spanned<DeValue>) -> Option<Word> {
    value.get_ref().as_str().map(|text| Word {
        text: text.to_owned(),
        span: value.span(),
    })
}

fn wrong_kind(key: &str, value: &Spanned<DeValue>, wanted: &str, findings: &mut Findings) {
    let kind = value.get_ref().type_str();
    findings.error(
        &value.span(),
        format!("`{key}` is {kind} and cannot be used"),
        format!("`{key}` is {wanted}"),
    );
}
