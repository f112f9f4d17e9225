//! The desks' side: what happens to a desk, and whom it serves when it is ready.

use std::sync::Arc;
use std::time::Instant;

use super::callers::{Progress, Tried};
use super::{Desks, SHORTEST, Work};
use crate::desks::lane::Seen;
use crate::desks::state::{Cue, Phase, Step, step};
use crate::desks::timers::Alarm;
use crate::desks::{Action, CallerId, Desk, DeskId, DeskState, Strategy};

/// A desk and what it is doing.
#[derive(Debug)]
pub(super) struct Seat {
    pub desk: Arc<Desk>,
    /// The lanes in which it stands, with how far its level is from the best.
    stands: Vec<(usize, u8)>,
    pub state: DeskState,
    /// What the person there wished while it talked.
    wish: Option<DeskState>,
    /// Rings in a row that were not answered.
    misses: u32,
    since: u64,
    /// When it came into its state; `None`: it began so.
    entered: Option<Instant>,
    alarm: Option<Instant>,
}

/// What belongs to a cue.
#[derive(Debug, Clone)]
pub(super) enum With {
    Nothing,
    Caller(CallerId),
    Reason(Arc<str>),
}

impl Seat {
    pub fn stands(&self) -> &[(usize, u8)] {
        &self.stands
    }

    pub fn shown(&self) -> (&Desk, &DeskState) {
        (&self.desk, &self.state)
    }

    pub fn watched(&self) -> (&Desk, &DeskState, Option<Instant>) {
        (&self.desk, &self.state, self.entered)
    }

    fn seen(&self, desk: usize) -> Seen {
        let until = match self.state {
            DeskState::Resting { until } => Some(until),
            _ => None,
        };
        Seen {
            desk,
            phase: phase_of(&self.state),
            since: self.since,
            until,
        }
    }
}

pub(super) fn phase_of(state: &DeskState) -> Phase {
    match state {
        DeskState::Offline => Phase::Offline,
        DeskState::Ready => Phase::Ready,
        DeskState::Ringing(_) => Phase::Ringing,
        DeskState::Talking(_) => Phase::Talking,
        DeskState::WrapUp { .. } => Phase::WrapUp,
        DeskState::Break { .. } => Phase::Break,
        DeskState::Resting { .. } => Phase::Resting,
        DeskState::NotAnswering { .. } => Phase::NotAnswering,
    }
}

impl Desks {
    pub(super) fn take_in(&mut self, desk: Desk) {
        let index = self.seats.len();
        if self.by_id.contains_key(&desk.id) {
            return;
        }
        self.by_id.insert(desk.id.clone(), index);
        let stands = self.lanes.take_in(&desk);
        self.seats.push(Seat {
            desk: Arc::new(desk),
            stands,
            state: DeskState::Offline,
            wish: None,
            misses: 0,
            since: 0,
            entered: None,
            alarm: None,
        });
        self.enter(index, DeskState::Ready, None);
    }

    /// What the desk itself or its registration says.
    pub(super) fn told(&mut self, id: &DeskId, cue: Cue, with: With, work: &mut Work) {
        let Some(desk) = self.by_id.get(id).copied() else {
            return;
        };
        if cue == Cue::GoReady {
            self.seats[desk].misses = 0;
        }
        match self.seats[desk].state {
            // Its caller goes on to the next one.
            DeskState::Ringing(caller) if matches!(cue, Cue::Offline | Cue::Break) => {
                work.actions.push(Action::Cancel {
                    caller,
                    desk: id.clone(),
                });
                self.cue(desk, cue, &with, work);
                self.no_longer_rings(caller, desk, Tried::Failed, work);
            }
            _ => self.cue(desk, cue, &with, work),
        }
    }

    pub(super) fn took_break(&mut self, desk: DeskId, reason: String, work: &mut Work) {
        if self.settings.break_reasons.contains(&reason) {
            self.told(&desk, Cue::Break, With::Reason(reason.into()), work);
        } else {
            work.actions.push(Action::BreakRefused { desk, reason });
        }
    }

    pub(super) fn desk_is_due(&mut self, desk: usize, work: &mut Work) {
        self.seats[desk].alarm = None;
        match self.seats[desk].state {
            DeskState::Ringing(caller) => {
                work.actions.push(Action::Cancel {
                    caller,
                    desk: self.seats[desk].desk.id.clone(),
                });
                self.cue(desk, Cue::TimeUp, &With::Nothing, work);
                self.no_longer_rings(caller, desk, Tried::Rang, work);
            }
            _ => self.cue(desk, Cue::TimeUp, &With::Nothing, work),
        }
    }

