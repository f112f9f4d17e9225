//! A REFER of theirs (RFC 3515): our user's word on it, and the NOTIFYs that say what became of it.

use std::collections::VecDeque;

use super::*;
use crate::referral::{Referral, fragment, subscription_state};
use crate::sip::call::{ReferReply, Word};

/// The stack does not say when a response has left. A telephone must bear a NOTIFY before its 202 (RFC 3515 §2.4.4),
/// and not every one does.
const AFTER_THE_202: Duration = Duration::from_millis(20);
const SIPFRAG: &str = "message/sipfrag;version=2.0";

/// The REFER under way: its implicit subscription.
pub(super) struct Referring {
    /// Event's `id` (RFC 3515 §2.4.6).
    cseq: u32,
    /// Its asker wants to be told.
    told: bool,
    accepted: bool,
    due: VecDeque<(u16, Option<Done<()>>)>,
}

impl Driver {
    pub(super) fn on_refer(&mut self, request: &rsip::Request, handle: TransactionHandle) {
        if self.referring.is_some() || !self.phase.is_answered() {
            return self.reply(handle, StatusCode::RequestPending, Vec::new());
        }
        let named = |name: &'static str, short: &'static str| {
            request.headers.iter().filter(move |header| {
                let own = header.name();
                own.eq_ignore_ascii_case(name) || own.eq_ignore_ascii_case(short)
            })
        };
        let refer_to = named("Refer-To", "r").map(|header| header.value().trim());
        let sub = headers::value(&request.headers, "Refer-Sub");
        let referral = match Referral::read(refer_to, sub) {
            Ok(referral) => referral,
            Err(unusable) => {
                let status = StatusCode::from(unusable.status());
                return self.reply(handle, status, Vec::new());
            }
        };
        let told = referral.told;
        let (reply, word) = oneshot::channel();
        let event = DialogEvent::Refer {
            name: referral.name,
            replaces: referral.replaces,
            reply: ReferReply { reply },
        };
        if self.events.try_send(event).is_err() {
            guard::count("slow_reader");
            let again = vec![headers::retry_after(Duration::from_secs(1))];
            return self.reply(handle, StatusCode::ServiceUnavailable, again);
        }
        self.referring = Some(Referring {
            cseq: request
                .cseq_header()
                .and_then(|cseq| cseq.seq())
                .unwrap_or(0),
            told,
            accepted: false,
            due: VecDeque::from([(100, None)]),
        });
        self.requests.spawn(async move {
            let word = word.await.unwrap_or(Word::Refuse {
                status: 403,
                why: "nobody listens",
            });
            let (status, extra, accepted) = match word {
                Word::Accept if told => (202, Vec::new(), true),
                // RFC 4488 §4: without a subscription, said so.
                Word::Accept => (202, vec![other("Refer-Sub", "false")], true),
                Word::Refuse { status, why } => (status, vec![warning(why)], false),
            };
            let status = StatusCode::from(status);
            let sent = handle.respond(status, Some(extra), None).await;
            if accepted {
                tokio::time::sleep(AFTER_THE_202).await;
            }
            Outcome::Referred(accepted && sent.is_ok())
        });
    }

    pub(super) fn on_referred(&mut self, accepted: bool) {
        match &mut self.referring {
            Some(referring) if accepted => {
                referring.accepted = true;
                self.notify_next();
            }
            _ => self.referring = None,
        }
    }

    /// What became of the REFER so far. A final status ends it, whether its asker wanted to be told or not.
    pub(super) fn refer_progress(&mut self, status: u16, done: Done<()>) {
        match &mut self.referring {
            Some(referring) => {
                referring.due.push_back((status, Some(done)));
                self.notify_next();
            }
            None => {
                let _ = done.send(Err(Error::Over));
            }
        }
    }

    pub(super) fn notify_next(&mut self) {
        let Some(referring) = &mut self.referring else {
            return;
        };
        if !referring.accepted || self.notifying.is_some() {
            return;
        }
        let Some((status, done)) = referring.due.pop_front() else {
            return;
        };
        let (told, cseq) = (referring.told, referring.cseq);
        if status >= 200 {
            self.referring = None;
        }
        let dialog = self.dialog.clone();
        let sending = self.requests.spawn(async move {
            if told {
                notify(&dialog, status, cseq).await;
            }
            if let Some(done) = done {
                let _ = done.send(Ok(()));
            }
            Outcome::Notified
        });
        self.notifying = Some(sending.id());
    }

    pub(super) fn on_notified(&mut self) {
        self.notifying = None;
        self.notify_next();
    }

    /// A task that panicked. Where it was a NOTIFY's, the next one waits for it no more.
    pub(super) fn on_lost(&mut self, task: task::Id) {
        if self.notifying == Some(task) {
            self.on_notified();
        }
    }
}

/// A NOTIFY that is refused or not answered changes nothing: what it tells has happened.
async fn notify(dialog: &InviteDialog, status: u16, cseq: u32) {
    let headers = vec![
        other("Event", &format!("refer;id={cseq}")),
        other("Subscription-State", subscription_state(status)),
        Header::ContentType(SIPFRAG.into()),
    ];
    let sent = dialog
        .notify(Some(headers), Some(fragment(status).into_bytes()))
        .await;
    if !matches!(&sent, Ok(Some(response)) if response.status_code.code() == 200) {
        tracing::debug!(status, "a NOTIFY was not taken");
    }
}

fn other(name: &str, value: &str) -> Header {
    Header::Other(name.to_owned(), value.to_owned())
}

/// RFC 3261 §20.43: told to the person at the telephone, where it shows such.
fn warning(why: &str) -> Header {
    other("Warning", &format!("399 gradeline \"{why}\""))
}
