//! Protected media (RFC 3711): packets sealed and opened, keys in the session description (SDES, RFC 4568), and whether
//! a leg is protected at all. Pure: no socket, no thread, no clock.
//!
//! **Invariant:** a packet without the right tag changes nothing; keys are shown by nothing but the line that carries
//! them to the other side, and where that travels in the clear there are none unless the operator says so.

mod contexts;
mod header;
mod replay;
pub mod sdes;
pub mod secrecy;

pub use contexts::{Contexts, Incoming, OVERHEAD, Outgoing, Protection, Refused};
pub use header::{HEADER_LEN, header_len};
