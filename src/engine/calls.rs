//! What the phone writes while a call goes on and when it ends.

use super::{
    ArchivedRecording, CallId, CallState, ClipKind, EndedCall, Engine, Error, KeyedGrade,
    KeyedReason, NewCall, Submitted, TimelineEntry,
};
use crate::domain::Moment;

impl Engine {
    /// The call's row, in state `greeting`. Idempotent by its id.
    pub async fn open_call(&self, _call: NewCall) -> Result<(), Error> {
        todo!()
    }

    /// Lines of the timeline. Never waits: they are written together within a second, and before
    /// any later [`end_call`](Self::end_call) of the same call.
    pub fn mark(&self, _call: &CallId, _entries: impl IntoIterator<Item = TimelineEntry>) {
        todo!()
    }

    pub async fn set_state(&self, _call: &CallId, _state: CallState) -> Result<(), Error> {
        todo!()
    }

    /// A desk answered; its staff number (工号).
    pub async fn desk_answered(
        &self,
        _call: &CallId,
        _staff: Option<&str>,
        _at: Moment,
    ) -> Result<(), Error> {
        todo!()
    }

    /// How long caller and desk were joined so far. A call with this talked: it is ratable.
    pub async fn talked(&self, _call: &CallId, _ms: u64) -> Result<(), Error> {
        todo!()
    }

    /// The rating was offered (first play of P10): the numerator of 推送率.
    pub async fn offered(&self, _call: &CallId, _at: Moment) -> Result<(), Error> {
        todo!()
    }

    /// Returns only when the grade is committed and synced. Every grade stays on record; the last
    /// one counts.
    pub async fn key_grade(&self, _call: &CallId, _grade: KeyedGrade) -> Result<(), Error> {
        todo!()
    }

    /// The caller took the last grade back (`*`). It stays on record, withdrawn.
    pub async fn withdraw_grade(&self, _call: &CallId, _at: Moment) -> Result<(), Error> {
        todo!()
    }

    /// The reason after a bad grade, by its local code.
    pub async fn key_reason(&self, _call: &CallId, _reason: KeyedReason) -> Result<(), Error> {
        todo!()
    }

    /// A message's clip; `path` relative to the recordings' folder.
    pub async fn add_clip(
        &self,
        _call: &CallId,
        _kind: ClipKind,
        _path: &str,
        _length_ms: u64,
        _sha256: &str,
    ) -> Result<(), Error> {
        todo!()
    }

    /// `None`: at the number he called from.
    pub async fn request_callback(
        &self,
        _call: &CallId,
        _number: Option<&str>,
        _at: Moment,
    ) -> Result<(), Error> {
        todo!()
    }

    pub async fn add_recording(
        &self,
        _call: &CallId,
        _recording: ArchivedRecording,
    ) -> Result<(), Error> {
        todo!()
    }

    /// The change window of the grade is over: submits the rating. Idempotent; `None` where no
    /// grade stands. After this [`key_grade`](Self::key_grade) is refused.
    pub async fn confirm_grade(
        &self,
        _call: &CallId,
        _now: Moment,
    ) -> Result<Option<Submitted>, Error> {
        todo!()
    }

    /// Closes the row and, where a grade stands that was not confirmed yet, submits it in the same
    /// transaction. Idempotent.
    pub async fn end_call(&self, _call: EndedCall) -> Result<Option<Submitted>, Error> {
        todo!()
    }

    /// Calls that an earlier run left open, for the archive to repair their recordings.
    pub async fn unfinished_calls(&self) -> Result<Vec<CallId>, Error> {
        todo!()
    }

    /// Closes what an earlier run left open as `interrupted`; a grade keyed then counts. Call it
    /// once, before the first call, with what the archive could save of their recordings.
    pub async fn recover(
        &self,
        _recordings: Vec<(CallId, ArchivedRecording)>,
        _now: Moment,
    ) -> Result<Vec<CallId>, Error> {
        todo!()
    }
}
