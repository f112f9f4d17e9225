//! Signalling: the guard before the stack, transports, dialogs, session timers.
//! The only room that names the SIP crates; `rsip` here is `rsipstack::sip`, where the
//! types of the crate `rsip` live on.
//!
//! **Invariant:** no message reaches the stack that the guard has not let through, and
//! an INVITE from an address that is not allowed costs no transaction and no media.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::sync::mpsc;

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    pub transport: Transport,
    pub address: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    Udp,
    Tcp,
}

/// An address or a prefix that may call us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    pub address: IpAddr,
    pub prefix: u8,
}

#[derive(Debug, Clone)]
pub struct Settings {
    pub listen: Vec<Listen>,
    /// INVITEs from elsewhere are refused (403), rate-limited and counted.
    pub trunks: Vec<Network>,
    /// The address that Contact and Via name where `listen` is 0.0.0.0.
    pub public_address: IpAddr,
    /// `Session-Expires` we ask for (RFC 4028); 90 s at least.
    pub session_expires: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "cannot listen on {listen:?}: {source}; is another SIP program running? change [sip] listen"
    )]
    Bind {
        listen: Listen,
        source: std::io::Error,
    },
    #[error("“{0}” is not a SIP address such as sip:8001@192.0.2.7:5060")]
    Uri(String),
    #[error("the SIP stack says: {0}")]
    Stack(String),
    #[error("the dialog is over")]
    Over,
}

/// The SIP user agent. Cheap to clone.
#[derive(Clone)]
pub struct Agent {
    _private: (),
}

impl Agent {
    /// Binds the transports and serves them; calls come by the receiver.
    pub async fn start(_settings: Settings) -> Result<(Agent, mpsc::Receiver<Incoming>), Error> {
        todo!()
    }

    /// The addresses actually bound (port 0 in the settings means any free one).
    pub fn addresses(&self) -> Vec<Listen> {
        todo!()
    }

    /// Sends an INVITE; what becomes of it comes by the receiver.
    pub async fn invite(&self, _invite: Invite) -> Result<Outgoing, Error> {
        todo!()
    }

    /// Refuses new calls with 503 and Retry-After from now on; running ones go on.
    pub fn drain(&self) {
        todo!()
    }

    /// Sends what is due and closes the transports.
    pub async fn stop(&self) {
        todo!()
    }
}

/// An INVITE that came in and waits for its answer. Dropped unanswered, it is refused with 500.
pub struct Incoming {
    pub call_id: String,
    /// User part of the From URI: the caller's number, if the trunk shows one.
    pub caller: Option<String>,
    pub caller_name: Option<String>,
    /// User part of the Request-URI: the number called.
    pub callee: String,
    pub source: SocketAddr,
    /// The SDP offer; `None` for a late offer (RFC 3264 §5: we offer in the answer).
    pub offer: Option<Vec<u8>>,
    _private: (),
}

impl Incoming {
    /// 180 Ringing.
    pub async fn ring(&self) -> Result<(), Error> {
        todo!()
    }

    /// A final refusal.
    pub async fn refuse(self, _status: u16, _retry_after: Option<Duration>) -> Result<(), Error> {
        todo!()
    }

    /// 200 OK with this SDP.
    pub async fn answer(self, _sdp: &str) -> Result<(Dialog, mpsc::Receiver<DialogEvent>), Error> {
        todo!()
    }

    /// Resolves when the caller cancels (CANCEL) before the answer.
    pub async fn cancelled(&self) {
        todo!()
    }
}

/// An INVITE to send.
#[derive(Debug, Clone)]
pub struct Invite {
    /// `sip:8001@192.0.2.7:5060` or `…;transport=tcp`.
    pub target: String,
    /// User part of our From: the caller's number, so that the desk sees who calls.
    pub from_user: String,
    pub from_name: Option<String>,
    pub sdp: String,
    /// Extra headers, such as `X-Gradeline-Call`.
    pub headers: Vec<(String, String)>,
}

/// A call that we make. Dropped before it is answered, it is cancelled.
pub struct Outgoing {
    _private: (),
}

/// What becomes of an INVITE of ours.
pub enum Progress {
    /// 180/183; its SDP where it carries early media.
    Ringing { sdp: Option<Vec<u8>> },
    Answered {
        dialog: Dialog,
        events: mpsc::Receiver<DialogEvent>,
        sdp: Vec<u8>,
    },
    /// A final refusal, or 408 where nothing came.
    Refused { status: u16 },
}

impl Outgoing {
    /// The next progress; `None` after `Answered` or `Refused`.
    pub async fn next(&mut self) -> Option<Progress> {
        todo!()
    }

    /// CANCEL; a 200 that crosses it is acknowledged and ended with BYE.
    pub async fn cancel(self) {
        todo!()
    }
}

/// An established dialog. Dropped, it is ended with BYE.
pub struct Dialog {
    _private: (),
}

/// What the other side does in a dialog.
pub enum DialogEvent {
    /// The ACK to our 200; its SDP where we had made the (late) offer.
    Acknowledged { sdp: Option<Vec<u8>> },
    /// A re-INVITE or UPDATE with a new offer: answer it.
    Offer { sdp: Vec<u8>, reply: OfferReply },
    /// INFO with its body; it was answered 200.
    Info { content_type: String, body: Vec<u8> },
    /// The other side hung up; its Reason header.
    Bye { reason: Option<String> },
    /// No ACK, no session refresh, or the stack gave the dialog up; a BYE was sent where that makes sense.
    Lost { why: &'static str },
}

/// Answers one offer.
pub struct OfferReply {
    _private: (),
}

impl OfferReply {
    pub async fn answer(self, _sdp: &str) -> Result<(), Error> {
        todo!()
    }

    /// 488 or another refusal; what was negotiated before goes on.
    pub async fn refuse(self, _status: u16) -> Result<(), Error> {
        todo!()
    }
}

impl Dialog {
    pub fn call_id(&self) -> &str {
        todo!()
    }

    /// BYE, with a Reason header (RFC 3326) where given.
    pub async fn bye(&self, _reason: Option<&str>) -> Result<(), Error> {
        todo!()
    }

    /// A re-INVITE with our new SDP; the answer.
    pub async fn reinvite(&self, _sdp: &str) -> Result<Vec<u8>, Error> {
        todo!()
    }

    pub async fn info(&self, _content_type: &str, _body: &[u8]) -> Result<(), Error> {
        todo!()
    }
}
