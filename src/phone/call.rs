//! One call, one task, one owner: what SIP, sound, desks and store report becomes an event of the
//! session, and what the session asks for is carried out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::House;
use super::book::Book;
use super::clock;
use super::ears::{Ears, Input};
use super::floor::{Hunt, Hunted, Seat, Wanted};
use super::info;
use super::ledger::{Job, Ledger, Stored};
use super::timeline::Timeline;
use crate::domain::Moment;
use crate::engine::{CallId, CallState, ClipKind, EndedCall, HungUpBy, KeyedGrade, KeyedReason};
use crate::ivr::{
    Action, Digit, Event, Hearers, Mark, MessageEnd, MessageKind, NoGrade, NotConnected, Outcome,
    Phase, PlayId, Presses, Session, Target, Unavailable, Way,
};
use crate::media::{self, CallMedia, Recorded, Side};
use crate::sip::{Dialog, DialogEvent, OfferReply};

/// A call from its answer to its last row.
pub(super) struct Call {
    pub house: Arc<House>,
    pub book: Arc<Book>,
    pub id: CallId,
    pub started_at: Moment,
    /// The caller's number as the trunk shows it.
    pub caller_number: Option<String>,
    pub session: Session,
    pub caller: Dialog,
    pub sound: CallMedia,
    pub ledger: Ledger,
    pub timeline: Timeline,
    pub caller_presses: Presses,
    pub desk_presses: Presses,
    pub infos: u32,
    pub desk: Desk,
    pub stage: Stage,
    pub talk: Talk,
    /// Grades handed to the ledger and not yet told of.
    pub storing: u32,
    pub outcome: Option<Outcome>,
    pub message: Option<(ClipKind, std::path::PathBuf)>,
    /// When the key that is being handled went down.
    pub last_press_at: Instant,
}

/// The desk's side of the call.
pub(super) enum Desk {
    None,
    Hunting {
        _hunt: Hunt,
    },
    /// Answered; its seat on the floor is given back when this is dropped.
    Connected {
        dialog: Dialog,
        _seat: Seat,
    },
}

/// Where the task itself stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Running,
    /// One side ended the call; the sound is being closed, and keys that had arrived still come.
    Closing(HungUpBy),
    Closed(HungUpBy),
}

/// Why the caller's side is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    HungUp,
    /// No packets, no refresh, no ACK: the line is dead.
    Vanished(&'static str),
}

/// How long caller and desk were joined, and who ended it.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub since: Option<Instant>,
    pub ms: u64,
    pub ended_by: Option<HungUpBy>,
}

impl Call {
    /// Runs the call to its end; returns when every row of it is written.
    pub(super) async fn run(mut self, mut ears: Ears) {
        self.timeline.mark(clock::instant(), "answered", "");
        self.tell(Event::Answered, &mut ears).await;
        let mut recorded = None;
        while !matches!(self.stage, Stage::Closed(_)) {
            let input = ears
                .next(self.session.timeout_at(), self.stage == Stage::Running)
                .await;
            if let Some(finished) = self.take(input, &mut ears).await {
                recorded = Some(finished);
            }
        }
        self.conclude(recorded).await;
    }

    /// One input; `Some` when the sound was closed.
    async fn take(&mut self, input: Input, ears: &mut Ears) -> Option<Recorded> {
        match input {
            Input::Sound(media::Event::Finished(recorded)) => {
                self.sound_closed(ears).await;
                return Some(recorded);
            }
            Input::SoundGone => {
                tracing::error!(call = %self.id.0, "a bug: the call's sound ended unasked");
                self.tell(Event::Fault, ears).await;
                self.stage = Stage::Closed(HungUpBy::System);
            }
            Input::Sound(event) => self.heard(event, ears).await,
            Input::Caller(event) => self.caller_did(event, ears).await,
            Input::Desk(event) => self.desk_did(event, ears).await,
            Input::Hunted(hunted) => self.hunted(hunted, ears).await,
            Input::Stored(stored) => self.stored(stored, ears).await,
            Input::Owed(event) => self.tell(event, ears).await,
            Input::Timer => self.tell(Event::Timeout, ears).await,
            Input::HouseClosing => {
                self.timeline.mark(clock::instant(), "drained", "");
                self.tell(Event::Drained, ears).await;
            }
        }
        None
    }

