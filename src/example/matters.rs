//! Matters (办件) of the example centre: filed, completed, rated or not.

use super::cast::{number, units};
use super::centre::{Centre, Event};
use super::hours::MINUTE;
use super::ratings::{APPLICANTS, proven_rater};
use super::{calls::grade, words};
use crate::channels::{Applicants, Matter};
use crate::domain::{Channel, Rater, Service, Stage, UnitId};
use crate::engine::{Error, applicant_of};

/// A matter, with who filed it.
pub(super) struct Filed {
    matter: Matter,
    applicant: usize,
}

/// Who registers it.
const PLATFORM: &str = "example";

impl Centre<'_> {
    /// Somebody files a matter, and sometimes rates the filing itself.
    pub(super) async fn file(&mut self) -> Result<(), Error> {
        let all: Vec<UnitId> = units().collect();
        let (item, item_name) = *self.chance.one(&words::ITEMS);
        let applicant = self.chance.below(APPLICANTS);
        let matter = Matter {
            number: format!("example-{}", self.fresh()),
            item: item.to_owned(),
            item_name: item_name.to_owned(),
            unit: self.chance.one(&all).clone(),
            applicants: Applicants {
                name: "示例申请人".to_owned(),
                phone: Some(number(applicant)),
                applicant: applicant_of(&format!("example-{applicant}")),
            },
            completed_at: None,
            rehearsal: false,
        };
        self.engine
            .register_matter(&matter, PLATFORM, self.now)
            .await?;
        self.done.matters += 1;
        let which = self.filed.len();
        self.filed.push(Filed { matter, applicant });
        let days = self.chance.between(2, 9);
        self.after(days * 510, Event::Complete(which));
        if self.chance.percent(35) {
            let minutes = self.chance.between(2, 30);
            let at = self.now.plus_millis(minutes * MINUTE);
            self.at(at, Event::RateMatter(which, Channel::WebFiling));
        }
        Ok(())
    }

    /// Of what is completed about half is rated; the rest is reminded of, and gets its default.
    pub(super) async fn complete(&mut self, which: usize) -> Result<(), Error> {
        let matter = &mut self.filed[which].matter;
        matter.completed_at = Some(self.now);
        let matter = matter.clone();
        self.engine
            .register_matter(&matter, PLATFORM, self.now)
            .await?;
        if self.chance.percent(55) {
            let channel = self
                .chance
                .weighed(&[(Channel::WebFiling, 3), (Channel::Sms, 2)]);
            let minutes = self.chance.between(20, 1000);
            self.after(minutes, Event::RateMatter(which, channel));
        }
        Ok(())
    }

    /// The filing while the matter goes on, the whole of it afterwards.
    pub(super) async fn rate_matter(
        &mut self,
        which: usize,
        channel: Channel,
    ) -> Result<(), Error> {
        let Filed { matter, applicant } = &self.filed[which];
        let applicant = *applicant;
        let stage = match matter.completed_at {
            None => Stage::Filed,
            Some(_) => Stage::Completed,
        };
        let service = Service::Matter {
            number: matter.number.clone(),
            stage,
            item: matter.item.clone(),
            unit: matter.unit.clone(),
            staff: Vec::new(),
            served_at: matter
                .completed_at
                .unwrap_or(self.now.plus_millis(-2 * MINUTE)),
        };
        let rater = match channel {
            Channel::Sms => Rater::caller(Some(number(applicant))),
            _ => proven_rater(applicant),
        };
        let grade = grade(&mut self.chance);
        self.hand_in(channel, service, rater, grade).await.map(drop)
    }
}
