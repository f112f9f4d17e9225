//! Stories and properties on a clock of their own.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::registration::{Cue, State, TABLE, step};
use super::srv::{self, Record};
use super::*;

mod addresses;
mod homes;
mod promises;
mod routes;
mod stops;

const SECOND: Duration = Duration::from_secs(1);

fn target(last: u8) -> Target {
    Target {
        transport: Transport::Udp,
        peer: SocketAddr::from(([192, 0, 2, last], 5060)),
        name: format!("192.0.2.{last}"),
    }
}

fn settings(registers: bool) -> Settings {
    Settings {
        registers,
        account: registers.then(|| Account {
            user: "01088880000".into(),
            credentials: Credentials {
                username: "centre".into(),
                password: "secret".into(),
            },
        }),
        domain: Some("carrier.example".into()),
        expires: 600 * SECOND,
        keep_alive: 30 * SECOND,
        patience: 8 * SECOND,
        pause: 30 * SECOND,
    }
}

/// A trunk, the time, and what it wants done.
struct Story {
    trunk: Trunk,
    now: Instant,
    asks: Vec<Ask>,
    news: Vec<News>,
    /// All REGISTERs ever sent.
    registers: Vec<(Duration, Ask)>,
    begin: Instant,
}

impl Story {
    #[allow(clippy::disallowed_methods)] // any instant will do
    fn begin(settings: Settings, targets: &[u8]) -> Story {
        let now = Instant::now();
        let mut story = Story {
            trunk: Trunk::new(settings, [7; 32]),
            now,
            asks: Vec::new(),
            news: Vec::new(),
            registers: Vec::new(),
            begin: now,
        };
        story.tell(Event::Resolved(
            targets.iter().map(|last| target(*last)).collect(),
        ));
        story
    }

    fn tell(&mut self, event: Event) {
        for action in self.trunk.handle(event, self.now) {
            match action {
                Action::Ask(ask) => {
                    if matches!(ask.what, Asked::Register { .. }) {
                        self.registers.push((self.now - self.begin, ask.clone()));
                    }
                    self.asks.push(ask);
                }
                Action::Tell(news) => self.news.push(news),
            }
        }
    }

    /// The REGISTER that waits for its answer.
    fn register(&mut self) -> Ask {
        let is = |ask: &Ask| matches!(ask.what, Asked::Register { .. });
        let at = self.asks.iter().position(is).expect("a REGISTER");
        self.asks.remove(at)
    }

    fn answer(&mut self, ask: &Ask, status: u16, headers: &[(&str, &str)]) {
        let named = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.tell(Event::Answered {
            id: ask.id,
            reply: Reply {
                status,
                headers: headers.iter().map(named).collect(),
                contact: "sip:01088880000@192.0.2.100:5060".into(),
            },
        });
    }

    /// Answers the OPTIONS that wait: those of `silent` not.
    fn probes(&mut self, silent: &[u8]) {
        let (probes, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.asks)
            .into_iter()
            .partition(|ask| ask.what == Asked::Options);
        self.asks = rest;
        for probe in probes {
            match silent.iter().any(|last| target(*last) == probe.target) {
                true => self.tell(Event::Silent { id: probe.id }),
                false => self.answer(&probe, 200, &[]),
            }
        }
    }

    /// To the next moment at which the trunk wants to be told the time.
    fn wait(&mut self) -> Duration {
        let before = self.now;
        self.now = self.trunk.next().expect("something is due").max(self.now);
        self.tell(Event::Due);
        self.now - before
    }

    /// Until the next REGISTER, while all that is asked answers but `silent`.
    fn wait_register(&mut self, silent: &[u8]) -> Ask {
        for _ in 0..1000 {
            if self.asks.iter().any(|ask| ask.what != Asked::Options) {
                return self.register();
            }
            self.probes(silent);
            if !self.asks.iter().any(|ask| ask.what != Asked::Options) {
                self.wait();
            }
        }
        panic!("no REGISTER in a thousand steps: {:?}", self.trunk);
    }

    fn ways(&self) -> Result<Vec<u8>, NoWay> {
        let ways = self.trunk.outward(self.now)?;
        let last = |way: &Target| way.name.rsplit('.').next().unwrap().parse().unwrap();
        Ok(ways.iter().map(last).collect())
    }
}

const CHALLENGE: (&str, &str) = (
    "WWW-Authenticate",
    "Digest realm=\"carrier.example\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"",
);

fn authorization(ask: &Ask) -> Option<&str> {
    match &ask.what {
        Asked::Register { authorization, .. } => {
            authorization.as_ref().map(|(_, value)| value.as_str())
        }
        Asked::Options => None,
    }
}

