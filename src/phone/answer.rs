use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use rand::RngExt as _;
use tokio::sync::mpsc;

use super::refuse;
use crate::call::{Begun, Call, Desk, House};
use crate::desks::Handed;
use crate::domain::Moment;
use crate::ears::Ears;
use crate::engine::{CallId, EndedCall, HungUpBy, NewCall};
use crate::floor::place::Place;
use crate::ivr::{Plan, Session};
use crate::ledger::clock::{self, CallClock};
use crate::ledger::timeline::Timeline;
use crate::ledger::{self, Job, Ledger};
use crate::media::{self, CallMedia, Leg};
use crate::openings::{facts, hours_of};
use crate::reaching::keep_nothing;
use crate::sip::{Dialog, DialogEvent, Incoming};

/// How long an ACK with the answer to our (late) offer may take: 64·T1 (RFC 3261 §13.3.1.4).
const LATE_ANSWER: Duration = Duration::from_secs(32);

/// How long the answer waits for the call's row: longer than the ledger waits for the database before it asks the
/// journal, and shorter than a caller may wait for us.
pub(super) const OPENING: Duration = Duration::from_millis(1500);

/// Takes a call that the guard let through: refuses it with its reason, or answers and runs it to
/// its last row. Its place is held so long.
pub(super) async fn answer(house: Arc<House>, invite: Incoming, place: Place) {
    // A desk's telephone that has a caller is none.
    let invite = match is_a_desks(&house, &invite) {
        true => match house.consulting.take(invite) {
            Some(invite) => invite,
            None => return,
        },
        false => invite,
    };
    match invite.from_trunk {
        true => take(house, invite, place).await,
        false => refuse(invite, 403, "foreign").await,
    }
}

/// Whether it may be a desk that calls. Desks may stand behind the very address that callers come from: what a dialplan answers is
/// a caller's, and so is what does not come in the name of a desk.
fn is_a_desks(house: &House, invite: &Incoming) -> bool {
    let named = |name: &String| matches!(house.floor.named(name), Some(Handed::Desk(_)));
    let answered = house.book.borrow().plan_for(&invite.callee).is_some();
    !invite.from_trunk || !answered && invite.caller.as_ref().is_some_and(named)
}

async fn take(house: Arc<House>, invite: Incoming, mut place: Place) {
    let book = house.book.borrow().clone();
    let Some(plan) = book.plan_for(&invite.callee).cloned() else {
        // Whoever dials at random writes no log: it is counted.
        tracing::debug!(source = %invite.source, "no dialplan serves the number called");
        return refuse(invite, 404, "number").await;
    };
    let leg = match media_for(&house, &invite) {
        Ok(leg) => leg,
        Err((status, reason)) => return refuse(invite, status, reason).await,
    };
    let started_at = clock::moment();
    let id = new_call_id(started_at);
    let (ledger, stored) = open_row(&house, &id, &invite, &plan, started_at).await;
    let (caller_number, called) = (invite.caller.clone(), invite.callee.clone());
    let taken = match take_up(&house, &id, started_at, invite, leg).await {
        Ok(taken) => taken,
        Err(error) => {
            tracing::warn!(call = %id.0, error = format!("{error:#}"), "a call was not taken up");
            place.closes();
            return never_answered(ledger, id).await;
        }
    };
    let hours = hours_of(&plan, &house.settings.openings);
    let facts = facts(
        &house.calendar,
        &hours,
        &book.lengths_ms,
        caller_number.as_deref(),
        started_at,
    );
    let session = Session::new(plan, book.script.clone(), facts, clock::instant());
    let timeline = Timeline::new(house.engine.clone(), id.clone(), taken.clock);
    let ears = Ears::new(
        taken.events,
        taken.sound_events,
        stored,
        house.supervisions.enter(&id.0, caller_number.clone()),
        house.grace_over.clone(),
    );
    let call = Call::new(Begun {
        outside: house.onward.of_call(house.rehearsal, Some(called)),
        house,
        place,
        book,
        id,
        started_at,
        caller_number,
        session,
        dialog: taken.dialog,
        sound: taken.sound,
        ledger,
        timeline,
        desk: Desk::None,
    });
    // Whom it reached how is on record.
    let _outcome = call.run(ears).await;
}

