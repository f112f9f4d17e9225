//! The commands that programs rely on, the demo as self-test, and a whole call on PostgreSQL.

use std::process::Output;

use crate::calls::{Caller, SOON};
use crate::gateway::Fault;
use crate::server::{House, Setup, timeline};

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_demo_says_whether_the_expected_outcome_held() {
    let house = House::new(Setup::default());
    let server = house.start();
    let demos: [(&[&str], &str, bool); 5] = [
        (
            &["--keys", "4@0.8s,1@3s", "--way", "event"],
            "dissatisfied",
            true,
        ),
        (&["--keys", "2@0.8s", "--way", "info"], "satisfied", true),
        (
            &["--keys", "3@0.8s", "--way", "inband"],
            "basically_satisfied",
            true,
        ),
        (&["--keys", "", "--hangup", "1s"], "left_in_offer", true),
        (&["--keys", "1@0.8s"], "very_dissatisfied", false),
    ];
    std::thread::scope(|scope| {
        for (arguments, expected, holds) in demos {
            let house = &house;
            scope.spawn(move || {
                let arguments = [&["demo", "--expect", expected], arguments].concat();
                let output = house.run(&arguments);
                let text = format!(
                    "{}{}",
                    out(&output),
                    String::from_utf8_lossy(&output.stderr)
                );
                let status = output.status.code();
                assert_eq!(status, Some(i32::from(!holds)), "{arguments:?}: {text}");
                if expected == "dissatisfied" {
                    let ticket = house.api("tickets")["items"][0].clone();
                    let number = ticket["number"].as_str().unwrap();
                    let due = ticket["deadlines"][0]["due_at"].as_str().unwrap();
                    assert!(text.contains(number), "{text}");
                    assert!(text.contains(&due[..10]), "{due}: {text}");
                    assert!(text.contains(".wav") && text.contains("http://"), "{text}");
                }
            });
        }
    });
    server.stop();
}

