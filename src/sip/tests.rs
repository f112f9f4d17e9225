//! Live calls over loopback: agent against agent, and hand-written messages.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::mpsc;

use super::agent::Tuning;
use super::*;
use crate::guard::Limits;

mod peer;
mod referrals;

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
async fn an_invite_without_sdp_gets_our_offer_and_its_ack_brings_the_answer() {
    let (agent, mut calls) = agent().await;
    let mut peer = Peer::at("127.0.0.1", udp(&agent)).await;
    peer.send(peer.request("INVITE", 1, "", "")).await;
    let incoming = soon(calls.recv()).await.unwrap();
    assert_eq!(incoming.offer, None);
    let (_dialog, mut events) = incoming.answer(OFFER).await.unwrap();
    assert_eq!(peer.expect("200").await.body, OFFER);
    peer.send(peer.request("ACK", 1, "Content-Type: application/sdp\r\n", ANSWER))
        .await;
    match soon(events.recv()).await {
        Some(DialogEvent::Acknowledged { sdp }) => {
            assert_eq!(sdp.as_deref(), Some(ANSWER.as_bytes()));
        }
        _ => panic!("the ACK is told"),
    }
}

#[tokio::test]
async fn a_new_offer_is_handed_on_and_the_same_again_is_answered_by_the_stack_itself() {
    let (_agent, mut peer, _dialog, mut events, _) = talking("").await;
    let hold = OFFER.replace("o=- 1 1", "o=- 1 2") + "a=sendonly\r\n";
    let typed = "Content-Type: application/sdp\r\n";
    peer.send(peer.request("INVITE", 2, typed, &hold)).await;
    let Some(DialogEvent::Offer { sdp, reply }) = soon(events.recv()).await else {
        panic!("the offer is told");
    };
    assert_eq!(sdp, hold.as_bytes());
    let held = ANSWER.replace("o=- 2 1", "o=- 2 2");
    reply.answer(&held).await.unwrap();
    assert_eq!(peer.expect("200").await.body, held);
    peer.send(peer.request("ACK", 2, "", "")).await;

    peer.send(peer.request("INVITE", 3, typed, &hold)).await;
    assert_eq!(peer.expect("200").await.body, held);
    peer.send(peer.request("ACK", 3, "", "")).await;
    peer.send(peer.request("UPDATE", 4, "", "")).await;
    let update = peer.expect("200").await;
    assert!(update.header("CSeq").contains("UPDATE"));
    assert_eq!(update.body, "");

    peer.send(peer.request(
        "INFO",
        5,
        "Content-Type: application/dtmf-relay\r\n",
        "Signal=5\r\n",
    ))
    .await;
    match soon(events.recv()).await {
        Some(DialogEvent::Info { content_type, body }) => {
            assert_eq!(content_type, "application/dtmf-relay");
            assert_eq!(body, b"Signal=5\r\n");
        }
        _ => panic!("no event came of the refreshes, the INFO is next"),
    }
    assert!(peer.expect("200").await.header("CSeq").contains("INFO"));
}

#[tokio::test]
async fn an_offer_that_nobody_answers_is_refused_and_the_call_goes_on() {
    let (_agent, mut peer, dialog, mut events, _) = talking("").await;
    let typed = "Content-Type: application/sdp\r\n";
    peer.send(peer.request("INVITE", 2, typed, ANSWER)).await;
    let Some(DialogEvent::Offer { reply, .. }) = soon(events.recv()).await else {
        panic!("the offer is told");
    };
    drop(reply);
    peer.expect("488").await;
    peer.send(peer.request("ACK", 2, "", "")).await;
    let (bye, ()) = tokio::join!(dialog.bye(None), async {
        let bye = peer.expect("BYE").await;
        peer.send(peer.respond_to(&bye, "200 OK", "", "")).await;
    });
    bye.unwrap();
}

#[tokio::test]
async fn an_offer_while_ours_is_pending_is_answered_491() {
    let (_agent, mut peer, dialog, _events, _) = talking("").await;
    let typed = "Content-Type: application/sdp\r\n";
    let (answer, ()) = tokio::join!(dialog.reinvite(OFFER), async {
        let ours = peer.expect("INVITE").await;
        peer.send(peer.request("INVITE", 2, typed, ANSWER)).await;
        peer.expect("491").await;
        peer.send(peer.request("ACK", 2, "", "")).await;
        peer.send(peer.respond_to(&ours, "200 OK", typed, ANSWER))
            .await;
        peer.expect("ACK").await;
    });
    assert_eq!(answer.unwrap(), ANSWER.as_bytes());
}

