//! Rows of the blocklist; what happened to a listing is in the trail.

use crate::blocklist::{Decision, Judged, Listing, Record};
use crate::domain::{
    Applicant, DeadlineKind, Identity, Moment, RatingId, ServiceKey, Subject, TicketNumber,
};
use crate::store::{Error, Row, Tx, args, statements};

statements! {
    RECORDS = "SELECT record FROM trail WHERE subject = $1 AND subject LIKE 'listing:%' \
        AND record IS NOT NULL ORDER BY seq";
    NUMBERS = "SELECT number FROM listings WHERE number > $1 ORDER BY number LIMIT $2";
    LAST = "SELECT MAX(number) AS last FROM listings";
    RUNNING = "SELECT number FROM listings WHERE applicant = $1 AND closed_at IS NULL";
    // What is expired still marks what was rated before its end and comes in late.
    MARKING = "SELECT number FROM listings WHERE applicant = $1 AND signed_at <= $2 \
        AND ends_at >= $2 AND state IN ('listed', 'under_review', 'expired') LIMIT 1";
    INSERT = "INSERT INTO listings (number, applicant, ticket, state, version, proposed_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    UPDATE = "UPDATE listings SET state = $2, version = $3, signed_at = $4, ends_at = $5, \
        closed_at = $6 WHERE number = $1 AND version = $7";
    FACTS = "SELECT applicant, ticket, state, version, signed_at, ends_at, closed_at \
        FROM listings WHERE number = $1";
    MEET = "UPDATE deadlines SET met_at = $3, next_at = NULL WHERE subject = $1 AND kind = $2 \
        AND met_at IS NULL AND void_at IS NULL";
    VOID = "UPDATE deadlines SET void_at = $3, next_at = NULL WHERE subject = $1 AND kind = $2 \
        AND met_at IS NULL AND void_at IS NULL";
    CLOCKS = "SELECT kind, started_at, due_at, met_at, void_at, missed_at, provisional \
        FROM deadlines WHERE subject = $1 ORDER BY started_at, kind";
    RATER = "SELECT r.applicant, r.identity FROM tickets t JOIN ratings r ON r.id = t.rating_id \
        WHERE t.number = $1";
    JUDGED = "SELECT t.number, t.closed_at FROM ratings r JOIN tickets t ON t.rating_id = r.id \
        WHERE r.applicant = $1 AND r.identity = 'I3' AND t.state = 'closed_malicious' \
        AND NOT t.rehearsal AND t.closed_at IS NOT NULL ORDER BY t.closed_at, t.number";
    PENDING = "SELECT instance, sequence FROM ratings WHERE applicant = $1 AND standing = 'pending' \
        ORDER BY id";
    // A ruling that comes at the same time stays.
    RELEASE = "UPDATE ratings SET standing = 'valid' WHERE id = $1 AND standing = 'pending'";
}

/// The rater of a ticket, as far as the blocklist asks.
#[derive(Debug, Clone)]
pub struct RaterOfTicket {
    pub identity: Identity,
    pub applicant: Option<Applicant>,
}

/// A deadline of a listing as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingClock {
    pub kind: DeadlineKind,
    pub started_at: Moment,
    pub due_at: Moment,
    pub met_at: Option<Moment>,
    pub void_at: Option<Moment>,
    pub missed_at: Option<Moment>,
    pub provisional: bool,
}

impl Tx {
    /// Nobody else does anything to the listing before this transaction ends.
    pub async fn lock_listing(&mut self, number: u64) -> Result<(), Error> {
        self.lock(&Subject::Listing(number).to_string()).await
    }

    /// The next number; nobody else gets it before this transaction ends.
    pub async fn fresh_listing_number(&mut self) -> Result<u64, Error> {
        self.lock("listings").await?;
        let row = self.row(LAST, args![]).await?;
        let last: Option<i64> = row.map_or(Ok(None), |row| row.get("last"))?;
        Ok(last.map_or(0, i64::unsigned_abs) + 1)
    }

    /// A listing's records in their order.
    pub async fn listing_records(&mut self, number: u64) -> Result<Vec<Record>, Error> {
        let subject = Subject::Listing(number).to_string();
        let rows = self.rows(RECORDS, args![subject]).await?;
        let read = |row: &Row| {
            let text: String = row.get("record")?;
            serde_json::from_str(&text).map_err(|_| Error::bad_word("record", &text))
        };
        rows.iter().map(read).collect()
    }

    /// The listing as its records make it.
    pub async fn listing(&mut self, number: u64) -> Result<Option<Listing>, Error> {
        let records = self.listing_records(number).await?;
        Ok(Listing::replay(number, &records))
    }

    /// Numbers behind `after`, in their order.
    pub async fn listing_numbers(&mut self, after: u64, limit: i64) -> Result<Vec<u64>, Error> {
        let rows = self.rows(NUMBERS, args![after, limit]).await?;
        rows.iter().map(|row| row.count("number")).collect()
    }

    /// Whether the identity has a listing, or a proposal, that is not over.
    pub async fn has_listing(&mut self, applicant: &Applicant) -> Result<bool, Error> {
        Ok(self.row(RUNNING, args![&applicant.0]).await?.is_some())
    }

    /// Whether what the identity rated at `at` is 待核.
    pub async fn is_listed(&mut self, applicant: &Applicant, at: Moment) -> Result<bool, Error> {
        let row = self.row(MARKING, args![&applicant.0, at]).await?;
        Ok(row.is_some())
    }