#[test]
fn due_counts_days_as_the_calendar_says_and_stops_where_it_ends() {
    let house = House::new(Setup::default());
    for (from, workdays, due) in [
        ("2026-09-18T16:00:00+08:00", "3", "2026-09-22"),
        // Sunday 2026-09-20 works for the National Day; the starting day does not count.
        ("2026-09-30T10:00:00+08:00", "1", "2026-10-08"),
        // Saturday 2026-02-14 works, then nine days of Spring Festival.
        ("2026-02-13T23:59:59+08:00", "5", "2026-02-27"),
        // By Shanghai's clock it is the next day already.
        ("2026-11-23T16:00:00Z", "5", "2026-12-01"),
    ] {
        let output = house.run(&["due", "--from", from, "--workdays", workdays]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(out(&output).trim(), due, "{workdays} from {from}");
    }
    let output = house.run(&[
        "due",
        "--from",
        "2026-09-30T10:00:00+08:00",
        "--workdays",
        "1",
        "--explain",
    ]);
    let text = out(&output);
    assert!(text.contains("国庆"), "{text}");
    assert!(text.contains("2026-10-08"), "{text}");
    let output = house.run(&[
        "due",
        "--from",
        "2031-01-05T10:00:00+08:00",
        "--workdays",
        "3",
    ]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("2031") && out(&output).is_empty(), "{text}");
}

#[test]
fn a_simulated_call_goes_the_ways_of_its_hours_and_of_a_draft() {
    let house = House::new(Setup::default());
    for (at, prompt, keys, row) in [
        ("closed", "P23", "1@2s", "outcome   message"),
        ("holiday", "P24", "2@2s,1@2s", "outcome   callback"),
    ] {
        let output = house.run(&["simulate", "consultation", "--at", at, "--keys", keys]);
        let text = out(&output);
        assert!(output.status.success(), "{text}");
        assert!(text.contains(&format!("plays {prompt}")), "{at}: {text}");
        assert!(text.contains(row), "{at}: {text}");
    }
    // A draft is played as it is, wherever it lies, before it is put into force.
    let plan = std::fs::read_to_string(house.path("dialplans/consultation.toml")).unwrap();
    let draft = house.path("consultation.toml");
    let changed = plan.replacen("decline = \"9\"", "decline = \"8\"", 1);
    std::fs::write(&draft, changed).unwrap();
    let output = house.run(&["simulate", draft.to_str().unwrap(), "--keys", "8@4s"]);
    let text = out(&output);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("outcome   declined"), "{text}");
    let broken = plan.replacen("then = \"thanks\"", "then = \"thank\"", 1);
    let line = broken.lines().position(|line| line.contains("\"thank\""));
    std::fs::write(&draft, &broken).unwrap();
    let output = house.run(&["simulate", draft.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let place = format!("consultation.toml:{}:", line.unwrap() + 1);
    assert!(!output.status.success() && text.contains(&place), "{text}");
}

#[test]
fn a_half_day_is_checked_and_simulated_by_its_date() {
    let house = House::new(Setup::default());
    let ordinary = std::fs::read_to_string(house.config()).unwrap();
    let always = ordinary.replace(
        "service_hours = \"always\"",
        "service_hours = [\"workdays 08:30-17:00\"]",
    );
    assert_ne!(ordinary, always);
    let days = "special_days = [{ day = \"2026-02-16\", hours = [\"08:30-12:00\"], name = \"除夕\" }, \
                { day = \"2051-01-03\", hours = \"closed\", dialplan = \"consultatoin\" }]\n";
    std::fs::write(house.config(), format!("{always}{days}")).unwrap();
    let output = house.run(&["check"]);
    let text = out(&output);
    assert!(output.status.success(), "{text}");
    for said in [
        "special day 2026-02-16 除夕: 08:30-12:00",
        "there is no dialplan “consultatoin”",
        "add calendars/2051.toml",
    ] {
        assert!(text.contains(said), "no {said}: {text}");
    }
    for (when, is, prompt) in [
        ("2026-02-16T11:59:59+08:00", "open", "P01"),
        ("2026-02-16T12:00:00+08:00", "closed", "P23"),
        ("2026-02-17T10:00:00+08:00", "closed for a holiday", "P24"),
    ] {
        let output = house.run(&["simulate", "consultation", "--when", when]);
        let text = out(&output);
        assert!(output.status.success(), "{output:?}");
        assert!(
            text.contains(&format!(": {is}; hours of the day: ")),
            "{when}: {text}"
        );
        assert!(text.contains(&format!("plays {prompt}")), "{when}: {text}");
    }
    let twice = days
        .replace("2051-01-03", "2026-02-16")
        .replace(", dialplan = \"consultatoin\"", "");
    std::fs::write(house.config(), format!("{always}{twice}")).unwrap();
    let output = house.run(&["check"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && text.contains("2026-02-16 stands twice"),
        "{text}"
    );
}

/// What the operator got wrong is named, and nothing is served half.
#[test]
fn a_start_that_cannot_serve_says_which_setting_is_wrong() {
    let house = House::new(Setup::default());
    let good = std::fs::read_to_string(house.config()).unwrap();
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    std::fs::write(house.path("file"), "no folder").unwrap();
    let folder = format!("{:?}", house.path("file/recordings"));
    let sip = format!("\"udp:{taken}\"");
    for (setting, from, to) in [
        (
            "[recordings] dir",
            format!("{:?}", house.recordings()),
            folder,
        ),
        (
            "[media] address 192.0.2.1",
            "address = \"127.0.0.1\"".into(),
            "address = \"192.0.2.1\"".into(),
        ),
        (
            &format!("cannot listen on udp:{taken}"),
            format!("\"udp:127.0.0.1:{}\"", house.sip),
            sip,
        ),
        (
            "gradeline.toml:4: [sip] max_calls is 0",
            "max_calls = 50".into(),
            "max_calls = 0".into(),
        ),
    ] {
        assert!(good.contains(&from), "{from}");
        std::fs::write(house.config(), good.replace(&from, &to)).unwrap();
        let output = house.run(&["serve"]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{setting}: {text}");
        assert!(text.contains(setting), "{setting}: {text}");
    }
}

#[test]
fn a_whole_rated_call_on_postgresql() {
    let house = House::new(Setup {
        postgres: true,
        ..Setup::default()
    });
    let server = house.start();
    let caller = Caller::dial(&house);
    caller.wait_offer(SOON);
    caller.gateway.press('5', Fault::None);
    let call = caller.end();
    assert_eq!(call["grade"], "very_dissatisfied", "{}", timeline(&call));
    let number = call["ticket"].as_str().unwrap();
    let ticket = house.api(&format!("tickets/{number}"));
    let kinds: Vec<_> = ticket["deadlines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|deadline| {
            (
                deadline["article"].as_str().unwrap(),
                deadline["workdays"].as_u64(),
            )
        })
        .collect();
    assert_eq!(kinds, [("第九条", Some(3)), ("第十六条", Some(5))]);
    for counted in ticket["counted"].as_array().unwrap() {
        let days = counted["days"].as_array().unwrap();
        assert!(
            days[0]["number"].is_null(),
            "the starting day does not count"
        );
        assert_eq!(counted["differs"], false);
    }
    // Killed and started again, it is all there.
    server.kill();
    let server = house.start();
    assert_eq!(house.api(&format!("tickets/{number}")), ticket);
    caller.settled();
    server.stop();
}

/// What the API promises beside its shapes: who may read, ranges, the description of itself.
#[test]
fn the_api_needs_a_token_and_serves_ranges() {
    let house = House::new(Setup::default());
    let server = house.start();
    let caller = Caller::dial(&house);
    caller.wait_offer(SOON);
    caller.gateway.press('1', Fault::None);
    let call = caller.end();
    let id = call["id"].as_str().unwrap();
    let path = format!("/api/v1/calls/{id}/recording");
    let whole = house.get(&path, &[]).body_mut().read_to_vec().unwrap();
    assert_eq!(whole, std::fs::read(house.recording(&call)).unwrap());
    let mut part = house.get(&path, &[("Range", "bytes=1000-1999")]);
    assert_eq!(part.status(), 206);
    assert_eq!(part.body_mut().read_to_vec().unwrap(), whole[1000..2000]);
    let stranger = ureq::get(house.page("/api/v1/calls")).call();
    assert!(matches!(stranger, Err(ureq::Error::StatusCode(401))));
    let openapi = house
        .get("/api/openapi.json", &[])
        .body_mut()
        .read_json::<serde_json::Value>();
    let openapi = openapi.unwrap();
    for path in [
        "calls",
        "calls/{id}",
        "calls/{id}/recording",
        "ratings",
        "tickets",
        "tickets/{id}",
    ] {
        assert!(
            openapi["paths"][format!("/api/v1/{path}")].is_object(),
            "{path}"
        );
    }
    // A number is never told whole.
    assert!(!call.to_string().contains(&caller.number));
    assert!(!server.log().contains(&caller.number), "{}", server.log());
    caller.settled();
    server.stop();
}
