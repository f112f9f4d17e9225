//! Recordings at rest: where a file goes, finishing after a crash, its digest.
//!
//! Everything here blocks: callers in async code use `spawn_blocking`.
//!
//! **Invariant:** nothing outside the recordings' folder is opened, and no bytes in a file can make
//! this room panic.

mod peaks;
mod wav;
mod widening;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::domain::Moment;
use crate::failpoint::{self, Step};
use crate::store::rows::{ArchivedRecording, CallId, ClipKind, Salvage};
use wav::Wav;

/// Why a recording cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Why the file is none.
    #[error("not a recording: {0}")]
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

/// What [`Archive::repair`] does to a file.
fn repair(file: &mut File) -> Result<Repaired, Error> {
    let mut wav = Wav::read(file)?;
    let changed = !wav.is_whole();
    if changed {
        wav.mend(file)?;
    }
    Ok(Repaired {
        length_ms: wav.length_ms(),
        changed,
    })
}

/// Repairs any bytes, and draws what was made of them.
#[cfg(any(test, fuzzing))]
pub(crate) fn repair_foreign(file: &mut File) -> Result<Repaired, Error> {
    let repaired = repair(file)?;
    let wav = Wav::read(file)?;
    peaks::of(file, &wav)?;
    Ok(repaired)
}

impl Archive {
    pub fn new(dir: impl Into<PathBuf>) -> Archive {
        Archive { dir: dir.into() }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes the folder and looks whether a file can be made in it.
    pub fn stand_ready(&self) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.dir)?;
        let trial = self.dir.join(".trial");
        std::fs::write(&trial, [0])?;
        std::fs::remove_file(&trial)
    }

    /// `YYYY/MM/DD/<call-id>.wav` below the folder, whose folders are made.
    pub fn place(&self, call: &CallId, started: Moment) -> Result<PathBuf, Error> {
        self.place_as(call, started, "wav")
    }

    /// `YYYY/MM/DD/<call-id>.remark.wav` or `.voice.wav`.
    pub fn place_clip(
        &self,
        call: &CallId,
        kind: ClipKind,
        started: Moment,
    ) -> Result<PathBuf, Error> {
        self.place_as(call, started, &clip_ending(kind))
    }

    fn place_as(&self, call: &CallId, started: Moment, ending: &str) -> Result<PathBuf, Error> {
        let path = self.path_of(call, started, ending)?;
        std::fs::create_dir_all(path.parent().expect("a path of the archive has a folder"))?;
        Ok(path)
    }

    fn path_of(&self, call: &CallId, started: Moment, ending: &str) -> Result<PathBuf, Error> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if call.0.is_empty() || !call.0.chars().all(plain) {
            return Err(Error::Outside(call.0.clone()));
        }
        let day = started.day();
        let folder = format!(
            "{:04}/{:02}/{:02}",
            day.year(),
            day.month(),
            day.day_of_month()
        );
        Ok(self.dir.join(folder).join(format!("{}.{ending}", call.0)))
    }

    /// A path as rows keep it: relative to the folder, with `/`.
    pub fn relative(&self, path: &Path) -> Result<String, Error> {
        let outside = || Error::Outside(path.display().to_string());
        let relative = path.strip_prefix(&self.dir).map_err(|_| outside())?;
        Ok(relative.to_str().ok_or_else(outside)?.to_owned())
    }

    /// Fixes a closed recording: its digest over the whole file, its length by the header. Synced,
    /// so that the row never knows of a file that a power cut loses. `gaps` are the recorder's to add.
    pub fn finish(&self, path: &Path) -> Result<ArchivedRecording, Error> {
        let relative = self.relative(path)?;
        widening::join(path)?;
        let mut file = File::open(path)?;
        let wav = Wav::read(&mut file)?;
        file.sync_all()?;
        let (sha256, bytes) = digest(&mut file)?;
        failpoint::reach(Step::RecordingDigested);
        Ok(ArchivedRecording {
            path: relative,
            length_ms: wav.length_ms(),
            bytes,
            sha256,
            gaps: Vec::new(),
        })
    }

    /// Makes a WAV whose writer was killed playable, in place: the header gets the length of what
    /// was written, a torn last frame is cut. A file that is none is an error and left as it is.
    pub fn repair(&self, path: &Path) -> Result<Repaired, Error> {
        let mut file = File::options().read(true).write(true).open(path)?;
        repair(&mut file)
    }

    /// Repairs and finishes what there is of calls that were open, with their starts: recording and
    /// messages, and why a file could not be saved. A call without a recording is a fault; a message
    /// there needs not be, and one in which nothing was heard is none.
    pub fn recover(&self, open: &[(CallId, Moment)]) -> Vec<(Salvage, Vec<Error>)> {
        open.iter()
            .map(|(id, started)| self.salvage(id, *started))
            .collect()
    }

    fn salvage(&self, id: &CallId, started: Moment) -> (Salvage, Vec<Error>) {
        let mut faults = Vec::new();
        let recording = match self.save(id, started, "wav") {
            Ok(recording) => Some(recording),
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        let mut clips = Vec::new();
        for kind in ClipKind::ALL {
            match self.save(id, started, &clip_ending(kind)) {
                Ok(clip) if clip.length_ms > 0 => clips.push((kind, clip)),
                Ok(_) => {}
                Err(Error::Io(fault)) if fault.kind() == std::io::ErrorKind::NotFound => {}
                Err(fault) => faults.push(fault),
            }
        }
        let call = id.clone();
        let salvage = Salvage {
            call,
            recording,
            clips,
        };
        (salvage, faults)
    }

    fn save(&self, id: &CallId, started: Moment, ending: &str) -> Result<ArchivedRecording, Error> {
        let path = self.path_of(id, started, ending)?;
        widening::join(&path)?;
        self.repair(&path)?;
        self.finish(&path)
    }

    /// Opens a file for reading by its path as stored, and its length in bytes.
    pub fn open(&self, relative: &str) -> Result<(File, u64), Error> {
        let outside = || Error::Outside(relative.to_owned());
        let path = Path::new(relative);
        let plain = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if relative.is_empty() || relative.contains('\0') || !plain {
            return Err(outside());
        }
        // Links that lead out are refused too.
        let dir = self.dir.canonicalize()?;
        let path = dir.join(path).canonicalize()?;
        if !path.starts_with(&dir) || !path.is_file() {
            return Err(outside());
        }
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        Ok((file, bytes))
    }

    pub fn peaks(&self, relative: &str) -> Result<Peaks, Error> {
        let (mut file, _) = self.open(relative)?;
        let wav = Wav::read(&mut file)?;
        peaks::of(&mut file, &wav)
    }

    /// Whether the file still has the digest that was fixed when it was closed.
    pub fn is_unchanged(&self, recording: &ArchivedRecording) -> Result<bool, Error> {
        let (mut file, _) = self.open(&recording.path)?;
        Ok(digest(&mut file)?.0 == recording.sha256)
    }
}

fn clip_ending(kind: ClipKind) -> String {
    format!("{}.wav", kind.word())
}

/// SHA-256 of the whole file, hexadecimal, and how many bytes it took in.
fn digest(file: &mut File) -> Result<(String, u64), Error> {
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 64 * 1024];
    let mut bytes = 0;
    loop {
        match file.read(&mut block)? {
            0 => break,
            read => {
                hasher.update(&block[..read]);
                bytes += read as u64;
            }
        }
    }
    Ok((hex::encode(hasher.finalize()), bytes))
}

#[cfg(test)]
mod tests;
