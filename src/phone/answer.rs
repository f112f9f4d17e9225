use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;

use super::call::{Call, Desk, Stage, Talk};
use super::clock::{self, CallClock};
use super::ears::Ears;
use super::hours::{Service, service};
use super::ledger::Ledger;
use super::timeline::Timeline;
use super::{House, refuse};
use crate::config::ServiceHours;
use crate::domain::{Day, Holiday, Moment};
use crate::engine::{CallId, NewCall};
use crate::ivr::{Facts, Hours, HoursSpan, Presses, Session, Value};
use crate::media::{self, Leg};
use crate::sip::{Dialog, DialogEvent, Incoming};

/// How long an ACK with the answer to our (late) offer may take: 64·T1 (RFC 3261 §13.3.1.4).
const LATE_ANSWER: Duration = Duration::from_secs(32);

/// Takes a call that the guard let through: refuses it with its reason, or answers and runs it to
/// its last row.
pub(super) async fn answer(house: Arc<House>, invite: Incoming) {
    let book = house.book.borrow().clone();
    let Some(plan) = book.plan_for(&invite.callee).cloned() else {
        tracing::info!(source = %invite.source, "no dialplan serves the number called");
        return refuse(invite, 404, "number").await;
    };
    let leg = match &invite.offer {
        Some(offer) => house.media.answer_to(offer),
        None => house.media.offer(),
    };
    let leg = match leg {
        Ok(leg) => leg,
        Err(error) => {
            tracing::info!(source = %invite.source, %error, "a call cannot have media");
            let (status, reason) = match error {
                media::Error::UnreadableSdp(_) => (400, "sdp"),
                media::Error::NoCommonCodec { .. } => (488, "codec"),
                _ => (503, "media"),
            };
            return refuse(invite, status, reason).await;
        }
    };
    let started_at = clock::moment();
    let id = new_call_id(started_at);
    let opened = house
        .engine
        .open_call(NewCall {
            id: id.clone(),
            sip_call_id: invite.call_id.clone(),
            caller: invite.caller.clone(),
            callee: invite.callee.clone(),
            source: invite.source.to_string(),
            started_at,
            dialplan: plan.name.clone(),
            dialplan_digest: plan.digest().to_owned(),
            rehearsal: house.rehearsal,
        })
        .await;
    // Keep the line alive first: a citizen is answered even where the row cannot be written now.
    if let Err(error) = opened {
        metrics::counter!("gradeline_ledger_lost_total").increment(1);
        tracing::error!(call = %id.0, %error, "a call's row cannot be opened");
    }
    let caller_number = invite.caller.clone();
    let late_offer = invite.offer.is_none();
    let (dialog, mut events) = match invite.answer(leg.description()).await {
        Ok(answered) => answered,
        Err(error) => {
            tracing::info!(call = %id.0, %error, "the caller left before the answer");
            return never_answered(&house, id).await;
        }
    };
    let mut leg = leg;
    if late_offer && let Err(why) = take_late_answer(&mut leg, &mut events).await {
        tracing::warn!(call = %id.0, why, "a late offer got no usable answer");
        if dialog.bye(None).await.is_err() {
            tracing::debug!(call = %id.0, "the caller had already gone");
        }
        return never_answered(&house, id).await;
    }
    let facts = facts(
        &house,
        &book.lengths_ms,
        caller_number.as_deref(),
        started_at,
    );
    let session = Session::new(plan, book.script.clone(), facts, clock::instant());
    match begin(house.clone(), id.clone(), leg, dialog) {
        Ok((parts, sound_events)) => {
            let Begun {
                dialog,
                sound,
                ledger,
                stored,
                timeline,
            } = parts;
            let ears = Ears {
                caller: events,
                sound: sound_events,
                stored,
                hunt: None,
                desk: None,
                owed: VecDeque::new(),
                closing: Some(house.grace_over.clone()),
            };
            let call = Call {
                house,
                book,
                id,
                started_at,
                caller_number,
                session,
                caller: dialog,
                sound,
                ledger,
                timeline,
                caller_presses: Presses::new(),
                desk_presses: Presses::new(),
                infos: 0,
                desk: Desk::None,
                stage: Stage::Running,
                talk: Talk::default(),
                storing: 0,
                outcome: None,
                message: None,
                last_press_at: clock::instant(),
            };
            call.run(ears).await;
        }
        Err(error) => {
            tracing::error!(call = %id.0, error = format!("{error:#}"), "a call's sound cannot begin");
            never_answered(&house, id).await;
        }
    }
}

struct Begun {
    dialog: Dialog,
    sound: media::CallMedia,
    ledger: Ledger,
    stored: tokio::sync::mpsc::Receiver<super::ledger::Stored>,
    timeline: Timeline,
}

