//! The proof: every path of a plan on virtual time.
//!
//! From every place the walk takes each thing that can happen: each key right away and just
//! before the place ends by itself, the caller leaving at both moments, the desk answering,
//! failing or hanging up, the store answering well, badly or not at all, a message short or
//! long, and the rating part running out of time. Places that differ only in when they were
//! reached are walked once, and again only from a later moment: later is what a bound fears.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::law::{Broken, Law};
use crate::ivr::{
    Action, Digit, Event, Facts, Hours, Mark, MessageEnd, Outcome, Plan, PlayId, Session,
    Unavailable,
};
use crate::script::{ClipFacts, Findings, HoursSpan, Script, Value};

/// What the walk found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walked {
    /// Places walked.
    pub places: usize,
    /// Things tried in them.
    pub tried: usize,
    /// The words of all outcomes reached.
    pub outcomes: Vec<&'static str>,
    /// The longest time from the offer until nothing more is asked, message not counted.
    pub longest_rating: Duration,
    /// The longest call, ringing and talk not counted.
    pub longest_call: Duration,
}

/// A moment right after another, and just before one.
const MOMENT: Duration = Duration::from_millis(1);
/// A place is walked again only if reached this much later.
const LATER: Duration = Duration::from_secs(1);
const TRIED_AT_MOST: usize = 3_000_000;

/// One situation: the session and what the world around it is doing.
#[derive(Clone)]
struct Situation {
    session: Session,
    now: Instant,
    playing: Option<(PlayId, Instant)>,
    storing: bool,
    /// Counted towards the bounds.
    call: Duration,
    rating: Duration,
    /// Whether the rating was offered, by what the session said.
    offered: bool,
    /// The key that was kept last since the offer, as long as it waits.
    kept: Option<Digit>,
    /// The way here, as indices into `Walk::trail`.
    came_by: usize,
}

struct Walk<'p> {
    plan: &'p Plan,
    lengths_ms: Arc<HashMap<String, u32>>,
    keys: Vec<Digit>,
    /// Latest arrival by place: time in the call and in the rating.
    seen: HashMap<String, (Duration, Duration)>,
    open: Vec<Situation>,
    trail: Vec<(usize, Event)>,
    outcomes: HashSet<&'static str>,
    walked: Walked,
}

/// Walks every path of a plan; `lengths_ms` by clip stem, `epoch` any moment.
pub fn walk(
    plan: &Arc<Plan>,
    script: &Arc<Script>,
    lengths_ms: &Arc<HashMap<String, u32>>,
    epoch: Instant,
) -> Result<Walked, Broken> {
    let mut walk = Walk {
        plan,
        lengths_ms: Arc::clone(lengths_ms),
        keys: "0123456789*#"
            .chars()
            .filter_map(Digit::from_char)
            .collect(),
        seen: HashMap::new(),
        open: Vec::new(),
        trail: vec![(0, Event::Answered)],
        outcomes: HashSet::new(),
        walked: Walked::default(),
    };
    for facts in all_facts(lengths_ms) {
        let session = Session::new(Arc::clone(plan), Arc::clone(script), facts, epoch);
        let fresh = Situation {
            session,
            now: epoch,
            playing: None,
            storing: false,
            call: Duration::ZERO,
            rating: Duration::ZERO,
            offered: false,
            kept: None,
            came_by: 0,
        };
        walk.happen(&fresh, Event::Answered, epoch)?;
    }
    while let Some(situation) = walk.open.pop() {
        walk.walked.places += 1;
        walk.explore(&situation)?;
    }
    walk.walked.outcomes = walk.outcomes.into_iter().collect();
    walk.walked.outcomes.sort_unstable();
    Ok(walk.walked)
}

/// The walk as part of the linter: a broken law is a finding in the plan's file.
pub fn lint(plan: &Plan, script: &Script, clips: &ClipFacts, findings: &mut Findings) {
    let lengths = clips.iter();
    let lengths = lengths.map(|(stem, clip)| (stem.clone(), clip.length_ms));
    let Err(broken) = walk_anywhen(plan, script, lengths.collect()) else {
        return;
    };
    let span = match broken.law {
        Law::RatingTooLong => &plan.bounds_at.0,
        Law::CallTooLong => &plan.bounds_at.1,
        _ => &plan.start.span,
    };
    findings.error(
        span,
        broken.law.to_string(),
        format!("on the path {}", broken.path_text()),
    );
}

