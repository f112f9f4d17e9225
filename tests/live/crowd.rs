//! Many callers and the desks they talk to, in one thread: a SIP and RTP peer that is cheap enough to
//! stand beside fifty calls and a server that is killed every second.
//!
//! A caller knows where his call stands by his ear alone: the prompts of [`crowd_house`] are tones.

use std::collections::{BTreeMap, HashMap};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::gateway::{self, Fault};
use crate::server::{House, Setup};
use crate::tone;

/// When and what a caller does.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// So long after he begins to hear the offer.
    Press(Duration, char),
    /// So long after the answer.
    HangUp(Duration),
}

/// What became of a call, as its caller saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub number: String,
    pub call_id: String,
    pub answered: Option<Instant>,
    pub refused: Option<u16>,
    /// The first and the last packet of the offer's tone.
    pub offered: Option<Instant>,
    pub pressed: Vec<char>,
    /// The echo of a grade was heard: it was acknowledged.
    pub echoed: Option<Instant>,
    /// P38: the caller was told that his grade could not be stored.
    pub apologised: Option<Instant>,
    pub ended: Option<Instant>,
    /// Longest time between two packets while the call went on.
    pub worst_gap: Duration,
    /// Packets that came, and those that came more than 10 ms (and 40 ms) after their time.
    pub packets: u32,
    pub late_10: u32,
    pub late_40: u32,
}

/// The prompts that a crowd's caller knows: `(clip, hertz, ms)`.
const OFFER: (&str, f64, u64) = ("P10", 620.0, 700);
const GOOD: (&str, f64, u64) = ("P14.1", 1180.0, 160);
const BAD: (&str, f64, u64) = ("P14b.1", 1240.0, 160);
const SORRY: (&str, f64, u64) = ("P38", 1800.0, 300);
/// Every other clip; those into which a key may fall are as long as the plan asks for.
const SHORT_MS: u64 = 120;
const BARGED_INTO: [&str; 7] = ["P11", "P12", "P15", "P16", "P23.1", "P25", "P27"];
const BARGED_INTO_MS: u64 = 450;

/// How long a desk talks before it hangs up, unless told otherwise.
const TALK: Duration = Duration::from_millis(150);

/// A house whose prompts are short tones, with this crowd's desks.
pub fn crowd_house(crowd: &Crowd, setup: Setup) -> House {
    let house = House::new(Setup {
        desks: crowd.desks(),
        max_calls: 200,
        ..setup
    });
    let locale = house.path("prompts").join("zh-CN");
    for entry in std::fs::read_dir(&locale).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "wav") {
            continue;
        }
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let known = [OFFER, GOOD, BAD, SORRY];
        let found = known.iter().find(|(clip, ..)| *clip == stem);
        let other_ms = match BARGED_INTO.contains(&stem) {
            true => BARGED_INTO_MS,
            false => SHORT_MS,
        };
        let (hertz, ms) = found.map_or((440.0, other_ms), |(_, hertz, ms)| (*hertz, *ms));
        tone::write_wav(&path, &tone::sine(hertz, ms, 8000.0));
    }
    house
}

struct Caller {
    seen: Seen,
    call_id: String,
    rtp: UdpSocket,
    to: Option<SocketAddr>,
    acts: Vec<Act>,
    /// Their Contact and their To, once answered.
    dialog: Option<(String, String)>,
    next_invite: Option<Instant>,
    next_sound: Instant,
    sequence: u16,
    timestamp: u32,
    /// Packets of keys, by when they are due.
    queue: BTreeMap<(Instant, u16), Vec<u8>>,
    quiet_until: Instant,
    /// When the first packet came, and its timestamp: the beat that the others have to keep.
    beat: Option<(Instant, u32)>,
    last_packet: Option<Instant>,
}

struct Desk {
    /// What a request of ours in the dialog needs: their Contact, our From, their To, Call-ID.
    head: Option<(String, String, String)>,
    bye_at: Option<Instant>,
}

struct State {
    callers: Vec<Caller>,
    desks: HashMap<String, Desk>,
    target: Option<SocketAddr>,
    /// How long a desk talks.
    talk: Duration,
}

