//! The writer thread: takes blocks, writes WAV files, waits for the disk so that nobody else has to.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::recorder::{BLOCKS_KEPT, Block, Closing, FileId, ToWriter};
use super::{Event, Recorded};

const SYNC_EVERY: Duration = Duration::from_secs(1);
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// Gaps told one by one in a file; later ones widen the last.
const GAPS_TOLD: usize = 1000;
const RATE_HZ: u32 = 8000;
const FRAMES_A_MS: u64 = 8;

/// A file as it stands on the disk.
enum Disk {
    /// To be created or gone on with, not before this moment.
    Down {
        retry_at: Option<Instant>,
    },
    Up(hound::WavWriter<BufWriter<File>>, Arc<File>),
}

struct Open {
    path: PathBuf,
    channels: u16,
    events: Sender<Event>,
    disk: Disk,
    /// Frames on the disk.
    frames: u64,
    waiting: VecDeque<Block>,
    gaps: Vec<(u64, u64)>,
    synced_at: Option<Instant>,
    ever_written: bool,
}

/// Runs until every way to it is gone.
#[allow(clippy::disallowed_methods)] // The writer is a shell: it paces its retries and syncs.
pub fn run(queue: &Receiver<ToWriter>) {
    let syncer = start_syncer();
    let mut files: HashMap<FileId, Open> = HashMap::new();
    let mut untold: Vec<(Sender<Event>, Event)> = Vec::new();
    loop {
        let message = match queue.recv_timeout(RETRY_EVERY / 2) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let now = Instant::now();
        untold.retain(|(to, event)| !tell(to, event));
        match message {
            Some(ToWriter::Open {
                file,
                path,
                channels,
                events,
            }) => {
                let mut open = Open::new(path, channels, events);
                open.write(now, &syncer);
                files.insert(file, open);
            }
            Some(ToWriter::Block { file, block }) => {
                if let Some(open) = files.get_mut(&file) {
                    open.take(block);
                    open.write(now, &syncer);
                }
            }
            Some(ToWriter::Close {
                file,
                frames,
                closing,
            }) => {
                if let Some(open) = files.remove(&file) {
                    let told = open.close(frames, closing, now, &syncer);
                    if !tell(&told.0, &told.1) {
                        untold.push(told);
                    }
                }
            }
            None => {
                for open in files.values_mut() {
                    open.write(now, &syncer);
                }
            }
        }
    }
}

/// `true` when there is nothing more to do about it.
fn tell(to: &Sender<Event>, event: &Event) -> bool {
    !matches!(to.try_send(event.clone()), Err(TrySendError::Full(_)))
}

/// `sync_data` waits for the platter; it has a thread of its own so that writing does not.
fn start_syncer() -> SyncSender<Arc<File>> {
    let (sender, receiver) = sync_channel::<Arc<File>>(256);
    let run = move || {
        for file in receiver {
            if let Err(fault) = file.sync_data() {
                tracing::warn!(%fault, "a recording could not be synced");
            }
        }
    };
    if let Err(fault) = std::thread::Builder::new()
        .name("recording-sync".into())
        .spawn(run)
    {
        tracing::error!(%fault, "recordings are not synced: no thread");
    }
    sender
}

