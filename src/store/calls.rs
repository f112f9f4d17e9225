//! Rows of calls while they go on and when they end.

use super::driver::{Row, Tx, args};
use super::rows::{
    ArchivedRecording, CallId, CallState, ClipKind, EndedCall, KeyedGrade, KeyedReason, NewCall,
    TimelineEntry,
};
use super::views::{CallbackRow, ClipRow, KeyedGradeRow, ReasonRow};
use super::{Error, statements};
use crate::domain::{Grade, Moment, ServiceKey};

statements! {
    INSERT_CALL = "INSERT INTO calls (id, sip_call_id, caller, callee, source, dialplan, \
        dialplan_digest, started_at, rehearsal, state) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'greeting') ON CONFLICT (id) DO NOTHING";
    SET_STATE = "UPDATE calls SET state = $2 WHERE id = $1 AND ended_at IS NULL";
    DESK_ANSWERED = "UPDATE calls SET \
        staff = CASE WHEN desk_answered_at > $3 THEN staff ELSE $2 END, \
        desk_answered_at = CASE WHEN desk_answered_at > $3 THEN desk_answered_at ELSE $3 END \
        WHERE id = $1";
    TALKED = "UPDATE calls SET talked_ms = CASE WHEN talked_ms > $2 THEN talked_ms ELSE $2 END \
        WHERE id = $1";
    OFFERED = "UPDATE calls SET offered_at = COALESCE(offered_at, $2) WHERE id = $1";
    INSERT_KEYED = "INSERT INTO keyed_grades (call_id, seq, grade, key, at, offset_ms) \
        VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM keyed_grades WHERE call_id = $1), \
        $2, $3, $4, $5)";
    SET_GRADE = "UPDATE calls SET grade = $2 WHERE id = $1";
    INSERT_REASON = "INSERT INTO reasons (call_id, seq, code, key, at, offset_ms) \
        VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM reasons WHERE call_id = $1), \
        $2, $3, $4, $5)";
    INSERT_CLIP = "INSERT INTO clips (call_id, path, kind, length_ms, sha256) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (call_id, path) DO NOTHING";
    INSERT_CALLBACK = "INSERT INTO callbacks (call_id, number, requested_at) VALUES ($1, $2, $3) \
        ON CONFLICT (call_id) DO UPDATE SET number = excluded.number, \
        requested_at = excluded.requested_at WHERE callbacks.requested_at <= excluded.requested_at";
    INSERT_RECORDING = "INSERT INTO recordings (call_id, path, length_ms, bytes, sha256, gaps) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (call_id) DO NOTHING";
    END_CALL = "UPDATE calls SET state = $2, ended_at = $3, hung_up_by = $4, outcome = $5, \
        outcome_after_ms = $6 WHERE id = $1 AND ended_at IS NULL";
    OPEN_CALLS = "SELECT id, started_at FROM calls WHERE ended_at IS NULL ORDER BY id";
    UNRECORDED = "SELECT c.id, c.started_at FROM \
        (SELECT id, started_at, state FROM calls ORDER BY started_at DESC, id DESC LIMIT $1) c \
        WHERE c.state = 'ended' \
        AND NOT EXISTS (SELECT 1 FROM recordings x WHERE x.call_id = c.id) \
        AND EXISTS (SELECT 1 FROM call_events e WHERE e.call_id = c.id AND e.kind = 'answered') \
        ORDER BY c.id";
    CALL_STANDING = "SELECT state, caller, dialplan, dialplan_digest, started_at, rehearsal, staff, \
        desk_answered_at, talked_ms, ended_at, grade FROM calls WHERE id = $1";
    LAST_SEQ = "SELECT COALESCE(MAX(seq), 0) AS seq FROM call_events WHERE call_id = $1";
    INSERT_EVENT = "INSERT INTO call_events (call_id, seq, at, offset_ms, kind, detail) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (call_id, seq) DO NOTHING";
    EVENTS = "SELECT at, offset_ms, kind, detail FROM call_events WHERE call_id = $1 ORDER BY seq";
    LAST_EVENT = "SELECT MAX(at) AS at FROM call_events WHERE call_id = $1";
    KEYED = "SELECT grade, key, at, offset_ms FROM keyed_grades WHERE call_id = $1 ORDER BY seq";
    REASONS = "SELECT code, key, at, offset_ms FROM reasons WHERE call_id = $1 ORDER BY seq";
    CLIPS = "SELECT kind, path, length_ms, sha256 FROM clips WHERE call_id = $1 ORDER BY path";
    RECORDINGS_AFTER = "SELECT call_id, path, length_ms, bytes, sha256, gaps FROM recordings \
        WHERE call_id > $1 ORDER BY call_id LIMIT $2";
    RECORDING = "SELECT path, length_ms, bytes, sha256, gaps FROM recordings WHERE call_id = $1";
    CALLBACK = "SELECT number, requested_at FROM callbacks WHERE call_id = $1";
}

