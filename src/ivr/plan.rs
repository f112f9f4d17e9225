//! A dialplan: which numbers it answers, and the steps of the conversation, as data.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use toml::de::{DeTable, DeValue};

use super::verbs::{VERBS, Verb};
use crate::script::{Findings, HoursSpan, Section, Span, Word, keys, nearest};

/// `dialplans/<name>.toml`. Only `drill::check` gives one that may take calls.
#[derive(Debug, Clone)]
pub struct Plan {
    pub name: String,
    /// Patterns of the called user part; `*` stands for any characters.
    pub answers: Vec<Word>,
    /// Folder of the prompts: `zh-CN`.
    pub locale: String,
    pub start: Word,
    /// A play that has not been reported as ended this long after it should have been is taken as ended.
    pub play_grace: Duration,
    /// What the walk has to prove.
    pub bounds: Bounds,
    /// Where the two bounds stand in the file.
    pub bounds_at: (Span, Span),
    pub steps: BTreeMap<String, Step>,
    /// Steps in which something was so wrong that there is none.
    pub unread: BTreeSet<String>,
    digest: String,
}

/// Times that no path of the plan may exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// From the offer until nothing more is asked, voice message not counted.
    pub rating: Duration,
    /// The whole call, ringing and talk not counted.
    pub call: Duration,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    pub verb: Verb,
    /// Values that must be known (`tail`, `slot` …), else the step `otherwise` is taken.
    pub needs: Vec<Word>,
    pub otherwise: Option<Word>,
    /// The step is entered at most this often, then `exhausted` is taken.
    pub at_most: Option<u8>,
    pub exhausted: Option<Word>,
    pub span: Span,
}

impl Plan {
    /// Reads a plan of which nothing is proven yet; `None` where its keys do not make one.
    pub fn read(text: &str, findings: &mut Findings) -> Option<Plan> {
        read(text, findings)
    }

    /// SHA-256 of the plan's text, hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether this plan serves a called user part.
    pub fn serves(&self, called: &str) -> bool {
        self.answers
            .iter()
            .any(|pattern| matches(pattern.text.as_bytes(), called.as_bytes()))
    }

    /// Service hours of the plan's own, where it states some: they go before the configuration's.
    pub fn service_hours(&self) -> Option<&[HoursSpan]> {
        self.steps.values().find_map(|step| match &step.verb {
            Verb::Hours(verb) => verb.service(),
            _ => None,
        })
    }
}

/// `*` stands for any characters, everything else for itself.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    // Greedy with one point of return: linear, whatever the number of stars.
    let (mut at, mut read) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while read < text.len() {
        if pattern.get(at) == Some(&b'*') {
            back = Some((at, read));
            at += 1;
        } else if pattern.get(at) == Some(&text[read]) {
            at += 1;
            read += 1;
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            at = star + 1;
            read = from + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|rest| *rest == b'*')
}

fn read(text: &str, findings: &mut Findings) -> Option<Plan> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let broken = !errors.is_empty();
    for error in errors {
        let at = error.span().unwrap_or(0..0);
        findings.error(&at, error.message().to_owned(), "the file is TOML 1.0");
    }
    if broken {
        return None;
    }
    let mut section = Section::new(table.get_ref(), 0..0);
    let header = Header::read(&mut section, findings);
    let bounds_at = (
        section.span_of("rating_at_most_s"),
        section.span_of("call_at_most_s"),
    );
    section.skip(&["steps"]);
    section.finish(findings);
    let header = header?;
    if header.answers.is_empty() {
        findings.error(
            &(0..0),
            "the plan answers no number",
            "add `answers = [\"consult\"]`",
        );
    }
    let (mut steps, mut unread) = (BTreeMap::new(), BTreeSet::new());
    match table.get_ref().get("steps").map(|steps| steps.get_ref()) {
        Some(DeValue::Table(table)) => {
            for (name, value) in table {
                let Some(entry) = value.get_ref().as_table() else {
                    findings.error(&name.span(), "a step is a table", "write `[steps.NAME]`");
                    continue;
                };
                let name_text = name.get_ref().to_string();
                match read_step(entry, name.span(), findings) {
                    Some(step) => drop(steps.insert(name_text, step)),
                    None => drop(unread.insert(name_text)),
                }
            }
        }
        _ => findings.error(&(0..0), "the plan has no steps", "write `[steps.NAME]`"),
    }
    Some(Plan {
        name: header.name.text,
        answers: header.answers,
        locale: header.locale.text,
        start: header.start,
        play_grace: header.play_grace,
        bounds: Bounds {
            rating: header.rating_at_most,
            call: header.call_at_most,
        },
        bounds_at,
        steps,
        unread,
        digest: hex::encode(Sha256::digest(text.as_bytes())),
    })
}

keys! {
    /// What stands above the steps.
    pub struct Header {
        name: Word,
        answers: Vec<Word>,
        locale: Word,
        start: Word,
        play_grace: Duration,
        rating_at_most: Duration,
        call_at_most: Duration,
    }
}

keys! {
    /// What any step may say beside its verb's own keys.
    pub struct Limits {
        needs: Vec<Word>,
        otherwise: Option<Word>,
        at_most: Option<u8>,
        exhausted: Option<Word>,
    }
}

fn read_step(entry: &DeTable, span: Span, findings: &mut Findings) -> Option<Step> {
    let mut section = Section::new(entry, span.clone());
    let verb = section.read::<Word>("do", findings)?;
    let Some(reader) = VERBS.iter().find(|(name, _)| *name == verb.text) else {
        let names: Vec<&str> = VERBS.iter().map(|(name, _)| *name).collect();
        let right = match nearest(&verb.text, &names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("known: {}", names.join(", ")),
        };
        findings.error(&verb.span, format!("unknown verb `{}`", verb.text), right);
        return None;
    };
    let verb = (reader.1)(&mut section, findings);
    let limits = Limits::read(&mut section, findings);
    section.finish(findings);
    let limits = limits?;
    if limits.needs.is_empty() == limits.otherwise.is_some() {
        findings.error(
            &span,
            "`needs` and `otherwise` belong together",
            "name both or neither",
        );
    }
    if limits.at_most.is_some() != limits.exhausted.is_some() {
        findings.error(
            &span,
            "`at_most` and `exhausted` belong together",
            "name both or neither",
        );
    }
    Some(Step {
        verb: verb?,
        needs: limits.needs,
        otherwise: limits.otherwise,
        at_most: limits.at_most,
        exhausted: limits.exhausted,
        span,
    })
}

#[cfg(test)]
mod tests;
