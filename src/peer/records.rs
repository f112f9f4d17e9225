//! Which DTLS records are given to the foreign machine. It keeps what it cannot use yet and puts fragments together by
//! recursion, so what it is given is framed here and counted: a sender's address proves nothing.

/// Datagrams of one handshake that are read; a browser's takes four, and each may be said again seven times.
const DATAGRAMS: u16 = 256;
/// Records in them.
const RECORDS: u16 = 512;
/// Encrypted handshake records of one association: its Finished and what of it is said again.
const FINISHED: u16 = 64;
/// The longest of those: 12 octets of Finished, its header, nonce and tag.
const FINISHED_LEN: usize = 128;
/// Of a record (RFC 6347 §4.3.1), and of a handshake message in it (§4.3.2).
const RECORD_HEAD: usize = 13;
const MESSAGE_HEAD: usize = 12;
const HANDSHAKE: u8 = 22;

/// What one association may still be given.
pub(super) struct Records {
    datagrams: u16,
    records: u16,
    finished: u16,
}

impl Records {
    pub fn new() -> Records {
        Records {
            datagrams: DATAGRAMS,
            records: RECORDS,
            finished: FINISHED,
        }
    }

    /// What of a datagram is given on; `None` for nothing of it. Before the keys stand (`sealed` is false) that is a
    /// datagram of nothing but well-framed records. Afterwards only records of a later epoch than 0, which nobody
    /// makes without the keys: the rest is forged or late, and neither ends a talk (RFC 6347 §4.1.2.7).
    pub fn admit(&mut self, octets: &[u8], sealed: bool) -> Option<Vec<u8>> {
        let mut admitted = Vec::new();
        let mut rest = octets;
        let mut count = 0u16;
        while !rest.is_empty() {
            let (record, behind) = first(rest)?;
            rest = behind;
            count += 1;
            let encrypted = epoch(record) != 0;
            if sealed && !encrypted {
                continue;
            }
            if record[0] == HANDSHAKE {
                match encrypted {
                    true if record.len() > FINISHED_LEN => return None,
                    true => self.finished = self.finished.checked_sub(1)?,
                    false if !is_of_messages(&record[RECORD_HEAD..]) => return None,
                    false => {}
                }
            }
            admitted.extend_from_slice(record);
        }
        if admitted.is_empty() {
            return None;
        }
        if !sealed {
            self.records = self.records.checked_sub(count)?;
            self.datagrams = self.datagrams.checked_sub(1)?;
        }
        Some(admitted)
    }
}

/// The first record of a datagram and what stands behind it; `None` for what is no record of DTLS 1.0 to 1.2, or ends
/// too early.
fn first(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let head = octets.get(..RECORD_HEAD)?;
    if !(20..=26).contains(&head[0]) || head[1] != 0xFE {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([head[11], head[12]]));
    // A record without content is none that the machine takes.
    (length > 0)
        .then(|| octets.split_at_checked(RECORD_HEAD + length))
        .flatten()
}

fn epoch(record: &[u8]) -> u16 {
    u16::from_be_bytes([record[3], record[4]])
}

