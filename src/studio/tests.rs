use super::*;

fn shipped() -> (std::path::PathBuf, Vec<Clip>) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/zh-CN");
    let source = fs::read_to_string(dir.join("script.toml")).unwrap();
    (dir, script::clips(&source).unwrap())
}

/// A clip and the bytes of a file that is right for it.
fn sound_clip() -> (Clip, Vec<u8>) {
    let samples = (0..8000)
        .map(|n| (n as f32 * 0.4).sin() * 0.1)
        .collect::<Vec<f32>>();
    let mut wav = Wav {
        rate_hz: sound::RATE_HZ,
        samples: sound::prepare(&samples, sound::RATE_HZ),
        note: None,
    };
    let mut clip = Clip {
        prompt: "P05".to_owned(),
        stem: "P05".to_owned(),
        text: "请稍候。".to_owned(),
        reading: "请稍候。".to_owned(),
        digest: None,
    };
    wav.note = Some(note_of(&clip));
    let bytes = wav.to_bytes();
    clip.digest = Some(hex::encode(Sha256::digest(&bytes)));
    (clip, bytes)
}

#[test]
fn every_shipped_prompt_is_what_its_script_says() {
    let (dir, clips) = shipped();
    assert_eq!(check(&dir, &clips).unwrap(), [""; 0]);
}

#[test]
fn every_shipped_prompt_begins_and_ends_with_speech() {
    let (dir, clips) = shipped();
    for clip in clips {
        let bytes = fs::read(dir.join(format!("{}.wav", clip.stem))).unwrap();
        let wav = Wav::parse(&bytes).unwrap();
        assert_eq!(wav.rate_hz, sound::RATE_HZ);
        let samples = wav.samples;
        let silence = samples.len() - sound::trim(&samples).len();
        assert!(
            silence < 8 * 2 * sound::MARGIN_MS,
            "{}: {silence} samples",
            clip.stem
        );
    }
}

#[test]
fn every_planned_length_is_a_prompt_s() {
    let (_, clips) = shipped();
    for (id, _) in PLANNED_S {
        assert!(clips.iter().any(|clip| clip.prompt == id), "{id}");
    }
}

#[test]
fn a_right_file_has_no_fault() {
    let (clip, bytes) = sound_clip();
    assert_eq!(faults_of(&clip, &bytes), [""; 0]);
}

#[test]
fn each_fault_of_a_file_is_found() {
    let (clip, bytes) = sound_clip();
    let altered = |alter: &dyn Fn(&mut Wav)| {
        let mut wav = Wav::parse(&bytes).unwrap();
        alter(&mut wav);
        let bytes = wav.to_bytes();
        let digest = Some(hex::encode(Sha256::digest(&bytes)));
        faults_of(
            &Clip {
                digest,
                ..clip.clone()
            },
            &bytes,
        )
        .join(" | ")
    };
    assert!(altered(&|_| ()).is_empty());
    assert!(altered(&|wav| wav.rate_hz = 11025).contains("11025 Hz"));
    assert!(altered(&|wav| wav.note = Some("别的".into())).contains("another text"));
    assert!(altered(&|wav| wav.samples.iter_mut().for_each(|s| *s *= 0.5)).contains("dBFS"));
    assert!(altered(&|wav| wav.samples[4000] = 1.0).contains("a peak"));
    assert!(altered(&|wav| wav.samples.truncate(2000)).contains("natural"));
    let other = Clip {
        digest: None,
        ..clip.clone()
    };
    assert!(faults_of(&other, &bytes).join("").contains("digest"));
    assert!(
        faults_of(&clip, b"RIFF")
            .join("")
            .contains("not a WAV file")
    );
}

#[test]
fn an_own_recording_is_kept_and_a_changed_text_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("P05.wav");
    let (clip, bytes) = sound_clip();
    assert!(kept(&path, &clip, false).unwrap().is_none());
    fs::write(&path, &bytes).unwrap();
    assert_eq!(kept(&path, &clip, false).unwrap().unwrap().0, "unchanged");
    assert!(kept(&path, &clip, true).unwrap().is_none());
    let reworded = Clip {
        reading: "别走。".to_owned(),
        ..clip.clone()
    };
    assert!(kept(&path, &reworded, false).unwrap().is_none());
    let own = Wav {
        note: None,
        ..Wav::parse(&bytes).unwrap()
    };
    fs::write(&path, own.to_bytes()).unwrap();
    assert_eq!(
        kept(&path, &reworded, false).unwrap().unwrap().0,
        "your own"
    );
}

#[test]
fn a_file_without_a_text_is_found() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("stray.wav"), b"").unwrap();
    let faults = check(dir.path(), &[]).unwrap();
    assert!(faults.join("").starts_with("stray.wav"), "{faults:?}");
}

/// Runs the command itself over the shipped folder; it needs espeak-ng, so it is run by hand.
#[test]
#[ignore = "makes the files of the repository; needs espeak-ng"]
fn make_the_shipped_prompts() {
    let (dir, _) = shipped();
    make(
        &dir,
        Options {
            all: std::env::var_os("ALL").is_some(),
            check: false,
        },
    )
    .unwrap();
}
