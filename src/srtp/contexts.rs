//! SRTP and SRTCP (RFC 3711) with AES-128 in counter mode and HMAC-SHA1: what SDES (RFC 4568) negotiates. Packets
//! are worked on in place; nothing is allocated.
//!
//! **Invariant:** a packet whose tag does not fit, or that came before, changes nothing at all: no index, no
//! window, no place in a table.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt as _, KeyInit as _};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

use super::header::header_len;
use super::replay::Window;
use super::sdes::{Keys, Suite};

/// Octets that [`Outgoing`] adds at most: the index of SRTCP and a tag of 80 bits.
pub const OVERHEAD: usize = 14;

/// Streams (SSRCs) of one sender that are followed; more are refused until new keys come.
const STREAMS: usize = 8;
/// Packets with new keys after which the keys of before are forgotten: none of theirs is under way any more.
const NEW_FOR_GOOD: u8 = 64;
/// SRTCP has 80 bits of tag with either suite (RFC 4568 §6.2.2).
const RTCP_TAG_LEN: usize = 10;
/// Octets of an RTCP packet that stay in the clear.
const RTCP_HEAD_LEN: usize = 8;
/// Says that an SRTCP packet is encrypted (RFC 3711 §3.4).
const RTCP_ENCRYPTED: u32 = 0x8000_0000;

/// What was negotiated of a leg's protection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    pub suite: Suite,
    /// With which they send.
    pub theirs: Keys,
    /// With which we do.
    pub ours: Keys,
}

/// Both directions of a leg.
pub struct Contexts {
    negotiated: Protection,
    pub incoming: Incoming,
    pub outgoing: Outgoing,
}

impl Contexts {
    /// For what was now negotiated. Where a key stays, so does all that is known of its packets (RFC 4568 §7.1.4):
    /// what came is a repeat also after a new offer.
    pub fn renewed(before: Option<Contexts>, negotiated: &Protection) -> Contexts {
        let Protection {
            suite,
            theirs,
            ours,
        } = negotiated;
        let (mut incoming, mut kept_outgoing) = (Incoming::new(*suite, theirs), None);
        if let Some(before) = before {
            let same_suite = before.negotiated.suite == *suite;
            incoming = match same_suite && before.negotiated.theirs == *theirs {
                true => before.incoming,
                // What they had sent before they knew of it is heard, too.
                false => incoming.after(before.incoming),
            };
            kept_outgoing =
                (same_suite && before.negotiated.ours == *ours).then_some(before.outgoing);
        }
        Contexts {
            negotiated: negotiated.clone(),
            incoming,
            outgoing: kept_outgoing.unwrap_or_else(|| Outgoing::new(*suite, ours)),
        }
    }
}

/// One direction's session keys (RFC 3711 §4.3).
struct Session {
    cipher: Aes128,
    authentic: Hmac<Sha1>,
    salt: [u8; 14],
}

impl Session {
    /// `label` is that of the encryption key: 0 for SRTP, 3 for SRTCP.
    fn derive(keys: &Keys, label: u8) -> Self {
        let master = Aes128::new(&Array(keys.key));
        let derived = |label: u8, out: &mut [u8]| {
            let mut counter = [0u8; 16];
            counter[..14].copy_from_slice(&keys.salt);
            counter[7] ^= label;
            keystream(&master, counter, out);
        };
        let (mut key, mut tag_key, mut salt) = ([0; 16], [0; 20], [0; 14]);
        derived(label, &mut key);
        derived(label + 1, &mut tag_key);
        derived(label + 2, &mut salt);
        Session {
            cipher: Aes128::new(&Array(key)),
            authentic: Hmac::new_from_slice(&tag_key).expect("HMAC takes a key of any length"),
            salt,
        }
    }

    /// Encrypts or decrypts.
    fn apply(&self, ssrc: u32, index: u64, octets: &mut [u8]) {
        let mut counter = [0u8; 16];
        counter[..14].copy_from_slice(&self.salt);
        for (octet, of_ssrc) in counter[4..8].iter_mut().zip(ssrc.to_be_bytes()) {
            *octet ^= of_ssrc;
        }
        for (octet, of_index) in counter[8..14].iter_mut().zip(&index.to_be_bytes()[2..]) {
            *octet ^= of_index;
        }
        keystream(&self.cipher, counter, octets);
    }

    fn tag(&self, octets: &[u8], more: &[u8]) -> Hmac<Sha1> {
        let mut tag = self.authentic.clone();
        tag.update(octets);
        tag.update(more);
        tag
    }
}

