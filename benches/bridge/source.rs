//! The second process: callers and desks, a socket each. All speak all the time; of the first calls, one side after the
//! other speaks in bursts, and when the other hears one begin is what is measured.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use gradeline::codecs::{
    Codec, Decoder, Encoder, FRAME_SAMPLES, Frame, LONGEST_SAMPLES, Law, OCTETS_AT_MOST, Pair,
};
use gradeline::rtp::packet::{self, HEADER_LEN, Packet};
use gradeline::srtp::sdes::{self, Keys, Suite};
use gradeline::srtp::{Incoming, OVERHEAD, Outgoing};

use super::{BEAT, Outcome, pause};

/// The argument that makes a process the source.
pub const SOURCE: &str = "--packet-source";
/// Calls whose delay is measured.
const PROBED: usize = 10;
/// A burst of 100 ms begins so often, the desk's half of it after the caller's.
const ROUND_BEATS: u32 = 50;
const BURST_BEATS: u32 = 5;
const LOUD: i16 = 2000;

/// What the desk speaks; the caller speaks PCMA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Pcma,
    G722,
    /// Within SRTP, as a browser's.
    Opus,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Pcma, Kind::G722, Kind::Opus];

    pub fn from_word(word: &str) -> Option<Self> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.codec().name() == word)
    }

    pub fn shown(self) -> &'static str {
        match self {
            Kind::Pcma => "SIP–SIP, G.711",
            Kind::G722 => "SIP–SIP, G.722 desk",
            Kind::Opus => "SIP–browser, Opus, SRTP",
        }
    }

    fn codec(self) -> Codec {
        match self {
            Kind::Pcma => Codec::Pcma,
            Kind::G722 => Codec::G722,
            Kind::Opus => Codec::Opus,
        }
    }

    pub fn offer(self, port: u16) -> String {
        let codec = self.codec();
        let (number, map) = (codec.payload_type(), codec.map());
        let (profile, crypto) = match self {
            Kind::Opus => ("RTP/SAVP", format!("a=crypto:{}\r\n", ours().text())),
            _ => ("RTP/AVP", String::new()),
        };
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} {profile} {number}\r\na=rtpmap:{number} {map}\r\n{crypto}"
        )
    }
}

fn ours() -> sdes::Crypto {
    sdes::Crypto {
        tag: 1,
        suite: Suite::HmacSha1With80,
        keys: Keys {
            key: [0x5A; 16],
            salt: [0xA5; 14],
        },
    }
}

/// Added delays in milliseconds, in their order.
pub struct Delays(pub Vec<f64>);