/// Whether these are whole messages, and at most at their end a fragment that lies within its message. With others the
/// machine's recursion would be as deep as a sender likes.
fn is_of_messages(mut octets: &[u8]) -> bool {
    let three = |octets: &[u8]| {
        usize::from(octets[0]) << 16 | usize::from(octets[1]) << 8 | usize::from(octets[2])
    };
    while !octets.is_empty() {
        let Some((head, behind)) = octets.split_at_checked(MESSAGE_HEAD) else {
            return false;
        };
        let (whole, from, length) = (three(&head[1..]), three(&head[6..]), three(&head[9..]));
        let Some((_, behind)) = behind.split_at_checked(length) else {
            return false;
        };
        let fragment = length != whole;
        let lies_within = from + length <= whole && (length > 0 || whole == 0);
        if !lies_within || (fragment && !behind.is_empty()) {
            return false;
        }
        octets = behind;
    }
    true
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A record of this type and epoch.
    pub fn record(kind: u8, epoch: u16, content: &[u8]) -> Vec<u8> {
        let mut octets = vec![kind, 0xFE, 0xFD];
        octets.extend(epoch.to_be_bytes());
        octets.extend([0, 0, 0, 0, 0, 9]);
        octets.extend((content.len() as u16).to_be_bytes());
        octets.extend(content);
        octets
    }

    /// A fragment of a handshake message of `whole` octets.
    pub fn fragment(sequence: u8, whole: u8, from: u8, content: &[u8]) -> Vec<u8> {
        let mut octets = vec![1, 0, 0, whole, 0, sequence, 0, 0, from, 0, 0];
        octets.push(content.len() as u8);
        octets.extend(content);
        octets
    }

    #[test]
    fn before_the_keys_only_framed_records_are_given_on() {
        let whole = record(22, 0, &fragment(0, 3, 0, b"abc"));
        let mut two = whole.clone();
        two.extend(record(20, 0, &[1]));
        for right in [&whole, &two, &record(22, 0, &fragment(0, 9, 3, b"abc"))] {
            assert_eq!(Records::new().admit(right, false).as_ref(), Some(right));
        }
        let mut torn = two.clone();
        torn.pop();
        let mut other_version = whole.clone();
        other_version[1] = 3;
        let chain = [
            fragment(0, 1, 0, b"a"),
            fragment(0, 9, 1, b"a"),
            fragment(0, 9, 2, b"a"),
        ];
        for wrong in [
            Vec::new(),
            vec![22],
            vec![20; 40],
            torn,
            other_version,
            record(19, 0, b"abc"),
            record(27, 0, b"abc"),
            record(21, 0, b""),
            record(22, 0, b"abc"),
            // Beyond its message, within one record with others, and of nothing.
            record(22, 0, &fragment(0, 2, 1, b"ab")),
            record(22, 0, &chain.concat()),
            record(22, 0, &fragment(0, 2, 1, b"")),
            record(22, 1, &[7; 200]),
        ] {
            assert_eq!(Records::new().admit(&wrong, false), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_handshakes_datagrams_and_records_are_counted() {
        let whole = record(22, 0, &fragment(0, 3, 0, b"abc"));
        let mut records = Records::new();
        let admitted = (0..1000).filter(|_| records.admit(&whole, false).is_some());
        assert_eq!(admitted.count(), usize::from(DATAGRAMS));
        let mut records = Records::new();
        let admitted = (0..1000).filter(|_| records.admit(&whole.repeat(4), false).is_some());
        assert_eq!(admitted.count(), usize::from(RECORDS / 4));
        // What ends the association still comes through.
        assert!(records.admit(&record(21, 1, &[7; 26]), true).is_some());
        let finished = record(22, 1, &[7; 48]);
        let admitted = (0..1000).filter(|_| records.admit(&finished, true).is_some());
        assert_eq!(admitted.count(), usize::from(FINISHED));
    }

    #[test]
    fn after_the_keys_nothing_in_the_clear_is_given_on() {
        let mut records = Records::new();
        let clear = [
            record(22, 0, &fragment(9, 3, 0, b"abc")),
            record(21, 0, &[2, 0]),
            record(20, 0, &[1]),
            record(23, 0, b"abc"),
        ];
        for one in &clear {
            assert_eq!(records.admit(one, true), None);
        }
        let alert = record(21, 1, &[7; 26]);
        let mixed = [clear.concat(), alert.clone()].concat();
        assert_eq!(records.admit(&mixed, true), Some(alert));
    }

    proptest! {
        #[test]
        fn no_octets_break_the_framing(octets in proptest::collection::vec(any::<u8>(), 0..300), sealed: bool) {
            if let Some(admitted) = Records::new().admit(&octets, sealed) {
                prop_assert!(admitted.len() <= octets.len());
            }
        }
    }
}
