use std::sync::atomic::AtomicUsize;

use super::super::recorder::BLOCK_FRAMES;
use super::super::tests::flaky::{Flaky, State};
use super::super::volume::FileSystem;
use super::*;

fn block(index: u64) -> Block {
    let samples = vec![index as i16 + 1; 2 * BLOCK_FRAMES as usize];
    Block::new(
        index * BLOCK_FRAMES,
        Rate::Narrow,
        samples,
        Arc::new(AtomicUsize::new(0)),
    )
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
    let open = Open::new(path, 2, events, &Arc::default());
    (open, receiver, Instant::now())
}

#[test]
fn what_was_taken_plays_although_the_file_was_never_closed() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut open, _events, now) = file(dir.path().join("call.wav"));
    let platter = Platter::start();
    for index in 0..3 {
        open.take(block(index));
        open.write(now, &FileSystem, &platter);
        assert_eq!(left(&open.path).len() as u64, (index + 1) * BLOCK_FRAMES);
    }
}

#[test]
fn a_disk_that_comes_back_gets_what_waited_and_silence_for_what_could_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let barred = dir.path().join("barred");
    std::fs::write(&barred, "a file where a folder should be").expect("it is written");
    let (mut open, mut events, now) = file(barred.join("call.wav"));
    let platter = Platter::start();
    for index in 0..BLOCKS_KEPT as u64 + 4 {
        open.take(block(index));
        open.write(now, &FileSystem, &platter);
    }
    std::fs::remove_file(&barred).expect("it is removed");
    open.write(now, &FileSystem, &platter);
    assert!(!barred.exists(), "not before the next second");
    open.write(now + RETRY_EVERY, &FileSystem, &platter);
    assert_eq!(
        events.try_recv(),
        Ok(Event::RecordingGap {
            from_ms: 0,
            length_ms: 4 * BLOCK_MS
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
    let platter = Platter::start();
    let path = open.path.clone();
    for index in [0, 2] {
        open.take(block(index));
        open.write(now, &FileSystem, &platter);
    }
    let closing = Closing::Call {
        caller: Default::default(),
        desk: None,
    };
    let closed = open.close(
        (4 * BLOCK_FRAMES, Rate::Narrow),
        closing,
        now,
        &FileSystem,
        &platter,
    );
    let Event::Finished(recorded) = closed.event else {
        panic!("a call was closed")
    };
    assert_eq!(
        recorded.gaps,
        [(BLOCK_MS, BLOCK_MS), (3 * BLOCK_MS, BLOCK_MS)]
    );
    assert_eq!(recorded.length_ms, 4 * BLOCK_MS);
    let sound = left(&path);
    let at = |index: u64| sound[(index * BLOCK_FRAMES) as usize];
    assert_eq!([at(0), at(1), at(2), at(3)], [1, 0, 3, 0]);
}

const SECOND: Duration = Duration::from_secs(1);

/// How long a block is.
const BLOCK_MS: u64 = BLOCK_FRAMES / 8;
const BLOCK: Duration = Duration::from_millis(BLOCK_MS);

/// What a file holds of each block: its number, 0 for silence.
fn blocks(path: &std::path::Path) -> Vec<i16> {
    let sound = left(path);
    assert_eq!(sound.len() as u64 % BLOCK_FRAMES, 0);
    let blocks = sound.chunks(BLOCK_FRAMES as usize);
    blocks
        .map(|block| {
            assert!(
                block.iter().all(|sample| *sample == block[0]),
                "one block is one sound"
            );
            block[0]
        })
        .collect()
}

#[test]
fn a_volume_that_is_full_for_a_while_costs_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut open, mut events, mut now) = file(dir.path().join("call.wav"));
    let (platter, volume) = (Platter::start(), Flaky::new(State::Well));
    for index in 0..40 {
        match index {
            10 => volume.set(State::Full),
            30 => volume.set(State::Well),
            _ => {}
        }
        open.take(block(index));
        open.write(now, &volume, &platter);
        now += BLOCK;
        if index == 20 {
            assert_eq!(
                left(&open.path).len() as u64,
                10 * BLOCK_FRAMES,
                "it still plays"
            );
        }
    }
    open.write(now + SECOND, &volume, &platter);
    assert_eq!(blocks(&open.path), (1..=40).collect::<Vec<i16>>());
    assert!(events.try_recv().is_err(), "no gap");
}