    /// Hands an event to the session and carries out what it asks for.
    async fn tell(&mut self, event: Event, ears: &mut Ears) {
        let actions = self.session.handle(event, clock::instant());
        for action in actions {
            self.act(action, ears).await;
        }
    }

    async fn act(&mut self, action: Action, ears: &mut Ears) {
        match action {
            Action::Play {
                id,
                prompt,
                clips,
                hearers,
            } => self.play(id, prompt, clips, hearers),
            Action::StopPlaying => self.sound.stop_playing(),
            Action::Connect {
                target,
                ring_timeout_ms,
            } => self.connect(target, ring_timeout_ms, ears),
            Action::CancelConnect => {
                ears.hunt = None;
                self.desk = Desk::None;
            }
            Action::Join => self.join(),
            Action::ReleaseDesk => self.release_desk(HungUpBy::System, ears).await,
            Action::StoreGrade { grade, key } => {
                let at = self.last_press_at;
                self.mark("grade", format!("{grade} by key {key}"));
                self.storing += 1;
                self.ledger.put(Job::Grade(KeyedGrade {
                    grade,
                    key: key.char(),
                    at: self.timeline.clock().moment(at),
                    offset_ms: self.timeline.clock().offset_ms(at),
                }));
            }
            Action::ConfirmGrade => self.ledger.put(Job::GradeConfirmed {
                at: clock::moment(),
            }),
            Action::StoreReason { code, key } => self.store_reason(code, key),
            Action::RecordMessage {
                kind,
                max_ms,
                silence_ms,
                beep,
            } => {
                self.record_message(kind, max_ms, silence_ms, beep, ears)
                    .await;
            }
            Action::StopMessage => self.sound.stop_message(),
            Action::RequestCallback { number } => {
                self.mark("callback", "");
                self.ledger.put(Job::Callback {
                    number,
                    at: clock::moment(),
                });
            }
            Action::Mark(mark) => self.note(mark),
            Action::Conclude(outcome) => {
                self.mark("outcome", outcome.word());
                self.outcome = Some(outcome);
            }
            Action::Hangup => self.hang_up(ears).await,
        }
    }

    fn mark(&self, kind: &str, detail: impl Into<String>) {
        self.timeline.mark(clock::instant(), kind, detail);
    }

    fn play(
        &mut self,
        id: PlayId,
        prompt: String,
        clips: Vec<crate::ivr::ClipId>,
        hearers: Hearers,
    ) {
        let found: Vec<_> = clips
            .iter()
            .filter_map(|clip| self.book.clips.0.get(&clip.0).cloned())
            .collect();
        if found.len() < clips.len() {
            tracing::error!(call = %self.id.0, prompt, "a clip is missing; the check at load should have refused this");
        }
        self.mark("prompt", prompt);
        self.sound.play(id.0, found, hearers == Hearers::Both);
    }

    fn connect(&mut self, target: Target, ring_timeout_ms: u64, ears: &mut Ears) {
        let Target::Desks { group } = target;
        let (hunt, told) = self.house.floor.seek(Wanted {
            group,
            caller_number: self.caller_number.clone(),
            call: self.id.0.clone(),
            patience: Duration::from_millis(ring_timeout_ms),
        });
        ears.hunt = Some(told);
        self.desk = Desk::Hunting { _hunt: hunt };
    }

    async fn hunted(&mut self, hunted: Hunted, ears: &mut Ears) {
        match hunted {
            Hunted::Ringing { desk } => self.mark("desk_ringing", desk),
            Hunted::Unavailable(why) => {
                ears.hunt = None;
                self.desk = Desk::None;
                self.mark("desk_unavailable", unavailable_word(why));
                self.tell(Event::DeskUnavailable(why), ears).await;
            }
            Hunted::Found { answered, seat } => {
                ears.hunt = None;
                ears.desk = Some(answered.events);
                self.sound.add_desk(answered.leg);
                self.desk_presses = Presses::new();
                let staff = seat.staff.clone();
                self.mark("desk_answered", seat.desk.clone());
                self.ledger.put(Job::DeskAnswered {
                    staff: staff.clone(),
                    at: clock::moment(),
                });
                self.desk = Desk::Connected {
                    dialog: answered.dialog,
                    _seat: seat,
                };
                self.tell(Event::DeskAnswered { staff }, ears).await;
            }
        }
    }

