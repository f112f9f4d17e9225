//! `gradeline prompts make`: from `script.toml` to the files callers hear.
//!
//! Only making needs a synthesiser; the files are kept with the sources.
//!
//! **Invariant:** a recording of one's own is never made over unasked.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

mod script;
mod sound;
mod voice;
mod wav;

use script::Clip;
use wav::Wav;

/// Reads any bytes as a prompt; what is written of it reads back.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_foreign(bytes: &[u8]) {
    if let Ok(wav) = Wav::parse(bytes) {
        let back = Wav::parse(&wav.to_bytes()).expect("our own file");
        assert_eq!(back.rate_hz, wav.rate_hz);
        assert_eq!(back.samples, wav.samples);
    }
}

/// What `prompts make` is asked to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
pub struct Options {
    /// Make every prompt anew, also over your own recordings
    #[arg(long, conflicts_with = "check")]
    pub all: bool,
    /// Make nothing: verify digests, format, level and length against the texts
    #[arg(long)]
    pub check: bool,
}

/// The rates a recording of one's own may have; what is made here has the first.
const RATES_HZ: [u32; 2] = [sound::RATE_HZ, 16000];

/// Seconds of each prompt as the wording was planned, at 3.5 characters a second; of P05 and
/// P33 for both texts together.
const PLANNED_S: [(&str, u32); 39] = [
    ("P01", 17),
    ("P01L", 16),
    ("P01s", 8),
    ("P02", 13),
    ("P03", 7),
    ("P04", 3),
    ("P05", 4),
    ("P06", 6),
    ("P07", 6),
    ("P10", 15),
    ("P11", 9),
    ("P12", 9),
    ("P13", 9),
    ("P14", 7),
    ("P14b", 5),
    ("P15", 4),
    ("P16", 23),
    ("P17", 11),
    ("P18", 1),
    ("P20", 4),
    ("P21", 10),
    ("P23", 23),
    ("P24", 13),
    ("P25", 9),
    ("P26", 8),
    ("P27", 4),
    ("P28", 5),
    ("P29", 6),
    ("P31", 17),
    ("P32", 21),
    ("P33", 11),
    ("P34", 12),
    ("P35", 22),
    ("P36", 10),
    ("P37", 10),
    ("P38", 8),
    ("P40", 9),
    ("rehearsal-desk", 8),
    ("demo-question", 5),
];

/// Makes the prompts of `dir` (one locale: `prompts/zh-CN`) that are missing or whose text
/// changed, notes every digest in its `script.toml`, and prints what was done.
///
/// A file without our note of its text is somebody's own recording: it is kept.
pub fn make(dir: &Path, options: Options) -> Result<()> {
    let script_path = dir.join("script.toml");
    let source = fs::read_to_string(&script_path).with_context(|| {
        format!(
            "{}: a folder of prompts has a script",
            script_path.display()
        )
    })?;
    let mut clips = script::clips(&source).with_context(|| script_path.display().to_string())?;
    if options.check {
        return report(&check(dir, &clips)?, dir, clips.len());
    }
    let mut seconds = BTreeMap::<String, f32>::new();
    for clip in &mut clips {
        let path = dir.join(format!("{}.wav", clip.stem));
        let (what, bytes) = match kept(&path, clip, options.all)? {
            Some((what, bytes)) => (what, bytes),
            None => {
                let bytes = synthesise(clip)
                    .with_context(|| clip.stem.clone())?
                    .to_bytes();
                fs::write(&path, &bytes).with_context(|| path.display().to_string())?;
                ("made", bytes)
            }
        };
        let length_s = Wav::parse(&bytes)
            .with_context(|| clip.stem.clone())?
            .seconds();
        println!(
            "{what:<12} {:<26} {length_s:>6.2} s  {}",
            clip.stem, clip.text
        );
        *seconds.entry(clip.prompt.clone()).or_default() += length_s;
        clip.digest = Some(hex::encode(Sha256::digest(&bytes)));
    }
    write_script(&script_path, &source, &clips)?;
    print_lengths(&clips, &seconds);
    report(&check(dir, &clips)?, dir, clips.len())
}

/// The file's bytes where it may stay, and why it stays.
fn kept(path: &Path, clip: &Clip, all: bool) -> Result<Option<(&'static str, Vec<u8>)>> {
    let bytes = match fs::read(path) {
        Ok(bytes) if !all => bytes,
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| path.display().to_string());
        }
        _ => return Ok(None),
    };
    let wav = Wav::parse(&bytes).with_context(|| path.display().to_string())?;
    Ok(match wav.note {
        None => Some(("your own", bytes)),
        Some(note) if note == note_of(clip) => Some(("unchanged", bytes)),
        Some(_) => None,
    })
}

