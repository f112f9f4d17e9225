//! What is done in the talk: hold, transfer, consultation, three at once, sealed stretches. The machine is `talk`'s;
//! here its actions are carried out, whoever gave the command.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Call;
use super::supervised::Supervised;
use crate::consulting;
use crate::desks::Need;
use crate::ears::Ears;
use crate::engine::HungUpBy;
use crate::floor::{Hunt, Seat};
use crate::ivr::{Event, PlayId, Presses, Values};
use crate::ledger::clock;
use crate::ledger::{Nth, Spans};
use crate::media::Bridge;
use crate::onward;
use crate::ringing::DeskLine;
use crate::sip::ReferReply;
use crate::talk::{self, Action, Codes, Command, Music, Refusal, Talk};

/// Plays of the talk have numbers of their own: the session counts its plays from 0.
const OWN_PLAYS: u32 = 1 << 31;

/// Who is in the talk beside the caller and his desk, and what goes on.
pub(super) struct Party {
    pub machine: Talk,
    pub(super) second: Second,
    pub second_presses: Presses,
    pub(super) supervised: Supervised,
    hold_prompt: Option<String>,
    resume_prompt: Option<String>,
    pub(super) patience: Duration,
    plays: u32,
    /// He is handed on to a queue.
    pub(super) waits_in_queue: bool,
    /// The caller hears nobody since then.
    waits_since: Option<Instant>,
    /// Who hears whom, as it was marked last.
    marked: Option<Bridge>,
    /// A REFER waits to be told what became of it.
    pub(super) refers: bool,
    /// The caller's own desk was lost: nobody ended the talk.
    pub(super) lost: bool,
    /// Offset of the beginning of the sealed stretch, in ms.
    sealed_from: Option<i64>,
    typing_from: Option<i64>,
    pub(super) spans: Spans,
    /// The desk's second call.
    pub(super) beside: consulting::Second,
    /// What it may do of calls to the outside.
    pub(super) outside: onward::Outside,
}

/// The second desk.
pub(super) enum Second {
    None,
    /// Dropped, nothing rings any more.
    Hunting {
        _ringing: Ringing,
        /// Of whatever desk of a group or skill he may wait for; `None`: one desk is rung, or who is outside.
        queue: Option<Need>,
    },
    Connected {
        line: DeskLine,
        seat: Seat,
    },
}

/// What rings for him.
pub(super) enum Ringing {
    Desk { _hunt: Hunt },
    Outside { _call: onward::Call },
}

impl Party {
    pub(super) fn new(outside: onward::Outside) -> Party {
        Party {
            machine: Talk::new(Codes::new(Vec::new(), Duration::ZERO), None),
            second: Second::None,
            second_presses: Presses::new(),
            supervised: Supervised::default(),
            hold_prompt: None,
            resume_prompt: None,
            patience: Duration::ZERO,
            plays: OWN_PLAYS,
            waits_in_queue: false,
            waits_since: None,
            marked: None,
            refers: false,
            lost: false,
            sealed_from: None,
            typing_from: None,
            spans: Spans::default(),
            beside: consulting::Second::default(),
            outside,
        }
    }

    pub(super) fn timeout_at(&self) -> Option<Instant> {
        self.machine.timeout_at()
    }

    /// Whether caller and desk have been joined, and the caller has one or one rings for him.
    pub(super) fn is_on(&self) -> bool {
        !self.machine.is_over()
    }
}

impl Call {
    /// Caller and desk hear each other.
    pub(super) fn party_begins(&mut self, ears: &mut Ears) {
        // What another desk left undone is not this one's.
        self.party.waits_since = None;
        self.party.marked = None;
        self.party.refers = false;
        self.party.lost = false;
        if let Some(handling) = self.session.handling() {
            let talk = Talk::new(handling.codes, handling.hold_again);
            self.party.machine = talk.begun_by(&self.party.machine);
            self.party.hold_prompt = handling.hold_prompt;
            self.party.resume_prompt = handling.resume_prompt;
            self.party.patience = handling.patience;
        }
        self.span_begins(Nth::First);
        self.party_hears(talk::Event::Joined, ears);
    }

    /// The call goes on without desks, or is over: nobody is left behind.
    pub(super) fn party_ends(&mut self, ears: &mut Ears) {
        // Both at once: who had the caller is not to be told by who was let go of first.
        self.span_ends(&[Nth::First, Nth::Second]);
        self.handing_on_ends();
        self.party_hears(talk::Event::Ended, ears);
        self.party.waits_since = None;
        self.party.refers = false;
    }

    pub(super) fn party_hears(&mut self, event: talk::Event, ears: &mut Ears) {
        let actions = self.party_now(event);
        self.carry_out(actions, ears);
    }

    pub(super) fn party_now(&mut self, event: talk::Event) -> Vec<Action> {
        self.party.machine.handle(event, clock::instant())
    }

    /// What the desk wants, by whatever way it says so.
    pub(super) fn desk_wants(&mut self, command: Command, ears: &mut Ears) -> Result<(), Refusal> {
        let actions = self.party.machine.command(command)?;
        self.carry_out(actions, ears);
        Ok(())
    }

    /// Its telephone holds, or no longer.
    pub(super) fn desk_holds(&mut self, holds: bool, ears: &mut Ears) {
        let command = if holds {
            Command::Hold
        } else {
            Command::Resume
        };
        // While nobody is joined there may be no caller to be held.
        let _ = self.desk_wants(command, ears);
    }

