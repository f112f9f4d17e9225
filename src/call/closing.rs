//! The end of a call, and what is stored of it: messages, the recording, the last rows.

use std::time::Duration;

use super::{Call, Desk, Stage};
use crate::ears::Ears;
use crate::engine::{ClipKind, EndedCall, HungUpBy, WaitEnd};
use crate::failpoint::{self, Step};
use crate::ivr::{Event, MessageEnd, MessageKind, NoGrade, NotConnected, Outcome};
use crate::ledger::clock;
use crate::ledger::{Job, Stored};
use crate::media::{self, Recorded};

/// How long a recording's volume may take to close a file before the call no longer holds its place. The call's rows do
/// not wait for it.
const CLOSING: Duration = Duration::from_secs(60);

impl Call {
    pub(super) async fn stored(&mut self, stored: Stored, ears: &mut Ears) {
        self.storing = self.storing.saturating_sub(1);
        let event = match stored {
            Stored::Yes => Event::GradeStored,
            Stored::No => Event::GradeNotStored,
        };
        self.tell(event, ears).await;
        failpoint::reach(Step::Echo);
    }

    /// The legs are closed, and everything that had arrived was reported. Whatever is stored of it when, the next
    /// caller may have the line.
    pub(super) async fn off_line(&mut self, ears: &mut Ears) {
        let Stage::Closing(by) = self.stage else {
            unreachable!("the legs are closed by Stage::Closing only");
        };
        self.place.closes();
        match self.message {
            // What was said in it is told before the end.
            Some(_) => self.stage = Stage::OffLine(by),
            None => self.sound_closed(ears).await,
        }
    }

    /// Nothing is heard any more. A session that waits for its grade's storing is
    /// told of that first, so that a grade keyed before the hang-up counts.
    pub(super) async fn sound_closed(&mut self, ears: &mut Ears) {
        let (Stage::Closing(by) | Stage::OffLine(by)) = self.stage else {
            unreachable!("the sound is closed by Stage::Closing only");
        };
        self.place.closes();
        failpoint::reach(Step::SoundClosed);
        while self.storing > 0
            && let Some(stored) = ears.stored.recv().await
        {
            self.stored(stored, ears).await;
        }
        if by == HungUpBy::Caller {
            self.tell(Event::CallerHungUp, ears).await;
        }
        // The session may still wait, for a bounded time, for what was under way.
        while self.outcome.is_none()
            && let Some(at) = self.session.timeout_at()
        {
            tokio::time::sleep_until(at.into()).await;
            self.tell(Event::Timeout, ears).await;
        }
        self.stage = Stage::Closed(by);
    }

    /// Asks for the sound's end: it reports every key that had arrived, then the closed recording.
    pub(super) fn close_sound(&mut self) {
        self.closing_by = Some(clock::instant() + CLOSING);
        self.sound.finish();
    }

    pub(super) fn hang_up(&mut self, ears: &mut Ears) {
        if !matches!(self.desk, Desk::None) {
            self.release_desk(HungUpBy::System, ears);
        }
        if self.stage != Stage::Running {
            return;
        }
        self.mark("hung_up", "system");
        // Dropping it sends BYE; the rows do not wait for a caller who may be gone.
        self.caller = None;
        self.wait.leaves(clock::instant());
        self.stage = Stage::Closing(HungUpBy::System);
        self.close_sound();
    }

    pub(super) async fn record_message(
        &mut self,
        kind: MessageKind,
        max_ms: u32,
        silence_ms: Option<u32>,
        beep: bool,
        ears: &mut Ears,
    ) {
        let kind = match kind {
            MessageKind::Remark => ClipKind::Remark,
            MessageKind::Voice => ClipKind::Voice,
        };
        match self
            .house
            .archive
            .place_clip(&self.id, kind, self.started_at)
        {
            Ok(path) => {
                self.mark("message", "");
                let silence = silence_ms.map(|ms| Duration::from_millis(ms.into()));
                self.sound.record_message(
                    &path,
                    Duration::from_millis(max_ms.into()),
                    silence,
                    beep,
                );
                self.message = Some((kind, path));
            }
            Err(error) => {
                tracing::error!(call = %self.id.0, %error, "no place for a message");
                ears.owed.push_back(Event::MessageRecorded {
                    length_ms: 0,
                    end: MessageEnd::Silence,
                });
            }
        }
    }

