//! gradeline registers to a carrier's trunk, keeps it alive, and goes by another address where one is silent.

use std::time::Duration;

use crate::carrier::{Carrier, Manners, Names, REALM, USER, Zone};
use crate::peers::{Plan, Sipp};
use crate::place::wait_for;
use crate::server::{House, Server, Setup};

/// How long what follows from a timer of seconds may take on a busy machine.
const SOON: Duration = Duration::from_secs(40);

fn house(trunk: &str) -> House {
    House::new(Setup {
        trunks: "127.0.0.2/32".into(),
        trunk: format!(
            "register = true\nuser = \"{USER}\"\npassword = \"correct horse\"\nretry_s = 1\n{trunk}"
        ),
        ..Setup::default()
    })
}

fn listed(carriers: &[&Carrier]) -> String {
    let all = carriers
        .iter()
        .map(|carrier| format!("\"udp:{}\"", carrier.address));
    format!(
        "addresses = [{}]\ndomain = \"{REALM}\"\n",
        all.collect::<Vec<_>>().join(", ")
    )
}

fn wait_granted(carrier: &Carrier, at_least: usize) {
    wait_for("a registration", SOON, || {
        (carrier.granted().len() >= at_least).then_some(())
    });
}

fn wait_registered(house: &House, registered: f64) {
    wait_for("the trunk's state", SOON, || {
        (house.metric("gradeline_trunk_registered", "") == registered).then_some(())
    });
}

fn health(house: &House) -> String {
    let mut response = house.get("/healthz", &[]);
    response.body_mut().read_to_string().unwrap()
}

