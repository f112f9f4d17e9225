use proptest::prelude::*;

use super::*;
use crate::srtp::HEADER_LEN;

/// The fixed header of a packet of sound (RFC 3550 §5.1).
fn write_header(octets: &mut [u8], sequence: u16, timestamp: u32, ssrc: u32) {
    octets[..2].copy_from_slice(&[0x80, 8]);
    octets[2..4].copy_from_slice(&sequence.to_be_bytes());
    octets[4..8].copy_from_slice(&timestamp.to_be_bytes());
    octets[8..12].copy_from_slice(&ssrc.to_be_bytes());
}

fn octets(text: &str) -> Vec<u8> {
    hex::decode(text).expect("hexadecimal")
}

/// The key and salt of RFC 3711 appendix B.3.
fn rfc_keys() -> Keys {
    Keys {
        key: octets("E1F97A0D3E018BE0D64FA32C06DE4139")
            .try_into()
            .expect("16"),
        salt: octets("0EC675AD498AFEEBB6960B3AABE6")
            .try_into()
            .expect("14"),
    }
}

#[test]
fn the_key_stream_is_that_of_rfc_3711() {
    // Appendix B.2: session key and salt, SSRC 0, index 0.
    let session = Session {
        cipher: Aes128::new(&Array(
            octets("2B7E151628AED2A6ABF7158809CF4F3C")
                .try_into()
                .expect("16"),
        )),
        authentic: Hmac::new_from_slice(&[0; 20]).expect("a key"),
        salt: octets("F0F1F2F3F4F5F6F7F8F9FAFBFCFD")
            .try_into()
            .expect("14"),
    };
    let mut stream = [0; 48];
    session.apply(0, 0, &mut stream);
    assert_eq!(
        stream.to_vec(),
        octets(
            "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0"
        )
    );
}

#[test]
fn session_keys_are_derived_as_in_rfc_3711() {
    // Appendix B.3, told by what they do: the key stream of the derived key and salt at SSRC 0, index 0.
    let derived = Session::derive(&rfc_keys(), 0);
    let by_hand = Session {
        cipher: Aes128::new(&Array(
            octets("C61E7A93744F39EE10734AFE3FF7A087")
                .try_into()
                .expect("16"),
        )),
        authentic: Hmac::new_from_slice(&octets("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"))
            .expect("a key"),
        salt: octets("30CBBC08863D8C85D49DB34A9AE1")
            .try_into()
            .expect("14"),
    };
    assert_eq!(derived.salt, by_hand.salt);
    let (mut one, mut other) = ([0; 64], [0; 64]);
    derived.apply(7, 9, &mut one);
    by_hand.apply(7, 9, &mut other);
    assert_eq!(one, other);
    let tag = |session: &Session| session.tag(b"abc", b"d").finalize().into_bytes();
    assert_eq!(tag(&derived), tag(&by_hand));
}

const FORGED: Result<Vec<u8>, Refused> = Err(Refused::Forged);

fn packet(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; HEADER_LEN];
    write_header(&mut octets, sequence, 160, ssrc);
    octets.extend(payload);
    octets
}

fn sealed(outgoing: &mut Outgoing, packet: &[u8]) -> Vec<u8> {
    let mut octets = packet.to_vec();
    octets.resize(packet.len() + OVERHEAD, 0);
    let length = outgoing.seal(&mut octets, packet.len()).expect("room");
    octets.truncate(length);
    octets
}

fn opened(incoming: &mut Incoming, sealed: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut octets = sealed.to_vec();
    let length = incoming.open(&mut octets)?;
    octets.truncate(length);
    Ok(octets)
}

#[test]
fn what_is_sealed_is_opened_once_over_every_roll_over() {
    for suite in Suite::ALL {
        let keys = Keys::random();
        let (mut out, mut into) = (Outgoing::new(suite, &keys), Incoming::new(suite, &keys));
        // Packet by packet where the number rolls over, in strides between.
        let strides = (65_700..130_900).step_by(9_000);
        for index in (65_400..65_700u32).chain(strides).chain(130_900..131_300) {
            let plain = packet(index as u16, 5, &[index as u8; 160]);
            let sealed = sealed(&mut out, &plain);
            assert_eq!(sealed.len(), plain.len() + suite.tag_len());
            assert_ne!(sealed[HEADER_LEN..plain.len()], plain[HEADER_LEN..]);
            assert_eq!(opened(&mut into, &sealed), Ok(plain), "{index}");
            let again = opened(&mut into, &sealed);
            assert_eq!(again, Err(Refused::Repeat), "{index} again");
        }
    }
}

#[test]
fn another_key_another_suite_and_a_changed_bit_open_nothing_and_change_nothing() {
    let (suite, keys) = (Suite::HmacSha1With80, Keys::random());
    let (mut out, mut into) = (Outgoing::new(suite, &keys), Incoming::new(suite, &keys));
    let first = sealed(&mut out, &packet(1, 5, &[1; 160]));
    let second = sealed(&mut out, &packet(2, 5, &[2; 160]));
    for bit in 0..first.len() * 8 {
        let mut changed = first.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(opened(&mut into, &changed), FORGED, "bit {bit}");
    }
    assert!(
        into.streams.iter().all(Option::is_none),
        "a place was given"
    );
    let mut stranger = Incoming::new(suite, &Keys::random());
    assert_eq!(opened(&mut stranger, &first), FORGED);
    let mut other = Incoming::new(Suite::HmacSha1With32, &keys);
    assert_eq!(opened(&mut other, &first), FORGED);
    // Out of order, each once.
    assert!(opened(&mut into, &second).is_ok());
    assert!(opened(&mut into, &first).is_ok());
    assert_eq!(opened(&mut into, &first), Err(Refused::Repeat));
    // A number that came, in a packet that did not.
    let last = first.len() - 1;
    let mut changed = first;
    changed[last] ^= 1;
    assert_eq!(opened(&mut into, &changed), FORGED);
}