    /// REFER (RFC 3515). Of a number that is not called nothing is told but why.
    pub(super) fn referred(&mut self, name: String, reply: ReferReply, ears: &mut Ears) {
        let named = self.may_name(&name);
        let command = Command::Transfer(name);
        let (status, why, word) = match named {
            _ if self.is_outside() => (403, "only a desk hands callers on", "outside_party"),
            Err(no) => (no.status(), no.said(), no.word()),
            Ok(()) if self.party.machine.allows(&command) => {
                // Before it is carried out: that may come to nothing at once, which it is told.
                self.party.refers = true;
                reply.accept();
                let _ = self.desk_wants(command, ears);
                return;
            }
            Ok(()) if self.party.is_on() => (491, "a transfer is under way", "not_now"),
            Ok(()) => (403, "there is no talk to hand on", "no_talk"),
        };
        self.mark("transfer_refused", word);
        reply.refuse(status, why);
    }

    /// What was played to its end: the talk's, or the plan's, which one who waits heard in place of his prompt.
    pub(super) async fn played(&mut self, id: u32, ears: &mut Ears) {
        let is_own = id >= OWN_PLAYS;
        if !is_own || id == self.party.plays {
            self.party_hears(talk::Event::Played, ears);
        }
        if !is_own {
            self.tell(Event::Played(PlayId(id)), ears).await;
        }
    }

    fn carry_out(&mut self, actions: Vec<Action>, ears: &mut Ears) {
        let mut due = VecDeque::from(actions);
        while let Some(action) = due.pop_front() {
            match action {
                Action::Bridge(bridge) => self.bridge(bridge),
                Action::Play(music) => self.play_meanwhile(music),
                Action::StopPlaying => self.sound.stop_playing(),
                Action::Ring(name) => due.extend(self.ring_second(&name, ears)),
                Action::StopRinging => {
                    self.mark("ringing_stopped", "");
                    ears.hunt = None;
                    self.party.second = Second::None;
                }
                Action::Progress(status) => self.tell_referrer(status),
                Action::LetFirstGo => self.let_first_go(ears),
                Action::LetSecondGo => {
                    self.mark("second_released", "");
                    self.span_ends(&[Nth::Second]);
                    ears.second = None;
                    self.party.second = Second::None;
                    self.sound.remove_second();
                }
                Action::SecondIsFirst => self.second_is_first(ears),
                Action::SupervisorIsFirst => self.supervisor_is_first(ears),
                Action::Keyed(word) => self.mark("desk_code", word),
                Action::Sealed(sealed) => self.sealed(sealed),
                Action::Over => {
                    self.talk_ended(HungUpBy::Desk);
                    ears.owed.push_back(match self.party.lost {
                        true => Event::DeskLost,
                        false => Event::DeskHungUp,
                    });
                }
            }
        }
        self.handing_on_waits();
    }

    fn bridge(&mut self, bridge: talk::Bridge) {
        let bridge = match bridge {
            talk::Bridge::Apart => Bridge::Apart,
            talk::Bridge::Pair => Bridge::Pair,
            talk::Bridge::Desks => Bridge::Desks,
            talk::Bridge::All => Bridge::All,
        };
        self.sound.bridge(bridge);
        let now = clock::instant();
        let hears = matches!(bridge, Bridge::Pair | Bridge::All);
        self.party.spans.hear(Nth::First, hears, now);
        self.party
            .spans
            .hear(Nth::Second, bridge == Bridge::All, now);
        // A leg that went or came changes nothing of what goes on.
        if self.party.marked.replace(bridge) != Some(bridge) {
            match bridge {
                Bridge::Desks => self.mark("consulting", ""),
                Bridge::All => self.mark("three", ""),
                Bridge::Apart | Bridge::Pair => {}
            }
        }
        match bridge {
            Bridge::Apart | Bridge::Desks => {
                self.party.waits_since.get_or_insert(now);
            }
            Bridge::Pair | Bridge::All => {
                if let Some(since) = self.party.waits_since.take() {
                    let ms = now.saturating_duration_since(since).as_millis();
                    self.mark("caller_back", format!("{ms} ms"));
                }
            }
        }
    }

    fn play_meanwhile(&mut self, music: Music) {
        let prompt = match music {
            Music::Wait => &self.party.hold_prompt,
            Music::Back | Music::Thanks => &self.party.resume_prompt,
        };
        let Some(prompt) = prompt.clone() else {
            return self.sound.stop_playing();
        };
        let clips = self.book.script.clips(&prompt, &Values::default());
        let found = clips
            .iter()
            .filter_map(|clip| self.book.clips.0.get(&clip.0));
        let found: Vec<_> = found.cloned().collect();
        self.party.plays = self.party.plays.wrapping_add(1) | OWN_PLAYS;
        self.mark("prompt", prompt);
        self.sound
            .play(self.party.plays, found, music == Music::Back);
    }

    /// The desk seals a stretch: its keys are told by nobody, and it is marked.
    fn sealed(&mut self, sealed: bool) {
        let now_ms = self.timeline.clock().offset_ms(clock::instant());
        match (sealed, self.party.sealed_from.take()) {
            (true, _) => {
                self.party.sealed_from = Some(now_ms);
                self.mark("sealed_begins", "");
            }
            (false, Some(from_ms)) => self.mark("sealed", format!("{from_ms}–{now_ms} ms")),
            (false, None) => {}
        }
    }

    /// A stretch in which the caller keys a number is sealed by the plan.
    pub(super) fn mark_typing(&mut self) {
        let now_ms = self.timeline.clock().offset_ms(clock::instant());
        match (self.session.is_typing(), self.party.typing_from) {
            (true, None) => self.party.typing_from = Some(now_ms),
            (false, Some(from_ms)) => {
                self.party.typing_from = None;
                self.mark("sealed", format!("{from_ms}–{now_ms} ms"));
            }
            _ => {}
        }
    }
}
