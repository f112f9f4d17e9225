use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use super::{now, open_engine, runtime};
use crate::archive::{self, Archive};
use crate::config::Config;
use crate::engine::Engine;
use crate::logging::log_to_stderr;
use crate::verification::Verified;

/// Walks the trail's chain, replays every ticket and reads every recording; names the first thing that does
/// not fit and then exits with 1.
pub fn verify(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    log_to_stderr("warn");
    let config = Config::load(config)?;
    runtime()?.block_on(async {
        let engine = open_engine(&config).await?;
        let archive = Archive::new(&config.recordings.dir);
        let fits = walk(&engine, &archive).await?;
        engine.close().await?;
        Ok(match fits {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    })
}

async fn walk(engine: &Engine, archive: &Archive) -> anyhow::Result<bool> {
    let verified = match engine.verify_records(progress).await? {
        Ok(verified) => verified,
        Err(misfit) => {
            clear();
            println!("{misfit}");
            return Ok(false);
        }
    };
    clear();
    println!(
        "trail     {} lines in a chain, {} day heads; last hash {}",
        verified.lines, verified.days, verified.head
    );
    if verified.unchained > 0 {
        println!(
            "          {} older lines are in no chain",
            verified.unchained
        );
    }
    println!(
        "tickets   {} replayed, each as its row says",
        verified.tickets
    );
    println!(
        "blocklist {} listings replayed, each as its row says",
        verified.listings
    );
    match engine.verify_bulletins().await? {
        Ok(bulletins) => println!("bulletins {bulletins} issued, each as it was signed"),
        Err(misfit) => {
            println!("{misfit}");
            return Ok(false);
        }
    }
    if !figures(engine).await? {
        return Ok(false);
    }
    recordings(engine, archive).await
}

/// Counts every day's acts and tickets again and compares.
async fn figures(engine: &Engine) -> anyhow::Result<bool> {
    let told = |done, days| say(&format!("figures of {done} days of {days}"));
    let found = engine.reconcile_all(now(), told).await?;
    clear();
    println!(
        "figures   of {} acts and tickets by day, counted again; {} wait to be counted anew",
        found.things, found.pending
    );
    for difference in &found.differences {
        let of = difference.thing.as_deref().unwrap_or("the sum");
        println!(
            "          {} {of}: {} is kept as {} and comes to {}",
            difference.cell.day, difference.count, difference.kept, difference.counted
        );
    }
    if found.left_out > 0 {
        println!("          and {} more", found.left_out);
    }
    Ok(found.differences.is_empty())
}

async fn recordings(engine: &Engine, archive: &Archive) -> anyhow::Result<bool> {
    let mut after = None;
    let mut read = 0_u64;
    loop {
        let batch = engine.recordings(after.as_ref()).await?;
        let Some((last, _)) = batch.last() else { break };
        after = Some(last.clone());
        for (call, recording) in batch {
            let archive = archive.clone();
            let file = recording.clone();
            let unchanged =
                tokio::task::spawn_blocking(move || archive.is_unchanged(&file)).await?;
            let misfit = match unchanged {
                Ok(true) => None,
                Ok(false) => {
                    Some("is not the one that was made: its digest does not fit".to_owned())
                }
                Err(archive::Error::Io(error)) => Some(format!("cannot be read: {error}")),
                Err(error) => Some(error.to_string()),
            };
            if let Some(misfit) = misfit {
                clear();
                println!(
                    "the recording of call {} ({}) {misfit}",
                    call.0, recording.path
                );
                return Ok(false);
            }
            read += 1;
            say(&format!("recordings {read}"));
        }
    }
    clear();
    println!("sound     {read} recordings, each with its digest");
    Ok(true)
}

fn progress(done: &Verified) {
    say(&format!("lines {}, tickets {}", done.lines, done.tickets));
}

/// A line that the next one takes the place of; nothing where nobody watches.
fn say(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
        let _ = std::io::stderr().flush();
    }
}

fn clear() {
    say("");
}
