//! By which way a call goes out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::*;
use crate::sip::{Listen, Transport};
use crate::trunkline::{Families, Host, TrunkSettings};

/// Our number as a called person sees it.
const OURS: &str = "01066554433";
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn trunk(target: Option<&str>) -> Trunk {
    Trunk {
        target: target.map(str::to_owned),
        caller_id: OURS.to_owned(),
        ring: Duration::from_secs(45),
    }
}

async fn agent() -> Agent {
    let settings = crate::sip::Settings {
        listen: vec![Listen {
            transport: Transport::Udp,
            address: SocketAddr::new(LOOPBACK, 0),
        }],
        trunks: Vec::new(),
        max_calls: 1,
        public_address: LOOPBACK,
        session_expires: Duration::from_secs(1800),
        certificate: None,
        desks: None,
        authorities: None,
        websocket_origins: Vec::new(),
    };
    Agent::start(settings).await.unwrap().0
}

/// A trunk of these addresses, without registration; nobody is asked whether he is there.
fn settings(name: &str, ports: &[u16], numbers: &[&str]) -> trunkline::Settings {
    let hosts = ports.iter().map(|port| Host {
        transport: Transport::Udp,
        name: LOOPBACK.to_string(),
        port: Some(*port),
    });
    trunkline::Settings {
        name: name.to_owned(),
        caller_id: OURS.to_owned(),
        numbers: numbers.iter().map(|prefix| (*prefix).to_owned()).collect(),
        hosts: hosts.collect(),
        nameservers: Vec::new(),
        transports: vec![Transport::Udp],
        datagrams: Families {
            v4: true,
            v6: false,
        },
        trunk: TrunkSettings {
            registers: false,
            account: None,
            domain: Some("carrier.example".to_owned()),
            expires: Duration::from_secs(600),
            keep_alive: Duration::ZERO,
            patience: Duration::from_secs(8),
            pause: Duration::from_secs(30),
        },
    }
}

fn kept(agent: &Agent, all: Vec<trunkline::Settings>) -> Trunklines {
    Trunklines::open(agent, all).unwrap().unwrap()
}

/// The ways to this number, once there are so many: the addresses are looked up by tasks of their own.
async fn ways(kept: &Trunklines, number: &str, many: usize) -> Vec<WayOut> {
    let found = async {
        loop {
            let ways = ways_out(&trunk(None), Some(kept), number);
            if ways.len() >= many {
                return ways;
            }
            tokio::task::yield_now().await;
        }
    };
    let ways = tokio::time::timeout(Duration::from_secs(60), found).await;
    ways.expect("the addresses are found")
}

#[tokio::test]
async fn without_a_target_calls_go_by_the_trunk_that_is_kept_in_its_order() {
    let agent = agent().await;
    let kept = kept(&agent, vec![settings("one", &[5071, 5072], &[])]);
    let ways = ways(&kept, "13812345678", 2).await;
    let by: Vec<_> = ways
        .iter()
        .map(|way| {
            let through = way.through.as_ref().expect("by the trunk");
            (
                way.target.as_str(),
                way.from_user.as_str(),
                through.peer.port(),
            )
        })
        .collect();
    let (number, ours) = ("sip:13812345678@carrier.example", OURS);
    assert_eq!(by, [(number, ours, 5071), (number, ours, 5072)]);
    // A call's row names whom it went to, and not whom we called.
    let peers: Vec<_> = ways.iter().map(WayOut::peer).collect();
    assert_eq!(peers, ["127.0.0.1:5071", "127.0.0.1:5072"]);
}

#[tokio::test]
async fn a_target_that_is_written_goes_before_the_trunk_that_is_kept() {
    let agent = agent().await;
    let kept = kept(&agent, vec![settings("one", &[5071, 5072], &[])]);
    let written = trunk(Some("sip:192.0.2.10:5080;transport=tcp"));
    let ways = ways_out(&written, Some(&kept), "13812345678");
    assert_eq!(ways.len(), 1);
    assert_eq!(
        ways[0].target,
        "sip:13812345678@192.0.2.10:5080;transport=tcp"
    );
    assert!(ways[0].through.is_none());
    assert_eq!(ways[0].peer(), "sip:192.0.2.10:5080;transport=tcp");
}

