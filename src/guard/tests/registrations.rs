//! REGISTER: who may, what of it reaches the registrar, what a flood costs.

use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::registrar::{Account, Answer, Carrier, Ha1s, Registers, Registrar, Request, Settings};

const DESK: &str = "198.51.100.7:5062";
/// Within the networks of desks, and of trunks too.
const BOTH: &str = "192.0.2.200:5060";

const REGISTER: &str = "REGISTER sip:198.51.100.1 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 10.0.0.7:5062;branch=z9hG4bK1;rport\r\n\
    From: <sip:8001@198.51.100.1>;tag=a\r\n\
    To: <sip:80%301@198.51.100.1>\r\n\
    Call-ID: one\r\n\
    CSeq: 1 REGISTER\r\n\
    Contact: \"Desk, first\" <sip:8001@10.0.0.7:5062;transport=udp>;q=0.5;expires=60;+sip.instance=\"<urn:uuid:1>\";reg-id=1, <sip:8001@10.0.0.7:5063>\r\n\
    Expires: 300\r\n\
    Content-Length: 0\r\n\r\n";

/// Counts what reaches it and keeps the last of it as text.
struct Office {
    registrar: Mutex<Registrar>,
    asked: AtomicUsize,
    last: Mutex<String>,
}

impl Registers for Office {
    fn register(&self, request: &Request<'_>, now: Instant) -> Answer {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let Request {
            account,
            contacts,
            expires,
            ..
        } = request;
        *self.last.lock().unwrap() = format!("{account} {contacts:?} {expires:?}");
        self.registrar.lock().unwrap().register(request, now)
    }

    fn lost(&self, _: std::net::SocketAddr, _: Carrier) {}
}

fn office() -> (Arc<Office>, Arc<State>) {
    let mut registrar = Registrar::new(Settings::default(), [1; 32], start());
    registrar.set_accounts(vec![Account {
        name: "8001".into(),
        ha1s: Ha1s::of("8001", "secret"),
    }]);
    let office = Arc::new(Office {
        registrar: Mutex::new(registrar),
        asked: AtomicUsize::new(0),
        last: Mutex::default(),
    });
    let network = |address: &str, prefix| Network {
        address: address.parse().unwrap(),
        prefix,
    };
    let trunks = vec![network("192.0.2.0", 24)];
    let desks = Desks {
        networks: vec![network("198.51.100.0", 24), network("192.0.2.200", 32)],
        md5_networks: Vec::new(),
        proxies: vec![network("198.51.100.9", 32)],
        registrar: Arc::clone(&office) as Arc<dyn Registers>,
    };
    let state = State::new(trunks, Limits::of(10)).with_desks(Some(desks));
    (office, Arc::new(state))
}

#[test]
fn a_telephone_of_the_desks_networks_is_answered_by_the_registrar() {
    let (office, state) = office();
    let Verdict::Registrar { response, .. } = ask(&state, REGISTER, DESK) else {
        panic!("not by the registrar");
    };
    let text = String::from_utf8(response).unwrap();
    assert!(text.starts_with("SIP/2.0 401 Unauthorized\r\n"), "{text}");
    assert!(text.contains("branch=z9hG4bK1;rport=5062;received=198.51.100.7\r\n"));
    assert_eq!(text.matches("\r\nWWW-Authenticate: Digest ").count(), 2);
    assert!(
        text.contains("\r\nTo: <sip:80%301@198.51.100.1>;tag="),
        "{text}"
    );
    let seen = office.last.lock().unwrap().clone();
    assert_eq!(
        seen,
        "8001 [Contact { uri: \"sip:8001@10.0.0.7:5062;transport=udp\", q: Some(\"0.5\"), expires: Some(\"60\"), \
         instance: Some(\"\\\"<urn:uuid:1>\\\"\"), reg_id: Some(\"1\") }, Contact { uri: \"sip:8001@10.0.0.7:5063\", \
         q: None, expires: None, instance: None, reg_id: None }] Some(\"300\")"
    );
}

#[test]
fn who_may_call_and_who_is_a_stranger_may_not_register() {
    let (office, state) = office();
    for source in [TRUNK, BOTH, STRANGER] {
        let refused = outcome(ask(&state, REGISTER, source));
        assert_eq!(refused, ("403".into(), "foreign_register"), "{source}");
    }
    assert_eq!(office.asked.load(Ordering::Relaxed), 0);
    // And where there is no registrar, nobody.
    let nobody = outcome(ask(&super::state(), REGISTER, DESK));
    assert_eq!(nobody, ("405".into(), "method"));
    // A desk may not call.
    let calls = outcome(ask(&state, INVITE, DESK));
    assert_eq!(calls, ("403".into(), "foreign"));
}

