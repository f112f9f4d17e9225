//! `gradeline matter`: matters (办件) from a file of the approval system.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde::Deserialize;

use crate::channels::{Applicants, Matter};
use crate::domain::{Moment, UnitId};
use crate::engine::{Engine, Error, Registered, applicant_of};

/// What is done with matters.
#[derive(Subcommand)]
pub enum MatterCommand {
    /// Register and complete the matters of a CSV file: look first, then with --apply
    ///
    /// Without --apply nothing is kept: each row is tried, and what is wrong with it is told by its line.
    /// A row again changes nothing, so a file may be sent again after it was put right.
    #[command(after_help = COLUMNS)]
    Import {
        /// UTF-8, with a header
        file: PathBuf,
        /// Keep it; refused while any row is wrong
        #[arg(long)]
        apply: bool,
        /// With --apply: keep the sound rows and leave the wrong ones
        #[arg(long, requires = "apply")]
        skip_wrong: bool,
    },
}

const COLUMNS: &str = "Columns, in any order:
  number           办件编号
  item             事项: its code
  item_name        事项: its name, as the applicant reads it
  unit             承办单位: id of a unit (gradeline unit list)
  completed_at     办结, such as 2026-09-18T16:00:00+08:00; empty while it goes on
  applicant_name   may be empty
  applicant_phone  verified; may be empty
  applicant        the platform's id of the verified applicant; a digest is kept; may be empty";

/// A row that can be read, with its line.
type Sound = (u64, Matter);

/// What is wrong with a row, with its line.
type Wrong = (u64, String);

/// A row of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    number: String,
    item: String,
    item_name: String,
    unit: String,
    #[serde(default)]
    completed_at: String,
    #[serde(default)]
    applicant_name: String,
    #[serde(default)]
    applicant_phone: String,
    #[serde(default)]
    applicant: String,
}

/// Does it, at this moment. Exit status 1 where a row is wrong.
pub async fn matter(
    engine: &Engine,
    command: MatterCommand,
    now: Moment,
) -> anyhow::Result<ExitCode> {
    let MatterCommand::Import {
        file,
        apply,
        skip_wrong,
    } = command;
    let (matters, mut wrong) = read(&file)?;
    let mut sound = Vec::new();
    let mut found = Counts::default();
    for (line, matter) in matters {
        match engine.try_matter(&matter, now).await {
            Ok(registered) => {
                found.add(registered);
                sound.push(matter);
            }
            Err(Error::Refused(why)) => wrong.push((line, why)),
            Err(fault) => return Err(fault.into()),
        }
    }
    wrong.sort();
    for (line, why) in &wrong {
        println!("{}:{line}: {why}", file.display());
    }
    println!("{}, {} wrong", found.told(), wrong.len());
    if !apply {
        println!("Nothing was kept; --apply keeps it.");
        return Ok(status(&wrong));
    }
    if !wrong.is_empty() && !skip_wrong {
        bail!("nothing was kept: put the rows right, or leave them with --skip-wrong");
    }
    let mut kept = Counts::default();
    for matter in &sound {
        kept.add(engine.register_matter(matter, "command line", now).await?);
    }
    println!("Kept: {}.", kept.told());
    Ok(status(&wrong))
}

fn status(wrong: &[Wrong]) -> ExitCode {
    ExitCode::from(u8::from(!wrong.is_empty()))
}

/// The rows that can be read with their lines, and what is wrong with the others.
fn read(file: &Path) -> anyhow::Result<(Vec<Sound>, Vec<Wrong>)> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let headers = reader
        .headers()
        .with_context(|| format!("{} has no header", file.display()))?
        .clone();
    let (mut matters, mut wrong) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, |at| at.line());
                wrong.push((line, error.to_string()));
                continue;
            }
        };
        let line = record.position().map_or(0, |at| at.line());
        let read = record.deserialize::<Line>(Some(&headers));
        match read.map_err(|error| error.to_string()).and_then(meant) {
            Ok(matter) => matters.push((line, matter)),
            Err(why) => wrong.push((line, why)),
        }
    }
    Ok((matters, wrong))
}

fn meant(line: Line) -> Result<Matter, String> {
    let completed_at = match line.completed_at.as_str() {
        "" => None,
        text => Some(
            text.parse::<Moment>()
                .map_err(|error| format!("completed_at {error}"))?,
        ),
    };
    Ok(Matter {
        number: line.number,
        item: line.item,
        item_name: line.item_name,
        unit: UnitId(line.unit),
        applicants: Applicants {
            name: line.applicant_name,
            phone: Some(line.applicant_phone).filter(|phone| !phone.is_empty()),
            applicant: applicant_of(&line.applicant),
        },
        completed_at,
        rehearsal: false,
    })
}

#[derive(Default)]
struct Counts {
    new: u64,
    completed: u64,
    known: u64,
}

impl Counts {
    fn add(&mut self, registered: Registered) {
        match registered {
            Registered::New => self.new += 1,
            Registered::Completed => self.completed += 1,
            Registered::Known => self.known += 1,
        }
    }

    fn told(&self) -> String {
        format!(
            "{} new, {} completed, {} known already",
            self.new, self.completed, self.known
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_a_matter_or_told_by_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("matters.csv");
        std::fs::write(
            &file,
            "unit,number,item,item_name,completed_at,applicant_phone\n\
             wetland,A-1,x-1,林木采伐许可,2026-09-18T16:00:00+08:00,13800138000\n\
             wetland,A-2,x-1,林木采伐许可,,\n\
             wetland,A-3,x-1,\"林木,采伐\n许可\",yesterday,\n\
             wetland,A-4,x-1\n",
        )
        .unwrap();
        let (matters, wrong) = read(&file).unwrap();
        let numbers: Vec<_> = matters
            .iter()
            .map(|(line, m)| (*line, m.number.as_str()))
            .collect();
        assert_eq!(numbers, [(2, "A-1"), (3, "A-2")]);
        assert!(matters[0].1.completed_at.is_some() && matters[1].1.completed_at.is_none());
        assert_eq!(matters[1].1.applicants.phone, None);
        let lines: Vec<_> = wrong.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [4, 6]);
        assert!(wrong[0].1.contains("RFC 3339"), "{}", wrong[0].1);
    }
}
