//! One attempt of a call out: its line and its plan, and the conversation with whom it reached.

mod talked;

use std::sync::Arc;

use talked::talk;

use crate::call::House;
use crate::callwords::how;
use crate::errands::{Ended, Order, Purpose};
use crate::floor::place::Place;
use crate::ledger::clock;
use crate::outward::Attempt;
use crate::reaching::Reaching;
use crate::sip::Agent;

/// Whether a dialplan answers calls of a purpose, as the operator's files are now.
pub(super) fn answered(house: Arc<House>) -> Box<dyn Fn(Purpose) -> bool + Send + Sync> {
    Box::new(move |purpose| {
        let book = house.book.borrow();
        book.plan_of_calls_out(purpose.word()).is_some()
    })
}

/// Makes it; how it ended, and the final response where there was one.
pub(super) async fn make(
    house: Arc<House>,
    agent: Agent,
    (order, attempt): (Order, Attempt),
    place: Place,
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
    let reaching = Reaching {
        agent: &agent,
        media: &house.media,
        floor: &house.floor,
        archive: &house.archive,
        book: &book,
        calendar: &house.calendar,
        outward: house.settings.outward.as_ref(),
        trunkline: house.trunkline.as_ref(),
        grace_over: &house.grace_over,
        order: &order,
        attempt: &attempt,
        started_at,
    };
    let reached = tokio::select! {
        // First: what it has begun to record it takes away itself.
        biased;
        reached = reaching.reach() => reached,
        () = house.grace_over.cancelled() => Err((Ended::Interrupted, None)),
    };
    match reached {
        Ok(reached) => {
            let outcome = talk(&house, &attempt, plan, (place, started_at), reached).await;
            (how(&outcome), Some(200))
        }
        Err(failed) => failed,
    }
}
