//! SIPVicious, as everybody's first visitor: it learns nothing, and nobody notices it.

use std::process::Command;
use std::time::Duration;

use crate::calls::{Caller, SOON};
use crate::gateway::Fault;
use crate::server::{House, Setup, timeline};

/// Runs a scanner from this address for at most half a minute; all that it printed.
fn scan(house: &House, from: &str, scanner: &str, arguments: &[&str]) -> String {
    let port = house.sip.to_string();
    let own_port = crate::place::port().to_string();
    let output = Command::new("timeout")
        .args([
            "30", scanner, "-b", from, "-x", from, "-P", &own_port, "-p", &port,
        ])
        .args(arguments)
        .arg("127.0.0.1")
        .env("HOME", house.path("scanner"))
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    println!("-- {from}: {scanner} {arguments:?}\n{text}");
    assert!(!text.contains("Traceback"), "{text}");
    text
}

/// Lines of a result's table that name an extension or a password.
fn found(text: &str) -> Vec<&str> {
    let cells = |line: &&str| line.starts_with('|') && line.contains(|c: char| c.is_ascii_digit());
    text.lines().filter(cells).collect()
}

#[test]
fn scanners_learn_nothing_and_nobody_notices_them() {
    let house = House::new(Setup {
        trunks: "127.0.0.1/32".into(),
        rehearsal_talk_s: 30,
        ..Setup::default()
    });
    let server = house.start();
    std::fs::create_dir(house.path("scanner")).unwrap();
    let callers = [Caller::dial(&house), Caller::dial(&house)];
    // A stranger, and somebody on a trunk's own machine.
    let froms = ["127.0.0.5", "127.0.0.1"];
    std::thread::scope(|scope| {
        for from in froms {
            let house = &house;
            for method in ["REGISTER", "OPTIONS", "INVITE"] {
                scope.spawn(move || {
                    let map = scan(house, from, "svmap", &["-m", method]);
                    assert!(!map.contains("rsipstack") && !map.contains("0.7"), "{map}");
                    let range = ["-m", method, "-e", "100-160", "--force"];
                    let war = scan(house, from, "svwar", &range);
                    assert!(found(&war).is_empty(), "{war}");
                });
            }
            scope.spawn(move || {
                let crack = scan(house, from, "svcrack", &["-u", "100", "-r", "1-100"]);
                assert!(found(&crack).is_empty(), "{crack}");
            });
        }
    });
    let refused = house.metric("gradeline_sip_refused_total", "");
    assert!(refused > 100.0, "the scanners were here: {refused}");
    for caller in callers {
        let offered = house.wait_line(&caller.number, "offer", Duration::from_secs(90));
        crate::place::sleep_until(offered + SOON);
        caller.gateway.press('1', Fault::None);
        let call = caller.end();
        assert_eq!(call["grade"], "very_satisfied", "{}", timeline(&call));
        let heard = caller.gateway.heard();
        let holes = heard
            .windows(2)
            .filter(|pair| pair[1].sequence != pair[0].sequence.wrapping_add(1))
            .count();
        assert_eq!(holes, 0, "of {} packets", heard.len());
        caller.settled();
    }
    server.stop();
}
