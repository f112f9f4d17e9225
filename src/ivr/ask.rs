//! A question: a prompt, and the time for a key after it.

use std::time::{Duration, Instant};

use super::run::Run;
use super::{Digit, Event, Hearers};

/// How a question is asked.
pub struct Question<'p> {
    pub prompt: &'p str,
    /// From when on a key interrupts the prompt; `None`: it plays to its end.
    pub barge_in_after: Option<Duration>,
    /// How long to wait for a key after the prompt.
    pub silence: Duration,
}

/// A question being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ask {
    /// The prompt plays and may not be interrupted: keys are kept.
    Protected { silence: Duration },
    /// The prompt plays and a key interrupts it.
    Open { silence: Duration },
    /// The prompt was heard.
    Waiting,
}

/// What became of it.
pub enum Asked {
    Pending(Ask),
    Key(Digit),
    Silence,
    /// The rating part's time is over.
    OutOfTime,
}

impl Ask {
    /// Begins to ask. A key kept from before answers a question that may be interrupted at once
    /// without its being played.
    pub fn begin(question: &Question, run: &mut Run) -> Asked {
        let silence = question.silence;
        let open_at_once = question.barge_in_after == Some(Duration::ZERO);
        if open_at_once && let Some(key) = run.take_kept() {
            return Asked::Key(key);
        }
        run.play(question.prompt, Hearers::Caller);
        match question.barge_in_after {
            Some(after) if !open_at_once => {
                let opens = run.now + after;
                let ends = run.play_ends_by;
                arm(run, opens.min(ends));
                Asked::Pending(Ask::Protected { silence })
            }
            Some(_) => {
                arm(run, run.play_ends_by);
                Asked::Pending(Ask::Open { silence })
            }
            None => {
                arm(run, run.play_ends_by);
                Asked::Pending(Ask::Protected { silence })
            }
        }
    }

    pub fn on(self, event: &Event, run: &mut Run) -> Asked {
        match (self, event) {
            (_, Event::Timeout) if run.out_of_time() => {
                run.stop_playing();
                Asked::OutOfTime
            }
            (Ask::Protected { .. }, Event::Digit(key)) => {
                run.keep(*key);
                Asked::Pending(self)
            }
            (Ask::Protected { silence }, Event::Timeout) if run.now < run.play_ends_by => {
                match run.take_kept() {
                    Some(key) => {
                        run.stop_playing();
                        Asked::Key(key)
                    }
                    None => {
                        arm(run, run.play_ends_by);
                        Asked::Pending(Ask::Open { silence })
                    }
                }
            }
            (
                Ask::Protected { silence } | Ask::Open { silence },
                Event::Played(_) | Event::Timeout,
            ) => {
                run.stop_playing();
                match run.take_kept() {
                    Some(key) => Asked::Key(key),
                    None => {
                        arm(run, run.now + silence);
                        Asked::Pending(Ask::Waiting)
                    }
                }
            }
            (Ask::Open { .. } | Ask::Waiting, Event::Digit(key)) => {
                run.stop_playing();
                Asked::Key(*key)
            }
            (Ask::Waiting, Event::Timeout) => Asked::Silence,
            _ => Asked::Pending(self),
        }
    }
}

/// Sets the timer, but not beyond the end of the rating part.
pub fn arm(run: &mut Run, at: Instant) {
    run.timer = Some(run.asks_until.map_or(at, |until| until.min(at)));
}
