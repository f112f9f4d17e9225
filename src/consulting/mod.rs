//! A desk's telephone calls us while it has a caller: to ask somebody, as telephones do before an attended transfer
//! (RFC 5589 §7). Its call is no caller's: it is handed to the call in which the desk is.
//!
//! **Invariant:** only from the address at which a telephone was reached for a call of ours, and only while it is in that
//! call; of a telephone one such call at a time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::referral::Replaces;
use crate::sip::{Agent, Beside, Dialog, DialogEvent, Incoming, ReferReply};

/// Which telephones are in which calls. Cheap to clone.
#[derive(Clone)]
pub struct Consulting {
    agent: Agent,
    lines: Arc<Mutex<HashMap<SocketAddr, mpsc::Sender<Incoming>>>>,
}

/// A telephone that may call. Dropped, it may no more.
struct Line {
    peer: SocketAddr,
    /// By which it is known from that of another call at the same address.
    own: mpsc::Sender<Incoming>,
    invites: mpsc::Receiver<Incoming>,
    lines: Arc<Mutex<HashMap<SocketAddr, mpsc::Sender<Incoming>>>>,
    _may_call: Beside,
}

/// What a call hears of the second call of its desk.
#[derive(Default)]
pub struct Ear {
    line: Option<Line>,
    /// Cancelled when the telephone gives up before it was answered.
    given_up: Option<CancellationToken>,
    events: Option<mpsc::Receiver<DialogEvent>>,
}

/// One thing heard.
pub enum Heard {
    /// It calls somebody.
    Dialled(Incoming),
    /// It cancelled that.
    GivenUp,
    Did(DialogEvent),
}

/// How far its second call has come.
#[derive(Default)]
pub enum Second {
    #[default]
    None,
    /// Whom it called is rung.
    Rings(Incoming),
    Talks(Dialog),
}

impl Consulting {
    pub fn new(agent: Agent) -> Consulting {
        Consulting {
            agent,
            lines: Arc::default(),
        }
    }

    /// Hands the INVITE to the call in which its telephone is; gives it back where there is none that takes it.
    pub fn take(&self, invite: Incoming) -> Option<Incoming> {
        let Some(line) = lines(&self.lines).get(&invite.source).cloned() else {
            return Some(invite);
        };
        let sent = line.try_send(invite);
        sent.err().map(|full| full.into_inner())
    }

    /// Whether a dialog of this Call-ID lives here, whoever's it is.
    pub fn knows(&self, call_id: &str) -> bool {
        self.agent.knows(call_id)
    }
}

impl Ear {
    /// From here on the telephone at this address may call beside its caller; `None`: none may.
    pub fn of(&mut self, consulting: &Consulting, peer: Option<SocketAddr>) {
        if self.line.as_ref().map(|line| line.peer) == peer {
            return;
        }
        // The one before is gone before the next one is entered: it may be the same.
        self.line = None;
        self.line = peer.map(|peer| {
            let (sender, invites) = mpsc::channel(1);
            lines(&consulting.lines).insert(peer, sender.clone());
            Line {
                peer,
                own: sender,
                invites,
                lines: Arc::clone(&consulting.lines),
                _may_call: consulting.agent.let_call_beside(peer),
            }
        });
    }

    /// The INVITE that was taken up; until it is answered it may be cancelled.
    pub fn rings(&mut self, invite: &Incoming) {
        self.given_up = Some(invite.given_up());
    }

    /// It was answered, or came to nothing.
    pub fn talks(&mut self, events: Option<mpsc::Receiver<DialogEvent>>) {
        self.given_up = None;
        self.events = events;
    }

    pub async fn next(&mut self) -> Heard {
        const GONE: &str = "the dialog is gone";
        tokio::select! {
            event = told(&mut self.events) => {
                Heard::Did(event.unwrap_or(DialogEvent::Lost { why: GONE }))
            }
            () = cancelled(&self.given_up) => {
                self.given_up = None;
                Heard::GivenUp
            }
            invite = invited(&mut self.line) => Heard::Dialled(invite),
        }
    }
}

impl Second {
    pub fn is_none(&self) -> bool {
        matches!(self, Second::None)
    }

    /// What to say of a REFER that wants to replace this (RFC 3891 §3): nothing where it names it, else status and words.
    pub fn replaced_by(
        &self,
        replaces: &Replaces,
        consulting: &Consulting,
    ) -> Result<(), (u16, &'static str)> {
        match self {
            Second::Talks(dialog) if dialog.is_named_by(replaces) => match replaces.early_only {
                true => Err((486, "that call was answered")),
                false => Ok(()),
            },
            _ if consulting.knows(&replaces.call_id) => Err((403, "that call is not yours")),
            _ => Err((481, "there is no such call")),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut lines = lines(&self.lines);
        let own = lines.get(&self.peer);
        if own.is_some_and(|line| line.same_channel(&self.own)) {
            lines.remove(&self.peer);
        }
    }
}

/// Refuses an INVITE without waiting for it.
pub fn refuse(invite: Incoming, status: u16) {
    tokio::spawn(async move {
        if let Err(error) = invite.refuse(status, None).await {
            tracing::debug!(%error, "a telephone had given up already");
        }
    });
}

/// Refuses what a REFER in the second call asks for: it is the first one that is handed on.
pub fn not_here(reply: ReferReply) {
    reply.refuse(403, "hand on the call of the caller");
}

type Lines = HashMap<SocketAddr, mpsc::Sender<Incoming>>;

fn lines(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    // Each change is one insert or remove.
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn told<T>(receiver: &mut Option<mpsc::Receiver<T>>) -> Option<T> {
    match receiver {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}

async fn invited(line: &mut Option<Line>) -> Incoming {
    if let Some(line) = line
        && let Some(invite) = line.invites.recv().await
    {
        return invite;
    }
    std::future::pending().await
}

async fn cancelled(token: &Option<CancellationToken>) {
    match token {
        Some(token) => token.cancelled().await,
        None => std::future::pending().await,
    }
}
