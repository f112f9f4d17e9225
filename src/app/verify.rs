use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use super::{log_to_stderr, open_engine, runtime};
use crate::archive::{self, Archive};
use crate::config::Config;
use crate::engine::Engine;
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
    recordings(engine, archive).await
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
