//! Which desks were in a call, and whose its rating is.

use super::driver::{Tx, args};
use super::rows::{CallId, DeskSpan};
use super::{Error, statements};

statements! {
    // Told again, or late, it takes nothing back.
    UPSERT = "INSERT INTO call_desks (call_id, seq, desk, staff, from_ms, to_ms, talked_ms) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (call_id, seq) DO UPDATE SET \
        to_ms = COALESCE(excluded.to_ms, call_desks.to_ms), \
        talked_ms = CASE WHEN excluded.talked_ms > call_desks.talked_ms \
        THEN excluded.talked_ms ELSE call_desks.talked_ms END";
    // Of those who spoke with the caller for 10 s or more who left him last: one asked in between answered later and
    // is not the last. Where they left in one moment, who had him; where nobody spoke so long, who spoke longest.
    OWNER = "UPDATE calls SET staff = (SELECT staff FROM call_desks WHERE call_id = $1 \
        ORDER BY CASE WHEN talked_ms >= 10000 THEN 1 ELSE 0 END DESC, \
        CASE WHEN talked_ms < 10000 THEN talked_ms \
        ELSE COALESCE(to_ms, 9223372036854775807) END DESC, seq LIMIT 1) \
        WHERE id = $1";
    SPANS = "SELECT seq, desk, staff, from_ms, to_ms, talked_ms FROM call_desks \
        WHERE call_id = $1 ORDER BY seq";
}

impl Tx {
    /// Notes a desk in a call; false where there is no such call.
    pub async fn put_desk_span(&mut self, id: &CallId, span: &DeskSpan) -> Result<bool, Error> {
        let values = args![
            id,
            span.seq,
            &span.desk,
            span.staff.as_deref(),
            span.from_ms,
            span.to_ms,
            span.talked_ms
        ];
        self.run(UPSERT, values).await?;
        Ok(self.run(OWNER, args![id]).await? > 0)
    }

    pub async fn desk_spans(&mut self, id: &CallId) -> Result<Vec<DeskSpan>, Error> {
        let rows = self.rows(SPANS, args![id]).await?;
        let spans = rows.iter().map(|row| {
            Ok(DeskSpan {
                seq: row.count("seq")?,
                desk: row.get("desk")?,
                staff: row.get("staff")?,
                from_ms: row.get("from_ms")?,
                to_ms: row.get("to_ms")?,
                talked_ms: row.count("talked_ms")?,
            })
        });
        spans.collect()
    }
}
