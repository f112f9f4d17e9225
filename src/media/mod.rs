//! Sound: SDP, RTP, telephone events, in-band tones, codecs, prompts, the recorder,
//! and the media threads that own the sockets and the beat. No tokio in the threads;
//! commands in and events out by bounded queues.
//!
//! **Invariant:** on a leg only the negotiated address is heard; nothing is learnt
//! from what arrives. A forged telephone event is a forged vote.

mod browser;
mod call;
mod fault;
mod handle;
mod leg;
mod message;
mod outbox;
mod platter;
mod priority;
mod recorder;
mod settings;
mod shard;
mod writer;

#[cfg(test)]
mod tests;

pub use crate::clips::{Clip, Clips, WavFacts, wav_facts};
pub use crate::codecs::{Codec, Codecs};
pub use crate::mixing::limiter::Levels;
use crate::mixing::limiter::factor;
pub use crate::mixing::{Bridge, Ear};
pub use crate::oneway::{News, Trouble};
pub use crate::rtp::Way;
pub use crate::rtp::sdp::is_hold;
pub use crate::srtp::secrecy::{Secrecy, Srtp, Whose};
pub use fault::Error;
pub use settings::Settings;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use crate::codecs;
use crate::line::{FarEnd, Learning, Ports};
use crate::peer::Identity;
use crate::rtp::sdp::{self, Local, Negotiated};
use crate::volume::{self, FileSystem, Volume};
use call::NewCall;
pub use handle::CallMedia;
use leg::MediaLeg;
use recorder::Writer;
use shard::ToShard;

/// One side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    Caller,
    Desk,
    /// A colleague whom the desk consults, or to whom the caller is handed over.
    Second,
    /// A supervisor, in the way that [`Ear`] says.
    Ear,
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
        at: Instant,
    },
    /// The same press ended (key up seen or inferred).
    KeyUp {
        side: Side,
        way: Way,
        press: u32,
        length_ms: u32,
        at: Instant,
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
    /// A side of the talk gives no sound or gets none, or does again.
    OneWay {
        side: Side,
        news: News,
    },
    /// Packets come from elsewhere than was said, and `learn_address` allows it: from here on `from`
    /// is the leg's address.
    AddressLearnt {
        side: Side,
        from: SocketAddr,
    },
    /// A message clip was closed.
    MessageRecorded {
        length_ms: u32,
        reached_limit: bool,
        silence: bool,
    },
    /// Part of the recording could not be written (disk full or slow) and is silent there; the call
    /// goes on. Told again in `Recorded::gaps`, which a crash takes away: note it at once.
    RecordingGap {
        from_ms: u64,
        length_ms: u64,
    },
    /// The answer to `CallMedia::finish`: every key that had arrived was reported before it, and the legs' ports
    /// are free. What is left waits for the disk.
    LegsClosed,
    /// Behind it: the recording is closed and synced.
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
    /// From the negotiated address without a tag that fits (SRTP): nothing was changed by them.
    pub unauthentic: u64,
    /// With a tag that fits, and they came before (SRTP): nothing was changed by them either.
    pub repeated: u64,
    pub sent: u64,
}

/// Commands waiting for one media thread.
const COMMANDS_QUEUED: usize = 8192;
/// Messages waiting for the writer.
const WRITES_QUEUED: usize = 8192;
/// Events waiting for a call's shell, beyond which the media thread keeps the keys itself.
const EVENTS_QUEUED: usize = 256;

/// One side's socket and what was negotiated for it; not yet part of a call.
pub struct Leg {
    far_end: FarEnd,
    local: Local,
    description: String,
    negotiated: Option<Negotiated>,
    level: f32,
}

impl Leg {
    /// The offer (or, after `answer_to`, the answer) to send.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The offer in the clear, for whom refuses the protected one (488); `None` where that may not be.
    pub fn plain_offer(&mut self) -> Option<String> {
        self.local.plain_offer()
    }

