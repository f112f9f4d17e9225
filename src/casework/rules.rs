//! May somebody do something now: the row, the hands, the guards that do not look into the content.

use super::case::{ATTEMPTS, Case, Order, is_exhausted};
use crate::acts::Kind;
use crate::domain::{
    Actor, By, DeadlineKind, Event, Hand, Hindrance, Moment, PersonId, Refusal, Role, Row, State,
    UnitId, transition,
};

/// Raters are called from 09:00 …
const CALLS_FROM: i8 = 9;
/// … to 20:00.
const CALLS_UNTIL: i8 = 20;

/// What the one who was rated does not do.
const NOT_BY_THE_RATED: [&str; 5] = ["revisit", "draft", "report", "answer", "assign"];

/// An act about to be judged.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub case: &'a Case,
    pub kind: &'static Kind,
    /// The order it is on, where there is one.
    pub order: Option<&'a Order>,
    pub by: &'a By,
    pub now: Moment,
}

impl<'a> Asked<'a> {
    /// From where the row leads: an order walks on its own.
    pub fn state(&self) -> State {
        match self.order {
            Some(order) if self.kind.on_order => order.state,
            _ => self.case.ticket.state,
        }
    }

    /// The row that allows it, or why nobody or not this one may.
    pub fn may(&self) -> Result<&'static Row, Refusal> {
        let row = transition(Some(self.state()), self.kind.event)?;
        if self.kind.on_order && self.order.is_none() && !is_ruling(self.kind.event) {
            return Err(self.hindered(Hindrance::NoSuchOrder));
        }
        self.hands(row)?;
        self.guards()?;
        Ok(row)
    }

    pub fn hindered(&self, why: Hindrance) -> Refusal {
        let event = self.kind.event;
        let state = Some(self.state());
        let article = crate::domain::article_of(event);
        Refusal::Hindered {
            article,
            state,
            event,
            why,
        }
    }

    pub fn incomplete(&self, field: &'static str) -> Refusal {
        Refusal::Incomplete {
            article: crate::domain::article_of(self.kind.event),
            state: Some(self.state()),
            event: self.kind.event,
            field,
        }
    }

    /// As which of the row's actors `by` does it.
    pub fn actor(&self) -> Option<Actor> {
        let actors = self.kind.actors.iter().copied();
        actors.into_iter().find(|actor| self.holds(*actor))
    }

    fn holds(&self, actor: Actor) -> bool {
        let hand = match (actor, self.by) {
            (Actor::System, By::System) | (Actor::Rater, By::Rater) => return true,
            (Actor::System | Actor::Rater, _) | (_, By::System | By::Rater) => return false,
            (_, By::Person(hand)) => hand,
        };
        let in_unit = |unit: Option<&UnitId>, roles: &[Role]| {
            unit.is_some_and(|unit| roles.iter().any(|role| hand.has_in(*role, unit)))
        };
        let responsible = self.order.map(|order| &order.unit);
        const BOTH: [Role; 2] = [Role::UnitLiaison, Role::UnitHead];
        match actor {
            Actor::System | Actor::Rater => false,
            Actor::CentreOfficer => hand.has(Role::CentreOfficer),
            Actor::CentreRevisitor => hand.has(Role::CentreRevisitor),
            Actor::CentreSupervisor => hand.has(Role::CentreSupervisor),
            Actor::GeneralOffice => hand.has(Role::OfficeClerk) || hand.has(Role::OfficeSigner),
            Actor::GeneralOfficeSigner => hand.has(Role::OfficeSigner),
            Actor::HandlingUnit => in_unit(self.case.handling_unit.as_ref(), &BOTH),
            Actor::ResponsibleUnit => in_unit(responsible, &BOTH),
            Actor::ResponsibleHead => in_unit(responsible, &[Role::UnitHead]),
        }
    }

    fn hands(&self, row: &'static Row) -> Result<(), Refusal> {
        if self.actor().is_some() {
            return Ok(());
        }
        // The right post in the wrong unit is told apart: it is the commonest mistake.
        if let By::Person(hand) = self.by {
            let of_units = hand.has(Role::UnitHead) || hand.has(Role::UnitLiaison);
            let wants = |actor: Actor| self.kind.actors.contains(&actor);
            if of_units && wants(Actor::HandlingUnit) {
                return Err(self.hindered(Hindrance::NotOfHandlingUnit));
            }
            let wants_head = wants(Actor::ResponsibleHead) && hand.has(Role::UnitHead);
            if wants_head || (of_units && wants(Actor::ResponsibleUnit)) {
                return Err(self.hindered(Hindrance::NotOfUnit));
            }
        }
        Err(Refusal::NotYours {
            article: row.article,
            state: Some(self.state()),
            event: row.event,
            actors: self.kind.actors,
        })
    }

    fn guards(&self) -> Result<(), Refusal> {
        if let By::Person(hand) = self.by {
            self.independence(hand)?;
        }
        let hindrance = match self.kind.word {
            "revisit" => self.revisit(),
            "confirm_mistake" => self.confirm_mistake(),
            "give_opinion" => self.case.opinion.as_ref().map(|_| Hindrance::AlreadyDone),
            "report" => self.report(),
            "return_draft" => self.others_run(),
            // A proposal that is not followed leaves a 差评 like any other: its rater is asked first.
            "dispatch" => self.unasked(),
            "accept_proposal" => self
                .case
                .proposed_invalid()
                .map_or(Some(Hindrance::ProposalMissing), |_| self.others_run()),
            "contest" => self.contest(),
            "request_complex" => self.request_complex(),
            "request_extension" => self.request_extension(),
            "decide_complex" => self.pending(false),
            "decide_extension" => self.pending(true),
            "propose_malicious" => self
                .case
                .revisits_now()
                .next()
                .is_none()
                .then_some(Hindrance::RevisitMissing),
            "judge_malicious" => match self.order.map(|order| order.proposed_by.is_some()) {
                Some(true) => None,
                _ => Some(Hindrance::ConditionsMissing),
            },
            "close_unreached" => self.close_unreached(),
            "object" => self.object(),
            _ => None,
        };
        hindrance.map_or(Ok(()), |why| Err(self.hindered(why)))
    }

    /// Nobody judges himself, his unit, or the step he did before.
    fn independence(&self, hand: &Hand) -> Result<(), Refusal> {
        let why = self
            .on_the_ticket(hand)
            .or_else(|| self.order.and_then(|order| self.on_the_order(hand, order)));
        why.map_or(Ok(()), |why| Err(self.hindered(why)))
    }

    fn on_the_ticket(&self, hand: &Hand) -> Option<Hindrance> {
        let case = self.case;
        let is_me = |other: Option<&PersonId>| other == Some(&hand.person);
        let rated = hand
            .staff
            .as_ref()
            .is_some_and(|staff| case.staff.contains(staff));
        if rated && NOT_BY_THE_RATED.contains(&self.kind.word) {
            return Some(Hindrance::RatedAgent);
        }
        let drafted = is_me(case.draft.as_ref().and_then(|draft| draft.by.as_ref()));
        let approved = is_me(case.reported_by.as_ref());
        let twice = match self.kind.word {
            "report" => drafted,
            "dispatch" | "accept_proposal" | "return_draft" => drafted || approved,
            "confirm_mistake" => case
                .revisits_now()
                .any(|revisit| revisit.slip && is_me(revisit.by.as_ref())),
            _ => false,
        };
        if twice {
            return Some(Hindrance::TwiceInOneChain);
        }
        let judged = is_me(case.judged_by.as_ref())
            || is_me(self.order.and_then(|order| order.judged_by.as_ref()));
        let again = is_ruling(self.kind.event) && case.objected && judged;
        again.then_some(Hindrance::SameReviewer)
    }

    fn on_the_order(&self, hand: &Hand, order: &Order) -> Option<Hindrance> {
        let is_me = |other: Option<&PersonId>| other == Some(&hand.person);
        let filed = is_me(order.filing.as_ref().and_then(|filing| filing.by.as_ref()));
        let accepts = matches!(
            self.kind.word,
            "return_rectification" | "accept_rectification"
        );
        let judges = accepts || is_ruling(self.kind.event);
        // The General Office signs what is malicious, whoever is responsible.
        let signs_last = self.kind.word == "judge_malicious" && order.unit.is_general_office();
        if judges && order.unit.is_centre() {
            let office = hand.has(Role::OfficeSigner) || hand.has(Role::OfficeClerk);
            if !office || hand.is_of(&order.unit) {
                return Some(Hindrance::Recused);
            }
        }
        if judges && hand.is_of(&order.unit) && !signs_last {
            return Some(Hindrance::OfResponsibleUnit);
        }
        let asked = order
            .request
            .as_ref()
            .and_then(|request| request.by.as_ref());
        let twice = match self.kind.word {
            "judge_malicious" => filed || is_me(order.proposed_by.as_ref()),
            "decide_complex" | "decide_extension" => is_me(asked),
            _ if accepts => is_me(order.rectified_by.as_ref()),
            _ => judges && filed,
        };
        twice.then_some(Hindrance::TwiceInOneChain)
    }

    fn revisit(&self) -> Option<Hindrance> {
        let made: Vec<Moment> = self.case.revisits_now().map(|revisit| revisit.at).collect();
        let (hour, _) = self.now.hour_minute();
        if self.case.no_more_calls() {
            return Some(Hindrance::RevisitRefused);
        }
        if made.len() >= ATTEMPTS {
            return Some(Hindrance::AttemptsUsedUp);
        }
        if !(CALLS_FROM..CALLS_UNTIL).contains(&hour) {
            return Some(Hindrance::OutOfHours);
        }
        let today = made.iter().filter(|at| at.day() == self.now.day()).count();
        (made.len() + 1 == ATTEMPTS && today == made.len()).then_some(Hindrance::ThirdOnSameDay)
    }

    fn confirm_mistake(&self) -> Option<Hindrance> {
        (!self.case.slip_is_confirmed())
            .then_some(Hindrance::CorrectionMissing)
            .or_else(|| self.unasked())
    }

    /// No 差评 is closed without its revisit, done or tried in vain (第八条).
    fn unasked(&self) -> Option<Hindrance> {
        (!self.case.is_revisited()).then_some(Hindrance::RevisitMissing)
    }

    fn report(&self) -> Option<Hindrance> {
        let Some(draft) = &self.case.draft else {
            return Some(Hindrance::DraftMissing);
        };
        // A test call or a duplicate has no rater to ask and no unit to hear.
        if draft.assessment.invalid.is_some() {
            return None;
        }
        if let Some(why) = self.unasked() {
            return Some(why);
        }
        let asked = self.case.handling_unit.is_some();
        (asked && self.case.opinion.is_none()).then_some(Hindrance::OpinionMissing)
    }

    fn others_run(&self) -> Option<Hindrance> {
        self.case
            .live()
            .any(|order| order.state != State::Reported)
            .then_some(Hindrance::OrdersRun)
    }

    fn contest(&self) -> Option<Hindrance> {
        let order = self.order?;
        if order.contested {
            return Some(Hindrance::AlreadyDone);
        }
        self.over(DeadlineKind::Contest, order)
    }

    /// Whether the kind's clock of the order is not there or past.
    fn over(&self, kind: DeadlineKind, order: &Order) -> Option<Hindrance> {
        match self.case.running(Some(order.number), kind) {
            Some(clock) if self.now <= clock.due_at => None,
            _ => Some(Hindrance::TimeIsOver),
        }
    }

    fn request_complex(&self) -> Option<Hindrance> {
        let order = self.order?;
        if order.request.is_some() {
            return Some(Hindrance::AlreadyRequested);
        }
        match self.case.rectifying(order.number) {
            Some(clock) if clock.key.kind != DeadlineKind::Rectify => Some(Hindrance::AlreadyDone),
            _ => self.over(DeadlineKind::Rectify, order),
        }
    }

    fn request_extension(&self) -> Option<Hindrance> {
        let order = self.order?;
        if order
            .request
            .as_ref()
            .is_some_and(|request| request.needs_grant)
        {
            return Some(Hindrance::AlreadyRequested);
        }
        match self.case.rectifying(order.number) {
            // After a rejected appeal the office may grant a day, even if the five are past (row 21).
            Some(clock) if clock.key.kind == DeadlineKind::Rectify => {
                order.judged_by.is_none().then_some(Hindrance::TimeIsOver)
            }
            Some(clock) if self.now <= clock.due_at => None,
            _ => Some(Hindrance::TimeIsOver),
        }
    }

    fn pending(&self, extension: bool) -> Option<Hindrance> {
        let request = self.order?.request.as_ref();
        let Some(request) = request.filter(|request| request.until.is_some() == extension) else {
            return Some(Hindrance::NothingRequested);
        };
        let signer = match self.by {
            By::Person(hand) => hand.has(Role::OfficeSigner),
            By::System | By::Rater => false,
        };
        (request.needs_grant && !signer).then_some(Hindrance::OfficeOnly)
    }

    fn close_unreached(&self) -> Option<Hindrance> {
        let attempts = &self.case.attempts;
        let hopeless = attempts.iter().any(|attempt| {
            attempt.result.ends() && attempt.result != crate::acts::Reached::Connected
        });
        let tried = hopeless || is_exhausted(attempts.iter().map(|attempt| attempt.at));
        (!tried).then_some(Hindrance::NotUnreached)
    }

    fn object(&self) -> Option<Hindrance> {
        if self.case.objected {
            return Some(Hindrance::AlreadyDone);
        }
        match self.case.running(None, DeadlineKind::Object) {
            Some(clock) if self.now <= clock.due_at => None,
            _ => Some(Hindrance::TimeIsOver),
        }
    }
}

impl Case {
    /// The rater says that it was a slip, or has corrected it with a proven identity.
    pub(super) fn slip_is_confirmed(&self) -> bool {
        let round = self.ticket.round;
        let said = self.revisits_now().any(|revisit| revisit.slip);
        let corrected = self
            .ratings
            .iter()
            .any(|rating| rating.round == round && rating.grade.is_positive() && rating.proven);
        said || corrected
    }
}

/// Rows 17 to 21.
pub(super) fn is_ruling(event: Event) -> bool {
    matches!(
        event,
        Event::JudgedInvalid
            | Event::JudgedMistaken
            | Event::JudgedMalicious
            | Event::ExplanationAccepted
            | Event::AppealRejected
    )
}

/// Whether a phone call to a rater is made at a civil hour.
pub(super) fn is_calling_hour(now: Moment) -> bool {
    (CALLS_FROM..CALLS_UNTIL).contains(&now.hour_minute().0)
}
