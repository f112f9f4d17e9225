//! The operator's files as one checked whole: dialplans, prompt script, clips.

mod reload;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context;

use crate::drill;
use crate::ivr::{ClipFact, ClipFacts, Finding, Plan, Script, Severity};
use crate::media::{self, Clips};

pub use reload::keep;

/// Where the operator's files are.
#[derive(Debug, Clone)]
pub struct Files {
    /// Holds a dialplan a file, `*.toml`.
    pub dialplans: PathBuf,
    /// Holds a folder a locale, `zh-CN/`.
    pub prompts: PathBuf,
}

/// The dialplans in force, with the prompts that they play.
pub struct Book {
    plans: Vec<Arc<Plan>>,
    pub script: Arc<Script>,
    pub clips: Clips,
    /// Length of each clip by stem, milliseconds.
    pub lengths_ms: Arc<HashMap<String, u32>>,
    /// The files as they were just before they were read.
    seen: Fingerprint,
}

/// How a plan's `answers` names calls that we make: `out:revisit`.
const OUT: &str = "out:";

/// Each file with its last change and its length: another value means that something changed.
type Fingerprint = Vec<(PathBuf, SystemTime, u64)>;

/// What was found in the operator's files, and the book if it can be used.
pub struct Checked {
    pub book: Option<Book>,
    pub findings: Vec<Finding>,
}

impl Book {
    /// Reads and lints every file; with an error in any of them there is no book.
    pub fn read(files: &Files) -> anyhow::Result<Checked> {
        let seen = files.fingerprint();
        let dir = &files.dialplans;
        let texts = texts_in(dir, "toml").with_context(|| {
            format!(
                "cannot read the dialplans in {}; set [dialplans] dir",
                dir.display()
            )
        })?;
        let named = texts.into_iter().map(|(name, text)| (dir.join(name), text));
        Book::of(files, seen, &named.collect::<Vec<_>>())
    }

    /// The same with one dialplan alone, wherever its file lies.
    pub fn read_plan(files: &Files, plan: &Path) -> anyhow::Result<Checked> {
        let text = std::fs::read_to_string(plan)
            .with_context(|| format!("cannot read the dialplan {}", plan.display()))?;
        Book::of(files, files.fingerprint(), &[(plan.to_owned(), text)])
    }

    fn of(
        files: &Files,
        seen: Fingerprint,
        texts: &[(PathBuf, String)],
    ) -> anyhow::Result<Checked> {
        let locale = files.locale();
        let script_path = locale.join("script.toml");
        let script_text = std::fs::read_to_string(&script_path).with_context(|| {
            format!(
                "cannot read {}; [prompts] dir must hold zh-CN/script.toml",
                script_path.display()
            )
        })?;
        let script = match Script::parse(&script_path.display().to_string(), &script_text) {
            Ok(script) => Arc::new(script),
            Err(findings) => {
                return Ok(Checked {
                    book: None,
                    findings,
                });
            }
        };
        let facts = clip_facts(&locale)?;
        let mut findings = Vec::new();
        let mut plans = Vec::new();
        for (file, text) in texts {
            let file = file.display().to_string();
            let (plan, found) = drill::check(&file, text, &script, &facts);
            findings.extend(found);
            plans.extend(plan.map(Arc::new));
        }
        if plans.is_empty() && findings.is_empty() {
            anyhow::bail!(
                "no dialplan (*.toml) in {}; set [dialplans] dir",
                files.dialplans.display()
            );
        }
        if findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
        {
            return Ok(Checked {
                book: None,
                findings,
            });
        }
        let clips = Clips::load(&locale)
            .with_context(|| format!("cannot load the clips in {}", locale.display()))?;
        let lengths_ms = facts
            .iter()
            .map(|(stem, fact)| (stem.clone(), fact.length_ms))
            .collect();
        let book = Book {
            plans,
            script,
            clips,
            lengths_ms: Arc::new(lengths_ms),
            seen,
        };
        Ok(Checked {
            book: Some(book),
            findings,
        })
    }

    /// The plan that serves a called number: one that names it before one with a `*`.
    pub fn plan_for(&self, called: &str) -> Option<&Arc<Plan>> {
        if called.starts_with(OUT) {
            return None;
        }
        let exact = |plan: &&Arc<Plan>| plan.answers.iter().any(|pattern| pattern.text == called);
        self.plans
            .iter()
            .find(exact)
            .or_else(|| self.plans.iter().find(|plan| plan.serves(called)))
    }

    /// The plan of calls that we make for this purpose: the one that names it. No number called reaches it by a `*`.
    pub fn plan_of_calls_out(&self, purpose: &str) -> Option<&Arc<Plan>> {
        let name = format!("{OUT}{purpose}");
        let mut plans = self.plans.iter();
        plans.find(|plan| plan.answers.iter().any(|pattern| pattern.text == name))
    }

    pub fn plans(&self) -> impl Iterator<Item = &Arc<Plan>> {
        self.plans.iter()
    }
}

impl Files {
    fn fingerprint(&self) -> Fingerprint {
        let mut seen = Vec::new();
        for dir in [self.dialplans.clone(), self.locale()] {
            let Ok(entries) = std::fs::read_dir(&dir) else {
                continue;
            };
            for entry in entries.flatten() {
                if let Ok(metadata) = entry.metadata()
                    && let Ok(changed) = metadata.modified()
                {
                    seen.push((entry.path(), changed, metadata.len()));
                }
            }
        }
        seen.sort();
        seen
    }

    fn locale(&self) -> PathBuf {
        self.prompts.join("zh-CN")
    }
}

/// Name and text of each file in `dir` with this ending, sorted by name.
pub fn texts_in(dir: &Path, ending: &str) -> std::io::Result<Vec<(String, String)>> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let named = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = named
            && path.extension().is_some_and(|found| found == ending)
        {
            texts.push((name.to_owned(), std::fs::read_to_string(&path)?));
        }
    }
    texts.sort();
    Ok(texts)
}

/// Rate, channels and length of each WAV; one that cannot be read has rate 0, which lint refuses.
fn clip_facts(dir: &Path) -> anyhow::Result<ClipFacts> {
    let entries = std::fs::read_dir(dir)
        .with_context(|| format!("cannot read the prompts in {}", dir.display()))?;
    let mut facts = ClipFacts::new();
    for entry in entries {
        let path = entry?.path();
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        if path.extension().is_some_and(|ending| ending == "wav") {
            let fact = media::wav_facts(&path)
                .map(|wav| ClipFact {
                    rate_hz: wav.rate_hz,
                    channels: wav.channels,
                    length_ms: wav.length_ms,
                })
                .unwrap_or(ClipFact {
                    rate_hz: 0,
                    channels: 0,
                    length_ms: 0,
                });
            facts.insert(stem.to_owned(), fact);
        }
    }
    Ok(facts)
}
