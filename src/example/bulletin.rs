//! The bulletins of the example centre's whole months (通报, 第十八条).

use super::centre::Centre;
use super::words;
use crate::bulletins::NewBulletin;
use crate::domain::Role;
use crate::engine::Error;
use crate::figures::{Period, TypicalCase};
use crate::staff::Person;

/// Whose turn it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Hand {
    Drafts,
    Reviews,
    Issues,
}

impl Centre<'_> {
    /// One of the three people does his part.
    pub(super) async fn bulletin(&mut self, period: Period, hand: Hand) -> Result<(), Error> {
        match hand {
            Hand::Drafts => self.draft(period).await,
            Hand::Reviews => {
                let reviewer = self.anybody(Role::CentreSupervisor)?;
                let seen = self.drafted(period).await?;
                self.engine
                    .review_bulletin(period, &seen, &reviewer, self.now)
                    .await
                    .map(drop)
            }
            Hand::Issues => {
                let signer = self.anybody(Role::OfficeSigner)?;
                let seen = self.drafted(period).await?;
                self.engine
                    .issue_bulletin(period, &seen, &signer, self.now)
                    .await?;
                self.done.bulletins += 1;
                Ok(())
            }
        }
    }

    async fn draft(&mut self, period: Period) -> Result<(), Error> {
        let first = period.from();
        let new = NewBulletin {
            reference: format!("示例〔{}〕{}号", first.year(), first.month()),
            to: vec!["示例各单位".to_owned()],
            cases: self.typical_case().into_iter().collect(),
            demands: words::text("请各单位举一反三"),
        };
        let drafter = self.anybody(Role::CentreOfficer)?;
        self.engine
            .draft_bulletin(period, new, &drafter, self.now)
            .await
            .map(drop)
    }

    /// The digest of what was drafted.
    async fn drafted(&self, period: Period) -> Result<String, Error> {
        let found = self.engine.bulletin(period, self.now).await?;
        let found = found.map(|found| found.row.digest);
        found.ok_or_else(|| Error::Other(format!("nobody has drafted {period}")))
    }

    fn anybody(&mut self, role: Role) -> Result<Person, Error> {
        let people = self.cast.of(role);
        match people.is_empty() {
            true => Err(Error::Other(format!("nobody is {}", role.word()))),
            false => Ok((*self.chance.one(&people)).clone()),
        }
    }

    fn typical_case(&mut self) -> Option<TypicalCase> {
        let known = self.tickets.first()?;
        let (measure, outcome, _) = words::measure(&mut self.chance);
        Some(TypicalCase {
            ticket: known.number.to_string(),
            problem: words::bad(&mut self.chance).to_owned(),
            measure,
            outcome,
        })
    }
}