impl Delays {
    pub fn of_hundred(&self, part: usize) -> f64 {
        let at = (self.0.len() * part / 100).min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// The process as who measures sees it.
pub struct Source {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Source {
    pub fn start(calls: usize, kind: Kind) -> Outcome<Source> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([SOURCE, &calls.to_string(), kind.codec().name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let to = child.stdin.take().ok_or("no stdin")?;
        let from = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        Ok(Source { child, to, from })
    }

    /// Of the callers, then of the desks.
    pub fn ports(&mut self) -> Outcome<Vec<u16>> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        let ports = line.split_whitespace().map(str::parse);
        Ok(ports.collect::<Result<_, _>>()?)
    }

    pub fn go(&mut self, ways: &[String]) -> Outcome<()> {
        writeln!(self.to, "{}", ways.join(" "))?;
        Ok(())
    }

    /// It ends when its input does, and tells what it measured.
    pub fn stop(mut self) -> Outcome<Delays> {
        drop(self.to);
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        self.child.wait()?;
        let delays = line.split_whitespace().map(str::parse);
        let mut delays: Vec<f64> = delays.collect::<Result<_, _>>()?;
        delays.sort_by(f64::total_cmp);
        Ok(Delays(delays))
    }
}

/// One leg's far end.
struct End {
    socket: UdpSocket,
    codec: Codec,
    encoder: Encoder,
    decoder: Option<Decoder>,
    guarded: Option<(Outgoing, Incoming)>,
    /// When the burst began that the other side is to hear.
    burst_at: Option<Instant>,
}

pub fn run(calls: usize, kind: Kind) -> Outcome<()> {
    let mut ends = Vec::new();
    for at in 0..2 * calls {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let codec = if at < calls {
            Codec::Pcma
        } else {
            kind.codec()
        };
        ends.push(End {
            socket,
            codec,
            encoder: Encoder::new(codec),
            decoder: Decoder::new(codec),
            guarded: None,
            burst_at: None,
        });
    }
    let ports = ends
        .iter()
        .map(|end| Ok(end.socket.local_addr()?.port().to_string()));
    println!("{}", ports.collect::<std::io::Result<Vec<_>>>()?.join(" "));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    for (end, way) in ends.iter_mut().zip(line.split_whitespace()) {
        let (port, key) = way.split_once('/').ok_or("port and key")?;
        end.socket
            .connect((Ipv4Addr::LOCALHOST, port.parse::<u16>()?))?;
        if !key.is_empty() {
            let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key}");
            let theirs = sdes::first([line.as_str()].into_iter()).ok_or("a key")?;
            let guarded = (
                Outgoing::new(theirs.suite, &ours().keys),
                Incoming::new(theirs.suite, &theirs.keys),
            );
            end.guarded = Some(guarded);
        }
    }
    let over = Arc::new(AtomicBool::new(false));
    let watch = Arc::clone(&over);
    std::thread::spawn(move || {
        // The end of the input, or its loss, is the end of the work.
        let _ = std::io::stdin().read_line(&mut String::new());
        watch.store(true, Ordering::Relaxed);
    });
    let delays = speak(&mut ends, calls, &over);
    let words: Vec<String> = delays.iter().map(f64::to_string).collect();
    println!("{}", words.join(" "));
    Ok(())
}

fn speak(ends: &mut [End], calls: usize, over: &AtomicBool) -> Vec<f64> {
    let mut delays = Vec::new();
    let mut next = Instant::now();
    // Encoded once for all who speak all the time: what they say costs us nothing.
    let (mut caller, mut desk) = (Encoder::new(ends[0].codec), Encoder::new(ends[calls].codec));
    for beat in 0u32.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let talk = [voice(&mut caller, true, beat), voice(&mut desk, true, beat)];
        for at in 0..ends.len() {
            let (call, is_desk) = (at % calls, usize::from(at >= calls));
            let other = (at + calls) % ends.len();
            let payload = if call < PROBED {
                let within = (beat + ROUND_BEATS / 2 * is_desk as u32) % ROUND_BEATS;
                if within == 0 {
                    ends[at].burst_at = Some(Instant::now());
                }
                voice(&mut ends[at].encoder, within < BURST_BEATS, beat)
            } else {
                talk[is_desk].clone()
            };
            ends[at].send(beat, &payload);
            for (arrived, onset_ms) in ends[at].hear(call < PROBED) {
                if let Some(began) = ends[other].burst_at.take() {
                    let passed = arrived.saturating_duration_since(began);
                    delays.push(passed.as_secs_f64() * 1000.0 + onset_ms);
                }
            }
        }
        next += BEAT;
        // What comes within the beat is looked for all the time, so that its moment is known.
        while Instant::now() < next {
            for call in 0..PROBED.min(calls) {
                for (at, other) in [(call, call + calls), (call + calls, call)] {
                    for (arrived, onset_ms) in ends[at].hear(true) {
                        if let Some(began) = ends[other].burst_at.take() {
                            let passed = arrived.saturating_duration_since(began);
                            delays.push(passed.as_secs_f64() * 1000.0 + onset_ms);
                        }
                    }
                }
            }
            pause(std::time::Duration::from_micros(500));
        }
    }
    delays
}

/// 20 ms of a loud tone, or of silence.
fn voice(encoder: &mut Encoder, loud: bool, beat: u32) -> Vec<u8> {
    let step = std::f32::consts::TAU * 800.0 / 16_000.0;
    let first = beat as usize % 50 * 2 * FRAME_SAMPLES;
    let sample = |at: usize| match loud {
        true => (12_000.0 * (step * (first + at) as f32).sin()) as i16,
        false => 0,
    };
    let frame: Frame<Pair> = std::array::from_fn(|at| [sample(2 * at), sample(2 * at + 1)]);
    let mut octets = [0; OCTETS_AT_MOST];
    let length = encoder.encode(&frame, &mut octets);
    octets[..length].to_vec()
}

impl End {
    fn send(&mut self, beat: u32, payload: &[u8]) {
        let mut octets = vec![0; HEADER_LEN];
        let timestamp = beat.wrapping_mul(160 * self.codec.clock_hz() / 8000);
        let number = self.codec.payload_type();
        packet::write_header(&mut octets, beat == 0, number, beat as u16, timestamp, 77);
        octets.extend(payload);
        if let Some((outgoing, _)) = &mut self.guarded {
            let length = octets.len();
            octets.resize(length + OVERHEAD, 0);
            let sealed = outgoing.seal(&mut octets, length).unwrap_or(0);
            octets.truncate(sealed);
        }
        // What is lost is lost; the other side counts.
        let _ = self.socket.send(&octets);
    }

    /// Reads what came; when a burst began in it, and how far into its packet.
    fn hear(&mut self, probed: bool) -> Vec<(Instant, f64)> {
        let mut octets = [0u8; 1500];
        let mut begun = Vec::new();
        while let Ok(length) = self.socket.recv(&mut octets) {
            let arrived = Instant::now();
            if !probed {
                continue;
            }
            let length = match &mut self.guarded {
                Some((_, incoming)) => incoming.open(&mut octets[..length]).unwrap_or(0),
                None => length,
            };
            let Some(packet) = Packet::parse(&octets[..length]) else {
                continue;
            };
            let mut wide = [[0; 2]; LONGEST_SAMPLES];
            let onset = match &mut self.decoder {
                Some(decoder) => {
                    let steps = decoder.decode(packet.payload, &mut wide).unwrap_or(0);
                    wide[..steps]
                        .iter()
                        .position(|step| step[0].saturating_abs() > LOUD)
                }
                None => {
                    let mut sound = vec![0; packet.payload.len()];
                    Law::Pcma.decode(packet.payload, &mut sound);
                    sound
                        .iter()
                        .position(|sample| sample.saturating_abs() > LOUD)
                }
            };
            begun.extend(onset.map(|step| (arrived, step as f64 / 8.0)));
        }
        begun
    }
}
