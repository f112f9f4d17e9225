//! Telephones of desks that register: linphonec by each transport, and one of our own that cheats.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::calls::{Caller, SOON};
use crate::certificates;
use crate::gateway::{Fault, Habits};
use crate::peers::{Guarded, Linphone, Plan, Registering};
use crate::place::{sleep_until, wait_for};
use crate::raw::{Reply, new_call_id};
use crate::server::{House, Setup, lines, timeline};
use crate::talks::{give_voice, talk_with};
use crate::telephone::{Telephone, nonce_of};

/// The trunk of these tests; telephones of desks are on 127.0.0.1.
const TRUNK: &str = "127.0.0.2";
/// How long a registration and what follows from it may take on a busy machine.
pub const REGISTERED: Duration = Duration::from_secs(30);

pub fn house(setup: Setup) -> House {
    House::new(Setup {
        trunks: format!("{TRUNK}/32"),
        desks: vec!["account:8001".into()],
        desk_lines: format!(
            "networks = [\"127.0.0.1/32\", \"127.0.0.8/30\"]\n{}\n",
            setup.desk_lines
        ),
        ..setup
    })
}

/// `gradeline desk add`: the password.
pub fn add(house: &House, account: &str) -> String {
    let output = house.run(&["desk", "add", account]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text.lines().last().unwrap().to_owned()
}

pub fn dial(house: &House) -> Caller<'_> {
    let plan = Plan {
        address: TRUNK,
        ..Plan::default()
    };
    Caller::dial_as(house, Habits::default(), plan)
}

fn counted(house: &House, outcome: &str) -> f64 {
    let label = format!("outcome=\"{outcome}\"");
    house.metric("gradeline_registrations_total", &label)
}

/// Waits until so many desks are registered.
pub fn wait_registered(house: &House, desks: f64) {
    wait_for("registrations", REGISTERED, || {
        (house.metric("gradeline_desks_registered", "") == desks).then_some(())
    });
}

/// It registers, is rung where it registered from, both hear each other, and the grade arrives.
fn linphonec_registers_and_talks(transport: &str) {
    let house = house(Setup {
        tls: transport == "tls",
        ..Setup::default()
    });
    let password = add(&house, "8001");
    let server = house.start();
    let issuer = (transport == "tls").then(|| certificates::issuer(&house));
    let address = match transport {
        "tls" => format!("localhost:{}", house.tls),
        _ => house.sip_address(),
    };
    let phone = Linphone::register(
        Registering {
            account: "8001",
            password: &password,
            server: &address,
            transport,
        },
        Guarded {
            srtp: false,
            tls: issuer.as_deref(),
        },
    );
    wait_registered(&house, 1.0);
    give_voice(&phone);
    let caller = dial(&house);
    talk_with(&house, &caller, phone, |path| {
        let log = std::fs::read_to_string(path.join("log")).unwrap();
        assert!(log.contains("WWW-Authenticate"), "it was not asked");
    });
    // It took its leave.
    wait_registered(&house, 0.0);
    caller.settled();
    server.stop();
}

#[test]
fn linphonec_registers_by_udp_and_is_rung() {
    linphonec_registers_and_talks("udp");
}

#[test]
fn linphonec_registers_by_tcp_and_is_rung_on_its_connection() {
    linphonec_registers_and_talks("tcp");
}

#[test]
fn linphonec_registers_by_tls_and_is_rung_on_its_connection() {
    linphonec_registers_and_talks("tls");
}

/// A server that is killed and started again rings the desk at once: the telephone need not register before.
#[test]
fn a_registration_outlives_the_server() {
    let house = house(Setup::default());
    let password = add(&house, "8001");
    let server = house.start();
    let mut phone = Linphone::register(
        Registering {
            account: "8001",
            password: &password,
            server: &house.sip_address(),
            transport: "udp",
        },
        Guarded::default(),
    );
    wait_for("the row of the registration", REGISTERED, || {
        let listed = house.run(&["desk", "list"]).stdout;
        let listed = String::from_utf8_lossy(&listed).into_owned();
        listed.contains("sip:8001@").then_some(())
    });
    server.kill();
    let server = house.start();
    let caller = dial(&house);
    phone.wait_call(1, REGISTERED);
    assert_eq!(
        counted(&house, "registered"),
        0.0,
        "nobody registered since"
    );
    phone.type_in("answer");
    caller.line("joined");
    phone.type_in("terminate");
    caller.wait_offer(SOON);
    caller.gateway.press('1', Fault::None);
    assert_eq!(caller.end()["grade"], "very_satisfied");
    caller.settled();
    server.stop();
}

/// What of a refusal tells one account from another: nothing.
fn without_numbers(reply: &Reply) -> Vec<String> {
    let names = reply.text.lines().map(|line| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        format!("{name} {}", value.len())
    });
    names.collect()
}

