//! A shell's handle of a running call: commands go to the media thread, negotiation stays here.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::call::Command;
use super::shard::ToShard;
use super::{Clip, Error, Leg, Side, Way};
use crate::mixing::{Bridge, Ear};
use crate::rtp::sdp::{Local, Negotiated};
use crate::rtp::sender::KeyToSend;

struct Locals {
    caller: Local,
    desk: Option<Local>,
    second: Option<Local>,
    ear: Option<Local>,
}

/// A running call's sound. Commands never block; they are carried out at the next beat.
/// Dropping it finishes the call.
pub struct CallMedia {
    id: u64,
    shard: SyncSender<ToShard>,
    finish: Arc<AtomicBool>,
    locals: Mutex<Locals>,
    ids: Arc<AtomicU64>,
}

impl CallMedia {
    pub(super) fn new(
        id: u64,
        shard: SyncSender<ToShard>,
        finish: Arc<AtomicBool>,
        caller: Local,
        ids: Arc<AtomicU64>,
    ) -> Self {
        let locals = Mutex::new(Locals {
            caller,
            desk: None,
            second: None,
            ear: None,
        });
        CallMedia {
            id,
            shard,
            finish,
            locals,
            ids,
        }
    }

    /// Plays clips one after another; replaces what is playing; ends with `Event::Played`.
    pub fn play(&self, id: u32, clips: Vec<Arc<Clip>>, to_desk_too: bool) {
        self.command(Command::Play {
            id,
            clips,
            to_desk_too,
        });
    }

    pub fn stop_playing(&self) {
        self.command(Command::StopPlaying);
    }

    /// Adds the desk's leg; it hears silence until `join`.
    pub fn add_desk(&self, leg: Leg) {
        let (leg, local) = leg.split(Side::Desk);
        self.locals().desk = Some(local);
        self.command(Command::AddDesk(Box::new(leg)));
    }

    /// Caller and desk hear each other.
    pub fn join(&self) {
        self.bridge(Bridge::Pair);
    }

    /// Who hears whom from the next beat on.
    pub fn bridge(&self, bridge: Bridge) {
        self.command(Command::Bridge(bridge));
    }

    /// They hear each other no more; the desk's leg stays.
    pub fn part(&self) {
        self.bridge(Bridge::Apart);
    }

    /// Closes the desk's leg.
    pub fn remove_desk(&self) {
        self.locals().desk = None;
        self.command(Command::RemoveDesk(Side::Desk));
    }

    /// Adds a second desk's leg; it hears silence until a bridge joins it.
    pub fn add_second(&self, leg: Leg) {
        let (leg, local) = leg.split(Side::Second);
        self.locals().second = Some(local);
        self.command(Command::AddDesk(Box::new(leg)));
    }

    pub fn remove_second(&self) {
        self.locals().second = None;
        self.command(Command::RemoveDesk(Side::Second));
    }

    /// The second desk is the desk from now on; the leg of the one before is closed. Nobody hears anybody until
    /// the next bridge.
    pub fn second_is_first(&self) {
        let mut locals = self.locals();
        locals.desk = locals.second.take();
        drop(locals);
        self.command(Command::SecondIsFirst);
    }

    /// Adds a supervisor's leg, in the place of one that is there; its coming and going changes nothing of the others.
    pub fn add_ear(&self, leg: Leg, how: Ear) {
        let (leg, local) = leg.split(Side::Ear);
        self.locals().ear = Some(local);
        self.command(Command::AddEar(Box::new(leg), how));
    }

    /// How he is in the call from the next beat on.
    pub fn ear(&self, how: Ear) {
        self.command(Command::Ear(how));
    }

    /// The person of the first desk has muted its microphone, or takes it back.
    pub fn muted(&self, on: bool) {
        self.command(Command::Muted(on));
    }

    pub fn remove_ear(&self) {
        self.locals().ear = None;
        self.command(Command::RemoveEar);
    }

    /// The supervisor is the desk from now on; the leg of the one before is closed. Nobody hears anybody until the
    /// next bridge.
    pub fn ear_is_first(&self) {
        let mut locals = self.locals();
        locals.desk = locals.ear.take();
        drop(locals);
        self.command(Command::EarIsFirst);
    }

    /// A new offer from one side (hold, new address, new codec): the answer to send.
    /// From then on only what was now negotiated is heard.
    pub async fn renegotiate(&self, side: Side, offer: &[u8]) -> Result<String, Error> {
        let (answer, negotiated) = self.with_local(side, |local| local.answer(offer))??;
        self.apply(side, negotiated).await?;
        Ok(answer)
    }

    /// Our own offer within the call, for a re-INVITE that came without one (RFC 3261 §14.2).
    pub fn offer_again(&self, side: Side) -> Result<String, Error> {
        self.with_local(side, Local::offer)
    }

    /// The answer to `offer_again`.
    pub async fn accept_answer(&self, side: Side, answer: &[u8]) -> Result<(), Error> {
        let negotiated = self.with_local(side, |local| local.accept(answer))??;
        self.apply(side, negotiated).await
    }

    /// Records the caller alone into a clip of its own.
    pub fn record_message(
        &self,
        path: &Path,
        max: Duration,
        silence: Option<Duration>,
        beep: bool,
    ) {
        let file = self.ids.fetch_add(1, Ordering::Relaxed);
        let path = path.to_owned();
        self.command(Command::RecordMessage {
            file,
            path,
            max,
            silence,
            beep,
        });
    }

    pub fn stop_message(&self) {
        self.command(Command::StopMessage);
    }

    /// Sends one key press on a leg: telephone events, or tones. For the built-in caller and desk.
    pub fn send_key(&self, side: Side, way: Way, code: u8, length: Duration) {
        let length_samples = u32::try_from(length.as_millis() * 8)
            .unwrap_or(u32::MAX)
            .min(0xFFFF);
        let key = KeyToSend {
            way,
            code,
            length_samples,
        };
        self.command(Command::SendKey { side, key });
    }

    /// Drains the sockets, reports what they held, closes legs and recording; `Event::LegsClosed` follows at the
    /// next beat, `Event::Finished` when the disk has taken the recording.
    pub fn finish(&self) {
        self.finish.store(true, Ordering::Release);
    }

    async fn apply(&self, side: Side, negotiated: Negotiated) -> Result<(), Error> {
        let (done, carried_out) = tokio::sync::oneshot::channel();
        self.command(Command::Renegotiated {
            side,
            negotiated,
            done,
        });
        carried_out.await.map_err(|_| Error::Gone)
    }

    fn with_local<T>(&self, side: Side, act: impl FnOnce(&mut Local) -> T) -> Result<T, Error> {
        let mut locals = self.locals();
        match side {
            Side::Caller => Ok(act(&mut locals.caller)),
            Side::Desk => locals.desk.as_mut().map(act).ok_or(Error::Gone),
            Side::Second => locals.second.as_mut().map(act).ok_or(Error::Gone),
            Side::Ear => locals.ear.as_mut().map(act).ok_or(Error::Gone),
        }
    }

    fn locals(&self) -> std::sync::MutexGuard<'_, Locals> {
        self.locals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn command(&self, command: Command) {
        match self.shard.try_send(ToShard::Command {
            call: self.id,
            command,
        }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                metrics::counter!("gradeline_media_refused_commands_total").increment(1);
                tracing::error!(call = self.id, "a media thread takes no commands");
            }
            Err(TrySendError::Disconnected(_)) => {
                tracing::error!(call = self.id, "the media threads are gone");
            }
        }
    }
}

impl Drop for CallMedia {
    fn drop(&mut self) {
        self.finish();
    }
}
