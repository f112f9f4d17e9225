//! The blocklist (第十一条): load, decide, save.

use super::pending::lock_what_waits;
use super::{Doing, Engine, Error};
use crate::blocklist::{self, Act, Facts, Kind, Listing, Record, Refusal, Setting};
use crate::casework::{is_reminded, next_look};
use crate::domain::{
    Actor, Addressee, By, DeadlineKind, Entry, Identity, Moment, Notice, NoticeKind, Subject,
    TicketNumber, What,
};
use crate::register::ListingClock;
use crate::store::{DeadlineAt, KnownAct, Tx};

/// What somebody wants done to a listing.
#[derive(Debug, Clone)]
pub struct DoingToListing {
    pub listing: u64,
    pub act: Act,
    pub by: By,
    /// The version the doer saw; refused as stale where the listing has another. `None`: whatever it is.
    pub seen: Option<u32>,
    /// Told twice with one key, it is done once.
    pub key: Option<String>,
}

/// A listing with all that is shown of it.
#[derive(Debug, Clone)]
pub struct WholeListing {
    pub listing: Listing,
    pub records: Vec<Record>,
    pub clocks: Vec<ListingClock>,
    /// Of its evidence, what counts towards a listing now: a ruling may have been overturned since.
    pub counting: Vec<TicketNumber>,
    /// What can be done to it at all, with why the asker may not now.
    pub acts: Vec<(&'static Kind, Option<Refusal>)>,
}

impl Engine {
    /// Puts the rater of a ticket forward for the blocklist; the proposal has no effect until it is signed.
    pub async fn propose_listing(
        &self,
        ticket: TicketNumber,
        reason: String,
        by: &By,
        now: Moment,
    ) -> Result<Listing, Error> {
        let mut tx = self.write().await?;
        let rater = tx.rater_of_ticket(ticket).await?;
        let rater = rater.ok_or_else(|| Error::NoSuchTicket(ticket.to_string()))?;
        let number = tx.fresh_listing_number().await?;
        let proven = rater.identity == Identity::I3;
        let applicant = rater.applicant.filter(|_| proven);
        let (judged, listed) = match &applicant {
            Some(applicant) => (
                tx.judged_malicious(applicant).await?,
                tx.has_listing(applicant).await?,
            ),
            None => Default::default(),
        };
        let facts = Facts {
            judged: &judged,
            proven: applicant.is_some(),
            listed,
            objection_ends: None,
        };
        let act = Act::Propose {
            // Nobody is listed without one: it is refused below.
            applicant: applicant.unwrap_or_else(|| crate::domain::Applicant(String::new())),
            ticket,
            evidence: blocklist::counting(&judged, now),
            reason,
        };
        let setting = self.setting(facts, now);
        let decision = blocklist::act(None, number, act, by, setting)?;
        let listing = self.save_listing(&mut tx, decision).await?;
        tx.commit().await?;
        Ok(listing)
    }

    /// Does something to a listing. What time has done to it meanwhile comes first.
    pub async fn act_on_listing(
        &self,
        doing: DoingToListing,
        now: Moment,
    ) -> Result<Listing, Error> {
        let number = doing.listing;
        let missing = || Error::NoSuchListing(number);
        let name = Subject::Listing(number).to_string();
        let mut tx = self.write().await?;
        if doing.act.releases() {
            lock_what_waits(&mut tx, number).await?;
        }
        tx.lock_listing(number).await?;
        let digest = Doing::digest_of(&(&doing.act, &doing.by));
        if let Some(key) = &doing.key
            && let Some(known) = tx.known_act(key).await?
        {
            if known.ticket != name || known.digest != digest {
                return Err(Error::KeyReused);
            }
            return tx.listing(number).await?.ok_or_else(missing);
        }
        let listing = tx.listing(number).await?.ok_or_else(missing)?;
        if doing.seen.is_some_and(|seen| seen != listing.version) {
            return Err(Error::Stale);
        }
        let listing = self.settled_listing(&mut tx, listing, now).await?;
        let listing = self
            .done_to_listing(&mut tx, &listing, doing.act, &doing.by, now)
            .await?;
        if let Some(key) = &doing.key {
            let known = KnownAct {
                ticket: name,
                digest,
                version: listing.version,
            };
            tx.remember_act(key, &known, now).await?;
        }
        tx.commit().await?;
        Ok(listing)
    }

    /// Listings behind `after` in the order of their numbers, each with what `by` may do to it.
    pub async fn listings(
        &self,
        after: u64,
        limit: u32,
        by: &By,
        now: Moment,
    ) -> Result<Vec<WholeListing>, Error> {
        let mut tx = self.read().await?;
        let mut found = Vec::new();
        for number in tx.listing_numbers(after, i64::from(limit)).await? {
            found.extend(self.whole(&mut tx, number, by, now).await?);
        }
        Ok(found)
    }

    pub async fn whole_listing(
        &self,
        number: u64,
        by: &By,
        now: Moment,
    ) -> Result<Option<WholeListing>, Error> {
        let mut tx = self.read().await?;
        self.whole(&mut tx, number, by, now).await
    }

    /// What a tick does about a listing's deadline whose look it has claimed, in the same transaction; how many
    /// reminders it sent.
    pub(super) async fn look_at_listing(
        &self,
        tx: &mut Tx,
        due: &DeadlineAt,
        number: u64,
        now: Moment,
    ) -> Result<u64, Error> {
        let Some(listing) = tx.listing(number).await? else {
            return Ok(0);
        };
        let listing = self.settled_listing(tx, listing, now).await?;
        let deadline = &due.deadline;
        if listing.state.is_over() || !is_reminded(deadline.kind) {
            return Ok(0);
        }
        if deadline.due_at < now {
            self.miss_of_listing(tx, number, deadline.kind, now).await?;
            return Ok(0);
        }
        let (_, notice) = term_of_listing(number, (deadline.kind, deadline.due_at), now);
        tx.save_notice(None, None, &notice, now).await?;
        Ok(1)
    }

