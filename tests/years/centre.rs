//! A centre that lives: its raters, officials who act late, wrongly, twice or never, and its clock.

use std::collections::BTreeMap;

use gradeline::acts::{
    Act, Assessment, Attribution, Checked, Extent, Ground, Intent, KINDS, Kind, ObjectiveGround,
    Reached, SlipProof, Span, Way,
};
use gradeline::calendar::Calendar;
use gradeline::casework::Case;
use gradeline::channels::{Applicants, Matter};
use gradeline::domain::{
    Applicant, By, Channel, Choices, Evidence, Grade, Hand, Identity, Intake, IntakeKey, Moment,
    PersonId, Post, Rater, Role, Service, Stage, State, TicketNumber, UnitId,
};
use gradeline::engine::{
    CallId, CallState, Doing, EndedCall, Engine, Error, HungUpBy, KeyedGrade, NewCall, Ticked,
};

use crate::bulletins::{Drafted, Issued};
use crate::days::{DAY, Days, HOUR, Ms, SECOND, civil, day_number, day_of, start_of, text_of};
use crate::law::{Event, Happening};
use crate::ledger::Ledger;
use crate::listings::{Suspect, Verified};

/// SplitMix64: the same years from the same seed, on every machine.
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Up to `most`, short times more often.
    pub fn wait(&mut self, most: Ms) -> Ms {
        let part = self.below(1000) * self.below(1000);
        most / 1_000_000 * part as i64 + 1000
    }
}

/// What was done, in numbers.
#[derive(Debug, Clone, Default)]
pub struct Done {
    pub ratings: u64,
    pub told_twice: u64,
    pub acts: u64,
    pub refusals: u64,
    pub stale: u64,
    pub ticks: u64,
    pub double_ticks: u64,
    pub starts: u64,
    pub revisions: u64,
    pub matters: u64,
    pub drafts: u64,
    pub clock_steps: u64,
    pub beats_left_out: u64,
}

/// A matter with its completion, and by which happenings it is known and was rated.
pub struct Filed {
    pub number: String,
    pub completed: Ms,
    pub known: usize,
    pub rated: Option<usize>,
}

/// An act that can be rated (again); a matter by its place.
#[derive(Clone)]
struct Rated {
    channel: Channel,
    service: Service,
    matter: Option<usize>,
    /// Who rates with malice, by number.
    malice: Option<usize>,
}

pub struct Known {
    pub number: TicketNumber,
    /// Whether anybody looks after it before the end.
    cared: bool,
    closed: bool,
    of: Rated,
}

impl Known {
    pub fn is_of_malice(&self) -> bool {
        self.of.malice.is_some()
    }
}

pub struct Centre {
    pub chance: Chance,
    /// What the house's clock shows.
    pub now: Ms,
    /// How far it runs ahead of the true time; behind it where negative.
    ahead: Ms,
    /// How far it did when the house was started.
    ahead_at_start: Ms,
    /// In true time: when it is set right again, or since when it is.
    set_right: Ms,
    /// The first beat after a start counts closed tickets by today's calendar.
    counts_by_calendar: bool,
    pub house: Vec<Happening>,
    pub days: Days,
    pub done: Done,
    pub filed: Vec<Filed>,
    pub wrongs: Vec<String>,
    pub ledger: Ledger,
    /// By their periods.
    pub drafted: BTreeMap<String, Drafted>,
    pub issued: BTreeMap<String, Issued>,
    /// Ratings of those who rate with malice, by their names.
    pub suspects: BTreeMap<String, Suspect>,
    /// Ratings that somebody verified by hand.
    pub verified: Vec<Verified>,
    /// Numbers of listings.
    pub listings: Vec<u64>,
    pub tickets: Vec<Known>,
    /// Acts that were rated and may be rated again.
    rated: Vec<Rated>,
    all: Days,
    url: String,
    engine: Option<Engine>,
    pub serial: u64,
}

/// These rate again and again whatever they got, the first of them most.
const MALICE: [usize; 3] = [0, 0, 1];
/// Of the first of them, once he files a matter: who calls from it is likely he (I2).
const KNOWN_PHONE: &str = "13700000000";

/// The clock is never further off.
const LONGEST_STEP: Ms = 3 * DAY;

