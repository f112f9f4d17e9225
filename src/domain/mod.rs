//! The regulation (政务服务“好差评”实施办法): grades, terms and their due dates, ratings and the
//! ticket's table. Pure: no async, no clock, no I/O.
//!
//! **Invariant:** clocks and states are functions of records and calendar.

mod article;
mod completion;
mod decision;
mod grade;
mod hand;
mod hindrance;
mod intake;
mod rating;
mod refusal;
mod terms;
mod ticket;
mod trail;
mod word;

#[cfg(test)]
mod requirements;

pub use article::Article;
// A term is told in days of the working calendar: who has the one needs the other.
pub use crate::calendar::{
    Calendar, CountedDay, Day, DayKind, Due, FaultyCalendar, Holiday, Moment, NotATime, Problem,
    UnknownYear, Why, YearNotice, due, due_provisional,
};
pub use completion::{Said, complete};
pub use decision::{Addressee, Admitted, Deadline, Earlier, Notice, NoticeKind, Subject, decide};
pub use grade::{Grade, Polarity, UnknownGrade};
pub use hand::{By, Hand, PersonId, Post, Role, UnitId};
pub use hindrance::Hindrance;
pub use intake::{
    Channel, Evidence, Identity, Intake, IntakeKey, PressedKey, Rater, Reason, Remark, Service,
    ServiceKey, mask,
};
pub use rating::{NotAdopted, Rating, RatingId, Standing, effective};
pub use refusal::Refusal;
pub use terms::{
    DeadlineKind, EDITION, Edition, End, Force, Length, TERMS, Term, UnknownDeadlineKind,
};
pub use ticket::{
    Actor, ClockChange, Event, Next, Origin, Record, Row, Series, State, TRANSITIONS, Ticket,
    TicketNumber, article_of, transition,
};
pub use trail::{Entry, What};
pub use word::UnknownWord;
