//! `gradeline bulletin`: the bulletin of a month or a quarter (第十八条), drafted, reviewed and issued by three
//! people.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::calendar::password_of;
use super::{now, open_engine, runtime};
use crate::bulletins::{Adjusted, BulletinRow, BulletinTerm, NewBulletin};
use crate::config::Config;
use crate::domain::Reason;
use crate::engine::Engine;
use crate::figures::{Definition, FigureLine, Guide, Line, Measure, Period};
use crate::logging::log_to_stderr;
use crate::staff::Person;

/// What is done with bulletins.
#[derive(Subcommand)]
pub enum BulletinCommand {
    /// List the bulletins, the newest first
    List,
    /// Show a bulletin, its digest, and what is counted otherwise since it was issued
    Show {
        /// `2026-09` or `2026-Q3`
        period: Period,
        /// The whole content as JSON: the text that is signed
        #[arg(long)]
        json: bool,
    },
    /// Draft it from what is counted now; again, until it is issued
    #[command(after_help = "FILE holds, each of them optional:
  reference = \"局办〔2026〕1号\"
  to = [\"各司局\"]
  demands = \"…\"
  [[cases]]
  ticket = \"T2026-000001\"
  problem = \"…\"
  measure = \"…\"
  outcome = \"…\"")]
    Draft {
        period: Period,
        /// What people add: 文号, 主送, cases without names and numbers, demands
        #[arg(long, value_name = "FILE")]
        with: Option<PathBuf>,
        /// A centre_officer or an office_clerk, whose password is asked for
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Say that a second person has looked it through
    Review {
        period: Period,
        /// Of what was read: `show` tells it
        #[arg(long)]
        digest: String,
        /// A centre_supervisor, and not who drafted it; the password is asked for
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Sign it: from then on it never changes
    Issue {
        period: Period,
        /// Of what is signed: `show` tells it
        #[arg(long)]
        digest: String,
        /// An office_signer, and neither who drafted nor who reviewed it; the password is asked for
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

/// Does it; each step is in the trail.
pub fn bulletin(config: Option<&Path>, command: BulletinCommand) -> anyhow::Result<ExitCode> {
    log_to_stderr("warn");
    let config = Config::load(config)?;
    runtime()?.block_on(async {
        let engine = open_engine(&config).await?;
        let done = run(&engine, command).await;
        engine.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    })
}

async fn run(engine: &Engine, command: BulletinCommand) -> anyhow::Result<()> {
    match command {
        BulletinCommand::List => {
            list(engine).await?;
            terms(&engine.bulletin_terms().await?);
        }
        BulletinCommand::Show { period, json } => {
            let waiting = engine.waiting().await?;
            let found = engine.bulletin(period, now()).await?;
            let found = found.with_context(|| {
                format!("nobody has drafted it; gradeline bulletin draft {period} --by NAME")
            })?;
            match json {
                true => println!("{}", found.row.content),
                false => {
                    show(&found);
                    if waiting > 0 {
                        println!("另有变动尚未计入：{waiting}项");
                    }
                }
            }
        }
        BulletinCommand::Draft { period, with, by } => {
            let new = match with {
                None => NewBulletin::default(),
                Some(file) => {
                    let text = std::fs::read_to_string(&file)
                        .with_context(|| format!("cannot read {}", file.display()))?;
                    toml::from_str(&text).with_context(|| file.display().to_string())?
                }
            };
            let person = proven(engine, &by).await?;
            let row = engine.draft_bulletin(period, new, &person, now()).await?;
            println!("Version {} is drafted: {}", row.version, row.digest);
            println!("Another person: gradeline bulletin review {period} --digest … --by NAME");
        }
        BulletinCommand::Review { period, digest, by } => {
            let person = proven(engine, &by).await?;
            engine
                .review_bulletin(period, &digest, &person, now())
                .await?;
            println!("It is reviewed; a third person issues it.");
        }
        BulletinCommand::Issue { period, digest, by } => {
            let person = proven(engine, &by).await?;
            let row = engine
                .issue_bulletin(period, &digest, &person, now())
                .await?;
            println!("It is issued; digest {}", row.digest);
        }
    }
    Ok(())
}

async fn proven(engine: &Engine, name: &str) -> anyhow::Result<Person> {
    let password = password_of(name)?;
    match engine.proven_person(name, &password, now()).await? {
        Some(person) => Ok(person),
        None => bail!("that is not the password of {name}, or the name is locked for a while"),
    }
}

/// All of them, page by page.
async fn list(engine: &Engine) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let rows = engine.bulletins(after, PAGE).await?;
        if rows.is_empty() && after.is_none() {
            println!("There is none; gradeline bulletin draft PERIOD --by NAME");
        }
        rows.iter().for_each(tell);
        after = match rows.last() {
            Some(last) => Some(last.period),
            None => return Ok(()),
        };
    }
}

fn tell(row: &BulletinRow) {
    let drafted = (row.drafted_at, &row.drafted_by);
    let (state, (at, by)) = match (
        &row.issued_by,
        row.issued_at,
        &row.reviewed_by,
        row.reviewed_at,
    ) {
        (Some(by), Some(at), ..) => ("issued", (at, by)),
        (_, _, Some(by), Some(at)) => ("reviewed", (at, by)),
        _ => ("drafted", drafted),
    };
    println!(
        "{}  version {}  {state} by {by} {}",
        row.period,
        row.version,
        at.civil_text()
    );
}

/// Bulletins read at once.
const PAGE: u32 = 50;

/// 堵点 that a terminal shows; the bulletin holds them all.
const SPOTS: usize = 10;

/// What is not issued yet.
fn terms(terms: &[BulletinTerm]) {
    for term in terms.iter().rev().filter(|term| term.met_at.is_none()) {
        let late = match term.missed_at {
            Some(_) => "overdue since",
            None => "due by",
        };
        println!("{}  {late} {}", term.period, term.due_at.civil_text());
    }
}

fn show(found: &Adjusted) {
    let bulletin = &found.bulletin;
    println!("{}", bulletin.title);
    println!(
        "{}  {} – {}",
        bulletin.reference, bulletin.from, bulletin.until
    );
    println!("digest {}", found.row.digest);
    for (part, lines) in [
        ("一、总体情况", std::slice::from_ref(&bulletin.overall)),
        ("二、渠道情况", &bulletin.channels),
        ("三、责任单位情况", &bulletin.units),
    ] {
        println!("\n{part}");
        lines.iter().for_each(show_line);
    }
    let left_out = bulletin.left_out;
    let overdue = bulletin.overdue.len() as u64 + left_out.overdue;
    println!("\n四、超期与延期：{overdue}件");
    if left_out.overdue > 0 {
        println!("    其中{}件未列入清单", left_out.overdue);
    }
    println!("五、典型案例：{}个", bulletin.cases.len());
    println!("六、堵点");
    for spot in bulletin.hot_spots.iter().take(SPOTS) {
        let reason = match spot.reason.parse::<Reason>() {
            Ok(reason) => reason.zh(),
            Err(_) => "未说明原因",
        };
        println!("  {reason} × {}：{}", matter(&spot.item), spot.count);
    }
    match bulletin.hot_spots.len().saturating_sub(SPOTS) {
        0 => {}
        more => println!("  另有{more}项"),
    }
    for guide in &bulletin.guides {
        let Guide { item, said, found } = guide;
        let item = matter(item);
        println!("  办事指南待改正：{item}（评价人所指{said}，评估认定{found}）");
    }
    println!("七、下步要求：{}", bulletin.demands);
    println!("附表：事项情况");
    bulletin.items.iter().for_each(show_line);
    if left_out.items > 0 {
        println!("  另有{}个事项未列入附表", left_out.items);
    }
    for missing in &bulletin.missing {
        println!(
            "实名差评尚未回访整改：{}（{}）",
            missing.ticket, missing.unit
        );
    }
    if left_out.missing > 0 {
        println!("实名差评尚未回访整改：另有{}件未列入清单", left_out.missing);
    }
    for adjustment in &found.adjustments {
        println!(
            "追溯调整：{} {} {} {} → {}",
            adjustment.of, adjustment.name, adjustment.count, adjustment.issued, adjustment.now
        );
    }
}

fn show_line(line: &Line) {
    println!("  {}", line.name);
    let counted = |figure: &&FigureLine| figure.denominator > 0;
    for figure in line.figures.iter().filter(counted) {
        let value = value(figure);
        let small = if figure.small {
            "（数量少，不排名）"
        } else {
            ""
        };
        println!(
            "    {:　<12} {value}  {}/{}{small}",
            figure.name, figure.numerator, figure.denominator
        );
    }
}

/// Of which 事项; what is of none is a consultation.
fn matter(item: &str) -> &str {
    if item.is_empty() { "咨询" } else { item }
}

/// With what it is counted in; times as hours where they are long.
fn value(figure: &FigureLine) -> String {
    let hundredths = figure.hundredths.unwrap_or_default();
    let plain = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let seconds = hundredths as f64 / 100_000.0;
    match Definition::named(&figure.word).map(|known| known.measure) {
        Some(Measure::Share) => format!("{plain}%"),
        Some(Measure::Score) => format!("{plain}分"),
        Some(Measure::MeanWorkdays) => format!("{plain}个工作日"),
        Some(Measure::MeanMs) if seconds >= 7_200.0 => format!("{:.1}小时", seconds / 3_600.0),
        Some(Measure::MeanMs) => format!("{seconds:.1}秒"),
        // Of another version.
        None => plain,
    }
}
