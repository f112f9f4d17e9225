use std::num::NonZeroU16;
use std::path::Path;
use std::process::ExitCode;

use super::load_calendar;
use crate::config::Config;
use crate::domain::Moment;

/// Exit status where the instant or the calendar cannot be used.
const NOT_COUNTABLE: u8 = 2;

/// Prints the due day alone, or with `explain` each day counted or skipped before it.
pub fn due(
    config: Option<&Path>,
    from: &str,
    workdays: NonZeroU16,
    explain: bool,
) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let calendar = load_calendar(&config.calendars.dir)?;
    let start: Moment = match from.parse() {
        Ok(start) => start,
        Err(error) => {
            eprintln!("gradeline: --from {error}");
            return Ok(ExitCode::from(NOT_COUNTABLE));
        }
    };
    match crate::domain::due(start, workdays, &calendar) {
        Ok(due) => {
            if explain {
                print!("{}", due.explain_zh());
            }
            println!("{}", due.due_on);
            Ok(ExitCode::SUCCESS)
        }
        Err(unknown) => {
            eprintln!("gradeline: {unknown}");
            Ok(ExitCode::from(NOT_COUNTABLE))
        }
    }
}
