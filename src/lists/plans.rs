//! Statements of the lists, and which of them a filter takes: each enters an index where its page begins, so
//! that a list costs what it shows and not what is on record beside it.

use crate::domain::Polarity;
use crate::store::rows::CallState;
use crate::store::statements;
use crate::store::views::{CallFilter, RatingFilter, TicketFilter};

/// A ticket was sent to one of the units: a slip in the drawer is not the unit's to see yet. An id holds no
/// comma, so that between commas it is found whole. Counted, because PostgreSQL would look through all orders there
/// ever were to answer whether one exists.
macro_rules! sent_to {
    ($ticket:literal, $units:literal) => {
        concat!(
            "(CAST(",
            $units,
            " AS TEXT) IS NULL OR (SELECT COUNT(*) FROM orders o WHERE o.ticket = ",
            $ticket,
            " AND NOT o.void AND o.state <> 'reported' \
            AND LENGTH(REPLACE(",
            $units,
            ", ',' || o.unit || ',', '')) < LENGTH(",
            $units,
            ")) > 0)"
        )
    };
}

/// The columns of a call in a list. A macro, so that the statements stay constants.
macro_rules! call_columns {
    () => {
        "SELECT c.id, c.sip_call_id, c.caller, c.callee, c.source, c.dialplan, c.dialplan_digest, \
        c.started_at, c.rehearsal, c.state, c.staff, c.desk_answered_at, c.talked_ms, \
        c.queued_at, c.queue_waited_ms, c.queue_end, c.offered_at, c.ended_at, \
        c.hung_up_by, c.outcome, c.outcome_after_ms, c.grade, \
        (SELECT r.id FROM ratings r WHERE r.call_id = c.id \
            ORDER BY r.sequence DESC LIMIT 1) AS rating, \
        (SELECT t.number FROM tickets t JOIN ratings r ON r.id = t.rating_id \
            WHERE r.call_id = c.id ORDER BY t.opened_at, t.number LIMIT 1) AS ticket, \
        EXISTS (SELECT 1 FROM recordings x WHERE x.call_id = c.id) AS recorded \
        FROM calls c"
    };
}

macro_rules! rating_columns {
    () => {
        "SELECT r.id, r.channel, r.call_id, r.sequence, r.standing, r.grade, r.graded_at, \
        r.received_at, r.rehearsal, r.remark, r.service, r.reasons, r.choices, c.outcome, \
        (SELECT STRING_AGG(k.key, '' ORDER BY k.seq) FROM keyed_grades k \
            WHERE k.call_id = r.call_id) AS grade_keys, \
        (SELECT STRING_AGG(x.key, '' ORDER BY x.seq) FROM reasons x \
            WHERE x.call_id = r.call_id) AS reason_keys, \
        (SELECT STRING_AGG(x.code, ' ' ORDER BY x.seq) FROM reasons x \
            WHERE x.call_id = r.call_id) AS reason_codes, \
        (SELECT t.number FROM tickets t WHERE t.rating_id = r.id \
            ORDER BY t.number LIMIT 1) AS ticket \
        FROM ratings r LEFT JOIN calls c ON c.id = r.call_id"
    };
}

macro_rules! ticket_columns {
    () => {
        "SELECT t.number, t.state, t.opened_at, t.rehearsal, t.rating_id, t.grade, r.call_id, \
        COALESCE(c.caller, r.number) AS caller, c.staff, r.service, r.reasons, \
        (SELECT STRING_AGG(x.code, ' ' ORDER BY x.seq) FROM reasons x \
            WHERE x.call_id = r.call_id) AS reason_codes FROM tickets t JOIN ratings r ON r.id = t.rating_id \
        LEFT JOIN calls c ON c.id = r.call_id"
    };
}

/// Rows between two moments, the newest first. Every list is bounded by these three alone, never by a bound that
/// may be missing: so the index is entered where the page begins, however far back that is.
macro_rules! newest_first {
    ($columns:expr, $at:literal, $id:literal, $conditions:expr) => {
        concat!(
            $columns,
            " WHERE ",
            $at,
            " >= $1 AND (",
            $at,
            ", ",
            $id,
            ") < ($2, $3) ",
            $conditions,
            " ORDER BY ",
            $at,
            " DESC, ",
            $id,
            " DESC LIMIT $4"
        )
    };
}

