//! SQLite's one writer, shared by those who wait for it; it knows nothing of what they write: transactions that are ready at the same time
//! are committed and synced together, so that the disk's sync is paid once for all of them.
//!
//! **Invariants:** writers have their turn in the order in which they asked. `commit` returns only when
//! the commit that holds the work is synced; where that fails, everybody in it is told so. Work that is
//! dropped leaves nothing, whatever the others did.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Sqlite, Transaction};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard, oneshot};

/// Where the work of one in a group begins; the first one's begins with the transaction itself.
const BEGIN: &str = "SAVEPOINT turn";
const KEEP: &str = "RELEASE turn";
const UNDO: &str = "ROLLBACK TO turn; RELEASE turn";

/// The writer and its queue.
pub struct Writers {
    pool: SqlitePool,
    patience: Duration,
    /// Its lock is the queue.
    group: Arc<Mutex<Group>>,
    /// There is something to commit or to undo.
    due: Arc<Notify>,
}

#[derive(Default)]
struct Group {
    open: Option<Transaction<'static, Sqlite>>,
    /// Whose work is done; they wait for the commit.
    done: Vec<oneshot::Sender<Result<(), sqlx::Error>>>,
    /// Somebody has, or had, a turn that is not done.
    undone: bool,
}

/// The right to write, until it is committed or dropped.
pub struct Turn {
    group: OwnedMutexGuard<Group>,
    first: bool,
    due: Arc<Notify>,
}

impl Writers {
    /// Must be called within a runtime. A writer that waits longer than `patience` is told so.
    pub fn new(pool: SqlitePool, patience: Duration) -> Arc<Writers> {
        let writers = Arc::new(Writers {
            pool,
            patience,
            group: Arc::default(),
            due: Arc::default(),
        });
        let due = Arc::clone(&writers.due);
        tokio::spawn(commit_what_is_due(Arc::downgrade(&writers), due));
        writers
    }

    /// Waits for its turn and begins.
    pub async fn begin(&self) -> Result<Turn, sqlx::Error> {
        let turn = Arc::clone(&self.group).lock_owned();
        let mut group = tokio::time::timeout(self.patience, turn)
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)?;
        // A fault here is of the one before.
        let _ = group.undo().await;
        let first = group.open.is_none();
        if first {
            group.open = Some(begin_lite(&self.pool, "BEGIN IMMEDIATE").await?);
        }
        group.undone = true;
        let mut turn = Turn {
            group,
            first,
            due: Arc::clone(&self.due),
        };
        if !first {
            sqlx::raw_sql(BEGIN).execute(&mut *turn).await?;
        }
        Ok(turn)
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.due.notify_one();
    }
}

/// Takes its turn behind those who wait already, so that their work is in the commit.
async fn commit_what_is_due(writers: Weak<Writers>, due: Arc<Notify>) {
    loop {
        due.notified().await;
        let Some(group) = writers.upgrade().map(|writers| Arc::clone(&writers.group)) else {
            return;
        };
        group.lock().await.commit().await;
    }
}

impl Turn {
    /// Returns when the work is committed and synced.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        if !self.first {
            sqlx::raw_sql(KEEP).execute(&mut *self).await?;
        }
        let (told, commit) = oneshot::channel();
        self.group.done.push(told);
        self.group.undone = false;
        // Gives the turn on.
        drop(self);
        commit.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    /// Leaves nothing, and says when that is done.
    pub async fn roll_back(mut self) -> Result<(), sqlx::Error> {
        self.group.undo().await
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.due.notify_one();
    }
}

impl Deref for Turn {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.group.open.as_ref().expect("a turn has a transaction")
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.group.open.as_mut().expect("a turn has a transaction")
    }
}