    /// Takes the other side's answer to our offer, whichever it was.
    pub fn accept_answer(&mut self, answer: &[u8]) -> Result<(), Error> {
        let negotiated = self.local.accept(answer)?;
        reachable(self.local.address, &negotiated)?;
        self.negotiated = Some(negotiated);
        Ok(())
    }

    /// Its other end is behind NAT: what it says of its address is not where it speaks from. That may be learnt from its
    /// first packets where they come from this host, from which it registered.
    pub fn learn_from(&mut self, host: IpAddr) {
        self.far_end.learn_from(host);
    }

    /// The sockets go to a media thread, the negotiation stays with the call's handle.
    fn split(self, side: Side) -> (MediaLeg, Local) {
        let nothing = Negotiated::nothing();
        let negotiated = self.negotiated.unwrap_or(nothing);
        (
            MediaLeg::new(side, self.far_end, negotiated, self.level, clock()),
            self.local,
        )
    }
}

/// The media room. Cheap to clone.
#[derive(Clone)]
pub struct Media {
    ports: Arc<Ports>,
    shards: Arc<[SyncSender<ToShard>]>,
    writer: Writer,
    ids: Arc<AtomicU64>,
    rtp_timeout: Duration,
    secrecy: Secrecy,
    /// Of the legs that are made.
    srtp: Srtp,
    levels: Levels,
    /// Of the legs that are made.
    level: f32,
    trunk_codecs: Codecs,
    desk_codecs: Codecs,
    browser_codecs: Codecs,
    learning: Learning,
    /// Who we are to browsers.
    identity: Arc<Identity>,
}

impl Media {
    /// Starts the media threads and the writer thread.
    pub fn start(settings: Settings) -> Result<Media, Error> {
        Media::start_on(FileSystem, settings)
    }

    /// The same, recording onto another volume than the file system.
    fn start_on(volume: impl Volume + 'static, settings: Settings) -> Result<Media, Error> {
        let (queue, blocks) = sync_channel(WRITES_QUEUED);
        let stalled = Arc::new(AtomicUsize::new(0));
        std::thread::Builder::new()
            .name("recording".into())
            .spawn({
                let stalled = Arc::clone(&stalled);
                move || {
                    // A block that waits for a core is sound that a crash takes.
                    priority::raise(priority::EVIDENCE);
                    writer::run(&blocks, &volume, &stalled);
                }
            })?;
        let mut shards = Vec::new();
        for index in 0..settings.threads.max(1) {
            let (sender, receiver) = sync_channel(COMMANDS_QUEUED);
            std::thread::Builder::new()
                .name(format!("media-{index}"))
                .spawn(move || {
                    priority::raise(priority::BEAT);
                    codecs::prepare();
                    shard::run(&receiver);
                })?;
            shards.push(sender);
        }
        Ok(Media {
            ports: Ports::new(settings.address, settings.ports),
            shards: shards.into(),
            writer: Writer {
                queue,
                in_memory: Arc::new(AtomicUsize::new(0)),
                stalled,
            },
            ids: Arc::new(AtomicU64::new(0)),
            rtp_timeout: settings.rtp_timeout,
            secrecy: settings.srtp,
            srtp: settings.srtp.trunk,
            levels: settings.levels,
            level: factor(settings.levels.trunk),
            trunk_codecs: settings.trunk_codecs,
            desk_codecs: settings.desk_codecs,
            browser_codecs: settings.browser_codecs,
            learning: match settings.learn_address {
                true => Learning::FromAnybody,
                false => Learning::Never,
            },
            identity: Arc::new(Identity::new().map_err(Error::NoKeys)?),
        })
    }

    /// Recordings that their volume does not take now: their sound waits in memory.
    pub fn stalled_recordings(&self) -> usize {
        self.writer.stalled.load(Ordering::Relaxed)
    }