    /// A term of a listing ended without what it waits for: put on record, once.
    async fn miss_of_listing(
        &self,
        tx: &mut Tx,
        number: u64,
        kind: DeadlineKind,
        now: Moment,
    ) -> Result<(), Error> {
        let of = Subject::Listing(number);
        let Some(due_at) = tx.miss_open(&of, kind, now).await? else {
            return Ok(());
        };
        let (text, notice) = term_of_listing(number, (kind, due_at), now);
        tx.save_notice(None, None, &notice, now).await?;
        let entry = Entry {
            at: now,
            actor: Actor::System,
            person: None,
            what: What::Act("miss"),
            about: Subject::Listing(number),
            article: blocklist::ARTICLE,
            detail: text,
            record: None,
            rehearsal: false,
        };
        tx.append_trail(None, None, &entry).await?;
        Ok(())
    }

    fn setting<'a>(&'a self, facts: Facts<'a>, now: Moment) -> Setting<'a> {
        Setting {
            facts,
            calendar: &self.inner.calendar,
            now,
        }
    }

    /// The listing after what time has done to it by `now`, saved in this transaction.
    async fn settled_listing(
        &self,
        tx: &mut Tx,
        mut listing: Listing,
        now: Moment,
    ) -> Result<Listing, Error> {
        // What was missed first is on record first, also where a server stood still past both ends.
        for clock in tx.listing_clocks(listing.number).await? {
            let earlier = listing.ends_at.is_none_or(|end| clock.due_at < end);
            if is_reminded(clock.kind) && earlier {
                self.miss_of_listing(tx, listing.number, clock.kind, now)
                    .await?;
            }
        }
        while let Some(act) = listing.ripe(now) {
            listing = self
                .done_to_listing(tx, &listing, act, &By::System, now)
                .await?;
        }
        Ok(listing)
    }

    async fn done_to_listing(
        &self,
        tx: &mut Tx,
        listing: &Listing,
        act: Act,
        by: &By,
        now: Moment,
    ) -> Result<Listing, Error> {
        let judged = tx.judged_malicious(&listing.applicant).await?;
        let clocks = tx.listing_clocks(listing.number).await?;
        let setting = self.setting(facts(&judged, &clocks), now);
        let decision = blocklist::act(Some(listing), listing.number, act, by, setting)?;
        self.save_listing(tx, decision).await
    }

    async fn save_listing(
        &self,
        tx: &mut Tx,
        decision: blocklist::Decision,
    ) -> Result<Listing, Error> {
        let calendar = &self.inner.calendar;
        let now = decision.after.last_at;
        let next = decision
            .started
            .as_ref()
            .and_then(|deadline| next_look(deadline.kind, deadline.due_at, now, calendar));
        if !tx.save_listing(&decision, next).await? {
            return Err(Error::Stale);
        }
        let mut entry = decision.entry;
        if decision.releases {
            let many = self.release(tx, &decision.after.applicant, now).await?;
            entry.detail = format!("{}；待核评价{many}件恢复有效", entry.detail);
        }
        tx.append_trail(None, None, &entry).await?;
        Ok(decision.after)
    }

    async fn whole(
        &self,
        tx: &mut Tx,
        number: u64,
        by: &By,
        now: Moment,
    ) -> Result<Option<WholeListing>, Error> {
        let records = tx.listing_records(number).await?;
        let Some(listing) = Listing::replay(number, &records) else {
            return Ok(None);
        };
        let judged = tx.judged_malicious(&listing.applicant).await?;
        let clocks = tx.listing_clocks(number).await?;
        let setting = self.setting(facts(&judged, &clocks), now);
        let offered = blocklist::KINDS.iter().filter(|kind| kind.is_offered());
        let acts = offered.map(|kind| {
            let no = blocklist::may(Some(&listing), kind, by, setting).err();
            (kind, no)
        });
        Ok(Some(WholeListing {
            acts: acts.collect(),
            counting: blocklist::counting(&judged, now),
            listing,
            records,
            clocks,
        }))
    }
}

/// What is said of a term of a listing that ends soon, or has ended; to the General Office.
fn term_of_listing(
    number: u64,
    (kind, due_at): (DeadlineKind, Moment),
    now: Moment,
) -> (String, Notice) {
    let (notice, zh) = match due_at < now {
        true => (NoticeKind::Overdue, "超期"),
        false => (NoticeKind::DueSoon, "即将届满"),
    };
    let text = format!(
        "第{number}号黑名单{}{zh}，{}届满",
        kind.zh(),
        due_at.civil_text()
    );
    let notice = Notice {
        kind: notice,
        addressee: Addressee::GeneralOffice,
        about: Subject::Listing(number),
        text: text.clone(),
        due_at: Some(due_at),
        rehearsal: false,
    };
    (text, notice)
}

/// Of a listing that is there, so that it has its identity.
fn facts<'a>(judged: &'a [blocklist::Judged], clocks: &[ListingClock]) -> Facts<'a> {
    let objection = clocks
        .iter()
        .find(|clock| clock.kind == DeadlineKind::ListingObjection);
    Facts {
        judged,
        proven: true,
        listed: true,
        objection_ends: objection
            .filter(|clock| !clock.provisional)
            .map(|clock| clock.due_at),
    }
}
