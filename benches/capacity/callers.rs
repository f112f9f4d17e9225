//! The callers' side, cheap: one thread for all signalling and all sound, canned messages, and what
//! was heard of each call. It is the desks' side too.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::message::{Message, Request, sdp};
use crate::sound::{PACKET, Sockets, ToSend};

const TICK: Duration = Duration::from_millis(5);
/// T1 of RFC 3261: a request that is not answered by then would be sent again.
const T1: Duration = Duration::from_millis(500);
/// A desk speaks for so long.
const TALK: Duration = Duration::from_secs(1);
/// Between the 200 and the BYE of a call that is only set up.
const SET_UP: Duration = Duration::from_millis(100);
const CALLS_A_SOCKET: usize = 100;
const EVENT_TYPE: u8 = 101;
/// Packets of one press: five updates, three ends.
const PRESS_PACKETS: u16 = 8;
const GRADES: [&str; 5] = [
    "very_satisfied",
    "satisfied",
    "basically_satisfied",
    "dissatisfied",
    "very_dissatisfied",
];

/// What the callers do.
#[derive(Clone, Copy)]
pub enum Work {
    /// Talks to a desk, hears the offer for so long, keys a grade, is hung up on.
    Grade { hold: Duration },
    /// Hangs up right after the answer.
    SetUp,
}

#[derive(Default)]
struct Call {
    invited: Option<Instant>,
    resent: u32,
    answered: Option<Instant>,
    refused: bool,
    over: Option<Instant>,
    hung_up: bool,
    /// The server's port of this leg.
    port: u16,
    to: String,
    sequence: u16,
    timestamp: u32,
    /// The arrival of the last packet of the offer.
    offered_ns: Option<u64>,
    press_at: Option<Instant>,
    pressed: u16,
}

struct DeskCall {
    invite: Dialog,
    bye_at: Option<Instant>,
}

/// What a BYE of the desk is made from.
struct Dialog {
    uri: String,
    from: String,
    to: String,
    call_id: String,
}

/// One call as the callers' side saw it.
pub struct Seen {
    pub number: String,
    pub grade: &'static str,
    pub length_ms: f64,
}

/// What became of all of them.
pub struct Heard {
    pub answered: usize,
    pub refused: usize,
    pub refused_with_retry_after: usize,
    pub calls: Vec<Seen>,
    retransmissions: u32,
    answer_ms: Vec<f64>,
    refusal_ms: Vec<f64>,
    gaps_ms: Vec<f64>,
}

pub struct Callers {
    server: SocketAddr,
    work: Work,
    sip: UdpSocket,
    desk: UdpSocket,
    sound: Sockets,
    calls: Vec<Call>,
    desks: HashMap<String, DeskCall>,
    by_port: Vec<u32>,
    began: Instant,
    ticks: u64,
    invited: usize,
    /// Calls that are not over; those before it are.
    retransmissions: u32,
    with_retry_after: usize,
    answer_ms: Vec<f64>,
    refusal_ms: Vec<f64>,
    gaps_ms: Vec<f64>,
}

impl Callers {
    pub fn open((server, desk): (SocketAddr, u16), calls: usize, work: Work) -> Outcome<Callers> {
        let bind = |port: u16| {
            let socket = UdpSocket::bind(("127.0.0.1", port))?;
            socket.set_nonblocking(true)?;
            Ok::<_, std::io::Error>(socket)
        };
        Ok(Callers {
            server,
            work,
            sip: bind(0)?,
            desk: bind(desk)?,
            sound: Sockets::open(calls.div_ceil(CALLS_A_SOCKET))?,
            calls: std::iter::repeat_with(Call::default).take(calls).collect(),
            desks: HashMap::new(),
            by_port: vec![u32::MAX; 1 << 16],
            began: Instant::now(),
            ticks: 0,
            invited: 0,
            retransmissions: 0,
            with_retry_after: 0,
            answer_ms: Vec::new(),
            refusal_ms: Vec::new(),
            gaps_ms: Vec::new(),
        })
    }

