//! The little SIP that canned callers and desks need: heads read by their lines, messages written
//! from parts of the one that is answered.

use std::fmt::Write as _;

/// A message as text.
pub struct Message<'a> {
    pub start: &'a str,
    head: &'a str,
    pub body: &'a str,
}

impl<'a> Message<'a> {
    pub fn read(text: &'a str) -> Option<Message<'a>> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let (start, head) = head.split_once("\r\n")?;
        Some(Message { start, head, body })
    }

    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers(name).next()
    }

    fn headers<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.head.split("\r\n").filter_map(move |line| {
            let (found, value) = line.split_once(':')?;
            found
                .trim()
                .eq_ignore_ascii_case(name)
                .then(|| value.trim())
        })
    }

    /// The status of a response.
    pub fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    pub fn method(&self) -> &'a str {
        match self.status() {
            Some(_) => self.header("CSeq").and_then(|cseq| cseq.split(' ').nth(1)),
            None => self.start.split(' ').next(),
        }
        .unwrap_or_default()
    }

    /// The number behind `prefix` in the Call-ID.
    pub fn number(&self, prefix: &str) -> Option<usize> {
        let call_id = self.header("Call-ID")?.strip_prefix(prefix)?;
        call_id.split('@').next()?.parse().ok()
    }

    /// Where the other side wants its sound.
    pub fn media_port(&self) -> Option<u16> {
        let audio = self.body.split("m=audio ").nth(1)?;
        audio.split(' ').next()?.parse().ok()
    }

    pub fn response(&self, status: &str, tag: &str, contact: &str, sdp: Option<&str>) -> String {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for via in self.headers("Via") {
            let _ = write!(text, "Via: {via}\r\n");
        }
        let to = self.header("To").unwrap_or_default();
        let tag = if to.contains("tag=") {
            String::new()
        } else {
            format!(";tag={tag}")
        };
        let _ = write!(
            text,
            "From: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <{contact}>\r\n",
            self.header("From").unwrap_or_default(),
            self.header("Call-ID").unwrap_or_default(),
            self.header("CSeq").unwrap_or_default(),
        );
        finish(text, sdp)
    }
}

/// The parts of a request within or without a dialog.
pub struct Request<'a> {
    pub method: &'a str,
    pub uri: &'a str,
    pub via: &'a str,
    pub from: &'a str,
    pub to: &'a str,
    pub call_id: &'a str,
    pub cseq: u32,
    pub contact: &'a str,
}

impl Request<'_> {
    pub fn write(&self, sdp: Option<&str>) -> String {
        let Request {
            method,
            uri,
            via,
            from,
            to,
            call_id,
            cseq,
            contact,
        } = self;
        let text = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {via}\r\nMax-Forwards: 70\r\nFrom: {from}\r\n\
             To: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContact: <{contact}>\r\n"
        );
        finish(text, sdp)
    }
}

fn finish(mut text: String, sdp: Option<&str>) -> String {
    let body = sdp.unwrap_or_default();
    if !body.is_empty() {
        text.push_str("Content-Type: application/sdp\r\n");
    }
    let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
    text
}

pub fn sdp(port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    )
}