    /// The same room for legs of these, whose keys travel by TLS or do not.
    pub fn toward(&self, whose: Whose, by_tls: bool) -> Media {
        Media {
            srtp: self.secrecy.of(whose, by_tls),
            level: factor(match whose {
                Whose::Trunk => self.levels.trunk,
                Whose::Desk => self.levels.desks,
            }),
            ..self.clone()
        }
    }

    /// Whether what is offered here has keys that may travel by TLS alone.
    pub fn keys_need_tls(&self) -> bool {
        self.srtp.offers_protection() && !self.secrecy.in_clear
    }

    /// A leg that answers `offer`; its `description` is the answer.
    pub fn answer_to(&self, offer: &[u8]) -> Result<Leg, Error> {
        // Read first, so that an offer nobody can answer costs no port.
        sdp::check(offer, self.srtp, &self.trunk_codecs)?;
        let sockets = self.ports.bind()?;
        let codecs = self.trunk_codecs;
        let mut local = Local::new(self.ports.address(), sockets.port, self.srtp, codecs);
        let (description, negotiated) = local.answer(offer)?;
        reachable(self.ports.address(), &negotiated)?;
        Ok(Leg {
            far_end: FarEnd::new(sockets, self.learning),
            local,
            description,
            negotiated: Some(negotiated),
            level: self.level,
        })
    }

    /// A leg that makes an offer to a trunk.
    pub fn offer(&self) -> Result<Leg, Error> {
        self.offer_of(self.trunk_codecs)
    }

    /// A leg that makes an offer to a desk's telephone.
    pub fn offer_to_desk(&self) -> Result<Leg, Error> {
        self.offer_of(self.desk_codecs)
    }

    fn offer_of(&self, codecs: Codecs) -> Result<Leg, Error> {
        if self.srtp == Srtp::Impossible {
            return Err(Error::KeysInTheClear);
        }
        let sockets = self.ports.bind()?;
        let mut local = Local::new(self.ports.address(), sockets.port, self.srtp, codecs);
        let description = local.offer();
        Ok(Leg {
            far_end: FarEnd::new(sockets, self.learning),
            local,
            description,
            negotiated: None,
            level: self.level,
        })
    }

    /// Puts a caller's leg on a thread; with `recording`, recording starts with this call.
    /// The receiver is bounded; a shell that does not read loses nothing of a call's keys
    /// (the thread keeps them) but stops being told of other things.
    pub fn start_call(
        &self,
        caller: Leg,
        recording: Option<&Path>,
    ) -> Result<(CallMedia, tokio::sync::mpsc::Receiver<Event>), Error> {
        let (events, receiver) = tokio::sync::mpsc::channel(EVENTS_QUEUED);
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let shard = self.shards[id as usize % self.shards.len()].clone();
        let (caller, local) = caller.split(Side::Caller);
        let finish = Arc::new(AtomicBool::new(false));
        let new = NewCall {
            id,
            caller,
            recording: recording.map(|path| (id, path.to_owned())),
            events,
            finish: Arc::clone(&finish),
            writer: self.writer.clone(),
            timeout: self.rtp_timeout,
        };
        shard
            .try_send(ToShard::Start(Box::new(new)))
            .map_err(|_| Error::Gone)?;
        let ids = Arc::clone(&self.ids);
        Ok((CallMedia::new(id, shard, finish, local, ids), receiver))
    }
}

/// The handle is part of the shell: a leg's time begins when it is put on its thread.
#[allow(clippy::disallowed_methods)]
fn clock() -> Instant {
    Instant::now()
}

/// Sockets of one address family reach only that family.
fn reachable(ours: IpAddr, negotiated: &Negotiated) -> Result<(), Error> {
    match negotiated.rtp.map(|rtp| rtp.ip()) {
        Some(theirs) if theirs.is_ipv4() != ours.is_ipv4() => {
            Err(Error::OtherFamily { ours, theirs })
        }
        _ => Ok(()),
    }
}
