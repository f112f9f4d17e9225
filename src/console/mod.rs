//! The desk that is a page: what a page and the server say to each other, who is there, ringing, and the talk with
//! its sound, which a page that was lost takes up again. The floor rings it as it rings a telephone.
//!
//! **Invariant:** a desk has one page, the one that came last; what a page says is bounded and never more than its own
//! desk's; a talk outlives its page by [`TAKEN_UP_WITHIN`] and no longer.

mod consoles;
mod handing;
mod happened;
mod pace;
mod place;
mod ringing;
mod supervising;
mod talk;
#[cfg(test)]
mod tests;
mod words;

pub use consoles::{Attached, Consoles, Post, Slow};
pub use handing::Handing;
pub use happened::{Did, Happened};
pub use pace::NoLine;
pub use ringing::{Bell, No, Taken};
pub use supervising::NoPage;
pub use talk::{Event, Line, TAKEN_UP_WITHIN};
pub use words::{FromPage, MAX_LEN, Mode, Reason, Shown, Step, ToPage, read};

/// How a desk is written whose person answers in a page: `browser:` and the name of his login.
const BROWSER: &str = "browser:";

/// The login whose page is this desk; `None` for a telephone.
pub fn login_of(address: &str) -> Option<&str> {
    address.strip_prefix(BROWSER)
}

/// The shell's clock.
#[allow(clippy::disallowed_methods)]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}
