//! A call on virtual time, as text: what was heard, pressed and stored.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ivr::{
    Action, ClipId, Event, Facts, Mark, MessageEnd, Outcome, Plan, PlayId, Session, Unavailable,
    Waits,
};
use crate::keypad::KeyPlan;
use crate::script::Script;

/// What the desk does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskConduct {
    /// Answers after `after`, talks for `talks`, then hangs up.
    Answers {
        after: Duration,
        staff: Option<String>,
        talks: Duration,
    },
    Busy,
    NoAnswer,
}

/// What the store does with a grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoreConduct {
    #[default]
    Stores,
    Fails,
    /// It never answers.
    Hangs,
}

/// One simulated call.
#[derive(Debug, Clone)]
pub struct Scene {
    pub keys: KeyPlan,
    /// The caller hangs up this long after the offer began (without an offer: after the answer).
    pub hangup: Option<Duration>,
    pub desk: DeskConduct,
    pub store: StoreConduct,
    /// How long the caller speaks into a message.
    pub speaks: Duration,
    pub facts: Facts,
}

/// What happened and what would be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    pub lines: Vec<Line>,
    /// Rows that would be stored: `grade`, `reason`, `message`, `callback`, `outcome`.
    pub rows: Vec<(&'static str, String)>,
    pub outcome: Option<Outcome>,
}

/// One line; `offset` counts from the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub offset: Duration,
    pub text: String,
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{:>8.2} s  {}", line.offset.as_secs_f64(), line.text)?;
        }
        writeln!(f, "\nrows")?;
        for (kind, detail) in &self.rows {
            writeln!(f, "  {kind:<9} {detail}")?;
        }
        Ok(())
    }
}

/// More events than any call has: a plan that loops without time passing ends here.
const EVENTS_AT_MOST: usize = 10_000;

/// A position is told no more often.
const TOLD_AT_MOST: u64 = 100;

struct Stage {
    session: Session,
    script: Arc<Script>,
    lengths_ms: Arc<HashMap<String, u32>>,
    epoch: Instant,
    now: Instant,
    /// What is still to come, with a number that keeps the order of equal times.
    coming: Vec<(Instant, usize, Coming)>,
    added: usize,
    waits_for_offer: bool,
    transcript: Transcript,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Coming {
    Event(Event),
    MessageEnds(MessageEnd, Instant),
}

/// Plays a call on the same machine that runs the live ones. `epoch` is its answer.
pub fn simulate(
    plan: &Arc<Plan>,
    script: &Arc<Script>,
    scene: &Scene,
    epoch: Instant,
) -> Transcript {
    let facts = scene.facts.clone();
    let lengths_ms = Arc::clone(&facts.lengths_ms);
    let mut stage = Stage {
        session: Session::new(Arc::clone(plan), Arc::clone(script), facts, epoch),
        script: Arc::clone(script),
        lengths_ms,
        epoch,
        now: epoch,
        coming: Vec::new(),
        added: 0,
        waits_for_offer: true,
        transcript: Transcript {
            lines: Vec::new(),
            rows: Vec::new(),
            outcome: None,
        },
    };
    let talks = matches!(scene.desk, DeskConduct::Answers { .. });
    stage.happen(Event::Answered, scene);
    if !talks || stage.closed(scene) {
        stage.caller_begins(scene);
    }
    for _ in 0..EVENTS_AT_MOST {
        let Some(event) = stage.next_event() else {
            break;
        };
        stage.happen(event, scene);
    }
    stage.transcript.outcome = stage.session.outcome().cloned();
    stage.transcript
}

impl Stage {
    fn closed(&self, scene: &Scene) -> bool {
        scene.facts.hours != crate::ivr::Hours::Open
    }

    fn say(&mut self, text: String) {
        self.transcript.lines.push(Line {
            offset: self.now.saturating_duration_since(self.epoch),
            text,
        });
    }

    fn row(&mut self, kind: &'static str, detail: String) {
        self.transcript.rows.push((kind, detail));
    }

    fn come(&mut self, at: Instant, coming: Coming) {
        self.added += 1;
        self.coming.push((at, self.added, coming));
    }