const UNITS: [&str; 5] = ["forest", "wetland", "grass", "centre", "general_office"];

pub fn at(ms: Ms) -> Moment {
    Moment::from_millis(ms)
}

fn person(id: &str, staff: Option<&str>, posts: &[(Role, &str)]) -> By {
    By::Person(Hand {
        person: PersonId(id.into()),
        staff: staff.map(str::to_owned),
        posts: posts
            .iter()
            .map(|(role, unit)| Post {
                role: *role,
                unit: UnitId((*unit).into()),
            })
            .collect(),
    })
}

/// Everybody who may do something, and those who may not.
pub fn people() -> Vec<By> {
    let mut all = vec![
        person("1", None, &[(Role::CentreOfficer, "centre")]),
        person("2", None, &[(Role::CentreSupervisor, "centre")]),
        person("3", None, &[(Role::CentreRevisitor, "centre")]),
        person("4", None, &[(Role::OfficeSigner, "general_office")]),
        person("5", None, &[(Role::CentreSupervisor, "centre")]),
        person("6", Some("8001"), &[(Role::CentreRevisitor, "centre")]),
        person("7", None, &[(Role::OfficeSigner, "general_office")]),
        person("8", None, &[(Role::OfficeClerk, "general_office")]),
        // A man of two posts.
        person(
            "9",
            Some("8002"),
            &[
                (Role::CentreOfficer, "centre"),
                (Role::CentreSupervisor, "centre"),
            ],
        ),
        By::Rater,
    ];
    for (number, unit) in UNITS.iter().enumerate() {
        all.push(person(
            &format!("2{number}"),
            None,
            &[(Role::UnitHead, *unit)],
        ));
        all.push(person(
            &format!("3{number}"),
            None,
            &[(Role::UnitLiaison, *unit)],
        ));
    }
    all
}

impl Centre {
    /// In an empty database.
    pub async fn open(url: String, seed: u64, year: i64) -> Centre {
        let all = Days::of_folder();
        let days = all.until(year);
        let engine = start_engine(&url, &days).await;
        let ledger = Ledger::open(&url).await;
        enter_people(&ledger).await;
        let mut centre = Centre {
            chance: Chance(seed),
            now: start_of(day_number(year, 1, 2)) + 8 * HOUR,
            ahead: 0,
            ahead_at_start: 0,
            set_right: 0,
            counts_by_calendar: false,
            house: Vec::new(),
            days,
            done: Done::default(),
            filed: Vec::new(),
            wrongs: Vec::new(),
            ledger,
            drafted: BTreeMap::new(),
            issued: BTreeMap::new(),
            suspects: BTreeMap::new(),
            verified: Vec::new(),
            listings: Vec::new(),
            tickets: Vec::new(),
            rated: Vec::new(),
            all,
            url,
            engine: Some(engine),
            serial: 0,
        };
        centre.restart(false).await;
        centre
    }

