//! A running call on its media thread: one beat is 20 ms of both sides.

mod ear;
mod ending;
mod late;
mod oneway;
mod record;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;

use super::leg::MediaLeg;
use super::message::{End, Message};
use super::outbox::Outbox;
use super::recorder::{FileId, Recording, Writer};
use super::{Clip, Event, LegCounts, Side};
use crate::codecs::{FRAME_SAMPLES, Frame, Pair, Rate};
use crate::mixing::{Bridge, Ear, Held, Limiters, Play, Prompt, Track};
use crate::rtp::sdp::Negotiated;
use crate::rtp::sender::KeyToSend;

use ear::Supervisor;
pub use ending::Ending;

/// Length of a beat.
pub const BEAT: Duration = Duration::from_millis(20);
/// Frames sent to catch up; what is older than that is not sent at all.
const CAUGHT_UP: u32 = 3;

/// What a call is asked to do.
pub enum Command {
    Play {
        id: u32,
        clips: Vec<Arc<Clip>>,
        to_desk_too: bool,
    },
    StopPlaying,
    /// Of this side, [`Side::Desk`] or [`Side::Second`].
    AddDesk(Box<MediaLeg>),
    Bridge(Bridge),
    RemoveDesk(Side),
    /// The second desk is the first from now on.
    SecondIsFirst,
    /// A supervisor's, in this way.
    AddEar(Box<MediaLeg>, Ear),
    Ear(Ear),
    /// Of the first desk: its person has muted its microphone, or takes it back.
    Muted(bool),
    RemoveEar,
    /// The supervisor is the first desk from now on.
    EarIsFirst,
    Renegotiated {
        side: Side,
        negotiated: Negotiated,
        done: tokio::sync::oneshot::Sender<()>,
    },
    RecordMessage {
        file: FileId,
        path: PathBuf,
        max: Duration,
        silence: Option<Duration>,
        beep: bool,
    },
    StopMessage,
    SendKey {
        side: Side,
        key: KeyToSend,
    },
}

pub struct Call {
    pub id: u64,
    pub next_beat: Instant,
    finish: Arc<AtomicBool>,
    caller: MediaLeg,
    /// The first desk and the second.
    desks: [Option<Box<MediaLeg>>; 2],
    /// Of one at a time.
    supervisor: Option<Supervisor>,
    /// What the desk's leg that was closed last had counted.
    desk_counts: Option<LegCounts>,
    bridge: Bridge,
    limiters: Limiters,
    play: Option<Play>,
    recording: Option<Recording>,
    message: Option<Message>,
    /// Closed files whose last blocks the writer's queue has not taken yet.
    closing: Vec<Recording>,
    outbox: Outbox,
    writer: Writer,
    /// What is our own is recorded as late as what comes out of the jitter buffers: `rtp`'s target.
    held: Held,
    /// The best of the legs that were in it: a call becomes wide once, and stays so.
    rate: Rate,
    timeout: Duration,
}

/// What `Call::new` needs.
pub struct NewCall {
    pub id: u64,
    pub caller: MediaLeg,
    pub recording: Option<(FileId, PathBuf)>,
    pub events: Sender<Event>,
    pub finish: Arc<AtomicBool>,
    pub writer: Writer,
    pub timeout: Duration,
}

impl Call {
    pub fn new(new: NewCall, first_beat: Instant) -> Self {
        let recording = new.recording.map(|(file, path)| {
            Recording::open(file, path, 2, new.writer.clone(), new.events.clone())
        });
        let rate = new.caller.rate();
        Call {
            id: new.id,
            next_beat: first_beat,
            finish: new.finish,
            caller: new.caller,
            desks: [None, None],
            supervisor: None,
            desk_counts: None,
            bridge: Bridge::Apart,
            limiters: Limiters::default(),
            play: None,
            recording,
            message: None,
            closing: Vec::new(),
            outbox: Outbox::new(new.events),
            writer: new.writer,
            held: Held::default(),
            rate,
            timeout: new.timeout,
        }
    }

