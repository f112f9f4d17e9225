//! Whole ratings on a bad line: a caller who presses keys, a network that loses, delays, doubles and reorders,
//! and the conversation of the shipped dialplan, from packets to the grade that is stored.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use gradeline::codecs::Law;
use gradeline::domain::Grade;
use gradeline::ivr::{Action, Digit, Event, Facts, Hours, Mark, Outcome, PlayId, Session};
use gradeline::phone::{Book, Files};
use gradeline::rtp::playout::FRAME_SAMPLES;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::ear::Ear;
use crate::line::{Network, PTIME, Telephone, Timed, Weather};
use crate::sound::Tone;

static BOOK: LazyLock<Book> = LazyLock::new(|| {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = Files {
        dialplans: repository.join("dialplans"),
        prompts: repository.join("prompts"),
    };
    let checked = Book::read(&files).expect("the shipped files can be read");
    checked.book.expect("the shipped files are right")
});

const GRADES: [Grade; 5] = [
    Grade::VerySatisfied,
    Grade::Satisfied,
    Grade::BasicallySatisfied,
    Grade::Dissatisfied,
    Grade::VeryDissatisfied,
];

/// A key that the caller means to press: so long after the nth play of a prompt began (`None`: after the offer).
#[derive(Debug, Clone, Copy)]
struct Meant {
    after: Option<&'static str>,
    wait: Duration,
    key: Digit,
    held_ms: u32,
    /// Its tones are in the sound, too, as many gateways leave them.
    toned: bool,
}

/// A caller at the offer, hearing prompts and pressing keys.
struct Call {
    session: Session,
    ear: Ear,
    telephone: Telephone,
    network: Network,
    /// Packets under way, by arrival.
    under_way: Vec<Timed>,
    /// Packets of the press that is being sent; its sound rests meanwhile.
    pressing: Vec<Timed>,
    meant: Vec<Meant>,
    begun: Vec<(&'static str, Duration)>,
    playing: Option<(PlayId, Duration)>,
    stored: Vec<Grade>,
    owed: Vec<(Duration, Event)>,
    told: usize,
    pressed_last: Duration,
    tone: Option<Vec<[i16; FRAME_SAMPLES]>>,
    reprompted: Option<Duration>,
    /// Pressed again by who hears himself asked again.
    again: Option<Meant>,
}

/// What became of it.
#[derive(Debug)]
struct Ended {
    outcome: Option<Outcome>,
    digits: Vec<Digit>,
    stored: Vec<Grade>,
    reprompted: bool,
    /// Sent and lost.
    packets: (u64, u64),
}

/// From the end of the last press; jitter and late packets included.
const HANGS_UP_AFTER: Duration = Duration::from_millis(1500);

/// Longer than any rating; a call that comes here has hung.
const LONGEST: Duration = Duration::from_secs(120);

impl Call {
    fn at_the_offer(weather: Weather, meant: Vec<Meant>, seed: u64) -> Call {
        let ear = Ear::new(Law::Pcma);
        let facts = Facts {
            hours: Hours::Open,
            tail: None,
            slot: None,
            date: None,
            lengths_ms: Arc::clone(&BOOK.lengths_ms),
        };
        let plan = Arc::clone(BOOK.plan_for("consult").expect("the shipped plan"));
        let session = Session::new(plan, Arc::clone(&BOOK.script), facts, ear.epoch);
        let mut call = Call {
            session,
            ear,
            telephone: Telephone::new(seed),
            network: Network::new(weather, seed),
            under_way: Vec::new(),
            pressing: Vec::new(),
            meant,
            begun: Vec::new(),
            playing: None,
            stored: Vec::new(),
            owed: Vec::new(),
            told: 0,
            pressed_last: Duration::ZERO,
            tone: None,
            reprompted: None,
            again: None,
        };
        // A talk in no time: the line is not what is tested before the offer.
        call.tell(Event::Answered);
        call.tell(Event::DeskAnswered { staff: None });
        while let Some((id, _)) = call.playing {
            call.playing = None;
            call.tell(Event::Played(id));
        }
        call.tell(Event::DeskHungUp);
        assert!(call.session.is_rating(), "at {}", call.session.place());
        call
    }

