//! What an earlier run left open, closed at the next start.

use super::calls::GRADED;
use super::completion::complete_rating;
use super::{
    ArchivedRecording, CallId, CallState, EndedCall, Engine, Error, HungUpBy, Salvage,
    TimelineEntry,
};
use crate::domain::Moment;
use crate::failpoint::{self, Step};
use crate::store::{CallStanding, Tx};

/// Calls looked at for a recording without a row: more than can wait to be stored when the house goes down, and those
/// that came in meanwhile and were never answered.
pub const LOOKED_AT: u64 = 10_000;

impl Engine {
    /// Calls that an earlier run left open, with their start, for the archive to repair their
    /// recordings.
    pub async fn unfinished_calls(&self) -> Result<Vec<(CallId, Moment)>, Error> {
        Ok(self.read().await?.open_calls().await?)
    }

    /// Calls that ended and whose recording never got its row: the earlier run was killed between the
    /// two. Their sound is in the archive; hand it to [`add_sound`](Self::add_sound).
    pub async fn unrecorded_calls(&self) -> Result<Vec<(CallId, Moment)>, Error> {
        Ok(self.read().await?.unrecorded_calls(LOOKED_AT).await?)
    }

    /// The sound of a call that ended, where the archive could save some.
    pub async fn add_sound(&self, sound: &Salvage) -> Result<(), Error> {
        let mut tx = self.write().await?;
        tx.lock_call(&sound.call).await?;
        let Some(call) = tx.call_standing(&sound.call).await? else {
            return Ok(());
        };
        insert_sound(&mut tx, sound).await?;
        let now = call.ended_at.unwrap_or(call.started_at);
        complete_rating(&mut tx, &sound.call, &call, now).await?;
        Ok(tx.commit().await?)
    }

    /// Closes a call that an earlier run left open as `interrupted`; a grade keyed then counts, and its
    /// rating is submitted with what was said beside it. `sound` is what the archive could save. One
    /// transaction: what fails is open still and found again. Whether there was anything to close.
    pub async fn close_interrupted(
        &self,
        id: &CallId,
        sound: Option<&Salvage>,
        now: Moment,
    ) -> Result<bool, Error> {
        failpoint::reach(Step::Recovering);
        let mut tx = self.write().await?;
        tx.lock_call(id).await?;
        let Some(call) = tx
            .call_standing(id)
            .await?
            .filter(|call| call.ended_at.is_none())
        else {
            return Ok(false);
        };
        if let Some(sound) = sound {
            insert_sound(&mut tx, sound).await?;
        }
        let recording = sound.and_then(|sound| sound.recording.as_ref());
        let recorded_ms = recording.map_or(0, |recording| recording.length_ms);
        let recorded_to = call
            .started_at
            .plus_millis(i64::try_from(recorded_ms).unwrap_or_default());
        let last_line = tx.last_event_at(id).await?.unwrap_or(call.started_at);
        let ended_at = last_line.max(recorded_to).min(now.max(call.started_at));
        let outcome = interrupted_outcome(&call);
        let line = TimelineEntry {
            at: ended_at,
            offset_ms: ended_at.millis() - call.started_at.millis(),
            kind: "outcome".to_owned(),
            detail: format!("{outcome} (interrupted)"),
        };
        let seq = tx.last_event_seq(id).await? + 1;
        tx.insert_event(id, seq, &line).await?;
        let ended = EndedCall {
            id: id.clone(),
            ended_at,
            hung_up_by: HungUpBy::System,
            outcome: outcome.to_owned(),
            outcome_after_ms: None,
        };
        tx.close_call(&ended, CallState::Interrupted).await?;
        self.submit_call(&mut tx, id, &call, now).await?;
        complete_rating(&mut tx, id, &call, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// The rows of what was saved; what has its row keeps it.
async fn insert_sound(tx: &mut Tx, sound: &Salvage) -> Result<(), Error> {
    let id = &sound.call;
    if let Some(recording) = &sound.recording {
        let recording = with_gaps(recording, &tx.events(id).await?);
        tx.insert_recording(id, &recording).await?;
    }
    for (kind, clip) in &sound.clips {
        tx.insert_clip(id, *kind, &clip.path, clip.length_ms, &clip.sha256)
            .await?;
    }
    Ok(())
}

/// The recorder that knew of the gaps is gone; the timeline was told each of them.
fn with_gaps(recording: &ArchivedRecording, timeline: &[TimelineEntry]) -> ArchivedRecording {
    let mut recording = recording.clone();
    if recording.gaps.is_empty() {
        let told = timeline.iter().filter_map(TimelineEntry::gap);
        // What the file does not hold any more is cut off, not silent.
        let within = told.filter(|gap| gap.from_ms < recording.length_ms);
        recording.gaps = within.map(|gap| (gap.from_ms, gap.length_ms)).collect();
    }
    recording
}

fn interrupted_outcome(call: &CallStanding) -> &'static str {
    let talked =
        call.talked_ms.is_some() || matches!(call.state, CallState::Talking | CallState::Rating);
    match (call.grade, talked) {
        (Some(_), _) => GRADED,
        (None, true) => "fault",
        (None, false) => "fault_before_talk",
    }
}
