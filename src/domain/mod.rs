//! The regulation (政务服务“好差评”实施办法): grades, terms and their due dates, ratings and the
//! ticket's table. Pure: no async, no clock, no I/O.
//!
//! **Invariant:** clocks and states are functions of records and calendar.

mod completion;
mod content_item;
mod decision;
mod grade;
mod hand;
mod hindrance;
mod intake;
mod period;
mod rating;
mod refusal;
mod service;
mod subject;
mod ticket;
mod trail;
mod unfit;
mod word;

#[cfg(test)]
mod requirements;

// A term is told in days of the working calendar: who has the one needs the other.
pub use crate::calendar::{
    Calendar, CountedDay, Day, DayKind, Difference, Due, FaultyCalendar, Holiday, Moment, NotATime,
    Problem, UnknownYear, Why, YearNotice, differences, due, due_provisional, workdays_taken,
};
pub use crate::terms::{
    Article, DeadlineKind, EDITION, Edition, End, Force, Length, TERMS, Term, UnknownDeadlineKind,
};
pub use completion::{Said, complete};
pub use content_item::ContentItem;
pub use decision::{Addressee, Admitted, Deadline, Earlier, Notice, NoticeKind, decide};
pub use grade::{Grade, Polarity, UnknownGrade};
pub use hand::{By, Hand, PersonId, Post, Role, UnitId};
pub use hindrance::Hindrance;
pub use intake::{
    Applicant, Channel, Choices, Evidence, Identity, Intake, IntakeKey, PressedKey, Rater, Reason,
    Remark, mask,
};
pub use period::Period;
pub use rating::{NotAdopted, Rating, RatingId, Standing, effective};
pub use refusal::Refusal;
pub use service::{Service, ServiceKey, Stage};
pub use subject::Subject;
pub use ticket::{
    Actor, ClockChange, Event, Next, Origin, Record, Row, Series, State, TRANSITIONS, Ticket,
    TicketNumber, article_of, transition,
};
pub use trail::{Entry, What};
pub use unfit::Unfit;
pub use word::UnknownWord;
