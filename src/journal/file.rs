//! The file itself: opened, written behind its end, synced, emptied.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::format::{self, HEAD, Source};
use super::{Error, Left, Next, Place};

/// There from the start, so that a full volume still takes entries.
const RESERVE: u64 = 4 * 1024 * 1024;
/// Written at once.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

impl Source for File {
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < into.len() {
            match std::os::unix::fs::FileExt::read_at(self, &mut into[read..], at + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(read)
    }
}

pub(super) struct JournalFile {
    path: PathBuf,
    file: File,
    salt: u64,
    /// How often it was emptied in this run.
    turn: u64,
    /// Behind the last entry that was kept.
    end: u64,
    /// Octets of the file that hold zeros or entries.
    length: u64,
}

impl JournalFile {
    pub(super) fn open(path: &Path) -> Result<(JournalFile, Left), Error> {
        let failed = |fault: io::Error| fault_at(path, &fault);
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(failed)?;
        }
        let file = open_and_lock(path)?;
        let mut journal = JournalFile {
            path: path.to_owned(),
            file,
            salt: 0,
            turn: 0,
            end: HEAD,
            length: 0,
        };
        journal.length = journal.file.metadata().map_err(failed)?.len();
        let mut head = [0; HEAD as usize];
        let read = Source::read_at(&journal.file, &mut head, 0).map_err(failed)?;
        match format::salt_of(&head) {
            Some(salt) => journal.salt = salt,
            // Made by a run that was killed before it had written the head: nothing was kept yet.
            None if read == 0 || head == [0; HEAD as usize] => journal.begin().map_err(failed)?,
            None => {
                journal = journal.set_aside()?;
                journal.begin().map_err(failed)?;
            }
        }
        let left = journal.survey().map_err(failed)?;
        if let Err(fault) = journal.reserve() {
            tracing::warn!(path = %path.display(), %fault, "the journal has no room in reserve");
        }
        Ok((journal, left))
    }

    /// Renames what is no journal and makes a new one in its place.
    fn set_aside(self) -> Result<JournalFile, Error> {
        let failed = |fault: io::Error| fault_at(&self.path, &fault);
        let aside = self.path.with_extension("unreadable");
        tracing::error!(path = %self.path.display(), aside = %aside.display(), "what should be the journal is none; it is set aside");
        std::fs::rename(&self.path, &aside).map_err(failed)?;
        Ok(JournalFile {
            file: open_and_lock(&self.path)?,
            path: self.path,
            salt: 0,
            turn: 0,
            end: HEAD,
            length: 0,
        })
    }

    /// A head with a salt that no earlier use had.
    fn begin(&mut self) -> io::Result<()> {
        self.salt = rand::random();
        self.file.write_all_at(&format::head(self.salt), 0)?;
        self.length = self.length.max(HEAD);
        self.file.sync_all()?;
        sync_folder_of(&self.path)
    }

    /// Steps over all entries, so that new ones are written behind the last.
    fn survey(&mut self) -> io::Result<Left> {
        let mut left = Left {
            entries: 0,
            damaged: 0,
            end: Place::START,
        };
        while let Some(found) = format::find(&self.file, self.salt, self.end, self.length)? {
            left.entries += 1;
            left.damaged += found.at - self.end;
            self.end = found.next;
        }
        left.end = self.place(self.end);
        Ok(left)
    }

    fn reserve(&mut self) -> io::Result<()> {
        if self.length >= RESERVE {
            return Ok(());
        }
        while self.length < RESERVE {
            let piece = (RESERVE - self.length).min(ZEROS.len() as u64) as usize;
            self.file.write_all_at(&ZEROS[..piece], self.length)?;
            self.length += piece as u64;
        }
        self.file.sync_all()
    }

    fn place(&self, at: u64) -> Place {
        let turn = self.turn;
        Place { turn, at }
    }

    /// Writes entries one behind the other and syncs them; the place behind the last. All of them are
    /// kept, or the error says that none is.
    pub(super) fn append<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Place, Error> {
        let mut octets = Vec::new();
        for payload in entries {
            let at = self.end + octets.len() as u64;
            octets.extend(format::entry(self.salt, at, payload));
        }
        self.write(&octets)
            .map_err(|fault| fault_at(&self.path, &fault))?;
        self.end += octets.len() as u64;
        Ok(self.place(self.end))
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.file.write_all_at(octets, self.end)?;
        self.length = self.length.max(self.end + octets.len() as u64);
        crate::failpoint::reach(crate::failpoint::Step::JournalWritten);
        self.file.sync_data()
    }

    pub(super) fn next(&self, from: Place) -> Result<Next, Error> {
        let from = match from.turn == self.turn {
            true => from.at,
            false => HEAD,
        };
        let found = format::find(&self.file, self.salt, from, self.end)
            .map_err(|fault| fault_at(&self.path, &fault))?;
        Ok(match found {
            Some(found) => Next {
                damaged: found.at - from,
                next: self.place(found.next),
                entry: Some(found.payload),
            },
            None => Next {
                damaged: self.end.saturating_sub(from),
                next: self.place(self.end),
                entry: None,
            },
        })
    }

    /// Overwrites the entries with zeros, for they hold what callers said, and takes a new salt.
    pub(super) fn empty(&mut self, end: Place) -> Result<Option<Place>, Error> {
        if end < self.place(self.end) {
            return Ok(None);
        }
        self.wipe().map_err(|fault| fault_at(&self.path, &fault))?;
        self.turn += 1;
        Ok(Some(self.place(HEAD)))
    }

    fn wipe(&mut self) -> io::Result<()> {
        let mut at = HEAD;
        while at < self.end {
            let piece = (self.end - at).min(ZEROS.len() as u64) as usize;
            self.file.write_all_at(&ZEROS[..piece], at)?;
            at += piece as u64;
        }
        // The zeros first: torn in between, there are fewer entries than there were, all of them drained.
        self.file.sync_data()?;
        if self.length > RESERVE {
            self.file.set_len(RESERVE)?;
            self.length = RESERVE;
        }
        self.end = HEAD;
        self.begin()
    }
}

/// Only this process may write it; the kernel frees the lock with the process.
fn open_and_lock(path: &Path) -> Result<File, Error> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        // It holds callers' numbers.
        .mode(0o600)
        .open(path)
        .map_err(|fault| fault_at(path, &fault))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Taken(path.display().to_string())),
        Err(TryLockError::Error(fault)) => Err(fault_at(path, &fault)),
    }
}

/// A new file's name is on the platter only when its folder is, and the folder's when the one above is.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folders = path.ancestors().skip(1).take(2);
    for folder in folders.filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn fault_at(path: &Path, fault: &io::Error) -> Error {
    Error::File {
        path: path.display().to_string(),
        fault: fault.to_string(),
    }
}
