//! The writer thread: takes blocks, writes WAV files, waits for the disk so that nobody else has to.

mod widening;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;

use super::platter::{Closed, Platter};
use super::recorder::{BLOCKS_KEPT, Block, Closing, FileId, ToWriter};
use super::volume::{Durable, Octets, Start, Volume};
use super::{Event, Recorded};
use crate::codecs::Rate;
use crate::failpoint::{self, Step};

/// Every fourth block. Not the full second: a block that came a little early would wait for the fifth.
const SYNC_EVERY: Duration = Duration::from_millis(900);
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// Gaps told one by one in a file; later ones widen the last.
const GAPS_TOLD: usize = 1000;
/// Silence is written in pieces of this many samples.
const SILENCE: [i16; 8192] = [0; 8192];

type Wav = hound::WavWriter<Box<dyn Octets>>;

/// A file as it stands on the disk.
enum Disk {
    /// To be created or gone on with, not before this moment.
    Down {
        retry_at: Option<Instant>,
        _stall: Option<Stall>,
    },
    Up(Wav, Arc<dyn Durable>),
}

/// Counts a file among those that the volume does not take.
struct Stall(Arc<AtomicUsize>);

impl Stall {
    fn new(stalled: &Arc<AtomicUsize>) -> Self {
        stalled.fetch_add(1, Ordering::Relaxed);
        Stall(Arc::clone(stalled))
    }
}

impl Drop for Stall {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Open {
    path: PathBuf,
    channels: u16,
    events: Sender<Event>,
    disk: Disk,
    stalled: Arc<AtomicUsize>,
    /// Of the file as it stands; see [`widening`].
    rate: Rate,
    /// Frames on the disk.
    frames: u64,
    /// So many frames at the beginning are in the file that was set aside.
    aside: u64,
    waiting: VecDeque<Block>,
    gaps: Vec<(u64, u64)>,
    /// Where silence began that stands for lost sound and is not told yet.
    silent_from: Option<u64>,
    synced_at: Option<Instant>,
    ever_written: bool,
}

/// Runs until every way to it is gone.
#[allow(clippy::disallowed_methods)] // The writer is a shell: it paces its retries and syncs.
pub fn run(queue: &Receiver<ToWriter>, volume: &dyn Volume, stalled: &Arc<AtomicUsize>) {
    let mut platter = Platter::start();
    let mut files: HashMap<FileId, Open> = HashMap::new();
    loop {
        let message = match queue.recv_timeout(RETRY_EVERY / 2) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let now = Instant::now();
        platter.retry();
        match message {
            Some(ToWriter::Open {
                file,
                path,
                channels,
                events,
            }) => {
                let mut open = Open::new(path, channels, events, stalled);
                open.write(now, volume, &platter);
                files.insert(file, open);
            }
            Some(ToWriter::Block { file, block }) => {
                if let Some(open) = files.get_mut(&file) {
                    open.take(block);
                    open.write(now, volume, &platter);
                }
            }
            Some(ToWriter::Close {
                file,
                frames,
                rate,
                closing,
            }) => {
                if let Some(open) = files.remove(&file) {
                    let closed = open.close((frames, rate), closing, now, volume, &platter);
                    platter.close(closed);
                }
            }
            None => {
                for open in files.values_mut() {
                    open.write(now, volume, &platter);
                }
            }
        }
    }
}

impl Open {
    fn new(
        path: PathBuf,
        channels: u16,
        events: Sender<Event>,
        stalled: &Arc<AtomicUsize>,
    ) -> Self {
        Open {
            path,
            channels,
            events,
            disk: Disk::Down {
                retry_at: None,
                _stall: None,
            },
            stalled: Arc::clone(stalled),
            rate: Rate::Narrow,
            frames: 0,
            aside: 0,
            waiting: VecDeque::new(),
            gaps: Vec::new(),
            silent_from: None,
            synced_at: None,
            ever_written: false,
        }
    }

    fn take(&mut self, block: Block) {
        if self.waiting.len() >= BLOCKS_KEPT {
            // The oldest goes: its place on the timeline becomes silence when the disk is back.
            self.waiting.pop_front();
        }
        self.waiting.push_back(block);
    }

    fn write(&mut self, now: Instant, volume: &dyn Volume, platter: &Platter) {
        match self.try_write(now, volume, platter) {
            Ok(()) => {}
            Err(fault) => {
                let first = matches!(self.disk, Disk::Up(..) | Disk::Down { retry_at: None, .. });
                self.disk = Disk::Down {
                    retry_at: Some(now + RETRY_EVERY),
                    _stall: Some(Stall::new(&self.stalled)),
                };
                metrics::counter!("gradeline_media_recording_faults_total").increment(1);
                if first {
                    tracing::error!(%fault, path = %self.path.display(), "a recording cannot be written; its sound waits in memory");
                }
            }
        }
    }

