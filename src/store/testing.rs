//! Databases for tests: a file of its own per story on SQLite, a database of its own per story in
//! one temporary cluster on PostgreSQL.

mod cluster;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use cluster::Cluster;
use futures::future::BoxFuture;
use sqlx::{AssertSqlSafe, Column as _, Executor as _, Row as _, SqlSafeStr as _, Statement as _};

use super::driver::{Pool, args};
use super::{
    Error, Store, calls, cases, deadlines, driver, listenings, ratings, retries, spans, tickets,
    trail, uncounted, unrecorded, waits,
};

/// A database of a story's own.
pub(crate) struct Place {
    pub(crate) url: String,
    _dir: Option<tempfile::TempDir>,
}

impl Place {
    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// A new file in a folder that goes with the place.
    pub(crate) fn sqlite(dir: tempfile::TempDir) -> Place {
        Place {
            url: format!("sqlite:{}/new/ledger.db", dir.path().display()),
            _dir: Some(dir),
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

impl Store {
    /// A SQLite store whose writer gives up soon.
    pub(crate) async fn open_impatient(place: &Place) -> Store {
        let path = place.url.strip_prefix("sqlite:").unwrap();
        let pool = Pool::lite_waiting(Path::new(path), Duration::from_millis(20)).await;
        Store {
            pool: pool.unwrap(),
        }
    }

    /// What a PRAGMA of SQLite's writer says.
    pub(crate) async fn number(&self, pragma: &str) -> i64 {
        let Pool::Lite { writer, .. } = &self.pool else {
            unreachable!("only SQLite has pragmas")
        };
        let asked = sqlx::query_scalar(AssertSqlSafe(pragma));
        asked.fetch_one(writer).await.unwrap()
    }

    /// How SQLite goes about a statement, a step a line.
    pub(crate) async fn plan(&self, sql: &str) -> Vec<String> {
        let Pool::Lite { writer, .. } = &self.pool else {
            unreachable!("only SQLite tells its plan before it has rows")
        };
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let steps = sqlx::query(AssertSqlSafe(sql)).fetch_all(writer).await;
        let steps = steps.unwrap();
        steps.iter().map(|step| step.get("detail")).collect()
    }

    /// Whether somebody waits for a lock of this database; on SQLite nobody is told of.
    pub(crate) async fn has_who_waits_for_a_lock(&self) -> bool {
        let Pool::Pg(pool) = &self.pool else {
            return false;
        };
        let waiting = "SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
            WHERE NOT l.granted AND d.datname = current_database())";
        sqlx::query_scalar(waiting).fetch_one(pool).await.unwrap()
    }

    /// Runs any statement on the writer.
    pub(crate) async fn raw(&self, sql: &str) -> Result<(), Error> {
        match &self.pool {
            Pool::Lite { writer, .. } => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(writer).await?;
            }
            Pool::Pg(pool) => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await?;
            }
        }
        Ok(())
    }
}

pub(crate) use super::driver::STATEMENTS_LEFT;

impl Store {
    /// Every row of every table of a SQLite database.
    pub(crate) async fn everything(&self) -> BTreeSet<String> {
        let Pool::Lite { writer, .. } = &self.pool else {
            unreachable!("only SQLite is told whole")
        };
        let names = "SELECT m.name, group_concat('quote(\"' || c.name || '\")', '||'',''||') \
            FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' GROUP BY m.name";
        let tables: Vec<(String, String)> = sqlx::query_as(names).fetch_all(writer).await.unwrap();
        let mut all = BTreeSet::new();
        for (table, columns) in tables {
            let sql = format!("SELECT {columns} FROM {table}");
            let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_all(writer)
                .await
                .unwrap();
            all.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
        }
        all
    }
}

/// A database of the place as an older version left it: its schema up to migration `last`, with these rows.
pub(crate) async fn older(place: &Place, last: i64, rows: &str) {
    let until = |all: sqlx::migrate::Migrator| {
        let known = all.iter().filter(|migration| migration.version <= last);
        sqlx::migrate::Migrator::with_migrations(known.cloned().collect())
    };
    if !place.is_sqlite() {
        let pool = sqlx::PgPool::connect(&place.url).await.unwrap();
        let all = until(sqlx::migrate!("src/store/migrations/postgres"));
        all.run(&pool).await.unwrap();
        let rows = sqlx::raw_sql(AssertSqlSafe(rows)).execute(&pool).await;
        rows.unwrap();
        return pool.close().await;
    }
    let path = Path::new(place.url.strip_prefix("sqlite:").unwrap());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let all = until(sqlx::migrate!("src/store/migrations/sqlite"));
    all.run(&pool).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(rows))
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
}

impl super::Tx {
    /// How many notices of a kind are in the outbox.
    pub(crate) async fn notices_of(&mut self, kind: &str) -> Result<usize, Error> {
        let sql = "SELECT COUNT(*) AS notices FROM notices WHERE kind = $1";
        let row = self.row(sql, args![kind]).await?;
        Ok(row.map_or(0, |row| row.count("notices").unwrap_or(0)) as usize)
    }

    /// As [`notices_of`](Self::notices_of), about one thing.
    pub(crate) async fn notices_about(&mut self, kind: &str, about: &str) -> Result<u64, Error> {
        let sql = "SELECT COUNT(*) AS notices FROM notices WHERE kind = $1 AND subject = $2";
        let row = self.row(sql, args![kind, about]).await?;
        row.map_or(Ok(0), |row| row.count("notices"))
    }
}

