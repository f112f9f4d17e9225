//! Calls to the outside: where an INVITE goes, and what becomes of it until it is answered.
//!
//! **Invariant:** whom we call is decided before and nothing on the wire changes it; what is dropped here is cancelled.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::errands::{Ended, of_status};
use crate::media::{self, Leg, Media, Whose};
use crate::sip::{
    Agent, Dialog, DialogEvent, Invite, Outgoing, Progress, Through, names_tls, refuses_media,
};
use crate::trunkline::{self, Further, Trunklines};

/// The trunk for calls out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// `sip:192.0.2.10:5060`, with `;transport=tcp` or `tls` where it is one; `None`: the ways of the trunks that are kept.
    pub target: Option<String>,
    /// Our number as who is called by that target sees it; each trunk has its own.
    pub caller_id: String,
    /// How long a telephone rings.
    pub ring: Duration,
}

/// Where an outward INVITE goes now, and as whom.
#[derive(Debug, Clone)]
pub struct WayOut {
    pub target: String,
    pub through: Option<Through>,
    pub from_user: String,
    /// The name of the trunk; none where a target is written.
    pub trunk: Option<String>,
}

/// What whoever is called is offered.
#[derive(Debug, Clone)]
pub struct Offers {
    pub first: String,
    /// Keys stand in the first, and may travel by TLS alone.
    pub needs_tls: bool,
    /// The same in the clear, for whom refuses the first or must not have it; `None` where that may not be.
    pub plain: Option<String>,
}

impl Offers {
    /// With the leg that they are of: keys only where a way is TLS, or they may travel otherwise.
    ///
    /// # Errors
    /// Where there is no media, or none that may be offered by these ways.
    pub fn made(media: &Media, ways: &[WayOut]) -> Result<(Leg, Offers), media::Error> {
        let media = media.toward(Whose::Trunk, ways.iter().any(WayOut::by_tls));
        let mut leg = media.offer()?;
        let offers = Offers {
            first: leg.description().to_owned(),
            needs_tls: media.keys_need_tls(),
            plain: leg.plain_offer(),
        };
        Ok((leg, offers))
    }

    /// What goes by this way, if anything may.
    fn by(&self, way: &WayOut) -> Option<&str> {
        match self.needs_tls && !way.by_tls() {
            true => self.plain.as_deref(),
            false => Some(&self.first),
        }
    }
}

impl WayOut {
    /// Whether what is sent this way is read by nobody else on this hop.
    pub fn by_tls(&self) -> bool {
        match &self.through {
            Some(through) => through.transport.is_private(),
            None => names_tls(&self.target),
        }
    }

    /// Where it goes to, as a call's row names it: the trunk's address, or the target without whom we call.
    pub fn peer(&self) -> String {
        match &self.through {
            Some(through) => through.peer.to_string(),
            None => {
                let (_, host) = self.target.split_once('@').unwrap_or_default();
                format!("sip:{host}")
            }
        }
    }
}

/// The one place that says so: the ways, to be tried in this order. None: no call can go out now.
pub fn ways_out(trunk: &Trunk, kept: Option<&Trunklines>, dialled: &str) -> Vec<WayOut> {
    if let Some(target) = &trunk.target {
        let host = target.strip_prefix("sip:").unwrap_or(target);
        return vec![WayOut {
            target: format!("sip:{dialled}@{host}"),
            through: None,
            from_user: trunk.caller_id.clone(),
            trunk: None,
        }];
    }
    let Some(kept) = kept else { return Vec::new() };
    match kept.outward(dialled) {
        Ok(ways) => {
            let way = |out: trunkline::Outward| WayOut {
                target: out.target(dialled),
                through: Some(out.through),
                from_user: out.caller_id,
                trunk: Some(out.trunk),
            };
            ways.into_iter().map(way).collect()
        }
        Err(why) => {
            tracing::warn!(%why, "no call can go out");
            Vec::new()
        }
    }
}

