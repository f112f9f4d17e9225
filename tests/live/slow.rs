//! Streams that send slowly, or nothing, or come in crowds.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::raw::{Raw, new_call_id};
use crate::server::{House, Setup};

/// The server closes after 10 s; the rest is the machine's.
const CLOSED: Duration = Duration::from_secs(10);
const MARGIN: Duration = Duration::from_secs(10);

/// From an address of the loopback network.
pub fn connect(from: &str, to: &str) -> TcpStream {
    let to: SocketAddr = to.parse().unwrap();
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let from: SocketAddr = format!("{from}:0").parse().unwrap();
    socket.bind(&from.into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}

/// Whether the stream has been closed within this time.
pub fn is_closed(stream: &mut TcpStream, within: Duration) -> bool {
    stream
        .set_read_timeout(Some(within.max(Duration::from_millis(1))))
        .unwrap();
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => {
                return !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
            }
        }
    }
}

/// Says its bytes one a second; how long the server listened.
fn drip(mut stream: TcpStream, message: &[u8]) -> Duration {
    let begun = Instant::now();
    for byte in message {
        if stream.write_all(&[*byte]).is_err() || is_closed(&mut stream, Duration::from_secs(1)) {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < CLOSED + MARGIN, "still open");
    }
    panic!("the message was all sent");
}

#[test]
fn slow_and_silent_streams_are_closed_within_ten_seconds() {
    let house = House::new(Setup {
        trunks: "127.0.0.1/32".into(),
        ..Setup::default()
    });
    let server = house.start();
    let target = house.sip_address();
    let options = Raw::tcp(&target).request("OPTIONS", &new_call_id(), 1, "", "");
    std::thread::scope(|scope| {
        for from in ["127.0.0.1", "127.0.0.5"] {
            let (target, options) = (&target, &options);
            scope.spawn(move || {
                let lasted = drip(connect(from, target), options.as_bytes());
                assert!(lasted > Duration::from_secs(5), "{from}: {lasted:?}");
            });
            scope.spawn(move || {
                let mut silent = connect(from, target);
                assert!(is_closed(&mut silent, CLOSED + MARGIN), "{from} is silent");
            });
            scope.spawn(move || {
                let mut breathing = connect(from, target);
                let begun = Instant::now();
                // Empty lines are no message.
                while !is_closed(&mut breathing, Duration::from_secs(1)) {
                    let _ = breathing.write_all(b"\r\n\r\n");
                    assert!(begun.elapsed() < CLOSED + MARGIN, "{from} breathes");
                }
            });
        }
        // A trunk that has said something stays.
        let mut lawful = Raw::tcp(&target);
        lawful.fence();
        crate::place::sleep_until(Instant::now() + CLOSED + Duration::from_secs(2));
        lawful.fence();
    });
    Raw::tcp(&target).call();
    server.stop();
}

#[test]
fn a_crowd_of_streams_gets_its_places_and_no_more() {
    let house = House::new(Setup {
        trunks: "127.0.0.1/32".into(),
        ..Setup::default()
    });
    let server = house.start();
    let target = house.sip_address();
    let mut trunk = Raw::tcp(&target);
    trunk.fence();
    let before = server.rss_kib();
    // A head that never ends, from many strangers, and from one.
    let mut crowd: Vec<TcpStream> = Vec::new();
    for n in 0..600u32 {
        let mut stream = connect(&format!("127.9.{}.{}", n / 200, n % 200 + 1), &target);
        let _ = stream.write_all(b"INVITE sip:consult@127.0.0.1 SIP/2.0\r\nSubject: ");
        let _ = stream.write_all(&[b'x'; 8000]);
        crowd.push(stream);
    }
    let refused = crate::place::wait_for("strangers without a place", MARGIN, || {
        let refused = house.metric("gradeline_sip_refused_total", "streams");
        (refused >= 500.0).then_some(refused)
    });
    println!(
        "{refused} of 600 streams had no place; RSS {} MiB before, {} MiB with them",
        before / 1024,
        server.rss_kib() / 1024
    );
    // The trunk has places of its own.
    trunk.fence();
    Raw::tcp(&target).call();
    for stream in &mut crowd {
        assert!(is_closed(stream, CLOSED + MARGIN));
    }
    server.stop();
}
