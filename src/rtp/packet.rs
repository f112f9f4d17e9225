//! RTP packets (RFC 3550 §5.1). Nothing is allocated.

pub use crate::srtp::{HEADER_LEN, header_len};

/// One RTP packet as it lies in the receive buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    /// In samples of 1/8000 s.
    pub timestamp: u32,
    pub ssrc: u32,
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// `None` for what is no RTP of version 2 or says it is longer than it is (RFC 3550 §5.1, A.1).
    pub fn parse(octets: &'a [u8]) -> Option<Packet<'a>> {
        let start = header_len(octets)?;
        let mut end = octets.len();
        if octets[0] & 0x20 != 0 {
            let padding = usize::from(octets[end - 1]);
            if padding == 0 {
                return None;
            }
            end = end.checked_sub(padding)?;
        }
        Some(Packet {
            marker: octets[1] & 0x80 != 0,
            payload_type: octets[1] & 0x7F,
            sequence: u16::from_be_bytes([octets[2], octets[3]]),
            timestamp: be32(octets, 4),
            ssrc: be32(octets, 8),
            payload: octets.get(start..end)?,
        })
    }
}

/// Writes a plain header into the front of `out`.
pub fn write_header(
    out: &mut [u8],
    marker: bool,
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
) {
    out[0] = 0x80;
    out[1] = (payload_type & 0x7F) | if marker { 0x80 } else { 0 };
    out[2..4].copy_from_slice(&sequence.to_be_bytes());
    out[4..8].copy_from_slice(&timestamp.to_be_bytes());
    out[8..12].copy_from_slice(&ssrc.to_be_bytes());
}

fn be32(octets: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn csrcs_an_extension_and_padding_are_stepped_over() {
        let mut octets = vec![0u8; HEADER_LEN];
        write_header(&mut octets, true, 8, 7, 160, 42);
        octets[0] |= 0x20 | 0x10 | 2;
        octets.extend([0; 8]); // two CSRCs
        octets.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]); // an extension of one word
        octets.extend([9, 9, 9]);
        octets.extend([0, 2]); // padding of two
        let packet = Packet::parse(&octets).expect("a packet");
        assert_eq!(packet.payload, [9, 9, 9]);
        assert_eq!((packet.marker, packet.payload_type), (true, 8));
        assert_eq!(
            (packet.sequence, packet.timestamp, packet.ssrc),
            (7, 160, 42)
        );
    }

    #[test]
    fn what_says_it_is_longer_than_it_is_is_refused() {
        let mut octets = vec![0u8; HEADER_LEN];
        write_header(&mut octets, false, 8, 7, 160, 42);
        for first in [0x8F, 0x90, 0xA0, 0x40, 0x00] {
            octets[0] = first;
            assert_eq!(Packet::parse(&octets), None, "{first:#x}");
        }
        assert_eq!(Packet::parse(&[]), None);
    }

    proptest! {
        #[test]
        fn no_octets_break_the_reader(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(packet) = Packet::parse(&octets) {
                prop_assert!(packet.payload.len() <= octets.len() - HEADER_LEN);
            }
        }
    }
}
