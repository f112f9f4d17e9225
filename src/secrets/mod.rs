//! Passwords and secrets: made, hashed, compared. The only room that names `argon2`.
//!
//! **Invariant:** nothing that opens a door is kept but as a digest, and an unknown name costs as much
//! time as a known one.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore};

/// A longer password would only cost time.
pub const LONGEST_PASSWORD: usize = 256;

/// Hashing went wrong: a fault.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// The house's hashing: two at a time, for each takes 19 MiB and a core.
pub struct Passwords {
    /// A hash of no password: an unknown name costs as much time as a known one.
    nobody: OnceCell<String>,
    turns: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Passwords {
            nobody: OnceCell::new(),
            turns: Semaphore::new(2),
        }
    }
}

impl Passwords {
    /// A PHC string.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        self.in_turn(move || {
            Argon2::default()
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|error| Error(format!("the password cannot be hashed: {error}")))
        })
        .await?
    }

    /// What to verify against where there is nobody of that name.
    pub async fn of_nobody(&self) -> Result<String, Error> {
        let hash = self.nobody.get_or_try_init(|| self.hash(secret())).await?;
        Ok(hash.clone())
    }

    /// Whether the password is the one of this PHC string.
    pub async fn verify(&self, password: &str, hash: String) -> Result<bool, Error> {
        let password: String = match password.len() <= LONGEST_PASSWORD {
            true => password.to_owned(),
            // Wrong in any case; hashed for the time only.
            false => String::new(),
        };
        self.in_turn(move || {
            let hash = PasswordHash::new(&hash)
                .map_err(|error| Error(format!("a stored password hash: {error}")))?;
            let verdict = Argon2::default().verify_password(password.as_bytes(), &hash);
            Ok(verdict.is_ok())
        })
        .await?
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _turn = self
            .turns
            .acquire()
            .await
            .expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error(format!("hashing ended early: {error}")))
    }
}

/// 256 random bits, hexadecimal.
pub fn secret() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// SHA-256, hexadecimal: how a secret is found again.
pub fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Some 99 random bits in letters and digits that are not mistaken for each other: `k7mq2-…`.
pub fn one_time_password() -> String {
    const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let bytes = rand::random::<[u8; 20]>();
    let letters: String = bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 31)]))
        .collect();
    let parts = [
        &letters[..5],
        &letters[5..10],
        &letters[10..15],
        &letters[15..],
    ];
    parts.join("-")
}
