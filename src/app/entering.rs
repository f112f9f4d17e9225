//! Commands about what is entered, over the configured database.

use std::path::Path;
use std::process::{ExitCode, Termination};

use super::{now, open_engine, runtime};
use crate::clerk::{self, CallOutCommand, DeskCommand, MatterCommand, TokenCommand, UnitCommand};
use crate::config::Config;
use crate::engine::Engine;
use crate::logging::log_to_stderr;
use crate::outward::{self, Allowing};
use crate::phone::Book;

/// `gradeline unit`.
pub fn unit(config: Option<&Path>, command: UnitCommand) -> anyhow::Result<ExitCode> {
    enter(config, async |engine| {
        clerk::unit(engine, command, now()).await
    })
}

/// `gradeline call-out`.
pub fn call_out(config: Option<&Path>, command: CallOutCommand) -> anyhow::Result<ExitCode> {
    let read = Config::load(config)?;
    let allowing = allowing(&read);
    enter(config, async |engine| {
        let id = outward::fresh_order_id(now());
        clerk::call_out(engine, command, allowing, id, now()).await
    })
}

/// What the configuration allows; `None` where there is no trunk.
fn allowing(config: &Config) -> Option<Allowing> {
    let outward = config.calls_out()?;
    match Book::read(&config.files()).map(|checked| checked.book) {
        Ok(Some(book)) => answered_by(&outward.plans, &book),
        // The running server may well have the book that was good before: it judges again when it makes the call.
        Ok(None) | Err(_) => outward.plans.are(|_| true),
    }
    Some(outward.allowing())
}

/// Tells whoever asks for calls out which of them a dialplan answers.
pub(super) fn answered_by(plans: &outward::Plans, book: &Book) {
    plans.are(|purpose| book.plan_of_calls_out(purpose.word()).is_some());
}

/// `gradeline desk`.
pub fn desk(config: Option<&Path>, command: DeskCommand) -> anyhow::Result<ExitCode> {
    enter(config, async |engine| {
        clerk::desk(engine, command, now()).await
    })
}

/// `gradeline matter`.
pub fn matter(config: Option<&Path>, command: MatterCommand) -> anyhow::Result<ExitCode> {
    enter(config, async |engine| {
        clerk::matter(engine, command, now()).await
    })
}

/// `gradeline token`.
pub fn token(config: Option<&Path>, command: TokenCommand) -> anyhow::Result<ExitCode> {
    enter(config, async |engine| {
        clerk::token(engine, command, now()).await
    })
}

/// What is done says the exit status, or nothing: 0.
fn enter<T: Termination>(
    config: Option<&Path>,
    run: impl AsyncFnOnce(&Engine) -> anyhow::Result<T>,
) -> anyhow::Result<ExitCode> {
    log_to_stderr("warn");
    let config = Config::load(config)?;
    runtime()?.block_on(async {
        let engine = open_engine(&config).await?;
        let done = run(&engine).await;
        engine.close().await?;
        done.map(Termination::report)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outward::Purpose;

    #[test]
    fn what_cannot_be_read_leaves_it_to_the_server_which_plans_answer() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("gradeline.toml");
        let text = format!(
            "[outward]\ntrunk = \"sip:192.0.2.10\"\ncaller_id = \"01066554433\"\n\
            [dialplans]\ndir = {0:?}\n[prompts]\ndir = {0:?}\n",
            dir.path()
        );
        std::fs::write(&file, text).unwrap();
        let config = Config::load(Some(&file)).unwrap();
        assert!(Book::read(&config.files()).is_err(), "there is no script");
        let allowing = allowing(&config).unwrap();
        assert!(
            Purpose::ALL
                .into_iter()
                .all(|purpose| allowing.plans.answer(purpose))
        );
    }
}
