//! Which codecs there are, and what descriptions call them.

use super::Law;

/// A codec of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// A-law, the one of Europe and China.
    Pcma,
    /// µ-law, the one of North America and Japan.
    Pcmu,
    /// ITU-T G.722 at 64 kbit/s: 16,000 samples a second, of which descriptions and timestamps say 8000 (RFC 3551
    /// §4.5.2).
    G722,
    /// RFC 6716; described and stamped as 48,000 Hz and two channels whatever it carries (RFC 7587 §4.1, §7).
    Opus,
}

/// Samples a second of what a codec carries here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Rate {
    #[default]
    Narrow,
    Wide,
}

impl Rate {
    pub fn hz(self) -> u32 {
        8000 * self.samples_a_step() as u32
    }

    /// Samples in 1/8000 s.
    pub fn samples_a_step(self) -> usize {
        match self {
            Rate::Narrow => 1,
            Rate::Wide => 2,
        }
    }
}

impl Codec {
    pub const ALL: [Codec; 4] = [Codec::Pcma, Codec::Pcmu, Codec::G722, Codec::Opus];

    /// The encoding name of `a=rtpmap`.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
            Codec::G722 => "G722",
            Codec::Opus => "opus",
        }
    }

    /// By the encoding name of `a=rtpmap`, in any case of letters.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Codec::ALL.into_iter();
        all.find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// What stands behind the payload type in `a=rtpmap`.
    pub fn map(self) -> String {
        let channels = if self == Codec::Opus { "/2" } else { "" };
        format!("{}/{}{channels}", self.name(), self.clock_hz())
    }

    /// What stands behind the payload type in `a=fmtp`: of Opus, what we like to receive (RFC 7587 §6.1).
    pub fn parameters(self) -> Option<&'static str> {
        (self == Codec::Opus).then_some(
            "minptime=10;useinbandfec=0;stereo=0;sprop-stereo=0;maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=24000",
        )
    }

    /// Ticks a second of RTP timestamps.
    pub fn clock_hz(self) -> u32 {
        match self {
            Codec::Pcma | Codec::Pcmu | Codec::G722 => 8000,
            Codec::Opus => 48_000,
        }
    }

    pub fn rate(self) -> Rate {
        match self {
            Codec::Pcma | Codec::Pcmu => Rate::Narrow,
            Codec::G722 | Codec::Opus => Rate::Wide,
        }
    }

    pub fn law(self) -> Option<Law> {
        match self {
            Codec::Pcma => Some(Law::Pcma),
            Codec::Pcmu => Some(Law::Pcmu),
            Codec::G722 | Codec::Opus => None,
        }
    }

    /// The payload type of our own offers: the static one (RFC 3551 §6), and for Opus one of the dynamic.
    pub fn payload_type(self) -> u8 {
        match self {
            Codec::Pcma => 8,
            Codec::Pcmu => 0,
            Codec::G722 => 9,
            Codec::Opus => 111,
        }
    }

    /// Of a payload type that needs no `a=rtpmap`.
    pub fn from_static_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            8 => Some(Codec::Pcma),
            0 => Some(Codec::Pcmu),
            9 => Some(Codec::G722),
            _ => None,
        }
    }
}

impl From<Law> for Codec {
    fn from(law: Law) -> Self {
        match law {
            Law::Pcma => Codec::Pcma,
            Law::Pcmu => Codec::Pcmu,
        }
    }
}

/// Codecs in the order in which they are liked; each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codecs([Option<Codec>; Codec::ALL.len()]);

impl Codecs {
    pub const G711: Codecs = Codecs([Some(Codec::Pcma), Some(Codec::Pcmu), None, None]);
    pub const ALL: Codecs = Codecs([
        Some(Codec::Pcma),
        Some(Codec::Pcmu),
        Some(Codec::G722),
        Some(Codec::Opus),
    ]);

    /// `None` where there is none, or one twice.
    pub fn new(codecs: &[Codec]) -> Option<Self> {
        let mut places = [None; Codec::ALL.len()];
        for (at, codec) in codecs.iter().enumerate() {
            if codecs[..at].contains(codec) {
                return None;
            }
            *places.get_mut(at)? = Some(*codec);
        }
        places[0].is_some().then_some(Codecs(places))
    }

    pub fn iter(&self) -> impl Iterator<Item = Codec> {
        self.0.into_iter().flatten()
    }

    pub fn contains(&self, codec: Codec) -> bool {
        self.iter().any(|one| one == codec)
    }
}
