//! How many decisions a second the room of desks makes with 10,000 callers waiting and 2,000 desks;
//! beside it, in the same run, a queue that looks through lists. `cargo bench --bench queue [-- CALLERS DESKS]`
//!
//! A round is what a call centre does all the time: a talk ends, its desk is given to the first caller
//! whom it fits, who answers; and one more caller comes. Each of the three is a decision.

#![allow(clippy::disallowed_methods)] // A measurement is a shell: it keeps time by the clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use gradeline::desks::{
    Action, Announcing, CallerId, Desk, DeskId, Desks, Event, Need, Queueing, Settings, Terms,
};

const MEASURED: Duration = Duration::from_secs(3);
const GROUPS: u64 = 8;
const SKILLS: u64 = 12;

fn main() {
    let arguments = std::env::args().skip(1);
    let sizes: Vec<u64> = arguments.filter_map(|word| word.parse().ok()).collect();
    let (callers, desks) = match sizes[..] {
        [callers, desks, ..] => (callers, desks),
        _ => (10_000, 2_000),
    };
    println!(
        "Decisions a second with {callers} waiting and {desks} desks, {} s each",
        MEASURED.as_secs()
    );
    println!("strategy      decisions/s  by lists  ratio  announcements/s  p99 of a decision");
    let lists = by_lists(callers, desks);
    for (name, announces) in [("longest idle", false), ("with positions", true)] {
        let room = by_room(callers, desks, announces);
        println!(
            "{name:<14} {:>10.0}  {lists:>8.0}  {:>5.1}  {:>15.0}  {:>14.1} µs",
            room.decisions,
            room.decisions / lists,
            room.announcements,
            room.p99.as_secs_f64() * 1e6,
        );
    }
}

struct Measured {
    decisions: f64,
    announcements: f64,
    p99: Duration,
}

/// A desk has two of the groups and three of the skills.
fn desk(number: u64) -> Desk {
    let group = |offset: u64| format!("group-{}", (number + offset) % GROUPS);
    let skill = |offset: u64| format!("skill-{}", (number * 7 + offset) % SKILLS);
    Desk {
        id: DeskId(format!("desk-{number}")),
        address: format!("sip:{number}@192.0.2.1"),
        staff: None,
        groups: vec![group(0), group(3)],
        skills: BTreeMap::from([0, 1, 5].map(|offset| (skill(offset), (offset + 1) as u8))),
    }
}

/// Every third wants a skill too.
fn need(number: u64) -> Need {
    let of = |word: &str, count: u64| Some(format!("{word}-{}", number * 13 % count));
    Need {
        group: of("group", GROUPS),
        skill: if number.is_multiple_of(3) {
            of("skill", SKILLS)
        } else {
            None
        },
    }
}

fn by_room(callers: u64, desks: u64, announces: bool) -> Measured {
    let settings = Settings {
        waiting_at_most: usize::MAX,
        ..Settings::default()
    };
    let mut room = Desks::new((0..desks).map(desk).collect(), settings);
    let mut now = Instant::now();
    let wanted = |caller: u64| Event::Wanted {
        caller: CallerId(caller),
        number: None,
        need: need(caller),
        terms: Terms {
            patience: Duration::from_secs(86_400),
            queue: Some(Queueing {
                announcing: announces.then_some(Announcing {
                    first_after: Duration::from_secs(15),
                    each: Duration::from_secs(40),
                    changed_after: None,
                }),
                ..Queueing::default()
            }),
        },
    };
    let mut talking: VecDeque<DeskId> = VecDeque::new();
    let mut last = 0;
    while talking.len() < desks as usize || room.waiting().count() < callers as usize {
        last += 1;
        let actions = room.handle(wanted(last), now);
        answer_all(&mut room, actions, &mut talking, now);
    }
    let (mut decisions, mut announcements) = (0u64, 0u64);
    let mut took = Vec::new();
    let began = Instant::now();
    while began.elapsed() < MEASURED {
        // On the room's clock a thousand talks end in a second.
        now += Duration::from_millis(1);
        let Some(desk) = talking.pop_front() else {
            break;
        };
        let before = Instant::now();
        let actions = room.handle(Event::TalkEnded { desk }, now);
        took.push(before.elapsed());
        decisions += 1;
        announcements += announced(&actions);
        decisions += answer_all(&mut room, actions, &mut talking, now);
        last += 1;
        let actions = room.handle(wanted(last), now);
        decisions += 1;
        announcements += announced(&actions);
        decisions += answer_all(&mut room, actions, &mut talking, now);
    }
    let seconds = began.elapsed().as_secs_f64();
    Measured {
        decisions: decisions as f64 / seconds,
        announcements: announcements as f64 / seconds,
        p99: {
            took.sort_unstable();
            took[took.len() * 99 / 100]
        },
    }
}

fn announced(actions: &[Action]) -> u64 {
    let told = actions
        .iter()
        .filter(|action| matches!(action, Action::Announce { .. }));
    told.count() as u64
}

/// Who is rung answers at once.
fn answer_all(
    room: &mut Desks,
    actions: Vec<Action>,
    talking: &mut VecDeque<DeskId>,
    now: Instant,
) -> u64 {
    let mut answered = 0;
    for action in actions {
        if let Action::Ring { caller, desk } = action {
            let desk = desk.id.clone();
            room.handle(
                Event::Answered {
                    caller,
                    desk: desk.clone(),
                },
                now,
            );
            talking.push_back(desk);
            answered += 1;
        }
    }
    answered
}

/// The same decisions by looking through a list of callers and a list of desks.
fn by_lists(callers: u64, desks: u64) -> f64 {
    let desks: Vec<Desk> = (0..desks).map(desk).collect();
    let mut taken: Vec<bool> = vec![true; desks.len()];
    let mut waiting: Vec<Need> = (0..callers).map(need).collect();
    let fits = |desk: &Desk, need: &Need| {
        let group = need
            .group
            .as_ref()
            .is_none_or(|group| desk.groups.contains(group));
        group
            && need
                .skill
                .as_ref()
                .is_none_or(|skill| desk.skills.contains_key(skill))
    };
    let mut last = callers;
    let mut free = 0;
    let mut decisions = 0u64;
    let began = Instant::now();
    while began.elapsed() < MEASURED {
        free = (free + 1) % desks.len();
        taken[free] = false;
        decisions += 1;
        if let Some(at) = waiting.iter().position(|need| fits(&desks[free], need)) {
            waiting.remove(at);
            taken[free] = true;
            decisions += 1;
        }
        last += 1;
        let next = need(last);
        let found = desks
            .iter()
            .zip(&taken)
            .position(|(desk, taken)| !taken && fits(desk, &next));
        match found {
            Some(desk) => taken[desk] = true,
            None => waiting.push(next),
        }
        decisions += 1;
    }
    decisions as f64 / began.elapsed().as_secs_f64()
}
