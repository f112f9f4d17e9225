//! Calls of ours: what they say, and each way in which they come to nothing.

use super::*;

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

/// RFC 3261 §13.2.2.4: a proxy may let several answer. Who came first has the call; another's 200 is acknowledged and its dialog ended.
#[tokio::test]
async fn of_forked_answers_the_first_has_the_call_and_the_others_are_ended() {
    let (_agent, mut peer, mut outgoing, invite) = calling(Tuning::default()).await;
    let typed = "Content-Type: application/sdp\r\n";
    let from = |tag: &str, status: &str, body: &str| {
        let answer = peer.respond_to(&invite, status, typed, body);
        answer.replace(";tag=peer", &format!(";tag={tag}"))
    };
    let ringing = from("second", "180 Ringing", "");
    let answers = ["first", "second"].map(|tag| from(tag, "200 OK", ANSWER));
    peer.send(ringing).await;
    peer.send(&answers[0]).await;
    let (_dialog, mut events, _) = answered(&mut outgoing).await;
    assert_eq!(peer.expect("ACK").await.tag("To").as_deref(), Some("first"));
    peer.send(&answers[1]).await;
    let mut due = vec!["ACK", "BYE"];
    while !due.is_empty() {
        let received = peer.receive().await;
        assert_eq!(
            received.tag("To").as_deref(),
            Some("second"),
            "{}",
            received.text
        );
        due.retain(|what| *what != received.what);
    }
    assert!(events.try_recv().is_err(), "the first talks on");
}
