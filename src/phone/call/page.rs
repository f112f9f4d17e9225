//! A desk that is a page: its keys, its hold, and its coming again after it was lost.

use super::party::Second;
use super::{Call, Desk};
use crate::console::Event as Did;
use crate::engine::HungUpBy;
use crate::media::{Leg, Side};
use crate::phone::ears::Ears;
use crate::ringing::DeskLine;

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
                self.desk_holds(true, ears);
            }
            Did::Hold(false) => {
                self.mark("resumed", "desk");
                self.desk_holds(false, ears);
            }
            Did::ToRating => {
                self.mark("sent_to_rating", "");
                self.talk.ended_by.get_or_insert(HungUpBy::Desk);
                self.desk_gone(ears).await;
            }
            Did::HungUp => {
                self.mark("hung_up", "desk");
                self.desk_gone(ears).await;
            }
            Did::Away => self.page_away(ears).await,
            Did::Back(leg) => self.page_back(*leg, ears),
            Did::Lost => {
                self.mark("desk_lost", "");
                self.desk_gone(ears).await;
            }
        }
    }

    /// No packets of a desk: a telephone has hung up without a word, and a page may come again.
    pub(super) async fn desk_silent(&mut self, ears: &mut Ears) {
        if let Desk::Connected {
            line: DeskLine::Page(line),
            ..
        } = &self.desk
        {
            return line.sound_lost();
        }
        self.desk_gone(ears).await;
    }

    /// The caller is kept for it. Where a colleague hears the caller, he has him.
    async fn page_away(&mut self, ears: &mut Ears) {
        self.mark("desk_away", "desk");
        if matches!(self.party.second, Second::Connected { .. }) {
            return self.desk_gone(ears).await;
        }
        self.sound.remove_desk();
        self.desk_holds(true, ears);
    }

    fn page_back(&mut self, leg: Leg, ears: &mut Ears) {
        self.mark("desk_back", "");
        // Who was joined while it was away hears nobody, as who was held.
        self.desk_holds(true, ears);
        self.sound.add_desk(leg);
        self.desk_holds(false, ears);
    }
}
