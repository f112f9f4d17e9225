//! Octets of one stream to sound.

use audio_codec::Decoder as _;
use audio_codec::g722::G722Decoder;
use opus_rs::OpusDecoder;

use super::{Codec, Pair, Rate};

/// Steps of 1/8000 s that one packet may hold; what is longer is cut. Opus packets end at 120 ms (RFC 6716 §3.2.5).
pub const LONGEST_SAMPLES: usize = 1500;
/// 120 ms of 16,000 Hz.
const OPUS_SAMPLES: usize = 1920;

/// Octets that are no sound of their codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a payload that its codec does not know")]
pub struct Undecodable;

/// Decodes one wide stream, packet by packet in the order in which they come.
pub struct Decoder(Kind);

enum Kind {
    G722(Box<G722Decoder>),
    Opus(Box<OpusDecoder>),
}

impl Decoder {
    /// `None` for G.711, which has no state: see [`super::Law::decode`].
    pub fn new(codec: Codec) -> Option<Self> {
        match codec {
            Codec::Pcma | Codec::Pcmu => None,
            Codec::G722 => Some(Decoder(Kind::G722(Box::default()))),
            Codec::Opus => {
                let rate_hz = Rate::Wide.hz().cast_signed();
                let decoder = OpusDecoder::new(rate_hz, 1).expect("a rate of RFC 6716");
                Some(Decoder(Kind::Opus(Box::new(decoder))))
            }
        }
    }

    pub fn codec(&self) -> Codec {
        match self.0 {
            Kind::G722(_) => Codec::G722,
            Kind::Opus(_) => Codec::Opus,
        }
    }

    /// Decodes one payload into the front of `out`; how many steps of 1/8000 s it has.
    ///
    /// # Errors
    /// Where it is no payload of this codec; the stream goes on with the next.
    pub fn decode(
        &mut self,
        payload: &[u8],
        out: &mut [Pair; LONGEST_SAMPLES],
    ) -> Result<usize, Undecodable> {
        match &mut self.0 {
            Kind::G722(decoder) => {
                let payload = &payload[..payload.len().min(LONGEST_SAMPLES)];
                let made = decoder.decode_into(payload, out.as_flattened_mut());
                Ok(made.map_err(|_| Undecodable)? / 2)
            }
            Kind::Opus(decoder) => {
                // Nothing but its first octet: the sender keeps silent (RFC 6716 §2.1.9), and so do we.
                if payload.len() < 2 {
                    return Err(Undecodable);
                }
                let mut sound = [0f32; OPUS_SAMPLES];
                let decoded = decoder.decode(payload, OPUS_SAMPLES, &mut sound);
                let made = decoded.map_err(|_| Undecodable)?.min(OPUS_SAMPLES);
                for (sample, heard) in out.as_flattened_mut().iter_mut().zip(&sound[..made]) {
                    // `as` keeps what is too loud at the end of the range.
                    *sample = (heard * 32768.0) as i16;
                }
                Ok(made / 2)
            }
        }
    }
}