    /// From here the caller's keys and his hanging up are timed.
    fn caller_begins(&mut self, scene: &Scene) {
        if !std::mem::take(&mut self.waits_for_offer) {
            return;
        }
        let mut at = self.now;
        for press in scene.keys.presses() {
            at += press.after;
            self.come(at, Coming::Event(Event::Digit(press.digit)));
        }
        if let Some(after) = scene.hangup {
            self.come(self.now + after, Coming::Event(Event::CallerHungUp));
        }
    }

    /// The earliest of what is coming and the session's timer; at a tie what is coming goes first.
    fn next_event(&mut self) -> Option<Event> {
        if self.session.outcome().is_some() {
            return None;
        }
        let earliest = self.coming.iter().map(|(at, order, _)| (*at, *order)).min();
        let timer = self.session.timeout_at();
        match (earliest, timer) {
            (Some((at, order)), timer) if timer.is_none_or(|timer| at <= timer) => {
                let index = self.coming.iter().position(|(_, own, _)| *own == order)?;
                self.now = self.now.max(at);
                Some(match self.coming.swap_remove(index).2 {
                    Coming::Event(event) => event,
                    Coming::MessageEnds(end, began) => Event::MessageRecorded {
                        length_ms: millis(self.now.saturating_duration_since(began)),
                        end,
                    },
                })
            }
            (_, Some(timer)) => {
                self.now = self.now.max(timer);
                Some(Event::Timeout)
            }
            (_, None) => None,
        }
    }

    fn happen(&mut self, event: Event, scene: &Scene) {
        // What the prompts and the timer do is told by what follows from it.
        if !matches!(event, Event::Played(_) | Event::Timeout) {
            self.say(super::told(&event));
        }
        if let Event::MessageRecorded { length_ms, .. } = event {
            self.row("message", format!("{:.1} s", f64::from(length_ms) / 1000.0));
        }
        for action in self.session.handle(event, self.now) {
            self.obey(&action, scene);
        }
    }

    fn obey(&mut self, action: &Action, scene: &Scene) {
        match action {
            Action::Play {
                id, prompt, clips, ..
            } => {
                self.forget_played();
                let lengths = clips.iter().filter_map(|clip| self.lengths_ms.get(&clip.0));
                let length_ms: u64 = lengths.map(|length| u64::from(*length)).sum();
                let ends = self.now + Duration::from_millis(length_ms);
                self.come(ends, Coming::Event(Event::Played(*id)));
                let words = self.words(clips);
                self.say(format!("plays {prompt}  {words}"));
            }
            Action::StopPlaying => {
                self.forget_played();
                self.say("stops playing".to_owned());
            }
            Action::Connect {
                ring_timeout_ms,
                waits,
                ..
            } => {
                let timeout = Duration::from_millis(*ring_timeout_ms);
                self.ring(timeout, waits.as_ref(), scene);
            }
            Action::StepAside => {
                self.forget_desk();
                self.say("stops ringing; the place is kept".to_owned());
            }
            Action::CancelConnect => self.say("stops ringing".to_owned()),
            Action::Join => {
                self.forget_desk();
                self.say("caller and desk are joined".to_owned());
                if let DeskConduct::Answers { talks, .. } = &scene.desk {
                    self.come(self.now + *talks, Coming::Event(Event::DeskHungUp));
                }
            }
            Action::ReleaseDesk => self.say("hangs up the desk".to_owned()),
            Action::StoreGrade { grade, key } => {
                self.row("grade", format!("{grade} (key {key})"));
                match scene.store {
                    StoreConduct::Stores => self.come(self.now, Coming::Event(Event::GradeStored)),
                    StoreConduct::Fails => {
                        self.come(self.now, Coming::Event(Event::GradeNotStored))
                    }
                    StoreConduct::Hangs => {}
                }
            }
            Action::ConfirmGrade => self.row("confirmed", "the grade stands".to_owned()),
            Action::StoreReason { code, key } => self.row("reason", format!("{code} (key {key})")),
            Action::RecordMessage { max_ms, .. } => self.record(*max_ms, scene),
            Action::StopMessage => self.stop_message(),
            Action::RequestCallback { number } => {
                let number = number.as_deref().unwrap_or("the caller's own number");
                self.row("callback", number.to_owned());
            }
            Action::Mark(mark) => self.mark(mark, scene),
            Action::Conclude(outcome) => {
                let after = outcome.after_ms().map(|ms| format!(" after {ms} ms"));
                let grade = match outcome {
                    Outcome::Graded(grade) => format!(" {grade}"),
                    _ => after.unwrap_or_default(),
                };
                self.row("outcome", format!("{}{grade}", outcome.word()));
            }
            Action::Hangup => self.say("hangs up".to_owned()),
        }
    }

