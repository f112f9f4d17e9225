//! One server per database: who serves it holds a lock that its death frees.
//!
//! SQLite: an exclusive lock on `<database file>.lock`, which the kernel frees. PostgreSQL: an advisory
//! lock of a session of its own, which the server frees with the session; a pooler that shares sessions
//! between clients breaks that, so the address must be the server's.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::driver::Pool;
use super::{Error, Store};

/// Between two looks whether the session is still there.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// For one look; a network that swallows everything is a lost session too.
const LOOK_TIMEOUT: Duration = Duration::from_secs(15);
/// The session of a server that was just killed needs a moment to be noticed by PostgreSQL.
const LOCK_WAIT: &str = "1s";
/// SQLSTATE `lock_not_available`.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// In the space of two keys, which no transaction of ours uses; a schema of its own is a ledger of its own.
const LOCK_SESSION: &str =
    "SELECT pg_advisory_lock(hashtext('gradeline serve'), hashtext(current_schema()))";
const LOOK: &str = "SELECT 1";

/// The right to serve a database. Dropped, it is free for the next.
#[derive(Debug)]
pub struct Claim(Kind);

#[derive(Debug)]
enum Kind {
    /// Held for its lock, which goes with it.
    Lite { _lock: File },
    Pg {
        session: Session,
        watch: JoinHandle<()>,
    },
}

impl Store {
    /// Claims the database for the one server that answers its calls. [`Error::Claimed`] where another
    /// one lives.
    pub async fn claim(&self) -> Result<Claim, Error> {
        match &self.pool {
            Pool::Lite { path, .. } => {
                let path = path.clone();
                let locked = tokio::task::spawn_blocking(move || lock_beside(&path)).await;
                let lock = locked.expect("locking a file does not panic")?;
                Ok(Claim(Kind::Lite { _lock: lock }))
            }
            Pool::Pg(pool) => {
                let session = Session::open(&pool.connect_options()).await?;
                let watch = tokio::spawn(session.clone().watch());
                Ok(Claim(Kind::Pg { session, watch }))
            }
        }
    }
}

impl Claim {
    /// Gives the database back; when it returns the next server may claim it.
    pub async fn release(self) {
        if let Kind::Pg { session, .. } = &self.0 {
            session.end().await;
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // With its watch the session's last owner goes, and the session with it.
        if let Kind::Pg { watch, .. } = &self.0 {
            watch.abort();
        }
    }
}

fn lock_beside(database: &Path) -> Result<File, Error> {
    // Two names of one file are one database.
    let mut path = database
        .canonicalize()
        .map_err(sqlx::Error::Io)?
        .into_os_string();
    path.push(".lock");
    let path = PathBuf::from(path);
    let fault = |fault| Error::Lock {
        path: path.display().to_string(),
        fault,
    };
    let opened = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = opened.map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Claimed),
        Err(TryLockError::Error(error)) => Err(fault(error)),
    }
}

/// A session of PostgreSQL that holds the lock; `None` while it is lost.
#[derive(Debug, Clone)]
struct Session {
    options: Arc<PgConnectOptions>,
    held: Arc<Mutex<Option<PgConnection>>>,
}

