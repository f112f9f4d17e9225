//! The regulation (政务服务“好差评”实施办法): grades, the working calendar, terms and
//! due dates, ratings and the ticket's table. Pure: no async, no clock, no I/O.
//!
//! **Invariant:** clocks and states are functions of records and calendar.

mod article;
mod calendar;
mod completion;
mod decision;
mod due;
mod grade;
mod intake;
mod rating;
mod recount;
mod refusal;
mod terms;
mod ticket;
mod time;
mod word;

#[cfg(test)]
mod requirements;

pub use article::Article;
pub use calendar::{Calendar, DayKind, FaultyCalendar, Holiday, Problem, UnknownYear, YearNotice};
pub use completion::{Said, complete};
pub use decision::{
    Addressee, Deadline, Decision, Earlier, Entry, Notice, NoticeKind, Subject, What, decide,
};
pub use due::{CountedDay, Due, Why, due, due_provisional};
pub use grade::{Grade, Polarity, UnknownGrade};
pub use intake::{
    Channel, Evidence, Identity, Intake, IntakeKey, PressedKey, Rater, Reason, Remark, Service,
    ServiceKey, mask,
};
pub use rating::{NotAdopted, Rating, RatingId, Standing, effective};
pub use recount::{Recounted, recount};
pub use refusal::Refusal;
pub use terms::{DeadlineKind, EDITION, Edition, Force, Length, TERMS, Term, UnknownDeadlineKind};
pub use ticket::{
    Actor, ClockChange, Event, Next, Origin, Record, Row, Series, State, TRANSITIONS, Ticket,
    TicketNumber, transition,
};
pub use time::{Day, Moment, NotATime};
pub use word::UnknownWord;
