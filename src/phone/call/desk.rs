//! The desk's side: hunting, joining, releasing.

use std::time::Duration;

use super::{Call, Desk, unavailable_word};
use crate::engine::{CallState, HungUpBy};
use crate::ivr::{Event, Presses, Target};
use crate::ledger::Job;
use crate::media::Side;
use crate::phone::clock;
use crate::phone::ears::Ears;
use crate::phone::floor::{Hunted, Wanted};
use crate::sip::DialogEvent;

impl Call {
    pub(super) fn connect(&mut self, target: Target, ring_timeout_ms: u64, ears: &mut Ears) {
        let Target::Desks { group } = target;
        let (hunt, told) = self.house.floor.seek(Wanted {
            group,
            caller_number: self.caller_number.clone(),
            call: self.id.0.clone(),
            patience: Duration::from_millis(ring_timeout_ms),
        });
        ears.hunt = Some(told);
        self.desk = Desk::Hunting { _hunt: hunt };
    }

    pub(super) async fn hunted(&mut self, hunted: Hunted, ears: &mut Ears) {
        match hunted {
            Hunted::Ringing { desk } => self.mark("desk_ringing", desk),
            Hunted::Unavailable(why) => {
                ears.hunt = None;
                self.desk = Desk::None;
                self.mark("desk_unavailable", unavailable_word(why));
                self.tell(Event::DeskUnavailable(why), ears).await;
            }
            Hunted::Found { answered, seat } => {
                ears.hunt = None;
                ears.desk = Some(answered.events);
                self.sound.add_desk(answered.leg);
                self.desk_presses = Presses::new();
                let staff = seat.staff.clone();
                self.mark("desk_answered", seat.desk.clone());
                self.ledger.put(Job::DeskAnswered {
                    staff: staff.clone(),
                    at: self.civil_now(),
                });
                self.desk = Desk::Connected {
                    dialog: answered.dialog,
                    _seat: seat,
                };
                self.tell(Event::DeskAnswered { staff }, ears).await;
            }
        }
    }

    pub(super) fn join(&mut self) {
        self.sound.join();
        self.talk.since = Some(clock::instant());
        self.mark("joined", "");
        self.ledger.put(Job::State(CallState::Talking));
    }

    /// The talk is over, whoever ended it. Counted once.
    pub(super) fn talk_ended(&mut self, by: HungUpBy) {
        let Some(since) = self.talk.since.take() else {
            return;
        };
        let ms = clock::instant()
            .saturating_duration_since(since)
            .as_millis();
        self.talk.ms += u64::try_from(ms).unwrap_or(u64::MAX);
        self.talk.ended_by.get_or_insert(by);
        self.ledger.put(Job::Talked { ms: self.talk.ms });
    }

    pub(super) fn release_desk(&mut self, by: HungUpBy, ears: &mut Ears) {
        self.talk_ended(by);
        ears.desk = None;
        ears.hunt = None;
        if let Desk::Connected { dialog, .. } = std::mem::replace(&mut self.desk, Desk::None) {
            self.sound.remove_desk();
            // Dropping it sends BYE; the call does not wait for a desk that may be dead.
            drop(dialog);
        }
    }

    pub(super) async fn desk_did(&mut self, event: DialogEvent, ears: &mut Ears) {
        match event {
            DialogEvent::Acknowledged { .. } => {}
            DialogEvent::Offer { sdp, reply } => self.renegotiate(Side::Desk, &sdp, reply).await,
            DialogEvent::Info { content_type, body } => {
                self.informed(Side::Desk, &content_type, &body, ears).await;
            }
            DialogEvent::Bye { .. } | DialogEvent::Lost { .. } => {
                self.mark("hung_up", "desk");
                self.talk_ended(HungUpBy::Desk);
                ears.desk = None;
                self.desk = Desk::None;
                self.sound.remove_desk();
                self.tell(Event::DeskHungUp, ears).await;
            }
        }
    }
}