/// A test on either database.
pub(crate) type Story = (&'static str, fn(Place) -> BoxFuture<'static, ()>);

/// Every story becomes a test on SQLite and a line of the one test on PostgreSQL.
macro_rules! stories {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[test]
            fn $name() {
                crate::store::testing::on_sqlite(|place| Box::pin(super::$name(place)));
            })*
        }
        const STORIES: &[crate::store::testing::Story] =
            &[$((stringify!($name), |place| Box::pin($name(place)))),*];
    };
}
pub(crate) use stories;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

pub(crate) fn on_sqlite(story: fn(Place) -> BoxFuture<'static, ()>) {
    let place = Place::sqlite(tempfile::tempdir().unwrap());
    runtime().block_on(story(place));
}

/// Runs all stories one after another, each in a database of its own; fails naming those that failed.
pub(crate) fn on_postgresql(stories: &[Story]) {
    let cluster = Cluster::find_or_start();
    let runtime = runtime();
    let mut failed = Vec::new();
    for (name, story) in stories {
        let place = runtime.block_on(cluster.database());
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.block_on(story(place));
        }));
        if told.is_err() {
            failed.push(*name);
        }
    }
    // First, so that a failure leaves no server behind.
    drop(cluster);
    assert!(failed.is_empty(), "on PostgreSQL: {failed:?}");
}

/// Every statement of this room.
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [
        calls::STATEMENTS,
        deadlines::STATEMENTS,
        ratings::STATEMENTS,
        retries::STATEMENTS,
        spans::STATEMENTS,
        waits::STATEMENTS,
        listenings::STATEMENTS,
        tickets::STATEMENTS,
        cases::STATEMENTS,
        trail::STATEMENTS,
        uncounted::STATEMENTS,
        unrecorded::STATEMENTS,
    ]
    .concat()
}

/// Each is prepared, and gives the same columns as on SQLite.
pub(crate) async fn understood(place: Place, statements: Vec<(&'static str, &'static str)>) {
    let dir = tempfile::tempdir().unwrap();
    let lite = Store::open(&format!("sqlite:{}/l.db", dir.path().display())).await;
    let Pool::Lite { writer: lite, .. } = lite.unwrap().pool else {
        unreachable!("it was opened as SQLite")
    };
    let store = place.open().await;
    for (name, sql) in statements {
        let on_lite = lite.prepare(sql.into_sql_str()).await;
        let on_lite = on_lite.unwrap_or_else(|error| panic!("{name} on SQLite: {error}"));
        let columns = |names: Vec<&str>| names.join(" ");
        let lite_columns = columns(on_lite.columns().iter().map(|c| c.name()).collect());
        if let Pool::Pg(pool) = &store.pool {
            let on_pg = pool.prepare(sql.into_sql_str()).await;
            let on_pg = on_pg.unwrap_or_else(|error| panic!("{name} on PostgreSQL: {error}"));
            let pg_columns = columns(on_pg.columns().iter().map(|c| c.name()).collect());
            assert_eq!(lite_columns, pg_columns, "{name}");
        }
    }
    if let Pool::Pg(pool) = &store.pool {
        pool.prepare(driver::LOCK.into_sql_str()).await.unwrap();
    }
    store.close().await;
}

/// Story: tables, columns and indexes have the same names (and columns the same nullability).
pub(crate) async fn the_schema_is_the_one_of_sqlite(place: Place) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/l.db", dir.path().display());
    let lite = schema(&Store::open(&url).await.unwrap()).await;
    let here = schema(&place.open().await).await;
    assert!(lite.len() > 100, "the schema was read: {}", lite.len());
    let only_lite: Vec<_> = lite.difference(&here).collect();
    let only_here: Vec<_> = here.difference(&lite).collect();
    assert!(
        only_lite.is_empty() && only_here.is_empty(),
        "only in SQLite: {only_lite:#?}\nonly here: {only_here:#?}"
    );
}

async fn schema(store: &Store) -> BTreeSet<String> {
    let sql = match &store.pool {
        Pool::Lite { .. } => {
            "SELECT m.name || '.' || c.name || \
                CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN '!' ELSE '' END AS line \
                FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' \
                AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx%' \
            UNION ALL SELECT 'index ' || name FROM sqlite_master WHERE type = 'index' \
                AND name NOT LIKE 'sqlite_%' \
            UNION ALL SELECT 'trigger ' || name FROM sqlite_master WHERE type = 'trigger'"
        }
        Pool::Pg(_) => {
            "SELECT c.table_name || '.' || c.column_name || \
                CASE WHEN c.is_nullable = 'NO' THEN '!' ELSE '' END AS line \
                FROM information_schema.columns c WHERE c.table_schema = 'public' \
                AND c.table_name NOT LIKE '\\_sqlx%' \
            UNION ALL SELECT 'index ' || indexname FROM pg_indexes WHERE schemaname = 'public' \
                AND indexname NOT LIKE '%\\_pkey' \
            UNION ALL SELECT DISTINCT 'trigger ' || trigger_name \
                FROM information_schema.triggers"
        }
    };
    let mut tx = store.read().await.unwrap();
    let rows = tx.rows(sql, args![]).await.unwrap();
    rows.iter().map(|row| row.get("line").unwrap()).collect()
}
