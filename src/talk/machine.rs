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
    /// The first desk holds.
    held: bool,
    /// The first desk's page is lost and may come again.
    away: bool,
    /// The second desk holds.
    second_held: bool,
    /// Who hears whom, as the shell was told last; `None` where legs have changed since.
    bridged: Option<Bridge>,
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
            away: false,
            second_held: false,
            bridged: None,
            sealed: false,
            why: Why::Unreachable,
            target: String::new(),
            timer: None,
        }
    }

    /// The talk of a desk that answered while this one waited for it: how it stands is known from before.
    pub fn begun_by(self, before: &Talk) -> Talk {
        Talk {
            held: before.held,
            away: before.away,
            ..self
        }
    }

    /// Who hears whom.
    pub fn bridge(&self) -> Bridge {
        self.phase.bridge()
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

    /// Whether another desk is rung that shall have the caller, and nobody else is with him.
    pub fn is_handing_on(&self) -> bool {
        matches!(self.phase, Phase::Transferring | Phase::Moving)
    }

    /// Whether caller and first desk, or all three, hear each other.
    pub fn is_joined(&self) -> bool {
        matches!(self.phase, Phase::Talking | Phase::Three)
    }

    /// The second desk is in the talk with the caller.
    pub fn is_three(&self) -> bool {
        self.phase == Phase::Three
    }

    /// What goes on with another desk: `transferring`, `asking`, `consulting` or `three`.
    pub fn under_way(&self) -> Option<&'static str> {
        self.phase.under_way()
    }

    /// Whether [`Talk::command`] would carry this out now, whomever it names.
    pub fn allows(&self, command: &Command) -> bool {
        let cue = match command {
            Command::Hold | Command::Resume | Command::Seal | Command::Unseal => {
                return self.phase.has_first();
            }
            Command::Transfer(_) => Cue::Transfer,
            Command::Consult(_) => Cue::Consult,
            Command::JoinAll => Cue::JoinAll,
            Command::Complete => Cue::Complete,
            Command::TakeBack => Cue::TakeBack,
        };
        self.phase.has_first() && table::step(self.phase, cue).is_some()
    }

    /// The first desk holds its caller.
    pub fn is_held(&self) -> bool {
        self.phase == Phase::Held && self.held
    }

    pub fn is_over(&self) -> bool {
        self.phase == Phase::None
    }

    /// What the first desk wants. A refused command changes nothing.
    pub fn command(&mut self, command: Command) -> Result<Vec<Action>, Refusal> {
        if let (Phase::None, Command::Hold | Command::Resume) = (self.phase, &command) {
            // It has answered, and the caller is not its yet.
            self.held = command == Command::Hold;
            return Ok(Vec::new());
        }
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
                self.stands(&mut actions);
                return Ok(actions);
            }
            Command::Transfer(target) => self.aims(target, Cue::Transfer)?,
            Command::Consult(target) => self.aims(target, Cue::Consult)?,
            Command::JoinAll => Cue::JoinAll,
            Command::Complete => Cue::Complete,
            Command::TakeBack => Cue::TakeBack,
        };
        match self.step(cue, &mut actions) {
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
            Event::Joined if self.phase == Phase::None => self.joins(&mut actions),
            Event::Joined => {}
            Event::Key(key) => self.key(key, now, &mut actions),
            Event::Ringing => {
                self.step(Cue::Ringing, &mut actions);
            }
            Event::Answered => {
                self.step(Cue::Answered, &mut actions);
            }
            Event::Unavailable(why) => {
                self.why = why;
                self.step(Cue::Unavailable, &mut actions);
            }
            Event::FirstGone => {
                self.step(Cue::FirstGone, &mut actions);
            }
            Event::FirstAway => {
                self.away = true;
                self.leg_changed(&mut actions);
            }
            Event::FirstBack => {
                // A page that comes again has its caller: what it held before it does not know any more.
                (self.away, self.held) = (false, false);
                self.leg_changed(&mut actions);
            }
            Event::SecondGone => {
                self.step(Cue::SecondGone, &mut actions);
            }
            Event::TakenOver => {
                self.step(Cue::TakenOver, &mut actions);
            }
            Event::SecondHolds(holds) => self.second_held = self.phase.has_second() && holds,
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
        if let Ok(done) = self.command(command) {
            actions.extend(done);
        }
    }

    /// Caller and first desk hear each other, if it is there to be heard.
    fn joins(&mut self, actions: &mut Vec<Action>) {
        self.phase = match self.waits_for_first() {
            true => Phase::Held,
            false => Phase::Talking,
        };
        self.bridges(actions);
        if self.phase.is_waiting() {
            actions.push(Action::Play(Music::Wait));
        }
    }

    /// Whether the first desk does not hear the caller, whoever else does.
    fn waits_for_first(&self) -> bool {
        self.held || self.away
    }

    /// The first desk holds or is away, or no longer.
    fn stands(&mut self, actions: &mut Vec<Action>) {
        let cue = match self.waits_for_first() {
            true => Cue::Hold,
            false => Cue::Resume,
        };
        self.step(cue, actions);
    }

    /// The first desk's leg was taken away or another one came: that parted everybody.
    fn leg_changed(&mut self, actions: &mut Vec<Action>) {
        self.bridged = None;
        self.stands(actions);
        self.bridges(actions);
    }

    /// Tells who hears whom where that is not as it was told last.
    fn bridges(&mut self, actions: &mut Vec<Action>) {
        let bridge = self.bridge();
        if self.phase != Phase::None && self.bridged != Some(bridge) {
            self.bridged = Some(bridge);
            actions.push(Action::Bridge(bridge));
        }
    }

    /// Takes a row of the table; false where there is none.
    fn step(&mut self, cue: Cue, actions: &mut Vec<Action>) -> bool {
        let Some((to, acts)) = table::step(self.phase, cue) else {
            return false;
        };
        let (phase, more) = match to {
            To::To(phase) => (phase, &[][..]),
            To::Home if self.waits_for_first() => (Phase::Held, &[][..]),
            To::Home => (Phase::Talking, table::HOME),
        };
        if !phase.is_waiting() {
            self.timer = None;
        }
        self.phase = phase;
        for act in acts.iter().chain(more) {
            if act.is_heard() {
                self.bridges(actions);
            }
            self.act(*act, actions);
        }
        if !phase.has_second() {
            self.second_held = false;
        }
        if self.phase == Phase::Talking && self.waits_for_first() {
            // It was put on hold, or its page was lost, in between.
            self.step(Cue::Hold, actions);
        }
        if self.phase == Phase::None {
            self.leaves_nothing();
        }
        self.bridges(actions);
        true
    }

    fn act(&mut self, act: Act, actions: &mut Vec<Action>) {
        let action = match act {
            Act::Wait => Action::Play(Music::Wait),
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
                let holds = std::mem::take(&mut self.second_held);
                self.has_first(holds, actions);
                Action::SecondIsFirst
            }
            Act::PromoteSupervisor => {
                self.has_first(false, actions);
                Action::SupervisorIsFirst
            }
            Act::Over => {
                self.seal(false, actions);
                Action::Over
            }
        };
        actions.push(action);
    }

    /// Another desk is the first one from here on.
    fn has_first(&mut self, holds: bool, actions: &mut Vec<Action>) {
        (self.held, self.away) = (holds, false);
        // With its leg the first desk took whatever was heard.
        self.bridged = None;
        // What the one desk sealed is not the other's to open by chance.
        self.seal(false, actions);
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
        self.leaves_nothing();
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

    /// How the desks of a talk stood is nothing to the next one.
    fn leaves_nothing(&mut self) {
        (self.held, self.away, self.second_held) = (false, false, false);
        self.bridged = None;
    }
}

#[cfg(test)]
mod tests;
