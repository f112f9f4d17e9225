//! Wide sound through the whole house: a page with Opus, a colleague's telephone with G.722, a caller on G.711.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gradeline::codecs::{
    Codec, Decoder, Encoder, FRAME_SAMPLES, Frame, LONGEST_SAMPLES, OCTETS_AT_MOST, Pair,
};
use gradeline::rtp::packet::{self, HEADER_LEN, Packet};

use crate::calls::{Caller, SOON};
use crate::consoles::{LOUD, PERSON, accept, heard_by, keyed, ready_with};
use crate::gateway::Fault;
use crate::peers::{Plan, Sipp};
use crate::place::{tone_of, wait_for};
use crate::server::{House, Setup, timeline};
use crate::tone;

/// What the caller says.
const CALLER: f64 = 700.0;
/// What the page's microphone hears by turns: what every line carries, and what none of G.711 does.
const LOW: f64 = 1000.0;
const HIGH: f64 = 5000.0;
/// Tones are looked for at 8,000 samples a second: in sound of 16,000 they stand at half of what they are.
const HALF: f64 = 0.5;

/// A telephone of G.722 that keeps what it hears, and says nothing.
struct Telephone {
    port: u16,
    to: Arc<AtomicU16>,
    heard: Arc<Mutex<Vec<i16>>>,
}

impl Telephone {
    fn open() -> Telephone {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let telephone = Telephone {
            port: socket.local_addr().unwrap().port(),
            to: Arc::default(),
            heard: Arc::default(),
        };
        let (to, heard) = (Arc::clone(&telephone.to), Arc::clone(&telephone.heard));
        std::thread::spawn(move || Telephone::run(&socket, &to, &heard));
        telephone
    }

    /// A packet for each that comes: the server keeps the beat. Ends with the test's process.
    fn run(socket: &UdpSocket, to: &AtomicU16, heard: &Mutex<Vec<i16>>) {
        let mut decoder = Decoder::new(Codec::G722).unwrap();
        let mut encoder = Encoder::new(Codec::G722);
        let silence: Frame<Pair> = [[0; 2]; FRAME_SAMPLES];
        let (mut octets, mut sound) = ([0; 1500], [[0; 2]; LONGEST_SAMPLES]);
        for beat in 0u16.. {
            let Ok((length, _)) = socket.recv_from(&mut octets) else {
                return;
            };
            let packet = Packet::parse(&octets[..length]).expect("RTP");
            assert_eq!(packet.payload_type, 9, "G.722");
            let steps = decoder.decode(packet.payload, &mut sound).unwrap();
            heard.lock().unwrap().extend(sound[..steps].as_flattened());
            let mut payload = [0; OCTETS_AT_MOST];
            let length = encoder.encode(&silence, &mut payload);
            let mut ours = vec![0; HEADER_LEN];
            let timestamp = u32::from(beat) * 160;
            packet::write_header(&mut ours, beat == 0, 9, beat, timestamp, 7);
            ours.extend(&payload[..length]);
            let port = to.load(Ordering::Relaxed);
            let _ = socket.send_to(&ours, ("127.0.0.1", port));
        }
    }

    fn hears(&self, hertz: f64) -> usize {
        let heard = self.heard.lock().unwrap();
        tone::spans(&heard, hertz * HALF, LOUD).len()
    }
}

fn microphone(house: &House) -> PathBuf {
    let file = house.path("wide-microphone.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&file, spec).unwrap();
    for hertz in [LOW, HIGH].into_iter().cycle().take(40) {
        let said = tone::sine(hertz * HALF, 600, 10_000.0);
        for sample in said.into_iter().chain(std::iter::repeat_n(0, 200 * 16)) {
            writer.write_sample(sample).unwrap();
        }
    }
    writer.finalize().unwrap();
    file
}

/// Left and right of a stereo file of 16,000 Hz.
fn wide_stereo(path: &Path) -> [Vec<i16>; 2] {
    let mut reader = hound::WavReader::open(path).unwrap();
    let spec = reader.spec();
    assert_eq!((spec.channels, spec.sample_rate), (2, 16_000), "{spec:?}");
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    [0, 1].map(|side| samples.iter().skip(side).step_by(2).copied().collect())
}

fn hears_of(what: &str, found: impl Fn() -> bool) {
    wait_for(what, Duration::from_secs(30), || found().then_some(()));
}

#[test]
fn a_page_with_opus_is_heard_wide_by_its_colleague_and_on_record_and_by_its_caller_as_lines_are() {
    let telephone = Telephone::open();
    let colleague = Sipp::serve(Plan {
        scenario: "desk",
        rtp_port: telephone.port,
        formats: "9 101",
        calls: 10,
        ..Plan::default()
    });
    let house = House::new(Setup {
        desks: vec![format!("browser:{PERSON}"), colleague.address("8002")],
        desk_ring_timeout_s: 20,
        media: "browser_codecs = [\"opus\", \"PCMA\"]\ndesk_codecs = [\"G722\", \"PCMA\"]\n".into(),
        ..Setup::default()
    });
    let server = house.start();
    let browser = ready_with(&house, &microphone(&house));
    let caller = Caller::dial(&house);
    accept(&browser);
    caller.line("joined");
    caller.gateway.say_tone(CALLER);
    let from_caller = || (heard_by(&browser) - CALLER).abs() < 40.0;
    hears_of("the caller's tone in the browser", from_caller);
    let begun = caller.gateway.heard_sound().0.len();
    hears_of("the page's low tone at the caller", || {
        let (sound, _) = caller.gateway.heard_sound();
        sound.len() > begun && tone::spans(&sound[begun..], LOW, LOUD).len() >= 2
    });

    keyed(&browser, "*28002#");
    let line = colleague.wait_log("offered ", SOON);
    let port = line.split("offered ").nth(1).unwrap();
    let port = port.split_whitespace().next().unwrap().parse().unwrap();
    telephone.to.store(port, Ordering::Relaxed);
    caller.line("consulting");
    hears_of("the page's tones at its colleague", || {
        telephone.hears(HIGH) >= 2 && telephone.hears(LOW) >= 2
    });
    keyed(&browser, "*1");
    caller.line("handed_over");
    colleague.tell_desk("HANGUP");
    caller.wait_offer(SOON);
    caller.gateway.press('2', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");

    let file = house.recording(&call);
    assert!(!file.with_extension("narrow.wav").exists(), "{what}");
    let [left, right] = wide_stereo(&file);
    let spans = |sound: &[i16], hertz: f64, loudness| tone::spans(sound, hertz * HALF, loudness);
    assert!(spans(&right, LOW, LOUD).len() >= 2, "{what}");
    assert!(spans(&right, HIGH, LOUD).len() >= 2, "{what}");
    assert!(!spans(&left, CALLER, 8000.0).is_empty(), "{what}");
    // The notice, which was played before and while the page came into the call: whole, and in its place.
    let notice = spans(&right, tone_of("P01"), 8000.0);
    let notice = notice.first().copied();
    assert!(
        notice
            .is_some_and(|span| span.from_ms * HALF < 100.0
                && (span.length_ms() * HALF - 1500.0).abs() < 60.0),
        "{notice:?}: {what}"
    );
    let stored_ms = call["recording"]["length_ms"].as_f64();
    let length_ms = left.len() as f64 / 16.0;
    assert!(
        stored_ms.is_none_or(|stored| (stored - length_ms).abs() < 2.0),
        "{call}"
    );
    caller.settled();
    server.stop();
}
