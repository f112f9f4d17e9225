use std::path::Path;
use std::process::ExitCode;

/// What the simulated desk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DeskConduct {
    /// Answers after 3 s, talks for 10 s, hangs up
    Answers,
    /// Is busy
    Busy,
    /// Rings and is not answered
    Silent,
}

pub fn simulate(
    _config: Option<&Path>,
    _plan: &Path,
    _keys: &str,
    _hangup: Option<&str>,
    _desk: DeskConduct,
) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not wired yet")
}
