//! A desk that is a page: its keys, its hold, and its coming again after it was lost.

use super::{Call, Desk};
use crate::console::Event as Did;
use crate::ivr::Event;
use crate::media::{Leg, Side};
use crate::phone::ears::Ears;
use crate::ringing::DeskLine;
use crate::talk;

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
            // As its telephone's key does.
            Did::ToRating => self.tell(Event::DeskSends, ears).await,
            Did::HungUp => {
                self.mark("hung_up", "desk");
                self.desk_gone(ears).await;
            }
            // He has the caller: there is nobody to be supervised.
            Did::Supervise(_) | Did::TakeOver => {}
            Did::Away => self.page_away(ears),
            Did::Back(leg) => self.page_back(*leg, ears),
            Did::Lost => {
                self.mark("desk_lost", "");
                self.party.lost = self.party.is_on();
                self.desk_gone(ears).await;
            }
        }
    }

    /// No packets of a desk: a telephone has hung up without a word, and a page may come again.
    pub(super) async fn desk_silent(&mut self, ears: &mut Ears) {
        if let Desk::Connected {
            line: DeskLine::Page(line),
            ..
        }
        | Desk::Waiting {
            line: DeskLine::Page(line),
            ..
        } = &self.desk
        {
            return line.sound_lost();
        }
        self.desk_gone(ears).await;
    }

    /// Whatever goes on, the caller is kept for it: he hears P05, or the colleague who has him with it.
    fn page_away(&mut self, ears: &mut Ears) {
        self.mark("desk_away", "desk");
        self.sound.remove_desk();
        self.party_hears(talk::Event::FirstAway, ears);
    }

    fn page_back(&mut self, leg: Leg, ears: &mut Ears) {
        self.mark("desk_back", "");
        self.sound.add_desk(leg);
        self.party_hears(talk::Event::FirstBack, ears);
    }
}
