//! The one way a rating comes in, whatever the door: load, decide, save.

use super::{CallId, ClipKind, Engine, Error, Submitted};
use crate::casework::take_in;
use crate::channels::{Facts, Ineligible, admissible};
use crate::domain::{
    Channel, Choices, Earlier, Evidence, Identity, Intake, IntakeKey, Moment, PersonId, PressedKey,
    Rater, Rating, Reason, Refusal, Remark, Series, Service, Stage, Unfit, decide,
};
use crate::store::{CallStanding, Tx};

impl Engine {
    /// Submits a rating, whatever the door. Idempotent by its key: a second delivery changes nothing and is
    /// answered like the first. What staff rate themselves is counted and refused (A42).
    pub async fn submit(&self, intake: Intake, now: Moment) -> Result<Submitted, Error> {
        let mut tx = self.write().await?;
        let submitted = self.submit_within(&mut tx, intake, now).await?;
        tx.commit().await?;
        submitted.ok_or(Error::Ineligible)
    }

    /// `None` where it was turned away, which is on record.
    pub(super) async fn submit_within(
        &self,
        tx: &mut Tx,
        mut intake: Intake,
        now: Moment,
    ) -> Result<Option<Submitted>, Error> {
        let instance = intake.service.key();
        tx.lock_instance(&instance).await?;
        if let Some(known) = tx.rating_by_key(&intake.key).await? {
            return Ok(Some(Submitted {
                rating: known.id,
                grade: known.grade,
                ticket: known.ticket,
            }));
        }
        if tx.was_turned_away(&intake).await? {
            return Ok(None);
        }
        let facts = self.facts(tx, &mut intake).await?;
        admissible(&intake, facts, now).map_err(Refusal::Unfit)?;
        let ratings = tx.ratings_of(&instance).await?;
        if let Some(first) = ratings.iter().find(|first| is_again(first, &intake)) {
            let (rating, grade) = (first.id.to_string(), first.intake.grade);
            let known = tx.rating_by_key(&first.intake.key).await?;
            tx.turn_away(&intake, Ineligible::Duplicate, None, now)
                .await?;
            let ticket = known.and_then(|known| known.ticket);
            return Ok(Some(Submitted {
                rating,
                grade,
                ticket,
            }));
        }
        if let Some(person) = self.of_the_staff(tx, &intake).await? {
            tx.turn_away(&intake, Ineligible::StaffNumber, Some(&person), now)
                .await?;
            return Ok(None);
        }
        self.take_in(tx, intake, &ratings, now).await.map(Some)
    }

    async fn take_in(
        &self,
        tx: &mut Tx,
        intake: Intake,
        ratings: &[Rating],
        now: Moment,
    ) -> Result<Submitted, Error> {
        let calendar = &self.inner.calendar;
        let tester = |number: &String| self.inner.settings.test_numbers.contains(number);
        let earlier = Earlier {
            ratings,
            listed: self.is_listed(tx, &intake).await?,
            test: intake.rater.number.as_ref().is_some_and(tester),
            before_force: !self.inner.settings.in_force(intake.graded_at),
        };
        let (instance, rehearsal) = (intake.service.key(), intake.rehearsal);
        let admitted = decide(intake, earlier, calendar, now)?;
        let case = match tx.open_ticket_of(&instance).await? {
            Some(number) => self.settled_case(tx, number, now).await?,
            None => None,
        };
        // Settling may have closed it.
        let open = case.filter(|case| !case.ticket.state.is_closed());
        let fresh = tx.fresh_ticket_number(Series::of(rehearsal), now).await?;
        let listed = earlier.listed;
        let decision = take_in(admitted, open.as_ref(), fresh, listed, calendar)?;
        let rating = decision.rating.as_ref().expect("an intake is a rating");
        if let Service::Matter {
            number,
            stage: Stage::Completed,
            ..
        } = &rating.intake.service
        {
            tx.meet_matter(number, rating.intake.graded_at).await?;
        }
        if !tx.save(&decision, calendar, now).await? {
            return Err(Error::Stale);
        }
        Ok(Submitted {
            rating: rating.id.to_string(),
            grade: rating.intake.grade,
            ticket: decision
                .case
                .as_ref()
                .map(|change| change.after.ticket.number.to_string()),
        })
    }

