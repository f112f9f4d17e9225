//! Recordings that were begun at 8,000 Hz and went on at 16,000 Hz when a wide desk joined: the recorder set the beginning
//! aside as a file of its own and left silence in its place. Here it is put there, at the better rate.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::wav::{Sample, Wav};
use super::{Error, repair};
use crate::codecs::{FRAME_SAMPLES, Pair, Rate, Up};

/// The ending of the file that was set aside, as the recorder names it.
const SET_ASIDE: &str = "narrow.wav";
/// No file that has a whole header and any sound is shorter.
const HEADER_BYTES: u64 = 44;

/// Makes one recording of both files where there are two. Ended at any point, it is done again from the beginning: the
/// part that was set aside goes only when what it became is on the platter.
pub(super) fn join(path: &Path) -> Result<(), Error> {
    let aside = path.with_extension(SET_ASIDE);
    if !aside.is_file() {
        return Ok(());
    }
    // The house fell before anything of the better rate was written: the beginning is all there is.
    if !path.is_file() || path.metadata()?.len() <= HEADER_BYTES {
        std::fs::rename(&aside, path)?;
        return Ok(());
    }
    repair(&mut open(&aside)?)?;
    let mut whole = open(path)?;
    repair(&mut whole)?;
    fill(&aside, &mut whole)?;
    repair(&mut whole)?;
    whole.sync_all()?;
    std::fs::remove_file(&aside)?;
    Ok(())
}

fn open(path: &Path) -> Result<File, Error> {
    Ok(File::options().read(true).write(true).open(path)?)
}

/// Writes the beginning over the silence at the place of it.
fn fill(aside: &Path, whole: &mut File) -> Result<(), Error> {
    let mut narrow = open(aside)?;
    let (from, to) = (Wav::read(&mut narrow)?, Wav::read(whole)?);
    let as_recorded = |wav: &Wav, rate: Rate| {
        wav.sample == Sample::Pcm16 && wav.channels == from.channels && wav.rate_hz == rate.hz()
    };
    if !as_recorded(&from, Rate::Narrow) || !as_recorded(&to, Rate::Wide) {
        let why = "it and the part of it that was set aside do not fit together";
        return Err(Error::NotARecording(why.to_owned()));
    }
    let channels = usize::from(from.channels);
    narrow.seek(SeekFrom::Start(from.data_at))?;
    whole.seek(SeekFrom::Start(to.data_at))?;
    let mut sound = BufReader::with_capacity(64 * 1024, narrow);
    let mut out = std::io::BufWriter::with_capacity(64 * 1024, whole);
    let mut up = vec![Up::default(); channels];
    let mut left = from.frames();
    while left > 0 {
        let frames = left.min(FRAME_SAMPLES as u64) as usize;
        let mut bytes = vec![0; frames * from.frame_bytes()];
        sound.read_exact(&mut bytes)?;
        let wide: Vec<_> = up
            .iter_mut()
            .enumerate()
            .map(|(channel, up)| widened(&bytes, channel, channels, up))
            .collect();
        for at in 0..2 * frames {
            for channel in &wide {
                out.write_all(&channel.as_flattened()[at].to_le_bytes())?;
            }
        }
        left -= frames as u64;
    }
    out.flush()?;
    Ok(())
}

/// One channel of up to 20 ms; what is missing to them is silence.
fn widened(bytes: &[u8], channel: usize, channels: usize, up: &mut Up) -> [Pair; FRAME_SAMPLES] {
    let mut frame = [0; FRAME_SAMPLES];
    let samples = bytes.as_chunks().0.iter().skip(channel).step_by(channels);
    for (sample, bytes) in frame.iter_mut().zip(samples) {
        *sample = i16::from_le_bytes(*bytes);
    }
    up.pass(&frame)
}
