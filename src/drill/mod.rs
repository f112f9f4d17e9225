//! A dialplan without a telephone: the linter, the walk over every path, and the simulator. All of
//! them drive the machine of the live calls, on virtual time.
//!
//! Pure. **Invariant:** no plan comes into force that `check` has not walked whole: each of its
//! paths ends, in exactly one outcome, within the bounds that the plan states.

mod law;
mod lint;
mod simulate;
mod walk;

use crate::ivr::{Event, Plan};
use crate::script::{ClipFacts, Finding, Findings, Script};

pub use law::{Broken, Law};
pub use lint::unanswered;
pub use simulate::{DeskConduct, Line, Scene, StoreConduct, Transcript, simulate};
pub use walk::{Walked, walk};

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

/// An event in words, for transcripts and paths.
fn told(event: &Event) -> String {
    match event {
        Event::Answered => "answered".to_owned(),
        Event::Played(_) => "the prompt ends".to_owned(),
        Event::Digit(key) => format!("caller presses {key}"),
        Event::DeskDigit(key) => format!("desk presses {key}"),
        Event::DeskAnswered { staff: Some(staff) } => format!("desk {staff} answers"),
        Event::DeskAnswered { staff: None } => "the desk answers".to_owned(),
        Event::DeskUnavailable(why) => format!("no desk: {why:?}"),
        Event::Position {
            ahead,
            wait_min: Some(wait_min),
        } => format!("{ahead} are before him, {wait_min} min"),
        Event::Position {
            ahead,
            wait_min: None,
        } => format!("{ahead} are before him"),
        Event::DeskSends => "the desk sends him on".to_owned(),
        Event::DeskHungUp => "the desk hangs up".to_owned(),
        Event::DeskLost => "the desk is lost".to_owned(),
        Event::DeskChanged { .. } => "another desk has the caller".to_owned(),
        Event::GradeStored => "the grade is stored".to_owned(),
        Event::GradeNotStored => "the grade could not be stored".to_owned(),
        Event::MessageRecorded { length_ms, .. } => {
            format!("the message ends, {:.1} s", f64::from(*length_ms) / 1000.0)
        }
        Event::CallerHungUp => "the caller hangs up".to_owned(),
        Event::Timeout => "the time is over".to_owned(),
        Event::Fault => "fault".to_owned(),
        Event::Drained => "drained".to_owned(),
    }
}
