//! A log that nobody takes.

use std::fs::OpenOptions;
use std::io::{PipeReader, pipe};
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use crate::calls::{Caller, SOON};
use crate::gateway::Fault;
use crate::place::wait_for;
use crate::server::House;

/// The smallest pipe there is, in octets.
const PIPE: libc::c_int = 4096;

/// What lies in a pipe, in octets.
fn waiting(pipe: &PipeReader) -> libc::c_int {
    let mut octets: libc::c_int = 0;
    // SAFETY: an open descriptor, and a number of ours to write to.
    let failed = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut octets) };
    assert_eq!(failed, 0, "{}", std::io::Error::last_os_error());
    octets
}

/// As when journald or the disk under it stands: the calls, the pages and the stop need no log.
#[test]
fn a_log_that_nobody_takes_stops_nobody() {
    let house = House::new(Default::default());
    let (mut log, into) = pipe().unwrap();
    // SAFETY: an open descriptor, and a number.
    let size = unsafe { libc::fcntl(into.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE) };
    assert_eq!(size, PIPE, "{}", std::io::Error::last_os_error());
    let server = house.start_as(|command| {
        command.stderr(into);
    });
    // A call tells many lines; the first of which nothing comes into the pipe had no log.
    let mut calls = 0;
    let call = loop {
        let before = waiting(&log);
        let call = rated(&house);
        if waiting(&log) == before {
            break call;
        }
        calls += 1;
        assert!(calls < 20, "the log is never full: {before}");
    };
    assert_eq!(house.get("/api/v1/calls", &[]).status(), 200);
    // Taken at last, it is whole: the queue held what the pipe did not.
    let mut file = OpenOptions::new()
        .append(true)
        .open(server.log_file())
        .unwrap();
    let taking = std::thread::spawn(move || std::io::copy(&mut log, &mut file).unwrap());
    wait_for("the call in the log", Duration::from_secs(20), || {
        server.log().contains(&call).then_some(())
    });
    server.stop();
    assert!(taking.join().unwrap() > PIPE as u64);
}

/// The id of a call that was rated.
fn rated(house: &House) -> String {
    let caller = Caller::dial(house);
    caller.wait_offer(SOON);
    caller.gateway.press('2', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "satisfied");
    caller.settled();
    call["id"].as_str().unwrap().to_owned()
}
