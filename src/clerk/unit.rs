//! `gradeline unit`: the bureau's units.

use clap::Subcommand;

use crate::domain::{Moment, UnitId};
use crate::engine::Engine;
use crate::rights::UnitKind;
use crate::staff::By;

/// What is done with units.
#[derive(Subcommand)]
pub enum UnitCommand {
    /// Add a bureau or a handling unit
    Add {
        /// 1 to 40 of a–z, 0–9, _ and -, such as forest-bureau; it never changes
        id: String,
        /// 司局 or 承办单位, such as 森林资源管理司
        #[arg(long)]
        name: String,
        /// bureau (司局: may send staff to the Centre) or handling_unit (承办单位)
        #[arg(long)]
        kind: UnitKind,
    },
    /// List all units
    List,
    /// Give a unit another name; the id stays
    Rename {
        id: String,
        #[arg(long)]
        name: String,
    },
    /// Close a unit in which nobody holds a post any more
    Close { id: String },
}

/// Does it, as somebody at this machine; each change is in the trail.
pub async fn unit(engine: &Engine, command: UnitCommand, now: Moment) -> anyhow::Result<()> {
    let by = By::CommandLine;
    match command {
        UnitCommand::Add { id, kind, name } => {
            let unit = UnitId(id);
            engine.add_unit(&unit, kind, &name, &by, now).await?;
            println!("Added {unit}: {name} ({}).", kind.zh());
        }
        UnitCommand::List => {
            for unit in engine.units().await? {
                let closed = unit
                    .closed_at
                    .map_or(String::new(), |at| format!("  closed {}", at.day()));
                let (id, kind, name) = (unit.id.0, unit.kind.word(), unit.name);
                println!("{id:<20} {kind:<15} {name}{closed}");
            }
        }
        UnitCommand::Rename { id, name } => {
            let unit = UnitId(id);
            engine.rename_unit(&unit, &name, &by, now).await?;
            println!("{unit} is now {name}.");
        }
        UnitCommand::Close { id } => {
            let unit = UnitId(id);
            engine.close_unit(&unit, &by, now).await?;
            println!("Closed {unit}; what it did stays on record.");
        }
    }
    Ok(())
}
