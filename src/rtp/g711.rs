//! G.711: one octet a sample, 8 kHz. The tables are `audio_codec`'s; nothing is allocated.

use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder, Encoder};

/// The two codecs every telephone network carries (RFC 3551 §4.5.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// A-law, the one of Europe and China.
    Pcma,
    /// µ-law, the one of North America and Japan.
    Pcmu,
}

impl Codec {
    /// The encoding name of `a=rtpmap`.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
        }
    }

    /// The static payload type (RFC 3551 §6).
    pub fn static_payload_type(self) -> u8 {
        match self {
            Codec::Pcma => 8,
            Codec::Pcmu => 0,
        }
    }

    pub fn from_static_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            8 => Some(Codec::Pcma),
            0 => Some(Codec::Pcmu),
            _ => None,
        }
    }

    /// The octet of silence.
    pub fn silence(self) -> u8 {
        match self {
            Codec::Pcma => 0xD5,
            Codec::Pcmu => 0xFF,
        }
    }

    /// Encodes `samples` into the front of `out`, which is at least as long.
    pub fn encode(self, samples: &[i16], out: &mut [u8]) {
        let done = match self {
            Codec::Pcma => PcmaEncoder::new().encode_into(samples, out),
            Codec::Pcmu => PcmuEncoder::new().encode_into(samples, out),
        };
        assert_eq!(done.ok(), Some(samples.len()), "out is as long as samples");
    }

    /// Decodes `octets` into the front of `out`, which is at least as long.
    pub fn decode(self, octets: &[u8], out: &mut [i16]) {
        let done = match self {
            Codec::Pcma => PcmaDecoder::new().decode_into(octets, out),
            Codec::Pcmu => PcmuDecoder::new().decode_into(octets, out),
        };
        assert_eq!(done.ok(), Some(octets.len()), "out is as long as octets");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_survives_decoding_and_encoding_but_for_the_smallest_step() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            for octet in 0..=255u8 {
                let mut sample = [0i16];
                codec.decode(&[octet], &mut sample);
                let mut back = [0u8];
                codec.encode(&sample, &mut back);
                let mut again = [0i16];
                codec.decode(&back, &mut again);
                let off = (i32::from(sample[0]) - i32::from(again[0])).abs();
                // The encoder takes the smallest negative step for the smallest positive one.
                assert!(off <= 16, "{codec:?} {octet:#x}: {off}");
            }
        }
    }

    #[test]
    fn silence_is_nearly_nothing() {
        for codec in [Codec::Pcma, Codec::Pcmu] {
            let mut sample = [99i16];
            codec.decode(&[codec.silence()], &mut sample);
            assert!(sample[0].abs() <= 8, "{codec:?} {}", sample[0]);
        }
    }
}