/// It is asked, shows what it was asked for, renews in time with the next count, and takes its leave.
fn registers(algorithms: &[&'static str]) -> Vec<crate::carrier::Came> {
    let carrier = Carrier::open(
        "127.0.0.21",
        Manners {
            algorithms: algorithms.to_vec(),
            grants_s: 4,
            ..Manners::default()
        },
    );
    let house = house(&listed(&[&carrier]));
    let server = house.start();
    // The third one is the second renewal: that it comes is the proof that the first was granted.
    wait_granted(&carrier, 3);
    wait_registered(&house, 1.0);
    assert_eq!(health(&house), "ok\n");
    server.stop();
    let came = carrier.registers();
    let first = came.first().unwrap();
    assert!(
        first
            .text
            .starts_with(&format!("REGISTER sip:{REALM} SIP/2.0")),
        "{}",
        first.text
    );
    assert!(
        first
            .header("To")
            .unwrap()
            .contains(&format!("sip:{USER}@{REALM}"))
    );
    let contact = format!("<sip:{USER}@127.0.0.1:{}>", house.sip);
    assert_eq!(first.header("Contact"), Some(contact.as_str()));
    assert_eq!(first.expires_s(), 600);
    let last = came.last().unwrap();
    assert_eq!((last.expires_s(), last.status), (0, 200), "{}", last.text);
    let granted = carrier.granted();
    for pair in granted[..granted.len() - 1].windows(2) {
        let gap = pair[1].at - pair[0].at;
        // Half of the four seconds that were granted.
        assert!(gap >= Duration::from_millis(1900), "{gap:?}");
    }
    let same = came
        .iter()
        .all(|one| one.header("Call-ID") == first.header("Call-ID"));
    assert!(same, "one Call-ID for all (RFC 3261 §10.2.4)");
    came
}

#[test]
fn it_registers_with_md5_renews_and_takes_its_leave() {
    let came = registers(&["MD5"]);
    // Asked once; every renewal shows the same nonce with the next count, and the carrier looked that it grows.
    assert_eq!(came.iter().filter(|one| one.status == 401).count(), 1);
}

#[test]
fn of_md5_and_sha_256_it_shows_the_stronger_whatever_stands_first() {
    let came = registers(&["MD5", "SHA-256"]);
    assert_eq!(came.iter().filter(|one| one.status == 401).count(), 1);
}

/// A registrar that nobody here wrote: SIPp checks the digest, wants a longer registration, and sees the leave.
#[test]
fn sipp_as_a_registrar_believes_it() {
    let registrar = Sipp::serve(Plan {
        scenario: "registrar",
        address: "127.0.0.23",
        ..Plan::default()
    });
    let house = house(&format!(
        "addresses = [\"udp:127.0.0.23:{}\"]\ndomain = \"{REALM}\"\nkeep_alive_s = 0\n",
        registrar.port
    ));
    let server = house.start();
    registrar.wait_log("renewed", SOON);
    server.stop();
    let messages = registrar.wait_success(SOON);
    assert!(
        messages.contains("Expires: 1800") && messages.contains("Expires: 0"),
        "{messages}"
    );
}

#[test]
fn a_silent_address_gives_way_to_the_next_and_gets_it_back() {
    let first = Carrier::open("127.0.0.21", Manners::default());
    let second = Carrier::open("127.0.0.22", Manners::default());
    let house = house(&format!(
        "{}keep_alive_s = 1\nanswer_s = 3\n",
        listed(&[&first, &second])
    ));
    let server = house.start();
    wait_granted(&first, 1);
    wait_for("both are asked whether they are there", SOON, || {
        (first.probes() > 1 && second.probes() > 1).then_some(())
    });
    assert!(second.registers().is_empty());
    let up = |carrier: &Carrier| {
        let label = format!("address=\"udp:{}\"", carrier.address);
        house.metric("gradeline_trunk_up", &label)
    };
    first.change(|manners| manners.mute = true);
    wait_granted(&second, 1);
    assert_eq!((up(&first), up(&second)), (0.0, 1.0));
    server.wait_log("an address of the trunk does not answer", SOON);
    wait_registered(&house, 1.0);
    assert_eq!(health(&house), "ok\n");
    // It comes back: home again.
    let before = first.granted().len();
    first.change(|manners| manners.mute = false);
    wait_granted(&first, before + 1);
    wait_for("the first is up", SOON, || {
        (up(&first) == 1.0).then_some(())
    });
    // Nobody is there, and then somebody is.
    for carrier in [&first, &second] {
        carrier.change(|manners| manners.mute = true);
    }
    wait_for("the trouble is told", SOON, || {
        (health(&house) == "trunk\n").then_some(())
    });
    let before = second.granted().len();
    second.change(|manners| manners.mute = false);
    wait_granted(&second, before + 1);
    wait_for("the trouble is over", SOON, || {
        (health(&house) == "ok\n").then_some(())
    });
    server.stop();
}

/// Waits for so many REGISTERs that were refused for good.
fn attempts(carrier: &Carrier) -> Vec<crate::carrier::Came> {
    let asked = |came: &crate::carrier::Came| came.header("Authorization").is_none();
    let came = carrier.registers().into_iter();
    // Each attempt after a refusal begins without a password.
    came.filter(asked).collect()
}

#[test]
fn a_refused_password_is_told_and_does_not_hammer() {
    let carrier = Carrier::open(
        "127.0.0.21",
        Manners {
            grants_s: 4,
            ..Manners::default()
        },
    );
    let house = house(&listed(&[&carrier]));
    let server = house.start();
    wait_granted(&carrier, 1);
    carrier.change(|manners| manners.password = "changed");
    server.wait_log("the trunk refuses to register us", SOON);
    wait_for("the trouble is told", SOON, || {
        (health(&house) == "trunk\n").then_some(())
    });
    let before = attempts(&carrier).len();
    wait_for("four attempts", SOON, || {
        (attempts(&carrier).len() >= before + 4).then_some(())
    });
    // RFC 5626 §4.5: bounds of 1, 2, 4, 8 s, and half of each at least. The log came with the first refusal at the
    // latest, so the pauses between the last attempts are those of the second or later ones.
    let last = attempts(&carrier);
    let last = &last[last.len() - 3..];
    for (pair, least_ms) in last.windows(2).zip([1000, 2000]) {
        let gap = pair[1].at - pair[0].at;
        assert!(
            gap >= Duration::from_millis(least_ms),
            "{gap:?} of {least_ms} ms"
        );
    }
    // Two requests an attempt at most.
    let (all, tries) = (carrier.registers().len(), attempts(&carrier).len());
    assert!(
        all <= 2 * tries + carrier.granted().len() + 1,
        "{all} for {tries} attempts"
    );
    // The right password again: within the pause it is registered, and the trouble is over.
    carrier.change(|manners| manners.password = "correct horse");
    wait_for("the trouble is over", SOON, || {
        (health(&house) == "ok\n").then_some(())
    });
    let log = server.log();
    assert!(
        !log.contains("correct horse") && !log.contains("response=\""),
        "{log}"
    );
    server.stop();
}

fn zone(carriers: &[(&Carrier, u16)]) -> Zone {
    let mut zone = Zone {
        ttl_s: 1,
        ..Zone::default()
    };
    for (carrier, priority) in carriers {
        let std::net::IpAddr::V4(address) = carrier.address.ip() else {
            panic!("loopback is IPv4 here");
        };
        let host = format!("edge{}.{REALM}", address.octets()[3]);
        zone.srv
            .push((*priority, 10, carrier.address.port(), host.clone()));
        zone.hosts.insert(host, address.octets());
    }
    zone
}

#[test]
fn a_domain_is_looked_up_by_srv_and_an_outage_of_the_resolver_keeps_its_addresses() {
    let first = Carrier::open(
        "127.0.0.21",
        Manners {
            grants_s: 4,
            ..Manners::default()
        },
    );
    let second = Carrier::open("127.0.0.22", Manners::default());
    let names = Names::open(zone(&[(&second, 20), (&first, 10)]));
    let house = house(&format!(
        "domain = \"{REALM}\"\nnameservers = [\"{}\"]\nkeep_alive_s = 1\nanswer_s = 3\n",
        names.address
    ));
    let server = house.start();
    wait_granted(&first, 1);
    // Whom SRV names may call; a neighbour may not.
    let stranger = Carrier::open("127.0.0.29", Manners::default());
    let server_address = house.sip_address();
    wait_for("the second is known", SOON, || {
        (second.probes() > 0).then_some(())
    });
    assert_eq!(
        [&first, &second, &stranger].map(|who| who.ask(&server_address)),
        [200, 200, 403]
    );
    // The records hold for a second; then they are asked for again.
    let asked = names.asked();
    wait_for("the records are looked up again", SOON, || {
        (names.asked() > asked + 4).then_some(())
    });
    names.change(|zone| zone.mute = true);
    server.wait_log("those known are kept", SOON);
    let before = first.granted().len();
    wait_granted(&first, before + 2);
    assert_eq!(first.ask(&server_address), 200);
    // The carrier moves: the old one is left, and may not call any more.
    let moved = zone(&[(&second, 5)]);
    names.change(|zone| *zone = moved);
    wait_granted(&second, 1);
    wait_for("the old one is forgotten", SOON, || {
        (first.ask(&server_address) == 403).then_some(())
    });
    ends(server);
}

fn ends(server: Server) {
    server.stop();
}

/// What comes from the trunk and answers nothing of ours is passed over.
#[test]
fn foreign_answers_change_nothing() {
    let carrier = Carrier::open(
        "127.0.0.21",
        Manners {
            grants_s: 4,
            ..Manners::default()
        },
    );
    let house = house(&listed(&[&carrier]));
    let server = house.start();
    wait_granted(&carrier, 1);
    let register = &carrier.registers()[0];
    let line = |name: &str| format!("{name}: {}\r\n", register.header(name).unwrap());
    for status in ["403 Forbidden", "200 OK"] {
        let text = format!(
            "SIP/2.0 {status}\r\nVia: SIP/2.0/UDP 127.0.0.1:{};branch=z9hG4bKforeign\r\n{}{}{}CSeq: 900 REGISTER\r\n\
             Expires: 0\r\nContent-Length: 0\r\n\r\n",
            house.sip,
            line("From"),
            line("To"),
            line("Call-ID"),
        );
        carrier.shout(&house.sip_address(), &text);
    }
    let before = carrier.granted().len();
    wait_granted(&carrier, before + 2);
    wait_registered(&house, 1.0);
    assert_eq!(
        house.metric("gradeline_trunk_registers_total", "outcome=\"refused\""),
        0.0
    );
    server.stop();
}

/// Two carriers: each registration for itself, with its figures, its word in `/healthz` and its addresses that may call.
#[test]
fn two_trunks_register_each_for_itself_and_are_told_apart() {
    let telecom = Carrier::open("127.0.0.21", Manners::default());
    let unicom = Carrier::open("127.0.0.22", Manners::default());
    let table = |name: &str, carrier: &Carrier| {
        format!(
            "[[trunk]]\nname = \"{name}\"\nregister = true\nuser = \"{USER}\"\npassword = \"correct horse\"\n\
             retry_s = 1\nkeep_alive_s = 1\nanswer_s = 3\n{}",
            listed(&[carrier])
        )
    };
    let house = House::new(Setup {
        trunks: "127.0.0.2/32".into(),
        trunk: table("telecom", &telecom) + &table("unicom", &unicom),
        ..Setup::default()
    });
    let checked = house.run(&["check"]).stdout;
    let checked = String::from_utf8_lossy(&checked);
    for (name, carrier) in [("telecom", &telecom), ("unicom", &unicom)] {
        let line = format!("trunk {name}: udp:{}, registers as {USER}", carrier.address);
        assert!(checked.contains(&line), "{checked}");
    }
    let server = house.start();
    wait_granted(&telecom, 1);
    wait_granted(&unicom, 1);
    let registered = |name: &str| {
        let label = format!("trunk=\"{name}\"");
        house.metric("gradeline_trunk_registered", &label)
    };
    wait_registered(&house, 2.0);
    assert_eq!(health(&house), "ok\n");
    for carrier in [&telecom, &unicom] {
        assert_eq!(carrier.ask(&house.sip_address()), 200, "it may call");
    }
    unicom.change(|manners| manners.mute = true);
    wait_for("the trouble of one is told", SOON, || {
        (health(&house) == "trunk unicom\n").then_some(())
    });
    assert_eq!(registered("telecom"), 1.0);
    unicom.change(|manners| manners.mute = false);
    wait_for("the trouble is over", SOON, || {
        (health(&house) == "ok\n").then_some(())
    });
    server.stop();
    for carrier in [&telecom, &unicom] {
        let last = carrier.registers().pop().unwrap();
        assert_eq!((last.expires_s(), last.status), (0, 200), "{}", last.text);
    }
}

/// RFC 3608: what the last grant names goes before what we ask there; a REGISTER has none.
#[test]
fn a_service_route_goes_before_what_is_asked_of_who_named_it() {
    let carrier = Carrier::open(
        "127.0.0.21",
        Manners {
            grants_s: 4,
            service_route: Some("<sip:edge.carrier.test;lr>, <sip:orig@core.carrier.test;lr>"),
            ..Manners::default()
        },
    );
    let house = house(&format!("{}keep_alive_s = 1\n", listed(&[&carrier])));
    let server = house.start();
    wait_granted(&carrier, 1);
    wait_for("a route", SOON, || {
        let route = carrier.probed_with("Route").join(", ");
        (route == "<sip:edge.carrier.test;lr>, <sip:orig@core.carrier.test;lr>").then_some(())
    });
    carrier.change(|manners| manners.service_route = Some("<sip:other.carrier.test;lr>"));
    wait_for("the next one", SOON, || {
        (carrier.probed_with("Route") == ["<sip:other.carrier.test;lr>"]).then_some(())
    });
    carrier.change(|manners| manners.service_route = None);
    wait_for("none", SOON, || {
        carrier.probed_with("Route").is_empty().then_some(())
    });
    for register in carrier.registers() {
        assert_eq!(register.header("Route"), None);
    }
    server.stop();
}