    fn try_write(
        &mut self,
        now: Instant,
        volume: &dyn Volume,
        platter: &Platter,
    ) -> hound::Result<()> {
        if let Disk::Down { retry_at, .. } = self.disk {
            if retry_at.is_some_and(|at| now < at) {
                return Ok(());
            }
            self.disk = self.open_file(volume)?;
            if retry_at.is_some() {
                tracing::info!(path = %self.path.display(), "a recording is written again");
            }
        }
        self.write_aside()?;
        while let Some(block) = self.waiting.front() {
            let (from, rate) = (block.from, block.rate);
            if rate > self.rate {
                self.widen(rate, volume, platter)?;
            }
            if from > self.frames {
                self.silent_from.get_or_insert(self.frames);
                self.write_silence(from - self.frames)?;
            }
            self.note_gap(from);
            let Disk::Up(wav, _) = &mut self.disk else {
                return Ok(());
            };
            let block = self.waiting.front().expect("it was there");
            // What a failed attempt did bring to the disk is not written twice.
            let written = self.frames.saturating_sub(block.from) * u64::from(self.channels);
            let rest = block.samples.get(written as usize..).unwrap_or_default();
            write_samples(wav, rest)?;
            wav.flush()?;
            self.frames = u64::from(wav.duration());
            self.waiting.pop_front();
        }
        if let Disk::Up(_, file) = &self.disk
            && self
                .synced_at
                .is_none_or(|at| now.saturating_duration_since(at) >= SYNC_EVERY)
        {
            self.synced_at = Some(now);
            platter.sync(file);
        }
        Ok(())
    }

    fn open_file(&mut self, volume: &dyn Volume) -> hound::Result<Disk> {
        let spec = hound::WavSpec {
            channels: self.channels,
            sample_rate: self.rate.hz(),
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let start = if self.ever_written {
            Start::WhereItEnded
        } else {
            Start::Afresh
        };
        let (octets, durable) = volume.open(&self.path, start)?;
        let mut wav = match start {
            Start::Afresh => Wav::new(octets, spec)?,
            // Behind what the header says is whole.
            Start::WhereItEnded => Wav::new_append(octets)?,
        };
        while wav.len() % u32::from(self.channels) != 0 {
            wav.write_sample(0i16)?;
        }
        wav.flush()?;
        self.ever_written = true;
        self.frames = u64::from(wav.duration());
        Ok(Disk::Up(wav, durable))
    }

    fn write_silence(&mut self, frames: u64) -> hound::Result<()> {
        let Disk::Up(wav, _) = &mut self.disk else {
            return Ok(());
        };
        let mut left = frames * u64::from(self.channels);
        while left > 0 {
            let piece = left.min(SILENCE.len() as u64);
            write_samples(wav, &SILENCE[..piece as usize])?;
            left -= piece;
        }
        wav.flush()?;
        self.frames = u64::from(wav.duration());
        Ok(())
    }

    /// Tells the silence that was written up to `until` for sound that is lost, if there is any.
    fn note_gap(&mut self, until: u64) {
        let Some(from) = self.silent_from.take() else {
            return;
        };
        let length = until.saturating_sub(from);
        let gap = (self.ms(from), self.ms(length));
        metrics::counter!("gradeline_media_recording_gap_ms_total").increment(gap.1);
        let full = self.gaps.len() >= GAPS_TOLD;
        match self.gaps.last_mut() {
            Some(last) if full => last.1 = gap.0 + gap.1 - last.0,
            _ => self.gaps.push(gap),
        }
        // A shell that does not read learns of it when the file is closed.
        let _ = self.events.try_send(Event::RecordingGap {
            from_ms: gap.0,
            length_ms: gap.1,
        });
    }

    /// Writes what it can; what is told then is the truth about the file.
    fn close(
        mut self,
        (frames, rate): (u64, Rate),
        closing: Closing,
        now: Instant,
        volume: &dyn Volume,
        platter: &Platter,
    ) -> Closed {
        if let Disk::Down { retry_at, .. } = &mut self.disk {
            *retry_at = retry_at.map(|_| now);
        }
        self.write(now, volume, platter);
        // Where none of the wide blocks was taken the file is narrow to its end.
        let frames = self.at_own_rate(frames, rate);
        let missing = frames.saturating_sub(self.frames);
        if missing > 0 {
            self.silent_from.get_or_insert(self.frames);
            if let Err(fault) = self.write_silence(missing) {
                tracing::error!(%fault, path = %self.path.display(), "a recording ends early");
            }
        }
        self.note_gap(frames);
        let length_ms = self.ms(frames);
        let durable = match self.disk {
            Disk::Up(wav, durable) => {
                failpoint::reach(Step::RecordingClosing);
                if let Err(fault) = wav.finalize() {
                    tracing::error!(%fault, path = %self.path.display(), "a recording could not be closed");
                }
                failpoint::reach(Step::RecordingClosed);
                // Who reads the file next may also have lost power in between.
                Some(durable)
            }
            Disk::Down { .. } => None,
        };
        let event = match closing {
            Closing::Message {
                length_ms,
                reached_limit,
                silence,
            } => Event::MessageRecorded {
                length_ms,
                reached_limit,
                silence,
            },
            Closing::Call { caller, desk } => Event::Finished(Recorded {
                path: self.path.clone(),
                length_ms,
                gaps: self.gaps,
                caller,
                desk,
            }),
        };
        Closed {
            path: self.path,
            durable,
            to: self.events,
            event,
        }
    }
}

fn write_samples(wav: &mut Wav, samples: &[i16]) -> hound::Result<()> {
    let mut fast = wav.get_i16_writer(u32::try_from(samples.len()).expect("a block is short"));
    for sample in samples {
        fast.write_sample(*sample);
    }
    fast.flush()
}

#[cfg(test)]
mod tests;
