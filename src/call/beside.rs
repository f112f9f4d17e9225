//! The desk's telephone calls somebody beside its caller: a consultation, handed on by a REFER with Replaces (RFC 3891). Its
//! second call has no sound of its own: the desk's leg is where that call says, until the first one is taken up again.

use super::{Call, Desk};
use crate::consulting::{Heard, Second, not_here, refuse};
use crate::ears::Ears;
use crate::media::Side;
use crate::referral::Replaces;
use crate::sip::{Dialog, DialogEvent, Incoming, ReferReply};
use crate::talk::Command;

impl Call {
    pub(super) async fn beside(&mut self, heard: Heard, ears: &mut Ears) {
        match heard {
            Heard::Dialled(invite) => self.dialled(invite, ears).await,
            Heard::GivenUp => {
                // What rings for it rings no more; the caller is the desk's still.
                self.party.beside = Second::None;
                let _ = self.desk_wants(Command::TakeBack, ears);
            }
            Heard::Did(event) => self.beside_did(event, ears).await,
        }
    }

    /// Whoever is called so is asked, while the caller waits on hold.
    async fn dialled(&mut self, invite: Incoming, ears: &mut Ears) {
        let command = Command::Consult(invite.callee.clone());
        let (status, word) = match self.may_name(&invite.callee) {
            Err(no) => (no.status(), no.word()),
            // Whose caller hears his desk is not to hear it talk with others.
            Ok(()) if !self.party.machine.is_held() => (486, "not_held"),
            Ok(()) if self.party.machine.allows(&command) && self.party.beside.is_none() => {
                if invite.ring().await.is_err() {
                    return;
                }
                ears.beside.rings(&invite);
                self.party.beside = Second::Rings(invite);
                let _ = self.desk_wants(command, ears);
                return;
            }
            Ok(()) => (486, "not_now"),
        };
        self.mark("transfer_refused", word);
        refuse(invite, status);
    }

    async fn beside_did(&mut self, event: DialogEvent, ears: &mut Ears) {
        match event {
            DialogEvent::Acknowledged { .. } => {}
            DialogEvent::Offer { sdp, reply } => {
                // A hold of this call is none of the caller's.
                let answered = match self.sound.renegotiate(Side::Desk, &sdp).await {
                    Ok(answer) => reply.answer(&answer).await,
                    Err(_) => reply.refuse(488).await,
                };
                if let Err(error) = answered {
                    tracing::debug!(call = %self.id.0, %error, "an offer could not be answered");
                }
            }
            DialogEvent::Info { content_type, body } => {
                self.informed(Side::Desk, &content_type, &body, ears).await;
            }
            DialogEvent::Refer { reply, .. } => not_here(reply),
            DialogEvent::Bye { .. } | DialogEvent::Lost { .. } => {
                self.party.beside = Second::None;
                ears.beside.talks(None);
                let _ = self.desk_wants(Command::TakeBack, ears);
            }
        }
    }

    /// A REFER with Replaces: whom the desk has asked is to have the caller.
    pub(super) fn replaced(&mut self, replaces: &Replaces, reply: ReferReply, ears: &mut Ears) {
        let named = self
            .party
            .beside
            .replaced_by(replaces, &self.house.consulting);
        let (status, why) = match named {
            _ if self.is_outside() => (403, "only a desk hands callers on"),
            Err(refusal) => refusal,
            Ok(()) if self.party.machine.allows(&Command::Complete) => {
                // `let_first_go` tells it that it went well.
                self.party.refers = true;
                reply.accept();
                let _ = self.desk_wants(Command::Complete, ears);
                return;
            }
            Ok(()) => (491, "nobody has the caller yet"),
        };
        self.mark("transfer_refused", "replaces");
        reply.refuse(status, why);
    }

    /// After whatever has just happened: the second call is answered when whom it called answers, and ends with the
    /// consultation; and whoever is the desk now may call.
    pub(super) async fn beside_holds(&mut self, ears: &mut Ears) {
        let peer = match &self.desk {
            Desk::Connected { line, seat } if !seat.is_outside() => {
                line.dialog().and_then(Dialog::peer)
            }
            _ => None,
        };
        ears.beside.of(&self.house.consulting, peer);
        let under_way = self.party.machine.under_way();
        self.party.beside = match (std::mem::take(&mut self.party.beside), under_way) {
            (Second::Rings(invite), Some("consulting" | "three")) => {
                self.answers_beside(invite, ears).await
            }
            (Second::Rings(invite), Some("asking")) => Second::Rings(invite),
            (Second::Rings(invite), _) => {
                ears.beside.talks(None);
                refuse(invite, 480);
                Second::None
            }
            (Second::Talks(dialog), Some("consulting" | "three")) => Second::Talks(dialog),
            (Second::Talks(_), _) => {
                // Dropping it sends BYE.
                ears.beside.talks(None);
                Second::None
            }
            (Second::None, _) => Second::None,
        };
    }

    /// Where it cannot be, the desk has its caller again.
    async fn answers_beside(&mut self, invite: Incoming, ears: &mut Ears) -> Second {
        let offer = invite.offer.clone().unwrap_or_default();
        let answer = self.sound.renegotiate(Side::Desk, &offer).await;
        let answered = match answer {
            Ok(answer) => invite
                .answer(&answer)
                .await
                .map_err(|error| error.to_string()),
            Err(error) => {
                refuse(invite, 488);
                Err(error.to_string())
            }
        };
        match answered {
            Ok((dialog, events)) => {
                // It is a telephone that we know: no flood takes its place.
                dialog.heard();
                ears.beside.talks(Some(events));
                Second::Talks(dialog)
            }
            Err(error) => {
                tracing::info!(call = %self.id.0, error, "a desk's second call was not answered");
                ears.beside.talks(None);
                let _ = self.desk_wants(Command::TakeBack, ears);
                Second::None
            }
        }
    }
}
