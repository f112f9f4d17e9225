//! From what changed to the sums: each thing is taken out as it was counted and put in as it is now.

use std::collections::BTreeMap;

use crate::casework::Case;
use crate::domain::{Channel, Moment, ServiceKey, TicketNumber, UnitId};
use crate::figures::{
    ActRecord, CallRecord, Cell, Count, MatterRecord, Part, Tally, Upload, item_of,
};
use crate::store::{Error, Row, Tx, args, statements};

statements! {
    UNCOUNTED = "SELECT id, thing FROM uncounted ORDER BY id LIMIT $1";
    WAITING = "SELECT COUNT(*) AS many FROM (SELECT id FROM uncounted LIMIT $1) waiting";
    COUNTED_WITH = "SELECT calendar FROM counted_with";
    FORGET_CALENDAR = "DELETE FROM counted_with";
    KEEP_CALENDAR = "INSERT INTO counted_with (calendar) VALUES ($1)";
    CLOSED_ANEW = "INSERT INTO uncounted (thing) SELECT 'ticket:' || number FROM tickets \
        WHERE closed_at IS NOT NULL";
    COUNTED_NOW = "DELETE FROM uncounted WHERE id = $1";
    PARTS = "SELECT day, unit, channel, item, counts FROM counted WHERE thing = $1 ORDER BY part";
    FORGET = "DELETE FROM counted WHERE thing = $1";
    KEEP = "INSERT INTO counted (thing, part, day, unit, channel, item, counts) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    ADD = "INSERT INTO sums (day, unit, channel, item, count, many) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (day, unit, channel, item, count) DO UPDATE SET many = sums.many + excluded.many";
    CALL = "SELECT started_at, desk_answered_at, talked_ms, offered_at, hung_up_by, outcome, rehearsal, \
        CASE WHEN queue_end = 'abandoned' THEN queue_waited_ms END AS abandoned_after_ms, \
        (SELECT COUNT(waited_ms) FROM call_queue_waits w WHERE w.call_id = calls.id) AS queue_waits, \
        (SELECT CAST(COALESCE(SUM(waited_ms), 0) AS BIGINT) FROM call_queue_waits w WHERE w.call_id = calls.id) \
        AS queue_waits_ms \
        FROM calls WHERE id = $1 AND ended_at IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM errand_attempts x WHERE x.call_id = calls.id)";
    MATTER = "SELECT item, unit, completed_at, rehearsal FROM matters WHERE number = $1";
    TURNED_AWAY = "SELECT at, why, rehearsal FROM turned_away WHERE instance = $1 ORDER BY id";
    // In this order: by its kind, every upload there ever was would be walked through.
    UPLOADS = "SELECT d.due_at, d.met_at FROM ratings r CROSS JOIN deadlines d \
        WHERE r.instance = $1 AND d.subject = 'rating:' || r.id AND d.kind = 'upload' \
        AND d.void_at IS NULL ORDER BY d.id";
}

/// What has to be counted anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncounted {
    pub id: i64,
    /// `act:…` or `ticket:…`.
    pub thing: String,
}

/// A thing as it is on record now.
pub(crate) enum Thing {
    Act(Box<ActRecord>),
    /// With channel and 事项 of the rating that opened it.
    Ticket(Box<Case>, Channel, Option<String>),
}

impl Tx {
    /// Nobody else counts before this transaction ends.
    pub async fn lock_sums(&mut self) -> Result<(), Error> {
        self.lock("sums").await
    }