/// What the engine must know of a call before it decides.
#[derive(Debug, Clone)]
pub struct CallStanding {
    pub state: CallState,
    pub caller: Option<String>,
    pub dialplan: String,
    pub dialplan_digest: String,
    pub started_at: Moment,
    pub rehearsal: bool,
    pub staff: Option<String>,
    pub desk_answered_at: Option<Moment>,
    pub talked_ms: Option<u64>,
    pub ended_at: Option<Moment>,
    /// The grade that stands.
    pub grade: Option<Grade>,
}

impl Tx {
    pub async fn insert_call(&mut self, call: &NewCall) -> Result<(), Error> {
        let values = args![
            &call.id,
            &call.sip_call_id,
            call.caller.clone(),
            &call.callee,
            &call.source,
            &call.dialplan,
            &call.dialplan_digest,
            call.started_at,
            call.rehearsal
        ];
        self.run(INSERT_CALL, values).await?;
        Ok(())
    }

    /// `false` where there is no such call that goes on.
    pub async fn set_call_state(&mut self, id: &CallId, state: CallState) -> Result<bool, Error> {
        Ok(self.run(SET_STATE, args![id, state.word()]).await? > 0)
    }

    pub async fn set_desk(
        &mut self,
        id: &CallId,
        staff: Option<&str>,
        at: Moment,
    ) -> Result<bool, Error> {
        Ok(self.run(DESK_ANSWERED, args![id, staff, at]).await? > 0)
    }

    pub async fn set_talked(&mut self, id: &CallId, ms: u64) -> Result<bool, Error> {
        Ok(self.run(TALKED, args![id, ms]).await? > 0)
    }

    pub async fn set_offered(&mut self, id: &CallId, at: Moment) -> Result<bool, Error> {
        Ok(self.run(OFFERED, args![id, at]).await? > 0)
    }

    /// Appends a grade and makes it the one that stands.
    pub async fn append_grade(&mut self, id: &CallId, keyed: &KeyedGrade) -> Result<(), Error> {
        let values = args![id, keyed.grade, keyed.key, keyed.at, keyed.offset_ms];
        self.run(INSERT_KEYED, values).await?;
        self.run(SET_GRADE, args![id, keyed.grade]).await?;
        Ok(())
    }

    /// Makes a keyed grade the one that stands again.
    pub async fn let_grade_stand(&mut self, id: &CallId, grade: Grade) -> Result<(), Error> {
        self.run(SET_GRADE, args![id, grade]).await?;
        Ok(())
    }

    /// Makes writers of one call wait for each other.
    pub async fn lock_call(&mut self, id: &CallId) -> Result<(), Error> {
        self.lock(&id.0).await
    }

    /// Appends that the grade was taken back; none stands then.
    pub async fn append_withdrawal(&mut self, id: &CallId, at: Moment) -> Result<(), Error> {
        let values = args![id, None::<Grade>, '*', at, None::<i64>];
        self.run(INSERT_KEYED, values).await?;
        self.run(SET_GRADE, args![id, None::<Grade>]).await?;
        Ok(())
    }