/// As [`newest_first`], but of few rows, which `$few` finds by an index of their own: the plus keeps either
/// planner from walking through all rows in their order instead.
macro_rules! few_sorted {
    ($columns:expr, $at:literal, $id:literal, $conditions:expr, $few:expr) => {
        concat!(
            $columns,
            " WHERE +",
            $at,
            " >= $1 AND (+",
            $at,
            ", ",
            $id,
            ") < ($2, $3) ",
            $conditions,
            " AND ",
            $few,
            " ORDER BY ",
            $at,
            " DESC, ",
            $id,
            " DESC LIMIT $4"
        )
    };
}

macro_rules! call_conditions {
    () => {
        concat!(
            "AND (CAST($6 AS TEXT) IS NULL OR c.state = $6) \
            AND (CAST($7 AS BOOLEAN) IS NULL OR (c.ended_at IS NULL) = $7) \
            AND (CAST($8 AS TEXT) IS NULL OR c.outcome = $8) \
            AND (CAST($9 AS TEXT) IS NULL OR c.grade = $9) \
            AND (CAST($10 AS TEXT) IS NULL OR c.caller LIKE '%' || $10) \
            AND (CAST($11 AS BOOLEAN) IS NULL OR c.rehearsal = $11) \
            AND (CAST($5 AS TEXT) IS NULL OR (SELECT COUNT(*) FROM tickets t \
                JOIN ratings r ON r.id = t.rating_id WHERE r.call_id = c.id AND ",
            sent_to!("t.number", "$5"),
            ") > 0)"
        )
    };
}

macro_rules! rating_conditions {
    () => {
        concat!(
            "AND (CAST($6 AS TEXT) IS NULL OR r.grade = $6) \
            AND (CAST($7 AS BOOLEAN) IS NULL \
                OR (r.grade IN ('dissatisfied', 'very_dissatisfied')) = $7) \
            AND (CAST($8 AS BOOLEAN) IS NULL OR r.rehearsal = $8) \
            AND (CAST($5 AS TEXT) IS NULL OR (SELECT COUNT(*) FROM tickets t \
                WHERE t.rating_id = r.id AND ",
            sent_to!("t.number", "$5"),
            ") > 0)"
        )
    };
}

macro_rules! ticket_conditions {
    () => {
        concat!(
            "AND (CAST($6 AS TEXT) IS NULL OR t.state = $6) \
            AND (CAST($7 AS TEXT) IS NULL OR t.grade = $7) \
            AND (CAST($8 AS BOOLEAN) IS NULL OR t.rehearsal = $8) \
            AND (CAST($9 AS BOOLEAN) IS NULL OR EXISTS (SELECT 1 FROM deadlines d \
                WHERE d.ticket = t.number AND d.provisional AND d.met_at IS NULL \
                AND d.void_at IS NULL) = $9) \
            AND ",
            sent_to!("t.number", "$5")
        )
    };
}

/// Orders that a unit of `$units` ever had: by index, the units' table being small.
macro_rules! of_units {
    ($units:literal) => {
        concat!(
            "o.unit IN (SELECT u.id FROM units u \
            WHERE LENGTH(REPLACE(",
            $units,
            ", ',' || u.id || ',', '')) < LENGTH(",
            $units,
            "))"
        )
    };
}

/// No more than there can be of few: so PostgreSQL begins with them, and does not look for them in all.
macro_rules! few {
    () => {
        " LIMIT 1000"
    };
}

macro_rules! calls {
    ($more:literal) => {
        newest_first!(
            call_columns!(),
            "c.started_at",
            "c.id",
            concat!(call_conditions!(), $more)
        )
    };
}

macro_rules! ratings {
    ($more:literal) => {
        newest_first!(
            rating_columns!(),
            "r.graded_at",
            "r.id",
            concat!(rating_conditions!(), $more)
        )
    };
}

macro_rules! tickets {
    ($more:literal) => {
        newest_first!(
            ticket_columns!(),
            "t.opened_at",
            "t.number",
            concat!(ticket_conditions!(), $more)
        )
    };
}

