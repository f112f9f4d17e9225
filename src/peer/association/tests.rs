use std::sync::Arc;

use bytes::BytesMut;
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::endpoint::Endpoint;
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::peer::offer::tests::offer;
use crate::peer::records::tests::{fragment, record};
use crate::peer::stun::tests::request;

const HERE: &str = "192.0.2.9:40000";
const ELSEWHERE: &str = "192.0.2.66:40000";

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

#[allow(clippy::disallowed_methods)] // The association compares what it is told; any moment is a beginning.
fn begin() -> Instant {
    Instant::now()
}

/// A browser's half: a certificate and the client of DTLS.
struct Browser {
    endpoint: Endpoint,
    config: Arc<rtc_dtls::config::HandshakeConfig>,
    fingerprint: [u8; 32],
}

impl Browser {
    fn new() -> Browser {
        let provider = rtc_crypto::default_provider().unwrap();
        let names = vec!["browser".to_owned()];
        let certificate = Certificate::generate_self_signed(names, provider.crypto()).unwrap();
        let fingerprint = Sha256::digest(&certificate.certificate[0]).into();
        let config = ConfigBuilder::default()
            .with_crypto_provider(provider)
            .with_certificates(vec![certificate])
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80])
            .build(true, Some(at("127.0.0.1:1")))
            .unwrap();
        Browser {
            endpoint: Endpoint::new(at(HERE), TransportProtocol::UDP, None),
            config: Arc::new(config),
            fingerprint,
        }
    }

    fn says(&mut self) -> Vec<Vec<u8>> {
        let endpoint = &mut self.endpoint;
        std::iter::from_fn(|| endpoint.poll_transmit())
            .map(|datagram| datagram.message.to_vec())
            .collect()
    }
}

fn attribute<'a>(answer: &'a str, name: &str) -> &'a str {
    let line = answer.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {answer}"))
}

fn peer_of(fingerprint: &[u8; 32]) -> (Peer, String) {
    let offer = Offer::read(&offer(fingerprint), &crate::codecs::Codecs::G711).unwrap();
    let identity = Identity::new().unwrap();
    Peer::answering(&offer, &identity, at(HERE).ip(), 30000).unwrap()
}

/// A check as the browser makes it with what the answer told it.
fn check(answer: &str, chosen: bool) -> Vec<u8> {
    let name = format!("{}:abcd", attribute(answer, "a=ice-ufrag:"));
    request(&name, attribute(answer, "a=ice-pwd:"), chosen)
}

/// Lets both speak until neither has anything to say; what came of it.
fn speak(peer: &mut Peer, browser: &mut Browser, now: Instant) -> News {
    let server = at("127.0.0.1:1");
    let config = Arc::clone(&browser.config);
    browser.endpoint.connect(now, server, config, None).unwrap();
    let mut last = News::Nothing;
    for _ in 0..20 {
        let mut replies = Vec::new();
        for datagram in browser.says() {
            let news = peer.take(&datagram, at(HERE), now, &mut |out, to| {
                assert_eq!(to, at(HERE));
                replies.push(out.to_vec());
            });
            if !matches!(news, News::Nothing) {
                last = news;
            }
        }
        for reply in replies {
            let _ = browser
                .endpoint
                .read(now, server, None, BytesMut::from(&reply[..]));
        }
    }
    last
}

#[test]
fn a_browser_with_password_and_certificate_comes_and_both_have_the_same_keys() {
    let mut browser = Browser::new();
    let (mut peer, answer) = peer_of(&browser.fingerprint);
    let now = begin();
    let mut answers = 0;
    peer.take(&check(&answer, true), at(HERE), now, &mut |_, _| {
        answers += 1
    });
    assert_eq!((answers, peer.place()), (1, Some(at(HERE))));
    let News::Keys(keys) = speak(&mut peer, &mut browser, now) else {
        panic!("no keys");
    };
    let state = browser.endpoint.get_connection_state(at("127.0.0.1:1"));
    let secret = state
        .unwrap()
        .export_keying_material("EXTRACTOR-dtls_srtp", &[], 60)
        .unwrap();
    let secret: &[u8] = secret.as_ref();
    assert_eq!(keys.theirs.key, secret[..16]);
    assert_eq!(keys.ours.key, secret[16..32]);
    assert_eq!(keys.theirs.salt, secret[32..46]);
    assert_eq!(keys.ours.salt, secret[46..]);
}

