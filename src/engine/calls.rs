//! What the phone writes while a call goes on and when it ends.

use super::completion::complete_rating;
use super::{
    ArchivedRecording, CallId, CallState, ClipKind, DeskSpan, EndedCall, Engine, Error, KeyedGrade,
    KeyedReason, NewCall, Submitted, TimelineEntry,
};
use crate::domain::{IntakeKey, Moment};
use crate::store::{CallStanding, Tx};

/// The outcome of a call with a grade; the other words are of `ivr::Outcome` too.
pub(super) const GRADED: &str = "graded";

impl Engine {
    /// The call's row, in state `greeting`. Idempotent by its id.
    pub async fn open_call(&self, call: NewCall) -> Result<(), Error> {
        let mut tx = self.write().await?;
        tx.insert_call(&call).await?;
        Ok(tx.commit().await?)
    }

    /// Lines of the timeline. Never waits: they are written together within a second, and before
    /// any later [`end_call`](Self::end_call) of the same call.
    pub fn mark(&self, call: &CallId, entries: impl IntoIterator<Item = TimelineEntry>) {
        self.inner.timeline.push(call, entries);
    }

    pub async fn set_state(&self, call: &CallId, state: CallState) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let found = tx.set_call_state(call, state).await?;
        finish(tx, found, call).await
    }

    /// A desk answered; its staff number (工号).
    pub async fn desk_answered(
        &self,
        call: &CallId,
        staff: Option<&str>,
        at: Moment,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let found = tx.set_desk(call, staff, at).await?;
        finish(tx, found, call).await
    }

    /// A desk came into the call, or left it. The call, and so its rating, is that one's who spoke with the caller
    /// last for ten seconds or more (一次通话，一次评价).
    pub async fn desk_span(&self, call: &CallId, span: DeskSpan) -> Result<(), Error> {
        let mut tx = self.write().await?;
        locked(&mut tx, call).await?;
        let found = tx.put_desk_span(call, &span).await?;
        finish(tx, found, call).await
    }

    /// How long caller and desk were joined so far.
    pub async fn talked(&self, call: &CallId, ms: u64) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let found = tx.set_talked(call, ms).await?;
        finish(tx, found, call).await
    }

    /// The rating was offered (first play of P10): counts for 推送率 even if the call ends by a fault.
    pub async fn offered(&self, call: &CallId, at: Moment) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let found = tx.set_offered(call, at).await?;
        finish(tx, found, call).await
    }

    /// Returns only when the grade is committed and synced. Every grade stays on record; the last
    /// one counts. Refused once the rating was submitted or the call is over. Told again, it changes
    /// nothing.
    pub async fn key_grade(&self, call: &CallId, grade: KeyedGrade) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let standing = locked(&mut tx, call).await?;
        if tx.knows_grade(call, &grade).await? {
            // Said only when it is durable, whoever wrote it.
            return Ok(tx.commit().await?);
        }
        ungraded_yet(&mut tx, call, &standing).await?;
        tx.append_grade(call, &grade).await?;
        Ok(tx.commit().await?)
    }

    /// The caller took the last grade back (`*`). It stays on record, withdrawn. Does nothing where
    /// none stands, and nothing where it is told again.
    pub async fn withdraw_grade(&self, call: &CallId, at: Moment) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let standing = locked(&mut tx, call).await?;
        if tx.knows_withdrawal(call, at).await? {
            // Said only when it is durable, whoever wrote it.
            return Ok(tx.commit().await?);
        }
        ungraded_yet(&mut tx, call, &standing).await?;
        if standing.grade.is_some() {
            tx.append_withdrawal(call, at).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The reason after a bad grade, by its local code. Told again, it changes nothing.
    pub async fn key_reason(&self, call: &CallId, reason: KeyedReason) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let standing = locked(&mut tx, call).await?;
        if tx.knows_reason(call, &reason).await? {
            // Said only when it is durable, whoever wrote it.
            return Ok(tx.commit().await?);
        }
        tx.append_reason(call, &reason).await?;
        if standing.ended_at.is_some() {
            complete_rating(&mut tx, call, &standing, reason.at).await?;
        }
        Ok(tx.commit().await?)
    }

    /// A message's clip; `path` relative to the recordings' folder. Also after the call's end. A
    /// second one of the same path changes nothing.
    pub async fn add_clip(
        &self,
        call: &CallId,
        kind: ClipKind,
        path: &str,
        length_ms: u64,
        sha256: &str,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let standing = locked(&mut tx, call).await?;
        tx.insert_clip(call, kind, path, length_ms, sha256).await?;
        if let Some(ended_at) = standing.ended_at {
            complete_rating(&mut tx, call, &standing, ended_at).await?;
        }
        Ok(tx.commit().await?)
    }

    /// `None`: at the number he called from. A later wish replaces an earlier one.
    pub async fn request_callback(
        &self,
        call: &CallId,
        number: Option<&str>,
        at: Moment,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let standing = locked(&mut tx, call).await?;
        let number = number.or(standing.caller.as_deref());
        tx.upsert_callback(call, number, at).await?;
        Ok(tx.commit().await?)
    }

    /// The whole call's recording, once it is archived. Also after the call's end. A second one of
    /// the same call changes nothing.
    pub async fn add_recording(
        &self,
        call: &CallId,
        recording: ArchivedRecording,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        locked(&mut tx, call).await?;
        tx.insert_recording(call, &recording).await?;
        Ok(tx.commit().await?)
    }

    /// The change window of the grade is over: submits the rating. Idempotent; `None` where no
    /// grade stands. After this [`key_grade`](Self::key_grade) is refused.
    pub async fn confirm_grade(
        &self,
        call: &CallId,
        now: Moment,
    ) -> Result<Option<Submitted>, Error> {
        let mut tx = self.write().await?;
        let standing = locked(&mut tx, call).await?;
        let submitted = self.submit_call(&mut tx, call, &standing, now).await?;
        tx.commit().await?;
        Ok(submitted)
    }

    /// Closes the row and, where a grade stands that was not confirmed yet, submits it in the same
    /// transaction; a rating confirmed before gets what was said after it. Idempotent: a second end
    /// changes nothing and is answered like the first.
    ///
    /// The outcome follows the rows: a call whose grade stands is `graded` whatever failed after it.
    pub async fn end_call(&self, mut call: EndedCall) -> Result<Option<Submitted>, Error> {
        if let Err(error) = self.inner.timeline.flush().await {
            tracing::warn!(call = %call.id.0, %error, "the timeline stays pending at the call's end");
        }
        let mut tx = self.write().await?;
        let mut standing = locked(&mut tx, &call.id).await?;
        if standing.ended_at.is_none() {
            settle(&mut tx, &mut call, &mut standing).await?;
            tx.close_call(&call, CallState::Ended).await?;
        }
        let now = call.ended_at;
        let submitted = self.submit_call(&mut tx, &call.id, &standing, now).await?;
        complete_rating(&mut tx, &call.id, &standing, now).await?;
        tx.commit().await?;
        Ok(submitted)
    }
}

