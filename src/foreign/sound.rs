//! What comes on the media sockets, and sound files.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::FromRawFd as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::Tape;
use crate::codecs::{Codec, Codecs, Decoder, LONGEST_SAMPLES, Law};
use crate::rtp::packet::Packet;
use crate::rtp::playout::{FRAME_SAMPLES, Playout};
use crate::rtp::rtcp;
use crate::rtp::sdp::{self, Local, Srtp};
use crate::rtp::telephone_event::{self, EventPacket, Key, LAST_KEY};
use crate::rtp::tones::Detector;
use crate::srtp::sdes::{Keys, Suite};
use crate::srtp::{Incoming, OVERHEAD, Outgoing};
use crate::{archive, media, studio};

#[allow(clippy::disallowed_methods)] // A moment to count from; the machines are told every other one.
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// An offer and an answer, whatever is held of SRTP. What we answer is a description that reads back
/// with our own port, and is protected where the offer was taken so.
pub fn description(bytes: &[u8]) {
    sdp::is_hold(bytes);
    for srtp in [Srtp::Refuse, Srtp::Accept, Srtp::Require] {
        let ours = || {
            Local::new(
                IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
                20_000,
                srtp,
                Codecs::ALL,
            )
        };
        // Any bytes as the answer to an offer of ours.
        drop(ours().accept(bytes));
        let checked = sdp::check(bytes, srtp, &Codecs::ALL);
        let answered = ours().answer(bytes);
        assert_eq!(checked.is_ok(), answered.is_ok());
        let Ok((answer, negotiated)) = answered else {
            continue;
        };
        assert!([10, 20, 30, 40].contains(&negotiated.ptime_ms));
        if negotiated.srtp.is_some() {
            assert!(srtp != Srtp::Refuse);
            assert!(sdp::check(answer.as_bytes(), Srtp::Require, &Codecs::ALL).is_ok());
            continue;
        }
        assert!(srtp != Srtp::Require);
        let mut theirs = Local::new(
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            30_000,
            Srtp::Refuse,
            Codecs::ALL,
        );
        let back = theirs.accept(answer.as_bytes()).expect("our own answer");
        assert_eq!(back.rtp.map(|rtp| rtp.port()), Some(20_000));
        assert_eq!(back.codec, negotiated.codec);
        assert_eq!(back.payload_type, negotiated.payload_type);
        assert_eq!(back.event_type, negotiated.event_type);
        assert_eq!(back.event_clock_hz, negotiated.event_clock_hz);
    }
}

/// A packet; its sound is decoded and what we would encode of it is as long.
pub fn rtp(bytes: &[u8]) {
    let Some(packet) = Packet::parse(bytes) else {
        return;
    };
    assert!(packet.payload.len() + 12 <= bytes.len());
    assert!(packet.payload_type < 128);
    for law in [Law::Pcma, Law::Pcmu] {
        let mut sound = vec![0; packet.payload.len()];
        law.decode(packet.payload, &mut sound);
        let mut octets = vec![0; sound.len()];
        law.encode(&sound, &mut octets);
    }
}

/// A codec, then payloads of a stream of it, each behind its length: whatever they are, the stream goes on, and what
/// was decoded of one is not longer than a packet can be.
pub fn wide_payloads(bytes: &[u8]) {
    let mut tape = Tape(bytes);
    let codec = match tape.u8() {
        Some(number) if number & 1 == 0 => Codec::G722,
        _ => Codec::Opus,
    };
    let mut decoder = Decoder::new(codec).expect("it is wide");
    let mut sound = [[0; 2]; LONGEST_SAMPLES];
    while let Some(length) = tape.u16() {
        let length = usize::from(length) % 1500;
        let Some(payload) = tape.take(length.min(tape.0.len())) else {
            break;
        };
        let decoded = decoder.decode(payload, &mut sound);
        assert!(decoded.is_ok_and(|steps| steps <= LONGEST_SAMPLES) || codec == Codec::Opus);
        assert!(decoded.unwrap_or(0) <= 960 || codec == Codec::G722);
    }
}

