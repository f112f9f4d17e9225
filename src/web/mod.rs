//! Doors 2–4 and the staff's pages, and the API. The only room that names `axum`.
//!
//! Pages and `/api/v1` call the same functions of the engine. Every address stands in one table
//! ([`doors`]) together with who may pass it.
//!
//! **Invariant:** no address answers more than its line in the table lets it: a page without a login
//! leads to the login, an API without one is 401, and nothing a caller said or a phone sent reaches
//! a page but as escaped text.

mod after_call;
mod board;
mod chrome;
mod desk;
mod doors;
mod guard;
mod handing;
mod health;
mod limit;
mod login;
mod looks;
mod outward;
mod pages;
mod server;
mod supervising;
#[cfg(test)]
mod tests;
mod timeline;
mod wording;

pub use crate::gate::{Glance, Options, Troubles};
pub use crate::meter::Meter;
pub use server::serve;

// What every request passes, by its own names.
use crate::gate::{Web, assets, connections, lamp, locale, now, params, pass, problem};
