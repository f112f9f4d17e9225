//! Rows of matters (办件), slips of the suggestion box, and what was turned away.

use super::people::number;
use crate::channels::{Applicants, Ineligible, Matter};
use crate::domain::{Applicant, Day, Grade, Intake, Moment, PersonId, ServiceKey, UnitId};
use crate::store::{Error, Row, Tx, args, statements};

/// The columns of a matter. A macro, so that the statements stay constants.
macro_rules! matter_columns {
    () => {
        "SELECT number, item, item_name, unit, applicant_name, applicant_phone, applicant, \
        completed_at, rehearsal FROM matters"
    };
}

statements! {
    MATTER = concat!(matter_columns!(), " WHERE number = $1");
    MATTERS = concat!(matter_columns!(), " WHERE number > $1 ORDER BY number LIMIT $2");
    INSERT_MATTER = "INSERT INTO matters (number, item, item_name, unit, applicant_name, \
        applicant_phone, applicant, completed_at, rehearsal, registered_at, registered_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    COMPLETE_MATTER = "UPDATE matters SET completed_at = $2 \
        WHERE number = $1 AND completed_at IS NULL";
    // Two, to know whether a number is one applicant's.
    APPLICANTS_BY_PHONE = "SELECT DISTINCT applicant FROM matters WHERE applicant_phone = $1 \
        AND applicant IS NOT NULL LIMIT 2";
    MEET_MATTER = "UPDATE deadlines SET met_at = $2, next_at = NULL \
        WHERE subject = $1 AND met_at IS NULL AND void_at IS NULL";
    MEET_ONE = "UPDATE deadlines SET met_at = $2, next_at = NULL WHERE id = $1 \
        AND met_at IS NULL AND void_at IS NULL";
    VOID_ONE = "UPDATE deadlines SET void_at = $2, next_at = NULL WHERE id = $1 \
        AND met_at IS NULL AND void_at IS NULL";
    LOOK_AGAIN = "UPDATE deadlines SET next_at = $2, due_at = $3, provisional = $4, \
        calendar = $5 WHERE id = $1 AND met_at IS NULL AND void_at IS NULL";
    TURN_AWAY = "INSERT INTO turned_away (at, intake_key, channel, instance, why, person_id, \
        rehearsal) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (intake_key) DO NOTHING";
    TURNED_AWAY = "SELECT why FROM turned_away WHERE intake_key = $1";
    COUNT_AWAY = "SELECT why, COUNT(*) AS times FROM turned_away WHERE NOT rehearsal \
        AND at >= $1 AND at < $2 GROUP BY why ORDER BY why";
    // In this order: by its kind, every answer there ever was would be walked through.
    ANSWERED_AT = "SELECT MAX(d.met_at) AS at FROM ratings r CROSS JOIN deadlines d \
        WHERE r.instance = $1 AND d.rating_id = r.id AND d.kind || '' = 'answer'";
    INSERT_SUGGESTION = "INSERT INTO suggestions (slip, opened_on, body, scan, grade, entered_at, \
        entered_by) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (slip) DO NOTHING";
    SUGGESTION = "SELECT slip FROM suggestions WHERE slip = $1";
}

/// A slip of the suggestion box.
#[derive(Debug, Clone)]
pub struct SuggestionRow<'a> {
    pub slip: &'a str,
    pub opened_on: Day,
    pub text: &'a str,
    pub scan: Option<&'a str>,
    pub grade: Option<Grade>,
    pub by: &'a str,
}

impl Tx {
    pub async fn lock_matter(&mut self, number: &str) -> Result<(), Error> {
        self.lock(&format!("matter {number}")).await
    }

    pub async fn matter(&mut self, number: &str) -> Result<Option<Matter>, Error> {
        let row = self.row(MATTER, args![number]).await?;
        row.as_ref().map(matter).transpose()
    }

    /// By number, behind `after`.
    pub async fn matters(&mut self, after: &str, limit: i64) -> Result<Vec<Matter>, Error> {
        let rows = self.rows(MATTERS, args![after, limit]).await?;
        rows.iter().map(matter).collect()
    }

    pub async fn insert_matter(
        &mut self,
        matter: &Matter,
        by: &str,
        now: Moment,
    ) -> Result<(), Error> {
        let applicants = &matter.applicants;
        let values = args![
            &matter.number,
            &matter.item,
            &matter.item_name,
            &matter.unit.0,
            &applicants.name,
            applicants.phone.clone(),
            applicants.applicant.as_ref().map(|digest| digest.0.clone()),
            matter.completed_at,
            matter.rehearsal,
            now,
            by
        ];
        self.run(INSERT_MATTER, values).await?;
        self.count_act_anew(&completed(&matter.number)).await
    }

