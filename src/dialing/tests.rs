//! By which way a call goes out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::*;
use crate::sip::{Listen, Transport};
use crate::trunkline::{Families, Host, TrunkSettings};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn trunk(target: Option<&str>) -> Trunk {
    Trunk {
        target: target.map(str::to_owned),
        caller_id: "01066554433".to_owned(),
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
    };
    Agent::start(settings).await.unwrap().0
}

/// A trunk of two addresses, without registration; nobody is asked whether he is there.
fn kept(agent: &Agent, ports: [u16; 2]) -> Trunkline {
    let hosts = ports.map(|port| Host {
        transport: Transport::Udp,
        name: LOOPBACK.to_string(),
        port: Some(port),
    });
    let settings = trunkline::Settings {
        hosts: hosts.to_vec(),
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
    };
    Trunkline::open(agent.clone(), settings).unwrap()
}

#[tokio::test]
async fn without_a_target_calls_go_by_the_trunk_that_is_kept_in_its_order() {
    let agent = agent().await;
    let kept = kept(&agent, [5071, 5072]);
    // Its addresses are looked up by a task of its own.
    let found = async {
        loop {
            let ways = ways_out(&trunk(None), Some(&kept), "13812345678");
            if !ways.is_empty() {
                return ways;
            }
            tokio::task::yield_now().await;
        }
    };
    let ways = tokio::time::timeout(Duration::from_secs(60), found).await;
    let ways = ways.expect("the addresses are found");
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
    let (number, ours) = ("sip:13812345678@carrier.example", "01066554433");
    assert_eq!(by, [(number, ours, 5071), (number, ours, 5072)]);
    // A call's row names whom it went to, and not whom we called.
    let peers: Vec<_> = ways.iter().map(WayOut::peer).collect();
    assert_eq!(peers, ["127.0.0.1:5071", "127.0.0.1:5072"]);
}

#[tokio::test]
async fn a_target_that_is_written_goes_before_the_trunk_that_is_kept() {
    let agent = agent().await;
    let kept = kept(&agent, [5071, 5072]);
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
