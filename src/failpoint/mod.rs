//! Named moments at which the crash tests let the process die: where a kill by chance comes once in
//! ten thousand, they come each time.
//!
//! `GRADELINE_DIE_AT=committed:3` is SIGKILL by the process itself, the third time that it comes to the
//! step. Only builds with debug assertions look; in a release build there is nothing of it.

/// A moment at which something is half done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A key was heard and its digit is not yet told.
    KeyHeard,
    /// The session asked for a grade to be stored.
    GradeAsked,
    /// A transaction is about to be committed.
    Committing,
    /// It is committed; nobody has been told.
    Committed,
    /// The session was told that the grade is stored, and the echo was asked for.
    Echo,
    JournalWritten,
    JournalSynced,
    /// An entry of the journal is in the database and still in the journal.
    JournalDrained,
    /// Everything that arrived of a call's sound was told; its end is not yet written.
    SoundClosed,
    /// The recording's last block is written, its header not yet set right.
    RecordingClosing,
    RecordingClosed,
    RecordingSynced,
    RecordingDigested,
    /// An earlier run's call is about to be closed.
    Recovering,
}

/// Every step with its name.
pub const STEPS: [(&str, Step); 14] = [
    ("key_heard", Step::KeyHeard),
    ("grade_asked", Step::GradeAsked),
    ("committing", Step::Committing),
    ("committed", Step::Committed),
    ("echo", Step::Echo),
    ("journal_written", Step::JournalWritten),
    ("journal_synced", Step::JournalSynced),
    ("journal_drained", Step::JournalDrained),
    ("sound_closed", Step::SoundClosed),
    ("recording_closing", Step::RecordingClosing),
    ("recording_closed", Step::RecordingClosed),
    ("recording_synced", Step::RecordingSynced),
    ("recording_digested", Step::RecordingDigested),
    ("recovering", Step::Recovering),
];

/// Dies here, if this is the step and the time for it.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn reach(_step: Step) {}

/// Dies here, if this is the step and the time for it.
#[cfg(debug_assertions)]
pub fn reach(step: Step) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static DEATH: OnceLock<Option<(Step, AtomicU32)>> = OnceLock::new();
    let planned = DEATH.get_or_init(|| {
        let told = std::env::var("GRADELINE_DIE_AT").ok()?;
        let (step, times) = planned(&told)?;
        Some((step, AtomicU32::new(times)))
    });
    if let Some((wanted, left)) = planned
        && *wanted == step
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        // SAFETY: getpid and kill take integers; the signal ends this process and no other.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    }
}

/// `committed:3`; without a number, the first time. `None` for a step that there is not.
#[cfg(debug_assertions)]
fn planned(told: &str) -> Option<(Step, u32)> {
    let (name, times) = match told.split_once(':') {
        Some((name, times)) => (name, times.parse().ok()?),
        None => (told, 1),
    };
    let (_, step) = STEPS.iter().find(|(known, _)| *known == name)?;
    Some((*step, times))
}

// Only builds with debug assertions read a plan.
#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    fn a_plan_names_a_step_and_a_time() {
        assert_eq!(planned("committed:3"), Some((Step::Committed, 3)));
        assert_eq!(planned("echo"), Some((Step::Echo, 1)));
        assert_eq!(planned("nowhere:1"), None);
        assert_eq!(planned("echo:soon"), None);
    }
}