#[test]
fn without_either_there_is_no_way() {
    assert!(ways_out(&trunk(None), None, "13812345678").is_empty());
}

#[tokio::test]
async fn of_several_trunks_those_that_are_for_a_number_are_tried_in_their_order() {
    let agent = agent().await;
    let mut dear = settings("dear", &[5073], &[]);
    dear.caller_id = "01012345678".to_owned();
    let silent = trunkline::Settings {
        caller_id: String::new(),
        ..settings("inward", &[5074], &[])
    };
    let kept = kept(
        &agent,
        vec![silent, settings("city", &[5071, 5072], &["010", "6"]), dear],
    );
    let by = |ways: &[WayOut]| -> Vec<(String, String)> {
        let by = ways
            .iter()
            .map(|way| (way.trunk.clone().unwrap(), way.from_user.clone()));
        by.collect()
    };
    let pair = |trunk: &str, ours: &str| (trunk.to_owned(), ours.to_owned());
    let dear = pair("dear", "01012345678");
    let city = pair("city", OURS);
    assert_eq!(
        by(&ways(&kept, "66012345", 3).await),
        [city.clone(), city, dear.clone()]
    );
    assert_eq!(by(&ways(&kept, "13812345678", 1).await), [dear]);
}

#[test]
fn what_a_status_says_of_the_way_and_what_of_who_was_called() {
    for (status, further) in [
        (408, Further::Address),
        (503, Further::Address),
        (500, Further::Trunk),
        (502, Further::Trunk),
        (504, Further::Trunk),
        (403, Further::Nowhere),
        (404, Further::Nowhere),
        (480, Further::Nowhere),
        (486, Further::Nowhere),
        (487, Further::Nowhere),
        (600, Further::Nowhere),
        (603, Further::Nowhere),
    ] {
        assert_eq!(trunkline::further(status), further, "{status}");
    }
}

/// A trunk that answers each INVITE with this status, and counts them.
async fn answering(status: u16) -> (u16, Arc<AtomicUsize>) {
    let socket = tokio::net::UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let invites = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&invites);
    tokio::spawn(async move {
        let mut buffer = vec![0; 8192];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let text = String::from_utf8_lossy(&buffer[..length]);
            if !text.starts_with("INVITE ") {
                continue;
            }
            count.fetch_add(1, Relaxed);
            let echoed = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
            let lines = text
                .lines()
                .filter(|line| echoed.iter().any(|name| line.starts_with(name)));
            let lines = lines.map(|line| match line.starts_with("To:") {
                true => format!("{line};tag=c\r\n"),
                false => format!("{line}\r\n"),
            });
            let lines: String = lines.collect();
            let answer = format!("SIP/2.0 {status} Told\r\n{lines}Content-Length: 0\r\n\r\n");
            socket.send_to(answer.as_bytes(), from).await.unwrap();
        }
    });
    (port, invites)
}

#[tokio::test]
async fn a_trunk_that_fails_leaves_a_call_to_the_next_and_one_that_refuses_does_not() {
    for (status, further) in [(500, 1), (503, 1), (404, 0), (486, 0), (603, 0)] {
        let agent = agent().await;
        let ((first, _), (second, others)) = (answering(status).await, answering(486).await);
        // Its other address fails in the same way, and is passed over but at 503.
        let all = vec![
            settings("one", &[first, first + 1], &[]),
            settings("two", &[second], &[]),
        ];
        let mut ways = ways(&kept(&agent, all), "13812345678", 3).await;
        ways.retain(|way| status != 503 || way.peer() != format!("127.0.0.1:{}", first + 1));
        let ring = Duration::from_secs(60);
        let offers = Offers {
            first: "v=0\r\n".into(),
            needs_tls: false,
            plain: None,
        };
        let mut dialling = Dialling::begin(&agent, ways, ring, offers, "test")
            .await
            .unwrap_or_else(|ended| panic!("{ended:?}"));
        let Step::Not { status: told, .. } = dialling.next().await else {
            panic!("nobody answers")
        };
        let last = if further == 1 { 486 } else { status };
        assert_eq!(
            (told, others.load(Relaxed)),
            (Some(last), further),
            "{status}"
        );
        agent.stop().await;
    }
}