/// A call that rings outside.
pub struct Dialling {
    agent: Agent,
    call: String,
    offers: Offers,
    /// The ways that are left.
    ways: std::vec::IntoIter<WayOut>,
    outgoing: Outgoing,
    /// By which way that went.
    way: WayOut,
    /// Whom that is sent to.
    peer: String,
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
    /// Sends the INVITE with our offer by the first way that can be gone; what cannot be sent at all is the network's
    /// failure.
    pub async fn begin(
        agent: &Agent,
        ways: Vec<WayOut>,
        ring: Duration,
        offers: Offers,
        call: &str,
    ) -> Result<Dialling, Ended> {
        let mut ways = ways.into_iter();
        let invited = invited(agent, &mut ways, &offers, call).await;
        let (outgoing, way) = invited.ok_or(Ended::Network)?;
        Ok(Dialling {
            agent: agent.clone(),
            call: call.to_owned(),
            offers,
            ways,
            outgoing,
            peer: way.peer(),
            way,
            until: Instant::now() + ring,
            rang: false,
        })
    }

    /// The offer in the clear, where this status refuses a protected one.
    fn plain_for(&mut self, status: u16) -> Option<String> {
        let had_plain = self.offers.needs_tls && !self.way.by_tls();
        let asks_plain = refuses_media(status) && !had_plain;
        asks_plain.then(|| self.offers.plain.take()).flatten()
    }

    async fn further(&mut self, status: u16) -> Option<(Outgoing, WayOut)> {
        let further = trunkline::further(status);
        if self.rang || further == Further::Nowhere {
            return None;
        }
        if further == Further::Trunk {
            let left = std::mem::take(&mut self.ways);
            let others = left.filter(|way| way.trunk != self.way.trunk);
            self.ways = others.collect::<Vec<_>>().into_iter();
        }
        invited(&self.agent, &mut self.ways, &self.offers, &self.call).await
    }

    /// Who answers that he cannot, or nothing, and has not rung, leaves it to the next address (RFC 3263 §4.3), or to the next
    /// trunk; who wants no protected media is asked again without.
    async fn goes_on(&mut self, status: u16) -> bool {
        let next = match self.plain_for(status) {
            Some(plain) => {
                (self.offers.first, self.offers.needs_tls) = (plain, false);
                let mut again = vec![self.way.clone()].into_iter();
                invited(&self.agent, &mut again, &self.offers, &self.call).await
            }
            None => self.further(status).await,
        };
        match next {
            Some((outgoing, way)) => {
                if way.trunk != self.way.trunk {
                    tracing::warn!(
                        call = self.call,
                        status,
                        trunk = way.trunk,
                        "a call out goes on by another trunk"
                    );
                }
                (self.outgoing, self.peer, self.way) = (outgoing, way.peer(), way);
                true
            }
            None => false,
        }
    }

    /// Whom the INVITE was sent to that is under way, or was answered.
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// The next step; after `Answered` and `Not` there is none. Whoever rings too long is cancelled by dropping this.
    pub async fn next(&mut self) -> Step {
        let not = |ended, status| Step::Not { ended, status };
        let progress = loop {
            let progress = tokio::time::timeout_at(self.until, self.outgoing.next()).await;
            match progress {
                Ok(Some(Progress::Refused { status })) if self.goes_on(status).await => {}
                progress => break progress,
            }
        };
        match progress {
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

/// An INVITE by the first way of these that can be gone, and which that was.
async fn invited(
    agent: &Agent,
    ways: &mut std::vec::IntoIter<WayOut>,
    offers: &Offers,
    call: &str,
) -> Option<(Outgoing, WayOut)> {
    for way in ways.by_ref() {
        let Some(offer) = offers.by(&way) else {
            tracing::warn!(
                call,
                peer = way.peer(),
                "no TLS: no call goes there whose media must be protected"
            );
            continue;
        };
        let gone = way.clone();
        let invite = Invite {
            target: way.target,
            flow: None,
            through: way.through,
            from_user: way.from_user,
            from_name: None,
            sdp: offer.to_owned(),
            headers: Vec::new(),
        };
        match agent.invite(invite).await {
            Ok(outgoing) => return Some((outgoing, gone)),
            Err(error) => {
                tracing::warn!(call, %error, "an address of the trunk for calls out cannot be reached");
            }
        }
    }
    None
}

#[cfg(test)]
mod tests;
