//! The working calendar: civil days and moments at +08:00, the State Council's yearly notices as
//! data, and the day on which a number of working days ends. Pure: no clock, no I/O.
//!
//! **Invariant:** a year without a file is an error that says which file to add, never silently
//! Monday to Friday; a due day that reaches into one is marked as provisional.

mod difference;
mod due;
mod time;
mod working;

pub use difference::{Difference, differences};
pub use due::{CountedDay, Due, Why, due, due_provisional, workdays_taken};
pub use time::{Day, Moment, NotATime};
pub use working::{Calendar, DayKind, FaultyCalendar, Holiday, Problem, UnknownYear, YearNotice};
