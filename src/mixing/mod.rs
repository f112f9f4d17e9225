//! Who hears whom: frames of a caller and of up to two desks in, what each of them and the recording hears out. Pure:
//! no socket, no thread, no clock.
//!
//! **Invariant:** nobody hears himself; nobody hears who is apart from him; a sum too loud is clipped, never wrapped.

use crate::rtp::playout::FRAME_SAMPLES;

/// 20 ms of sound.
pub type Frame = [i16; FRAME_SAMPLES];

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

/// What each side hears of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mixed {
    pub to_caller: Frame,
    pub to_desks: [Frame; 2],
    /// Of the desks, whoever is heard by anybody: the recording's right channel.
    pub desks: Frame,
}

impl Bridge {
    fn joins_caller(self) -> bool {
        matches!(self, Bridge::Pair | Bridge::All)
    }

    fn joins_second(self) -> bool {
        matches!(self, Bridge::Desks | Bridge::All)
    }

    /// Mixes a beat. `caller_listens` is false while something of ours is played to him.
    pub fn mix(self, caller: &Frame, desks: &[Frame; 2], caller_listens: bool) -> Mixed {
        let silence = [0; FRAME_SAMPLES];
        let heard = match (self, caller_listens) {
            (Bridge::Apart, _) | (Bridge::Pair, false) => silence,
            (Bridge::Pair, true) => desks[0],
            (Bridge::Desks | Bridge::All, _) => sum(&desks[0], &desks[1]),
        };
        let from_caller = if self.joins_caller() {
            *caller
        } else {
            silence
        };
        let between = |other: &Frame| match self.joins_second() {
            true => sum(&from_caller, other),
            false => from_caller,
        };
        let second = if self.joins_second() {
            between(&desks[0])
        } else {
            silence
        };
        Mixed {
            to_caller: if self.joins_caller() { heard } else { silence },
            to_desks: [between(&desks[1]), second],
            desks: heard,
        }
    }
}

fn sum(one: &Frame, other: &Frame) -> Frame {
    let mut both = *one;
    for (sample, more) in both.iter_mut().zip(other) {
        *sample = sample.saturating_add(*more);
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

    #[test]
    fn what_is_too_loud_together_is_clipped() {
        let loud = [i16::MAX; FRAME_SAMPLES];
        let mixed = Bridge::All.mix(&CALLER, &[loud, loud], true);
        assert_eq!(mixed.to_caller, loud);
        let low = [i16::MIN; FRAME_SAMPLES];
        assert_eq!(Bridge::Desks.mix(&CALLER, &[low, low], false).desks, low);
    }

    #[test]
    fn while_he_hears_a_prompt_the_desk_is_not_recorded_as_if_he_had_heard_it() {
        let mixed = Bridge::Pair.mix(&CALLER, &DESKS, false);
        assert_eq!(mixed.desks, [0; FRAME_SAMPLES]);
        // What desks say to each other meanwhile is heard, and so recorded.
        assert_eq!(Bridge::Desks.mix(&CALLER, &DESKS, false).desks[0], 110);
    }
}
