//! Who may do what (第三条、第十四条): units, who may hold which post, the permission matrix as one table
//! that every door asks, and the judgement of a look at a rater's identity or a recording. Pure: no
//! async, no clock, no I/O.
//!
//! **Invariant:** what the table does not grant is refused; a look without a ground and a reason is
//! refused, whoever asks.

mod holder;
mod look;
mod matrix;
mod post;
mod unit;

pub use holder::{Holder, Scope};
pub use look::{
    Asked, CallFacts, Ground, Judgement, Sight, TicketFacts, WhyNot, judge, judge_approval, reason,
};
pub use matrix::{Action, Forbidden, Grant, Grants, Line, MATRIX, drawn, may};
pub use post::{PostRefusal, Tenure, check_posts, seconded_from};
pub use unit::UnitKind;