/// A leg that answers the offer, or makes one where the caller made none; else the refusal's status
/// and reason.
fn media_for(house: &House, invite: &Incoming) -> Result<Leg, (u16, &'static str)> {
    let media = house.media.toward(media::Whose::Trunk, invite.by_tls);
    let leg = match &invite.offer {
        Some(offer) => media.answer_to(offer),
        None => media.offer(),
    };
    leg.map_err(|error| {
        tracing::info!(source = %invite.source, %error, "a call cannot have media");
        match error {
            media::Error::UnreadableSdp(_) => (400, "sdp"),
            media::Error::NoCommonCodec { .. } => (488, "codec"),
            media::Error::OtherFamily { .. } => (488, "address"),
            media::Error::OtherProfile { .. } | media::Error::KeysInTheClear => (488, "srtp"),
            _ => (503, "media"),
        }
    })
}

/// The call's row, before the answer. Keep the line alive first: a citizen is answered even where
/// the row cannot be written now.
async fn open_row(
    house: &House,
    id: &CallId,
    invite: &Incoming,
    plan: &Plan,
    started_at: Moment,
) -> ledger::Opened {
    let call = NewCall {
        id: id.clone(),
        sip_call_id: invite.call_id.clone(),
        caller: invite.caller.clone(),
        callee: invite.callee.clone(),
        source: invite.source.to_string(),
        started_at,
        dialplan: plan.name.clone(),
        dialplan_digest: plan.digest().to_owned(),
        rehearsal: house.rehearsal,
    };
    house.ledgers.open_call(call, OPENING).await
}

/// A call that was answered and whose sound runs.
struct Taken {
    dialog: Dialog,
    events: mpsc::Receiver<DialogEvent>,
    clock: CallClock,
    sound: CallMedia,
    sound_events: mpsc::Receiver<media::Event>,
}

/// Starts the sound and sends 200. Recording runs when the answer goes; there is no switch to leave it out
/// (第七条(三)): started after it, a starved or dying house would have answered and recorded nothing. Only where the
/// caller makes no offer his ACK must come first.
async fn take_up(
    house: &House,
    id: &CallId,
    started_at: Moment,
    invite: Incoming,
    mut leg: Leg,
) -> anyhow::Result<Taken> {
    let place = house.archive.place(id, started_at).unwrap_or_else(|error| {
        // A full disk ends no call: the recorder goes on trying, in the folder that is there.
        tracing::error!(call = %id.0, %error, "a recording has no folder of its day");
        house.archive.dir().join(format!("{}.wav", id.0))
    });
    let begin = |leg: Leg| {
        let clock = CallClock::answered_now();
        let started = house.media.start_call(leg, Some(&place));
        started.map(|(sound, events)| (clock, sound, events))
    };
    let description = leg.description().to_owned();
    let (dialog, events, (clock, sound, sound_events)) = if invite.offer.is_none() {
        let (dialog, mut events) = invite.answer(&description).await?;
        // From here on dropping the dialog hangs up.
        take_late_answer(house, &mut leg, &mut events).await?;
        (dialog, events, begin(leg)?)
    } else {
        let begun = begin(leg)?;
        match invite.answer(&description).await {
            Ok((dialog, events)) => (dialog, events, begun),
            Err(error) => {
                keep_nothing(&begun.1, begun.2, place);
                return Err(error.into());
            }
        }
    };
    Ok(Taken {
        dialog,
        events,
        clock,
        sound,
        sound_events,
    })
}

/// Our 200 carried the offer; the ACK brings the answer (RFC 3264 §5).
async fn take_late_answer(
    house: &House,
    leg: &mut Leg,
    events: &mut mpsc::Receiver<DialogEvent>,
) -> anyhow::Result<()> {
    let waited = tokio::select! {
        waited = tokio::time::timeout(LATE_ANSWER, events.recv()) => waited,
        () = house.grace_over.cancelled() => bail!("the house closes, and no ACK came"),
    };
    match waited {
        Ok(Some(DialogEvent::Acknowledged { sdp: Some(sdp) })) => Ok(leg.accept_answer(&sdp)?),
        Ok(Some(DialogEvent::Acknowledged { sdp: None })) => bail!("the ACK carries no answer"),
        Ok(_) => bail!("the caller left before the answer to our offer"),
        Err(_) => bail!("no ACK came"),
    }
}

async fn never_answered(ledger: Ledger, id: CallId) {
    ledger.put(Job::End(EndedCall {
        id,
        ended_at: clock::moment(),
        hung_up_by: HungUpBy::Caller,
        outcome: "abandoned".into(),
        outcome_after_ms: None,
    }));
    ledger.close().await;
}

/// `20261123-220512-7f3a9c`: sortable by start, unguessable enough not to collide.
pub(super) fn new_call_id(started_at: Moment) -> CallId {
    let digits: String = started_at
        .civil_text()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let (day, time) = digits.split_at(8.min(digits.len()));
    let tail: u32 = rand::rng().random_range(0..=0xff_ffff);
    CallId(format!("{day}-{time}-{tail:06x}"))
}
