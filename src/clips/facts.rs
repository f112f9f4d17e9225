use std::path::Path;

/// What a WAV file's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WavFacts {
    pub rate_hz: u32,
    pub channels: u16,
    pub bits: u16,
    pub length_ms: u32,
}

/// Reads the header only.
pub fn wav_facts(path: &Path) -> std::io::Result<WavFacts> {
    let reader = hound::WavReader::open(path).map_err(std::io::Error::other)?;
    let spec = reader.spec();
    let rate_hz = spec.sample_rate.max(1);
    let length_ms = u64::from(reader.duration()) * 1000 / u64::from(rate_hz);
    Ok(WavFacts {
        rate_hz: spec.sample_rate,
        channels: spec.channels,
        bits: spec.bits_per_sample,
        length_ms: u32::try_from(length_ms).unwrap_or(u32::MAX),
    })
}
