//! A telephone by WebSocket (RFC 7118): Chromium's own, in a page that speaks SIP; and who may not open one.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::browser::Browser;
use crate::calls::SOON;
use crate::gateway::{Fault, Gateway, Habits};
use crate::place::sleep_until;
use crate::raw::Reply;
use crate::registrations::{add, dial, house, wait_registered};
use crate::server::{House, Setup, timeline};
use crate::telephone::sound_of;
use crate::tone::{self, Span};
use crate::wav::Stereo;

const DESK: f64 = 840.0;
const PAGE: &str = include_str!("websocket/phone.html");

/// Serves the page of the telephone from an origin of its own, until the test's process ends.
fn serve_page() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = hand_out(stream);
        }
    });
    address
}

fn hand_out(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(SOON))?;
    let mut asked = [0; 4096];
    let _ = stream.read(&mut asked)?;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{PAGE}",
        PAGE.len()
    )
}

fn house_for(page: SocketAddr, tls: bool) -> House {
    house(Setup {
        tls,
        websocket: Some(format!("http://{page}")),
        ..Setup::default()
    })
}

/// The page's telephone, registered.
fn registered(browser: &Browser, house: &House, page: SocketAddr, url: &str, password: &str) {
    browser.go(&format!("http://{page}/"));
    let server = json!(house.sip_address());
    let (url, password) = (json!(url), json!(password));
    browser.run(&format!(
        "window.phone = new Phone({url}, '8001', {password}, {server})"
    ));
    browser.wait("the WebSocket", "return phone.open");
    browser.run("phone.register(600)");
    assert_eq!(browser.wait("the answer", "return phone.status"), 200);
    wait_registered(house, 1.0);
}

/// It registers, is rung on its socket, answers, is heard, and hangs up; with its socket its registration is gone.
fn a_page_talks(secure: bool) {
    let page = serve_page();
    let house = house_for(page, secure);
    let password = add(&house, "8001");
    let server = house.start();
    let (url, word) = match secure {
        false => (
            format!("ws://127.0.0.1:{}/sip", house.ws.0),
            ";transport=ws ",
        ),
        true => (
            format!("wss://127.0.0.1:{}/sip", house.ws.1),
            ";transport=wss ",
        ),
    };
    // The certificate is of an issuer of the test's own.
    let browser = Browser::open_with(&["--ignore-certificate-errors"]);
    registered(&browser, &house, page, &url, &password);

    let caller = dial(&house);
    let invite = browser.wait("the INVITE", "return phone.invite");
    let text = invite.as_str().unwrap().to_owned();
    let via = if secure {
        "Via: SIP/2.0/WSS "
    } else {
        "Via: SIP/2.0/WS "
    };
    assert!(text.contains(via), "{text}");
    let gateway = Gateway::open(Habits::default());
    gateway.send_to(sound_of(&Reply { text, status: None }));
    browser.run(&format!("phone.answer('127.0.0.1', {})", gateway.port));
    let ack = browser.wait("the ACK", "return phone.ack");
    assert!(
        ack.as_str().unwrap().to_ascii_lowercase().contains(word),
        "{ack}"
    );
    gateway.say_tone(DESK);
    let joined = caller.line("joined");
    // P04 is said into the first two of them.
    sleep_until(joined + Duration::from_secs(5));
    browser.run("phone.hangUp()");
    assert_eq!(browser.wait("the end", "return phone.ended"), 200);
    caller.wait_offer(SOON);
    caller.gateway.press('5', Fault::None);
    let call = caller.end();
    let what = timeline(&call);
    assert_eq!(call["grade"], "very_dissatisfied", "{what}");
    assert_eq!(call["hung_up_by"], "desk", "{what}");
    let recording = Stereo::read(&house.recording(&call));
    let spans = tone::spans(&recording.right, DESK, 8000.0).into_iter();
    let heard: f64 = spans.map(Span::length_ms).sum();
    assert!(heard > 1000.0, "{heard} ms of the desk: {what}");

    browser.run("phone.socket.close()");
    wait_registered(&house, 0.0);
    caller.settled();
    server.stop();
}

#[test]
fn chromium_registers_by_websocket_is_rung_answers_and_hangs_up() {
    a_page_talks(false);
}

#[test]
fn chromium_registers_by_websocket_on_tls_is_rung_answers_and_hangs_up() {
    a_page_talks(true);
}

#[test]
fn a_page_of_another_origin_opens_none() {
    let (page, other) = (serve_page(), serve_page());
    let house = house_for(page, false);
    let server = house.start();
    let browser = Browser::open();
    let url = json!(format!("ws://127.0.0.1:{}/sip", house.ws.0));
    for (from, opens) in [(other, false), (page, true)] {
        browser.go(&format!("http://{from}/"));
        browser.run(&format!("window.phone = new Phone({url}, '8001', '', '')"));
        browser.wait("an end", "return phone.open || phone.closed");
        assert_eq!(browser.run("return !!phone.open"), opens);
    }
    server.stop();
}

/// Asks for a WebSocket; what comes back until nothing more does.
fn upgrade(house: &House, path: &str, more: &str) -> (String, Duration) {
    let began = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", house.ws.0)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(40)))
        .unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
    .unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    (String::from_utf8_lossy(&said).into_owned(), began.elapsed())
}

#[test]
fn what_is_no_sip_is_refused_by_its_status_and_who_says_nothing_is_closed() {
    let house = house_for(SocketAddr::from(([127, 0, 0, 1], 9)), false);
    let server = house.start();
    let sip = "Sec-WebSocket-Protocol: sip\r\n";
    for (path, more, status) in [
        ("/", sip.to_owned(), "404"),
        ("/sip", String::new(), "400"),
        (
            "/sip",
            format!("{sip}Origin: https://elsewhere.example\r\n"),
            "403",
        ),
    ] {
        let (said, _) = upgrade(&house, path, &more);
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{said}");
    }
    let (said, took) = upgrade(&house, "/sip", sip);
    assert!(said.starts_with("HTTP/1.1 101"), "{said}");
    assert!(
        said.to_ascii_lowercase()
            .contains("sec-websocket-protocol: sip")
    );
    // Ten seconds for whoever has said nothing of use yet.
    assert!(took < Duration::from_secs(30), "{took:?}");
    server.stop();
}
