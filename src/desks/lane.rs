//! The lanes: for each need that some desk meets, who is ready and who waits. A desk stands in a few of them, so
//! that to find a caller for a desk, or a desk for a caller, looks at no other desk and no other caller.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use super::pace::Pace;
use super::ranks::Ranks;
use super::state::Phase;
use super::{CallerId, Desk, Need};

/// The order in which callers came. Who calls again may have an earlier one.
pub type Place = u64;

/// A ready desk's turn in a lane: better level first, then whose turn it is by the strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// The best level less its own.
    pub behind: u8,
    /// When it became ready, as a number that grows; the same for all where the order of the configuration counts.
    pub since: u64,
    pub desk: usize,
}

/// All desks and callers of one need.
#[derive(Debug, Default)]
pub struct Lane {
    pub ready: BTreeSet<Turn>,
    pub resting: BTreeSet<(Instant, usize)>,
    /// Those who may have a desk of this lane, whatever they asked for first.
    pub waiting: BTreeMap<Place, CallerId>,
    /// Those for whom several desks ring and more may.
    pub chorus: BTreeMap<Place, CallerId>,
    /// Those who came for this lane.
    pub home: Ranks,
    pub staffed: usize,
    pub taken: usize,
    /// Lanes that share a desk with this one, itself among them.
    pub beside: Vec<usize>,
    pub pace: Pace,
}

/// All lanes. There are only those that some desk serves.
#[derive(Debug, Default)]
pub struct Lanes {
    all: Vec<Lane>,
    by_need: HashMap<Need, usize>,
}

impl Lanes {
    /// Takes a desk in: the lanes in which it stands, with how far its level is from the best.
    pub fn take_in(&mut self, desk: &Desk) -> Vec<(usize, u8)> {
        let groups = || std::iter::once(None).chain(desk.groups.iter().cloned().map(Some));
        let skills = std::iter::once((None, u8::MAX)).chain(
            desk.skills
                .iter()
                .map(|(skill, level)| (Some(skill.clone()), *level)),
        );
        let mut stands = Vec::new();
        for (skill, level) in skills {
            for group in groups() {
                let need = Need {
                    group,
                    skill: skill.clone(),
                };
                let next = self.all.len();
                let lane = *self.by_need.entry(need).or_insert(next);
                if lane == next {
                    self.all.push(Lane::default());
                }
                if !stands.iter().any(|(other, _)| *other == lane) {
                    stands.push((lane, u8::MAX - level));
                }
            }
        }
        stands
    }

    /// Which lanes lie beside each other, once all desks are in.
    pub fn join<'a>(&mut self, desks: impl Iterator<Item = &'a [(usize, u8)]>) {
        // Desks that stand in the same lanes say the same.
        let alike: BTreeSet<Vec<usize>> = desks
            .map(|stands| stands.iter().map(|(lane, _)| *lane).collect())
            .collect();
        let mut beside: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); self.all.len()];
        for lanes in &alike {
            for lane in lanes {
                beside[*lane].extend(lanes);
            }
        }
        for (lane, beside) in self.all.iter_mut().zip(beside) {
            lane.beside = beside.into_iter().collect();
        }
    }

    pub fn find(&self, need: &Need) -> Option<usize> {
        self.by_need.get(need).copied()
    }

    pub fn get(&self, lane: usize) -> &Lane {
        &self.all[lane]
    }

    pub fn get_mut(&mut self, lane: usize) -> &mut Lane {
        &mut self.all[lane]
    }

    /// The first of those who may have a desk of these lanes.
    pub fn first_waiting(&self, stands: &[(usize, u8)]) -> Option<CallerId> {
        self.first(stands, |lane| &lane.waiting)
    }

    /// The first of those for whom one more desk may ring.
    pub fn first_in_chorus(&self, stands: &[(usize, u8)]) -> Option<CallerId> {
        self.first(stands, |lane| &lane.chorus)
    }

    fn first(
        &self,
        stands: &[(usize, u8)],
        of: impl Fn(&Lane) -> &BTreeMap<Place, CallerId>,
    ) -> Option<CallerId> {
        let firsts = stands
            .iter()
            .filter_map(|(lane, _)| of(&self.all[*lane]).first_key_value());
        firsts.min().map(|(_, caller)| *caller)
    }

    /// A desk's state changes: whoever looks for one finds it, or no longer.
    pub fn desk_changes(&mut self, stands: &[(usize, u8)], from: Seen, to: Seen) {
        for (lane, behind) in stands {
            let lane = &mut self.all[*lane];
            lane.staffed -= usize::from(from.phase.is_staffed());
            lane.taken -= usize::from(from.phase.is_taken());
            lane.staffed += usize::from(to.phase.is_staffed());
            lane.taken += usize::from(to.phase.is_taken());
            let turn = |seen: Seen| Turn {
                behind: *behind,
                since: seen.since,
                desk: seen.desk,
            };
            match (from.phase, from.until) {
                (Phase::Ready, _) => {
                    lane.ready.remove(&turn(from));
                }
                (Phase::Resting, Some(until)) => {
                    lane.resting.remove(&(until, from.desk));
                }
                _ => {}
            }
            match (to.phase, to.until) {
                (Phase::Ready, _) => {
                    lane.ready.insert(turn(to));
                }
                (Phase::Resting, Some(until)) => {
                    lane.resting.insert((until, to.desk));
                }
                _ => {}
            }
        }
    }

    /// How many wait before this place for a desk of this lane or of one beside it.
    pub fn ahead(&self, lane: usize, place: Place) -> usize {
        let beside = self.all[lane].beside.iter();
        beside.map(|lane| self.all[*lane].home.before(place)).sum()
    }

    /// One who came for this lane is served.
    pub fn served(&mut self, lane: usize, now: Instant) {
        let beside = self.all[lane].beside.clone();
        let more = beside.iter().any(|lane| !self.all[*lane].home.is_empty());
        for lane in beside {
            self.all[lane].pace.served(now, more);
        }
    }
}

/// What the lanes see of a desk.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub desk: usize,
    pub phase: Phase,
    pub since: u64,
    pub until: Option<Instant>,
}
