//! Commands about what is entered, over the configured database.

use std::path::Path;
use std::process::{ExitCode, Termination};

use super::{log_to_stderr, now, open_engine, runtime};
use crate::clerk::{self, CallOutCommand, DeskCommand, MatterCommand, TokenCommand, UnitCommand};
use crate::config::Config;
use crate::engine::Engine;
use crate::outward;
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
    let allowing = read.calls_out().map(|outward| {
        if let Ok(Some(book)) = Book::read(&read.files()).map(|checked| checked.book) {
            answered_by(&outward.plans, &book);
        }
        outward.allowing()
    });
    enter(config, async |engine| {
        let id = outward::fresh_order_id(now());
        clerk::call_out(engine, command, allowing, id, now()).await
    })
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
