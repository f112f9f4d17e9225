//! Prompts: read once, encoded once per codec.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{Clip, Clips};

impl Clip {
    /// Reads a 16-bit mono WAV of 8 or 16 kHz.
    ///
    /// # Errors
    /// For a file that cannot be read or holds anything else.
    pub fn read(path: &Path) -> io::Result<Clip> {
        let refused = |why: String| {
            let what = format!("{}: {why}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, what)
        };
        let mut reader =
            hound::WavReader::open(path).map_err(|fault| refused(fault.to_string()))?;
        let spec = reader.spec();
        let is_pcm = spec.sample_format == hound::SampleFormat::Int && spec.bits_per_sample == 16;
        if !is_pcm || spec.channels != 1 {
            return Err(refused("16-bit mono PCM is needed".to_owned()));
        }
        let samples: Vec<i16> = reader
            .samples::<i16>()
            .collect::<Result<_, _>>()
            .map_err(|fault| refused(fault.to_string()))?;
        match spec.sample_rate {
            8000 => Ok(Clip::from_pcm(samples)),
            16000 => Ok(Clip::from_pcm(halve_rate(&samples))),
            rate => Err(refused(format!("{rate} Hz; 8000 or 16000 is needed"))),
        }
    }

    pub fn length_ms(&self) -> u32 {
        (self.pcm.len() / 8) as u32
    }
}

impl Clips {
    /// Reads every `*.wav` of `dir`: 16-bit mono PCM of 8 or 16 kHz.
    ///
    /// # Errors
    /// For a folder or file that cannot be read, and for what is not playable.
    pub fn load(dir: &Path) -> io::Result<Clips> {
        let mut clips = HashMap::new();
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "wav")
                && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
            {
                clips.insert(stem.to_owned(), Arc::new(Clip::read(&path)?));
            }
        }
        Ok(Clips(Arc::new(clips)))
    }
}

/// 16 to 8 kHz: a windowed-sinc low-pass at 3.6 kHz, then every other sample.
fn halve_rate(samples: &[i16]) -> Vec<i16> {
    const HALF: i32 = 24;
    let taps: Vec<f32> = (-HALF..=HALF)
        .map(|n| {
            let x = n as f32 * 0.45 * std::f32::consts::PI;
            let sinc = if n == 0 { 1.0 } else { x.sin() / x };
            let hann = 0.5 + 0.5 * (std::f32::consts::PI * n as f32 / (HALF + 1) as f32).cos();
            sinc * hann
        })
        .collect();
    let sum: f32 = taps.iter().sum();
    let at = |index: i64| {
        usize::try_from(index)
            .ok()
            .and_then(|i| samples.get(i))
            .copied()
            .unwrap_or(0)
    };
    (0..samples.len() as i64)
        .step_by(2)
        .map(|centre| {
            let mixed: f32 = (-i64::from(HALF)..)
                .zip(&taps)
                .map(|(n, tap)| tap * f32::from(at(centre + n)))
                .sum();
            (mixed / sum).clamp(-32768.0, 32767.0) as i16
        })
        .collect()
}
