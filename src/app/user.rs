//! `gradeline user`: people and their posts.

use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;

use super::{now, open_engine, runtime};
use crate::config::Config;
use crate::domain::{Day, Post, Role, UnitId};
use crate::engine::Engine;
use crate::logging::log_to_stderr;

use crate::rights::Tenure;
use crate::staff::{Account, By, NewAccount, PostRow};

/// What is done with people.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Add somebody; a one-time password is printed once, alone on the last line
    Add {
        /// By which the person logs in, such as wang.fang
        name: String,
        /// As pages show it, such as 王芳
        #[arg(long, value_name = "NAME", default_value = "")]
        full_name: String,
        /// 工号, by which calls name who spoke
        #[arg(long, value_name = "NUMBER")]
        staff: Option<String>,
        /// A telephone or extension of the person's, any number of times: ratings from it are not eligible
        /// (第十九条)
        #[arg(long = "phone", value_name = "NUMBER")]
        phones: Vec<String>,
    },
    /// List everybody with the posts held
    List,
    /// Change a full name, a staff number or telephones; what is not named stays
    Set {
        name: String,
        #[arg(long, value_name = "NAME")]
        full_name: Option<String>,
        /// An empty one takes it away
        #[arg(long, value_name = "NUMBER")]
        staff: Option<String>,
        /// In place of those before, any number of times; an empty one takes them away
        #[arg(long = "phone", value_name = "NUMBER")]
        phones: Vec<String>,
    },
    /// Give somebody a role in a unit
    #[command(after_help = ROLES)]
    Grant {
        name: String,
        /// One of those below
        role: Role,
        /// Understood for the roles of the Centre and of the General Office
        #[arg(long, value_name = "ID")]
        unit: Option<String>,
        /// The first day; today unless told
        #[arg(long, value_name = "YYYY-MM-DD")]
        from: Option<Day>,
        /// The last day, inclusive; without one it holds until it is revoked
        #[arg(long, value_name = "YYYY-MM-DD")]
        until: Option<Day>,
        /// The bureau that sends the person (轮岗锻炼, 第十条); needs --until
        #[arg(long, value_name = "ID")]
        seconded_from: Option<String>,
    },
    /// Take a role away, at once
    #[command(after_help = ROLES)]
    Revoke {
        name: String,
        role: Role,
        /// In this unit only
        #[arg(long, value_name = "ID")]
        unit: Option<String>,
    },
    /// Close an account; its logins end, its posts count for nothing, what it did stays
    Disable { name: String },
    /// Open a closed account again
    Enable { name: String },
    /// Print a new one-time password, for somebody who lost his
    Password { name: String },
}

const ROLES: &str = "Roles:
  agent              坐席
  centre_officer     政务服务中心处置员: assesses, attributes, drafts the slip
  centre_revisitor   政务服务中心回访员: revisits and answers the rater
  centre_supervisor  政务服务中心督导: agrees, reviews, hears what is disputed
  office_clerk       局办公室经办
  office_signer      局办公室签发: sends the slip, decides where the Centre is responsible
  unit_liaison       单位联络员 of a unit that may become responsible
  unit_head          单位负责人: signs verification and rectification
  auditor            审计: verifies the trail; holds nothing beside
  administrator      系统管理: keeps people, units and tokens; sees no case; holds nothing beside";

/// Does it, as somebody at this machine; each change is in the trail.
pub fn user(config: Option<&Path>, command: UserCommand) -> anyhow::Result<ExitCode> {
    log_to_stderr("warn");
    let config = Config::load(config)?;
    runtime()?.block_on(async {
        let engine = open_engine(&config).await?;
        let done = run(&engine, command).await;
        engine.close().await?;
        done.map(|()| ExitCode::SUCCESS)
    })
}

async fn run(engine: &Engine, command: UserCommand) -> anyhow::Result<()> {
    let by = By::CommandLine;
    match command {
        UserCommand::Add {
            name,
            full_name,
            staff,
            phones,
        } => {
            let account = NewAccount {
                name,
                full_name,
                staff,
                phones,
            };
            let (_, password) = engine.add_person(&account, &by, now()).await?;
            let name = account.name.trim();
            println!("Added {name}; a role is given by: gradeline user grant {name} ROLE");
            shown_once(name, &password);
        }
        UserCommand::List => list(engine).await?,
        command @ UserCommand::Set { .. } => set(engine, command).await?,
        command @ UserCommand::Grant { .. } => grant(engine, command).await?,
        UserCommand::Revoke { name, role, unit } => {
            let person = engine.person_named(&name).await?;
            let unit = unit.map(UnitId);
            let revoked = engine
                .revoke_posts(&person, role, unit.as_ref(), &by, now())
                .await?;
            if revoked == 0 {
                bail!("{name} holds no such post; gradeline user list shows them");
            }
            println!("Revoked {revoked} post(s) of {name}.");
        }
        UserCommand::Disable { name } => {
            let person = engine.person_named(&name).await?;
            engine.disable_person(&person, &by, now()).await?;
            println!("{name} is disabled and logged out.");
        }
        UserCommand::Enable { name } => {
            let person = engine.person_named(&name).await?;
            engine.enable_person(&person, &by, now()).await?;
            println!("{name} may log in again.");
        }
        UserCommand::Password { name } => {
            let person = engine.person_named(&name).await?;
            let password = engine.reset_password(&person, &by, now()).await?;
            shown_once(&name, &password);
        }
    }
    Ok(())
}

