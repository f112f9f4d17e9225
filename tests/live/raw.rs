//! A SIP peer that sends bytes as they are, and reads what comes back.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// How long an answer may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A message that came in.
#[derive(Debug, Clone)]
pub struct Reply {
    pub text: String,
    /// `None` for a request of the server's.
    pub status: Option<u16>,
}

enum Wire {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// One socket towards the server.
pub struct Raw {
    wire: Wire,
    local: SocketAddr,
    target: SocketAddr,
    /// What a stream has brought and nobody has read.
    buffer: Vec<u8>,
}

impl Reply {
    /// What is no request and no response of SIP/2.0 fails the test.
    fn read(bytes: &[u8]) -> Reply {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let start = text.lines().next().unwrap_or_default();
        let status = start
            .strip_prefix("SIP/2.0 ")
            .and_then(|rest| rest.get(..3)?.parse().ok());
        assert!(status.is_some() || start.ends_with(" SIP/2.0"), "{text}");
        Reply { text, status }
    }

    /// The value of a header in its long form.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn is_of(&self, call_id: &str) -> bool {
        self.header("Call-ID") == Some(call_id)
    }
}

impl Raw {
    pub fn udp(target: &str) -> Raw {
        Raw::udp_from("127.0.0.1", target)
    }

    /// From any address of the loopback network.
    pub fn udp_from(address: &str, target: &str) -> Raw {
        let socket = UdpSocket::bind((address, 0)).unwrap();
        Raw {
            local: socket.local_addr().unwrap(),
            target: target.parse().unwrap(),
            wire: Wire::Udp(socket),
            buffer: Vec::new(),
        }
    }

    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// The same UDP socket once more, for another thread.
    pub fn another(&self) -> Raw {
        let Wire::Udp(socket) = &self.wire else {
            panic!("a stream is read by one");
        };
        Raw {
            wire: Wire::Udp(socket.try_clone().unwrap()),
            local: self.local,
            target: self.target,
            buffer: Vec::new(),
        }
    }

    pub fn tcp(target: &str) -> Raw {
        let target: SocketAddr = target.parse().unwrap();
        let stream = TcpStream::connect_timeout(&target, PATIENCE).unwrap();
        Raw {
            local: stream.local_addr().unwrap(),
            target,
            wire: Wire::Tcp(stream),
            buffer: Vec::new(),
        }
    }