/// The walk only ever takes differences, so any moment will do as its zero.
#[allow(clippy::disallowed_methods)]
fn walk_anywhen(
    plan: &Plan,
    script: &Script,
    lengths_ms: HashMap<String, u32>,
) -> Result<Walked, Broken> {
    let plan = Arc::new(plan.clone());
    let script = Arc::new(script.clone());
    walk(&plan, &script, &Arc::new(lengths_ms), Instant::now())
}

/// Open, closed and holiday; number and slot known and not.
fn all_facts(lengths_ms: &Arc<HashMap<String, u32>>) -> Vec<Facts> {
    let span = HoursSpan {
        from_min: 9 * 60,
        to_min: 17 * 60 + 30,
    };
    let all_hours = [
        Hours::Open,
        Hours::Closed { hours: vec![span] },
        Hours::Holiday {
            name: "guoqing".to_owned(),
            month: 10,
            day: 8,
        },
    ];
    let slot = Value::Slot {
        month: 11,
        day: 24,
        hours: vec![span],
    };
    let both = |hours: Hours| {
        [true, false].map(|known| Facts {
            hours: hours.clone(),
            tail: known.then(|| "5678".to_owned()),
            slot: known.then(|| slot.clone()),
            date: known.then_some(Value::Date { month: 9, day: 18 }),
            lengths_ms: Arc::clone(lengths_ms),
        })
    };
    all_hours.into_iter().flat_map(both).collect()
}