#[test]
fn what_a_full_volume_could_not_take_is_silence_of_its_length_and_told_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut open, mut events, mut now) = file(dir.path().join("call.wav"));
    let (platter, volume) = (Platter::start(), Flaky::new(State::Well));
    let lost = 6;
    let last = 10 + BLOCKS_KEPT as u64 + lost;
    for index in 0..last {
        if index == 10 {
            volume.set(State::Full);
        }
        open.take(block(index));
        open.write(now, &volume, &platter);
        now += BLOCK;
    }
    volume.set(State::Well);
    open.write(now + SECOND, &volume, &platter);
    let silent = std::iter::repeat_n(0, lost as usize);
    let expected: Vec<i16> = (1..=10)
        .chain(silent)
        .chain(11 + lost as i16..=last as i16)
        .collect();
    assert_eq!(blocks(&open.path), expected);
    let gap = Event::RecordingGap {
        from_ms: 10 * BLOCK_MS,
        length_ms: BLOCK_MS * lost,
    };
    assert_eq!(events.try_recv(), Ok(gap));
    assert!(events.try_recv().is_err(), "one gap is told once");
    assert_eq!(open.gaps, [(10 * BLOCK_MS, BLOCK_MS * lost)]);
}

#[test]
fn a_volume_that_fills_up_again_while_it_heals_leaves_one_gap() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut open, mut events, mut now) = file(dir.path().join("call.wav"));
    let (platter, volume) = (Platter::start(), Flaky::new(State::Full));
    for index in 0..BLOCKS_KEPT as u64 + 4 {
        open.take(block(index));
        open.write(now, &volume, &platter);
        now += BLOCK;
    }
    volume.set(State::Well);
    open.disk = open.open_file(&volume).map_or(
        Disk::Down {
            retry_at: None,
            _stall: None,
        },
        |disk| disk,
    );
    volume.set(State::Full);
    open.write(now, &volume, &platter);
    volume.set(State::Well);
    open.write(now + SECOND, &volume, &platter);
    let gap = Event::RecordingGap {
        from_ms: 0,
        length_ms: 4 * BLOCK_MS,
    };
    assert_eq!(
        (events.try_recv(), events.try_recv().is_err()),
        (Ok(gap), true)
    );
    assert_eq!(blocks(&open.path)[..5], [0, 0, 0, 0, 5]);
}

fn wide_block(from: u64) -> Block {
    let samples = vec![9; 4 * BLOCK_FRAMES as usize];
    Block::new(from, Rate::Wide, samples, Arc::default())
}

/// What goes on at a better rate is a file of its own, in step with the one that was set aside; nothing of either is
/// told as lost, and what is lost is told where it is.
#[test]
fn a_file_that_goes_on_at_a_better_rate_loses_nothing_though_the_volume_fails_meanwhile() {
    let dir = tempfile::tempdir().expect("a folder");
    let volume = Flaky::new(State::Well);
    let (mut open, mut events, now) = file(dir.path().join("call.wav"));
    let platter = Platter::start();
    open.take(block(0));
    open.write(now, &volume, &platter);
    volume.set(State::Full);
    open.take(block(1));
    // After the second block the call is wide; of the next block nothing comes.
    open.take(wide_block(4 * BLOCK_FRAMES));
    open.take(wide_block(8 * BLOCK_FRAMES));
    for retry in 0..3 {
        open.write(now + RETRY_EVERY * retry, &volume, &platter);
    }
    let path = open.path.clone();
    let aside = path.with_extension("narrow.wav");
    assert!(!aside.exists(), "the second block is not written yet");
    volume.set(State::Well);
    open.write(now + RETRY_EVERY * 3, &volume, &platter);
    assert_eq!(left(&aside).len() as u64, 2 * BLOCK_FRAMES);
    let sound = left(&path);
    assert_eq!(sound.len() as u64, 10 * BLOCK_FRAMES);
    let of_block = |nth: u64| sound[(2 * nth * BLOCK_FRAMES) as usize];
    assert_eq!([0, 1, 2, 3, 4].map(of_block), [0, 0, 9, 0, 9]);
    let gap = Event::RecordingGap {
        from_ms: 3 * BLOCK_MS,
        length_ms: BLOCK_MS,
    };
    assert_eq!(events.try_recv(), Ok(gap));
    assert!(events.try_recv().is_err(), "and no other");
    let closing = Closing::Call {
        caller: Default::default(),
        desk: None,
    };
    let frames = (10 * BLOCK_FRAMES, Rate::Wide);
    let closed = open.close(frames, closing, now, &volume, &platter);
    let Event::Finished(recorded) = closed.event else {
        panic!("a call was closed")
    };
    assert_eq!(recorded.length_ms, 5 * BLOCK_MS);
    assert_eq!(recorded.gaps, [(3 * BLOCK_MS, BLOCK_MS)]);
}
