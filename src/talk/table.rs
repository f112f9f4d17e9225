//! What a talk does next: one table.

use super::Bridge;

/// Where a talk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Before the first join, and after the end.
    None,
    Talking,
    Held,
    /// Another desk is rung; the first one is still there.
    Transferring,
    /// The same, and the first one has hung up.
    Moving,
    /// A colleague is rung.
    Asking,
    /// The desks talk, and the caller waits.
    Consulting,
    Three,
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cue {
    Hold,
    Resume,
    Transfer,
    Consult,
    JoinAll,
    Complete,
    TakeBack,
    Ringing,
    Answered,
    Unavailable,
    FirstGone,
    SecondGone,
    /// A supervisor takes the caller over.
    TakenOver,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Wait,
    Back,
    Thanks,
    Silence,
    Ring,
    StopRinging,
    /// 180 to whoever asked for the transfer.
    TellRinging,
    /// 200.
    TellDone,
    /// What the world said.
    TellFailure,
    /// 487.
    TellTakenBack,
    LetFirstGo,
    LetSecondGo,
    Promote,
    /// The supervisor is the first desk.
    PromoteSupervisor,
    Over,
}

/// Where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    To(Phase),
    /// The first desk has the caller again: as it stands itself, on hold or not.
    Home,
}

use Act::{
    Back, LetFirstGo, LetSecondGo, Over, Promote, PromoteSupervisor, Ring, Silence, StopRinging,
    TellDone, TellFailure, TellRinging, TellTakenBack, Thanks, Wait,
};
use Cue::{
    Answered, Complete, Consult, FirstGone, Hold, JoinAll, Resume, Ringing, SecondGone, TakeBack,
    TakenOver, Transfer, Unavailable,
};
use Phase::{Asking, Consulting, Held, Moving, Talking, Three, Transferring};
use To::{Home, To as Go};

/// The second desk has the caller.
const HANDED_OVER: &[Act] = &[Silence, LetFirstGo, Promote];
/// The same where the first one went by itself.
const TAKEN_OVER: &[Act] = &[Silence, Promote];

/// A supervisor has the caller, whatever went on.
const SUPERVISED: &[Act] = &[Silence, LetFirstGo, PromoteSupervisor];
/// The same where another desk rings, or is in the talk.
const SUPERVISED_RINGING: &[Act] = &[StopRinging, Silence, LetFirstGo, PromoteSupervisor];
const SUPERVISED_TWO: &[Act] = &[LetSecondGo, Silence, LetFirstGo, PromoteSupervisor];

/// What is not here changes nothing: as a command it is refused. That a desk holds or resumes, or that the first one's
/// page is lost, is remembered whatever the table says of it. Who hears whom is no act: [`Phase::bridge`] says it.
pub const TABLE: &[(Phase, Cue, To, &[Act])] = &[
    (Talking, Hold, Go(Held), &[Wait]),
    (Talking, Transfer, Go(Transferring), &[Wait, Ring]),
    (Talking, Consult, Go(Asking), &[Wait, Ring]),
    (Talking, FirstGone, Go(Phase::None), &[Silence, Over]),
    (Held, Resume, Go(Talking), &[Back]),
    (Held, Transfer, Go(Transferring), &[Ring]),
    (Held, Consult, Go(Asking), &[Ring]),
    (Held, FirstGone, Go(Phase::None), &[Silence, Over]),
    (Transferring, Ringing, Go(Transferring), &[TellRinging]),
    (
        Transferring,
        Answered,
        Go(Talking),
        &[TellDone, Silence, LetFirstGo, Promote],
    ),
    (Transferring, Unavailable, Home, &[TellFailure]),
    (Transferring, TakeBack, Home, &[StopRinging, TellTakenBack]),
    (Transferring, FirstGone, Go(Moving), &[]),
    (Moving, Answered, Go(Talking), TAKEN_OVER),
    (Moving, Unavailable, Go(Phase::None), &[Silence, Over]),
    (Asking, Answered, Go(Consulting), &[]),
    (Asking, Unavailable, Home, &[]),
    (Asking, TakeBack, Home, &[StopRinging]),
    // Who does not wait for the answer hands the caller over without a word.
    (Asking, Complete, Go(Transferring), &[]),
    (Asking, FirstGone, Go(Moving), &[]),
    (Consulting, JoinAll, Go(Three), &[Thanks]),
    (Consulting, Complete, Go(Talking), HANDED_OVER),
    (Consulting, TakeBack, Home, &[LetSecondGo]),
    (Consulting, FirstGone, Go(Talking), TAKEN_OVER),
    (Consulting, SecondGone, Home, &[]),
    (Three, Complete, Go(Talking), HANDED_OVER),
    (Three, TakeBack, Go(Talking), &[Silence, LetSecondGo]),
    (Three, FirstGone, Go(Talking), TAKEN_OVER),
    (Three, SecondGone, Go(Talking), &[Silence]),
    (Talking, TakenOver, Go(Talking), SUPERVISED),
    (Held, TakenOver, Go(Talking), SUPERVISED),
    (
        Transferring,
        TakenOver,
        Go(Talking),
        &[
            StopRinging,
            TellTakenBack,
            Silence,
            LetFirstGo,
            PromoteSupervisor,
        ],
    ),
    (
        Moving,
        TakenOver,
        Go(Talking),
        &[StopRinging, Silence, PromoteSupervisor],
    ),
    (Asking, TakenOver, Go(Talking), SUPERVISED_RINGING),
    (Consulting, TakenOver, Go(Talking), SUPERVISED_TWO),
    (Three, TakenOver, Go(Talking), SUPERVISED_TWO),
];