    /// The desk goes where the table says. If it is ready then, it is given to whoever waits for one.
    pub(super) fn cue(&mut self, desk: usize, cue: Cue, with: &With, work: &mut Work) {
        let phase = phase_of(&self.seats[desk].state);
        let Some(step) = step(phase, cue) else {
            return;
        };
        let next = match step {
            Step::Enter(phase) => self.state(desk, phase, with, work.now),
            Step::Wish(phase) => {
                let wish = self.state(desk, phase, with, work.now);
                self.seats[desk].wish = wish.filter(|state| *state != DeskState::Ready);
                return;
            }
            Step::AfterTalk if !self.settings.wrap_up.is_zero() => {
                self.state(desk, Phase::WrapUp, with, work.now)
            }
            Step::AfterTalk | Step::AsWished => {
                self.seats[desk].wish.take().or(Some(DeskState::Ready))
            }
            Step::Rest => Some(self.rest(desk, cue, work.now)),
        };
        let Some(next) = next else { return };
        let was_staffed = phase.is_staffed();
        self.enter(desk, next, Some(work.now));
        let seat = &self.seats[desk];
        match phase_of(&seat.state) {
            Phase::Ready => self.serve(desk, work),
            phase if was_staffed && !phase.is_staffed() => self.has_gone(desk, work),
            _ => {}
        }
    }

    /// The state of this name; `None` where something that belongs to it is not told.
    fn state(&self, desk: usize, phase: Phase, with: &With, now: Instant) -> Option<DeskState> {
        let caller = match (with, &self.seats[desk].state) {
            (With::Caller(caller), _)
            | (_, DeskState::Ringing(caller) | DeskState::Talking(caller)) => Some(*caller),
            _ => None,
        };
        Some(match phase {
            Phase::Offline => DeskState::Offline,
            Phase::Ready => DeskState::Ready,
            Phase::Ringing => DeskState::Ringing(caller?),
            Phase::Talking => DeskState::Talking(caller?),
            Phase::WrapUp => DeskState::WrapUp {
                until: now + self.settings.wrap_up.max(SHORTEST),
            },
            Phase::Break => match with {
                With::Reason(reason) => DeskState::Break {
                    reason: reason.clone(),
                },
                _ => return None,
            },
            Phase::Resting => DeskState::Resting {
                until: now + self.settings.rest.max(SHORTEST),
            },
            Phase::NotAnswering => DeskState::NotAnswering {
                until: now + self.settings.not_answering.max(SHORTEST),
            },
        })
    }

    /// Who is busy is there; who does not answer, or cannot be rung, is not for long thought to be.
    fn rest(&mut self, desk: usize, cue: Cue, now: Instant) -> DeskState {
        let seat = &mut self.seats[desk];
        seat.misses = match cue {
            Cue::Refused => 0,
            _ => seat.misses.saturating_add(1),
        };
        let limit = self.settings.misses_at_most;
        let away = limit > 0 && seat.misses >= limit;
        match away {
            true => DeskState::NotAnswering {
                until: now + self.settings.not_answering.max(SHORTEST),
            },
            false => DeskState::Resting {
                until: now + self.settings.rest.max(SHORTEST),
            },
        }
    }

    /// Without a time, before anything happened: no time of the state is needed.
    fn enter(&mut self, desk: usize, next: DeskState, now: Option<Instant>) {
        let seat = &mut self.seats[desk];
        let from = seat.seen(desk);
        let rung_in_vain = from.phase == Phase::Ringing;
        match next {
            // Whoever only rang for one who left has not lost his turn.
            DeskState::Ready if self.settings.strategy != Strategy::Linear && !rung_in_vain => {
                self.turns += 1;
                seat.since = self.turns;
            }
            DeskState::Talking(_) => seat.misses = 0,
            _ => {}
        }
        if matches!(
            next,
            DeskState::Ready | DeskState::Offline | DeskState::Break { .. }
        ) {
            seat.wish = None;
        }
        let at = match next {
            DeskState::Ringing(_) => now.map(|now| now + self.settings.ring.max(SHORTEST)),
            DeskState::WrapUp { until }
            | DeskState::Resting { until }
            | DeskState::NotAnswering { until } => Some(until),
            _ => None,
        };
        seat.state = next;
        seat.entered = now;
        self.changed.insert(desk);
        let to = seat.seen(desk);
        self.timers.set(Alarm::Desk(desk), &mut seat.alarm, at);
        self.lanes.desk_changes(&seat.stands, from, to);
    }

