//! Rows of logins and of names that were guessed at.

use super::people::{PersonRow, number, person_row};
use crate::domain::{Moment, PersonId};
use crate::store::{Error, Tx, args, statements};

statements! {
    INSERT_LOGIN = "INSERT INTO logins (digest, person_id, created_at, seen_at) \
        VALUES ($1, $2, $3, $3)";
    LOGIN = "SELECT l.created_at AS login_at, l.seen_at, l.busy_until, p.id AS person, p.name, p.full_name, \
        p.staff, p.password_hash, p.must_change_password, p.created_at, p.disabled_at \
        FROM logins l JOIN people p ON p.id = l.person_id \
        WHERE l.digest = $1 AND p.disabled_at IS NULL";
    SEEN = "UPDATE logins SET seen_at = $2 WHERE digest = $1 AND seen_at < $2";
    DELETE_LOGIN = "DELETE FROM logins WHERE digest = $1";
    DELETE_OTHER_LOGINS = "DELETE FROM logins WHERE person_id = $1 AND digest <> $2";
    DELETE_OLD_LOGINS = "DELETE FROM logins WHERE (seen_at < $1 OR created_at < $2) \
        AND (busy_until IS NULL OR busy_until <= $3)";
    BUSY = "UPDATE logins SET busy_until = $2 WHERE digest = $1";
    FAILURES = "SELECT failures, last_at FROM login_failures WHERE name_digest = $1";
    SET_FAILURES = "INSERT INTO login_failures (name_digest, failures, last_at) \
        VALUES ($1, $2, $3) ON CONFLICT (name_digest) DO UPDATE SET \
        failures = excluded.failures, last_at = excluded.last_at";
    DELETE_FAILURES = "DELETE FROM login_failures WHERE name_digest = $1";
    DELETE_OLD_FAILURES = "DELETE FROM login_failures WHERE last_at < $1";
}

/// A login, found by its secret's digest.
#[derive(Debug, Clone)]
pub struct LoginRow {
    pub person: PersonRow,
    pub created_at: Moment,
    pub seen_at: Moment,
    /// Until then its desk's page is in a talk, or in the work after it.
    pub busy_until: Option<Moment>,
}

impl Tx {
    pub async fn insert_login(
        &mut self,
        digest: &str,
        person: &PersonId,
        now: Moment,
    ) -> Result<(), Error> {
        self.run(INSERT_LOGIN, args![digest, number(person), now])
            .await?;
        Ok(())
    }

    /// `None` also for a person who is disabled.
    pub async fn login(&mut self, digest: &str) -> Result<Option<LoginRow>, Error> {
        let row = self.row(LOGIN, args![digest]).await?;
        row.map(|row| {
            Ok(LoginRow {
                person: person_row(&row)?,
                created_at: row.moment("login_at")?,
                seen_at: row.moment("seen_at")?,
                busy_until: row.maybe_moment("busy_until")?,
            })
        })
        .transpose()
    }

    pub async fn set_login_seen(&mut self, digest: &str, now: Moment) -> Result<(), Error> {
        self.run(SEEN, args![digest, now]).await?;
        Ok(())
    }

    /// Until when its desk's page is busy; `None`: no longer.
    pub async fn set_login_busy(
        &mut self,
        digest: &str,
        until: Option<Moment>,
    ) -> Result<(), Error> {
        self.run(BUSY, args![digest, until]).await?;
        Ok(())
    }

    pub async fn delete_login(&mut self, digest: &str) -> Result<(), Error> {
        self.run(DELETE_LOGIN, args![digest]).await?;
        Ok(())
    }

    /// All but one; with an empty `keep`, all.
    pub async fn delete_other_logins(
        &mut self,
        person: &PersonId,
        keep: &str,
    ) -> Result<(), Error> {
        self.run(DELETE_OTHER_LOGINS, args![number(person), keep])
            .await?;
        Ok(())
    }

    pub async fn delete_logins_before(
        &mut self,
        seen: Moment,
        created: Moment,
        now: Moment,
    ) -> Result<(), Error> {
        self.run(DELETE_OLD_LOGINS, args![seen, created, now])
            .await?;
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
}
