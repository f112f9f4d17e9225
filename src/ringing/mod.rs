//! A desk is rung, by its telephones or by its page; who answers is handed on with what holds him on the line.
//!
//! **Invariant:** of several telephones of a desk one has the call, and the others are cancelled; what is dropped hangs up.

use std::net::IpAddr;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::console::{self, Bell, Consoles};
use crate::ivr::Unavailable;
use crate::location::{Carrier, Location, Way};
use crate::media::{Leg, Media, Whose};
use crate::sip::{
    Agent, Dialog, DialogEvent, Flow, Invite, Progress, Transport, names_tls, refuses_media,
};

/// A desk that answered, and the leg that its answer completed.
pub struct Answered {
    pub line: DeskLine,
    pub events: DeskEars,
    pub leg: Leg,
}

/// What holds a desk on the line: a telephone's dialog or a page's talk. Dropped, it hangs up.
pub enum DeskLine {
    Telephone(Dialog),
    Page(console::Line),
}

impl DeskLine {
    /// A telephone's.
    pub fn dialog(&self) -> Option<&Dialog> {
        match self {
            DeskLine::Telephone(dialog) => Some(dialog),
            DeskLine::Page(_) => None,
        }
    }
}

/// Where a desk is heard.
pub enum DeskEars {
    Telephone(mpsc::Receiver<DialogEvent>),
    Page(mpsc::Receiver<console::Event>),
}

/// What a desk does.
pub enum DeskEvent {
    Telephone(DialogEvent),
    Page(console::Event),
}

impl DeskEars {
    /// Who says nothing any more is lost.
    pub async fn next(&mut self) -> DeskEvent {
        const GONE: &str = "the dialog is gone";
        match self {
            DeskEars::Telephone(events) => {
                let event = events.recv().await;
                DeskEvent::Telephone(event.unwrap_or(DialogEvent::Lost { why: GONE }))
            }
            DeskEars::Page(events) => {
                DeskEvent::Page(events.recv().await.unwrap_or(console::Event::Lost))
            }
        }
    }
}

/// What became of ringing one desk.
pub enum Rung {
    Answered(Box<Answered>),
    /// It did not answer: busy, silent, or out of reach.
    Not(Unavailable),
    /// We stopped ringing it.
    Stopped,
}

/// How a desk is written whose telephone registers.
const ACCOUNT: &str = "account:";

/// The account by which a desk's telephone registers; `None` for one with an address of its own.
pub fn account_of(address: &str) -> Option<&str> {
    address.strip_prefix(ACCOUNT)
}

/// The account of a desk, or the user part of its address.
pub fn user_of(address: &str) -> &str {
    account_of(address).unwrap_or_else(|| {
        let (_, rest) = address.split_once(':').unwrap_or_default();
        rest.split_once('@').map_or("", |(user, _)| user)
    })
}

/// Where one telephone of a desk is.
pub struct Phone {
    uri: String,
    flow: Option<Flow>,
    /// Where its media may come from, whatever it says (NAT).
    media_from: Option<IpAddr>,
}

/// The telephones of a desk: that of its address, or all that registered by its account.
pub fn phones_of(address: &str, location: Option<&Location>) -> Vec<Phone> {
    let phone = |way: Way| Phone {
        uri: way.uri,
        media_from: way.learns_media.then(|| way.peer.ip()),
        flow: Some(Flow {
            peer: way.peer,
            transport: match way.carrier {
                Carrier::Udp => Transport::Udp,
                Carrier::Tcp => Transport::Tcp,
                Carrier::Tls => Transport::Tls,
                Carrier::Ws => Transport::Ws,
                Carrier::Wss => Transport::Wss,
            },
            route: way.route,
        }),
    };
    match account_of(address) {
        Some(account) => {
            let ways = location.map(|location| location.ways_to(account));
            ways.into_iter().flatten().map(phone).collect()
        }
        None => vec![Phone {
            uri: address.to_owned(),
            flow: None,
            media_from: None,
        }],
    }
}

impl Phone {
    /// Whether what it is sent is read by nobody else on the way.
    fn by_tls(&self) -> bool {
        match &self.flow {
            Some(flow) => flow.transport.is_private(),
            None => names_tls(&self.uri),
        }
    }
}

/// Whom to ring, and as whom.
pub struct Ring {
    pub phones: Vec<Phone>,
    pub caller: Option<String>,
    pub call: String,
}