#[test]
fn what_is_forged_after_the_keys_ends_no_talk_and_is_not_kept() {
    let mut browser = Browser::new();
    let (mut peer, answer) = peer_of(&browser.fingerprint);
    let now = begin();
    peer.take(&check(&answer, true), at(HERE), now, &mut |_, _| {});
    assert!(matches!(speak(&mut peer, &mut browser, now), News::Keys(_)));
    let forged = [
        vec![20],
        vec![22; 40],
        vec![63; 1400],
        record(21, 0, &[2, 0]),
        record(23, 0, b"abc"),
        record(21, 1, &[7; 26]),
        record(22, 1, &[7; 48]),
        record(23, 1, &[7; 900]),
        record(23, 2, &[7; 900]),
    ];
    for octets in &forged {
        let news = peer.take(octets, at(HERE), now, &mut |_, _| panic!("answered"));
        assert!(matches!(news, News::Nothing), "{octets:?}");
    }
    // The first octets of messages that never come whole: the machine would keep two megabytes of them.
    for sequence in 0..=255 {
        let octets = record(22, 0, &fragment(sequence, 200, 0, &[7; 100]));
        let news = peer.take(&octets, at(HERE), now, &mut |_, _| panic!("answered"));
        assert!(matches!(news, News::Nothing));
    }
    // What its browser says is heard all the same.
    browser.endpoint.close(now).unwrap();
    let last = browser.says();
    let news = last
        .iter()
        .map(|octets| peer.take(octets, at(HERE), now, &mut |_, _| {}));
    assert!(
        news.last()
            .is_some_and(|news| matches!(news, News::Gone(_)))
    );
}

#[test]
fn another_certificate_than_the_offers_gets_no_keys() {
    let mut browser = Browser::new();
    let (mut peer, answer) = peer_of(&[9; 32]);
    let now = begin();
    peer.take(&check(&answer, true), at(HERE), now, &mut |_, _| {});
    assert!(matches!(speak(&mut peer, &mut browser, now), News::Gone(_)));
}

#[test]
fn who_does_not_know_the_password_is_not_answered_and_not_read() {
    let mut browser = Browser::new();
    let (mut peer, answer) = peer_of(&browser.fingerprint);
    let now = begin();
    let name = format!("{}:abcd", attribute(&answer, "a=ice-ufrag:"));
    for wrong in [
        request(&name, "another password", true),
        request("x:abcd", attribute(&answer, "a=ice-pwd:"), true),
        b"\x00\x01\x00\x00".to_vec(),
        Vec::new(),
    ] {
        let news = peer.take(&wrong, at(ELSEWHERE), now, &mut |_, _| panic!("answered"));
        assert!(matches!(news, News::Nothing));
    }
    assert_eq!(peer.place(), None);
    // Its handshake from a place that showed nothing is not looked at.
    assert!(matches!(speak(&mut peer, &mut browser, now), News::Nothing));
}

#[test]
fn the_path_that_the_browser_chooses_is_the_one_that_is_spoken_to() {
    let (mut peer, answer) = peer_of(&[1; 32]);
    let now = begin();
    peer.take(&check(&answer, false), at(HERE), now, &mut |_, _| {});
    peer.take(&check(&answer, false), at(ELSEWHERE), now, &mut |_, _| {});
    assert_eq!(peer.place(), Some(at(HERE)));
    peer.take(&check(&answer, true), at(ELSEWHERE), now, &mut |_, _| {});
    assert_eq!(peer.place(), Some(at(ELSEWHERE)));
    for port in 1..100 {
        let from = SocketAddr::new(at(HERE).ip(), port);
        peer.take(&check(&answer, false), from, now, &mut |_, _| {});
    }
    assert!(peer.places.len() <= PLACES);
}

#[test]
fn one_that_asks_no_more_has_gone() {
    let (mut peer, answer) = peer_of(&[1; 32]);
    let now = begin();
    peer.take(&check(&answer, true), at(HERE), now, &mut |_, _| {});
    let later = now + CONSENT;
    assert!(matches!(peer.beat(later, &mut |_, _| {}), News::Nothing));
    let later = later + Duration::from_secs(1);
    assert!(matches!(peer.beat(later, &mut |_, _| {}), News::Gone(_)));
}
