use std::sync::atomic::AtomicUsize;

use super::super::recorder::BLOCK_FRAMES;
use super::*;

fn block(index: u64) -> Block {
    let samples = vec![index as i16 + 1; 2 * BLOCK_FRAMES as usize];
    Block::new(index * BLOCK_FRAMES, samples, Arc::new(AtomicUsize::new(0)))
}

fn left(path: &std::path::Path) -> Vec<i16> {
    let mut reader = hound::WavReader::open(path).expect("a WAV that plays");
    reader
        .samples::<i16>()
        .step_by(2)
        .map(|sample| sample.expect("a sample"))
        .collect()
}

#[allow(clippy::disallowed_methods)] // Some moment to count from.
fn file(path: PathBuf) -> (Open, tokio::sync::mpsc::Receiver<Event>, Instant) {
    let (events, receiver) = tokio::sync::mpsc::channel(8);
    (Open::new(path, 2, events), receiver, Instant::now())
}

#[test]
fn what_was_taken_plays_although_the_file_was_never_closed() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut open, _events, now) = file(dir.path().join("call.wav"));
    let (syncer, _synced) = sync_channel(1);
    for index in 0..3 {
        open.take(block(index));
        open.write(now, &syncer);
        assert_eq!(left(&open.path).len() as u64, (index + 1) * BLOCK_FRAMES);
    }
}

#[test]
fn a_disk_that_comes_back_gets_what_waited_and_silence_for_what_could_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let barred = dir.path().join("barred");
    std::fs::write(&barred, "a file where a folder should be").expect("it is written");
    let (mut open, mut events, now) = file(barred.join("call.wav"));
    let (syncer, _synced) = sync_channel(1);
    for index in 0..BLOCKS_KEPT as u64 + 4 {
        open.take(block(index));
        open.write(now, &syncer);
    }
    std::fs::remove_file(&barred).expect("it is removed");
    open.write(now, &syncer);
    assert!(!barred.exists(), "not before the next second");
    open.write(now + RETRY_EVERY, &syncer);
    assert_eq!(
        events.try_recv(),
        Ok(Event::RecordingGap {
            from_ms: 0,
            length_ms: 2000
        })
    );
    let sound = left(&open.path);
    assert_eq!(sound.len() as u64, (BLOCKS_KEPT as u64 + 4) * BLOCK_FRAMES);
    assert_eq!(
        (
            sound[4 * BLOCK_FRAMES as usize - 1],
            sound[4 * BLOCK_FRAMES as usize]
        ),
        (0, 5)
    );
}

#[test]
fn a_block_that_never_came_is_silence_of_its_length_and_is_told_at_the_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut open, _events, now) = file(dir.path().join("call.wav"));
    let (syncer, _synced) = sync_channel(1);
    let path = open.path.clone();
    for index in [0, 2] {
        open.take(block(index));
        open.write(now, &syncer);
    }
    let closing = Closing::Call {
        caller: Default::default(),
        desk: None,
    };
    let (_, told) = open.close(4 * BLOCK_FRAMES, closing, now, &syncer);
    let Event::Finished(recorded) = told else {
        panic!("a call was closed")
    };
    assert_eq!(recorded.gaps, [(500, 500), (1500, 500)]);
    assert_eq!(recorded.length_ms, 2000);
    let sound = left(&path);
    let at = |index: u64| sound[(index * BLOCK_FRAMES) as usize];
    assert_eq!([at(0), at(1), at(2), at(3)], [1, 0, 3, 0]);
}
