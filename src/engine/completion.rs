//! What a caller still says after the grade was confirmed, added to the rating.

use super::intake::phone_intake;
use super::{CallId, Error};
use crate::domain::{IntakeKey, Moment, Said, ServiceKey, complete};
use crate::store::{CallStanding, Tx};

/// Adds to a call's rating the reasons, keys and remark it does not have yet; does nothing where
/// there is no rating or nothing new. The caller holds the call's lock.
pub(super) async fn complete_rating(
    tx: &mut Tx,
    id: &CallId,
    call: &CallStanding,
    now: Moment,
) -> Result<(), Error> {
    let key = IntakeKey::phone(&id.0);
    let Some(known) = tx.rating_by_key(&key).await? else {
        return Ok(());
    };
    let Some(said) = phone_intake(tx, id, call).await? else {
        return Ok(());
    };
    let instance: ServiceKey = said.service.key();
    tx.lock_instance(&instance).await?;
    let ratings = tx.ratings_of(&instance).await?;
    let Some(mut rating) = ratings.into_iter().find(|rating| rating.intake.key == key) else {
        return Ok(());
    };
    let said = Said {
        reasons: said.reasons,
        remark: said.remark,
        keys: said.evidence.keys,
    };
    if let Some(entry) = complete(&mut rating, said, now) {
        tx.complete_rating(&rating, known.ticket.as_deref(), &entry)
            .await?;
    }
    Ok(())
}
