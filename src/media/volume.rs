//! Where recordings lie. The writer knows a volume by what can go wrong with it: it is full, it
//! hangs, it comes back. The tests put such a one in the place of the real one.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
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
}

/// A file and the folders in which its name stands.
struct Named {
    file: File,
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
}

/// What is done with a file that may be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Afresh,
    WhereItEnded,
}

/// An open file: to write, and to be synced by another thread meanwhile.
pub type Opened = (Box<dyn Octets>, Arc<dyn Durable>);

pub trait Volume: Send {
    /// Opens a file and makes the folders above it.
    fn open(&self, path: &Path, start: Start) -> io::Result<Opened>;
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
        let durable = Arc::new(Named {
            file: file.try_clone()?,
            path: path.to_owned(),
            is_named: AtomicBool::new(false),
        });
        Ok((Box::new(file), durable))
    }
}
