//! Calls that the house makes: what may be called, when, how often, and what becomes of it. Pure: told the time.
//!
//! **Invariant:** no number is called that the rules do not allow; never more calls at once than configured, never two
//! at once to one number; every errand that was taken ends in exactly one [`Ended`].

mod ended;
mod hours;
mod number;
mod order;
mod room;
mod trouble;

pub use ended::{Ended, STATUSES, of_status};
pub use hours::{EARLIEST_MIN, Hours, LATEST_MIN, NoHours};
pub use number::{Kind, Number, Numbers};
pub use order::{Order, OrderId, Purpose, Stage};
pub use room::{Behind, Errands, Next, Rules, Start};
pub use trouble::Trouble;
