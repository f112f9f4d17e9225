//! RTP and the little of RTCP that a telephone needs (RFC 3550). Nothing is allocated.

/// Octets of an RTP header without CSRCs and extension.
pub const HEADER_LEN: usize = 12;

/// One RTP packet as it lies in the receive buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    /// In samples of 1/8000 s.
    pub timestamp: u32,
    pub ssrc: u32,
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// `None` for what is no RTP of version 2 or says it is longer than it is (RFC 3550 §5.1, A.1).
    pub fn parse(octets: &'a [u8]) -> Option<Packet<'a>> {
        let first = *octets.first()?;
        if octets.len() < HEADER_LEN || first >> 6 != 2 {
            return None;
        }
        let mut start = HEADER_LEN + 4 * usize::from(first & 0x0F);
        if first & 0x10 != 0 {
            let words = octets.get(start + 2..start + 4)?;
            start += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
        }
        let mut end = octets.len();
        if first & 0x20 != 0 {
            let padding = usize::from(octets[end - 1]);
            if padding == 0 {
                return None;
            }
            end = end.checked_sub(padding)?;
        }
        Some(Packet {
            marker: octets[1] & 0x80 != 0,
            payload_type: octets[1] & 0x7F,
            sequence: u16::from_be_bytes([octets[2], octets[3]]),
            timestamp: be32(octets, 4),
            ssrc: be32(octets, 8),
            payload: octets.get(start..end)?,
        })
    }
}

/// Writes a plain header into the front of `out`.
pub fn write_header(
    out: &mut [u8],
    marker: bool,
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
) {
    out[0] = 0x80;
    out[1] = (payload_type & 0x7F) | if marker { 0x80 } else { 0 };
    out[2..4].copy_from_slice(&sequence.to_be_bytes());
    out[4..8].copy_from_slice(&timestamp.to_be_bytes());
    out[8..12].copy_from_slice(&ssrc.to_be_bytes());
}

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

/// Counts what a stream lost and doubled, by extended sequence numbers (RFC 3550 A.1, A.3).
#[derive(Debug, Clone, Default)]
pub struct Reception {
    started: bool,
    ssrc: u32,
    base: u32,
    highest: u32,
    received: u64,
    duplicates: u64,
    /// Which of the 64 sequence numbers up to `highest` came.
    window: u64,
    /// What streams before this one (another SSRC) lost.
    lost_before: u64,
    transit: Option<i64>,
    jitter: f64,
    expected_prior: u64,
    received_prior: u64,
}

/// What `Reception::note` found a packet to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    New,
    Duplicate,
}

impl Reception {
    /// Notes a packet that arrived at `arrived`, in samples of our own clock.
    pub fn note(&mut self, ssrc: u32, sequence: u16, timestamp: u32, arrived: i64) -> Arrival {
        let ahead = sequence.wrapping_sub(self.highest as u16) as i16;
        let restarted = !self.started || ssrc != self.ssrc || ahead.unsigned_abs() > 3000;
        if restarted {
            let lost_before = self.lost();
            let duplicates = self.duplicates;
            *self = Reception {
                started: true,
                ssrc,
                base: u32::from(sequence) + 0x1_0000,
                highest: u32::from(sequence) + 0x1_0000,
                received: 1,
                window: 1,
                lost_before,
                duplicates,
                ..Reception::default()
            };
            return Arrival::New;
        }
        if ahead > 0 {
            self.highest = self.highest.wrapping_add(ahead as u32);
            self.window = self.window.checked_shl(ahead as u32).unwrap_or(0) | 1;
        } else {
            let bit = 1u64
                .checked_shl(u32::from(ahead.unsigned_abs()))
                .unwrap_or(0);
            if self.window & bit != 0 {
                self.duplicates += 1;
                return Arrival::Duplicate;
            }
            self.window |= bit;
            // One from before the first we saw: it was sent after all.
            let extended = self.highest.wrapping_add_signed(i32::from(ahead));
            self.base = self.base.min(extended);
        }
        self.received += 1;
        let transit = arrived - i64::from(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let change = (transit - before).unsigned_abs().min(8000) as f64;
            self.jitter += (change - self.jitter) / 16.0;
        }
        Arrival::New
    }

