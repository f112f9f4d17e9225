//! Calls and questions by a trunk and by a flow.

use super::*;

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
            route: vec![
                "<sip:edge.carrier.example;lr>".into(),
                "<sip:orig@core.carrier.example;lr>".into(),
            ],
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
    // Both, in their order, and it has come here all the same.
    let routes: Vec<&str> = first
        .text
        .lines()
        .filter(|line| line.starts_with("Route:"))
        .collect();
    assert_eq!(
        routes.join(","),
        "Route: <sip:edge.carrier.example;lr>,Route: <sip:orig@core.carrier.example;lr>"
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
            route: Vec::new(),
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

/// A telephone behind a proxy that named its path (RFC 3327 §5.3).
#[tokio::test]
async fn a_call_by_flow_names_the_path_and_goes_to_where_the_registration_came_from() {
    let (agent, _calls) = tuned(Tuning::default()).await;
    let mut peer = Peer::at("127.0.0.3", udp(&agent)).await;
    let path = "<sip:edge.example;lr>";
    let invite = Invite {
        target: "sip:8001@192.168.77.5:5060".into(),
        flow: Some(Flow {
            transport: Transport::Udp,
            peer: peer.address(),
            route: vec![path.into()],
        }),
        through: None,
        from_user: "13800138000".into(),
        from_name: None,
        sdp: OFFER.into(),
        headers: Vec::new(),
    };
    let _outgoing = agent.invite(invite).await.unwrap();
    let invite = peer.expect("INVITE").await;
    assert!(
        invite
            .text
            .starts_with("INVITE sip:8001@192.168.77.5:5060 ")
    );
    assert_eq!(invite.header("Route"), path);
}
