use std::collections::BTreeSet;

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::bindings::{MAX_BINDINGS, same_uri};
use super::digest::{Algorithm, Digested};
use super::*;

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
fn expiry_is_bounded_and_a_brief_one_told_what_would_do() {
    let mut office = Office::open();
    let wish = |cseq: u32, param: Option<&str>, header: Option<&str>| Phone {
        cseq,
        contacts: vec![("sip:8001@192.0.2.7".into(), param.map(str::to_owned))],
        expires: header.map(str::to_owned),
        ..Phone::default()
    };
    for (cseq, param, header, left) in [
        (1, None, None, 300),
        (2, Some("120"), Some("600"), 120),
        (3, None, Some("90"), 90),
        (4, Some("99999999999999999999"), None, 3600),
        (5, Some("soon"), Some("90"), 300),
        (6, None, Some("-1"), 300),
    ] {
        let answer = office.register(&wish(cseq, param, header));
        let right = format!("<sip:8001@192.0.2.7>;expires={left}");
        assert_eq!(contacts_of(&answer), [right], "{param:?} {header:?}");
    }
    let brief = office.register(&wish(7, Some("5"), None));
    assert_eq!((brief.status, brief.outcome), (423, Outcome::TooBrief));
    assert_eq!(brief.headers, [("Min-Expires", "60".to_owned())]);
    let gone = office.register(&wish(8, None, Some("0")));
    assert_eq!(gone.outcome, Outcome::Removed);
    assert!(office.bound().is_empty());
}

#[test]
fn a_star_removes_all_and_only_with_zero() {
    let mut office = Office::open();
    let contact = |uri: &str| (uri.to_owned(), None);
    let both = Phone {
        contacts: vec![
            contact("sip:8001@192.0.2.7;transport=tcp"),
            contact("sip:8001@192.0.2.8"),
        ],
        ..Phone::default()
    };
    assert_eq!(contacts_of(&office.register(&both)).len(), 2);
    let star = |cseq: u32, expires: Option<&str>, more: bool| Phone {
        cseq,
        contacts: match more {
            true => vec![contact("*"), contact("sip:8001@192.0.2.8")],
            false => vec![contact("*")],
        },
        expires: expires.map(str::to_owned),
        ..Phone::default()
    };
    for wrong in [
        star(2, None, false),
        star(2, Some("60"), false),
        star(2, Some("0"), true),
    ] {
        assert_eq!(office.register(&wrong).outcome, Outcome::Malformed);
    }
    let old = star(1, Some("0"), false);
    assert_eq!(office.register(&old).outcome, Outcome::OutOfOrder);
    assert_eq!(office.bound().len(), 2);
    let done = office.register(&star(2, Some("0"), false));
    assert_eq!(
        (done.outcome, contacts_of(&done).len()),
        (Outcome::Removed, 0)
    );
}

#[test]
fn an_older_request_of_the_same_run_changes_nothing() {
    let mut office = Office::open();
    let newer = Phone {
        cseq: 5,
        ..Phone::default()
    };
    assert_eq!(office.register(&newer).status, 200);
    let older = Phone {
        cseq: 4,
        expires: Some("0".into()),
        ..Phone::default()
    };
    let answer = office.register(&older);
    assert_eq!((answer.status, answer.outcome), (500, Outcome::OutOfOrder));
    assert_eq!(office.bound().len(), 1);
    // After a restart of the telephone it counts anew.
    let restarted = Phone {
        call_id: "two".into(),
        cseq: 1,
        ..older
    };
    assert_eq!(office.register(&restarted).outcome, Outcome::Removed);
}

#[test]
fn contacts_that_cannot_be_called_are_refused_whole() {
    for uri in [
        "tel:110",
        "sip:",
        "mailto:8001@example.cn",
        "sip:8001@a b",
        "sip:8001@192.0.2.7\r\nX: y",
    ] {
        let mut office = Office::open();
        let phone = Phone {
            contacts: vec![("sip:8001@192.0.2.7".into(), None), (uri.to_owned(), None)],
            ..Phone::default()
        };
        let answer = office.register(&phone);
        assert_eq!(answer.outcome, Outcome::Malformed, "{uri}");
        assert!(office.bound().is_empty(), "{uri}");
    }
}

#[test]
fn one_more_contact_displaces_the_one_that_ends_first() {
    let mut office = Office::open();
    for number in 0..=u32::try_from(MAX_BINDINGS).unwrap() {
        let phone = Phone {
            call_id: format!("run-{number}"),
            contacts: vec![(format!("sip:8001@192.0.2.7:{}", 5060 + number), None)],
            ..Phone::default()
        };
        assert_eq!(office.register(&phone).status, 200);
        office.later(1);
    }
    let bound = office.bound();
    assert_eq!(bound.len(), MAX_BINDINGS);
    assert!(!bound.contains(&"sip:8001@192.0.2.7:5060".to_owned()));
    assert_eq!(bound[0], "sip:8001@192.0.2.7:5066", "the newest is first");
}

#[test]
fn a_new_password_ends_what_the_old_one_had_bound() {
    let mut office = Office::open();
    office.register(&Phone::default());
    office.registrar.take_changed();
    let same = accounts(&[(ACCOUNT, PASSWORD), ("8003", "new")]);
    office.registrar.set_accounts(same);
    assert_eq!(office.bound().len(), 1);
    office
        .registrar
        .set_accounts(accounts(&[(ACCOUNT, "other")]));
    assert!(office.bound().is_empty());
    assert_eq!(office.registrar.take_changed().len(), 1);
    assert_eq!(office.register(&Phone::default()).outcome, Outcome::Refused);
    office.registrar.set_accounts(Vec::new());
    assert_eq!(office.register(&Phone::default()).outcome, Outcome::Refused);
}

