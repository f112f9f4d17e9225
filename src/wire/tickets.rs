use serde::Serialize;
use utoipa::ToSchema;

use super::{Call, Casework, GradeWord, PolarityWord};
use crate::channels::text_of;
use crate::domain::{Choices, ContentItem, Grade, Moment, Polarity, Service};
use crate::engine::{Counted, DeadlineRow, RatingRow, RemarkRow, TicketDetail, TicketRow};

/// A rating (评价).
#[derive(Debug, Serialize, ToSchema)]
pub struct Rating {
    id: String,
    #[schema(example = "phone")]
    channel: String,
    call_id: Option<String>,
    /// 1 is the first of its service; the highest that stands counts (第十三条).
    sequence: i64,
    /// `valid`, or why it is not adopted (第十一条).
    standing: String,
    #[schema(value_type = GradeWord)]
    grade: Grade,
    #[schema(value_type = PolarityWord)]
    polarity: Polarity,
    #[schema(value_type = String, format = DateTime)]
    rated_at: Moment,
    #[schema(value_type = String, format = DateTime)]
    received_at: Moment,
    /// Keys of the rating part as pressed.
    #[schema(example = "5*41")]
    keys: String,
    /// Local codes, `T1` …
    reasons: Vec<String>,
    /// `kind` is `clip`, with the `path` of one of the call's clips and its `length_ms`, or `text`.
    #[schema(value_type = Option<Object>)]
    remark: Option<RemarkRow>,
    /// Nobody gave it: 基本满意 by 第十五条; its sequence is 0.
    default: bool,
    /// What was rated, by its `kind`.
    #[schema(value_type = Object)]
    service: Service,
    /// Of the nine things of 第四条.
    #[schema(value_type = Vec<String>)]
    items: Vec<ContentItem>,
    /// National options with their texts, of the edition they were ticked in.
    options: Vec<TickedOption>,
    /// The call's; `null` while the call goes on.
    outcome: Option<String>,
    /// Number of the ticket it opened.
    ticket: Option<String>,
    rehearsal: bool,
}

impl From<RatingRow> for Rating {
    fn from(row: RatingRow) -> Self {
        Rating {
            id: row.id,
            channel: row.channel.word().to_owned(),
            call_id: row.call_id.map(|id| id.0),
            sequence: row.sequence,
            standing: row.standing.to_owned(),
            grade: row.grade,
            polarity: row.polarity,
            rated_at: row.rated_at,
            received_at: row.received_at,
            keys: row.keys,
            reasons: row.reasons,
            remark: row.remark,
            default: row.sequence == 0,
            service: row.service,
            options: ticked(&row.choices),
            items: row.choices.items,
            outcome: row.outcome,
            ticket: row.ticket,
            rehearsal: row.rehearsal,
        }
    }
}

/// A national option as it was ticked.
#[derive(Debug, Serialize, ToSchema)]
pub struct TickedOption {
    code: u16,
    text: &'static str,
}

fn ticked(choices: &Choices) -> Vec<TickedOption> {
    let edition = choices.dictionary.as_deref().unwrap_or_default();
    let option = |code: &u16| TickedOption {
        code: *code,
        text: text_of(edition, *code).unwrap_or_default(),
    };
    choices.options.iter().map(option).collect()
}

/// A ticket that a 差评 opened.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ticket {
    number: String,
    #[schema(example = "new")]
    state: String,
    #[schema(value_type = GradeWord)]
    grade: Grade,
    rating_id: String,
    call_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    opened_at: Moment,
    /// Masked.
    caller: Option<String>,
    staff: Option<String>,
    reasons: Vec<String>,
    rehearsal: bool,
    deadlines: Vec<Deadline>,
}

