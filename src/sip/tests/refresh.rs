//! Session timers (RFC 4028) on the wire.

use super::*;

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

/// Its sessions expire after a second.
async fn with_brief_sessions() -> (Agent, mpsc::Receiver<Incoming>) {
    with_sessions_of(1).await
}

async fn with_sessions_of(interval_s: u64) -> (Agent, mpsc::Receiver<Incoming>) {
    let tuning = Tuning {
        min_se: Duration::from_secs(1),
        ..Tuning::default()
    };
    let mut short = settings();
    short.session_expires = Duration::from_secs(interval_s);
    Agent::start_tuned(short, tuning).await.unwrap()
}

#[tokio::test]
async fn a_peer_without_timers_is_refreshed_by_us() {
    let (agent, mut calls) = with_brief_sessions().await;
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
    let (agent, mut calls) = with_brief_sessions().await;
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

/// Both refresh at once (RFC 3261 §14.1): each is told 491, the one who was called tries again within two seconds, and
/// an offer of theirs meanwhile comes through.
#[tokio::test]
async fn a_refresh_that_crosses_theirs_comes_again_soon_and_theirs_gets_through() {
    let (agent, mut calls) = with_sessions_of(8).await;
    let mut peer = Peer::at("127.0.0.1", udp(&agent)).await;
    peer.send(peer.invite("")).await;
    let incoming = soon(calls.recv()).await.unwrap();
    let (_dialog, mut events) = incoming.answer(ANSWER).await.unwrap();
    peer.expect("200").await;
    peer.send(peer.request("ACK", 1, "", "")).await;
    soon(events.recv()).await;
    let ours = peer.expect("INVITE").await;
    let typed = "Content-Type: application/sdp\r\n";
    let theirs = OFFER.replace("o=- 1 1", "o=- 1 2");
    peer.send(peer.request("INVITE", 2, typed, &theirs)).await;
    peer.expect("491").await;
    peer.send(peer.request("ACK", 2, "", "")).await;
    peer.send(peer.respond_to(&ours, "491 Request Pending", "", ""))
        .await;
    peer.expect("ACK").await;
    // Without the crossing the next one would come in four seconds.
    let again = tokio::time::timeout(Duration::from_secs(3), peer.expect("INVITE")).await;
    let again = again.expect("it comes again within two seconds");
    peer.send(peer.respond_to(&again, "200 OK", typed, OFFER))
        .await;
    peer.expect("ACK").await;
    peer.send(peer.request("INVITE", 3, typed, &theirs)).await;
    match soon(events.recv()).await {
        Some(DialogEvent::Offer { reply, .. }) => reply.answer(ANSWER).await.unwrap(),
        _ => panic!("their offer is told"),
    }
    peer.expect("200").await;
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