#[test]
fn it_registers_with_what_is_asked_and_renews_before_the_end_with_the_next_count() {
    let mut story = Story::begin(settings(true), &[1]);
    let first = story.register();
    assert_eq!(
        (authorization(&first), story.ways()),
        (None, Err(NoWay::NotRegistered))
    );
    story.answer(&first, 401, &[CHALLENGE]);
    let second = story.register();
    let shown = authorization(&second).unwrap();
    assert!(
        shown.contains("nc=00000001") && shown.contains("uri=\"sip:carrier.example\""),
        "{shown}"
    );
    let contact =
        "<sip:01088880000@192.0.2.100:5060>;expires=300, <sip:other@192.0.2.9>;expires=3000";
    story.answer(&second, 200, &[("Contact", contact), ("Expires", "9000")]);
    assert_eq!(story.ways(), Ok(vec![1]));
    assert!(matches!(
        &story.news[..],
        [News::Registered { for_s: 300, .. }]
    ));
    // A clock of its own for the addresses; the renewal comes within the last fifth, 32 s before the end at the latest.
    let granted = story.now;
    let renewal = story.wait_register(&[]);
    let waited = (story.now - granted).as_secs();
    assert!((240..=268).contains(&waited), "{waited}");
    let shown = authorization(&renewal).unwrap();
    assert!(shown.contains("nc=00000002"), "{shown}");
    story.answer(&renewal, 200, &[("Expires", "300")]);
    assert!(
        !story
            .news
            .iter()
            .skip(1)
            .any(|news| matches!(news, News::Registered { .. }))
    );
    // A nonce that has grown old is no refusal.
    let renewal = story.wait_register(&[]);
    let stale = format!("{}, stale=true", CHALLENGE.1.replace("n1", "n2"));
    story.answer(&renewal, 401, &[(CHALLENGE.0, &stale)]);
    let again = story.register();
    assert!(authorization(&again).unwrap().contains("nonce=\"n2\""));
    story.answer(&again, 200, &[]);
    assert_eq!(story.trunk.state(), State::Registered);
    // And it is taken back at the end.
    story.tell(Event::Closing);
    let last = story.register();
    assert!(matches!(last.what, Asked::Register { expires_s: 0, .. }));
    story.answer(&last, 200, &[]);
    assert_eq!(story.trunk.state(), State::Left);
    assert_eq!(story.trunk.next(), None);
}

#[test]
fn a_wrong_password_is_told_once_and_tried_ever_more_rarely() {
    let mut story = Story::begin(settings(true), &[1]);
    let mut pauses = Vec::new();
    for _ in 0..10 {
        let first = story.wait_register(&[]);
        let asked = story.now;
        story.answer(&first, 401, &[CHALLENGE]);
        let second = story.register();
        assert!(authorization(&second).is_some());
        story.answer(&second, 401, &[CHALLENGE]);
        assert!(story.asks.iter().all(|ask| ask.what == Asked::Options));
        let next = story.wait_register(&[]);
        pauses.push((story.now - asked).as_secs());
        story.asks.push(next);
    }
    // RFC 5626 §4.5: 30 s doubled up to 1800 s, half to whole of it.
    for (at, pause) in pauses.iter().enumerate() {
        let bound = (30u64 << at).min(1800);
        assert!(
            (bound / 2..=bound).contains(pause),
            "{at}: {pause} of {bound}"
        );
    }
    let told = story
        .news
        .iter()
        .filter(|news| matches!(news, News::NotRegistered { .. }));
    assert_eq!(told.count(), 1);
}

#[test]
fn who_asks_to_be_left_alone_is() {
    let mut story = Story::begin(settings(true), &[1]);
    let first = story.register();
    story.answer(&first, 403, &[("Retry-After", "120 (busy);duration=3")]);
    let refused = story.now;
    story.wait_register(&[]);
    assert_eq!((story.now - refused).as_secs(), 120);
}

#[test]
fn too_brief_a_registration_is_asked_for_longer_once() {
    let mut story = Story::begin(settings(true), &[1]);
    let first = story.register();
    story.answer(&first, 423, &[("Min-Expires", "1800")]);
    let second = story.register();
    assert!(matches!(
        second.what,
        Asked::Register {
            expires_s: 1800,
            ..
        }
    ));
    story.answer(&second, 423, &[("Min-Expires", "3600")]);
    assert_eq!(story.trunk.state(), State::Waiting);
    // A server that wants years is refused.
    let third = story.wait_register(&[]);
    story.answer(&third, 423, &[("Min-Expires", "9999999")]);
    assert_eq!(story.trunk.state(), State::Waiting);
}

/// A registration that ended in the moment of the stop leaves nothing to be taken back.
#[test]
fn a_stop_behind_the_end_of_a_registration_is_over_at_once() {
    let mut story = Story::begin(settings(true), &[1]);
    let first = story.register();
    story.answer(&first, 200, &[("Expires", "60")]);
    story.now += 61 * SECOND;
    story.tell(Event::Closing);
    assert_eq!(story.trunk.state(), State::Left);
}

#[test]
fn the_table_has_one_row_for_each_pair_and_leads_out_of_every_state() {
    let mut seen = HashMap::new();
    for (from, cue, to) in TABLE {
        assert_eq!(seen.insert((from, cue), to), None, "{from:?} {cue:?} twice");
    }
    for (from, ..) in TABLE.iter().filter(|(from, ..)| *from != State::Left) {
        let closes = step(*from, Cue::Leave).or(step(*from, Cue::Failed));
        assert!(closes.is_some(), "{from:?} never closes");
    }
    assert!(TABLE.iter().all(|(from, ..)| *from != State::Left));
}
