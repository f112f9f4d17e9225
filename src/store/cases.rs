//! Tickets as their records make them, and what the rows say of them.

use super::driver::{Row, Tx, args};
use super::{Error, statements};
use crate::casework::{Case, Record, SlipVersion};
use crate::domain::{DeadlineKind, Moment, TicketNumber};

statements! {
    RECORDS = "SELECT record FROM trail WHERE ticket = $1 AND record IS NOT NULL ORDER BY seq";
    CASE_FACTS = "SELECT state, round, grade, version FROM tickets WHERE number = $1";
    TICKET_NUMBERS = "SELECT number FROM tickets WHERE number > $1 ORDER BY number LIMIT $2";
    DEADLINE_FACTS = "SELECT subject, kind, epoch, due_at, met_at, void_at, missed_at \
        FROM deadlines WHERE ticket = $1 AND subject NOT LIKE 'rating:%' \
        ORDER BY subject, kind, epoch";
    ACT_KEY = "SELECT ticket, digest, version FROM act_keys WHERE key = $1";
    INSERT_ACT_KEY = "INSERT INTO act_keys (key, ticket, digest, version, at) \
        VALUES ($1, $2, $3, $4, $5)";
    SLIPS = "SELECT number, version, ticket, order_number, unit, matter, contact, made_at, void_at \
        FROM slips WHERE ticket = $1 ORDER BY number, version";
    VERSION = "SELECT version FROM tickets WHERE number = $1";
}

/// An act that was told before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAct {
    pub ticket: String,
    pub digest: String,
    /// Of the ticket after it.
    pub version: u32,
}

/// A slip's version as it stands in its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlipRow {
    pub slip: SlipVersion,
    /// A void copy.
    pub void_at: Option<Moment>,
}

/// What the rows say of a ticket, for comparison with its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketFacts {
    pub state: String,
    pub round: i64,
    pub grade: String,
    pub version: i64,
    /// `subject kind epoch due met void missed`, sorted.
    pub deadlines: Vec<String>,
}

impl Tx {
    /// Makes acts on one ticket wait for each other.
    pub async fn lock_ticket(&mut self, number: TicketNumber) -> Result<(), Error> {
        self.lock(&number.to_string()).await
    }

    /// The ticket as its records make it; `None` where there is none, or it is older than the records.
    pub async fn case(&mut self, number: TicketNumber) -> Result<Option<Case>, Error> {
        let records = self.records(number).await?;
        Ok(Case::replay(&records))
    }

    /// A ticket's records in their order.
    pub async fn records(&mut self, number: TicketNumber) -> Result<Vec<Record>, Error> {
        let rows = self.rows(RECORDS, args![number.to_string()]).await?;
        let read = |row: &Row| {
            let text: String = row.get("record")?;
            serde_json::from_str(&text).map_err(|_| Error::bad_word("record", &text))
        };
        rows.iter().map(read).collect()
    }

    pub async fn ticket_version(&mut self, number: TicketNumber) -> Result<Option<u32>, Error> {
        let row = self.row(VERSION, args![number.to_string()]).await?;
        row.map(|row| Ok(row.count("version")? as u32)).transpose()
    }

    pub async fn slips(&mut self, ticket: &str) -> Result<Vec<SlipRow>, Error> {
        let rows = self.rows(SLIPS, args![ticket]).await?;
        let read = |row: &Row| {
            Ok(SlipRow {
                slip: SlipVersion {
                    number: row.word("number")?,
                    version: row.count("version")? as u16,
                    ticket: row.word("ticket")?,
                    order: row.count("order_number")? as u8,
                    unit: crate::domain::UnitId(row.get("unit")?),
                    matter: row.get("matter")?,
                    contact: row.get("contact")?,
                    made_at: row.moment("made_at")?,
                },
                void_at: row.maybe_moment("void_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub async fn known_act(&mut self, key: &str) -> Result<Option<KnownAct>, Error> {
        let row = self.row(ACT_KEY, args![key]).await?;
        row.map(|row| {
            Ok(KnownAct {
                ticket: row.get("ticket")?,
                digest: row.get("digest")?,
                version: row.count("version")? as u32,
            })
        })
        .transpose()
    }

    pub async fn remember_act(
        &mut self,
        key: &str,
        known: &KnownAct,
        at: Moment,
    ) -> Result<(), Error> {
        let values = args![
            key,
            &known.ticket,
            &known.digest,
            i64::from(known.version),
            at
        ];
        self.run(INSERT_ACT_KEY, values).await?;
        Ok(())
    }

    /// Ticket numbers behind `after`, in their order.
    pub async fn ticket_numbers(&mut self, after: &str, limit: i64) -> Result<Vec<String>, Error> {
        let rows = self.rows(TICKET_NUMBERS, args![after, limit]).await?;
        rows.iter().map(|row| row.get("number")).collect()
    }

    pub async fn ticket_facts(&mut self, ticket: &str) -> Result<Option<TicketFacts>, Error> {
        let Some(row) = self.row(CASE_FACTS, args![ticket]).await? else {
            return Ok(None);
        };
        let deadlines = self.rows(DEADLINE_FACTS, args![ticket]).await?;
        let mut lines = Vec::new();
        for line in &deadlines {
            let moment = |name| line.maybe_moment(name);
            lines.push(deadline_fact(
                &line.get::<String>("subject")?,
                line.word("kind")?,
                line.get::<i64>("epoch")?,
                line.moment("due_at")?,
                [moment("met_at")?, moment("void_at")?, moment("missed_at")?],
            ));
        }
        lines.sort();
        Ok(Some(TicketFacts {
            state: row.get("state")?,
            round: row.get("round")?,
            grade: row.get("grade")?,
            version: row.get("version")?,
            deadlines: lines,
        }))
    }
}

impl TicketFacts {
    /// One fact a line, as many as both sides have at the most.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let head = format!(
            "state {} round {} grade {} version {} deadlines {}",
            self.state,
            self.round,
            self.grade,
            self.version,
            self.deadlines.len()
        );
        std::iter::once(head).chain(self.deadlines.iter().cloned())
    }

    /// What the rows of a ticket should say.
    pub fn of(case: &Case) -> TicketFacts {
        let number = case.ticket.number;
        let mut deadlines: Vec<String> = case
            .clocks
            .iter()
            .map(|clock| {
                deadline_fact(
                    &crate::casework::subject(number, clock.key).to_string(),
                    clock.key.kind,
                    i64::from(clock.key.epoch),
                    clock.due_at,
                    [clock.met_at, clock.void_at, clock.missed_at],
                )
            })
            .collect();
        deadlines.sort();
        TicketFacts {
            state: case.ticket.state.word().to_owned(),
            round: i64::from(case.ticket.round),
            grade: case.ticket.grade.word().to_owned(),
            version: i64::from(case.version),
            deadlines,
        }
    }
}

fn deadline_fact(
    subject: &str,
    kind: DeadlineKind,
    epoch: i64,
    due_at: Moment,
    marks: [Option<Moment>; 3],
) -> String {
    let [met, void, missed] = marks.map(|at| at.map_or("-".to_owned(), |at| at.to_string()));
    format!("{subject} {kind} {epoch} due {due_at} met {met} void {void} missed {missed}")
}
