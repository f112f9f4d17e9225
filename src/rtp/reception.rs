//! What of a stream arrived (RFC 3550 appendix A).

use super::rtcp::ReceptionReport;

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn loss_and_doubles_are_told_apart_from_reordering() {
        let mut reception = Reception::default();
        for sequence in [65534u16, 65535, 1, 0, 1, 3] {
            reception.note(1, sequence, 0, 0);
        }
        assert_eq!(reception.lost(), 1, "2 is missing");
        assert_eq!(reception.duplicates(), 1, "1 came twice");
    }

    proptest! {
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
