//! REFER (RFC 3515): our user hears a name, and its asker what became of it, in order.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use super::*;

const TO_8002: &str = "Refer-To: <sip:8002@192.0.2.9>\r\n";

async fn refer(peer: &mut Peer, cseq: u32, extra: &str, events: &mut Events) -> ReferReply {
    peer.send(peer.request("REFER", cseq, extra, "")).await;
    match soon(events.recv()).await {
        Some(DialogEvent::Refer {
            name,
            replaces,
            reply,
        }) => {
            assert_eq!((name.as_str(), replaces), ("8002", None));
            reply
        }
        _ => panic!("the REFER is told"),
    }
}

type Events = mpsc::Receiver<DialogEvent>;

/// Takes the next NOTIFY and answers it.
async fn notified(peer: &mut Peer) -> (String, String) {
    let notify = peer.expect("NOTIFY").await;
    peer.send(peer.respond_to(&notify, "200 OK", "", "")).await;
    assert!(
        notify.header("Event").starts_with("refer"),
        "{}",
        notify.text
    );
    let kind = notify.header("Content-Type");
    assert!(kind.starts_with("message/sipfrag"), "{kind}");
    let state = notify.header("Subscription-State");
    (notify.body, state)
}

#[tokio::test]
async fn who_refers_is_told_what_becomes_of_it_in_order_until_its_end() {
    let (_agent, mut peer, dialog, mut events, _) = talking("").await;
    let reply = refer(&mut peer, 2, TO_8002, &mut events).await;
    // A second one waits for the first one's end.
    peer.send(peer.request("REFER", 3, TO_8002, "")).await;
    peer.expect("491").await;
    reply.accept();
    dialog.tell_refer_progress(180);
    let told = async {
        peer.expect("202").await;
        let mut told = Vec::new();
        for _ in 0..3 {
            told.push(notified(&mut peer).await);
        }
        told
    };
    let (done, told) = tokio::join!(dialog.refer_progress(486), told);
    done.unwrap();
    let lines: Vec<_> = told.iter().map(|(body, _)| body.trim()).collect();
    let expected = [
        "SIP/2.0 100 Trying",
        "SIP/2.0 180 Ringing",
        "SIP/2.0 486 Busy Here",
    ];
    assert_eq!(lines, expected);
    assert!(told[1].1.starts_with("active"), "{told:?}");
    assert_eq!(told[2].1, "terminated;reason=noresource");
    // Nothing is under way any more: another may come.
    refer(&mut peer, 4, TO_8002, &mut events)
        .await
        .refuse(403, "outside");
    let refused = peer.expect("403").await;
    assert!(refused.header("Warning").contains("outside"));
    assert!(dialog.refer_progress(200).await.is_err());
}

#[tokio::test]
async fn who_does_not_want_to_be_told_is_not_and_what_is_no_refer_is_refused() {
    let (_agent, mut peer, dialog, mut events, _) = talking("").await;
    for (cseq, refer_to, status) in [
        (2, "", "400"),
        (3, "Refer-To: <sip:1@h>\r\nRefer-To: <sip:2@h>\r\n", "400"),
        (4, "Refer-To: <mailto:a@h>\r\n", "416"),
        (
            5,
            "Refer-To: <sip:8002@h?Replaces=x%3Bto-tag%3Da>\r\n",
            "400",
        ),
        (6, "Refer-To: <sip:8002@h?Subject=x>\r\n", "501"),
    ] {
        peer.send(peer.request("REFER", cseq, refer_to, "")).await;
        peer.expect(status).await;
    }
    let quietly = format!("{TO_8002}Refer-Sub: false\r\n");
    refer(&mut peer, 7, &quietly, &mut events).await.accept();
    let accepted = peer.expect("202").await;
    assert_eq!(accepted.header("Refer-Sub"), "false");
    soon(dialog.refer_progress(200)).await.unwrap();
    // The next thing that it hears is the answer to its own question.
    let info = peer.request("OPTIONS", 8, "", "");
    assert_eq!(peer.nothing_but_the_answer_to(info).await.what, "200");
    // Nobody's word on it is a no.
    drop(refer(&mut peer, 9, TO_8002, &mut events).await);
    peer.expect("403").await;
}

/// However many ringings could not be told, the end is: without it the telephone would wait, and every other REFER be
/// refused.
#[tokio::test]
async fn the_final_status_is_told_however_full_the_queue_is() {
    let (_agent, mut peer, dialog, mut events, _) = talking("").await;
    refer(&mut peer, 2, TO_8002, &mut events).await.accept();
    // Nothing runs between these: the driver can take none of them.
    for _ in 0..100 {
        dialog.tell_refer_progress(180);
    }
    dialog.tell_refer_progress(486);
    peer.expect("202").await;
    for _ in 0..100 {
        let (body, state) = notified(&mut peer).await;
        if body.contains("486") {
            assert_eq!(state, "terminated;reason=noresource");
            return;
        }
    }
    panic!("the end was not told");
}

/// The end of one REFER is not answered yet when the next one begins: its NOTIFY waits.
#[tokio::test]
async fn notifies_of_two_refers_come_one_after_the_other() {
    let (_agent, mut peer, dialog, mut events, _) = talking("").await;
    refer(&mut peer, 2, TO_8002, &mut events).await.accept();
    peer.expect("202").await;
    notified(&mut peer).await;
    dialog.tell_refer_progress(486);
    let last = peer.expect("NOTIFY").await;
    refer(&mut peer, 3, TO_8002, &mut events).await.accept();
    peer.expect("202").await;
    // The next one that comes is the same once more (RFC 3261 §17.1.2.2), as nobody answered it.
    let next = peer.expect("NOTIFY").await;
    assert_eq!(next.header("CSeq"), last.header("CSeq"));
    assert_eq!(next.header("Event"), "refer;id=2");
    peer.send(peer.respond_to(&next, "200 OK", "", "")).await;
    let first = peer.expect("NOTIFY").await;
    assert_eq!(first.header("Event"), "refer;id=3");
}

/// Panics where it is woken, and with it the task that has something to tell.
struct Startled;

impl Wake for Startled {
    fn wake(self: Arc<Self>) {
        panic!("startled, as the test wants it");
    }
}

#[tokio::test]
async fn the_next_notify_does_not_wait_for_one_whose_task_panicked() {
    let (_agent, mut peer, dialog, mut events, _) = talking("").await;
    refer(&mut peer, 2, TO_8002, &mut events).await.accept();
    peer.expect("202").await;
    notified(&mut peer).await;
    let mut told = pin!(dialog.refer_progress(180));
    let startled = Waker::from(Arc::new(Startled));
    let polled = told.as_mut().poll(&mut Context::from_waker(&startled));
    assert!(polled.is_pending());
    let (ringing, _) = notified(&mut peer).await;
    assert!(ringing.contains("180"), "{ringing}");
    dialog.tell_refer_progress(486);
    let (end, _) = notified(&mut peer).await;
    assert!(end.contains("486"), "{end}");
}
