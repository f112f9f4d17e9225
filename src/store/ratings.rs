//! Rows of ratings, tickets, deadlines, notices and the trail: `save(Decision)`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::driver::{Row, Tx, args};
use super::rows::CallId;
use super::views::{DeadlineRow, TrailRow};
use super::{Error, statements};
use crate::domain::{
    Deadline, DeadlineKind, Decision, Entry, Intake, IntakeKey, Length, Moment, Notice, Rater,
    Rating, RatingId, Series, Service, ServiceKey, Subject, Ticket, TicketNumber,
};

statements! {
    BY_INTAKE_KEY = "SELECT r.id, r.grade, \
        (SELECT t.number FROM tickets t WHERE t.rating_id = r.id) AS ticket \
        FROM ratings r WHERE r.intake_key = $1";
    RATINGS_OF_INSTANCE = "SELECT instance, sequence, intake_key, channel, service, number, \
        identity, grade, graded_at, reasons, remark, evidence, standing, received_at, rehearsal \
        FROM ratings WHERE instance = $1 ORDER BY sequence";
    OPEN_TICKET = "SELECT t.number, t.state, t.round, t.grade, t.opened_at, t.rehearsal, \
        r.instance, r.sequence FROM tickets t JOIN ratings r ON r.id = t.rating_id \
        WHERE r.instance = $1 AND t.state NOT LIKE 'closed%' ORDER BY t.number DESC LIMIT 1";
    INSERT_RATING = "INSERT INTO ratings (id, instance, sequence, call_id, intake_key, channel, \
        service, number, identity, grade, graded_at, reasons, remark, evidence, standing, \
        received_at, rehearsal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
        $14, $15, $16, $17)";
    COMPLETE_RATING = "UPDATE ratings SET reasons = $2, remark = $3, evidence = $4 WHERE id = $1";
    LAST_NUMBER = "SELECT last FROM ticket_series WHERE series = $1 AND year = $2";
    SET_NUMBER = "INSERT INTO ticket_series (series, year, last) VALUES ($1, $2, $3) \
        ON CONFLICT (series, year) DO UPDATE SET last = excluded.last \
        WHERE ticket_series.last < excluded.last";
    UPSERT_TICKET = "INSERT INTO tickets (number, rating_id, state, round, grade, opened_at, \
        rehearsal) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (number) DO UPDATE SET \
        state = excluded.state, round = excluded.round, grade = excluded.grade";
    INSERT_DEADLINE = "INSERT INTO deadlines (rating_id, ticket, subject, kind, article, \
        started_at, due_at, met_at, provisional, calendar) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    INSERT_NOTICE = "INSERT INTO notices (kind, addressee, body, rehearsal, rating_id, ticket, \
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    INSERT_TRAIL = "INSERT INTO trail (at, actor, what, subject, article, detail, rehearsal, \
        rating_id, ticket) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    NOTES = "SELECT at, actor, what, article, detail FROM trail WHERE rating_id IS NULL \
        ORDER BY id LIMIT $1";
    DEADLINES = "SELECT kind, article, started_at, due_at, met_at, provisional \
        FROM deadlines WHERE ticket = $1 ORDER BY due_at, kind, started_at";
    TRAIL = "SELECT at, actor, what, article, detail FROM trail WHERE ticket = $1 ORDER BY id";
}

/// A rating that came in before, by its intake key.
#[derive(Debug, Clone)]
pub struct KnownRating {
    pub id: String,
    pub grade: crate::domain::Grade,
    /// Number of the ticket it opened.
    pub ticket: Option<String>,
}

impl Tx {
    /// Makes submissions for one service instance wait for each other, so that each decides on
    /// what the one before it left.
    pub async fn lock_instance(&mut self, instance: &ServiceKey) -> Result<(), Error> {
        self.lock(&instance.0).await
    }

    pub async fn rating_by_key(&mut self, key: &IntakeKey) -> Result<Option<KnownRating>, Error> {
        let row = self.row(BY_INTAKE_KEY, args![&key.0]).await?;
        row.map(|row| {
            Ok(KnownRating {
                id: row.get("id")?,
                grade: row.word("grade")?,
                ticket: row.get("ticket")?,
            })
        })
        .transpose()
    }

    /// All ratings of a service instance, in their sequence.
    pub async fn ratings_of(&mut self, instance: &ServiceKey) -> Result<Vec<Rating>, Error> {
        let rows = self.rows(RATINGS_OF_INSTANCE, args![&instance.0]).await?;
        rows.iter().map(rating).collect()
    }

