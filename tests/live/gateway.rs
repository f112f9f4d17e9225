//! An RTP peer for the faults that no telephone makes on purpose, each by a seed: what goes out is
//! made packet by packet here; what comes in is kept with its times.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::tone;

/// A packet as it goes over the wire (RFC 3550 §5.1), without its sequence number.
#[derive(Debug, Clone)]
pub struct Packet {
    payload_type: u8,
    marker: bool,
    timestamp: u32,
    payload: Vec<u8>,
}

/// What the line does to packets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Line {
    pub seed: u64,
    /// In percent.
    pub loss: u32,
    pub doubled: u32,
    /// Up to this long, so that packets overtake each other.
    pub jitter_ms: u32,
}

/// What is wrong with a key press by telephone event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The three end packets are lost.
    EndsLost,
    /// Only the three end packets arrive.
    OnlyEnds,
    /// Packets overtake each other.
    Reordered,
    /// Every packet comes twice with the same sequence number.
    Doubled,
    /// Held longer than a duration field can say: segments with timestamps of their own
    /// (RFC 4733 §2.5.1.3).
    Segments,
    /// The timestamp moves within one press, as if each packet were a press.
    MovingTimestamp,
    /// Two packets, 40 ms.
    Short,
    /// Never released.
    StaysDown,
}

/// How a gateway is opened.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    pub payload_type: u8,
    pub ptime_ms: u32,
    pub line: Line,
}

impl Default for Habits {
    fn default() -> Self {
        Habits {
            payload_type: 8,
            ptime_ms: 20,
            line: Line::default(),
        }
    }
}

/// What it says until told otherwise.
#[derive(Debug, Clone, Copy)]
enum Voice {
    Silence,
    Tone(f64),
    /// From one moment to another, to the sample.
    ToneIn(f64, Instant, Instant),
    /// A key's two tones, until then.
    Key(char, Instant),
    /// Nothing at all is sent.
    Mute,
}

/// A packet that came in.
#[derive(Clone)]
pub struct Heard {
    pub at: Instant,
    pub from: SocketAddr,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub payload: Vec<u8>,
}

struct Shared {
    to: Option<SocketAddr>,
    voice: Voice,
    /// `(due, bytes)` of presses and late packets.
    queue: BTreeMap<(Instant, u32), Vec<u8>>,
    sequence: u16,
    timestamp: u32,
    queued: u32,
    heard: Vec<Heard>,
    /// No audio before this: events are being sent instead.
    quiet_until: Option<Instant>,
    /// How late a beat of ours ever was: the machine was busy.
    worst_late: Duration,
    chance: StdRng,
}

