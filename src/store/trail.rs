//! The trail: append-only lines in a hash chain (第十七条).

use super::driver::{Row, Tx, args};
use super::views::{DeadlineRow, TrailRow};
use super::{Error, statements};
use crate::casework::{BEGINNING, Line, link};
use crate::domain::{Day, DeadlineKind, Entry, Moment, Subject};

statements! {
    HEAD = "SELECT seq, hash FROM trail WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1";
    INSERT_TRAIL = "INSERT INTO trail (at, actor, what, subject, article, detail, rehearsal, \
        rating_id, ticket, person, record, seq, hash) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    LINES = "SELECT seq, at, actor, person, what, subject, article, detail, record, rehearsal, \
        rating_id, ticket, hash FROM trail WHERE seq > $1 ORDER BY seq LIMIT $2";
    NOTES = "SELECT at, actor, person, what, article, detail FROM trail WHERE rating_id IS NULL \
        AND ticket IS NULL ORDER BY id LIMIT $1";
    UNCHAINED = "SELECT COUNT(*) AS lines FROM trail WHERE seq IS NULL";
    LAST_DAY_HEAD = "SELECT day, seq, hash FROM trail_heads ORDER BY day DESC LIMIT 1";
    DAY_HEADS = "SELECT day, seq, hash FROM trail_heads ORDER BY day";
    INSERT_DAY_HEAD = "INSERT INTO trail_heads (day, seq, hash, closed_at) VALUES ($1, $2, $3, $4)";
    TRAIL = "SELECT at, actor, person, what, article, detail FROM trail WHERE ticket = $1 ORDER BY id";
    DEADLINES = "SELECT subject, kind, article, started_at, due_at, met_at, void_at, missed_at, \
        provisional FROM deadlines WHERE ticket = $1 ORDER BY due_at, kind, started_at, id";
}

/// The chain's end, or that of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    pub hash: String,
}

/// A line as it stands in its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainedLine {
    pub line: Line,
    pub hash: String,
}

/// A day's last line (每日链头).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayHead {
    pub day: Day,
    pub head: Head,
}

impl Tx {
    /// Adds a line behind the last one. Until the transaction ends nobody else adds one, so it is done last.
    pub async fn append_trail(
        &mut self,
        rating: Option<&str>,
        ticket: Option<&str>,
        entry: &Entry,
    ) -> Result<(), Error> {
        self.lock("trail").await?;
        let head = self.head().await?;
        // A NUL would be stored as something else, and the line not be the one that was hashed.
        let clean = |text: &str| text.replace('\0', "\u{fffd}");
        let line = Line {
            seq: head.as_ref().map_or(0, |head| head.seq) + 1,
            at: entry.at.to_string(),
            actor: entry.actor.word().to_owned(),
            person: entry.person.as_ref().map(|person| clean(&person.0)),
            what: entry.what.word().to_owned(),
            subject: clean(&entry.about.to_string()),
            article: entry.article.to_string(),
            detail: clean(&entry.detail),
            record: entry.record.as_deref().map(clean),
            rehearsal: entry.rehearsal,
            rating: rating.map(clean),
            ticket: ticket.map(clean),
        };
        let previous = head.as_ref().map_or(BEGINNING, |head| head.hash.as_str());
        let hash = link(previous, &line);
        let values = args![
            entry.at,
            line.actor,
            line.what,
            line.subject,
            line.article,
            line.detail,
            line.rehearsal,
            line.rating,
            line.ticket,
            line.person,
            line.record,
            line.seq,
            hash
        ];
        self.run(INSERT_TRAIL, values).await?;
        Ok(())
    }

    /// Nobody adds a line before this transaction ends.
    pub async fn lock_trail(&mut self) -> Result<(), Error> {
        self.lock("trail").await
    }

    /// The chain's end.
    pub async fn head(&mut self) -> Result<Option<Head>, Error> {
        let row = self.row(HEAD, args![]).await?;
        row.as_ref().map(head).transpose()
    }

