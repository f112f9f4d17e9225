//! The sound of all callers: canned packets sent many at a time, and what comes read many at a time
//! with the kernel's stamps. A few sockets carry everything; a leg is known by the server's port.

use std::net::UdpSocket;
use std::os::fd::AsRawFd as _;

use crate::Outcome;
use crate::house::OFFER_OCTET;

pub const PACKET: usize = 172;
/// Messages of one call to the kernel.
const BATCH: usize = 64;
const BUFFER: usize = 256;
const CONTROL: usize = 64;

/// One packet that is to be sent.
pub struct ToSend {
    pub socket: usize,
    pub port: u16,
    pub octets: [u8; PACKET],
    pub length: usize,
}

/// One that came.
pub struct Came {
    /// The port it came from.
    pub port: u16,
    pub at_ns: u64,
    /// The rating is being offered.
    pub is_offer: bool,
}

pub struct Sockets {
    sockets: Vec<UdpSocket>,
    noise: Vec<u8>,
}

impl Sockets {
    pub fn open(count: usize) -> Outcome<Sockets> {
        let mut sockets = Vec::new();
        for _ in 0..count {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.set_nonblocking(true)?;
            set(&socket, libc::SO_TIMESTAMPNS, 1);
            // Where it may not be forced, the common size has to do.
            set(&socket, libc::SO_RCVBUFFORCE, 8 << 20);
            sockets.push(socket);
        }
        let mut chance = 1u32;
        let noise = std::iter::repeat_with(|| {
            chance = chance.wrapping_mul(1664525).wrapping_add(1013904223);
            (chance >> 24) as u8
        });
        Ok(Sockets {
            sockets,
            noise: noise.take(16 * 1024).collect(),
        })
    }

    pub fn port(&self, socket: usize) -> Outcome<u16> {
        Ok(self.sockets[socket].local_addr()?.port())
    }

    /// 20 ms of loud noise.
    pub fn noise(&self, beat: usize) -> &[u8] {
        let from = beat * 61 % (self.noise.len() - 160);
        &self.noise[from..from + 160]
    }

    pub fn send(&self, packets: &mut [ToSend]) {
        packets.sort_by_key(|packet| packet.socket);
        for same in packets.chunk_by_mut(|a, b| a.socket == b.socket) {
            for batch in same.chunks_mut(BATCH) {
                self.send_batch(batch);
            }
        }
    }

    fn send_batch(&self, batch: &mut [ToSend]) {
        let mut names: Vec<libc::sockaddr_in> = batch.iter().map(|p| loopback(p.port)).collect();
        let mut parts: Vec<libc::iovec> = batch
            .iter_mut()
            .map(|packet| libc::iovec {
                iov_base: packet.octets.as_mut_ptr().cast(),
                iov_len: packet.length,
            })
            .collect();
        let mut messages: Vec<libc::mmsghdr> = names
            .iter_mut()
            .zip(&mut parts)
            .map(|(name, part)| {
                let mut message = empty();
                message.msg_hdr.msg_name = (&raw mut *name).cast();
                message.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as u32;
                message.msg_hdr.msg_iov = part;
                message.msg_hdr.msg_iovlen = 1;
                message
            })
            .collect();
        let socket = self.sockets[batch[0].socket].as_raw_fd();
        let mut sent = 0;
        while sent < messages.len() {
            let left = &mut messages[sent..];
            // SAFETY: every pointer is into a vector that lives until the end of this function.
            let done = unsafe { libc::sendmmsg(socket, left.as_mut_ptr(), left.len() as u32, 0) };
            // An error tells of an earlier packet whose port is closed; this one is passed over.
            sent += usize::try_from(done).unwrap_or(0).max(1);
        }
    }

    /// Takes everything that has come.
    pub fn receive(&self, mut take: impl FnMut(Came)) {
        let mut octets = vec![[0u8; BUFFER]; BATCH];
        let mut controls = vec![[0u64; CONTROL / 8]; BATCH];
        for socket in &self.sockets {
            loop {
                let mut names = [loopback(0); BATCH];
                let mut parts: Vec<libc::iovec> = octets
                    .iter_mut()
                    .map(|octets| libc::iovec {
                        iov_base: octets.as_mut_ptr().cast(),
                        iov_len: BUFFER,
                    })
                    .collect();
                let mut messages: Vec<libc::mmsghdr> = (0..BATCH).map(|_| empty()).collect();
                for (index, message) in messages.iter_mut().enumerate() {
                    message.msg_hdr.msg_name = (&raw mut names[index]).cast();
                    message.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as u32;
                    message.msg_hdr.msg_iov = &raw mut parts[index];
                    message.msg_hdr.msg_iovlen = 1;
                    message.msg_hdr.msg_control = controls[index].as_mut_ptr().cast();
                    message.msg_hdr.msg_controllen = CONTROL;
                }
                // SAFETY: every pointer is into an array that outlives the call, with its length.
                let got = unsafe {
                    libc::recvmmsg(
                        socket.as_raw_fd(),
                        messages.as_mut_ptr(),
                        BATCH as u32,
                        0,
                        std::ptr::null_mut(),
                    )
                };
                let got = usize::try_from(got).unwrap_or(0);
                for index in 0..got {
                    let control = &controls[index];
                    take(Came {
                        port: u16::from_be(names[index].sin_port),
                        // A `cmsghdr` of 16 octets, then seconds and nanoseconds.
                        at_ns: control[2] * 1_000_000_000 + control[3],
                        is_offer: octets[index][20] == OFFER_OCTET,
                    });
                }
                if got < BATCH {
                    break;
                }
            }
        }
    }
}

fn set(socket: &UdpSocket, option: libc::c_int, value: libc::c_int) {
    // SAFETY: the descriptor is open and the option is an int.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as u32,
        );
    }
}

fn loopback(port: u16) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_be_bytes([127, 0, 0, 1]).to_be(),
        },
        sin_zero: [0; 8],
    }
}

fn empty() -> libc::mmsghdr {
    // SAFETY: all of it is integers and pointers, for which zero is a value.
    unsafe { std::mem::zeroed() }
}
