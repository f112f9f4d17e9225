//! `gradeline token`: the API's bearer tokens.

use anyhow::bail;
use clap::Subcommand;

use crate::domain::Moment;
use crate::engine::Engine;
use crate::rights::Scope;

/// What is done with tokens.
#[derive(Subcommand)]
pub enum TokenCommand {
    /// Create a token; it is printed once, alone on the last line
    Create {
        /// What it is for, so that it can be told from others later
        #[arg(long)]
        name: String,
        /// What it may be used for: read (calls, ratings, tickets, masked), listen (recordings, each with
        /// its ticket and reason), rate (hand in ratings), matters (register and complete matters)
        #[arg(long = "scope", value_name = "SCOPE", default_value = "read")]
        scopes: Vec<Scope>,
    },
    /// List the tokens by name
    List,
    /// Revoke a token by name
    Revoke {
        /// The name it was created with
        #[arg(long)]
        name: String,
    },
}

/// Does it. A secret is shown once, alone on the last line.
pub async fn token(engine: &Engine, command: TokenCommand, now: Moment) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create { name, scopes } => {
            let secret = engine.create_token(&name, &scopes, now).await?;
            println!("Token “{name}”, shown this once; send it as: Authorization: Bearer <token>");
            println!("{secret}");
        }
        TokenCommand::List => list(engine).await?,
        TokenCommand::Revoke { name } => revoke(engine, &name, now).await?,
    }
    Ok(())
}

/// Each token's name, age and last use; never a secret.
async fn list(engine: &Engine) -> anyhow::Result<()> {
    let tokens = engine.tokens().await?;
    if tokens.is_empty() {
        println!("No tokens yet; make one with: gradeline token create --name NAME");
    }
    for token in tokens {
        let used = token
            .used_at
            .map_or("never used".into(), |at| format!("last used {at}"));
        let state = token.revoked_at.map_or(used, |at| format!("revoked {at}"));
        let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.word()).collect();
        let (name, scopes) = (token.name, scopes.join(","));
        println!(
            "{name:<24} {scopes:<24} created {}  {state}",
            token.created_at
        );
    }
    Ok(())
}

/// Every token of this name that is in force.
async fn revoke(engine: &Engine, name: &str, now: Moment) -> anyhow::Result<()> {
    let tokens = engine.tokens().await?;
    let mut revoked = 0;
    for token in tokens.iter().filter(|token| token.name == name) {
        revoked += usize::from(engine.revoke_token(token.id, now).await?);
    }
    if revoked == 0 {
        bail!("no token “{name}” is in force; gradeline token list shows them");
    }
    println!("Revoked {revoked} token(s) named “{name}”.");
    Ok(())
}
