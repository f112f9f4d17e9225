//! The conversation with whom we called.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::call::{Begun, Call, Desk, House};
use crate::domain::Moment;
use crate::ears::Ears;
use crate::engine::NewCall;
use crate::floor::place::Place;
use crate::ivr::{Outcome, Plan, Session, Value};
use crate::ledger::clock::{self, CallClock};
use crate::ledger::timeline::Timeline;
use crate::openings::{facts, hours_of, spoken_date};
use crate::outward::Attempt;
use crate::phone::answer::OPENING;
use crate::reaching::Reached;

/// From the answer on it is a call like any other.
pub(super) async fn talk(
    house: &Arc<House>,
    attempt: &Attempt,
    plan: Arc<Plan>,
    (place, started_at): (Place, Moment),
    reached: Reached,
) -> Outcome {
    let book = house.book.borrow().clone();
    let (id, row) = (&attempt.call, &attempt.row);
    let new = row_of(house, attempt, &plan, started_at, &reached);
    let (ledger, stored) = house.ledgers.open_call(new, OPENING).await;
    let hours = hours_of(&plan, &house.settings.openings);
    let mut known = facts(
        &house.calendar,
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
        Some((line, events, seat)) => (Desk::Waiting { line, seat }, Some(events)),
        None => (Desk::None, None),
    };
    let ears = Ears {
        caller: reached.events,
        sound: reached.sound_events,
        stored,
        hunt: None,
        desk: desk_events,
        second: None,
        beside: Default::default(),
        supervisor: house.supervisions.enter(&id.0, Some(row.number.clone())),
        owed: VecDeque::new(),
        closing: Some(house.grace_over.clone()),
    };
    let call = Call::new(Begun {
        house: house.clone(),
        place,
        book,
        id: id.clone(),
        started_at,
        caller_number: Some(row.number.clone()),
        session,
        dialog: reached.dialog,
        sound: reached.sound,
        ledger,
        timeline,
        desk,
        outside: house.onward.of_call(row.rehearsal || house.rehearsal, None),
    });
    call.run(ears).await
}

/// Its row: of a call out the caller's side is the citizen, whoever rang.
fn row_of(
    house: &House,
    attempt: &Attempt,
    plan: &Plan,
    started_at: Moment,
    reached: &Reached,
) -> NewCall {
    let outward = house.settings.outward.as_ref();
    let trunk = outward.map(|outward| &outward.trunk);
    NewCall {
        id: attempt.call.clone(),
        sip_call_id: reached.dialog.call_id().to_owned(),
        caller: Some(attempt.row.number.clone()),
        callee: trunk.map_or_else(String::new, |trunk| trunk.caller_id.clone()),
        source: reached.peer.clone(),
        started_at,
        dialplan: plan.name.clone(),
        dialplan_digest: plan.digest().to_owned(),
        rehearsal: attempt.row.rehearsal || house.rehearsal,
    }
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
    Some(spoken_date(started_at.day()))
}
