//! What each request and each answer passes, whatever it is about: who was let in and how far he sees,
//! parameters and bodies read strictly, refusals as problems, parts of files, texts in two languages.
//!
//! **Invariant:** what a caller of the API or a page sends is read or refused by name, never guessed.

pub(crate) mod assets;
pub(crate) mod body;
pub(crate) mod connections;
mod house;
pub(crate) mod lamp;
mod lately;
pub(crate) mod locale;
pub(crate) mod params;
pub(crate) mod pass;
pub(crate) mod problem;
pub(crate) mod range;

pub(crate) use crate::clocks::moment as now;
pub(crate) use house::Web;
pub use house::{Glance, Options, Troubles};
