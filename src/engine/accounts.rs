//! Who may come in: people with passwords, their logins, bearer tokens.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Engine, Error};
use crate::domain::Moment;
use crate::store::{PersonRow, TokenRow};

const ADMINISTRATOR: &str = "admin";
const FAILURES_TO_LOCK: u64 = 5;
const LOCK_MS: i64 = 15 * 60_000;
const LOGIN_IDLE_MS: i64 = 30 * 60_000;
const LOGIN_MOST_MS: i64 = 12 * 3_600_000;
/// A login's and a token's last use is written once a minute at most: a read is not a write.
const SEEN_STEP_MS: i64 = 60_000;
const SHORTEST_PASSWORD: usize = 12;
/// A longer one would only cost time.
const LONGEST_PASSWORD: usize = 256;

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    pub id: i64,
    pub name: String,
    /// `administrator`.
    pub role: String,
    /// Every page but the change of the password is closed to him.
    pub must_change_password: bool,
}

/// An answer to a name and a password.
#[derive(Debug, Clone)]
pub enum LoginAnswer {
    In(Login),
    /// Wrong, unknown or locked: the same answer for all three.
    Refused,
}

/// A login (a browser's). The secret goes into the cookie and nowhere else.
#[derive(Clone)]
pub struct Login {
    pub secret: String,
    pub person: Person,
}

impl std::fmt::Debug for Login {
    /// Without the secret, so that a careless log line does not tell it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("person", &self.person)
            .finish_non_exhaustive()
    }
}

/// An answer to a wish for another password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordAnswer {
    /// Changed; every other login of the person is over.
    Changed,
    /// The old one is wrong, or the login is over.
    WrongPassword,
    /// Why the new one will not do.
    Unfit(&'static str),
}

/// A bearer token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    pub id: i64,
    pub name: String,
    pub created_at: Moment,
    pub used_at: Option<Moment>,
    pub revoked_at: Option<Moment>,
}

impl Engine {
    /// Makes the account `admin` at the first start and returns its one-time password; returns
    /// another one at each start until the first was used, for it was shown and may be lost.
    pub async fn ensure_administrator(&self, now: Moment) -> Result<Option<String>, Error> {
        let settled = |person: &PersonRow| !person.must_change_password;
        if self.administrator().await?.as_ref().is_some_and(settled) {
            return Ok(None);
        }
        let password = one_time_password();
        let hash = self.hash(password.clone()).await?;
        let mut tx = self.write().await?;
        tx.lock_people().await?;
        match tx.person_by_name(ADMINISTRATOR).await? {
            Some(person) if settled(&person) => return Ok(None),
            Some(person) => tx.set_one_time_password(person.id, &hash).await?,
            None => {
                tx.insert_person(ADMINISTRATOR, "administrator", &hash, now)
                    .await?;
            }
        }
        tx.commit().await?;
        Ok(Some(password))
    }

    async fn administrator(&self) -> Result<Option<PersonRow>, Error> {
        Ok(self.read().await?.person_by_name(ADMINISTRATOR).await?)
    }

    /// Five failures lock a name for 15 minutes, known or not.
    pub async fn log_in(
        &self,
        name: &str,
        password: &str,
        now: Moment,
    ) -> Result<LoginAnswer, Error> {
        let name_digest = digest(name);
        let person = self.read().await?.person_by_name(name).await?;
        // Counted before the password is looked at: guesses at once do not slip past the lock.
        let mut tx = self.write().await?;
        tx.lock_name(&name_digest).await?;
        let failures = match tx.login_failures(&name_digest).await? {
            Some((failures, at)) if now < at.plus_millis(LOCK_MS) => failures,
            _ => 0,
        };
        let locked = failures >= FAILURES_TO_LOCK;
        if !locked {
            let forget = now.plus_millis(-LOCK_MS);
            tx.set_login_failures(&name_digest, failures + 1, now, forget)
                .await?;
        }
        tx.commit().await?;

        // Hashed in every case, so that the time tells nothing.
        let hash = match &person {
            Some(person) => person.password_hash.clone(),
            None => self.hash_of_nobody().await?,
        };
        let right = self.verify(password, hash).await?;
        let Some(person) = person.filter(|_| right && !locked) else {
            return Ok(LoginAnswer::Refused);
        };
        let secret = secret();
        let mut tx = self.write().await?;
        tx.clear_login_failures(&name_digest).await?;
        tx.delete_logins_before(
            now.plus_millis(-LOGIN_IDLE_MS),
            now.plus_millis(-LOGIN_MOST_MS),
        )
        .await?;
        tx.insert_login(&digest(&secret), person.id, now).await?;
        tx.commit().await?;
        Ok(LoginAnswer::In(Login {
            secret,
            person: person.into(),
        }))
    }

