//! A volume that is full or hangs when a test says so, over real files.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use super::super::volume::{Durable, FileSystem, Octets, Opened, Start, Volume};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Well,
    /// Takes the first octets of a write and no more; what has its place already may be overwritten.
    Full,
    /// Whoever writes waits.
    Hanging,
    /// Writing is quick, syncing waits.
    SyncHanging,
}

#[derive(Clone)]
pub struct Flaky(Arc<(Mutex<State>, Condvar)>);

impl Flaky {
    pub fn new(state: State) -> Self {
        Flaky(Arc::new((Mutex::new(state), Condvar::new())))
    }

    pub fn set(&self, state: State) {
        *self.0.0.lock().expect("nobody panicked with it") = state;
        self.0.1.notify_all();
    }

    fn wait_while(&self, hanging: State) -> State {
        let state = self.0.0.lock().expect("nobody panicked with it");
        *self
            .0
            .1
            .wait_while(state, |state| *state == hanging)
            .expect("nobody panicked with it")
    }
}

impl Volume for Flaky {
    fn open(&self, path: &Path, start: Start) -> io::Result<Opened> {
        if self.wait_while(State::Hanging) == State::Full && start == Start::Afresh {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let (octets, durable) = FileSystem.open(path, start)?;
        let file = File {
            octets,
            volume: self.clone(),
        };
        let sync = Sync {
            durable,
            volume: self.clone(),
        };
        Ok((Box::new(file), Arc::new(sync)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self.wait_while(State::Hanging) {
            State::Full => Err(io::ErrorKind::StorageFull.into()),
            _ => FileSystem.rename(from, to),
        }
    }
}

struct File {
    octets: Box<dyn Octets>,
    volume: Flaky,
}

impl Read for File {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.octets.read(out)
    }
}

impl Seek for File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.octets.seek(to)
    }
}

impl Write for File {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        const HEADER: usize = 64;
        match self.volume.wait_while(State::Hanging) {
            State::Full if octets.len() >= 8000 => self.octets.write(&octets[..999]),
            State::Full if octets.len() > HEADER => Err(io::ErrorKind::StorageFull.into()),
            _ => self.octets.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.octets.flush()
    }
}

struct Sync {
    durable: Arc<dyn Durable>,
    volume: Flaky,
}

impl Durable for Sync {
    fn sync(&self) -> io::Result<()> {
        self.volume.wait_while(State::SyncHanging);
        self.durable.sync()
    }
}
