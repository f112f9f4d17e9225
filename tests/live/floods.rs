//! INVITE and OPTIONS by the thousand a second, from many addresses of the loopback network: who
//! speaks is not disturbed, memory is bounded, and who calls afterwards is served.
//! `GRADELINE_NIGHTLY` makes floods last a minute, with more calls beside them.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::calls::{Caller, SOON};
use crate::gateway::{Fault, Heard};
use crate::raw::{PATIENCE, Raw, new_call_id, offer};
use crate::server::{House, Server, Setup, timeline};

/// Messages a second; a build without optimisation takes ten times as long for each.
const RATE: u64 = if cfg!(debug_assertions) { 2_000 } else { 5_000 };
/// No flood may take more than this, in KiB.
const MAX_RSS_KIB: u64 = 512 * 1024;
/// What a flood may leave, in KiB.
const MAX_KEPT_KIB: u64 = 32 * 1024;
/// How long after a flood it has been given back.
const GIVEN_BACK: Duration = Duration::from_secs(60);
/// From the flood's end to a lawful caller's 200.
pub const SERVED_AGAIN: Duration = Duration::from_secs(if cfg!(debug_assertions) { 6 } else { 2 });

/// How long a flood lasts, and how many calls speak meanwhile.
fn scale() -> (Duration, usize) {
    match std::env::var_os("GRADELINE_NIGHTLY") {
        Some(_) => (Duration::from_secs(60), 50),
        None => (Duration::from_secs(4), 20),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flood {
    Options,
    Invite,
    /// Every 200 gets its ACK.
    Acknowledged,
}

/// Sends at [`RATE`] for so long from these addresses; how many messages went out.
pub fn flood(kind: Flood, sources: &[String], target: &str, length: Duration) -> u64 {
    let raws: Vec<Raw> = sources
        .iter()
        .map(|from| Raw::udp_from(from, target))
        .collect();
    let (sent, over) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        if kind == Flood::Acknowledged {
            for raw in &raws {
                let mut raw = raw.another();
                let over = &over;
                scope.spawn(move || acknowledge(&mut raw, over));
            }
        }
        let begun = Instant::now();
        let mut raws: Vec<Raw> = raws.iter().map(Raw::another).collect();
        let count = raws.len();
        while begun.elapsed() < length {
            let due = (begun.elapsed().as_secs_f64() * RATE as f64) as u64;
            while sent.load(Ordering::Relaxed) < due {
                let nth = sent.fetch_add(1, Ordering::Relaxed) as usize;
                let raw = &mut raws[nth % count];
                let message = match (kind, nth % 2) {
                    (Flood::Options, _) => raw.request("OPTIONS", &new_call_id(), 1, "", ""),
                    (_, 0) => raw.request("INVITE", &new_call_id(), 1, "", &offer(9)),
                    (_, _) => raw.request("INVITE", &new_call_id(), 1, "", ""),
                };
                raw.send(message.as_bytes());
            }
            crate::place::sleep_until(Instant::now() + Duration::from_millis(1));
        }
        over.store(true, Ordering::Relaxed);
    });
    sent.into_inner()
}

/// Answers every 200 to an INVITE with its ACK until the flood is over.
fn acknowledge(raw: &mut Raw, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let Ok(Some(reply)) = raw.next(Duration::from_millis(50)) else {
            continue;
        };
        if reply.status == Some(200)
            && let (Some(call_id), Some(to)) = (reply.header("Call-ID"), reply.header("To"))
            && let Some((_, tag)) = to.split_once("tag=")
        {
            let ack = raw.request("ACK", call_id, 1, tag, "");
            raw.send(ack.as_bytes());
        }
    }
}

/// Addresses of the loopback network that are no other test's.
pub fn sources(count: usize) -> Vec<String> {
    let net: u8 = rand::random_range(2..250);
    (1..=count)
        .map(|host| format!("127.{net}.{}.{}", host / 250, host % 250 + 1))
        .collect()
}

/// What came to an ear in some time.
#[derive(Debug, Clone, Copy, Default)]
struct Ear {
    longest_pause: Duration,
    /// 99 % of the pauses between packets are shorter.
    usual_pause: Duration,
    missing: usize,
}

impl Ear {
    fn worse(self, other: Ear) -> Ear {
        Ear {
            longest_pause: self.longest_pause.max(other.longest_pause),
            usual_pause: self.usual_pause.max(other.usual_pause),
            missing: self.missing.max(other.missing),
        }
    }

    fn worst_of(callers: &[Caller], from: Instant, to: Instant) -> Ear {
        let ears = callers
            .iter()
            .map(|caller| pauses(&caller.gateway.heard(), from, to));
        ears.fold(Ear::default(), Ear::worse)
    }
}

fn pauses(heard: &[Heard], from: Instant, to: Instant) -> Ear {
    let heard: Vec<_> = heard
        .iter()
        .filter(|p| (from..to).contains(&p.at))
        .collect();
    let mut waits: Vec<_> = heard
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    waits.sort();
    let missing = heard
        .windows(2)
        .map(|pair| {
            usize::from(
                pair[1]
                    .sequence
                    .wrapping_sub(pair[0].sequence)
                    .wrapping_sub(1),
            )
        })
        .sum();
    Ear {
        longest_pause: waits.last().copied().unwrap_or_default(),
        usual_pause: waits
            .get(waits.len() * 99 / 100)
            .copied()
            .unwrap_or_default(),
        missing,
    }
}

