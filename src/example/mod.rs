//! The example centre (`gradeline seed`): units, people, three months of calls, ratings of all channels and
//! tickets in all states, played through the engine's own acts on a simulated clock. A shell beside the
//! engine's.
//!
//! **Invariant:** an example centre is made in an empty database only, which is marked before anything else is
//! written; no name, number or text of it can be anybody's; the same seed until the same day is the same centre.

mod bulletin;
mod calls;
mod cast;
mod centre;
mod chance;
mod closing;
mod course;
mod hours;
mod mark;
mod matters;
mod ratings;
mod slip;
mod tickets;
mod words;

#[cfg(test)]
mod tests;

pub use cast::Access;
pub use centre::Done;
pub use mark::Mark;

use crate::domain::{Day, Moment};
use crate::engine::{Engine, Error};

/// The seed that is taken unless another one is named.
pub const SEED: u64 = 20_260_901;

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    /// It ends on the last working day that is over by then.
    pub now: Moment,
    /// Calls of a working day, more or less.
    pub daily: u16,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub first: Day,
    pub day: Day,
    pub last: Day,
    pub done: Done,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    pub first: Day,
    pub last: Day,
    pub done: Done,
    /// Everybody with a one-time password, which is told this once.
    pub access: Vec<Access>,
}

/// Makes the example centre. Refused where the database holds anything.
///
/// # Errors
/// A refusal that says what to do, or what the engine says.
pub async fn make(
    engine: &Engine,
    plan: Plan,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<Example, Error> {
    let end = hours::last_moment(engine.calendar(), plan.now);
    let first = hours::first_day(end.day());
    // The evening before: everybody is there when the first day begins.
    let eve = first.previous().at(18, 0, 0);
    engine.begin_example(plan.seed, eve).await?;
    let cast = cast::Cast::enter(engine, eve).await?;
    let access = cast.access.clone();
    let mut centre = centre::Centre::open(engine, cast, plan, end);
    centre.live(first, tell).await?;
    centre.close().await?;
    engine.finish_example(end.day(), end).await?;
    Ok(Example {
        first,
        last: end.day(),
        done: centre.done,
        access,
    })
}
