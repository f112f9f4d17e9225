//! Moves of every kind in any order, and a room that is played with them.

use super::*;
use proptest::prelude::{Just, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy as _;

fn any_need() -> impl proptest::strategy::Strategy<Value = Need> {
    let group = proptest::option::of("[mn]");
    let skill = proptest::option::weighted(0.3, "[pq]");
    (group, skill).prop_map(|(group, skill)| Need { group, skill })
}

fn any_handed() -> impl proptest::strategy::Strategy<Value = Handed> {
    prop_oneof![
        any_need().prop_map(Handed::Need),
        "d[0-5]".prop_map(|desk| Handed::Desk(DeskId(desk))),
    ]
}

fn any_terms() -> impl proptest::strategy::Strategy<Value = Terms> {
    let widening = (0..60u64, any_need()).prop_map(|(after_s, need)| Widening {
        after: s(after_s),
        need,
    });
    let announcing =
        (1..20u64, 1..30u64, proptest::option::of(0..9u64)).prop_map(|(first, each, changed)| {
            Announcing {
                first_after: s(first),
                each: s(each),
                changed_after: changed.map(s),
            }
        });
    let queue = (
        proptest::option::of(announcing),
        proptest::collection::vec(widening, 0..3),
    )
        .prop_map(|(announcing, widenings)| Queueing {
            announcing,
            widenings,
            hours_end_after: None,
            then: Then::Message,
        });
    (0..200u64, proptest::option::weighted(0.8, queue)).prop_map(|(patience_s, queue)| Terms {
        patience: s(patience_s),
        queue,
    })
}

fn any_settings() -> impl proptest::strategy::Strategy<Value = Settings> {
    let strategy = prop_oneof![
        Just(Strategy::LongestIdle),
        Just(Strategy::RingAll),
        Just(Strategy::Linear)
    ];
    (
        strategy,
        0..20u64,
        0..3u32,
        1..12usize,
        any::<bool>(),
        any::<bool>(),
        0..60u64,
    )
        .prop_map(
            |(strategy, wrap_up_s, misses, most, end, empty, redial_s)| Settings {
                strategy,
                wrap_up: s(wrap_up_s),
                misses_at_most: misses,
                waiting_at_most: most,
                at_closing: if end {
                    AtClosing::End
                } else {
                    AtClosing::Serve
                },
                when_empty: if empty {
                    WhenEmpty::End
                } else {
                    WhenEmpty::Wait
                },
                redial_within: s(redial_s),
                break_reasons: vec!["lunch".to_owned()],
                callbacks: Some(Callbacks {
                    attempts_at_most: 2,
                    retry_after: s(20),
                    expires_after: s(300),
                }),
                ..Settings::default()
            },
        )
}

fn any_move() -> impl proptest::strategy::Strategy<Value = Move> {
    use Deed::{Aside, Back, Breaks, Callback, Ends, Fails, Leaves, Message, NotReached};
    use Deed::{Offline, Online, Reached, Ready};
    let of_caller = prop_oneof![
        3 => Just(Leaves), 2 => Just(Aside), 2 => Just(Back), 3 => Just(Callback),
        1 => Just(Message), 2 => Just(Reached), 2 => Just(NotReached)
    ];
    let of_desk = prop_oneof![
        12 => Just(Ends), 2 => Just(Online), 1 => Just(Offline), 3 => Just(Ready), 1 => Just(Breaks)
    ];
    let of_ring = prop_oneof![6 => Just(Deed::Answers), 2 => Just(Deed::Refuses), 1 => Just(Fails)];
    prop_oneof![
        8 => (proptest::option::of(0..4u8), any_need(), any_terms())
            .prop_map(|(number, need, terms)| Move::Comes { number, need, terms }),
        3 => (any_handed(), 0..200u64)
            .prop_map(|(to, patience_s)| Move::Handed { to, patience_s }),
        6 => (0..8u64, of_caller).prop_map(|(back, deed)| Move::Caller(back, deed)),
        8 => (0..5u8, of_desk).prop_map(|(desk, deed)| Move::Desk(desk, deed)),
        10 => (0..8usize, of_ring).prop_map(|(at, deed)| Move::Ring(at, deed)),
        1 => any::<bool>().prop_map(Move::Opens),
        3 => Just(Move::Times),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_nobody_is_lost_doubled_starved_or_overtaken(
        settings in any_settings(),
        moves in proptest::collection::vec((any_move(), 0..12u64), 0..120),
    ) {
        let (mut room, mut seen, mut now) = play(settings, moves);
        // Everybody hangs up and talks end: each has had his one end, and nothing is left of it.
        let open: Vec<CallerId> = seen.open.iter().copied().collect();
        for caller in open {
            step(&mut room, &mut seen, Event::Left { caller }, now);
        }
        let talking: Vec<DeskId> = seen.talking.keys().cloned().collect();
        for desk in talking {
            step(&mut room, &mut seen, Event::TalkEnded { desk }, now);
        }
        prop_assert!(seen.open.is_empty());
        let mut looks = 0;
        while let Some(at) = room.timeout_at() {
            now = at;
            step(&mut room, &mut seen, Event::Timeout, now);
            looks += 1;
            prop_assert!(looks < 10_000, "time comes to no end");
        }
        prop_assert!(seen.owed.is_empty(), "what is owed ends, or expires");
        prop_assert!(room.callers.is_empty() && room.line.is_empty() && room.promised.is_empty());
        prop_assert_eq!(room.held, 0);
    }
}
