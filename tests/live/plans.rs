//! The operator's files: changed while calls run, and checked before they are taken.

use std::time::Duration;

use crate::calls::{Caller, SOON};
use crate::desks::Desk;
use crate::gateway::{Fault, Habits};
use crate::place;
use crate::server::{House, Setup, timeline};

/// The house looks at its files every two seconds, and then walks every path of them.
const RELOAD: Duration = Duration::from_secs(60);

#[test]
fn a_changed_plan_is_taken_while_a_call_runs_on_the_old_one_and_a_broken_one_is_refused() {
    let desks = ["8001", "8002"].map(|user| Desk::open("desk", user, Habits::default()));
    let house = House::new(Setup {
        desks: desks.iter().map(|desk| desk.address.clone()).collect(),
        ..Setup::default()
    });
    let server = house.start();
    let plan = house.path("dialplans/consultation.toml");
    let first = std::fs::read_to_string(&plan).unwrap();
    let early = Caller::dial(&house);
    early.line("joined");

    // Its key for “again” is another; everything else is as it was.
    let second = first.replace("again = \"0\"\ndecline", "again = \"8\"\ndecline");
    assert_ne!(first, second);
    std::fs::write(&plan, &second).unwrap();
    server.wait_log("dialplan in force", RELOAD);
    let late = Caller::dial(&house);
    late.line("joined");
    for desk in &desks {
        desk.sipp.tell_desk("HANGUP");
    }
    let graded = |caller: &Caller, answer: &str, nth: usize| {
        caller.wait_offer(SOON);
        caller.gateway.press('8', Fault::None);
        let again = caller.nth_line(answer, nth);
        place::sleep_until(again + SOON);
        caller.gateway.press('1', Fault::None);
        caller.end()
    };
    let (early, late) = std::thread::scope(|scope| {
        let early = scope.spawn(|| graded(&early, "prompt P11", 1));
        let late = scope.spawn(|| graded(&late, "prompt P10", 2));
        (early.join().unwrap(), late.join().unwrap())
    });
    assert_eq!(early["grade"], "very_satisfied", "{}", timeline(&early));
    assert_eq!(late["grade"], "very_satisfied", "{}", timeline(&late));
    assert_ne!(early["dialplan_digest"], late["dialplan_digest"]);

    let broken = second.replace("then = \"remark_saved\"", "then = \"nowhere\"");
    assert_ne!(second, broken);
    let at = broken
        .lines()
        .position(|line| line.contains("nowhere"))
        .unwrap()
        + 1;
    std::fs::write(&plan, &broken).unwrap();
    server.wait_log(&format!("consultation.toml:{at}:"), RELOAD);
    server.wait_log("stay in force", RELOAD);
    let after = Caller::dial(&house);
    after.line("joined");
    desks[0].sipp.tell_desk("HANGUP");
    after.wait_offer(SOON);
    after.gateway.press('2', Fault::None);
    let after = after.end();
    assert_eq!(after["grade"], "satisfied", "{}", timeline(&after));
    assert_eq!(after["dialplan_digest"], late["dialplan_digest"]);
    let log = server.log();
    assert!(!log.contains("panicked"), "{log}");
    drop(server);

    // And a start on it stops with the same words.
    let output = house.run(&["serve"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(text.contains(&format!("consultation.toml:{at}:")), "{text}");
}

/// Faults that an operator makes, each found with its line.
#[test]
fn check_finds_each_seeded_fault_with_file_and_line() {
    let house = House::new(Setup::default());
    let plan = house.path("dialplans/consultation.toml");
    let good = std::fs::read_to_string(&plan).unwrap();
    let output = house.run(&["check"]);
    assert!(output.status.success(), "{}", said(&output));
    let faults = [
        ("an unknown step", "open = \"connect\"", "open = \"conect\""),
        ("an unknown key", "notice = \"P01\"", "notize = \"P01\""),
        ("an unknown verb", "do = \"hours\"", "do = \"ours\""),
        ("a missing prompt", "prompt = \"P10\"", "prompt = \"P99\""),
        (
            "no exit for silence",
            "silent = \"bye\"\n\n[steps.closed]",
            "\n[steps.closed]",
        ),
        (
            "no exit for invalid keys",
            "invalid = \"bye\"\nsilent = \"bye\"\n\n[steps.closed]",
            "silent = \"bye\"\n\n[steps.closed]",
        ),
        (
            "an unreachable step",
            "then = \"remark\"\n",
            "then = \"regret\"\n",
        ),
        (
            "a grade set that is not the five",
            "3 = \"basically_satisfied\"\n",
            "",
        ),
        (
            "a grade twice",
            "2 = \"satisfied\"",
            "2 = \"very_satisfied\"",
        ),
        (
            "a loop without a counter",
            "[steps.voice_saved]\ndo = \"play\"\nprompt = \"P18\"\nthen = \"bye\"",
            "[steps.voice_saved]\ndo = \"play\"\nprompt = \"P18\"\nthen = \"voice_saved\"",
        ),
        (
            "a time that is none",
            "silence_s = 2\nplays_at_most = 3",
            "silence_s = \"long\"\nplays_at_most = 3",
        ),
        ("not TOML", "do = \"hours\"", "do = hours"),
    ];
    for (fault, from, to) in faults {
        assert!(good.contains(from), "{fault}: the plan has no `{from}`");
        std::fs::write(&plan, good.replacen(from, to, 1)).unwrap();
        let output = house.run(&["check"]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{fault}: {text}");
        let place = text
            .lines()
            .find(|line| line.contains("consultation.toml:") && line.contains("error"));
        assert!(place.is_some(), "{fault} has no place: {text}");
    }
    std::fs::write(&plan, &good).unwrap();
    let prompt = house.path("prompts/zh-CN/P10.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 44_100,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(&prompt, spec).unwrap();
    (0..44_100).for_each(|_| wav.write_sample(0i16).unwrap());
    wav.finalize().unwrap();
    let output = house.run(&["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("P10"), "{}", said(&output));
    std::fs::remove_file(&prompt).unwrap();
    let output = house.run(&["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));

    let config = std::fs::read_to_string(house.config()).unwrap();
    std::fs::write(house.config(), config.replace("max_calls", "max_cals")).unwrap();
    let output = house.run(&["check"]);
    assert!(!output.status.success());
    assert!(said(&output).contains("max_cals"), "{}", said(&output));
}

fn said(output: &std::process::Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
