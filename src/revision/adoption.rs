//! Tickets that are older than the records of the trail get the one that opens them.

use crate::casework::adopt;
use crate::domain::Moment;
use crate::engine::{Engine, Error};
use crate::store::{Tx, Unrecorded};

/// Tickets of one look.
const BATCH: i64 = 100;

impl Engine {
    /// Writes the opening record of every ticket that has none, from what its rows and its rating say: from then on it is
    /// acted on like any other, and what time has done to it is noted by the next tick. How many there were. To be
    /// done before due dates are counted anew; may be run again.
    pub async fn adopt_tickets(&self, now: Moment) -> Result<u64, Error> {
        let (mut adopted, mut after) = (0, String::new());
        loop {
            let found = self.read().await?.unrecorded(&after, BATCH).await?;
            let Some(last) = found.last() else { break };
            after = last.number.to_string();
            for ticket in &found {
                let mut tx = self.write().await?;
                if adopt_one(&mut tx, ticket, now).await? {
                    tx.commit().await?;
                    adopted += 1;
                }
            }
        }
        if adopted > 0 {
            tracing::warn!(
                adopted,
                "tickets of an older version have their records now"
            );
        }
        Ok(adopted)
    }
}

async fn adopt_one(tx: &mut Tx, ticket: &Unrecorded, now: Moment) -> Result<bool, Error> {
    tx.lock_ticket(ticket.number).await?;
    if tx.case(ticket.number).await?.is_some() {
        return Ok(false);
    }
    let ratings = tx.ratings_of(&ticket.rating.service).await?;
    let Some(rating) = ratings.iter().find(|rating| rating.id == ticket.rating) else {
        return Ok(false);
    };
    let clocks = tx.clocks_of_rows(ticket.number).await?;
    let Some((_, entry)) = adopt(rating, ticket.number, ticket.opened_at, clocks, now) else {
        return Ok(false);
    };
    tx.now_recorded(ticket.number).await?;
    let (rating, number) = (ticket.rating.to_string(), ticket.number.to_string());
    tx.append_trail(Some(&rating), Some(&number), &entry)
        .await?;
    Ok(true)
}