/// Makes outcome and grade say the same.
async fn settle(
    tx: &mut Tx,
    call: &mut EndedCall,
    standing: &mut CallStanding,
) -> Result<(), Error> {
    if standing.grade.is_some() {
        if call.outcome != GRADED {
            tracing::info!(call = %call.id.0, outcome = call.outcome, "the grade stands all the same");
            call.outcome = GRADED.to_owned();
            call.outcome_after_ms = None;
        }
        return Ok(());
    }
    if call.outcome != GRADED {
        return Ok(());
    }
    // The session let the grade stand that was about to be changed: it knows the plan.
    match tx.keyed_grades(&call.id).await?.last() {
        Some(last) => {
            tx.let_grade_stand(&call.id, last.grade).await?;
            standing.grade = Some(last.grade);
        }
        None => {
            tracing::error!(call = %call.id.0, "a graded call without a stored grade");
            call.outcome = "fault".to_owned();
        }
    }
    Ok(())
}

pub(super) async fn locked(tx: &mut Tx, call: &CallId) -> Result<CallStanding, Error> {
    tx.lock_call(call).await?;
    let standing = tx.call_standing(call).await?;
    standing.ok_or_else(|| Error::NoSuchCall(call.0.clone()))
}

async fn ungraded_yet(tx: &mut Tx, call: &CallId, standing: &CallStanding) -> Result<(), Error> {
    if standing.ended_at.is_some() {
        return Err(Error::Refused(format!("the call {} is over", call.0)));
    }
    if tx
        .rating_by_key(&IntakeKey::phone(&call.0))
        .await?
        .is_some()
    {
        return Err(Error::Refused(format!(
            "the grade of the call {} was confirmed",
            call.0
        )));
    }
    Ok(())
}

pub(super) async fn finish(tx: Tx, found: bool, call: &CallId) -> Result<(), Error> {
    if !found {
        return Err(Error::NoSuchCall(call.0.clone()));
    }
    Ok(tx.commit().await?)
}
