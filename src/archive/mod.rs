//! Recordings at rest: where a file goes, finishing after a crash, its digest.
//!
//! Everything here blocks: callers in async code use `spawn_blocking`.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::domain::Moment;
use crate::store::rows::{ArchivedRecording, CallId, ClipKind};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    NotARecording(String),
    #[error("“{0}” is not within the recordings' folder")]
    Outside(String),
}

/// The recordings' folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Archive {
    dir: PathBuf,
}

/// What was found of a recording after a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    pub length_ms: u64,
    /// The header was set right or a torn frame cut; `false`: nothing had to be done.
    pub changed: bool,
}

/// Minima and maxima for a drawn waveform: 50 pairs a second and channel.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Peaks {
    pub channels: u16,
    pub pairs_per_second: u32,
    pub length_ms: u64,
    /// For each 20 ms, for each channel: minimum, maximum.
    pub data: Vec<i8>,
}

impl Archive {
    pub fn new(dir: impl Into<PathBuf>) -> Archive {
        Archive { dir: dir.into() }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `YYYY/MM/DD/<call-id>.wav` below the folder, whose folders are made.
    pub fn place(&self, _call: &CallId, _started: Moment) -> Result<PathBuf, Error> {
        todo!()
    }

    /// `YYYY/MM/DD/<call-id>.remark.wav` or `.voice.wav`.
    pub fn place_clip(
        &self,
        _call: &CallId,
        _kind: ClipKind,
        _started: Moment,
    ) -> Result<PathBuf, Error> {
        todo!()
    }

    /// Fixes a closed recording: its digest over the whole file, its length by the header.
    pub fn finish(&self, _path: &Path) -> Result<ArchivedRecording, Error> {
        todo!()
    }

    /// Makes a WAV whose writer was killed playable, in place.
    pub fn repair(&self, _path: &Path) -> Result<Repaired, Error> {
        todo!()
    }

    /// Repairs and finishes what is there of calls that were open.
    pub fn recover(&self, _open: &[CallId]) -> Vec<(CallId, Result<ArchivedRecording, Error>)> {
        todo!()
    }

    /// Opens a file for reading by its path as stored, and its length in bytes.
    pub fn open(&self, _relative: &str) -> Result<(File, u64), Error> {
        todo!()
    }

    pub fn peaks(&self, _relative: &str) -> Result<Peaks, Error> {
        todo!()
    }
}
