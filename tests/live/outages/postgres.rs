//! A PostgreSQL of our own that is killed.

use super::*;

/// A PostgreSQL that can be killed.
struct Postgres {
    dir: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl Postgres {
    fn start() -> Postgres {
        let dir = tempfile::Builder::new()
            .prefix("outage-pg-")
            .tempdir()
            .unwrap();
        let is_root = our_id() == 0;
        if is_root {
            let owner = user_id("postgres");
            std::os::unix::fs::chown(dir.path(), owner, owner).unwrap();
        }
        let data = dir.path().join("data");
        let initdb = Postgres::command("initdb", &dir)
            .args([
                "-U",
                "gradeline",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            initdb.status.success(),
            "{}",
            String::from_utf8_lossy(&initdb.stderr)
        );
        let port = place::port();
        let child = Postgres::launch(&dir, port);
        let postgres = Postgres { dir, port, child };
        postgres.wait_ready();
        postgres
    }

    fn command(name: &str, dir: &tempfile::TempDir) -> Command {
        let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .expect("the package postgresql")
            .map(|entry| entry.unwrap().path().join("bin").join(name))
            .collect();
        folders.sort();
        let program = folders.pop().unwrap();
        let mut command = match our_id() {
            0 => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
                command.arg(program);
                command
            }
            _ => Command::new(program),
        };
        command.current_dir(dir.path());
        command
    }

    fn launch(dir: &tempfile::TempDir, port: u16) -> Child {
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        Postgres::command("postgres", dir)
            .arg("-D")
            .arg(dir.path().join("data"))
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"])
            .arg(dir.path())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn url(&self) -> String {
        format!("postgres://gradeline@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_ready(&self) {
        wait_for("PostgreSQL", 60 * SECOND, || {
            let asked = Command::new("psql")
                .args([&self.url(), "-qtc", "SELECT 1"])
                .output();
            asked.unwrap().status.success().then_some(())
        });
    }

    /// SIGKILL to the postmaster, by its id; its children notice and go.
    fn kill(&mut self) {
        let pids = std::fs::read_to_string(self.dir.path().join("data/postmaster.pid")).unwrap();
        let pid: i32 = pids.lines().next().unwrap().trim().parse().unwrap();
        // SAFETY: a signal to the server that this test started.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0);
        self.child.wait().unwrap();
    }

    fn start_again(&mut self) {
        // Its shared memory is free when the last child has gone.
        wait_for("PostgreSQL's start", 60 * SECOND, || {
            self.child = Postgres::launch(&self.dir, self.port);
            wait_for("its start or end", 60 * SECOND, || {
                if self.child.try_wait().unwrap().is_some() {
                    return Some(None);
                }
                let asked = Command::new("psql")
                    .args([&self.url(), "-qtc", "SELECT 1"])
                    .output();
                asked.unwrap().status.success().then_some(Some(()))
            })
        });
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let id = self.child.id() as i32;
        // SAFETY: a signal to a child that was not waited for; SIGQUIT is its immediate shutdown.
        unsafe { libc::kill(id, libc::SIGQUIT) };
        let _ = self.child.wait();
    }
}

fn our_id() -> u32 {
    // SAFETY: takes and changes nothing.
    unsafe { libc::getuid() }
}

fn user_id(name: &str) -> Option<u32> {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = users
        .lines()
        .find(|line| line.starts_with(&format!("{name}:")))?;
    line.split(':').nth(2)?.parse().ok()
}

#[test]
fn a_killed_postgresql_is_noticed_by_no_caller() {
    let mut postgres = Postgres::start();
    let crowd = Crowd::open(30);
    let house = crowd_house(&crowd, Setup::default());
    house.serve_database(&postgres.url());
    let server: Server = house.start();
    let mut story = Story::begin(&house, &crowd);
    postgres.kill();
    let told = watch(&house, "database");
    story.call_for(TOLD);
    was_told("database", told);
    story.call_for(nightly(4, 55) * SECOND);
    postgres.start_again();
    let back = Instant::now();
    story.call_for(2 * SECOND);
    wait_for("the journal is drained", 60 * SECOND, || {
        let waiting = house.metric("gradeline_journal_entries", "");
        (waiting == 0.0).then_some(())
    });
    println!(
        "drained {:.1} s after PostgreSQL was back",
        back.elapsed().as_secs_f64()
    );
    story.end("PostgreSQL killed");
    server.stop();
}
