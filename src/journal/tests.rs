use std::os::unix::fs::{FileExt as _, PermissionsExt as _};

use super::*;

async fn all(journal: &Journal) -> (Vec<Vec<u8>>, Place) {
    let mut at = Place::START;
    let mut entries = Vec::new();
    loop {
        let next = journal.next(at).await.unwrap();
        at = next.next;
        match next.entry {
            Some(entry) => entries.push(entry),
            None => return (entries, at),
        }
    }
}

fn texts(entries: &[Vec<u8>]) -> Vec<&str> {
    let text = |entry: &'_ Vec<u8>| std::str::from_utf8(entry).unwrap().to_owned().leak() as &str;
    entries.iter().map(text).collect()
}

/// Opens it as the next run would: the thread of the one before has ended and freed the file.
async fn reopen(journal: Journal, dir: &Path) -> (Journal, Left) {
    drop(journal);
    loop {
        match Journal::open(dir) {
            Err(Error::Taken(_)) => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
}

#[tokio::test]
async fn entries_are_there_for_the_next_run_in_their_order_until_it_is_emptied() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, left) = Journal::open(dir.path()).unwrap();
    assert_eq!((left.entries, left.damaged), (0, 0));
    for word in ["one", "two", "three"] {
        journal.append(vec![word.into()]).await.unwrap();
    }
    let (journal, left) = reopen(journal, dir.path()).await;
    assert_eq!((left.entries, left.damaged), (3, 0));
    journal.append(vec![b"four".to_vec()]).await.unwrap();
    let (entries, end) = all(&journal).await;
    assert_eq!(texts(&entries), ["one", "two", "three", "four"]);
    assert!(end > left.end);
    // Somebody wrote behind the place up to which was read: nothing is thrown away.
    assert_eq!(journal.empty(left.end).await.unwrap(), None);
    let start = journal.empty(end).await.unwrap().unwrap();
    assert!(start > end);
    // A place of before the emptying is the start.
    assert_eq!(journal.next(end).await.unwrap().entry, None);
    assert_eq!(all(&journal).await.0.len(), 0);
    journal.append(vec![b"five".to_vec()]).await.unwrap();
    let (journal, left) = reopen(journal, dir.path()).await;
    assert_eq!(left.entries, 1);
    assert_eq!(texts(&all(&journal).await.0), ["five"]);
}

#[tokio::test]
async fn what_was_said_does_not_stay_in_an_emptied_journal() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(dir.path()).unwrap();
    journal.append(vec![b"13912345678".to_vec()]).await.unwrap();
    let path = path_in(dir.path());
    let holds = || {
        let octets = std::fs::read(&path).unwrap();
        octets.windows(11).any(|octets| octets == b"13912345678")
    };
    assert!(holds());
    let (_, end) = all(&journal).await;
    journal.empty(end).await.unwrap();
    assert!(!holds());
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn entries_of_many_at_once_are_all_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(dir.path()).unwrap();
    let appends = (0..200u32).map(|n| {
        let journal = journal.clone();
        tokio::spawn(async move { journal.append(vec![n.to_string().into()]).await })
    });
    for append in appends.collect::<Vec<_>>() {
        append.await.unwrap().unwrap();
    }
    let (mut entries, _) = all(&journal).await;
    entries.sort_by_key(|entry| {
        texts(std::slice::from_ref(entry))[0]
            .parse::<u32>()
            .unwrap()
    });
    assert_eq!(entries.len(), 200);
    assert_eq!(texts(&entries)[199], "199");
}

#[tokio::test]
async fn an_entry_that_rotted_is_told_and_costs_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(dir.path()).unwrap();
    for word in ["one", "two", "three"] {
        journal.append(vec![word.into()]).await.unwrap();
    }
    let file = std::fs::File::options()
        .write(true)
        .open(path_in(dir.path()))
        .unwrap();
    // The first letter of the second entry: head, a first entry of 16 octets, a front of 8.
    file.write_all_at(b"T", format::HEAD + 16 + 8).unwrap();
    let (journal, left) = reopen(journal, dir.path()).await;
    assert_eq!((left.entries, left.damaged), (2, 16));
    assert_eq!(texts(&all(&journal).await.0), ["one", "three"]);
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(path_in(dir.path()), b"something that somebody needs").unwrap();
    let (journal, left) = Journal::open(dir.path()).unwrap();
    assert_eq!(left.entries, 0);
    journal.append(vec![b"one".to_vec()]).await.unwrap();
    let aside = dir.path().join("ledger.unreadable");
    assert_eq!(
        std::fs::read(aside).unwrap(),
        b"something that somebody needs"
    );
}

#[tokio::test]
async fn a_second_server_is_kept_off() {
    let dir = tempfile::tempdir().unwrap();
    let (_journal, _) = Journal::open(dir.path()).unwrap();
    let refused = Journal::open(dir.path()).unwrap_err();
    assert!(matches!(refused, Error::Taken(_)), "{refused}");
}

#[tokio::test]
async fn an_entry_of_no_possible_length_is_refused_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(dir.path()).unwrap();
    for length in [0, format::LONGEST + 1] {
        let refused = journal
            .append(vec![b"one".to_vec(), vec![1; length]])
            .await
            .unwrap_err();
        assert!(matches!(refused, Error::Length(_)), "{refused}");
    }
    journal
        .append(vec![vec![1; format::LONGEST]])
        .await
        .unwrap();
    assert_eq!(all(&journal).await.0, [vec![1; format::LONGEST]]);
}

#[tokio::test]
async fn it_grows_past_its_reserve_and_shrinks_when_it_is_emptied() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(dir.path()).unwrap();
    let length = || std::fs::metadata(path_in(dir.path())).unwrap().len();
    let reserve = length();
    for n in 0..80 {
        journal
            .append(vec![vec![n; format::LONGEST]])
            .await
            .unwrap();
    }
    assert!(length() > reserve);
    let (entries, end) = all(&journal).await;
    assert_eq!(entries.len(), 80);
    assert!(journal.empty(end).await.unwrap().is_some());
    assert_eq!(length(), reserve);
}
