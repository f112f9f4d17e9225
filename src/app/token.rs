use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;

use super::{log_to_stderr, now, open_engine, runtime};
use crate::config::Config;
use crate::rights::Scope;

/// Prints the secret alone on the last line; it is shown this once.
pub fn create_token(
    config: Option<&Path>,
    name: &str,
    scopes: &[Scope],
) -> anyhow::Result<ExitCode> {
    log_to_stderr("warn");
    let config = Config::load(config)?;
    runtime()?.block_on(async {
        let engine = open_engine(&config).await?;
        let secret = engine.create_token(name, scopes, now()).await?;
        engine.close().await?;
        println!("Token “{name}”, shown this once; send it as: Authorization: Bearer <token>");
        println!("{secret}");
        Ok(ExitCode::SUCCESS)
    })
}

/// Prints each token's name, age and last use; never a secret.
pub fn list_tokens(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    log_to_stderr("warn");
    let config = Config::load(config)?;
    runtime()?.block_on(async {
        let engine = open_engine(&config).await?;
        let tokens = engine.tokens().await?;
        engine.close().await?;
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
        Ok(ExitCode::SUCCESS)
    })
}

/// Revokes every token of this name that is in force.
pub fn revoke_token(config: Option<&Path>, name: &str) -> anyhow::Result<ExitCode> {
    log_to_stderr("warn");
    let config = Config::load(config)?;
    runtime()?.block_on(async {
        let engine = open_engine(&config).await?;
        let tokens = engine.tokens().await?;
        let mut revoked = 0;
        for token in tokens.iter().filter(|token| token.name == name) {
            revoked += usize::from(engine.revoke_token(token.id, now()).await?);
        }
        engine.close().await?;
        if revoked == 0 {
            bail!("no token “{name}” is in force; gradeline token list shows them");
        }
        println!("Revoked {revoked} token(s) named “{name}”.");
        Ok(ExitCode::SUCCESS)
    })
}