    /// Goes on for so long, or until every call is over; all are begun within `ramp` of the first.
    pub fn run_for(&mut self, length: Duration, ramp: Duration) -> Outcome<()> {
        if self.ticks == 0 {
            self.began = Instant::now();
        }
        let until = Instant::now() + length;
        loop {
            let now = Instant::now();
            self.read_sip()?;
            self.begin_calls(now, ramp)?;
            self.desks_hang_up(now)?;
            self.send_sound(now);
            self.hear();
            let over = |call: &Call| call.over.is_some() || call.refused;
            let ended = self.invited == self.calls.len() && self.calls.iter().all(over);
            if now >= until || ended {
                return Ok(());
            }
            self.ticks += 1;
            let next = self.began + TICK * u32::try_from(self.ticks)?;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    /// What this thread has used so far.
    pub fn own_cpu(&self) -> Duration {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let spent = text.split(' ').next().and_then(|text| text.parse().ok());
        Duration::from_nanos(spent.unwrap_or(0))
    }

    pub fn heard(&mut self) -> Heard {
        let mut calls = Vec::new();
        for (index, call) in self.calls.iter().enumerate() {
            if let (Some(answered), Some(over)) = (call.answered, call.over) {
                calls.push(Seen {
                    number: number(index),
                    grade: GRADES[index % GRADES.len()],
                    length_ms: (over - answered).as_secs_f64() * 1000.0,
                });
            }
        }
        let sorted = |times: &Vec<f64>| {
            let mut times = times.clone();
            times.sort_by(f64::total_cmp);
            times
        };
        Heard {
            answered: self
                .calls
                .iter()
                .filter(|call| call.answered.is_some())
                .count(),
            refused: self.calls.iter().filter(|call| call.refused).count(),
            refused_with_retry_after: self.with_retry_after,
            calls,
            retransmissions: self.retransmissions,
            answer_ms: sorted(&self.answer_ms),
            refusal_ms: sorted(&self.refusal_ms),
            gaps_ms: sorted(&self.gaps_ms),
        }
    }

    fn begin_calls(&mut self, now: Instant, ramp: Duration) -> Outcome<()> {
        let share = (now - self.began).as_secs_f64() / ramp.as_secs_f64();
        let due = ((share * self.calls.len() as f64) as usize).min(self.calls.len());
        while self.invited < due {
            let index = self.invited;
            self.invited += 1;
            self.calls[index].invited = Some(now);
            self.invite(index)?;
        }
        for index in 0..self.invited {
            let call = &mut self.calls[index];
            let waits = call.answered.is_none() && !call.refused && call.over.is_none();
            let patience = T1 * ((1 << (call.resent + 1).min(6)) - 1);
            if waits && call.invited.is_some_and(|at| now - at >= patience) {
                call.resent += 1;
                self.retransmissions += 1;
                self.invite(index)?;
            }
            let call = &self.calls[index];
            let set_up = matches!(self.work, Work::SetUp) && !call.hung_up;
            if set_up && call.answered.is_some_and(|at| now - at >= SET_UP) {
                self.calls[index].hung_up = true;
                self.request(index, "BYE", 2, None)?;
            }
        }
        Ok(())
    }

    fn invite(&mut self, index: usize) -> Outcome<()> {
        let socket = index / CALLS_A_SOCKET;
        let offer = sdp(self.sound.port(socket)?);
        self.request(index, "INVITE", 1, Some(&offer))
    }

    fn request(&self, index: usize, method: &str, cseq: u32, sdp: Option<&str>) -> Outcome<()> {
        let own = self.sip.local_addr()?;
        let user = match self.work {
            Work::Grade { .. } => "graded",
            Work::SetUp => "setup",
        };
        let uri = format!("sip:{user}@{}", self.server);
        let to = match self.calls[index].to.as_str() {
            "" => format!("<{uri}>"),
            to => to.to_owned(),
        };
        let contact = format!("sip:{own}");
        let text = Request {
            method,
            uri: &uri,
            via: &format!("{own};branch=z9hG4bK{method}{index}"),
            from: &format!("<sip:{}@{own}>;tag=f{index}", number(index)),
            to: &to,
            call_id: &format!("call-{index}@capacity"),
            cseq,
            contact: &contact,
        }
        .write(sdp);
        self.sip.send_to(text.as_bytes(), self.server)?;
        Ok(())
    }

    fn read_sip(&mut self) -> Outcome<()> {
        let mut octets = [0u8; 4096];
        for of_desks in [false, true] {
            loop {
                let socket = if of_desks { &self.desk } else { &self.sip };
                let length = match socket.recv(&mut octets) {
                    Ok(length) => length,
                    Err(fault) if fault.kind() == ErrorKind::WouldBlock => break,
                    Err(_) => continue,
                };
                let Some(message) = std::str::from_utf8(&octets[..length])
                    .ok()
                    .and_then(Message::read)
                else {
                    continue;
                };
                match (of_desks, message.status()) {
                    (false, Some(status)) => self.on_response(status, &message)?,
                    (false, None) => self.on_request(&message)?,
                    (true, Some(_)) => {}
                    (true, None) => self.on_desk_request(&message)?,
                }
            }
        }
        Ok(())
    }

    fn on_response(&mut self, status: u16, message: &Message<'_>) -> Outcome<()> {
        let Some(index) = message.number("call-").filter(|at| *at < self.calls.len()) else {
            return Ok(());
        };
        let call = &mut self.calls[index];
        let waited_ms = call
            .invited
            .map_or(0.0, |at| at.elapsed().as_secs_f64() * 1000.0);
        match (message.method(), status) {
            ("INVITE", 200) if call.answered.is_some() => {
                self.retransmissions += 1;
                self.request(index, "ACK", 1, None)?;
            }
            ("INVITE", 200) => {
                call.answered = Some(Instant::now());
                call.to = message.header("To").unwrap_or_default().to_owned();
                call.port = message.media_port().unwrap_or(0);
                self.by_port[usize::from(call.port)] = index as u32;
                self.answer_ms.push(waited_ms);
                self.request(index, "ACK", 1, None)?;
            }
            ("INVITE", 300..) => {
                if call.refused {
                    self.retransmissions += 1;
                } else {
                    call.refused = true;
                    self.refusal_ms.push(waited_ms);
                    let told = status == 503 && message.header("Retry-After").is_some();
                    self.with_retry_after += usize::from(told);
                }
                call.to = message.header("To").unwrap_or_default().to_owned();
                self.acknowledge_refusal(index)?;
            }
            ("BYE", 200) => call.over = Some(Instant::now()),
            _ => {}
        }
        Ok(())
    }

    /// The ACK of a refusal is of the INVITE's transaction (RFC 3261 §17.1.1.3).
    fn acknowledge_refusal(&self, index: usize) -> Outcome<()> {
        let own = self.sip.local_addr()?;
        let uri = format!("sip:graded@{}", self.server);
        let text = Request {
            method: "ACK",
            uri: &uri,
            via: &format!("{own};branch=z9hG4bKINVITE{index}"),
            from: &format!("<sip:{}@{own}>;tag=f{index}", number(index)),
            to: &self.calls[index].to,
            call_id: &format!("call-{index}@capacity"),
            cseq: 1,
            contact: &format!("sip:{own}"),
        }
        .write(None);
        self.sip.send_to(text.as_bytes(), self.server)?;
        Ok(())
    }

    fn on_request(&mut self, message: &Message<'_>) -> Outcome<()> {
        let contact = format!("sip:{}", self.sip.local_addr()?);
        let response = message.response("200 OK", "f", &contact, None);
        self.sip.send_to(response.as_bytes(), self.server)?;
        if message.method() == "BYE"
            && let Some(index) = message.number("call-").filter(|at| *at < self.calls.len())
        {
            let call = &mut self.calls[index];
            if call.over.replace(Instant::now()).is_some() {
                self.retransmissions += 1;
            }
            if let Some(place) = self.by_port.get_mut(usize::from(call.port)) {
                *place = u32::MAX;
            }
        }
        Ok(())
    }

    fn on_desk_request(&mut self, message: &Message<'_>) -> Outcome<()> {
        let call_id = message.header("Call-ID").unwrap_or_default().to_owned();
        let contact = format!("sip:{}", self.desk.local_addr()?);
        let answer = match message.method() {
            "INVITE" => {
                let again = self.desks.contains_key(&call_id);
                self.retransmissions += u32::from(again);
                let response =
                    message.response("200 OK", "desk", &contact, Some(&sdp(self.sound.port(0)?)));
                let contact = message.header("Contact").unwrap_or_default();
                let uri = contact
                    .split(['<', '>'])
                    .nth(1)
                    .unwrap_or(contact)
                    .to_owned();
                let invite = Dialog {
                    uri,
                    from: format!("{};tag=desk", message.header("To").unwrap_or_default()),
                    to: message.header("From").unwrap_or_default().to_owned(),
                    call_id: call_id.clone(),
                };
                let desk = DeskCall {
                    invite,
                    bye_at: None,
                };
                self.desks.entry(call_id).or_insert(desk);
                response
            }
            "ACK" => {
                if let Some(desk) = self.desks.get_mut(&call_id) {
                    desk.bye_at.get_or_insert(Instant::now() + TALK);
                }
                return Ok(());
            }
            _ => {
                self.desks.remove(&call_id);
                message.response("200 OK", "desk", &contact, None)
            }
        };
        self.desk.send_to(answer.as_bytes(), self.server)?;
        Ok(())
    }

    fn desks_hang_up(&mut self, now: Instant) -> Outcome<()> {
        let own = self.desk.local_addr()?;
        let due = |desk: &DeskCall| desk.bye_at.is_some_and(|at| at <= now);
        let over: Vec<DeskCall> = self
            .desks
            .extract_if(|_, desk| due(desk))
            .map(|(_, desk)| desk)
            .collect();
        for (index, DeskCall { invite, .. }) in over.into_iter().enumerate() {
            let text = Request {
                method: "BYE",
                uri: &invite.uri,
                via: &format!("{own};branch=z9hG4bKdesk{}-{index}", self.ticks),
                from: &invite.from,
                to: &invite.to,
                call_id: &invite.call_id,
                cseq: 1,
                contact: &format!("sip:{own}"),
            }
            .write(None);
            self.desk.send_to(text.as_bytes(), self.server)?;
        }
        Ok(())
    }

    /// 20 ms of every call whose turn it is: a quarter of them a tick.
    fn send_sound(&mut self, now: Instant) {
        let Work::Grade { hold } = self.work else {
            return;
        };
        let slot = (self.ticks % 4) as usize;
        let mut packets = Vec::new();
        for index in (slot..self.invited).step_by(4) {
            let call = &mut self.calls[index];
            if call.answered.is_none() || call.over.is_some() || call.port == 0 {
                continue;
            }
            if call.offered_ns.is_some() && call.press_at.is_none() {
                call.press_at = Some(now + hold);
            }
            let pressing = call.press_at.is_some_and(|at| at <= now);
            let mut octets = [0u8; PACKET];
            octets[0] = 0x80;
            call.sequence = call.sequence.wrapping_add(1);
            octets[2..4].copy_from_slice(&call.sequence.to_be_bytes());
            octets[8..12].copy_from_slice(&(index as u32 + 1).to_be_bytes());
            let length = if pressing && call.pressed < PRESS_PACKETS {
                let started = call.timestamp.wrapping_sub(u32::from(call.pressed) * 160);
                call.pressed += 1;
                let length = (call.pressed * 160).min(5 * 160);
                octets[1] = EVENT_TYPE | if call.pressed == 1 { 0x80 } else { 0 };
                octets[4..8].copy_from_slice(&started.to_be_bytes());
                octets[12] = (index % GRADES.len()) as u8 + 1;
                octets[13] = 10 | if call.pressed > 5 { 0x80 } else { 0 };
                octets[14..16].copy_from_slice(&length.to_be_bytes());
                16
            } else {
                octets[1] = 8;
                octets[4..8].copy_from_slice(&call.timestamp.to_be_bytes());
                octets[12..].copy_from_slice(self.sound.noise(usize::from(call.sequence) + index));
                PACKET
            };
            call.timestamp = call.timestamp.wrapping_add(160);
            packets.push(ToSend {
                socket: index / CALLS_A_SOCKET,
                port: call.port,
                octets,
                length,
            });
        }
        self.sound.send(&mut packets);
    }

    /// Between two packets of the offer there is a beat; what is more is a gap.
    fn hear(&mut self) {
        let Callers {
            sound,
            calls,
            by_port,
            gaps_ms,
            ..
        } = self;
        sound.receive(|came| {
            let Some(call) = calls.get_mut(by_port[usize::from(came.port)] as usize) else {
                return;
            };
            if !came.is_offer || call.pressed > 0 {
                return;
            }
            if let Some(before) = call.offered_ns.replace(came.at_ns) {
                gaps_ms.push(came.at_ns.saturating_sub(before) as f64 / 1e6);
            }
        });
    }
}

impl Heard {
    pub fn retransmissions(&self) -> u32 {
        self.retransmissions
    }

    pub fn gap_ms(&self, share: f64) -> f64 {
        percentile(&self.gaps_ms, share)
    }

    pub fn answer_ms(&self, share: f64) -> f64 {
        percentile(&self.answer_ms, share)
    }

    pub fn refusal_ms(&self, share: f64) -> f64 {
        percentile(&self.refusal_ms, share)
    }
}

/// The number a call comes from.
fn number(index: usize) -> String {
    format!("139{index:08}")
}

/// The time that this share did not exceed.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (sorted.len() as f64 * share).ceil() as usize;
    sorted
        .get(at.saturating_sub(1).min(last))
        .copied()
        .unwrap_or(0.0)
}
