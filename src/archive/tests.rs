use proptest::prelude::*;

use super::*;

struct Place {
    archive: Archive,
    _dir: tempfile::TempDir,
}

fn archive() -> Place {
    let dir = tempfile::tempdir().unwrap();
    Place {
        archive: Archive::new(dir.path().join("recordings")),
        _dir: dir,
    }
}

fn started() -> Moment {
    // Already the 19th in Beijing.
    "2026-09-18T16:30:00Z".parse().unwrap()
}

fn id() -> CallId {
    CallId("20260919-003000-7f3a9c".to_owned())
}

/// A stereo WAV of 8 kHz as the recorder begins it; sizes as given.
fn wav(riff_bytes: u32, data_bytes: u32, sound: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF".to_vec();
    file.extend(riff_bytes.to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    file.extend([1, 0, 2, 0]);
    file.extend(8000u32.to_le_bytes());
    file.extend(32000u32.to_le_bytes());
    file.extend([4, 0, 16, 0]);
    file.extend(b"data");
    file.extend(data_bytes.to_le_bytes());
    file.extend(sound);
    file
}

fn closed(sound: &[u8]) -> Vec<u8> {
    let length = sound.len() as u32;
    wav(length + 36, length, sound)
}

#[test]
fn a_recording_lies_under_the_beijing_day_of_its_start() {
    let place = archive();
    let path = place.archive.place(&id(), started()).unwrap();
    let relative = place.archive.relative(&path).unwrap();
    assert_eq!(relative, "2026/09/19/20260919-003000-7f3a9c.wav");
    let clip = place.archive.place_clip(&id(), ClipKind::Remark, started());
    assert!(clip.unwrap().ends_with("20260919-003000-7f3a9c.remark.wav"));
    let evil = CallId("../../etc/passwd".to_owned());
    assert!(matches!(
        place.archive.place(&evil, started()),
        Err(Error::Outside(_))
    ));
}

#[test]
fn a_closed_recording_gets_its_length_and_a_digest_that_shows_every_later_change() {
    let place = archive();
    let path = place.archive.place(&id(), started()).unwrap();
    std::fs::write(&path, closed(&[7; 32_000])).unwrap();
    let recording = place.archive.finish(&path).unwrap();
    assert_eq!((recording.length_ms, recording.bytes), (1000, 32_044));
    assert!(place.archive.is_unchanged(&recording).unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[20_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(!place.archive.is_unchanged(&recording).unwrap());
}

#[test]
fn after_a_kill_everything_written_plays_and_a_torn_frame_is_cut() {
    let place = archive();
    let path = place.archive.place(&id(), started()).unwrap();
    // The header says nothing yet; 2 s and 3 torn bytes were written.
    std::fs::write(&path, wav(36, 0, &[1; 64_003])).unwrap();
    let recovered = place.archive.recover(&[(id(), started())]);
    let (saved, faults) = &recovered[0];
    assert!(faults.is_empty() && saved.clips.is_empty(), "{recovered:?}");
    let recording = saved.recording.as_ref().unwrap();
    assert_eq!((recording.length_ms, recording.bytes), (2000, 64_044));
    let mut sizes = sizes(&path);
    assert_eq!(sizes.next(), Some(64_036));
    assert_eq!(sizes.next(), Some(64_000));
    let again = place.archive.repair(&path).unwrap();
    assert_eq!(
        again,
        Repaired {
            length_ms: 2000,
            changed: false
        }
    );
}

/// The two sizes of a header: the outer one, the sound's.
fn sizes(path: &Path) -> impl Iterator<Item = u32> {
    let bytes = std::fs::read(path).unwrap();
    let at = move |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    vec![at(4), at(40)].into_iter()
}

#[test]
fn messages_that_were_being_spoken_at_the_kill_are_saved_too() {
    let place = archive();
    let path = place.archive.place(&id(), started()).unwrap();
    std::fs::write(&path, closed(&[1; 32_000])).unwrap();
    let clip = |kind| place.archive.place_clip(&id(), kind, started()).unwrap();
    std::fs::write(clip(ClipKind::Remark), wav(36, 0, &[1; 32_003])).unwrap();
    // Begun, and nothing said yet.
    std::fs::write(clip(ClipKind::Voice), wav(36, 0, &[])).unwrap();
    let (saved, faults) = place.archive.recover(&[(id(), started())]).remove(0);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(saved.recording.unwrap().length_ms, 1000);
    let [(ClipKind::Remark, remark)] = &saved.clips[..] else {
        panic!("one message: {:?}", saved.clips)
    };
    assert_eq!(remark.length_ms, 1000);
    assert!(remark.path.ends_with(".remark.wav"), "{}", remark.path);
    assert!(place.archive.is_unchanged(remark).unwrap());
    // A torn header is told, and the rest is saved all the same.
    std::fs::write(clip(ClipKind::Voice), b"RIFF").unwrap();
    let (saved, faults) = place.archive.recover(&[(id(), started())]).remove(0);
    assert!(
        matches!(faults[..], [Error::NotARecording(_)]),
        "{faults:?}"
    );
    assert!(saved.recording.is_some() && saved.clips.len() == 1);
}

#[test]
fn a_header_longer_than_its_file_is_shortened() {
    let place = archive();
    let path = place.archive.place(&id(), started()).unwrap();
    std::fs::write(&path, wav(64_036, 64_000, &[1; 32_000])).unwrap();
    let repaired = place.archive.repair(&path).unwrap();
    assert_eq!(
        repaired,
        Repaired {
            length_ms: 1000,
            changed: true
        }
    );
}

#[test]
fn an_empty_or_headless_or_absent_file_is_reported_and_left() {
    let place = archive();
    let path = place.archive.place(&id(), started()).unwrap();
    let nothing = place.archive.recover(&[(id(), started())]);
    assert!(matches!(nothing[0].1[..], [Error::Io(_)]), "{nothing:?}");
    assert_eq!(nothing[0].0.recording, None);
    for bytes in [vec![], vec![0; 5000], b"RIFF".to_vec()] {
        std::fs::write(&path, &bytes).unwrap();
        let error = place.archive.repair(&path).unwrap_err();
        assert!(matches!(error, Error::NotARecording(_)), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn chunks_after_the_sound_are_not_taken_for_sound() {
    let place = archive();
    let path = place.archive.place(&id(), started()).unwrap();
    let mut file = wav(36 + 3200 + 12, 3200, &[1; 3200]);
    file.extend(b"LIST\x04\0\0\0INFO");
    std::fs::write(&path, &file).unwrap();
    assert!(!place.archive.repair(&path).unwrap().changed);
    assert_eq!(place.archive.finish(&path).unwrap().length_ms, 100);
}

#[test]
fn nothing_outside_the_folder_is_opened() {
    let place = archive();
    let path = place.archive.place(&id(), started()).unwrap();
    std::fs::write(&path, closed(&[0; 4])).unwrap();
    let secret = place.archive.dir().parent().unwrap().join("secret");
    std::fs::write(&secret, "x").unwrap();
    std::os::unix::fs::symlink(&secret, place.archive.dir().join("link.wav")).unwrap();
    for bad in [
        "",
        "../secret",
        "2026/../../secret",
        "/etc/passwd",
        "link.wav",
        "2026",
        "2026/09/19/a\0b",
    ] {
        assert!(
            matches!(place.archive.open(bad), Err(Error::Outside(_))),
            "{bad}"
        );
    }
    let relative = place.archive.relative(&path).unwrap();
    assert_eq!(place.archive.open(&relative).unwrap().1, 48);
}

#[test]
fn peaks_tell_the_channels_apart() {
    let place = archive();
    let path = place.archive.place(&id(), started()).unwrap();
    // 30 ms: left swings, right is silent; the last bucket is half as long.
    let sound: Vec<u8> = (0..240)
        .flat_map(|frame| {
            let left: i16 = if frame % 2 == 0 { 12_800 } else { -12_800 };
            let [low, high] = left.to_le_bytes();
            [low, high, 0, 0]
        })
        .collect();
    std::fs::write(&path, closed(&sound)).unwrap();
    let relative = place.archive.relative(&path).unwrap();
    let peaks = place.archive.peaks(&relative).unwrap();
    assert_eq!(peaks.data, [-50, 50, 0, 0, -50, 50, 0, 0]);
    assert_eq!((peaks.channels, peaks.length_ms), (2, 30));
}

proptest! {
    #[test]
    fn whatever_bytes_are_in_it_a_file_is_a_recording_or_is_not(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..400),
        begins_well in any::<bool>(),
        flips in proptest::collection::vec((0usize..44, any::<u8>()), 0..4),
    ) {
        if begins_well {
            bytes = wav(0, 0, &bytes);
            for (at, byte) in flips {
                bytes[at] = byte;
            }
        }
        let place = archive();
        let path = place.archive.place(&id(), started()).unwrap();
        std::fs::write(&path, &bytes).unwrap();
        let relative = place.archive.relative(&path).unwrap();
        let _ = place.archive.finish(&path);
        let _ = place.archive.peaks(&relative);
        if let Ok(repaired) = place.archive.repair(&path) {
            let again = place.archive.repair(&path).unwrap();
            prop_assert_eq!(again, Repaired { changed: false, ..repaired.clone() });
            prop_assert_eq!(place.archive.finish(&path).unwrap().length_ms, repaired.length_ms);
            prop_assert!(std::fs::metadata(&path).unwrap().len() <= bytes.len() as u64);
        }
    }

    #[test]
    fn a_kill_at_any_byte_loses_less_than_a_frame(written in 0usize..4000) {
        let place = archive();
        let path = place.archive.place(&id(), started()).unwrap();
        std::fs::write(&path, wav(0, 0, &vec![3; written])).unwrap();
        place.archive.repair(&path).unwrap();
        let kept = std::fs::metadata(&path).unwrap().len() as usize - 44;
        prop_assert_eq!(kept, written / 4 * 4);
    }
}

/// A stereo file of this rate: on its left a tone, on its right half of it.
fn toned(rate_hz: u32, frames: usize, hz: f32) -> Vec<u8> {
    let sound = (0..frames).flat_map(|at| {
        let phase = std::f32::consts::TAU * hz * at as f32 / rate_hz as f32;
        let left = (8000.0 * phase.sin()) as i16;
        [left.to_le_bytes(), (left / 2).to_le_bytes()].concat()
    });
    let mut file = closed(&sound.collect::<Vec<u8>>());
    file[24..28].copy_from_slice(&rate_hz.to_le_bytes());
    file[28..32].copy_from_slice(&(4 * rate_hz).to_le_bytes());
    file
}

fn rate_of(file: &[u8]) -> u32 {
    u32::from_le_bytes(file[24..28].try_into().unwrap())
}

/// How far a file's sound is from a tone of 16,000 Hz there, 24 samples late as the filter is; 0 is not at all.
fn distance(file: &[u8], expected: &[u8], frames: std::ops::Range<usize>) -> f64 {
    let sample = |file: &[u8], at: usize| i16::from_le_bytes([file[at], file[at + 1]]);
    let energy = |value: i16| f64::from(value).powi(2);
    let (mut off, mut all) = (0.0, 0.0);
    for frame in frames {
        for channel in 0..2 {
            let there = sample(file, 44 + 4 * (frame + 23) + 2 * channel);
            let wanted = sample(expected, 44 + 4 * frame + 2 * channel);
            off += energy(there.saturating_sub(wanted));
            all += energy(wanted);
        }
    }
    off / all
}

#[test]
fn a_recording_that_became_wide_is_one_file_of_the_better_rate() {
    let place = archive();
    let path = place.archive.place(&id(), started()).unwrap();
    let aside = path.with_extension("narrow.wav");
    std::fs::write(&aside, toned(8000, 8000, 700.0)).unwrap();
    let mut later = toned(16_000, 32_000, 5000.0);
    later[44..44 + 64_000].fill(0);
    std::fs::write(&path, &later).unwrap();
    let recording = place.archive.finish(&path).unwrap();
    assert_eq!((recording.length_ms, recording.bytes), (2000, 128_044));
    assert!(!aside.exists());
    let file = std::fs::read(&path).unwrap();
    assert_eq!(rate_of(&file), 16_000);
    let off = distance(&file, &toned(16_000, 16_000, 700.0), 100..15_900);
    assert!(off < 0.01, "the first second is what it was: {off}");
    assert_eq!(file[44 + 64_000..], later[44 + 64_000..]);
    assert!(place.archive.is_unchanged(&recording).unwrap());
    assert_eq!(
        place.archive.peaks(&recording.path).unwrap().length_ms,
        2000
    );
}

#[test]
fn whenever_the_house_falls_both_parts_of_a_recording_are_saved() {
    let place = archive();
    let path = place.archive.place(&id(), started()).unwrap();
    let aside = path.with_extension("narrow.wav");
    let narrow = toned(8000, 8000, 700.0);
    let whole = toned(16_000, 16_000, 700.0);
    let wide = |bytes: usize| {
        let mut file = whole[..44 + bytes].to_vec();
        file[44..].fill(0);
        // Its header tells of nothing yet.
        file[4..8].copy_from_slice(&36u32.to_le_bytes());
        file[40..44].fill(0);
        Some(file)
    };
    for (what, file, length_ms) in [
        ("before the new file", None, 1000),
        ("within its header", Some(vec![b'R'; 20]), 1000),
        ("at its first octet", wide(0), 1000),
        ("within the silence", wide(30_001), 1000),
        ("behind it", wide(64_000), 1000),
    ] {
        let _ = std::fs::remove_file(&path);
        std::fs::write(&aside, &narrow).unwrap();
        if let Some(file) = &file {
            std::fs::write(&path, file).unwrap();
        }
        let (saved, faults) = place.archive.recover(&[(id(), started())]).remove(0);
        assert!(faults.is_empty(), "{what}: {faults:?}");
        let recording = saved.recording.unwrap();
        assert_eq!(recording.length_ms, length_ms, "{what}");
        assert!(!aside.exists(), "{what}");
        let saved = std::fs::read(&path).unwrap();
        match rate_of(&saved) {
            8000 => assert_eq!(saved, narrow, "{what}"),
            16_000 => {
                let off = distance(&saved, &whole, 100..15_900);
                assert!(off < 0.01, "{what}: {off}");
            }
            rate_hz => panic!("{what}: {rate_hz} Hz"),
        }
        // Ended before the part was removed, it is done again, and is the same.
        if rate_of(&saved) == 16_000 {
            std::fs::write(&aside, &narrow).unwrap();
            assert_eq!(place.archive.finish(&path).unwrap(), recording, "{what}");
        }
    }
}

#[test]
fn parts_that_do_not_fit_together_are_told_and_left() {
    let place = archive();
    let path = place.archive.place(&id(), started()).unwrap();
    let aside = path.with_extension("narrow.wav");
    std::fs::write(&aside, toned(8000, 800, 700.0)).unwrap();
    let other = toned(8000, 800, 300.0);
    std::fs::write(&path, &other).unwrap();
    let refused = place.archive.finish(&path);
    assert!(
        matches!(refused, Err(Error::NotARecording(_))),
        "{refused:?}"
    );
    assert!(aside.exists());
    assert_eq!(std::fs::read(&path).unwrap(), other);
}
