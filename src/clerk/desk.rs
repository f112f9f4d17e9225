//! `gradeline desk`: accounts by which desks' telephones register.

use clap::Subcommand;

use crate::domain::Moment;
use crate::engine::Engine;
use crate::staff::{By, DeskAccount};

/// What is done with accounts of desks.
#[derive(Subcommand)]
pub enum DeskCommand {
    /// Add an account; its password is printed once, alone on the last line
    Add {
        /// By which the telephone registers, such as 8001
        account: String,
        /// 工号, told to callers, where it is another than the account
        #[arg(long, value_name = "NUMBER")]
        staff: Option<String>,
    },
    /// List all accounts, and where each is registered
    List,
    /// Print a new password for a telephone; by the one before it is registered no more
    Password { account: String },
    /// Remove an account; its telephone can register no more
    Remove { account: String },
}

/// What `gradeline desk --help` says behind its commands.
pub const DESK_EXAMPLES: &str = "What has to be there for a telephone to register, and to be rung:
  [desks]
  networks = [\"192.0.2.0/24\"]             # from where telephones register
  addresses = [{ account = \"8001\" }]      # who is rung

A running server takes changes of accounts within seconds; the configuration is read at its start.";

/// Does it, as somebody at this machine; each change is in the trail.
pub async fn desk(engine: &Engine, command: DeskCommand, now: Moment) -> anyhow::Result<()> {
    let by = By::CommandLine;
    match command {
        DeskCommand::Add { account, staff } => {
            let password = engine
                .add_desk_account(&account, staff.as_deref(), &by, now)
                .await?;
            println!(
                "Added {account}; it is rung where [desks] addresses has {{ account = \"{account}\" }}."
            );
            shown_once(&account, &password);
        }
        DeskCommand::List => list(engine, now).await?,
        DeskCommand::Password { account } => {
            let password = engine.reset_desk_password(&account, &by, now).await?;
            shown_once(&account, &password);
        }
        DeskCommand::Remove { account } => {
            engine.remove_desk_account(&account, &by, now).await?;
            println!("Removed {account}; take it out of [desks] addresses too.");
        }
    }
    Ok(())
}

/// The password alone on the last line.
fn shown_once(account: &str, password: &str) {
    println!(
        "Password of {account}, shown this once; type it into the telephone (user {account}, realm gradeline or none):"
    );
    println!("{password}");
}

async fn list(engine: &Engine, now: Moment) -> anyhow::Result<()> {
    let accounts = engine.desk_accounts(now).await?;
    if accounts.is_empty() {
        println!("No accounts yet; make one with: gradeline desk add 8001");
    }
    for DeskAccount {
        name,
        staff,
        created_at,
        contacts,
    } in accounts
    {
        let staff = staff.map_or(String::new(), |staff| format!("  staff {staff}"));
        let state = match contacts.is_empty() {
            true => "  not registered",
            false => "",
        };
        println!("{name:<20} created {}{staff}{state}", created_at.day());
        for (uri, until) in contacts {
            println!("{:<20}   {uri}  until {until}", "");
        }
    }
    Ok(())
}