    pub async fn append_reason(&mut self, id: &CallId, reason: &KeyedReason) -> Result<(), Error> {
        let values = args![id, &reason.code, reason.key, reason.at, reason.offset_ms];
        self.run(INSERT_REASON, values).await?;
        Ok(())
    }

    pub async fn insert_clip(
        &mut self,
        id: &CallId,
        kind: ClipKind,
        path: &str,
        length_ms: u64,
        sha256: &str,
    ) -> Result<(), Error> {
        let values = args![id, path, kind.word(), length_ms, sha256];
        self.run(INSERT_CLIP, values).await?;
        Ok(())
    }

    pub async fn upsert_callback(
        &mut self,
        id: &CallId,
        number: Option<&str>,
        at: Moment,
    ) -> Result<(), Error> {
        self.run(INSERT_CALLBACK, args![id, number, at]).await?;
        Ok(())
    }

    /// The first one stays: its digest was fixed when the file was closed.
    pub async fn insert_recording(
        &mut self,
        id: &CallId,
        recording: &ArchivedRecording,
    ) -> Result<(), Error> {
        let gaps = serde_json::to_string(&recording.gaps).expect("pairs of numbers are JSON");
        let values = args![
            id,
            &recording.path,
            recording.length_ms,
            recording.bytes,
            &recording.sha256,
            gaps
        ];
        self.run(INSERT_RECORDING, values).await?;
        Ok(())
    }

    /// `false` where the call was over before.
    pub async fn close_call(&mut self, ended: &EndedCall, state: CallState) -> Result<bool, Error> {
        let values = args![
            &ended.id,
            state.word(),
            ended.ended_at,
            ended.hung_up_by.word(),
            &ended.outcome,
            ended.outcome_after_ms
        ];
        let closed = self.run(END_CALL, values).await? > 0;
        if closed {
            self.leave_waiting(&ended.id, ended.ended_at).await?;
        }
        let act = ServiceKey(format!("call-{}", ended.id.0));
        self.count_act_anew(&act).await?;
        Ok(closed)
    }

    pub async fn open_calls(&mut self) -> Result<Vec<(CallId, Moment)>, Error> {
        let rows = self.rows(OPEN_CALLS, args![]).await?;
        rows.iter().map(id_and_start).collect()
    }

    /// Of the last `newest` calls those that were answered, ended and have no recording.
    pub async fn unrecorded_calls(&mut self, newest: u64) -> Result<Vec<(CallId, Moment)>, Error> {
        let rows = self.rows(UNRECORDED, args![newest]).await?;
        rows.iter().map(id_and_start).collect()
    }

    pub async fn call_standing(&mut self, id: &CallId) -> Result<Option<CallStanding>, Error> {
        let row = self.row(CALL_STANDING, args![id]).await?;
        row.map(|row| {
            Ok(CallStanding {
                state: row.word("state")?,
                caller: row.get("caller")?,
                dialplan: row.get("dialplan")?,
                dialplan_digest: row.get("dialplan_digest")?,
                started_at: row.moment("started_at")?,
                rehearsal: row.get("rehearsal")?,
                staff: row.get("staff")?,
                desk_answered_at: row.maybe_moment("desk_answered_at")?,
                talked_ms: row.maybe_count("talked_ms")?,
                ended_at: row.maybe_moment("ended_at")?,
                grade: row.maybe_word("grade")?,
            })
        })
        .transpose()
    }

    /// The number of a call's last line; 0 where there is none.
    pub async fn last_event_seq(&mut self, id: &CallId) -> Result<i64, Error> {
        let row = self.row(LAST_SEQ, args![id]).await?;
        row.map_or(Ok(0), |row| row.get("seq"))
    }

    /// A line under its number. Told again, it changes nothing.
    pub async fn insert_event(
        &mut self,
        id: &CallId,
        seq: i64,
        entry: &TimelineEntry,
    ) -> Result<(), Error> {
        let values = args![
            id,
            seq,
            entry.at,
            entry.offset_ms,
            &entry.kind,
            &entry.detail
        ];
        self.run(INSERT_EVENT, values).await?;
        Ok(())
    }