/// Adds the key stream that begins at this counter.
fn keystream(cipher: &Aes128, mut counter: [u8; 16], octets: &mut [u8]) {
    for (block, chunk) in (0u16..).zip(octets.chunks_mut(16)) {
        counter[14..].copy_from_slice(&block.to_be_bytes());
        let mut stream = Array(counter);
        cipher.encrypt_block(&mut stream);
        for (octet, key) in chunk.iter_mut().zip(stream) {
            *octet ^= key;
        }
    }
}

/// One stream of the other side.
#[derive(Clone, Copy)]
struct Stream {
    ssrc: u32,
    window: Window,
}

/// Why a packet is not opened. Neither changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Not of whom has the key, or no packet at all.
    Forged,
    /// Authentic, and it came before, or is too old to tell: some telephones send the end of a key
    /// three times, octet for octet.
    Repeat,
}

/// What the other side sends.
pub struct Incoming {
    suite: Suite,
    rtp: Session,
    rtcp: Session,
    streams: [Option<Stream>; STREAMS],
    reports: [Option<Stream>; STREAMS],
    before: Option<Box<Before>>,
}

/// The keys of before new ones, and how many packets with the new ones came.
struct Before {
    incoming: Incoming,
    newer: u8,
}

impl Incoming {
    pub fn new(suite: Suite, keys: &Keys) -> Self {
        Incoming {
            suite,
            rtp: Session::derive(keys, 0),
            rtcp: Session::derive(keys, 3),
            streams: [None; STREAMS],
            reports: [None; STREAMS],
            before: None,
        }
    }

    /// The same with the keys of before besides, whose packets may still be under way. Of them only the last are kept.
    fn after(mut self, mut before: Incoming) -> Self {
        before.before = None;
        let incoming = before;
        self.before = Some(Box::new(Before { incoming, newer: 0 }));
        self
    }

    /// Makes an RTP packet of an SRTP packet; returns its length.
    ///
    /// # Errors
    /// For what is not authentic, came before, or is no packet.
    pub fn open(&mut self, octets: &mut [u8]) -> Result<usize, Refused> {
        let opened = self.open_alone(octets);
        let Some(before) = &mut self.before else {
            return opened;
        };
        match opened {
            Ok(length) => {
                before.newer += 1;
                if before.newer >= NEW_FOR_GOOD {
                    self.before = None;
                }
                Ok(length)
            }
            Err(Refused::Repeat) => opened,
            Err(Refused::Forged) => before.incoming.open_alone(octets),
        }
    }

    /// How often the sequence numbers of this stream had rolled over with the keys of before: new keys change nothing
    /// of that (RFC 3711 §8.1).
    fn carried(&self, ssrc: u32) -> Option<Window> {
        let before = self.before.as_ref()?;
        let streams = before.incoming.streams.iter().flatten();
        let stream = { streams }.find(|stream| stream.ssrc == ssrc)?;
        Some(stream.window.forgetful())
    }

    fn open_alone(&mut self, octets: &mut [u8]) -> Result<usize, Refused> {
        let forged = Refused::Forged;
        let header_len = header_len(octets).ok_or(forged)?;
        let end = octets.len().checked_sub(self.suite.tag_len());
        let end = end.filter(|end| *end >= header_len).ok_or(forged)?;
        let sequence = u16::from_be_bytes([octets[2], octets[3]]);
        let ssrc = be32(octets, 8);
        let (place, mut window) = stream_of(&self.streams, ssrc).ok_or(forged)?;
        let (packet, tag) = octets.split_at_mut(end);
        let fits = |window: &Window| {
            let roll_over = (window.extend(sequence) >> 16) as u32;
            let wanted = self.rtp.tag(packet, &roll_over.to_be_bytes());
            wanted.verify_truncated_left(tag).is_ok()
        };
        if !fits(&window) {
            // Some go on counting where they were with the keys of before, and some begin anew.
            let is_first = self.streams[place].is_none();
            let carried = self.carried(ssrc).filter(|_| is_first);
            window = carried.filter(fits).ok_or(forged)?;
        }
        let index = window.extend(sequence);
        if !window.is_new(index) {
            return Err(Refused::Repeat);
        }
        window.take(index);
        self.streams[place] = Some(Stream { ssrc, window });
        self.rtp.apply(ssrc, index, &mut packet[header_len..]);
        Ok(end)
    }

