//! Rows of ratings, numbers in their series, and the outbox.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::driver::{Row, Tx, args};
use super::{Error, statements};
use crate::casework::SlipNumber;
use crate::domain::{
    Applicant, Choices, Entry, Intake, IntakeKey, Moment, Notice, Rater, Rating, RatingId, Series,
    ServiceKey, Standing, TicketNumber,
};

statements! {
    BY_INTAKE_KEY = "SELECT r.id, r.grade, COALESCE( \
        (SELECT t.number FROM tickets t WHERE t.rating_id = r.id), \
        (SELECT l.ticket FROM trail l WHERE l.rating_id = r.id AND l.record IS NOT NULL \
            ORDER BY l.id LIMIT 1)) AS ticket \
        FROM ratings r WHERE r.intake_key = $1";
    RATINGS_OF_INSTANCE = "SELECT instance, sequence, intake_key, channel, service, number, \
        identity, grade, graded_at, reasons, remark, evidence, standing, received_at, rehearsal, \
        choices, applicant FROM ratings WHERE instance = $1 ORDER BY sequence";
    OPEN_TICKET = "SELECT t.number FROM tickets t JOIN ratings r ON r.id = t.rating_id \
        WHERE r.instance = $1 AND t.state NOT LIKE 'closed%' ORDER BY t.number DESC LIMIT 1";
    TICKETS_OF = "SELECT t.number FROM ratings r JOIN tickets t ON t.rating_id = r.id \
        WHERE r.instance = $1 ORDER BY t.number";
    INSERT_RATING = "INSERT INTO ratings (id, instance, sequence, call_id, intake_key, channel, \
        service, number, identity, grade, graded_at, reasons, remark, evidence, standing, \
        received_at, rehearsal, choices, applicant) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
        $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    COMPLETE_RATING = "UPDATE ratings SET reasons = $2, remark = $3, evidence = $4 WHERE id = $1";
    LAST_NUMBER = "SELECT last FROM ticket_series WHERE series = $1 AND year = $2";
    SET_NUMBER = "INSERT INTO ticket_series (series, year, last) VALUES ($1, $2, $3) \
        ON CONFLICT (series, year) DO UPDATE SET last = excluded.last \
        WHERE ticket_series.last < excluded.last";
    SET_STANDING = "UPDATE ratings SET standing = $2 WHERE id = $1";
    INSERT_NOTICE = "INSERT INTO notices (kind, addressee, body, rehearsal, rating_id, ticket, \
        subject, due_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
}

/// A rating that came in before, by its intake key.
#[derive(Debug, Clone)]
pub struct KnownRating {
    pub id: String,
    pub grade: crate::domain::Grade,
    /// Number of the ticket that it opened or was added to.
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

    /// The number of the act's ticket, if one is open.
    pub async fn open_ticket_of(
        &mut self,
        instance: &ServiceKey,
    ) -> Result<Option<TicketNumber>, Error> {
        let row = self.row(OPEN_TICKET, args![&instance.0]).await?;
        row.map(|row| row.word("number")).transpose()
    }

    /// Every ticket that a rating of the act opened.
    pub async fn tickets_of(&mut self, instance: &ServiceKey) -> Result<Vec<TicketNumber>, Error> {
        let rows = self.rows(TICKETS_OF, args![&instance.0]).await?;
        rows.iter().map(|row| row.word("number")).collect()
    }

    /// The next number of the year in a series; nobody else gets it before this transaction ends,
    /// and it is used up only by a [`save`](Self::save) that opens a ticket with it.
    pub async fn fresh_ticket_number(
        &mut self,
        series: Series,
        now: Moment,
    ) -> Result<TicketNumber, Error> {
        let year = now.day().year();
        let serial = self.fresh_serial(series.letter(), year).await?;
        Ok(TicketNumber {
            series,
            year,
            serial,
        })
    }

    /// As [`fresh_ticket_number`](Self::fresh_ticket_number), for handling slips.
    pub async fn fresh_slip_number(
        &mut self,
        series: Series,
        now: Moment,
    ) -> Result<SlipNumber, Error> {
        let year = now.day().year();
        let serial = self.fresh_serial(SlipNumber::letter(series), year).await?;
        Ok(SlipNumber {
            series,
            year,
            serial,
        })
    }

    async fn fresh_serial(&mut self, letter: char, year: i16) -> Result<u32, Error> {
        self.lock("ticket numbers").await?;
        let values = args![letter, i64::from(year)];
        let row = self.row(LAST_NUMBER, values).await?;
        let last: i64 = row.map_or(Ok(0), |row| row.get("last"))?;
        u32::try_from(last + 1).map_err(|_| Error::bad_word("last", &last.to_string()))
    }

    pub(super) async fn use_up(
        &mut self,
        letter: char,
        year: i16,
        serial: u32,
    ) -> Result<(), Error> {
        let values = args![letter, i64::from(year), i64::from(serial)];
        self.run(SET_NUMBER, values).await?;
        Ok(())
    }

    /// Whether it counts from now, and why not.
    pub async fn set_standing(
        &mut self,
        rating: &RatingId,
        standing: Standing,
    ) -> Result<(), Error> {
        let values = args![rating.to_string(), standing.word()];
        self.run(SET_STANDING, values).await?;
        self.count_act_anew(&rating.service).await
    }

    pub(super) async fn save_rating(&mut self, rating: &Rating) -> Result<(), Error> {
        let intake = &rating.intake;
        let values = args![
            rating.id.to_string(),
            &rating.id.service.0,
            i64::from(rating.id.sequence),
            intake.service.call_id(),
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
            intake.rehearsal,
            (intake.choices != Choices::default()).then(|| json(&intake.choices)),
            intake
                .rater
                .applicant
                .as_ref()
                .map(|digest| digest.0.clone())
        ];
        self.run(INSERT_RATING, values).await?;
        self.count_act_anew(&rating.id.service).await
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
        self.append_trail(Some(&id), ticket, entry).await
    }

    /// Into the outbox; `post` sends it once.
    pub async fn save_notice(
        &mut self,
        rating: Option<&str>,
        ticket: Option<&str>,
        notice: &Notice,
        at: Moment,
    ) -> Result<(), Error> {
        let values = args![
            notice.kind.word(),
            notice.addressee.to_string(),
            &notice.text,
            notice.rehearsal,
            rating,
            ticket,
            notice.about.to_string(),
            notice.due_at,
            at
        ];
        self.run(INSERT_NOTICE, values).await?;
        Ok(())
    }
}

fn rating(row: &Row) -> Result<Rating, Error> {
    let remark: Option<String> = row.get("remark")?;
    let choices: Option<String> = row.get("choices")?;
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
                applicant: row.get::<Option<String>>("applicant")?.map(Applicant),
            },
            grade: row.word("grade")?,
            graded_at: row.moment("graded_at")?,
            reasons: from_json(row, "reasons")?,
            choices: match choices {
                Some(_) => from_json(row, "choices")?,
                None => Choices::default(),
            },
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

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("the domain's values have text keys only")
}

fn from_json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, Error> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| Error::bad_word(column, &text))
}
