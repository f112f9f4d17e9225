//! `gradeline call-out`: calls that the house makes.

use anyhow::{Context, bail};
use clap::Subcommand;

use crate::domain::Moment;
use crate::engine::{CallId, Engine};
use crate::errands::{Ended, OrderId};
use crate::outward::{Allowing, ErrandRow, Wish, WishFor};

/// What is done with calls out.
#[derive(Subcommand)]
pub enum CallOutCommand {
    /// The machine tells the rater of a ticket the result, and asks for the second rating
    Result {
        /// Such as T2026-000123
        ticket: String,
    },
    /// Call back whoever asked for it in a call
    Back {
        /// The call's id
        call: String,
        /// Another number than he named
        #[arg(long)]
        number: Option<String>,
        /// 工号 of the desk that is rung first; without it, any that is free
        #[arg(long, value_name = "NUMBER")]
        staff: Option<String>,
    },
    /// List the newest, with their attempts
    List {
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// Take one back that is not being called
    Withdraw { id: String },
}

/// What `gradeline call-out --help` says behind its commands.
pub const CALL_OUT_EXAMPLES: &str = "What has to be there for anybody to be called:
  [outward]
  trunk = \"sip:192.0.2.10:5060\"     # or none, and calls go by [trunk]
  caller_id = \"01066554433\"

The running server makes the call, in the hours of [outward] hours. Revisits are asked for on the ticket's page: a person talks in them.";

/// Does it, as somebody at this machine; `allowing` is the configuration's, `None` where there is no trunk.
pub async fn call_out(
    engine: &Engine,
    command: CallOutCommand,
    allowing: Option<Allowing>,
    id: OrderId,
    now: Moment,
) -> anyhow::Result<()> {
    let (what, staff) = match command {
        CallOutCommand::List { limit } => return list(engine, limit.min(1000)).await,
        CallOutCommand::Withdraw { id } => {
            if !engine.withdraw_call(&id, None, now).await? {
                bail!("no call out {id} waits; see: gradeline call-out list");
            }
            println!("Withdrawn: {id}");
            return Ok(());
        }
        CallOutCommand::Result { ticket } => {
            let number = ticket.parse();
            let number = number.with_context(|| format!("“{ticket}” is no ticket's number"))?;
            (WishFor::Result(number), None)
        }
        CallOutCommand::Back {
            call,
            number,
            staff,
        } => {
            let call = CallId(call);
            let not_before = now;
            (
                WishFor::Callback {
                    call,
                    number,
                    not_before,
                },
                staff,
            )
        }
    };
    let allowing = allowing.context("there is no trunk for calls out: write [outward] caller_id, and [trunk] or [outward] trunk")?;
    let wish = Wish {
        what,
        staff,
        by: None,
    };
    let id = engine.ask_for_call(&id, wish, &allowing, now).await?;
    println!("Asked for: {}", id.0);
    Ok(())
}

async fn list(engine: &Engine, limit: u64) -> anyhow::Result<()> {
    let calls = engine.calls_out(limit).await?;
    if calls.is_empty() {
        println!("No calls out yet.");
    }
    for (row, attempts) in calls {
        println!("{}", line(&row));
        for attempt in attempts {
            let result = attempt.result.as_deref().unwrap_or("calling");
            let status = attempt
                .status
                .map_or(String::new(), |status| format!(" ({status})"));
            let call = match attempt.has_call {
                true => format!("  call {}", attempt.call.0),
                false => String::new(),
            };
            let started_at = attempt.started_at;
            println!("    {}  {started_at}  {result}{status}{call}", attempt.seq);
        }
    }
    Ok(())
}

/// Of the number its tail only: it is nowhere told whole (第十四条).
fn line(row: &ErrandRow) -> String {
    let tail = row.number.len().saturating_sub(4);
    let about = row
        .ticket
        .as_deref()
        .or(row.call.as_ref().map(|call| call.0.as_str()));
    let stands = match row.result.as_deref().and_then(Ended::of_word) {
        Some(ended) => ended.word().to_owned(),
        None => format!("{}, not before {}", row.state, row.not_before),
    };
    format!(
        "{}  {}  {}  …{}  {stands}",
        row.id,
        row.purpose,
        about.unwrap_or("-"),
        &row.number[tail..],
    )
}
