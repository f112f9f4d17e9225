//! The power goes while callers grade: what was not synced is gone, or any part of it is there. Every
//! grade that was acknowledged is there once, the database is whole, and at most two seconds of sound
//! are missing.

use std::process::Command;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::crowd::{Crowd, Seen, crowd_house};
use crate::disk::{Disk, Unsynced};
use crate::kills::{Found, acts, look};
use crate::place::{self, nightly, sleep_until, wait_for};
use crate::server::{House, Setup};

const CALLS: u32 = 5;
/// In every fourth life: so many recordings are synced by volume and not by file.
const MANY: u32 = 20;
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn cuts_of_power_lose_no_acknowledged_grade() {
    let cuts = nightly(8, 200);
    let seed = rand::random();
    let mut chance = StdRng::seed_from_u64(seed);
    let mut found = Found::default();
    while found.cycles < cuts {
        let crowd = Crowd::open(MANY as usize);
        let house = crowd_house(&crowd, Setup::default());
        let disk = Disk::of(&house, true);
        house.start().stop();
        disk.settle(&house);
        let mut all: Vec<(Seen, Instant)> = Vec::new();
        for _ in 0..(cuts - found.cycles).min(40) {
            let unsynced = match found.cycles % 2 {
                0 => Unsynced::Gone,
                _ => Unsynced::ByChance,
            };
            let calls = if found.cycles % 4 == 3 { MANY } else { CALLS };
            let (seen, killed) = one_life(&house, &crowd, &disk, calls, &mut chance);
            disk.cut(&house, unsynced, &mut chance);
            // Looking brings the log into the file, unsynced: what the next life starts with is settled.
            assert_eq!(integrity(&house), "ok", "seed {seed}");
            disk.settle(&house);
            all.extend(seen.into_iter().map(|seen| (seen, killed)));
            found.cycles += 1;
        }
        let server = house.start();
        look(&house, &all, 2 * SECOND, &mut found);
        server.stop();
    }
    println!("power {}", found.told(seed));
    found.assert_nothing_lost(2.0);
    assert!(found.acknowledged >= cuts / 2, "too few grades to tell");
}

fn one_life(
    house: &House,
    crowd: &Crowd,
    disk: &Disk,
    calls: u32,
    chance: &mut StdRng,
) -> (Vec<Seen>, Instant) {
    let after = Duration::from_millis(chance.random_range(1200..4500));
    let server = house.launch(|command| disk.put_under(command));
    crowd.dial(house, &place::number(), &acts(chance));
    let answered = wait_for("the first answer", 60 * SECOND, || crowd.seen()[0].answered);
    for n in 1..calls {
        sleep_until(answered + Duration::from_millis(80) * n);
        crowd.dial(house, &place::number(), &acts(chance));
    }
    sleep_until(answered + after);
    let killed = Instant::now();
    server.kill();
    (crowd.forget(), killed)
}

fn integrity(house: &House) -> String {
    let script = "import sqlite3, sys\n\
        print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])";
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(house.path("gradeline.db"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    said.trim().to_owned()
}

/// The double itself: a database that does not sync its commits loses them here, and one that does
/// keeps them.
#[test]
fn the_disk_drops_what_was_not_synced() {
    let house = House::new(Setup::default());
    let disk = Disk::of(&house, true);
    let mut chance = StdRng::seed_from_u64(1);
    let script = "import os, signal, sqlite3, sys\n\
        database = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
        database.execute('PRAGMA journal_mode = WAL')\n\
        database.execute('PRAGMA synchronous = ' + sys.argv[2])\n\
        database.execute('CREATE TABLE IF NOT EXISTS said (word TEXT)')\n\
        for n in range(200): database.execute('INSERT INTO said VALUES (?)', (str(n),))\n\
        os.kill(os.getpid(), signal.SIGKILL)";
    let count = "import sqlite3, sys\n\
        print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM said').fetchone()[0])";
    let python = |script: &str, level: &str, under: bool| {
        let mut command = Command::new("python3");
        command
            .args(["-c", script])
            .arg(house.path("gradeline.db"))
            .arg(level);
        if under {
            disk.put_under(&mut command);
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    python(script, "FULL", true);
    disk.cut(&house, Unsynced::Gone, &mut chance);
    assert_eq!(python(count, "", false).trim(), "200");
    disk.settle(&house);
    python(script, "NORMAL", true);
    disk.cut(&house, Unsynced::Gone, &mut chance);
    let kept: u32 = python(count, "", false).trim().parse().unwrap();
    assert!((200..400).contains(&kept), "{kept} rows of 400");
}