/// The peer. Dropped, it falls silent.
pub struct Crowd {
    port: u16,
    seats: usize,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// With so many desks.
    pub fn open(seats: usize) -> Crowd {
        let sip = UdpSocket::bind("127.0.0.1:0").unwrap();
        sip.set_nonblocking(true).unwrap();
        let port = sip.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State {
            callers: Vec::new(),
            desks: HashMap::new(),
            target: None,
            talk: TALK,
        }));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (state, stop) = (state.clone(), stop.clone());
            move || run(&sip, port, &state, &stop)
        });
        Crowd {
            port,
            seats,
            state,
            stop,
            thread: Some(thread),
        }
    }

    /// Desks talk so long from now on.
    pub fn talk_for(&self, talk: Duration) {
        self.state().talk = talk;
    }

    fn desks(&self) -> Vec<String> {
        let desk = |seat| format!("sip:{}@127.0.0.1:{}", 8001 + seat, self.port);
        (0..self.seats).map(desk).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Calls the house from this number.
    pub fn dial(&self, house: &House, number: &str, acts: &[Act]) {
        let rtp = UdpSocket::bind("127.0.0.1:0").unwrap();
        rtp.set_nonblocking(true).unwrap();
        let now = Instant::now();
        let call_id = format!("crowd-{:016x}", rand::random::<u64>());
        let mut state = self.state();
        state.target = Some(SocketAddr::from(([127, 0, 0, 1], house.sip)));
        state.callers.push(Caller {
            seen: Seen {
                number: number.to_owned(),
                call_id: call_id.clone(),
                answered: None,
                refused: None,
                offered: None,
                pressed: Vec::new(),
                echoed: None,
                apologised: None,
                ended: None,
                worst_gap: Duration::ZERO,
                packets: 0,
                late_10: 0,
                late_40: 0,
            },
            call_id,
            rtp,
            to: None,
            acts: acts.to_vec(),
            dialog: None,
            next_invite: Some(now),
            next_sound: now,
            sequence: 0,
            timestamp: 0,
            queue: BTreeMap::new(),
            quiet_until: now,
            beat: None,
            last_packet: None,
        });
    }

    /// All callers so far.
    pub fn seen(&self) -> Vec<Seen> {
        let state = self.state();
        state
            .callers
            .iter()
            .map(|caller| caller.seen.clone())
            .collect()
    }

    /// The server is gone: what the callers saw of it. Their calls are over.
    pub fn forget(&self) -> Vec<Seen> {
        let mut state = self.state();
        state.desks.clear();
        let callers = std::mem::take(&mut state.callers);
        callers.into_iter().map(|caller| caller.seen).collect()
    }

    /// Takes away what is over, so that a long run does not gather it.
    pub fn take_ended(&self) -> Vec<Seen> {
        let mut state = self.state();
        let is_over = |seen: &Seen| seen.ended.is_some() || seen.refused.is_some();
        let (over, on) = std::mem::take(&mut state.callers)
            .into_iter()
            .partition(|caller| is_over(&caller.seen));
        state.callers = on;
        let over: Vec<Caller> = over;
        over.into_iter().map(|caller| caller.seen).collect()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

const TICK: Duration = Duration::from_millis(5);

fn run(sip: &UdpSocket, port: u16, state: &Mutex<State>, stop: &AtomicBool) {
    // Where desks and their sound end: nobody listens to it.
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    sink.set_nonblocking(true).unwrap();
    let sink_port = sink.local_addr().unwrap().port();
    let mut buffer = [0u8; 4096];
    while !stop.load(Ordering::Acquire) {
        {
            let mut state = state.lock().unwrap();
            while let Ok((length, from)) = sip.recv_from(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                state.hear(sip, port, sink_port, &text, from);
            }
            while sink.recv_from(&mut buffer).is_ok() {}
            state.act(sip, port, Instant::now());
        }
        crate::place::sleep_until(Instant::now() + TICK);
    }
}

impl State {
    fn hear(&mut self, sip: &UdpSocket, port: u16, sink: u16, text: &str, from: SocketAddr) {
        let Some(call_id) = header(text, "Call-ID") else {
            return;
        };
        let ours = self.callers.iter_mut().find(|c| c.call_id == call_id);
        if let Some(status) = text.strip_prefix("SIP/2.0 ") {
            if let Some(caller) = ours {
                let status = status[..3].parse().unwrap_or(0);
                caller.answered(sip, port, status, text, from);
            }
            return;
        }
        let method = text.split(' ').next().unwrap_or_default();
        match method {
            "ACK" => {
                if let Some(desk) = self.desks.get_mut(&call_id) {
                    desk.bye_at.get_or_insert(Instant::now() + self.talk);
                }
            }
            "INVITE" if ours.is_none() => self.ring(sip, port, sink, text, &call_id, from),
            _ => {
                send(sip, from, &reply(text, "200 OK", "", ""));
                if method == "BYE" {
                    match ours {
                        Some(caller) => {
                            caller.seen.ended.get_or_insert(Instant::now());
                        }
                        None => drop(self.desks.remove(&call_id)),
                    }
                }
            }
        }
    }

    /// A desk's phone answers at once.
    fn ring(
        &mut self,
        sip: &UdpSocket,
        port: u16,
        sink: u16,
        text: &str,
        call_id: &str,
        from: SocketAddr,
    ) {
        let tag = ";tag=desk";
        let contact = format!("Contact: <sip:desk@127.0.0.1:{port}>\r\n");
        send(
            sip,
            from,
            &reply(text, "200 OK", tag, &(contact + &body(sink))),
        );
        let head = (
            uri(&header(text, "Contact").unwrap_or_default()),
            header(text, "To").unwrap_or_default() + tag,
            header(text, "From").unwrap_or_default(),
        );
        self.desks.entry(call_id.to_owned()).or_insert(Desk {
            head: Some(head),
            bye_at: None,
        });
    }

    fn act(&mut self, sip: &UdpSocket, port: u16, now: Instant) {
        let Some(target) = self.target else { return };
        for (call_id, desk) in &mut self.desks {
            if desk.bye_at.is_some_and(|at| at <= now)
                && let Some((uri, from, to)) = desk.head.take()
            {
                let bye = request("BYE", &uri, port, &from, &to, call_id, 1, "");
                send(sip, target, &bye);
            }
        }
        for caller in &mut self.callers {
            caller.act(sip, port, target, now);
        }
    }
}

impl Caller {
    fn act(&mut self, sip: &UdpSocket, port: u16, target: SocketAddr, now: Instant) {
        if self.next_invite.is_some_and(|at| at <= now) {
            // Sooner than RFC 3261 asks for: the server may just be starting.
            self.next_invite = Some(now + Duration::from_millis(40));
            let rtp = self.rtp.local_addr().unwrap().port();
            let contact = format!(
                "Contact: <sip:{}@127.0.0.1:{port}>\r\n{}",
                self.seen.number,
                body(rtp)
            );
            let (from, to) = (self.from(), "<sip:consult@127.0.0.1>".to_owned());
            let uri = format!("sip:consult@{target}");
            let id = &self.call_id;
            send(
                sip,
                target,
                &request("INVITE", &uri, port, &from, &to, id, 1, &contact),
            );
        }
        if self.seen.answered.is_none() || self.seen.ended.is_some() {
            return;
        }
        self.listen();
        self.follow(sip, port, target, now);
        self.speak(now);
    }

    fn from(&self) -> String {
        format!("<sip:{}@127.0.0.1>;tag=c", self.seen.number)
    }

    fn answered(&mut self, sip: &UdpSocket, port: u16, status: u16, text: &str, from: SocketAddr) {
        let cseq = header(text, "CSeq").unwrap_or_default();
        if !cseq.ends_with("INVITE") {
            return;
        }
        self.next_invite = None;
        if status < 200 {
            return;
        }
        let to = header(text, "To").unwrap_or_default();
        if status >= 300 {
            self.seen.refused = Some(status);
            let ack = request(
                "ACK",
                "sip:consult@127.0.0.1",
                port,
                &self.from(),
                &to,
                &self.call_id,
                1,
                "",
            );
            return send(sip, from, &ack);
        }
        let contact = uri(&header(text, "Contact").unwrap_or_default());
        let ack = request(
            "ACK",
            &contact,
            port,
            &self.from(),
            &to,
            &self.call_id,
            1,
            "",
        );
        send(sip, from, &ack);
        if self.seen.answered.is_none() {
            let now = Instant::now();
            let port = text.split("m=audio ").nth(1);
            let port = port.and_then(|rest| rest.split(' ').next()?.parse().ok());
            self.to = port.map(|port: u16| SocketAddr::from(([127, 0, 0, 1], port)));
            self.seen.answered = Some(now);
            self.next_sound = now;
            self.dialog = Some((contact, to));
        }
    }

    fn listen(&mut self) {
        let mut buffer = [0u8; 2048];
        while let Ok((length, _)) = self.rtp.recv_from(&mut buffer) {
            if length < 12 || buffer[1] & 0x7F != 8 {
                continue;
            }
            let now = Instant::now();
            let timestamp = u32::from_be_bytes([buffer[4], buffer[5], buffer[6], buffer[7]]);
            self.keep_time(now, timestamp);
            let sound: Vec<i16> = buffer[12..length]
                .iter()
                .map(|b| gateway::decode_alaw(*b))
                .collect();
            let hears = |hertz| tone::amplitude(&sound, hertz) > 4000.0;
            let seen = &mut self.seen;
            if hears(OFFER.1) {
                seen.offered.get_or_insert(now);
            } else if hears(GOOD.1) || hears(BAD.1) {
                seen.echoed.get_or_insert(now);
            } else if hears(SORRY.1) {
                seen.apologised.get_or_insert(now);
            }
        }
    }

    /// How well the other side keeps the beat of its own timestamps.
    fn keep_time(&mut self, now: Instant, timestamp: u32) {
        if let Some(last) = self.last_packet.replace(now) {
            self.seen.worst_gap = self.seen.worst_gap.max(now - last);
        }
        let (first, zero) = *self.beat.get_or_insert((now, timestamp));
        let due = first + Duration::from_micros(u64::from(timestamp.wrapping_sub(zero)) * 125);
        let late = now.saturating_duration_since(due);
        if now < due {
            // The first one was late itself.
            self.beat = Some((now, timestamp));
        }
        self.seen.packets += 1;
        self.seen.late_10 += u32::from(late > Duration::from_millis(10));
        self.seen.late_40 += u32::from(late > Duration::from_millis(40));
    }

    /// Does what is due of its acts.
    fn follow(&mut self, sip: &UdpSocket, port: u16, target: SocketAddr, now: Instant) {
        let due = |act: &Act, seen: &Seen| match act {
            Act::Press(after, _) => seen.offered.is_some_and(|at| at + *after <= now),
            Act::HangUp(after) => seen.answered.is_some_and(|at| at + *after <= now),
        };
        while let Some(at) = self.acts.iter().position(|act| due(act, &self.seen)) {
            match self.acts.remove(at) {
                Act::Press(_, key) => self.press(key, now),
                Act::HangUp(_) => {
                    let (uri, to) = self.dialog.clone().unwrap();
                    let id = &self.call_id;
                    send(
                        sip,
                        target,
                        &request("BYE", &uri, port, &self.from(), &to, id, 2, ""),
                    );
                    self.seen.ended.get_or_insert(now);
                    return;
                }
            }
        }
    }

    fn press(&mut self, key: char, now: Instant) {
        self.seen.pressed.push(key);
        let code = "0123456789*#".find(key).unwrap() as u8;
        for (after_ms, packet) in gateway::press(code, Fault::None, self.timestamp, 20) {
            self.sequence = self.sequence.wrapping_add(1);
            let due = now + Duration::from_millis(after_ms);
            let bytes = packet.bytes(self.sequence);
            self.queue.insert((due, self.sequence), bytes);
            self.quiet_until = self.quiet_until.max(due);
        }
    }

    fn speak(&mut self, now: Instant) {
        let Some(to) = self.to else { return };
        while let Some(entry) = self.queue.first_entry()
            && entry.key().0 <= now
        {
            let _ = self.rtp.send_to(&entry.remove(), to);
        }
        while self.next_sound <= now {
            self.next_sound += Duration::from_millis(20);
            let timestamp = self.timestamp;
            self.timestamp = timestamp.wrapping_add(160);
            if now <= self.quiet_until {
                continue;
            }
            self.sequence = self.sequence.wrapping_add(1);
            let mut packet = vec![0x80, 8];
            packet.extend(self.sequence.to_be_bytes());
            packet.extend(timestamp.to_be_bytes());
            packet.extend(0x5EED_0002u32.to_be_bytes());
            packet.resize(12 + 160, 0xD5);
            let _ = self.rtp.send_to(&packet, to);
        }
    }
}

fn send(sip: &UdpSocket, to: SocketAddr, text: &str) {
    // A server that was killed answers by ICMP; that is no fault here.
    let _ = sip.send_to(text.as_bytes(), to);
}

#[allow(clippy::too_many_arguments)] // the lines of a request
fn request(
    method: &str,
    uri: &str,
    port: u16,
    from: &str,
    to: &str,
    call_id: &str,
    cseq: u32,
    rest: &str,
) -> String {
    let rest = if rest.is_empty() {
        "Content-Length: 0\r\n\r\n"
    } else {
        rest
    };
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{call_id}{cseq}{}\r\n\
         Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n{rest}",
        if method == "BYE" { "b" } else { "" }
    )
}

fn reply(request: &str, status: &str, tag: &str, rest: &str) -> String {
    let lines = request.lines().take_while(|line| !line.is_empty());
    let copied: String = lines
        .filter(|line| {
            let name = line
                .split(':')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            ["via", "from", "to", "call-id", "cseq"].contains(&name.as_str())
        })
        .map(|line| {
            let is_to = line.to_ascii_lowercase().starts_with("to:") && !line.contains(";tag=");
            format!("{line}{}\r\n", if is_to { tag } else { "" })
        })
        .collect();
    let rest = if rest.is_empty() {
        "Content-Length: 0\r\n\r\n"
    } else {
        rest
    };
    format!("SIP/2.0 {status}\r\n{copied}{rest}")
}

fn body(rtp: u16) -> String {
    let sdp = format!(
        "v=0\r\no=crowd 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {rtp} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n"
    );
    format!(
        "Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
}

/// A header's value.
fn header(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
}

/// The address within `<…>`.
fn uri(contact: &str) -> String {
    let inside = contact
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(contact, |(uri, _)| uri).to_owned()
}
