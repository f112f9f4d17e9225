//! The little of RTCP that a telephone needs (RFC 3550 §6). Nothing is allocated.

/// What a report of ours says of the stream it receives (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceptionReport {
    pub ssrc: u32,
    /// Lost since the last report, in 1/256 of what was expected.
    pub fraction_lost: u8,
    pub lost: u32,
    pub highest_sequence: u32,
    /// In samples.
    pub jitter: u32,
}

/// What a sender report says of the stream it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// Seconds since 1900 in the upper half, their fraction in the lower.
    pub ntp: u64,
    pub timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

/// Longest compound packet of `write_report`.
pub const REPORT_LEN: usize = 52 + 24;

/// An SR (with `sender`) or RR, with an SDES of our CNAME; returns its length.
pub fn write_report(
    out: &mut [u8; REPORT_LEN],
    ssrc: u32,
    sender: Option<SenderInfo>,
    reception: Option<ReceptionReport>,
) -> usize {
    out.fill(0);
    let mut end = 8;
    out[0] = 0x80 | u8::from(reception.is_some());
    out[1] = if sender.is_some() { 200 } else { 201 };
    put32(out, 4, ssrc);
    if let Some(sender) = sender {
        out[8..16].copy_from_slice(&sender.ntp.to_be_bytes());
        put32(out, 16, sender.timestamp);
        put32(out, 20, sender.packets);
        put32(out, 24, sender.octets);
        end = 28;
    }
    if let Some(report) = reception {
        put32(out, end, report.ssrc);
        put32(out, end + 4, report.lost.min(0x7F_FFFF));
        out[end + 4] = report.fraction_lost;
        put32(out, end + 8, report.highest_sequence);
        put32(out, end + 12, report.jitter);
        end += 24;
    }
    let words = u16::try_from(end / 4 - 1).expect("a report is a few words");
    out[2..4].copy_from_slice(&words.to_be_bytes());
    // SDES: the CNAME names no person and no machine, only this stream (RFC 7022 §4.2).
    const CNAME: &[u8] = b"gradeline";
    out[end] = 0x81;
    out[end + 1] = 202;
    out[end + 3] = 5;
    put32(out, end + 4, ssrc);
    out[end + 8] = 1;
    out[end + 9] = CNAME.len() as u8;
    out[end + 10..end + 10 + CNAME.len()].copy_from_slice(CNAME);
    end + 24
}

/// Whether these octets are an RTCP compound packet (RFC 3550 A.2): a sign of life.
pub fn is_rtcp(octets: &[u8]) -> bool {
    octets.len() >= 8
        && octets[0] >> 6 == 2
        && matches!(octets[1], 200..=207)
        && 4 * (usize::from(u16::from_be_bytes([octets[2], octets[3]])) + 1) <= octets.len()
}

/// How far a report of theirs says that our stream `ssrc` has come to them (extended highest sequence number, RFC 3550
/// §6.4.1); `None` where it says nothing of it. The compound packet is read as far as it is whole.
pub fn highest_received(mut octets: &[u8], ssrc: u32) -> Option<u32> {
    while is_rtcp(octets) {
        let words = usize::from(u16::from_be_bytes([octets[2], octets[3]]));
        let (packet, rest) = octets.split_at_checked(4 * (words + 1))?;
        octets = rest;
        let first = match packet[1] {
            200 => 28,
            201 => 8,
            _ => continue,
        };
        let blocks = packet.get(first..).unwrap_or_default().chunks_exact(24);
        for block in blocks.take(usize::from(packet[0] & 0x1F)) {
            if block[..4] == ssrc.to_be_bytes() {
                return block[8..12].try_into().ok().map(u32::from_be_bytes);
            }
        }
    }
    None
}

fn put32(out: &mut [u8], at: usize, value: u32) {
    out[at..at + 4].copy_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_report_is_rtcp_and_fits_its_length() {
        let mut out = [0u8; REPORT_LEN];
        let sender = SenderInfo {
            ntp: 1,
            timestamp: 2,
            packets: 3,
            octets: 4,
        };
        let reception = ReceptionReport {
            ssrc: 7,
            highest_sequence: 0x1_2345,
            ..ReceptionReport::default()
        };
        for (sender, reception) in [
            (None, None),
            (Some(sender), None),
            (None, Some(reception)),
            (Some(sender), Some(reception)),
        ] {
            let length = write_report(&mut out, 5, sender, reception);
            assert!(is_rtcp(&out[..length]));
            let said = highest_received(&out[..length], reception.map_or(0, |of| of.ssrc));
            assert_eq!(said, reception.map(|of| of.highest_sequence));
            assert_eq!(highest_received(&out[..length], 99), None);
            let first = 4 * (usize::from(u16::from_be_bytes([out[2], out[3]])) + 1);
            assert_eq!(length, first + 24, "the report, then the SDES");
            assert!(is_rtcp(&out[first..length]));
        }
    }

    proptest! {
        #[test]
        fn no_octets_break_the_reader(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(!is_rtcp(&octets) || octets.len() >= 8);
            let _ = highest_received(&octets, 7);
        }
    }
}