    /// The same for an SRTCP packet.
    pub fn open_report(&mut self, octets: &mut [u8]) -> Option<usize> {
        let opened = self.open_report_alone(octets);
        opened.or_else(|| {
            let before = self.before.as_mut()?;
            before.incoming.open_report_alone(octets)
        })
    }

    fn open_report_alone(&mut self, octets: &mut [u8]) -> Option<usize> {
        let tag_at = octets.len().checked_sub(RTCP_TAG_LEN)?;
        let end = tag_at.checked_sub(4)?;
        if end < RTCP_HEAD_LEN {
            return None;
        }
        let (packet, tag) = octets.split_at_mut(tag_at);
        let last = be32(packet, end);
        let index = u64::from(last & !RTCP_ENCRYPTED);
        let ssrc = be32(packet, 4);
        let (place, mut window) = stream_of(&self.reports, ssrc)?;
        if !window.is_new(index) {
            return None;
        }
        let wanted = self.rtcp.tag(packet, &[]);
        wanted.verify_truncated_left(tag).ok()?;
        window.take(index);
        self.reports[place] = Some(Stream { ssrc, window });
        if last & RTCP_ENCRYPTED != 0 {
            self.rtcp
                .apply(ssrc, index, &mut packet[RTCP_HEAD_LEN..end]);
        }
        Some(end)
    }
}

/// The place of a stream and what came of it; a free place and nothing for one that is new.
fn stream_of(streams: &[Option<Stream>; STREAMS], ssrc: u32) -> Option<(usize, Window)> {
    let known = |stream: &Option<Stream>| stream.is_some_and(|stream| stream.ssrc == ssrc);
    if let Some(place) = streams.iter().position(known) {
        return Some((place, streams[place]?.window));
    }
    let free = streams.iter().position(Option::is_none)?;
    Some((free, Window::default()))
}

/// What we send: one stream, whose sequence numbers grow by one.
pub struct Outgoing {
    suite: Suite,
    rtp: Session,
    rtcp: Session,
    /// Of the last packet, extended by how often it rolled over.
    index: Option<u64>,
    reports: u32,
}

impl Outgoing {
    pub fn new(suite: Suite, keys: &Keys) -> Self {
        Outgoing {
            suite,
            rtp: Session::derive(keys, 0),
            rtcp: Session::derive(keys, 3),
            index: None,
            reports: 0,
        }
    }

    /// Protects the packet of `length` octets at the front of `octets`; returns its new length. There is room
    /// for [`OVERHEAD`].
    pub fn seal(&mut self, octets: &mut [u8], length: usize) -> Option<usize> {
        let header_len = header_len(octets.get(..length)?)?;
        let tag_len = self.suite.tag_len();
        let sequence = u16::from_be_bytes([octets[2], octets[3]]);
        let index = match self.index {
            None => u64::from(sequence),
            Some(last) => last + u64::from(sequence.wrapping_sub(last as u16)),
        };
        self.index = Some(index);
        let (packet, room) = octets.split_at_mut(length);
        self.rtp
            .apply(be32(packet, 8), index, packet.get_mut(header_len..)?);
        let roll_over = (index >> 16) as u32;
        let tag = self.rtp.tag(packet, &roll_over.to_be_bytes()).finalize();
        let tag = tag.into_bytes();
        room.get_mut(..tag_len)?.copy_from_slice(&tag[..tag_len]);
        Some(length + tag_len)
    }

    /// The same for an RTCP packet.
    pub fn seal_report(&mut self, octets: &mut [u8], length: usize) -> Option<usize> {
        let total = length + 4 + RTCP_TAG_LEN;
        if length < RTCP_HEAD_LEN || octets.len() < total {
            return None;
        }
        let index = self.reports;
        self.reports = (index + 1) & !RTCP_ENCRYPTED;
        let ssrc = be32(octets, 4);
        self.rtcp
            .apply(ssrc, index.into(), &mut octets[RTCP_HEAD_LEN..length]);
        octets[length..length + 4].copy_from_slice(&(index | RTCP_ENCRYPTED).to_be_bytes());
        let (packet, room) = octets.split_at_mut(length + 4);
        let tag = self.rtcp.tag(packet, &[]).finalize().into_bytes();
        room[..RTCP_TAG_LEN].copy_from_slice(&tag[..RTCP_TAG_LEN]);
        Some(total)
    }
}

fn be32(octets: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
}

#[cfg(test)]
mod tests;
