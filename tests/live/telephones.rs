//! Several telephones of one desk, telephones behind NAT, and registrations that end while somebody talks.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::calls::SOON;
use crate::gateway::{Fault, Gateway, Habits};
use crate::place::{self, sleep_until, wait_for};
use crate::registrations::{REGISTERED, add, dial, house, wait_registered};
use crate::server::{House, Setup, lines, timeline};
use crate::telephone::{Telephone, sound_of};
use crate::tone::{self, Span};
use crate::wav::Stereo;

const DESK: f64 = 840.0;

/// Registered telephones of the account 8001, each with a socket of its own.
fn telephones(house: &House, password: &str, number: usize) -> Vec<Telephone> {
    let all = (0..number).map(|_| {
        let mut phone = Telephone::open(house, "127.0.0.1", "8001", password);
        assert_eq!(phone.register(600).status, Some(200));
        phone
    });
    let all = all.collect();
    wait_registered(house, 1.0);
    all
}

#[test]
fn all_telephones_of_an_account_ring_and_who_answers_first_has_the_call() {
    let house = house(Setup::default());
    let password = add(&house, "8001");
    let server = house.start();
    let mut phones = telephones(&house, &password, 3);
    let caller = dial(&house);
    let invites: Vec<_> = phones
        .iter_mut()
        .map(|phone| phone.wait("INVITE"))
        .collect();
    for (phone, invite) in phones.iter_mut().zip(&invites) {
        phone.respond(invite, "180 Ringing", "", "");
    }
    let gateway = Gateway::open(Habits::default());
    gateway.send_to(sound_of(&invites[1]));
    phones[1].answer(&invites[1], ("127.0.0.1", gateway.port));
    phones[1].wait("ACK");
    gateway.say_tone(DESK);
    // The others are told that it is over.
    for at in [0, 2] {
        let cancel = phones[at].wait("CANCEL");
        phones[at].respond(&cancel, "200 OK", "", "");
        phones[at].respond(&invites[at], "487 Request Terminated", "", "");
        phones[at].wait("ACK");
    }
    let joined = caller.line("joined");
    // P04 is said into the first two of them.
    sleep_until(joined + Duration::from_secs(5));
    caller.hang_up();
    let bye = phones[1].wait("BYE");
    phones[1].respond(&bye, "200 OK", "", "");
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(lines(&call, "joined").len(), 1, "{what}");
    assert_eq!(
        lines(&call, "desk_ringing").len(),
        1,
        "one desk, however many telephones: {what}"
    );
    let recording = Stereo::read(&house.recording(&call));
    let heard: f64 = tone::spans(&recording.right, DESK, 8000.0)
        .into_iter()
        .map(Span::length_ms)
        .sum();
    assert!(heard > 1000.0, "{heard} ms of who answered: {what}");
    server.stop();
}

#[test]
fn who_declines_everywhere_ends_the_ring_of_all_telephones() {
    let house = house(Setup::default());
    let password = add(&house, "8001");
    let server = house.start();
    let mut phones = telephones(&house, &password, 2);
    let caller = dial(&house);
    let invites: Vec<_> = phones
        .iter_mut()
        .map(|phone| phone.wait("INVITE"))
        .collect();
    phones[1].respond(&invites[1], "180 Ringing", "", "");
    phones[0].respond(&invites[0], "603 Decline", "", "");
    let cancel = phones[1].wait("CANCEL");
    phones[1].respond(&cancel, "200 OK", "", "");
    phones[1].respond(&invites[1], "487 Request Terminated", "", "");
    caller.nth_line("prompt P25", 1);
    caller.hang_up();
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["outcome"], "no_desk", "{what}");
    assert_eq!(lines(&call, "desk_ringing").len(), 1, "{what}");
    server.stop();
}

#[test]
fn one_busy_telephone_leaves_the_others_ringing() {
    let house = house(Setup::default());
    let password = add(&house, "8001");
    let server = house.start();
    let mut phones = telephones(&house, &password, 2);
    let caller = dial(&house);
    let invites: Vec<_> = phones
        .iter_mut()
        .map(|phone| phone.wait("INVITE"))
        .collect();
    phones[0].respond(&invites[0], "486 Busy Here", "", "");
    phones[0].wait("ACK");
    let gateway = Gateway::open(Habits::default());
    gateway.send_to(sound_of(&invites[1]));
    phones[1].answer(&invites[1], ("127.0.0.1", gateway.port));
    phones[1].wait("ACK");
    caller.line("joined");
    caller.hang_up();
    let bye = phones[1].wait("BYE");
    phones[1].respond(&bye, "200 OK", "", "");
    caller.end();
    server.stop();
}

