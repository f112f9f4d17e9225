//! The shipped plan, script and clips, and a fake clock: for tests.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::{Action, ClipFact, ClipFacts, Digit, Event, Facts, Hours, Mark, Outcome};
use super::{Plan, PlayId, Script, Session};
use crate::script::Findings;

pub const CONSULTATION: &str = include_str!("../../dialplans/consultation.toml");
pub const RESULT: &str = include_str!("../../dialplans/result.toml");
pub const TEST: &str = include_str!("../../dialplans/test.toml");
const SCRIPT: &str = include_str!("../../prompts/zh-CN/script.toml");

pub fn script() -> Script {
    Script::parse("script.toml", SCRIPT).expect("the shipped script is right")
}

/// Facts of the shipped WAV files, read from their canonical 44-byte headers.
pub fn clips() -> ClipFacts {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/zh-CN");
    let files = std::fs::read_dir(folder).expect("prompts/zh-CN is in the repository");
    let mut facts = ClipFacts::new();
    for file in files.flatten() {
        let path = file.path();
        if path.extension().is_none_or(|extension| extension != "wav") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a WAV file can be read");
        let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|index| bytes[at + index]));
        let samples = u32::try_from(bytes.len() - 44).expect("a clip is small") / 2;
        let rate_hz = word(24);
        let stem = path.file_stem().expect("it has a name").to_string_lossy();
        let fact = ClipFact {
            rate_hz,
            channels: u16::from_le_bytes([bytes[22], bytes[23]]),
            length_ms: samples * 1000 / rate_hz,
        };
        facts.insert(stem.into_owned(), fact);
    }
    facts
}

pub fn lengths() -> Arc<HashMap<String, u32>> {
    let facts = clips().into_iter();
    Arc::new(facts.map(|(stem, fact)| (stem, fact.length_ms)).collect())
}

/// A plan as it is written; that it is right is proven by the drill.
pub fn plan(text: &str) -> Arc<Plan> {
    let mut findings = Findings::new("plan.toml", text);
    let plan = Plan::read(text, &mut findings);
    assert!(!findings.any_error(), "{:#?}", findings.into_list());
    Arc::new(plan.expect("a plan without an error is one"))
}

/// The shipped plan with a queue before the talk.
pub fn queueing_text() -> String {
    let queue = "wait_at_most_s = 600\nposition_prompt = \"P02\"\nposition_again = \"P03\"\nposition_first_s = 15\n\
                 position_each_s = 40\nkeys = { 1 = \"callback\", 2 = \"voice\" }\n";
    CONSULTATION.replacen("talk_at_most_s", &format!("{queue}talk_at_most_s"), 1)
}

/// The shipped plan, read once.
pub fn consultation() -> Arc<Plan> {
    static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| plan(CONSULTATION));
    Arc::clone(&PLAN)
}

pub fn facts(hours: Hours) -> Facts {
    Facts {
        hours,
        tail: Some("5618".to_owned()),
        slot: Some(super::Value::Slot {
            month: 11,
            day: 24,
            hours: vec!["09:00-12:00".parse().expect("these are hours")],
        }),
        date: None,
        lengths_ms: lengths(),
    }
}

#[allow(clippy::disallowed_methods)]
pub fn epoch() -> Instant {
    // A test's own zero: only differences count.
    Instant::now()
}

/// A call on a fake clock.
pub struct Call {
    pub session: Session,
    pub now: Instant,
    pub done: Vec<Action>,
    playing: Option<(PlayId, Instant)>,
    lengths: Arc<HashMap<String, u32>>,
}

impl Call {
    pub fn answered(hours: Hours) -> Self {
        Call::of(consultation(), hours)
    }

    /// An answered call of the plan with a queue.
    pub fn queueing() -> Self {
        Call::of(plan(&queueing_text()), Hours::Open)
    }

    /// The same, with or without a step for who waits when the hours end.
    pub fn queueing_until_hours_end(is_told: bool) -> Self {
        let mut text = queueing_text();
        if is_told {
            let key = "hours_end = \"closed\"\ntalk_at_most_s";
            text = text.replacen("talk_at_most_s", key, 1);
        }
        Call::of(plan(&text), Hours::Open)
    }

    /// The machine's call about a result, answered by the one whom it calls.
    pub fn about_a_result() -> Self {
        let date = Some(super::Value::Date { month: 9, day: 18 });
        let facts = Facts {
            date,
            ..facts(Hours::Open)
        };
        Call::with(plan(RESULT), facts)
    }

    fn of(plan: Arc<Plan>, hours: Hours) -> Self {
        Call::with(plan, facts(hours))
    }

    fn with(plan: Arc<Plan>, facts: Facts) -> Self {
        let now = epoch();
        let script = Arc::new(script());
        let mut call = Call {
            session: Session::new(plan, script, facts, now),
            now,
            done: Vec::new(),
            playing: None,
            lengths: lengths(),
        };
        call.happen(Event::Answered);
        call
    }

    /// A call at its rating offer.
    pub fn offered() -> Self {
        let mut call = Call::answered(Hours::Open);
        call.pass(20.0);
        call.happen(Event::DeskAnswered { staff: None });
        call.pass(30.0);
        call.happen(Event::DeskHungUp);
        call
    }

    pub fn happen(&mut self, event: Event) -> Vec<Action> {
        if let Event::Played(_) = event {
            self.playing = None;
        }
        let actions = self.session.handle(event, self.now);
        for action in &actions {
            match action {
                Action::Play { id, clips, .. } => {
                    let lengths = clips.iter().filter_map(|clip| self.lengths.get(&clip.0));
                    let length: u32 = lengths.sum();
                    let ends = self.now + Duration::from_millis(u64::from(length));
                    self.playing = Some((*id, ends));
                }
                Action::StopPlaying => self.playing = None,
                _ => {}
            }
        }
        self.done.extend(actions.clone());
        actions
    }

    pub fn press(&mut self, keys: &str) {
        for key in keys.chars().filter_map(Digit::from_char) {
            self.happen(Event::Digit(key));
        }
    }

    /// Lets time pass; plays end and the timer runs out when they should.
    pub fn pass(&mut self, seconds: f64) {
        let until = self.now + Duration::from_secs_f64(seconds);
        loop {
            let timer = self.session.timeout_at().filter(|at| *at <= until);
            let played = self.playing.filter(|(_, ends)| *ends <= until);
            match (played, timer) {
                (Some((id, ends)), timer) if timer.is_none_or(|at| ends <= at) => {
                    self.now = self.now.max(ends);
                    self.happen(Event::Played(id));
                }
                (_, Some(at)) => {
                    self.now = self.now.max(at);
                    self.happen(Event::Timeout);
                }
                _ => break,
            }
        }
        self.now = until;
    }

    pub fn prompts(&self) -> Vec<&str> {
        let actions = self.done.iter();
        let prompts = actions.filter_map(|action| match action {
            Action::Play { prompt, .. } => Some(prompt.as_str()),
            _ => None,
        });
        prompts.collect()
    }

    pub fn marked(&self, mark: &Mark) -> bool {
        self.done.contains(&Action::Mark(mark.clone()))
    }

    pub fn word(&self) -> Option<&'static str> {
        self.session.outcome().map(Outcome::word)
    }
}
