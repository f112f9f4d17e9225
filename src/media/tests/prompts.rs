//! The shipped prompts as sound: they are no keys, and every rate that is taken is heard as it is.

use std::f64::consts::TAU;

use super::super::*;
use crate::codecs::Law;
use crate::rtp::playout::FRAME_SAMPLES;
use crate::rtp::telephone_event::Key;
use crate::rtp::tones::Detector;

fn shipped() -> Clips {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/zh-CN");
    Clips::load(&dir).expect("the shipped prompts")
}

/// Keys that are heard in this sound as a telephone carries it.
fn keys(pcm: &[i16], codec: Law, now: Instant) -> Vec<u8> {
    let mut detector = Detector::default();
    let mut found = Vec::new();
    for frame in pcm.as_chunks::<FRAME_SAMPLES>().0 {
        let (mut octets, mut carried) = ([0; FRAME_SAMPLES], [0; FRAME_SAMPLES]);
        codec.encode(frame, &mut octets);
        codec.decode(&octets, &mut carried);
        detector.hear(&carried, false, now, |key| {
            if let Key::Down { code, .. } = key {
                found.push(code);
            }
        });
    }
    found
}

#[test]
fn no_prompt_and_no_speech_of_the_repository_is_heard_as_a_key() {
    let clips = shipped();
    for spoken in [
        "rehearsal-desk",
        "demo-question",
        "demo-remark",
        "P01",
        "P10",
    ] {
        assert!(clips.0.contains_key(spoken), "{spoken} is not there");
    }
    let mut length_ms = 0;
    for (name, clip) in clips.0.iter() {
        // Looped, each round lies differently on the detector's blocks; at half and twice the
        // loudness as well.
        let rounds = [
            (0, 2, Law::Pcma),
            (31, 1, Law::Pcmu),
            (67, 4, Law::Pcma),
            (89, 2, Law::Pcmu),
        ];
        for (offset, scale, codec) in rounds {
            let mut pcm = vec![0; offset];
            let scaled = |sample: &i16| (i32::from(*sample) * scale / 2).clamp(-32768, 32767);
            pcm.extend(clip.pcm.iter().map(|sample| scaled(sample) as i16));
            length_ms += pcm.len() / 8;
            assert_eq!(
                keys(&pcm, codec, clock()),
                Vec::<u8>::new(),
                "{name}, {codec:?}"
            );
        }
    }
    assert!(
        length_ms > 4 * 60_000,
        "{length_ms} ms are too few to say so"
    );
}

fn write_tone(path: &Path, rate_hz: u32, hz: f64) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(path, spec).expect("a file");
    for n in 0..rate_hz {
        let sample = 8000.0 * (TAU * hz * f64::from(n) / f64::from(rate_hz)).sin();
        wav.write_sample(sample as i16).expect("it is written");
    }
    wav.finalize().expect("it is closed");
}

/// Mean square over a second without its edges.
fn loudness(clip: &Clip) -> f64 {
    let middle = &clip.pcm[400..7600];
    middle.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / middle.len() as f64
}

#[test]
fn sixteen_kilohertz_become_eight_without_a_change_of_pitch_or_folded_hiss() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, rate_hz, hz) in [
        ("narrow", 8000, 1000.0),
        ("wide", 16_000, 1000.0),
        ("high", 16_000, 3000.0),
        ("hiss", 16_000, 5500.0),
    ] {
        write_tone(&dir.path().join(format!("{name}.wav")), rate_hz, hz);
    }
    std::fs::write(dir.path().join("script.toml"), "no sound").expect("it is written");
    let clips = Clips::load(dir.path()).expect("four clips");
    assert_eq!(clips.0.len(), 4);
    let clip = |name: &str| &clips.0[name];
    for clip in clips.0.values() {
        assert_eq!((clip.pcm.len(), clip.length_ms()), (8000, 1000));
        assert_eq!((clip.pcma.len(), clip.pcmu.len()), (8000, 8000));
    }
    let pitch = |clip: &Clip| {
        let two = clip.pcm[400..7600].windows(2);
        two.filter(|two| two[0] < 0 && two[1] >= 0).count() as f64 / 0.9
    };
    assert!((pitch(clip("wide")) - 1000.0).abs() < 3.0);
    let narrow = loudness(clip("narrow"));
    let decibels = |name: &str| 10.0 * (loudness(clip(name)) / narrow).log10();
    assert!(decibels("wide").abs() < 0.1, "{}", decibels("wide"));
    assert!(decibels("high").abs() < 1.0, "{}", decibels("high"));
    // It would be heard at 2500 Hz.
    assert!(decibels("hiss") < -40.0, "{}", decibels("hiss"));
}

#[test]
fn a_clip_of_another_rate_is_refused_by_its_name() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("P01.wav");
    write_tone(&path, 44_100, 440.0);
    let refused = Clips::load(dir.path()).err().map(|fault| fault.to_string());
    let refused = refused.expect("44.1 kHz is not taken");
    assert!(
        refused.contains("P01.wav") && refused.contains("44100"),
        "{refused}"
    );
    std::fs::write(&path, "RIFF").expect("it is written");
    assert!(Clips::load(dir.path()).is_err());
}