    pub async fn close(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.close().await.expect("it closes");
        }
        self.ledger.clone().close().await;
    }

    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("it was started")
    }

    /// What was just done, if it left anything, with the lines that it left.
    async fn note(&mut self, event: Event) {
        let to = self.ledger.last_line().await;
        let before = self.house.last().map_or(0, |last| last.to);
        if to > before || !matches!(event, Event::Done) {
            let at = self.now;
            self.house.push(Happening { at, to, event });
        }
    }

    /// Stops the house, and starts it, perhaps with another calendar.
    pub async fn restart(&mut self, revise: bool) {
        if let Some(engine) = self.engine.take() {
            engine.close().await.expect("it closes");
        }
        if revise {
            self.revise();
        }
        self.done.starts += 1;
        (self.ahead_at_start, self.counts_by_calendar) = (self.ahead, false);
        let engine = start_engine(&self.url, &self.days).await;
        engine.recount(at(self.now)).await.expect("a recount");
        self.engine = Some(engine);
        self.note(Event::Start(self.days.clone())).await;
    }

    /// A notice: of next year, mostly in November and sometimes late; or a second one, as in January 2020.
    fn revise(&mut self) {
        let (year, month, _) = civil(day_of(self.now));
        let next = self.days.last_year() + 1;
        let known = if month >= 11 { year + 1 } else { year };
        if next <= known {
            let all = self.all.clone();
            self.days.learn(&all, next);
        } else {
            for _ in 0..=self.chance.below(3) {
                let day = day_of(self.now) + self.chance.below(25) as i64 - 2;
                self.days.toggle(day);
            }
        }
        self.done.revisions += 1;
    }

    /// Lives until the day.
    pub async fn live_until(&mut self, end: Ms, events_a_day: usize) {
        while self.now - self.ahead < end {
            // A quarter of `most` on the average.
            let most = 4 * DAY / events_a_day as i64;
            self.now += self.chance.wait(most) + self.chance.below(1000) as i64;
            if self.ahead != 0 && self.now - self.ahead > self.set_right {
                self.set_clock_right();
            }
            match self.chance.below(1000) {
                0..50 => self.rate().await,
                50..90 => self.matter().await,
                90..97 => self.restart(false).await,
                97..104 => self.restart(true).await,
                // Nothing runs for days: a tick catches up.
                104..105 => self.now += self.chance.wait(20 * DAY),
                105..330 => self.tick().await,
                330..390 => self.bulletin().await,
                390..440 => self.blocklist().await,
                440..470 => self.rate_with_malice().await,
                470..478 => self.set_clock().await,
                _ => self.act().await,
            }
            self.note(Event::Done).await;
        }
    }

    /// The clock is set, minutes or days, forth or back, and after a while set right again.
    async fn set_clock(&mut self) {
        let most = *self.chance.one(&[HOUR, DAY, LONGEST_STEP]);
        let step = self.chance.wait(most) + 60 * SECOND;
        let step = if self.chance.percent(50) { step } else { -step };
        self.set_clock_right();
        (self.now, self.ahead) = (self.now + step, step);
        self.set_right = self.now - self.ahead + self.chance.wait(4 * DAY);
        self.done.clock_steps += 1;
        if self.chance.percent(25) {
            // A start confirms it.
            self.restart(false).await;
        }
    }

    fn set_clock_right(&mut self) {
        self.now -= self.ahead;
        if self.ahead != 0 {
            (self.ahead, self.set_right) = (0, self.now);
        }
    }

    /// The beat, as the server has it: while the clock has run ahead by more than a day since the start, it does
    /// nothing.
    pub async fn tick(&mut self) {
        if self.ahead - self.ahead_at_start > DAY {
            self.done.beats_left_out += 1;
            return;
        }
        let now = at(self.now);
        self.done.ticks += 1;
        let engine = self.engine().clone();
        if !std::mem::replace(&mut self.counts_by_calendar, true) {
            engine.count_by_calendar().await.expect("counted");
        }
        let mut results = Vec::new();
        if self.chance.percent(6) {
            // Another process over the same file.
            self.done.double_ticks += 1;
            let other = start_engine(&self.url, &self.days).await;
            let beats = [
                beat(&engine, now),
                beat(&other, now),
                beat(&other, now),
                beat(&engine, now),
            ];
            results.extend(futures::future::join_all(beats).await);
            other.close().await.expect("it closes");
        } else {
            results.push(beat(&engine, now).await);
        }
        for ticked in results {
            if ticked.failed > 0 {
                self.wrongs
                    .push(format!("{}: {ticked:?}", text_of(day_of(self.now))));
            }
        }
        if self.chance.percent(20) {
            engine.count_anew().await.expect("counted");
        }
        self.note(Event::Tick).await;
    }

    fn rater(&mut self, of: &Rated) -> Rater {
        let mut rater = Rater::caller(None);
        if let Some(who) = of.malice {
            if self.chance.percent(90) {
                rater.identity = Identity::I3;
                rater.applicant = Some(Applicant(format!("m{who}")));
            }
        } else if self.chance.percent(30) {
            rater.identity = Identity::I3;
            let applicant = Applicant(format!("a{}", self.chance.below(50)));
            rater.applicant = Some(applicant);
        }
        rater
    }

    fn grade(&mut self, malice: bool) -> Grade {
        match self.chance.below(10) {
            0..5 => *self
                .chance
                .one(&[Grade::Dissatisfied, Grade::VeryDissatisfied]),
            5..7 if malice => Grade::VeryDissatisfied,
            _ => *self.chance.one(&Grade::ALL),
        }
    }

    fn service(&mut self, served_at: Moment) -> (Channel, Service) {
        let name = format!("s{}", self.serial);
        let unit = self
            .chance
            .percent(60)
            .then(|| UnitId((*self.chance.one(&UNITS)).into()));
        let staff = vec![(*self.chance.one(&["8001", "8002"])).to_owned()];
        match self.chance.below(4) {
            0 => {
                let service = Service::WebConsultation {
                    code: name,
                    unit,
                    staff,
                    served_at,
                };
                (Channel::WebConsultation, service)
            }
            1 => {
                let service = Service::Suggestion {
                    slip: name,
                    opened_on: served_at.day(),
                    scan: None,
                };
                (Channel::SuggestionBox, service)
            }
            door => {
                let channel = [Channel::WindowDevice, Channel::WindowQr][door - 2];
                let service = Service::WindowAct {
                    window: "3".into(),
                    act: name,
                    item: Some("lq-001".into()),
                    unit,
                    staff,
                    served_at,
                };
                (channel, service)
            }
        }
    }

    /// Somebody rates something: a new act, one that was rated before, a completed matter, or in a call.
    async fn rate(&mut self) {
        self.serial += 1;
        let late = match self.chance.below(10) {
            0 => self.chance.wait(12 * DAY),
            _ => 60 * SECOND,
        };
        let graded_at = self.now - late;
        let open: Vec<usize> = (0..self.filed.len())
            .filter(|it| self.filed[*it].completed < self.now - HOUR)
            .collect();
        match self.chance.below(10) {
            0..3 => self.call().await,
            3..5 if !self.rated.is_empty() => {
                let last = self.rated.len().saturating_sub(60);
                let which = last + self.chance.below(self.rated.len() - last);
                let rated = self.rated[which].clone();
                self.hand_in(rated, self.now - SECOND).await;
            }
            5..7 if !open.is_empty() => {
                let which = *self.chance.one(&open);
                let filed = &self.filed[which];
                let service = Service::Matter {
                    number: filed.number.clone(),
                    stage: Stage::Completed,
                    item: String::new(),
                    unit: UnitId(String::new()),
                    staff: Vec::new(),
                    served_at: at(filed.completed),
                };
                let channel = *self.chance.one(&[Channel::WebFiling, Channel::Sms]);
                let matter = Some(which);
                let rated = Rated {
                    channel,
                    service,
                    matter,
                    malice: None,
                };
                self.hand_in(rated, self.now - SECOND).await;
            }
            _ => self.rate_act(graded_at, None).await,
        }
    }

    async fn rate_act(&mut self, graded_at: Ms, malice: Option<usize>) {
        let (channel, service) = self.service(at(graded_at - 60 * SECOND));
        let rated = Rated {
            channel,
            service,
            matter: None,
            malice,
        };
        self.rated.push(rated.clone());
        self.hand_in(rated, graded_at).await;
    }

    /// Somebody rates who does so whatever he got.
    async fn rate_with_malice(&mut self) {
        self.serial += 1;
        let who = *self.chance.one(&MALICE);
        let late = match self.chance.below(10) {
            0 => self.chance.wait(5 * DAY),
            _ => 60 * SECOND,
        };
        self.rate_act(self.now - late, Some(who)).await;
    }

    async fn hand_in(&mut self, of: Rated, graded_at: Ms) {
        let intake = Intake {
            key: IntakeKey(format!("k{}", self.serial)),
            channel: of.channel,
            service: of.service.clone(),
            rater: self.rater(&of),
            grade: self.grade(of.malice.is_some()),
            graded_at: at(graded_at),
            reasons: Vec::new(),
            choices: Choices::default(),
            remark: None,
            evidence: Evidence::default(),
            rehearsal: false,
        };
        let submitted = self.engine().submit(intake.clone(), at(self.now)).await;
        let Some(submitted) = self.judge_error(submitted) else {
            return;
        };
        self.done.ratings += 1;
        if let Some(which) = of.matter {
            self.filed[which].rated.get_or_insert(self.house.len());
        }
        if self.chance.percent(25) {
            self.done.told_twice += 1;
            let again = self
                .engine()
                .submit(intake, at(self.now))
                .await
                .expect("known");
            if again != submitted {
                self.wrongs
                    .push(format!("told twice: {submitted:?}, then {again:?}"));
            }
        }
        if of.malice.is_some() {
            let suspect = Suspect::of(&of.service, submitted.grade);
            self.suspects.insert(submitted.rating, suspect);
        }
        self.opened(submitted.ticket, of);
    }

    fn opened(&mut self, ticket: Option<String>, of: Rated) {
        let Some(ticket) = ticket else { return };
        let number: TicketNumber = ticket.parse().expect("a ticket's number");
        match self.tickets.iter_mut().find(|known| known.number == number) {
            Some(known) => known.closed = false,
            None => {
                let cared = of.malice.is_some() || !self.chance.percent(8);
                self.tickets.push(Known {
                    number,
                    cared,
                    closed: false,
                    of,
                });
            }
        }
    }

    async fn call(&mut self) {
        let id = CallId(format!("c{}", self.serial));
        let (from, now) = (self.now - 120 * SECOND, self.now);
        let caller = match self.chance.percent(8) {
            true => KNOWN_PHONE.to_owned(),
            false => format!("1380000{:04}", self.chance.below(10_000)),
        };
        let call = NewCall {
            id: id.clone(),
            sip_call_id: format!("{}@trunk", id.0),
            caller: Some(caller.clone()),
            callee: "consult".into(),
            source: "127.0.0.1:5080".into(),
            started_at: at(from),
            dialplan: "consultation".into(),
            dialplan_digest: "d1".into(),
            rehearsal: false,
        };
        let grade = self.grade(false);
        let engine = self.engine().clone();
        engine.open_call(call).await.expect("a call");
        engine
            .desk_answered(&id, Some("8001"), at(from))
            .await
            .expect("a desk");
        engine
            .set_state(&id, CallState::Talking)
            .await
            .expect("a talk");
        engine.talked(&id, 30_000).await.expect("a talk");
        let keyed = KeyedGrade {
            grade,
            key: char::from(b'1' + grade as u8),
            at: at(now - 30 * SECOND),
            offset_ms: 90_000,
        };
        engine.key_grade(&id, keyed).await.expect("a key");
        let ended = EndedCall {
            id,
            ended_at: at(now),
            hung_up_by: HungUpBy::Caller,
            outcome: "graded".into(),
            outcome_after_ms: None,
        };
        let submitted = engine.end_call(ended.clone()).await.expect("an end");
        self.done.ratings += 1;
        if self.chance.percent(25) {
            self.done.told_twice += 1;
            let again = engine.end_call(ended).await.expect("known");
            assert_eq!(again, submitted);
        }
        let of = Rated {
            channel: Channel::Sms,
            service: Service::Consultation {
                call_id: format!("c{}", self.serial),
                staff: Vec::new(),
                served_at: at(from),
            },
            matter: None,
            malice: None,
        };
        let Some(submitted) = submitted else { return };
        if caller == KNOWN_PHONE {
            let suspect = Suspect::of(&of.service, submitted.grade);
            self.suspects.insert(submitted.rating, suspect);
        }
        self.opened(submitted.ticket, of);
    }

    /// The approval platform tells of a completed matter, sometimes days later.
    async fn matter(&mut self) {
        self.serial += 1;
        let late = match self.chance.below(4) {
            0 => self.chance.wait(9 * DAY),
            _ => 60 * SECOND,
        };
        let filed = Filed {
            number: format!("SQ-{}", self.serial),
            completed: self.now - late,
            known: self.house.len(),
            rated: None,
        };
        let matter = Matter {
            number: filed.number.clone(),
            item: "lq-001".into(),
            item_name: "林木采伐许可".into(),
            unit: UnitId("wetland".into()),
            applicants: match self.chance.percent(10) {
                true => Applicants {
                    name: String::new(),
                    phone: Some(KNOWN_PHONE.to_owned()),
                    applicant: Some(Applicant("m0".to_owned())),
                },
                false => Applicants::default(),
            },
            completed_at: Some(at(filed.completed)),
            rehearsal: false,
        };
        for _ in 0..=self.chance.below(2) {
            let known = self
                .engine()
                .register_matter(&matter, "test", at(self.now))
                .await;
            known.expect("a matter");
        }
        self.done.matters += 1;
        self.filed.push(filed);
    }

    pub fn judge_error<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => return Some(value),
            Err(Error::Unlawful(_) | Error::OffList(_) | Error::Refused(_)) => {
                self.done.refusals += 1;
            }
            Err(Error::Stale) => self.done.stale += 1,
            Err(error) => self.wrongs.push(format!("a fault: {error}")),
        }
        None
    }

    /// Somebody does something: mostly what he may, sometimes what he may not, sometimes twice.
    async fn act(&mut self) {
        let cared: Vec<TicketNumber> = {
            let known = self.tickets.iter().rev().take(150);
            let mut open: Vec<_> = known
                .clone()
                .filter(|it| it.cared && !it.closed)
                .map(|it| it.number)
                .collect();
            if self.chance.percent(4) || open.is_empty() {
                open = known.map(|it| it.number).collect();
            }
            open
        };
        if cared.is_empty() {
            return;
        }
        let of_malice = self.tickets.iter();
        let of_malice = of_malice.filter(|it| it.is_of_malice() && !it.closed);
        // The oldest first, so that some come to their rulings soon.
        let of_malice: Vec<TicketNumber> = of_malice.map(|it| it.number).take(3).collect();
        let ticket = match !of_malice.is_empty() && self.chance.percent(40) {
            true => *self.chance.one(&of_malice),
            false => *self.chance.one(&cared),
        };
        self.act_on(ticket, 20).await;
    }

    async fn act_on(&mut self, ticket: TicketNumber, wrongly: usize) {
        let whole = self
            .engine()
            .whole_case(ticket)
            .await
            .expect("a read")
            .expect("a ticket");
        let case = whole.case;
        if case.ticket.state == State::ToRerate && self.chance.percent(50) {
            self.serial += 1;
            let known = self.tickets.iter().find(|known| known.number == ticket);
            let of = known.expect("ours").of.clone();
            return self.hand_in(of, self.now - SECOND).await;
        }
        let known = self.tickets.iter().find(|known| known.number == ticket);
        let malice = known.is_some_and(Known::is_of_malice);
        let Some((kind, order, by)) = self.choose(&case, wrongly, malice) else {
            return;
        };
        let act = self.content(kind, order, &case, malice);
        self.serial += 1;
        let seen = match self.chance.below(20) {
            0 => Some(case.version.wrapping_sub(1)),
            1..10 => Some(case.version),
            _ => None,
        };
        let doing = Doing {
            ticket,
            act,
            by,
            seen,
            key: self.chance.percent(50).then(|| format!("d{}", self.serial)),
        };
        let acted = self.engine().act(doing.clone(), at(self.now)).await;
        if doing.seen.is_some_and(|seen| seen != case.version)
            && !matches!(acted, Err(Error::Stale))
        {
            self.wrongs
                .push(format!("{ticket}: a stale page was taken: {doing:?}"));
        }
        let Some(acted) = self.judge_error(acted) else {
            let after = self
                .engine()
                .whole_case(ticket)
                .await
                .expect("a read")
                .expect("a ticket");
            if after.case != case {
                self.wrongs
                    .push(format!("{ticket}: a refused act left something"));
            }
            return;
        };
        self.done.acts += 1;
        let known = self.tickets.iter_mut().find(|known| known.number == ticket);
        known.expect("ours").closed = acted.state.is_closed();
        if doing.key.is_some() && self.chance.percent(30) {
            self.done.told_twice += 1;
            let again = self.engine().act(doing, at(self.now)).await.expect("known");
            if again.version != acted.version {
                self.wrongs
                    .push(format!("{ticket}: one act told twice was done twice"));
            }
        }
    }

    fn choose(
        &mut self,
        case: &Case,
        wrongly: usize,
        malice: bool,
    ) -> Option<(&'static Kind, Option<u8>, By)> {
        let people = people();
        if self.chance.percent(wrongly) {
            let offered: Vec<_> = KINDS.iter().filter(|kind| kind.is_offered()).collect();
            let order = self.chance.percent(30).then(|| self.chance.below(4) as u8);
            return Some((
                *self.chance.one(&offered),
                order,
                self.chance.one(&people).clone(),
            ));
        }
        let now = at(self.now);
        let mut lawful = Vec::new();
        for by in &people {
            for allowed in self.engine().allowed(case, by, now) {
                if allowed.refusal.is_none() {
                    lawful.push((allowed.kind, allowed.order, by.clone()));
                }
            }
        }
        if malice && self.chance.percent(85) {
            let known = |it: &(&Kind, Option<u8>, By)| AS_MALICE.contains(&it.0.word);
            if lawful.iter().any(known) {
                lawful.retain(known);
            }
        }
        let kinds: Vec<_> = lawful.iter().map(|it| it.0.word).collect();
        let kind = (!kinds.is_empty()).then(|| *self.chance.one(&kinds))?;
        lawful.retain(|it| it.0.word == kind);
        Some(self.chance.one(&lawful).clone())
    }

    fn content(&mut self, kind: &Kind, order: Option<u8>, case: &Case, malice: bool) -> Act {
        let text = || match self.now % 97 {
            0 => String::new(),
            _ => "有记录可查".to_owned(),
        };
        let (reason, evidence) = (text(), vec!["sha256:aa".to_owned()]);
        let chance = &mut self.chance;
        let unit = UnitId((*chance.one(&UNITS)).into());
        let results = [
            Reached::Connected,
            Reached::Connected,
            Reached::NoAnswer,
            Reached::Busy,
            Reached::NoNumber,
            Reached::Refused,
        ];
        let result = *chance.one(&results);
        let way = *chance.one(&[Way::Web, Way::Phone, Way::Sms]);
        let today = at(self.now).day();
        match kind.word {
            "assign" => Act::Assign {
                officer: PersonId("1".into()),
                staff: None,
                handling_unit: chance.percent(40).then_some(unit),
            },
            "revisit" => Act::Revisit {
                result,
                call: None,
                answers: "等待太久".into(),
                slip: chance.percent(15),
                no_more_calls: chance.percent(5),
            },
            "confirm_mistake" => Act::ConfirmMistake { reason },
            "give_opinion" => Act::GiveOpinion {
                valid: chance.percent(70),
                text: reason,
            },
            "draft" => Act::Draft(draft(chance, reason)),
            "report" => Act::Report {},
            "return_draft" => Act::ReturnDraft { reason },
            "accept_proposal" => Act::AcceptProposal { reason },
            "dispatch" => Act::Dispatch {
                order,
                workdays: *chance.one(&[Span::Normal, Span::Normal, Span::Complex]),
                unit: chance.percent(40).then_some(unit),
            },
            "receive" => Act::Receive { order },
            "contest" => Act::Contest {
                order,
                reason,
                suggests: None,
            },
            "request_complex" => Act::RequestComplex { order, reason },
            "decide_complex" => Act::DecideComplex {
                order,
                grant: chance.percent(60),
                reason,
            },
            "request_extension" => {
                let until = day_of(self.now) + chance.below(40) as i64;
                let last = case
                    .clocks
                    .iter()
                    .map(|clock| day_of(clock.due_at.millis()))
                    .max();
                let until = until.max(last.unwrap_or(until) + chance.below(5) as i64);
                let until = text_of(until).parse().expect("a day");
                Act::RequestExtension {
                    order,
                    until,
                    reason,
                }
            }
            "decide_extension" => Act::DecideExtension {
                order,
                grant: chance.percent(70),
                reason,
            },
            "find_true" => Act::FindTrue {
                order,
                extent: Extent::Whole,
                facts: reason,
                evidence,
            },
            "appeal" => {
                let grounds = [Ground::Untrue, Ground::Mistaken, Ground::Malicious];
                Act::Appeal {
                    order,
                    ground: match malice {
                        true => Ground::Malicious,
                        false => *chance.one(&grounds),
                    },
                    facts: reason,
                    evidence,
                }
            }
            "find_without_legal_basis" => Act::FindWithoutLegalBasis {
                order,
                legal_ground: "行政许可法".into(),
                explanation: reason,
            },
            "judge_invalid" => Act::JudgeInvalid {
                order,
                reason,
                heard: "全程".into(),
            },
            "judge_mistaken" => {
                let proofs = [SlipProof::Recording, SlipProof::RaterConfirmed];
                Act::JudgeMistaken {
                    order,
                    proof: *chance.one(&proofs),
                    reason,
                }
            }
            "propose_malicious" => Act::ProposeMalicious {
                order,
                contradiction: "录音不符".into(),
                intent: Intent::Abuse,
                reason,
            },
            "judge_malicious" => Act::JudgeMalicious { order, reason },
            "accept_explanation" => Act::AcceptExplanation { order, reason },
            "reject_appeal" => {
                let nobody = case.live().next().is_none();
                Act::RejectAppeal {
                    order,
                    reason,
                    unit: nobody.then_some(unit),
                }
            }
            "file_rectification" => Act::FileRectification {
                order,
                measures: "改正".into(),
                result: "已改".into(),
                responsible: "处长".into(),
                done_on: today,
                evidence,
                systemic: String::new(),
            },
            "return_rectification" => Act::ReturnRectification { order, reason },
            "accept_rectification" => Act::AcceptRectification { order, reason },
            "answer" => Act::Answer {
                way,
                text: reason,
                checked: Checked::ReceiptCode,
            },
            "try_to_answer" => Act::TryToAnswer { way, result },
            "close_unreached" => Act::CloseUnreached {},
            "decline_rerate" => Act::DeclineRerate { way },
            "object" => Act::Object { way, text: reason },
            other => panic!("an act that this test does not know: {other}"),
        }
    }

    /// At last everybody does his work: every ticket must come to its end.
    pub async fn finish(&mut self) {
        self.set_clock_right();
        let mut left = 0;
        for which in 0..self.tickets.len() {
            let number = self.tickets[which].number;
            for step in 0..400 {
                let whole = self.engine().whole_case(number).await.expect("a read");
                let case = whole.expect("a ticket").case;
                if case.ticket.state.is_closed() {
                    break;
                }
                if step == 399 {
                    left += 1;
                    let state = case.ticket.state;
                    self.wrongs
                        .push(format!("{number} comes to no end: {state:?}, {case:#?}"));
                }
                self.now += 20 * 60 * SECOND;
                if crate::days::hour_of(self.now) >= 19 {
                    self.now = start_of(day_of(self.now) + 1) + 9 * HOUR;
                    self.tick().await;
                    self.now += SECOND;
                }
                self.act_on(number, 0).await;
                self.note(Event::Done).await;
            }
        }
        if left == 0 {
            // All terms to come pass.
            self.now += 60 * DAY;
            self.tick().await;
        }
    }

    pub fn count(&self) -> usize {
        self.tickets.len()
    }
}

