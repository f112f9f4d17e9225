//! From a row to what lists show.

use crate::domain::{Choices, Grade, Reason, Remark, Service, Standing};
use crate::store::rows::CallId;
use crate::store::views::{CallRow, RatingRow, RemarkRow, TicketRow};
use crate::store::{Error, Row};

pub(super) fn call_row(row: &Row) -> Result<CallRow, Error> {
    Ok(CallRow {
        id: CallId(row.get("id")?),
        state: row.word("state")?,
        started_at: row.moment("started_at")?,
        ended_at: row.maybe_moment("ended_at")?,
        caller: None,
        caller_number: row.get("caller")?,
        callee: row.get("callee")?,
        staff: row.get("staff")?,
        queued_at: row.maybe_moment("queued_at")?,
        queue_waited_ms: row.maybe_count("queue_waited_ms")?,
        queue_end: row.maybe_word("queue_end")?,
        desk_answered_at: row.maybe_moment("desk_answered_at")?,
        talked_ms: row.maybe_count("talked_ms")?,
        offered_at: row.maybe_moment("offered_at")?,
        hung_up_by: row.maybe_word("hung_up_by")?,
        outcome: row.get("outcome")?,
        outcome_after_ms: row.maybe_count("outcome_after_ms")?,
        grade: row.maybe_word("grade")?,
        rating: row.get("rating")?,
        ticket: row.get("ticket")?,
        recorded: row.get("recorded")?,
        rehearsal: row.get("rehearsal")?,
    })
}

pub(super) fn rating_row(row: &Row) -> Result<RatingRow, Error> {
    let grade: Grade = row.word("grade")?;
    Ok(RatingRow {
        id: row.get("id")?,
        channel: row.word("channel")?,
        call_id: row.get::<Option<String>>("call_id")?.map(CallId),
        sequence: row.get("sequence")?,
        standing: row.word::<Standing>("standing")?.word(),
        grade,
        polarity: grade.polarity(),
        rated_at: row.moment("graded_at")?,
        received_at: row.moment("received_at")?,
        keys: keys(row)?,
        reasons: reasons(row)?,
        service: from_json(row, "service")?,
        choices: choices(row)?,
        remark: remark(row)?,
        outcome: row.get("outcome")?,
        ticket: row.get("ticket")?,
        rehearsal: row.get("rehearsal")?,
    })
}

/// Those of the grade, then those of the reasons.
fn keys(row: &Row) -> Result<String, Error> {
    let grade: Option<String> = row.get("grade_keys")?;
    let reasons: Option<String> = row.get("reason_keys")?;
    Ok(grade.unwrap_or_default() + &reasons.unwrap_or_default())
}

/// A call's are what was keyed; else what was handed in.
fn reasons(row: &Row) -> Result<Vec<String>, Error> {
    if row.get::<Option<String>>("call_id")?.is_none() {
        return reason_codes(row);
    }
    let codes: Option<String> = row.get("reason_codes")?;
    let codes = codes.unwrap_or_default();
    Ok(codes.split_whitespace().map(str::to_owned).collect())
}

fn from_json<T: serde::de::DeserializeOwned>(row: &Row, column: &str) -> Result<T, Error> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| Error::bad_word(column, &text))
}

fn reason_codes(row: &Row) -> Result<Vec<String>, Error> {
    let reasons: Vec<Reason> = from_json(row, "reasons")?;
    Ok(reasons
        .iter()
        .map(|reason| reason.code().to_owned())
        .collect())
}

fn choices(row: &Row) -> Result<Choices, Error> {
    match row.get::<Option<String>>("choices")? {
        Some(_) => from_json(row, "choices"),
        None => Ok(Choices::default()),
    }
}

/// The length of a clip stands with the clip.
fn remark(row: &Row) -> Result<Option<RemarkRow>, Error> {
    let text: Option<String> = row.get("remark")?;
    let Some(text) = text else { return Ok(None) };
    let remark = serde_json::from_str(&text).map_err(|_| Error::bad_word("remark", &text))?;
    Ok(Some(match remark {
        Remark::Text(text) => RemarkRow::Text { text },
        Remark::Clip(path) => RemarkRow::Clip { path, length_ms: 0 },
    }))
}

pub(super) fn ticket_row(row: &Row) -> Result<TicketRow, Error> {
    Ok(TicketRow {
        number: row.get("number")?,
        state: row.word("state")?,
        grade: row.word("grade")?,
        rating_id: row.get("rating_id")?,
        call_id: row.get::<Option<String>>("call_id")?.map(CallId),
        opened_at: row.moment("opened_at")?,
        caller: None,
        caller_number: row.get("caller")?,
        staff: match row.get::<Option<String>>("staff")? {
            Some(staff) => Some(staff),
            None => from_json::<Service>(row, "service")?
                .staff()
                .last()
                .cloned(),
        },
        reasons: reasons(row)?,
        rehearsal: row.get("rehearsal")?,
        deadlines: Vec::new(),
    })
}
