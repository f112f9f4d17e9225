//! The built-in caller and the built-in desk: a SIP user agent of our own for the demo,
//! the rehearsal desk and the nightly self-test.
//!
//! **Invariant:** it knows the server by its sockets only; nothing of it is short-cut inside.

mod desk;
mod phone;

pub use desk::{Conduct, RehearsalDesk};
pub use phone::{Happening, KeyWay, Phone, Talk};
