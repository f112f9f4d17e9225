//! Bearer tokens: programs, each with what it may be used for.

use serde::Serialize;

use super::logins::SEEN_STEP_MS;
use super::refused;
use crate::domain::Moment;
use crate::engine::{Engine, Error};
use crate::register::TokenRow;
use crate::rights::Scope;
use crate::secrets::{digest, secret};

/// A bearer token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    pub id: i64,
    pub name: String,
    /// In the order of [`Scope::ALL`].
    #[serde(skip)]
    pub scopes: Vec<Scope>,
    pub created_at: Moment,
    pub used_at: Option<Moment>,
    pub revoked_at: Option<Moment>,
}

impl Engine {
    /// Returns the secret; only its digest is kept.
    pub async fn create_token(
        &self,
        name: &str,
        scopes: &[Scope],
        now: Moment,
    ) -> Result<String, Error> {
        if name.trim().is_empty() || name.chars().count() > 100 {
            return Err(refused(
                "a token's name has 1 to 100 characters and tells who uses it",
            ));
        }
        if scopes.is_empty() {
            return Err(refused("a token without a scope opens nothing"));
        }
        let scopes: Vec<_> = Scope::ALL
            .into_iter()
            .filter(|scope| scopes.contains(scope))
            .collect();
        let secret = format!("gl_{}", secret());
        let mut tx = self.write().await?;
        tx.insert_token(name.trim(), &digest(&secret), &scopes, now)
            .await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// `None` for a token that is unknown or revoked.
    pub async fn check_token(&self, secret: &str, now: Moment) -> Result<Option<Token>, Error> {
        let token = self.read().await?.token(&digest(secret)).await?;
        let Some(token) = token.filter(|token| token.revoked_at.is_none()) else {
            return Ok(None);
        };
        let stale = |used: Moment| now >= used.plus_millis(SEEN_STEP_MS);
        if token.used_at.is_none_or(stale) {
            let mut tx = self.write().await?;
            tx.set_token_used(token.id, now).await?;
            tx.commit().await?;
        }
        Ok(Some(token.into()))
    }

    pub async fn tokens(&self) -> Result<Vec<Token>, Error> {
        let tokens = self.read().await?.tokens().await?;
        Ok(tokens.into_iter().map(Token::from).collect())
    }

    /// `false` where there is no such token that still holds.
    pub async fn revoke_token(&self, id: i64, now: Moment) -> Result<bool, Error> {
        let mut tx = self.write().await?;
        let revoked = tx.revoke_token(id, now).await?;
        tx.commit().await?;
        Ok(revoked)
    }
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Token {
            id: row.id,
            name: row.name,
            scopes: row.scopes,
            created_at: row.created_at,
            used_at: row.used_at,
            revoked_at: row.revoked_at,
        }
    }
}
