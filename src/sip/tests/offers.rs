//! Offers and answers within a call, from both sides at once.

use super::*;

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
