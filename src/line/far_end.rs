//! The other end of a leg: its datagrams, and what they must be to count.

use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Instant;

use super::arrival::{self, Clocks};
use super::ports::Sockets;
use crate::peer::{News, Peer};
use crate::rtp::learning::{Learner, Verdict};
use crate::rtp::packet::Packet;
use crate::rtp::sdp::Negotiated;
use crate::srtp::{Contexts, OVERHEAD, Refused};

/// Longest packet that is read: 40 ms of G.711 and headers are 340 octets.
pub const PACKET_LEN: usize = 1500;
/// Longest that is sent.
const SENT_LEN: usize = 600;

/// A leg's pair of sockets and the address and keys that what comes in must have.
pub struct FarEnd {
    sockets: Sockets,
    rtp: Option<SocketAddr>,
    rtcp: Option<SocketAddr>,
    /// Whether the operator allows that a leg's address is learnt.
    learning: Learning,
    /// Until the leg is settled.
    learner: Option<Learner>,
    contexts: Option<Box<Contexts>>,
    /// A browser finds its own way here and makes its own keys.
    browser: Option<Box<Browser>>,
}

struct Browser {
    peer: Peer,
    /// Why it is there no more.
    gone: Option<String>,
}

/// Whether a leg's address may be learnt from its first packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learning {
    Never,
    /// From this host alone: a telephone behind NAT, whose signalling comes from there.
    From(IpAddr),
    /// From anybody: a broken trunk.
    FromAnybody,
}

impl Learning {
    fn allows(self, from: SocketAddr) -> bool {
        match self {
            Learning::Never => false,
            Learning::From(host) => from.ip().to_canonical() == host.to_canonical(),
            Learning::FromAnybody => true,
        }
    }
}

/// One datagram.
pub enum Received<'a> {
    /// From whom it should be, in the clear.
    Packet {
        packet: Packet<'a>,
        at: Instant,
        /// Its place was learnt by it.
        learnt: Option<SocketAddr>,
    },
    /// From anybody else.
    Foreign,
    /// From the right address without the right keys.
    Unauthentic,
    /// With the right keys, and it came before.
    Repeat,
    /// With the right keys, and no sound: a report that shares the port (RFC 5761).
    Report,
    /// No RTP, such as the STUN by which telephones open a NAT: with SRTP it is in the clear all the same.
    Nothing,
}

impl FarEnd {
    pub fn new(sockets: Sockets, learning: Learning) -> Self {
        FarEnd {
            sockets,
            rtp: None,
            rtcp: None,
            learning,
            learner: None,
            contexts: None,
            browser: None,
        }
    }

    /// Packets from this host tell where it is, unless anybody's do.
    pub fn learn_from(&mut self, host: IpAddr) {
        if self.learning == Learning::Never {
            self.learning = Learning::From(host);
        }
    }

    /// A browser's; nobody is heard before it has come.
    pub fn of_browser(sockets: Sockets, peer: Peer) -> Self {
        let browser = Box::new(Browser { peer, gone: None });
        FarEnd {
            browser: Some(browser),
            ..FarEnd::new(sockets, Learning::Never)
        }
    }

    /// Hears and addresses what was now negotiated, and nothing else. The kernel refuses everybody else from here
    /// on; what it had queued before is told by its source.
    pub fn negotiated(&mut self, negotiated: &Negotiated) {
        if self.browser.is_some() {
            return;
        }
        (self.rtp, self.rtcp) = (negotiated.rtp, negotiated.rtcp);
        let before = self.contexts.take();
        self.contexts = negotiated
            .srtp
            .as_ref()
            .map(|srtp| Box::new(Contexts::renewed(before.map(|before| *before), srtp)));
        let may = self.learning != Learning::Never;
        let learns = may && negotiated.they_send && negotiated.rtp.is_some();
        self.learner = learns.then(Learner::default);
        if learns {
            open(&self.sockets.rtp);
        } else {
            self.connect();
        }
    }

    fn connect(&self) {
        for (socket, address, what) in [
            (&self.sockets.rtp, self.rtp, "RTP"),
            (&self.sockets.rtcp, self.rtcp, "RTCP"),
        ] {
            if let Some(address) = address
                && let Err(fault) = socket.connect(address)
            {
                tracing::warn!(%fault, "{what} address cannot be reached");
            }
        }
    }

