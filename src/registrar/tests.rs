use std::collections::BTreeSet;

use super::digest::{Algorithm, Digested};
use super::*;

mod contacts;
mod promises;

const ACCOUNT: &str = "8001";
const PASSWORD: &str = "k7mq2-x9wzr";
pub(crate) const HOST: &str = "sip:192.0.2.1";

#[allow(clippy::disallowed_methods)] // a test's own zero: only differences count
fn start() -> Instant {
    Instant::now()
}

/// A registrar with an account, and a telephone that talks with it.
struct Office {
    registrar: Registrar,
    now: Instant,
}

/// What a telephone sends; the rest is as one does.
#[derive(Clone)]
struct Phone {
    source: SocketAddr,
    account: String,
    /// Whose password is shown.
    username: String,
    password: String,
    call_id: String,
    cseq: u32,
    contacts: Vec<(String, Option<String>)>,
    expires: Option<String>,
    algorithm: Algorithm,
    md5_only: bool,
    path: Vec<String>,
}

impl Default for Phone {
    fn default() -> Self {
        Phone {
            source: "192.0.2.7:5060".parse().unwrap(),
            account: ACCOUNT.into(),
            username: ACCOUNT.into(),
            password: PASSWORD.into(),
            call_id: "one".into(),
            cseq: 1,
            contacts: vec![("sip:8001@192.0.2.7:5060".into(), None)],
            expires: None,
            algorithm: Algorithm::Sha256,
            md5_only: false,
            path: Vec::new(),
        }
    }
}