    /// Runs every beat that is due; `false` when the call is to be ended.
    pub fn run(&mut self, now: Instant) -> bool {
        self.outbox.flush();
        self.closing.retain_mut(Recording::retry);
        let late = now.saturating_duration_since(self.next_beat);
        let due = 1 + (late.as_micros() / BEAT.as_micros()) as u32;
        if due > CAUGHT_UP {
            self.catch_up(due - CAUGHT_UP, now);
        }
        for _ in 0..due.min(CAUGHT_UP) {
            self.beat(now);
            self.next_beat += BEAT;
        }
        !self.finish.load(Ordering::Acquire)
    }

    pub fn ask_to_finish(&self) {
        self.finish.store(true, Ordering::Release);
    }

    fn beat(&mut self, now: Instant) {
        match self.rate {
            Rate::Narrow => self.beat_of::<i16>(now),
            Rate::Wide => self.beat_of::<Pair>(now),
        }
    }

    fn beat_of<S: Track>(&mut self, now: Instant) {
        let (from_caller, from_desks) = self.listen::<S>(now);
        self.supervise(now);
        self.watch(&from_caller, &from_desks[0]);
        let mut prompt = Prompt::default();
        let (mut to_caller_is_prompt, mut to_desk_is_prompt) = (false, false);
        if let Some(play) = &mut self.play {
            let codec_caller = self.caller.negotiated.codec;
            let desk = self.desks[0].as_ref().filter(|_| play.to_desk_too);
            let codec_desk = desk.map(|desk| desk.negotiated.codec);
            let over = play.next(&mut prompt, codec_caller, codec_desk);
            (to_caller_is_prompt, to_desk_is_prompt) = (true, play.to_desk_too);
            if over {
                self.outbox.push(Event::Played { id: play.id });
                self.play = None;
            }
        }
        let mixed = self.mixed(&from_caller, &from_desks, !to_caller_is_prompt, now);
        let beep = self.message.as_mut().and_then(Message::beep);
        let ready = (to_caller_is_prompt && beep.is_none()).then_some(&prompt.caller);
        let ours = beep.or(to_caller_is_prompt.then_some(prompt.pcm));
        let mut heard = match &ours {
            Some(ours) => self.caller.at_rate(ours),
            None => mixed.to_caller,
        };
        self.caller.send(ready, &mut heard);
        for (desk, mut sound) in self.desks.iter_mut().zip(mixed.to_desks) {
            let Some(desk) = desk else { continue };
            if to_desk_is_prompt && desk.side == Side::Desk {
                sound = desk.at_rate(&prompt.pcm);
                desk.send(Some(&prompt.desk), &mut sound);
            } else {
                desk.send(None, &mut sound);
            }
        }
        let silence = [S::default(); FRAME_SAMPLES];
        let spoken = if ours.is_some() { heard } else { silence };
        self.record(&from_caller, &spoken, &mixed.desks);
    }

    /// What every side says in this beat.
    fn listen<S: Track>(&mut self, now: Instant) -> (Frame<S>, [Frame<S>; 2]) {
        let (outbox, due) = (&mut self.outbox, self.next_beat);
        let mut from_caller = [S::default(); FRAME_SAMPLES];
        let mut from_desks = [from_caller; 2];
        self.caller.drain(due, now, &mut |event| outbox.push(event));
        self.caller
            .hear(&mut from_caller, now, &mut |event| outbox.push(event));
        for (desk, sound) in self.desks.iter_mut().zip(&mut from_desks) {
            if let Some(desk) = desk {
                desk.drain(due, now, &mut |event| outbox.push(event));
                desk.hear(sound, now, &mut |event| outbox.push(event));
            }
        }
        (from_caller, from_desks)
    }

    fn supervise(&mut self, now: Instant) {
        let (outbox, timeout) = (&mut self.outbox, self.timeout);
        for desk in self.desks.iter_mut().flatten() {
            desk.supervise(timeout, now, &mut |event| outbox.push(event));
        }
        if let Some(supervisor) = &mut self.supervisor {
            let leg = &mut supervisor.leg;
            leg.supervise(timeout, now, &mut |event| outbox.push(event));
        }
        self.caller
            .supervise(timeout, now, &mut |event| outbox.push(event));
    }

