//! One attempt of a call out: the desk first where a person talks, then the called person, then their conversation.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::desks::{Need, Terms};
use crate::dialing::{Dialling, Step};
use crate::domain::Moment;
use crate::engine::NewCall;
use crate::errands::{Ended, Order};
use crate::ivr::{NotConnected, Outcome, Plan, Presses, Session, Value};
use crate::media::{self, CallMedia, Side};
use crate::outward::Attempt;
use crate::phone::House;
use crate::phone::answer::{OPENING, facts, hours_of, unsigned};
use crate::phone::call::{Call, Desk, Stage, Talk};
use crate::phone::clock::{self, CallClock};
use crate::phone::ears::Ears;
use crate::phone::floor::{Hunted, Seat, Wanted};
use crate::phone::place::Place;
use crate::phone::ring::Answered;
use crate::phone::timeline::Timeline;
use crate::sip::{Agent, Dialog, DialogEvent};

/// How long a desk that asked for a call is rung.
const DESK_RINGS: Duration = Duration::from_secs(30);

type Failed = (Ended, Option<u16>);

/// The called person's side, once he answered.
struct Reached {
    dialog: Dialog,
    events: mpsc::Receiver<DialogEvent>,
    sound: CallMedia,
    sound_events: mpsc::Receiver<media::Event>,
    desk: Option<(Dialog, mpsc::Receiver<DialogEvent>, Seat)>,
}

/// The group of one's own desk.
pub fn own_group(staff: &str) -> String {
    format!("staff:{staff}")
}

/// The line failed, and there was no final response.
const NOTHING: Failed = (Ended::Network, None);

/// Who calls whom.
struct Calling<'a> {
    house: &'a Arc<House>,
    agent: &'a Agent,
    order: &'a Order,
    attempt: &'a Attempt,
    started_at: Moment,
}

impl Calling<'_> {
    async fn dial(&self, offer: &str) -> Result<Dialling, Failed> {
        let Some(outward) = &self.house.settings.outward else {
            return Err(NOTHING);
        };
        let dialled = outward.numbers.dialled(&self.order.number);
        let call = &self.attempt.call.0;
        Dialling::begin(self.agent, &outward.trunk, &dialled, offer, call)
            .await
            .map_err(|ended| (ended, None))
    }

    fn place(&self) -> std::path::PathBuf {
        let (archive, id) = (&self.house.archive, &self.attempt.call);
        archive.place(id, self.started_at).unwrap_or_else(|error| {
            tracing::error!(call = %id.0, %error, "a recording has no folder of its day");
            archive.dir().join(format!("{}.wav", id.0))
        })
    }
}

/// Makes it; how it ended, and the final response where there was one.
pub(super) async fn make(
    house: Arc<House>,
    agent: Agent,
    order: Order,
    attempt: Attempt,
) -> (Ended, Option<u16>) {
    let book = house.book.borrow().clone();
    let Some(plan) = book.plan_of_calls_out(order.purpose.word()).cloned() else {
        let purpose = order.purpose.word();
        tracing::error!(
            purpose,
            "no dialplan answers out:{purpose}; add one, or see dialplans/"
        );
        return (Ended::Interrupted, None);
    };
    let started_at = clock::moment();
    let calling = Calling {
        house: &house,
        agent: &agent,
        order: &order,
        attempt: &attempt,
        started_at,
    };
    let reached = async {
        match order.purpose.has_desk() {
            true => reach_for(&calling, desk_first(&house, &attempt).await?).await,
            false => reach(&calling).await,
        }
    };
    let reached = tokio::select! {
        reached = reached => reached,
        () = house.grace_over.cancelled() => Err((Ended::Interrupted, None)),
    };
    match reached {
        Ok(reached) => {
            let outcome = talk(&house, &attempt, plan, started_at, reached).await;
            (how(&outcome), Some(200))
        }
        Err(failed) => failed,
    }
}