fn synthesise(clip: &Clip) -> Result<Wav> {
    let spoken = voice::speak(&clip.stem, &clip.reading)?;
    Ok(Wav {
        rate_hz: sound::RATE_HZ,
        samples: sound::prepare(&spoken.samples, spoken.rate_hz),
        note: Some(note_of(clip)),
    })
}

/// What a made file says of itself: the reading it was made from, and by which voice.
fn note_of(clip: &Clip) -> String {
    format!("{} [{}]", clip.reading, voice::SETTINGS)
}

/// Replaces the script in one step: a crash leaves the old one or the new one.
fn write_script(path: &Path, source: &str, clips: &[Clip]) -> Result<()> {
    let written = script::with_digests(source, clips);
    if written == source {
        return Ok(());
    }
    let beside = path.with_extension("toml.new");
    fs::write(&beside, written).with_context(|| beside.display().to_string())?;
    fs::rename(&beside, path).with_context(|| path.display().to_string())
}

fn print_lengths(clips: &[Clip], seconds: &BTreeMap<String, f32>) {
    println!(
        "\n{:<16} {:>8} {:>8} {:>8}",
        "prompt", "seconds", "planned", "chars/s"
    );
    for (id, planned_s) in PLANNED_S {
        let Some(length_s) = seconds.get(id) else {
            continue;
        };
        let spoken = clips.iter().filter(|clip| clip.prompt == id);
        let characters: usize = spoken.map(|clip| count_characters(&clip.text)).sum();
        let rate = characters as f32 / length_s;
        println!("{id:<16} {length_s:>8.1} {planned_s:>8} {rate:>8.2}");
    }
    println!("{:<16} {:>8.1}\n", "all", seconds.values().sum::<f32>());
}

fn report(faults: &[String], dir: &Path, count: usize) -> Result<()> {
    if faults.is_empty() {
        println!("{}: {count} prompts in order", dir.display());
        return Ok(());
    }
    bail!("{}:\n  {}", dir.display(), faults.join("\n  "))
}

/// What is wrong with the files of `dir`, one line each, with what to do.
fn check(dir: &Path, clips: &[Clip]) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for clip in clips {
        let name = format!("{}.wav", clip.stem);
        match fs::read(dir.join(&name)) {
            Ok(bytes) => faults.extend(
                faults_of(clip, &bytes)
                    .into_iter()
                    .map(|fault| format!("{name}: {fault}")),
            ),
            Err(error) => faults.push(format!("{name}: {error}; `prompts make` makes it")),
        }
    }
    let known: HashSet<&str> = clips.iter().map(|clip| clip.stem.as_str()).collect();
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        if path.extension().is_some_and(|end| end == "wav") && !known.contains(stem) {
            faults.push(format!(
                "{stem}.wav: no text in script.toml; remove it or add its text"
            ));
        }
    }
    Ok(faults)
}

fn faults_of(clip: &Clip, bytes: &[u8]) -> Vec<String> {
    let wav = match Wav::parse(bytes) {
        Ok(wav) => wav,
        Err(error) => return vec![format!("{error:#}; save it as 8 kHz mono 16 bit")],
    };
    if !RATES_HZ.contains(&wav.rate_hz) {
        return vec![format!("{} Hz; save it at 8000 Hz", wav.rate_hz)];
    }
    let mut faults = Vec::new();
    let digest = hex::encode(Sha256::digest(bytes));
    if clip.digest.as_deref() != Some(digest.as_str()) {
        faults.push("not the file of script.toml's digest; `prompts make` notes it".to_owned());
    }
    if wav.note.as_ref().is_some_and(|note| *note != note_of(clip)) {
        faults.push("made from another text; `prompts make` makes it anew".to_owned());
    }
    let level_db = sound::active_level_db(&wav.samples);
    if (level_db - sound::LEVEL_DB).abs() > sound::LEVEL_TOLERANCE_DB {
        let aim = sound::LEVEL_DB;
        faults.push(format!(
            "speech at {level_db:.1} dBFS; bring it to {aim} dBFS"
        ));
    }
    let peak_db = sound::peak_db(&wav.samples);
    if peak_db > sound::PEAK_DB {
        faults.push(format!(
            "a peak at {peak_db:.1} dBFS; limit it to {} dBFS",
            sound::PEAK_DB
        ));
    }
    let (shortest_s, longest_s) = plausible_s(count_characters(&clip.text));
    let length_s = wav.seconds();
    if !(shortest_s..=longest_s).contains(&length_s) {
        let text = &clip.text;
        faults.push(format!(
            "{length_s:.2} s for `{text}`; {shortest_s:.1}–{longest_s:.1} s would be natural"
        ));
    }
    faults
}

/// The characters and digits that are spoken.
fn count_characters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// Between 5.5 and 2.2 characters a second, and some room for a single word.
fn plausible_s(characters: usize) -> (f32, f32) {
    let characters = characters as f32;
    (characters / 5.5, characters / 2.2 + 0.4)
}

#[cfg(test)]
mod tests;
