//! G.711: one octet a sample, 8 kHz. The tables are `audio_codec`'s; nothing is allocated.

use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder, Encoder};

/// The two laws every telephone network carries (RFC 3551 §4.5.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Law {
    /// A-law, the one of Europe and China.
    Pcma,
    /// µ-law, the one of North America and Japan.
    Pcmu,
}

impl Law {
    /// The octet of silence.
    pub fn silence(self) -> u8 {
        match self {
            Law::Pcma => 0xD5,
            Law::Pcmu => 0xFF,
        }
    }

    /// Encodes `samples` into the front of `out`, which is at least as long.
    pub fn encode(self, samples: &[i16], out: &mut [u8]) {
        let done = match self {
            Law::Pcma => PcmaEncoder::new().encode_into(samples, out),
            Law::Pcmu => PcmuEncoder::new().encode_into(samples, out),
        };
        assert_eq!(done.ok(), Some(samples.len()), "out is as long as samples");
    }

    /// Decodes `octets` into the front of `out`, which is at least as long.
    pub fn decode(self, octets: &[u8], out: &mut [i16]) {
        let done = match self {
            Law::Pcma => PcmaDecoder::new().decode_into(octets, out),
            Law::Pcmu => PcmuDecoder::new().decode_into(octets, out),
        };
        assert_eq!(done.ok(), Some(octets.len()), "out is as long as octets");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_survives_decoding_and_encoding_but_for_the_smallest_step() {
        for law in [Law::Pcma, Law::Pcmu] {
            for octet in 0..=255u8 {
                let mut sample = [0i16];
                law.decode(&[octet], &mut sample);
                let mut back = [0u8];
                law.encode(&sample, &mut back);
                let mut again = [0i16];
                law.decode(&back, &mut again);
                let off = (i32::from(sample[0]) - i32::from(again[0])).abs();
                // The encoder takes the smallest negative step for the smallest positive one.
                assert!(off <= 16, "{law:?} {octet:#x}: {off}");
            }
        }
    }

    #[test]
    fn silence_is_nearly_nothing() {
        for law in [Law::Pcma, Law::Pcmu] {
            let mut sample = [99i16];
            law.decode(&[law.silence()], &mut sample);
            assert!(sample[0].abs() <= 8, "{law:?} {}", sample[0]);
        }
    }
}
