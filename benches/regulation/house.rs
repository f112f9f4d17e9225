//! Databases of the bench's own: files in a temporary folder, databases on the server that
//! `GRADELINE_TEST_POSTGRES` names. They go away with it.

use std::path::{Path, PathBuf};

use gradeline::domain::{Calendar, Moment};
use gradeline::engine::Engine;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::Outcome;

pub const DAY_MS: i64 = 86_400_000;
const SERVER: &str = "GRADELINE_TEST_POSTGRES";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A place for databases of one kind.
pub struct Place {
    pub kind: Kind,
    folder: PathBuf,
    server: String,
}

/// A database with the program's schema.
pub struct House {
    pub kind: Kind,
    pub url: String,
    name: String,
    server: String,
}

impl Kind {
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Sqlite => "SQLite",
            Kind::Postgres => "PostgreSQL",
        }
    }
}

impl Place {
    /// `None` where there is no server, or one that does not sync.
    pub async fn of(kind: Kind, folder: &Path) -> Outcome<Option<Place>> {
        let mut server = String::new();
        if kind == Kind::Postgres {
            let Ok(url) = std::env::var(SERVER) else {
                println!(
                    "PostgreSQL: not measured: no server; name one in {SERVER}, or run benches/run where the package postgresql is installed"
                );
                return Ok(None);
            };
            let mut admin = sqlx::PgConnection::connect(&url).await?;
            let synced: String = sqlx::query_scalar("SHOW fsync")
                .fetch_one(&mut admin)
                .await?;
            if synced != "on" {
                println!("PostgreSQL: not measured: the server runs with fsync = {synced}");
                return Ok(None);
            }
            server = url;
        }
        Ok(Some(Place {
            kind,
            folder: folder.to_owned(),
            server,
        }))
    }

    /// A new one with the schema and the units of the pattern.
    pub async fn house(&self, name: &str) -> Outcome<House> {
        let house = match self.kind {
            Kind::Sqlite => House {
                kind: self.kind,
                url: format!("sqlite:{}/{name}.db", self.folder.display()),
                name: format!("{}/{name}.db", self.folder.display()),
                server: String::new(),
            },
            Kind::Postgres => {
                let database = format!("gradeline_bench_{}_{name}", std::process::id());
                let mut admin = sqlx::PgConnection::connect(&self.server).await?;
                let create = format!("CREATE DATABASE {database}");
                sqlx::raw_sql(AssertSqlSafe(create))
                    .execute(&mut admin)
                    .await?;
                let (server, _) = self.server.rsplit_once('/').unwrap_or((&self.server, ""));
                House {
                    kind: self.kind,
                    url: format!("{server}/{database}"),
                    name: database,
                    server: self.server.clone(),
                }
            }
        };
        house.engine().await?.close().await?;
        for statement in units() {
            house.run(statement).await?;
        }
        Ok(house)
    }
}

impl House {
    pub async fn engine(&self) -> Outcome<Engine> {
        Ok(Engine::open(&self.url, calendar()?).await?)
    }

    /// Runs a statement that gives nothing.
    pub async fn run(&self, sql: String) -> Outcome<()> {
        match self.kind {
            Kind::Sqlite => {
                let mut conn = sqlx::SqliteConnection::connect(&self.url).await?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await?;
                conn.close().await?;
            }
            Kind::Postgres => {
                let mut conn = sqlx::PgConnection::connect(&self.url).await?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await?;
                conn.close().await?;
            }
        }
        Ok(())
    }

    /// One column of texts.
    pub async fn texts(&self, sql: String) -> Outcome<Vec<String>> {
        Ok(match self.kind {
            Kind::Sqlite => {
                let mut conn = sqlx::SqliteConnection::connect(&self.url).await?;
                sqlx::query_scalar(AssertSqlSafe(sql))
                    .fetch_all(&mut conn)
                    .await?
            }
            Kind::Postgres => {
                let mut conn = sqlx::PgConnection::connect(&self.url).await?;
                sqlx::query_scalar(AssertSqlSafe(sql))
                    .fetch_all(&mut conn)
                    .await?
            }
        })
    }

    /// On the disk, with its indexes.
    pub async fn bytes(&self) -> Outcome<u64> {
        match self.kind {
            Kind::Sqlite => Ok(std::fs::metadata(&self.name)?.len()),
            Kind::Postgres => {
                let sql = format!("SELECT pg_database_size('{}')::TEXT", self.name);
                let found = self.texts(sql).await?;
                Ok(found
                    .first()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(0))
            }
        }
    }

    pub async fn remove(self) -> Outcome<()> {
        match self.kind {
            Kind::Sqlite => {
                for end in ["", "-wal", "-shm"] {
                    let path = format!("{}{end}", self.name);
                    if Path::new(&path).exists() {
                        std::fs::remove_file(path)?;
                    }
                }
            }
            Kind::Postgres => {
                let mut admin = sqlx::PgConnection::connect(&self.server).await?;
                let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
                sqlx::raw_sql(AssertSqlSafe(drop))
                    .execute(&mut admin)
                    .await?;
            }
        }
        Ok(())
    }
}

/// The bureaux that the pattern's acts are of, and one that nothing ever comes to.
pub fn units() -> Vec<String> {
    let unit = |number: usize| {
        format!(
            "INSERT INTO units (id, kind, name, created_at) VALUES ('u{number:02}', 'bureau', '业务司{number}', 0)"
        )
    };
    (0..13).map(unit).collect()
}

pub fn calendar() -> Outcome<Calendar> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/calendars");
    let mut texts = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        texts.push((path.display().to_string(), std::fs::read_to_string(&path)?));
    }
    texts.sort();
    Ok(Calendar::from_texts(&texts)?)
}

/// By the clock.
pub fn now() -> Moment {
    let since_epoch = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Moment::from_millis(since_epoch.as_millis() as i64)
}
