//! Slips of the suggestion box (第七条（四）): entered by hand, a rating where they have a grade.

use super::{Engine, Error, Submitted};
use crate::domain::{
    Applicant, Channel, Choices, ContentItem, Day, Evidence, Grade, Intake, IntakeKey, Moment,
    Rater, Remark, Service, ServiceKey,
};
use crate::register::SuggestionRow;
use crate::secrets::digest;

/// A slip as it is entered.
#[derive(Debug, Clone)]
pub struct NewSlip {
    pub slip: String,
    /// The day the box was opened.
    pub opened_on: Day,
    pub text: String,
    /// Where the scanned slip is kept.
    pub scan: Option<String>,
    /// Without one it is a suggestion and no rating.
    pub grade: Option<Grade>,
    pub items: Vec<ContentItem>,
}

/// A platform's own id of a proven applicant as a digest; `None` for an empty one.
pub fn applicant_of(id: &str) -> Option<Applicant> {
    let id = id.trim();
    (!id.is_empty()).then(|| Applicant(digest(&format!("applicant:{id}"))))
}

impl Engine {
    /// The terms of a bad one run from its entry, for no other time is known (A37). A slip that was entered
    /// before is refused: its number is written on it.
    pub async fn enter_slip(
        &self,
        new: &NewSlip,
        by: &str,
        now: Moment,
    ) -> Result<Option<Submitted>, Error> {
        if new.text.trim().is_empty() && new.grade.is_none() {
            return Err(Error::Refused("the slip says nothing".to_owned()));
        }
        if new.opened_on > now.day() {
            return Err(Error::Refused("the box was not opened yet".to_owned()));
        }
        let service = Service::Suggestion {
            slip: new.slip.clone(),
            opened_on: new.opened_on,
            scan: new.scan.clone(),
        };
        let key: ServiceKey = service.key();
        let mut tx = self.write().await?;
        tx.lock_instance(&key).await?;
        let row = SuggestionRow {
            slip: &new.slip,
            opened_on: new.opened_on,
            text: &new.text,
            scan: new.scan.as_deref(),
            grade: new.grade,
            by,
        };
        if !tx.insert_suggestion(&row, now).await? {
            return Err(Error::Refused(format!(
                "the slip {} was entered before",
                new.slip
            )));
        }
        let submitted = match new.grade {
            None => None,
            Some(grade) => {
                let text = Some(new.text.clone()).filter(|text| !text.trim().is_empty());
                let intake = Intake {
                    key: IntakeKey(key.0.clone()),
                    channel: Channel::SuggestionBox,
                    service,
                    rater: Rater::caller(None),
                    grade,
                    graded_at: now,
                    reasons: Vec::new(),
                    choices: Choices {
                        items: new.items.clone(),
                        ..Choices::default()
                    },
                    remark: text.map(Remark::Text),
                    evidence: Evidence::default(),
                    rehearsal: false,
                };
                self.submit_within(&mut tx, intake, now).await?
            }
        };
        tx.commit().await?;
        Ok(submitted)
    }
}
