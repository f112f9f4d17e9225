//! The prompt script: what each recorded clip says, and which clips a prompt is made of.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeTable;

use super::clips::ClipId;
use super::finding::{Finding, Findings, Span};
use super::section::{Section, Word};
use super::values::{PLACEHOLDERS, Value, Values};

/// `prompts/<locale>/script.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    prompts: BTreeMap<String, Prompt>,
}

/// One entry: `[P04] text = "{staff}号咨询员为您服务。"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    pub text: String,
    pub used: String,
    pieces: Vec<Piece>,
    span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// A recorded stretch with its words.
    Clip {
        stem: String,
        text: String,
    },
    Placeholder(String),
}

impl Script {
    /// Reads a script. A prompt whose text has no placeholder is the clip `<ID>`; otherwise the
    /// stretches between placeholders are `<ID>.1`, `<ID>.2` …, those of punctuation alone not counted.
    pub fn parse(file: &str, text: &str) -> Result<Script, Vec<Finding>> {
        let mut findings = Findings::new(file, text);
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            findings.error(&error.span().unwrap_or(0..0), error.message(), "");
        }
        let mut prompts = BTreeMap::new();
        for (id, value) in table.get_ref() {
            let Some(entry) = value.get_ref().as_table() else {
                findings.error(
                    &id.span(),
                    format!("`{}` is no prompt", id.get_ref()),
                    "write `[ID]` and below it `text = \"…\"`",
                );
                continue;
            };
            let mut section = Section::new(entry, id.span());
            let words = section.read::<Word>("text", &mut findings);
            let used = section.read::<Option<Word>>("used", &mut findings);
            // For the synthesiser alone.
            section.skip(&["pinyin", "digest"]);
            section.finish(&mut findings);
            if let Some(words) = words {
                let pieces = split(id.get_ref(), &words.text, &words.span, &mut findings);
                let prompt = Prompt {
                    text: words.text,
                    used: used.flatten().map(|word| word.text).unwrap_or_default(),
                    pieces,
                    span: id.span(),
                };
                prompts.insert(id.get_ref().to_string(), prompt);
            }
        }
        if findings.any_error() {
            return Err(findings.into_list());
        }
        Ok(Script { prompts })
    }

    pub fn prompt(&self, id: &str) -> Option<&Prompt> {
        self.prompts.get(id)
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.prompts.keys().map(String::as_str)
    }

    /// The clips of a prompt with its values. A placeholder without a value is left out;
    /// an unknown prompt has no clips (the linter refuses a plan that names one).
    pub fn clips(&self, id: &str, values: &Values) -> Vec<ClipId> {
        let pieces = self
            .prompts
            .get(id)
            .map_or(&[][..], |prompt| &prompt.pieces);
        let mut clips = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Clip { stem, .. } => clips.push(ClipId(stem.clone())),
                Piece::Placeholder(name) => {
                    clips.extend(values.get(name).map(Value::clips).unwrap_or_default());
                }
            }
        }
        clips
    }

    /// Every file stem that must exist, with the words it must say where it is a prompt's own.
    pub fn clip_files(&self) -> BTreeSet<String> {
        self.prompts.values().flat_map(Prompt::clip_files).collect()
    }

    /// What the clip of this stem says.
    pub fn words(&self, stem: &str) -> Option<&str> {
        let id = stem.split('.').next().unwrap_or(stem);
        self.prompts
            .get(id)?
            .pieces
            .iter()
            .find_map(|piece| match piece {
                Piece::Clip { stem: own, text } if own == stem => Some(text.as_str()),
                _ => None,
            })
    }
}

impl Prompt {
    /// Placeholders in the order of the text.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Placeholder(name) => Some(name.as_str()),
            Piece::Clip { .. } => None,
        })
    }

    /// Every clip this prompt may need, those of its values included.
    pub fn clip_files(&self) -> Vec<String> {
        let mut files = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Clip { stem, .. } => files.push(stem.clone()),
                Piece::Placeholder(name) => files.extend(Value::clips_of(name)),
            }
        }
        files
    }

    /// Where its entry stands.
    pub fn span(&self) -> &Span {
        &self.span
    }
}

fn split(id: &str, text: &str, at: &Span, findings: &mut Findings) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        pieces.push(Piece::Clip {
            stem: String::new(),
            text: rest[..open].to_owned(),
        });
        let Some(length) = rest[open..].find('}') else {
            findings.error(at, "`{` without `}`", "close the placeholder");
            return Vec::new();
        };
        let name = &rest[open + 1..open + length];
        if !PLACEHOLDERS.contains(&name) {
            findings.error(
                at,
                format!("unknown placeholder {{{name}}}"),
                format!("known: {}", PLACEHOLDERS.join(", ")),
            );
        }
        pieces.push(Piece::Placeholder(name.to_owned()));
        rest = &rest[open + length + 1..];
    }
    pieces.push(Piece::Clip {
        stem: String::new(),
        text: rest.to_owned(),
    });
    let whole = pieces.len() == 1;
    pieces.retain(|piece| match piece {
        Piece::Clip { text, .. } => text.chars().any(char::is_alphanumeric),
        Piece::Placeholder(_) => true,
    });
    let mut number = 0;
    for piece in &mut pieces {
        if let Piece::Clip { stem, .. } = piece {
            number += 1;
            *stem = if whole {
                id.to_owned()
            } else {
                format!("{id}.{number}")
            };
        }
    }
    pieces
}
