//! The one way a rating comes in, whatever the door: load, decide, save.

use super::{CallId, ClipKind, Engine, Error, Submitted};
use crate::casework::take_in;
use crate::domain::{
    Channel, Earlier, Evidence, Intake, IntakeKey, Moment, PressedKey, Rater, Reason, Remark,
    Series, Service, decide,
};
use crate::store::{CallStanding, Tx};

impl Engine {
    /// Submits a rating. Idempotent by its key: a second delivery changes nothing and is answered
    /// like the first.
    pub async fn submit(&self, intake: Intake, now: Moment) -> Result<Submitted, Error> {
        let mut tx = self.write().await?;
        let submitted = self.submit_within(&mut tx, intake, now).await?;
        tx.commit().await?;
        Ok(submitted)
    }

    pub(super) async fn submit_within(
        &self,
        tx: &mut Tx,
        intake: Intake,
        now: Moment,
    ) -> Result<Submitted, Error> {
        let instance = intake.service.key();
        tx.lock_instance(&instance).await?;
        if let Some(known) = tx.rating_by_key(&intake.key).await? {
            return Ok(Submitted {
                rating: known.id,
                grade: known.grade,
                ticket: known.ticket,
            });
        }
        let calendar = &self.inner.calendar;
        let ratings = tx.ratings_of(&instance).await?;
        let earlier = Earlier { ratings: &ratings };
        let rehearsal = intake.rehearsal;
        let admitted = decide(intake, earlier, calendar, now)?;
        let case = match tx.open_ticket_of(&instance).await? {
            Some(number) => self.settled_case(tx, number, now).await?,
            None => None,
        };
        // Settling may have closed it.
        let open = case.filter(|case| !case.ticket.state.is_closed());
        let fresh = tx.fresh_ticket_number(Series::of(rehearsal), now).await?;
        let decision = take_in(admitted, open.as_ref(), fresh, false, calendar)?;
        if !tx.save(&decision, calendar, now).await? {
            return Err(Error::Stale);
        }
        let rating = decision.rating.as_ref().expect("an intake is a rating");
        Ok(Submitted {
            rating: rating.id.to_string(),
            grade: rating.intake.grade,
            ticket: decision
                .case
                .map(|change| change.after.ticket.number.to_string()),
        })
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
        self.submit_within(tx, intake, now).await.map(Some)
    }
}

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
        service: Service::Consultation {
            call_id: id.0.clone(),
            staff: call.staff.iter().cloned().collect(),
            served_at: call.desk_answered_at.unwrap_or(call.started_at),
        },
        rater: Rater::caller(call.caller.clone()),
        grade,
        graded_at,
        reasons: reasons.iter().filter_map(|r| reason(&r.code)).collect(),
        remark: remark.map(|clip| Remark::Clip(clip.path)),
        evidence: Evidence {
            keys,
            recording: Some(id.0.clone()),
            dialplan: Some(format!("{} {}", call.dialplan, call.dialplan_digest)),
        },
        rehearsal: call.rehearsal,
    }))
}

/// The local codes of the keypad. `T0` is none given: no reason.
fn reason(code: &str) -> Option<Reason> {
    match code {
        "T1" => Some(Reason::Attitude),
        "T2" => Some(Reason::UnclearAnswer),
        "T3" => Some(Reason::NotToldAtOnce),
        "T4" => Some(Reason::Progress),
        "T5" => Some(Reason::HardToReach),
        "T6" => Some(Reason::Other),
        _ => None,
    }
}
