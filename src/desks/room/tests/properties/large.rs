//! A room of 2,000 desks and 10,000 who wait: what holds of a small one holds of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::*;
use proptest::prelude::{Just, any, prop_oneof, proptest};
use proptest::test_runner::Config;

const DESKS: u64 = 2_000;
const WAITING: u64 = 10_000;
const GROUPS: u64 = 8;
const SKILLS: u64 = 12;
/// Events between two audits, which look at all of the room.
const AUDITED_EACH: u64 = 4_000;

/// As in `benches/queue.rs`: two of the groups and three of the skills.
fn one_of_many(number: u64) -> Desk {
    let skill = |offset: u64| format!("skill-{}", (number * 7 + offset) % SKILLS);
    let level = |offset: u64| u8::try_from(offset + 1).expect("a level");
    let group = |offset: u64| format!("group-{}", (number + offset) % GROUPS);
    Desk {
        groups: vec![group(0), group(3)],
        skills: [0, 1, 5]
            .map(|offset| (skill(offset), level(offset)))
            .into(),
        ..desk(&format!("desk-{number}"))
    }
}

fn need_of(dice: u64) -> Need {
    let group = format!("group-{}", dice % GROUPS);
    match dice % 3 {
        0 => Need::default(),
        _ => Need {
            group: Some(group),
            skill: None,
        },
    }
}

/// What is known of the room by its events and actions, at a cost that does not grow with it.
struct Crowd {
    room: Desks,
    now: Instant,
    dice: u64,
    came: u64,
    events: u64,
    at_once: usize,
    /// Of each need, who waits and is not rung for.
    lines: BTreeMap<Need, BTreeSet<u64>>,
    needs: HashMap<u64, Need>,
    rung: HashMap<u64, usize>,
    ringing: Vec<(u64, DeskId)>,
    talking: Vec<(u64, DeskId)>,
    ended: BTreeSet<u64>,
}

impl Crowd {
    fn of(strategy: Strategy, seed: u64) -> Crowd {
        let settings = Settings {
            strategy,
            waiting_at_most: usize::try_from(WAITING).expect("a number"),
            misses_at_most: 0,
            redial_within: Duration::ZERO,
            ..Settings::default()
        };
        let room = Desks::new((0..DESKS).map(one_of_many).collect(), settings);
        let mut crowd = Crowd {
            room,
            now: epoch(),
            dice: seed | 1,
            came: 0,
            events: 0,
            at_once: match strategy {
                Strategy::RingAll => crate::desks::RING_AT_ONCE,
                Strategy::LongestIdle | Strategy::Linear => 1,
            },
            lines: BTreeMap::new(),
            needs: HashMap::new(),
            rung: HashMap::new(),
            ringing: Vec::new(),
            talking: Vec::new(),
            ended: BTreeSet::new(),
        };
        for number in 0..DESKS {
            let desk = DeskId(format!("desk-{number}"));
            crowd.happens(Event::CameOnline { desk });
        }
        crowd
    }

    /// A multiplicative generator (Lehmer, 2^64): any order will do, as long as it is the same again.
    fn throw(&mut self, sides: u64) -> u64 {
        self.dice = self.dice.wrapping_mul(0xda94_2042_e4dd_58b5);
        (self.dice >> 33) % sides
    }

    fn comes(&mut self) {
        self.came += 1;
        let need = need_of(self.throw(97));
        self.lines
            .entry(need.clone())
            .or_default()
            .insert(self.came);
        self.needs.insert(self.came, need.clone());
        self.happens(Event::Wanted {
            caller: CallerId(self.came),
            number: None,
            need,
            terms: Terms {
                patience: s(86_400),
                queue: Some(Queueing::default()),
            },
        });
    }

    fn happens(&mut self, event: Event) {
        self.events += 1;
        let actions = self.room.handle(event, self.now);
        for action in actions {
            self.sees(&action);
        }
        if self.events.is_multiple_of(AUDITED_EACH) {
            self.room.audit(self.now);
        }
    }