    /// `false` where it is completed already.
    pub async fn complete_matter(&mut self, number: &str, at: Moment) -> Result<bool, Error> {
        let completed_now = self.run(COMPLETE_MATTER, args![number, at]).await? > 0;
        self.count_act_anew(&completed(number)).await?;
        Ok(completed_now)
    }

    /// Whose verified telephone it is; `None` where it is nobody's, or of more than one.
    pub async fn applicant_by_phone(&mut self, phone: &str) -> Result<Option<Applicant>, Error> {
        let rows = self.rows(APPLICANTS_BY_PHONE, args![phone]).await?;
        match rows.as_slice() {
            [row] => Ok(Some(Applicant(row.get("applicant")?))),
            _ => Ok(None),
        }
    }

    /// A rating came: neither reminder nor default is due any more.
    pub async fn meet_matter(&mut self, number: &str, at: Moment) -> Result<(), Error> {
        let subject = crate::domain::Subject::Matter(number.to_owned()).to_string();
        self.run(MEET_MATTER, args![subject, at]).await?;
        Ok(())
    }

    pub async fn meet_deadline(&mut self, id: i64, at: Moment) -> Result<bool, Error> {
        Ok(self.run(MEET_ONE, args![id, at]).await? > 0)
    }

    pub async fn void_deadline(&mut self, id: i64, at: Moment) -> Result<bool, Error> {
        Ok(self.run(VOID_ONE, args![id, at]).await? > 0)
    }

    /// It was looked at too early: once more at `next_at`, as `end` has it now.
    pub async fn look_again(
        &mut self,
        id: i64,
        next_at: Moment,
        end: &crate::domain::End,
    ) -> Result<(), Error> {
        let values = args![id, next_at, end.due_at, end.provisional, &end.calendar];
        self.run(LOOK_AGAIN, values).await?;
        Ok(())
    }

    pub async fn turn_away(
        &mut self,
        intake: &Intake,
        why: Ineligible,
        person: Option<&PersonId>,
        at: Moment,
    ) -> Result<(), Error> {
        let values = args![
            at,
            &intake.key.0,
            intake.channel.word(),
            intake.service.key().0,
            why.word(),
            person.and_then(number),
            intake.rehearsal
        ];
        self.run(TURN_AWAY, values).await?;
        self.count_act_anew(&intake.service.key()).await
    }

    /// Whether this delivery was turned away before; a duplicate was answered like the first.
    pub async fn was_turned_away(&mut self, intake: &Intake) -> Result<bool, Error> {
        let row = self.row(TURNED_AWAY, args![&intake.key.0]).await?;
        let why: Option<String> = row.map(|row| row.get("why")).transpose()?;
        Ok(why.is_some_and(|why| why == Ineligible::StaffNumber.word()))
    }

    /// How often what was turned away, in a span of time; rehearsals left out.
    pub async fn turned_away(
        &mut self,
        from: Moment,
        until: Moment,
    ) -> Result<Vec<(String, u64)>, Error> {
        let rows = self.rows(COUNT_AWAY, args![from, until]).await?;
        let read = |row: &Row| Ok((row.get("why")?, row.count("times")?));
        rows.iter().map(read).collect()
    }

    /// When the result of the act's ticket was told to the rater.
    pub async fn answered_at(&mut self, instance: &ServiceKey) -> Result<Option<Moment>, Error> {
        let row = self.row(ANSWERED_AT, args![&instance.0]).await?;
        row.map_or(Ok(None), |row| row.maybe_moment("at"))
    }

    /// `false` where the slip was entered before.
    pub async fn insert_suggestion(
        &mut self,
        row: &SuggestionRow<'_>,
        now: Moment,
    ) -> Result<bool, Error> {
        let values = args![
            row.slip,
            row.opened_on,
            row.text,
            row.scan,
            row.grade,
            now,
            row.by
        ];
        Ok(self.run(INSERT_SUGGESTION, values).await? > 0)
    }

    pub async fn has_suggestion(&mut self, slip: &str) -> Result<bool, Error> {
        Ok(self.row(SUGGESTION, args![slip]).await?.is_some())
    }
}

/// Its completion as a rated act.
fn completed(number: &str) -> ServiceKey {
    ServiceKey(format!("matter-{number}"))
}

fn matter(row: &Row) -> Result<Matter, Error> {
    Ok(Matter {
        number: row.get("number")?,
        item: row.get("item")?,
        item_name: row.get("item_name")?,
        unit: UnitId(row.get("unit")?),
        applicants: Applicants {
            name: row.get("applicant_name")?,
            phone: row.get("applicant_phone")?,
            applicant: row.get::<Option<String>>("applicant")?.map(Applicant),
        },
        completed_at: row.maybe_moment("completed_at")?,
        rehearsal: row.get("rehearsal")?,
    })
}
