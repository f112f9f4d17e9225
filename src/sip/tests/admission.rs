//! What is let in: strangers, floods, a full house, the end of the house.

use super::*;

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
async fn the_same_invite_by_another_way_is_a_loop() {
    let (_agent, mut calls, mut peer, _incoming) = called("", Tuning::default()).await;
    peer.expect("100").await;
    peer.send(peer.invite("").replace("z9hG4bK-", "z9hG4bK-other-"))
        .await;
    peer.expect("482").await;
    assert!(calls.try_recv().is_err());
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