    /// A desk is ready: the first of those whom it fits gets it.
    fn serve(&mut self, desk: usize, work: &mut Work) {
        let stands = &self.seats[desk].stands;
        if let Some(caller) = self.lanes.first_waiting(stands) {
            self.ring(caller, vec![desk], work);
        } else if let Some(caller) = self.lanes.first_in_chorus(stands) {
            self.ring_as_well(caller, desk, work);
        }
    }

    /// Nobody is at a desk any more: where it was the last one, who waits for it is told.
    fn has_gone(&mut self, desk: usize, work: &mut Work) {
        let lanes: Vec<usize> = self.seats[desk]
            .stands
            .iter()
            .map(|(lane, _)| *lane)
            .collect();
        for lane in lanes {
            if self.lanes.get(lane).staffed > 0 {
                continue;
            }
            let waiting: Vec<CallerId> = self.lanes.get(lane).waiting.values().copied().collect();
            for caller in waiting {
                self.looks_again(caller, work);
            }
        }
    }

    /// The caller's desk if exactly this one rings for him: a late answer belongs to nobody.
    pub(super) fn ringing(&self, caller: CallerId, id: &DeskId) -> Option<usize> {
        let desk = self.by_id.get(id).copied()?;
        (self.seats[desk].state == DeskState::Ringing(caller)).then_some(desk)
    }

    pub(super) fn answered(&mut self, id: CallerId, desk: &DeskId, work: &mut Work) {
        let Some(desk) = self.ringing(id, desk) else {
            return;
        };
        let Some(caller) = self.callers.get(&id) else {
            return;
        };
        let others: Vec<usize> = match &caller.progress {
            Progress::Ringing(desks) => desks
                .iter()
                .copied()
                .filter(|other| *other != desk)
                .collect(),
            _ => Vec::new(),
        };
        self.move_to(id, Progress::Talking(desk));
        self.cue(desk, Cue::Answered, &With::Caller(id), work);
        work.actions.push(Action::Connected {
            caller: id,
            desk: self.seats[desk].desk.clone(),
        });
        self.is_served(id, work);
        self.release(id, &others, work);
    }

    /// These no longer ring for him, and missed nothing.
    pub(super) fn release(&mut self, caller: CallerId, desks: &[usize], work: &mut Work) {
        for desk in desks {
            work.actions.push(Action::Cancel {
                caller,
                desk: self.seats[*desk].desk.id.clone(),
            });
        }
        for desk in desks {
            self.cue(*desk, Cue::Released, &With::Nothing, work);
        }
    }

    pub(super) fn not_taken(&mut self, caller: CallerId, id: &DeskId, cue: Cue, work: &mut Work) {
        let Some(desk) = self.ringing(caller, id) else {
            return;
        };
        let how = match cue {
            Cue::Refused => Tried::Busy,
            _ => Tried::Failed,
        };
        self.cue(desk, cue, &With::Nothing, work);
        self.no_longer_rings(caller, desk, how, work);
    }

    /// One that rings is taken from its caller, who goes on to the next one; one that talks talks on.
    pub(super) fn took_over(
        &mut self,
        caller: CallerId,
        id: &DeskId,
        ready: bool,
        work: &mut Work,
    ) {
        let Some(desk) = self.by_id.get(id).copied() else {
            return;
        };
        if matches!(self.seats[desk].state, DeskState::Ringing(_)) {
            self.told(id, Cue::Offline, With::Nothing, work);
        }
        let before = self.seats[desk].state.clone();
        self.cue(desk, Cue::TookOver, &With::Caller(caller), work);
        if !ready && matches!(before, DeskState::Offline | DeskState::Break { .. }) {
            self.seats[desk].wish = Some(before);
        }
    }

    pub(super) fn talk_ended(&mut self, id: &DeskId, work: &mut Work) {
        let Some(desk) = self.by_id.get(id).copied() else {
            return;
        };
        let DeskState::Talking(caller) = self.seats[desk].state else {
            return;
        };
        if self.is_owed(caller) {
            self.not_reached(caller, Cue::TalkEnded, work);
        } else {
            self.remove(caller);
            self.cue(desk, Cue::TalkEnded, &With::Nothing, work);
        }
    }
}