impl Walk<'_> {
    fn explore(&mut self, from: &Situation) -> Result<(), Broken> {
        let timer = from.session.timeout_at();
        let Some(timer) = timer else {
            return Err(self.broken(Law::NoTimer, from.came_by));
        };
        let played = from.playing.filter(|(_, ends)| *ends < timer);
        let (ends, by_itself) = match played {
            Some((id, ends)) => (ends, Event::Played(id)),
            None => (timer, Event::Timeout),
        };
        let soon = (from.now + MOMENT).min(ends);
        let just_before = ends.checked_sub(MOMENT).unwrap_or(soon).max(soon);
        let mut moments = vec![soon];
        if just_before > soon {
            moments.push(just_before);
        }
        for at in moments {
            for event in self.possible(from) {
                self.happen(from, event, at)?;
            }
        }
        if let Some(cut) = from.session.out_of_time(soon) {
            let cut = Situation {
                session: cut,
                ..from.clone()
            };
            self.happen(&cut, Event::Timeout, soon)?;
        }
        self.happen(from, by_itself, ends)
    }

    /// Everything but time that can happen here. A situation with a kept key takes no second one.
    fn possible(&self, from: &Situation) -> Vec<Event> {
        let mut events = vec![Event::CallerHungUp, Event::Fault, Event::Drained];
        match from.session.kept_count() {
            0 if from.session.is_typing() => {
                events.extend([Digit::D1, Digit::Star, Digit::Pound].map(Event::Digit));
            }
            0 => events.extend(self.keys.iter().copied().map(Event::Digit)),
            _ => {}
        }
        if from.session.is_connecting() {
            events.extend([
                Event::DeskAnswered { staff: None },
                Event::DeskAnswered {
                    staff: Some("108".to_owned()),
                },
                Event::DeskUnavailable(Unavailable::Busy),
                Event::DeskHungUp,
                Event::DeskLost,
                Event::DeskSends,
                Event::DeskChanged { staff: None },
                Event::DeskDigit(Digit::Star),
                Event::DeskDigit(Digit::D8),
            ]);
        }
        if from.session.is_waiting() {
            events.extend([None, Some(2)].map(|wait_min| Event::Position { ahead: 3, wait_min }));
            events.push(Event::DeskUnavailable(Unavailable::Closed));
        }
        if from.storing {
            events.extend([Event::GradeStored, Event::GradeNotStored]);
        }
        if from.session.is_recording() {
            events.extend([0, 30_000].map(|length_ms| Event::MessageRecorded {
                length_ms,
                end: MessageEnd::Silence,
            }));
        }
        events
    }

    fn happen(&mut self, from: &Situation, event: Event, at: Instant) -> Result<(), Broken> {
        self.walked.tried += 1;
        self.trail.push((from.came_by, event.clone()));
        let came_by = self.trail.len() - 1;
        if self.walked.tried > TRIED_AT_MOST {
            return Err(self.broken(Law::TooManyPaths, came_by));
        }
        let mut next = from.clone();
        next.came_by = came_by;
        let passed = at.saturating_duration_since(from.now);
        if !from.session.is_connecting() {
            next.call += passed;
        }
        if from.session.is_rating() {
            next.rating += passed;
        }
        next.now = at;
        let stored = matches!(event, Event::GradeStored | Event::GradeNotStored);
        if stored || event == Event::Timeout {
            next.storing = false;
        }
        if matches!(&event, Event::Played(_)) {
            next.playing = None;
        }
        let actions = next.session.handle(event.clone(), at);
        self.obey(&mut next, &event, &actions)?;
        if next.session.kept_count() == 0 {
            next.kept = None;
        }
        self.arrive(next)
    }

    /// The world does what the session asked for.
    fn obey(
        &mut self,
        next: &mut Situation,
        event: &Event,
        actions: &[Action],
    ) -> Result<(), Broken> {
        let mut outcomes = 0;
        for action in actions {
            if outcomes > 0 && *action != Action::Hangup {
                return Err(self.broken(Law::OneOutcome, next.came_by));
            }
            match action {
                Action::Play { id, clips, .. } => {
                    if next.storing {
                        return Err(self.broken(Law::StoredFirst, next.came_by));
                    }
                    let lengths = clips.iter().filter_map(|clip| self.lengths_ms.get(&clip.0));
                    let length_ms: u64 = lengths.map(|length| u64::from(*length)).sum();
                    next.playing = Some((*id, next.now + Duration::from_millis(length_ms)));
                }
                Action::StopPlaying => next.playing = None,
                Action::StoreGrade { key, .. } => {
                    let pressed = *event == Event::Digit(*key) || next.kept == Some(*key);
                    if !next.offered || !pressed {
                        return Err(self.broken(Law::GradeWithoutKey, next.came_by));
                    }
                    next.storing = true;
                }
                Action::Mark(Mark::OfferStarted) => (next.offered, next.kept) = (true, None),
                Action::Mark(Mark::KeyKept(key)) => next.kept = Some(*key),
                Action::Conclude(_) => outcomes += 1,
                _ => {}
            }
        }
        if outcomes != usize::from(next.session.outcome().is_some()) {
            return Err(self.broken(Law::OneOutcome, next.came_by));
        }
        Ok(())
    }

    fn arrive(&mut self, next: Situation) -> Result<(), Broken> {
        self.walked.longest_rating = self.walked.longest_rating.max(next.rating);
        self.walked.longest_call = self.walked.longest_call.max(next.call);
        if next.rating > self.plan.bounds.rating {
            return Err(self.broken(Law::RatingTooLong, next.came_by));
        }
        if next.call > self.plan.bounds.call {
            return Err(self.broken(Law::CallTooLong, next.came_by));
        }
        if let Some(outcome) = next.session.outcome() {
            self.outcomes.insert(Outcome::word(outcome));
            return Ok(());
        }
        let place = format!(
            "{} {} {} {:?}",
            next.session.fingerprint(),
            next.playing.is_some(),
            next.storing,
            next.offered.then_some(next.kept),
        );
        let arrived = (next.call, next.rating);
        let fresh = match self.seen.get_mut(&place) {
            None => {
                self.seen.insert(place, arrived);
                true
            }
            Some(latest) => {
                let later = arrived.0 > latest.0 + LATER || arrived.1 > latest.1 + LATER;
                if later {
                    *latest = (latest.0.max(arrived.0), latest.1.max(arrived.1));
                }
                later
            }
        };
        if fresh {
            self.open.push(next);
        }
        Ok(())
    }

    fn broken(&self, law: Law, mut at: usize) -> Broken {
        let mut path = Vec::new();
        while at != 0 {
            let (before, what) = &self.trail[at];
            path.push(what.clone());
            at = *before;
        }
        path.reverse();
        Broken { law, path }
    }
}

#[cfg(test)]
mod tests;