#[test]
fn what_is_not_whole_does_not_reach_the_registrar() {
    let (office, state) = office();
    for (old, new, status) in [
        ("Call-ID: one", "Call-ID: one\r\nRequire: gruu", "420"),
        ("<sip:80%301@198.51.100.1>", "<sip:198.51.100.1>", "400"),
        ("<sip:80%301@198.51.100.1>", "<tel:8001>", "400"),
        ("1 REGISTER", "1 INVITE", "400"),
        ("Content-Length: 0", "Content-Length: 9", "400"),
    ] {
        let message = REGISTER.replacen(old, new, 1);
        assert_ne!(message, REGISTER);
        assert_eq!(outcome(ask(&state, message, DESK)).0, status, "{new}");
    }
    assert_eq!(office.asked.load(Ordering::Relaxed), 0);
}

#[test]
fn a_flood_of_one_address_costs_the_registrar_no_more_than_its_rate() {
    let ((office, state), now) = (office(), start());
    for number in 0..5000 {
        let message = REGISTER.replace("Call-ID: one", &format!("Call-ID: {number}"));
        let source = DESK.parse().unwrap();
        judge(message.as_bytes(), source, Transport::Udp, &state, now);
    }
    assert_eq!(office.asked.load(Ordering::Relaxed), 400);
    // Its neighbour has a rate of its own.
    let other = outcome(ask(&state, REGISTER, "198.51.100.8:5060"));
    assert_eq!(other, ("401".into(), "challenged"));
}

/// The contacts' paths that reach the registrar, or the status of the refusal.
fn path_of(source: &str, lines: &str) -> Result<Vec<String>, u16> {
    struct Seen(Mutex<Vec<String>>);
    impl Registers for Seen {
        fn register(&self, request: &Request<'_>, now: Instant) -> Answer {
            self.0.lock().unwrap().clone_from(&request.path);
            let mut registrar = Registrar::new(Settings::default(), [1; 32], start());
            registrar.register(request, now)
        }

        fn lost(&self, _: std::net::SocketAddr, _: Carrier) {}
    }
    let seen = Arc::new(Seen(Mutex::default()));
    let network = |address: &str, prefix| Network {
        address: address.parse().unwrap(),
        prefix,
    };
    let desks = Desks {
        networks: vec![network("198.51.100.0", 24)],
        md5_networks: Vec::new(),
        proxies: vec![network("198.51.100.9", 32)],
        registrar: Arc::clone(&seen) as Arc<dyn Registers>,
    };
    let state = State::new(Vec::new(), Limits::of(10)).with_desks(Some(desks));
    let text = REGISTER.replace("Expires: 300", &format!("{lines}\r\nExpires: 300"));
    let source = source.parse().unwrap();
    match judge(text.as_bytes(), source, Transport::Udp, &state, start()) {
        Verdict::Registrar { .. } => Ok(seen.0.lock().unwrap().clone()),
        Verdict::Answer { response, .. } => {
            let text = String::from_utf8(response).unwrap();
            Err(text[8..11].parse().unwrap())
        }
        verdict => panic!("{verdict:?}"),
    }
}

#[test]
fn a_path_is_believed_from_a_proxy_alone_and_as_a_whole() {
    let (proxy, phone) = ("198.51.100.9:5060", "198.51.100.7:5060");
    let path = "Path: <sip:edge.example;lr>, \"core\" <sip:192.0.2.9:5070;lr>;x=y";
    let both = ["<sip:edge.example;lr>", "<sip:192.0.2.9:5070;lr>"];
    assert_eq!(path_of(proxy, path), Ok(both.map(str::to_owned).into()));
    assert_eq!(path_of(phone, path), Ok(Vec::new()), "passed over");
    let required = format!("Require: path\r\n{path}");
    assert!(path_of(proxy, &required).is_ok());
    assert_eq!(path_of(phone, &required), Err(420));
    for odd in [
        "Path: <sip:edge.example>",
        "Path: sip:edge.example;lr",
        "Path: <sip:a;lr>, <sip:b;lr>, <sip:c;lr>, <sip:d;lr>, <sip:e;lr>",
    ] {
        assert_eq!(path_of(proxy, odd), Err(400), "{odd}");
    }
}
