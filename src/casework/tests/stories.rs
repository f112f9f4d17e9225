//! Law stories: one per way a ticket ends, and the turns on the way.

mod raters;
mod rulings;
mod terms;
mod units;

use super::*;
use crate::domain::{Addressee, NotAdopted, NoticeKind, Standing};
