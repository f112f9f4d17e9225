//! What holds whatever comes.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;
use crate::registrar::bindings::MAX_BINDINGS;

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
