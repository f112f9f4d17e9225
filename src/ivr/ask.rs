//! A question: a prompt, and the time for a key after it, asked a few times.

use std::time::{Duration, Instant};

use super::run::Run;
use super::{Digit, Event, Hearers};
use crate::script::{Word, keys};

keys! {
    /// How a question is asked.
    pub struct Asks {
        /// From when on a key interrupts the prompt; `None`: it plays to its end.
        barge_in_after: Option<Duration>,
        /// How long to wait for a key after the prompt.
        silence: Duration,
        plays_at_most: u8,
    }
}

/// A question being asked for the `plays`-th time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Asking {
    stage: Stage,
    plays: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Stage {
    /// The prompt plays and may not be interrupted: keys are kept.
    Protected,
    /// The prompt plays and a key interrupts it.
    Open,
    /// The prompt was heard.
    Waiting,
}

/// What became of it, and after how many plays.
pub enum Asked {
    Pending(Asking),
    Key {
        key: Digit,
        plays: u8,
    },
    Silence {
        plays: u8,
    },
    /// The rating part's time is over.
    OutOfTime,
}

impl Asks {
    pub fn barge_in_after(&self) -> Option<Duration> {
        self.barge_in_after
    }

    /// Begins to ask.
    pub fn begin(&self, prompt: &Word, run: &mut Run) -> Asked {
        self.play(prompt, 1, run)
    }

    /// Asks once more; `None` where it was asked often enough or no time is left.
    pub fn again(&self, prompt: &Word, plays: u8, run: &mut Run) -> Option<Asked> {
        let may = plays < self.plays_at_most && !run.out_of_time();
        may.then(|| self.play(prompt, plays + 1, run))
    }

    /// A key kept from before answers a question that may be interrupted at once without its
    /// being played.
    fn play(&self, prompt: &Word, plays: u8, run: &mut Run) -> Asked {
        let open_at_once = self.barge_in_after == Some(Duration::ZERO);
        if open_at_once && let Some(key) = run.take_kept() {
            return Asked::Key { key, plays };
        }
        run.play(&prompt.text, Hearers::Caller);
        let ends = run.play_ends_by;
        let (stage, until) = match self.barge_in_after {
            Some(_) if open_at_once => (Stage::Open, ends),
            Some(after) => (Stage::Protected, ends.min(run.now + after)),
            None => (Stage::Protected, ends),
        };
        arm(run, until);
        Asked::Pending(Asking { stage, plays })
    }

    pub fn on(&self, asking: Asking, event: &Event, run: &mut Run) -> Asked {
        let Asking { stage, plays } = asking;
        match (stage, event) {
            (_, Event::Timeout) if run.out_of_time() => {
                run.stop_playing();
                Asked::OutOfTime
            }
            (Stage::Protected, Event::Digit(key)) => {
                run.keep(*key);
                Asked::Pending(asking)
            }
            (Stage::Protected, Event::Timeout) if run.now < run.play_ends_by => {
                next_stage(Stage::Open, run.play_ends_by, plays, run)
            }
            (Stage::Protected | Stage::Open, Event::Played(_) | Event::Timeout) => {
                run.stop_playing();
                next_stage(Stage::Waiting, run.now + self.silence, plays, run)
            }
            (Stage::Open | Stage::Waiting, Event::Digit(key)) => {
                run.stop_playing();
                Asked::Key { key: *key, plays }
            }
            (Stage::Waiting, Event::Timeout) => Asked::Silence { plays },
            _ => Asked::Pending(asking),
        }
    }
}

/// From here on keys count; one that was kept counts first.
fn next_stage(stage: Stage, until: Instant, plays: u8, run: &mut Run) -> Asked {
    match run.take_kept() {
        Some(key) => {
            run.stop_playing();
            Asked::Key { key, plays }
        }
        None => {
            arm(run, until);
            Asked::Pending(Asking { stage, plays })
        }
    }
}

/// Sets the timer, but not beyond the end of the rating part.
pub fn arm(run: &mut Run, at: Instant) {
    run.timer = Some(run.asks_until.map_or(at, |until| until.min(at)));
}
