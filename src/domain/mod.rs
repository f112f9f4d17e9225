//! The regulation (政务服务“好差评”实施办法): grades, the working calendar, terms and
//! due dates, ratings and the ticket's table. Pure: no async, no clock, no I/O.
//!
//! **Invariant:** clocks and states are functions of records and calendar.

mod grade;
mod time;

pub use grade::{Grade, Polarity};
pub use time::{Day, Moment};
