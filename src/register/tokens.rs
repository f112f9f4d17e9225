use crate::domain::Moment;
use crate::rights::Scope;
use crate::store::{Error, Row, Tx, args, statements};

statements! {
    INSERT_TOKEN = "INSERT INTO tokens (name, digest, scopes, created_at) VALUES ($1, $2, $3, $4)";
    TOKEN = "SELECT id, name, scopes, created_at, used_at, revoked_at FROM tokens WHERE digest = $1";
    TOKEN_USED = "UPDATE tokens SET used_at = $2 WHERE id = $1 \
        AND (used_at IS NULL OR used_at < $2)";
    TOKENS = "SELECT id, name, scopes, created_at, used_at, revoked_at FROM tokens ORDER BY id";
    REVOKE_TOKEN = "UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
}

/// A bearer token, found by its secret's digest.
#[derive(Debug, Clone)]
pub struct TokenRow {
    pub id: i64,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created_at: Moment,
    pub used_at: Option<Moment>,
    pub revoked_at: Option<Moment>,
}

impl Tx {
    pub async fn insert_token(
        &mut self,
        name: &str,
        digest: &str,
        scopes: &[Scope],
        now: Moment,
    ) -> Result<(), Error> {
        let scopes: Vec<_> = scopes.iter().map(|scope| scope.word()).collect();
        self.run(INSERT_TOKEN, args![name, digest, scopes.join(" "), now])
            .await?;
        Ok(())
    }

    pub async fn token(&mut self, digest: &str) -> Result<Option<TokenRow>, Error> {
        let row = self.row(TOKEN, args![digest]).await?;
        row.as_ref().map(token_row).transpose()
    }

    pub async fn set_token_used(&mut self, id: i64, now: Moment) -> Result<(), Error> {
        self.run(TOKEN_USED, args![id, now]).await?;
        Ok(())
    }

    pub async fn tokens(&mut self) -> Result<Vec<TokenRow>, Error> {
        let rows = self.rows(TOKENS, args![]).await?;
        rows.iter().map(token_row).collect()
    }

    pub async fn revoke_token(&mut self, id: i64, now: Moment) -> Result<bool, Error> {
        Ok(self.run(REVOKE_TOKEN, args![id, now]).await? > 0)
    }
}

fn token_row(row: &Row) -> Result<TokenRow, Error> {
    let scopes: String = row.get("scopes")?;
    let read = |word: &str| {
        let scope = word.parse::<Scope>();
        scope.map_err(|_| Error::bad_word("scopes", word))
    };
    Ok(TokenRow {
        id: row.get("id")?,
        name: row.get("name")?,
        scopes: scopes
            .split_whitespace()
            .map(read)
            .collect::<Result<_, _>>()?,
        created_at: row.moment("created_at")?,
        used_at: row.maybe_moment("used_at")?,
        revoked_at: row.maybe_moment("revoked_at")?,
    })
}