/// Until a caller from this address is answered 200, refused ones trying again as SIP phones do.
pub fn served_after(house: &House, address: &str) -> Duration {
    let begun = Instant::now();
    let ear = UdpSocket::bind("127.0.0.1:0").unwrap();
    loop {
        let mut raw = Raw::udp_from(address, &house.sip_address());
        match raw.open_call(&new_call_id(), ear.local_addr().unwrap().port()) {
            Ok(_) => return begun.elapsed(),
            Err(reply) => assert_eq!(reply.status, Some(503), "{}", reply.text),
        }
        assert!(begun.elapsed() < PATIENCE, "not served");
        crate::place::sleep_until(Instant::now() + Duration::from_millis(50));
    }
}

/// Watches the server's memory until told to stop; the most that it was.
fn watch(server: &Server, over: &AtomicBool) -> u64 {
    let mut most = 0;
    while !over.load(Ordering::Relaxed) {
        most = most.max(server.rss_kib());
        crate::place::sleep_until(Instant::now() + Duration::from_millis(100));
    }
    most
}

/// Transactions linger for 32 s (RFC 3261, Timer J); a minute after the flood the memory is free again.
/// Waited for at night only.
fn given_back(server: &Server, before: u64, ended: Instant) {
    if std::env::var_os("GRADELINE_NIGHTLY").is_none() {
        return;
    }
    crate::place::sleep_until(ended + GIVEN_BACK);
    let kept = server.rss_kib();
    println!("    a minute after it RSS {:.1} MiB", mib(kept));
    assert!(
        kept < before + MAX_KEPT_KIB,
        "{before} KiB before, {kept} KiB kept"
    );
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// What the ears hear in a time without a flood.
fn calm(callers: &[Caller]) -> Ear {
    let from = Instant::now();
    crate::place::sleep_until(from + Duration::from_secs(3));
    Ear::worst_of(callers, from, Instant::now())
}

/// Calls that speak through floods of these kinds from these addresses.
fn speak_through(kinds: &[Flood], trunks: &str, sources: &[String]) {
    let (length, count) = scale();
    // Longer than the floods and what is waited after them; whoever talks too long is waited for.
    let after = crate::place::nightly(Duration::ZERO, GIVEN_BACK);
    let talk_s = ((length + after).as_secs() + 6) * kinds.len() as u64 + 15;
    let house = House::new(Setup {
        trunks: trunks.into(),
        max_calls: 120,
        rehearsal_talk_s: u32::try_from(talk_s).unwrap(),
        ..Setup::default()
    });
    // Four for each call, and some for who calls after the flood.
    if 4 * count + 40 > usize::from(house.rtp.1 - house.rtp.0) {
        house.take_many_ports();
    }
    let server = house.start();
    let callers: Vec<Caller> = (0..count).map(|_| Caller::dial(&house)).collect();
    for caller in &callers {
        caller.line("joined");
    }
    let before = server.rss_kib();
    let calm = calm(&callers);
    println!("{count} calls without a flood: {calm:?}");
    for kind in kinds {
        let begun = Instant::now();
        let over = AtomicBool::new(false);
        let (sent, most) = std::thread::scope(|scope| {
            let watching = scope.spawn(|| watch(&server, &over));
            let sent = flood(*kind, sources, &house.sip_address(), length);
            over.store(true, Ordering::Relaxed);
            (sent, watching.join().unwrap())
        });
        let ended = Instant::now();
        let again = served_after(&house, "127.0.0.1");
        let ear = Ear::worst_of(&callers, begun, ended);
        println!(
            "{kind:?} from {} sources, {count} calls: {sent} messages in {:.1} s; served after {again:?}; \
             RSS {:.1} MiB before, at most {:.1} MiB, after {:.1} MiB; worst ear {ear:?}",
            sources.len(),
            (ended - begun).as_secs_f64(),
            mib(before),
            mib(most),
            mib(server.rss_kib())
        );
        assert!(again < SERVED_AGAIN, "{kind:?}: {again:?}");
        assert!(most < MAX_RSS_KIB, "{kind:?}: {most} KiB");
        assert_eq!(ear.missing, 0, "{kind:?}: packets are missing");
        // Beside what a busy machine does to a call anyway, and a build that is slow itself.
        let slow = if cfg!(debug_assertions) { 100 } else { 15 };
        let bound = calm.usual_pause * 2 + Duration::from_millis(slow);
        assert!(
            ear.usual_pause < bound,
            "{kind:?}: {ear:?}, without {calm:?}"
        );
        given_back(&server, before, ended);
    }
    for caller in &callers {
        let call = house.find(&caller.number).unwrap();
        assert!(call["outcome"].is_null(), "{}", timeline(&call));
    }
    for caller in &callers {
        let bound = Duration::from_secs(talk_s + 30);
        let offered = house.wait_line(&caller.number, "offer", bound);
        crate::place::sleep_until(offered + SOON);
        caller.gateway.press('2', Fault::None);
    }
    for caller in callers {
        let call = caller.end();
        assert_eq!(call["grade"], "satisfied", "{}", timeline(&call));
        assert_eq!(call["keyed_grades"].as_array().unwrap().len(), 1);
    }
    server.stop();
}

#[test]
fn floods_of_strangers_disturb_nobody() {
    let kinds = [Flood::Options, Flood::Invite];
    speak_through(&kinds, "127.0.0.1/32", &sources(200));
}

#[test]
fn floods_from_trunks_without_and_with_ack_disturb_nobody_who_speaks() {
    let kinds = [Flood::Invite, Flood::Acknowledged, Flood::Options];
    speak_through(&kinds, "127.0.0.0/8", &sources(20));
}
