//! The addresses of a trunk: which is asked next, which comes back, in what order.

use super::*;

#[test]
fn a_silent_address_gives_way_to_the_next_and_comes_back_when_it_answers() {
    let mut story = Story::begin(settings(true), &[1, 2]);
    let first = story.register();
    assert_eq!(first.target, target(1));
    story.tell(Event::Silent { id: first.id });
    let second = story.register();
    assert_eq!(second.target, target(2));
    story.answer(&second, 200, &[("Expires", "3600")]);
    assert_eq!(story.ways(), Ok(vec![2]));
    // Its OPTIONS is answered: home again.
    let back = story.wait_register(&[]);
    assert_eq!(back.target, target(1));
    assert!(story.now - story.begin < 60 * SECOND);
    // Until that is granted the other one holds.
    assert_eq!(story.ways(), Ok(vec![2, 1]));
    story.answer(&back, 200, &[("Expires", "3600")]);
    assert_eq!(story.ways(), Ok(vec![1, 2]));
    // It goes silent in the middle of a registration.
    let over = story.wait_register(&[1]);
    assert_eq!(over.target, target(2));
    assert!(story.news.contains(&News::Down(target(1))));
    story.answer(&over, 200, &[("Expires", "3600")]);
    assert_eq!(story.ways(), Ok(vec![2]));
}

#[test]
fn where_nobody_answers_the_first_who_comes_back_is_asked_at_once() {
    let mut story = Story::begin(settings(true), &[1, 2]);
    story.probes(&[1, 2]);
    let first = story.register();
    story.tell(Event::Silent { id: first.id });
    assert_eq!(
        (story.ways(), story.trunk.state()),
        (Err(NoWay::Down), State::Waiting)
    );
    assert!(story.trunk.is_in_trouble(story.now));
    for _ in 0..20 {
        story.wait();
        story.probes(&[1, 2]);
    }
    assert_eq!(story.registers.len(), 1, "nobody was there to be asked");
    let back = story.wait_register(&[1]);
    assert_eq!(back.target, target(2));
}

#[test]
fn a_server_that_fails_is_passed_over_and_one_that_refuses_is_not() {
    let mut story = Story::begin(settings(true), &[1, 2]);
    let first = story.register();
    story.answer(&first, 503, &[("Retry-After", "60")]);
    let second = story.register();
    assert_eq!(second.target, target(2));
    story.answer(&second, 403, &[]);
    assert_eq!(story.trunk.state(), State::Waiting);
    assert_eq!(story.registers.len(), 2);
    // A redirection is not followed: nothing on the wire decides whom we show a digest.
    let mut moved = Story::begin(settings(true), &[1, 2]);
    let first = moved.register();
    moved.answer(&first, 302, &[("Contact", "<sip:198.51.100.66>")]);
    assert_eq!(
        (moved.trunk.state(), moved.registers.len()),
        (State::Waiting, 1)
    );
}

#[test]
fn a_trunk_without_registration_goes_by_the_order_of_those_that_answer() {
    let mut story = Story::begin(settings(false), &[1, 2, 3]);
    assert_eq!(story.ways(), Ok(vec![1, 2, 3]));
    story.probes(&[1]);
    assert_eq!(story.ways(), Ok(vec![2, 3]));
    while story.now - story.begin < 70 * SECOND {
        story.wait();
        story.probes(&[2]);
    }
    assert_eq!(story.ways(), Ok(vec![1, 3]));
    assert!(story.registers.is_empty());
    // New addresses: what was known of those that stay is kept.
    story.tell(Event::Resolved(vec![target(2), target(3), target(4)]));
    assert_eq!(story.ways(), Ok(vec![3, 4]));
    let mut nowhere = Story::begin(settings(false), &[]);
    assert_eq!(nowhere.ways(), Err(NoWay::Unknown));
    nowhere.tell(Event::Closing);
    assert_eq!(nowhere.trunk.state(), State::Left);
}

#[test]
fn without_keep_alive_silence_still_leads_to_the_next_address() {
    let mut quiet = settings(true);
    quiet.keep_alive = Duration::ZERO;
    let mut story = Story::begin(quiet, &[1, 2]);
    let first = story.register();
    story.tell(Event::Silent { id: first.id });
    let second = story.register();
    assert_eq!(second.target, target(2));
    story.tell(Event::Silent { id: second.id });
    let again = story.wait_register(&[]);
    assert_eq!(again.target, target(1));
    assert!(story.asks.is_empty());
}

/// A domain that had no address for a while.
#[test]
fn new_addresses_are_asked_at_once_whatever_failed_before() {
    let mut quiet = settings(true);
    quiet.keep_alive = Duration::ZERO;
    let mut story = Story::begin(quiet, &[1]);
    let first = story.register();
    story.answer(&first, 403, &[]);
    story.tell(Event::Resolved(Vec::new()));
    assert_eq!(story.trunk.state(), State::Waiting);
    story.wait();
    assert_eq!(story.trunk.next(), None, "there is nobody to be asked");
    story.tell(Event::Resolved(vec![target(2)]));
    assert_eq!(story.register().target, target(2));
}

/// RFC 2782: within one priority each is first in proportion to its weight.
#[test]
fn records_of_one_priority_are_first_in_proportion_to_their_weights() {
    let record = |priority, weight, target: &str| Record {
        priority,
        weight,
        port: 5060,
        target: target.to_owned(),
    };
    let records = vec![
        record(20, 0, "last"),
        record(10, 60, "a"),
        record(10, 30, "b"),
        record(10, 10, "c"),
        record(10, 0, "d"),
        record(5, 0, "."),
    ];
    let mut chance = StdRng::from_seed([3; 32]);
    let mut first = HashMap::<String, u32>::new();
    const DRAWS: u32 = 20_000;
    for _ in 0..DRAWS {
        let ordered = srv::order(records.clone(), &mut chance);
        assert_eq!(ordered.len(), 5);
        assert_eq!(ordered[4].target, "last");
        *first.entry(ordered[0].target.clone()).or_default() += 1;
    }
    for (target, weight) in [("a", 60.0), ("b", 30.0), ("c", 10.0)] {
        let share = f64::from(first[target]) / f64::from(DRAWS) * 100.0;
        assert!(
            (share - weight).abs() < 2.0,
            "{target}: {share} of {weight}"
        );
    }
    // Weight 0 has a small chance beside others, and not none.
    let rare = first.get("d").copied().unwrap_or_default();
    assert!((50..600).contains(&rare), "{rare}");
    // One seed, one order.
    let of = |seed| srv::order(records.clone(), &mut StdRng::from_seed([seed; 32]));
    assert_eq!(of(9), of(9));
}
