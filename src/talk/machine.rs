//! The one machine of a talk.

use std::time::{Duration, Instant};

use super::keys::{Codes, Keyed, Meaning};
use super::table::{self, Act, Cue, Phase, To};
use super::{Action, Bridge, Command, Event, Music, Refusal, Why};
use crate::keypad::Digit;

/// A caller's talk with desks, from the first join until he has none.
#[derive(Debug)]
pub struct Talk {
    codes: Codes,
    /// From the end of one sentence that he is to wait to the next; `None`: it is said once.
    again: Option<Duration>,
    phase: Phase,
    /// The first desk's telephone holds.
    held: bool,
    sealed: bool,
    /// The failure that is being told.
    why: Why,
    /// Whom the command under way names.
    target: String,
    timer: Option<Instant>,
}

impl Talk {
    pub fn new(codes: Codes, again: Option<Duration>) -> Talk {
        Talk {
            codes,
            again,
            phase: Phase::None,
            held: false,
            sealed: false,
            why: Why::Unreachable,
            target: String::new(),
            timer: None,
        }
    }

    /// When `Event::Timeout` is due.
    pub fn timeout_at(&self) -> Option<Instant> {
        self.timer
    }

    /// Whether keys are told by nobody.
    pub fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Whether the first desk keys a number.
    pub fn is_numbering(&self) -> bool {
        self.codes.is_numbering()
    }

    /// Whether a desk is rung for a caller who has one, or had.
    pub fn is_ringing(&self) -> bool {
        self.phase.is_ringing()
    }

    /// Whether caller and first desk, or all three, hear each other.
    pub fn is_joined(&self) -> bool {
        matches!(self.phase, Phase::Talking | Phase::Three)
    }

    /// The second desk is in the talk with the caller.
    pub fn is_three(&self) -> bool {
        self.phase == Phase::Three
    }

    pub fn is_over(&self) -> bool {
        self.phase == Phase::None
    }

    /// What the first desk wants. A refused command changes nothing.
    pub fn command(&mut self, command: Command, now: Instant) -> Result<Vec<Action>, Refusal> {
        if !self.phase.has_first() {
            return Err(Refusal::NoTalk);
        }
        let mut actions = Vec::new();
        let cue = match command {
            Command::Seal => {
                self.seal(true, &mut actions);
                return Ok(actions);
            }
            Command::Unseal => {
                self.seal(false, &mut actions);
                return Ok(actions);
            }
            Command::Hold | Command::Resume => {
                self.held = command == Command::Hold;
                let cue = if self.held { Cue::Hold } else { Cue::Resume };
                self.step(cue, now, &mut actions);
                return Ok(actions);
            }
            Command::Transfer(target) => self.aims(target, Cue::Transfer)?,
            Command::Consult(target) => self.aims(target, Cue::Consult)?,
            Command::JoinAll => Cue::JoinAll,
            Command::Complete => Cue::Complete,
            Command::TakeBack => Cue::TakeBack,
        };
        match self.step(cue, now, &mut actions) {
            true => Ok(actions),
            false => Err(Refusal::NotNow),
        }
    }

    fn aims(&mut self, target: String, cue: Cue) -> Result<Cue, Refusal> {
        table::step(self.phase, cue).ok_or(Refusal::NotNow)?;
        self.target = target;
        Ok(cue)
    }

