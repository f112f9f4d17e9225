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
use crate::codecs::{Frame, Rate, Sample};

/// Samples a channel of a block, at 8,000 Hz: a quarter of a second.
pub const BLOCK_FRAMES: u64 = 2000;
/// Blocks of one file kept in memory while the disk does not take them: 30 s.
pub const BLOCKS_KEPT: usize = 120;
/// Blocks in memory over all files: about 128 MB, and twice that of wide sound.
const BLOCKS_KEPT_IN_ALL: usize = 16_384;

/// Names a file to the writer.
pub type FileId = u64;

/// A stretch of sound on its way to the disk.
pub struct Block {
    /// Where it lies on the file's timeline, in samples of its rate.
    pub from: u64,
    pub rate: Rate,
    /// Interleaved.
    pub samples: Vec<i16>,
    in_memory: Arc<AtomicUsize>,
}

impl Block {
    pub fn new(from: u64, rate: Rate, samples: Vec<i16>, in_memory: Arc<AtomicUsize>) -> Self {
        in_memory.fetch_add(1, Ordering::Relaxed);
        Block {
            from,
            rate,
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
        /// Of this rate.
        frames: u64,
        rate: Rate,
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
    /// The best of what was recorded so far: it rises when a wide leg joins, and never falls.
    rate: Rate,
    /// Timeline position of `samples`, in samples of the rate.
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
            rate: Rate::Narrow,
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

    pub fn stereo<S: Sample>(&mut self, left: &Frame<S>, right: &Frame<S>) {
        self.make_room(S::RATE);
        S::interleave(left, right, &mut self.samples);
        self.cut();
    }

    pub fn mono<S: Sample>(&mut self, sound: &Frame<S>) {
        self.make_room(S::RATE);
        self.samples.extend(S::flat(sound));
        self.cut();
    }

    /// Lets time pass unrecorded, in steps of 1/8000 s; the writer fills it with silence.
    pub fn skip(&mut self, steps: u64) {
        self.hand_over_block();
        self.from += steps * self.rate.samples_a_step() as u64;
    }

    /// Hands over the rest; `retry` until nothing waits.
    pub fn close(&mut self, closing: Closing) {
        self.hand_over_block();
        let close = ToWriter::Close {
            file: self.file,
            frames: self.from,
            rate: self.rate,
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

    /// For a frame of this rate. A call's rate never falls, so its recording's does not.
    fn make_room(&mut self, rate: Rate) {
        if rate > self.rate {
            self.hand_over_block();
            let times = rate.samples_a_step() / self.rate.samples_a_step();
            self.from *= times as u64;
            self.rate = rate;
        }
        if self.samples.capacity() == 0 {
            self.samples.reserve_exact(self.block_len());
        }
    }

    fn block_len(&self) -> usize {
        BLOCK_FRAMES as usize * self.rate.samples_a_step() * usize::from(self.channels)
    }

    fn cut(&mut self) {
        if self.samples.len() >= self.block_len() {
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
        let block = Block::new(from, self.rate, samples, in_memory);
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