    pub async fn rater_of_ticket(
        &mut self,
        number: TicketNumber,
    ) -> Result<Option<RaterOfTicket>, Error> {
        let row = self.row(RATER, args![number.to_string()]).await?;
        row.map(|row| {
            Ok(RaterOfTicket {
                identity: row.word("identity")?,
                applicant: row.get::<Option<String>>("applicant")?.map(Applicant),
            })
        })
        .transpose()
    }

    /// What was judged malicious of the identity, where it was proven itself (I3) and not by a number alone.
    pub async fn judged_malicious(&mut self, applicant: &Applicant) -> Result<Vec<Judged>, Error> {
        let rows = self.rows(JUDGED, args![&applicant.0]).await?;
        let read = |row: &Row| {
            Ok(Judged {
                ticket: row.word("number")?,
                at: row.moment("closed_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub async fn listing_clocks(&mut self, number: u64) -> Result<Vec<ListingClock>, Error> {
        let subject = Subject::Listing(number).to_string();
        let rows = self.rows(CLOCKS, args![subject]).await?;
        let read = |row: &Row| {
            Ok(ListingClock {
                kind: row.word("kind")?,
                started_at: row.moment("started_at")?,
                due_at: row.moment("due_at")?,
                met_at: row.maybe_moment("met_at")?,
                void_at: row.maybe_moment("void_at")?,
                missed_at: row.maybe_moment("missed_at")?,
                provisional: row.get("provisional")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// The row, the deadlines and the notices of a decision; its line of the trail is the caller's to add last.
    /// `next_at` is when the new deadline is looked at. `false` where the listing is not as it was when it was
    /// decided: then nothing may be committed.
    pub async fn save_listing(
        &mut self,
        decision: &Decision,
        next_at: Option<Moment>,
    ) -> Result<bool, Error> {
        let after = &decision.after;
        let number = after.number;
        let at = after.last_at;
        if !self.save_listing_row(decision).await? {
            return Ok(false);
        }
        let subject = Subject::Listing(number).to_string();
        for (sql, kinds) in [(MEET, decision.met), (VOID, decision.void)] {
            for kind in kinds {
                self.run(sql, args![&subject, kind.word(), at]).await?;
            }
        }
        if let Some(deadline) = &decision.started {
            self.insert_deadline((None, None), deadline, false, next_at)
                .await?;
        }
        for notice in &decision.notices {
            self.save_notice(None, None, notice, at).await?;
        }
        Ok(true)
    }

    async fn save_listing_row(&mut self, decision: &Decision) -> Result<bool, Error> {
        let after = &decision.after;
        let saved = match decision.before {
            None => {
                let values = args![
                    after.number,
                    &after.applicant.0,
                    after.ticket.to_string(),
                    after.state.word(),
                    i64::from(after.version),
                    after.proposed_at
                ];
                self.run(INSERT, values).await?
            }
            Some(before) => {
                let values = args![
                    after.number,
                    after.state.word(),
                    i64::from(after.version),
                    after.signed_at,
                    after.ends_at,
                    after.closed_at,
                    i64::from(before)
                ];
                self.run(UPDATE, values).await?
            }
        };
        Ok(saved > 0)
    }

    /// What of the identity is 待核.
    pub async fn pending_of(&mut self, applicant: &Applicant) -> Result<Vec<RatingId>, Error> {
        let rows = self.rows(PENDING, args![&applicant.0]).await?;
        let id = |row: &Row| {
            Ok(RatingId {
                service: ServiceKey(row.get("instance")?),
                sequence: row.count("sequence")? as u32,
            })
        };
        rows.iter().map(id).collect()
    }

    /// A rating that is 待核 counts; whether it was.
    pub async fn release_pending(&mut self, id: &RatingId) -> Result<bool, Error> {
        let released = self.run(RELEASE, args![id.to_string()]).await? > 0;
        if released {
            self.count_act_anew(&id.service).await?;
        }
        Ok(released)
    }

    /// What the row says, for comparison with the records; `None` where there is no row.
    pub async fn listing_facts(&mut self, number: u64) -> Result<Option<String>, Error> {
        let row = self.row(FACTS, args![number]).await?;
        row.map(|row| {
            Ok(facts(
                &row.get::<String>("applicant")?,
                &row.get::<String>("ticket")?,
                &row.get::<String>("state")?,
                row.get("version")?,
                [
                    row.maybe_moment("signed_at")?,
                    row.maybe_moment("ends_at")?,
                    row.maybe_moment("closed_at")?,
                ],
            ))
        })
        .transpose()
    }
}

/// What the row of a listing should say.
pub fn facts_of(listing: &Listing) -> String {
    facts(
        &listing.applicant.0,
        &listing.ticket.to_string(),
        listing.state.word(),
        i64::from(listing.version),
        [listing.signed_at, listing.ends_at, listing.closed_at],
    )
}

fn facts(
    applicant: &str,
    ticket: &str,
    state: &str,
    version: i64,
    marks: [Option<Moment>; 3],
) -> String {
    let [signed, ends, closed] = marks.map(|at| at.map_or("-".to_owned(), |at| at.to_string()));
    format!(
        "applicant {applicant} ticket {ticket} state {state} version {version} signed {signed} \
        ends {ends} closed {closed}"
    )
}
