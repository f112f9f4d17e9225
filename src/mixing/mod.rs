//! Who hears whom: frames of a caller, of up to two desks and of a supervisor in, what each of them and the recording
//! hears out; and what of ours is played. Pure: no socket, no thread, no clock.
//!
//! **Invariant:** nobody hears himself; nobody hears who is apart from him; a sum too loud is limited, neither cut nor wrapped.

pub mod held;
pub mod limiter;
mod playing;
mod rate;

use limiter::{Limiter, Sum};
pub use playing::{Clip, Play, Prompt};
pub use rate::{Held, Track};

use crate::codecs::{FRAME_SAMPLES, Sample};

pub use crate::codecs::Frame;

/// Who hears whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Bridge {
    /// Nobody hears anybody.
    #[default]
    Apart,
    /// The caller and the first desk.
    Pair,
    /// The desks among themselves.
    Desks,
    /// All three.
    All,
}

/// How a supervisor is in the call, over whatever [`Bridge`] there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Ear {
    /// He hears whoever is heard by anybody, and nobody hears him.
    #[default]
    Listen,
    /// The first desk hears him besides, on hold too, and the second where both desks talk. Never the caller, and
    /// never the recording: it holds what the caller could hear, and what desks said who talked with each other.
    Whisper,
    /// He is one of those who are joined: each of them hears him, and so does the recording.
    Join,
}

/// What each side hears of the others, as it is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums<S: Sample = i16> {
    pub to_caller: Sum<S>,
    pub to_desks: [Sum<S>; 2],
    /// Of the desks, whoever is heard by anybody: the recording's right channel.
    pub desks: Sum<S>,
}

/// The limiters of a call, one for each who hears.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limiters {
    caller: Limiter,
    desks: [Limiter; 2],
    recording: Limiter,
    pub ear: Limiter,
}

impl Limiters {
    /// What each side hears.
    pub fn limit<S: Sample>(&mut self, sums: &Sums<S>) -> Mixed<S> {
        let [first, second] = &mut self.desks;
        Mixed {
            to_caller: self.caller.limit(&sums.to_caller),
            to_desks: [
                first.limit(&sums.to_desks[0]),
                second.limit(&sums.to_desks[1]),
            ],
            desks: self.recording.limit(&sums.desks),
        }
    }
}

/// What each side hears of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mixed<S = i16> {
    pub to_caller: Frame<S>,
    pub to_desks: [Frame<S>; 2],
    /// Of the desks, whoever is heard by anybody: the recording's right channel.
    pub desks: Frame<S>,
}

impl Bridge {
    /// Whether the caller and a desk hear each other.
    pub fn joins_caller(self) -> bool {
        matches!(self, Bridge::Pair | Bridge::All)
    }

    fn joins_second(self) -> bool {
        matches!(self, Bridge::Desks | Bridge::All)
    }

    /// Mixes a beat. `caller_listens` is false while something of ours is played to him.
    pub fn mix<S: Sample>(
        self,
        caller: &Frame<S>,
        desks: &[Frame<S>; 2],
        caller_listens: bool,
    ) -> Sums<S> {
        let silence = [S::Sum::default(); FRAME_SAMPLES];
        let (caller, desks) = (&added::<S>(caller), &desks.each_ref().map(added::<S>));
        let heard = match (self, caller_listens) {
            (Bridge::Apart, _) | (Bridge::Pair, false) => silence,
            (Bridge::Pair, true) => desks[0],
            (Bridge::Desks | Bridge::All, _) => sum::<S>(&desks[0], &desks[1]),
        };
        let from_caller = if self.joins_caller() {
            *caller
        } else {
            silence
        };
        let between = |other: &Sum<S>| match self.joins_second() {
            true => sum::<S>(&from_caller, other),
            false => from_caller,
        };
        let second = if self.joins_second() {
            between(&desks[0])
        } else {
            silence
        };
        Sums {
            to_caller: if self.joins_caller() { heard } else { silence },
            to_desks: [between(&desks[1]), second],
            desks: heard,
        }
    }

    /// The same with a supervisor who says `said`; beside it what he hears.
    pub fn mix_with<S: Sample>(
        self,
        caller: &Frame<S>,
        desks: &[Frame<S>; 2],
        caller_listens: bool,
        ear: Ear,
        said: &Frame<S>,
    ) -> (Sums<S>, Sum<S>) {
        let mut mixed = self.mix(caller, desks, caller_listens);
        let (caller, desks) = (&added::<S>(caller), &desks.each_ref().map(added::<S>));
        let said = &added::<S>(said);
        let joins = ear == Ear::Join && self != Bridge::Apart;
        // Who is joined hears the desk while something is played to the caller, and is heard by it: that is recorded
        // as what desks say to each other is.
        let others = match (self, joins) {
            (Bridge::Pair, true) => desks[0],
            _ => mixed.desks,
        };
        let to_ear = match self.joins_caller() {
            true => sum::<S>(caller, &others),
            false => others,
        };
        if joins {
            mixed.desks = sum::<S>(&others, said);
            if self.joins_caller() {
                mixed.to_caller = mixed.desks;
            }
        }
        if joins || ear == Ear::Whisper {
            mixed.to_desks[0] = sum::<S>(&mixed.to_desks[0], said);
            if self.joins_second() {
                mixed.to_desks[1] = sum::<S>(&mixed.to_desks[1], said);
            }
        }
        (mixed, to_ear)
    }
}