/// Steps of an operation, a length and that many octets: what we did not protect is never opened, a
/// packet of ours opens as what it was, and once only; one with a bit turned never does.
pub fn srtp(bytes: &[u8]) {
    let keys = Keys {
        key: [0x5A; 16],
        salt: [0xA5; 14],
    };
    let mut incoming = Incoming::new(Suite::HmacSha1With80, &keys);
    let mut outgoing = Outgoing::new(Suite::HmacSha1With80, &keys);
    let mut tape = Tape(bytes);
    while let (Some(operation), Some(length)) = (tape.u8(), tape.u8()) {
        let Some(plain) = tape.take(length.into()) else {
            break;
        };
        let is_report = operation & 1 != 0;
        let mut octets = [plain, &[0; OVERHEAD]].concat();
        if operation & 2 == 0 {
            let mut foreign = plain.to_vec();
            assert_eq!(opened(&mut incoming, is_report, &mut foreign), None);
            assert_eq!(foreign, plain, "what is refused is left as it is");
            continue;
        }
        let sealed = if is_report {
            outgoing.seal_report(&mut octets, plain.len())
        } else {
            outgoing.seal(&mut octets, plain.len())
        };
        let Some(sealed) = sealed else {
            continue;
        };
        octets.truncate(sealed);
        if operation & 4 != 0 {
            let mut turned = octets.clone();
            turned[usize::from(operation) * 7 % sealed] ^= 1 << (operation >> 5);
            assert_eq!(opened(&mut incoming, is_report, &mut turned), None);
        }
        let mut repeated = octets.clone();
        // More streams than there are places for are refused.
        if let Some(length) = opened(&mut incoming, is_report, &mut octets) {
            assert_eq!(&octets[..length], plain);
        }
        assert_eq!(opened(&mut incoming, is_report, &mut repeated), None);
    }
}

fn opened(incoming: &mut Incoming, is_report: bool, octets: &mut [u8]) -> Option<usize> {
    if is_report {
        incoming.open_report(octets)
    } else {
        incoming.open(octets).ok()
    }
}

pub fn rtcp(bytes: &[u8]) {
    if rtcp::is_rtcp(bytes) {
        assert!(bytes.len() >= 8);
    }
}

/// Steps of nine octets: flags and time that passes, sequence, timestamp, event. Every press goes
/// down once and up once, in that order.
pub fn telephone_events(bytes: &[u8]) {
    let mut tape = Tape(bytes);
    let mut decoder = telephone_event::Decoder::default();
    let mut now = *BEGAN;
    let mut presses = Presses::default();
    let mut packets = 0;
    while let (Some(flags), Some(sequence), Some(timestamp), Some(payload)) =
        (tape.u8(), tape.u16(), tape.u32(), tape.take(4))
    {
        now += Duration::from_millis(u64::from(flags & 0x3F) * 10);
        let marker = flags & 0x80 != 0;
        let event = EventPacket::read(marker, sequence, timestamp, payload).expect("four octets");
        decoder.packet(event, now, |key| presses.note(key));
        packets += 1;
        if flags & 0x40 != 0 {
            decoder.tick(now, |key| presses.note(key));
        }
    }
    decoder.close(now, |key| presses.note(key));
    presses.closed(packets);
}

#[derive(Default)]
struct Presses {
    /// Numbered from 0 in the order in which they went down; `true` where it is up again.
    up: Vec<bool>,
}

impl Presses {
    fn note(&mut self, key: Key) {
        match key {
            Key::Down { code, press, .. } => {
                assert!(code <= LAST_KEY);
                assert_eq!(press as usize, self.up.len(), "a press of its own");
                self.up.push(false);
            }
            Key::Up { press, .. } => {
                let up = &mut self.up[press as usize];
                assert!(!std::mem::replace(up, true), "up once");
            }
        }
    }

    fn closed(&self, most: usize) {
        assert!(self.up.len() <= most, "no more presses than packets");
        assert!(
            self.up.iter().all(|up| *up),
            "what is down is up at the end"
        );
    }
}

