//! The journal's thread: it waits for the platter, so that no task of a call does. Entries that come
//! while it waits are synced together.

use tokio::sync::{mpsc, oneshot};

use super::file::JournalFile;
use super::format::LONGEST;
use super::{Error, Next, Place};
use crate::failpoint::{self, Step};

pub(super) enum Ask {
    Append {
        entries: Vec<Vec<u8>>,
        answer: oneshot::Sender<Result<Place, Error>>,
    },
    Next {
        from: Place,
        answer: oneshot::Sender<Result<Next, Error>>,
    },
    Empty {
        end: Place,
        answer: oneshot::Sender<Result<Option<Place>, Error>>,
    },
}

/// Whose entries are synced together, at most.
const BATCH: usize = 64;

type Waiting = (Vec<Vec<u8>>, oneshot::Sender<Result<Place, Error>>);

/// Runs until every way to it is gone. Whoever does not wait for his answer any more is passed over.
pub(super) fn run(mut file: JournalFile, mut queue: mpsc::Receiver<Ask>) {
    let mut held: Option<Ask> = None;
    while let Some(ask) = held.take().or_else(|| queue.blocking_recv()) {
        match ask {
            Ask::Append { entries, answer } => {
                let mut batch: Vec<Waiting> = Vec::new();
                take(entries, answer, &mut batch);
                while batch.len() < BATCH {
                    match queue.try_recv() {
                        Ok(Ask::Append { entries, answer }) => take(entries, answer, &mut batch),
                        Ok(other) => {
                            held = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                append(&mut file, batch);
            }
            Ask::Next { from, answer } => {
                let _ = answer.send(file.next(from));
            }
            Ask::Empty { end, answer } => {
                let _ = answer.send(file.empty(end));
            }
        }
    }
}

fn take(
    entries: Vec<Vec<u8>>,
    answer: oneshot::Sender<Result<Place, Error>>,
    batch: &mut Vec<Waiting>,
) {
    let impossible = |length: &usize| !(1..=LONGEST).contains(length);
    match entries.iter().map(Vec::len).find(impossible) {
        None => batch.push((entries, answer)),
        Some(length) => {
            let _ = answer.send(Err(Error::Length(length)));
        }
    }
}

fn append(file: &mut JournalFile, batch: Vec<Waiting>) {
    if batch.is_empty() {
        return;
    }
    let entries = batch.iter().flat_map(|(entries, _)| entries);
    let kept = file.append(entries.map(Vec::as_slice));
    if kept.is_ok() {
        failpoint::reach(Step::JournalSynced);
    }
    for (_, answer) in batch {
        let _ = answer.send(kept.clone());
    }
}
