//! SIP under TLS: calls, the certificate, and peers that shake no hands.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConnection, StreamOwned};

use crate::calls::{ANSWER, END, SOON};
use crate::certificates;
use crate::gateway::{Fault, Gateway, Habits};
use crate::peers::{Plan, Sipp};
use crate::place;
use crate::raw::{PATIENCE, Raw, new_call_id, offer};
use crate::server::{House, Setup, lines, timeline};
use crate::slow::{connect, is_closed};

/// A handshake is given 5 s; the rest is the machine's.
const HANDSHAKE: Duration = Duration::from_secs(5);
const MARGIN: Duration = Duration::from_secs(10);
/// The files are looked at every two seconds, and twice.
const RENEWED: Duration = Duration::from_secs(20);

fn house() -> House {
    House::new(Setup {
        trunks: "127.0.0.1/32".into(),
        tls: true,
        ..Setup::default()
    })
}

fn by_tls(house: &House) -> Raw {
    let client = certificates::client(house, rustls::ALL_VERSIONS);
    Raw::tls(&house.tls_address(), client)
}

/// For a SIPp without TLS: takes one stream and carries it to the server under TLS.
struct Tunnel {
    port: u16,
    carrying: Option<JoinHandle<()>>,
}

impl Tunnel {
    fn to(house: &House) -> Tunnel {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = certificates::client(house, rustls::ALL_VERSIONS);
        let target = house.tls_address();
        let carrying = std::thread::spawn(move || {
            let (plain, _) = listener.accept().unwrap();
            carry(plain, &target, client);
        });
        Tunnel {
            port,
            carrying: Some(carrying),
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        if let Some(carrying) = self.carrying.take().filter(|_| !std::thread::panicking()) {
            carrying.join().unwrap();
        }
    }
}

/// Until one of the two ends.
fn carry(mut plain: TcpStream, target: &str, client: Arc<ClientConfig>) {
    let sock = TcpStream::connect(target).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = StreamOwned::new(ClientConnection::new(client, name).unwrap(), sock);
    let beat = Some(Duration::from_millis(5));
    plain.set_read_timeout(beat).unwrap();
    tls.sock.set_read_timeout(beat).unwrap();
    let mut bytes = [0; 16_384];
    loop {
        match some(plain.read(&mut bytes)) {
            Some(0) => return,
            Some(length) => tls.write_all(&bytes[..length]).unwrap(),
            None => {}
        }
        match some(tls.read(&mut bytes)) {
            Some(0) => return,
            Some(length) => plain.write_all(&bytes[..length]).unwrap(),
            None => {}
        }
    }
}

/// How much was read; 0 at the end, `None` where nothing has come yet.
fn some(read: std::io::Result<usize>) -> Option<usize> {
    match read {
        Ok(length) => Some(length),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => None,
            _ => Some(0),
        },
    }
}

#[test]
fn a_call_by_tls_is_rated_and_the_bye_comes_on_its_stream() {
    let house = house();
    let server = house.start();
    let tunnel = Tunnel::to(&house);
    let (number, gateway) = (place::number(), Gateway::open(Habits::default()));
    let sipp = Sipp::call(
        &format!("127.0.0.1:{}", tunnel.port),
        Plan {
            rtp_port: gateway.port,
            from: &number,
            tcp: true,
            says_tls: true,
            ..Plan::default()
        },
    );
    gateway.send_to(sipp.answered_port(ANSWER));
    gateway.say_tone(840.0);
    place::sleep_until(house.wait_line(&number, "offer", END) + SOON);
    gateway.press('2', Fault::None);
    let call = house.wait_end(&number, END);
    let what = timeline(&call);
    assert_eq!(call["grade"], "satisfied", "{what}");
    assert_eq!(lines(&call, "key").len(), 1, "{what}");
    let messages = sipp.wait_success(MARGIN);
    let ours = format!("127.0.0.1:{};transport=TLS>", house.tls);
    let contact = messages.lines().any(|line| {
        line.starts_with("Contact: <sip:consult@")
            && line.to_uppercase().contains(&ours.to_uppercase())
    });
    assert!(contact, "{messages}");
    let via = format!("Via: SIP/2.0/TLS 127.0.0.1:{};", house.tls);
    assert!(
        messages.contains("BYE sip:") && messages.contains(&via),
        "{messages}"
    );
    drop(tunnel);
    server.stop();
}

