//! All desks and all callers who want one: the hunt for a desk.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::{Action, CallerId, Desk, DeskId, DeskState, Event, NoDesk, Strategy};

#[derive(Debug)]
enum Progress {
    Waiting,
    Ringing { desk: usize, until: Instant },
    Talking { desk: usize },
}

#[derive(Debug)]
struct Hunt {
    group: Option<String>,
    waits: bool,
    gives_up: Instant,
    /// Desks already tried in this hunt.
    tried: Vec<usize>,
    worst: Tried,
    progress: Progress,
}

/// The best that any desk of a hunt gave, for the reason at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tried {
    Nothing,
    Failed,
    Busy,
    Rang,
}

/// All desks and all callers who want one.
#[derive(Debug)]
pub struct Desks {
    desks: Vec<(Desk, DeskState)>,
    ring: Duration,
    strategy: Strategy,
    hunts: HashMap<CallerId, Hunt>,
    queue: VecDeque<CallerId>,
}

impl Desks {
    /// `ring`: how long one desk rings before the next is tried. Desks begin `Ready`.
    pub fn new(desks: Vec<Desk>, ring: Duration, strategy: Strategy) -> Self {
        Desks {
            desks: desks
                .into_iter()
                .map(|desk| (desk, DeskState::Ready))
                .collect(),
            ring,
            strategy,
            hunts: HashMap::new(),
            queue: VecDeque::new(),
        }
    }

    pub fn states(&self) -> impl Iterator<Item = (&Desk, DeskState)> {
        self.desks.iter().map(|(desk, state)| (desk, *state))
    }