    /// What is known beside the intake. A matter's item, unit and applicant are those that are registered, and
    /// a caller whose number is one applicant's is I2.
    async fn facts(&self, tx: &mut Tx, intake: &mut Intake) -> Result<Facts, Error> {
        let mut facts = Facts {
            answered_at: tx.answered_at(&intake.service.key()).await?,
            completed_at: None,
        };
        if let Service::Matter {
            number,
            stage,
            item,
            unit,
            served_at,
            ..
        } = &mut intake.service
        {
            let unknown = || Refusal::Unfit(Unfit::NoSuchMatter(number.clone()));
            let matter = tx.matter(number).await?.ok_or_else(unknown)?;
            (*item, *unit) = (matter.item, matter.unit);
            facts.completed_at = matter.completed_at;
            if let (Stage::Completed, Some(at)) = (*stage, matter.completed_at) {
                *served_at = at;
            }
        }
        if let Service::Consultation {
            call_id,
            staff,
            served_at,
        } = &mut intake.service
            && intake.channel != Channel::Phone
        {
            let call = tx.call_standing(&CallId(call_id.clone())).await?;
            let call = call.ok_or(Refusal::NoService)?;
            *staff = call.staff.into_iter().collect();
            *served_at = call.desk_answered_at.unwrap_or(call.started_at);
        }
        let rater = &mut intake.rater;
        if let (Identity::I1, Some(number)) = (rater.identity, &rater.number)
            && let Some(applicant) = tx.applicant_by_phone(number).await?
        {
            rater.identity = Identity::I2;
            rater.applicant = Some(applicant);
        }
        Ok(facts)
    }

    /// Whose telephone or extension it came from; a rehearsal may be anybody's.
    async fn of_the_staff(&self, tx: &mut Tx, intake: &Intake) -> Result<Option<PersonId>, Error> {
        let Some(number) = intake.rater.number.as_ref().filter(|_| !intake.rehearsal) else {
            return Ok(None);
        };
        let person = tx.person_by_phone(number).await?;
        Ok(person.map(|person| person.id))
    }

    /// Submits the grade that stands in a call, if one does.
    pub(super) async fn submit_call(
        &self,
        tx: &mut Tx,
        id: &CallId,
        call: &CallStanding,
        now: Moment,
    ) -> Result<Option<Submitted>, Error> {
        let Some(intake) = phone_intake(tx, id, call).await? else {
            return Ok(None);
        };
        self.submit_within(tx, intake, now).await
    }
}

/// The same grade of the same act at the same time by the same channel: told twice, under two keys.
fn is_again(first: &Rating, intake: &Intake) -> bool {
    let known = &first.intake;
    known.channel == intake.channel
        && known.grade == intake.grade
        && known.graded_at == intake.graded_at
}

/// What is rated in a call: itself, or what it is about, where we made it to ask once more (第十三条: 最后一次为准).
async fn rated_by(tx: &mut Tx, id: &CallId, call: &CallStanding) -> Result<Service, Error> {
    let consultation = |id: &CallId, call: &CallStanding| Service::Consultation {
        call_id: id.0.clone(),
        staff: call.staff.iter().cloned().collect(),
        served_at: call.desk_answered_at.unwrap_or(call.started_at),
    };
    let errand = tx.errand_of_call(id).await?;
    let about = errand.filter(|errand| errand.purpose == AGAIN);
    if let Some(about) = about.and_then(|errand| errand.about)
        && let Some(rated) = tx.call_standing(&about).await?
    {
        return Ok(consultation(&about, &rated));
    }
    Ok(consultation(id, call))
}

/// What a call out is for that asks for the second rating.
const AGAIN: &str = "result";

/// What a call hands in; `None` where no grade stands.
pub(super) async fn phone_intake(
    tx: &mut Tx,
    id: &CallId,
    call: &CallStanding,
) -> Result<Option<Intake>, Error> {
    let keyed = tx.keyed_grades(id).await?;
    let (Some(grade), Some(last)) = (call.grade, keyed.last()) else {
        return Ok(None);
    };
    let graded_at = last.at;
    let reasons = tx.reasons(id).await?;
    let mut keys: Vec<PressedKey> = Vec::new();
    for grade in &keyed {
        keys.push(PressedKey {
            key: grade.key,
            at: grade.at,
            offset_ms: grade.offset_ms,
        });
        keys.extend(grade.withdrawn_at.map(|at| PressedKey {
            key: '*',
            at,
            offset_ms: grade.offset_ms + (at.millis() - grade.at.millis()),
        }));
    }
    let service = rated_by(tx, id, call).await?;
    let clips = tx.clips(id).await?;
    let remark = clips.into_iter().find(|clip| clip.kind == ClipKind::Remark);
    keys.extend(reasons.iter().map(|reason| PressedKey {
        key: reason.key,
        at: reason.at,
        offset_ms: reason.offset_ms,
    }));
    Ok(Some(Intake {
        key: IntakeKey::phone(&id.0),
        channel: Channel::Phone,
        service,
        rater: Rater::caller(call.caller.clone()),
        grade,
        graded_at,
        reasons: reasons
            .iter()
            .filter_map(|keyed| Reason::of_code(&keyed.code))
            .collect(),
        choices: Choices::default(),
        remark: remark.map(|clip| Remark::Clip(clip.path)),
        evidence: Evidence {
            keys,
            recording: Some(id.0.clone()),
            dialplan: Some(format!("{} {}", call.dialplan, call.dialplan_digest)),
        },
        rehearsal: call.rehearsal,
    }))
}
