//! Rows of people, their logins and tokens. Secrets are here as digests only.

use super::driver::{Row, Tx, args};
use super::{Error, statements};
use crate::domain::Moment;

statements! {
    INSERT_PERSON = "INSERT INTO people (name, role, password_hash, must_change_password, \
        created_at) VALUES ($1, $2, $3, TRUE, $4)";
    PERSON_BY_NAME = "SELECT id, name, role, password_hash, must_change_password FROM people \
        WHERE name = $1";
    SET_PASSWORD = "UPDATE people SET password_hash = $2, must_change_password = FALSE \
        WHERE id = $1";
    SET_ONE_TIME_PASSWORD = "UPDATE people SET password_hash = $2 \
        WHERE id = $1 AND must_change_password = TRUE";
    INSERT_LOGIN = "INSERT INTO logins (digest, person_id, created_at, seen_at) \
        VALUES ($1, $2, $3, $3)";
    LOGIN = "SELECT l.created_at, l.seen_at, p.id, p.name, p.role, p.password_hash, \
        p.must_change_password FROM logins l JOIN people p ON p.id = l.person_id \
        WHERE l.digest = $1";
    SEEN = "UPDATE logins SET seen_at = $2 WHERE digest = $1 AND seen_at < $2";
    DELETE_LOGIN = "DELETE FROM logins WHERE digest = $1";
    DELETE_OTHER_LOGINS = "DELETE FROM logins WHERE person_id = $1 AND digest <> $2";
    DELETE_OLD_LOGINS = "DELETE FROM logins WHERE seen_at < $1 OR created_at < $2";
    FAILURES = "SELECT failures, last_at FROM login_failures WHERE name_digest = $1";
    SET_FAILURES = "INSERT INTO login_failures (name_digest, failures, last_at) \
        VALUES ($1, $2, $3) ON CONFLICT (name_digest) DO UPDATE SET \
        failures = excluded.failures, last_at = excluded.last_at";
    DELETE_FAILURES = "DELETE FROM login_failures WHERE name_digest = $1";
    DELETE_OLD_FAILURES = "DELETE FROM login_failures WHERE last_at < $1";
    INSERT_TOKEN = "INSERT INTO tokens (name, digest, created_at) VALUES ($1, $2, $3)";
    TOKEN = "SELECT id, name, created_at, used_at, revoked_at FROM tokens WHERE digest = $1";
    TOKEN_USED = "UPDATE tokens SET used_at = $2 WHERE id = $1 \
        AND (used_at IS NULL OR used_at < $2)";
    TOKENS = "SELECT id, name, created_at, used_at, revoked_at FROM tokens ORDER BY id";
    REVOKE_TOKEN = "UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
}

/// Somebody with an account and the hash of the password.
#[derive(Debug, Clone)]
pub struct PersonRow {
    pub id: i64,
    pub name: String,
    pub role: String,
    /// A PHC string.
    pub password_hash: String,
    pub must_change_password: bool,
}

/// A login, found by its secret's digest.
#[derive(Debug, Clone)]
pub struct LoginRow {
    pub person: PersonRow,
    pub created_at: Moment,
    pub seen_at: Moment,
}

/// A bearer token, found by its secret's digest.
#[derive(Debug, Clone)]
pub struct TokenRow {
    pub id: i64,
    pub name: String,
    pub created_at: Moment,
    pub used_at: Option<Moment>,
    pub revoked_at: Option<Moment>,
}

impl Tx {
    /// Makes two starts at once wait for each other.
    pub async fn lock_people(&mut self) -> Result<(), Error> {
        self.lock("people").await
    }

    /// With a password that must be changed.
    pub async fn insert_person(
        &mut self,
        name: &str,
        role: &str,
        password_hash: &str,
        now: Moment,
    ) -> Result<(), Error> {
        self.run(INSERT_PERSON, args![name, role, password_hash, now])
            .await?;
        Ok(())
    }