fn nonce_of(answer: &Answer) -> String {
    let header = challenge_of(answer, 0);
    let (_, rest) = header.split_once("nonce=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

fn challenge_of(answer: &Answer, nth: usize) -> String {
    let headers = answer.headers.iter();
    let mut asked = headers.filter(|(name, _)| *name == "WWW-Authenticate");
    asked.nth(nth).expect("a challenge").1.clone()
}

fn contacts_of(answer: &Answer) -> Vec<&str> {
    let headers = answer.headers.iter();
    let listed = headers.filter(|(name, _)| *name == "Contact");
    listed.map(|(_, value)| value.as_str()).collect()
}

impl Office {
    fn open() -> Office {
        let now = start();
        let mut registrar = Registrar::new(Settings::default(), [7; 32], now);
        registrar.set_accounts(accounts(&[(ACCOUNT, PASSWORD), ("8002", "another")]));
        Office { registrar, now }
    }

    fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn send(&mut self, phone: &Phone, authorization: &[String]) -> Answer {
        let contacts = phone.contacts.iter();
        let contacts = contacts.map(|(uri, expires)| Contact {
            uri,
            expires: expires.as_deref(),
            ..Contact::default()
        });
        let via = format!("SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK{}", phone.cseq);
        let request = Request {
            source: phone.source,
            carrier: Carrier::Udp,
            uri: HOST,
            account: phone.account.clone(),
            call_id: &phone.call_id,
            cseq: phone.cseq,
            via: &via,
            authorization: authorization.iter().map(String::as_str).collect(),
            md5_only: phone.md5_only,
            path: phone.path.clone(),
            contacts: contacts.collect(),
            expires: phone.expires.as_deref(),
        };
        self.registrar.register(&request, self.now)
    }

    fn ask(&mut self, phone: &Phone) -> String {
        nonce_of(&self.send(phone, &[]))
    }

    /// Asked, then shown: as a telephone does it.
    fn register(&mut self, phone: &Phone) -> Answer {
        let nonce = self.ask(phone);
        self.send(phone, &[authorization(phone, &nonce, 1)])
    }

    fn bound(&self) -> Vec<String> {
        let bindings = self.registrar.bindings(ACCOUNT, self.now);
        bindings.into_iter().map(|binding| binding.uri).collect()
    }
}

fn accounts(all: &[(&str, &str)]) -> Vec<Account> {
    let account = |(name, password): &(&str, &str)| Account {
        name: (*name).to_owned(),
        ha1s: Ha1s::of(name, password),
    };
    all.iter().map(account).collect()
}

fn authorization(phone: &Phone, nonce: &str, count: u32) -> String {
    shown(
        &phone.username,
        &phone.password,
        phone.algorithm,
        nonce,
        count,
    )
}

/// What a telephone shows that is registered at [`HOST`].
pub(crate) fn shown_at_host(account: &str, password: &str, nonce: &str, count: u32) -> String {
    shown(account, password, Algorithm::Sha256, nonce, count)
}

fn shown(account: &str, password: &str, algorithm: Algorithm, nonce: &str, count: u32) -> String {
    let count = format!("{count:08x}");
    let digested = Digested {
        algorithm,
        nonce,
        count: &count,
        cnonce: "c",
        uri: HOST,
    };
    let response = digested.response(&Ha1s::of(account, password));
    format!(
        "Digest username=\"{account}\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{HOST}\", response=\"{response}\", \
         algorithm={}, cnonce=\"c\", qop=auth, nc={count}",
        algorithm.word()
    )
}

#[test]
fn a_telephone_is_asked_by_both_algorithms_and_bound_by_either() {
    for algorithm in Algorithm::OFFERED {
        let mut office = Office::open();
        let phone = Phone {
            algorithm,
            ..Phone::default()
        };
        let asked = office.send(&phone, &[]);
        assert_eq!(
            (asked.status, asked.outcome),
            (401, Outcome::Challenged),
            "{asked:?}"
        );
        assert!(challenge_of(&asked, 0).contains("algorithm=SHA-256, qop=\"auth\""));
        assert!(challenge_of(&asked, 1).contains("algorithm=MD5, qop=\"auth\""));
        let done = office.register(&phone);
        assert_eq!((done.status, done.outcome), (200, Outcome::Registered));
        assert_eq!(
            contacts_of(&done),
            ["<sip:8001@192.0.2.7:5060>;expires=300"]
        );
        assert_eq!(done.bound_for, Some(Duration::from_secs(300)));
        assert_eq!(office.bound(), ["sip:8001@192.0.2.7:5060"]);
        assert_eq!(
            office.registrar.take_changed(),
            BTreeSet::from([ACCOUNT.to_owned()])
        );
        office.later(299);
        assert_eq!(office.bound().len(), 1);
        office.later(1);
        assert!(office.bound().is_empty());
        assert!(office.registrar.take_changed().is_empty(), "not told yet");
        office.registrar.expire(office.now);
        assert_eq!(office.registrar.take_changed().len(), 1);
    }
}

#[test]
fn an_unknown_account_is_answered_as_a_wrong_password() {
    let mut office = Office::open();
    let wrong = Phone {
        password: "guessed".into(),
        ..Phone::default()
    };
    let unknown = Phone {
        account: "9999".into(),
        username: "9999".into(),
        ..wrong.clone()
    };
    let shape = |answer: &Answer| {
        let headers = answer.headers.iter();
        let headers: Vec<_> = headers.map(|(n, value)| (*n, value.len())).collect();
        (answer.status, answer.phrase, answer.outcome, headers)
    };
    // As many as are slowed, too.
    for _ in 0..15 {
        let (one, other) = (office.register(&wrong), office.register(&unknown));
        assert_eq!(shape(&one), shape(&other));
        assert_ne!(one.status, 200);
    }
}

#[test]
fn a_nonce_is_of_its_time_and_address_and_of_this_process() {
    let mut office = Office::open();
    let phone = Phone::default();
    let nonce = office.ask(&phone);
    let elsewhere = Phone {
        source: "192.0.2.8:5060".parse().unwrap(),
        ..phone.clone()
    };
    let shown = authorization(&phone, &nonce, 1);
    let stale = office.send(&elsewhere, std::slice::from_ref(&shown));
    assert_eq!(stale.outcome, Outcome::Stale);
    assert!(challenge_of(&stale, 0).ends_with("stale=true"));
    for forged in [
        nonce.replace(|c: char| c == nonce.chars().last().unwrap(), "x"),
        nonce[..40].to_owned(),
        "é".repeat(30),
        String::new(),
    ] {
        let shown = authorization(&phone, &forged, 1);
        assert_eq!(office.send(&phone, &[shown]).outcome, Outcome::Stale);
    }
    office.later(nonces::LIFETIME.as_secs());
    assert_eq!(office.send(&phone, &[shown]).outcome, Outcome::Stale);
    let mut after_restart = Registrar::new(Settings::default(), [8; 32], office.now);
    after_restart.set_accounts(accounts(&[(ACCOUNT, PASSWORD)]));
    let nonce = office.ask(&phone);
    office.registrar = after_restart;
    let shown = authorization(&phone, &nonce, 1);
    assert_eq!(office.send(&phone, &[shown]).outcome, Outcome::Stale);
    // Neither is a try: whoever was stale is let in with the next nonce.
    assert_eq!(office.register(&phone).status, 200);
}

#[test]
fn a_count_is_taken_once_and_a_retransmission_is_answered_again() {
    let mut office = Office::open();
    let mut phone = Phone::default();
    let nonce = office.ask(&phone);
    phone.cseq = 2;
    let shown = authorization(&phone, &nonce, 1);
    let first = office.send(&phone, std::slice::from_ref(&shown));
    assert_eq!(first.outcome, Outcome::Registered);
    let again = office.send(&phone, std::slice::from_ref(&shown));
    assert_eq!((again.status, again.outcome), (200, Outcome::Repeated));
    assert_eq!(contacts_of(&again), contacts_of(&first));
    // Taken down on the way and sent by somebody else, as another request.
    let replay = Phone {
        cseq: 3,
        contacts: vec![("sip:thief@192.0.2.66".into(), None)],
        ..phone.clone()
    };
    let replayed = office.send(&replay, std::slice::from_ref(&shown));
    assert_eq!(
        (replayed.status, replayed.outcome),
        (401, Outcome::Replayed)
    );
    assert!(challenge_of(&replayed, 0).ends_with("stale=true"));
    assert_eq!(office.bound(), ["sip:8001@192.0.2.7:5060"]);
    // The next count is; one below it is not.
    phone.cseq = 4;
    let third = authorization(&phone, &nonce, 3);
    assert_eq!(office.send(&phone, &[third]).status, 200);
    phone.cseq = 5;
    let second = authorization(&phone, &nonce, 2);
    assert_eq!(office.send(&phone, &[second]).outcome, Outcome::Replayed);
    // Much later the very same request is none of its sender's any more.
    office.later(40);
    phone.cseq = 4;
    let late = authorization(&phone, &nonce, 3);
    assert_eq!(office.send(&phone, &[late]).outcome, Outcome::Replayed);
}

#[test]
fn guessing_is_slowed_and_the_desk_at_its_usual_address_is_not() {
    let mut office = Office::open();
    let desk = Phone::default();
    assert_eq!(office.register(&desk).status, 200);
    let guess = |last: u8| Phone {
        source: format!("192.0.2.{last}:5060").parse().unwrap(),
        password: "guessed".into(),
        ..Phone::default()
    };
    let outcomes: Vec<_> = (0..12)
        .map(|_| office.register(&guess(66)).outcome)
        .collect();
    assert_eq!(outcomes[9], Outcome::Refused);
    assert_eq!(outcomes[10], Outcome::Slowed);
    // Nor from the next address: the account is what is guessed at.
    let slowed = office.register(&guess(67));
    assert_eq!((slowed.status, slowed.outcome), (503, Outcome::Slowed));
    assert_eq!(slowed.headers, [("Retry-After", "31".to_owned())]);
    // Nor does that address get at another account.
    let other = Phone {
        account: "8002".into(),
        username: "8002".into(),
        password: "another".into(),
        ..guess(66)
    };
    assert_eq!(office.register(&other).outcome, Outcome::Slowed);
    let again = Phone { cseq: 2, ..desk };
    assert_eq!(office.register(&again).status, 200);
    // Half a minute is one guess.
    office.later(31);
    assert_eq!(office.register(&guess(67)).outcome, Outcome::Refused);
    assert_eq!(office.register(&guess(67)).outcome, Outcome::Slowed);
    // At its own address the desk has a few tries too.
    let mistyped = Phone {
        password: "mistyped".into(),
        ..again.clone()
    };
    for _ in 0..10 {
        assert_eq!(office.register(&mistyped).outcome, Outcome::Refused);
    }
    assert_eq!(office.register(&mistyped).outcome, Outcome::Slowed);
    office.later(31);
    let right = Phone { cseq: 3, ..again };
    assert_eq!(office.register(&right).status, 200);
}

#[test]
fn nobody_registers_for_another() {
    let mut office = Office::open();
    let other = Phone {
        account: "8002".into(),
        ..Phone::default()
    };
    let answer = office.register(&other);
    assert_eq!((answer.status, answer.outcome), (403, Outcome::NotOwn));
    assert!(office.registrar.bindings("8002", office.now).is_empty());
}

#[test]
fn who_stops_at_sha_256_is_asked_with_md5_alone_and_may_show_either() {
    let mut office = Office::open();
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let phone = Phone {
            md5_only: true,
            algorithm,
            call_id: format!("{algorithm:?}"),
            ..Phone::default()
        };
        let asked = office.send(&phone, &[]);
        let challenges = asked.headers.iter();
        let challenges = challenges.filter(|(name, _)| *name == "WWW-Authenticate");
        assert_eq!(challenges.count(), 1);
        assert!(challenge_of(&asked, 0).contains("algorithm=MD5"));
        assert_eq!(office.register(&phone).status, 200);
    }
}
