//! What holds whatever is answered.

use proptest::prelude::*;

use super::*;

/// What may happen in a property.
#[derive(Debug, Clone)]
enum Chance {
    Answer {
        which: usize,
        status: u16,
        headers: usize,
    },
    Silent(usize),
    Wait,
    Resolve(Vec<u8>),
    Stray(u64),
}

fn chances() -> impl Strategy<Value = Chance> {
    let statuses = prop::sample::select(vec![
        200, 200, 200, 401, 401, 407, 403, 404, 408, 423, 302, 500, 503, 603,
    ]);
    prop_oneof![
        4 => (any::<usize>(), statuses, 0..5usize)
            .prop_map(|(which, status, headers)| Chance::Answer { which, status, headers }),
        2 => any::<usize>().prop_map(Chance::Silent),
        4 => Just(Chance::Wait),
        1 => prop::collection::vec(1..5u8, 0..4).prop_map(Chance::Resolve),
        1 => any::<u64>().prop_map(Chance::Stray),
    ]
}

proptest! {
    /// Whatever is answered: one REGISTER at most is under way, a way out leads only to a known address that is not
    /// silent, REGISTERs do not follow one another without end, and the close comes to an end.
    #[test]
    fn the_trunk_keeps_its_promises(registers: bool, chances in prop::collection::vec(chances(), 1..120)) {
        let mut story = Story::begin(settings(registers), &[1, 2]);
        let mut known = vec![1u8, 2];
        for chance in chances {
            match chance {
                Chance::Answer { which, status, headers } if !story.asks.is_empty() => {
                    let ask = story.asks.remove(which % story.asks.len());
                    let some: [&[(&str, &str)]; 5] = [
                        &[], &[CHALLENGE], &[("Expires", "0")],
                        &[("Min-Expires", "700"), ("Retry-After", "5")],
                        &[("WWW-Authenticate", "Digest realm=\"r\", nonce=\"m\", stale=true"), ("Expires", "40")],
                    ];
                    story.answer(&ask, status, some[headers]);
                }
                Chance::Silent(which) if !story.asks.is_empty() => {
                    let ask = story.asks.remove(which % story.asks.len());
                    story.tell(Event::Silent { id: ask.id });
                }
                Chance::Wait if story.trunk.next().is_some() => { story.wait(); }
                Chance::Resolve(now) => {
                    known.clone_from(&now);
                    story.tell(Event::Resolved(now.into_iter().map(target).collect()));
                }
                Chance::Stray(id) => story.tell(Event::Silent { id: id.saturating_add(1 << 40) }),
                _ => {}
            }
            let under_way = story.asks.iter().filter(|ask| ask.what != Asked::Options).count();
            prop_assert!(under_way <= 1);
            prop_assert_eq!(under_way == 1, story.trunk.state().is_asking());
            if let Ok(ways) = story.ways() {
                prop_assert!(!ways.is_empty());
                prop_assert!(!registers || story.trunk.registered_at(story.now).is_some());
                for (target, open) in story.trunk.targets() {
                    prop_assert!(open || !story.trunk.outward(story.now).unwrap().contains(target));
                }
                prop_assert!(ways.iter().all(|way| known.contains(way)));
            }
            // Somebody is always to be asked, or has been.
            let alive = story.trunk.next().is_some() || !story.asks.is_empty() || known.is_empty();
            prop_assert!(alive, "{:?}", story.trunk);
        }
        prop_assert!(registers || story.registers.is_empty());
        story.tell(Event::Closing);
        for _ in 0..8 {
            let leaving = story.asks.iter().position(|ask| ask.what != Asked::Options);
            let Some(at) = leaving else { break };
            let ask = story.asks.remove(at);
            story.answer(&ask, 401, &[CHALLENGE]);
        }
        prop_assert_eq!(story.trunk.state(), State::Left);
    }
}
