//! Ratings that are 待核 because their rater is on the blocklist (A27): what marks them, and what becomes of them.

use super::{Engine, Error};
use crate::acts::Act;
use crate::blocklist::{self, Verdict};
use crate::domain::{Applicant, By, Intake, Moment, RatingId, Standing};
use crate::store::Tx;

impl Engine {
    /// Somebody looked whether a rating that is 待核 is true.
    pub async fn verify_rating(
        &self,
        id: &RatingId,
        verdict: Verdict,
        reason: &str,
        by: &By,
        now: Moment,
    ) -> Result<Option<Standing>, Error> {
        let mut tx = self.write().await?;
        tx.lock_instance(&id.service).await?;
        let ratings = tx.ratings_of(&id.service).await?;
        let Some(rating) = ratings.into_iter().find(|rating| rating.id == *id) else {
            return Ok(None);
        };
        let open = tx.open_ticket_of(&id.service).await?;
        let entry = blocklist::verify(&rating, open.is_some(), verdict, reason, by, now)?;
        tx.set_standing(id, verdict.standing()).await?;
        self.verify_on_ticket(&mut tx, id, verdict == Verdict::Valid, by, now)
            .await?;
        tx.append_trail(Some(&id.to_string()), None, &entry).await?;
        tx.commit().await?;
        Ok(Some(verdict.standing()))
    }

    /// Whether the rater is on the blocklist; a rehearsal is nobody's.
    pub(super) async fn is_listed(&self, tx: &mut Tx, intake: &Intake) -> Result<bool, Error> {
        match intake
            .rater
            .applicant
            .as_ref()
            .filter(|_| !intake.rehearsal)
        {
            Some(applicant) => Ok(tx.is_listed(applicant, intake.graded_at).await?),
            None => Ok(false),
        }
    }

    /// What of the identity is 待核 counts again, since it should not have been listed; how many.
    pub(super) async fn release(
        &self,
        tx: &mut Tx,
        applicant: &Applicant,
        now: Moment,
    ) -> Result<u64, Error> {
        let mut released = 0;
        for id in tx.pending_of(applicant).await? {
            if tx.release_pending(&id).await? {
                released += 1;
                self.verify_on_ticket(tx, &id, true, &By::System, now)
                    .await?;
            }
        }
        Ok(released)
    }

    /// The ticket that the rating is on says what became of it, so that the grade that counts is the ticket's too.
    async fn verify_on_ticket(
        &self,
        tx: &mut Tx,
        id: &RatingId,
        valid: bool,
        by: &By,
        now: Moment,
    ) -> Result<(), Error> {
        for number in tx.tickets_of(&id.service).await? {
            let Some(case) = self.settled_case(tx, number, now).await? else {
                continue;
            };
            let mut waiting = case.ratings.iter();
            if waiting.any(|one| one.id == *id && one.standing == Standing::Pending) {
                let rating = id.clone();
                let act = Act::VerifyPending { rating, valid };
                let decision = self.decide(tx, &case, act, by, now).await?;
                self.save(tx, &decision, now).await?;
            }
        }
        Ok(())
    }
}

/// Acts and tickets first and the listing after them, as a tick does: nobody waits in a circle.
pub(super) async fn lock_what_waits(tx: &mut Tx, number: u64) -> Result<(), Error> {
    let Some(listing) = tx.listing(number).await? else {
        return Ok(());
    };
    for id in tx.pending_of(&listing.applicant).await? {
        tx.lock_instance(&id.service).await?;
        for ticket in tx.tickets_of(&id.service).await? {
            tx.lock_ticket(ticket).await?;
        }
    }
    Ok(())
}
