//! A bulletin's way: drafted by one, reviewed by a second, issued by a third (第十八条). Issued, it is frozen;
//! what is counted otherwise later is told as adjustments.

use serde::Deserialize;

use super::refused;
use crate::domain::{Actor, Article, Day, Entry, Moment, Subject, What};
use crate::engine::{Engine, Error};
use crate::figures::{Adjustment, Bulletin, Period, TypicalCase, adjustments};
use crate::rights::{Action, Grant, Holder, may};
use crate::secrets::digest;
use crate::staff::Person;
use crate::store::Tx;
use crate::tallies::BulletinRow;

/// What people add to the numbers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewBulletin {
    /// 文号.
    pub reference: String,
    /// 主送.
    pub to: Vec<String>,
    /// 典型案例.
    pub cases: Vec<TypicalCase>,
    /// 下步要求.
    pub demands: String,
}

/// A bulletin with what has changed since.
#[derive(Debug, Clone)]
pub struct Adjusted {
    pub row: BulletinRow,
    pub bulletin: Bulletin,
    /// Empty for what is not issued.
    pub adjustments: Vec<Adjustment>,
}

impl Engine {
    /// Drafts a period's bulletin, or drafts it anew as another version; what is signed later is this text.
    pub async fn draft_bulletin(
        &self,
        period: Period,
        new: NewBulletin,
        by: &Person,
        now: Moment,
    ) -> Result<BulletinRow, Error> {
        must(by, &[Grant::Draft])?;
        fit(&new)?;
        if period.until() >= now.day() {
            return Err(refused(format!("{} is not over yet", period.zh())));
        }
        self.count_anew().await?;
        let bulletin = self.composed(period, new, now).await?;
        let content = serde_json::to_string(&bulletin).expect("a bulletin has text keys only");
        let mut tx = self.write().await?;
        tx.lock_bulletin(period).await?;
        let last = tx.last_bulletin(period).await?;
        if last.as_ref().is_some_and(|last| last.issued_at.is_some()) {
            return Err(refused(
                "it is issued; what changed since is told as adjustments",
            ));
        }
        let row = BulletinRow {
            period,
            version: last.map_or(0, |last| last.version) + 1,
            digest: digest(&content),
            content,
            drafted_at: now,
            drafted_by: by.name.clone(),
            drafter: by.id.clone(),
            reviewed_at: None,
            reviewed_by: None,
            reviewer: None,
            issued_at: None,
            issued_by: None,
        };
        tx.insert_bulletin(&row).await?;
        note(&mut tx, "bulletin_drafted", "拟制", &row, by, now).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// A second person has looked it through. `seen` is the digest of what was read.
    pub async fn review_bulletin(
        &self,
        period: Period,
        seen: &str,
        by: &Person,
        now: Moment,
    ) -> Result<BulletinRow, Error> {
        must(by, &[Grant::Review])?;
        let mut tx = self.write().await?;
        let row = waiting(&mut tx, period, seen).await?;
        if row.drafter == by.id {
            return Err(refused("nobody reviews what he drafted himself"));
        }
        if row.reviewed_at.is_none() {
            tx.review_bulletin(&row, (&by.id, &by.name), now).await?;
            note(&mut tx, "bulletin_reviewed", "审核", &row, by, now).await?;
        }
        let row = must_be_there(tx.last_bulletin(period).await?, period)?;
        tx.commit().await?;
        Ok(row)
    }

    /// A third person signs it: from now it never changes. `seen` is the digest of what is signed.
    pub async fn issue_bulletin(
        &self,
        period: Period,
        seen: &str,
        by: &Person,
        now: Moment,
    ) -> Result<BulletinRow, Error> {
        must(by, &[Grant::Sign])?;
        let mut tx = self.write().await?;
        let row = waiting(&mut tx, period, seen).await?;
        let Some(reviewer) = &row.reviewer else {
            return Err(refused("it was not reviewed yet"));
        };
        if row.drafter == by.id || *reviewer == by.id {
            return Err(refused("nobody issues what he drafted or reviewed himself"));
        }
        tx.issue_bulletin(&row, (&by.id, &by.name), now).await?;
        // What is issued late is late, whether or not a tick came between.
        self.settle_bulletin_term(&mut tx, period, now).await?;
        tx.meet_bulletin_term(period, now).await?;
        note(&mut tx, "bulletin_issued", "签发", &row, by, now).await?;
        let row = must_be_there(tx.issued_bulletin(period).await?, period)?;
        tx.commit().await?;
        Ok(row)
    }

    /// The last version of each period's bulletin, the newest first.
    pub async fn bulletins(
        &self,
        after: Option<Period>,
        limit: u32,
    ) -> Result<Vec<BulletinRow>, Error> {
        Ok(self
            .read()
            .await?
            .bulletins(after, i64::from(limit))
            .await?)
    }

    /// The period's bulletin, with what was counted otherwise since it was issued, as of the last count; `None` where nobody has
    /// drafted one.
    pub async fn bulletin(&self, period: Period, now: Moment) -> Result<Option<Adjusted>, Error> {
        let last = self.read().await?.last_bulletin(period).await?;
        let Some(row) = last else {
            return Ok(None);
        };
        let bulletin = read(&row)?;
        let adjustments = match row.issued_at {
            None => Vec::new(),
            Some(_) => {
                let anew = self.counted_again(period, now).await?;
                adjustments(&bulletin, &anew)
            }
        };
        Ok(Some(Adjusted {
            row,
            bulletin,
            adjustments,
        }))
    }

    /// Whether every issued bulletin is the one that was signed: how many; the first that is not.
    pub async fn verify_bulletins(&self) -> Result<Result<usize, String>, Error> {
        let mut tx = self.read().await?;
        let issued = tx.issued_bulletins().await?;
        for row in &issued {
            let period = row.period;
            if digest(&row.content) != row.digest {
                return Ok(Err(format!(
                    "the bulletin {period} is not the one that was signed: its digest does not fit"
                )));
            }
            let subject = subject(period).to_string();
            if !tx.issue_is_on_record(&subject, &row.digest).await? {
                return Ok(Err(format!(
                    "the bulletin {period} is not on record as issued with digest {}",
                    row.digest
                )));
            }
        }
        Ok(Ok(issued.len()))
    }
}

fn must(by: &Person, wanted: &[Grant]) -> Result<(), Error> {
    let holders = Holder::of_hand(&by.hand);
    let grants = may(Action::Publish, &holders).map_err(|no| refused(no.to_string()))?;
    match wanted.iter().any(|grant| grants.has(*grant)) {
        true => Ok(()),
        false => Err(refused(
            "a bulletin is drafted by an officer of the Centre or a clerk of the General Office, \
            reviewed by a supervisor of the Centre, issued by a signer of the General Office (第十八条)",
        )),
    }
}

/// The last version, as it was seen and not issued yet.
async fn waiting(tx: &mut Tx, period: Period, seen: &str) -> Result<BulletinRow, Error> {
    tx.lock_bulletin(period).await?;
    let row = must_be_there(tx.last_bulletin(period).await?, period)?;
    if row.issued_at.is_some() {
        return Err(refused("it is issued already"));
    }
    if row.digest != seen {
        return Err(Error::Stale);
    }
    Ok(row)
}

fn must_be_there(row: Option<BulletinRow>, period: Period) -> Result<BulletinRow, Error> {
    row.ok_or_else(|| refused(format!("nobody has drafted the bulletin {period}")))
}

pub(super) fn read(row: &BulletinRow) -> Result<Bulletin, Error> {
    let faulty = |error| {
        Error::Other(format!(
            "the bulletin {} cannot be read: {error}",
            row.period
        ))
    };
    serde_json::from_str(&row.content).map_err(faulty)
}

/// Its place in the trail: that of the period's last day.
fn subject(period: Period) -> Subject {
    let last: Day = period.until();
    Subject::Day(last)
}

async fn note(
    tx: &mut Tx,
    what: &'static str,
    zh: &str,
    row: &BulletinRow,
    by: &Person,
    now: Moment,
) -> Result<(), Error> {
    let (period, version) = (row.period, row.version);
    let entry = Entry {
        at: now,
        actor: Actor::System,
        person: Some(by.id.clone()),
        what: What::Act(what),
        about: subject(period),
        article: Article::of(18),
        detail: format!(
            "{}{zh}{}通报（第{version}稿），摘要{}",
            by.name,
            period.zh(),
            row.digest
        ),
        record: None,
        rehearsal: false,
    };
    Ok(tx.note(&entry).await?)
}

/// Longer than any of its texts has to be.
const LONGEST: usize = 4_000;
/// A run of digits as long as this may be a telephone's or a matter's number.
const LONGEST_NUMBER: usize = 6;

/// Cases name nobody: a long number in them is refused.
fn fit(new: &NewBulletin) -> Result<(), Error> {
    let texts = new
        .cases
        .iter()
        .flat_map(|case| [&case.problem, &case.measure, &case.outcome]);
    for text in texts {
        let runs = text.split(|c: char| !c.is_ascii_digit());
        if runs.map(str::len).max().unwrap_or_default() > LONGEST_NUMBER {
            return Err(refused(
                "a typical case holds no telephone's and no matter's number (第十四条)",
            ));
        }
    }
    let all = new
        .cases
        .iter()
        .flat_map(|case| [&case.problem, &case.measure, &case.outcome, &case.ticket]);
    let longest = all.chain([&new.demands, &new.reference]).chain(&new.to);
    if longest
        .map(|text| text.chars().count())
        .max()
        .unwrap_or_default()
        > LONGEST
    {
        return Err(refused(format!(
            "no text is longer than {LONGEST} characters"
        )));
    }
    if new.cases.len() > 20 || new.to.len() > 200 {
        return Err(refused("at most 20 cases and 200 addressees"));
    }
    Ok(())
}