/// Of `To::Home`, after the row's own acts. Where the desk holds the caller waits on, and hears nothing new.
pub const HOME: &[Act] = &[Back];

/// What this cue means in this phase.
pub fn step(phase: Phase, cue: Cue) -> Option<(To, &'static [Act])> {
    let row = TABLE.iter().find(|row| row.0 == phase && row.1 == cue);
    row.map(|row| (row.2, row.3))
}

impl Act {
    /// Whether somebody hears it: who hears whom is put right before.
    pub fn is_heard(self) -> bool {
        matches!(self, Wait | Back | Thanks | Ring)
    }
}

impl Phase {
    pub fn under_way(self) -> Option<&'static str> {
        match self {
            Phase::Transferring => Some("transferring"),
            Phase::Asking => Some("asking"),
            Phase::Consulting => Some("consulting"),
            Phase::Three => Some("three"),
            Phase::None | Phase::Talking | Phase::Held | Phase::Moving => None,
        }
    }

    /// Who hears whom: the one place that says so.
    pub fn bridge(self) -> Bridge {
        match self {
            Talking => Bridge::Pair,
            Consulting => Bridge::Desks,
            Three => Bridge::All,
            Phase::None | Held | Transferring | Moving | Asking => Bridge::Apart,
        }
    }

    /// Whether the caller waits and hears nobody.
    pub fn is_waiting(self) -> bool {
        matches!(self, Held | Transferring | Moving | Asking | Consulting)
    }

    /// Whether a desk is rung.
    pub fn is_ringing(self) -> bool {
        matches!(self, Transferring | Moving | Asking)
    }

    pub fn has_first(self) -> bool {
        !matches!(self, Phase::None | Moving)
    }

    pub fn has_second(self) -> bool {
        matches!(self, Consulting | Three)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_one_thing_of_each_phase_and_cue() {
        for (at, (phase, cue, ..)) in TABLE.iter().enumerate() {
            let again = TABLE[at + 1..]
                .iter()
                .any(|row| (row.0, row.1) == (*phase, *cue));
            assert!(!again, "{phase:?} {cue:?} has two rows");
        }
    }

    #[test]
    fn whoever_goes_in_whatever_phase_it_is_said_what_becomes_of_the_caller() {
        for phase in [
            Talking,
            Held,
            Transferring,
            Moving,
            Asking,
            Consulting,
            Three,
        ] {
            assert_eq!(
                step(phase, FirstGone).is_some(),
                phase.has_first(),
                "{phase:?}"
            );
            assert_eq!(
                step(phase, SecondGone).is_some(),
                phase.has_second(),
                "{phase:?}"
            );
            // A supervisor is let in wherever there is a caller to be taken over.
            let (to, acts) = step(phase, TakenOver).expect("a row");
            assert_eq!(to, Go(Talking), "{phase:?}");
            assert_eq!(acts.contains(&LetFirstGo), phase.has_first(), "{phase:?}");
            assert_eq!(acts.contains(&LetSecondGo), phase.has_second(), "{phase:?}");
            assert_eq!(acts.contains(&StopRinging), phase.is_ringing(), "{phase:?}");
            assert_eq!(acts.last(), Some(&PromoteSupervisor), "{phase:?}");
            for cue in [Answered, Unavailable] {
                assert_eq!(
                    step(phase, cue).is_some(),
                    phase.is_ringing(),
                    "{phase:?} {cue:?}"
                );
            }
        }
    }
}
