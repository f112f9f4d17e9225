//! Calls to the outside: where an INVITE goes, and what becomes of it until it is answered.
//!
//! **Invariant:** whom we call is decided before and nothing on the wire changes it; what is dropped here is cancelled.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::errands::{Ended, of_status};
use crate::sip::{Agent, Dialog, DialogEvent, Flow, Invite, Outgoing, Progress};

/// The trunk for calls out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// `sip:192.0.2.10:5060`, with `;transport=tcp` or `tls` where it is one.
    pub target: String,
    /// Our number as the called person sees it.
    pub caller_id: String,
    /// How long a telephone rings.
    pub ring: Duration,
}

/// Where an outward INVITE goes now, and as whom.
#[derive(Debug, Clone)]
pub struct WayOut {
    pub target: String,
    pub flow: Option<Flow>,
    pub from_user: String,
}

/// The one place that says so.
pub fn way_out(trunk: &Trunk, dialled: &str) -> WayOut {
    let host = trunk.target.strip_prefix("sip:").unwrap_or(&trunk.target);
    WayOut {
        target: format!("sip:{dialled}@{host}"),
        flow: None,
        from_user: trunk.caller_id.clone(),
    }
}

/// A call that rings outside.
pub struct Dialling {
    outgoing: Outgoing,
    until: Instant,
    rang: bool,
}

/// What becomes of it.
pub enum Step {
    /// It rings; with the sound that is heard meanwhile, where the network sends some (RFC 3960).
    Rings { early: Option<Vec<u8>> },
    Answered {
        dialog: Dialog,
        events: mpsc::Receiver<DialogEvent>,
        sdp: Vec<u8>,
    },
    Not {
        ended: Ended,
        /// The final response, where there was one.
        status: Option<u16>,
    },
}

impl Dialling {
    /// Sends the INVITE with our offer; what cannot be sent is the network's failure.
    pub async fn begin(
        agent: &Agent,
        trunk: &Trunk,
        dialled: &str,
        sdp: &str,
        call: &str,
    ) -> Result<Dialling, Ended> {
        let way = way_out(trunk, dialled);
        let invite = Invite {
            target: way.target,
            flow: way.flow,
            from_user: way.from_user,
            from_name: None,
            sdp: sdp.to_owned(),
            headers: Vec::new(),
        };
        let outgoing = agent.invite(invite).await.map_err(|error| {
            tracing::warn!(call, %error, "the trunk for calls out cannot be reached");
            Ended::Network
        })?;
        Ok(Dialling {
            outgoing,
            until: Instant::now() + trunk.ring,
            rang: false,
        })
    }

    /// The next step; after `Answered` and `Not` there is none. Whoever rings too long is cancelled by dropping this.
    pub async fn next(&mut self) -> Step {
        let not = |ended, status| Step::Not { ended, status };
        match tokio::time::timeout_at(self.until, self.outgoing.next()).await {
            Ok(Some(Progress::Ringing { sdp })) => {
                self.rang = true;
                Step::Rings { early: sdp }
            }
            Ok(Some(Progress::Answered {
                dialog,
                events,
                sdp,
            })) => Step::Answered {
                dialog,
                events,
                sdp,
            },
            Ok(Some(Progress::Refused { status })) => {
                not(of_status(status, self.rang), Some(status))
            }
            Ok(None) => not(Ended::Network, None),
            Err(_) if self.rang => not(Ended::NoAnswer, None),
            Err(_) => not(Ended::Network, None),
        }
    }
}