    fn sees(&mut self, action: &Action) {
        match action {
            Action::Ring { caller, desk } => {
                let need = &self.needs[&caller.0];
                let line = self.lines.entry(need.clone()).or_default();
                line.remove(&caller.0);
                let first = line.first().copied().unwrap_or(u64::MAX);
                assert!(
                    caller.0 < first,
                    "{first} came before {caller:?} for {need:?}"
                );
                let rung = self.rung.entry(caller.0).or_default();
                *rung += 1;
                assert!(*rung <= self.at_once, "{caller:?} is rung for {rung} times");
                self.ringing.push((caller.0, desk.id.clone()));
            }
            Action::Cancel { caller, desk } => {
                self.rings_no_more(caller.0, desk);
                self.waits_on(caller.0);
            }
            Action::Connected { caller, desk } => {
                self.rings_no_more(caller.0, &desk.id);
                let need = &self.needs[&caller.0];
                self.lines
                    .entry(need.clone())
                    .or_default()
                    .remove(&caller.0);
                self.talking.push((caller.0, desk.id.clone()));
            }
            Action::Ended { caller, .. } => {
                let need = &self.needs[&caller.0];
                self.lines
                    .entry(need.clone())
                    .or_default()
                    .remove(&caller.0);
                assert!(self.ended.insert(caller.0), "{caller:?} ended twice");
            }
            _ => {}
        }
    }

    fn rings_no_more(&mut self, caller: u64, desk: &DeskId) {
        let at = self
            .ringing
            .iter()
            .position(|own| own.0 == caller && own.1 == *desk);
        self.ringing.swap_remove(at.expect("it rang"));
        *self.rung.entry(caller).or_default() -= 1;
    }

    /// Nothing rings for him any more, and he has got nothing.
    fn waits_on(&mut self, caller: u64) {
        if self.rung[&caller] == 0 && !self.ended.contains(&caller) {
            let need = self.needs[&caller].clone();
            self.lines.entry(need).or_default().insert(caller);
        }
    }

    /// Something that rings is answered, or refused: then he waits on, unless another desk rings for him still.
    fn is_answered(&mut self, answers: bool) {
        if self.ringing.is_empty() {
            return;
        }
        let at = self.throw(self.ringing.len() as u64) as usize;
        let (caller, desk) = self.ringing[at].clone();
        let id = CallerId(caller);
        if answers {
            return self.happens(Event::Answered { caller: id, desk });
        }
        self.rings_no_more(caller, &desk);
        self.waits_on(caller);
        self.happens(Event::Refused { caller: id, desk });
    }

    fn talk_ends(&mut self) {
        if self.talking.is_empty() {
            return;
        }
        let at = self.throw(self.talking.len() as u64) as usize;
        let (_, desk) = self.talking.swap_remove(at);
        self.happens(Event::TalkEnded { desk });
    }

    fn leaves(&mut self) {
        let caller = 1 + self.throw(self.came);
        let waits = self
            .needs
            .get(&caller)
            .is_some_and(|need| self.lines[need].contains(&caller));
        if waits {
            self.happens(Event::Left {
                caller: CallerId(caller),
            });
        }
    }

    fn time_passes(&mut self) {
        self.now += s(1);
        while self.room.timeout_at().is_some_and(|at| at <= self.now) {
            self.happens(Event::Timeout);
        }
    }

    fn waiting(&self) -> usize {
        self.lines.values().map(BTreeSet::len).sum()
    }
}

proptest! {
    #![proptest_config(Config { cases: 3, max_shrink_iters: 0, ..Config::default() })]

    #[test]
    fn in_a_large_room_nobody_starves_and_nobody_is_rung_for_twice(
        strategy in prop_oneof![
            Just(Strategy::LongestIdle),
            Just(Strategy::RingAll),
            Just(Strategy::Linear)
        ],
        seed in any::<u64>(),
    ) {
        let mut crowd = Crowd::of(strategy, seed);
        while crowd.waiting() < usize::try_from(WAITING - 100).unwrap() {
            crowd.comes();
            if crowd.throw(3) == 0 {
                crowd.is_answered(true);
            }
        }
        assert!(crowd.talking.len() + crowd.rung.len() > 0);
        for _ in 0..10_000 {
            match crowd.throw(20) {
                0..4 if crowd.waiting() < usize::try_from(WAITING - 100).unwrap() => crowd.comes(),
                0..9 => crowd.talk_ends(),
                9..15 => crowd.is_answered(true),
                15..17 => crowd.is_answered(false),
                17..19 => crowd.leaves(),
                _ => crowd.time_passes(),
            }
        }
        crowd.room.audit(crowd.now);
        // Nobody comes any more: whoever waits has his turn, however many there are.
        let mut rounds = 0;
        while crowd.ended.len() < usize::try_from(crowd.came).unwrap() {
            for _ in 0..crowd.ringing.len() {
                crowd.is_answered(true);
            }
            for _ in 0..crowd.talking.len() {
                crowd.talk_ends();
            }
            crowd.time_passes();
            rounds += 1;
            assert!(rounds < 500, "{} starve", crowd.waiting());
        }
        crowd.room.audit(crowd.now);
    }
}
