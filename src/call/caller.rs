//! The caller's side, and what both sides may do: keys, new offers, hanging up.

use std::time::{Duration, Instant};

use super::{Call, Gone, Stage};
use crate::callwords::side_word;
use crate::ears::Ears;
use crate::engine::HungUpBy;
use crate::failpoint::{self, Step};
use crate::ivr::{Digit, Event, Phase, Way};
use crate::keypad::key_of_info;
use crate::ledger::clock;
use crate::media::{self, Side};
use crate::sip::{DialogEvent, OfferReply};
use crate::talk;

/// Stands for a key of a number that is being keyed.
const HIDDEN_KEY: &str = "•";

/// How long a call waits for the answer to its BYE where the line is dead.
const LAST_WORD: Duration = Duration::from_secs(1);

impl Call {
    /// A sign of a key press, from whatever way it came.
    #[allow(clippy::too_many_arguments)]
    pub(super) async fn pressed(
        &mut self,
        side: Side,
        way: Way,
        digit: Digit,
        press: u32,
        phase: Phase,
        at: Instant,
        ears: &mut Ears,
    ) {
        let presses = match side {
            Side::Caller => &mut self.caller_presses,
            Side::Desk => &mut self.desk_presses,
            Side::Second => &mut self.party.second_presses,
            // He decides nothing in the call.
            Side::Ear => return,
        };
        let Some(digit) = presses.sign(way, digit, press, phase, at) else {
            return;
        };
        match side {
            Side::Caller => {
                failpoint::reach(Step::KeyHeard);
                let shown = self.shown(digit);
                self.timeline.mark(at, "key", format!("{shown} ({way})"));
                self.last_press_at = at;
                self.tell(Event::Digit(digit), ears).await;
            }
            // Outside is nobody who decides: what he keys may be anything of his.
            Side::Desk if self.is_outside() => {
                let hidden = format!("{HIDDEN_KEY} ({way})");
                self.timeline.mark(at, "outside_key", hidden);
            }
            Side::Desk => {
                let shown = self.desk_shown(digit);
                self.timeline
                    .mark(at, "desk_key", format!("{shown} ({way})"));
                let numbered = self.party.machine.is_numbering();
                self.party_hears(talk::Event::Key(digit), ears);
                let ends = digit.char() == '#';
                if numbered && (ends || self.party.machine.is_numbering()) {
                    // A colleague's number is none of the plan's keys.
                    return;
                }
                self.tell(Event::DeskDigit(digit), ears).await;
            }
            Side::Ear => {}
            // Who is asked has no say in what becomes of the caller. What he keys may be a number, and no code of his
            // says where it begins.
            Side::Second => {
                let hidden = format!("{HIDDEN_KEY} ({way})");
                self.timeline.mark(at, "second_key", hidden);
            }
        }
    }

    /// A key as timeline and log may tell it: while a number is keyed, not which one it is
    /// (a telephone number is nowhere told whole, 第十四条).
    pub(super) fn shown(&self, digit: Digit) -> String {
        match self.session.is_typing() || self.party.machine.is_sealed() {
            true => HIDDEN_KEY.to_owned(),
            false => digit.to_string(),
        }
    }

    /// The same of a desk's key: while it keys a number it may be somebody's.
    fn desk_shown(&self, digit: Digit) -> String {
        match self.party.machine.is_numbering() {
            true => HIDDEN_KEY.to_owned(),
            false => self.shown(digit),
        }
    }

    pub(super) async fn caller_did(&mut self, event: DialogEvent, ears: &mut Ears) {
        match event {
            DialogEvent::Acknowledged { .. } => {}
            DialogEvent::Offer { sdp, reply } => {
                self.renegotiate(Side::Caller, &sdp, reply, ears).await;
            }
            DialogEvent::Refer { reply, .. } => {
                self.mark("transfer_refused", "caller");
                reply.refuse(403, "only a desk hands callers on");
            }
            DialogEvent::Info { content_type, body } => {
                self.informed(Side::Caller, &content_type, &body, ears)
                    .await;
            }
            DialogEvent::Bye { .. } => self.caller_gone(Gone::HungUp).await,
            DialogEvent::Lost { why } => self.caller_gone(Gone::Vanished(why)).await,
        }
    }

