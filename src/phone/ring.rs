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

/// What became of ringing one desk.
pub(super) enum Rung {
    Answered(Box<Answered>),
    /// It did not answer: busy, silent, or out of reach.
    Not(Unavailable),
    /// We stopped ringing it.
    Stopped,
}

/// Whom to ring, and as whom.
pub(super) struct Ring {
    pub address: String,
    pub caller: Option<String>,
    pub call: String,
}

/// Rings one desk until it answers or refuses, or `stop` is cancelled: then CANCEL is sent.
pub(super) async fn ring(agent: Agent, media: Media, ring: Ring, stop: CancellationToken) -> Rung {
    let attempt = attempt(&agent, &media, &ring);
    tokio::pin!(attempt);
    tokio::select! {
        biased;
        outcome = &mut attempt => match outcome {
            Ok(answered) => Rung::Answered(Box::new(answered)),
            Err(why) => Rung::Not(why),
        },
        // Dropping the attempt drops its `Outgoing`, which sends CANCEL.
        () = stop.cancelled() => Rung::Stopped,
    }
}

async fn attempt(agent: &Agent, media: &Media, ring: &Ring) -> Result<Answered, Unavailable> {
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
            Progress::Ringing { .. } => {}
            Progress::Answered {
                dialog,
                events,
                sdp,
            } => {
                return match leg.accept_answer(&sdp) {
                    Ok(()) => Ok(Answered {
                        dialog,
                        events,
                        leg,
                    }),
                    Err(error) => {
                        tracing::warn!(call = ring.call, %error, "a desk's answer cannot be used");
                        Err(Unavailable::Failed)
                    }
                };
            }
            Progress::Refused {
                status: 486 | 600 | 603,
            } => return Err(Unavailable::Busy),
            Progress::Refused { status } => {
                tracing::warn!(call = ring.call, status, "a desk did not take the call");
                return Err(Unavailable::Failed);
            }
        }
    }
    Err(Unavailable::Failed)
}
