//! Rows of looks at identities and recordings (第十四条, 第十七条): only ever added.

use super::people::{number, person_id};
use crate::domain::{Moment, PersonId};
use crate::rights::{Ground, Sight};
use crate::store::rows::CallId;
use crate::store::{Error, Row, Tx, args, statements};

/// The columns of a look with what was answered to it. A macro, so that the statements stay constants.
macro_rules! look_columns {
    () => {
        "SELECT l.id, l.at, l.call_id, l.sight, l.asker, l.person_id, l.staff, l.ticket, \
        l.callers_request, l.reason, l.verdict, l.refusal, a.at AS answered_at, a.second, \
        a.agreed, a.note FROM looks l LEFT JOIN look_answers a ON a.look_id = l.id"
    };
}

statements! {
    INSERT_LOOK = "INSERT INTO looks (at, call_id, sight, asker, person_id, staff, ticket, \
        callers_request, reason, verdict, refusal) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id";
    LOOK = concat!(look_columns!(), " WHERE l.id = $1");
    LOOKS = concat!(look_columns!(), " WHERE (CAST($1 AS TEXT) IS NULL OR l.call_id = $1) \
        AND (NOT $2 OR (l.verdict = 'pending' AND a.look_id IS NULL)) \
        AND (CAST($3 AS BIGINT) IS NULL OR l.id < $3) ORDER BY l.id DESC LIMIT $4");
    // A token has no person: its name stands for it.
    IN_FORCE = concat!(look_columns!(), " WHERE l.call_id = $1 AND l.sight = $2 \
        AND ((CAST($3 AS BIGINT) IS NOT NULL AND l.person_id = $3) \
            OR (CAST($3 AS BIGINT) IS NULL AND l.person_id IS NULL AND l.asker = $4)) \
        AND ((l.verdict = 'granted' AND l.at > $5) OR (a.agreed AND a.at > $5)) \
        ORDER BY l.id DESC LIMIT 1");
    INSERT_ANSWER = "INSERT INTO look_answers (look_id, at, second, person_id, agreed, note) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (look_id) DO NOTHING";
}

/// What came of a look when it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Granted,
    /// Until a second person answers.
    Pending,
    Refused,
}

/// A look to be put on record.
#[derive(Debug, Clone)]
pub struct NewLook<'a> {
    pub call: &'a CallId,
    pub sight: Sight,
    pub asker: &'a str,
    /// `None` for a token.
    pub person: Option<&'a PersonId>,
    pub staff: Option<&'a str>,
    pub ground: Option<&'a Ground>,
    pub reason: &'a str,
    pub verdict: Verdict,
    pub refusal: Option<String>,
}

/// A look that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookRow {
    pub id: i64,
    pub at: Moment,
    pub call: CallId,
    pub sight: Sight,
    pub asker: String,
    pub person: Option<PersonId>,
    pub staff: Option<String>,
    pub ticket: Option<String>,
    pub callers_request: bool,
    pub reason: String,
    pub verdict: Verdict,
    pub refusal: Option<String>,
    /// `None` where nobody answered, or nobody had to.
    pub answer: Option<LookAnswerRow>,
}

/// What the second person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookAnswerRow {
    pub at: Moment,
    pub second: String,
    pub agreed: bool,
    pub note: String,
}

impl LookRow {
    /// Granted at once or by the second person.
    pub fn is_granted(&self) -> bool {
        let agreed = self.answer.as_ref().is_some_and(|answer| answer.agreed);
        self.verdict == Verdict::Granted || agreed
    }
}

impl Tx {
    /// Makes the answers to one look wait for each other.
    pub async fn lock_look(&mut self, id: i64) -> Result<(), Error> {
        self.lock(&format!("look {id}")).await
    }

    pub async fn insert_look(&mut self, new: &NewLook<'_>, at: Moment) -> Result<i64, Error> {
        let (ticket, callers_request) = match new.ground {
            Some(Ground::Ticket(number)) => (Some(number.clone()), false),
            Some(Ground::CallersRequest) => (None, true),
            None => (None, false),
        };
        let values = args![
            at,
            new.call,
            new.sight.word(),
            new.asker,
            new.person.and_then(number),
            new.staff,
            ticket,
            callers_request,
            new.reason,
            new.verdict.word(),
            new.refusal.clone()
        ];
        let row = self.row(INSERT_LOOK, values).await?;
        row.expect("an insert that returns its row").get("id")
    }

    pub async fn look(&mut self, id: i64) -> Result<Option<LookRow>, Error> {
        let row = self.row(LOOK, args![id]).await?;
        row.as_ref().map(look_row).transpose()
    }

    /// Newest first, before `before`: of one call, or only those that wait for a second person.
    pub async fn looks(
        &mut self,
        call: Option<&CallId>,
        waiting: bool,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<LookRow>, Error> {
        let call = call.map(|call| call.0.clone());
        let rows = self
            .rows(LOOKS, args![call, waiting, before, limit])
            .await?;
        rows.iter().map(look_row).collect()
    }

    /// The newest look of this asker that was granted after `since`.
    pub async fn look_in_force(
        &mut self,
        call: &CallId,
        sight: Sight,
        person: Option<&PersonId>,
        asker: &str,
        since: Moment,
    ) -> Result<Option<LookRow>, Error> {
        let person = person.and_then(number);
        let values = args![call, sight.word(), person, asker, since];
        let row = self.row(IN_FORCE, values).await?;
        row.as_ref().map(look_row).transpose()
    }

    /// `false` where it was answered before.
    pub async fn insert_look_answer(
        &mut self,
        look: i64,
        second: (&PersonId, &str),
        agreed: bool,
        note: &str,
        at: Moment,
    ) -> Result<bool, Error> {
        let values = args![look, at, second.1, number(second.0), agreed, note];
        Ok(self.run(INSERT_ANSWER, values).await? > 0)
    }
}

impl Verdict {
    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Granted => "granted",
            Verdict::Pending => "pending",
            Verdict::Refused => "refused",
        }
    }
}

impl std::str::FromStr for Verdict {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "granted" => Ok(Verdict::Granted),
            "pending" => Ok(Verdict::Pending),
            "refused" => Ok(Verdict::Refused),
            _ => Err(()),
        }
    }
}

fn look_row(row: &Row) -> Result<LookRow, Error> {
    let answered_at = row.maybe_moment("answered_at")?;
    let answer = match answered_at {
        Some(at) => Some(LookAnswerRow {
            at,
            second: row.get("second")?,
            agreed: row.get("agreed")?,
            note: row.get("note")?,
        }),
        None => None,
    };
    let person: Option<i64> = row.get("person_id")?;
    Ok(LookRow {
        id: row.get("id")?,
        at: row.moment("at")?,
        call: CallId(row.get("call_id")?),
        sight: row.word("sight")?,
        asker: row.get("asker")?,
        person: person.map(|_| person_id(row, "person_id")).transpose()?,
        staff: row.get("staff")?,
        ticket: row.get("ticket")?,
        callers_request: row.get("callers_request")?,
        reason: row.get("reason")?,
        verdict: row.word("verdict")?,
        refusal: row.get("refusal")?,
        answer,
    })
}
