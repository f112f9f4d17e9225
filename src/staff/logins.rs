//! Coming in: the first account, passwords, logins.

use super::people::Person;
use crate::domain::{Moment, Post, Role, UnitId};
use crate::engine::{Engine, Error};
use crate::register::{LoginRow, NewPerson, PersonRow};
use crate::rights::Tenure;
use crate::secrets::{LONGEST_PASSWORD, digest, one_time_password, secret};

/// The account of the first start. It keeps the house and sees no case but rehearsals.
const ADMINISTRATOR: &str = "admin";
const FAILURES_TO_LOCK: u64 = 5;
const LOCK_MS: i64 = 15 * 60_000;
const LOGIN_IDLE_MS: i64 = 30 * 60_000;
const LOGIN_MOST_MS: i64 = 12 * 3_600_000;
/// A desk's page that was busy is taken to be so for this long: longer than a look at it may be late.
const BUSY_MS: i64 = 5 * 60_000;
/// A login's last use is written once a minute at most: a read is not a write.
pub(super) const SEEN_STEP_MS: i64 = 60_000;
const SHORTEST_PASSWORD: usize = 12;

/// An answer to a name and a password.
#[derive(Debug, Clone)]
pub enum LoginAnswer {
    In(Login),
    /// Wrong, unknown, disabled or locked: the same answer for all four.
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

/// The login of a desk's page.
#[derive(Debug, Clone)]
pub struct DeskLogin {
    pub person: Person,
    /// When its twelve hours are over; it goes on to the end of a talk.
    pub ends_at: Moment,
}

/// When it ends by time alone.
fn ends_at(login: &LoginRow) -> Moment {
    let idle = login.seen_at.plus_millis(LOGIN_IDLE_MS);
    idle.min(login.created_at.plus_millis(LOGIN_MOST_MS))
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

impl Engine {
    /// Makes the account `admin` at the first start and returns its one-time password; returns
    /// another one at each start until the first was used, for it was shown and may be lost.
    pub async fn ensure_administrator(&self, now: Moment) -> Result<Option<String>, Error> {
        let settled = |person: &PersonRow| !person.must_change_password;
        let known = self.read().await?.person_by_name(ADMINISTRATOR).await?;
        if known.as_ref().is_some_and(settled) {
            return Ok(None);
        }
        let password = one_time_password();
        let hash = self.passwords().hash(password.clone()).await?;
        let mut tx = self.write().await?;
        tx.lock_people().await?;
        match tx.person_by_name(ADMINISTRATOR).await? {
            Some(person) if settled(&person) => return Ok(None),
            Some(person) => tx.set_one_time_password(&person.id, &hash).await?,
            None => {
                let new = NewPerson {
                    name: ADMINISTRATOR,
                    full_name: Role::Administrator.zh(),
                    staff: None,
                    password_hash: &hash,
                };
                let post = Tenure {
                    post: Post {
                        role: Role::Administrator,
                        unit: UnitId::centre(),
                    },
                    seconded_from: None,
                    from: now.day(),
                    until: None,
                };
                let person = tx.enter_person(&new, now).await?;
                tx.insert_post(&person, &post, "first start", now).await?;
            }
        }
        tx.commit().await?;
        Ok(Some(password))
    }

    /// Five failures lock a name for 15 minutes, known or not.
    pub async fn log_in(
        &self,
        name: &str,
        password: &str,
        now: Moment,
    ) -> Result<LoginAnswer, Error> {
        let Some(person) = self.proven(name, password, now).await? else {
            return Ok(LoginAnswer::Refused);
        };
        let secret = secret();
        let mut tx = self.write().await?;
        tx.delete_logins_before(
            now.plus_millis(-LOGIN_IDLE_MS),
            now.plus_millis(-LOGIN_MOST_MS),
            now,
        )
        .await?;
        tx.insert_login(&digest(&secret), &person.id, now).await?;
        let person = tx.whole_person(person, now).await?;
        tx.commit().await?;
        Ok(LoginAnswer::In(Login { secret, person }))
    }

    /// The person whose name and password these are; `None` for wrong, unknown, disabled and locked.
    pub(super) async fn proven(
        &self,
        name: &str,
        password: &str,
        now: Moment,
    ) -> Result<Option<PersonRow>, Error> {
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
            None => self.passwords().of_nobody().await?,
        };
        let right = self.passwords().verify(password, hash).await?;
        let known = |person: &PersonRow| right && !locked && person.disabled_at.is_none();
        let Some(person) = person.filter(known) else {
            return Ok(None);
        };
        let mut tx = self.write().await?;
        tx.clear_login_failures(&name_digest).await?;
        tx.commit().await?;
        Ok(Some(person))
    }

    /// Whose login this is; over after 30 idle minutes or 12 hours, though not while its desk's page is busy. Renews the
    /// idle time.
    pub async fn login(&self, secret: &str, now: Moment) -> Result<Option<Person>, Error> {
        let digest = digest(secret);
        let mut tx = self.read().await?;
        let Some(login) = tx.login(&digest).await? else {
            return Ok(None);
        };
        let is_busy = login.busy_until.is_some_and(|until| now < until);
        if now >= ends_at(&login) && !is_busy {
            drop(tx);
            self.log_out(secret).await?;
            return Ok(None);
        }
        let person = tx.whole_person(login.person, now).await?;
        drop(tx);
        if now >= login.seen_at.plus_millis(SEEN_STEP_MS) {
            let mut tx = self.write().await?;
            tx.set_login_seen(&digest, now).await?;
            tx.commit().await?;
        }
        Ok(Some(person))
    }

    /// The login of a desk's page. While the page is `busy`, in a talk or in the work after it, time alone does not end it:
    /// the limits are applied when that is over. What an administrator takes away is gone at once all the same.
    pub async fn desk_login(
        &self,
        secret: &str,
        busy: bool,
        now: Moment,
    ) -> Result<Option<DeskLogin>, Error> {
        let digest = digest(secret);
        let Some(login) = self.read().await?.login(&digest).await? else {
            return Ok(None);
        };
        let is_near = now >= ends_at(&login).plus_millis(-BUSY_MS);
        let until = (busy && is_near).then(|| now.plus_millis(BUSY_MS));
        if until != login.busy_until {
            let mut tx = self.write().await?;
            tx.set_login_busy(&digest, until).await?;
            tx.commit().await?;
        }
        let ends_at = login.created_at.plus_millis(LOGIN_MOST_MS);
        let person = self.login(secret, now).await?;
        Ok(person.map(|person| DeskLogin { person, ends_at }))
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
        if !self.passwords().verify(old, person.password_hash).await? {
            return Ok(PasswordAnswer::WrongPassword);
        }
        if new.chars().count() < SHORTEST_PASSWORD {
            return Ok(PasswordAnswer::Unfit("shorter than 12 characters"));
        }
        if new.len() > LONGEST_PASSWORD {
            return Ok(PasswordAnswer::Unfit("longer than 256 bytes"));
        }
        if new == old {
            return Ok(PasswordAnswer::Unfit("the same as the old one"));
        }
        let hash = self.passwords().hash(new.to_owned()).await?;
        let mut tx = self.write().await?;
        tx.set_password(&person.id, &hash, false).await?;
        tx.delete_other_logins(&person.id, &digest(secret)).await?;
        tx.commit().await?;
        Ok(PasswordAnswer::Changed)
    }
}