    /// Runs it to its end; the caller hangs up when he has pressed all that he means to.
    fn run(mut self) -> Ended {
        let mut left = false;
        while self.session.outcome().is_none() {
            let now = self.ear.next_beat;
            assert!(now < LONGEST, "a call without an end");
            self.speak(now);
            let arrived = self.under_way.partition_point(|(at, _)| *at <= now);
            let arrived: Vec<Timed> = self.under_way.drain(..arrived).collect();
            self.ear.beat(arrived.iter());
            self.hear(now);
            let over = self.meant.is_empty() && self.pressing.is_empty();
            // Who insists on his grade stays until it is taken.
            let content = self.again.is_none() || !self.stored.is_empty();
            if over && content && !left && now > self.pressed_last + HANGS_UP_AFTER {
                left = true;
                self.ear.close();
                self.hear(now);
                self.tell(Event::CallerHungUp);
            }
        }
        Ended {
            outcome: self.session.outcome().cloned(),
            digits: self.ear.keys(),
            stored: self.stored,
            reprompted: self.reprompted.is_some(),
            packets: (self.network.carried, self.network.lost),
        }
    }

    /// The session's own time, and what the ear has made of the line.
    fn hear(&mut self, now: Duration) {
        while let Some(heard) = self.ear.digits.get(self.told).copied() {
            self.told += 1;
            self.tell(Event::Digit(heard.digit));
        }
        if let Some((id, ends)) = self.playing
            && ends <= now
        {
            self.playing = None;
            self.tell(Event::Played(id));
        }
        let due = self.owed.partition_point(|(at, _)| *at <= now);
        let due: Vec<(Duration, Event)> = self.owed.drain(..due).collect();
        for (_, event) in due {
            self.tell(event);
        }
        let at = self.ear.epoch + now;
        if self.session.timeout_at().is_some_and(|timer| timer <= at) {
            self.tell(Event::Timeout);
        }
    }

    fn tell(&mut self, event: Event) {
        let now = self.ear.next_beat;
        for action in self.session.handle(event, self.ear.epoch + now) {
            match action {
                Action::Play {
                    id, prompt, clips, ..
                } => {
                    let lengths = clips.iter().filter_map(|clip| BOOK.lengths_ms.get(&clip.0));
                    let length = Duration::from_millis(lengths.map(|ms| u64::from(*ms)).sum());
                    self.playing = Some((id, now + length));
                    self.heard_prompt(&prompt, now);
                }
                Action::StopPlaying => self.playing = None,
                Action::StoreGrade { grade, .. } => {
                    self.stored.push(grade);
                    self.owed.push((now + PTIME, Event::GradeStored));
                }
                Action::Mark(Mark::OfferStarted) => self.begun.push(("offer", now)),
                _ => {}
            }
        }
    }

    fn heard_prompt(&mut self, prompt: &str, now: Duration) {
        for known in ["P14", "P15"] {
            if prompt.starts_with(known) {
                self.begun.push((known, now));
            }
        }
        let asked_before = self
            .begun
            .iter()
            .any(|(what, at)| *what == "offer" && *at < now);
        if asked_before && self.stored.is_empty() && matches!(prompt, "P10" | "P11" | "P12") {
            self.reprompted = Some(now);
            self.begun.push(("again", now));
            self.meant.extend(self.again);
        }
    }

    /// 20 ms of the caller: a press that is due begins, a press under way goes on, else his sound.
    fn speak(&mut self, now: Duration) {
        if self.pressing.is_empty()
            && let Some(next) = self.meant.first().copied()
        {
            let after = next.after.unwrap_or("offer");
            let since = self.begun.iter().find(|(what, _)| *what == after);
            if since.is_some_and(|(_, at)| now >= *at + next.wait) {
                self.meant.remove(0);
                self.press(next, now);
            }
        }
        if self.pressing.is_empty() {
            // Somebody in a quiet room.
            const QUIET: [i16; FRAME_SAMPLES] = [8; FRAME_SAMPLES];
            let packet = self.telephone.sound(&QUIET);
            self.send(now, packet);
        } else {
            let (_, packet) = self.pressing.remove(0);
            self.send(now, packet);
            if let Some(mut frames) = self.tone.take()
                && !frames.is_empty()
            {
                let frame = frames.remove(0);
                let sound = self.telephone.sound(&frame);
                self.send(now, sound);
                self.tone = Some(frames);
            }
        }
    }

    fn press(&mut self, key: Meant, now: Duration) {
        let started = self.telephone.timestamp;
        self.pressing = self.telephone.press(key.key.event(), now, key.held_ms);
        self.pressed_last = now + PTIME * u32::try_from(self.pressing.len()).expect("few");
        self.tone = key.toned.then(|| {
            // The sound beside it has the time of the press, which its event packets let pass.
            self.telephone.timestamp = started;
            let tone = Tone {
                length_ms: key.held_ms as usize,
                ..Tone::default()
            };
            let mut frames: Vec<_> = crate::sound::frames(&tone.samples(key.key.event())).collect();
            frames.resize(self.pressing.len(), [0; FRAME_SAMPLES]);
            frames
        });
    }

