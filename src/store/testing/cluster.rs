//! A PostgreSQL server for the stories.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sqlx::{AssertSqlSafe, Executor as _};

use super::Place;

/// A PostgreSQL server: the one named by `GRADELINE_TEST_POSTGRES` (`postgres://user@host:port/postgres`),
/// or a temporary one of our own.
pub(super) struct Cluster {
    base: String,
    server: Option<Child>,
    _dir: Option<tempfile::TempDir>,
}

impl Cluster {
    pub(super) fn find_or_start() -> Cluster {
        if let Ok(base) = std::env::var("GRADELINE_TEST_POSTGRES") {
            return Cluster {
                base: base.trim_end_matches("/postgres").to_owned(),
                server: None,
                _dir: None,
            };
        }
        Cluster::start()
    }

    fn start() -> Cluster {
        let bin = binaries();
        let dir = tempfile::Builder::new()
            .prefix("gradeline-pg-")
            .tempdir_in("/tmp")
            .unwrap();
        // initdb refuses to run as root.
        let user = is_root().then(postgres_user);
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(dir.path(), Some(uid), Some(gid)).unwrap();
        }
        let data = dir.path().join("data");
        let initdb = as_user(&bin.join("initdb"), user)
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
            .args(["--locale=C", "-D"])
            .arg(&data)
            .current_dir(dir.path())
            .output()
            .expect("initdb runs");
        assert!(
            initdb.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&initdb.stderr)
        );
        let port = free_port();
        let mut server = as_user(&bin.join("postgres"), user)
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-D"])
            .arg(&data)
            .arg("-k")
            .arg(dir.path())
            .args(["-c", "fsync=off", "-c", "max_connections=60"])
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("postgres starts");
        let log = BufReader::new(server.stderr.take().unwrap());
        let mut lines = log.lines().map_while(Result::ok);
        let mut said = Vec::new();
        let ready = lines.any(|line| {
            said.push(line);
            said.last().unwrap().contains("ready to accept connections")
        });
        // The server must never wait for somebody to read its log.
        std::thread::spawn(move || lines.for_each(drop));
        let cluster = Cluster {
            base: format!("postgres://postgres@127.0.0.1:{port}"),
            server: Some(server),
            _dir: Some(dir),
        };
        assert!(ready, "PostgreSQL did not start: {said:?}");
        cluster
    }

    /// A new, empty database.
    pub(super) async fn database(&self) -> Place {
        let name = format!("gl_{}", hex::encode(rand::random::<[u8; 8]>()));
        let url = format!("{}/postgres", self.base);
        let admin = sqlx::PgPool::connect(&url).await;
        let admin = admin.expect("the PostgreSQL server answers");
        let create = format!("CREATE DATABASE {name}");
        admin.execute(AssertSqlSafe(create)).await.unwrap();
        admin.close().await;
        Place {
            url: format!("{}/{name}", self.base),
            _dir: None,
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // SIGINT is PostgreSQL's fast shutdown.
            let pid = server.id().to_string();
            let told = Command::new("kill").args(["-INT", &pid]).status();
            if !told.is_ok_and(|status| status.success()) {
                let _ = server.kill();
            }
            let _ = server.wait();
        }
    }
}

/// The newest installed server's programs.
fn binaries() -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            path.join("bin/initdb")
                .exists()
                .then(|| (version, path.join("bin")))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin).expect(
        "PostgreSQL is needed for this test: install the package postgresql, or name a server in \
         GRADELINE_TEST_POSTGRES",
    )
}

fn is_root() -> bool {
    id(&["-u"]) == 0
}

fn postgres_user() -> (u32, u32) {
    (id(&["-u", "postgres"]), id(&["-g", "postgres"]))
}

fn id(args: &[&str]) -> u32 {
    let output = Command::new("id").args(args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim().parse().expect("id prints a number")
}

/// Ends with us, even if we are killed.
fn as_user(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new("setpriv");
    if let Some((uid, gid)) = user {
        command.arg(format!("--reuid={uid}"));
        command.arg(format!("--regid={gid}"));
        command.arg("--init-groups");
    }
    command.arg("--pdeathsig=INT").arg(program);
    command
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
