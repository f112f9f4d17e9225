//! Rows of ratings, tickets, deadlines, notices and the trail.

use super::driver::{Tx, args};
use super::rows::CallId;
use super::views::{DeadlineRow, TrailRow};
use super::{Error, statements};
use crate::domain::{Grade, Moment};

statements! {
    BY_INTAKE_KEY = "SELECT r.id, r.grade, t.number FROM ratings r \
        LEFT JOIN tickets t ON t.rating_id = r.id WHERE r.intake_key = $1";
    LAST_SEQUENCE = "SELECT COALESCE(MAX(sequence), 0) AS sequence FROM ratings \
        WHERE instance = $1";
    INSERT_RATING = "INSERT INTO ratings (id, intake_key, channel, instance, call_id, sequence, \
        standing, grade, rated_at, received_at, remark, rehearsal) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    NEXT_NUMBER = "INSERT INTO ticket_numbers (series, last) VALUES ($1, 1) \
        ON CONFLICT (series) DO UPDATE SET last = ticket_numbers.last + 1 RETURNING last";
    INSERT_TICKET = "INSERT INTO tickets (number, rating_id, state, opened_at, rehearsal) \
        VALUES ($1, $2, $3, $4, $5)";
    INSERT_DEADLINE = "INSERT INTO deadlines (rating_id, ticket, kind, article, workdays, \
        started_at, due_at, met_at, provisional) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8)";
    INSERT_NOTICE = "INSERT INTO notices (kind, addressee, body, rating_id, ticket, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    INSERT_TRAIL = "INSERT INTO trail (at, actor, kind, body, rating_id, ticket) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    DEADLINES = "SELECT kind, article, workdays, started_at, due_at, met_at, provisional \
        FROM deadlines WHERE rating_id = $1 ORDER BY due_at, kind";
    TRAIL = "SELECT at, actor, kind, body FROM trail WHERE rating_id = $1 ORDER BY id";
}

/// A rating as it is to be written.
#[derive(Debug, Clone)]
pub struct NewRating {
    pub id: String,
    /// What makes a second delivery of the same rating known as such.
    pub intake_key: String,
    pub channel: String,
    pub instance: String,
    pub call: Option<CallId>,
    pub sequence: i64,
    pub standing: String,
    pub grade: Grade,
    pub rated_at: Moment,
    pub received_at: Moment,
    pub remark: Option<String>,
    pub rehearsal: bool,
}

/// A ticket as it is to be written; its number is given by the store.
#[derive(Debug, Clone)]
pub struct NewTicket {
    pub state: String,
    pub opened_at: Moment,
    pub rehearsal: bool,
}

/// A deadline as it is to be written.
#[derive(Debug, Clone)]
pub struct NewDeadline {
    pub kind: String,
    pub article: String,
    pub workdays: i64,
    pub started_at: Moment,
    pub due_at: Moment,
    pub provisional: bool,
}

/// A line of the trail as it is to be written.
#[derive(Debug, Clone)]
pub struct NewTrail {
    pub at: Moment,
    pub actor: String,
    pub kind: String,
    pub body: String,
}

/// A rating that came in before, by its intake key.
#[derive(Debug, Clone)]
pub struct CallRating {
    pub id: String,
    pub grade: Grade,
    pub ticket: Option<String>,
}

impl Tx {
    /// Makes submissions of one key wait for each other, so that only the first one decides.
    pub async fn lock_intake(&mut self, instance: &str) -> Result<(), Error> {
        self.lock(instance).await
    }

    pub async fn rating_by_key(&mut self, key: &str) -> Result<Option<CallRating>, Error> {
        let row = self.row(BY_INTAKE_KEY, args![key]).await?;
        row.map(|row| {
            Ok(CallRating {
                id: row.get("id")?,
                grade: row.word("grade")?,
                ticket: row.get("number")?,
            })
        })
        .transpose()
    }

    /// 0 where the instance was not rated yet.
    pub async fn last_sequence(&mut self, instance: &str) -> Result<i64, Error> {
        let row = self.row(LAST_SEQUENCE, args![instance]).await?;
        row.map_or(Ok(0), |row| row.get("sequence"))
    }

    pub async fn insert_rating(&mut self, rating: &NewRating) -> Result<(), Error> {
        let values = args![
            &rating.id,
            &rating.intake_key,
            &rating.channel,
            &rating.instance,
            rating.call.as_ref(),
            rating.sequence,
            &rating.standing,
            rating.grade,
            rating.rated_at,
            rating.received_at,
            rating.remark.clone(),
            rating.rehearsal
        ];
        self.run(INSERT_RATING, values).await?;
        Ok(())
    }

    /// Gives the next number of the year and writes the ticket. Rehearsals have a series of their
    /// own, so that the year's numbers have no holes.
    pub async fn insert_ticket(
        &mut self,
        rating: &str,
        ticket: &NewTicket,
    ) -> Result<String, Error> {
        let year = ticket.opened_at.day().year();
        let series = match ticket.rehearsal {
            true => format!("R{year}"),
            false => year.to_string(),
        };
        let row = self.row(NEXT_NUMBER, args![&series]).await?;
        let last: i64 = row.map_or(Ok(0), |row| row.get("last"))?;
        let number = format!("{series}-{last:04}");
        let values = args![
            &number,
            rating,
            &ticket.state,
            ticket.opened_at,
            ticket.rehearsal
        ];
        self.run(INSERT_TICKET, values).await?;
        Ok(number)
    }

    pub async fn insert_deadline(
        &mut self,
        rating: &str,
        ticket: Option<&str>,
        deadline: &NewDeadline,
    ) -> Result<(), Error> {
        let values = args![
            rating,
            ticket,
            &deadline.kind,
            &deadline.article,
            deadline.workdays,
            deadline.started_at,
            deadline.due_at,
            deadline.provisional
        ];
        self.run(INSERT_DEADLINE, values).await?;
        Ok(())
    }

    /// Into the outbox; `post` sends it once.
    pub async fn insert_notice(
        &mut self,
        rating: &str,
        ticket: Option<&str>,
        (kind, addressee, body): (&str, &str, &str),
        at: Moment,
    ) -> Result<(), Error> {
        let values = args![kind, addressee, body, rating, ticket, at];
        self.run(INSERT_NOTICE, values).await?;
        Ok(())
    }

    pub async fn append_trail(
        &mut self,
        rating: Option<&str>,
        ticket: Option<&str>,
        line: &NewTrail,
    ) -> Result<(), Error> {
        let values = args![line.at, &line.actor, &line.kind, &line.body, rating, ticket];
        self.run(INSERT_TRAIL, values).await?;
        Ok(())
    }

    pub async fn deadlines(&mut self, rating: &str) -> Result<Vec<DeadlineRow>, Error> {
        let rows = self.rows(DEADLINES, args![rating]).await?;
        rows.iter()
            .map(|row| {
                Ok(DeadlineRow {
                    kind: row.get("kind")?,
                    article: row.get("article")?,
                    workdays: row.get("workdays")?,
                    started_at: row.moment("started_at")?,
                    due_at: row.moment("due_at")?,
                    met_at: row.maybe_moment("met_at")?,
                    provisional: row.get("provisional")?,
                })
            })
            .collect()
    }

    pub async fn trail(&mut self, rating: &str) -> Result<Vec<TrailRow>, Error> {
        let rows = self.rows(TRAIL, args![rating]).await?;
        rows.iter()
            .map(|row| {
                Ok(TrailRow {
                    at: row.moment("at")?,
                    actor: row.get("actor")?,
                    kind: row.get("kind")?,
                    body: row.get("body")?,
                })
            })
            .collect()
    }
}