    pub async fn person_by_name(&mut self, name: &str) -> Result<Option<PersonRow>, Error> {
        let row = self.row(PERSON_BY_NAME, args![name]).await?;
        row.as_ref().map(person_row).transpose()
    }

    pub async fn set_password(&mut self, person: i64, hash: &str) -> Result<(), Error> {
        self.run(SET_PASSWORD, args![person, hash]).await?;
        Ok(())
    }

    /// Only for a person who never used the one before.
    pub async fn set_one_time_password(&mut self, person: i64, hash: &str) -> Result<(), Error> {
        self.run(SET_ONE_TIME_PASSWORD, args![person, hash]).await?;
        Ok(())
    }

    pub async fn insert_login(
        &mut self,
        digest: &str,
        person: i64,
        now: Moment,
    ) -> Result<(), Error> {
        self.run(INSERT_LOGIN, args![digest, person, now]).await?;
        Ok(())
    }

    pub async fn login(&mut self, digest: &str) -> Result<Option<LoginRow>, Error> {
        let row = self.row(LOGIN, args![digest]).await?;
        row.map(|row| {
            Ok(LoginRow {
                person: person_row(&row)?,
                created_at: row.moment("created_at")?,
                seen_at: row.moment("seen_at")?,
            })
        })
        .transpose()
    }

    pub async fn set_login_seen(&mut self, digest: &str, now: Moment) -> Result<(), Error> {
        self.run(SEEN, args![digest, now]).await?;
        Ok(())
    }

    pub async fn delete_login(&mut self, digest: &str) -> Result<(), Error> {
        self.run(DELETE_LOGIN, args![digest]).await?;
        Ok(())
    }

    pub async fn delete_other_logins(&mut self, person: i64, keep: &str) -> Result<(), Error> {
        self.run(DELETE_OTHER_LOGINS, args![person, keep]).await?;
        Ok(())
    }

    pub async fn delete_logins_before(
        &mut self,
        seen: Moment,
        created: Moment,
    ) -> Result<(), Error> {
        self.run(DELETE_OLD_LOGINS, args![seen, created]).await?;
        Ok(())
    }

    /// Failures of a name in a row, and when the last one was.
    pub async fn login_failures(
        &mut self,
        name_digest: &str,
    ) -> Result<Option<(u64, Moment)>, Error> {
        let row = self.row(FAILURES, args![name_digest]).await?;
        row.map(|row| Ok((row.count("failures")?, row.moment("last_at")?)))
            .transpose()
    }

    pub async fn lock_name(&mut self, name_digest: &str) -> Result<(), Error> {
        self.lock(name_digest).await
    }

    /// Sets the count and forgets names whose last failure was before `forget`.
    pub async fn set_login_failures(
        &mut self,
        name_digest: &str,
        failures: u64,
        now: Moment,
        forget: Moment,
    ) -> Result<(), Error> {
        self.run(DELETE_OLD_FAILURES, args![forget]).await?;
        self.run(SET_FAILURES, args![name_digest, failures, now])
            .await?;
        Ok(())
    }

    pub async fn clear_login_failures(&mut self, name_digest: &str) -> Result<(), Error> {
        self.run(DELETE_FAILURES, args![name_digest]).await?;
        Ok(())
    }

    pub async fn insert_token(
        &mut self,
        name: &str,
        digest: &str,
        now: Moment,
    ) -> Result<(), Error> {
        self.run(INSERT_TOKEN, args![name, digest, now]).await?;
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

fn person_row(row: &Row) -> Result<PersonRow, Error> {
    Ok(PersonRow {
        id: row.get("id")?,
        name: row.get("name")?,
        role: row.get("role")?,
        password_hash: row.get("password_hash")?,
        must_change_password: row.get("must_change_password")?,
    })
}

fn token_row(row: &Row) -> Result<TokenRow, Error> {
    Ok(TokenRow {
        id: row.get("id")?,
        name: row.get("name")?,
        created_at: row.moment("created_at")?,
        used_at: row.maybe_moment("used_at")?,
        revoked_at: row.maybe_moment("revoked_at")?,
    })
}
