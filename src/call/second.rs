//! The second desk: rung, asked, handed the caller, or let go of.

use std::time::Duration;

use super::party::{Ringing, Second};
use super::{Call, Desk};
use crate::callwords::{said, unavailable_word};
use crate::console::Event as Did;
use crate::desks::Handed;
use crate::ears::Ears;
use crate::floor::{Hunted, Seat, Wanted, Whom};
use crate::ivr::{Event, Presses};
use crate::ledger::Nth;
use crate::media::Side;
use crate::ringing::{DeskEvent, DeskLine};
use crate::sip::DialogEvent;
use crate::talk::{self, Action};

/// How long a desk that was let go of may take to hear that its transfer went well, before its BYE.
const FAREWELL: Duration = Duration::from_secs(2);

impl Call {
    /// Rings whoever is called so.
    pub(super) fn ring_second(&mut self, name: &str, ears: &mut Ears) -> Vec<Action> {
        let Some(to) = self.house.floor.named(name) else {
            return self.ring_outside(name, ears);
        };
        self.mark("handing_on", name);
        let queue = match &to {
            Handed::Need(need) => Some(need.clone()),
            Handed::Desk(_) => None,
        };
        let (hunt, told) = self.house.floor.seek(Wanted {
            whom: Whom::Handed {
                to,
                patience: self.party.patience,
            },
            caller_number: self.caller_number.clone(),
            call: self.id.0.clone(),
        });
        ears.hunt = Some(told);
        self.party.second = Second::Hunting {
            _ringing: Ringing::Desk { _hunt: hunt },
            queue,
        };
        Vec::new()
    }

    pub(super) fn second_hunted(&mut self, hunted: Hunted, ears: &mut Ears) {
        match hunted {
            Hunted::Ringing { desk } => {
                self.mark("desk_ringing", desk);
                self.party_hears(talk::Event::Ringing, ears);
            }
            Hunted::Position { .. } => {}
            Hunted::Refused { status } => self.mark("outside_refused", status.to_string()),
            Hunted::Unavailable(why) => {
                ears.hunt = None;
                self.party.second = Second::None;
                self.mark("desk_unavailable", unavailable_word(why));
                self.page_gets_nobody(said(why));
                self.party_hears(talk::Event::Unavailable(said(why)), ears);
            }
            Hunted::Found { answered, seat, .. } => {
                ears.hunt = None;
                ears.second = Some(answered.events);
                self.sound.add_second(answered.leg);
                self.party.second_presses = Presses::new();
                self.mark("desk_answered", seat.desk.clone());
                self.party.second = Second::Connected {
                    line: answered.line,
                    seat,
                };
                self.span_begins(Nth::Second);
                self.party_hears(talk::Event::Answered, ears);
            }
        }
    }

    pub(super) async fn second_did(&mut self, event: DeskEvent, ears: &mut Ears) {
        let event = match event {
            DeskEvent::Telephone(event) => event,
            DeskEvent::Page(did) => return self.second_page_did(did, ears).await,
        };
        match event {
            DialogEvent::Acknowledged { .. } => {}
            DialogEvent::Offer { sdp, reply } => {
                self.renegotiate(Side::Second, &sdp, reply, ears).await;
            }
            DialogEvent::Info { content_type, body } => {
                self.informed(Side::Second, &content_type, &body, ears)
                    .await;
            }
            DialogEvent::Refer { reply, .. } => {
                self.mark("transfer_refused", "second_desk");
                reply.refuse(403, "the caller is not yours to hand on");
            }
            DialogEvent::Bye { .. } | DialogEvent::Lost { .. } => {
                self.mark("hung_up", self.second_word());
                self.second_gone(ears);
            }
        }
    }

    /// A colleague's page: who loses it here is gone, for there is nobody to be kept for him.
    async fn second_page_did(&mut self, did: Did, ears: &mut Ears) {
        match did {
            Did::Key(key) => {
                let key = key.to_string();
                self.informed(Side::Second, "application/dtmf", key.as_bytes(), ears)
                    .await;
            }
            // It is not the first, whose microphone is looked at.
            Did::Muted(_) => {}
            Did::Hold(holds) => self.party_hears(talk::Event::SecondHolds(holds), ears),
            // The caller is not his to hand on.
            Did::Back(_) | Did::HandsOn(..) | Did::Supervise(_) | Did::TakeOver => {}
            Did::ToRating | Did::HungUp | Did::Away | Did::Lost => {
                self.mark("hung_up", self.second_word());
                self.second_gone(ears);
            }
        }
    }

    pub(super) fn second_gone(&mut self, ears: &mut Ears) {
        ears.second = None;
        self.span_ends(&[Nth::Second]);
        self.party.second = Second::None;
        self.sound.remove_second();
        self.party_hears(talk::Event::SecondGone, ears);
    }

    /// What became of the transfer so far, to whoever asked for it by REFER. That it went well is told by
    /// `let_first_go`, before the BYE.
    pub(super) fn tell_referrer(&mut self, status: u16) {
        if !self.party.refers {
            return;
        }
        if (300..).contains(&status) {
            self.party.refers = false;
            self.mark("transfer_failed", status.to_string());
        }
        if let Desk::Connected { line, .. } = &self.desk
            && let Some(dialog) = line.dialog()
            && status != 200
        {
            dialog.tell_refer_progress(status);
        }
    }

    pub(super) fn let_first_go(&mut self, ears: &mut Ears) {
        ears.desk = None;
        self.span_ends(&[Nth::First]);
        self.sound.remove_desk();
        let refers = std::mem::take(&mut self.party.refers);
        let desk = std::mem::replace(&mut self.desk, Desk::None);
        let Desk::Connected { line, seat } = desk else {
            return;
        };
        match line {
            DeskLine::Telephone(dialog) if refers => {
                // It is free from now on, whatever its telephone still has to hear.
                drop(seat);
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(FAREWELL, dialog.refer_progress(200)).await;
                    // Dropping it sends BYE.
                    drop(dialog);
                });
            }
            // Dropped before the seat: the next call may ring it at once.
            DeskLine::Page(line) => {
                // A supervisor who takes over is no second desk.
                if matches!(self.party.second, Second::Connected { .. }) {
                    line.handed_on();
                }
            }
            line => drop(line),
        }
    }

    pub(super) fn second_is_first(&mut self, ears: &mut Ears) {
        let second = std::mem::replace(&mut self.party.second, Second::None);
        let Second::Connected { line, seat } = second else {
            tracing::error!(call = %self.id.0, "a bug: there is no second desk to be the first");
            return;
        };
        (self.party.refers, self.party.lost) = (false, false);
        self.sound.second_is_first();
        ears.desk = ears.second.take();
        self.desk_presses = std::mem::replace(&mut self.party.second_presses, Presses::new());
        self.party.spans.second_is_first();
        self.has_another_desk(line, seat, ears);
    }

    /// Whoever has been handed the caller is on record, and the session hears of it.
    pub(super) fn has_another_desk(&mut self, line: DeskLine, seat: Seat, ears: &mut Ears) {
        self.mark("handed_over", seat.desk.clone());
        let staff = seat.staff.clone();
        self.desk = Desk::Connected { line, seat };
        ears.owed.push_back(Event::DeskChanged { staff });
    }
}
