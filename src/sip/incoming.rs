//! An INVITE that came in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Error;
use super::call::{Command, Dialog, DialogEvent, Tags, ask};
use crate::guard::{Seat, State};

/// An INVITE that came in and waits for its answer. Dropped unanswered, it is refused with 500.
pub struct Incoming {
    pub call_id: String,
    /// User part of the From URI: the caller's number, if the trunk shows one.
    pub caller: Option<String>,
    pub caller_name: Option<String>,
    /// User part of the Request-URI: the number called.
    pub callee: String,
    pub source: SocketAddr,
    /// It came by TLS: what stands in it nobody else has read on this hop.
    pub by_tls: bool,
    /// The SDP offer; `None` for a late offer (RFC 3264 §5: we offer in the answer).
    pub offer: Option<Vec<u8>>,
    /// Its address may call; otherwise it is a telephone that is in a call of ours.
    pub from_trunk: bool,
    pub(super) tags: Tags,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) events: mpsc::Receiver<DialogEvent>,
    pub(super) over: CancellationToken,
    pub(super) state: Arc<State>,
    /// To be told when the call has left the line, and kept until everything of it is stored.
    pub seat: Arc<Seat>,
}

impl Incoming {
    /// 180 Ringing.
    pub async fn ring(&self) -> Result<(), Error> {
        self.commands
            .send(Command::Ring)
            .await
            .map_err(|_| Error::Over)
    }

    /// A final refusal.
    pub async fn refuse(self, status: u16, retry_after: Option<Duration>) -> Result<(), Error> {
        ask(&self.commands, |done| Command::Refuse {
            status,
            retry_after,
            done,
        })
        .await
    }

    /// 200 OK with this SDP. [`Error::Over`] where the caller has cancelled.
    pub async fn answer(self, sdp: &str) -> Result<(Dialog, mpsc::Receiver<DialogEvent>), Error> {
        let sdp = sdp.to_owned();
        ask(&self.commands, |done| Command::Answer { sdp, done }).await?;
        let dialog = Dialog {
            call_id: self.call_id,
            tags: self.tags,
            peer: Some(self.source),
            commands: self.commands,
            state: self.state,
        };
        Ok((dialog, self.events))
    }

    /// Cancelled when the caller cancels before the answer, or the call ends.
    pub fn given_up(&self) -> CancellationToken {
        self.over.clone()
    }

    /// Resolves when the caller cancels (CANCEL) before the answer.
    pub async fn cancelled(&self) {
        self.over.cancelled().await;
    }
}
