//! Contacts: bound, listed, told apart, ended.

use super::*;
use crate::registrar::bindings::{MAX_BINDINGS, same_uri};

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
        path: Vec::new(),
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

#[test]
fn a_path_is_kept_told_and_replaced_with_each_registration() {
    let mut office = Office::open();
    let through = |cseq: u32, path: &[&str]| Phone {
        cseq,
        path: path.iter().map(|element| (*element).to_owned()).collect(),
        contacts: vec![("sip:8001@10.0.0.7:5060".into(), None)],
        ..Phone::default()
    };
    let kept = |office: &Office| {
        let bindings = office.registrar.bindings(ACCOUNT, office.now);
        let one = bindings.first().unwrap().clone();
        (one.is_behind_nat(), one.path)
    };
    let both = ["<sip:edge.example;lr>", "<sip:core.example;lr>"];
    let answer = office.register(&through(1, &both));
    let told = answer.headers.iter().filter(|(name, _)| *name == "Path");
    let told: Vec<_> = told.map(|(_, value)| value.as_str()).collect();
    assert_eq!(told, both);
    // It came from the proxy, which is no NAT.
    assert_eq!(kept(&office), (false, both.map(str::to_owned).into()));
    assert_eq!(office.register(&through(5, &[])).status, 200);
    assert_eq!(kept(&office), (true, Vec::new()));
}