    pub(super) async fn informed(
        &mut self,
        side: Side,
        content_type: &str,
        body: &[u8],
        ears: &mut Ears,
    ) {
        let Some((key, length)) = key_of_info(content_type, body) else {
            return;
        };
        let Some(digit) = Digit::from_char(key) else {
            return;
        };
        self.infos = self.infos.wrapping_add(1);
        let length_ms = length.map_or(0, |length| u32::try_from(length.as_millis()).unwrap_or(0));
        let phase = Phase::Whole { length_ms };
        self.pressed(
            side,
            Way::Info,
            digit,
            self.infos,
            phase,
            clock::instant(),
            ears,
        )
        .await;
    }

    /// Hold, resume, another address or codec (RFC 3264 §8).
    pub(super) async fn renegotiate(
        &mut self,
        side: Side,
        sdp: &[u8],
        reply: OfferReply,
        ears: &mut Ears,
    ) {
        let mut holds = None;
        let answered = match self.sound.renegotiate(side, sdp).await {
            Ok(answer) => {
                match side {
                    Side::Caller => self.caller_presses.expect_any_way(),
                    Side::Desk => self.desk_presses.expect_any_way(),
                    Side::Second => self.party.second_presses.expect_any_way(),
                    Side::Ear => {}
                }
                let is_hold = media::is_hold(sdp);
                let kind = if is_hold { "hold" } else { "renegotiated" };
                self.mark(kind, side_word(side));
                holds = Some(is_hold);
                reply.answer(&answer).await
            }
            Err(error) => {
                tracing::info!(call = %self.id.0, %error, "a new offer is refused");
                reply.refuse(488).await
            }
        };
        if let Err(error) = answered {
            tracing::warn!(call = %self.id.0, %error, "an offer could not be answered");
        }
        match (side, holds) {
            (Side::Desk, Some(holds)) => self.desk_holds(holds, ears),
            (Side::Second, Some(holds)) => self.party_hears(talk::Event::SecondHolds(holds), ears),
            _ => {}
        }
    }

    /// The caller's side is gone: closes the sound, which first reports every key that had arrived.
    pub(super) async fn caller_gone(&mut self, gone: Gone) {
        if self.stage != Stage::Running {
            return;
        }
        self.mark(
            "hung_up",
            match gone {
                Gone::HungUp => "caller".to_owned(),
                Gone::Vanished(why) => format!("caller vanished: {why}"),
            },
        );
        if let Gone::Vanished(why) = gone
            && let Some(caller) = self.caller.take()
        {
            let reason = format!("SIP;cause=408;text=\"{why}\"");
            let bye = tokio::time::timeout(LAST_WORD, caller.bye(Some(&reason))).await;
            tracing::debug!(call = %self.id.0, answered = bye.is_ok(), "BYE to a line that is dead");
        }
        self.talk_ended(HungUpBy::Caller);
        self.wait.leaves(clock::instant());
        self.stage = Stage::Closing(HungUpBy::Caller);
        self.close_sound();
    }

    /// No packets came from there for as long as is waited for them.
    pub(super) async fn is_silent(&mut self, side: Side, ears: &mut Ears) {
        if side == Side::Ear {
            return self.party.supervised.is_silent();
        }
        self.mark("rtp_timeout", side_word(side));
        match side {
            Side::Caller => self.caller_gone(Gone::Vanished("RTP timeout")).await,
            Side::Second => self.second_gone(ears),
            Side::Desk | Side::Ear => self.desk_silent(ears).await,
        }
    }
}