    /// A stream under TLS, its handshake done; the server must be `localhost` by the client's roots.
    pub fn tls(target: &str, client: Arc<ClientConfig>) -> Raw {
        let target: SocketAddr = target.parse().unwrap();
        let mut stream = TcpStream::connect_timeout(&target, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut tls = ClientConnection::new(client, name).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut stream).expect("a handshake");
        }
        Raw {
            local: stream.local_addr().unwrap(),
            target,
            wire: Wire::Tls(Box::new(StreamOwned::new(tls, stream))),
            buffer: Vec::new(),
        }
    }

    /// What the server showed of itself, in DER.
    pub fn certificate(&self) -> Vec<u8> {
        let Wire::Tls(stream) = &self.wire else {
            panic!("without TLS it shows nothing");
        };
        stream.conn.peer_certificates().unwrap()[0].to_vec()
    }

    /// `false` where the server has closed the stream.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        match &mut self.wire {
            Wire::Udp(socket) => socket.send_to(bytes, self.target).is_ok(),
            Wire::Tcp(stream) => stream.write_all(bytes).is_ok(),
            Wire::Tls(stream) => stream
                .write_all(bytes)
                .and_then(|()| stream.flush())
                .is_ok(),
        }
    }

    /// Nothing more will be sent on this stream.
    pub fn finish(&self) {
        if let Wire::Tcp(stream) = &self.wire {
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
    }

    /// The next message, within the bound; `Err` where the server has closed the stream.
    pub fn next(&mut self, bound: Duration) -> Result<Option<Reply>, ErrorKind> {
        let until = Instant::now() + bound;
        loop {
            if let Some(message) = self.buffered() {
                return Ok(Some(Reply::read(&message)));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let mut bytes = [0; 65_536];
            let read = match &mut self.wire {
                Wire::Udp(socket) => {
                    socket.set_read_timeout(Some(left)).unwrap();
                    socket.recv(&mut bytes)
                }
                Wire::Tcp(stream) => {
                    stream.set_read_timeout(Some(left)).unwrap();
                    stream.read(&mut bytes)
                }
                Wire::Tls(stream) => {
                    stream.sock.set_read_timeout(Some(left)).unwrap();
                    stream.read(&mut bytes)
                }
            };
            match read {
                Ok(0) => return Err(ErrorKind::UnexpectedEof),
                Ok(length) => match self.wire {
                    // Media of a call whose offer named this port by chance: RTP's version, no letter.
                    Wire::Udp(_) if bytes[0] & 0xC0 == 0x80 => {}
                    Wire::Udp(_) => return Ok(Some(Reply::read(&bytes[..length]))),
                    Wire::Tcp(_) | Wire::Tls(_) => self.buffer.extend(&bytes[..length]),
                },
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    kind => return Err(kind),
                },
            }
        }
    }

    /// A whole message of the stream's buffer.
    fn buffered(&mut self) -> Option<Vec<u8>> {
        let head = self.buffer.windows(4).position(|end| end == b"\r\n\r\n")?;
        let text = String::from_utf8_lossy(&self.buffer[..head]).into_owned();
        let length = text.lines().find_map(|line| {
            let value = line.strip_prefix("Content-Length:")?;
            value.trim().parse::<usize>().ok()
        });
        let whole = head + 4 + length.expect("the server tells its lengths");
        (self.buffer.len() >= whole).then(|| self.buffer.drain(..whole).collect())
    }

    /// The final answer to this call's last request; what else comes is passed over.
    pub fn answer(&mut self, call_id: &str) -> Reply {
        self.answer_past(call_id).0
    }

    /// The final answer, and how many messages came before it.
    fn answer_past(&mut self, call_id: &str) -> (Reply, usize) {
        let mut passed = 0;
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match self.next(until.saturating_duration_since(Instant::now())) {
                Ok(Some(reply)) if reply.is_of(call_id) && reply.status >= Some(200) => {
                    return (reply, passed);
                }
                Ok(other) => passed += usize::from(other.is_some()),
                Err(error) => panic!("closed before the answer: {error}"),
            }
        }
        panic!("{call_id} was not answered");
    }

    /// A lawful request; `to_tag` and `body` may be empty.
    pub fn request(
        &self,
        method: &str,
        call_id: &str,
        cseq: u32,
        to_tag: &str,
        body: &str,
    ) -> String {
        let transport = match self.wire {
            Wire::Udp(_) => "UDP",
            Wire::Tcp(_) => "TCP",
            Wire::Tls(_) => "TLS",
        };
        let (me, server) = (self.local, self.target);
        let tag = match to_tag {
            "" => String::new(),
            tag => format!(";tag={tag}"),
        };
        let kind = match body {
            "" => "",
            _ => "Content-Type: application/sdp\r\n",
        };
        format!(
            "{method} sip:consult@{server} SIP/2.0\r\n\
             Via: SIP/2.0/{transport} {me};branch=z9hG4bK{call_id}{cseq}{method};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:13900000000@{me}>;tag=raw\r\n\
             To: <sip:consult@{server}>{tag}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:raw@{me}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// Sends a request again each half second, as a datagram may be lost, until it is answered.
    fn insist(&mut self, request: &[u8], call_id: &str) -> Reply {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            assert!(self.send(request), "closed");
            let until = match self.wire {
                Wire::Udp(_) => Instant::now() + Duration::from_millis(500),
                Wire::Tcp(_) | Wire::Tls(_) => begun + PATIENCE,
            };
            let mut heard_of = false;
            while let Some(left) = until.checked_duration_since(Instant::now()) {
                let reply = self.next(left).expect("closed before the answer");
                let Some(reply) = reply.filter(|reply| reply.is_of(call_id)) else {
                    continue;
                };
                if reply.status >= Some(200) {
                    return reply;
                }
                heard_of = true;
            }
            if heard_of {
                return self.answer(call_id);
            }
        }
        panic!("{call_id} was not answered");
    }

    /// An OPTIONS, answered 200: the server lives, and what this socket sent before has been read.
    /// How many messages came before the answer.
    pub fn fence(&mut self) -> usize {
        let call_id = new_call_id();
        let asked = self.request("OPTIONS", &call_id, 1, "", "");
        assert!(self.send(asked.as_bytes()), "closed");
        let (answer, passed) = self.answer_past(&call_id);
        assert_eq!(answer.status, Some(200));
        passed
    }

    /// INVITE, 200, ACK; the tag of the server's side.
    pub fn open_call(&mut self, call_id: &str, rtp_port: u16) -> Result<String, Reply> {
        let invite = self.request("INVITE", call_id, 1, "", &offer(rtp_port));
        let answer = self.insist(invite.as_bytes(), call_id);
        let to = answer.header("To").unwrap_or_default();
        let tag = to.split_once("tag=").map_or("", |(_, tag)| tag).to_owned();
        if answer.status != Some(200) {
            return Err(answer);
        }
        let ack = self.request("ACK", call_id, 1, &tag, "");
        assert!(self.send(ack.as_bytes()), "closed");
        Ok(tag)
    }

    /// A whole call: INVITE, 200, ACK, BYE, 200.
    pub fn call(&mut self) {
        let ear = UdpSocket::bind("127.0.0.1:0").unwrap();
        let call_id = new_call_id();
        let opened = self.open_call(&call_id, ear.local_addr().unwrap().port());
        let tag = opened.unwrap_or_else(|reply| panic!("refused: {}", reply.text));
        let bye = self.request("BYE", &call_id, 2, &tag, "");
        assert!(self.send(bye.as_bytes()), "closed");
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.answer(&call_id);
            if answer.header("CSeq") == Some("2 BYE") {
                assert_eq!(answer.status, Some(200));
                return;
            }
            assert!(Instant::now() < until, "the BYE was not answered");
        }
    }
}

pub fn new_call_id() -> String {
    format!("raw-{:016x}", rand::random::<u64>())
}

/// A session description with one A-law stream on loopback.
pub fn offer(rtp_port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {rtp_port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    )
}
