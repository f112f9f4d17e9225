use proptest::prelude::*;

use super::*;
use crate::errands::hours::tests::calendar;
use crate::errands::{Numbers, Purpose};

fn rules(at_once: usize) -> Rules {
    Rules {
        at_once,
        per_number_a_day: 3,
        open_at_most: 50,
        hours: Hours::new(9 * 60, 20 * 60, false).unwrap(),
    }
}

fn ten() -> Moment {
    Day::new(2026, 9, 18).unwrap().at(10, 0, 0)
}

fn order(id: u32, number: u32, purpose: Purpose) -> Order {
    let numbers = Numbers::default();
    Order {
        id: OrderId(format!("o{id}")),
        purpose,
        number: numbers.judge(&format!("1380000{number:04}")).unwrap(),
        not_before: ten(),
    }
}

/// A room with one errand, `o1`, that is due at ten.
fn with_one() -> (Errands, Calendar, OrderId) {
    let mut room = Errands::new(rules(2));
    room.take(order(1, 7, Purpose::Result), Behind::default())
        .unwrap();
    (room, calendar(), OrderId("o1".into()))
}

fn ids(starts: &[Start]) -> Vec<&str> {
    starts
        .iter()
        .map(|start| start.order.id.0.as_str())
        .collect()
}

#[test]
fn no_more_are_called_at_once_than_may_and_one_number_once() {
    let mut room = Errands::new(rules(2));
    let calendar = calendar();
    for (id, number) in [(1, 7), (2, 7), (3, 8), (4, 9)] {
        room.take(order(id, number, Purpose::Result), Behind::default())
            .unwrap();
    }
    assert_eq!(ids(&room.due(ten(), &calendar)), ["o1", "o3"]);
    assert!(room.due(ten(), &calendar).is_empty());
    let id = OrderId("o3".into());
    let next = room.ended(&id, Ended::Answered, ten(), &calendar);
    assert_eq!(next, Some(Next::Closed(Ended::Answered)));
    assert_eq!(
        ids(&room.due(ten(), &calendar)),
        ["o4"],
        "o2's number is in use"
    );
}

#[test]
fn what_may_pass_is_tried_again_and_what_may_not_is_closed() {
    let (mut room, calendar, id) = with_one();
    let mut now = ten();
    for attempt in 1..=3 {
        let starts = room.due(now, &calendar);
        assert_eq!(starts[0].attempt, attempt);
        match room.ended(&id, Ended::Busy, now, &calendar).unwrap() {
            Next::Again(at) => {
                assert_eq!(at, now.plus_millis(15 * 60_000));
                assert!(room.due(at.plus_millis(-1), &calendar).is_empty());
                now = at;
            }
            Next::Closed(ended) => assert_eq!((attempt, ended), (3, Ended::Busy)),
        }
    }
    assert_eq!(room.open(), 0);
    room.take(order(2, 7, Purpose::Revisit), Behind::default())
        .unwrap();
    // Three attempts on this number were made today: tomorrow at nine.
    assert!(room.due(now, &calendar).is_empty());
    let tomorrow = Day::new(2026, 9, 19).unwrap().at(9, 0, 0);
    assert!(room.due(tomorrow.plus_millis(-1), &calendar).is_empty());
    assert_eq!(ids(&room.due(tomorrow, &calendar)), ["o2"]);
}