    pub fn handle(&mut self, event: Event, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::Joined if self.phase == Phase::None => {
                self.phase = Phase::Talking;
                self.held = false;
            }
            Event::Joined => {}
            Event::Key(key) => self.key(key, now, &mut actions),
            Event::Ringing => {
                self.step(Cue::Ringing, now, &mut actions);
            }
            Event::Answered => {
                self.step(Cue::Answered, now, &mut actions);
            }
            Event::Unavailable(why) => {
                self.why = why;
                self.step(Cue::Unavailable, now, &mut actions);
            }
            Event::FirstGone => {
                self.step(Cue::FirstGone, now, &mut actions);
            }
            Event::SecondGone => {
                self.step(Cue::SecondGone, now, &mut actions);
            }
            Event::Played if self.phase.is_waiting() => {
                self.timer = self.again.map(|again| now + again);
            }
            Event::Played => {}
            Event::Timeout => {
                if self.timer.is_some_and(|at| at <= now) {
                    self.timer = None;
                    if self.phase.is_waiting() {
                        actions.push(Action::Play(Music::Wait));
                    }
                }
            }
            Event::Ended => self.ends(&mut actions),
        }
        actions
    }

    fn key(&mut self, key: Digit, now: Instant, actions: &mut Vec<Action>) {
        if !self.phase.has_first() {
            return;
        }
        let command = match self.codes.press(key, now) {
            None => return,
            Some(Keyed::Number(number)) => Command::Consult(number),
            Some(Keyed::Code(meaning)) => {
                actions.push(Action::Keyed(meaning.word()));
                match meaning {
                    Meaning::Consult if self.phase == Phase::Consulting => Command::JoinAll,
                    Meaning::Consult => {
                        if table::step(self.phase, Cue::Consult).is_some() {
                            self.codes.expect_number();
                        }
                        return;
                    }
                    Meaning::Complete => Command::Complete,
                    Meaning::TakeBack => Command::TakeBack,
                    Meaning::Seal if self.sealed => Command::Unseal,
                    Meaning::Seal => Command::Seal,
                }
            }
        };
        // A code that means nothing now is a slip of the finger.
        if let Ok(done) = self.command(command, now) {
            actions.extend(done);
        }
    }

    /// Takes a row of the table; false where there is none.
    fn step(&mut self, cue: Cue, now: Instant, actions: &mut Vec<Action>) -> bool {
        let Some((to, acts)) = table::step(self.phase, cue) else {
            return false;
        };
        let (phase, more) = match to {
            To::To(phase) => (phase, &[][..]),
            To::Home if self.held => (Phase::Held, table::HOME_ON_HOLD),
            To::Home => (Phase::Talking, table::HOME),
        };
        if !phase.is_waiting() {
            self.timer = None;
        }
        self.phase = phase;
        for act in acts.iter().chain(more) {
            self.act(*act, now, actions);
        }
        if self.phase == Phase::Talking && self.held {
            // Its telephone was put on hold in between.
            self.step(Cue::Hold, now, actions);
        }
        true
    }

    fn act(&mut self, act: Act, now: Instant, actions: &mut Vec<Action>) {
        let action = match act {
            Act::Apart => Action::Bridge(Bridge::Apart),
            Act::Pair => Action::Bridge(Bridge::Pair),
            Act::Desks => Action::Bridge(Bridge::Desks),
            Act::All => Action::Bridge(Bridge::All),
            Act::Wait => {
                // Where it cannot be played it is tried again as if it had been.
                self.timer = self.again.map(|again| now + again);
                Action::Play(Music::Wait)
            }
            Act::Back => Action::Play(Music::Back),
            Act::Thanks => Action::Play(Music::Thanks),
            Act::Silence => Action::StopPlaying,
            Act::Ring => Action::Ring(std::mem::take(&mut self.target)),
            Act::StopRinging => Action::StopRinging,
            Act::TellRinging => Action::Progress(180),
            Act::TellDone => Action::Progress(200),
            Act::TellFailure => Action::Progress(self.why.status()),
            Act::TellTakenBack => Action::Progress(Why::TakenBack.status()),
            Act::LetFirstGo => Action::LetFirstGo,
            Act::LetSecondGo => Action::LetSecondGo,
            Act::Promote => {
                self.held = false;
                // What the one desk sealed is not the other's to open by chance.
                self.seal(false, actions);
                Action::SecondIsFirst
            }
            Act::Over => {
                self.seal(false, actions);
                Action::Over
            }
        };
        actions.push(action);
    }

    fn seal(&mut self, sealed: bool, actions: &mut Vec<Action>) {
        if self.sealed != sealed {
            self.sealed = sealed;
            actions.push(Action::Sealed(sealed));
        }
    }

    /// Whatever is under way ends with the talk; its first desk is its owner's to hang up.
    fn ends(&mut self, actions: &mut Vec<Action>) {
        let phase = std::mem::replace(&mut self.phase, Phase::None);
        self.timer = None;
        self.held = false;
        if phase.is_ringing() {
            actions.push(Action::StopRinging);
        }
        if phase.has_second() {
            actions.push(Action::LetSecondGo);
        }
        if phase == Phase::Transferring {
            actions.push(Action::Progress(Why::TakenBack.status()));
        }
        self.seal(false, actions);
    }
}

#[cfg(test)]
mod tests;
