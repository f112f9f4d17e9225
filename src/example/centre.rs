//! The days of the example centre: what happens on each, in the order in which it happens.

use std::collections::BTreeMap;

use super::bulletin::Hand;
use super::cast::Cast;
use super::chance::Chance;
use super::course::{COURSES, Course};
use super::hours::{MINUTE, is_worked, later};
use super::matters::Filed;
use super::tickets::Known;
use super::{Plan, Progress};
use crate::domain::{Channel, Day, Moment};
use crate::engine::{Engine, Error};
use crate::figures::Period;

/// What was done, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    pub calls: u64,
    /// Defaults are not among them.
    pub ratings: u64,
    pub tickets: u64,
    pub acts: u64,
    pub matters: u64,
    pub bulletins: u64,
    /// Ratings of staff, and such as were told twice.
    pub turned_away: u64,
    /// Acts that were not possible when their hour came; they are tried again.
    pub hindered: u64,
}

/// What happens at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A call ends.
    Call,
    /// Somebody rates by a channel that needs neither a call nor a matter.
    Rate(Channel),
    /// A slip of the suggestion box is entered.
    Slip,
    /// A member of staff rates himself.
    Staff,
    /// One of many ratings at one window, more than people can give.
    Burst,
    /// Somebody whose call ended before the offer answers the message that invited him.
    Invited,
    File,
    Complete(usize),
    RateMatter(usize, Channel),
    /// Somebody looks after a ticket.
    Work(usize),
    Bulletin(Period, Hand),
    Tick,
}

/// Before the end nothing happens for so long: what is missing of the states is made then.
const CURTAIN: i64 = 2 * 60 * MINUTE;

pub(super) struct Centre<'a> {
    pub(super) engine: &'a Engine,
    pub(super) cast: Cast,
    pub(super) chance: Chance,
    pub(super) now: Moment,
    pub(super) end: Moment,
    pub(super) done: Done,
    pub(super) tickets: Vec<Known>,
    pub(super) filed: Vec<Filed>,
    /// Calls that ended before the rating was offered, the last one last.
    pub(super) invited: Vec<String>,
    /// Courses that no ticket has taken yet.
    pub(super) untaken: Vec<Course>,
    daily: usize,
    agenda: BTreeMap<(Moment, u64), Event>,
    serial: u64,
}