    pub async fn open_ticket_of(&mut self, instance: &ServiceKey) -> Result<Option<Ticket>, Error> {
        let row = self.row(OPEN_TICKET, args![&instance.0]).await?;
        row.map(|row| {
            Ok(Ticket {
                number: row.word("number")?,
                state: row.word("state")?,
                round: row.get::<i64>("round")?.clamp(0, 255) as u8,
                rating: rating_id(&row)?,
                grade: row.word("grade")?,
                opened_at: row.moment("opened_at")?,
                rehearsal: row.get("rehearsal")?,
            })
        })
        .transpose()
    }

    /// The next number of the year in a series; nobody else gets it before this transaction ends,
    /// and it is used up only by a [`save`](Self::save) that opens a ticket with it.
    pub async fn fresh_ticket_number(
        &mut self,
        series: Series,
        now: Moment,
    ) -> Result<TicketNumber, Error> {
        let year = now.day().year();
        self.lock("ticket numbers").await?;
        let values = args![series.letter(), i64::from(year)];
        let row = self.row(LAST_NUMBER, values).await?;
        let last: i64 = row.map_or(Ok(0), |row| row.get("last"))?;
        let serial =
            u32::try_from(last + 1).map_err(|_| Error::bad_word("last", &last.to_string()))?;
        Ok(TicketNumber {
            series,
            year,
            serial,
        })
    }

    /// Everything a decision says, in this one transaction.
    pub async fn save(&mut self, decision: &Decision) -> Result<(), Error> {
        self.save_rating(&decision.rating).await?;
        let rating = decision.rating.id.to_string();
        let ticket = decision.ticket.as_ref().map(|t| t.number.to_string());
        if let Some(ticket) = &decision.ticket {
            self.save_ticket(ticket).await?;
        }
        for deadline in &decision.deadlines {
            self.save_deadline(&rating, ticket.as_deref(), deadline)
                .await?;
        }
        for notice in &decision.notices {
            let at = decision.rating.received_at;
            self.save_notice(&rating, ticket.as_deref(), notice, at)
                .await?;
        }
        for entry in &decision.trail {
            self.append_trail(&rating, ticket.as_deref(), entry).await?;
        }
        Ok(())
    }

    async fn save_rating(&mut self, rating: &Rating) -> Result<(), Error> {
        let intake = &rating.intake;
        let Service::Consultation { call_id, .. } = &intake.service;
        let values = args![
            rating.id.to_string(),
            &rating.id.service.0,
            i64::from(rating.id.sequence),
            &CallId(call_id.clone()),
            &intake.key.0,
            intake.channel.word(),
            json(&intake.service),
            intake.rater.number.clone(),
            intake.rater.identity.word(),
            intake.grade,
            intake.graded_at,
            json(&intake.reasons),
            intake.remark.as_ref().map(json),
            json(&intake.evidence),
            rating.standing.word(),
            rating.received_at,
            intake.rehearsal
        ];
        self.run(INSERT_RATING, values).await?;
        Ok(())
    }

    /// Rewrites what a rating carries beside its grade, with the line of the trail that says so.
    pub async fn complete_rating(
        &mut self,
        rating: &Rating,
        ticket: Option<&str>,
        entry: &Entry,
    ) -> Result<(), Error> {
        let id = rating.id.to_string();
        let intake = &rating.intake;
        let values = args![
            &id,
            json(&intake.reasons),
            intake.remark.as_ref().map(json),
            json(&intake.evidence)
        ];
        self.run(COMPLETE_RATING, values).await?;
        self.append_trail(&id, ticket, entry).await
    }

    async fn save_ticket(&mut self, ticket: &Ticket) -> Result<(), Error> {
        let values = args![
            ticket.number.to_string(),
            ticket.rating.to_string(),
            ticket.state.word(),
            i64::from(ticket.round),
            ticket.grade,
            ticket.opened_at,
            ticket.rehearsal
        ];
        self.run(UPSERT_TICKET, values).await?;
        let TicketNumber {
            series,
            year,
            serial,
        } = ticket.number;
        let values = args![series.letter(), i64::from(year), i64::from(serial)];
        self.run(SET_NUMBER, values).await?;
        Ok(())
    }