#[test]
fn both_versions_are_spoken_and_a_sips_call_gets_a_sips_contact() {
    let house = house();
    let server = house.start();
    for version in rustls::ALL_VERSIONS {
        let client = certificates::client(&house, &[version]);
        let mut raw = Raw::tls(&house.tls_address(), client);
        raw.fence();
        raw.call();
    }
    let mut raw = by_tls(&house);
    let (call_id, ear) = (new_call_id(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let sdp = offer(ear.local_addr().unwrap().port());
    let invite = raw.request("INVITE", &call_id, 1, "", &sdp);
    assert!(raw.send(invite.replacen("sip:", "sips:", 1).as_bytes()));
    let answer = raw.answer(&call_id);
    assert_eq!(answer.status, Some(200), "{}", answer.text);
    let contact = answer.header("Contact").unwrap();
    let ours = format!("<sips:consult@127.0.0.1:{}>", house.tls);
    assert_eq!(contact, ours);
    let tag = answer.header("To").unwrap().split_once("tag=").unwrap().1;
    for (cseq, method) in [(1, "ACK"), (2, "BYE")] {
        let request = raw.request(method, &call_id, cseq, tag, "");
        assert!(raw.send(request.as_bytes()));
    }
    let ended = raw.answer(&call_id);
    assert_eq!(
        (ended.status, ended.header("CSeq")),
        (Some(200), Some("2 BYE"))
    );
    // Who may not call by UDP may not call by TLS.
    let stranger = connect("127.0.0.9", &house.tls_address());
    let refused = ask_under_tls(&house, stranger, &invite);
    assert!(refused.starts_with("SIP/2.0 403 "), "{refused}");
    server.stop();
}

#[test]
fn a_bye_whose_stream_is_gone_goes_to_whom_the_issuers_vouch_for() {
    let house = House::new(Setup {
        rtp_timeout_s: 3,
        tls: true,
        ..Setup::default()
    });
    let server = house.start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = listener.local_addr().unwrap();
    let certificate = certificates::server(&house);
    let mut raw = by_tls(&house);
    let (call_id, ear) = (new_call_id(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let sdp = offer(ear.local_addr().unwrap().port());
    let invite = raw.request("INVITE", &call_id, 1, "", &sdp);
    let contact = format!("Contact: <sip:raw@{ours};transport=tls>");
    let lines = invite
        .split("\r\n")
        .map(|line| match line.starts_with("Contact:") {
            true => contact.as_str(),
            false => line,
        });
    assert!(raw.send(lines.collect::<Vec<_>>().join("\r\n").as_bytes()));
    let answer = raw.answer(&call_id);
    assert_eq!(answer.status, Some(200), "{}", answer.text);
    let tag = answer.header("To").unwrap().split_once("tag=").unwrap().1;
    assert!(raw.send(raw.request("ACK", &call_id, 1, tag, "").as_bytes()));
    raw.fence();
    drop(raw);
    // No sound comes: the call ends, and its BYE is due.
    let dialled = place::wait_for("a new stream", END, || {
        listener.set_nonblocking(true).unwrap();
        listener.accept().ok().map(|(stream, _)| stream)
    });
    dialled.set_nonblocking(false).unwrap();
    dialled.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut tls = StreamOwned::new(ServerConnection::new(certificate).unwrap(), dialled);
    let mut bytes = [0; 16_384];
    let length = tls.read(&mut bytes).unwrap();
    let bye = String::from_utf8_lossy(&bytes[..length]).into_owned();
    assert!(
        bye.starts_with("BYE sip:raw@") && bye.contains(&call_id),
        "{bye}"
    );
    let head = bye.split("\r\n").filter(|line| {
        let name = line.split(':').next().unwrap();
        ["Via", "From", "To", "Call-ID", "CSeq"].contains(&name)
    });
    let head = head.collect::<Vec<_>>().join("\r\n");
    let ok = format!("SIP/2.0 200 OK\r\n{head}\r\nContent-Length: 0\r\n\r\n");
    tls.write_all(ok.as_bytes()).unwrap();
    server.stop();
}

/// What a request is answered on a stream that stands already.
fn ask_under_tls(house: &House, sock: TcpStream, request: &str) -> String {
    let client = certificates::client(house, rustls::ALL_VERSIONS);
    let name = ServerName::try_from("localhost").unwrap();
    sock.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut tls = StreamOwned::new(ClientConnection::new(client, name).unwrap(), sock);
    tls.write_all(request.as_bytes()).unwrap();
    let mut bytes = [0; 16_384];
    let length = tls.read(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart_and_a_worse_one_is_not() {
    let house = house();
    let server = house.start();
    let mut standing = by_tls(&house);
    let first = standing.certificate();
    certificates::issue(&house);
    place::wait_for("the renewed certificate", RENEWED, || {
        let told = server.log().matches("TLS certificate in force").count();
        (told == 2).then_some(())
    });
    let renewed = by_tls(&house).certificate();
    assert_ne!(renewed, first);
    standing.call();
    std::fs::write(house.path("tls.key"), "nothing of use").unwrap();
    server.wait_log("the earlier certificate stays in force", RENEWED);
    assert!(
        server.log().contains("tls.key holds no private key"),
        "{}",
        server.log()
    );
    assert_eq!(by_tls(&house).certificate(), renewed);
    for result in ["taken", "refused"] {
        assert_eq!(house.metric("gradeline_tls_reloads_total", result), 1.0);
    }
    server.stop();
}

#[test]
fn check_reads_the_certificate_and_says_what_is_wrong_with_it() {
    let house = house();
    let checked = |wanted: &str| {
        let output = house.run(&["check"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(wanted), "“{wanted}” in\n{text}");
        output.status.success()
    };
    assert!(checked("tls.crt: localhost 127.0.0.1, "));
    certificates::issue_until(&house, 2024);
    assert!(checked("its time is over since "));
    std::fs::remove_file(house.path("tls.key")).unwrap();
    assert!(!checked("name a PEM file that we may read"));
    let mut server = house.launch(|_| {});
    assert!(!server.wait_exit(Duration::from_secs(30)).success());
    assert!(
        server.log().contains("name a PEM file that we may read"),
        "{}",
        server.log()
    );
}

#[test]
fn who_speaks_no_tls_or_never_ends_his_handshake_is_let_go() {
    let house = house();
    let server = house.start();
    let target = house.tls_address();
    let options = Raw::tcp(&house.sip_address()).request("OPTIONS", &new_call_id(), 1, "", "");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut plain = connect("127.0.0.1", &target);
            plain.write_all(options.as_bytes()).unwrap();
            let mut said = Vec::new();
            plain.set_read_timeout(Some(HANDSHAKE + MARGIN)).unwrap();
            let _ = plain.read_to_end(&mut said);
            let text = String::from_utf8_lossy(&said);
            assert!(!text.contains("SIP/2.0"), "answered in the clear: {text}");
            assert!(is_closed(&mut plain, MARGIN));
        });
        scope.spawn(|| {
            // The head of a TLS record with a ClientHello of 512 octets, and then an octet a second.
            let mut endless = connect("127.0.0.1", &target);
            endless.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252]).unwrap();
            let begun = Instant::now();
            while !is_closed(&mut endless, Duration::from_secs(1)) {
                let _ = endless.write_all(&[3]);
                assert!(begun.elapsed() < HANDSHAKE + MARGIN, "still open");
            }
            assert!(
                begun.elapsed() > Duration::from_secs(3),
                "{:?}",
                begun.elapsed()
            );
        });
        // Silent behind the handshake: the limits of every stream hold.
        scope.spawn(|| {
            let mut silent = by_tls(&house);
            let end = silent.next(Duration::from_secs(10) + MARGIN);
            assert!(matches!(end, Err(ErrorKind::UnexpectedEof)), "{end:?}");
        });
        by_tls(&house).call();
    });
    assert!(house.metric("gradeline_sip_refused_total", "tls_handshake") >= 1.0);
    assert!(house.metric("gradeline_sip_refused_total", "tls_slow") >= 1.0);
    by_tls(&house).call();
    server.stop();
}

#[test]
fn three_hundred_silent_streams_get_their_places_and_give_them_back() {
    let house = house();
    let server = house.start();
    let mut trunk = by_tls(&house);
    trunk.fence();
    let before = server.rss_kib();
    let target = house.tls_address();
    let mut crowd: Vec<TcpStream> = (0..300u32)
        .map(|n| connect(&format!("127.9.{}.{}", n / 200, n % 200 + 1), &target))
        .collect();
    let refused = place::wait_for("strangers without a place", MARGIN, || {
        let refused = house.metric("gradeline_sip_refused_total", "\"streams\"");
        (refused >= 200.0).then_some(refused)
    });
    println!(
        "{refused} of 300 silent streams had no place; RSS {before} KiB before, {} KiB with them",
        server.rss_kib()
    );
    // The trunk has places of its own.
    trunk.fence();
    by_tls(&house).call();
    for stream in &mut crowd {
        assert!(is_closed(stream, HANDSHAKE + MARGIN));
    }
    // The trunk's own silence gives its places back too.
    let mut crowd: Vec<TcpStream> = (0..300).map(|_| connect("127.0.0.1", &target)).collect();
    for stream in &mut crowd {
        assert!(is_closed(stream, HANDSHAKE + MARGIN));
    }
    by_tls(&house).call();
    server.stop();
}