impl Open {
    fn new(path: PathBuf, channels: u16, events: Sender<Event>) -> Self {
        Open {
            path,
            channels,
            events,
            disk: Disk::Down { retry_at: None },
            frames: 0,
            waiting: VecDeque::new(),
            gaps: Vec::new(),
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

    fn write(&mut self, now: Instant, syncer: &SyncSender<Arc<File>>) {
        match self.try_write(now, syncer) {
            Ok(()) => {}
            Err(fault) => {
                let first = matches!(self.disk, Disk::Up(..) | Disk::Down { retry_at: None });
                self.disk = Disk::Down {
                    retry_at: Some(now + RETRY_EVERY),
                };
                metrics::counter!("gradeline_media_recording_faults_total").increment(1);
                if first {
                    tracing::error!(%fault, path = %self.path.display(), "a recording cannot be written; its sound waits in memory");
                }
            }
        }
    }

    fn try_write(&mut self, now: Instant, syncer: &SyncSender<Arc<File>>) -> hound::Result<()> {
        if let Disk::Down { retry_at } = self.disk {
            if retry_at.is_some_and(|at| now < at) {
                return Ok(());
            }
            self.disk = self.open_file()?;
            if retry_at.is_some() {
                tracing::info!(path = %self.path.display(), "a recording is written again");
            }
        }
        while let Some(block) = self.waiting.front() {
            let missing = block.from.saturating_sub(self.frames);
            if missing > 0 {
                self.write_silence(missing)?;
                self.note_gap(missing);
            }
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
            // A full queue means that the disk is behind: the next second asks again.
            let _ = syncer.try_send(Arc::clone(file));
        }
        Ok(())
    }

    fn open_file(&mut self) -> hound::Result<Disk> {
        let spec = hound::WavSpec {
            channels: self.channels,
            sample_rate: RATE_HZ,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let mut wav = if self.ever_written {
            // Behind what the header says is whole.
            hound::WavWriter::append(&self.path)?
        } else {
            hound::WavWriter::create(&self.path, spec)?
        };
        while wav.len() % u32::from(self.channels) != 0 {
            wav.write_sample(0i16)?;
        }
        wav.flush()?;
        self.ever_written = true;
        self.frames = u64::from(wav.duration());
        let handle = File::options().write(true).open(&self.path)?;
        Ok(Disk::Up(wav, Arc::new(handle)))
    }

    fn write_silence(&mut self, frames: u64) -> hound::Result<()> {
        let Disk::Up(wav, _) = &mut self.disk else {
            return Ok(());
        };
        for _ in 0..frames * u64::from(self.channels) {
            wav.write_sample(0i16)?;
        }
        wav.flush()?;
        self.frames = u64::from(wav.duration());
        Ok(())
    }

    /// The last `length` frames written stand for sound that is lost.
    fn note_gap(&mut self, length: u64) {
        let gap = ((self.frames - length) / FRAMES_A_MS, length / FRAMES_A_MS);
        metrics::counter!("gradeline_media_recording_gap_ms_total").increment(gap.1);
        let full = self.gaps.len() >= GAPS_TOLD;
        match self.gaps.last_mut() {
            Some(last) if full => last.1 = gap.0 + gap.1 - last.0,
            _ => self.gaps.push(gap),
        }
        tell(
            &self.events,
            &Event::RecordingGap {
                from_ms: gap.0,
                length_ms: gap.1,
            },
        );
    }

    /// Writes what it can; what is told then is the truth about the file.
    fn close(
        mut self,
        frames: u64,
        closing: Closing,
        now: Instant,
        syncer: &SyncSender<Arc<File>>,
    ) -> (Sender<Event>, Event) {
        if let Disk::Down { retry_at } = &mut self.disk {
            *retry_at = retry_at.map(|_| now);
        }
        self.write(now, syncer);
        let missing = frames.saturating_sub(self.frames);
        if missing > 0 {
            if let Err(fault) = self.write_silence(missing) {
                tracing::error!(%fault, path = %self.path.display(), "a recording ends early");
            }
            self.frames = frames;
            self.note_gap(missing);
        }
        if let Disk::Up(wav, file) = self.disk {
            if let Err(fault) = wav.finalize() {
                tracing::error!(%fault, path = %self.path.display(), "a recording could not be closed");
            }
            // Who reads the file next may also have lost power in between.
            if let Err(fault) = file.sync_data() {
                tracing::error!(%fault, path = %self.path.display(), "a recording could not be synced");
            }
        }
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
                path: self.path,
                length_ms: frames / FRAMES_A_MS,
                gaps: self.gaps,
                caller,
                desk,
            }),
        };
        (self.events, event)
    }
}

fn write_samples(
    wav: &mut hound::WavWriter<BufWriter<File>>,
    samples: &[i16],
) -> hound::Result<()> {
    let mut fast = wav.get_i16_writer(u32::try_from(samples.len()).expect("a block is short"));
    for sample in samples {
        fast.write_sample(*sample);
    }
    fast.flush()
}

#[cfg(test)]
mod tests;
