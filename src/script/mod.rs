//! What an operator writes and a caller hears: the prompt script, the clips, spoken values; the
//! strict reader of a file's tables, and what was found wrong in them.
//!
//! Pure: texts in, values and findings out. **Invariant:** whatever is wrong in a file is told with
//! its line, its column and what would be right; no key of a table is passed over in silence.

mod clips;
mod finding;
mod outcome;
mod prompts;
mod section;
mod values;

pub use clips::{ClipFact, ClipFacts, ClipId};
pub use finding::{Finding, Findings, Severity, Span, nearest};
pub use outcome::{NoGrade, NotConnected, Outcome};
pub use prompts::{Prompt, Script};
pub(crate) use section::keys;
pub use section::{Field, Held, Section, Word};
pub use values::{HOLIDAYS, HoursSpan, NoHours, PLACEHOLDERS, Value, Values};