    fn forget_played(&mut self) {
        let plays = |coming: &Coming| matches!(coming, Coming::Event(Event::Played(PlayId(_))));
        self.coming.retain(|(_, _, coming)| !plays(coming));
    }

    /// No desk answers any more, and no position is told.
    fn forget_desk(&mut self) {
        self.coming.retain(|(_, _, coming)| {
            !matches!(
                coming,
                Coming::Event(
                    Event::DeskAnswered { .. } | Event::DeskUnavailable(_) | Event::Position { .. }
                )
            )
        });
    }

    fn ring(&mut self, timeout: Duration, waits: Option<&Waits>, scene: &Scene) {
        self.say("rings a desk".to_owned());
        let (after, event) = match &scene.desk {
            DeskConduct::Busy | DeskConduct::NoAnswer if waits.is_some() => {
                (timeout, Event::DeskUnavailable(Unavailable::WaitedOut))
            }
            DeskConduct::Answers { after, staff, .. } if *after < timeout => {
                let staff = staff.clone();
                (*after, Event::DeskAnswered { staff })
            }
            DeskConduct::Answers { .. } | DeskConduct::NoAnswer => {
                (timeout, Event::DeskUnavailable(Unavailable::NoAnswer))
            }
            DeskConduct::Busy => (Duration::ZERO, Event::DeskUnavailable(Unavailable::Busy)),
        };
        // He is the next one all the time, for how long nobody knows.
        let position = Event::Position {
            ahead: 0,
            wait_min: None,
        };
        if let Some((first_ms, each_ms)) = waits.and_then(|waits| waits.told_ms) {
            let told = (0..TOLD_AT_MOST).map(|turn| first_ms + turn * each_ms);
            let told = told.map(Duration::from_millis).take_while(|at| *at < after);
            for at in told {
                self.come(self.now + at, Coming::Event(position.clone()));
            }
        }
        self.come(self.now + after, Coming::Event(event));
    }

    fn record(&mut self, max_ms: u32, scene: &Scene) {
        self.say("records a message".to_owned());
        let longest = Duration::from_millis(u64::from(max_ms));
        let (after, end) = if scene.speaks < longest {
            (scene.speaks, MessageEnd::Silence)
        } else {
            (longest, MessageEnd::LengthReached)
        };
        self.come(self.now + after, Coming::MessageEnds(end, self.now));
    }

    fn stop_message(&mut self) {
        let now = self.now;
        for (at, _, coming) in &mut self.coming {
            if let Coming::MessageEnds(end, _) = coming {
                (*at, *end) = (now, MessageEnd::Key);
            }
        }
    }

    fn mark(&mut self, mark: &Mark, scene: &Scene) {
        let text = match mark {
            Mark::Step { name } => format!("[{name}]"),
            Mark::OfferStarted => {
                self.say("offers the rating".to_owned());
                return self.caller_begins(scene);
            }
            Mark::InvalidKey(key) => format!("key {key} is wrong here"),
            Mark::Silent => "no key".to_owned(),
            Mark::KeyIgnored(key) => format!("key {key} is ignored"),
            Mark::KeyKept(key) => format!("key {key} is kept"),
            Mark::GradeWithdrawn => "the grade is taken back".to_owned(),
            Mark::SentToRating => "the desk sends the caller to the rating".to_owned(),
        };
        self.say(text);
    }

    fn words(&self, clips: &[ClipId]) -> String {
        let mut words = String::new();
        for clip in clips {
            let _ = write!(words, "{}", self.script.words(&clip.0).unwrap_or("?"));
        }
        words
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