async fn set(engine: &Engine, command: UserCommand) -> anyhow::Result<()> {
    let UserCommand::Set {
        name,
        full_name,
        staff,
        phones,
    } = command
    else {
        return Ok(());
    };
    let person = engine.person_named(&name).await?;
    let people = engine.people().await?;
    let Some(known) = people.into_iter().find(|account| account.id == person) else {
        bail!("there is nobody called {name}");
    };
    let account = NewAccount {
        name: known.name,
        full_name: full_name.unwrap_or(known.full_name),
        staff: staff.or(known.staff),
        phones: match phones.is_empty() {
            true => known.phones,
            false => phones.into_iter().filter(|p| !p.is_empty()).collect(),
        },
    };
    engine
        .describe_person(&person, &account, &By::CommandLine, now())
        .await?;
    println!("Changed {name}.");
    Ok(())
}

async fn grant(engine: &Engine, command: UserCommand) -> anyhow::Result<()> {
    let UserCommand::Grant {
        name,
        role,
        unit,
        from,
        until,
        seconded_from,
    } = command
    else {
        return Ok(());
    };
    let person = engine.person_named(&name).await?;
    let tenure = Tenure {
        post: Post {
            role,
            unit: unit_of(role, unit)?,
        },
        seconded_from: seconded_from.map(UnitId),
        from: from.unwrap_or_else(|| now().day()),
        until,
    };
    engine
        .grant_post(&person, &tenure, &By::CommandLine, now())
        .await?;
    println!("{name} is {}.", told(&tenure));
    Ok(())
}

/// The unit is understood where the role leaves no choice.
fn unit_of(role: Role, unit: Option<String>) -> anyhow::Result<UnitId> {
    if let Some(unit) = unit {
        return Ok(UnitId(unit));
    }
    match role {
        Role::OfficeClerk | Role::OfficeSigner => Ok(UnitId::general_office()),
        Role::UnitLiaison | Role::UnitHead => {
            bail!("of which unit? add --unit ID; gradeline unit list shows them")
        }
        _ => Ok(UnitId::centre()),
    }
}

/// The password alone on the last line; it is shown this once.
fn shown_once(name: &str, password: &str) {
    println!("One-time password of {name}, shown this once; a new one is asked for at the login:");
    println!("{password}");
}

async fn list(engine: &Engine) -> anyhow::Result<()> {
    let people = engine.people().await?;
    if people.is_empty() {
        println!("Nobody yet; add somebody with: gradeline user add NAME");
    }
    for Account {
        name,
        full_name,
        staff,
        phones,
        posts,
        must_change_password,
        disabled_at,
        ..
    } in people
    {
        let staff = staff.map_or(String::new(), |staff| format!("  staff {staff}"));
        let phones = match phones.is_empty() {
            true => String::new(),
            false => format!("  phones {}", phones.join(" ")),
        };
        let state = match (disabled_at, must_change_password) {
            (Some(at), _) => format!("  disabled {}", at.day()),
            (None, true) => "  has not logged in yet".to_owned(),
            (None, false) => String::new(),
        };
        println!("{name:<20} {full_name}{staff}{phones}{state}");
        for PostRow { tenure, .. } in &posts {
            println!("{:<20}   {}", "", told(tenure));
        }
    }
    Ok(())
}

/// `centre_officer (政务服务中心处置员) in centre since 2026-11-26`.
fn told(tenure: &Tenure) -> String {
    let Post { role, unit } = &tenure.post;
    let sent = tenure
        .seconded_from
        .as_ref()
        .map_or(String::new(), |bureau| format!(", seconded from {bureau}"));
    let span = match tenure.until {
        Some(until) => format!("from {} until {until}", tenure.from),
        None => format!("since {}", tenure.from),
    };
    format!("{} ({}) in {unit} {span}{sent}", role.word(), role.zh())
}
