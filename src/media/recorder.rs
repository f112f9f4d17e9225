//! Recordings: blocks filled by the media threads, written by one writer thread.
//!
//! **Invariants:** a media thread never waits for the disk. A file's timeline is true: what could
//! not be written is silence of the same length, and told. After `kill -9` at any moment all but
//! the last second plays: a quarter of a second waits in the block, and what the writer took is flushed,
//! header and all, before it takes the next.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};

use tokio::sync::mpsc::Sender;

use super::{Event, LegCounts};
use crate::rtp::playout::FRAME_SAMPLES;

/// Frames (samples a channel) of a block: a quarter of a second.
pub const BLOCK_FRAMES: u64 = 2000;
/// Blocks of one file kept in memory while the disk does not take them: 30 s.
pub const BLOCKS_KEPT: usize = 120;
/// Blocks in memory over all files: about 128 MB.
const BLOCKS_KEPT_IN_ALL: usize = 16_384;

/// Names a file to the writer.
pub type FileId = u64;

/// A stretch of sound on its way to the disk.
pub struct Block {
    /// Where it lies on the file's timeline.
    pub from: u64,
    /// Interleaved.
    pub samples: Vec<i16>,
    in_memory: Arc<AtomicUsize>,
}

impl Block {
    pub fn new(from: u64, samples: Vec<i16>, in_memory: Arc<AtomicUsize>) -> Self {
        in_memory.fetch_add(1, Ordering::Relaxed);
        Block {
            from,
            samples,
            in_memory,
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.in_memory.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is told when a file is closed.
#[derive(Debug, Clone)]
pub enum Closing {
    Call {
        caller: LegCounts,
        desk: Option<LegCounts>,
    },
    Message {
        length_ms: u32,
        reached_limit: bool,
        silence: bool,
    },
}

pub enum ToWriter {
    Open {
        file: FileId,
        path: PathBuf,
        channels: u16,
        events: Sender<Event>,
    },
    Block {
        file: FileId,
        block: Block,
    },
    Close {
        file: FileId,
        frames: u64,
        closing: Closing,
    },
}

/// The way to the writer, shared by all recordings.
#[derive(Clone)]
pub struct Writer {
    pub queue: SyncSender<ToWriter>,
    pub in_memory: Arc<AtomicUsize>,
    /// Files that the volume does not take now.
    pub stalled: Arc<AtomicUsize>,
}

/// One file being recorded, as its media thread sees it.
pub struct Recording {
    file: FileId,
    channels: u16,
    writer: Writer,
    /// What the writer's queue did not take yet.
    waiting: VecDeque<ToWriter>,
    samples: Vec<i16>,
    /// Timeline position of `samples`.
    from: u64,
}

impl Recording {
    pub fn open(
        file: FileId,
        path: PathBuf,
        channels: u16,
        writer: Writer,
        events: Sender<Event>,
    ) -> Self {
        let mut recording = Recording {
            file,
            channels,
            writer,
            waiting: VecDeque::new(),
            samples: Vec::new(),
            from: 0,
        };
        recording.hand_over(ToWriter::Open {
            file,
            path,
            channels,
            events,
        });
        recording
    }

    pub fn stereo(&mut self, left: &[i16; FRAME_SAMPLES], right: &[i16; FRAME_SAMPLES]) {
        self.make_room();
        let at = self.samples.len();
        self.samples.resize(at + 2 * FRAME_SAMPLES, 0);
        let frames = self.samples[at..].as_chunks_mut().0;
        for (frame, (left, right)) in frames.iter_mut().zip(left.iter().zip(right)) {
            *frame = [*left, *right];
        }
        self.cut();
    }

    pub fn mono(&mut self, sound: &[i16; FRAME_SAMPLES]) {
        self.make_room();
        self.samples.extend(sound);
        self.cut();
    }

    /// Lets time pass unrecorded; the writer fills it with silence.
    pub fn skip(&mut self, frames: u64) {
        self.hand_over_block();
        self.from += frames;
    }

    /// Hands over the rest; `retry` until nothing waits.
    pub fn close(&mut self, closing: Closing) {
        self.hand_over_block();
        let close = ToWriter::Close {
            file: self.file,
            frames: self.from,
            closing,
        };
        self.hand_over(close);
    }

    /// Tries again what the queue did not take; says whether anything still waits.
    pub fn retry(&mut self) -> bool {
        while let Some(next) = self.waiting.pop_front() {
            if let Err(TrySendError::Full(back)) = self.writer.queue.try_send(next) {
                self.waiting.push_front(back);
                return true;
            }
        }
        false
    }

    fn make_room(&mut self) {
        if self.samples.capacity() == 0 {
            self.samples
                .reserve_exact(BLOCK_FRAMES as usize * usize::from(self.channels));
        }
    }

    fn cut(&mut self) {
        if self.samples.len() >= BLOCK_FRAMES as usize * usize::from(self.channels) {
            self.hand_over_block();
        }
    }

    fn hand_over_block(&mut self) {
        if self.samples.is_empty() {
            return;
        }
        let samples = std::mem::take(&mut self.samples);
        let from = self.from;
        self.from += (samples.len() / usize::from(self.channels)) as u64;
        let in_memory = Arc::clone(&self.writer.in_memory);
        let count = in_memory.load(Ordering::Relaxed);
        let block = Block::new(from, samples, in_memory);
        // Dropped here, it is a hole in the timeline that the writer sees, fills and tells.
        if self.waiting.len() < BLOCKS_KEPT && count < BLOCKS_KEPT_IN_ALL {
            self.hand_over(ToWriter::Block {
                file: self.file,
                block,
            });
        }
    }

    fn hand_over(&mut self, message: ToWriter) {
        self.waiting.push_back(message);
        self.retry();
    }
}