/// One RTP socket with a thread that keeps its beat.
pub struct Gateway {
    pub port: u16,
    habits: Habits,
    shared: Arc<Mutex<Shared>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

const EVENT_TYPE: u8 = 101;
const SSRC: u32 = 0x5EED_0001;

impl Gateway {
    pub fn open(habits: Habits) -> Gateway {
        let port = crate::place::port();
        let socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
        let shared = Arc::new(Mutex::new(Shared {
            to: None,
            voice: Voice::Silence,
            queue: BTreeMap::new(),
            sequence: 0xFFF0,
            timestamp: 0xFFFF_0000,
            queued: 0,
            heard: Vec::new(),
            quiet_until: None,
            worst_late: Duration::ZERO,
            chance: StdRng::seed_from_u64(habits.line.seed),
        }));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (shared, stop) = (shared.clone(), stop.clone());
            move || beat(&socket, habits, &shared, &stop)
        });
        Gateway {
            port,
            habits,
            shared,
            stop,
            thread: Some(thread),
        }
    }

    /// Begins to send to the server's RTP port.
    pub fn send_to(&self, port: u16) {
        self.shared().to = Some(SocketAddr::from(([127, 0, 0, 1], port)));
    }

    pub fn say_tone(&self, hertz: f64) {
        self.shared().voice = Voice::Tone(hertz);
    }

    /// Says a tone in a stretch that is still to come.
    pub fn say_tone_in(&self, hertz: f64, from: Instant, length: Duration) {
        self.shared().voice = Voice::ToneIn(hertz, from, from + length);
    }

    pub fn say_nothing(&self) {
        self.shared().voice = Voice::Silence;
    }

    /// Sends no packet any more, as a peer that has vanished.
    pub fn vanish(&self) {
        self.shared().voice = Voice::Mute;
    }

    /// The key's tones in the sound.
    pub fn press_in_band(&self, key: char, length: Duration) {
        self.shared().voice = Voice::Key(key, Instant::now() + length);
    }

    /// A key by telephone event, with its fault; returns when it is under way.
    pub fn press(&self, key: char, fault: Fault) {
        let mut shared = self.shared();
        let code = "0123456789*#".find(key).unwrap() as u8;
        let begun = Instant::now();
        let packets = press(code, fault, shared.timestamp, self.habits.ptime_ms);
        let mut last = begun;
        let mut swapped = Duration::ZERO;
        for (index, (after_ms, packet)) in packets.into_iter().enumerate() {
            let sequence = shared.sequence;
            shared.sequence = sequence.wrapping_add(1);
            let bytes = packet.bytes(sequence);
            let mut due = begun + Duration::from_millis(after_ms);
            if fault == Fault::Reordered {
                // Pairs change places, and the ends come before the last of the key.
                due = due + Duration::from_millis(45) - swapped;
                swapped = Duration::from_millis(if index % 2 == 0 { 45 } else { 0 });
            }
            last = last.max(due);
            if fault == Fault::Doubled {
                let again = due + Duration::from_millis(3);
                shared.enqueue(again, bytes.clone());
            }
            shared.through_the_line(self.habits.line, due, bytes);
        }
        shared.quiet_until = Some(last);
    }

    /// A key by telephone event while the sound goes on, as a gateway that sends both.
    pub fn press_over_sound(&self, key: char) {
        self.press(key, Fault::None);
        self.shared().quiet_until = None;
    }

    /// A packet of a telephone event with this SSRC's next numbers, from another socket.
    pub fn forge(&self, key: char, from: &UdpSocket, to: u16) {
        let shared = self.shared();
        let code = "0123456789*#".find(key).unwrap() as u8;
        let mut sequence = shared.sequence;
        for (_, packet) in press(code, Fault::None, shared.timestamp, 20) {
            sequence = sequence.wrapping_add(1);
            from.send_to(&packet.bytes(sequence), ("127.0.0.1", to))
                .unwrap();
        }
    }

    /// A press and 20 ms of a tone as somebody would forge them who has seen this gateway's numbers, or who
    /// guesses its SSRC.
    pub fn forged(&self, key: char, hertz: f64, guessed: Option<u32>) -> Vec<Vec<u8>> {
        let shared = self.shared();
        let code = "0123456789*#".find(key).unwrap() as u8;
        let mut packets: Vec<Packet> = press(code, Fault::None, shared.timestamp, 20)
            .into_iter()
            .map(|(_, packet)| packet)
            .collect();
        packets.extend((0..5u32).map(|frame| {
            let from = u64::from(frame) * 160;
            let sound = (from..from + 160).map(|at| tone::sample(hertz, at, 16_000.0));
            Packet {
                payload_type: 8,
                marker: false,
                timestamp: shared.timestamp.wrapping_add(160 * frame),
                payload: sound.map(encode_alaw).collect(),
            }
        }));
        let mut sequence = shared.sequence;
        let mut numbered = Vec::new();
        for packet in packets {
            let mut bytes = packet.bytes(sequence);
            if let Some(ssrc) = guessed {
                bytes[8..12].copy_from_slice(&ssrc.to_be_bytes());
            }
            sequence = sequence.wrapping_add(1);
            numbered.push(bytes);
        }
        numbered
    }

    /// A stretch of sound from another socket, with numbers that would fit.
    pub fn forge_tone(&self, hertz: f64, from: &UdpSocket, to: u16) {
        let shared = self.shared();
        let payload = (0..160u64)
            .map(|at| encode_alaw(tone::sample(hertz, at, 16_000.0)))
            .collect();
        let packet = Packet {
            payload_type: 8,
            marker: false,
            timestamp: shared.timestamp,
            payload,
        };
        from.send_to(&packet.bytes(shared.sequence), ("127.0.0.1", to))
            .unwrap();
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.shared().heard.clone()
    }

    pub fn worst_late_ms(&self) -> f64 {
        self.shared().worst_late.as_secs_f64() * 1000.0
    }

    /// Waits until the last packet of every key has left.
    pub fn wait_sent(&self) {
        crate::place::wait_for("a key's last packet", Duration::from_secs(10), || {
            self.shared().queue.is_empty().then_some(())
        });
    }

    /// Waits until nothing sounds any more: the prompt that played is over.
    pub fn wait_quiet(&self) {
        crate::place::wait_for("quiet", Duration::from_secs(10), || {
            let (sound, _) = self.heard_sound();
            let last = sound.len().checked_sub(2400).map(|from| &sound[from..])?;
            last.iter().all(|sample| sample.abs() < 200).then_some(())
        });
    }

    /// What was heard as sound of 8 kHz, placed by timestamps, from the first packet on; when that was.
    pub fn heard_sound(&self) -> (Vec<i16>, Option<Instant>) {
        let heard = self.heard();
        let Some(first) = heard
            .iter()
            .find(|packet| packet.payload_type != EVENT_TYPE)
        else {
            return (Vec::new(), None);
        };
        let mut sound = Vec::new();
        for packet in heard
            .iter()
            .filter(|packet| packet.payload_type != EVENT_TYPE)
        {
            let at = packet.timestamp.wrapping_sub(first.timestamp) as usize;
            assert!(at < 8000 * 600, "a timestamp jumped");
            let samples = packet.payload.iter().map(|byte| match packet.payload_type {
                0 => decode_ulaw(*byte),
                _ => decode_alaw(*byte),
            });
            if sound.len() < at + packet.payload.len() {
                sound.resize(at + packet.payload.len(), 0);
            }
            for (place, sample) in sound[at..].iter_mut().zip(samples) {
                *place = sample;
            }
        }
        (sound, Some(first.at))
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Packet {
    pub fn bytes(&self, sequence: u16) -> Vec<u8> {
        let marker = if self.marker { 0x80 } else { 0 };
        let mut bytes = vec![0x80, marker | self.payload_type];
        bytes.extend(sequence.to_be_bytes());
        bytes.extend(self.timestamp.to_be_bytes());
        bytes.extend(SSRC.to_be_bytes());
        bytes.extend(&self.payload);
        bytes
    }
}

impl Shared {
    fn enqueue(&mut self, due: Instant, bytes: Vec<u8>) {
        self.queued += 1;
        self.queue.insert((due, self.queued), bytes);
    }

    fn through_the_line(&mut self, line: Line, due: Instant, bytes: Vec<u8>) {
        if self.chance.random_range(0..100) < line.loss {
            return;
        }
        let late = |chance: &mut StdRng| {
            Duration::from_millis(chance.random_range(0..=line.jitter_ms).into())
        };
        if self.chance.random_range(0..100) < line.doubled {
            let again = due + late(&mut self.chance);
            self.enqueue(again, bytes.clone());
        }
        let due = due + late(&mut self.chance);
        self.enqueue(due, bytes);
    }
}

/// Sends what is due, hears what comes, until told to stop.
fn beat(socket: &UdpSocket, habits: Habits, shared: &Mutex<Shared>, stop: &AtomicBool) {
    let ptime = Duration::from_millis(habits.ptime_ms.into());
    let mut next = Instant::now();
    let mut phase = 0u64;
    let mut buffer = [0u8; 2048];
    while !stop.load(Ordering::Acquire) {
        let now = Instant::now();
        let wake = {
            let mut shared = shared.lock().unwrap();
            while next <= now {
                shared.worst_late = shared.worst_late.max(now - next);
                speak(&mut shared, habits, next, &mut phase);
                next += ptime;
            }
            if shared.to.is_none() {
                shared.queue.clear();
            }
            if let Some(to) = shared.to {
                while let Some(entry) = shared.queue.first_entry()
                    && entry.key().0 <= now
                {
                    // A port that has just been closed answers by ICMP; that is no fault here.
                    let _ = socket.send_to(&entry.remove(), to);
                }
            }
            shared
                .queue
                .keys()
                .next()
                .map_or(next, |(due, _)| next.min(*due))
        };
        let patience = wake
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1));
        socket.set_read_timeout(Some(patience)).unwrap();
        if let Ok((length, from)) = socket.recv_from(&mut buffer)
            && length >= 12
        {
            let packet = &buffer[..length];
            shared.lock().unwrap().heard.push(Heard {
                at: Instant::now(),
                from,
                payload_type: packet[1] & 0x7F,
                sequence: u16::from_be_bytes([packet[2], packet[3]]),
                timestamp: u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]),
                payload: packet[12..].to_vec(),
            });
        }
    }
}

