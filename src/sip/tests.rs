//! Live calls over loopback: agent against agent, and hand-written messages.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::mpsc;

use super::agent::Tuning;
use super::*;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
const ANSWER: &str = "v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5000 RTP/AVP 8\r\n";

fn settings() -> Settings {
    let any = SocketAddr::new(LOOPBACK, 0);
    Settings {
        listen: vec![
            Listen {
                transport: Transport::Udp,
                address: any,
            },
            Listen {
                transport: Transport::Tcp,
                address: any,
            },
        ],
        trunks: vec![Network {
            address: LOOPBACK,
            prefix: 32,
        }],
        public_address: LOOPBACK,
        session_expires: Duration::from_secs(1800),
    }
}

async fn agent() -> (Agent, mpsc::Receiver<Incoming>) {
    Agent::start_tuned(settings(), Tuning::default())
        .await
        .expect("loopback can be bound")
}

fn invite(to: &Agent, transport: Transport) -> Invite {
    let listen = to
        .addresses()
        .into_iter()
        .find(|listen| listen.transport == transport)
        .expect("both transports listen");
    let parameter = match transport {
        Transport::Udp => "",
        Transport::Tcp => ";transport=tcp",
    };
    Invite {
        target: format!("sip:8001@{}{parameter}", listen.address),
        from_user: "13800138000".into(),
        from_name: Some("张三".into()),
        sdp: OFFER.into(),
        headers: vec![("X-Gradeline-Call".into(), "42".into())],
    }
}

/// Nothing on loopback takes this long.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("it happens within ten seconds")
}

async fn answered(outgoing: &mut Outgoing) -> (Dialog, mpsc::Receiver<DialogEvent>, Vec<u8>) {
    loop {
        match soon(outgoing.next()).await {
            Some(Progress::Answered {
                dialog,
                events,
                sdp,
            }) => return (dialog, events, sdp),
            Some(Progress::Ringing { .. }) => {}
            Some(Progress::Refused { status }) => panic!("refused with {status}"),
            None => panic!("no outcome"),
        }
    }
}

async fn a_whole_call(transport: Transport) {
    let (caller, _calls) = agent().await;
    let (callee, mut calls) = agent().await;
    let mut outgoing = caller.invite(invite(&callee, transport)).await.unwrap();
    let incoming = soon(calls.recv()).await.unwrap();
    assert_eq!(incoming.caller.as_deref(), Some("13800138000"));
    assert_eq!(incoming.caller_name.as_deref(), Some("张三"));
    assert_eq!(incoming.callee, "8001");
    assert_eq!(incoming.offer.as_deref(), Some(OFFER.as_bytes()));
    incoming.ring().await.unwrap();
    assert!(matches!(
        soon(outgoing.next()).await,
        Some(Progress::Ringing { sdp: None })
    ));
    let (theirs, mut their_events) = incoming.answer(ANSWER).await.unwrap();
    let (ours, mut our_events, sdp) = answered(&mut outgoing).await;
    assert_eq!(sdp, ANSWER.as_bytes());
    assert_eq!(ours.call_id(), theirs.call_id());
    assert!(matches!(
        soon(their_events.recv()).await,
        Some(DialogEvent::Acknowledged { sdp: None })
    ));
    soon(theirs.bye(Some("SIP;cause=200;text=\"done\"")))
        .await
        .unwrap();
    match soon(our_events.recv()).await {
        Some(DialogEvent::Bye { reason }) => {
            assert_eq!(reason.as_deref(), Some("SIP;cause=200;text=\"done\""));
        }
        _ => panic!("a BYE was sent"),
    }
    caller.stop().await;
    callee.stop().await;
}

#[tokio::test]
async fn a_call_is_made_answered_and_ended_over_udp() {
    a_whole_call(Transport::Udp).await;
}

#[tokio::test]
async fn a_call_is_made_answered_and_ended_over_tcp() {
    a_whole_call(Transport::Tcp).await;
}

/// `SIP_PORT=5070 cargo test --lib answers_everyone -- --ignored`, then
/// `sipp -sn uac 127.0.0.1:5070 -r 100 -m 1000`. Ends after a minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "a user agent for peers driven by hand"]
async fn answers_everyone_for_a_minute() {
    let port = std::env::var("SIP_PORT").map_or(5070, |port| port.parse().unwrap());
    let mut settings = settings();
    for listen in &mut settings.listen {
        listen.address.set_port(port);
    }
    let (agent, mut calls) = Agent::start(settings).await.unwrap();
    let answering = async {
        while let Some(incoming) = calls.recv().await {
            tokio::spawn(async move {
                let _ = incoming.ring().await;
                let Ok((_dialog, mut events)) = incoming.answer(ANSWER).await else {
                    return;
                };
                while let Some(event) = events.recv().await {
                    match event {
                        DialogEvent::Offer { reply, .. } => drop(reply.answer(ANSWER).await),
                        DialogEvent::Info { content_type, body } => {
                            println!("{content_type}: {}", String::from_utf8_lossy(&body));
                        }
                        DialogEvent::Acknowledged { .. } => {}
                        DialogEvent::Bye { .. } => return,
                        DialogEvent::Lost { why } => return println!("lost: {why}"),
                    }
                }
            });
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(60), answering).await;
    println!("calls left: {}", agent.call_count());
    agent.stop().await;
}