#[test]
fn more_streams_than_a_telephone_has_are_refused() {
    let (suite, keys) = (Suite::HmacSha1With32, Keys::random());
    let mut into = Incoming::new(suite, &keys);
    for ssrc in 0..20u32 {
        let sealed = sealed(&mut Outgoing::new(suite, &keys), &packet(1, ssrc, &[1]));
        let taken = opened(&mut into, &sealed).is_ok();
        assert_eq!(taken, (ssrc as usize) < STREAMS, "{ssrc}");
    }
}

#[test]
fn reports_are_sealed_and_opened_once() {
    let (suite, keys) = (Suite::HmacSha1With32, Keys::random());
    let (mut out, mut into) = (Outgoing::new(suite, &keys), Incoming::new(suite, &keys));
    for _ in 0..3 {
        // An empty receiver report and a description of its source (RFC 3550 §6.4.2, §6.5).
        let mut report = [0; 32];
        report[..8].copy_from_slice(&[0x80, 201, 0, 1, 0, 0, 0, 77]);
        report[8..12].copy_from_slice(&[0x81, 202, 0, 5]);
        let length = report.len();
        let mut octets = report[..length].to_vec();
        octets.resize(length + OVERHEAD, 0);
        assert_eq!(
            out.seal_report(&mut octets, length),
            Some(length + OVERHEAD)
        );
        let mut changed = octets.clone();
        changed[9] ^= 1;
        assert_eq!(into.open_report(&mut changed), None);
        let mut again = octets.clone();
        assert_eq!(into.open_report(&mut octets), Some(length));
        assert_eq!(octets[..length], report[..length]);
        assert_eq!(into.open_report(&mut again), None, "a repeat");
    }
}

proptest! {
    #[test]
    fn no_octets_break_the_opener(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
        let keys = Keys { key: [1; 16], salt: [2; 14] };
        let mut into = Incoming::new(Suite::HmacSha1With80, &keys);
        prop_assert_eq!(into.open(&mut octets.clone()), Err(Refused::Forged));
        prop_assert_eq!(into.open_report(&mut octets.clone()), None);
        prop_assert!(into.streams.iter().chain(&into.reports).all(Option::is_none));
    }

    #[test]
    fn padding_extension_and_csrcs_are_sealed_with_the_packet(
        payload in proptest::collection::vec(any::<u8>(), 1..60), head in 0u8..16,
    ) {
        let keys = Keys { key: [1; 16], salt: [2; 14] };
        let mut plain = packet(3, 9, &[]);
        plain[0] |= head & 3 | if head & 4 != 0 { 0x10 } else { 0 };
        plain.extend(vec![0; usize::from(head & 3) * 4]);
        if head & 4 != 0 {
            plain.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
        }
        plain.extend(&payload);
        let sealed = sealed(&mut Outgoing::new(Suite::HmacSha1With80, &keys), &plain);
        let opened = opened(&mut Incoming::new(Suite::HmacSha1With80, &keys), &sealed);
        prop_assert_eq!(opened.as_deref(), Ok(&plain[..]));
        prop_assert_eq!(header_len(&plain).map(|at| &plain[at..]), Some(&payload[..]));
    }
}

/// A packet of sound, sealed.
fn numbered(out: &mut Outgoing, sequence: u16) -> Vec<u8> {
    let mut octets = vec![0; HEADER_LEN + 160 + OVERHEAD];
    write_header(&mut octets, sequence, 0, 77);
    let length = out.seal(&mut octets, HEADER_LEN + 160).expect("room");
    octets.truncate(length);
    octets
}

#[test]
fn new_keys_cost_no_packet_of_those_that_were_under_way_and_the_old_ones_are_forgotten() {
    let suite = Suite::HmacSha1With80;
    let ours = Keys::random();
    let negotiated = |theirs: &Keys, suite| Protection {
        suite,
        theirs: theirs.clone(),
        ours: ours.clone(),
    };
    for goes_on_counting in [true, false] {
        for next_suite in Suite::ALL {
            let (first, second) = (Keys::random(), Keys::random());
            let mut contexts = Contexts::renewed(None, &negotiated(&first, suite));
            let mut before = Outgoing::new(suite, &first);
            // The sequence numbers roll over before the new keys come.
            for sequence in [65_534, 65_535, 0, 1] {
                let mut packet = numbered(&mut before, sequence);
                assert!(contexts.incoming.open(&mut packet).is_ok());
            }
            let mut contexts = Contexts::renewed(Some(contexts), &negotiated(&second, next_suite));
            let mut after = Outgoing::new(next_suite, &second);
            if goes_on_counting {
                after.index = Some(65_536 + 1);
            }
            let mut late = numbered(&mut before, 2);
            let mut new = numbered(&mut after, 3);
            let mut later = numbered(&mut before, 4);
            for packet in [&mut new, &mut late, &mut later] {
                let sent = packet.clone();
                let opened = contexts.incoming.open(packet);
                assert!(opened.is_ok(), "{goes_on_counting} {next_suite:?}");
                let again = contexts.incoming.open(&mut sent.clone());
                assert_eq!(again, Err(Refused::Repeat));
            }
            for sequence in 5..5 + u16::from(NEW_FOR_GOOD) {
                let mut packet = numbered(&mut after, sequence);
                assert!(contexts.incoming.open(&mut packet).is_ok());
            }
            let mut old = numbered(&mut before, 5);
            assert_eq!(contexts.incoming.open(&mut old), Err(Refused::Forged));
        }
    }
}
