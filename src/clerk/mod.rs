//! Commands about what is entered: their arguments, and what they do over an open engine. Others of them are in `app`.

mod call_out;
mod desk;
mod matter;
mod token;
mod unit;

pub use call_out::{CALL_OUT_EXAMPLES, CallOutCommand, call_out};
pub use desk::{DESK_EXAMPLES, DeskCommand, desk};
pub use matter::{MatterCommand, matter};
pub use token::{TokenCommand, token};
pub use unit::{UnitCommand, unit};
