//! The pages' edge: a thousand clients that send slowly keep nobody out.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::server::{House, Setup};

/// Clients that send slowly, all the time.
const SLOW: usize = 1000;
/// 99 of 100 people wait no longer; a busy machine has its own pace.
const PATIENCE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 2000 } else { 300 });

fn length() -> Duration {
    match std::env::var_os("GRADELINE_NIGHTLY") {
        Some(_) => Duration::from_secs(60),
        None => Duration::from_secs(12),
    }
}

/// This process holds more sockets than a shell allows it at first.
fn allow_sockets() {
    // SAFETY: both calls read and write the one struct that they are given.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit), 0);
        limit.rlim_cur = limit.rlim_max.min(8192);
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit), 0);
    }
}

/// From an address of the loopback network.
fn connect(house: &House, from: [u8; 4]) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let from = SocketAddr::from((from, 0));
    socket.bind(&from.into()).unwrap();
    let server = SocketAddr::from(([127, 0, 0, 1], house.web));
    socket.connect(&server.into()).unwrap();
    socket.into()
}

/// Keeps [`SLOW`] heads or bodies half sent, and opens another where one was closed; how many were.
fn send_slowly(house: &House, over: &AtomicBool) -> usize {
    let begin = |n: usize| {
        let mut stream = connect(house, [127, 0, 0, 66]);
        stream.set_nonblocking(true).unwrap();
        let head: &[u8] = match n % 2 {
            0 => b"GET / HTTP/1.1\r\nHost: a\r\n",
            _ => b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9000\r\n\r\n",
        };
        let _ = stream.write_all(head);
        stream
    };
    let mut streams: Vec<TcpStream> = Vec::new();
    let mut closed = 0;
    while !over.load(Ordering::Relaxed) {
        let round = Instant::now();
        if streams.len() < SLOW {
            streams.push(begin(streams.len()));
            continue;
        }
        for (n, stream) in streams.iter_mut().enumerate() {
            let sent = stream.write_all(if n % 2 == 0 { b"a: b\r\n" } else { b"a" });
            let ended = matches!(stream.read(&mut [0; 512]), Ok(0));
            if sent.is_err() || ended {
                closed += 1;
                *stream = begin(n);
            }
        }
        crate::place::sleep_until(round + Duration::from_secs(1));
    }
    closed
}

/// Asks like a person who has just come, on a connection of its own.
fn ask(house: &House, path: &str) -> (u16, Duration) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_idle_connections(0)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into();
    let begun = Instant::now();
    let response = agent.get(house.page(path)).call();
    (
        response.map_or(0, |response| response.status().as_u16()),
        begun.elapsed(),
    )
}

/// Ends what waits for the flag when it is dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_thousand_slow_clients_keep_nobody_out() {
    allow_sockets();
    let house = House::new(Setup::default());
    let server = house.start();
    let before = server.rss_kib();
    let over = AtomicBool::new(false);
    let (mut waits, closed, most) = std::thread::scope(|scope| {
        let slow = scope.spawn(|| send_slowly(&house, &over));
        // Also where this thread fails.
        let _over = Over(&over);
        let (mut waits, mut most) = (Vec::new(), 0);
        let begun = Instant::now();
        while begun.elapsed() < length() {
            for path in ["/healthz", "/login", "/api/openapi.json"] {
                let (status, waited) = ask(&house, path);
                assert_eq!(status, 200, "{path} after {waited:?}");
                waits.push(waited);
            }
            most = most.max(server.rss_kib());
        }
        over.store(true, Ordering::Relaxed);
        (waits, slow.join().unwrap(), most)
    });
    waits.sort();
    let usual = waits[waits.len() * 99 / 100];
    println!(
        "{SLOW} slow clients, {closed} of their connections closed; {} requests, 0 failed, 99 % within {usual:?}, \
         at most {:?}; RSS {} MiB before, at most {} MiB",
        waits.len(),
        waits[waits.len() - 1],
        before / 1024,
        most / 1024
    );
    assert!(closed > SLOW / 2, "{closed}: the slow ones were slow");
    assert!(usual < PATIENCE, "{usual:?}");
    assert!(
        !server.log().contains("took too long"),
        "slow bodies hold no handler"
    );
    server.stop();
}

/// The first line of the answer to these bytes.
fn answer(house: &House, bytes: &[u8]) -> String {
    let mut stream = connect(house, [127, 0, 0, 1]);
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // The server may answer and close before it has read all of it.
    let _ = stream.write_all(bytes);
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).unwrap_or(0);
    let text = String::from_utf8_lossy(&answer[..length]).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

/// Whether these bytes are answered so. What the server closes over unread bytes may take the
/// answer along: then nothing is heard.
fn refused(house: &House, text: &str, status: &str) -> bool {
    let answer = answer(house, text.as_bytes());
    println!("{status}: {answer}");
    answer.is_empty() || answer.contains(&format!(" {status} "))
}

#[test]
fn heads_and_bodies_have_their_limits_in_size_and_time() {
    let house = House::new(Setup::default());
    let server = house.start();
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let large_head = format!(
        "GET /login HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(200_000)
    );
    assert!(refused(&house, &large_head, "431"));
    let many = format!(
        "GET /login HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "X: y\r\n".repeat(500)
    );
    assert!(answer(&house, many.as_bytes()).contains(" 431 "));
    let large_body = format!(
        "POST /login HTTP/1.1\r\nHost: a\r\n{form}Content-Length: 20000\r\n\r\n{}",
        "x".repeat(20_000)
    );
    assert!(refused(&house, &large_body, "413"));
    let begun = Instant::now();
    let half = format!("POST /login HTTP/1.1\r\nHost: a\r\n{form}Content-Length: 20\r\n\r\nname=");
    let slow = answer(&house, half.as_bytes());
    assert!(slow.contains(" 400 ") || slow.contains(" 408 "), "{slow}");
    let waited = begun.elapsed();
    assert!((9.0..18.0).contains(&waited.as_secs_f64()), "{waited:?}");
    server.stop();
}
