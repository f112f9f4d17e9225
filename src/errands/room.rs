//! Who is called when, and how many at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Ended, Hours, Order, OrderId, Purpose, Stage, Trouble};
use crate::domain::{Calendar, Day, Moment};

/// What the operator may vary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Calls out at once.
    pub at_once: usize,
    /// Attempts to one number on one day.
    pub per_number_a_day: u32,
    /// Errands that may be open.
    pub open_at_most: usize,
    pub hours: Hours,
}

/// What becomes of an errand after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Not earlier than this.
    Again(Moment),
    Closed(Ended),
}

/// What was done for an errand before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Behind {
    /// Attempts on record, of either kind.
    pub attempts: u32,
    /// Those of them that tried him ([`Ended::tried_him`]); at most `attempts`.
    pub tried: u32,
}

impl Behind {
    fn untried(self) -> u32 {
        self.attempts.saturating_sub(self.tried)
    }

    /// Whether another attempt is made after one, counted already, that did not try him; else the errand is given up.
    pub fn goes_on_untried(self, purpose: Purpose) -> bool {
        self.untried() < purpose.untried_at_most()
    }
}

/// An attempt to be made now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    pub order: Order,
    /// From 1.
    pub attempt: u32,
}

struct Held {
    order: Order,
    stage: Stage,
    behind: Behind,
    /// When the attempt that is being made was begun.
    begun_on: Option<Day>,
}

/// All errands that are open.
pub struct Errands {
    rules: Rules,
    held: BTreeMap<OrderId, Held>,
    /// Waiting ones by when they may be called.
    waiting: BTreeSet<(Moment, OrderId)>,
    /// Numbers that are being called.
    busy: BTreeSet<String>,
    calling: usize,
    /// Attempts of the day by number; of one day only.
    today: (Option<Day>, HashMap<String, u32>),
}

impl Errands {
    pub fn new(rules: Rules) -> Errands {
        Errands {
            rules,
            held: BTreeMap::new(),
            waiting: BTreeSet::new(),
            busy: BTreeSet::new(),
            calling: 0,
            today: (None, HashMap::new()),
        }
    }

    /// Takes an errand with what was done for it. One that is known changes nothing.
    pub fn take(&mut self, order: Order, behind: Behind) -> Result<(), Trouble> {
        if self.held.contains_key(&order.id) {
            return Ok(());
        }
        if self.held.len() >= self.rules.open_at_most {
            return Err(Trouble::Full);
        }
        self.waiting.insert((order.not_before, order.id.clone()));
        let held = Held {
            stage: Stage::Waiting,
            behind,
            begun_on: None,
            order,
        };
        self.held.insert(held.order.id.clone(), held);
        Ok(())
    }

    /// An attempt of today that was made before this room was opened.
    pub fn remember(&mut self, number: &str, at: Moment) {
        self.turn_to(at.day());
        if self.today.0 == Some(at.day()) {
            *self.today.1.entry(number.to_owned()).or_insert(0) += 1;
        }
    }

    /// Withdraws one that is not being called; `false` where there is none such.
    pub fn withdraw(&mut self, id: &OrderId) -> bool {
        let waits = self
            .held
            .get(id)
            .is_some_and(|held| held.stage == Stage::Waiting);
        if waits && let Some(held) = self.held.remove(id) {
            self.waiting.remove(&(held.order.not_before, id.clone()));
        }
        waits
    }

    /// Those whose turn it is, each to be called once.
    pub fn due(&mut self, now: Moment, calendar: &Calendar) -> Vec<Start> {
        self.turn_to(now.day());
        let mut starts = Vec::new();
        if !self.rules.hours.is_open(now, calendar) {
            return starts;
        }
        let ripe: Vec<_> = self
            .waiting
            .iter()
            .take_while(|(at, _)| *at <= now)
            .cloned()
            .collect();
        for (at, id) in ripe {
            if self.calling >= self.rules.at_once {
                break;
            }
            let Some(held) = self.held.get_mut(&id) else {
                continue;
            };
            let number = held.order.number.as_str();
            if self.busy.contains(number) {
                continue;
            }
            let made = self.today.1.get(number).copied().unwrap_or(0);
            if made >= self.rules.per_number_a_day {
                // Enough for today: tomorrow.
                let tomorrow = now.day().end().plus_millis(1000);
                let next = self.rules.hours.next(tomorrow, calendar);
                self.waiting.remove(&(at, id.clone()));
                held.order.not_before = next;
                self.waiting.insert((next, id));
                continue;
            }
            self.waiting.remove(&(at, id));
            self.busy.insert(number.to_owned());
            *self.today.1.entry(number.to_owned()).or_insert(0) += 1;
            self.calling += 1;
            held.stage = Stage::Calling;
            held.behind.attempts += 1;
            held.begun_on = Some(now.day());
            starts.push(Start {
                order: held.order.clone(),
                attempt: held.behind.attempts,
            });
        }
        starts
    }

