//! The years' database as this test reads it, by statements of its own: SQLite or PostgreSQL.

use sqlx::postgres::{PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Decode, Postgres, Row as _, Sqlite, Type};

#[derive(Clone)]
pub enum Ledger {
    Lite(SqlitePool),
    Pg(PgPool),
}

pub enum Row {
    Lite(SqliteRow),
    Pg(PgRow),
}

/// A new database on the server, empty.
pub async fn created(server: &str) -> String {
    let name = format!("years_{:016x}", rand::random::<u64>());
    on_server(server, format!("CREATE DATABASE {name}")).await;
    format!("{}/{name}", server.trim_end_matches("/postgres"))
}

pub async fn dropped(server: &str, url: &str) {
    let name = url.rsplit('/').next().expect("a name");
    on_server(server, format!("DROP DATABASE {name}")).await;
}

async fn on_server(server: &str, sql: String) {
    let pool = PgPool::connect(server).await.expect("the server answers");
    let told = sqlx::query(AssertSqlSafe(sql)).execute(&pool).await;
    told.expect("the server does it");
    pool.close().await;
}

impl Ledger {
    /// The database is there already.
    pub async fn open(url: &str) -> Ledger {
        if url.starts_with("sqlite:") {
            let pool = SqlitePoolOptions::new().max_connections(1);
            Ledger::Lite(pool.connect(url).await.expect("the file is there"))
        } else {
            let pool = PgPoolOptions::new().max_connections(1);
            Ledger::Pg(pool.connect(url).await.expect("the server answers"))
        }
    }

    pub async fn rows(&self, sql: &'static str) -> Vec<Row> {
        match self {
            Ledger::Lite(pool) => {
                let rows = sqlx::query(sql).fetch_all(pool).await.expect(sql);
                rows.into_iter().map(Row::Lite).collect()
            }
            Ledger::Pg(pool) => {
                let rows = sqlx::query(sql).fetch_all(pool).await.expect(sql);
                rows.into_iter().map(Row::Pg).collect()
            }
        }
    }

    pub async fn run(&self, sql: &'static str) {
        match self {
            Ledger::Lite(pool) => {
                sqlx::query(sql).execute(pool).await.expect(sql);
            }
            Ledger::Pg(pool) => {
                sqlx::query(sql).execute(pool).await.expect(sql);
            }
        }
    }

    /// The number of the trail's last line; 0 while there is none.
    pub async fn last_line(&self) -> i64 {
        let rows = self.rows("SELECT MAX(seq) AS last FROM trail").await;
        rows[0].get::<Option<i64>>("last").unwrap_or(0)
    }

    pub async fn close(self) {
        match self {
            Ledger::Lite(pool) => pool.close().await,
            Ledger::Pg(pool) => pool.close().await,
        }
    }
}

impl Row {
    pub fn get<T>(&self, column: &str) -> T
    where
        T: for<'r> Decode<'r, Sqlite>
            + Type<Sqlite>
            + for<'r> Decode<'r, Postgres>
            + Type<Postgres>,
    {
        match self {
            Row::Lite(row) => row.get(column),
            Row::Pg(row) => row.get(column),
        }
    }
}