    pub(super) async fn message_recorded(&mut self, length_ms: u32) {
        let Some((kind, path)) = self.message.take() else {
            return;
        };
        let archive = self.house.archive.clone();
        let finished = tokio::task::spawn_blocking(move || archive.finish(&path)).await;
        match finished {
            Ok(Ok(clip)) if length_ms > 0 => {
                if let (ClipKind::Voice, Desk::Hunting { hunt, .. }) = (kind, &self.desk) {
                    hunt.leaves_message();
                }
                if kind == ClipKind::Voice {
                    self.wait_ends(WaitEnd::Message);
                }
                self.mark("message_saved", format!("{length_ms} ms"));
                let length_ms = clip.length_ms;
                self.ledger.put(Job::Clip {
                    kind,
                    path: clip.path,
                    length_ms,
                    sha256: clip.sha256,
                });
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::error!(call = %self.id.0, %error, "a message cannot be archived")
            }
            Err(panic) => {
                tracing::error!(call = %self.id.0, %panic, "a bug: archiving a message broke")
            }
        }
    }

    /// Writes the call's last rows: its end at once, the recording when it is closed and its digest is known.
    pub(super) async fn conclude(mut self, mut ears: Ears) -> Outcome {
        let outcome = self.outcome.take().unwrap_or_else(|| {
            tracing::error!(call = %self.id.0, "a bug: a session without an outcome");
            match self.talk.ms {
                0 => Outcome::NotConnected(NotConnected::Fault),
                _ => Outcome::Ungraded(NoGrade::Fault),
            }
        });
        metrics::counter!("gradeline_calls_total", "outcome" => outcome.word()).increment(1);
        let Stage::Closed(by) = self.stage else {
            unreachable!("the loop ends with Stage::Closed");
        };
        let hung_up_by = self.talk.ended_by.unwrap_or(by);
        self.wait_ends(WaitEnd::Abandoned);
        self.ledger.put(Job::End(EndedCall {
            id: self.id.clone(),
            ended_at: self.civil_now(),
            hung_up_by,
            outcome: outcome.word().to_owned(),
            outcome_after_ms: outcome.after_ms(),
        }));
        if let Some(recorded) = self.recording(&mut ears).await {
            self.archive(recorded).await;
        }
        let submitted = self.ledger.close().await;
        if let Some(submitted) = submitted {
            tracing::info!(call = %self.id.0, rating = submitted.rating, grade = %submitted.grade,
                ticket = submitted.ticket, "rated");
        }
        outcome
    }

    /// The closed recording. Where its volume hangs the call gives up its place and waits on, until the volume is
    /// back or the house closes; what is not told by then is found by the next start.
    async fn recording(&mut self, ears: &mut Ears) -> Option<Recorded> {
        if self.recorded.is_some() {
            return self.recorded.take();
        }
        self.closing_by?;
        let house = self.house.clone();
        let by = clock::instant() + CLOSING;
        let mut late = None;
        loop {
            let event = tokio::select! {
                event = ears.sound.recv() => event,
                () = tokio::time::sleep_until(by.into()), if late.is_none() => {
                    metrics::counter!("gradeline_recordings_failed_total").increment(1);
                    tracing::error!(call = %self.id.0, "the recording's volume hangs; the call is closed without it");
                    late = Some(house.closing.late.try_acquire().ok()?);
                    self.place.leaves();
                    continue;
                }
                () = house.grace_over.cancelled(), if late.is_some() => return None,
            };
            match event {
                Some(media::Event::Finished(recorded)) => {
                    if late.is_some() {
                        tracing::warn!(call = %self.id.0, "the recording's volume is back; the recording is kept");
                    }
                    return Some(recorded);
                }
                Some(event @ media::Event::RecordingGap { .. }) => self.heard(event, ears).await,
                Some(_) => {}
                None => {
                    tracing::error!(call = %self.id.0, "a bug: the recording's end is not told");
                    return None;
                }
            }
        }
    }

    pub(super) async fn archive(&self, recorded: Recorded) {
        // Never closed.
        let _turn = self.house.closing.digests.acquire().await;
        let archive = self.house.archive.clone();
        let gaps = recorded.gaps.clone();
        let finished = tokio::task::spawn_blocking(move || archive.finish(&recorded.path)).await;
        match finished {
            Ok(Ok(mut recording)) => {
                recording.gaps = gaps;
                self.ledger.put(Job::Recording(recording));
            }
            Ok(Err(error)) => {
                metrics::counter!("gradeline_recordings_failed_total").increment(1);
                tracing::error!(call = %self.id.0, %error, "a recording cannot be archived");
            }
            Err(panic) => tracing::error!(call = %self.id.0, %panic, "a bug: archiving broke"),
        }
    }
}