    pub async fn events(&mut self, id: &CallId) -> Result<Vec<TimelineEntry>, Error> {
        let rows = self.rows(EVENTS, args![id]).await?;
        let read = |row: &Row| {
            Ok(TimelineEntry {
                at: row.moment("at")?,
                offset_ms: row.get("offset_ms")?,
                kind: row.get("kind")?,
                detail: row.get("detail")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// When the last line of the timeline was.
    pub async fn last_event_at(&mut self, id: &CallId) -> Result<Option<Moment>, Error> {
        let row = self.row(LAST_EVENT, args![id]).await?;
        row.map_or(Ok(None), |row| row.maybe_moment("at"))
    }

    /// The grades keyed; a withdrawal stands at the grade it took back.
    pub async fn keyed_grades(&mut self, id: &CallId) -> Result<Vec<KeyedGradeRow>, Error> {
        let mut keyed: Vec<KeyedGradeRow> = Vec::new();
        for row in self.rows(KEYED, args![id]).await? {
            let at = row.moment("at")?;
            match row.maybe_word("grade")? {
                Some(grade) => keyed.push(KeyedGradeRow {
                    grade,
                    key: first_char(&row, "key")?,
                    at,
                    offset_ms: row.get::<Option<i64>>("offset_ms")?.unwrap_or_default(),
                    withdrawn_at: None,
                }),
                None => {
                    if let Some(last) = keyed.last_mut() {
                        last.withdrawn_at.get_or_insert(at);
                    }
                }
            }
        }
        Ok(keyed)
    }

    pub async fn reasons(&mut self, id: &CallId) -> Result<Vec<ReasonRow>, Error> {
        let rows = self.rows(REASONS, args![id]).await?;
        let read = |row: &Row| {
            Ok(ReasonRow {
                code: row.get("code")?,
                key: first_char(row, "key")?,
                at: row.moment("at")?,
                offset_ms: row.get("offset_ms")?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub async fn clips(&mut self, id: &CallId) -> Result<Vec<ClipRow>, Error> {
        let rows = self.rows(CLIPS, args![id]).await?;
        let read = |row: &Row| {
            Ok(ClipRow {
                kind: row.word("kind")?,
                path: row.get("path")?,
                length_ms: row.count("length_ms")?,
                sha256: row.get("sha256")?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub async fn recording(&mut self, id: &CallId) -> Result<Option<ArchivedRecording>, Error> {
        let row = self.row(RECORDING, args![id]).await?;
        row.as_ref().map(archived).transpose()
    }

    /// Recordings of calls behind `after`, in the order of their ids.
    pub async fn recordings_after(
        &mut self,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(CallId, ArchivedRecording)>, Error> {
        let rows = self.rows(RECORDINGS_AFTER, args![after, limit]).await?;
        let read = |row: &Row| Ok((CallId(row.get("call_id")?), archived(row)?));
        rows.iter().map(read).collect()
    }

    /// The number is whole: mask it before it is shown.
    pub async fn callback(&mut self, id: &CallId) -> Result<Option<CallbackRow>, Error> {
        let row = self.row(CALLBACK, args![id]).await?;
        row.map(|row| {
            Ok(CallbackRow {
                number: None,
                whole_number: row.get("number")?,
                requested_at: row.moment("requested_at")?,
            })
        })
        .transpose()
    }
}

fn id_and_start(row: &Row) -> Result<(CallId, Moment), Error> {
    Ok((CallId(row.get("id")?), row.moment("started_at")?))
}

fn first_char(row: &Row, column: &str) -> Result<char, Error> {
    let text: String = row.get(column)?;
    text.chars()
        .next()
        .ok_or_else(|| Error::bad_word(column, &text))
}

fn archived(row: &Row) -> Result<ArchivedRecording, Error> {
    let gaps: String = row.get("gaps")?;
    Ok(ArchivedRecording {
        path: row.get("path")?,
        length_ms: row.count("length_ms")?,
        bytes: row.count("bytes")?,
        sha256: row.get("sha256")?,
        gaps: serde_json::from_str(&gaps).map_err(|_| Error::bad_word("gaps", &gaps))?,
    })
}
