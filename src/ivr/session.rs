//! The one machine that runs a dialplan.

use std::sync::Arc;
use std::time::Instant;

use super::plan::Plan;
use super::run::{Cause, Contact, Facts, Next, Run};
use super::verbs::{State, Verb};
use super::{Action, Event, Mark, Outcome};
use crate::script::Script;
use crate::talk;

/// Where a session is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    /// The call is not yet answered.
    Unanswered,
    In {
        step: String,
        state: State,
    },
    Over(Outcome),
}

/// One conversation. Total: any event in any place gives a defined result; after
/// `Conclude` it answers with nothing.
///
/// After `Event::CallerHungUp` a session may still wait (a bounded time) for the store's
/// answer or a message's length: go on handing it events and time-outs until `outcome`.
#[derive(Debug, Clone)]
pub struct Session {
    run: Run,
    place: Place,
}

/// More steps than this without waiting for anything is a loop that the linter let through.
const STEPS_AT_ONCE: usize = 64;

impl Session {
    pub fn new(plan: Arc<Plan>, script: Arc<Script>, facts: Facts, now: Instant) -> Self {
        Session {
            run: Run::new(plan, script, facts, now),
            place: Place::Unanswered,
        }
    }

    /// Takes an event that happened at `now`. A `Timeout` before `timeout_at` is stale and ignored.
    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Action> {
        self.run.now = self.run.now.max(now);
        let place = std::mem::replace(&mut self.place, Place::Unanswered);
        self.place = match place {
            Place::Over(outcome) => Place::Over(outcome),
            Place::Unanswered => self.unanswered(&event),
            Place::In { step, state } => self.within(step, state, &event),
        };
        std::mem::take(&mut self.run.actions)
    }

