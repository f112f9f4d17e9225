use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::ivr::Unavailable;
use crate::media::{Leg, Media};
use crate::sip::{Agent, Dialog, DialogEvent, Invite, Progress};

/// A desk that answered: its dialog and the leg that its answer completed.
pub(super) struct Answered {
    pub dialog: Dialog,
    pub events: mpsc::Receiver<DialogEvent>,
    pub leg: Leg,
}

/// What becomes of ringing one desk.
pub(super) enum Rung {
    Ringing,
    Answered(Box<Answered>),
    /// It did not answer: busy, silent, or out of reach.
    Not(Unavailable),
}

/// Whom to ring, and as whom.
pub(super) struct Ring {
    pub address: String,
    pub caller: Option<String>,
    pub call: String,
    pub timeout: Duration,
}

/// Rings one desk until it answers, refuses, or its time is over. Cancelled by the token, it sends
/// CANCEL and says nothing more.
pub(super) async fn ring(
    agent: Agent,
    media: Media,
    ring: Ring,
    stop: CancellationToken,
    told: mpsc::Sender<Rung>,
) {
    let outcome = tokio::select! {
        biased;
        () = stop.cancelled() => return,
        outcome = tokio::time::timeout(ring.timeout, attempt(&agent, &media, &ring, &told)) => outcome,
    };
    // Dropping the attempt drops its `Outgoing`, which sends CANCEL.
    let rung = match outcome {
        Ok(Ok(answered)) => Rung::Answered(Box::new(answered)),
        Ok(Err(why)) => Rung::Not(why),
        Err(_elapsed) => Rung::Not(Unavailable::NoAnswer),
    };
    if told.send(rung).await.is_err() {
        tracing::debug!(call = ring.call, "the caller left before the desk was told of");
    }
}

async fn attempt(
    agent: &Agent,
    media: &Media,
    ring: &Ring,
    told: &mpsc::Sender<Rung>,
) -> Result<Answered, Unavailable> {
    let mut leg = media.offer().map_err(|error| {
        tracing::error!(call = ring.call, %error, "no media for a desk");
        Unavailable::Failed
    })?;
    let invite = Invite {
        target: ring.address.clone(),
        from_user: ring.caller.clone().unwrap_or_else(|| "anonymous".into()),
        from_name: None,
        sdp: leg.description().to_owned(),
        headers: vec![("X-Gradeline-Call".into(), ring.call.clone())],
    };
    let mut outgoing = agent.invite(invite).await.map_err(|error| {
        tracing::warn!(call = ring.call, %error, "a desk cannot be rung");
        Unavailable::Failed
    })?;
    while let Some(progress) = outgoing.next().await {
        match progress {
            Progress::Ringing { .. } => {
                // A full queue means that the call is ending; the answer will find that out.
                let _ = told.try_send(Rung::Ringing);
            }
            Progress::Answered { dialog, events, sdp } => {
                return match leg.accept_answer(&sdp) {
                    Ok(()) => Ok(Answered { dialog, events, leg }),
                    Err(error) => {
                        tracing::warn!(call = ring.call, %error, "a desk's answer cannot be used");
                        Err(Unavailable::Failed)
                    }
                };
            }
            Progress::Refused { status: 486 | 600 | 603 } => return Err(Unavailable::Busy),
            Progress::Refused { status: 408 | 480 | 487 } => return Err(Unavailable::NoAnswer),
            Progress::Refused { status } => {
                tracing::warn!(call = ring.call, status, "a desk refused the call");
                return Err(Unavailable::Failed);
            }
        }
    }
    Err(Unavailable::Failed)
}