async fn start_engine(url: &str, days: &Days) -> Engine {
    let calendar = Calendar::from_texts(&days.files()).expect("sound files");
    let engine = Engine::open(url, calendar).await;
    engine.expect("the database opens")
}

async fn beat(engine: &Engine, now: Moment) -> Ticked {
    let started = engine.start_bulletin_terms(now).await;
    started.expect("the terms of bulletins");
    engine.tick(now).await.expect("a tick")
}

/// The units, and an account for everybody that [`people`] has: their names are its numbers.
async fn enter_people(ledger: &Ledger) {
    let units = "INSERT INTO units (id, kind, name, created_at) VALUES \
        ('forest', 'bureau', '森林司', 0), ('wetland', 'handling_unit', '湿地中心', 0), \
        ('grass', 'bureau', '草原司', 0)";
    let accounts = "INSERT INTO people (name, password_hash, must_change_password, created_at) \
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) \
        SELECT 'p' || i, '-', FALSE, 0 FROM n ORDER BY i";
    for sql in [units, accounts] {
        ledger.run(sql).await;
    }
}

/// What people do who see through malice, where they may: the way to the ruling.
const AS_MALICE: [&str; 9] = [
    "assign",
    "revisit",
    "draft",
    "report",
    "dispatch",
    "receive",
    "appeal",
    "propose_malicious",
    "judge_malicious",
];

fn draft(chance: &mut Chance, cause: String) -> Assessment {
    let mut units: Vec<&str> = UNITS.to_vec();
    let mut named = Vec::new();
    for _ in 0..=chance.below(2) * chance.below(2) {
        let unit = units.swap_remove(chance.below(units.len()));
        named.push(Attribution {
            unit: UnitId(unit.into()),
            rule: 6,
        });
    }
    Assessment {
        cause,
        items: vec![6],
        invalid: chance.percent(8).then_some(ObjectiveGround::NoService),
        units: named,
        contact: "010-00000000".into(),
    }
}