    /// The next datagram that waits.
    pub fn receive<'a>(
        &mut self,
        octets: &'a mut [MaybeUninit<u8>],
        clocks: Clocks,
        negotiated: &Negotiated,
    ) -> io::Result<Received<'a>> {
        let (octets, from, at) = arrival::receive(&self.sockets.rtp, octets, clocks)?;
        let from = from.map(place);
        if self.browser.is_some() {
            return Ok(self.of_browsers(octets, from, at));
        }
        if self.learner.is_none() && !(self.rtp.is_some() && from == self.rtp.map(place)) {
            return Ok(Received::Foreign);
        }
        if !is_rtp(octets) {
            return Ok(Received::Nothing);
        }
        let octets = match &mut self.contexts {
            None => &*octets,
            Some(contexts) => match contexts.incoming.open(octets) {
                Ok(length) => &octets[..length],
                Err(Refused::Forged) => return Ok(Received::Unauthentic),
                Err(Refused::Repeat) => return Ok(Received::Repeat),
            },
        };
        let Some(packet) = Packet::parse(octets) else {
            return Ok(Received::Nothing);
        };
        let verdict = match (&mut self.learner, from) {
            (None, _) => Verdict::AsNegotiated,
            // What was negotiated may always speak.
            (Some(_), Some(from))
                if !self.learning.allows(from) && Some(from) != negotiated.rtp.map(place) =>
            {
                Verdict::Open
            }
            (Some(learner), Some(from)) => learner.look(from, &packet, negotiated),
            (Some(_), None) => Verdict::Open,
        };
        let learnt = match verdict {
            Verdict::Open => return Ok(Received::Foreign),
            Verdict::GivenUp => {
                self.settle();
                return Ok(Received::Foreign);
            }
            Verdict::AsNegotiated => None,
            Verdict::Learnt(from) => {
                self.rtp = Some(from);
                let port = from.port().checked_add(1);
                self.rtcp = port.map(|port| SocketAddr::new(from.ip(), port));
                Some(from)
            }
        };
        self.settle();
        Ok(Received::Packet { packet, at, learnt })
    }

    fn of_browsers<'a>(
        &mut self,
        octets: &'a mut [u8],
        from: Option<SocketAddr>,
        at: Instant,
    ) -> Received<'a> {
        let (Some(browser), Some(from)) = (&mut self.browser, from) else {
            return Received::Nothing;
        };
        if !is_rtp(octets) {
            let socket = &self.sockets.rtp;
            let news = browser.peer.take(octets, from, at, &mut |out, to| {
                let _ = socket.send_to(out, to);
            });
            self.told(news);
            return Received::Nothing;
        }
        if !browser.peer.knows(from) {
            return Received::Foreign;
        }
        let Some(contexts) = &mut self.contexts else {
            return Received::Nothing;
        };
        if octets.get(1).is_some_and(|kind| REPORTS.contains(kind)) {
            return match contexts.incoming.open_report(octets) {
                Some(_) => Received::Report,
                None => Received::Unauthentic,
            };
        }
        let length = match contexts.incoming.open(octets) {
            Ok(length) => length,
            Err(Refused::Forged) => return Received::Unauthentic,
            Err(Refused::Repeat) => return Received::Repeat,
        };
        match Packet::parse(&octets[..length]) {
            Some(packet) => Received::Packet {
                packet,
                at,
                learnt: None,
            },
            None => Received::Nothing,
        }
    }

    fn told(&mut self, news: News) {
        match (news, &mut self.browser) {
            (News::Keys(keys), _) => self.contexts = Some(Box::new(Contexts::renewed(None, &keys))),
            (News::Gone(why), Some(browser)) => browser.gone = Some(why),
            _ => {}
        }
    }

    /// What the time brings for a browser: what may have been lost is said again.
    pub fn beat(&mut self, now: Instant) {
        let Some(browser) = &mut self.browser else {
            return;
        };
        let socket = &self.sockets.rtp;
        let news = browser.peer.beat(now, &mut |out, to| {
            let _ = socket.send_to(out, to);
        });
        self.told(news);
    }

    /// Whether a browser has come: both sides have their keys, or it will not come; `None` while it may.
    pub fn has_come(&self) -> Option<Result<(), &str>> {
        let browser = self.browser.as_ref()?;
        match (&browser.gone, &self.contexts) {
            (Some(why), _) => Some(Err(why)),
            (None, Some(_)) => Some(Ok(())),
            (None, None) => None,
        }
    }

    /// A browser was there and has said good-bye, or asks no more.
    pub fn is_gone(&self) -> bool {
        self.browser
            .as_ref()
            .is_some_and(|browser| browser.gone.is_some())
    }

    pub fn is_browser(&self) -> bool {
        self.browser.is_some()
    }

    /// From here on the kernel refuses everybody else, as without learning.
    fn settle(&mut self) {
        if self.learner.take().is_some() {
            self.connect();
        }
    }

    /// Where RTP comes from and RTCP goes to.
    pub fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        if let Some(browser) = &self.browser {
            // Both share a port (RFC 5761).
            return (browser.peer.place(), browser.peer.place());
        }
        (self.rtp, self.rtcp)
    }

    /// Says whether the packet left.
    pub fn send(&mut self, packet: &[u8]) -> bool {
        let mut sealed = [0; SENT_LEN];
        let packet = match &mut self.contexts {
            None => packet,
            Some(contexts) => {
                let Some(front) = sealed.get_mut(..packet.len()) else {
                    return false;
                };
                front.copy_from_slice(packet);
                match contexts.outgoing.seal(&mut sealed, packet.len()) {
                    Some(length) => &sealed[..length],
                    None => return false,
                }
            }
        };
        if let Some(browser) = &self.browser {
            let to = browser.peer.place().filter(|_| self.contexts.is_some());
            return to.is_some_and(|to| self.sockets.rtp.send_to(packet, to).is_ok());
        }
        // A full kernel buffer or an ICMP error costs this packet and nothing else.
        match (self.rtp, &self.learner) {
            (Some(rtp), Some(_)) => self.sockets.rtp.send_to(packet, rtp).is_ok(),
            _ => self.sockets.rtp.send(packet).is_ok(),
        }
    }

    /// The length of an RTCP packet from whom it should be, in the clear; 0 for any other.
    pub fn receive_report(&mut self, octets: &mut [u8; PACKET_LEN]) -> io::Result<usize> {
        if self.browser.is_some() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let (length, from) = self.sockets.rtcp.recv_from(octets)?;
        if self.rtcp.is_none() || self.rtcp.map(place) != Some(place(from)) {
            return Ok(0);
        }
        Ok(match &mut self.contexts {
            None => length,
            Some(contexts) => contexts
                .incoming
                .open_report(&mut octets[..length])
                .unwrap_or(0),
        })
    }

    /// Sends an RTCP packet of `length` octets; `octets` has room for its protection.
    pub fn send_report(&mut self, octets: &mut [u8], length: usize) {
        let length = match &mut self.contexts {
            None => Some(length),
            Some(contexts) => contexts.outgoing.seal_report(octets, length),
        };
        if let Some(packet) = length.and_then(|length| octets.get(..length))
            && self.learner.is_none()
        {
            if let Some(browser) = &self.browser {
                let to = browser.peer.place().filter(|_| self.contexts.is_some());
                let _ = to.map(|to| self.sockets.rtp.send_to(packet, to));
                return;
            }
            // Nobody listening there is common and costs nothing.
            let _ = self.sockets.rtcp.send(packet);
        }
    }
}

/// Room that [`FarEnd::send_report`] needs behind a report.
pub const REPORT_ROOM: usize = OVERHEAD;

/// Packet types of RTCP where it shares the port of RTP (RFC 5761 §4).
const REPORTS: std::ops::RangeInclusive<u8> = 192..=223;

/// Whether a datagram says that it is RTP: what else shares the port begins otherwise (RFC 7983).
fn is_rtp(octets: &[u8]) -> bool {
    octets.first().is_some_and(|first| first >> 6 == 2)
}

fn place(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port())
}

/// Takes back a `connect`: the socket hears everybody again.
fn open(socket: &UdpSocket) {
    // SAFETY: all zero is a `sockaddr` (of AF_UNSPEC), and it outlives the call.
    let done = unsafe {
        let mut nobody: libc::sockaddr = std::mem::zeroed();
        nobody.sa_family = libc::AF_UNSPEC as libc::sa_family_t;
        let length = size_of::<libc::sockaddr>() as libc::socklen_t;
        libc::connect(socket.as_raw_fd(), &raw const nobody, length)
    };
    if done != 0 {
        tracing::warn!(fault = %io::Error::last_os_error(), "an RTP socket cannot be opened to learn from");
    }
}
