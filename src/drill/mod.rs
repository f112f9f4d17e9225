//! A dialplan without a telephone: the linter, the walk over every path, and the simulator. All of
//! them drive the machine of the live calls, on virtual time.
//!
//! Pure. **Invariant:** no plan comes into force that `check` has not walked whole: each of its
//! paths ends, in exactly one outcome, within the bounds that the plan states.

mod lint;
mod simulate;
mod walk;

use crate::ivr::Plan;
use crate::script::{ClipFacts, Finding, Findings, Script};

pub use lint::unanswered;
pub use simulate::{DeskConduct, Line, Scene, StoreConduct, Transcript, simulate};
pub use walk::{Broken, Law, Walked, walk};

/// Reads and lints a plan. With any error there is no plan; warnings leave one.
/// `clips` are the facts about the WAV files of the plan's locale, by stem.
pub fn check(
    file: &str,
    text: &str,
    script: &Script,
    clips: &ClipFacts,
) -> (Option<Plan>, Vec<Finding>) {
    let mut findings = Findings::new(file, text);
    let plan = Plan::read(text, &mut findings);
    if let Some(plan) = &plan {
        lint::plan(plan, script, clips, &mut findings);
    }
    let usable = !findings.any_error();
    (plan.filter(|_| usable), findings.into_list())
}