/// Rings one desk until it answers or refuses, or `stop` is cancelled: then CANCEL is sent.
pub async fn ring(agent: Agent, media: Media, ring: Ring, stop: CancellationToken) -> Rung {
    let attempt = fork(&agent, &media, &ring);
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

/// Rings a desk's page in the same way.
pub async fn ring_page(
    consoles: Consoles,
    media: Media,
    login: String,
    bell: Bell,
    stop: CancellationToken,
) -> Rung {
    tokio::select! {
        biased;
        taken = consoles.call(&media, &login, bell) => match taken {
            Ok(taken) => Rung::Answered(Box::new(Answered {
                line: DeskLine::Page(taken.line),
                events: DeskEars::Page(taken.events),
                leg: taken.leg,
            })),
            Err(console::No::Busy) => Rung::Not(Unavailable::Busy),
            Err(console::No::Failed) => Rung::Not(Unavailable::Failed),
            // The floor hears of it by what happened at the page, and takes the desk out of the ring.
            Err(console::No::Went) => Rung::Stopped,
        },
        () = stop.cancelled() => Rung::Stopped,
    }
}

/// Why a telephone did not take the call.
enum No {
    Here(Unavailable),
    /// Its person wants it nowhere (RFC 3261 §21.6).
    Everywhere,
}

/// Rings all telephones of a desk at once; who answers first has the call. The others are cancelled, and one that had
/// answered in the same moment is hung up, for what is dropped here ends.
async fn fork(agent: &Agent, media: &Media, ring: &Ring) -> Result<Answered, Unavailable> {
    let phones = ring.phones.iter();
    let mut attempts: FuturesUnordered<_> = phones
        .map(|phone| attempt(agent, media, ring, phone))
        .collect();
    let mut why = Unavailable::Failed;
    while let Some(ended) = attempts.next().await {
        match ended {
            Ok(answered) => return Ok(answered),
            Err(No::Everywhere) => return Err(Unavailable::Busy),
            Err(No::Here(Unavailable::Busy)) => why = Unavailable::Busy,
            Err(No::Here(_)) => {}
        }
    }
    Err(why)
}

/// Rings one telephone. By TLS it is offered protected media; one that refuses that is asked again in the clear, where
/// the operator allows it: the line between us is read by nobody else, so nobody else can have made it refuse.
async fn attempt(agent: &Agent, media: &Media, ring: &Ring, phone: &Phone) -> Result<Answered, No> {
    let failed = || No::Here(Unavailable::Failed);
    let media = media.toward(Whose::Desk, phone.by_tls());
    let mut leg = media.offer_to_desk().map_err(|error| {
        tracing::error!(call = ring.call, %error, "no media for a desk");
        failed()
    })?;
    if let Some(host) = phone.media_from {
        leg.learn_from(host);
    }
    let (mut offer, mut is_protected) = (leg.description().to_owned(), true);
    loop {
        match offered(agent, ring, phone, offer).await? {
            Said::Answered(dialog, events, sdp) => {
                return match leg.accept_answer(&sdp) {
                    Ok(()) => Ok(Answered {
                        line: DeskLine::Telephone(dialog),
                        events: DeskEars::Telephone(events),
                        leg,
                    }),
                    Err(error) => {
                        tracing::warn!(call = ring.call, %error, "a desk's answer cannot be used");
                        Err(failed())
                    }
                };
            }
            Said::NoSuchMedia(status) => match leg.plain_offer().filter(|_| is_protected) {
                Some(plain) => (offer, is_protected) = (plain, false),
                None => {
                    tracing::warn!(
                        call = ring.call,
                        status,
                        "a desk refuses the media that it is offered"
                    );
                    return Err(failed());
                }
            },
        }
    }
}

/// What a telephone says to an offer, beside that it cannot.
enum Said {
    Answered(Dialog, mpsc::Receiver<DialogEvent>, Vec<u8>),
    /// With this status.
    NoSuchMedia(u16),
}

async fn offered(agent: &Agent, ring: &Ring, phone: &Phone, sdp: String) -> Result<Said, No> {
    let failed = || No::Here(Unavailable::Failed);
    let invite = Invite {
        target: phone.uri.clone(),
        flow: phone.flow.clone(),
        through: None,
        from_user: ring.caller.clone().unwrap_or_else(|| "anonymous".into()),
        from_name: None,
        sdp,
        headers: vec![("X-Gradeline-Call".into(), ring.call.clone())],
    };
    let mut outgoing = agent.invite(invite).await.map_err(|error| {
        tracing::warn!(call = ring.call, %error, "a desk cannot be rung");
        failed()
    })?;
    while let Some(progress) = outgoing.next().await {
        match progress {
            Progress::Ringing { .. } => {}
            Progress::Answered {
                dialog,
                events,
                sdp,
            } => return Ok(Said::Answered(dialog, events, sdp)),
            Progress::Refused { status: 486 } => return Err(No::Here(Unavailable::Busy)),
            Progress::Refused { status: 600 | 603 } => return Err(No::Everywhere),
            Progress::Refused { status } if refuses_media(status) => {
                return Ok(Said::NoSuchMedia(status));
            }
            Progress::Refused { status } => {
                tracing::warn!(call = ring.call, status, "a desk did not take the call");
                return Err(failed());
            }
        }
    }
    Err(failed())
}
