//! `/api/v1`: what programs and pages' own requests read and hand in. The doors stand in `web`.
//!
//! **Invariant:** no rule lives here; what is refused is refused by the engine or the permission matrix.

pub(crate) mod acts;
pub(crate) mod bulletins;
pub(crate) mod calendars;
pub(crate) mod errands;
pub(crate) mod figures;
pub(crate) mod intake;
pub(crate) mod listings;
pub(crate) mod looks;
pub(crate) mod openapi;
pub(crate) mod people;
pub(crate) mod reads;
pub(crate) mod sound;

use crate::gate::{Web, body, now, params, pass, problem, range};
