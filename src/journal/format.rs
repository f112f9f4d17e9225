//! The octets of a journal, and their reader.
//!
//! ```text
//! head    "glj1" 0 0 0 0 | salt, 8 | CRC-32 of both, 4 | zeros to 64
//! entry   length, 4 | CRC-32 of salt, place, length and payload, 4 | payload | zeros to a multiple of 8
//! ```
//!
//! Numbers are little-endian. The salt changes whenever the journal is emptied and the place is part of
//! each sum, so that no octets of an earlier use are ever taken for an entry.

use std::io;

/// Where the first entry begins.
pub(super) const HEAD: u64 = 64;
/// Octets of a payload at most: many times the longest write of a call.
pub(super) const LONGEST: usize = 64 * 1024;
/// Length and sum before a payload.
const FRONT: usize = 8;
/// Entries begin at multiples of this.
const STEP: u64 = 8;
const MAGIC: [u8; 8] = *b"glj1\0\0\0\0";
/// Read at once, at least.
const WINDOW: usize = 8 * 1024;

pub(super) fn head(salt: u64) -> [u8; HEAD as usize] {
    let mut head = [0; HEAD as usize];
    head[..8].copy_from_slice(&MAGIC);
    head[8..16].copy_from_slice(&salt.to_le_bytes());
    let sum = crc32fast::hash(&head[..16]);
    head[16..20].copy_from_slice(&sum.to_le_bytes());
    head
}

/// The salt of a head; `None` where these octets are none.
pub(super) fn salt_of(head: &[u8; HEAD as usize]) -> Option<u64> {
    let salt = u64::from_le_bytes(head[8..16].try_into().expect("8 octets"));
    (*head == self::head(salt)).then_some(salt)
}

/// A payload as it stands at `at`; it must not be empty nor longer than [`LONGEST`].
pub(super) fn entry(salt: u64, at: u64, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("bounded by LONGEST");
    let mut octets = Vec::with_capacity(FRONT + payload.len() + STEP as usize);
    octets.extend(length.to_le_bytes());
    octets.extend(sum(salt, at, payload).to_le_bytes());
    octets.extend(payload);
    octets.resize(octets.len().next_multiple_of(STEP as usize), 0);
    octets
}

fn sum(salt: u64, at: u64, payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&salt.to_le_bytes());
    sum.update(&at.to_le_bytes());
    sum.update(&(payload.len() as u64).to_le_bytes());
    sum.update(payload);
    sum.finalize()
}

/// What is read: a file, or octets in memory.
pub(super) trait Source {
    /// As `pread`: fewer octets than asked for only at the end.
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize>;
}

/// An entry that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub at: u64,
    pub payload: Vec<u8>,
    /// Where the next one may begin.
    pub next: u64,
}

/// The first whole entry at or after `from` and before `until`; `None` where there is none any more: the
/// end, or a tail that a crash tore. Whatever the octets are, it ends.
pub(super) fn find(
    source: &impl Source,
    salt: u64,
    from: u64,
    until: u64,
) -> io::Result<Option<Found>> {
    let mut at = from.max(HEAD).next_multiple_of(STEP);
    let mut window = Window::default();
    while at + (FRONT as u64) < until {
        let front = window.octets(source, at, FRONT)?;
        let Some((length, told)) = front.first_chunk::<FRONT>().map(lengths) else {
            return Ok(None);
        };
        if (1..=LONGEST).contains(&length) {
            let octets = window.octets(source, at, FRONT + length)?;
            if let Some(payload) = octets.get(FRONT..FRONT + length)
                && sum(salt, at, payload) == told
            {
                let next = (at + (FRONT + length) as u64).next_multiple_of(STEP);
                let payload = payload.to_vec();
                return Ok(Some(Found { at, payload, next }));
            }
        }
        at += STEP;
    }
    Ok(None)
}

fn lengths(front: &[u8; FRONT]) -> (usize, u32) {
    let [a, b, c, d, sum @ ..] = *front;
    let length = u32::from_le_bytes([a, b, c, d]);
    (length as usize, u32::from_le_bytes(sum))
}

/// The stretch of the source that was read last.
#[derive(Default)]
struct Window {
    at: u64,
    octets: Vec<u8>,
}

impl Window {
    /// Up to `wanted` octets from `at` on; fewer at the end of the source only.
    fn octets(&mut self, source: &impl Source, at: u64, wanted: usize) -> io::Result<&[u8]> {
        let held = at.checked_sub(self.at).map(|skip| skip as usize);
        let here = match held {
            Some(skip) if skip + wanted <= self.octets.len() => skip,
            _ => {
                self.octets.resize(wanted.max(WINDOW), 0);
                self.at = at;
                let read = source.read_at(&mut self.octets, at)?;
                self.octets.truncate(read);
                0
            }
        };
        let end = (here + wanted).min(self.octets.len());
        Ok(&self.octets[here..end])
    }
}