#[test]
fn what_hangs_on_a_stream_ends_with_it() {
    let mut office = Office::open();
    let source: SocketAddr = "192.0.2.7:40123".parse().unwrap();
    let binding = |uri: &str, carrier: Carrier| Binding {
        uri: uri.to_owned(),
        source,
        carrier,
        q_milli: 1000,
        call_id: "one".into(),
        cseq: 1,
        expires_at: office.now + Duration::from_secs(60),
        instance: None,
        reg_id: None,
    };
    let listens = binding("sip:8001@192.0.2.7:5060;transport=tcp", Carrier::Tcp);
    let flows = binding("sip:8001@192.0.2.7:40123;transport=tcp", Carrier::Tcp);
    let datagrams = binding("sip:8001@192.0.2.7:40123", Carrier::Udp);
    let all = vec![listens, flows, datagrams];
    office.registrar.restore(ACCOUNT, all, office.now);
    assert_eq!(office.bound().len(), 3);
    office.registrar.lost(source, Carrier::Tcp);
    let left = office.bound();
    assert_eq!(left.len(), 2);
    assert!(!left.contains(&"sip:8001@192.0.2.7:40123;transport=tcp".to_owned()));
}

#[test]
fn contacts_are_told_apart_as_the_rfc_does() {
    for (one, other) in [
        ("sip:8001@HOST.cn", "SIP:8001@host.cn"),
        ("sip:8001@a;transport=TCP", "sip:8001@a;ob;transport=tcp"),
        ("sip:8001@a", "sip:8001@a;line=1"),
        ("sip:8;1@a", "sip:8;1@A"),
    ] {
        assert!(same_uri(one, other), "{one} {other}");
    }
    for (one, other) in [
        ("sip:a@h", "sip:A@h"),
        ("sip:8001@a", "sips:8001@a"),
        ("sip:8001@a", "sip:8001@a:5060"),
        ("sip:8001@a;transport=tcp", "sip:8001@a"),
        ("sip:8;1@a", "sip:8;2@a"),
    ] {
        assert!(!same_uri(one, other), "{one} {other}");
    }
}

/// One thing that a telephone does.
#[derive(Debug, Clone)]
enum Step {
    Register {
        contact: u8,
        run: u8,
        cseq: u32,
        expires: u32,
    },
    RemoveAll {
        run: u8,
        cseq: u32,
    },
    Guess {
        last: u8,
    },
    Wait {
        seconds: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let register = (0..9u8, 0..3u8, 1..20u32, prop_oneof![Just(0), 1..4000u32]);
    let step = prop_oneof![
        4 => register.prop_map(|(contact, run, cseq, expires)| Step::Register { contact, run, cseq, expires }),
        1 => (0..3u8, 1..20u32).prop_map(|(run, cseq)| Step::RemoveAll { run, cseq }),
        2 => (1..20u8).prop_map(|last| Step::Guess { last }),
        2 => (0..500u64).prop_map(|seconds| Step::Wait { seconds }),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    /// Whatever comes in whatever order: no more contacts than may be, none that has ended, what was bound is listed,
    /// a refused request changes nothing, and guesses elsewhere never shut out the desk.
    #[test]
    fn the_table_holds(steps in steps()) {
        let mut office = Office::open();
        let desk = Phone { call_id: "desk".into(), ..Phone::default() };
        prop_assert_eq!(office.register(&desk).status, 200);
        let mut last = 1;
        for step in steps {
            let before = office.bound();
            let phone = match step {
                Step::Wait { seconds } => {
                    office.later(seconds);
                    office.registrar.expire(office.now);
                    continue;
                }
                Step::Guess { last } => Phone {
                    source: format!("192.0.2.{}:5060", 100 + last).parse().unwrap(),
                    password: "guessed".into(),
                    ..Phone::default()
                },
                Step::Register { contact, run, cseq, expires } => Phone {
                    call_id: format!("run-{run}"),
                    cseq,
                    contacts: vec![(format!("sip:8001@192.0.2.7:{}", 6000 + u32::from(contact)), Some(expires.to_string()))],
                    ..Phone::default()
                },
                Step::RemoveAll { run, cseq } => Phone {
                    call_id: format!("run-{run}"),
                    cseq,
                    contacts: vec![("*".into(), None)],
                    expires: Some("0".into()),
                    ..Phone::default()
                },
            };
            let answer = office.register(&phone);
            let bound = office.bound();
            prop_assert!(bound.len() <= MAX_BINDINGS);
            match answer.status {
                200 => prop_assert_eq!(contacts_of(&answer).len(), bound.len()),
                _ => prop_assert_eq!(&bound, &before),
            }
            if answer.outcome == Outcome::Registered {
                prop_assert!(bound.contains(&phone.contacts[0].0));
            }
            let next = office.registrar.next_expiry();
            prop_assert!(bound.is_empty() || next.is_some_and(|at| at > office.now));
            last += 1;
            let desk = Phone { cseq: last, ..desk.clone() };
            prop_assert_eq!(office.register(&desk).status, 200);
        }
    }

    /// Credentials of any text neither panic nor bind.
    #[test]
    fn any_authorization_is_asked_again(text in any::<String>(), tail in "[ -~]{0,80}") {
        let mut office = Office::open();
        for header in [text, format!("Digest username=\"8001\", realm=\"gradeline\", {tail}")] {
            let answer = office.send(&Phone::default(), &[header]);
            prop_assert_eq!(answer.status, 401);
        }
        prop_assert!(office.bound().is_empty());
    }
}
