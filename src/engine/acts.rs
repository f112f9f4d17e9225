//! Acts on a ticket: load, decide, save.

use sha2::{Digest, Sha256};

use super::{Engine, Error};
use crate::casework::{
    self, Act, Case, Decision, FreshSlips, KINDS, Kind, Setting, SlipNumber, ripe,
};
use crate::domain::{By, Moment, Refusal, Series, State, TicketNumber, UnitId};
use crate::store::{KnownAct, SlipRow, Tx};

/// What somebody wants done to a ticket.
#[derive(Debug, Clone)]
pub struct Doing {
    pub ticket: TicketNumber,
    pub act: Act,
    pub by: By,
    /// The version the doer saw; refused as stale where the ticket has another. `None`: whatever it is.
    pub seen: Option<u32>,
    /// Told twice with one key, it is done once.
    pub key: Option<String>,
}

/// The ticket after an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acted {
    pub version: u32,
    pub state: State,
}

/// An act with whether the asker may do it now.
#[derive(Debug, Clone)]
pub struct Allowed {
    pub kind: &'static Kind,
    /// On which of several orders; `None` where there is one or none.
    pub order: Option<u8>,
    /// Why not.
    pub refusal: Option<Refusal>,
}

/// A ticket with what only its own page shows.
#[derive(Debug, Clone)]
pub struct WholeCase {
    pub case: Case,
    /// Every version of its slips, void copies too.
    pub slips: Vec<SlipRow>,
    /// The bureau that had sent the one who served (第十条（三）); `None`: staff of the Centre's own.
    pub seconded_from: Option<UnitId>,
}

impl Engine {
    /// Does something to a ticket. What time has done to it meanwhile comes first.
    pub async fn act(&self, doing: Doing, now: Moment) -> Result<Acted, Error> {
        let mut tx = self.write().await?;
        tx.lock_ticket(doing.ticket).await?;
        let digest = Doing::digest_of(&(&doing.act, &doing.by));
        if let Some(key) = &doing.key
            && let Some(known) = tx.known_act(key).await?
        {
            return self.told_again(&mut tx, &doing, &known, &digest).await;
        }
        let version = tx.ticket_version(doing.ticket).await?;
        let Some(version) = version else {
            return Err(Error::NoSuchTicket(doing.ticket.to_string()));
        };
        if doing.seen.is_some_and(|seen| seen != version) {
            return Err(Error::Stale);
        }
        let case = self.settled_case(&mut tx, doing.ticket, now).await?;
        let case = case.ok_or_else(|| Error::NoSuchTicket(doing.ticket.to_string()))?;
        let decision = self
            .decide(&mut tx, &case, doing.act, &doing.by, now)
            .await?;
        let acted = self.save(&mut tx, &decision, now).await?;
        let acted = Acted {
            version: acted.version,
            state: acted.ticket.state,
        };
        if let Some(key) = &doing.key {
            let known = KnownAct {
                ticket: doing.ticket.to_string(),
                digest,
                version: acted.version,
            };
            tx.remember_act(key, &known, now).await?;
        }
        tx.commit().await?;
        Ok(acted)
    }

    async fn told_again(
        &self,
        tx: &mut Tx,
        doing: &Doing,
        known: &KnownAct,
        digest: &str,
    ) -> Result<Acted, Error> {
        if known.ticket != doing.ticket.to_string() || known.digest != digest {
            return Err(Error::KeyReused);
        }
        let case = tx.case(doing.ticket).await?;
        let case = case.ok_or_else(|| Error::NoSuchTicket(doing.ticket.to_string()))?;
        Ok(Acted {
            version: known.version,
            state: case.ticket.state,
        })
    }

    /// The ticket as it stands, with its slips; nothing is written. What a clock does next shows after the
    /// next tick.
    pub async fn whole_case(&self, number: TicketNumber) -> Result<Option<WholeCase>, Error> {
        let mut tx = self.read().await?;
        let Some(case) = tx.case(number).await? else {
            return Ok(None);
        };
        let slips = tx.slips(&number.to_string()).await?;
        let rating = tx.rating(&case.ticket.rating.to_string()).await?;
        let served_at = rating.map(|rating| rating.service.served_at().unwrap_or(rating.rated_at));
        let served_at = served_at.unwrap_or(case.ticket.opened_at);
        let seconded_from = tx.bureau_of_staff(&case.staff, served_at).await?;
        Ok(Some(WholeCase {
            case,
            slips,
            seconded_from,
        }))
    }

    /// Every act that a person or the rater can do to a ticket at all, with whether `by` may do it now.
    pub fn allowed(&self, case: &Case, by: &By, now: Moment) -> Vec<Allowed> {
        let orders: Vec<u8> = case.live().map(|order| order.number).collect();
        let mut list = Vec::new();
        for kind in KINDS.iter().filter(|kind| kind.is_offered()) {
            let which: Vec<Option<u8>> = match orders.as_slice() {
                [_, _, ..] if kind.on_order => orders.iter().map(|order| Some(*order)).collect(),
                _ => vec![None],
            };
            for order in which {
                list.push(Allowed {
                    kind,
                    order,
                    refusal: casework::may(case, kind, order, by, now).err(),
                });
            }
        }
        list
    }

    /// The ticket after what time has done to it by `now`, saved in this transaction. `None`: no such ticket.
    pub(super) async fn settled_case(
        &self,
        tx: &mut Tx,
        number: TicketNumber,
        now: Moment,
    ) -> Result<Option<Case>, Error> {
        tx.lock_ticket(number).await?;
        let Some(mut case) = tx.case(number).await? else {
            return Ok(None);
        };
        while let Some(act) = ripe(&case, now) {
            let decision = self.decide(tx, &case, act, &By::System, now).await?;
            case = self.save(tx, &decision, now).await?;
        }
        Ok(Some(case))
    }

    pub(super) async fn decide(
        &self,
        tx: &mut Tx,
        case: &Case,
        act: Act,
        by: &By,
        now: Moment,
    ) -> Result<Decision, Error> {
        let series = Series::of(case.ticket.rehearsal);
        let first = match makes_slips(&act) {
            true => tx.fresh_slip_number(series, now).await?,
            false => SlipNumber {
                series,
                year: now.day().year(),
                serial: 1,
            },
        };
        let setting = Setting {
            calendar: &self.inner.calendar,
            now,
            fresh: FreshSlips::from(first),
        };
        Ok(casework::act(case, act, by, setting)?)
    }

    /// Saves a decision about a ticket; the ticket after it.
    pub(super) async fn save(
        &self,
        tx: &mut Tx,
        decision: &Decision,
        now: Moment,
    ) -> Result<Case, Error> {
        if !tx.save(decision, &self.inner.calendar, now).await? {
            return Err(Error::Stale);
        }
        let change = decision.case.as_ref();
        Ok(change.expect("an act changes its ticket").after.clone())
    }
}

fn makes_slips(act: &Act) -> bool {
    matches!(
        act,
        Act::Report {}
            | Act::Dispatch { unit: Some(_), .. }
            | Act::RejectAppeal { unit: Some(_), .. }
    )
}

impl Doing {
    /// Of what is to be done, by whom.
    pub(super) fn digest_of(what: &impl serde::Serialize) -> String {
        let text = serde_json::to_string(what).expect("an act has text keys only");
        hex::encode(Sha256::digest(text.as_bytes()))
    }
}
