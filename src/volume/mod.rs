//! Where recordings lie. The writer knows a volume by what can go wrong with it: it is full, it
//! hangs, it comes back. The tests put such a one in the place of the real one.
//!
//! **Invariant:** nothing is buffered here: what a write told as taken is the volume's.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A file's octets. Unbuffered: what a failed write left behind is on the volume or nowhere.
pub trait Octets: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Octets for T {}

/// A file's way to the platter.
pub trait Durable: Send + Sync {
    /// Returns when what was written would survive a loss of power.
    fn sync(&self) -> io::Result<()>;

    /// Where the file lies, if many files there can be synced at once.
    fn volume(&self) -> Option<u64> {
        None
    }

    /// The same as [`sync`](Self::sync) for every file of this one's volume.
    fn sync_volume(&self) -> io::Result<()> {
        self.sync()
    }
}

/// A file and the folders in which its name stands.
struct Named {
    file: Arc<File>,
    path: PathBuf,
    is_named: AtomicBool,
}

/// Folders above a recording that may be new: of its day, month and year, and the one of them all.
const FOLDERS: usize = 4;

impl Durable for Named {
    /// A new file's name is on the platter only when its folders are: POSIX promises no more.
    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()?;
        if !self.is_named.load(Ordering::Relaxed) {
            for folder in self.path.ancestors().skip(1).take(FOLDERS) {
                if !folder.as_os_str().is_empty() {
                    File::open(folder)?.sync_all()?;
                }
            }
            self.is_named.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn volume(&self) -> Option<u64> {
        self.file.metadata().ok().map(|facts| facts.dev())
    }

    fn sync_volume(&self) -> io::Result<()> {
        // SAFETY: the descriptor is open for the length of the call; nothing else is handed over.
        match unsafe { libc::syncfs(self.file.as_raw_fd()) } {
            0 => {
                // The folders are of the volume, too.
                self.is_named.store(true, Ordering::Relaxed);
                Ok(())
            }
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// What is done with a file that may be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Afresh,
    WhereItEnded,
}

/// An open file: to write, and to be synced by another thread meanwhile.
pub type Opened = (Box<dyn Octets>, Arc<dyn Durable>);
/// Where files are made.
pub trait Volume: Send {
    /// Opens a file and makes the folders above it.
    fn open(&self, path: &Path, start: Start) -> io::Result<Opened>;

    /// Gives a file another name in its folder, at once or not at all.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
}

/// The machine's own file system.
pub struct FileSystem;

impl Volume for FileSystem {
    fn open(&self, path: &Path, start: Start) -> io::Result<Opened> {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let afresh = start == Start::Afresh;
        let file = File::options()
            .read(true)
            .write(true)
            .create(afresh)
            .truncate(afresh)
            .open(path)?;
        let file = Arc::new(file);
        let octets = Placed {
            file: Arc::clone(&file),
            place: 0,
        };
        let durable = Arc::new(Named {
            file,
            path: path.to_owned(),
            is_named: AtomicBool::new(false),
        });
        Ok((Box::new(octets), durable))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }
}

/// A file that keeps its own place: a header that is brought up to date twice a second seeks five
/// times, and none of them need be a call to the kernel. One descriptor serves writing and syncing.
struct Placed {
    file: Arc<File>,
    place: u64,
}

impl Read for Placed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(into, self.place)?;
        self.place += length as u64;
        Ok(length)
    }
}

impl Write for Placed {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let length = self.file.write_at(octets, self.place)?;
        self.place += length as u64;
        Ok(length)
    }

    /// Nothing is buffered.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Placed {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(offset) => self.place.checked_add_signed(offset),
            SeekFrom::End(offset) => self.file.metadata()?.len().checked_add_signed(offset),
        };
        self.place = place.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.place)
    }
}
