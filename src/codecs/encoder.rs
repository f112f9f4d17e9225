//! Sound to octets of one stream.

use audio_codec::Encoder as _;
use audio_codec::g722::G722Encoder;
use opus_rs::{Application, OpusEncoder};

use super::{Codec, Down, FRAME_SAMPLES, Frame, Law, Rate, Sample, Up};

/// Octets of 20 ms at most.
pub const OCTETS_AT_MOST: usize = 320;
/// Speech of 16,000 Hz is clear at it, and what is left of G.711's 64 kbit/s is for worse lines.
const OPUS_BITRATE_BPS: i32 = 24_000;
/// Twice the time of complexity 0 buys nothing that is heard at this rate.
const OPUS_COMPLEXITY: i32 = 0;

/// Encodes one stream, 20 ms after 20 ms, of sound of either rate.
pub struct Encoder {
    kind: Kind,
    down: Down,
    up: Up,
}

enum Kind {
    Law(Law),
    G722(Box<G722Encoder>),
    Opus(Box<OpusEncoder>),
}

impl Encoder {
    pub fn new(codec: Codec) -> Self {
        let kind = match codec {
            Codec::Pcma => Kind::Law(Law::Pcma),
            Codec::Pcmu => Kind::Law(Law::Pcmu),
            Codec::G722 => Kind::G722(Box::default()),
            Codec::Opus => {
                let rate_hz = Rate::Wide.hz().cast_signed();
                let mut encoder =
                    OpusEncoder::new(rate_hz, 1, Application::Voip).expect("a rate of RFC 6716");
                encoder.bitrate_bps = OPUS_BITRATE_BPS;
                encoder.complexity = OPUS_COMPLEXITY;
                Kind::Opus(Box::new(encoder))
            }
        };
        Encoder {
            kind,
            down: Down::default(),
            up: Up::default(),
        }
    }

    pub fn codec(&self) -> Codec {
        match self.kind {
            Kind::Law(law) => law.into(),
            Kind::G722(_) => Codec::G722,
            Kind::Opus(_) => Codec::Opus,
        }
    }

    /// Encodes 20 ms into the front of `out`; how many octets it took.
    pub fn encode<S: Sample>(&mut self, frame: &Frame<S>, out: &mut [u8; OCTETS_AT_MOST]) -> usize {
        match &mut self.kind {
            Kind::Law(law) => {
                law.encode(&S::to_narrow(frame, &mut self.down), out);
                FRAME_SAMPLES
            }
            Kind::G722(encoder) => {
                let wide = S::to_wide(frame, &mut self.up);
                let made = encoder.encode_into(wide.as_flattened(), out);
                made.expect("an octet for two samples")
            }
            Kind::Opus(encoder) => {
                let wide = S::to_wide(frame, &mut self.up);
                let samples = wide.as_flattened();
                let made = encoder.encode_i16(samples, samples.len(), out);
                // What it does not take is a packet that never came: its far end fills the gap.
                made.unwrap_or(0)
            }
        }
    }

    /// Sound of ours that is narrow, at the rate of a frame that is heard here.
    pub fn at_rate<S: Sample>(&mut self, narrow: &Frame) -> Frame<S> {
        S::from_narrow(narrow, &mut self.up)
    }
}
