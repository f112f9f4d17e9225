//! Sound: SDP, RTP, telephone events, in-band tones, codecs, prompts, the recorder,
//! and the media threads that own the sockets and the beat. No tokio in the threads;
//! commands in and events out by bounded queues. The only room that names `hound`.
//!
//! **Invariant:** on a leg only the negotiated address is heard; nothing is learnt
//! from what arrives. A forged telephone event is a forged vote.

mod facts;

pub use facts::{WavFacts, is_hold, wav_facts};

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// One side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    Caller,
    Desk,
}

/// How a key press reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// RTP telephone-event (RFC 4733).
    TelephoneEvent,
    /// Tones in the sound itself.
    InBand,
}

/// Settings of the media room.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address sockets are bound to and SDP names.
    pub address: IpAddr,
    /// RTP ports; the even ones are used, RTCP beside them.
    pub ports: RangeInclusive<u16>,
    /// Media threads; 1 is enough below some hundred calls.
    pub threads: usize,
    /// No RTP and no RTCP for this long on a leg that should send: `Event::RtpTimeout`.
    pub rtp_timeout: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the offer cannot be read: {0}")]
    UnreadableSdp(String),
    /// Answer 488 (RFC 3261 §21.4.26).
    #[error("no common codec: the other side offers {offered}; PCMA (8) or PCMU (0) is needed")]
    NoCommonCodec { offered: String },
    #[error("no free RTP port in {0:?}; widen [media] ports")]
    NoPort(RangeInclusive<u16>),
    #[error("the media threads are gone")]
    Gone,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A recorded clip, encoded once per codec.
pub struct Clip {
    /// 8 kHz mono.
    pub pcm: Vec<i16>,
    pub pcma: Vec<u8>,
    pub pcmu: Vec<u8>,
}

/// All clips of one locale, by file stem.
#[derive(Clone, Default)]
pub struct Clips(pub Arc<HashMap<String, Arc<Clip>>>);

impl Clips {
    /// Reads every `*.wav` of `dir`: 16-bit mono PCM of 8 or 16 kHz.
    pub fn load(_dir: &Path) -> Result<Clips, Error> {
        todo!()
    }
}

/// What the media room tells about a call, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A key went down (first packet of it, or the tone's onset). `press` names the press
    /// on this side and way; `at` is when its first sign arrived.
    KeyDown {
        side: Side,
        way: Way,
        code: u8,
        press: u32,
        at: std::time::Instant,
    },
    /// The same press ended (key up seen or inferred).
    KeyUp {
        side: Side,
        way: Way,
        press: u32,
        length_ms: u32,
        at: std::time::Instant,
    },
    /// A play ended by itself.
    Played {
        id: u32,
    },
    /// The first packet of a leg arrived.
    FirstMedia {
        side: Side,
    },
    RtpTimeout {
        side: Side,
    },
    /// A message clip was closed.
    MessageRecorded {
        length_ms: u32,
        reached_limit: bool,
        silence: bool,
    },
    /// Part of the recording could not be written (disk full or slow); it is marked in the file's
    /// sidecar and the call goes on.
    RecordingGap {
        from_ms: u64,
        length_ms: u64,
    },
    /// The answer to `CallMedia::finish`: every key that had arrived was reported before it.
    Finished(Recorded),
}

/// The whole-call recording as it was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub path: PathBuf,
    pub length_ms: u64,
    /// Stretches that could not be written: `(from_ms, length_ms)`.
    pub gaps: Vec<(u64, u64)>,
    pub caller: LegCounts,
    pub desk: Option<LegCounts>,
}

/// Packets of one leg ("call weather").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LegCounts {
    pub received: u64,
    pub lost: u64,
    pub late: u64,
    pub duplicate: u64,
    /// From an address other than the negotiated one: neither heard nor learnt from.
    pub foreign: u64,
    pub sent: u64,
}

/// One side's socket and what was negotiated for it; not yet part of a call.
pub struct Leg {
    _private: (),
}

impl Leg {
    /// The offer (or, after `answer_to`, the answer) to send. Offers PCMA, PCMU and telephone-event.
    pub fn description(&self) -> &str {
        todo!()
    }

    /// Takes the other side's answer to our offer.
    pub fn accept_answer(&mut self, _answer: &[u8]) -> Result<(), Error> {
        todo!()
    }
}

/// The media room. Cheap to clone.
#[derive(Clone)]
pub struct Media {
    _private: (),
}

impl Media {
    /// Starts the media threads and the writer thread.
    pub fn start(_settings: Settings) -> Result<Media, Error> {
        todo!()
    }

    /// A leg that answers `offer`; its `description` is the answer.
    pub fn answer_to(&self, _offer: &[u8]) -> Result<Leg, Error> {
        todo!()
    }

    /// A leg that makes an offer.
    pub fn offer(&self) -> Result<Leg, Error> {
        todo!()
    }

    /// Puts a caller's leg on a thread; with `recording`, recording starts with this call.
    /// The receiver is bounded; a shell that does not read loses nothing of a call's keys
    /// (the thread keeps them) but stops being told of other things.
    pub fn start_call(
        &self,
        _caller: Leg,
        _recording: Option<&Path>,
    ) -> Result<(CallMedia, tokio::sync::mpsc::Receiver<Event>), Error> {
        todo!()
    }
}

/// A running call's sound. Commands never block; they are carried out at the next beat.
pub struct CallMedia {
    _private: (),
}

impl CallMedia {
    /// Plays clips one after another; replaces what is playing; ends with `Event::Played`.
    pub fn play(&self, _id: u32, _clips: Vec<Arc<Clip>>, _to_desk_too: bool) {
        todo!()
    }

    pub fn stop_playing(&self) {
        todo!()
    }

    /// Adds the desk's leg; it hears silence until `join`.
    pub fn add_desk(&self, _leg: Leg) {
        todo!()
    }

    pub fn join(&self) {
        todo!()
    }

    /// Closes the desk's leg.
    pub fn remove_desk(&self) {
        todo!()
    }

    /// A new offer from one side (hold, new address, new codec): the answer to send.
    /// From then on only what was now negotiated is heard.
    pub async fn renegotiate(&self, _side: Side, _offer: &[u8]) -> Result<String, Error> {
        todo!()
    }

    /// Records the caller alone into a clip of its own.
    pub fn record_message(
        &self,
        _path: &Path,
        _max: Duration,
        _silence: Option<Duration>,
        _beep: bool,
    ) {
        todo!()
    }

    pub fn stop_message(&self) {
        todo!()
    }

    /// Sends one key press on a leg: telephone events, or tones. For the built-in caller and desk.
    pub fn send_key(&self, _side: Side, _way: Way, _code: u8, _length: Duration) {
        todo!()
    }

    /// Drains the sockets, reports what they held, closes legs and recording; `Event::Finished` follows.
    pub fn finish(&self) {
        todo!()
    }
}
