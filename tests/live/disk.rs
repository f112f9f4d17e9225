//! A disk with faults for a server in a process of its own (`disk.c`), and what a loss of power leaves.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rand::RngExt as _;
use rand::rngs::StdRng;
use tempfile::TempDir;

use crate::place;
use crate::server::House;

pub struct Disk {
    dir: TempDir,
    root: PathBuf,
    control: File,
    keeps_synced: bool,
}

/// What is left of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsynced {
    /// Nothing.
    Gone,
    /// Each page of 4 KiB by chance.
    ByChance,
}

const PAGE: usize = 4096;

impl Disk {
    /// Below the house's folder. With `keeps_synced` it also holds what a loss of power would leave.
    pub fn of(house: &House, keeps_synced: bool) -> Disk {
        let dir = tempfile::Builder::new().prefix("disk-").tempdir().unwrap();
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(dir.path().join("disk.so"))
            .arg(place::repository().join("tests/live/disk.c"))
            .arg("-ldl")
            .output()
            .expect("cc: the package build-essential");
        let said = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "{said}");
        std::fs::write(dir.path().join("control"), [0; 16]).unwrap();
        let control = File::options().write(true).open(dir.path().join("control"));
        Disk {
            // Without the slash at its end.
            root: house
                .path("")
                .canonicalize()
                .unwrap()
                .components()
                .collect(),
            dir,
            control: control.unwrap(),
            keeps_synced,
        }
    }

    /// For [`House::launch`].
    pub fn put_under(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", self.dir.path().join("disk.so"))
            .env("DISK_ROOT", &self.root)
            .env("DISK_CONTROL", self.dir.path().join("control"));
        if self.keeps_synced {
            command.env("DISK_SHADOW", self.shadow());
        }
    }

    fn shadow(&self) -> PathBuf {
        self.dir.path().join("shadow")
    }

    fn set(&self, number: u64, value: i32) {
        self.control
            .write_all_at(&value.to_ne_bytes(), number * 4)
            .unwrap();
    }

    /// Each sync and each write takes so much longer.
    pub fn slow(&self, sync_ms: i32, write_ms: i32) {
        self.set(0, sync_ms);
        self.set(1, write_ms);
    }

    /// While it stands, no sync and no write ends.
    pub fn stand(&self, stands: bool) {
        self.set(2, stands.into());
    }

    /// Takes what is there now for synced: after a clean stop, and after a cut.
    pub fn settle(&self, house: &House) {
        let _ = std::fs::remove_dir_all(self.shadow());
        for file in kept_files(&house.path("")) {
            let to = self.shadow().join(&file);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(house.path("").join(&file), to).unwrap();
        }
    }

    /// The power is gone and back: the house's files become what a disk could hold then. The server must
    /// be dead. To be settled before the next life.
    pub fn cut(&self, house: &House, unsynced: Unsynced, chance: &mut StdRng) {
        let (now, synced) = (house.path(""), self.shadow());
        let mut files: BTreeSet<PathBuf> = kept_files(&now).into_iter().collect();
        files.extend(kept_files(&synced));
        for file in files {
            let (here, there) = (now.join(&file), synced.join(&file));
            let of = |path: &Path| std::fs::read(path).ok();
            let left = match (of(&here), of(&there), unsynced) {
                (_, there, Unsynced::Gone) => there,
                (Some(here), Some(there), Unsynced::ByChance) => Some(mixed(&here, &there, chance)),
                // Its name was not synced: it may be there or not.
                (here, None, Unsynced::ByChance) => here.filter(|_| chance.random_bool(0.5)),
                (None, there, Unsynced::ByChance) => there,
            };
            match left {
                Some(octets) => std::fs::write(&here, octets).unwrap(),
                None => drop(std::fs::remove_file(&here)),
            }
        }
        let _ = std::fs::remove_file(now.join("gradeline.db-shm"));
    }
}

/// Any page may have reached the platter before its sync, and the length too.
fn mixed(now: &[u8], synced: &[u8], chance: &mut StdRng) -> Vec<u8> {
    let length = match chance.random_bool(0.5) {
        true => now.len(),
        false => synced.len(),
    };
    let mut left = vec![0; length];
    for (at, page) in left.chunks_mut(PAGE).enumerate() {
        let from = if chance.random_bool(0.5) { now } else { synced };
        let from = from.get(at * PAGE..).unwrap_or_default();
        let octets = page.len().min(from.len());
        page[..octets].copy_from_slice(&from[..octets]);
    }
    left
}

/// Database, journal and recordings, relative to `dir`.
fn kept_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(dir).unwrap().to_owned();
            let text = name.to_string_lossy();
            let is_ours = ["recordings", "journal", "gradeline.db"]
                .iter()
                .any(|begin| text.starts_with(begin));
            let is_memory = text.ends_with("-shm") || text.ends_with(".unnamed");
            if path.is_dir() && is_ours {
                open.push(path);
            } else if is_ours && !is_memory && path.is_file() {
                files.push(name);
            }
        }
    }
    files
}
