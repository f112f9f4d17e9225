//! The header of a WAV file (RIFF WAVE, Multimedia Programming Interface 1.0), read and put right.
//!
//! The recorder writes the 44 bytes and then only appends; its sizes are right after the end only.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use super::Error;

/// Chunks looked through for `fmt ` and `data`; our own files have two.
const MOST_CHUNKS: usize = 64;
/// `fmt ` is 16, 18 or 40 bytes.
const LONGEST_FORMAT: u32 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sample {
    /// Little-endian, 16 bits.
    Pcm16,
    /// ITU-T G.711.
    ALaw,
    MuLaw,
}

impl Sample {
    pub(super) fn bytes(self) -> usize {
        match self {
            Sample::Pcm16 => 2,
            Sample::ALaw | Sample::MuLaw => 1,
        }
    }
}

/// What the header says, and what the file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wav {
    pub sample: Sample,
    pub channels: u16,
    pub rate_hz: u32,
    /// Where the sound begins.
    pub data_at: u64,
    /// Bytes of sound by the header.
    pub data_bytes: u32,
    riff_bytes: u32,
    file_bytes: u64,
}

impl Wav {
    /// Reads up to the sound. Whatever the bytes are, it ends with a header or an error.
    pub(super) fn read(file: &mut File) -> Result<Wav, Error> {
        let file_bytes = file.metadata()?.len();
        if file_bytes == 0 {
            return Err(no_recording("the file is empty"));
        }
        file.seek(SeekFrom::Start(0))?;
        let riff = chunk(file, "the file is shorter than a header")?;
        let mut form = [0; 4];
        read(file, &mut form, "the file is shorter than a header")?;
        if riff.id != *b"RIFF" || form != *b"WAVE" {
            return Err(no_recording("it does not begin as a WAV file does"));
        }
        let mut format = None;
        let mut at: u64 = 12;
        for _ in 0..MOST_CHUNKS {
            file.seek(SeekFrom::Start(at))?;
            let next = chunk(file, "the file ends before its sound")?;
            match (&next.id, format) {
                (b"fmt ", None) => format = Some(Format::read(file, next.bytes)?),
                (b"data", Some(format)) => {
                    let Format {
                        sample,
                        channels,
                        rate_hz,
                    } = format;
                    return Ok(Wav {
                        sample,
                        channels,
                        rate_hz,
                        data_at: at + 8,
                        data_bytes: next.bytes,
                        riff_bytes: riff.bytes,
                        file_bytes,
                    });
                }
                _ => {}
            }
            // Chunks begin on even bytes.
            at += 8 + u64::from(next.bytes) + u64::from(next.bytes % 2);
        }
        Err(no_recording("no sound among its first chunks"))
    }

    pub(super) fn frame_bytes(&self) -> usize {
        self.sample.bytes() * usize::from(self.channels)
    }

    /// Whole frames that header and file both have.
    pub(super) fn frames(&self) -> u64 {
        let there = self.file_bytes.saturating_sub(self.data_at);
        u64::from(self.data_bytes).min(there) / self.frame_bytes() as u64
    }

    pub(super) fn length_ms(&self) -> u64 {
        self.frames() * 1000 / u64::from(self.rate_hz)
    }

    /// Header and file say the same: it was closed as it should be. A file with chunks after the
    /// sound is told by its outer size.
    pub(super) fn is_whole(&self) -> bool {
        let data_end = self.data_at + u64::from(self.data_bytes);
        u64::from(self.riff_bytes) + 8 == self.file_bytes
            && data_end <= self.file_bytes
            && (self.data_bytes as usize).is_multiple_of(self.frame_bytes())
    }

    /// Makes every whole frame that was written part of the sound and cuts a torn one.
    pub(super) fn mend(&mut self, file: &mut File) -> Result<(), Error> {
        let frame = self.frame_bytes() as u64;
        // The outer size counts the header too and must fit its 32 bits.
        let most = u64::from(u32::MAX) - self.data_at;
        let there = self.file_bytes.saturating_sub(self.data_at).min(most);
        let sound = there / frame * frame;
        // The sizes first: stopped in between, the file still plays.
        self.data_bytes = u32::try_from(sound).expect("bounded by `most`");
        self.riff_bytes = u32::try_from(self.data_at + sound - 8).expect("bounded by `most`");
        file.seek(SeekFrom::Start(4))?;
        file.write_all(&self.riff_bytes.to_le_bytes())?;
        file.seek(SeekFrom::Start(self.data_at - 4))?;
        file.write_all(&self.data_bytes.to_le_bytes())?;
        file.set_len(self.data_at + sound)?;
        file.sync_all()?;
        self.file_bytes = self.data_at + sound;
        Ok(())
    }
}

struct Chunk {
    id: [u8; 4],
    bytes: u32,
}

#[derive(Clone, Copy)]
struct Format {
    sample: Sample,
    channels: u16,
    rate_hz: u32,
}

impl Format {
    fn read(file: &mut File, bytes: u32) -> Result<Format, Error> {
        if !(16..=LONGEST_FORMAT).contains(&bytes) {
            return Err(no_recording("its format chunk has no possible length"));
        }
        let mut body = [0; 16];
        read(file, &mut body, "the file ends within its format")?;
        let u16_at = |at: usize| u16::from_le_bytes([body[at], body[at + 1]]);
        let rate_hz = u32::from_le_bytes([body[4], body[5], body[6], body[7]]);
        let channels = u16_at(2);
        let sample = match (u16_at(0), u16_at(14)) {
            (1, 16) => Sample::Pcm16,
            (6, 8) => Sample::ALaw,
            (7, 8) => Sample::MuLaw,
            _ => return Err(no_recording("it is neither 16-bit PCM nor G.711")),
        };
        if !(1..=2).contains(&channels) || !(1_000..=192_000).contains(&rate_hz) {
            return Err(no_recording(
                "its channels or its rate are not of a telephone",
            ));
        }
        Ok(Format {
            sample,
            channels,
            rate_hz,
        })
    }
}

fn chunk(file: &mut File, short: &str) -> Result<Chunk, Error> {
    let mut head = [0; 8];
    read(file, &mut head, short)?;
    let [a, b, c, d, size @ ..] = head;
    Ok(Chunk {
        id: [a, b, c, d],
        bytes: u32::from_le_bytes(size),
    })
}

fn read(file: &mut File, into: &mut [u8], short: &str) -> Result<(), Error> {
    file.read_exact(into).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => no_recording(short),
        _ => Error::Io(error),
    })
}

fn no_recording(why: &str) -> Error {
    Error::NotARecording(why.to_owned())
}
