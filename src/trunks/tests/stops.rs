//! The house closes; and what a grant says of us.

use super::*;

impl Story {
    fn expires_s(ask: &Ask) -> u64 {
        match ask.what {
            Asked::Register { expires_s, .. } => expires_s,
            Asked::Options => panic!("an OPTIONS"),
        }
    }
}

#[test]
fn a_stop_waits_for_the_answer_that_is_under_way_and_takes_back_what_it_bound() {
    let mut story = Story::begin(settings(true), &[1]);
    let first = story.register();
    story.tell(Event::Closing);
    // RFC 3261 §10.2: no new one before the answer.
    assert_eq!(
        (story.registers.len(), story.trunk.state()),
        (1, State::Ending)
    );
    story.answer(&first, 200, &[("Expires", "600")]);
    let last = story.register();
    assert_eq!((Story::expires_s(&last), &last.target), (0, &target(1)));
    story.answer(&last, 200, &[]);
    assert_eq!(story.trunk.state(), State::Left);
    assert_eq!(story.news, [News::Left]);
}

#[test]
fn what_was_not_answered_may_have_bound_us_and_is_taken_back() {
    for silent in [true, false] {
        let mut story = Story::begin(settings(true), &[1]);
        let first = story.register();
        story.tell(Event::Closing);
        match silent {
            true => story.tell(Event::Silent { id: first.id }),
            // As the stack says it.
            false => story.answer(&first, 408, &[]),
        }
        let last = story.register();
        assert_eq!(Story::expires_s(&last), 0);
        story.tell(Event::Silent { id: last.id });
        assert_eq!(story.trunk.state(), State::Left);
    }
}

/// The home may have bound us before its answer was lost; where we are registered, we are.
#[test]
fn a_stop_while_a_silent_home_is_asked_takes_back_what_holds_elsewhere() {
    for status in [None, Some(408), Some(503), Some(403)] {
        let mut story = Story::begin(settings(true), &[1, 2]);
        let first = story.register();
        story.tell(Event::Silent { id: first.id });
        let second = story.register();
        story.answer(&second, 200, &[("Expires", "3600")]);
        let home = story.wait_register(&[]);
        assert_eq!(home.target, target(1));
        // What it asks is answered; the nonce is its own.
        story.answer(&home, 401, &[CHALLENGE]);
        let home = story.register();
        assert!(authorization(&home).is_some());
        story.tell(Event::Closing);
        match status {
            None => story.tell(Event::Silent { id: home.id }),
            Some(status) => story.answer(&home, status, &[]),
        }
        let last = story.register();
        let taken_back = (Story::expires_s(&last), &last.target);
        assert_eq!(taken_back, (0, &target(2)), "{status:?}");
        assert_eq!(authorization(&last), None, "{status:?}");
        story.answer(&last, 200, &[]);
        assert_eq!(story.trunk.state(), State::Left);
    }
}

#[test]
fn a_stop_takes_back_what_held_before_where_nothing_comes_of_the_renewal() {
    // Nothing was bound by a challenge or a refusal, and nothing before.
    for status in [401, 403, 423, 500] {
        let mut story = Story::begin(settings(true), &[1]);
        let first = story.register();
        story.tell(Event::Closing);
        story.answer(&first, status, &[CHALLENGE]);
        assert_eq!(
            (story.trunk.state(), story.registers.len()),
            (State::Left, 1)
        );
    }
    for status in [401, 403, 500] {
        let mut story = Story::begin(settings(true), &[1]);
        let first = story.register();
        story.answer(&first, 200, &[("Expires", "600")]);
        let renewal = story.wait_register(&[]);
        story.tell(Event::Closing);
        assert!(story.asks.iter().all(|ask| ask.what == Asked::Options));
        story.answer(&renewal, status, &[CHALLENGE]);
        let last = story.register();
        assert_eq!(Story::expires_s(&last), 0);
        // Asked who we are, we say it.
        story.answer(&last, 401, &[CHALLENGE]);
        let shown = story.register();
        assert!(authorization(&shown).is_some() && Story::expires_s(&shown) == 0);
        story.answer(&shown, 200, &[]);
        assert_eq!(story.trunk.state(), State::Left);
    }
}

