//! An attempt of a call out until the called person is on the line: the desk first where a person talks, then he.
//!
//! **Invariant:** where nobody answers nothing was said, and nothing is kept; what is dropped here is cancelled.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::archive::Archive;
use crate::book::Book;
use crate::calling::Outward;
use crate::console::Event as Did;
use crate::desks::{Need, Terms};
use crate::dialing::{self, Dialling, Offers, Step, WayOut};
use crate::domain::{Calendar, Moment};
use crate::errands::{Ended, Order};
use crate::floor::{Floor, Hunted, Seat, Wanted, Whom};
use crate::ledger::clock;
use crate::media::{self, CallMedia, Leg, Media, Side};
use crate::outward::Attempt;
use crate::ringing::{Answered, DeskEars, DeskEvent, DeskLine};
use crate::sip::{Agent, Dialog, DialogEvent};
use crate::trunkline::Trunklines;

/// How long a desk that asked for a call is rung.
const DESK_RINGS: Duration = Duration::from_secs(30);

/// How it ended, and the final response where there was one.
pub type Failed = (Ended, Option<u16>);

/// The group of one's own desk.
pub fn own_group(staff: &str) -> String {
    format!("staff:{staff}")
}

/// The called person's side, once he answered.
pub struct Reached {
    pub dialog: Dialog,
    pub events: mpsc::Receiver<DialogEvent>,
    /// Whom the call went to: the trunk.
    pub peer: String,
    pub sound: CallMedia,
    pub sound_events: mpsc::Receiver<media::Event>,
    pub desk: Option<(DeskLine, DeskEars, Seat)>,
}

/// The line failed, and there was no final response.
const NOTHING: Failed = (Ended::Network, None);

/// Who calls whom, and what of the house it takes.
pub struct Reaching<'a> {
    pub agent: &'a Agent,
    pub media: &'a Media,
    pub floor: &'a Floor,
    pub archive: &'a Archive,
    pub book: &'a Book,
    pub calendar: &'a Calendar,
    pub outward: Option<&'a Outward>,
    pub trunkline: Option<&'a Trunklines>,
    /// Cancelled when running calls are ended.
    pub grace_over: &'a CancellationToken,
    pub order: &'a Order,
    pub attempt: &'a Attempt,
    pub started_at: Moment,
}

impl Reaching<'_> {
    /// Calls him, with the desk on the line first where he is to talk to one.
    pub async fn reach(&self) -> Result<Reached, Failed> {
        match self.order.purpose.has_desk() {
            true => reach_for(self, desk_first(self).await?).await,
            false => reach(self).await,
        }
    }

    /// The ways out as they are now.
    fn ways(&self) -> Vec<WayOut> {
        let Some(outward) = self.outward else {
            return Vec::new();
        };
        let dialled = outward.numbers.dialled(&self.order.number);
        dialing::ways_out(&outward.trunk, self.trunkline, &dialled)
    }

    fn offers(&self) -> Result<(Leg, Offers), Failed> {
        Offers::made(self.media, &self.ways()).map_err(|error| {
            tracing::error!(%error, "no media for a call out");
            NOTHING
        })
    }

    async fn dial(&self, offers: Offers) -> Result<Dialling, Failed> {
        let Some(outward) = self.outward else {
            return Err(NOTHING);
        };
        // The desk may have rung for long: the hours are looked at where he is called.
        let (hours, calendar) = (&outward.rules.hours, self.calendar);
        if !hours.is_open(clock::moment(), calendar) {
            return Err((Ended::OutOfHours, None));
        }
        let call = &self.attempt.call.0;
        Dialling::begin(self.agent, self.ways(), outward.trunk.ring, offers, call)
            .await
            .map_err(|ended| (ended, None))
    }

    /// P05 for the desk; outside nobody is there to hear it. No session names its end.
    fn plays_waiting(&self, sound: &CallMedia) {
        let clips: Vec<_> = self.book.clips.0.get("P05").cloned().into_iter().collect();
        sound.play(u32::MAX, clips, true);
    }

    fn place(&self) -> std::path::PathBuf {
        let (archive, id) = (self.archive, &self.attempt.call);
        archive.place(id, self.started_at).unwrap_or_else(|error| {
            tracing::error!(call = %id.0, %error, "a recording has no folder of its day");
            archive.dir().join(format!("{}.wav", id.0))
        })
    }
}

/// Rings the desk that asked, or whichever is free.
async fn desk_first(calling: &Reaching<'_>) -> Result<(Answered, Seat), Failed> {
    let attempt = calling.attempt;
    let (_hunt, mut told) = calling.floor.seek(Wanted {
        whom: Whom::Need {
            need: Need {
                group: attempt.row.staff.as_deref().map(own_group),
                skill: None,
            },
            terms: Terms {
                patience: DESK_RINGS,
                queue: None,
            },
            again: false,
        },
        caller_number: Some(attempt.row.number.clone()),
        call: attempt.call.0.clone(),
    });
    while let Some(hunted) = told.recv().await {
        match hunted {
            Hunted::Found { answered, seat, .. } => return Ok((*answered, seat)),
            Hunted::Unavailable(_) => break,
            Hunted::Ringing { .. } | Hunted::Position { .. } | Hunted::Refused { .. } => {}
        }
    }
    Err((Ended::DeskNoAnswer, None))
}