    pub fn carry_out(&mut self, command: Command, now: Instant) {
        match command {
            Command::Play {
                id,
                clips,
                to_desk_too,
            } => self.play = Some(Play::new(id, clips, to_desk_too)),
            Command::StopPlaying => self.play = None,
            Command::AddDesk(leg) => {
                self.rate = self.rate.max(leg.rate());
                self.remove_desk(leg.side, now);
                if let Some(place) = place_of(leg.side) {
                    self.desks[place] = Some(leg);
                }
            }
            Command::Bridge(bridge) => self.bridge = bridge,
            Command::RemoveDesk(side) => self.remove_desk(side, now),
            Command::SecondIsFirst => {
                let second = self.desks[1].take();
                self.is_first(second, now);
            }
            Command::AddEar(leg, how) => {
                self.rate = self.rate.max(leg.rate());
                self.remove_ear(now);
                self.supervisor = Some(Supervisor { leg, how });
            }
            Command::Ear(how) => self.ear_is(how),
            Command::Muted(on) => self.is_muted(on),
            Command::RemoveEar => self.remove_ear(now),
            Command::EarIsFirst => {
                let ear = self.supervisor.take();
                self.is_first(ear.map(|ear| ear.leg), now);
            }
            Command::Renegotiated {
                side,
                negotiated,
                done,
            } => {
                let due = self.next_beat;
                self.rate = self.rate.max(negotiated.codec.rate());
                if let (Some(leg), outbox) = self.leg(side) {
                    // What came before was negotiated, too: a key of it counts.
                    leg.drain_all(due, now, &mut |event| outbox.push(event));
                    leg.renegotiated(negotiated, now);
                }
                // The asker may be gone; then nobody waits.
                let _ = done.send(());
            }
            Command::RecordMessage {
                file,
                path,
                max,
                silence,
                beep,
            } => {
                self.close_message(End::Stopped);
                let writer = self.writer.clone();
                let events = self.outbox.sender();
                let recording = Recording::open(file, path, 1, writer, events);
                self.message = Some(Message::new(recording, max, silence, beep));
            }
            Command::StopMessage => self.close_message(End::Stopped),
            Command::SendKey { side, key } => {
                if let (Some(leg), _) = self.leg(side) {
                    leg.queue_key(key);
                }
            }
        }
    }

    fn leg(&mut self, side: Side) -> (Option<&mut MediaLeg>, &mut Outbox) {
        let leg = match side {
            Side::Caller => Some(&mut self.caller),
            Side::Desk => self.desks[0].as_deref_mut(),
            Side::Second => self.desks[1].as_deref_mut(),
            Side::Ear => self.supervisor.as_mut().map(|ear| &mut *ear.leg),
        };
        (leg, &mut self.outbox)
    }

    /// This leg has the first desk's place from now on.
    fn is_first(&mut self, leg: Option<Box<MediaLeg>>, now: Instant) {
        self.remove_desk(Side::Desk, now);
        self.desks[0] = leg;
        if let Some(desk) = &mut self.desks[0] {
            desk.stands_as(Side::Desk);
        }
    }

    fn remove_desk(&mut self, side: Side, now: Instant) {
        if side == Side::Desk {
            self.bridge = Bridge::Apart;
        }
        let desk = place_of(side).and_then(|place| self.desks[place].take());
        if let Some(mut desk) = desk {
            let (outbox, due) = (&mut self.outbox, self.next_beat);
            desk.drain_all(due, now, &mut |event| outbox.push(event));
            desk.watch(false, 0, 0, &mut |event| outbox.push(event));
            desk.close(now, &mut |event| outbox.push(event));
            self.desk_counts = Some(desk.counts);
        }
    }
}

/// Where a desk's leg is kept.
fn place_of(side: Side) -> Option<usize> {
    match side {
        Side::Caller | Side::Ear => None,
        Side::Desk => Some(0),
        Side::Second => Some(1),
    }
}