#[test]
fn a_refusal_in_another_way_is_told_again_and_the_same_one_is_not() {
    let mut story = Story::begin(settings(true), &[1]);
    for status in [403, 403, 403, 404, 404, 403] {
        let ask = story.wait_register(&[]);
        story.answer(&ask, status, &[]);
    }
    let told = |story: &Story| {
        let all = story.news.iter();
        let status = all.filter_map(|news| match news {
            News::NotRegistered { status, .. } => *status,
            _ => None,
        });
        status.collect::<Vec<_>>()
    };
    assert_eq!(told(&story), [403, 404, 403]);
    // Once it went well, the next one is news.
    let ask = story.wait_register(&[]);
    story.answer(&ask, 200, &[("Expires", "600")]);
    let ask = story.wait_register(&[]);
    story.answer(&ask, 403, &[]);
    assert_eq!(told(&story), [403, 404, 403, 403]);
}

/// RFC 3261 §10.2.4: the 200 lists all bindings of our address of record, and ours is one of them.
#[test]
fn of_several_contacts_ours_says_for_how_long() {
    let us = "sip:0108@192.0.2.100:5060";
    let us6 = "sip:0108@[2001:db8::1]:5070";
    for (ours, contacts, expires, granted_s) in [
        (
            us,
            "<sip:0108@192.0.2.99:5060>;expires=3000, <sip:0108@192.0.2.100:5060>;expires=300",
            None,
            300,
        ),
        (
            us,
            "<sip:0108@192.0.2.100>;q=0.5;EXPIRES=\"300\"",
            None,
            300,
        ),
        (
            us,
            "<sip:0108@192.0.2.100:5062>;expires=9, <sip:0108@192.0.2.100>;expires=300",
            None,
            300,
        ),
        (
            us,
            "<sip:0108:pw@192.0.2.100;transport=udp>;expires=300, <sip:9@h>;expires=2",
            None,
            300,
        ),
        (
            us,
            "\"a <sip:0108@192.0.2.100>;expires=1, b\" <sip:0108@192.0.2.100>;expires=300",
            None,
            300,
        ),
        (us, "sip:0108@192.0.2.100;expires=300", None, 300),
        (
            us6,
            "<sip:0108@[2001:DB8:0::1]:5070>;expires=300, <sip:0108@[2001:db8::1]>;expires=9",
            None,
            300,
        ),
        // Ours without its own: the header's.
        (
            us,
            "<sip:0108@192.0.2.100>, <sip:0108@192.0.2.99>;expires=9",
            Some("200"),
            200,
        ),
        (us, "", Some("200"), 200),
        (us, "", None, 600),
        // Written anew by the carrier: the shortest of our user's, or the only one.
        (
            us,
            "<sip:0108@10.0.0.1>;expires=400, <sip:0108@10.0.0.2>;expires=300",
            None,
            300,
        ),
        (us, "<sip:trunk-7@10.0.0.1>;expires=300", None, 300),
        (
            us,
            "<sip:a@10.0.0.1>;expires=30, <sip:b@10.0.0.1>;expires=3",
            Some("200"),
            200,
        ),
    ] {
        let mut headers = vec![("Contact".to_owned(), contacts.to_owned())];
        headers.retain(|(_, value)| !value.is_empty());
        headers.extend(expires.map(|value: &str| ("Expires".to_owned(), value.to_owned())));
        let reply = Reply {
            status: 200,
            headers,
            contact: ours.to_owned(),
        };
        let granted = reply.granted(600 * SECOND);
        assert_eq!(granted.as_secs(), granted_s, "{contacts}");
    }
}