statements! {
    CALLS = calls!("");
    // Each of these names an index: of what there is little of, it holds nothing else.
    CALLS_NOT_ENDED = calls!(" AND c.state <> 'ended'");
    CALLS_REHEARSED = calls!(" AND c.rehearsal");
    CALLS_BY_TAIL = calls!(" AND SUBSTR(c.caller, LENGTH(c.caller) - 3) = SUBSTR($10, LENGTH($10) - 3)");
    CALLS_OF_OUTCOME = calls!(" AND c.outcome = $8");
    CALLS_OF_FEW = few_sorted!(call_columns!(), "c.started_at", "c.id", call_conditions!(),
        concat!("c.id IN (SELECT x.call_id FROM orders o JOIN tickets y ON y.number = o.ticket \
            JOIN ratings x ON x.id = y.rating_id WHERE ", of_units!("$5"), few!(), ")"));
    CALL = concat!(call_columns!(), " WHERE c.id = $1");
    RATINGS = ratings!("");
    BAD_RATINGS = ratings!(" AND r.grade IN ('dissatisfied', 'very_dissatisfied')");
    RATINGS_REHEARSED = ratings!(" AND r.rehearsal");
    RATINGS_OF_FEW = few_sorted!(rating_columns!(), "r.graded_at", "r.id", rating_conditions!(),
        concat!("r.id IN (SELECT x.rating_id FROM orders o JOIN tickets x ON x.number = o.ticket \
            WHERE ", of_units!("$5"), few!(), ")"));
    RATING = concat!(rating_columns!(), " WHERE r.id = $1");
    TICKETS = tickets!("");
    TICKETS_IN_STATE = tickets!(" AND t.state = $6");
    TICKETS_REHEARSED = tickets!(" AND t.rehearsal");
    TICKETS_PROVISIONAL = few_sorted!(ticket_columns!(), "t.opened_at", "t.number", ticket_conditions!(),
        "t.number IN (SELECT x.ticket FROM deadlines x WHERE x.provisional AND x.met_at IS NULL \
            AND x.void_at IS NULL)");
    TICKETS_OF_FEW = few_sorted!(ticket_columns!(), "t.opened_at", "t.number", ticket_conditions!(),
        concat!("t.number IN (SELECT o.ticket FROM orders o WHERE ", of_units!("$5"), few!(), ")"));
    ORDERS_OF = concat!("SELECT COUNT(*) AS orders FROM (SELECT 1 FROM orders o WHERE ", of_units!("$1"),
        " LIMIT $2) known");
    TICKET = concat!(ticket_columns!(), " WHERE t.number = $1");
}

pub(super) const ONE_CALL: &str = CALL;
pub(super) const ONE_RATING: &str = RATING;
pub(super) const ONE_TICKET: &str = TICKET;
pub(super) const KNOWN_ORDERS: &str = ORDERS_OF;

/// `few`: of units that never had many orders.
pub(super) fn of_calls(filter: &CallFilter, rehearsal: Option<bool>, few: bool) -> &'static str {
    let unfinished = filter.state.is_some_and(|state| state != CallState::Ended);
    let tail = filter.number_tail.as_ref().map_or(0, String::len);
    match few {
        true => CALLS_OF_FEW,
        false if filter.live == Some(true) || unfinished => CALLS_NOT_ENDED,
        false if tail >= TAIL => CALLS_BY_TAIL,
        false if rehearsal == Some(true) => CALLS_REHEARSED,
        false if filter.outcome.is_some() => CALLS_OF_OUTCOME,
        false => CALLS,
    }
}

/// Digits of the index of numbers' ends.
const TAIL: usize = 4;

pub(super) fn of_ratings(
    filter: &RatingFilter,
    rehearsal: Option<bool>,
    few: bool,
) -> &'static str {
    // What opened a ticket is a 差评.
    let bad = filter.polarity == Some(Polarity::Negative)
        || filter.grade.is_some_and(|grade| !grade.is_positive())
        || filter.reach.units().is_some();
    match few {
        true => RATINGS_OF_FEW,
        false if rehearsal == Some(true) => RATINGS_REHEARSED,
        false if bad => BAD_RATINGS,
        false => RATINGS,
    }
}

pub(super) fn of_tickets(
    filter: &TicketFilter,
    rehearsal: Option<bool>,
    few: bool,
) -> &'static str {
    match few {
        true => TICKETS_OF_FEW,
        false if filter.provisional == Some(true) => TICKETS_PROVISIONAL,
        false if rehearsal == Some(true) => TICKETS_REHEARSED,
        false if filter.state.is_some() => TICKETS_IN_STATE,
        false => TICKETS,
    }
}