/// A term of the regulation that runs for a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deadline {
    #[schema(example = "assess")]
    kind: String,
    #[schema(example = "第九条")]
    article: String,
    /// Length in working days (工作日), where it is counted in these; the starting day does not count.
    workdays: Option<u16>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Moment,
    #[schema(value_type = String, format = DateTime)]
    due_at: Moment,
    #[schema(value_type = Option<String>, format = DateTime)]
    met_at: Option<Moment>,
    /// It holds no more: another took its place, or what it was for fell away.
    #[schema(value_type = Option<String>, format = DateTime)]
    void_at: Option<Moment>,
    /// When it was put on record that it was missed.
    #[schema(value_type = Option<String>, format = DateTime)]
    missed_at: Option<Moment>,
    /// `ticket:…`, `order:…/1`, `rating:…`.
    subject: String,
    /// It reaches into a year whose holiday notice is not loaded, and may move.
    provisional: bool,
}

impl From<TicketRow> for Ticket {
    fn from(row: TicketRow) -> Self {
        Ticket {
            number: row.number,
            state: row.state.word().to_owned(),
            grade: row.grade,
            rating_id: row.rating_id,
            call_id: row.call_id.map(|id| id.0),
            opened_at: row.opened_at,
            caller: row.caller,
            staff: row.staff,
            reasons: row.reasons,
            rehearsal: row.rehearsal,
            deadlines: row.deadlines.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<DeadlineRow> for Deadline {
    fn from(row: DeadlineRow) -> Self {
        Deadline {
            kind: row.kind.word().to_owned(),
            article: row.article,
            workdays: row.workdays,
            started_at: row.started_at,
            due_at: row.due_at,
            met_at: row.met_at,
            void_at: row.void_at,
            missed_at: row.missed_at,
            subject: row.subject,
            provisional: row.provisional,
        }
    }
}

/// A ticket with how its due dates were counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct WholeTicket {
    #[serde(flatten)]
    ticket: Ticket,
    /// One per deadline, in the same order.
    counted: Vec<CountedDeadline>,
    trail: Vec<TrailLine>,
    rating: Option<Rating>,
    call: Option<Call>,
    /// `null` for a program, which does nothing to a ticket, and for a ticket older than its records.
    casework: Option<Casework>,
}

impl WholeTicket {
    /// With what is done about it.
    pub fn with(self, casework: Option<Casework>) -> Self {
        WholeTicket { casework, ..self }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CountedDeadline {
    kind: String,
    days: Vec<CountedDay>,
    /// By today's calendar it would end on another day than the one that was set.
    differs: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CountedDay {
    #[schema(value_type = String, format = Date)]
    day: crate::domain::Day,
    /// 1 … n; `null` for a day that does not count.
    number: Option<u16>,
    /// As the calendar says it, in Chinese.
    #[schema(example = "调休上班（国庆节）")]
    why: String,
}

/// A line of the trail (全过程留痕, 第十七条).
#[derive(Debug, Serialize, ToSchema)]
pub struct TrailLine {
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    actor: String,
    /// Id of the person, where one acted.
    person: Option<String>,
    what: String,
    article: String,
    detail: String,
}

impl From<TicketDetail> for WholeTicket {
    fn from(detail: TicketDetail) -> Self {
        WholeTicket {
            ticket: detail.row.into(),
            counted: detail.counted.into_iter().map(Into::into).collect(),
            trail: detail
                .trail
                .into_iter()
                .map(|row| TrailLine {
                    at: row.at,
                    actor: row.actor,
                    person: row.person,
                    what: row.what,
                    article: row.article,
                    detail: row.detail,
                })
                .collect(),
            rating: detail.rating.map(Into::into),
            call: detail.call.map(Into::into),
            casework: None,
        }
    }
}

impl From<Counted> for CountedDeadline {
    fn from(counted: Counted) -> Self {
        CountedDeadline {
            kind: counted.kind.word().to_owned(),
            days: counted
                .days
                .into_iter()
                .map(|day| CountedDay {
                    day: day.day,
                    number: day.counted_as,
                    why: day.why.zh(),
                })
                .collect(),
            differs: counted.differs,
        }
    }
}