impl Group {
    /// Takes back what the last turn left undone; where that fails, whoever is in the group is told so.
    async fn undo(&mut self) -> Result<(), sqlx::Error> {
        if !std::mem::take(&mut self.undone) {
            return Ok(());
        }
        if self.done.is_empty() {
            // Nobody else is in it. Where it cannot be rolled back, it is given up with its connection.
            return match self.open.take() {
                Some(open) => open.rollback().await,
                None => Ok(()),
            };
        }
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        match sqlx::raw_sql(UNDO).execute(&mut **open).await {
            // It was given up before it had begun.
            Err(error) if error.to_string().contains("no such savepoint") => Ok(()),
            Err(error) => {
                self.end(Err(error));
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    async fn commit(&mut self) {
        let _ = self.undo().await;
        if self.done.is_empty() {
            return;
        }
        let committed = match self.open.take() {
            Some(open) => open.commit().await,
            None => Err(sqlx::Error::WorkerCrashed),
        };
        self.end(committed);
    }

    /// Tells everybody in it what became of it.
    fn end(&mut self, result: Result<(), sqlx::Error>) {
        self.open = None;
        let fault = result.as_ref().err().map(ToString::to_string);
        let mut first = Some(result);
        for told in self.done.drain(..) {
            let result = first.take().unwrap_or_else(|| match &fault {
                Some(fault) => Err(sqlx::Error::Protocol(fault.clone())),
                None => Ok(()),
            });
            // Who does not wait any more learns it from the rows.
            let _ = told.send(result);
        }
    }
}

/// On a full disk SQLite rolls a transaction back by itself; the driver still counts it as open and
/// would refuse every later one on that connection. Such a connection is replaced.
pub async fn begin_lite(
    pool: &SqlitePool,
    begin: &'static str,
) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    for _ in 0..pool.options().get_max_connections() {
        match pool.begin_with(begin).await {
            Err(sqlx::Error::InvalidSavePointStatement) => {
                // The connection just given back is the one that is given out next.
                pool.acquire().await?.close().await?;
            }
            begun => return begun,
        }
    }
    pool.begin_with(begin).await
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use sqlx::sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
    };

    use super::*;

    async fn writers(folder: &tempfile::TempDir) -> Arc<Writers> {
        let path = folder.path().join("group.db");
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect_with(options).await.unwrap();
        sqlx::raw_sql("CREATE TABLE t (n BIGINT NOT NULL UNIQUE)")
            .execute(&pool)
            .await
            .unwrap();
        Writers::new(pool, Duration::from_secs(10))
    }

    async fn insert(turn: &mut Turn, number: i64) -> Result<(), sqlx::Error> {
        let statement = sqlx::query("INSERT INTO t (n) VALUES ($1)").bind(number);
        statement.execute(&mut **turn).await.map(drop)
    }

    async fn numbers(writers: &Writers) -> Vec<i64> {
        let mut turn = writers.begin().await.unwrap();
        sqlx::query_scalar("SELECT n FROM t ORDER BY n")
            .fetch_all(&mut *turn)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn many_at_once_are_all_committed_and_one_that_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let writers = writers(&folder).await;
        let work = (0..40i64).map(|number| {
            let writers = Arc::clone(&writers);
            async move {
                let mut turn = writers.begin().await?;
                insert(&mut turn, number).await?;
                match number % 4 {
                    // Dropped undone.
                    1 => Ok(false),
                    // A statement fails, and with it the work.
                    2 => insert(&mut turn, number).await.map(|()| true),
                    _ => turn.commit().await.map(|()| true),
                }
            }
        });
        let results = join_all(work).await;
        let committed: Vec<i64> = (0..40).filter(|number| number % 4 % 3 == 0).collect();
        for (number, result) in results.into_iter().enumerate() {
            assert_eq!(result.is_err(), number % 4 == 2, "{number}");
        }
        assert_eq!(numbers(&writers).await, committed);
    }

    #[tokio::test]
    async fn who_is_dropped_while_he_waits_for_the_commit_is_committed_with_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let writers = writers(&folder).await;
        let mut turn = writers.begin().await.unwrap();
        insert(&mut turn, 1).await.unwrap();
        let second = writers.begin();
        let mut commit = Box::pin(turn.commit());
        assert!(futures::poll!(&mut commit).is_pending());
        drop(commit);
        let mut second = second.await.unwrap();
        insert(&mut second, 2).await.unwrap();
        second.commit().await.unwrap();
        assert_eq!(numbers(&writers).await, [1, 2]);
    }

    #[tokio::test]
    async fn a_commit_is_there_for_another_connection_when_it_returns() {
        let folder = tempfile::tempdir().unwrap();
        let writers = writers(&folder).await;
        let mut turn = writers.begin().await.unwrap();
        insert(&mut turn, 7).await.unwrap();
        turn.commit().await.unwrap();
        let url = format!("sqlite:{}", folder.path().join("group.db").display());
        let other = SqlitePool::connect(&url).await.unwrap();
        let found: i64 = sqlx::query_scalar("SELECT n FROM t")
            .fetch_one(&other)
            .await
            .unwrap();
        assert_eq!(found, 7);
    }
}
