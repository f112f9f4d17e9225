//! The other end of a leg: its datagrams, and what they must be to count.

use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Instant;

use super::arrival::{self, Clocks};
use super::ports::Sockets;
use crate::rtp::learning::{Learner, Verdict};
use crate::rtp::packet::Packet;
use crate::rtp::sdp::Negotiated;
use crate::rtp::srtp::{Contexts, OVERHEAD, Refused};

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
        }
    }

    /// Hears and addresses what was now negotiated, and nothing else. The kernel refuses everybody else from here
    /// on; what it had queued before is told by its source.
    pub fn negotiated(&mut self, negotiated: &Negotiated) {
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

    /// From here on the kernel refuses everybody else, as without learning.
    fn settle(&mut self) {
        if self.learner.take().is_some() {
            self.connect();
        }
    }

    /// Where RTP comes from and RTCP goes to.
    pub fn addresses(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
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
        // A full kernel buffer or an ICMP error costs this packet and nothing else.
        match (self.rtp, &self.learner) {
            (Some(rtp), Some(_)) => self.sockets.rtp.send_to(packet, rtp).is_ok(),
            _ => self.sockets.rtp.send(packet).is_ok(),
        }
    }

    /// The length of an RTCP packet from whom it should be, in the clear; 0 for any other.
    pub fn receive_report(&mut self, octets: &mut [u8; PACKET_LEN]) -> io::Result<usize> {
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
            // Nobody listening there is common and costs nothing.
            let _ = self.sockets.rtcp.send(packet);
        }
    }
}

/// Room that [`FarEnd::send_report`] needs behind a report.
pub const REPORT_ROOM: usize = OVERHEAD;

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
