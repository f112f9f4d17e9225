//! The command line. Each command's body stands in `app`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use gradeline::app;

/// Telephone consultation and rating (政务服务“好差评”): answers calls, records them, takes the
/// grade by keypad, and opens a ticket with its lawful due dates for every bad one.
#[derive(Parser)]
#[command(name = "gradeline", version, arg_required_else_help = true)]
struct Cli {
    /// The configuration file; without one the defaults hold (loopback only, SQLite in ./data)
    #[arg(long, global = true, value_name = "FILE", env = "GRADELINE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer calls and serve the pages until Ctrl-C
    Serve,
    /// Check configuration, dialplans, prompts and calendars, and say what would be right
    Check,
    /// Run a dialplan on virtual time and print what would be said and stored
    Simulate(Simulate),
    /// Call the running server as a citizen would, and show what became of it
    Demo(Demo),
    /// Count a term in Chinese working days
    Due(Due),
    /// Check that the records are whole: the trail's hash chain, every ticket against its records, every
    /// recording's digest; the first thing that does not fit is named and the exit status is 1
    Verify,
    /// Manage people, their roles and passwords
    ///
    /// A role is held in a unit, from a day until a day. Nobody holds another role beside administrator
    /// or auditor. Every change is in the trail.
    #[command(subcommand)]
    User(app::UserCommand),
    /// Manage the bureau's units
    #[command(subcommand)]
    Unit(app::UnitCommand),
    /// Manage the accounts by which desks' telephones register
    #[command(subcommand, after_help = app::DESK_EXAMPLES)]
    Desk(app::DeskCommand),
    /// Ask for calls that the server makes, and list them
    #[command(subcommand, after_help = app::CALL_OUT_EXAMPLES)]
    CallOut(app::CallOutCommand),
    /// Draft, review, issue and show the bulletin of a month or a quarter (通报)
    ///
    /// Three people do it. Issued, it never changes; what is counted otherwise later is shown beside it.
    #[command(subcommand)]
    Bulletin(app::BulletinCommand),
    /// Change a year's working calendar: one proposes, another approves
    #[command(subcommand)]
    Calendar(app::CalendarCommand),
    /// Register and complete matters (办件) from a file
    #[command(subcommand)]
    Matter(app::MatterCommand),
    /// Fill an empty database with an example centre: for looking round, for courses, for trials
    ///
    /// Units, people with roles, matters, three whole months and the running one of calls, ratings by all channels,
    /// tickets in all states and bulletins, all made up and marked as examples on every page and in every answer.
    /// They come about by the acts of people on a simulated clock, so that the trail, the figures and the due
    /// dates hold. A database that holds anything is refused.
    #[command(after_help = app::SEED_EXAMPLES)]
    Seed(app::Seed),
    /// Manage the API's bearer tokens
    #[command(subcommand)]
    Token(app::TokenCommand),
    /// Make or check the prompts' recordings
    #[command(subcommand)]
    Prompts(Prompts),
}

#[derive(Args)]
struct Simulate {
    /// The dialplan: a file, such as a draft of yours, or the name of one in force (consultation)
    plan: PathBuf,
    /// Keys and when: seconds after the offer began, each later one after the key before it
    #[arg(long, value_name = "4@2.1s,1@1s", default_value = "")]
    keys: String,
    /// The caller hangs up this long after the offer began (or after the answer, without an offer)
    #[arg(long, value_name = "4s")]
    hangup: Option<String>,
    /// What the desk does
    #[arg(long, value_enum, default_value_t = app::DeskConduct::Answers)]
    desk: app::DeskConduct,
    /// When the caller calls
    #[arg(long, value_enum, default_value_t = app::CalledAt::Open)]
    at: app::CalledAt,
    /// When exactly, by the configured hours, the special days and the calendar, in place of --at
    #[arg(long, value_name = "RFC3339", conflicts_with = "at")]
    when: Option<String>,
}

#[derive(Args)]
struct Demo {
    /// Keys and when: seconds after the offer began, each later one after the key before it
    #[arg(long, value_name = "4@2.1s,1@1s", default_value = "5@6s,2@9s,#@16s")]
    keys: String,
    /// Hang up this long after the offer began; without it the server ends the call
    #[arg(long, value_name = "4s")]
    hangup: Option<String>,
    /// How the keys are sent
    #[arg(long, value_enum, default_value_t = app::KeyWay::Event)]
    way: app::KeyWay,
    /// The outcome that must come out: a grade (dissatisfied), or a reason (silent, declined,
    /// left_in_offer …); the exit status is 1 if another one does
    #[arg(long, value_name = "OUTCOME")]
    expect: Option<String>,
    /// The number to call
    #[arg(long, default_value = "consult")]
    number: String,
}

#[derive(Args)]
struct Due {
    /// When the term starts; that day does not count
    #[arg(long, value_name = "RFC3339")]
    from: String,
    /// How many working days
    #[arg(long, value_name = "N")]
    workdays: std::num::NonZeroU16,
    /// Print each day, counted or skipped, and why
    #[arg(long)]
    explain: bool,
}

#[derive(Subcommand)]
enum Prompts {
    /// Speak script.toml by a synthesiser (espeak-ng) into WAV files; a centre records its own instead
    Make {
        /// Remake every clip, not only the changed ones
        #[arg(long)]
        all: bool,
        /// Only check what is there: digest, rate, level and length of every clip
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = cli.config.as_deref();
    let done = match cli.command {
        Command::Serve => app::serve(config),
        Command::Check => app::check(config),
        Command::Simulate(simulate) => app::simulate(
            config,
            &simulate.plan,
            app::SimulatedCall {
                keys: &simulate.keys,
                hangup: simulate.hangup.as_deref(),
                desk: simulate.desk,
                at: simulate.at,
                when: simulate.when.as_deref(),
            },
        ),
        Command::Demo(demo) => app::demo(
            config,
            app::DemoCall {
                keys: &demo.keys,
                hangup: demo.hangup.as_deref(),
                way: demo.way,
                expect: demo.expect.as_deref(),
                number: &demo.number,
            },
        ),
        Command::Due(due) => app::due(config, &due.from, due.workdays, due.explain),
        Command::Verify => app::verify(config),
        Command::User(user) => app::user(config, user),
        Command::Unit(unit) => app::unit(config, unit),
        Command::Desk(desk) => app::desk(config, desk),
        Command::CallOut(call_out) => app::call_out(config, call_out),
        Command::Bulletin(bulletin) => app::bulletin(config, bulletin),
        Command::Calendar(calendar) => app::calendar(config, calendar),
        Command::Matter(matter) => app::matter(config, matter),
        Command::Seed(seed) => app::seed(config, &seed),
        Command::Token(token) => app::token(config, token),
        Command::Prompts(Prompts::Make { all, check }) => app::make_prompts(config, all, check),
    };
    match done {
        Ok(status) => status,
        Err(error) => {
            eprintln!("gradeline: {}", told(&error));
            ExitCode::from(1)
        }
    }
}

/// The error and its causes, each said once: many an error already says its cause.
fn told(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(|cause| cause.to_string()) {
        if said.is_empty() {
            said = cause;
        } else if !said.contains(cause.trim_end()) {
            said = format!("{}: {cause}", said.trim_end());
        }
    }
    said.trim_end().to_owned()
}
