//! Doors 2–4 and the staff's pages, and the API. The only room that names `axum`.
//!
//! Pages and `/api/v1` call the same functions of the engine. Every address stands in one table
//! ([`doors`]) together with who may pass it.
//!
//! **Invariant:** no address answers more than its line in the table lets it: a page without a login
//! leads to the login, an API without one is 401, and nothing a caller said or a phone sent reaches
//! a page but as escaped text.

mod acts;
mod api;
mod chrome;
mod doors;
mod guard;
mod health;
mod login;
mod looks;
mod openapi;
mod pages;
mod people;
mod server;
#[cfg(test)]
mod tests;
mod timeline;
mod wording;

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Semaphore;

pub use crate::meter::Meter;
pub use server::serve;

use crate::archive::Archive;
// What every request passes, by its own names.
use crate::domain::Moment;
use crate::engine::Engine;
use crate::gate::{assets, body, connections, lamp, locale, params, pass, problem, range};

/// What the configuration and the start hand in.
#[derive(Clone)]
pub struct Options {
    /// The centre's name, in the head of each page.
    pub centre: String,
    /// The pages reach browsers by TLS (a gateway in front): cookies are `Secure` and `__Host-`.
    pub behind_tls: bool,
    pub meter: Meter,
    /// What is not well beside the database's reading: words for `/healthz`.
    pub troubles: Troubles,
}

/// Looks and answers at once.
pub type Troubles = Arc<dyn Fn() -> Vec<&'static str> + Send + Sync>;

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
struct Web {
    engine: Engine,
    archive: Archive,
    options: Arc<Options>,
    /// Drawing a waveform reads a whole recording: so many at once.
    waveforms: Arc<Semaphore>,
}

const WAVEFORMS: usize = 2;

impl Web {
    fn new(engine: Engine, archive: Archive, options: Options) -> Self {
        Web {
            engine,
            archive,
            options: Arc::new(options),
            waveforms: Arc::new(Semaphore::new(WAVEFORMS)),
        }
    }
}

/// The shell's clock: this room tells the engine the time.
#[allow(clippy::disallowed_methods)]
fn now() -> Moment {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("no machine runs before 1970");
    Moment::from_millis(since_epoch.as_millis() as i64)
}
