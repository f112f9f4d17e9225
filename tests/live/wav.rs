//! Recordings as an ordinary player reads them.

use std::path::Path;
use std::process::Command;

use crate::tone::{self, Span};

/// A stereo recording, taken apart.
pub struct Stereo {
    /// The caller.
    pub left: Vec<i16>,
    /// What the caller heard.
    pub right: Vec<i16>,
}

impl Stereo {
    /// Fails where the file is not a whole stereo WAV of 8 kHz.
    pub fn read(path: &Path) -> Stereo {
        let mut reader = hound::WavReader::open(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let spec = reader.spec();
        assert_eq!((spec.channels, spec.sample_rate), (2, 8000), "{spec:?}");
        assert_eq!(spec.bits_per_sample, 16, "{spec:?}");
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        Stereo {
            left: samples.iter().step_by(2).copied().collect(),
            right: samples.iter().skip(1).step_by(2).copied().collect(),
        }
    }

    /// A mono file of a peer. One that was not closed has lengths of 0 in its header: what is there
    /// counts.
    pub fn read_mono(path: &Path) -> Vec<i16> {
        let bytes =
            std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let rate = u32::from_le_bytes(bytes[24..28].try_into().unwrap());
        let channels = usize::from(bytes[22]);
        let step = channels * (rate / 8000) as usize;
        let samples = bytes[44..].chunks_exact(2);
        samples
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .step_by(step)
            .collect()
    }

    pub fn length_ms(&self) -> f64 {
        self.left.len() as f64 / 8.0
    }

    pub fn caller(&self, hertz: f64) -> Vec<Span> {
        tone::spans(&self.left, hertz, 8000.0)
    }

    pub fn heard(&self, hertz: f64) -> Vec<Span> {
        tone::spans(&self.right, hertz, 8000.0)
    }
}

/// Length in seconds as `soxi` says it: a player that nobody here wrote reads the header.
pub fn soxi_s(path: &Path) -> f64 {
    let output = Command::new("soxi").arg("-D").arg(path).output().unwrap();
    assert!(
        output.status.success(),
        "soxi cannot read {}: {}",
        path.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .unwrap()
}
