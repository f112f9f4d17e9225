use std::path::Path;

use super::Error;

/// What a WAV file's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WavFacts {
    pub rate_hz: u32,
    pub channels: u16,
    pub bits: u16,
    pub length_ms: u32,
}

/// Reads the header only.
pub fn wav_facts(path: &Path) -> Result<WavFacts, Error> {
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

/// Whether an offer puts the call on hold: it will send only, or neither send nor receive, or it
/// names no address (RFC 3264 §8.4 and RFC 2543's older way).
pub fn is_hold(offer: &[u8]) -> bool {
    offer
        .split(|byte| *byte == b'\n')
        .map(|line| line.trim_ascii_end())
        .any(|line| matches!(line, b"a=sendonly" | b"a=inactive" | b"c=IN IP4 0.0.0.0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_holding_is_seen() {
        assert!(is_hold(b"v=0\r\nm=audio 4000 RTP/AVP 8\r\na=sendonly\r\n"));
        assert!(is_hold(b"v=0\nm=audio 4000 RTP/AVP 8\na=inactive\n"));
        assert!(is_hold(
            b"v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 8\r\n"
        ));
        assert!(!is_hold(b"v=0\r\nm=audio 4000 RTP/AVP 8\r\na=sendrecv\r\n"));
        assert!(!is_hold(b""));
    }
}