/// Rings the desk that asked, or whichever is free.
async fn desk_first(house: &Arc<House>, attempt: &Attempt) -> Result<(Answered, Seat), Failed> {
    let (_hunt, mut told) = house.floor.seek(Wanted {
        need: Need {
            group: attempt.row.staff.as_deref().map(own_group),
            skill: None,
        },
        terms: Terms {
            patience: DESK_RINGS,
            queue: None,
        },
        caller_number: Some(attempt.row.number.clone()),
        call: attempt.call.0.clone(),
    });
    while let Some(hunted) = told.recv().await {
        match hunted {
            Hunted::Found { answered, seat, .. } => return Ok((*answered, seat)),
            Hunted::Unavailable(_) => break,
            Hunted::Ringing { .. } | Hunted::Position { .. } => {}
        }
    }
    Err((Ended::DeskNoAnswer, None))
}

/// Calls outside, for the machine alone: recorded from the answer on.
async fn reach(calling: &Calling<'_>) -> Result<Reached, Failed> {
    let mut leg = calling.house.media.offer().map_err(|_| NOTHING)?;
    let mut dialling = calling.dial(leg.description()).await?;
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
                let started = calling.house.media.start_call(leg, Some(&place));
                let (sound, sound_events) = started.map_err(|_| NOTHING)?;
                return Ok(Reached {
                    dialog,
                    events,
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
    calling: &Calling<'_>,
    (desk, seat): (Answered, Seat),
) -> Result<Reached, Failed> {
    let leg = calling.house.media.offer().map_err(|_| NOTHING)?;
    let offer = leg.description().to_owned();
    let place = calling.place();
    let started = calling.house.media.start_call(leg, Some(&place));
    let (sound, mut sound_events) = started.map_err(|_| NOTHING)?;
    sound.add_desk(desk.leg);
    sound.join();
    let mut desk_events = desk.events;
    match ring_out(calling, &offer, &sound, &mut desk_events).await {
        Ok((dialog, events)) => {
            // What he hears first is for him alone.
            sound.part();
            Ok(Reached {
                dialog,
                events,
                sound,
                sound_events,
                desk: Some((desk.dialog, desk_events, seat)),
            })
        }
        Err(failed) => {
            sound.finish();
            tokio::spawn(async move {
                while let Some(event) = sound_events.recv().await {
                    if matches!(event, media::Event::Finished(_)) {
                        break;
                    }
                }
                if let Err(error) = tokio::fs::remove_file(&place).await {
                    tracing::debug!(%error, "nothing was recorded of a call out");
                }
            });
            Err(failed)
        }
    }
}

type Line = (Dialog, mpsc::Receiver<DialogEvent>);

async fn ring_out(
    calling: &Calling<'_>,
    offer: &str,
    sound: &CallMedia,
    desk: &mut mpsc::Receiver<DialogEvent>,
) -> Result<Line, Failed> {
    let mut dialling = calling.dial(offer).await?;
    loop {
        let step = tokio::select! {
            step = dialling.next() => step,
            () = leaves(sound, desk) => return Err((Ended::DeskAbandoned, None)),
        };
        match step {
            Step::Rings { early: Some(early) } => {
                // Ringing that is heard from there; one that does not fit waits for the final answer.
                if let Err(error) = sound.accept_answer(Side::Caller, &early).await {
                    tracing::info!(%error, "early media cannot be heard");
                }
            }
            Step::Rings { early: None } => {}
            Step::Not { ended, status } => return Err((ended, status)),
            Step::Answered {
                dialog,
                events,
                sdp,
            } => {
                let fits = sound.accept_answer(Side::Caller, &sdp).await;
                return fits.map(|()| (dialog, events)).map_err(|error| {
                    tracing::warn!(%error, "the answer to a call out cannot be used");
                    NOTHING
                });
            }
        }
    }
}

/// Resolves when the desk hangs up. Its new offers are answered meanwhile.
async fn leaves(sound: &CallMedia, events: &mut mpsc::Receiver<DialogEvent>) {
    loop {
        match events.recv().await {
            Some(DialogEvent::Offer { sdp, reply }) => {
                let answered = match sound.renegotiate(Side::Desk, &sdp).await {
                    Ok(answer) => reply.answer(&answer).await,
                    Err(_) => reply.refuse(488).await,
                };
                if let Err(error) = answered {
                    tracing::debug!(%error, "an offer of the desk could not be answered");
                }
            }
            Some(DialogEvent::Acknowledged { .. } | DialogEvent::Info { .. }) => {}
            Some(DialogEvent::Bye { .. } | DialogEvent::Lost { .. }) | None => return,
        }
    }
}

/// From the answer on it is a call like any other.
async fn talk(
    house: &Arc<House>,
    attempt: &Attempt,
    plan: Arc<Plan>,
    started_at: Moment,
    reached: Reached,
) -> Outcome {
    let book = house.book.borrow().clone();
    let (id, row) = (&attempt.call, &attempt.row);
    let trunk = house
        .settings
        .outward
        .as_ref()
        .map(|outward| &outward.trunk);
    let new = NewCall {
        id: id.clone(),
        sip_call_id: reached.dialog.call_id().to_owned(),
        caller: Some(row.number.clone()),
        callee: trunk.map_or_else(String::new, |trunk| trunk.caller_id.clone()),
        source: trunk.map_or_else(String::new, |trunk| trunk.target.clone()),
        started_at,
        dialplan: plan.name.clone(),
        dialplan_digest: plan.digest().to_owned(),
        rehearsal: row.rehearsal || house.rehearsal,
    };
    let (ledger, stored) = house.ledgers.open_call(new, OPENING).await;
    let hours = hours_of(&plan, &house.settings.service_hours);
    let mut known = facts(
        house,
        &hours,
        &book.lengths_ms,
        Some(&row.number),
        started_at,
    );
    known.date = date_of(house, attempt).await;
    let session = Session::new(plan, book.script.clone(), known, clock::instant());
    let timeline = Timeline::new(house.engine.clone(), id.clone(), CallClock::answered_now());
    timeline.mark(clock::instant(), "called_out", &row.purpose);
    let (desk, desk_events) = match reached.desk {
        Some((dialog, events, seat)) => (Desk::Waiting { dialog, seat }, Some(events)),
        None => (Desk::None, None),
    };
    let ears = Ears {
        caller: reached.events,
        sound: reached.sound_events,
        stored,
        hunt: None,
        desk: desk_events,
        owed: VecDeque::new(),
        closing: Some(house.grace_over.clone()),
    };
    let call = Call {
        house: house.clone(),
        place: Place::of_ours(),
        book,
        id: id.clone(),
        started_at,
        caller_number: Some(row.number.clone()),
        session,
        caller: Some(reached.dialog),
        sound: reached.sound,
        ledger,
        timeline,
        caller_presses: Presses::new(),
        desk_presses: Presses::new(),
        infos: 0,
        desk,
        stage: Stage::Running,
        closing_by: None,
        recorded: None,
        talk: Talk::default(),
        storing: 0,
        outcome: None,
        message: None,
        last_press_at: clock::instant(),
    };
    call.run(ears).await
}

/// The day on which he called us.
async fn date_of(house: &Arc<House>, attempt: &Attempt) -> Option<Value> {
    let about = attempt.row.call.as_ref()?;
    let started_at = match house.engine.call_started_at(about).await {
        Ok(at) => at?,
        Err(error) => {
            tracing::warn!(call = %attempt.call.0, %error, "the day of the first call is not known");
            return None;
        }
    };
    let day = started_at.day();
    Some(Value::Date {
        month: unsigned(day.month()),
        day: unsigned(day.day_of_month()),
    })
}

/// What the conversation says of the attempt. Who hung up or kept silent before he chose was not reached.
fn how(outcome: &Outcome) -> Ended {
    match outcome {
        Outcome::Graded(_) | Outcome::Ungraded(_) => Ended::Answered,
        Outcome::NotConnected(why) => match why {
            NotConnected::PutOff => Ended::Later,
            NotConnected::Refused => Ended::Refused,
            NotConnected::Fault => Ended::Interrupted,
            NotConnected::Abandoned | NotConnected::NoDesk | NotConnected::Closed => {
                Ended::NoAnswer
            }
            NotConnected::Message | NotConnected::Callback => Ended::Answered,
        },
    }
}