    /// When `Event::Timeout` is due: at most one timer.
    pub fn timeout_at(&self) -> Option<Instant> {
        self.run.timer
    }

    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.place {
            Place::Over(outcome) => Some(outcome),
            Place::Unanswered | Place::In { .. } => None,
        }
    }

    /// The step's name, `unanswered` before the first and `over` after the last.
    pub fn place(&self) -> &str {
        match &self.place {
            Place::Unanswered => "unanswered",
            Place::In { step, .. } => step,
            Place::Over(_) => "over",
        }
    }

    /// The version of the plan this session runs on.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.run.plan
    }

    /// How many keys wait for the next question.
    pub fn kept_count(&self) -> usize {
        self.run.kept().len()
    }

    /// What the desk may do with the caller: of the step that connected them.
    pub fn handling(&self) -> Option<talk::Handling> {
        let Place::In { step, .. } = &self.place else {
            return None;
        };
        match self.run.plan.steps.get(step).map(|step| &step.verb) {
            Some(Verb::Connect(connect)) => Some(connect.handling()),
            _ => None,
        }
    }

    /// Whether a desk rings or talks.
    pub fn is_connecting(&self) -> bool {
        matches!(self.state(), Some(State::Connect(_)))
    }

    /// Whether a desk is sought by a step that lets the caller wait.
    pub fn is_waiting(&self) -> bool {
        let Place::In { step, state } = &self.place else {
            return false;
        };
        let verb = self.run.plan.steps.get(step).map(|step| &step.verb);
        let waits = matches!(verb, Some(Verb::Connect(connect)) if connect.waits());
        waits && matches!(state, State::Connect(state) if state.is_hunting())
    }

    /// Whether the rating part asks, tells or stores.
    pub fn is_rating(&self) -> bool {
        let state = self.state();
        matches!(
            state,
            Some(State::Rate(_) | State::Confirm(_) | State::Reason(_))
        )
    }

    /// Whether a number is being keyed.
    pub fn is_typing(&self) -> bool {
        matches!(self.state(), Some(State::Digits(_)))
    }

    /// Whether a message is recorded or being closed.
    pub fn is_recording(&self) -> bool {
        matches!(self.state(), Some(State::Message(state)) if state.records())
    }

    /// This session with the rating part's time running out at `at`, where it asks.
    pub fn out_of_time(&self, at: Instant) -> Option<Session> {
        let asks = self.is_rating() && !self.state()?.outlives_the_caller();
        let mut cut = self.clone();
        cut.run.asks_until = Some(at);
        cut.run.timer = Some(at);
        (asks && self.run.asks_until.is_some()).then_some(cut)
    }

    /// Equal for places from which the same can happen, whenever they were reached.
    pub fn fingerprint(&self) -> String {
        let run = &self.run;
        let limited = run.visits.iter().filter(|(step, _)| {
            let step = run.plan.steps.get(*step);
            step.is_some_and(|step| step.at_most.is_some())
        });
        let limited: Vec<_> = limited.collect();
        let kept: Vec<_> = run.kept().iter().map(|(key, _)| key.char()).collect();
        format!(
            "{:?} {:?} {:?} {kept:?} {limited:?} {} {} {} {} {:?}",
            self.place,
            run.contact,
            run.rating,
            run.changes,
            run.asks_until.is_some(),
            run.number.is_some(),
            run.values.get("m").is_some(),
            run.facts.tail,
        )
    }

    fn state(&self) -> Option<&State> {
        match &self.place {
            Place::In { state, .. } => Some(state),
            Place::Unanswered | Place::Over(_) => None,
        }
    }

    fn unanswered(&mut self, event: &Event) -> Place {
        match event {
            Event::Answered => {
                let start = self.run.plan.start.text.clone();
                self.follow(String::new(), Next::Go(start))
            }
            Event::CallerHungUp => self.conclude(Cause::CallerLeft),
            Event::Fault | Event::Drained => self.conclude(Cause::Fault),
            Event::Digit(key) => {
                self.run.mark(Mark::KeyIgnored(*key));
                Place::Unanswered
            }
            _ => Place::Unanswered,
        }
    }

    fn within(&mut self, step: String, state: State, event: &Event) -> Place {
        match event {
            Event::Timeout => {
                if self.run.timer.is_none_or(|at| self.run.now < at) {
                    return Place::In { step, state };
                }
                self.run.timer = None;
            }
            Event::Played(id) => {
                if self.run.playing != Some(*id) {
                    return Place::In { step, state };
                }
                self.run.playing = None;
            }
            Event::CallerHungUp if !state.outlives_the_caller() => {
                return self.conclude(Cause::CallerLeft);
            }
            Event::Fault | Event::Drained if !state.outlives_the_caller() => {
                return self.conclude(Cause::Fault);
            }
            _ => {}
        }
        let plan = Arc::clone(&self.run.plan);
        let Some(current) = plan.steps.get(&step) else {
            return self.conclude(Cause::Fault);
        };
        let next = current.verb.on(state, event, &mut self.run);
        self.follow(step, next)
    }

    /// Goes from step to step until one waits or the conversation is over.
    fn follow(&mut self, mut step: String, mut next: Next) -> Place {
        let plan = Arc::clone(&self.run.plan);
        for _ in 0..STEPS_AT_ONCE {
            let to = match next {
                Next::Stay(state) => return Place::In { step, state },
                Next::Over(cause) => return self.conclude(cause),
                Next::Go(to) => to,
            };
            let Some(entered) = plan.steps.get(&to) else {
                return self.conclude(Cause::Fault);
            };
            self.run.timer = None;
            let visits = self.run.visits.entry(to.clone()).or_insert(0);
            *visits = visits.saturating_add(1);
            let exhausted = entered.at_most.is_some_and(|at_most| *visits > at_most);
            let known = |name: &str| self.run.values.get(name).is_some();
            let unmet = !entered.needs.iter().all(|need| known(&need.text));
            next = match (&entered.exhausted, &entered.otherwise) {
                (Some(exit), _) if exhausted => Next::Go(exit.text.clone()),
                (_, Some(exit)) if unmet => Next::Go(exit.text.clone()),
                _ => {
                    self.run.mark(Mark::Step { name: to.clone() });
                    entered.verb.enter(&mut self.run)
                }
            };
            step = to;
        }
        self.conclude(Cause::Fault)
    }

    fn conclude(&mut self, cause: Cause) -> Place {
        let outcome = self.run.outcome(cause);
        self.run.timer = None;
        self.run.stop_playing();
        match self.run.contact {
            Contact::Ringing | Contact::SoughtAgain => self.run.act(Action::CancelConnect),
            Contact::Answered | Contact::Talking => self.run.act(Action::ReleaseDesk),
            _ => {}
        }
        self.run.drop_kept();
        self.run.act(Action::Conclude(outcome.clone()));
        self.run.act(Action::Hangup);
        Place::Over(outcome)
    }
}

#[cfg(test)]
mod tests;
