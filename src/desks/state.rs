//! What a desk does next: one table.

/// The name of a desk's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Offline,
    Ready,
    Ringing,
    Talking,
    WrapUp,
    Break,
    Resting,
    NotAnswering,
}

/// What happens to a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// It registered; the person may have been there all the time.
    Online,
    Offline,
    /// The person takes calls.
    GoReady,
    Break,
    Rung,
    Answered,
    /// A supervisor who was at it takes a caller over.
    TookOver,
    /// It was rung and could not be reached.
    Missed,
    /// It was rung and is busy.
    Refused,
    /// Its caller is gone or another desk has him: nothing was missed.
    Released,
    TalkEnded,
    /// The time of its state is over.
    TimeUp,
}

/// What that means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Enter(Phase),
    /// Wrap-up where there is one, else what the person wished meanwhile.
    AfterTalk,
    /// What the person wished meanwhile, else ready.
    AsWished,
    /// The person wishes it after the talk.
    Wish(Phase),
    /// Rest, or away after too many misses.
    Rest,
}

use Cue::{
    Answered, GoReady, Missed, Online, Refused, Released, Rung, TalkEnded, TimeUp, TookOver,
};
use Phase::{NotAnswering, Offline, Ready, Resting, Ringing, Talking, WrapUp};
use Step::{AfterTalk, AsWished, Enter, Rest, Wish};

/// What is not here changes nothing.
pub const TABLE: &[(Phase, Cue, Step)] = &[
    (Offline, Online, Enter(Ready)),
    (Offline, GoReady, Enter(Ready)),
    (Offline, Cue::Break, Enter(Phase::Break)),
    (Ready, Cue::Offline, Enter(Offline)),
    (Ready, Cue::Break, Enter(Phase::Break)),
    (Ready, Rung, Enter(Ringing)),
    (Ringing, Answered, Enter(Talking)),
    (Ringing, Missed, Rest),
    (Ringing, Refused, Rest),
    (Ringing, TimeUp, Rest),
    (Ringing, Released, Enter(Ready)),
    (Ringing, Cue::Offline, Enter(Offline)),
    (Ringing, Cue::Break, Enter(Phase::Break)),
    (Talking, TalkEnded, AfterTalk),
    // A callback whose person was not reached leaves nothing to be written up.
    (Talking, Released, AsWished),
    (Talking, Cue::Offline, Wish(Offline)),
    (Talking, Cue::Break, Wish(Phase::Break)),
    (Talking, GoReady, Wish(Ready)),
    (Talking, Online, Wish(Ready)),
    (WrapUp, TimeUp, AsWished),
    (WrapUp, GoReady, Enter(Ready)),
    (WrapUp, Cue::Break, Enter(Phase::Break)),
    (WrapUp, Cue::Offline, Enter(Offline)),
    (Phase::Break, GoReady, Enter(Ready)),
    (Phase::Break, Cue::Break, Enter(Phase::Break)),
    (Phase::Break, Cue::Offline, Enter(Offline)),
    (Resting, TimeUp, Enter(Ready)),
    (Resting, GoReady, Enter(Ready)),
    // For one who does not wait and finds no other.
    (Resting, Rung, Enter(Ringing)),
    (Resting, Cue::Break, Enter(Phase::Break)),
    (Resting, Cue::Offline, Enter(Offline)),
    (NotAnswering, TimeUp, Enter(Ready)),
    (NotAnswering, GoReady, Enter(Ready)),
    (NotAnswering, Cue::Break, Enter(Phase::Break)),
    (NotAnswering, Cue::Offline, Enter(Offline)),
    (Offline, TookOver, Enter(Talking)),
    (Ready, TookOver, Enter(Talking)),
    (WrapUp, TookOver, Enter(Talking)),
    (Phase::Break, TookOver, Enter(Talking)),
    (Resting, TookOver, Enter(Talking)),
    (NotAnswering, TookOver, Enter(Talking)),
];

/// What this cue means to a desk in this state.
pub fn step(phase: Phase, cue: Cue) -> Option<Step> {
    let row = TABLE
        .iter()
        .find(|(from, what, _)| *from == phase && *what == cue);
    row.map(|(_, _, step)| *step)
}

impl Phase {
    /// Somebody is there, or will be in a moment.
    pub fn is_staffed(self) -> bool {
        !matches!(self, Offline | Phase::Break | NotAnswering)
    }

    /// Somebody is there and has no time.
    pub fn is_taken(self) -> bool {
        matches!(self, Ringing | Talking | WrapUp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASES: [Phase; 8] = [
        Offline,
        Ready,
        Ringing,
        Talking,
        WrapUp,
        Phase::Break,
        Resting,
        NotAnswering,
    ];

    #[test]
    fn the_table_says_one_thing_of_each_state_and_cue() {
        for (at, (phase, cue, _)) in TABLE.iter().enumerate() {
            let again = TABLE[at + 1..]
                .iter()
                .any(|row| row.0 == *phase && row.1 == *cue);
            assert!(!again, "{phase:?} {cue:?} has two rows");
        }
    }

    #[test]
    fn from_every_state_a_desk_can_become_ready_and_go() {
        for phase in PHASES {
            let mut reached = vec![phase];
            let mut at = 0;
            while let Some(from) = reached.get(at).copied() {
                at += 1;
                for (_, _, step) in TABLE.iter().filter(|row| row.0 == from) {
                    let next: &[Phase] = match step {
                        Enter(phase) | Wish(phase) => &[*phase],
                        AfterTalk => &[WrapUp, Ready],
                        AsWished => &[Ready],
                        Rest => &[Resting, NotAnswering],
                    };
                    for phase in next {
                        if !reached.contains(phase) {
                            reached.push(*phase);
                        }
                    }
                }
            }
            assert!(reached.contains(&Ready), "{phase:?} never becomes ready");
            assert!(reached.contains(&Offline), "{phase:?} can never go");
        }
    }

    #[test]
    fn who_talks_is_neither_rung_nor_taken_away() {
        for (_, cue, step) in TABLE.iter().filter(|row| row.0 == Talking) {
            assert!(!matches!(step, Enter(_)), "{cue:?} breaks a talk off");
            assert_ne!(*cue, Rung);
        }
        let rung: Vec<Phase> = PHASES
            .into_iter()
            .filter(|phase| step(*phase, Rung).is_some())
            .collect();
        assert_eq!(rung, [Ready, Resting]);
    }
}
