//! A hand-written peer on a raw UDP socket. Everything our agent sends it is also
//! read by the crate `rsip`, which must see the same message.

use std::net::SocketAddr;
use std::time::Duration;

use rsip::prelude::{HeadersExt as _, UntypedHeader as _};
use tokio::net::UdpSocket;

use crate::guard::Head;

pub struct Peer {
    socket: UdpSocket,
    agent: SocketAddr,
    pub call_id: String,
    to_tag: Option<String>,
}

/// One message of our agent.
#[derive(Debug, Clone)]
pub struct Received {
    pub text: String,
    pub body: String,
    /// `200` or `BYE`.
    pub what: String,
}

impl Received {
    fn read(bytes: &[u8]) -> Received {
        let whole = String::from_utf8(bytes.to_vec()).expect("our messages are UTF-8");
        let (text, body) = whole.split_once("\r\n\r\n").expect("a head and a body");
        let head = Head::read(text).expect("our head is readable");
        let mut words = head.start.split(' ');
        let first = words.next().unwrap_or_default();
        let what = match first {
            "SIP/2.0" => words.next().unwrap_or_default(),
            method => method,
        };
        let received = Received {
            text: text.to_owned(),
            body: body.to_owned(),
            what: what.to_owned(),
        };
        received.agrees_with_rsip(bytes);
        received
    }

    /// The oracle: the crate `rsip` reads the same method or status, Call-ID and CSeq.
    fn agrees_with_rsip(&self, bytes: &[u8]) {
        let message = rsip::SipMessage::try_from(bytes).expect("rsip reads what we send");
        let what = match &message {
            rsip::SipMessage::Request(request) => request.method.to_string(),
            rsip::SipMessage::Response(response) => {
                u16::from(response.status_code.clone()).to_string()
            }
        };
        assert_eq!(what, self.what);
        assert_eq!(
            message.call_id_header().expect("a Call-ID").value(),
            self.header("Call-ID")
        );
        assert_eq!(
            message.cseq_header().expect("a CSeq").value(),
            self.header("CSeq")
        );
    }

    pub fn header(&self, name: &'static str) -> String {
        self.maybe(name)
            .unwrap_or_else(|| panic!("{name} in\n{}", self.text))
    }

    pub fn maybe(&self, name: &'static str) -> Option<String> {
        let head = Head::read(&self.text).expect("read before");
        head.first(name).map(str::to_owned)
    }

    pub fn tag(&self, name: &'static str) -> Option<String> {
        let head = Head::read(&self.text).expect("read before");
        head.tag(name).map(str::to_owned)
    }
}

impl Peer {
    /// Bound to an address of the loopback network.
    pub async fn at(host: &str, agent: SocketAddr) -> Peer {
        let socket = UdpSocket::bind((host, 0)).await.expect("loopback");
        Peer {
            socket,
            agent,
            call_id: format!("{:x}@peer", rand::random::<u64>()),
            to_tag: None,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("bound")
    }

    /// A request of this peer's call, with the usual headers.
    pub fn request(&self, method: &str, cseq: u32, extra: &str, body: &str) -> String {
        let me = self.address();
        let to_tag = self
            .to_tag
            .as_ref()
            .map_or(String::new(), |tag| format!(";tag={tag}"));
        let branch = match method {
            "CANCEL" => format!("z9hG4bK-{}-INVITE-{cseq}", self.call_id),
            _ => format!("z9hG4bK-{}-{method}-{cseq}", self.call_id),
        };
        let of = if method == "ACK" { "ACK" } else { method };
        let agent = self.agent;
        let call_id = &self.call_id;
        let length = body.len();
        format!(
            "{method} sip:consult@{agent} SIP/2.0\r\nVia: SIP/2.0/UDP {me};rport;branch={branch}\r\n\
             Max-Forwards: 70\r\nFrom: \"caller\" <sip:13800138000@{me}>;tag=peer\r\n\
             To: <sip:consult@{agent}>{to_tag}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {of}\r\n\
             Contact: <sip:13800138000@{me}>\r\n{extra}Content-Length: {length}\r\n\r\n{body}"
        )
    }

    /// An INVITE with SDP.
    pub fn invite(&self, extra: &str) -> String {
        let extra = format!("Content-Type: application/sdp\r\n{extra}");
        self.request("INVITE", 1, &extra, super::OFFER)
    }

    /// A response to a request of our agent.
    pub fn respond_to(&self, request: &Received, status: &str, extra: &str, body: &str) -> String {
        let me = self.address();
        let (via, from, to) = (
            request.header("Via"),
            request.header("From"),
            request.header("To"),
        );
        let (call_id, cseq) = (request.header("Call-ID"), request.header("CSeq"));
        let tag = match request.tag("To") {
            Some(_) => "",
            None => ";tag=peer",
        };
        let length = body.len();
        format!(
            "SIP/2.0 {status}\r\nVia: {via}\r\nFrom: {from}\r\nTo: {to}{tag}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq}\r\nContact: <sip:desk@{me}>\r\n{extra}Content-Length: {length}\r\n\r\n{body}"
        )
    }

    pub async fn send(&self, message: impl AsRef<[u8]>) {
        self.socket
            .send_to(message.as_ref(), self.agent)
            .await
            .expect("loopback takes it");
    }

    /// The next message, whatever it is.
    pub async fn receive(&mut self) -> Received {
        let mut buffer = vec![0; 65536];
        let (length, from) =
            tokio::time::timeout(Duration::from_secs(10), self.socket.recv_from(&mut buffer))
                .await
                .expect("a message within ten seconds")
                .expect("loopback");
        self.agent = from;
        let received = Received::read(&buffer[..length]);
        if received.text.starts_with("SIP/2.0")
            && let Some(tag) = received.tag("To")
        {
            self.to_tag = Some(tag);
        }
        received
    }

    /// The next message that is this; anything else before it is passed over.
    pub async fn expect(&mut self, what: &str) -> Received {
        let mut seen = Vec::new();
        for _ in 0..20 {
            let received = self.receive().await;
            if received.what == what {
                return received;
            }
            seen.push(received.what);
        }
        panic!("no {what} among {seen:?}");
    }

    /// Nothing is waiting that was sent before the reply to a question asked now.
    pub async fn nothing_but_the_answer_to(&mut self, message: String) -> Received {
        self.send(message).await;
        self.receive().await
    }
}
