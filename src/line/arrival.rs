//! When a packet arrived, told by the kernel. A beat reads its sockets every 20 ms; without this
//! a packet's arrival would be known no better than that, and two clocks a hundred millionths
//! apart could not be kept on one timeline.

use std::io;
use std::mem::MaybeUninit;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use socket2::{MaybeUninitSlice, MsgHdrMut, SockAddr, SockRef};

/// A `cmsghdr` of 16 octets and its `timespec` of as many.
const CONTROL_LEN: usize = 64;

/// Asks the kernel to stamp what arrives (`SO_TIMESTAMPNS`).
pub fn stamp(socket: &UdpSocket) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the descriptor is open for the length of the call and the option is an int.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPNS,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Two clocks read together, so that the kernel's stamps can be told in ours.
#[derive(Clone, Copy)]
pub struct Clocks {
    now: Instant,
    wall: SystemTime,
}

impl Clocks {
    #[allow(clippy::disallowed_methods)] // The media thread is a shell; the stamps are in wall time.
    pub fn read() -> Self {
        Clocks {
            now: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// A stamp of the future or of long ago (the wall clock was set) is now.
    fn at(self, stamp: Option<SystemTime>) -> Instant {
        stamp
            .and_then(|stamp| self.wall.duration_since(stamp).ok())
            .filter(|age| *age < Duration::from_secs(1))
            .and_then(|age| self.now.checked_sub(age))
            .unwrap_or(self.now)
    }
}

/// One datagram, who sent it, and when it arrived.
pub fn receive<'a>(
    socket: &UdpSocket,
    octets: &'a mut [MaybeUninit<u8>],
    clocks: Clocks,
) -> io::Result<(&'a mut [u8], Option<SocketAddr>, Instant)> {
    let mut control = [MaybeUninit::<u8>::zeroed(); CONTROL_LEN];
    let (length, from, control_len) = {
        // The longer of the two families, so that either fits.
        let mut from = SockAddr::from(SocketAddr::from(([0u16; 8], 0)));
        let mut buffers = [MaybeUninitSlice::new(octets)];
        let mut message = MsgHdrMut::new()
            .with_addr(&mut from)
            .with_buffers(&mut buffers)
            .with_control(&mut control);
        let length = SockRef::from(socket).recvmsg(&mut message, 0)?;
        let control_len = message.control_len();
        (length, from.as_socket(), control_len)
    };
    // SAFETY: all of `control` was zeroed, and the kernel wrote `length` octets of `octets`.
    let (control, octets) = unsafe {
        (
            control.map(|octet| octet.assume_init()),
            octets[..length].assume_init_mut(),
        )
    };
    Ok((
        octets,
        from,
        clocks.at(stamp_of(&control[..control_len.min(CONTROL_LEN)])),
    ))
}

/// The `SCM_TIMESTAMPNS` of one control message: length, level, type, seconds, nanoseconds.
fn stamp_of(control: &[u8]) -> Option<SystemTime> {
    let word = |at: usize| {
        Some(i32::from_ne_bytes(
            control.get(at..at + 4)?.try_into().ok()?,
        ))
    };
    let long = |at: usize| {
        Some(u64::from_ne_bytes(
            control.get(at..at + 8)?.try_into().ok()?,
        ))
    };
    let is_stamp = word(8)? == libc::SOL_SOCKET && word(12)? == libc::SCM_TIMESTAMPNS;
    let since = Duration::new(long(16)?, u32::try_from(long(24)?).ok()?);
    is_stamp.then(|| UNIX_EPOCH + since)
}
