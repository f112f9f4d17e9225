//! WAV as the prompts need it: mono, 16 bit, and a note of the text the sound was made from.

use anyhow::{Context, Result, bail, ensure};

/// Mono sound as samples in −1.0…1.0, with the note of its text where the file carries one.
#[derive(Debug, Clone, PartialEq)]
pub struct Wav {
    pub rate_hz: u32,
    pub samples: Vec<f32>,
    /// The `ICMT` entry of the file's `LIST INFO` chunk.
    pub note: Option<String>,
}

impl Wav {
    /// Reads RIFF WAVE, PCM, one channel, 16 bit.
    ///
    /// A data length that runs past the end of the file (a synthesiser that writes to a pipe
    /// cannot know it) is taken as "to the end".
    pub fn parse(bytes: &[u8]) -> Result<Wav> {
        ensure!(
            bytes.len() >= 12 && &bytes[..4] == b"RIFF" && &bytes[8..12] == b"WAVE",
            "not a WAV file"
        );
        let mut rate_hz = None;
        let mut samples = None;
        let mut note = None;
        let mut rest = &bytes[12..];
        while let Some((id, body, after)) = next_chunk(rest) {
            match id {
                b"fmt " => rate_hz = Some(parse_format(body)?),
                b"data" => samples = Some(parse_samples(body)),
                b"LIST" => note = parse_note(body),
                _ => {}
            }
            rest = after;
        }
        Ok(Wav {
            rate_hz: rate_hz.context("a WAV file without a format chunk")?,
            // Written again, no sound and a note behind it would read as sound to the end.
            samples: samples
                .filter(|samples| !samples.is_empty())
                .context("a WAV file without sound")?,
            note,
        })
    }

    /// The file's bytes: a header of 44 bytes, the samples, then the note.
    pub fn to_bytes(&self) -> Vec<u8> {
        let data_length = self.samples.len() * 2;
        let note = self.note.as_deref().map(note_chunk).unwrap_or_default();
        let mut bytes = Vec::with_capacity(44 + data_length + note.len());
        bytes.extend(b"RIFF");
        bytes.extend(length_field(36 + data_length + note.len()));
        bytes.extend(b"WAVEfmt ");
        bytes.extend(16u32.to_le_bytes());
        bytes.extend(1u16.to_le_bytes()); // PCM
        bytes.extend(1u16.to_le_bytes()); // mono
        bytes.extend(self.rate_hz.to_le_bytes());
        // A header may name any rate; the octets a second are derived, and nobody reads them.
        bytes.extend(self.rate_hz.saturating_mul(2).to_le_bytes());
        bytes.extend(2u16.to_le_bytes());
        bytes.extend(16u16.to_le_bytes());
        bytes.extend(b"data");
        bytes.extend(length_field(data_length));
        for sample in &self.samples {
            let rounded = (sample * 32768.0).round().clamp(-32768.0, 32767.0);
            bytes.extend((rounded as i16).to_le_bytes());
        }
        bytes.extend(note);
        bytes
    }

    pub fn seconds(&self) -> f32 {
        self.samples.len() as f32 / self.rate_hz as f32
    }
}

/// Splits off `(id, body, the bytes after it)`; `None` at the end.
fn next_chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (id, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let stated = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let endless = stated == 0 && id == b"data";
    let length = if endless {
        rest.len()
    } else {
        stated.min(rest.len())
    };
    let padded = length.saturating_add(length % 2).min(rest.len());
    Some((id, &rest[..length], &rest[padded..]))
}

fn parse_format(body: &[u8]) -> Result<u32> {
    ensure!(body.len() >= 16, "a WAV file with a short format chunk");
    let word = |at: usize| u16::from_le_bytes([body[at], body[at + 1]]);
    let (coding, channels, bits) = (word(0), word(2), word(14));
    if (coding, channels, bits) != (1, 1, 16) {
        bail!(
            "coding {coding}, {channels} channel(s), {bits} bit; wanted PCM (1), 1 channel, 16 bit"
        );
    }
    Ok(u32::from_le_bytes([body[4], body[5], body[6], body[7]]))
}

fn parse_samples(body: &[u8]) -> Vec<f32> {
    body.chunks_exact(2)
        .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0)
        .collect()
}

fn parse_note(list: &[u8]) -> Option<String> {
    let mut rest = list.strip_prefix(b"INFO")?;
    while let Some((id, body, after)) = next_chunk(rest) {
        if id == b"ICMT" {
            let text = body.strip_suffix(b"\0").unwrap_or(body);
            return String::from_utf8(text.to_vec()).ok();
        }
        rest = after;
    }
    None
}

fn note_chunk(note: &str) -> Vec<u8> {
    let mut text = note.as_bytes().to_vec();
    text.push(0);
    let stated = text.len();
    text.resize(stated.next_multiple_of(2), 0);
    let mut bytes = b"LIST".to_vec();
    bytes.extend(length_field(4 + 8 + text.len()));
    bytes.extend(b"INFOICMT");
    bytes.extend(length_field(stated));
    bytes.extend(text);
    bytes
}

fn length_field(length: usize) -> [u8; 4] {
    u32::try_from(length)
        .expect("a prompt is minutes long at most, far below 4 GiB")
        .to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(note: Option<&str>) -> Wav {
        Wav {
            rate_hz: 8000,
            samples: vec![0.0, 0.5, -0.5, -1.0],
            note: note.map(str::to_owned),
        }
    }

    #[test]
    fn what_was_written_is_read_back() {
        for note in [None, Some("七"), Some("even")] {
            let wav = wav(note);
            assert_eq!(Wav::parse(&wav.to_bytes()).unwrap(), wav);
        }
    }

    #[test]
    fn the_samples_begin_at_byte_44() {
        let bytes = wav(Some("七")).to_bytes();
        assert_eq!(&bytes[36..40], b"data");
        assert_eq!(i16::from_le_bytes([bytes[46], bytes[47]]), 16384);
        let stated = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        assert_eq!(stated as usize, bytes.len() - 8);
    }

    #[test]
    fn a_pipe_s_unknown_length_means_to_the_end() {
        for unknown in [0u32, 0x7FFF_F000, u32::MAX] {
            let mut bytes = wav(None).to_bytes();
            bytes[40..44].copy_from_slice(&unknown.to_le_bytes());
            assert_eq!(Wav::parse(&bytes).unwrap().samples.len(), 4);
        }
    }

    #[test]
    fn another_format_is_refused_by_name() {
        let mut bytes = wav(None).to_bytes();
        bytes[22] = 2;
        let error = Wav::parse(&bytes).unwrap_err().to_string();
        assert!(error.contains("2 channel(s)"), "{error}");
    }

    #[test]
    fn no_prefix_of_a_file_panics() {
        let bytes = wav(Some("七")).to_bytes();
        for end in 0..bytes.len() {
            // Every prefix is either refused or read as what is there of it.
            if let Ok(read) = Wav::parse(&bytes[..end]) {
                assert!(read.samples.len() <= 4);
            }
        }
    }
}