    /// The first of what has to be counted anew.
    pub async fn uncounted(&mut self, limit: i64) -> Result<Vec<Uncounted>, Error> {
        let rows = self.rows(UNCOUNTED, args![limit]).await?;
        let read = |row: &Row| {
            Ok(Uncounted {
                id: row.get("id")?,
                thing: row.get("thing")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// How many changes wait to be counted; at most `limit`.
    pub async fn waiting(&mut self, limit: i64) -> Result<u64, Error> {
        let row = self.row(WAITING, args![limit]).await?;
        row.map_or(Ok(0), |row| row.count("many"))
    }

    /// The version of the calendar by which working days were counted; `None` before the first time.
    pub async fn counted_with(&mut self) -> Result<Option<String>, Error> {
        let row = self.row(COUNTED_WITH, args![]).await?;
        row.map(|row| row.get("calendar")).transpose()
    }

    pub async fn now_counted_with(&mut self, calendar: &str) -> Result<(), Error> {
        self.run(FORGET_CALENDAR, args![]).await?;
        self.run(KEEP_CALENDAR, args![calendar]).await?;
        Ok(())
    }

    /// Notes every closed ticket; how many there are.
    pub async fn count_closed_anew(&mut self) -> Result<u64, Error> {
        self.run(CLOSED_ANEW, args![]).await
    }

    pub async fn counted_now(&mut self, uncounted: &Uncounted) -> Result<(), Error> {
        self.run(COUNTED_NOW, args![uncounted.id]).await?;
        Ok(())
    }

    /// `None` for what is nothing that can be counted.
    pub(crate) async fn thing(&mut self, name: &str) -> Result<Option<Thing>, Error> {
        if let Some(act) = name.strip_prefix("act:") {
            let record = self.act_record(act).await?;
            return Ok(Some(Thing::Act(Box::new(record))));
        }
        let number = name
            .strip_prefix("ticket:")
            .and_then(|text| text.parse().ok());
        let Some(number): Option<TicketNumber> = number else {
            return Ok(None);
        };
        let Some(case) = self.case(number).await? else {
            return Ok(None);
        };
        let ratings = self.ratings_of(&case.ticket.rating.service).await?;
        let opened = ratings
            .iter()
            .find(|rating| rating.id == case.ticket.rating);
        let channel = opened.map_or(Channel::Phone, |rating| rating.intake.channel);
        let item = opened.and_then(|rating| item_of(&rating.intake.service));
        Ok(Some(Thing::Ticket(Box::new(case), channel, item)))
    }

    async fn act_record(&mut self, act: &str) -> Result<ActRecord, Error> {
        let key = ServiceKey(act.to_owned());
        let ratings = self.ratings_of(&key).await?;
        let mut rehearsal = ratings.iter().any(|rating| rating.intake.rehearsal);
        let call = match act.strip_prefix("call-") {
            Some(id) => self.row(CALL, args![id]).await?,
            None => None,
        };
        let matter = match act.strip_prefix("matter-") {
            Some(number) => self.row(MATTER, args![number]).await?,
            None => None,
        };
        for row in call.iter().chain(&matter) {
            rehearsal |= row.get::<bool>("rehearsal")?;
        }
        let mut turned_away = Vec::new();
        for row in self.rows(TURNED_AWAY, args![act]).await? {
            rehearsal |= row.get::<bool>("rehearsal")?;
            let why: String = row.get("why")?;
            turned_away.push((row.moment("at")?, why == "staff_number"));
        }
        let mut uploads = Vec::new();
        for row in self.rows(UPLOADS, args![act]).await? {
            uploads.push(Upload {
                due_at: row.moment("due_at")?,
                met_at: row.maybe_moment("met_at")?,
            });
        }
        Ok(ActRecord {
            act: key,
            rehearsal,
            ratings,
            call: call.as_ref().map(call_record).transpose()?,
            matter: matter.as_ref().map(matter_record).transpose()?,
            turned_away,
            uploads,
        })
    }

    /// What the thing was counted as.
    pub async fn parts_of(&mut self, thing: &str) -> Result<Vec<Part>, Error> {
        let rows = self.rows(PARTS, args![thing]).await?;
        rows.iter().map(part).collect()
    }

    /// From now it is counted as these.
    pub async fn keep_parts(&mut self, thing: &str, parts: &[Part]) -> Result<(), Error> {
        self.run(FORGET, args![thing]).await?;
        for (number, part) in parts.iter().enumerate() {
            let cell = &part.cell;
            let values = args![
                thing,
                number as i64,
                cell.day,
                unit_text(cell),
                cell.channel.word(),
                cell.item.clone().unwrap_or_default(),
                part.tally.text()
            ];
            self.run(KEEP, values).await?;
        }
        Ok(())
    }

    /// Adds to the sums.
    pub async fn add_sums(&mut self, changes: &BTreeMap<Cell, Tally>) -> Result<(), Error> {
        for (cell, tally) in changes {
            for (count, many) in tally.iter() {
                let values = args![
                    cell.day,
                    unit_text(cell),
                    cell.channel.word(),
                    cell.item.clone().unwrap_or_default(),
                    count.word(),
                    many
                ];
                self.run(ADD, values).await?;
            }
        }
        Ok(())
    }
}

fn unit_text(cell: &Cell) -> String {
    cell.unit
        .as_ref()
        .map(|unit| unit.0.clone())
        .unwrap_or_default()
}

/// Kept as an empty text: NULL is no part of a key.
pub(super) fn cell(row: &Row) -> Result<Cell, Error> {
    let some = |text: String| (!text.is_empty()).then_some(text);
    Ok(Cell {
        day: row.word("day")?,
        unit: some(row.get("unit")?).map(UnitId),
        channel: row.word("channel")?,
        item: some(row.get("item")?),
    })
}

pub(super) fn part(row: &Row) -> Result<Part, Error> {
    let text: String = row.get("counts")?;
    let tally = Tally::of_text(&text).ok_or_else(|| Error::bad_word("counts", &text))?;
    Ok(Part {
        cell: cell(row)?,
        tally,
    })
}

fn call_record(row: &Row) -> Result<CallRecord, Error> {
    let left: Option<String> = row.get("hung_up_by")?;
    let moment = |column| -> Result<Option<Moment>, Error> { row.maybe_moment(column) };
    Ok(CallRecord {
        started_at: row.moment("started_at")?,
        desk_answered_at: moment("desk_answered_at")?,
        talked_ms: row.maybe_count("talked_ms")?,
        abandoned_after_ms: row.maybe_count("abandoned_after_ms")?,
        queue_waits: row.count("queue_waits")?,
        queue_waits_ms: row.count("queue_waits_ms")?,
        offered_at: moment("offered_at")?,
        left: left.is_some_and(|who| who == "caller"),
        outcome: row.get::<Option<String>>("outcome")?.unwrap_or_default(),
    })
}

fn matter_record(row: &Row) -> Result<MatterRecord, Error> {
    Ok(MatterRecord {
        item: row.get("item")?,
        unit: UnitId(row.get("unit")?),
        completed_at: row.maybe_moment("completed_at")?,
    })
}

/// A count of the sums by its word.
pub(super) fn count(row: &Row) -> Result<Count, Error> {
    row.word("count")
}
