//! Whether the records are whole (第十七条): the chain, the days' heads, every ticket and every listing against its
//! rows. A shell beside the engine's.
//!
//! **Invariant:** it reads and never writes; it names the first thing that does not fit.

use crate::casework::{BEGINNING, Case, link};
use crate::domain::TicketNumber;
use crate::engine::{ArchivedRecording, CallId, Engine, Error};
use crate::register::facts_of;
use crate::store::{DayHead, TicketFacts, Tx};

/// Rows of one read.
const BATCH: i64 = 500;

/// What was walked and fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    pub lines: u64,
    /// Lines that are older than the chain.
    pub unchained: u64,
    pub days: u64,
    pub tickets: u64,
    pub listings: u64,
    /// The chain's end.
    pub head: String,
}

/// The first thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    #[error("line {seq} of the trail is missing: the one after line {after} is line {seq_found}")]
    Gap {
        after: u64,
        seq: u64,
        seq_found: u64,
    },
    #[error(
        "line {seq} of the trail ({subject}, {at}) is not the one that was written: its hash does not fit"
    )]
    Changed {
        seq: u64,
        subject: String,
        at: String,
    },
    #[error("the trail ends at line {seq}, but on {day} it had line {had}")]
    Truncated { day: String, seq: u64, had: u64 },
    #[error("line {seq} of the trail is not the one that ended {day}")]
    OtherHead { day: String, seq: u64 },
    #[error("the records of ticket {ticket} do not open it")]
    NoOpening { ticket: String },
    #[error("ticket {ticket}: its records say “{records}”, its row says “{row}”")]
    Ticket {
        ticket: String,
        records: String,
        row: String,
    },
    #[error("listing {listing}: its records say “{records}”, its row says “{row}”")]
    Listing {
        listing: u64,
        records: String,
        row: String,
    },
}

impl Engine {
    /// Walks the whole trail and replays every ticket; `progress` hears how many lines and tickets are done.
    pub async fn verify_records(
        &self,
        mut progress: impl FnMut(&Verified),
    ) -> Result<Result<Verified, Misfit>, Error> {
        let mut done = Verified::default();
        if let Err(misfit) = self.verify_chain(&mut done, &mut progress).await? {
            return Ok(Err(misfit));
        }
        if let Err(misfit) = self.verify_tickets(&mut done, &mut progress).await? {
            return Ok(Err(misfit));
        }
        if let Err(misfit) = self.verify_listings(&mut done).await? {
            return Ok(Err(misfit));
        }
        Ok(Ok(done))
    }

    async fn verify_listings(&self, done: &mut Verified) -> Result<Result<(), Misfit>, Error> {
        let mut after = 0;
        loop {
            let mut tx = self.read().await?;
            let numbers = tx.listing_numbers(after, BATCH).await?;
            let Some(last) = numbers.last() else {
                return Ok(Ok(()));
            };
            after = *last;
            for number in numbers {
                let listing = tx.listing(number).await?;
                let nothing = || "nothing".to_owned();
                let records = listing.as_ref().map_or_else(nothing, facts_of);
                let row = tx.listing_facts(number).await?.unwrap_or_else(nothing);
                if records != row {
                    return Ok(Err(Misfit::Listing {
                        listing: number,
                        records,
                        row,
                    }));
                }
                done.listings += 1;
            }
        }
    }

    async fn verify_chain(
        &self,
        done: &mut Verified,
        progress: &mut impl FnMut(&Verified),
    ) -> Result<Result<(), Misfit>, Error> {
        let heads = self.read().await?.day_heads().await?;
        done.unchained = self.read().await?.unchained().await?;
        let mut previous = BEGINNING.to_owned();
        let mut heads_ahead = heads.iter().peekable();
        loop {
            let lines = self.read().await?.lines(done.lines, BATCH).await?;
            if lines.is_empty() {
                break;
            }
            for chained in lines {
                let seq = chained.line.seq;
                if seq != done.lines + 1 {
                    return Ok(Err(Misfit::Gap {
                        after: done.lines,
                        seq: done.lines + 1,
                        seq_found: seq,
                    }));
                }
                if link(&previous, &chained.line) != chained.hash {
                    return Ok(Err(Misfit::Changed {
                        seq,
                        subject: chained.line.subject,
                        at: chained.line.at,
                    }));
                }
                while let Some(day) = heads_ahead.next_if(|day| day.head.seq == seq) {
                    if let Some(misfit) = other_head(day, &chained.hash) {
                        return Ok(Err(misfit));
                    }
                    done.days += 1;
                }
                previous = chained.hash;
                done.lines = seq;
            }
            progress(done);
        }
        done.head = previous;
        Ok(match heads_ahead.next() {
            Some(day) => Err(Misfit::Truncated {
                day: day.day.to_string(),
                seq: done.lines,
                had: day.head.seq,
            }),
            None => Ok(()),
        })
    }

    async fn verify_tickets(
        &self,
        done: &mut Verified,
        progress: &mut impl FnMut(&Verified),
    ) -> Result<Result<(), Misfit>, Error> {
        let mut after = String::new();
        loop {
            // One state of the database: what goes on meanwhile cannot look like a misfit.
            let mut tx = self.read().await?;
            let numbers = tx.ticket_numbers(&after, BATCH).await?;
            let Some(last) = numbers.last() else { break };
            after.clone_from(last);
            for number in numbers {
                if let Err(misfit) = verify_ticket(&mut tx, &number).await? {
                    return Ok(Err(misfit));
                }
                done.tickets += 1;
            }
            progress(done);
        }
        Ok(Ok(()))
    }

    /// Recordings with their digests behind `after`, in the order of their calls.
    pub async fn recordings(
        &self,
        after: Option<&CallId>,
    ) -> Result<Vec<(CallId, ArchivedRecording)>, Error> {
        let after = after.map_or("", |call| call.0.as_str());
        Ok(self.read().await?.recordings_after(after, BATCH).await?)
    }
}

async fn verify_ticket(tx: &mut Tx, text: &str) -> Result<Result<(), Misfit>, Error> {
    let no_opening = || Misfit::NoOpening {
        ticket: text.to_owned(),
    };
    let Ok(number) = text.parse::<TicketNumber>() else {
        return Ok(Err(no_opening()));
    };
    let records = tx.records(number).await?;
    let Some(case) = Case::replay(&records) else {
        return Ok(Err(no_opening()));
    };
    let by_records = TicketFacts::of(&case);
    let Some(by_rows) = tx.ticket_facts(text).await? else {
        return Ok(Err(no_opening()));
    };
    let said = by_records.lines().zip(by_rows.lines());
    for (records, row) in said {
        if records != row {
            return Ok(Err(Misfit::Ticket {
                ticket: text.to_owned(),
                records,
                row,
            }));
        }
    }
    Ok(Ok(()))
}

fn other_head(day: &DayHead, hash: &str) -> Option<Misfit> {
    (day.head.hash != hash).then(|| Misfit::OtherHead {
        day: day.day.to_string(),
        seq: day.head.seq,
    })
}