impl Session {
    async fn open(pool: &PgConnectOptions) -> Result<Session, Error> {
        let options = pool.clone().options([
            ("lock_timeout", LOCK_WAIT),
            ("application_name", "gradeline serve"),
            // A machine that lost its power says no goodbye: half a minute later it is gone all the same.
            ("tcp_keepalives_idle", "15"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
        ]);
        let held = lock_session(&options).await?;
        Ok(Session {
            options: Arc::new(options),
            held: Arc::new(Mutex::new(Some(held))),
        })
    }

    /// Whether the lock is held; where its session was lost, takes it again.
    async fn look(&self) -> Result<Held, Error> {
        let mut held = self.held.lock().await;
        // Taken out, so that a look that is given up leaves no session in an unknown state.
        let lost = match held.take() {
            Some(mut session) => match sqlx::query(LOOK).execute(&mut session).await {
                Ok(_) => {
                    *held = Some(session);
                    return Ok(Held::Still);
                }
                Err(error) => Some(error),
            },
            None => None,
        };
        if let Some(error) = lost {
            tracing::error!(%error, "the session that keeps a second server off the database was lost");
        }
        *held = Some(lock_session(&self.options).await?);
        Ok(Held::Again)
    }

    async fn watch(self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match tokio::time::timeout(LOOK_TIMEOUT, self.look()).await {
                Ok(Ok(Held::Still)) => {}
                Ok(Ok(Held::Again)) => tracing::info!("the database is claimed again"),
                Ok(Err(Error::Claimed)) => tracing::error!(
                    "another gradeline has claimed the database meanwhile; stop one of the two"
                ),
                Ok(Err(error)) => {
                    tracing::error!(%error, "the database is not claimed; trying again");
                }
                Err(_) => tracing::error!("the database does not answer; its claim may be lost"),
            }
        }
    }

    async fn end(&self) {
        if let Some(mut session) = self.held.lock().await.take() {
            // The end of a session frees the lock too, but a little after we have left.
            let unlocked = sqlx::query("SELECT pg_advisory_unlock_all()")
                .execute(&mut session)
                .await;
            if let Err(error) = unlocked {
                tracing::warn!(%error, "the database's claim ends with its session");
            }
            let _ = session.close().await;
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Held {
    Still,
    Again,
}

async fn lock_session(options: &PgConnectOptions) -> Result<PgConnection, Error> {
    let mut session = options.connect().await?;
    match sqlx::query(LOCK_SESSION).execute(&mut session).await {
        Ok(_) => Ok(session),
        Err(sqlx::Error::Database(error))
            if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) =>
        {
            Err(Error::Claimed)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{Place, stories};

    stories![
        a_second_server_is_refused_while_the_first_one_lives,
        a_lost_session_is_noticed_and_taken_again,
    ];

    #[test]
    fn every_story_holds_on_postgresql() {
        crate::store::testing::on_postgresql(STORIES);
    }

    async fn a_second_server_is_refused_while_the_first_one_lives(place: Place) {
        let (first, second) = (place.open().await, place.open().await);
        let claim = first.claim().await.unwrap();
        let refused = second.claim().await.unwrap_err();
        assert!(matches!(refused, Error::Claimed), "{refused}");
        assert!(refused.to_string().contains("stop it first"), "{refused}");
        // Whoever only reads and writes needs no claim.
        second.write().await.unwrap().commit().await.unwrap();
        claim.release().await;
        let claim = second.claim().await.unwrap();
        // Dropped without a word, as at a panic.
        drop(claim);
        first.claim().await.unwrap().release().await;
        if place.is_sqlite() {
            let path = place.url.strip_prefix("sqlite:").unwrap();
            let link = format!("{path}-by-another-name");
            std::os::unix::fs::symlink(path, &link).unwrap();
            let _claim = first.claim().await.unwrap();
            let linked = Store::open(&format!("sqlite:{link}")).await.unwrap();
            assert!(matches!(linked.claim().await, Err(Error::Claimed)));
        }
    }

    async fn a_lost_session_is_noticed_and_taken_again(place: Place) {
        let store = place.open().await;
        let claim = store.claim().await.unwrap();
        let Kind::Pg { session, .. } = &claim.0 else {
            // A file's lock cannot be lost.
            assert!(place.is_sqlite());
            return;
        };
        assert_eq!(session.look().await.unwrap(), Held::Still);
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND application_name = 'gradeline serve'";
        store.raw(cut).await.unwrap();
        let other = store.claim().await.unwrap();
        let taken = session.look().await;
        assert!(matches!(taken, Err(Error::Claimed)), "{taken:?}");
        other.release().await;
        assert_eq!(session.look().await.unwrap(), Held::Again);
        assert!(matches!(store.claim().await, Err(Error::Claimed)));
    }
}
