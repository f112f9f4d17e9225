//! RTP ports: an even one for RTP, the odd one above it for RTCP (RFC 3550 §11).

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Error, arrival};

/// The RTP ports that legs take theirs from, in pairs: RTP on the even one, RTCP above it.
#[derive(Debug)]
pub struct Ports {
    address: IpAddr,
    range: RangeInclusive<u16>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    /// Where the search goes on: a port just freed rests, so that a straggler of the last call
    /// does not meet the next one.
    cursor: u16,
    ports: HashSet<u16>,
}

/// A pair of bound sockets; gives its ports back when dropped.
#[derive(Debug)]
pub struct Sockets {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    pub port: u16,
    ports: Arc<Ports>,
}

impl Ports {
    pub fn new(address: IpAddr, range: RangeInclusive<u16>) -> Arc<Self> {
        Arc::new(Ports {
            address,
            range,
            taken: Mutex::default(),
        })
    }

    /// Binds the next free pair.
    pub fn bind(self: &Arc<Self>) -> Result<Sockets, Error> {
        let first = self.range.start().next_multiple_of(2);
        let pairs = self.range.end().saturating_sub(first).div_ceil(2);
        for _ in 0..pairs {
            let port = {
                let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
                let port = first + 2 * (taken.cursor % pairs);
                taken.cursor = (taken.cursor + 1) % pairs;
                if !taken.ports.insert(port) {
                    continue;
                }
                port
            };
            let bind = |port| {
                let socket = UdpSocket::bind(SocketAddr::new(self.address, port))?;
                socket.set_nonblocking(true)?;
                arrival::stamp(&socket)?;
                Ok::<_, std::io::Error>(socket)
            };
            match bind(port).and_then(|rtp| Ok((rtp, bind(port + 1)?))) {
                Ok((rtp, rtcp)) => {
                    return Ok(Sockets {
                        rtp,
                        rtcp,
                        port,
                        ports: Arc::clone(self),
                    });
                }
                Err(fault) => {
                    self.give_back(port);
                    // Another program holds this one; any other fault is ours to tell.
                    if fault.kind() != std::io::ErrorKind::AddrInUse {
                        return Err(fault.into());
                    }
                }
            }
        }
        Err(Error::NoPort(self.range.clone()))
    }

    pub fn address(&self) -> IpAddr {
        self.address
    }

    fn give_back(&self, port: u16) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.ports.remove(&port);
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.ports.give_back(self.port);
    }
}
