//! The synthesiser: espeak-ng's Mandarin.
//!
//! Its `cmn` voice reads many characters as English letters; `cmn-latn-pinyin` reads the
//! characters themselves, and pinyin where it stands between them.

use std::io::ErrorKind;
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};

use super::wav::Wav;

const VOICE: &str = "cmn-latn-pinyin";
/// espeak-ng's "words a minute": 3.5–4.5 characters a second with the pauses.
const SPEED: &str = "190";
/// A value of one or two syllables is the point of its sentence, and stands between others.
const VALUE_SPEED: &str = "125";
const VALUE_SYLLABLES: usize = 2;
/// The demo's caller speaks lower than the centre, so that a listener tells them apart; higher,
/// his vowels come close to the tones of a key.
const PITCH: &str = "45";
const CALLER_PITCH: &str = "25";
const CALLER_PREFIX: &str = "demo-";

/// Names the settings above: a clip made with others is made anew.
pub const SETTINGS: &str = "espeak-ng cmn-latn-pinyin 190/125 45/25";

/// Speaks `reading` for the clip `stem`.
pub fn speak(stem: &str, reading: &str) -> Result<Wav> {
    ensure_read(reading)?;
    let pitch = if stem.starts_with(CALLER_PREFIX) {
        CALLER_PITCH
    } else {
        PITCH
    };
    let speed = if count_spoken(reading) <= VALUE_SYLLABLES {
        VALUE_SPEED
    } else {
        SPEED
    };
    let bytes = run(&["-s", speed, "-p", pitch, "--stdout"], reading)?;
    Wav::parse(&bytes).context("espeak-ng's sound")
}

/// Fails unless the synthesiser reads every character, each as one Mandarin syllable.
fn ensure_read(reading: &str) -> Result<()> {
    let phonemes = String::from_utf8_lossy(&run(&["-q", "-x"], reading)?).into_owned();
    ensure!(
        !phonemes.contains("(en)"),
        "`{reading}` is read as English: {phonemes}give it as `pinyin`"
    );
    let (read, written) = (count_syllables(&phonemes), count_spoken(reading));
    ensure!(
        read == written,
        "`{reading}` has {written} syllables and is read as {read}: {phonemes}give it as `pinyin`"
    );
    Ok(())
}

/// The syllables of a phoneme string: espeak-ng ends each of them in `_|`.
fn count_syllables(phonemes: &str) -> usize {
    phonemes.matches("_|").count()
}

/// The syllables that should be heard: a character, a digit key, or pinyin closed by its tone.
fn count_spoken(reading: &str) -> usize {
    reading
        .chars()
        .filter(|c| c.is_alphanumeric() && !c.is_ascii_alphabetic())
        .count()
}

fn run(options: &[&str], reading: &str) -> Result<Vec<u8>> {
    let output = Command::new("espeak-ng")
        .args(["-v", VOICE])
        .args(options)
        .arg("--")
        .arg(reading)
        .output()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => anyhow!(
                "espeak-ng is not installed. It is needed to make prompts, not to run: install it \
                 (Debian: apt-get install espeak-ng), or put your own recordings in the folder"
            ),
            _ => anyhow!(error).context("espeak-ng"),
        })?;
    ensure!(
        output.status.success() && !output.stdout.is_empty(),
        "espeak-ng: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_a_key_and_a_pinyin_syllable_are_each_one() {
        assert_eq!(count_spoken("chong2听请按0。"), 5);
        assert_eq!(count_spoken("，。"), 0);
    }

    #[test]
    fn syllables_are_counted_by_their_ends() {
        assert_eq!(count_syllables("n'i35n_| X'Au214_|\nk'uo35_|\n"), 3);
    }
}