/// Steps of an operation and what it takes. What is heard ends once nothing more comes.
pub fn jitter_buffer(bytes: &[u8]) {
    let mut tape = Tape(bytes);
    let mut playout = Playout::default();
    let mut frame = [0; FRAME_SAMPLES];
    while let Some(step) = tape.u8() {
        match step % 4 {
            0 | 1 => {
                let (Some(timestamp), Some(age), Some(length)) =
                    (tape.u32(), tape.u16(), tape.u8())
                else {
                    break;
                };
                let sound = [step.into(); 4 * 255];
                let age = i32::from(age.cast_signed()) * if step & 4 == 0 { 1 } else { 60_000 };
                let length = usize::from(length) * 4;
                playout.put(u32::from(step / 8 % 2), timestamp, &sound[..length], age);
            }
            2 => assert!(playout.pull(&mut frame) <= FRAME_SAMPLES),
            _ => playout.skip(u32::from(step / 4)),
        }
        if playout.is_fed() {
            assert!(playout.has_sound());
        }
    }
    for _ in 0..8192 / FRAME_SAMPLES + 2 {
        playout.pull(&mut frame);
    }
    assert!(!playout.has_sound(), "the ring is read once around");
    assert_eq!(frame, [0; FRAME_SAMPLES], "what was made up has faded");
}

/// Whole packets, each with the time since the one before, as a leg's statistics see them.
pub fn reception(bytes: &[u8]) {
    let mut tape = Tape(bytes);
    let mut reception = crate::rtp::reception::Reception::default();
    let mut arrived = 0;
    while let (Some(wait), Some(ssrc), Some(sequence), Some(timestamp)) =
        (tape.u8(), tape.u8(), tape.u16(), tape.u32())
    {
        arrived += i64::from(wait);
        reception.note(u32::from(ssrc % 4), sequence, timestamp, arrived);
        if ssrc & 0x80 != 0 {
            let mut out = [0; rtcp::REPORT_LEN];
            let length = rtcp::write_report(&mut out, 1, None, reception.report());
            assert!(rtcp::is_rtcp(&out[..length]));
        }
    }
}

/// A-law octets as a side's sound: each press goes down once and up once.
pub fn tones(bytes: &[u8]) {
    let mut detector = Detector::default();
    let mut presses = Presses::default();
    let mut now = *BEGAN;
    let mut beats = 0;
    for octets in bytes.chunks(FRAME_SAMPLES) {
        let mut frame = [0; FRAME_SAMPLES];
        Law::Pcma.decode(octets, &mut frame);
        detector.hear(&frame, octets[0] == 0, now, |key| presses.note(key));
        now += Duration::from_millis(20);
        beats += 1;
    }
    detector.close(now, |key| presses.note(key));
    presses.closed(beats);
}

/// A recording after a crash. What was mended is whole, and mending it again changes nothing.
pub fn wav_repair(bytes: &[u8]) {
    let Some(mut file) = in_memory(bytes) else {
        return;
    };
    if let Ok(repaired) = archive::repair_foreign(&mut file) {
        let again = archive::repair_foreign(&mut file).expect("it was read before");
        assert!(!again.changed);
        assert_eq!(again.length_ms, repaired.length_ms);
    }
}

/// A prompt of the operator, by each of its readers.
pub fn wav_prompt(bytes: &[u8]) {
    studio::read_foreign(bytes);
    let Some(file) = in_memory(bytes) else {
        return;
    };
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
    let path = std::path::Path::new(&path);
    let facts = media::wav_facts(path);
    if media::Clip::read(path).is_ok() {
        assert!(facts.is_ok());
    }
}

/// A file that is in no folder.
fn in_memory(bytes: &[u8]) -> Option<std::fs::File> {
    // SAFETY: the name is a C string, and the descriptor, once checked, belongs to nobody else.
    let mut file = unsafe {
        let descriptor = libc::memfd_create(c"foreign".as_ptr(), libc::MFD_CLOEXEC);
        (descriptor >= 0).then(|| std::fs::File::from_raw_fd(descriptor))?
    };
    file.write_all(bytes).ok()?;
    Some(file)
}