fn added<S: Sample>(frame: &Frame<S>) -> Sum<S> {
    frame.map(S::summed)
}

fn sum<S: Sample>(one: &Sum<S>, other: &Sum<S>) -> Sum<S> {
    let mut both = *one;
    for (sample, more) in both.iter_mut().zip(other) {
        *sample = S::added(*sample, *more);
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLER: Frame = [1; FRAME_SAMPLES];
    const DESKS: [Frame; 2] = [[10; FRAME_SAMPLES], [100; FRAME_SAMPLES]];

    #[test]
    fn each_hears_the_others_of_his_bridge_and_nobody_himself() {
        for (bridge, to_caller, to_first, to_second, recorded) in [
            (Bridge::Apart, 0, 0, 0, 0),
            (Bridge::Pair, 10, 1, 0, 10),
            (Bridge::Desks, 0, 100, 10, 110),
            (Bridge::All, 110, 101, 11, 110),
        ] {
            let mixed = bridge.mix(&CALLER, &DESKS, true);
            let heard = [
                mixed.to_caller,
                mixed.to_desks[0],
                mixed.to_desks[1],
                mixed.desks,
            ];
            assert_eq!(
                heard.map(|frame| frame[0]),
                [to_caller, to_first, to_second, recorded],
                "{bridge:?}"
            );
        }
    }

    /// What caller, first desk, second desk, recording and supervisor hear: the supervisor says 1000.
    #[test]
    fn a_supervisor_hears_whoever_is_heard_and_is_heard_by_whom_his_mode_says() {
        use Bridge::{All, Apart, Desks, Pair};
        let said = [1000; FRAME_SAMPLES];
        for (bridge, ear, heard) in [
            (Apart, Ear::Listen, [0, 0, 0, 0, 0]),
            (Pair, Ear::Listen, [10, 1, 0, 10, 11]),
            (Desks, Ear::Listen, [0, 100, 10, 110, 110]),
            (All, Ear::Listen, [110, 101, 11, 110, 111]),
            (Apart, Ear::Whisper, [0, 1000, 0, 0, 0]),
            (Pair, Ear::Whisper, [10, 1001, 0, 10, 11]),
            (Desks, Ear::Whisper, [0, 1100, 1010, 110, 110]),
            (All, Ear::Whisper, [110, 1101, 1011, 110, 111]),
            (Apart, Ear::Join, [0, 0, 0, 0, 0]),
            (Pair, Ear::Join, [1010, 1001, 0, 1010, 11]),
            (Desks, Ear::Join, [0, 1100, 1010, 1110, 110]),
            (All, Ear::Join, [1110, 1101, 1011, 1110, 111]),
        ] {
            let (mixed, to_ear) = bridge.mix_with(&CALLER, &DESKS, true, ear, &said);
            let all = [
                mixed.to_caller,
                mixed.to_desks[0],
                mixed.to_desks[1],
                mixed.desks,
                to_ear,
            ];
            assert_eq!(all.map(|frame| frame[0]), heard, "{bridge:?} {ear:?}");
        }
    }

    #[test]
    fn while_the_caller_hears_a_prompt_only_who_is_joined_talks_with_the_desk_on_record() {
        let said = [1000; FRAME_SAMPLES];
        let recorded = |ear| {
            let (mixed, to_ear) = Bridge::Pair.mix_with(&CALLER, &DESKS, false, ear, &said);
            (mixed.desks[0], to_ear[0])
        };
        assert_eq!(recorded(Ear::Listen), (0, 1));
        assert_eq!(recorded(Ear::Whisper), (0, 1));
        assert_eq!(recorded(Ear::Join), (1010, 11));
    }

    #[test]
    fn what_is_too_loud_together_is_limited_for_each_who_hears() {
        let loud = [i16::MAX; FRAME_SAMPLES];
        let low = [i16::MIN; FRAME_SAMPLES];
        for (said, limit) in [(loud, limiter::CEILING), (low, -limiter::CEILING)] {
            let mut limiters = Limiters::default();
            let sums = Bridge::All.mix(&said, &[said, said], true);
            let mixed = limiters.limit(&sums);
            let heard = [mixed.to_caller, mixed.to_desks[0], mixed.to_desks[1]];
            assert_eq!(heard, [[limit; FRAME_SAMPLES]; 3]);
            assert_eq!(mixed.desks, [limit; FRAME_SAMPLES]);
        }
        let quiet = Bridge::All.mix(&CALLER, &DESKS, true);
        let mixed = Limiters::default().limit(&quiet);
        assert_eq!(mixed.to_caller.map(i32::from), quiet.to_caller);
    }

    #[test]
    fn while_he_hears_a_prompt_the_desk_is_not_recorded_as_if_he_had_heard_it() {
        let mixed = Bridge::Pair.mix(&CALLER, &DESKS, false);
        assert_eq!(mixed.desks, [0; FRAME_SAMPLES]);
        // What desks say to each other meanwhile is heard, and so recorded.
        assert_eq!(Bridge::Desks.mix(&CALLER, &DESKS, false).desks[0], 110);
    }
}