    fn join(&mut self) {
        self.sound.join();
        self.talk.since = Some(clock::instant());
        self.mark("joined", "");
        self.ledger.put(Job::State(CallState::Talking));
    }

    /// The talk is over, whoever ended it. Counted once.
    fn talk_ended(&mut self, by: HungUpBy) {
        let Some(since) = self.talk.since.take() else {
            return;
        };
        let ms = clock::instant()
            .saturating_duration_since(since)
            .as_millis();
        self.talk.ms += u64::try_from(ms).unwrap_or(u64::MAX);
        self.talk.ended_by.get_or_insert(by);
        self.ledger.put(Job::Talked { ms: self.talk.ms });
    }

    async fn release_desk(&mut self, by: HungUpBy, ears: &mut Ears) {
        self.talk_ended(by);
        ears.desk = None;
        ears.hunt = None;
        if let Desk::Connected { dialog, .. } = std::mem::replace(&mut self.desk, Desk::None) {
            self.sound.remove_desk();
            if let Err(error) = dialog.bye(None).await {
                tracing::debug!(call = %self.id.0, %error, "the desk had already gone");
            }
        }
    }

    fn store_reason(&mut self, code: String, key: Digit) {
        self.mark("reason", format!("{code} by key {key}"));
        let at = self.last_press_at;
        self.ledger.put(Job::Reason(KeyedReason {
            code,
            key: key.char(),
            at: self.timeline.clock().moment(at),
            offset_ms: self.timeline.clock().offset_ms(at),
        }));
    }

