//! The hunt: which desks are rung for a caller, and what becomes of him when they do not answer.

use super::callers::{Caller, Progress, Tried};
use super::seats::With;
use super::{Desks, Work};
use crate::desks::state::Cue;
use crate::desks::{
    Action, CallerId, DeskState, How, Need, NoDesk, PromiseEnd, RING_AT_ONCE, Strategy, Terms,
};

impl Desks {
    /// He has lost his desk: whatever the hour is now and however many wait.
    pub(super) fn wanted_again(
        &mut self,
        id: CallerId,
        need: &Need,
        terms: Terms,
        work: &mut Work,
    ) {
        if self.callers.contains_key(&id) {
            return;
        }
        let home = self.lanes.find(need);
        let mut caller = Caller::new(None, home, terms, work.now);
        self.first_places += 1;
        caller.place = self.first_places;
        self.lets_in(id, caller, work);
    }

    /// He gets a desk, waits for one, or is told that there is none.
    pub(super) fn seek(&mut self, id: CallerId, work: &mut Work) {
        let Some(caller) = self.callers.get(&id) else {
            return;
        };
        let late = work.now >= caller.gives_up;
        let desks = if late { Vec::new() } else { self.pick(caller) };
        match (late, caller.waits()) {
            (true, true) if caller.owed.is_some() => {
                self.promise_ends(id, PromiseEnd::Expired, work);
            }
            (true, true) => self.gives_up(id, NoDesk::WaitedOut, work),
            _ if !desks.is_empty() => self.ring(id, desks, work),
            (false, true) => self.wait(id, work),
            (_, false) => {
                let why = self.reason(caller);
                self.turn_away(id, why, work);
            }
        }
    }

    /// The desks to be rung for him now.
    pub(super) fn pick(&self, caller: &Caller) -> Vec<usize> {
        if caller.owed.is_some() && !self.open {
            return Vec::new();
        }
        if let Some(desk) = caller.only {
            let rings = match self.seats[desk].state {
                DeskState::Ready => true,
                // Unless somebody waits for it: he would be overtaken.
                DeskState::Resting { .. } => {
                    let stands = self.seats[desk].stands();
                    self.lanes.first_waiting(stands).is_none()
                }
                _ => false,
            };
            let is_new = !caller.tried.contains(&desk);
            return (rings && is_new).then_some(desk).into_iter().collect();
        }
        let several = self.settings.strategy == Strategy::RingAll && caller.owed.is_none();
        let at_most = if several { RING_AT_ONCE } else { 1 };
        let mut desks = Vec::new();
        for lane in &caller.lanes {
            for turn in &self.lanes.get(*lane).ready {
                if desks.len() == at_most {
                    return desks;
                }
                if !caller.tried.contains(&turn.desk) && !desks.contains(&turn.desk) {
                    desks.push(turn.desk);
                }
            }
        }
        if desks.is_empty() && !caller.waits() {
            desks.extend(self.pick_resting(caller));
        }
        desks
    }

    /// For one who would be sent away: a desk that missed a ring, unless somebody waits for it.
    fn pick_resting(&self, caller: &Caller) -> Option<usize> {
        let lanes = caller.lanes.iter().map(|lane| self.lanes.get(*lane));
        let mut resting = lanes.flat_map(|lane| lane.resting.iter().map(|(_, desk)| *desk));
        resting.find(|desk| {
            let stands = self.seats[*desk].stands();
            !caller.tried.contains(desk) && self.lanes.first_waiting(stands).is_none()
        })
    }

    pub(super) fn ring(&mut self, id: CallerId, desks: Vec<usize>, work: &mut Work) {
        if let Some(caller) = self.callers.get_mut(&id)
            && !caller.waits()
        {
            caller.tried.extend(&desks);
        }
        self.move_to(id, Progress::Ringing(desks.clone()));
        for desk in desks {
            self.cue(desk, Cue::Rung, &With::Caller(id), work);
            let action = self.ring_action(id, desk);
            work.actions.push(action);
        }
    }

    fn ring_action(&self, id: CallerId, desk: usize) -> Action {
        let desk = self.seats[desk].desk.clone();
        match self
            .callers
            .get(&id)
            .and_then(|caller| caller.owed.as_ref())
        {
            Some(owed) => Action::CallBack {
                caller: id,
                desk,
                number: owed.number.clone(),
                attempt: owed.attempts + 1,
            },
            None => Action::Ring { caller: id, desk },
        }
    }

    /// One more desk rings for a caller for whom others do.
    pub(super) fn ring_as_well(&mut self, id: CallerId, desk: usize, work: &mut Work) {
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        let Progress::Ringing(desks) = &caller.progress else {
            return;
        };
        if !caller.waits() && !caller.tried.insert(desk) {
            return;
        }
        let desks = desks.iter().copied().chain([desk]).collect();
        self.move_to(id, Progress::Ringing(desks));
        self.cue(desk, Cue::Rung, &With::Caller(id), work);
        let action = self.ring_action(id, desk);
        work.actions.push(action);
    }

    /// A desk does not ring for him any more, and did not answer.
    pub(super) fn no_longer_rings(
        &mut self,
        id: CallerId,
        desk: usize,
        how: Tried,
        work: &mut Work,
    ) {
        let Some(caller) = self.callers.get_mut(&id) else {
            return;
        };
        let Progress::Ringing(desks) = &caller.progress else {
            return;
        };
        caller.worst = caller.worst.max(how);
        let others: Vec<usize> = desks
            .iter()
            .copied()
            .filter(|other| *other != desk)
            .collect();
        if others.is_empty() {
            self.move_to(id, Progress::Aside);
            self.seek(id, work);
        } else {
            self.move_to(id, Progress::Ringing(others));
        }
    }

    /// His hunt, which never waits, is over.
    pub(super) fn turn_away(&mut self, id: CallerId, why: NoDesk, work: &mut Work) {
        let Some(caller) = self.remove(id) else {
            return;
        };
        let then = caller.then();
        work.actions.push(Action::Unavailable {
            caller: id,
            why,
            then,
        });
        self.ends(id, caller.since, How::TurnedAway(why), work);
    }

    fn reason(&self, caller: &Caller) -> NoDesk {
        let is_taken = |desk: &usize| {
            matches!(
                self.seats[*desk].state,
                DeskState::Ringing(_) | DeskState::Talking(_) | DeskState::WrapUp { .. }
            )
        };
        let is_the_only = |desk: &usize| {
            let rests = matches!(self.seats[*desk].state, DeskState::Resting { .. });
            !caller.tried.contains(desk) && (rests || is_taken(desk))
        };
        let untried_but_taken = caller.only.iter().any(is_the_only)
            || caller.lanes.iter().any(|lane| {
                let stands_here = |desk: &&usize| {
                    let stands = self.seats[**desk].stands();
                    stands.iter().any(|(own, _)| own == lane)
                };
                let tried = caller
                    .tried
                    .iter()
                    .filter(stands_here)
                    .filter(|desk| is_taken(desk));
                self.lanes.get(*lane).taken > tried.count()
            });
        match caller.worst {
            Tried::Rang => NoDesk::NoAnswer,
            Tried::Busy => NoDesk::Busy,
            Tried::Nothing | Tried::Failed if untried_but_taken => NoDesk::Busy,
            Tried::Nothing | Tried::Failed => NoDesk::Failed,
        }
    }
}
