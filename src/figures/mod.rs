//! Figures (第十七条 – 第二十条): what is counted, from which things, and what it comes to. Pure: no async,
//! no clock, no I/O.
//!
//! **Invariant:** a figure is a quotient of counts, and a count is the number of things that can be listed;
//! partial sums merged in any order come to the same as a recount of all.

mod bulletin;
mod count;
mod difference;
mod fact;
mod figure;
mod flags;
mod published;
mod tally;
#[cfg(test)]
mod tests;
mod ticket;

pub use crate::domain::Period;
pub use bulletin::{
    Adjustment, Bulletin, Case as TypicalCase, FigureLine, Guide, LeftOut, Line, Material, Missing,
    Overdue, adjustments, adjustments_of_the_whole, compose,
};
pub use count::{Count, Reviewer, TermOf};
pub use difference::{Difference, differences, summed};
pub use fact::{
    ActRecord, CallRecord, Cell, MatterRecord, Part, SHORTEST_TALK_MS, SOON_MS, Upload, item_of,
    of_act,
};
pub use figure::{Definition, FIGURES, Measure, RANKED_FROM, Value, Weights, drawn, ranks, values};
pub use flags::{BadAct, Burst, Flag, HotSpot, HotSpots, Thresholds, bursts, hot_spots, repeated};
pub use published::{Cause, Published, PublishedCase, publish};
pub use tally::Tally;
pub use ticket::of_ticket;