/// Calls outside, for the machine alone: recorded from the answer on.
async fn reach(calling: &Reaching<'_>) -> Result<Reached, Failed> {
    let (mut leg, offers) = calling.offers()?;
    let mut dialling = calling.dial(offers).await?;
    loop {
        match dialling.next().await {
            Step::Rings { .. } => {}
            Step::Not { ended, status } => return Err((ended, status)),
            Step::Answered {
                dialog,
                events,
                sdp,
            } => {
                leg.accept_answer(&sdp).map_err(|_| NOTHING)?;
                let place = calling.place();
                let started = calling.media.start_call(leg, Some(&place));
                let (sound, sound_events) = started.map_err(|_| NOTHING)?;
                return Ok(Reached {
                    dialog,
                    events,
                    peer: dialling.peer().to_owned(),
                    sound,
                    sound_events,
                    desk: None,
                });
            }
        }
    }
}

/// The same with a desk on the line: it hears how it rings outside, and everything is recorded from the desk's answer on. Where
/// nobody answers nothing was said, and nothing is kept.
async fn reach_for(
    calling: &Reaching<'_>,
    (desk, seat): (Answered, Seat),
) -> Result<Reached, Failed> {
    let (leg, offers) = calling.offers()?;
    let place = calling.place();
    let started = calling.media.start_call(leg, Some(&place));
    let (sound, sound_events) = started.map_err(|_| NOTHING)?;
    sound.add_desk(desk.leg);
    sound.join();
    let mut desk_events = desk.events;
    match ring_out(calling, offers, &sound, &mut desk_events).await {
        Ok((dialog, events, peer)) => {
            // What he hears first is for him alone.
            sound.part();
            Ok(Reached {
                dialog,
                events,
                peer,
                sound,
                sound_events,
                desk: Some((desk.line, desk_events, seat)),
            })
        }
        Err(failed) => {
            keep_nothing(&sound, sound_events, place);
            Err(failed)
        }
    }
}

/// With whom it goes by.
type Line = (Dialog, mpsc::Receiver<DialogEvent>, String);

async fn ring_out(
    calling: &Reaching<'_>,
    offers: Offers,
    sound: &CallMedia,
    desk: &mut DeskEars,
) -> Result<Line, Failed> {
    let mut dialling = calling.dial(offers).await?;
    let mut early_fits = false;
    // Until somebody rings or answers the desk is asked to wait.
    calling.plays_waiting(sound);
    loop {
        let step = tokio::select! {
            step = dialling.next() => step,
            () = leaves(sound, desk) => return Err((Ended::DeskAbandoned, None)),
            () = calling.grace_over.cancelled() => return Err((Ended::Interrupted, None)),
        };
        match step {
            Step::Rings { early: Some(early) } => {
                // Ringing that is heard from there; one that does not fit waits for the final answer.
                match sound.accept_answer(Side::Caller, &early).await {
                    Ok(()) => {
                        early_fits = true;
                        sound.stop_playing();
                    }
                    Err(error) => tracing::info!(%error, "early media cannot be heard"),
                }
            }
            Step::Rings { early: None } => {}
            Step::Not { ended, status } => return Err((ended, status)),
            Step::Answered {
                dialog,
                events,
                sdp,
            } => {
                sound.stop_playing();
                let peer = dialling.peer().to_owned();
                if sdp.is_empty() && early_fits {
                    // It had said all of it before (RFC 6337 §3.1.1).
                    return Ok((dialog, events, peer));
                }
                let fits = sound.accept_answer(Side::Caller, &sdp).await;
                return fits.map(|()| (dialog, events, peer)).map_err(|error| {
                    tracing::warn!(%error, "the answer to a call out cannot be used");
                    NOTHING
                });
            }
        }
    }
}

/// Resolves when the desk hangs up. Its new offers are answered meanwhile.
async fn leaves(sound: &CallMedia, desk: &mut DeskEars) {
    loop {
        let event = match desk.next().await {
            DeskEvent::Telephone(event) => event,
            // Its keys and its hold mean nothing yet; a page that comes again has its sound again.
            DeskEvent::Page(
                Did::Key(_) | Did::Hold(_) | Did::HandsOn(..) | Did::Supervise(_) | Did::TakeOver,
            ) => continue,
            DeskEvent::Page(Did::Muted(on)) => {
                sound.muted(on);
                continue;
            }
            DeskEvent::Page(Did::Away) => {
                sound.remove_desk();
                continue;
            }
            DeskEvent::Page(Did::Back(leg)) => {
                sound.add_desk(*leg);
                sound.join();
                continue;
            }
            DeskEvent::Page(Did::ToRating | Did::HungUp | Did::Lost) => return,
        };
        match event {
            DialogEvent::Offer { sdp, reply } => {
                let answered = match sound.renegotiate(Side::Desk, &sdp).await {
                    Ok(answer) => reply.answer(&answer).await,
                    Err(_) => reply.refuse(488).await,
                };
                if let Err(error) = answered {
                    tracing::debug!(%error, "an offer of the desk could not be answered");
                }
            }
            DialogEvent::Acknowledged { .. } | DialogEvent::Info { .. } => {}
            DialogEvent::Refer { reply, .. } => reply.refuse(403, "nobody has answered yet"),
            DialogEvent::Bye { .. } | DialogEvent::Lost { .. } => return,
        }
    }
}

/// Ends the sound of a call that nobody answered, and its file: nothing was said.
pub fn keep_nothing(
    sound: &CallMedia,
    mut events: mpsc::Receiver<media::Event>,
    place: std::path::PathBuf,
) {
    sound.finish();
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if matches!(event, media::Event::Finished(_)) {
                break;
            }
        }
        if let Err(error) = tokio::fs::remove_file(&place).await {
            tracing::debug!(%error, "nothing was recorded of a call that nobody answered");
        }
    });
}
