//! An established call as its user sees it; the work is done by its [`super::driver`].

use std::net::SocketAddr;
use std::sync::Arc;

use rsipstack::dialog::DialogId;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::Error;
use crate::guard::State;
use crate::referral::Replaces;

/// An established dialog. Dropped, it is ended with BYE.
pub struct Dialog {
    pub(super) call_id: String,
    pub(super) tags: Tags,
    /// Where its INVITE went, or came from; `None` where the stack alone knows.
    pub(super) peer: Option<SocketAddr>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) state: Arc<State>,
}

/// A dialog's tags (RFC 3261 §12).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tags {
    pub ours: String,
    pub theirs: String,
}

impl Tags {
    pub(super) fn of(id: DialogId) -> Tags {
        Tags {
            ours: id.local_tag,
            theirs: id.remote_tag,
        }
    }
}

/// What the user of a call asks its driver to do.
pub(super) enum Command {
    Ring,
    Refuse {
        status: u16,
        retry_after: Option<std::time::Duration>,
        done: Done<()>,
    },
    Answer {
        sdp: String,
        done: Done<()>,
    },
    Bye {
        reason: Option<String>,
        done: Done<()>,
    },
    ReferProgress {
        status: u16,
        done: Done<()>,
    },
    Reinvite {
        sdp: String,
        done: Done<Vec<u8>>,
    },
    Info {
        content_type: String,
        body: Vec<u8>,
        done: Done<()>,
    },
}

pub(super) type Done<T> = oneshot::Sender<Result<T, Error>>;

/// Sends a command and waits for what became of it.
pub(super) async fn ask<T>(
    commands: &mpsc::Sender<Command>,
    command: impl FnOnce(Done<T>) -> Command,
) -> Result<T, Error> {
    let (done, outcome) = oneshot::channel();
    commands
        .send(command(done))
        .await
        .map_err(|_| Error::Over)?;
    outcome.await.unwrap_or(Err(Error::Over))
}

/// What the other side does in a dialog.
pub enum DialogEvent {
    /// The ACK to our 200; its SDP where we had made the (late) offer.
    Acknowledged { sdp: Option<Vec<u8>> },
    /// A re-INVITE or UPDATE with a new offer: answer it.
    Offer { sdp: Vec<u8>, reply: OfferReply },
    /// INFO with its body; it was answered 200.
    Info { content_type: String, body: Vec<u8> },
    /// REFER (RFC 3515): the other side wants to be replaced by whoever this names, or by who is in the dialog that
    /// `replaces` names (RFC 3891).
    Refer {
        name: String,
        replaces: Option<Replaces>,
        reply: ReferReply,
    },
    /// The other side hung up; its Reason header.
    Bye { reason: Option<String> },
    /// No ACK, no session refresh, or the stack gave the dialog up; a BYE was sent where that makes sense.
    Lost { why: &'static str },
}

/// What an offer is answered with.
pub(super) enum Reply {
    Answer { sdp: String, done: Done<()> },
    Refuse { status: u16, done: Done<()> },
}

/// Answers one offer. Dropped, it refuses with 488.
pub struct OfferReply {
    pub(super) reply: oneshot::Sender<Reply>,
}

impl OfferReply {
    /// 200 with our SDP.
    pub async fn answer(self, sdp: &str) -> Result<(), Error> {
        let (done, outcome) = oneshot::channel();
        let sdp = sdp.to_owned();
        self.reply
            .send(Reply::Answer { sdp, done })
            .map_err(|_| Error::Over)?;
        outcome.await.unwrap_or(Err(Error::Over))
    }

    /// 488 or another refusal; what was negotiated before goes on.
    pub async fn refuse(self, status: u16) -> Result<(), Error> {
        let (done, outcome) = oneshot::channel();
        self.reply
            .send(Reply::Refuse { status, done })
            .map_err(|_| Error::Over)?;
        outcome.await.unwrap_or(Err(Error::Over))
    }
}

/// What a REFER is answered with.
pub(super) enum Word {
    Accept,
    Refuse { status: u16, why: &'static str },
}

/// Answers one REFER. Dropped, it refuses with 403.
pub struct ReferReply {
    pub(super) reply: oneshot::Sender<Word>,
}

impl ReferReply {
    /// 202; what becomes of it is told by [`Dialog::refer_progress`].
    pub fn accept(self) {
        // Who asked may be gone: then his BYE is next.
        let _ = self.reply.send(Word::Accept);
    }

    /// `why` is for the person at the telephone: plain words in ASCII, without quotes.
    pub fn refuse(self, status: u16, why: &'static str) {
        let _ = self.reply.send(Word::Refuse { status, why });
    }
}

impl Dialog {
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Where its INVITE went, or came from; `None` where the stack alone knows.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Whether this is the dialog that a Replaces of the other side's names (RFC 3891 §3): its `to-tag` is ours.
    pub fn is_named_by(&self, replaces: &Replaces) -> bool {
        let tags = (&replaces.to_tag, &replaces.from_tag);
        self.call_id == replaces.call_id && tags == (&self.tags.ours, &self.tags.theirs)
    }

    /// The other side's sound has come: with its ACK the call is proven, and a flood of calls takes
    /// its place no more.
    pub fn heard(&self) {
        self.state.heard(&self.call_id);
    }

    /// BYE, with a Reason header (RFC 3326) where given. Before the ACK it waits for it (RFC 3261 §15).
    pub async fn bye(&self, reason: Option<&str>) -> Result<(), Error> {
        let reason = reason.map(str::to_owned);
        ask(&self.commands, |done| Command::Bye { reason, done }).await
    }

    /// A re-INVITE with our new SDP; the answer. A 491 is retried (RFC 3261 §14.1).
    pub async fn reinvite(&self, sdp: &str) -> Result<Vec<u8>, Error> {
        let sdp = sdp.to_owned();
        ask(&self.commands, |done| Command::Reinvite { sdp, done }).await
    }

    /// What became of the REFER that was accepted, as a SIP status; a final one ends it. Returns when the NOTIFY was
    /// answered, or given up.
    pub async fn refer_progress(&self, status: u16) -> Result<(), Error> {
        ask(&self.commands, |done| Command::ReferProgress {
            status,
            done,
        })
        .await
    }

    /// The same without waiting for it. While the other side does not answer, what is passing may be left out; a final
    /// status never is, for it ends the REFER.
    pub fn tell_refer_progress(&self, status: u16) {
        let (done, _) = oneshot::channel();
        let command = Command::ReferProgress { status, done };
        match self.commands.try_send(command) {
            Ok(()) => {}
            Err(TrySendError::Full(command)) if status >= 200 => {
                let commands = self.commands.clone();
                tokio::spawn(async move { commands.send(command).await });
            }
            Err(_) => tracing::debug!(status, "a NOTIFY is left out"),
        }
    }

    pub async fn info(&self, content_type: &str, body: &[u8]) -> Result<(), Error> {
        let (content_type, body) = (content_type.to_owned(), body.to_vec());
        ask(&self.commands, |done| Command::Info {
            content_type,
            body,
            done,
        })
        .await
    }
}