/// One ptime of sound; where an event is being sent, its time passes without.
fn speak(shared: &mut Shared, habits: Habits, due: Instant, phase: &mut u64) {
    let samples = habits.ptime_ms * 8;
    let timestamp = shared.timestamp;
    shared.timestamp = timestamp.wrapping_add(samples);
    let from = *phase;
    *phase += u64::from(samples);
    if shared.quiet_until.is_some_and(|until| due <= until) {
        return;
    }
    if let Voice::Key(_, until) = shared.voice
        && due >= until
    {
        shared.voice = Voice::Silence;
    }
    let at = |at: u64| match shared.voice {
        Voice::Silence | Voice::Mute => 0,
        Voice::Tone(hertz) => tone::sample(hertz, at, 16_000.0),
        Voice::ToneIn(hertz, begins, ends) => {
            let said = due + Duration::from_micros((at - from) * 125);
            if (begins..ends).contains(&said) {
                tone::sample(hertz, at, 16_000.0)
            } else {
                0
            }
        }
        Voice::Key(key, _) => {
            let (row, column) = tone::dtmf(key);
            tone::sample(row, at, 8000.0) + tone::sample(column, at, 8000.0)
        }
    };
    if matches!(shared.voice, Voice::Mute) {
        return;
    }
    let encode = match habits.payload_type {
        0 => encode_ulaw,
        _ => encode_alaw,
    };
    let packet = Packet {
        payload_type: habits.payload_type,
        marker: false,
        timestamp,
        payload: (from..from + u64::from(samples))
            .map(|n| encode(at(n)))
            .collect(),
    };
    let sequence = shared.sequence;
    shared.sequence = sequence.wrapping_add(1);
    shared.through_the_line(habits.line, due, packet.bytes(sequence));
}

