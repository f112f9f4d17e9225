//! Sound over real sockets on loopback, and volumes that fail.

pub(super) mod flaky;
mod live;
mod prompts;
mod trouble;
mod trust;
mod wide;