/// Recording starts with the answer; there is no switch to leave it out (第七条(三)).
fn begin(
    house: Arc<House>,
    id: CallId,
    leg: Leg,
    dialog: Dialog,
) -> anyhow::Result<(Begun, tokio::sync::mpsc::Receiver<media::Event>)> {
    let place = house.archive.place(&id, clock::moment())?;
    let (sound, sound_events) = house.media.start_call(leg, Some(&place))?;
    let (ledger, stored) = Ledger::open(house.engine.clone(), id.clone());
    let timeline = Timeline::new(house.engine.clone(), id, CallClock::answered_now());
    Ok((
        Begun {
            dialog,
            sound,
            ledger,
            stored,
            timeline,
        },
        sound_events,
    ))
}

/// Our 200 carried the offer; the ACK brings the answer (RFC 3264 §5).
async fn take_late_answer(
    leg: &mut Leg,
    events: &mut tokio::sync::mpsc::Receiver<DialogEvent>,
) -> Result<(), String> {
    let waited = tokio::time::timeout(LATE_ANSWER, events.recv()).await;
    match waited {
        Ok(Some(DialogEvent::Acknowledged { sdp: Some(sdp) })) => {
            leg.accept_answer(&sdp).map_err(|error| error.to_string())
        }
        Ok(Some(DialogEvent::Acknowledged { sdp: None })) => {
            Err("the ACK carries no answer".into())
        }
        Ok(_) => Err("the caller left".into()),
        Err(_) => Err("no ACK".into()),
    }
}

async fn never_answered(house: &House, id: CallId) {
    let (ledger, _stored) = Ledger::open(house.engine.clone(), id.clone());
    ledger.put(super::ledger::Job::End(crate::engine::EndedCall {
        id,
        ended_at: clock::moment(),
        hung_up_by: crate::engine::HungUpBy::Caller,
        outcome: "abandoned".into(),
        outcome_after_ms: None,
    }));
    ledger.close().await;
}

/// `20261123-220512-7f3a9c`: sortable by start, unguessable enough not to collide.
fn new_call_id(started_at: Moment) -> CallId {
    let digits: String = started_at
        .civil_text()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let (day, time) = digits.split_at(8.min(digits.len()));
    let tail: u32 = rand::rng().random_range(0..=0xff_ffff);
    CallId(format!("{day}-{time}-{tail:06x}"))
}

fn facts(
    house: &House,
    lengths_ms: &Arc<std::collections::HashMap<String, u32>>,
    caller: Option<&str>,
    now: Moment,
) -> Facts {
    let spans = spoken_hours(&house.config.centre.service_hours);
    let hours = match service(&house.config.centre.service_hours, &house.calendar, now) {
        Service::Open => Hours::Open,
        Service::Closed => Hours::Closed {
            hours: spans.clone(),
        },
        Service::Holiday { holiday, resumes } => Hours::Holiday {
            name: holiday_clip(holiday).to_owned(),
            month: unsigned(resumes.month()),
            day: unsigned(resumes.day_of_month()),
        },
    };
    let digits: String = caller
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    Facts {
        hours,
        tail: digits
            .len()
            .checked_sub(4)
            .map(|from| digits[from..].to_owned()),
        slot: slot(house, spans, now.day()),
        lengths_ms: lengths_ms.clone(),
    }
}

/// When a callback can be promised: the next working day, within the hours.
fn slot(house: &House, hours: Vec<HoursSpan>, today: Day) -> Option<Value> {
    let day = house.calendar.next_workday_after(today).ok()?;
    Some(Value::Slot {
        month: unsigned(day.month()),
        day: unsigned(day.day_of_month()),
        hours,
    })
}

fn spoken_hours(hours: &ServiceHours) -> Vec<HoursSpan> {
    match hours {
        ServiceHours::Always => Vec::new(),
        ServiceHours::Spans(spans) => spans
            .iter()
            .map(|span| HoursSpan {
                from_min: span.from_minute,
                to_min: span.to_minute,
            })
            .collect(),
    }
}

/// The stem of the clip that names a holiday, without `holiday-`.
fn holiday_clip(holiday: Holiday) -> &'static str {
    match holiday {
        Holiday::NewYear => "yuandan",
        Holiday::SpringFestival => "chunjie",
        Holiday::TombSweeping => "qingming",
        Holiday::LabourDay => "laodong",
        Holiday::DragonBoat => "duanwu",
        Holiday::MidAutumn => "zhongqiu",
        Holiday::NationalDay => "guoqing",
    }
}

fn unsigned(number: i8) -> u8 {
    u8::try_from(number).expect("months and days are positive")
}
