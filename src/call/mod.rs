//! One call, one task, one owner: what SIP, sound, desks and store report becomes an event of the
//! session, and what the session asks for is carried out.
//!
//! **Invariant:** every answered call ends in exactly one outcome row, and its recording is closed before its task ends.

mod beside;
mod caller;
mod closing;
mod desk;
mod house;
mod marks;
mod outside;
mod page;
mod party;
mod second;
mod spans;
mod supervised;
mod waits;

use std::sync::Arc;
use std::time::Instant;

pub use house::{Closing, House, Settings};

use crate::book::Book;
use crate::callwords::{from_media, side_word};
use crate::domain::Moment;
use crate::ears::{Ears, Input};
use crate::engine::{CallId, ClipKind, HungUpBy, KeyedGrade};
use crate::floor::place::Place;
use crate::floor::{Hunt, Seat};
use crate::ivr::{Action, Digit, Event, MessageEnd, Outcome, Phase, Presses, Session};
use crate::ledger::clock;
use crate::ledger::timeline::Timeline;
use crate::ledger::{Job, Ledger, Wait};
use crate::media::{self, CallMedia, Recorded, Side};
use crate::onward;
use crate::ringing::DeskLine;
use crate::sip::Dialog;
use crate::talk;
use party::Party;

/// What a call begins with, once its person has answered or was answered.
pub struct Begun {
    pub house: Arc<House>,
    pub place: Place,
    pub book: Arc<Book>,
    pub id: CallId,
    pub started_at: Moment,
    /// The caller's number as the trunk shows it; of a call out the number called.
    pub caller_number: Option<String>,
    pub session: Session,
    /// Dropped, it hangs up.
    pub dialog: Dialog,
    pub sound: CallMedia,
    pub ledger: Ledger,
    pub timeline: Timeline,
    pub desk: Desk,
    /// By which it reaches who is outside.
    pub outside: onward::Outside,
}

/// A call from its answer to its last row.
pub struct Call {
    house: Arc<House>,
    place: Place,
    book: Arc<Book>,
    id: CallId,
    started_at: Moment,
    caller_number: Option<String>,
    session: Session,
    /// Dropped, it hangs up.
    caller: Option<Dialog>,
    sound: CallMedia,
    ledger: Ledger,
    timeline: Timeline,
    caller_presses: Presses,
    desk_presses: Presses,
    infos: u32,
    desk: Desk,
    party: Party,
    stage: Stage,
    /// When a sound that is being closed is waited for no longer.
    closing_by: Option<Instant>,
    /// The recording, once it is closed and synced.
    recorded: Option<Recorded>,
    talk: Talk,
    wait: Wait,
    /// Grades handed to the ledger and not yet told of.
    storing: u32,
    outcome: Option<Outcome>,
    message: Option<(ClipKind, std::path::PathBuf)>,
    /// When the key that is being handled went down.
    last_press_at: Instant,
}

/// The desk's side of the call.
pub enum Desk {
    None,
    /// It asked for this call, and talks with nobody yet; its seat is given back when this is dropped.
    Waiting {
        line: DeskLine,
        seat: Seat,
    },
    Hunting {
        hunt: Hunt,
        /// All desks may be taken, and the caller waits.
        waits: bool,
        /// He chooses something else, or his wait was in vain; his place is kept.
        aside: bool,
    },
    /// Answered; its seat on the floor is given back when this is dropped.
    Connected {
        line: DeskLine,
        seat: Seat,
    },
}

/// Where the task itself stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    /// One side ended the call; the legs are being closed, and keys that had arrived still come.
    Closing(HungUpBy),
    /// They are closed, and the line is another caller's; the end of a message is waited for.
    OffLine(HungUpBy),
    /// The session has its outcome. What is left is stored when the disk lets it.
    Closed(HungUpBy),
}

/// Why the caller's side is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gone {
    HungUp,
    /// No packets, no refresh, no ACK: the line is dead.
    Vanished(&'static str),
}

/// How long caller and desk were joined, and who ended it.
#[derive(Debug, Default)]
struct Talk {
    since: Option<Instant>,
    ms: u64,
    ended_by: Option<HungUpBy>,
}

impl Call {
    pub fn new(begun: Begun) -> Call {
        Call {
            house: begun.house,
            place: begun.place,
            book: begun.book,
            id: begun.id,
            started_at: begun.started_at,
            caller_number: begun.caller_number,
            session: begun.session,
            caller: Some(begun.dialog),
            sound: begun.sound,
            ledger: begun.ledger,
            timeline: begun.timeline,
            caller_presses: Presses::new(),
            desk_presses: Presses::new(),
            infos: 0,
            desk: begun.desk,
            party: Party::new(begun.outside),
            stage: Stage::Running,
            closing_by: None,
            recorded: None,
            talk: Talk::default(),
            wait: Wait::default(),
            storing: 0,
            outcome: None,
            message: None,
            last_press_at: clock::instant(),
        }
    }

