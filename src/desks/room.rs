//! All desks and all who want one: where what happens is handed to whom it concerns.

mod callers;
mod hunting;
mod promises;
mod redials;
mod seats;
mod waiting;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use super::lane::{Lanes, Place};
use super::state::Cue;
use super::timers::{Alarm, Timers};
use super::{Action, CallerId, Desk, DeskId, DeskState, Event, Settings, Waiting};
use callers::Caller;
use redials::Redials;
use seats::{Seat, With};

/// No time of the room is shorter: whatever is configured, a moment has an end.
const SHORTEST: Duration = Duration::from_secs(1);

/// Places up to this one are of callers who were handed on: before whoever came by himself.
const LAST_OF_THE_FIRST: Place = 1 << 40;

/// All desks and all who want one.
#[derive(Debug)]
pub struct Desks {
    settings: Settings,
    seats: Vec<Seat>,
    /// Desks whose state changed since somebody asked for them.
    changed: BTreeSet<usize>,
    by_id: HashMap<DeskId, usize>,
    lanes: Lanes,
    callers: HashMap<CallerId, Caller>,
    /// Who waits, in the order of coming.
    line: BTreeMap<Place, CallerId>,
    timers: Timers,
    redials: Redials,
    /// Callbacks that are owed, by number.
    promised: HashMap<String, CallerId>,
    open: bool,
    /// How often a desk became ready.
    turns: u64,
    /// How many places were given out, and how many of those before all others.
    places: Place,
    first_places: Place,
    /// Callers and owed callbacks that have a place in the queue.
    held: usize,
}

/// One event being handled.
struct Work {
    now: Instant,
    actions: Vec<Action>,
}

impl Desks {
    /// Desks begin ready, in the order of the list, and the room open. Of desks with the same id the first counts.
    pub fn new(desks: Vec<Desk>, settings: Settings) -> Self {
        let mut room = Desks {
            settings,
            seats: Vec::with_capacity(desks.len()),
            changed: BTreeSet::new(),
            by_id: HashMap::new(),
            lanes: Lanes::default(),
            callers: HashMap::new(),
            line: BTreeMap::new(),
            timers: Timers::default(),
            redials: Redials::default(),
            promised: HashMap::new(),
            open: true,
            turns: 0,
            places: LAST_OF_THE_FIRST,
            first_places: 0,
            held: 0,
        };
        for desk in desks {
            room.take_in(desk);
        }
        room.lanes.join(room.seats.iter().map(Seat::stands));
        room
    }

    /// Places that an earlier run kept, by number and in their order, each until its time: who calls again by then
    /// has his place again, before whoever comes for the first time. To be told before the first caller.
    pub fn restore_places(
        &mut self,
        kept: impl IntoIterator<Item = (String, Instant)>,
        now: Instant,
    ) {
        let places = &mut self.places;
        let kept = kept.into_iter().map(|(number, until)| {
            *places += 1;
            (number, *places, until)
        });
        self.redials.restore(kept, now);
    }

    pub fn states(&self) -> impl Iterator<Item = (&Desk, &DeskState)> {
        self.seats.iter().map(Seat::shown)
    }

    /// The desks with what each is doing, and since when; `None`: since the room was opened.
    pub fn watched(&self) -> impl Iterator<Item = (&Desk, &DeskState, Option<Instant>)> {
        self.seats.iter().map(Seat::watched)
    }

    /// The desk of this name.
    pub fn get(&self, id: &DeskId) -> Option<&Desk> {
        let seat = self.seats.get(*self.by_id.get(id)?)?;
        Some(&seat.desk)
    }

    /// What one of them is doing.
    pub fn state_of(&self, id: &DeskId) -> Option<&DeskState> {
        let seat = self.seats.get(*self.by_id.get(id)?)?;
        Some(&seat.state)
    }

    /// The desks whose state changed since this was asked last, in the configuration's order.
    pub fn take_changed(&mut self) -> impl Iterator<Item = (&Desk, &DeskState)> {
        let changed = std::mem::take(&mut self.changed);
        let seats = &self.seats;
        changed.into_iter().map(move |desk| seats[desk].shown())
    }

    /// Who waits, the first to be served first.
    pub fn waiting(&self) -> impl Iterator<Item = Waiting> + '_ {
        let callers = self.line.values();
        callers.filter_map(|id| self.callers.get(id).map(|caller| caller.shown(*id)))
    }

    /// When `Event::Timeout` is to be sent. Later than the event handled last.
    pub fn timeout_at(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// What an event leads to. An answer that comes together with the end of its time counts.
    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Action> {
        let mut work = Work {
            now,
            actions: Vec::new(),
        };
        self.happened(event, &mut work);
        while let Some(alarm) = self.timers.due(now) {
            match alarm {
                Alarm::Desk(desk) => self.desk_is_due(desk, &mut work),
                Alarm::Caller(caller) => self.caller_is_due(caller, &mut work),
            }
        }
        work.actions
    }

    fn happened(&mut self, event: Event, work: &mut Work) {
        match event {
            Event::Wanted {
                caller,
                number,
                need,
                terms,
            } => self.wanted(caller, number, &need, terms, work),
            Event::Handed {
                caller,
                to,
                patience,
            } => self.handed(caller, to, patience, work),
            Event::WantedAgain {
                caller,
                need,
                terms,
            } => self.wanted_again(caller, &need, terms, work),
            Event::Answered { caller, desk } => self.answered(caller, &desk, work),
            Event::TookOver {
                caller,
                desk,
                ready,
            } => self.took_over(caller, &desk, ready, work),
            Event::Refused { caller, desk } => self.not_taken(caller, &desk, Cue::Refused, work),
            Event::Failed { caller, desk } => self.not_taken(caller, &desk, Cue::Missed, work),
            Event::TalkEnded { desk } => self.talk_ended(&desk, work),
            Event::Left { caller } => self.left(caller, work),
            Event::StepsAside { caller } => self.steps_aside(caller, work),
            Event::StepsBack { caller } => self.steps_back(caller, work),
            Event::WantsCallback { caller, number } => self.wants_callback(caller, number, work),
            Event::LeavesMessage { caller } => self.leaves_message(caller, work),
            Event::Reached { caller } => self.reached(caller, work),
            Event::NotReached { caller } => self.not_reached(caller, Cue::Released, work),
            Event::Opened => self.opened(),
            Event::Closed => self.closed(work),
            Event::CameOnline { desk } => self.told(&desk, Cue::Online, With::Nothing, work),
            Event::WentOffline { desk } => self.told(&desk, Cue::Offline, With::Nothing, work),
            Event::WentReady { desk } => self.told(&desk, Cue::GoReady, With::Nothing, work),
            Event::TookBreak { desk, reason } => self.took_break(desk, reason, work),
            Event::Timeout => {}
        }
    }
}

#[cfg(test)]
mod tests;
