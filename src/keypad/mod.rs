//! The keypad: the sixteen keys, one press = one digit, sequences of keys, and keys with times.
//!
//! Pure, and it knows nothing of what the keys are for. **Invariant:** each true press is exactly
//! one digit, whatever ways signalled it.

mod digit;
mod info;
mod key_plan;
mod presses;
mod sequence;

pub use digit::Digit;
pub use info::key as key_of_info;
pub use key_plan::{KeyPlan, KeyPress, NotAKeyPlan, parse_seconds};
pub use presses::{Evidence, Phase, Presses, Way};
pub use sequence::Sequence;
