//! Ratings of the example centre that come by the web, at a window, by SMS and from the suggestion box.

use super::calls::grade;
use super::cast::{agents, number, units};
use super::centre::Centre;
use super::words;
use crate::channels::{CURRENT, options_of};
use crate::domain::{
    Channel, Choices, ContentItem, Evidence, Grade, Identity, Intake, IntakeKey, Moment, Rater,
    Remark, Service, UnitId,
};
use crate::engine::{Error, NewSlip, Submitted, applicant_of};

/// Applicants who are proven.
pub(super) const APPLICANTS: usize = 60;

const SECOND: i64 = 1000;

impl Centre<'_> {
    /// Somebody rates what was done for him a few minutes ago.
    pub(super) async fn rate(&mut self, channel: Channel) -> Result<(), Error> {
        let serial = self.fresh();
        let served_at = self.now.plus_millis(-self.chance.between(90, 900) * SECOND);
        let unit = self.some_unit();
        let staff = vec![(*self.chance.one(&agents())).to_owned()];
        let service = match channel {
            Channel::WebConsultation => Service::WebConsultation {
                code: format!("example-{serial}"),
                unit,
                staff,
                served_at,
            },
            _ => Service::WindowAct {
                window: format!("example-{}", 1 + self.chance.below(4)),
                act: format!("example-{serial}"),
                item: Some(self.chance.one(&words::ITEMS).0.to_owned()),
                unit,
                staff,
                served_at,
            },
        };
        let grade = grade(&mut self.chance);
        let rater = self.rater(channel);
        self.hand_in(channel, service, rater, grade).await.map(drop)
    }

    fn some_unit(&mut self) -> Option<UnitId> {
        let all: Vec<UnitId> = units().collect();
        let named = self.chance.percent(70);
        let unit = self.chance.one(&all).clone();
        named.then_some(unit)
    }

    /// By the web people are logged in; at a window most are nobody.
    fn rater(&mut self, channel: Channel) -> Rater {
        let proven = match channel {
            Channel::WindowDevice => false,
            Channel::WindowQr => self.chance.percent(40),
            _ => true,
        };
        match proven {
            false => Rater::caller(None),
            true => proven_rater(self.chance.below(APPLICANTS)),
        }
    }

    /// Somebody of the staff rates at the window from his own telephone: it is counted and turned away.
    pub(super) async fn staff_rates(&mut self) -> Result<(), Error> {
        let service = Service::WindowAct {
            window: "example-2".to_owned(),
            act: format!("example-{}", self.fresh()),
            item: Some(words::ITEMS[0].0.to_owned()),
            unit: None,
            staff: vec![agents()[1].to_owned()],
            served_at: self.now.plus_millis(-60 * SECOND),
        };
        let rater = Rater::caller(Some(self.staff_phone()));
        self.hand_in(Channel::WindowQr, service, rater, Grade::VerySatisfied)
            .await
            .map(drop)
    }

    /// One of many at one window within a few minutes.
    pub(super) async fn burst(&mut self) -> Result<(), Error> {
        let service = Service::WindowAct {
            window: "example-3".to_owned(),
            act: format!("example-{}", self.fresh()),
            item: Some(words::ITEMS[0].0.to_owned()),
            unit: None,
            staff: vec![agents()[0].to_owned()],
            served_at: self.now.plus_millis(-10 * SECOND),
        };
        let (rater, grade) = (Rater::caller(None), Grade::VerySatisfied);
        self.hand_in(Channel::WindowDevice, service, rater, grade)
            .await
            .map(drop)
    }

    /// The SMS to whom the rating was not offered is answered.
    pub(super) async fn answer_invitation(&mut self) -> Result<(), Error> {
        let Some(call_id) = self.invited.pop() else {
            return Ok(());
        };
        let rater = Rater::caller(Some(number(self.chance.below(400))));
        let grade = grade(&mut self.chance);
        let service = consultation(call_id, self.now);
        self.hand_in(Channel::Sms, service, rater, grade)
            .await
            .map(drop)
    }

    pub(super) async fn slip(&mut self) -> Result<(), Error> {
        let slip = format!("example-{}", self.fresh());
        let grade = self.chance.percent(80).then(|| grade(&mut self.chance));
        let text = match grade.is_some_and(|grade| !grade.is_positive()) {
            true => words::bad(&mut self.chance),
            false => words::good(&mut self.chance),
        };
        let new = NewSlip {
            slip: slip.clone(),
            opened_on: self.now.day(),
            text: text.to_owned(),
            scan: None,
            grade,
            items: vec![*self.chance.one(&ContentItem::ALL)],
        };
        let service = Service::Suggestion {
            slip,
            opened_on: new.opened_on,
            scan: None,
        };
        let submitted = self
            .engine
            .enter_slip(&new, "example.officer1", self.now)
            .await?;
        if let Some(submitted) = submitted {
            self.done.ratings += 1;
            self.opened(submitted.ticket, Channel::SuggestionBox, service)?;
        }
        Ok(())
    }

    /// Hands it in, graded a moment ago; `None` where it was turned away.
    pub(super) async fn hand_in(
        &mut self,
        channel: Channel,
        service: Service,
        rater: Rater,
        grade: Grade,
    ) -> Result<Option<Submitted>, Error> {
        let intake = Intake {
            key: IntakeKey(format!("example-{}", self.fresh())),
            channel,
            service: service.clone(),
            rater,
            grade,
            graded_at: self.now.plus_millis(-SECOND),
            reasons: Vec::new(),
            choices: self.choices(grade),
            remark: self.remark(grade),
            evidence: Evidence::default(),
            rehearsal: false,
        };
        match self.engine.submit(intake, self.now).await {
            Ok(submitted) => {
                self.done.ratings += 1;
                self.opened(submitted.ticket.clone(), channel, service)?;
                Ok(Some(submitted))
            }
            Err(Error::Ineligible) => {
                self.done.turned_away += 1;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn choices(&mut self, grade: Grade) -> Choices {
        let all: Vec<u16> = options_of(grade).map(|choice| choice.code).collect();
        let options: Vec<u16> = match self.chance.percent(60) {
            true => vec![*self.chance.one(&all)],
            false => Vec::new(),
        };
        Choices {
            items: vec![*self.chance.one(&ContentItem::ALL)],
            dictionary: (!options.is_empty()).then(|| CURRENT.edition.to_owned()),
            options,
        }
    }

    fn remark(&mut self, grade: Grade) -> Option<Remark> {
        let text = match grade.is_positive() {
            true if self.chance.percent(15) => words::good(&mut self.chance),
            false if self.chance.percent(60) => words::bad(&mut self.chance),
            _ => return None,
        };
        Some(Remark::Text(text.to_owned()))
    }
}

/// The engine knows who spoke and when.
fn consultation(call_id: String, now: Moment) -> Service {
    Service::Consultation {
        call_id,
        staff: Vec::new(),
        served_at: now,
    }
}

/// Logged in by the platform, which does not exist either.
pub(super) fn proven_rater(applicant: usize) -> Rater {
    Rater {
        number: None,
        identity: Identity::I3,
        applicant: applicant_of(&format!("example-{applicant}")),
    }
}
