//! Live calls over loopback: agent against agent, and hand-written messages.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::mpsc;

use super::agent::Tuning;
use super::*;
use crate::guard::Limits;

mod admission;
mod offers;
mod outgoing;
mod peer;
mod referrals;
mod refresh;
mod routes;

use peer::Peer;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const T1: Duration = Duration::from_millis(500);
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
        max_calls: 4000,
        public_address: LOOPBACK,
        session_expires: Duration::from_secs(1800),
        certificate: None,
        desks: None,
        authorities: None,
        websocket_origins: Vec::new(),
    }
}

/// The same, and TLS with a certificate of its own; believes the one in this folder.
fn with_tls(folder: &std::path::Path) -> Settings {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let files = PemFiles {
        certificate: folder.join("tls.crt"),
        key: folder.join("tls.key"),
    };
    std::fs::write(&files.certificate, certificate.pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    let mut settings = settings();
    settings.listen.push(Listen {
        transport: Transport::Tls,
        address: SocketAddr::new(LOOPBACK, 0),
    });
    settings.authorities = Some(files.certificate.clone());
    settings.certificate = Some(files);
    settings
}

async fn agent() -> (Agent, mpsc::Receiver<Incoming>) {
    tuned(Tuning::default()).await
}

async fn tuned(tuning: Tuning) -> (Agent, mpsc::Receiver<Incoming>) {
    Agent::start_tuned(settings(), tuning)
        .await
        .expect("loopback can be bound")
}

/// Retransmissions and timeouts a hundred times faster than in a network.
fn hasty() -> Tuning {
    Tuning {
        t1: Duration::from_millis(5),
        ..Tuning::default()
    }
}

fn udp(agent: &Agent) -> SocketAddr {
    agent.addresses()[0].address
}

fn invite(to: &Agent, transport: Transport) -> Invite {
    let listen = to
        .addresses()
        .into_iter()
        .find(|listen| listen.transport == transport)
        .expect("every transport listens");
    let parameter = match transport {
        Transport::Udp => "",
        Transport::Tcp => ";transport=tcp",
        Transport::Tls => ";transport=tls",
        Transport::Ws | Transport::Wss => unreachable!("nobody is called there by name"),
    };
    Invite {
        target: format!("sip:8001@{}{parameter}", listen.address),
        flow: None,
        through: None,
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
    let folder = tempfile::tempdir().unwrap();
    // One certificate for both.
    let settings = with_tls(folder.path());
    let (caller, _calls) = Agent::start(settings.clone()).await.unwrap();
    let (callee, mut calls) = Agent::start(settings).await.unwrap();
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

#[tokio::test]
async fn a_call_is_made_answered_and_ended_over_tls() {
    a_whole_call(Transport::Tls).await;
}

#[tokio::test]
async fn who_is_not_believed_is_not_called_by_tls() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [ours, theirs] = folders.each_ref().map(|folder| with_tls(folder.path()));
    let (callee, mut calls) = Agent::start(theirs).await.unwrap();
    let mut trusting_nobody = ours.clone();
    trusting_nobody.authorities = None;
    for (settings, why) in [
        (trusting_nobody, "tls_authorities"),
        (ours, "cannot connect"),
    ] {
        let (caller, _calls) = Agent::start(settings).await.unwrap();
        let refused = caller.invite(invite(&callee, Transport::Tls)).await;
        let error = refused.err().expect("no call").to_string();
        assert!(error.contains(why), "{error}");
        caller.stop().await;
    }
    assert!(calls.try_recv().is_err());
    callee.stop().await;
}

/// An agent, a peer that called it, and the call.
async fn called(extra: &str, tuning: Tuning) -> (Agent, mpsc::Receiver<Incoming>, Peer, Incoming) {
    let (agent, mut calls) = tuned(tuning).await;
    let peer = Peer::at("127.0.0.1", udp(&agent)).await;
    peer.send(peer.invite(extra)).await;
    let incoming = soon(calls.recv()).await.unwrap();
    (agent, calls, peer, incoming)
}

/// The same, answered and acknowledged.
async fn talking(
    extra: &str,
) -> (
    Agent,
    Peer,
    Dialog,
    mpsc::Receiver<DialogEvent>,
    peer::Received,
) {
    let (agent, _calls, mut peer, incoming) = called(extra, Tuning::default()).await;
    let (dialog, mut events) = incoming.answer(ANSWER).await.unwrap();
    let ok = peer.expect("200").await;
    peer.send(peer.request("ACK", 1, "", "")).await;
    assert!(matches!(
        soon(events.recv()).await,
        Some(DialogEvent::Acknowledged { sdp: None })
    ));
    (agent, peer, dialog, events, ok)
}

#[tokio::test]
async fn an_invite_is_tried_rung_and_answered_with_what_we_can() {
    let (_agent, _calls, mut peer, incoming) = called("", Tuning::default()).await;
    assert_eq!(peer.receive().await.what, "100");
    incoming.ring().await.unwrap();
    assert_eq!(peer.receive().await.what, "180");
    let (_dialog, _events) = incoming.answer(ANSWER).await.unwrap();
    let ok = peer.receive().await;
    assert_eq!(ok.what, "200");
    assert_eq!(ok.body, ANSWER);
    assert!(ok.header("Allow").contains("UPDATE"));
    assert_eq!(ok.header("Supported"), "timer");
    assert!(ok.header("Contact").contains("sip:consult@127.0.0.1:"));
    assert_eq!(ok.header("Content-Type"), "application/sdp");
    assert!(!ok.text.contains("rsipstack"));
}

#[tokio::test]
async fn a_number_may_be_escaped_or_missing() {
    let (agent, mut calls) = agent().await;
    for (user, callee, contact) in [
        ("%2B86%3112345@", "+86112345", "<sip:+86112345@127"),
        ("%0d%0aX%3A@", "\r\nX:", "<sip:%0D%0AX%3A@127"),
        ("", "", "<sip:127"),
    ] {
        let mut peer = Peer::at("127.0.0.1", udp(&agent)).await;
        peer.send(peer.invite("").replacen("consult@", user, 1))
            .await;
        let incoming = soon(calls.recv()).await.unwrap();
        assert_eq!(incoming.callee, callee);
        let (_dialog, _events) = incoming.answer(ANSWER).await.unwrap();
        let ok = peer.expect("200").await;
        assert!(ok.header("Contact").contains(contact), "{}", ok.text);
    }
}

#[tokio::test]
async fn a_cancel_before_the_answer_is_told_and_answered_487() {
    let (_agent, _calls, mut peer, incoming) = called("", Tuning::default()).await;
    peer.send(peer.request("CANCEL", 1, "", "")).await;
    soon(incoming.cancelled()).await;
    peer.expect("487").await;
    assert!(matches!(incoming.answer(ANSWER).await, Err(Error::Over)));
}

#[tokio::test]
async fn a_reader_that_sleeps_blocks_nobody_and_still_learns_of_the_end() {
    let (_agent, mut peer, _dialog, mut events, _) = talking("").await;
    let typed = "Content-Type: application/dtmf-relay\r\n";
    let mut refused = 0;
    for cseq in 2..82 {
        peer.send(peer.request("INFO", cseq, typed, "Signal=1\r\n"))
            .await;
        refused += u32::from(peer.receive().await.what == "503");
    }
    assert!(refused > 0, "the queue is bounded");
    peer.send(peer.request("BYE", 82, "", "")).await;
    peer.expect("200").await;
    let mut last = None;
    while let Some(event) = soon(events.recv()).await {
        last = Some(event);
    }
    assert!(matches!(last, Some(DialogEvent::Bye { .. })));
}

#[tokio::test]
async fn a_200_without_ack_is_sent_again_and_then_the_call_is_lost_with_a_bye() {
    let (_agent, _calls, mut peer, incoming) = called("", hasty()).await;
    let (_dialog, mut events) = incoming.answer(ANSWER).await.unwrap();
    peer.expect("200").await;
    peer.expect("200").await;
    match soon(events.recv()).await {
        Some(DialogEvent::Lost { why }) => assert_eq!(why, "no ACK came to our 200"),
        _ => panic!("the call is lost"),
    }
    peer.expect("BYE").await;
}

#[tokio::test]
async fn a_bye_without_answer_is_sent_again_and_the_call_ends_all_the_same() {
    let (agent, _calls, mut peer, incoming) = called("", hasty()).await;
    let (dialog, mut events) = incoming.answer(ANSWER).await.unwrap();
    peer.expect("200").await;
    peer.send(peer.request("ACK", 1, "", "")).await;
    soon(events.recv()).await;
    drop(dialog);
    let first = peer.expect("BYE").await;
    assert_eq!(
        peer.expect("BYE").await.header("CSeq"),
        first.header("CSeq")
    );
    assert!(soon(events.recv()).await.is_none());
    assert_eq!(agent.call_count(), 0);
}

#[tokio::test]
async fn a_name_in_gb18030_and_a_missing_content_length_are_understood() {
    let (agent, mut calls) = agent().await;
    let peer = Peer::at("127.0.0.1", udp(&agent)).await;
    let text = peer
        .invite("")
        .replace(&format!("Content-Length: {}\r\n", OFFER.len()), "")
        .replace("caller", "王小明");
    let (bytes, _, unmappable) = encoding_rs::GB18030.encode(&text);
    assert!(!unmappable);
    peer.send(bytes).await;
    let incoming = soon(calls.recv()).await.unwrap();
    assert_eq!(incoming.caller_name.as_deref(), Some("王小明"));
    assert_eq!(incoming.offer.as_deref(), Some(OFFER.as_bytes()));
}

#[tokio::test]
async fn an_incoming_call_that_is_dropped_is_refused_with_500() {
    let (_agent, _calls, mut peer, incoming) = called("", Tuning::default()).await;
    drop(incoming);
    peer.expect("500").await;
}

/// A peer that our agent calls.
async fn calling(tuning: Tuning) -> (Agent, Peer, Outgoing, peer::Received) {
    let (agent, _calls) = tuned(tuning).await;
    let mut peer = Peer::at("127.0.0.3", udp(&agent)).await;
    let invite = Invite {
        target: format!("sip:8001@{}", peer.address()),
        flow: None,
        through: None,
        from_user: "13800138000".into(),
        from_name: Some("a \"quoted\" name\r\nX-Injected: 1".into()),
        sdp: OFFER.into(),
        headers: vec![("X-Gradeline-Call".into(), "42".into())],
    };
    let outgoing = agent.invite(invite).await.unwrap();
    let received = peer.expect("INVITE").await;
    (agent, peer, outgoing, received)
}

#[tokio::test]
async fn stopping_hangs_up_and_closes() {
    let (agent, mut peer, _dialog, mut events, _) = talking("").await;
    let ((), ()) = tokio::join!(agent.stop(), async {
        let bye = peer.expect("BYE").await;
        peer.send(peer.respond_to(&bye, "200 OK", "", "")).await;
    });
    assert!(soon(events.recv()).await.is_none());
    assert_eq!(agent.call_count(), 0);
}

/// `SIP_PORT=5070 cargo test --lib answers_everyone -- --ignored`, then
/// `sipp -sn uac 127.0.0.1:5070 -r 100 -m 1000`. Ends after a minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "a user agent for peers driven by hand"]
async fn answers_everyone_for_a_minute() {
    let port = std::env::var("SIP_PORT").map_or(5070, |port| port.parse().unwrap());
    let host = std::env::var("SIP_HOST").map_or(LOOPBACK, |host| host.parse().unwrap());
    let mut settings = settings();
    settings.trunks[0].address = host;
    settings.public_address = host;
    for listen in &mut settings.listen {
        listen.address = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
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
                        DialogEvent::Refer { .. } => {}
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