#[test]
fn what_never_tried_him_uses_up_none_of_his_attempts() {
    let (mut room, calendar, id) = with_one();
    let mut now = ten();
    let mut pauses_min = Vec::new();
    for how in [
        Ended::Network,
        Ended::DeskNoAnswer,
        Ended::Network,
        Ended::Network,
    ] {
        assert_eq!(room.due(now, &calendar).len(), 1, "not the day's limit");
        let Some(Next::Again(at)) = room.ended(&id, how, now, &calendar) else {
            panic!("{how:?} is tried again");
        };
        pauses_min.push((at.millis() - now.millis()) / 60_000);
        now = at;
    }
    assert_eq!(pauses_min, [5, 10, 20, 40], "ever more rarely");
    // He has his three all the same.
    for tried in 1..=3 {
        assert_eq!(room.due(now, &calendar)[0].attempt, 4 + tried);
        match room.ended(&id, Ended::Busy, now, &calendar) {
            Some(Next::Again(at)) => now = at,
            closed => assert_eq!((tried, closed), (3, Some(Next::Closed(Ended::Busy)))),
        }
    }
    // What is down for days is given up; and who clicked sees that nothing came of it.
    room.take(
        order(2, 8, Purpose::Callback),
        Behind {
            attempts: 39,
            tried: 0,
        },
    )
    .unwrap();
    room.take(order(3, 9, Purpose::Revisit), Behind::default())
        .unwrap();
    assert_eq!(room.due(now, &calendar).len(), 2);
    for id in ["o2", "o3"] {
        let next = room.ended(&OrderId(id.into()), Ended::DeskNoAnswer, now, &calendar);
        assert_eq!(next, Some(Next::Closed(Ended::DeskNoAnswer)), "{id}");
    }
}

#[test]
fn what_could_not_be_begun_comes_again_as_if_it_had_not_been_due() {
    let (mut room, calendar, id) = with_one();
    for minute in 0..5 {
        let now = ten().plus_millis(minute * 60_000);
        let starts = room.due(now, &calendar);
        assert_eq!((starts.len(), starts[0].attempt), (1, 1));
        room.put_back(&id, now.plus_millis(60_000));
        assert_eq!(room.calling(), 0);
        assert!(room.due(now, &calendar).is_empty());
    }
}

#[test]
fn nobody_is_called_at_night() {
    let (mut room, calendar, id) = with_one();
    let night = Day::new(2026, 9, 18).unwrap().at(20, 0, 0);
    assert!(room.due(night, &calendar).is_empty());
    let evening = Day::new(2026, 9, 18).unwrap().at(19, 50, 0);
    assert_eq!(room.due(evening, &calendar).len(), 1);
    let again = room.ended(&id, Ended::Busy, evening, &calendar);
    let morning = Day::new(2026, 9, 19).unwrap().at(9, 0, 0);
    assert_eq!(again, Some(Next::Again(morning)));
}

#[test]
fn the_room_is_bounded_and_an_errand_can_be_taken_back() {
    let mut room = Errands::new(Rules {
        open_at_most: 1,
        ..rules(1)
    });
    room.take(order(1, 7, Purpose::Result), Behind::default())
        .unwrap();
    let full = room.take(order(2, 8, Purpose::Result), Behind::default());
    assert_eq!(full, Err(Trouble::Full));
    assert_eq!(
        room.take(order(1, 7, Purpose::Result), Behind::default()),
        Ok(()),
        "known"
    );
    assert!(room.withdraw(&OrderId("o1".into())));
    assert!(!room.withdraw(&OrderId("o1".into())));
    assert!(room.due(ten(), &calendar()).is_empty());
}

#[derive(Debug, Clone)]
enum Step {
    Take(u32, u32, usize),
    Due,
    End(usize, usize),
    PutBack(usize),
    Withdraw(u32),
    Pass(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0u32..40, 0u32..6, 0usize..Purpose::ALL.len())
            .prop_map(|(id, number, purpose)| Step::Take(id, number, purpose)),
        Just(Step::Due),
        (0usize..8, 0usize..Ended::ALL.len() - 1).prop_map(|(nth, ended)| Step::End(nth, ended)),
        (0usize..8).prop_map(Step::PutBack),
        (0u32..40).prop_map(Step::Withdraw),
        (0i64..600).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 1..300)
}