/// The packets of a press with the milliseconds after its beginning when each is due.
pub fn press(code: u8, fault: Fault, from: u32, ptime_ms: u32) -> Vec<(u64, Packet)> {
    let ptime = u64::from(ptime_ms);
    let length_ms = match fault {
        Fault::Short => 40,
        Fault::Segments => 9000,
        Fault::StaysDown => 2000,
        _ => 120,
    };
    let event = |end: bool, marker: bool, timestamp: u32, duration: u64| {
        let flags = if end { 0x8A } else { 0x0A };
        let duration = u16::try_from(duration).unwrap();
        let mut payload = vec![code, flags];
        payload.extend(duration.to_be_bytes());
        Packet {
            payload_type: EVENT_TYPE,
            marker,
            timestamp,
            payload,
        }
    };
    let mut packets = Vec::new();
    let (mut segment, mut segment_from) = (from, 0);
    for after in (0..length_ms).step_by(ptime_ms as usize) {
        let mut duration = (after - segment_from + ptime) * 8;
        if duration > 0xFFFF {
            segment = segment.wrapping_add(0xFFFF);
            segment_from = after;
            duration = ptime * 8;
        }
        let timestamp = match fault {
            Fault::MovingTimestamp => from.wrapping_add(after as u32 * 8),
            _ => segment,
        };
        packets.push((after, event(false, after == 0, timestamp, duration)));
    }
    let duration = (length_ms - segment_from) * 8;
    let timestamp = match fault {
        Fault::MovingTimestamp => from.wrapping_add(length_ms as u32 * 8),
        _ => segment,
    };
    if fault == Fault::OnlyEnds {
        packets.clear();
    }
    if !matches!(fault, Fault::EndsLost | Fault::StaysDown) {
        // Three times, as RFC 4733 §2.5.1.4 has it.
        let end = event(true, false, timestamp, duration);
        for copy in 0..3 {
            packets.push((length_ms + copy * ptime, end.clone()));
        }
    }
    packets
}

/// ITU-T G.711 A-law.
fn encode_alaw(sample: i16) -> u8 {
    let sign = if sample >= 0 { 0xD5 } else { 0x55 };
    let magnitude = i32::from(sample).unsigned_abs().min(32_767) >> 3;
    let exponent = (32 - (magnitude >> 5).leading_zeros()).min(7);
    let mantissa = match exponent {
        0 => magnitude >> 1 & 0x0F,
        _ => magnitude >> exponent & 0x0F,
    };
    (exponent << 4 | mantissa) as u8 ^ sign
}

pub fn decode_alaw(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let (exponent, mantissa) = (i32::from(code >> 4 & 7), i32::from(code & 0x0F));
    let magnitude = match exponent {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    (if code & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }) as i16
}

/// ITU-T G.711 µ-law.
fn encode_ulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).unsigned_abs().min(32_635) + 132;
    let exponent = 24 - magnitude.leading_zeros();
    let mantissa = magnitude >> (exponent + 3) & 0x0F;
    !(sign | (exponent << 4 | mantissa) as u8)
}

fn decode_ulaw(byte: u8) -> i16 {
    let code = !byte;
    let (exponent, mantissa) = (i32::from(code >> 4 & 7), i32::from(code & 0x0F));
    let magnitude = (((mantissa << 3) + 132) << exponent) - 132;
    (if code & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }) as i16
}

#[test]
fn what_is_encoded_comes_back() {
    for sample in (-32_000..32_000).step_by(37) {
        let close = |back: i16| (i32::from(back) - sample).abs() <= sample.abs() / 16 + 16;
        assert!(close(decode_alaw(encode_alaw(sample as i16))), "{sample}");
        assert!(close(decode_ulaw(encode_ulaw(sample as i16))), "{sample}");
    }
}
