//! A carrier's registrar of our own, that fails on command; and a name server that says where it is. The digests are
//! computed here from RFC 7616, not by the program.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::place;

pub const REALM: &str = "carrier.test";
pub const USER: &str = "01088880000";

/// How a registrar behaves.
#[derive(Debug, Clone)]
pub struct Manners {
    /// It answers nothing.
    pub mute: bool,
    /// What it asks with, in this order: `MD5`, `SHA-256`; none: everybody is believed.
    pub algorithms: Vec<&'static str>,
    pub password: &'static str,
    /// How long it grants at most.
    pub grants_s: u64,
    /// What is shorter is too brief (423).
    pub least_s: u64,
    /// What it names as Service-Route in each grant.
    pub service_route: Option<&'static str>,
}

impl Default for Manners {
    fn default() -> Self {
        Manners {
            mute: false,
            algorithms: vec!["SHA-256"],
            password: "correct horse",
            grants_s: 3600,
            least_s: 0,
            service_route: None,
        }
    }
}

/// A REGISTER that came, and what it was answered.
#[derive(Debug, Clone)]
pub struct Came {
    pub at: Instant,
    pub text: String,
    pub status: u16,
}

impl Came {
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.text, name)
    }

    pub fn expires_s(&self) -> u64 {
        self.header("Expires").unwrap().parse().unwrap()
    }
}

fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A thread that answers on one socket until it is dropped.
struct Serving {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    fn start(
        socket: UdpSocket,
        mut answer: impl FnMut(&[u8], SocketAddr) -> Option<Vec<u8>> + Send + 'static,
    ) -> Serving {
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while !ends.load(Ordering::Relaxed) {
                if let Ok((length, from)) = socket.recv_from(&mut buffer)
                    && let Some(answer) = answer(&buffer[..length], from)
                {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Serving {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One address of the carrier.
pub struct Carrier {
    pub address: SocketAddr,
    manners: Arc<Mutex<Manners>>,
    came: Arc<Mutex<Vec<Came>>>,
    asked: Arc<Mutex<Vec<String>>>,
    socket: UdpSocket,
    _serving: Serving,
}

impl Carrier {
    pub fn open(host: &str, manners: Manners) -> Carrier {
        let socket = UdpSocket::bind((host, place::port())).unwrap();
        let manners = Arc::new(Mutex::new(manners));
        let (came, asked) = (
            Arc::new(Mutex::new(Vec::new())),
            Arc::new(Mutex::new(Vec::new())),
        );
        let mut desk = Desk {
            manners: Arc::clone(&manners),
            came: Arc::clone(&came),
            asked: Arc::clone(&asked),
            nonces: BTreeMap::new(),
        };
        Carrier {
            address: socket.local_addr().unwrap(),
            manners,
            came,
            asked,
            socket: socket.try_clone().unwrap(),
            _serving: Serving::start(socket, move |bytes, _| desk.answer(bytes)),
        }
    }

    pub fn change(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.manners.lock().unwrap());
    }

    /// Every REGISTER that came, in its order; also those that were not answered (status 0).
    pub fn registers(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    pub fn granted(&self) -> Vec<Came> {
        let came = self.registers().into_iter();
        came.filter(|came| came.status == 200).collect()
    }

    /// OPTIONS that came.
    pub fn probes(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// The values of this header in the last OPTIONS that came.
    pub fn probed_with(&self, name: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let lines = asked.last().into_iter().flat_map(|text| text.lines());
        let named = lines.filter_map(|line| line.split_once(':'));
        let values = named.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        values.map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// Asks the server by OPTIONS from another port of this address; the status.
    pub fn ask(&self, server: &str) -> u16 {
        let mut raw = crate::raw::Raw::udp_from(&self.address.ip().to_string(), server);
        let (me, call_id) = (raw.local(), crate::raw::new_call_id());
        let text = format!(
            "OPTIONS sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{call_id};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:carrier@{me}>;tag=c\r\nTo: <sip:{USER}@{server}>\r\nCall-ID: {call_id}\r\nCSeq: 1 OPTIONS\r\n\
             Content-Length: 0\r\n\r\n"
        );
        assert!(raw.send(text.as_bytes()));
        raw.answer(&call_id).status.unwrap()
    }

    /// Sends what is no answer to anything.
    pub fn shout(&self, server: &str, text: &str) {
        self.socket.send_to(text.as_bytes(), server).unwrap();
    }
}

struct Desk {
    manners: Arc<Mutex<Manners>>,
    came: Arc<Mutex<Vec<Came>>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// The last count with which each nonce was shown.
    nonces: BTreeMap<String, u32>,
}

impl Desk {
    fn answer(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let manners = self.manners.lock().unwrap().clone();
        let (status, more) = match text.split(' ').next()? {
            "OPTIONS" => {
                self.asked.lock().unwrap().push(text.clone());
                (200, String::new())
            }
            "REGISTER" => {
                let (status, more) = match manners.mute {
                    true => (0, String::new()),
                    false => self.register(&text, &manners),
                };
                self.came.lock().unwrap().push(Came {
                    at: Instant::now(),
                    text: text.clone(),
                    status,
                });
                (status, more)
            }
            _ => return None,
        };
        if manners.mute {
            return None;
        }
        let line = |name: &str| format!("{name}: {}\r\n", header(&text, name).unwrap());
        let answer = format!(
            "SIP/2.0 {status} Told\r\n{}{}To: {};tag=carrier\r\n{}{}{more}Content-Length: 0\r\n\r\n",
            line("Via"),
            line("From"),
            header(&text, "To").unwrap(),
            line("Call-ID"),
            line("CSeq"),
        );
        Some(answer.into_bytes())
    }

    fn register(&mut self, text: &str, manners: &Manners) -> (u16, String) {
        let shown = header(text, "Authorization");
        let right = shown.is_some_and(|shown| self.is_right(shown, manners));
        if !manners.algorithms.is_empty() && !right {
            let nonce = format!("{:032x}", rand::random::<u128>());
            self.nonces.insert(nonce.clone(), 0);
            let ask = |algorithm: &&str| {
                format!(
                    "WWW-Authenticate: Digest realm=\"{REALM}\", nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"\r\n"
                )
            };
            return (401, manners.algorithms.iter().map(ask).collect());
        }
        let asked: u64 = header(text, "Expires").unwrap().parse().unwrap();
        if asked > 0 && asked < manners.least_s {
            return (423, format!("Min-Expires: {}\r\n", manners.least_s));
        }
        let granted = asked.min(manners.grants_s);
        let contact = header(text, "Contact").unwrap();
        let route = manners.service_route.filter(|_| granted > 0);
        let route = route.map(|route| format!("Service-Route: {route}\r\n"));
        let route = route.unwrap_or_default();
        (
            200,
            format!("Contact: {contact};expires={granted}\r\n{route}"),
        )
    }

    /// By the strongest that was asked for, with a nonce of ours and a count that grows.
    fn is_right(&mut self, shown: &str, manners: &Manners) -> bool {
        let get = |wanted: &str| {
            let rest = shown
                .split_once(&format!("{wanted}="))
                .unwrap_or_default()
                .1;
            match rest.strip_prefix('"') {
                Some(rest) => rest.split('"').next().unwrap_or_default().to_owned(),
                None => rest.split(',').next().unwrap_or_default().trim().to_owned(),
            }
        };
        let strongest = match manners.algorithms.contains(&"SHA-256") {
            true => "SHA-256",
            false => "MD5",
        };
        assert_eq!(get("algorithm"), strongest, "{shown}");
        let digest = |text: String| match strongest {
            "SHA-256" => hex::encode(Sha256::digest(text)),
            _ => hex::encode(Md5::digest(text)),
        };
        let (nonce, count, uri) = (get("nonce"), get(" nc"), get("uri"));
        let number = u32::from_str_radix(&count, 16).unwrap();
        let Some(last) = self.nonces.get_mut(&nonce) else {
            return false;
        };
        assert!(number > *last, "a count twice: {shown}");
        *last = number;
        let ha1 = digest(format!("{}:{REALM}:{}", get("username"), manners.password));
        let ha2 = digest(format!("REGISTER:{uri}"));
        let right = digest(format!(
            "{ha1}:{nonce}:{count}:{}:auth:{ha2}",
            get("cnonce")
        ));
        get("response") == right
    }
}

/// What a name server knows of the carrier: each service's hosts with priority, weight and port, and addresses.
#[derive(Debug, Clone, Default)]
pub struct Zone {
    /// It answers nothing.
    pub mute: bool,
    pub ttl_s: u32,
    /// Of `_sip._udp.DOMAIN`.
    pub srv: Vec<(u16, u16, u16, String)>,
    pub hosts: BTreeMap<String, [u8; 4]>,
}

/// A name server on loopback.
pub struct Names {
    pub address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    asked: Arc<Mutex<usize>>,
    _serving: Serving,
}

impl Names {
    pub fn open(zone: Zone) -> Names {
        let socket = UdpSocket::bind(("127.0.0.1", place::port())).unwrap();
        let zone = Arc::new(Mutex::new(zone));
        let asked = Arc::new(Mutex::new(0));
        let (known, count) = (Arc::clone(&zone), Arc::clone(&asked));
        Names {
            address: socket.local_addr().unwrap(),
            zone,
            asked,
            _serving: Serving::start(socket, move |query, _| {
                *count.lock().unwrap() += 1;
                known.lock().unwrap().answer(query)
            }),
        }
    }

    pub fn change(&self, change: impl FnOnce(&mut Zone)) {
        change(&mut self.zone.lock().unwrap());
    }

    /// Questions that came.
    pub fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

const A: u16 = 1;
const SRV: u16 = 33;

impl Zone {
    /// RFC 1035 §4.1: the question once more, and behind it the records.
    fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        if self.mute {
            return None;
        }
        let mut at = 12;
        let mut labels = Vec::new();
        while query[at] != 0 {
            let length = usize::from(query[at]);
            labels.push(String::from_utf8_lossy(&query[at + 1..=at + length]).to_lowercase());
            at += length + 1;
        }
        let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
        let question = &query[12..at + 5];
        let name = labels.join(".");
        let records = self.records(&name, kind);
        let mut answer = query[..2].to_vec();
        // An authoritative answer without a fault.
        answer.extend([0x84, 0x00, 0, 1]);
        answer.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
        answer.extend([0, 0, 0, 0]);
        answer.extend(question);
        for data in records {
            // The name of the question.
            answer.extend([0xc0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1]);
            answer.extend(self.ttl_s.to_be_bytes());
            answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            answer.extend(data);
        }
        Some(answer)
    }

    fn records(&self, name: &str, kind: u16) -> Vec<Vec<u8>> {
        match kind {
            A => {
                let found = self.hosts.get(name).into_iter();
                found.map(|address| address.to_vec()).collect()
            }
            SRV if name.starts_with("_sip._udp.") => {
                let records = self.srv.iter();
                let data = |(priority, weight, port, host): &(u16, u16, u16, String)| {
                    let mut data = Vec::new();
                    for number in [priority, weight, port] {
                        data.extend(number.to_be_bytes());
                    }
                    for label in host.split('.') {
                        data.push(u8::try_from(label.len()).unwrap());
                        data.extend(label.as_bytes());
                    }
                    data.push(0);
                    data
                };
                records.map(data).collect()
            }
            _ => Vec::new(),
        }
    }
}