    /// Lines behind `after`, in their order.
    pub async fn lines(&mut self, after: u64, limit: i64) -> Result<Vec<ChainedLine>, Error> {
        let rows = self.rows(LINES, args![after, limit]).await?;
        rows.iter().map(chained).collect()
    }

    /// Lines that are older than the chain.
    pub async fn unchained(&mut self) -> Result<u64, Error> {
        let row = self.row(UNCHAINED, args![]).await?;
        row.map_or(Ok(0), |row| row.count("lines"))
    }

    pub async fn last_day_head(&mut self) -> Result<Option<DayHead>, Error> {
        let row = self.row(LAST_DAY_HEAD, args![]).await?;
        row.as_ref().map(day_head).transpose()
    }

    pub async fn day_heads(&mut self) -> Result<Vec<DayHead>, Error> {
        let rows = self.rows(DAY_HEADS, args![]).await?;
        rows.iter().map(day_head).collect()
    }

    pub async fn insert_day_head(&mut self, head: &DayHead, at: Moment) -> Result<(), Error> {
        let values = args![head.day, head.head.seq, &head.head.hash, at];
        self.run(INSERT_DAY_HEAD, values).await?;
        Ok(())
    }

    /// The deadlines of a ticket and of its ratings, the first due first.
    pub async fn deadlines(&mut self, ticket: &str) -> Result<Vec<DeadlineRow>, Error> {
        let rows = self.rows(DEADLINES, args![ticket]).await?;
        rows.iter().map(deadline_row).collect()
    }

    pub async fn trail(&mut self, ticket: &str) -> Result<Vec<TrailRow>, Error> {
        let rows = self.rows(TRAIL, args![ticket]).await?;
        rows.iter().map(trail_row).collect()
    }

    /// A line about no rating: people, units, looks. One about a ticket is among the ticket's lines.
    pub async fn note(&mut self, entry: &Entry) -> Result<(), Error> {
        let ticket = match &entry.about {
            Subject::Ticket(number) => Some(number.to_string()),
            _ => None,
        };
        self.append_trail(None, ticket.as_deref(), entry).await
    }

    /// The trail's first lines that are about neither a rating nor a ticket.
    pub async fn notes(&mut self, limit: i64) -> Result<Vec<TrailRow>, Error> {
        let rows = self.rows(NOTES, args![limit]).await?;
        rows.iter().map(trail_row).collect()
    }
}

fn trail_row(row: &Row) -> Result<TrailRow, Error> {
    Ok(TrailRow {
        at: row.moment("at")?,
        actor: row.get("actor")?,
        person: row.get("person")?,
        what: row.get("what")?,
        article: row.get("article")?,
        detail: row.get("detail")?,
    })
}

fn deadline_row(row: &Row) -> Result<DeadlineRow, Error> {
    let kind: DeadlineKind = row.word("kind")?;
    Ok(DeadlineRow {
        kind,
        subject: row.get("subject")?,
        article: row.get("article")?,
        workdays: kind.term().workdays(),
        started_at: row.moment("started_at")?,
        due_at: row.moment("due_at")?,
        met_at: row.maybe_moment("met_at")?,
        void_at: row.maybe_moment("void_at")?,
        missed_at: row.maybe_moment("missed_at")?,
        provisional: row.get("provisional")?,
    })
}

fn head(row: &Row) -> Result<Head, Error> {
    Ok(Head {
        seq: row.count("seq")?,
        hash: row.get("hash")?,
    })
}

fn day_head(row: &Row) -> Result<DayHead, Error> {
    Ok(DayHead {
        day: row.word("day")?,
        head: head(row)?,
    })
}

fn chained(row: &Row) -> Result<ChainedLine, Error> {
    Ok(ChainedLine {
        hash: row.get("hash")?,
        line: Line {
            seq: row.count("seq")?,
            at: row.moment("at")?.to_string(),
            actor: row.get("actor")?,
            person: row.get("person")?,
            what: row.get("what")?,
            subject: row.get("subject")?,
            article: row.get("article")?,
            detail: row.get("detail")?,
            record: row.get("record")?,
            rehearsal: row.get("rehearsal")?,
            rating: row.get("rating_id")?,
            ticket: row.get("ticket")?,
        },
    })
}