    /// An attempt ended; `None` where none of it was being made.
    pub fn ended(
        &mut self,
        id: &OrderId,
        ended: Ended,
        now: Moment,
        calendar: &Calendar,
    ) -> Option<Next> {
        let held = self.held.get_mut(id)?;
        if held.stage != Stage::Calling {
            return None;
        }
        self.calling -= 1;
        let number = held.order.number.as_str();
        self.busy.remove(number);
        match ended.tried_him() {
            true => held.behind.tried += 1,
            false => untry(&mut self.today, number, held.begun_on),
        }
        let (purpose, behind) = (held.order.purpose, held.behind);
        let next = next(&self.rules.hours, purpose, behind, ended, now, calendar);
        match next {
            Next::Again(at) => {
                held.stage = Stage::Waiting;
                held.order.not_before = at;
                self.waiting.insert((at, id.clone()));
            }
            Next::Closed(_) => {
                self.held.remove(id);
            }
        }
        Some(next)
    }

    /// An attempt could not be begun, and nothing of it is on record: its turn comes again, not earlier than `at`.
    pub fn put_back(&mut self, id: &OrderId, at: Moment) {
        let Some(held) = self.held.get_mut(id) else {
            return;
        };
        if held.stage != Stage::Calling {
            return;
        }
        self.calling -= 1;
        let number = held.order.number.as_str();
        self.busy.remove(number);
        untry(&mut self.today, number, held.begun_on);
        held.behind.attempts -= 1;
        held.stage = Stage::Waiting;
        held.order.not_before = at;
        self.waiting.insert((at, id.clone()));
    }

    pub fn calling(&self) -> usize {
        self.calling
    }

    pub fn open(&self) -> usize {
        self.held.len()
    }

    pub fn stage(&self, id: &OrderId) -> Option<Stage> {
        self.held.get(id).map(|held| held.stage)
    }

    /// Another day counts anew.
    fn turn_to(&mut self, day: Day) {
        if self.today.0.is_none_or(|known| known < day) {
            self.today = (Some(day), HashMap::new());
        }
    }
}

/// Takes an attempt out of its day's count, where that is the day that is counted.
fn untry(
    (today, counts): &mut (Option<Day>, HashMap<String, u32>),
    number: &str,
    begun_on: Option<Day>,
) {
    if *today == begun_on
        && let Some(count) = counts.get_mut(number)
    {
        *count = count.saturating_sub(1);
    }
}

/// The longest pause while nothing is the called person's doing, in minutes.
const PAUSE_AT_MOST_MIN: u32 = 120;

/// What becomes of an errand when its last attempt, which `behind` has counted already, ended so. Whoever was not tried is tried
/// again ever more rarely.
fn next(
    hours: &Hours,
    purpose: Purpose,
    behind: Behind,
    ended: Ended,
    now: Moment,
    calendar: &Calendar,
) -> Next {
    let (Some(after_min), may) = (match ended.tried_him() {
        true => (
            ended.again_after_min(),
            behind.tried < purpose.attempts_at_most(),
        ),
        false => {
            let doubled = behind.untried().saturating_sub(1).min(7);
            let after_min = |min: u32| (min << doubled).min(PAUSE_AT_MOST_MIN);
            (
                ended.again_after_min().map(after_min),
                behind.goes_on_untried(purpose),
            )
        }
    }) else {
        return Next::Closed(ended);
    };
    if !may {
        return Next::Closed(ended);
    }
    let after_ms = i64::from(after_min) * 60_000;
    Next::Again(hours.next(now.plus_millis(after_ms), calendar))
}

#[cfg(test)]
mod tests;
