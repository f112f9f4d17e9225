//! From the payloads of one stream to the sound of our beats, at the rate of its codec.

use super::ring::{Frame, Placed, Playout};
use super::ticks::Ticks;
use crate::codecs::{
    Codec, Decoder, Down, FRAME_SAMPLES, LONGEST_SAMPLES, Law, Pair, Rate, Sample, Up,
};

/// What of a packet is heard.
#[derive(Debug, Clone, Copy)]
pub struct Payload<'a> {
    pub codec: Codec,
    pub ssrc: u32,
    /// In ticks of the codec's clock.
    pub timestamp: u32,
    pub octets: &'a [u8],
}

/// A stream's decoder and jitter buffer.
pub struct Hearing {
    sound: Sound,
    ticks: Ticks,
}

enum Sound {
    Narrow(Box<Narrow>),
    Wide(Box<Wide>),
}

#[derive(Default)]
struct Narrow {
    playout: Playout,
    up: Up,
}

struct Wide {
    playout: Playout<Pair>,
    decoder: Decoder,
    /// For G.711 in between, which its sender may send unasked where both were negotiated (RFC 3264 §6.1).
    up: Up,
    /// For a call that is narrow, and for the tones in it.
    to_call: Down,
    to_tones: Down,
}

impl Hearing {
    pub fn new(codec: Codec) -> Self {
        let ticks = Ticks::of_clock(codec.clock_hz());
        let sound = match Decoder::new(codec) {
            None => Sound::Narrow(Box::default()),
            Some(decoder) => Sound::Wide(Box::new(Wide {
                playout: Playout::default(),
                decoder,
                up: Up::default(),
                to_call: Down::default(),
                to_tones: Down::default(),
            })),
        };
        Hearing { sound, ticks }
    }

    /// Another codec is spoken from here on.
    pub fn expect(&mut self, codec: Codec) {
        let same = match &self.sound {
            Sound::Narrow(_) => codec.rate() == Rate::Narrow,
            Sound::Wide(wide) => wide.decoder.codec() == codec,
        };
        if !same {
            *self = Hearing::new(codec);
        }
    }

    /// The step of 1/8000 s of a timestamp.
    pub fn step(&mut self, timestamp: u32) -> u32 {
        self.ticks.step(timestamp)
    }

    pub fn ticks_a_step(&self) -> u32 {
        self.ticks.a_step()
    }

    /// Decodes a payload and places it; `None` where it is none of a codec that can be heard here.
    pub fn put(&mut self, packet: Payload<'_>, age: i32) -> Option<Placed> {
        let step = self.ticks.step(packet.timestamp);
        let payload = &packet.octets[..packet.octets.len().min(LONGEST_SAMPLES)];
        match (&mut self.sound, packet.codec.law()) {
            (Sound::Narrow(narrow), Some(law)) => {
                let mut sound = [0i16; LONGEST_SAMPLES];
                law.decode(payload, &mut sound);
                let sound = &sound[..payload.len()];
                Some(narrow.playout.put(packet.ssrc, step, sound, age))
            }
            (Sound::Wide(wide), Some(law)) => {
                let mut sound = [[0; 2]; LONGEST_SAMPLES];
                wide.widen(law, payload, &mut sound);
                let sound = &sound[..payload.len()];
                Some(wide.playout.put(packet.ssrc, step, sound, age))
            }
            (Sound::Wide(wide), None) if packet.codec == wide.decoder.codec() => {
                let mut sound = [[0; 2]; LONGEST_SAMPLES];
                let length = wide.decoder.decode(payload, &mut sound).ok()?;
                Some(wide.playout.put(packet.ssrc, step, &sound[..length], age))
            }
            _ => None,
        }
    }

    /// The next 20 ms at the rate that is asked for; `narrow`, if there is one, is shown them at 8,000 Hz, and whether
    /// some of them were made up. Returns how many steps were.
    pub fn pull<S: Sample>(
        &mut self,
        frame: &mut Frame<S>,
        narrow: Option<impl FnOnce(&Frame, bool)>,
    ) -> usize {
        let hears_tones = narrow.is_some();
        let narrow = |frame: &Frame, made_up: usize| {
            if let Some(narrow) = narrow {
                narrow(frame, made_up > 0);
            }
            made_up
        };
        match (&mut self.sound, S::as_narrow(frame)) {
            (Sound::Narrow(ours), Some(frame)) => {
                let made_up = ours.playout.pull(frame);
                narrow(frame, made_up)
            }
            (Sound::Narrow(ours), None) => {
                let mut sound = [0; FRAME_SAMPLES];
                let made_up = ours.playout.pull(&mut sound);
                *frame = S::from_narrow(&sound, &mut ours.up);
                narrow(&sound, made_up)
            }
            (Sound::Wide(ours), _) => {
                let mut sound = [[0; 2]; FRAME_SAMPLES];
                let made_up = ours.playout.pull(&mut sound);
                *frame = S::from_wide(&sound, &mut ours.to_call);
                match hears_tones {
                    true => narrow(&ours.to_tones.pass(&sound), made_up),
                    false => made_up,
                }
            }
        }
    }

    /// Whether the coming `pull` finds all of its sound.
    pub fn is_fed(&self) -> bool {
        match &self.sound {
            Sound::Narrow(narrow) => narrow.playout.is_fed(),
            Sound::Wide(wide) => wide.playout.is_fed(),
        }
    }

    pub fn skip(&mut self, beats: u32) {
        match &mut self.sound {
            Sound::Narrow(narrow) => narrow.playout.skip(beats),
            Sound::Wide(wide) => wide.playout.skip(beats),
        }
    }

    pub fn has_sound(&self) -> bool {
        match &self.sound {
            Sound::Narrow(narrow) => narrow.playout.has_sound(),
            Sound::Wide(wide) => wide.playout.has_sound(),
        }
    }
}

impl Wide {
    /// G.711 at 16,000 Hz, frame by frame, into the front of `out`.
    fn widen(&mut self, law: Law, payload: &[u8], out: &mut [Pair; LONGEST_SAMPLES]) {
        let frames = out.chunks_mut(FRAME_SAMPLES);
        for (octets, out) in payload.chunks(FRAME_SAMPLES).zip(frames) {
            let mut frame = [0; FRAME_SAMPLES];
            law.decode(octets, &mut frame);
            out.copy_from_slice(&self.up.pass(&frame)[..out.len()]);
        }
    }
}
