//! Look-ups, with a name server on loopback that fails on command.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::UdpSocket;

use super::resolving::Found;
use super::*;
use crate::trunks::Target;

const A: u16 = 1;
const AAAA: u16 = 28;
const SRV: u16 = 33;

/// What it knows: the data of each name's records by kind; `None`: it fails (RCODE 2).
type Zone = HashMap<(&'static str, u16), Option<Vec<Vec<u8>>>>;

/// Answers from `zone` for as long as the test runs; the questions that came.
async fn names(zone: Zone) -> (SocketAddr, Arc<Mutex<Zone>>, Arc<Mutex<Vec<(String, u16)>>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (zone, asked) = (Arc::new(Mutex::new(zone)), Arc::new(Mutex::new(Vec::new())));
    let (known, came) = (Arc::clone(&zone), Arc::clone(&asked));
    tokio::spawn(async move {
        let mut query = [0; 1500];
        while let Ok((_, from)) = socket.recv_from(&mut query).await {
            let (mut at, mut labels) = (12, Vec::new());
            while query[at] != 0 {
                let length = usize::from(query[at]);
                labels.push(String::from_utf8_lossy(&query[at + 1..=at + length]).to_lowercase());
                at += length + 1;
            }
            let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
            let name = labels.join(".");
            let zone = known.lock().unwrap().clone();
            let mut all = zone.iter();
            let found = all.find(|((known, of), _)| *known == name && *of == kind);
            let records = found.map_or(Some(Vec::new()), |(_, records)| records.clone());
            came.lock().unwrap().push((name, kind));
            // RFC 1035 §4.1: the question once more, and behind it the records.
            let mut answer = query[..2].to_vec();
            let fails = u8::from(records.is_none()) * 2;
            let records = records.unwrap_or_default();
            answer.extend([0x84, fails, 0, 1, 0, u8::try_from(records.len()).unwrap()]);
            answer.extend([0, 0, 0, 0]);
            answer.extend(&query[12..at + 5]);
            for data in records {
                answer.extend([0xc0, 12]);
                answer.extend(kind.to_be_bytes());
                answer.extend([0, 1, 0, 0, 0, 60]);
                answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
                answer.extend(data);
            }
            let _ = socket.send_to(&answer, from).await;
        }
    });
    (address, zone, asked)
}

fn address(text: &str) -> Option<Vec<Vec<u8>>> {
    let octets = match text.parse().unwrap() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    Some(vec![octets])
}

fn service(port: u16, host: &str) -> Option<Vec<Vec<u8>>> {
    let mut data = vec![0, 1, 0, 1];
    data.extend(port.to_be_bytes());
    for label in host.split('.').filter(|label| !label.is_empty()) {
        data.push(u8::try_from(label.len()).unwrap());
        data.extend(label.as_bytes());
    }
    data.push(0);
    Some(vec![data])
}

fn host(name: &str, port: Option<u16>) -> Host {
    Host {
        transport: Transport::Udp,
        name: name.to_owned(),
        port,
    }
}

fn resolver(nameserver: SocketAddr, hosts: Vec<Host>, domain: &str) -> Resolver {
    let settings = Settings {
        name: "one".to_owned(),
        caller_id: String::new(),
        numbers: Vec::new(),
        hosts,
        nameservers: vec![nameserver],
        transports: vec![Transport::Udp, Transport::Tcp],
        datagrams: Families {
            v4: true,
            v6: false,
        },
        trunk: trunks::Settings {
            registers: false,
            account: None,
            domain: Some(domain.to_owned()),
            expires: Duration::from_secs(600),
            keep_alive: Duration::ZERO,
            patience: Duration::from_secs(8),
            pause: Duration::from_secs(30),
        },
    };
    Resolver::open(&settings).unwrap()
}

fn found(found: &Found) -> Vec<String> {
    let targets = found.places.iter().flat_map(|place| &place.targets);
    targets.map(Target::to_string).collect()
}

#[tokio::test]
async fn a_name_that_fails_keeps_what_was_known_of_it_and_takes_nothing_from_the_others() {
    let (server, zone, _) = names(HashMap::from([
        (("a.example", A), address("192.0.2.1")),
        (("b.example", A), None),
    ]))
    .await;
    let hosts = vec![host("a.example", Some(5070)), host("b.example", Some(5071))];
    let resolver = resolver(server, hosts, "c.example");
    // One that was never known is missing, and is looked for again.
    let first = resolver.look().await.unwrap();
    assert_eq!(found(&first), ["udp:192.0.2.1:5070"]);
    assert!(first.failed.is_some());
    let places: Vec<&str> = first
        .places
        .iter()
        .map(|place| place.name.as_str())
        .collect();
    assert_eq!(places, ["udp:a.example:5070", "udp:b.example:5071"]);
    let change = |name, records| zone.lock().unwrap().insert((name, A), records);
    change("b.example", address("192.0.2.2"));
    let both = ["udp:192.0.2.1:5070", "udp:192.0.2.2:5071"];
    let second = resolver.look().await.unwrap();
    assert_eq!(
        (found(&second), second.failed.is_none()),
        (both.map(str::to_owned).to_vec(), true)
    );
    // It was known, and fails: it is kept.
    change("b.example", None);
    let third = resolver.look().await.unwrap();
    assert_eq!(
        (found(&third), third.failed.is_some()),
        (both.map(str::to_owned).to_vec(), true)
    );
    // It is said to be no more: it is gone.
    change("b.example", Some(Vec::new()));
    assert_eq!(
        found(&resolver.look().await.unwrap()),
        ["udp:192.0.2.1:5070"]
    );
}

#[tokio::test]
async fn a_name_is_asked_for_as_rfc_3263_has_it() {
    let (server, _, asked) = names(HashMap::from([
        (
            ("_sip._udp.srv.example", SRV),
            service(5090, "edge.example"),
        ),
        (("edge.example", A), address("192.0.2.3")),
        (("srv.example", A), address("192.0.2.99")),
        (("plain.example", A), address("192.0.2.4")),
        (("plain.example", AAAA), address("2001:db8::4")),
        (
            ("_sip._udp.ported.example", SRV),
            service(5090, "edge.example"),
        ),
        (("ported.example", A), address("192.0.2.5")),
        (("_sip._udp.none.example", SRV), service(0, "")),
        (("none.example", A), address("192.0.2.98")),
    ]))
    .await;
    let hosts = vec![
        host("192.0.2.1", None),
        host("srv.example", None),
        host("plain.example", None),
        host("ported.example", Some(5062)),
        host("none.example", None),
    ];
    let resolver = resolver(server, hosts, "c.example");
    assert_eq!(
        found(&resolver.look().await.unwrap()),
        [
            "udp:192.0.2.1:5060",
            "udp:192.0.2.3:5090",
            // Our socket sends to no IPv6, and what cannot be used is not asked for.
            "udp:192.0.2.4:5060",
            "udp:192.0.2.5:5062",
        ]
    );
    let asked = asked.lock().unwrap();
    assert!(asked.iter().all(|(name, kind)| {
        *kind != AAAA && !name.contains("192.0.2.1") && name != "_sip._udp.ported.example"
    }));
}

#[tokio::test]
async fn a_service_that_fails_takes_nothing_from_another_one_of_the_domain() {
    let (server, zone, _) = names(HashMap::from([
        (("_sip._udp.c.example", SRV), service(5090, "edge.example")),
        (("_sip._tcp.c.example", SRV), None),
        (("edge.example", A), address("192.0.2.3")),
        (("edge.example", AAAA), None),
        (("c.example", A), address("192.0.2.99")),
    ]))
    .await;
    let resolver = resolver(server, Vec::new(), "c.example");
    let first = resolver.look().await.unwrap();
    assert_eq!(
        (found(&first), first.failed.is_some()),
        (vec!["udp:192.0.2.3:5090".to_owned()], true)
    );
    // By TCP both kinds are wanted, and one that fails takes nothing from the other.
    let change = |name, kind, records| zone.lock().unwrap().insert((name, kind), records);
    change("_sip._tcp.c.example", SRV, service(5091, "edge.example"));
    assert_eq!(
        found(&resolver.look().await.unwrap()),
        ["udp:192.0.2.3:5090", "tcp:192.0.2.3:5091"]
    );
    change("edge.example", AAAA, address("2001:db8::3"));
    let all = [
        "udp:192.0.2.3:5090",
        "tcp:192.0.2.3:5091",
        "tcp:[2001:db8::3]:5091",
    ];
    assert_eq!(found(&resolver.look().await.unwrap()), all);
    // All of it fails: all of it is kept.
    zone.lock()
        .unwrap()
        .values_mut()
        .for_each(|records| *records = None);
    let kept = resolver.look().await.unwrap();
    assert_eq!(found(&kept), all);
    assert!(kept.failed.is_some());
}

#[tokio::test]
async fn a_domain_that_is_an_address_is_looked_up_nowhere() {
    let (server, _, asked) = names(HashMap::new()).await;
    let resolver = resolver(server, Vec::new(), "192.0.2.7");
    let there = resolver.look().await.unwrap();
    assert_eq!(
        (found(&there), there.for_long),
        (vec!["udp:192.0.2.7:5060".to_owned()], None)
    );
    assert!(asked.lock().unwrap().is_empty());
}
