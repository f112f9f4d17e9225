//! Who may come in: people with passwords, their logins, bearer tokens.

use serde::Serialize;

use super::{Engine, Error};
use crate::domain::Moment;

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
#[derive(Debug, Clone)]
pub struct Login {
    pub secret: String,
    pub person: Person,
}

/// An answer to a wish for another password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordAnswer {
    /// Changed; every other login of the person is over.
    Changed,
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
    /// First start only: makes the account `admin` and returns its one-time password.
    pub async fn ensure_administrator(&self, _now: Moment) -> Result<Option<String>, Error> {
        todo!()
    }

    /// Five failures lock a name for 15 minutes, known or not.
    pub async fn log_in(
        &self,
        _name: &str,
        _password: &str,
        _now: Moment,
    ) -> Result<LoginAnswer, Error> {
        todo!()
    }

    /// Whose login this is; over after 30 idle minutes or 12 hours. Renews the idle time.
    pub async fn login(&self, _secret: &str, _now: Moment) -> Result<Option<Person>, Error> {
        todo!()
    }

    pub async fn log_out(&self, _secret: &str) -> Result<(), Error> {
        todo!()
    }

    /// `secret` is the login that asks; it goes on, every other one of the person ends.
    pub async fn change_password(
        &self,
        _secret: &str,
        _old: &str,
        _new: &str,
        _now: Moment,
    ) -> Result<PasswordAnswer, Error> {
        todo!()
    }

    /// Returns the secret; only its digest is kept.
    pub async fn create_token(&self, _name: &str, _now: Moment) -> Result<String, Error> {
        todo!()
    }

    pub async fn check_token(&self, _secret: &str, _now: Moment) -> Result<Option<Token>, Error> {
        todo!()
    }

    pub async fn tokens(&self) -> Result<Vec<Token>, Error> {
        todo!()
    }

    /// `false` where there is no such token that still holds.
    pub async fn revoke_token(&self, _id: i64, _now: Moment) -> Result<bool, Error> {
        todo!()
    }
}
