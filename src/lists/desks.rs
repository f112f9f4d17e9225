//! How soon callers were answered, and what their talks at each desk came to. Who was called by us is no caller.

use crate::domain::{Day, Moment};
use crate::store::counts::{Answering, DeskCount};
use crate::store::{Error, Tx, Value, args, statements};

statements! {
    // As `figures` counts it: who wanted a person got one, or hung up before.
    ANSWERING = "SELECT COUNT(*) FILTER (WHERE desk_answered_at IS NOT NULL OR outcome = 'abandoned') AS wanted, \
        COUNT(desk_answered_at) AS answered, \
        COUNT(*) FILTER (WHERE desk_answered_at - started_at <= $2) AS answered_soon \
        FROM calls WHERE started_at >= $1 AND NOT rehearsal \
        AND NOT EXISTS (SELECT 1 FROM errand_attempts x WHERE x.call_id = calls.id)";
    // A call of less is a misdialled one and no consultation.
    DESK_COUNTS = "SELECT staff, COUNT(*) AS talks, \
        CAST(SUM(talked_ms) AS BIGINT) AS talked_ms, \
        COUNT(*) FILTER (WHERE hung_up_by = 'desk') AS ended_by_desk, \
        COUNT(offered_at) AS offered, \
        COUNT(*) FILTER (WHERE outcome = 'left_before_offer' AND hung_up_by = 'caller') AS outwaited \
        FROM calls WHERE started_at >= $1 AND started_at < $2 AND NOT rehearsal \
        AND ended_at IS NOT NULL AND staff IS NOT NULL AND talked_ms >= $3 \
        AND NOT EXISTS (SELECT 1 FROM errand_attempts x WHERE x.call_id = calls.id) \
        GROUP BY staff ORDER BY staff LIMIT 1000";
}

impl Tx {
    /// Of the calls that began since then; `soon_ms`: answered within so long.
    pub async fn answering(&mut self, since: Moment, soon_ms: i64) -> Result<Answering, Error> {
        let row = self.row(ANSWERING, args![since, soon_ms]).await?;
        row.map_or(Ok(Answering::default()), |row| {
            Ok(Answering {
                wanted: row.count("wanted")?,
                answered: row.count("answered")?,
                answered_soon: row.count("answered_soon")?,
            })
        })
    }

    /// Of the calls that began on these days, both counted, and in which somebody talked for `shortest_ms`.
    pub async fn desk_counts(
        &mut self,
        from: Day,
        to: Day,
        shortest_ms: i64,
    ) -> Result<Vec<DeskCount>, Error> {
        let bounds: Vec<Value> = args![from.start(), to.next().start(), shortest_ms];
        let rows = self.rows(DESK_COUNTS, bounds).await?;
        rows.iter()
            .map(|row| {
                Ok(DeskCount {
                    staff: row.get("staff")?,
                    talks: row.count("talks")?,
                    talked_ms: row.count("talked_ms")?,
                    ended_by_desk: row.count("ended_by_desk")?,
                    offered: row.count("offered")?,
                    outwaited: row.count("outwaited")?,
                })
            })
            .collect()
    }
}
