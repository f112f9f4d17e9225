//! A telephone of our own that registers, and says of itself what it is told to.

use std::time::Instant;

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::raw::{Raw, Reply, new_call_id};
use crate::registrations::REGISTERED;
use crate::server::House;

/// A telephone of our own.
pub struct Telephone {
    pub raw: Raw,
    server: String,
    account: String,
    password: String,
    pub call_id: String,
    pub cseq: u32,
    pub md5: bool,
    /// What its Contact names, where that is not where it is.
    pub says: Option<String>,
}

/// What a challenge asks with.
pub fn nonce_of(reply: &Reply) -> String {
    let asked = reply.header("WWW-Authenticate").unwrap_or_default();
    let (_, rest) = asked.split_once("nonce=\"").expect(asked);
    rest.split_once('"').unwrap().0.to_owned()
}

impl Telephone {
    pub fn open(house: &House, from: &str, account: &str, password: &str) -> Telephone {
        Telephone {
            raw: Raw::udp_from(from, &house.sip_address()),
            server: house.sip_address(),
            account: account.into(),
            password: password.into(),
            call_id: new_call_id(),
            cseq: 0,
            md5: false,
            says: None,
        }
    }

    pub fn digest(&self, text: &str) -> String {
        match self.md5 {
            true => hex::encode(Md5::digest(text)),
            false => hex::encode(Sha256::digest(text)),
        }
    }

    pub fn authorization(&self, nonce: &str, count: u32) -> String {
        let (account, password) = (&self.account, &self.password);
        let uri = format!("sip:{}", self.server);
        let ha1 = self.digest(&format!("{account}:gradeline:{password}"));
        let ha2 = self.digest(&format!("REGISTER:{uri}"));
        let response = self.digest(&format!("{ha1}:{nonce}:{count:08x}:c:auth:{ha2}"));
        let algorithm = if self.md5 { "MD5" } else { "SHA-256" };
        format!(
            "Authorization: Digest username=\"{account}\", realm=\"gradeline\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm={algorithm}, cnonce=\"c\", qop=auth, nc={count:08x}\r\n"
        )
    }

    /// The next REGISTER of its Contact, for so long.
    pub fn text(&mut self, expires_s: u32, authorization: &str) -> String {
        self.cseq += 1;
        let me = self.raw.local();
        let named = self.says.clone().unwrap_or_else(|| me.to_string());
        let (server, account, call_id, cseq) =
            (&self.server, &self.account, &self.call_id, self.cseq);
        format!(
            "REGISTER sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{call_id}{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{account}@{server}>;tag=raw\r\nTo: <sip:{account}@{server}>\r\n\
             Call-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:{account}@{named}>;expires={expires_s}\r\n\
             {authorization}Content-Length: 0\r\n\r\n"
        )
    }

    pub fn send(&mut self, text: &str) -> Reply {
        assert!(self.raw.send(text.as_bytes()));
        self.raw.answer(&self.call_id)
    }

    pub fn ask(&mut self) -> String {
        let text = self.text(60, "");
        let asked = self.send(&text);
        assert_eq!(asked.status, Some(401), "{}", asked.text);
        nonce_of(&asked)
    }

    pub fn register(&mut self, expires_s: u32) -> Reply {
        let nonce = self.ask();
        let shown = self.authorization(&nonce, 1);
        let text = self.text(expires_s, &shown);
        self.send(&text)
    }

    /// The next request of the server's.
    pub fn rung(&mut self) -> Reply {
        let until = Instant::now() + REGISTERED;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.raw.next(left).unwrap().expect("a request in time");
            if message.status.is_none() {
                return message;
            }
        }
    }

    pub fn refuse(&mut self, request: &Reply, status: &str) {
        self.respond(request, status, "", "");
    }

    /// A response to a request of the server's; `more` is header lines.
    pub fn respond(&mut self, request: &Reply, status: &str, more: &str, body: &str) {
        let line = |name: &str| format!("{name}: {}\r\n", request.header(name).unwrap());
        let to = request.header("To").unwrap();
        let tag = if to.contains(";tag=") { "" } else { ";tag=raw" };
        let answer = format!(
            "SIP/2.0 {status}\r\n{}{}To: {to}{tag}\r\n{}{}{more}Content-Length: {}\r\n\r\n{body}",
            line("Via"),
            line("From"),
            line("Call-ID"),
            line("CSeq"),
            body.len()
        );
        assert!(self.raw.send(answer.as_bytes()));
    }

    /// 200 with sound at this address.
    pub fn answer(&mut self, invite: &Reply, (host, port): (&str, u16)) {
        let me = self.raw.local().to_string();
        let named = self.says.clone().unwrap_or(me);
        let more = format!(
            "Contact: <sip:{}@{named}>\r\nContent-Type: application/sdp\r\n",
            self.account
        );
        let body = format!(
            "v=0\r\no=raw 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n\
             a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
        );
        self.respond(invite, "200 OK", &more, &body);
    }

    /// The next request of this method; what else comes is answered with 200, but INVITEs and ACKs, which are passed over.
    pub fn wait(&mut self, method: &str) -> Reply {
        loop {
            let request = self.rung();
            if request.text.starts_with(&format!("{method} ")) {
                return request;
            }
            if !request.text.starts_with("ACK ") && !request.text.starts_with("INVITE ") {
                self.respond(&request, "200 OK", "", "");
            }
        }
    }
}

/// Where the server wants its sound.
pub fn sound_of(invite: &Reply) -> u16 {
    let (_, rest) = invite.text.split_once("m=audio ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

impl Telephone {
    /// Whether it is told to wait.
    pub fn register_slowed(&mut self) -> bool {
        self.register(60).status == Some(503)
    }
}