impl<'a> Centre<'a> {
    pub(super) fn open(engine: &'a Engine, cast: Cast, plan: Plan, end: Moment) -> Centre<'a> {
        let mut chance = Chance::of(plan.seed);
        let mut untaken = COURSES.to_vec();
        chance.shuffle(&mut untaken);
        Centre {
            engine,
            cast,
            chance,
            now: Moment::from_millis(0),
            end,
            done: Done::default(),
            tickets: Vec::new(),
            filed: Vec::new(),
            invited: Vec::new(),
            untaken,
            daily: usize::from(plan.daily),
            agenda: BTreeMap::new(),
            serial: 0,
        }
    }

    /// A number that nothing else has.
    pub(super) fn fresh(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub(super) fn at(&mut self, at: Moment, event: Event) {
        let serial = self.fresh();
        self.agenda.insert((at, serial), event);
    }

    /// So many minutes of work from now.
    pub(super) fn after(&mut self, minutes: i64, event: Event) {
        let at = later(self.engine.calendar(), self.now, minutes);
        self.at(at, event);
    }

    /// Lives from the first day until shortly before the end.
    pub(super) async fn live(
        &mut self,
        first: Day,
        tell: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), Error> {
        let (last, curtain) = (self.end.day(), self.end.plus_millis(-CURTAIN));
        let mut day = first;
        while day <= last {
            tell(Progress {
                first,
                day,
                last,
                done: self.done,
            });
            self.plan(day, first);
            let until = day.next().start().min(curtain);
            while let Some(entry) = self.agenda.first_entry() {
                let at = entry.key().0;
                if at >= until {
                    break;
                }
                let event = entry.remove();
                self.now = at;
                self.happen(event).await?;
            }
            day = day.next();
        }
        self.now = curtain;
        Ok(())
    }

    fn plan(&mut self, day: Day, first: Day) {
        self.at(day.at(0, 5, 0), Event::Tick);
        for hour in 9..=18 {
            self.at(day.at(hour, 0, 0), Event::Tick);
        }
        if !is_worked(self.engine.calendar(), day) {
            for _ in 0..self.chance.below(self.daily / 6 + 2) {
                self.some_time(day, (8, 22), Event::Call);
            }
            self.some_time(day, (8, 22), Event::Rate(Channel::WebConsultation));
            return;
        }
        let calls = self.daily * 3 / 4 + self.chance.below(self.daily / 2 + 1);
        for _ in 0..calls.max(1) {
            self.some_time(day, (8, 18), Event::Call);
        }
        self.some_time(day, (19, 22), Event::Call);
        for channel in [
            Channel::WebConsultation,
            Channel::WindowDevice,
            Channel::WindowQr,
        ] {
            for _ in 0..1 + self.chance.below(self.daily / 5 + 1) {
                self.some_time(day, (9, 17), Event::Rate(channel));
            }
        }
        self.some_time(day, (10, 17), Event::Invited);
        for _ in 0..1 + self.chance.below(self.daily / 4 + 1) {
            self.some_time(day, (9, 17), Event::File);
        }
        if day.weekday() == 5 {
            self.some_time(day, (14, 17), Event::Slip);
        }
        match day.day_of_month() {
            8..=14 if day.weekday() == 3 => self.plan_burst(day),
            15..=21 if day.weekday() == 2 => self.some_time(day, (10, 12), Event::Staff),
            _ => {}
        }
        self.plan_bulletin(day, first);
    }

    /// More ratings of one window within a few minutes than a sign needs (第十九条).
    fn plan_burst(&mut self, day: Day) {
        for nth in 0..12 {
            let at = day.at(15, 10, 0).plus_millis(nth * 18_000);
            self.at(at, Event::Burst);
        }
    }

    /// On the fifth working day of a month that of the month before.
    fn plan_bulletin(&mut self, day: Day, first: Day) {
        let calendar = self.engine.calendar();
        let days = std::iter::successors(Some(day), |day| Some(day.previous()))
            .take_while(|other| other.month() == day.month());
        let worked = days.filter(|day| is_worked(calendar, *day)).count();
        let period = Period::Month(day.year(), day.month()).before();
        if worked == 5 && period.from() >= first {
            self.at(day.at(10, 30, 0), Event::Bulletin(period, Hand::Drafts));
            self.at(day.at(11, 15, 0), Event::Bulletin(period, Hand::Reviews));
            self.at(day.at(14, 5, 0), Event::Bulletin(period, Hand::Issues));
        }
    }

    /// Within these hours of the day.
    fn some_time(&mut self, day: Day, (from, until): (i8, i8), event: Event) {
        let seconds = self.chance.between(0, i64::from(until - from) * 3600 - 1);
        self.at(day.at(from, 0, 0).plus_millis(seconds * 1000), event);
    }

    async fn happen(&mut self, event: Event) -> Result<(), Error> {
        match event {
            Event::Call => self.call().await,
            Event::Rate(channel) => self.rate(channel).await,
            Event::Slip => self.slip().await,
            Event::Staff => self.staff_rates().await,
            Event::Burst => self.burst().await,
            Event::Invited => self.answer_invitation().await,
            Event::File => self.file().await,
            Event::Complete(which) => self.complete(which).await,
            Event::RateMatter(which, channel) => self.rate_matter(which, channel).await,
            Event::Work(which) => self.work(which).await,
            Event::Bulletin(period, hand) => self.bulletin(period, hand).await,
            Event::Tick => self.tick().await,
        }
    }

    pub(super) async fn tick(&mut self) -> Result<(), Error> {
        let ticked = self.engine.tick(self.now).await?;
        match ticked.failed {
            0 => Ok(()),
            failed => Err(Error::Other(format!(
                "{failed} deadline(s) could not be looked at; the log says why"
            ))),
        }
    }
}