#[tokio::test]
async fn an_offer_of_ours_refused_with_491_lets_theirs_through_and_comes_again() {
    let (_agent, mut peer, dialog, mut events, _) = talking("").await;
    let typed = "Content-Type: application/sdp\r\n";
    let theirs = OFFER.replace("o=- 1 1", "o=- 1 2");
    let (answer, ()) = tokio::join!(dialog.reinvite(OFFER), async {
        let ours = peer.expect("INVITE").await;
        peer.send(peer.respond_to(&ours, "491 Request Pending", "", ""))
            .await;
        peer.expect("ACK").await;
        peer.send(peer.request("UPDATE", 2, typed, &theirs)).await;
        match soon(events.recv()).await {
            Some(DialogEvent::Offer { reply, .. }) => reply.answer(ANSWER).await.unwrap(),
            _ => panic!("the offer is told"),
        }
        let again = peer.expect("INVITE").await;
        peer.send(peer.respond_to(&again, "200 OK", typed, ANSWER))
            .await;
    });
    assert_eq!(answer.unwrap(), ANSWER.as_bytes());
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

/// An agent whose three places for calls without ACK are taken, and those calls.
async fn flooded(
    grace: Duration,
    t1: Duration,
) -> (
    Agent,
    mpsc::Receiver<Incoming>,
    Vec<(Peer, Dialog, mpsc::Receiver<DialogEvent>)>,
) {
    let limits = Limits {
        max_unproven_per_source: 3,
        grace,
        ..Limits::of(4000)
    };
    let tuning = Tuning {
        limits: Some(limits),
        t1,
        ..Tuning::default()
    };
    let (agent, mut calls) = tuned(tuning).await;
    let mut flood = Vec::new();
    for _ in 0..3 {
        let mut peer = Peer::at("127.0.0.1", udp(&agent)).await;
        peer.send(peer.invite("")).await;
        let incoming = soon(calls.recv()).await.unwrap();
        let (dialog, events) = incoming.answer(ANSWER).await.unwrap();
        peer.expect("200").await;
        flood.push((peer, dialog, events));
    }
    (agent, calls, flood)
}

#[tokio::test]
async fn a_flood_without_acks_is_refused_before_it_fills_the_house() {
    let (agent, _calls, _flood) = flooded(Duration::from_secs(4), T1).await;
    let mut good = Peer::at("127.0.0.1", udp(&agent)).await;
    let refused = good.nothing_but_the_answer_to(good.invite("")).await;
    assert_eq!(refused.what, "503");
    assert_eq!(refused.header("Retry-After"), "5");
    assert_eq!(agent.call_count(), 3);
}

#[tokio::test]
async fn a_call_whose_ack_is_overdue_gives_way_to_a_new_one() {
    let (agent, mut calls, mut flood) = flooded(Duration::ZERO, T1).await;
    let mut good = Peer::at("127.0.0.1", udp(&agent)).await;
    good.send(good.invite("")).await;
    let incoming = soon(calls.recv()).await.unwrap();
    let (_dialog, mut events) = incoming.answer(ANSWER).await.unwrap();
    good.expect("200").await;
    good.send(good.request("ACK", 1, "", "")).await;
    assert!(matches!(
        soon(events.recv()).await,
        Some(DialogEvent::Acknowledged { .. })
    ));
    let (peer, _dialog, oldest) = &mut flood[0];
    match soon(oldest.recv()).await {
        Some(DialogEvent::Lost { why }) => assert_eq!(why, "no ACK came to our 200"),
        _ => panic!("the oldest is given up"),
    }
    peer.expect("BYE").await;
    assert_eq!(agent.call_count(), 3, "whoever answers its BYE");
}

#[tokio::test]
async fn a_call_that_is_given_up_gets_one_bye_and_its_transactions_are_over_with_it() {
    let (agent, mut calls, mut flood) = flooded(Duration::ZERO, T1 / 25).await;
    let good = Peer::at("127.0.0.1", udp(&agent)).await;
    good.send(good.invite("")).await;
    drop(soon(calls.recv()).await.unwrap());
    let (mut peer, _dialog, _events) = flood.swap_remove(0);
    let first = peer.expect("BYE").await.header("CSeq");
    soon(async {
        while agent.transaction_count() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    peer.send(peer.request("OPTIONS", 9, "", "")).await;
    loop {
        let next = peer.receive().await;
        match next.header("CSeq") {
            asked if asked.contains("OPTIONS") => break,
            cseq if cseq.contains("BYE") => assert_eq!(cseq, first),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_silent_call_gives_way_to_a_new_one_and_one_that_was_heard_does_not() {
    let (agent, mut calls, mut flood) = flooded(Duration::ZERO, T1).await;
    for (peer, _, events) in &mut flood {
        peer.send(peer.request("ACK", 1, "", "")).await;
        let told = soon(events.recv()).await;
        assert!(matches!(told, Some(DialogEvent::Acknowledged { .. })));
    }
    flood[0].1.heard();
    // One for the place that the first has left, one for that of the second.
    let mut answered = Vec::new();
    for _ in 0..2 {
        let mut good = Peer::at("127.0.0.1", udp(&agent)).await;
        good.send(good.invite("")).await;
        let incoming = soon(calls.recv()).await.unwrap();
        answered.push(incoming.answer(ANSWER).await.unwrap());
        good.expect("200").await;
    }
    let (peer, _dialog, silent) = &mut flood[1];
    match soon(silent.recv()).await {
        Some(DialogEvent::Lost { why }) => assert!(why.starts_with("no sound came"), "{why}"),
        _ => panic!("the oldest that is silent is given up"),
    }
    peer.expect("BYE").await;
    assert_eq!(agent.call_count(), 4);
}

#[tokio::test]
async fn one_call_more_than_configured_is_refused_before_it_costs_a_transaction() {
    let mut settings = settings();
    settings.max_calls = 1;
    let (agent, mut calls) = Agent::start_tuned(settings, Tuning::default())
        .await
        .unwrap();
    let mut first = Peer::at("127.0.0.1", udp(&agent)).await;
    first.send(first.invite("")).await;
    let incoming = soon(calls.recv()).await.unwrap();
    let _call = incoming.answer(ANSWER).await.unwrap();
    first.expect("200").await;
    let before = agent.transaction_count();
    let mut second = Peer::at("127.0.0.1", udp(&agent)).await;
    let refused = second.nothing_but_the_answer_to(second.invite("")).await;
    assert_eq!(refused.what, "503");
    assert_eq!(refused.header("Retry-After"), "30");
    assert_eq!(agent.transaction_count(), before);
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
async fn a_stranger_is_refused_without_a_transaction() {
    let (agent, mut calls) = agent().await;
    let mut stranger = Peer::at("127.0.0.2", udp(&agent)).await;
    let refused = stranger
        .nothing_but_the_answer_to(stranger.invite(""))
        .await;
    assert_eq!(refused.what, "403");
    assert!(refused.tag("To").is_some());
    assert_eq!(agent.transaction_count(), 0);
    assert!(calls.try_recv().is_err());
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
async fn while_draining_new_calls_get_503_and_running_ones_go_on() {
    let (agent, mut peer, _dialog, mut events, _) = talking("").await;
    agent.drain();
    let mut late = Peer::at("127.0.0.1", udp(&agent)).await;
    let refused = late.nothing_but_the_answer_to(late.invite("")).await;
    assert_eq!(refused.what, "503");
    assert_eq!(refused.header("Retry-After"), "30");
    peer.send(peer.request("BYE", 2, "Reason: Q.850;cause=16\r\n", ""))
        .await;
    peer.expect("200").await;
    match soon(events.recv()).await {
        Some(DialogEvent::Bye { reason }) => assert_eq!(reason.as_deref(), Some("Q.850;cause=16")),
        _ => panic!("the BYE is told"),
    }
}

#[tokio::test]
async fn a_refusal_carries_its_retry_after() {
    let (_agent, _calls, mut peer, incoming) = called("", Tuning::default()).await;
    incoming
        .refuse(503, Some(Duration::from_secs(7)))
        .await
        .unwrap();
    let refused = peer.expect("503").await;
    assert_eq!(refused.header("Retry-After"), "7");
    peer.send(peer.request("ACK", 1, "", "")).await;
}

#[tokio::test]
async fn an_incoming_call_that_is_dropped_is_refused_with_500() {
    let (_agent, _calls, mut peer, incoming) = called("", Tuning::default()).await;
    drop(incoming);
    peer.expect("500").await;
}

#[tokio::test]
async fn the_same_invite_by_another_way_is_a_loop() {
    let (_agent, mut calls, mut peer, _incoming) = called("", Tuning::default()).await;
    peer.expect("100").await;
    peer.send(peer.invite("").replace("z9hG4bK-", "z9hG4bK-other-"))
        .await;
    peer.expect("482").await;
    assert!(calls.try_recv().is_err());
}

#[tokio::test]
async fn a_session_nobody_refreshes_is_ended_with_a_reason() {
    let tuning = Tuning {
        min_se: Duration::from_secs(1),
        ..Tuning::default()
    };
    let asks = "Supported: timer\r\nSession-Expires: 1;refresher=uac\r\n";
    let (_agent, _calls, mut peer, incoming) = called(asks, tuning).await;
    let (_dialog, mut events) = incoming.answer(ANSWER).await.unwrap();
    let ok = peer.expect("200").await;
    assert_eq!(ok.header("Session-Expires"), "1;refresher=uac");
    assert_eq!(ok.header("Require"), "timer");
    peer.send(peer.request("ACK", 1, "", "")).await;
    soon(events.recv()).await;
    match soon(events.recv()).await {
        Some(DialogEvent::Lost { why }) => assert_eq!(why, "the session was not refreshed"),
        _ => panic!("the session expires"),
    }
    assert!(peer.expect("BYE").await.header("Reason").contains("408"));
}

#[tokio::test]
async fn a_peer_without_timers_is_refreshed_by_us() {
    let tuning = Tuning {
        min_se: Duration::from_secs(1),
        ..Tuning::default()
    };
    let mut short = settings();
    short.session_expires = Duration::from_secs(1);
    let (agent, mut calls) = Agent::start_tuned(short, tuning).await.unwrap();
    let mut peer = Peer::at("127.0.0.1", udp(&agent)).await;
    peer.send(peer.invite("")).await;
    let incoming = soon(calls.recv()).await.unwrap();
    let (_dialog, _events) = incoming.answer(ANSWER).await.unwrap();
    let ok = peer.expect("200").await;
    assert_eq!(ok.header("Session-Expires"), "1;refresher=uas");
    peer.send(peer.request("ACK", 1, "", "")).await;
    let typed = "Content-Type: application/sdp\r\n";
    for _ in 0..3 {
        let refresh = peer.expect("INVITE").await;
        assert_eq!(refresh.body, ANSWER, "the same SDP again");
        peer.send(peer.respond_to(&refresh, "200 OK", typed, OFFER))
            .await;
        peer.expect("ACK").await;
    }
}

#[tokio::test]
async fn a_peer_without_timers_that_refuses_every_refresh_keeps_its_call() {
    let tuning = Tuning {
        min_se: Duration::from_secs(1),
        ..Tuning::default()
    };
    let mut short = settings();
    short.session_expires = Duration::from_secs(1);
    let (agent, mut calls) = Agent::start_tuned(short, tuning).await.unwrap();
    let mut peer = Peer::at("127.0.0.1", udp(&agent)).await;
    peer.send(peer.invite("Allow: INVITE, UPDATE\r\n")).await;
    let incoming = soon(calls.recv()).await.unwrap();
    let (_dialog, mut events) = incoming.answer(ANSWER).await.unwrap();
    assert_eq!(peer.expect("200").await.maybe("Require"), None);
    peer.send(peer.request("ACK", 1, "", "")).await;
    soon(events.recv()).await;
    let update = peer.expect("UPDATE").await;
    peer.send(peer.respond_to(&update, "501 Not Implemented", "", ""))
        .await;
    // Half a second each: the session would have ended after the second.
    for _ in 0..4 {
        let refresh = peer.expect("INVITE").await;
        assert_eq!(refresh.maybe("Require"), None);
        peer.send(peer.respond_to(&refresh, "488 Not Acceptable Here", "", ""))
            .await;
        peer.expect("ACK").await;
    }
    assert!(events.try_recv().is_err(), "nothing was lost");
}

#[tokio::test]
async fn a_desk_that_knows_update_is_refreshed_with_it_and_lost_when_it_forgot_the_call() {
    let (_agent, mut peer, mut outgoing, invite) = calling(Tuning::default()).await;
    let says = "Content-Type: application/sdp\r\nAllow: INVITE, UPDATE\r\n\
                Supported: timer\r\nSession-Expires: 1;refresher=uac\r\n";
    peer.send(peer.respond_to(&invite, "200 OK", says, ANSWER))
        .await;
    let (_dialog, mut events, _) = answered(&mut outgoing).await;
    let refresh = peer.expect("UPDATE").await;
    assert_eq!(refresh.header("Session-Expires"), "1;refresher=uac");
    assert_eq!(refresh.body, "");
    let ok = "Session-Expires: 1;refresher=uac\r\n";
    peer.send(peer.respond_to(&refresh, "200 OK", ok, "")).await;
    let refresh = peer.expect("UPDATE").await;
    peer.send(peer.respond_to(&refresh, "481 Call/Transaction Does Not Exist", "", ""))
        .await;
    assert!(matches!(
        soon(events.recv()).await,
        Some(DialogEvent::Lost { .. })
    ));
    peer.expect("BYE").await;
}

#[tokio::test]
async fn a_session_interval_below_the_minimum_is_refused_with_422() {
    let (agent, _calls) = agent().await;
    let mut peer = Peer::at("127.0.0.1", udp(&agent)).await;
    peer.send(peer.invite("Supported: timer\r\nSession-Expires: 60\r\n"))
        .await;
    assert_eq!(peer.expect("422").await.header("Min-SE"), "90");
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
async fn our_invite_says_who_calls_and_how_to_refresh() {
    let (_agent, _peer, _outgoing, invite) = calling(Tuning::default()).await;
    assert_eq!(invite.body, OFFER);
    assert!(
        invite
            .header("From")
            .contains("<sip:13800138000@127.0.0.1:")
    );
    assert_eq!(invite.maybe("X-Injected"), None);
    assert_eq!(invite.header("X-Gradeline-Call"), "42");
    assert_eq!(invite.header("Session-Expires"), "1800");
    assert_eq!(invite.header("Min-SE"), "90");
    assert_eq!(invite.header("User-Agent"), "gradeline");
}

#[tokio::test]
async fn early_media_is_handed_on_and_a_desk_that_is_no_trunk_may_hang_up() {
    let (_agent, mut peer, mut outgoing, invite) = calling(Tuning::default()).await;
    let typed = "Content-Type: application/sdp\r\n";
    peer.send(peer.respond_to(&invite, "183 Session Progress", typed, ANSWER))
        .await;
    match soon(outgoing.next()).await {
        Some(Progress::Ringing { sdp }) => assert_eq!(sdp.as_deref(), Some(ANSWER.as_bytes())),
        _ => panic!("early media"),
    }
    peer.send(peer.respond_to(&invite, "200 OK", typed, ANSWER))
        .await;
    let (_dialog, mut events, _) = answered(&mut outgoing).await;
    peer.expect("ACK").await;
    let me = peer.address();
    let bye = format!(
        "BYE sip:gradeline@x SIP/2.0\r\nVia: SIP/2.0/UDP {me};rport;branch=z9hG4bK-b\r\nMax-Forwards: 70\r\n\
         From: <sip:8001@{me}>;tag=peer\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 9 BYE\r\nContent-Length: 0\r\n\r\n",
        invite.header("From"),
        invite.header("Call-ID"),
    );
    peer.send(bye).await;
    peer.expect("200").await;
    assert!(matches!(
        soon(events.recv()).await,
        Some(DialogEvent::Bye { reason: None })
    ));
}

#[tokio::test]
async fn a_call_of_ours_that_is_dropped_is_cancelled() {
    let (agent, mut peer, outgoing, invite) = calling(Tuning::default()).await;
    peer.send(peer.respond_to(&invite, "180 Ringing", "", ""))
        .await;
    drop(outgoing);
    let cancel = peer.expect("CANCEL").await;
    peer.send(peer.respond_to(&cancel, "200 OK", "", "")).await;
    peer.send(peer.respond_to(&invite, "487 Request Terminated", "", ""))
        .await;
    peer.expect("ACK").await;
    soon(async {
        while agent.call_count() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_200_that_crosses_our_cancel_is_acknowledged_and_ended() {
    let (_agent, mut peer, outgoing, invite) = calling(Tuning::default()).await;
    peer.send(peer.respond_to(&invite, "180 Ringing", "", ""))
        .await;
    outgoing.cancel().await;
    peer.expect("CANCEL").await;
    let typed = "Content-Type: application/sdp\r\n";
    peer.send(peer.respond_to(&invite, "200 OK", typed, ANSWER))
        .await;
    let mut due = vec!["ACK".to_owned(), "BYE".to_owned()];
    while !due.is_empty() {
        let received = peer.receive().await;
        due.retain(|what| *what != received.what);
    }
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let (_agent, mut peer, mut outgoing, invite) = calling(Tuning::default()).await;
    peer.send(peer.respond_to(&invite, "302 Moved Temporarily", "", ""))
        .await;
    assert!(matches!(
        soon(outgoing.next()).await,
        Some(Progress::Refused { status: 302 })
    ));
    assert!(soon(outgoing.next()).await.is_none());
    assert_eq!(peer.receive().await.what, "ACK");
}

#[tokio::test]
async fn an_invite_that_nobody_answers_ends_as_408() {
    let (_agent, mut peer, mut outgoing, _invite) = calling(hasty()).await;
    peer.expect("INVITE").await;
    assert!(matches!(
        soon(outgoing.next()).await,
        Some(Progress::Refused { status: 408 })
    ));
}

#[tokio::test]
async fn options_of_a_trunk_are_answered_and_a_strange_method_is_not_implemented() {
    let (agent, _calls) = agent().await;
    let mut peer = Peer::at("127.0.0.1", udp(&agent)).await;
    let options = peer
        .nothing_but_the_answer_to(peer.request("OPTIONS", 1, "", ""))
        .await;
    assert_eq!(options.what, "200");
    assert!(options.header("Allow").contains("INVITE"));
    let register = peer
        .nothing_but_the_answer_to(peer.request("REGISTER", 2, "", ""))
        .await;
    assert_eq!(register.what, "405");
    let strange = peer.request("FROBNICATE", 3, "", "");
    peer.send(strange).await;
    assert_eq!(peer.receive().await.what, "501");
}

#[tokio::test]
async fn a_desk_that_wants_longer_sessions_is_asked_again_with_its_minimum() {
    let (_agent, mut peer, mut outgoing, invite) = calling(Tuning::default()).await;
    peer.send(peer.respond_to(
        &invite,
        "422 Session Interval Too Small",
        "Min-SE: 3600\r\n",
        "",
    ))
    .await;
    peer.expect("ACK").await;
    let again = peer.expect("INVITE").await;
    assert_eq!(again.header("Call-ID"), invite.header("Call-ID"));
    assert_eq!(again.header("Session-Expires"), "3600");
    assert_eq!(again.header("Min-SE"), "3600");
    let typed = "Content-Type: application/sdp\r\n";
    peer.send(peer.respond_to(&again, "200 OK", typed, ANSWER))
        .await;
    answered(&mut outgoing).await;
}

#[tokio::test]
async fn a_stream_is_guarded_like_a_datagram() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (agent, mut calls) = agent().await;
    let tcp = agent.addresses()[1].address;
    let peer = Peer::at("127.0.0.1", tcp).await;
    let mut stream = tokio::net::TcpStream::connect(tcp).await.unwrap();
    let both = peer.request("REGISTER", 1, "", "") + &peer.invite("").replace("/UDP", "/TCP");
    for piece in both.as_bytes().chunks(100) {
        stream.write_all(piece).await.unwrap();
    }
    let incoming = soon(calls.recv()).await.unwrap();
    assert_eq!(incoming.source, stream.local_addr().unwrap());
    incoming.refuse(486, None).await.unwrap();
    let mut text = String::new();
    while !text.contains("SIP/2.0 486") {
        let mut buffer = [0; 4096];
        let length = soon(stream.read(&mut buffer)).await.unwrap();
        assert!(length > 0, "the stream stays open");
        text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    assert!(text.starts_with("SIP/2.0 405"));
    let mut broken = tokio::net::TcpStream::connect(tcp).await.unwrap();
    broken.write_all(b"INVITE x SIP/2.0\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    soon(broken.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty(), "without a length nothing can be framed");
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

/// A proxy of the trunk that wants to know who calls, and a desk behind it.
async fn through_trunk(password: &str) -> (Agent, Peer, Outgoing) {
    let (agent, _calls) = tuned(Tuning::default()).await;
    let peer = Peer::at("127.0.0.3", udp(&agent)).await;
    let invite = Invite {
        target: "sip:01066666666@carrier.example".into(),
        flow: None,
        through: Some(Through {
            transport: Transport::Udp,
            peer: peer.address(),
            called: "carrier.example".into(),
            home: "carrier.example".into(),
            credentials: Some(Credentials {
                username: "centre".into(),
                password: password.into(),
            }),
        }),
        from_user: "01088880000".into(),
        from_name: None,
        sdp: OFFER.into(),
        headers: Vec::new(),
    };
    let outgoing = agent.invite(invite).await.unwrap();
    (agent, peer, outgoing)
}

const PROXY: &str = "Proxy-Authenticate: Digest realm=\"c\", nonce=\"m\", algorithm=MD5, qop=\"auth\"\r\n\
    Proxy-Authenticate: Digest realm=\"c\", nonce=\"s\", algorithm=SHA-256, qop=\"auth\"\r\n";

#[tokio::test]
async fn a_call_through_a_trunk_goes_to_its_address_and_shows_what_proxy_and_server_ask_for() {
    let (_agent, mut peer, mut outgoing) = through_trunk("secret").await;
    let first = peer.expect("INVITE").await;
    assert!(
        first
            .text
            .starts_with("INVITE sip:01066666666@carrier.example SIP/2.0")
    );
    assert!(
        first
            .header("From")
            .contains("<sip:01088880000@carrier.example>")
    );
    peer.send(peer.respond_to(&first, "407 Who Calls", PROXY, ""))
        .await;
    peer.expect("ACK").await;
    let second = peer.expect("INVITE").await;
    let shown = second.header("Proxy-Authorization");
    assert!(
        shown.contains("algorithm=SHA-256,") && shown.contains("nonce=\"s\""),
        "{shown}"
    );
    assert!(
        shown.contains("uri=\"sip:01066666666@carrier.example\""),
        "{shown}"
    );
    assert_eq!(second.header("Call-ID"), first.header("Call-ID"));
    assert_ne!(second.header("CSeq"), first.header("CSeq"));
    // The server behind it has a question of its own; both answers are shown then.
    let server = "WWW-Authenticate: Digest realm=\"d\", nonce=\"w\"\r\n";
    peer.send(peer.respond_to(&second, "401 Who", server, ""))
        .await;
    peer.expect("ACK").await;
    let third = peer.expect("INVITE").await;
    assert!(third.header("Authorization").contains("nonce=\"w\""));
    assert_eq!(third.header("Proxy-Authorization"), shown);
    let typed = "Content-Type: application/sdp\r\n";
    peer.send(peer.respond_to(&third, "200 OK", typed, ANSWER))
        .await;
    let (dialog, _events, _) = answered(&mut outgoing).await;
    peer.expect("ACK").await;
    // The BYE shows both without being asked, and counts on.
    let hanging_up = tokio::spawn(async move { dialog.bye(None).await });
    let bye = peer.expect("BYE").await;
    let shown = bye.header("Proxy-Authorization");
    assert!(
        shown.contains("nc=00000002") && shown.contains("nonce=\"s\""),
        "{shown}"
    );
    let uri = bye.text.split(' ').nth(1).unwrap();
    assert!(shown.contains(&format!("uri=\"{uri}\"")), "{shown}");
    assert!(bye.header("Authorization").contains("nonce=\"w\""));
    peer.send(peer.respond_to(&bye, "200 OK", "", "")).await;
    hanging_up.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_password_that_is_refused_ends_the_call_and_is_not_shown_again() {
    let (_agent, mut peer, mut outgoing) = through_trunk("wrong").await;
    let first = peer.expect("INVITE").await;
    peer.send(peer.respond_to(&first, "407 Who Calls", PROXY, ""))
        .await;
    peer.expect("ACK").await;
    // A nonce that grew old is no refusal.
    let second = peer.expect("INVITE").await;
    let stale = "Proxy-Authenticate: Digest realm=\"c\", nonce=\"t\", stale=true\r\n";
    peer.send(peer.respond_to(&second, "407 Stale", stale, ""))
        .await;
    peer.expect("ACK").await;
    let third = peer.expect("INVITE").await;
    assert!(third.header("Proxy-Authorization").contains("nonce=\"t\""));
    peer.send(peer.respond_to(&third, "407 Who Calls", PROXY, ""))
        .await;
    peer.expect("ACK").await;
    match soon(outgoing.next()).await {
        Some(Progress::Refused { status: 407 }) => {}
        _ => panic!("refused"),
    }
}

#[tokio::test]
async fn a_question_outside_of_calls_is_answered_or_not_in_time() {
    let (agent, _calls) = tuned(Tuning::default()).await;
    let mut peer = Peer::at("127.0.0.3", udp(&agent)).await;
    let address = peer.address();
    let asking = |patience| Asking {
        what: Question::Register,
        transport: Transport::Udp,
        peer: address,
        called: String::new(),
        uri: "sip:carrier.example".into(),
        aor: "sip:01088880000@carrier.example".into(),
        user: "01088880000".into(),
        call_id: "one-for-all".into(),
        cseq: 7,
        headers: vec![("Expires".into(), "600\r\nX-Injected: 1".into())],
        patience,
    };
    let ask = asking(Duration::from_secs(20));
    let asked = tokio::spawn({
        let agent = agent.clone();
        async move { agent.ask(ask).await }
    });
    let register = peer.expect("REGISTER").await;
    assert_eq!(register.header("CSeq"), "7 REGISTER");
    assert!(
        register
            .header("Contact")
            .contains("<sip:01088880000@127.0.0.1:")
    );
    assert_eq!(register.maybe("X-Injected"), None);
    peer.send(peer.respond_to(&register, "100 Trying", "", ""))
        .await;
    let more = "WWW-Authenticate: Digest a\r\nWWW-Authenticate: Digest b\r\nMin-Expires: 9\r\n";
    peer.send(peer.respond_to(&register, "423 Too Brief", more, ""))
        .await;
    let told = asked.await.unwrap().unwrap().unwrap();
    assert_eq!(told.status, 423);
    let asks = told
        .headers
        .iter()
        .filter(|(name, _)| name == "WWW-Authenticate");
    let asks: Vec<_> = asks.map(|(_, value)| value.as_str()).collect();
    assert_eq!(asks, ["Digest a", "Digest b"]);
    // The same Call-ID again, to which nobody answers.
    let silent = agent.ask(asking(Duration::from_millis(300))).await.unwrap();
    assert_eq!(silent, None);
}

/// A telephone behind NAT: its Contact names what nobody outside reaches.
#[tokio::test]
async fn a_call_by_flow_goes_to_the_flow_until_its_end_whatever_its_contact_names() {
    let (agent, _calls) = tuned(Tuning::default()).await;
    let mut peer = Peer::at("127.0.0.3", udp(&agent)).await;
    let invite = Invite {
        target: "sip:8001@192.168.77.5:5060".into(),
        flow: Some(Flow {
            transport: Transport::Udp,
            peer: peer.address(),
        }),
        through: None,
        from_user: "13800138000".into(),
        from_name: None,
        sdp: OFFER.into(),
        headers: Vec::new(),
    };
    let mut outgoing = agent.invite(invite).await.unwrap();
    let invite = peer.expect("INVITE").await;
    assert!(invite.text.starts_with("INVITE sip:8001@192.168.77.5"));
    let typed = "Content-Type: application/sdp\r\n";
    let me = peer.address().to_string();
    let behind =
        |text: String| text.replace(&format!("<sip:desk@{me}>"), "<sip:desk@192.168.77.5:5060>");
    peer.send(behind(peer.respond_to(&invite, "180 Ringing", "", "")))
        .await;
    peer.send(behind(peer.respond_to(&invite, "200 OK", typed, ANSWER)))
        .await;
    let (dialog, _events, _) = answered(&mut outgoing).await;
    peer.expect("ACK").await;
    let offering = tokio::spawn(async move {
        let answered = dialog.reinvite(OFFER).await;
        (dialog, answered)
    });
    let again = peer.expect("INVITE").await;
    peer.send(behind(peer.respond_to(&again, "200 OK", typed, ANSWER)))
        .await;
    let (dialog, answered) = offering.await.unwrap();
    answered.unwrap();
    peer.expect("ACK").await;
    let hanging_up = tokio::spawn(async move { dialog.bye(None).await });
    let bye = peer.expect("BYE").await;
    peer.send(peer.respond_to(&bye, "200 OK", "", "")).await;
    hanging_up.await.unwrap().unwrap();
}