    fn expected(&self) -> u64 {
        if self.started {
            u64::from(self.highest - self.base) + 1
        } else {
            0
        }
    }

    /// Packets lost so far.
    pub fn lost(&self) -> u64 {
        self.lost_before + self.expected().saturating_sub(self.received)
    }

    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// The block of the next report; starts its interval anew.
    pub fn report(&mut self) -> Option<ReceptionReport> {
        if !self.started {
            return None;
        }
        let expected = self.expected() - self.expected_prior;
        let received = self.received - self.received_prior;
        self.expected_prior = self.expected();
        self.received_prior = self.received;
        let lost = expected.saturating_sub(received);
        let fraction = (lost * 256).checked_div(expected).unwrap_or(0).min(255);
        Some(ReceptionReport {
            ssrc: self.ssrc,
            fraction_lost: fraction as u8,
            lost: u32::try_from(self.lost()).unwrap_or(u32::MAX),
            highest_sequence: self.highest.wrapping_sub(0x1_0000),
            jitter: self.jitter as u32,
        })
    }
}

fn be32(octets: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
}

fn put32(out: &mut [u8], at: usize, value: u32) {
    out[at..at + 4].copy_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn csrcs_an_extension_and_padding_are_stepped_over() {
        let mut octets = vec![0u8; HEADER_LEN];
        write_header(&mut octets, true, 8, 7, 160, 42);
        octets[0] |= 0x20 | 0x10 | 2;
        octets.extend([0; 8]); // two CSRCs
        octets.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]); // an extension of one word
        octets.extend([9, 9, 9]);
        octets.extend([0, 2]); // padding of two
        let packet = Packet::parse(&octets).expect("a packet");
        assert_eq!(packet.payload, [9, 9, 9]);
        assert_eq!((packet.marker, packet.payload_type), (true, 8));
        assert_eq!(
            (packet.sequence, packet.timestamp, packet.ssrc),
            (7, 160, 42)
        );
    }

    #[test]
    fn what_says_it_is_longer_than_it_is_is_refused() {
        let mut octets = vec![0u8; HEADER_LEN];
        write_header(&mut octets, false, 8, 7, 160, 42);
        for first in [0x8F, 0x90, 0xA0, 0x40, 0x00] {
            octets[0] = first;
            assert_eq!(Packet::parse(&octets), None, "{first:#x}");
        }
        assert_eq!(Packet::parse(&[]), None);
    }

    #[test]
    fn loss_and_doubles_are_told_apart_from_reordering() {
        let mut reception = Reception::default();
        for sequence in [65534u16, 65535, 1, 0, 1, 3] {
            reception.note(1, sequence, 0, 0);
        }
        assert_eq!(reception.lost(), 1, "2 is missing");
        assert_eq!(reception.duplicates(), 1, "1 came twice");
    }

    #[test]
    fn a_report_is_rtcp_and_fits_its_length() {
        let mut out = [0u8; REPORT_LEN];
        let sender = SenderInfo {
            ntp: 1,
            timestamp: 2,
            packets: 3,
            octets: 4,
        };
        let reception = ReceptionReport::default();
        for (sender, reception) in [
            (None, None),
            (Some(sender), None),
            (None, Some(reception)),
            (Some(sender), Some(reception)),
        ] {
            let length = write_report(&mut out, 5, sender, reception);
            assert!(is_rtcp(&out[..length]));
            let first = 4 * (usize::from(u16::from_be_bytes([out[2], out[3]])) + 1);
            assert_eq!(length, first + 24, "the report, then the SDES");
            assert!(is_rtcp(&out[first..length]));
        }
    }

    proptest! {
        #[test]
        fn no_octets_break_the_reader(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(packet) = Packet::parse(&octets) {
                prop_assert!(packet.payload.len() <= octets.len() - HEADER_LEN);
            }
            is_rtcp(&octets);
        }

        #[test]
        fn any_stream_of_sequence_numbers_is_counted_without_overflow(
            sequences in proptest::collection::vec((any::<u16>(), 0u32..3), 0..200)
        ) {
            let mut reception = Reception::default();
            for (sequence, ssrc) in sequences {
                reception.note(ssrc, sequence, 0, 0);
                reception.report();
            }
        }
    }
}
