//! Rows in which signs of 第十九条 are looked for, each by index within the span asked of.

use crate::domain::{Day, Moment, Reason, Service};
use crate::figures::{BadAct, Burst, Overdue};
use crate::store::{Error, Row, Tx, args, statements};

/// Terms of tickets that ended in a span and were missed or prolonged.
macro_rules! overdue {
    () => {
        "d.kind IN ('assess', 'verify', 'rectify', 'rectify_complex', 'rectify_extended') \
        AND d.due_at >= $1 AND d.due_at <= $2 AND d.void_at IS NULL AND NOT d.rehearsal \
        AND (d.kind = 'rectify_extended' OR d.met_at IS NULL OR d.met_at > d.due_at)"
    };
}

statements! {
    BAD_ACTS = "SELECT r.id, r.service, r.reasons, c.unit, c.item, c.day, c.thing FROM counted c \
        JOIN ratings r ON r.instance = SUBSTR(c.thing, 5) AND r.sequence = (SELECT MAX(x.sequence) \
            FROM ratings x WHERE x.instance = r.instance AND x.standing = 'valid') \
        WHERE c.day >= $1 AND c.day <= $2 AND c.thing LIKE 'act:%' \
        AND (c.counts LIKE '% dissatisfied %' OR c.counts LIKE '% very_dissatisfied %') \
        AND (CAST($3 AS TEXT) IS NULL OR c.unit = $3) \
        AND (CAST($4 AS TEXT) IS NULL OR c.day > $4 OR (c.day = $4 AND c.thing > $5)) \
        ORDER BY c.day, c.thing LIMIT $6";
    AT_WINDOWS = "SELECT id, graded_at, service FROM ratings \
        WHERE channel IN ('window_device', 'window_qr') AND graded_at >= $1 AND graded_at <= $2 \
        AND NOT rehearsal AND standing <> 'test' ORDER BY graded_at, id LIMIT $3";
    TOO_FAST = "SELECT r.id, c.staff, r.graded_at - c.offered_at AS after_ms FROM calls c \
        JOIN ratings r ON r.call_id = c.id WHERE c.started_at >= $1 AND c.started_at <= $2 \
        AND r.channel = 'phone' AND NOT c.rehearsal AND r.standing <> 'test' \
        AND c.offered_at IS NOT NULL AND r.graded_at - c.offered_at < $3 \
        ORDER BY c.started_at, c.id LIMIT $4";
    FROM_STAFF = "SELECT intake_key, instance, person_id FROM turned_away \
        WHERE at >= $1 AND at <= $2 AND why = 'staff_number' AND NOT rehearsal ORDER BY id LIMIT $3";
    LOOKS = "SELECT id, asker, verdict FROM looks WHERE at >= $1 AND at <= $2 \
        ORDER BY asker, id LIMIT $3";
    OVERDUE = concat!("SELECT d.ticket, d.kind, d.due_at, d.met_at, ",
        // `order:T2026-000001/1`: the number behind the stroke.
        "COALESCE((SELECT o.unit FROM orders o WHERE o.ticket = d.ticket \
            AND d.subject = 'order:' || o.ticket || '/' || o.number), t.unit, '') AS unit \
        FROM deadlines d JOIN tickets t ON t.number = d.ticket WHERE ", overdue!(),
        " ORDER BY d.due_at, d.id LIMIT $3");
    COUNT_OVERDUE = concat!("SELECT COUNT(*) AS many FROM deadlines d \
        JOIN tickets t ON t.number = d.ticket WHERE ", overdue!());
}

/// No report reads more rows of one kind than this, and one that tells that there are more.
pub const MOST_SIGNS: usize = 100_000;
const MOST: i64 = MOST_SIGNS as i64 + 1;

/// A grade that came sooner than anybody could have heard the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FastGrade {
    pub rating: String,
    pub staff: Option<String>,
    pub after_ms: i64,
}

/// A rating from a telephone of the staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedAway {
    pub key: String,
    pub act: String,
    pub person: Option<i64>,
}

/// A look at rater's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookAt {
    pub id: i64,
    pub asker: String,
    pub refused: bool,
}

impl Tx {
    /// Counting 差评 of acts served in the span.
    pub async fn bad_acts(
        &mut self,
        days: (Day, Day),
        unit: Option<&str>,
    ) -> Result<Vec<BadAct>, Error> {
        let (acts, _) = self.bad_acts_behind(days, unit, None, MOST).await?;
        Ok(acts)
    }

