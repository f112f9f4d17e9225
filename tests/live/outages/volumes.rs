//! Volumes that are full: of the database, of the journal too, of the recordings.

use super::*;

/// A small volume. Dropped before its house, it lets the house's folder go.
struct SmallVolume(PathBuf);

impl Drop for SmallVolume {
    fn drop(&mut self) {
        // Lazily: where a test broke, its server may still write there.
        let gone = Command::new("umount").arg("--lazy").arg(&self.0).status();
        if !gone.is_ok_and(|gone| gone.success()) {
            eprintln!("{} stays mounted", self.0.display());
        }
    }
}

/// A small volume of its own at a folder of the house, if this process may mount.
#[must_use]
fn small_volume(at: PathBuf, octets: u64) -> SmallVolume {
    std::fs::create_dir_all(&at).unwrap();
    // SAFETY: takes integers; this thread and what it starts see mounts of their own from here on.
    let alone = unsafe { libc::unshare(libc::CLONE_NEWNS) };
    assert_eq!(
        alone,
        0,
        "mounting needs root: {}",
        std::io::Error::last_os_error()
    );
    let mount = |arguments: &[&str]| {
        let status = Command::new("mount")
            .args(arguments)
            .arg(&at)
            .status()
            .unwrap();
        assert!(status.success(), "mount {arguments:?}");
    };
    let private = Command::new("mount")
        .args(["--make-rprivate", "/"])
        .status();
    assert!(private.unwrap().success());
    mount(&["-t", "tmpfs", "-o", &format!("size={octets}"), "none"]);
    SmallVolume(at)
}

fn fill(volume: &std::path::Path) -> PathBuf {
    use std::io::Write as _;
    let filler = volume.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    // To the last octet, in ever smaller pieces.
    for piece in [64 * 1024, 4096, 512] {
        while file.write_all(&vec![0; piece]).is_ok() {}
    }
    filler
}

#[test]
fn a_full_volume_of_the_database_is_noticed_by_no_caller() {
    let crowd = Crowd::open(30);
    let house = crowd_house(&crowd, Setup::default());
    let _volume = small_volume(house.path("db"), 24 * 1024 * 1024);
    house.move_database("db/gradeline.db");
    let server = house.start();
    let mut story = Story::begin(&house, &crowd);
    let filler = fill(&house.path("db"));
    let told = watch(&house, "database");
    story.call_for(TOLD);
    was_told("database", told);
    story.call_for(nightly(2, 20) * SECOND);
    std::fs::remove_file(filler).unwrap();
    story.call_for(3 * SECOND);
    story.end("database volume full");
    server.stop();
}

/// The last resort: neither takes a grade, so the caller is told the truth; and who asked for it is not
/// forgotten when they are back.
#[test]
fn with_neither_database_nor_journal_the_caller_is_told() {
    let crowd = Crowd::open(30);
    let house = crowd_house(&crowd, Setup::default());
    // Two pages: room for some twenty writes.
    let _volume = small_volume(house.path("journal"), 8192);
    let server = house.start();
    let holder = Holder::of(&house);
    let told = watch(&house, "journal");
    // Their grades alone are more than the volume takes, however few other writes come before them.
    let numbers: Vec<String> = (0..30).map(|_| place::number()).collect();
    for number in &numbers {
        crowd.dial(&house, number, &[Act::Press(SECOND / 2, '2')]);
    }
    wait_for("every call's end", 60 * SECOND, || {
        let over = crowd.seen().iter().all(|seen| seen.ended.is_some());
        over.then_some(())
    });
    let seen = crowd.seen();
    let sorry = seen.iter().filter(|caller| caller.apologised.is_some());
    let echoed = seen.iter().filter(|caller| caller.echoed.is_some());
    println!(
        "{} heard an echo, {} that it could not be stored",
        echoed.count(),
        sorry.clone().count()
    );
    assert!(sorry.count() > 0, "{seen:#?}");
    for caller in &seen {
        assert!(
            caller.echoed.is_some() != caller.apologised.is_some(),
            "{caller:?}"
        );
    }
    was_told("journal", told);
    holder.let_go();
    for number in &numbers {
        let call = house.wait_end(number, 60 * SECOND);
        assert_eq!(call["grade"], "satisfied");
        assert_eq!(call["keyed_grades"].as_array().unwrap().len(), 1);
    }
    assert_eq!(list(&house, "ratings").len(), numbers.len());
    server.stop();
}

#[test]
fn a_full_volume_of_the_recordings_costs_sound_and_nothing_else() {
    let crowd = Crowd::open(30);
    let house = crowd_house(&crowd, Setup::default());
    let _volume = small_volume(house.recordings(), 16 * 1024 * 1024);
    let server = house.start();
    let mut story = Story::begin(&house, &crowd);
    let filler = fill(&house.recordings());
    let told = watch(&house, "recordings");
    story.call_for(3 * SECOND);
    was_told("recordings", told);
    // Within the thirty seconds that wait in memory.
    std::fs::remove_file(filler).unwrap();
    story.call_for(3 * SECOND);
    wait_for("recordings are written again", GRACE, || {
        (health(&house) == "ok\n").then_some(())
    });
    let early = crowd.seen();
    assert!(early.iter().all(|caller| caller.refused.is_none()));
    story.numbers.clear();
    story.call_for(2 * SECOND);
    story.end("recordings' volume full");
    server.stop();
}