    /// Runs the call to its end; returns when every row of it is written.
    pub async fn run(mut self, mut ears: Ears) -> Outcome {
        self.timeline.mark(clock::instant(), "answered", "");
        self.tell(Event::Answered, &mut ears).await;
        while !matches!(self.stage, Stage::Closed(_)) {
            let running = self.stage == Stage::Running;
            let deadline = match self.closing_by {
                Some(by) if !running => Some(by),
                _ => self
                    .session
                    .timeout_at()
                    .into_iter()
                    .chain(self.party.timeout_at())
                    .min(),
            };
            let input = ears.next(deadline, running).await;
            self.take(input, &mut ears).await;
            self.supervision_holds(&mut ears);
            self.beside_holds(&mut ears).await;
            self.page_sees();
        }
        self.conclude(ears).await
    }

    async fn take(&mut self, input: Input, ears: &mut Ears) {
        match input {
            Input::Sound(media::Event::LegsClosed) => self.off_line(ears).await,
            Input::Sound(media::Event::Finished(recorded)) => {
                self.recorded = Some(recorded);
                self.sound_closed(ears).await;
            }
            Input::SoundGone => {
                tracing::error!(call = %self.id.0, "a bug: the call's sound ended unasked");
                self.tell(Event::Fault, ears).await;
                self.stage = Stage::Closed(HungUpBy::System);
            }
            Input::Sound(event) => self.heard(event, ears).await,
            Input::Caller(event) => self.caller_did(event, ears).await,
            Input::Desk(event) => self.desk_did(event, ears).await,
            Input::Second(event) => self.second_did(event, ears).await,
            Input::Beside(heard) => self.beside(heard, ears).await,
            Input::Hunted(hunted) => self.hunted(hunted, ears).await,
            Input::Supervised(order) => self.supervised(order, ears),
            Input::Stored(stored) => self.stored(stored, ears).await,
            Input::Owed(event) => self.tell(event, ears).await,
            Input::Timer if self.stage == Stage::Running => {
                // Each of them passes over a time that is not its own.
                self.party_hears(talk::Event::Timeout, ears);
                self.tell(Event::Timeout, ears).await;
            }
            Input::Timer => {
                tracing::error!(call = %self.id.0, "the end of the sound is not told; the call is closed all the same");
                self.sound_closed(ears).await;
            }
            Input::HouseClosing => {
                self.timeline.mark(clock::instant(), "drained", "");
                self.tell(Event::Drained, ears).await;
            }
        }
    }

    /// Hands an event to the session and carries out what it asks for.
    pub(super) async fn tell(&mut self, event: Event, ears: &mut Ears) {
        let actions = self.session.handle(event, clock::instant());
        for action in actions {
            self.act(action, ears).await;
        }
        self.mark_typing();
    }

    pub(super) async fn act(&mut self, action: Action, ears: &mut Ears) {
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
                waits,
            } => self.connect(target, ring_timeout_ms, waits, ears),
            Action::StepAside => self.step_aside(),
            Action::CancelConnect => {
                ears.hunt = None;
                self.desk = Desk::None;
            }
            Action::Join => self.join(ears),
            Action::ReleaseDesk => self.release_desk(HungUpBy::System, ears),
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
                at: self.civil_now(),
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
                self.leaves_queue(number.clone());
                self.ledger.put(Job::Callback {
                    number,
                    at: self.civil_now(),
                });
            }
            Action::Mark(mark) => self.note(mark),
            Action::Conclude(outcome) => {
                self.mark("outcome", outcome.word());
                self.outcome = Some(outcome);
            }
            Action::Hangup => self.hang_up(ears),
        }
    }

    /// Whoever sends sound is a caller and no flood.
    fn first_media(&mut self, side: Side) {
        if side == Side::Caller
            && let Some(caller) = &self.caller
        {
            caller.heard();
        }
        self.mark("first_media", side_word(side));
    }

    /// What the media threads report, but for the end.
    pub(super) async fn heard(&mut self, event: media::Event, ears: &mut Ears) {
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
            media::Event::Played { id } => self.played(id, ears).await,
            media::Event::FirstMedia { side: Side::Ear } => {}
            media::Event::FirstMedia { side } => self.first_media(side),
            media::Event::AddressLearnt { side, from } => {
                tracing::warn!(call = %self.id.0, %from, "a leg's address was learnt ([media] learn_address)");
                self.mark("address_learnt", format!("{} {from}", side_word(side)));
            }
            // The house's own desk has no microphone.
            media::Event::OneWay { .. } if self.house.rehearsal => {}
            media::Event::OneWay { side, news } => {
                let told = self.house.supervisions.one_way(&self.id, side, news);
                let kind = if news.begins {
                    "one_way"
                } else {
                    "one_way_over"
                };
                told.into_iter().for_each(|word| self.mark(kind, word));
            }
            media::Event::RtpTimeout { side } => self.is_silent(side, ears).await,
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
                if matches!(self.stage, Stage::OffLine(_)) {
                    self.sound_closed(ears).await;
                }
            }
            media::Event::RecordingGap { from_ms, length_ms } => {
                self.mark("gap", format!("{length_ms} ms from {from_ms} ms"));
            }
            media::Event::LegsClosed | media::Event::Finished(_) => unreachable!("taken before"),
        }
    }
}
