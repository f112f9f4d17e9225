//! Minima and maxima of a recording, for the waveform beside the timeline.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use super::wav::{Sample, Wav};
use super::{Error, Peaks};

const PAIRS_PER_SECOND: u32 = 50;

/// Reads the sound once, a bucket of frames at a time.
pub(super) fn of(file: &mut File, wav: &Wav) -> Result<Peaks, Error> {
    let channels = usize::from(wav.channels);
    let bucket_frames = (wav.rate_hz / PAIRS_PER_SECOND).max(1) as u64;
    let frames = wav.frames();
    file.seek(SeekFrom::Start(wav.data_at))?;
    let mut sound = BufReader::with_capacity(64 * 1024, file);
    let mut bucket = vec![0; bucket_frames as usize * wav.frame_bytes()];
    let mut data = Vec::new();
    let mut left = frames;
    while left > 0 {
        let now = left.min(bucket_frames);
        let bytes = &mut bucket[..now as usize * wav.frame_bytes()];
        sound.read_exact(bytes)?;
        for channel in 0..channels {
            let (least, most) = extremes(bytes, wav.sample, channel, channels);
            data.extend([(least >> 8) as i8, (most >> 8) as i8]);
        }
        left -= now;
    }
    Ok(Peaks {
        channels: wav.channels,
        pairs_per_second: PAIRS_PER_SECOND,
        length_ms: wav.length_ms(),
        data,
    })
}

fn extremes(bytes: &[u8], sample: Sample, channel: usize, channels: usize) -> (i16, i16) {
    bytes
        .chunks_exact(sample.bytes())
        .skip(channel)
        .step_by(channels)
        .map(|bytes| linear(bytes, sample))
        .fold((i16::MAX, i16::MIN), |(least, most), value| {
            (least.min(value), most.max(value))
        })
}

fn linear(bytes: &[u8], sample: Sample) -> i16 {
    match sample {
        Sample::Pcm16 => i16::from_le_bytes([bytes[0], bytes[1]]),
        Sample::ALaw => a_law(bytes[0]),
        Sample::MuLaw => mu_law(bytes[0]),
    }
}

/// ITU-T G.711 §3, expanded to 16 bits.
fn a_law(code: u8) -> i16 {
    let code = code ^ 0x55;
    let (exponent, mantissa) = ((code >> 4) & 7, i16::from(code & 15));
    let magnitude = match exponent {
        0 => (mantissa << 4) + 8,
        exponent => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    if code & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }
}

fn mu_law(code: u8) -> i16 {
    let code = !code;
    let (exponent, mantissa) = ((code >> 4) & 7, i16::from(code & 15));
    let magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84;
    if code & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }
}