#[cfg(any(test, fuzzing))]
impl Source for Vec<u8> {
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        let from = usize::try_from(at).map_or(self.len(), |at| at.min(self.len()));
        let read = into.len().min(self.len() - from);
        into[..read].copy_from_slice(&self[from..from + read]);
        Ok(read)
    }
}

/// Any payloads behind a head, with some octets of them spoilt: what is found was written, in its
/// order, and what was not spoilt is found. Only whoever knows the salt can write a payload in which an entry stands,
/// so it must not be known to whoever made the payloads.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_spoilt(salt: u64, payloads: &[&[u8]], spoilt: &[(u16, u8)]) {
    let mut octets = head(salt).to_vec();
    let mut written = Vec::new();
    for payload in payloads {
        let at = octets.len() as u64;
        octets.extend(entry(salt, at, payload));
        written.push((at, *payload));
    }
    let whole = octets.clone();
    for (place, bits) in spoilt {
        let entries = &mut octets[HEAD as usize..];
        if !entries.is_empty() {
            let length = entries.len();
            entries[usize::from(*place) % length] ^= bits;
        }
    }
    let (mut from, end) = (HEAD, octets.len() as u64);
    let mut found = Vec::new();
    while let Some(entry) = find(&octets, salt, from, end).expect("memory") {
        assert!(entry.next > from, "it goes on");
        from = entry.next;
        found.push((entry.at, entry.payload));
    }
    for (at, payload) in &found {
        assert!(written.contains(&(*at, payload.as_slice())));
    }
    assert!(found.is_sorted());
    for (at, payload) in written {
        let stretch = at as usize..at as usize + FRONT + payload.len();
        if octets[stretch.clone()] == whole[stretch] {
            assert!(found.iter().any(|(place, _)| *place == at));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SALT: u64 = 0x5EED;

    /// A journal of these payloads, and where each begins; the last place is the end.
    fn journal(payloads: &[Vec<u8>]) -> (Vec<u8>, Vec<u64>) {
        let mut octets = head(SALT).to_vec();
        let mut places = vec![HEAD];
        for payload in payloads {
            octets.extend(entry(SALT, octets.len() as u64, payload));
            places.push(octets.len() as u64);
        }
        (octets, places)
    }

    fn all(octets: &Vec<u8>) -> Vec<Vec<u8>> {
        let mut at = HEAD;
        let mut payloads = Vec::new();
        while let Some(found) = find(octets, SALT, at, octets.len() as u64).unwrap() {
            assert!(found.at >= at && found.next > found.at);
            at = found.next;
            payloads.push(found.payload);
        }
        payloads
    }

    #[test]
    fn a_head_is_known_by_every_octet() {
        let whole = head(7);
        assert_eq!(salt_of(&whole), Some(7));
        for at in 0..whole.len() {
            let mut other = whole;
            other[at] ^= 0x10;
            assert_eq!(salt_of(&other), None, "octet {at}");
        }
    }

    #[test]
    fn an_entry_of_another_use_or_another_place_is_none() {
        let (octets, _) = journal(&[b"one".to_vec()]);
        let end = octets.len() as u64;
        assert!(find(&octets, SALT, HEAD, end).unwrap().is_some());
        assert!(find(&octets, SALT + 1, HEAD, end).unwrap().is_none());
        let mut moved = head(SALT).to_vec();
        moved.extend([0; 8]);
        moved.extend(&octets[HEAD as usize..]);
        assert!(find(&moved, SALT, HEAD, end + 8).unwrap().is_none());
    }

    fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 1..12)
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(payloads in payloads(), zeros in 0usize..5000) {
            let (mut octets, _) = journal(&payloads);
            octets.resize(octets.len() + zeros, 0);
            prop_assert_eq!(all(&octets), payloads);
        }

        #[test]
        fn a_torn_tail_costs_what_was_torn_and_nothing_before(
            payloads in payloads(), cut in any::<prop::sample::Index>(),
        ) {
            let (mut octets, places) = journal(&payloads);
            octets.truncate(cut.index(octets.len()));
            let whole = places[1..].iter().filter(|end| **end <= octets.len() as u64).count();
            let found = all(&octets);
            // The zeros that fill the last entry up may be missing.
            prop_assert!(found.len() == whole || found.len() == whole + 1);
            prop_assert_eq!(&found[..], &payloads[..found.len()]);
        }

        #[test]
        fn an_octet_that_rotted_costs_its_entry_only(
            payloads in payloads(), at in any::<prop::sample::Index>(), bit in 0u8..8,
        ) {
            let (mut octets, places) = journal(&payloads);
            let at = HEAD as usize + at.index(octets.len() - HEAD as usize);
            octets[at] ^= 1 << bit;
            let hit = places.iter().rposition(|place| *place <= at as u64).unwrap();
            let found = all(&octets);
            let mut others = payloads.clone();
            let lost = others.remove(hit);
            let mut with = others.clone();
            with.insert(hit, lost);
            // A filling zero that rotted costs nothing.
            prop_assert!(found == others || found == with);
        }

        #[test]
        fn any_octets_end(octets in prop::collection::vec(any::<u8>(), 0..4000)) {
            all(&octets);
        }
    }
}