    async fn record_message(
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

    fn note(&mut self, mark: Mark) {
        match mark {
            Mark::Step { name } => self.mark("step", name),
            Mark::OfferStarted => {
                self.mark("offer", "");
                self.ledger.put(Job::State(CallState::Rating));
                self.ledger.put(Job::Offered {
                    at: clock::moment(),
                });
            }
            Mark::InvalidKey(key) => self.mark("key_invalid", key.to_string()),
            Mark::Silent => self.mark("silent", ""),
            Mark::KeyIgnored(key) => self.mark("key_ignored", key.to_string()),
            Mark::KeyKept(key) => self.mark("key_kept", key.to_string()),
            Mark::GradeWithdrawn => {
                self.mark("grade_withdrawn", "");
                self.ledger.put(Job::GradeWithdrawn {
                    at: clock::moment(),
                });
            }
            Mark::SentToRating => {
                self.mark("sent_to_rating", "");
                self.talk.ended_by.get_or_insert(HungUpBy::Desk);
            }
        }
    }

    /// What the media threads report, but for the end.
    async fn heard(&mut self, event: media::Event, ears: &mut Ears) {
        match event {
            media::Event::KeyDown {
                side,
                way,
                code,
                press,
                at,
            } => {
                let Some(digit) = Digit::from_event(code) else {
                    return;
                };
                self.pressed(side, from_media(way), digit, press, Phase::Down, at, ears)
                    .await;
            }
            media::Event::KeyUp {
                side,
                way,
                press,
                length_ms,
                at,
            } => {
                // The digit of a key-up is known by its press; any stands for it.
                let phase = Phase::Up { length_ms };
                self.pressed(side, from_media(way), Digit::D0, press, phase, at, ears)
                    .await;
            }
            media::Event::Played { id } => self.tell(Event::Played(PlayId(id)), ears).await,
            media::Event::FirstMedia { side } => self.mark("first_media", side_word(side)),
            media::Event::RtpTimeout { side: Side::Caller } => {
                self.mark("rtp_timeout", "caller");
                self.caller_gone(Gone::Vanished("RTP timeout")).await;
            }
            media::Event::RtpTimeout { side: Side::Desk } => {
                self.mark("rtp_timeout", "desk");
                self.release_desk(HungUpBy::Desk, ears).await;
                self.tell(Event::DeskHungUp, ears).await;
            }
            media::Event::MessageRecorded {
                length_ms,
                reached_limit,
                silence,
            } => {
                self.message_recorded(length_ms).await;
                let end = match (reached_limit, silence) {
                    (true, _) => MessageEnd::LengthReached,
                    (_, true) => MessageEnd::Silence,
                    _ if self.stage == Stage::Running => MessageEnd::Key,
                    _ => MessageEnd::HungUp,
                };
                self.tell(Event::MessageRecorded { length_ms, end }, ears)
                    .await;
            }
            media::Event::RecordingGap { from_ms, length_ms } => {
                self.mark("gap", format!("{length_ms} ms from {from_ms} ms"));
            }
            media::Event::Finished(_) => unreachable!("taken before"),
        }
    }

    /// A sign of a key press, from whatever way it came.
    #[allow(clippy::too_many_arguments)]
    async fn pressed(
        &mut self,
        side: Side,
        way: Way,
        digit: Digit,
        press: u32,
        phase: Phase,
        at: Instant,
        ears: &mut Ears,
    ) {
        let presses = match side {
            Side::Caller => &mut self.caller_presses,
            Side::Desk => &mut self.desk_presses,
        };
        let Some(digit) = presses.sign(way, digit, press, phase, at) else {
            return;
        };
        match side {
            Side::Caller => {
                self.timeline.mark(at, "key", format!("{digit} ({way})"));
                self.last_press_at = at;
                self.tell(Event::Digit(digit), ears).await;
            }
            Side::Desk => {
                self.timeline
                    .mark(at, "desk_key", format!("{digit} ({way})"));
                self.tell(Event::DeskDigit(digit), ears).await;
            }
        }
    }

    async fn caller_did(&mut self, event: DialogEvent, ears: &mut Ears) {
        match event {
            DialogEvent::Acknowledged { .. } => {}
            DialogEvent::Offer { sdp, reply } => self.renegotiate(Side::Caller, &sdp, reply).await,
            DialogEvent::Info { content_type, body } => {
                self.informed(Side::Caller, &content_type, &body, ears)
                    .await;
            }
            DialogEvent::Bye { .. } => self.caller_gone(Gone::HungUp).await,
            DialogEvent::Lost { why } => self.caller_gone(Gone::Vanished(why)).await,
        }
    }

    async fn desk_did(&mut self, event: DialogEvent, ears: &mut Ears) {
        match event {
            DialogEvent::Acknowledged { .. } => {}
            DialogEvent::Offer { sdp, reply } => self.renegotiate(Side::Desk, &sdp, reply).await,
            DialogEvent::Info { content_type, body } => {
                self.informed(Side::Desk, &content_type, &body, ears).await;
            }
            DialogEvent::Bye { .. } | DialogEvent::Lost { .. } => {
                self.mark("hung_up", "desk");
                self.talk_ended(HungUpBy::Desk);
                ears.desk = None;
                self.desk = Desk::None;
                self.sound.remove_desk();
                self.tell(Event::DeskHungUp, ears).await;
            }
        }
    }

    async fn informed(&mut self, side: Side, content_type: &str, body: &[u8], ears: &mut Ears) {
        let Some((key, length)) = info::key(content_type, body) else {
            return;
        };
        let Some(digit) = Digit::from_char(key) else {
            return;
        };
        self.infos = self.infos.wrapping_add(1);
        let length_ms = length.map_or(0, |length| u32::try_from(length.as_millis()).unwrap_or(0));
        let phase = Phase::Whole { length_ms };
        self.pressed(
            side,
            Way::Info,
            digit,
            self.infos,
            phase,
            clock::instant(),
            ears,
        )
        .await;
    }

    /// Hold, resume, another address or codec (RFC 3264 §8).
    async fn renegotiate(&mut self, side: Side, sdp: &[u8], reply: OfferReply) {
        let answered = match self.sound.renegotiate(side, sdp).await {
            Ok(answer) => {
                let kind = if media::is_hold(sdp) {
                    "hold"
                } else {
                    "renegotiated"
                };
                self.mark(kind, side_word(side));
                reply.answer(&answer).await
            }
            Err(error) => {
                tracing::info!(call = %self.id.0, %error, "a new offer is refused");
                reply.refuse(488).await
            }
        };
        if let Err(error) = answered {
            tracing::warn!(call = %self.id.0, %error, "an offer could not be answered");
        }
    }

    /// The caller's side is gone: closes the sound, which first reports every key that had arrived.
    async fn caller_gone(&mut self, gone: Gone) {
        if self.stage != Stage::Running {
            return;
        }
        self.mark(
            "hung_up",
            match gone {
                Gone::HungUp => "caller".to_owned(),
                Gone::Vanished(why) => format!("caller vanished: {why}"),
            },
        );
        if let Gone::Vanished(why) = gone
            && let Err(error) = self
                .caller
                .bye(Some(&format!("SIP;cause=408;text=\"{why}\"")))
                .await
        {
            tracing::debug!(call = %self.id.0, %error, "no BYE to a line that is dead");
        }
        self.talk_ended(HungUpBy::Caller);
        self.stage = Stage::Closing(HungUpBy::Caller);
        self.sound.finish();
    }

    async fn stored(&mut self, stored: Stored, ears: &mut Ears) {
        self.storing = self.storing.saturating_sub(1);
        let event = match stored {
            Stored::Yes => Event::GradeStored,
            Stored::No => Event::GradeNotStored,
        };
        self.tell(event, ears).await;
    }

    /// Everything that had arrived was reported. A session that waits for its grade's storing is
    /// told of that first, so that a grade keyed before the hang-up counts.
    async fn sound_closed(&mut self, ears: &mut Ears) {
        let Stage::Closing(by) = self.stage else {
            unreachable!("the sound is closed by Stage::Closing only");
        };
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

    async fn hang_up(&mut self, ears: &mut Ears) {
        if !matches!(self.desk, Desk::None) {
            self.release_desk(HungUpBy::System, ears).await;
        }
        if self.stage != Stage::Running {
            return;
        }
        self.mark("hung_up", "system");
        if let Err(error) = self.caller.bye(None).await {
            tracing::debug!(call = %self.id.0, %error, "the caller had already gone");
        }
        self.stage = Stage::Closing(HungUpBy::System);
        self.sound.finish();
    }

    async fn message_recorded(&mut self, length_ms: u32) {
        let Some((kind, path)) = self.message.take() else {
            return;
        };
        let archive = self.house.archive.clone();
        let finished = tokio::task::spawn_blocking(move || archive.finish(&path)).await;
        match finished {
            Ok(Ok(clip)) if length_ms > 0 => {
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

    /// Writes the call's last rows: its end at once, the recording when its digest is known.
    async fn conclude(mut self, recorded: Option<Recorded>) {
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
        self.ledger.put(Job::End(EndedCall {
            id: self.id.clone(),
            ended_at: clock::moment(),
            hung_up_by,
            outcome: outcome.word().to_owned(),
            outcome_after_ms: outcome.after_ms(),
        }));
        if let Some(recorded) = recorded {
            self.archive(recorded).await;
        }
        let submitted = self.ledger.close().await;
        if let Some(submitted) = submitted {
            tracing::info!(call = %self.id.0, rating = submitted.rating, grade = %submitted.grade,
                ticket = submitted.ticket, "rated");
        }
    }

    async fn archive(&self, recorded: Recorded) {
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

fn from_media(way: media::Way) -> Way {
    match way {
        media::Way::TelephoneEvent => Way::TelephoneEvent,
        media::Way::InBand => Way::InBand,
    }
}

fn side_word(side: Side) -> &'static str {
    match side {
        Side::Caller => "caller",
        Side::Desk => "desk",
    }
}

fn unavailable_word(why: Unavailable) -> &'static str {
    match why {
        Unavailable::NoAnswer => "no_answer",
        Unavailable::Busy => "busy",
        Unavailable::Failed => "failed",
    }
}