proptest! {
    #[test]
    fn no_errand_is_lost_and_each_ends_once(at_once in 1usize..4, steps in steps()) {
        let calendar = calendar();
        let mut room = Errands::new(rules(at_once));
        let mut now = ten();
        let mut taken = BTreeSet::new();
        let mut ended = BTreeMap::new();
        let mut calling: Vec<Order> = Vec::new();
        let mut begun: HashMap<OrderId, Day> = HashMap::new();
        let mut tries: HashMap<OrderId, u32> = HashMap::new();
        let mut per_day: HashMap<(String, Day), u32> = HashMap::new();
        for step in steps {
            match step {
                Step::Take(id, number, purpose) => {
                    let order = order(id, number, Purpose::ALL[purpose]);
                    if !taken.contains(&order.id) && room.take(order.clone(), Behind::default()).is_ok() {
                        taken.insert(order.id);
                    }
                }
                Step::Due => for start in room.due(now, &calendar) {
                    prop_assert!(room.rules.hours.is_open(now, &calendar));
                    prop_assert!(start.order.not_before <= now);
                    let same = calling.iter().any(|known| known.number == start.order.number);
                    prop_assert!(!same, "two at once for one number");
                    let made = per_day.entry((start.order.number.as_str().into(), now.day())).or_insert(0);
                    *made += 1;
                    prop_assert!(*made <= 3);
                    let purpose = start.order.purpose;
                    let most = purpose.attempts_at_most() + purpose.untried_at_most();
                    prop_assert!(start.attempt < most);
                    begun.insert(start.order.id.clone(), now.day());
                    calling.push(start.order);
                    prop_assert!(calling.len() <= at_once);
                },
                Step::End(nth, how) if !calling.is_empty() => {
                    let order = calling.remove(nth % calling.len());
                    let next = room.ended(&order.id, Ended::ALL[how], now, &calendar);
                    if Ended::ALL[how].tried_him() {
                        let tried = tries.entry(order.id.clone()).or_insert(0);
                        *tried += 1;
                        prop_assert!(*tried <= order.purpose.attempts_at_most());
                    } else {
                        let day = begun[&order.id];
                        *per_day.entry((order.number.as_str().into(), day)).or_insert(1) -= 1;
                    }
                    prop_assert!(room.ended(&order.id, Ended::ALL[how], now, &calendar).is_none());
                    match next {
                        Some(Next::Closed(how)) => {
                            prop_assert!(ended.insert(order.id, how).is_none());
                        }
                        Some(Next::Again(at)) => prop_assert!(at > now && room.rules.hours.is_open(at, &calendar)),
                        None => prop_assert!(false, "it was being called"),
                    }
                }
                Step::PutBack(nth) if !calling.is_empty() => {
                    let order = calling.remove(nth % calling.len());
                    room.put_back(&order.id, now);
                    prop_assert_eq!(room.stage(&order.id), Some(Stage::Waiting));
                    let day = begun[&order.id];
                    *per_day.entry((order.number.as_str().into(), day)).or_insert(1) -= 1;
                }
                Step::End(..) | Step::PutBack(_) => {}
                Step::Withdraw(id) => {
                    let id = OrderId(format!("o{id}"));
                    if room.withdraw(&id) {
                        prop_assert!(ended.insert(id, Ended::Withdrawn).is_none());
                    }
                }
                Step::Pass(minutes) => now = now.plus_millis(minutes * 60_000),
            }
            prop_assert_eq!(room.calling(), calling.len());
            prop_assert_eq!(room.open() + ended.len(), taken.len());
        }
        // Played to its end, each has one.
        for _ in 0..2000 {
            if room.open() == 0 { break; }
            for start in room.due(now, &calendar) { calling.push(start.order); }
            for order in std::mem::take(&mut calling) {
                if let Some(Next::Closed(how)) = room.ended(&order.id, Ended::NoAnswer, now, &calendar) {
                    prop_assert!(ended.insert(order.id, how).is_none());
                }
            }
            now = now.plus_millis(3_600_000);
        }
        prop_assert_eq!(room.open(), 0);
        prop_assert_eq!(ended.len(), taken.len());
    }
}