#[test]
fn a_registration_that_ends_in_a_call_does_not_harm_it() {
    let house = house(Setup {
        desk_lines: "min_expires_s = 1".into(),
        ..Setup::default()
    });
    let password = add(&house, "8001");
    let server = house.start();
    let mut phones = telephones(&house, &password, 1);
    let phone = &mut phones[0];
    let caller = dial(&house);
    let invite = phone.wait("INVITE");
    let gateway = Gateway::open(Habits::default());
    gateway.send_to(sound_of(&invite));
    gateway.say_tone(DESK);
    phone.answer(&invite, ("127.0.0.1", gateway.port));
    phone.wait("ACK");
    caller.line("joined");
    // It takes its leave in the middle of the talk, which goes on.
    assert_eq!(phone.register(0).status, Some(200));
    wait_registered(&house, 0.0);
    sleep_until(Instant::now() + Duration::from_secs(2));
    let text = in_call(phone, &invite, "BYE");
    assert!(phone.raw.send(text.as_bytes()));
    caller.wait_offer(SOON);
    caller.gateway.press('1', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_satisfied", "{what}");
    assert_eq!(call["hung_up_by"], "desk", "{what}");
    assert!(call["talked_ms"].as_f64().unwrap() > 1900.0, "{what}");
    server.stop();
}

/// A request of the telephone's within the call that this INVITE opened.
fn in_call(phone: &Telephone, invite: &crate::raw::Reply, method: &str) -> String {
    let me = phone.raw.local();
    let header = |name: &str| invite.header(name).unwrap();
    let contact = header("Contact").trim_matches(['<', '>']);
    format!(
        "{method} {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bKin{method};rport\r\nMax-Forwards: 70\r\n\
         From: {};tag=raw\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 50 {method}\r\nContent-Length: 0\r\n\r\n",
        header("To"),
        header("From"),
        header("Call-ID"),
    )
}

/// A router between a telephone and the server: what goes out comes from a port of its own, and what comes in passes
/// only for so long after something went out (RFC 4787 §4.3, the strictest that it allows).
struct Router {
    inside: std::net::SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Router {
    fn open(server: &str, remembers: Duration) -> Router {
        let inside = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let outside = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        outside.connect(server).unwrap();
        for socket in [&inside, &outside] {
            socket.set_nonblocking(true).unwrap();
        }
        let address = inside.local_addr().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            let mut mapped: Option<(std::net::SocketAddr, Instant)> = None;
            while !ends.load(Ordering::Relaxed) {
                let mut idle = true;
                if let Ok((length, from)) = inside.recv_from(&mut buffer) {
                    idle = false;
                    mapped = Some((from, Instant::now()));
                    let _ = outside.send(&buffer[..length]);
                }
                if let Ok(length) = outside.recv(&mut buffer) {
                    idle = false;
                    if let Some((to, _)) = mapped.filter(|(_, last)| last.elapsed() < remembers) {
                        let _ = inside.send_to(&buffer[..length], to);
                    }
                }
                if idle {
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        });
        Router {
            inside: address,
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What a telephone behind NAT says of itself: nobody outside reaches it.
const PRIVATE: &str = "192.168.77.5";

fn behind(router: &Router, house: &House, password: &str) -> Telephone {
    let mut phone = Telephone::open(house, "127.0.0.1", "8001", password);
    phone.raw = crate::raw::Raw::udp(&router.inside.to_string());
    phone.says = Some(format!("{PRIVATE}:5060"));
    assert_eq!(phone.register(600).status, Some(200));
    wait_registered(house, 1.0);
    phone
}

/// Answers what the server asks until this long has passed; how often it was asked.
fn idle(phone: &mut Telephone, for_long: Duration) -> usize {
    let until = Instant::now() + for_long;
    let mut asked = 0;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        if let Ok(Some(request)) = phone.raw.next(left)
            && request.status.is_none()
        {
            asked += 1;
            phone.respond(&request, "200 OK", "", "");
        }
    }
    asked
}

#[test]
fn a_telephone_behind_nat_is_kept_open_is_rung_and_heard() {
    let house = house(Setup {
        desk_lines: "nat_keep_alive_s = 1\nnat_learn_media = true".into(),
        ..Setup::default()
    });
    let password = add(&house, "8001");
    let server = house.start();
    let router = Router::open(&house.sip_address(), Duration::from_secs(6));
    let mut phone = behind(&router, &house, &password);
    // Twice as long as the router remembers: without being asked it could not be rung any more.
    let asked = idle(&mut phone, Duration::from_secs(12));
    assert!(asked >= 2, "asked {asked} times");
    let caller = dial(&house);
    let invite = phone.wait("INVITE");
    // It says that it hears at a private address; its packets come from another one.
    let gateway = Gateway::open(Habits::default());
    gateway.send_to(sound_of(&invite));
    gateway.say_tone(DESK);
    phone.answer(&invite, (PRIVATE, 40_000));
    // ACK and BYE come through the router too, whatever the Contact of its 200 names.
    phone.wait("ACK");
    caller.line("joined");
    caller.gateway.say_tone(440.0);
    sleep_until(Instant::now() + Duration::from_secs(5));
    caller.hang_up();
    let bye = phone.wait("BYE");
    phone.respond(&bye, "200 OK", "", "");
    let call = caller.end();
    let what = timeline(&call);
    let recording = Stereo::read(&house.recording(&call));
    let heard: f64 = tone::spans(&recording.right, DESK, 8000.0)
        .into_iter()
        .map(Span::length_ms)
        .sum();
    assert!(heard > 1000.0, "{heard} ms of the desk: {what}");
    wait_for("the desk's end of the sound", REGISTERED, || {
        (!gateway.heard_sound().0.is_empty()).then_some(())
    });
    assert_eq!(
        house.metric("gradeline_media_learnt_addresses_total", ""),
        1.0
    );
    server.stop();
}

/// Half a second of sound from another port of this host.
fn speak(host: &str, to: u16) {
    let socket = UdpSocket::bind((host, place::port())).unwrap();
    let begin = Instant::now();
    for number in 0..25u16 {
        let mut packet = vec![0x80, 8];
        packet.extend(number.to_be_bytes());
        packet.extend((u32::from(number) * 160).to_be_bytes());
        packet.extend(77u32.to_be_bytes());
        packet.extend((0..160u8).map(|at| at ^ 0x55));
        socket.send_to(&packet, ("127.0.0.1", to)).unwrap();
        sleep_until(begin + Duration::from_millis(20) * u32::from(number + 1));
    }
}

/// Learning is for the host of the registration: a stranger's packets are not the desk's, and without the setting nobody's are.
#[test]
fn media_behind_nat_is_learnt_from_the_telephones_own_host_alone() {
    for (setting, from, learns) in [
        ("nat_learn_media = true", "127.0.0.9", false),
        ("nat_learn_media = false", "127.0.0.1", false),
        ("nat_learn_media = true", "127.0.0.1", true),
    ] {
        let house = house(Setup {
            desk_lines: setting.into(),
            ..Setup::default()
        });
        let password = add(&house, "8001");
        let server = house.start();
        let mut phone = Telephone::open(&house, "127.0.0.1", "8001", &password);
        phone.says = Some(format!("{PRIVATE}:5060"));
        assert_eq!(phone.register(600).status, Some(200));
        wait_registered(&house, 1.0);
        let caller = dial(&house);
        let invite = phone.wait("INVITE");
        phone.answer(&invite, (PRIVATE, 40_000));
        phone.wait("ACK");
        caller.line("joined");
        speak(from, sound_of(&invite));
        let learnt = || house.metric("gradeline_media_learnt_addresses_total", "");
        match learns {
            true => wait_for("its address is learnt", REGISTERED, || {
                (learnt() == 1.0).then_some(())
            }),
            false => sleep_until(Instant::now() + Duration::from_secs(1)),
        }
        assert_eq!(
            learnt(),
            f64::from(u8::from(learns)),
            "{setting} from {from}"
        );
        caller.hang_up();
        let bye = phone.wait("BYE");
        phone.respond(&bye, "200 OK", "", "");
        caller.end();
        server.stop();
    }
}
