//! `gradeline calendar`: the State Council's notices, proposed by one and approved by another.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::{now, open_engine, runtime};
use crate::config::Config;
use crate::domain::{DayKind, differences};
use crate::engine::Engine;
use crate::logging::log_to_stderr;
use crate::staff::ProposalRow;

/// What is done with calendars.
#[derive(Subcommand)]
pub enum CalendarCommand {
    /// Show what a year's file would change, day by day, and which open due dates it would move; put it forward
    Import {
        /// `<year>.toml`, such as one of those in calendars/
        file: PathBuf,
        /// Who puts it forward: a centre_supervisor or an office_signer; without it, it is only shown
        #[arg(long, value_name = "NAME")]
        proposed_by: Option<String>,
    },
    /// List what was put forward
    List,
    /// Approve it as a second person, whose password is asked for, and take it into the calendars' folder
    Approve {
        id: i64,
        /// An office_signer, and not who proposed it
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Take an approved one into the calendars' folder (again)
    Load { id: i64 },
}

/// Open due dates shown one by one.
const SHOWN: usize = 20;

/// Does it; a change is in the trail.
pub fn calendar(config: Option<&Path>, command: CalendarCommand) -> anyhow::Result<ExitCode> {
    log_to_stderr("warn");
    let config = Config::load(config)?;
    runtime()?.block_on(async {
        let engine = open_engine(&config).await?;
        let done = run(&engine, &config, command).await;
        engine.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    })
}

async fn run(engine: &Engine, config: &Config, command: CalendarCommand) -> anyhow::Result<()> {
    match command {
        CalendarCommand::Import { file, proposed_by } => {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            let year = year_of(&file)?;
            show(engine, year, &text).await?;
            let Some(name) = proposed_by else {
                println!("Only shown; --proposed-by NAME puts it forward.");
                return Ok(());
            };
            let person = engine.acting_as(&name, now()).await?;
            let id = engine.propose_calendar(year, &text, &person, now()).await?;
            println!(
                "Put forward as {id}; another person: gradeline calendar approve {id} --by NAME"
            );
        }
        CalendarCommand::List => list(&engine.calendar_proposals().await?),
        CalendarCommand::Approve { id, by } => {
            let proposal = engine.calendar_proposal(id).await?;
            show(engine, proposal.year, &proposal.text).await?;
            let password = password_of(&by)?;
            let Some(person) = engine.proven_person(&by, &password, now()).await? else {
                bail!("that is not the password of {by}, or the name is locked for a while");
            };
            let approved = engine.approve_calendar(id, &person, now()).await?;
            load(config, &approved)?;
        }
        CalendarCommand::Load { id } => load(config, &engine.calendar_proposal(id).await?)?,
    }
    Ok(())
}

async fn show(engine: &Engine, year: i16, text: &str) -> anyhow::Result<()> {
    let after = &engine.calendar().replacing(year, text)?;
    let found = differences(engine.calendar(), after);
    if found.is_empty() {
        println!("Every day is as it is already.");
    }
    for difference in &found {
        let (before, after) = (told(difference.before), told(difference.after));
        println!("{}  {before} → {after}", difference.day);
    }
    let (count, moves) = engine.foresee(after, SHOWN, now()).await?;
    println!("{count} open due date(s) would move.");
    for moved in &moves {
        let sure = if moved.provisional {
            "（暂定）"
        } else {
            ""
        };
        println!(
            "  {} {}: {} → {}{sure}",
            moved.of,
            moved.kind.zh(),
            moved.from.civil_text(),
            moved.to.civil_text()
        );
    }
    if count > moves.len() as u64 {
        println!("  … and {} more", count - moves.len() as u64);
    }
    Ok(())
}

fn told(kind: Option<DayKind>) -> String {
    match kind {
        None => "no notice".to_owned(),
        Some(DayKind::Workday) => "工作日".to_owned(),
        Some(DayKind::Weekend) => "休息日".to_owned(),
        Some(DayKind::MadeUp(holiday)) => format!("调休上班（{}）", holiday.zh()),
        Some(DayKind::Off(holiday)) => format!("{}放假", holiday.zh()),
    }
}

fn list(proposals: &[ProposalRow]) {
    if proposals.is_empty() {
        println!("Nothing was put forward; gradeline calendar import FILE --proposed-by NAME");
    }
    for proposal in proposals {
        let state = match (&proposal.approved_by, proposal.approved_at) {
            (Some(by), Some(at)) => format!("approved by {by} {}", at.civil_text()),
            _ => "waits for a second person".to_owned(),
        };
        println!(
            "{:>4}  {}  by {} {}  {state}",
            proposal.id,
            proposal.year,
            proposal.proposed_by,
            proposal.proposed_at.civil_text()
        );
    }
}

/// Into the calendars' folder, in one step: a half-written file is never read.
fn load(config: &Config, proposal: &ProposalRow) -> anyhow::Result<()> {
    if proposal.approved_at.is_none() {
        bail!("{} waits for a second person", proposal.id);
    }
    let path = config.calendars.dir.join(format!("{}.toml", proposal.year));
    let half = config
        .calendars
        .dir
        .join(format!(".{}.toml.new", proposal.year));
    let again = format!(
        "it is approved; take it in by: gradeline calendar load {}",
        proposal.id
    );
    std::fs::write(&half, &proposal.text)
        .and_then(|()| std::fs::rename(&half, &path))
        .with_context(|| format!("cannot write {}; {again}", path.display()))?;
    println!("{} is written.", path.display());
    println!("Restart the server: it counts every open due date anew, and tells which moved.");
    Ok(())
}

fn year_of(file: &Path) -> anyhow::Result<i16> {
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    stem.and_then(|stem| stem.parse().ok())
        .with_context(|| format!("{} is not named like 2027.toml", file.display()))
}

/// From the terminal without an echo, or from a pipe's first line.
pub(super) fn password_of(name: &str) -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password(format!("Password of {name}: "))?);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