    /// Whose login this is; over after 30 idle minutes or 12 hours. Renews the idle time.
    pub async fn login(&self, secret: &str, now: Moment) -> Result<Option<Person>, Error> {
        let digest = digest(secret);
        let Some(login) = self.read().await?.login(&digest).await? else {
            return Ok(None);
        };
        let over = now >= login.seen_at.plus_millis(LOGIN_IDLE_MS)
            || now >= login.created_at.plus_millis(LOGIN_MOST_MS);
        if over {
            self.log_out(secret).await?;
            return Ok(None);
        }
        if now >= login.seen_at.plus_millis(SEEN_STEP_MS) {
            let mut tx = self.write().await?;
            tx.set_login_seen(&digest, now).await?;
            tx.commit().await?;
        }
        Ok(Some(login.person.into()))
    }

    pub async fn log_out(&self, secret: &str) -> Result<(), Error> {
        let mut tx = self.write().await?;
        tx.delete_login(&digest(secret)).await?;
        Ok(tx.commit().await?)
    }

    /// `secret` is the login that asks; it goes on, every other one of the person ends.
    pub async fn change_password(
        &self,
        secret: &str,
        old: &str,
        new: &str,
        now: Moment,
    ) -> Result<PasswordAnswer, Error> {
        let Some(asking) = self.login(secret, now).await? else {
            return Ok(PasswordAnswer::WrongPassword);
        };
        let Some(person) = self.read().await?.person_by_name(&asking.name).await? else {
            return Ok(PasswordAnswer::WrongPassword);
        };
        if !self.verify(old, person.password_hash).await? {
            return Ok(PasswordAnswer::WrongPassword);
        }
        let length = new.chars().count();
        if length < SHORTEST_PASSWORD {
            return Ok(PasswordAnswer::Unfit("shorter than 12 characters"));
        }
        if new.len() > LONGEST_PASSWORD {
            return Ok(PasswordAnswer::Unfit("longer than 256 bytes"));
        }
        if new == old {
            return Ok(PasswordAnswer::Unfit("the same as the old one"));
        }
        let hash = self.hash(new.to_owned()).await?;
        let mut tx = self.write().await?;
        tx.set_password(person.id, &hash).await?;
        tx.delete_other_logins(person.id, &digest(secret)).await?;
        tx.commit().await?;
        Ok(PasswordAnswer::Changed)
    }

    /// Returns the secret; only its digest is kept.
    pub async fn create_token(&self, name: &str, now: Moment) -> Result<String, Error> {
        if name.trim().is_empty() || name.chars().count() > 100 {
            return Err(Error::Refused(
                "a token's name has 1 to 100 characters and tells who uses it".to_owned(),
            ));
        }
        let secret = format!("gl_{}", secret());
        let mut tx = self.write().await?;
        tx.insert_token(name.trim(), &digest(&secret), now).await?;
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

    async fn hash_of_nobody(&self) -> Result<String, Error> {
        let hash = self
            .inner
            .nobody
            .get_or_try_init(|| self.hash(secret()))
            .await?;
        Ok(hash.clone())
    }

    async fn hash(&self, password: String) -> Result<String, Error> {
        self.hashing(move || {
            Argon2::default()
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|error| Error::Other(format!("the password cannot be hashed: {error}")))
        })
        .await?
    }

    async fn verify(&self, password: &str, hash: String) -> Result<bool, Error> {
        let password: String = match password.len() <= LONGEST_PASSWORD {
            true => password.to_owned(),
            // Wrong in any case; hashed for the time only.
            false => String::new(),
        };
        self.hashing(move || {
            let hash = PasswordHash::new(&hash)
                .map_err(|error| Error::Other(format!("a stored password hash: {error}")))?;
            let verdict = Argon2::default().verify_password(password.as_bytes(), &hash);
            Ok(verdict.is_ok())
        })
        .await?
    }

    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _turn = self
            .inner
            .hashing
            .acquire()
            .await
            .expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error::Other(format!("hashing ended early: {error}")))
    }
}

/// 256 random bits, hexadecimal.
fn secret() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Some 99 random bits in letters and digits that are not mistaken for each other: `k7mq-…`.
fn one_time_password() -> String {
    const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let bytes = rand::random::<[u8; 20]>();
    let letters: String = bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 31)]))
        .collect();
    [
        &letters[..5],
        &letters[5..10],
        &letters[10..15],
        &letters[15..],
    ]
    .join("-")
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Person {
            id: row.id,
            name: row.name,
            role: row.role,
            must_change_password: row.must_change_password,
        }
    }
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Token {
            id: row.id,
            name: row.name,
            created_at: row.created_at,
            used_at: row.used_at,
            revoked_at: row.revoked_at,
        }
    }
}
