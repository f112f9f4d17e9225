//! Several addresses, of which some refuse: nobody is hammered, and what holds is kept.

use super::*;

impl Story {
    /// For so long: each REGISTER is answered by `of` at once, each OPTIONS with 200.
    fn live(&mut self, for_long: Duration, of: impl Fn(&Target) -> Option<u16>) {
        let end = self.now + for_long;
        loop {
            for _ in 0..50 {
                if self.asks.is_empty() {
                    break;
                }
                self.probes(&[]);
                if self.asks.is_empty() {
                    break;
                }
                let ask = self.register();
                match of(&ask.target) {
                    Some(status) => self.answer(&ask, status, &[("Expires", "600")]),
                    None => {
                        self.now += 8 * SECOND;
                        self.tell(Event::Silent { id: ask.id });
                    }
                }
            }
            assert!(self.asks.is_empty(), "no end of asking: {:?}", self.trunk);
            if self.trunk.next().expect("something is due") > end {
                self.now = end;
                return;
            }
            self.wait();
        }
    }

    /// When this address was asked to register us, in seconds.
    fn asked(&self, last: u8) -> Vec<u64> {
        let there = self.registers.iter();
        let there = there.filter(|(_, ask)| ask.target == target(last));
        there.map(|(at, _)| at.as_secs()).collect()
    }
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_home_that_answers_options_and_refuses_us_is_asked_ever_more_rarely_beside_one_that_holds() {
    for refusal in [Some(503), Some(403), Some(404), None] {
        let mut story = Story::begin(settings(true), &[2]);
        story.live(60 * SECOND, |_| Some(200));
        assert_eq!(story.trunk.state(), State::Registered);
        // A better one appears, and does not take us.
        story.tell(Event::Resolved(vec![target(1), target(2)]));
        story.live(4 * HOUR, |at| match *at == target(1) {
            true => refusal,
            false => Some(200),
        });
        let asked = story.asked(1);
        // 30 s doubled up to 1800 s, half of it at least: seven within the first hour, then two to four an hour.
        assert!((5..=22).contains(&asked.len()), "{refusal:?}: {asked:?}");
        let last = &asked[asked.len() - 3..];
        assert!(
            last[1] - last[0] >= 900 && last[2] - last[1] >= 900,
            "{asked:?}"
        );
        // Where we are registered we stay so, and it is renewed as always.
        assert_eq!(story.ways().unwrap()[0], 2);
        assert!(
            (20..40).contains(&story.asked(2).len()),
            "{:?}",
            story.asked(2)
        );
        let lost = |news: &News| matches!(news, News::NotRegistered { .. });
        assert!(!story.news.iter().any(lost), "{:?}", story.news);
        let stays = |news: &&News| matches!(news, News::Stays { .. });
        assert_eq!(story.news.iter().filter(stays).count(), 1);
        // It takes us: home again.
        story.live(HOUR, |_| Some(200));
        assert_eq!(story.ways().unwrap()[0], 1);
    }
}

#[test]
fn two_dead_homes_get_one_register_a_round_and_rounds_grow_rare() {
    for refusal in [Some(503), None] {
        let mut story = Story::begin(settings(true), &[1, 2]);
        story.live(4 * HOUR, |_| refusal);
        for last in [1, 2] {
            let asked = story.asked(last);
            assert!((5..=40).contains(&asked.len()), "{refusal:?}: {asked:?}");
            let gap = asked[asked.len() - 1] - asked[asked.len() - 2];
            assert!(gap >= 400, "{refusal:?}: {asked:?}");
        }
    }
}

#[test]
fn a_new_home_that_refuses_takes_nothing_from_the_old_one() {
    for status in [403, 404, 503, 302] {
        let mut story = Story::begin(settings(true), &[1, 2]);
        let first = story.register();
        story.tell(Event::Silent { id: first.id });
        let second = story.register();
        story.answer(&second, 200, &[("Expires", "3600")]);
        let home = story.wait_register(&[]);
        assert_eq!(home.target, target(1));
        story.answer(&home, status, &[]);
        assert_eq!(story.ways(), Ok(vec![2, 1]), "{status}");
        assert_eq!(story.trunk.state(), State::Registered);
        assert!(!story.trunk.is_in_trouble(story.now));
        assert!(story.asks.iter().all(|ask| ask.what == Asked::Options));
    }
    // The same when the renewal is due: the round goes on where the binding is.
    let mut quiet = settings(true);
    quiet.keep_alive = Duration::ZERO;
    let mut story = Story::begin(quiet, &[1, 2]);
    let first = story.register();
    story.tell(Event::Silent { id: first.id });
    let second = story.register();
    story.answer(&second, 200, &[("Expires", "600")]);
    let renewal = story.wait_register(&[]);
    assert_eq!(renewal.target, target(1), "it has rested");
    story.answer(&renewal, 403, &[]);
    let renewal = story.register();
    assert_eq!(renewal.target, target(2));
    // Who refuses what it granted itself is believed.
    story.answer(&renewal, 403, &[]);
    assert_eq!(story.ways(), Err(NoWay::NotRegistered));
    assert!(story.asks.is_empty());
}