    async fn save_deadline(
        &mut self,
        rating: &str,
        ticket: Option<&str>,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let values = args![
            rating,
            ticket,
            subject(&deadline.of),
            deadline.kind.word(),
            deadline.article.to_string(),
            deadline.started_at,
            deadline.due_at,
            deadline.met_at,
            deadline.provisional,
            &deadline.calendar
        ];
        self.run(INSERT_DEADLINE, values).await?;
        Ok(())
    }

    /// Into the outbox; `post` sends it once.
    async fn save_notice(
        &mut self,
        rating: &str,
        ticket: Option<&str>,
        notice: &Notice,
        at: Moment,
    ) -> Result<(), Error> {
        let values = args![
            notice.kind.word(),
            notice.addressee.word(),
            &notice.text,
            notice.rehearsal,
            rating,
            ticket,
            at
        ];
        self.run(INSERT_NOTICE, values).await?;
        Ok(())
    }

    /// A line that is about no rating.
    pub async fn note(&mut self, entry: &Entry) -> Result<(), Error> {
        self.append(None, None, entry).await
    }

    pub(super) async fn append_trail(
        &mut self,
        rating: &str,
        ticket: Option<&str>,
        entry: &Entry,
    ) -> Result<(), Error> {
        self.append(Some(rating), ticket, entry).await
    }

    async fn append(
        &mut self,
        rating: Option<&str>,
        ticket: Option<&str>,
        entry: &Entry,
    ) -> Result<(), Error> {
        let values = args![
            entry.at,
            entry.actor.word(),
            entry.what.word(),
            subject(&entry.about),
            entry.article.to_string(),
            &entry.detail,
            entry.rehearsal,
            rating,
            ticket
        ];
        self.run(INSERT_TRAIL, values).await?;
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

    /// The trail's first lines that are about no rating: people, units, looks.
    pub async fn notes(&mut self, limit: i64) -> Result<Vec<TrailRow>, Error> {
        let rows = self.rows(NOTES, args![limit]).await?;
        rows.iter().map(trail_row).collect()
    }
}

fn trail_row(row: &Row) -> Result<TrailRow, Error> {
    Ok(TrailRow {
        at: row.moment("at")?,
        actor: row.get("actor")?,
        what: row.get("what")?,
        article: row.get("article")?,
        detail: row.get("detail")?,
    })
}

fn deadline_row(row: &Row) -> Result<DeadlineRow, Error> {
    let kind: DeadlineKind = row.word("kind")?;
    Ok(DeadlineRow {
        kind,
        article: row.get("article")?,
        workdays: match kind.term().length {
            Length::Workdays(number) => Some(number.get()),
            Length::Hours(_) | Length::DayNamed | Length::Within(_) => None,
        },
        started_at: row.moment("started_at")?,
        due_at: row.moment("due_at")?,
        met_at: row.maybe_moment("met_at")?,
        provisional: row.get("provisional")?,
    })
}

fn rating(row: &Row) -> Result<Rating, Error> {
    let remark: Option<String> = row.get("remark")?;
    Ok(Rating {
        id: rating_id(row)?,
        standing: row.word("standing")?,
        received_at: row.moment("received_at")?,
        intake: Intake {
            key: IntakeKey(row.get("intake_key")?),
            channel: row.word("channel")?,
            service: from_json(row, "service")?,
            rater: Rater {
                number: row.get("number")?,
                identity: row.word("identity")?,
            },
            grade: row.word("grade")?,
            graded_at: row.moment("graded_at")?,
            reasons: from_json(row, "reasons")?,
            remark: remark.map(|_| from_json(row, "remark")).transpose()?,
            evidence: from_json(row, "evidence")?,
            rehearsal: row.get("rehearsal")?,
        },
    })
}

pub(super) fn rating_id(row: &Row) -> Result<RatingId, Error> {
    let sequence: i64 = row.get("sequence")?;
    Ok(RatingId {
        service: ServiceKey(row.get("instance")?),
        sequence: u32::try_from(sequence)
            .map_err(|_| Error::bad_word("sequence", &sequence.to_string()))?,
    })
}

fn subject(of: &Subject) -> &'static str {
    match of {
        Subject::Rating(_) => "rating",
        Subject::Ticket(_) => "ticket",
        Subject::Person(_) => "person",
        Subject::Unit(_) => "unit",
    }
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("the domain's values have text keys only")
}

fn from_json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, Error> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| Error::bad_word(column, &text))
}
