//! The tickets of the example centre: whoever may do the next step on a ticket's course does it.

use super::centre::{Centre, Event};
use super::course::{Course, Scene, Step, Turn};
use super::ratings::proven_rater;
use crate::casework::{Act, Case, Kind, may};
use crate::domain::{
    Actor, By, Channel, Grade, Moment, PersonId, Rater, Role, Service, State, TicketNumber,
};
use crate::engine::{Doing, Error};

/// A ticket with its course.
pub(super) struct Known {
    pub(super) number: TicketNumber,
    pub(super) course: Course,
    /// The turn of its course was taken.
    turned: bool,
    /// How it is rated again.
    channel: Channel,
    service: Service,
}

/// What a look at a ticket came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    Moved(State),
    Waits,
    Over,
}

impl Centre<'_> {
    /// Takes note of the ticket that a rating opened, or of the one it was added to.
    pub(super) fn opened(
        &mut self,
        ticket: Option<String>,
        channel: Channel,
        service: Service,
    ) -> Result<(), Error> {
        let Some(ticket) = ticket else { return Ok(()) };
        let number = ticket.parse::<TicketNumber>();
        let number = number.map_err(|error| Error::Other(error.to_string()))?;
        if self.tickets.iter().any(|known| known.number == number) {
            return Ok(());
        }
        let course = match self.untaken.pop() {
            Some(course) => course,
            None => Course::drawn(&mut self.chance),
        };
        self.tickets.push(Known {
            number,
            course,
            turned: false,
            channel,
            service,
        });
        self.done.tickets += 1;
        let minutes = self.chance.between(15, 150);
        self.after(minutes, Event::Work(self.tickets.len() - 1));
        Ok(())
    }

    /// Somebody looks after the ticket, and somebody will again.
    pub(super) async fn work(&mut self, which: usize) -> Result<(), Error> {
        let looked = self.look_after(which).await?;
        let minutes = match (looked, self.tickets[which].course.turn) {
            (Looked::Over, _) => return Ok(()),
            (Looked::Waits, _) => 255,
            (Looked::Moved(_), Turn::Late) => self.chance.between(600, 1400),
            (Looked::Moved(_), _) => self.chance.between(20, 260),
        };
        self.after(minutes, Event::Work(which));
        Ok(())
    }

    /// The next step of a ticket, now.
    pub(super) async fn look_after(&mut self, which: usize) -> Result<Looked, Error> {
        let number = self.tickets[which].number;
        let whole = self.engine.whole_case(number).await?;
        let whole = whole.ok_or_else(|| Error::NoSuchTicket(number.to_string()))?;
        let officers = self.cast.of(Role::CentreOfficer);
        let officer = self.chance.one(&officers).id.clone();
        let known = &mut self.tickets[which];
        let mut scene = Scene {
            now: self.now,
            officer,
            seconded_from: whole.seconded_from,
            chance: &mut self.chance,
        };
        match known
            .course
            .next(&whole.case, &mut known.turned, &mut scene)
        {
            Step::Over => Ok(Looked::Over),
            Step::Wait => Ok(Looked::Waits),
            Step::Rate(grade) => self.rate_anew(which, grade).await,
            Step::Do(act) => self.act(&whole.case, act).await,
        }
    }

    async fn act(&mut self, case: &Case, act: Act) -> Result<Looked, Error> {
        let kind = act.kind(case.is_last_round());
        let Some(by) = self.hand_for(case, kind, act.order()) else {
            self.done.hindered += 1;
            return Ok(Looked::Waits);
        };
        let doing = Doing {
            ticket: case.ticket.number,
            act,
            by,
            seen: Some(case.version),
            key: None,
        };
        match self.engine.act(doing, self.now).await {
            Ok(acted) => {
                self.done.acts += 1;
                Ok(Looked::Moved(acted.state))
            }
            // Time has passed over it since the last tick.
            Err(Error::Unlawful(_) | Error::Stale) => {
                self.done.hindered += 1;
                Ok(Looked::Waits)
            }
            Err(error) => Err(error),
        }
    }

    /// Somebody who may do it now: the officer whose ticket it is, the rater himself, or whoever is there.
    fn hand_for(&mut self, case: &Case, kind: &'static Kind, order: Option<u8>) -> Option<By> {
        let may = |by: &By| may(case, kind, order, by, self.now).is_ok();
        if kind.actors.contains(&Actor::Rater) && may(&By::Rater) {
            return Some(By::Rater);
        }
        let from = self.chance.below(1000);
        let mut able: Vec<By> = self.cast.hands(from).filter(may).collect();
        let own = |by: &By| is_of(by, case.officer.as_ref());
        let place = able.iter().position(own).unwrap_or(0);
        (!able.is_empty()).then(|| able.swap_remove(place))
    }

    async fn rate_anew(&mut self, which: usize, grade: Grade) -> Result<Looked, Error> {
        let known = &self.tickets[which];
        let (channel, service) = (known.channel, known.service.clone());
        let rater = match channel {
            Channel::WebFiling | Channel::WebConsultation => {
                proven_rater(self.chance.below(super::ratings::APPLICANTS))
            }
            _ => Rater::caller(None),
        };
        self.hand_in(channel, service, rater, grade).await?;
        Ok(Looked::Moved(State::ToRerate))
    }

    /// Where every ticket stands.
    pub(super) async fn states(&self) -> Result<Vec<State>, Error> {
        let mut states = Vec::new();
        for known in &self.tickets {
            let whole = self.engine.whole_case(known.number).await?;
            states.extend(whole.map(|whole| whole.case.ticket.state));
        }
        Ok(states)
    }

    pub(super) fn set_now(&mut self, now: Moment) {
        self.now = now.min(self.end);
    }
}

fn is_of(by: &By, person: Option<&PersonId>) -> bool {
    match by {
        By::Person(hand) => person == Some(&hand.person),
        By::System | By::Rater => false,
    }
}