    fn send(&mut self, now: Duration, packet: Vec<u8>) {
        self.under_way
            .extend(self.network.carry(vec![(now, packet)]));
        self.under_way.sort_by_key(|(at, _)| *at);
    }
}

/// A caller by his number: which grade, when, how long, and whether he changes his mind.
fn caller(seed: u64, shortest_ms: u32) -> (Vec<Meant>, Vec<Digit>, Vec<Grade>) {
    let mut chance = StdRng::seed_from_u64(seed ^ 0xCA11);
    let key = |after: Option<&'static str>, key: Digit, chance: &mut StdRng| Meant {
        after,
        wait: Duration::from_millis(match after {
            None => chance.random_range(0..6000),
            Some(_) => chance.random_range(400..1500),
        }),
        key,
        held_ms: chance.random_range(shortest_ms / 20..=20) * 20,
        toned: chance.random_range(0..4u8) == 0,
    };
    let grade = |chance: &mut StdRng| chance.random_range(0..5usize);
    let first = grade(&mut chance);
    let digit = |grade: usize| Digit::ALL[grade + 1];
    let mut meant = vec![key(None, digit(first), &mut chance)];
    let mut grades = vec![GRADES[first]];
    if chance.random_range(0..6u8) == 0 {
        let second = grade(&mut chance);
        meant.push(key(Some("P14"), Digit::Star, &mut chance));
        meant.push(key(Some("P15"), digit(second), &mut chance));
        grades.push(GRADES[second]);
    }
    let digits = meant.iter().map(|meant| meant.key).collect();
    (meant, digits, grades)
}

/// Runs calls on all cores.
fn each(calls: u64, run: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= calls {
                        return;
                    }
                    run(seed);
                }
            });
        }
    });
}

const CALLS: u64 = 10_000;

/// 5 % lost, 5 % doubled, 5 % overtaken, up to 60 ms of jitter (every tenth call: 200 ms).
#[test]
fn ten_thousand_ratings_at_five_percent_loss_are_each_the_grade_that_was_pressed() {
    let (presses, packets, lost) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    each(CALLS, |seed| {
        let weather = Weather {
            lost: 50,
            doubled: 50,
            reordered: 50,
            held_ms: 45,
            jitter_ms: if seed % 10 == 0 { 200 } else { 60 },
        };
        let (meant, digits, grades) = caller(seed, 40);
        let what = format!("seed {seed}: {meant:?}");
        let call = Call::at_the_offer(weather, meant, seed);
        let ended = call.run();
        assert_eq!(ended.digits, digits, "{what}\n{ended:?}");
        assert_eq!(ended.stored, grades, "{what}\n{ended:?}");
        let last = *grades.last().expect("one at least");
        assert_eq!(ended.outcome, Some(Outcome::Graded(last)), "{what}");
        presses.fetch_add(digits.len() as u64, Ordering::Relaxed);
        packets.fetch_add(ended.packets.0, Ordering::Relaxed);
        lost.fetch_add(ended.packets.1, Ordering::Relaxed);
    });
    println!(
        "{CALLS} calls, {presses:?} presses, {lost:?} of {packets:?} packets lost: 0 lost, 0 wrong, 0 doubled"
    );
}

/// 20 % lost: at most one press of 10,000 is asked for again, and then it is there.
#[test]
fn at_twenty_percent_loss_a_lost_press_is_asked_for_again_and_none_is_lost() {
    let (calls, again) = (crate::size(3000, CALLS), AtomicU64::new(0));
    each(calls, |seed| {
        let weather = Weather {
            lost: 200,
            doubled: 20,
            reordered: 50,
            held_ms: 45,
            jitter_ms: 60,
        };
        // One grade; who hears himself asked again presses again.
        let (meant, ..) = caller(seed, 100);
        let first = meant[0];
        let grade = GRADES[usize::from(first.key.event()) - 1];
        let mut call = Call::at_the_offer(weather, vec![first], seed);
        call.again = Some(Meant {
            after: Some("again"),
            ..first
        });
        let ended = call.run();
        if ended.reprompted {
            again.fetch_add(1, Ordering::Relaxed);
        }
        assert_eq!(ended.stored, [grade], "seed {seed}: {first:?}\n{ended:?}");
        assert_eq!(
            ended.digits,
            [first.key],
            "seed {seed}: {first:?}\n{ended:?}"
        );
        assert_eq!(ended.outcome, Some(Outcome::Graded(grade)), "seed {seed}");
    });
    let again = again.into_inner();
    println!("{calls} calls at 20 % loss: {again} asked again, 0 lost after that");
    assert!(
        again <= 1,
        "{again} presses were lost before the prompt came again"
    );
}
