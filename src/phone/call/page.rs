//! A desk that is a page: its keys, hold with P05, and its coming again after it was lost.

use super::{Call, Desk};
use crate::console::Event as Did;
use crate::engine::HungUpBy;
use crate::ivr::Event;
use crate::media::{Leg, Side};
use crate::phone::ears::Ears;
use crate::ringing::DeskLine;

/// The play that is the hold's own: the session counts its plays from the other end.
pub(super) const HOLD: u32 = u32::MAX;
/// What is heard on hold, by its stem.
const PROMPT: &str = "P05";

/// Why a talk pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::phone) enum Hold {
    /// The desk wishes it.
    Wished,
    /// The desk's page is lost, and may come again.
    Away,
}

impl Call {
    pub(super) async fn page_did(&mut self, did: Did, ears: &mut Ears) {
        match did {
            Did::Key(key) => {
                let key = key.to_string();
                self.informed(Side::Desk, "application/dtmf", key.as_bytes(), ears)
                    .await;
            }
            Did::Hold(true) => {
                self.mark("hold", "desk");
                self.hold(Hold::Wished);
            }
            Did::Hold(false) => {
                self.mark("resumed", "desk");
                self.go_on();
            }
            Did::ToRating => {
                self.mark("sent_to_rating", "");
                self.desk_left(ears).await;
            }
            Did::HungUp => {
                self.mark("hung_up", "desk");
                self.desk_left(ears).await;
            }
            Did::Away => {
                self.mark("desk_away", "desk");
                self.sound.remove_desk();
                self.hold(Hold::Away);
            }
            Did::Back(leg) => self.page_back(*leg),
            Did::Lost => {
                self.mark("desk_lost", "");
                self.desk_left(ears).await;
            }
        }
    }

    /// No packets of a desk: a telephone has hung up without a word, and a page may come again.
    pub(super) async fn desk_silent(&mut self, ears: &mut Ears) {
        self.mark("rtp_timeout", "desk");
        if let Desk::Connected {
            line: DeskLine::Page(line),
            ..
        } = &self.desk
        {
            return line.sound_lost();
        }
        self.release_desk(HungUpBy::Desk, ears);
        self.tell(Event::DeskHungUp, ears).await;
    }

    fn page_back(&mut self, leg: Leg) {
        self.mark("desk_back", "");
        self.sound.add_desk(leg);
        self.go_on();
    }

    fn hold(&mut self, hold: Hold) {
        self.hold = Some(hold);
        self.sound.part();
        self.hold_on();
    }

    /// P05, again and again. Before the talk the conversation's own prompts are heard.
    pub(super) fn hold_on(&self) {
        let clip = self.book.clips.0.get(PROMPT).cloned();
        if self.hold.is_some() && self.talk.since.is_some() {
            self.sound.play(HOLD, clip.into_iter().collect(), false);
        }
    }

    /// They hear each other again, if they did before.
    fn go_on(&mut self) {
        self.hold_ends();
        if self.talk.since.is_some() {
            self.sound.join();
        }
    }

    pub(super) fn hold_ends(&mut self) {
        if self.hold.take().is_some() && self.talk.since.is_some() {
            self.sound.stop_playing();
        }
    }
}