#[test]
fn a_wrong_password_an_unknown_account_and_a_replayed_count_are_refused_and_counted() {
    let house = house(Setup::default());
    let password = add(&house, "8001");
    let server = house.start();
    let mut wrong = Telephone::open(&house, "127.0.0.8", "8001", "guessed");
    let mut unknown = Telephone::open(&house, "127.0.0.8", "8009", "guessed");
    let (known, unknown) = (wrong.register(60), unknown.register(60));
    assert_eq!((known.status, unknown.status), (Some(401), Some(401)));
    assert_eq!(without_numbers(&known), without_numbers(&unknown));
    assert_eq!(counted(&house, "refused"), 2.0);
    assert_eq!(house.metric("gradeline_desks_registered", ""), 0.0);

    let mut phone = Telephone::open(&house, "127.0.0.1", "8001", &password);
    for md5 in [false, true] {
        phone.md5 = md5;
        let nonce = phone.ask();
        let shown = phone.authorization(&nonce, 1);
        let text = phone.text(60, &shown);
        let done = phone.send(&text);
        assert_eq!(done.status, Some(200), "{}", done.text);
        assert!(done.header("Contact").unwrap().contains("expires=60"));
        // The datagram again is the same request; its count in another one is not.
        assert_eq!(phone.send(&text).status, Some(200));
        let stolen = phone.text(60, &shown);
        let replayed = phone.send(&stolen);
        assert_eq!(replayed.status, Some(401));
        let asked = replayed.header("WWW-Authenticate").unwrap();
        assert!(asked.contains("stale=true"), "{asked}");
    }
    assert_eq!(counted(&house, "registered"), 2.0);
    assert_eq!(counted(&house, "repeated"), 2.0);
    assert_eq!(counted(&house, "replayed"), 2.0);
    // Who may call may not register.
    let mut trunk = Telephone::open(&house, TRUNK, "8001", &password);
    let text = trunk.text(60, "");
    assert_eq!(trunk.send(&text).status, Some(403));
    // Guessing on is slowed, and the desk registers all the same.
    let slowed = (0..30).any(|_| wrong.register_slowed());
    assert!(slowed, "thirty passwords were tried");
    assert!(counted(&house, "slowed") >= 1.0);
    phone.md5 = false;
    assert_eq!(phone.register(60).status, Some(200));
    server.stop();
}

/// A desk whose registration has ended, or that has taken its leave, is rung no more.
#[test]
fn a_registration_that_ends_takes_the_desk_off() {
    let house = house(Setup {
        desk_lines: "min_expires_s = 1".into(),
        ..Setup::default()
    });
    let password = add(&house, "8001");
    let server = house.start();
    let nobody = |caller: Caller<'_>, rung: usize| {
        caller.nth_line("prompt P25", 1);
        caller.hang_up();
        let call = caller.end();
        let what = timeline(&call);
        assert_eq!(call["outcome"], "no_desk", "{what}");
        assert_eq!(lines(&call, "desk_ringing").len(), rung, "{what}");
    };
    // Before it has registered there is nobody either.
    nobody(dial(&house), 0);
    let mut phone = Telephone::open(&house, "127.0.0.1", "8001", &password);
    assert_eq!(phone.register(600).status, Some(200));
    wait_registered(&house, 1.0);
    let caller = dial(&house);
    let invite = phone.rung();
    assert!(invite.text.starts_with("INVITE sip:8001@127.0.0.1:"));
    phone.refuse(&invite, "486 Busy Here");
    nobody(caller, 1);
    // For a second, which passes.
    assert_eq!(phone.register(1).status, Some(200));
    wait_registered(&house, 0.0);
    nobody(dial(&house), 0);
    // Back, and away by its own wish.
    assert_eq!(phone.register(600).status, Some(200));
    wait_registered(&house, 1.0);
    assert_eq!(phone.register(0).status, Some(200));
    wait_registered(&house, 0.0);
    nobody(dial(&house), 0);
    server.stop();
}

/// As fast as one socket sends: the desk next to it registers and is rung, and nothing of it is kept.
#[test]
fn a_flood_of_registers_disturbs_neither_desks_nor_callers() {
    let house = house(Setup::default());
    let password = add(&house, "8001");
    let server = house.start();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut flood = Telephone::open(&house, "127.0.0.9", "8001", "guessed");
            while !over.load(Ordering::Relaxed) {
                flood.call_id = new_call_id();
                for _ in 0..100 {
                    let text = flood.text(60, "");
                    flood.raw.send(text.as_bytes());
                }
                // A second of such pauses is some twenty thousand requests.
                sleep_until(Instant::now() + Duration::from_millis(5));
            }
        });
        let _ends = Ends(&over);
        let mut phone = Telephone::open(&house, "127.0.0.1", "8001", &password);
        // A datagram may find the queue full: a telephone sends it again.
        wait_for("a registration beside the flood", REGISTERED, || {
            let text = phone.text(600, "");
            let nonce = nonce_of(&insist(&mut phone, &text));
            let shown = phone.authorization(&nonce, 1);
            let text = phone.text(600, &shown);
            (insist(&mut phone, &text).status == Some(200)).then_some(())
        });
        wait_for("some of the flood refused", REGISTERED, || {
            (house.metric("gradeline_sip_refused_total", "reason=\"rate\"") > 1000.0).then_some(())
        });
        let caller = dial(&house);
        let invite = phone.rung();
        assert!(invite.text.starts_with("INVITE "), "{}", invite.text);
        phone.refuse(&invite, "486 Busy Here");
        caller.nth_line("prompt P25", 1);
        caller.hang_up();
        let call = caller.end();
        assert_eq!(call["outcome"], "no_desk", "{}", timeline(&call));
    });
    assert_eq!(house.metric("gradeline_desks_registered", ""), 1.0);
    server.stop();
}

/// Ends the flood, also where the test has failed.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Sends it again each half second until it is answered.
fn insist(phone: &mut Telephone, text: &str) -> Reply {
    let call_id = phone.call_id.clone();
    let until = Instant::now() + REGISTERED;
    while Instant::now() < until {
        assert!(phone.raw.send(text.as_bytes()));
        let again = Instant::now() + Duration::from_millis(500);
        while let Some(left) = again.checked_duration_since(Instant::now()) {
            let reply = phone.raw.next(left).unwrap();
            let Some(reply) = reply.filter(|reply| reply.is_of(&call_id)) else {
                continue;
            };
            let cseq = reply.header("CSeq").unwrap_or_default();
            if cseq == format!("{} REGISTER", phone.cseq) {
                return reply;
            }
        }
    }
    panic!("not answered");
}