    /// Callers who wait while all desks are taken, the longest first.
    pub fn waiting(&self) -> impl Iterator<Item = CallerId> + '_ {
        self.queue.iter().copied()
    }

    /// When `Event::Timeout` is to be sent.
    pub fn timeout_at(&self) -> Option<Instant> {
        self.hunts
            .values()
            .filter_map(|hunt| match hunt.progress {
                Progress::Ringing { until, .. } => Some(until),
                Progress::Waiting => Some(hunt.gives_up),
                Progress::Talking { .. } => None,
            })
            .min()
    }

    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Wanted {
                caller,
                group,
                patience,
                waits,
            } => {
                if self.hunts.contains_key(&caller) {
                    return actions;
                }
                let hunt = Hunt {
                    group,
                    waits,
                    gives_up: now + patience,
                    tried: Vec::new(),
                    worst: Tried::Nothing,
                    progress: Progress::Waiting,
                };
                self.hunts.insert(caller, hunt);
                self.queue.push_back(caller);
            }
            Event::Answered { caller, desk } => self.answered(caller, &desk, &mut actions),
            Event::Refused { caller, desk } => self.missed(caller, &desk, Tried::Busy),
            Event::Failed { caller, desk } => self.missed(caller, &desk, Tried::Failed),
            Event::TalkEnded { desk } => self.talk_ended(&desk),
            Event::Left { caller } => self.left(caller, &mut actions),
            Event::CameOnline { desk } => self.came_online(&desk),
            Event::WentOffline { desk } => self.went_offline(&desk, &mut actions),
            Event::Timeout => self.timeout(now, &mut actions),
        }
        self.serve(now, &mut actions);
        actions
    }

    fn index(&self, id: &DeskId) -> Option<usize> {
        self.desks.iter().position(|(desk, _)| desk.id == *id)
    }

    /// The caller's hunt if it rings exactly this desk: a late answer belongs to nobody.
    fn ringing(&self, caller: CallerId, id: &DeskId) -> Option<usize> {
        let wanted = self.index(id)?;
        match self.hunts.get(&caller)?.progress {
            Progress::Ringing { desk, .. } if desk == wanted => Some(desk),
            _ => None,
        }
    }

    fn answered(&mut self, caller: CallerId, id: &DeskId, actions: &mut Vec<Action>) {
        let Some(desk) = self.ringing(caller, id) else {
            return;
        };
        if let Some(hunt) = self.hunts.get_mut(&caller) {
            hunt.progress = Progress::Talking { desk };
        }
        self.desks[desk].1 = DeskState::Talking(caller);
        actions.push(Action::Connected {
            caller,
            desk: self.desks[desk].0.clone(),
        });
    }

    fn missed(&mut self, caller: CallerId, id: &DeskId, how: Tried) {
        let Some(desk) = self.ringing(caller, id) else {
            return;
        };
        self.desks[desk].1 = DeskState::Ready;
        self.back_to_queue(caller, how);
    }

    /// He was first before, so he is first again.
    fn back_to_queue(&mut self, caller: CallerId, how: Tried) {
        if let Some(hunt) = self.hunts.get_mut(&caller) {
            hunt.worst = hunt.worst.max(how);
            hunt.progress = Progress::Waiting;
            self.queue.push_front(caller);
        }
    }

    fn talk_ended(&mut self, id: &DeskId) {
        let Some(desk) = self.index(id) else { return };
        if let DeskState::Talking(caller) = self.desks[desk].1 {
            self.desks[desk].1 = DeskState::Ready;
            self.hunts.remove(&caller);
        }
    }

    fn left(&mut self, caller: CallerId, actions: &mut Vec<Action>) {
        let Some(hunt) = self.hunts.remove(&caller) else {
            return;
        };
        self.queue.retain(|waiting| *waiting != caller);
        match hunt.progress {
            Progress::Waiting => {}
            Progress::Ringing { desk, .. } => {
                self.desks[desk].1 = DeskState::Ready;
                actions.push(Action::Cancel {
                    caller,
                    desk: self.desks[desk].0.id.clone(),
                });
            }
            Progress::Talking { desk } => self.desks[desk].1 = DeskState::Ready,
        }
    }

    fn came_online(&mut self, id: &DeskId) {
        if let Some(desk) = self.index(id)
            && self.desks[desk].1 == DeskState::Offline
        {
            self.desks[desk].1 = DeskState::Ready;
        }
    }

    fn went_offline(&mut self, id: &DeskId, actions: &mut Vec<Action>) {
        let Some(desk) = self.index(id) else { return };
        match self.desks[desk].1 {
            DeskState::Ringing(caller) => {
                actions.push(Action::Cancel {
                    caller,
                    desk: id.clone(),
                });
                self.back_to_queue(caller, Tried::Failed);
            }
            DeskState::Talking(caller) => {
                self.hunts.remove(&caller);
            }
            DeskState::Ready | DeskState::Offline => {}
        }
        self.desks[desk].1 = DeskState::Offline;
    }

    fn timeout(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let late: BTreeMap<CallerId, usize> = self
            .hunts
            .iter()
            .filter_map(|(caller, hunt)| match hunt.progress {
                Progress::Ringing { desk, until } if until <= now => Some((*caller, desk)),
                _ => None,
            })
            .collect();
        for (caller, desk) in late {
            self.desks[desk].1 = DeskState::Ready;
            actions.push(Action::Cancel {
                caller,
                desk: self.desks[desk].0.id.clone(),
            });
            self.back_to_queue(caller, Tried::Rang);
        }
    }

    /// Gives free desks to waiting callers, and an end to those for whom there is none.
    fn serve(&mut self, now: Instant, actions: &mut Vec<Action>) {
        for caller in std::mem::take(&mut self.queue) {
            let Some(hunt) = self.hunts.get(&caller) else {
                continue;
            };
            let free = self.next_desk(hunt);
            if let (Some(desk), true) = (free, now < hunt.gives_up) {
                self.ring(caller, desk, now, actions);
            } else if now < hunt.gives_up && hunt.waits && self.untried_but_taken(hunt) {
                self.queue.push_back(caller);
            } else {
                let why = self.reason(hunt);
                self.hunts.remove(&caller);
                actions.push(Action::Unavailable { caller, why });
            }
        }
    }

    fn ring(&mut self, caller: CallerId, desk: usize, now: Instant, actions: &mut Vec<Action>) {
        if let Some(hunt) = self.hunts.get_mut(&caller) {
            hunt.tried.push(desk);
            hunt.progress = Progress::Ringing {
                desk,
                until: hunt.gives_up.min(now + self.ring),
            };
        }
        self.desks[desk].1 = DeskState::Ringing(caller);
        actions.push(Action::Ring {
            caller,
            desk: self.desks[desk].0.clone(),
        });
    }

    fn untried(&self, hunt: &Hunt) -> impl Iterator<Item = (usize, DeskState)> {
        let serves = |desk: &Desk| hunt.group.is_none() || hunt.group == desk.group;
        self.desks
            .iter()
            .enumerate()
            .filter(move |(index, (desk, _))| serves(desk) && !hunt.tried.contains(index))
            .map(|(index, (_, state))| (index, *state))
    }

    fn next_desk(&self, hunt: &Hunt) -> Option<usize> {
        match self.strategy {
            Strategy::Linear => self
                .untried(hunt)
                .find(|(_, state)| *state == DeskState::Ready)
                .map(|(index, _)| index),
        }
    }

    fn untried_but_taken(&self, hunt: &Hunt) -> bool {
        self.untried(hunt)
            .any(|(_, state)| matches!(state, DeskState::Ringing(_) | DeskState::Talking(_)))
    }

    fn reason(&self, hunt: &Hunt) -> NoDesk {
        match hunt.worst {
            Tried::Rang => NoDesk::NoAnswer,
            Tried::Busy => NoDesk::Busy,
            Tried::Nothing | Tried::Failed if self.untried_but_taken(hunt) => NoDesk::Busy,
            Tried::Nothing | Tried::Failed => NoDesk::Failed,
        }
    }
}

#[cfg(test)]
mod tests;