    /// At most `limit` of them, behind a place in their order; with the place of the last one.
    pub async fn bad_acts_behind(
        &mut self,
        days: (Day, Day),
        unit: Option<&str>,
        after: Option<(Day, String)>,
        limit: i64,
    ) -> Result<(Vec<BadAct>, Option<(Day, String)>), Error> {
        let (day, thing) = after.unzip();
        let values = args![days.0, days.1, unit, day, thing, limit];
        let rows = self.rows(BAD_ACTS, values).await?;
        let acts: Result<Vec<_>, Error> = rows.iter().map(bad_act).collect();
        let last = match rows.last() {
            Some(row) => Some((row.word("day")?, row.get("thing")?)),
            None => None,
        };
        Ok((acts?, last))
    }

    /// Ratings at windows, by window and time.
    pub async fn ratings_at_windows(
        &mut self,
        from: Moment,
        until: Moment,
    ) -> Result<Vec<Burst>, Error> {
        let rows = self.rows(AT_WINDOWS, args![from, until, MOST]).await?;
        let mut found = Vec::new();
        for row in &rows {
            if let Service::WindowAct { window, .. } = service(row)? {
                found.push(Burst {
                    window,
                    at: row.moment("graded_at")?,
                    rating: row.get("id")?,
                });
            }
        }
        found.sort_by(|one, other| (&one.window, one.at).cmp(&(&other.window, other.at)));
        Ok(found)
    }

    pub async fn fast_grades(
        &mut self,
        from: Moment,
        until: Moment,
        within_ms: u32,
    ) -> Result<Vec<FastGrade>, Error> {
        let values = args![from, until, i64::from(within_ms), MOST];
        let rows = self.rows(TOO_FAST, values).await?;
        let read = |row: &Row| {
            Ok(FastGrade {
                rating: row.get("id")?,
                staff: row.get("staff")?,
                after_ms: row.get("after_ms")?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub async fn ratings_from_staff(
        &mut self,
        from: Moment,
        until: Moment,
    ) -> Result<Vec<TurnedAway>, Error> {
        let rows = self.rows(FROM_STAFF, args![from, until, MOST]).await?;
        let read = |row: &Row| {
            Ok(TurnedAway {
                key: row.get("intake_key")?,
                act: row.get("instance")?,
                person: row.get("person_id")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// By who looked.
    pub async fn looks_within(
        &mut self,
        from: Moment,
        until: Moment,
    ) -> Result<Vec<LookAt>, Error> {
        let rows = self.rows(LOOKS, args![from, until, MOST]).await?;
        let read = |row: &Row| {
            let verdict: String = row.get("verdict")?;
            Ok(LookAt {
                id: row.get("id")?,
                asker: row.get("asker")?,
                refused: verdict == "refused",
            })
        };
        rows.iter().map(read).collect()
    }

    /// Terms of tickets that ended in the span and were missed or prolonged: at most `limit` of them, and how many
    /// there are.
    pub async fn overdue(
        &mut self,
        from: Moment,
        until: Moment,
        limit: i64,
    ) -> Result<(Vec<Overdue>, u64), Error> {
        let counted = self.row(COUNT_OVERDUE, args![from, until]).await?;
        let all = counted.map_or(Ok(0), |row| row.count("many"))?;
        let rows = self.rows(OVERDUE, args![from, until, limit]).await?;
        let read = |row: &Row| {
            let (due_at, met_at) = (row.moment("due_at")?, row.maybe_moment("met_at")?);
            Ok(Overdue {
                ticket: row.get("ticket")?,
                unit: row.get("unit")?,
                kind: row.get("kind")?,
                due_at,
                met_at,
                prolonged: met_at.is_some_and(|met| met <= due_at),
            })
        };
        let found: Result<Vec<_>, Error> = rows.iter().map(read).collect();
        Ok((found?, all))
    }
}

fn bad_act(row: &Row) -> Result<BadAct, Error> {
    let some = |text: String| (!text.is_empty()).then_some(text);
    let reasons: String = row.get("reasons")?;
    let reasons: Vec<Reason> =
        serde_json::from_str(&reasons).map_err(|_| Error::bad_word("reasons", &reasons))?;
    Ok(BadAct {
        rating: row.get("id")?,
        unit: some(row.get("unit")?),
        item: some(row.get("item")?),
        staff: service(row)?.staff().to_vec(),
        reasons,
    })
}

fn service(row: &Row) -> Result<Service, Error> {
    let text: String = row.get("service")?;
    serde_json::from_str(&text).map_err(|_| Error::bad_word("service", &text))
}
