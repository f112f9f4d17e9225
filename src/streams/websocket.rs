//! SIP on WebSocket (RFC 7118): the upgrade, messages instead of framing, pings that tell a silent peer.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, timeout, timeout_at};
use tokio_tungstenite::tungstenite::handshake::server::{
    Callback, ErrorResponse, Request, Response,
};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::{Bytes, Message, protocol::WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

use super::reading::Reading;
use super::{Inward, MAX_UNWRITTEN, Outward, Said, WRITE_TIMEOUT};
use crate::guard::{self, MAX_BODY, MAX_HEAD};

/// Where it is asked for: `ws://HOST:PORT/sip`.
pub const PATH: &str = "/sip";
/// The subprotocol (RFC 7118 §4.1).
const PROTOCOL: &str = "sip";
/// An upgrade is given this long, as a whole.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(5);
/// Browsers send no pings of their own and answer ours (RFC 7118 §6).
const PING_EVERY: Duration = Duration::from_secs(25);
/// Who has given no sign for so long, two pings among it, is gone.
const SILENT: Duration = Duration::from_secs(60);
/// A whole message, in bytes.
const LONGEST: usize = MAX_HEAD + MAX_BODY + 4;
/// What is read at once, in bytes; a message is some hundreds to some thousands.
const READ_AT_ONCE: usize = 8 * 1024;

/// Who may come in by WebSocket. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Doorway {
    /// Origins of pages that may, as browsers write them: `https://phones.example.cn`.
    origins: Arc<[String]>,
}

impl Doorway {
    /// For pages of these origins beside those of the host that is asked; what is no page names none.
    pub fn new(origins: &[String]) -> Doorway {
        Doorway {
            origins: origins.into(),
        }
    }

    /// The socket behind the upgrade; `None` where there was none in time, or it was refused.
    pub(super) async fn upgrade<S>(&self, stream: S) -> Option<WebSocketStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let limits = WebSocketConfig::default()
            .read_buffer_size(READ_AT_ONCE)
            .write_buffer_size(0)
            .max_write_buffer_size(4 * LONGEST)
            .max_message_size(Some(LONGEST))
            .max_frame_size(Some(LONGEST));
        let upgraded = accept_hdr_async_with_config(stream, self, Some(limits));
        match timeout(UPGRADE_TIMEOUT, upgraded).await {
            Ok(Ok(socket)) => Some(socket),
            Ok(Err(error)) => {
                guard::count("websocket_upgrade");
                tracing::debug!(%error, "a WebSocket was not opened");
                None
            }
            Err(_) => {
                guard::count("websocket_slow");
                None
            }
        }
    }

    /// Why this request opens no WebSocket, if it does not.
    fn refusal(&self, asked: &Request) -> Option<(StatusCode, &'static str)> {
        let all = |name| asked.headers().get_all(name).into_iter();
        let first = |name| all(name).next().and_then(|value| value.to_str().ok());
        if asked.uri().path() != PATH {
            return Some((StatusCode::NOT_FOUND, "SIP is at /sip"));
        }
        let mut offered = all(header::SEC_WEBSOCKET_PROTOCOL)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        if !offered.any(|word| word.trim().eq_ignore_ascii_case(PROTOCOL)) {
            let why = "Sec-WebSocket-Protocol: sip is missing (RFC 7118)";
            return Some((StatusCode::BAD_REQUEST, why));
        }
        let named = all(header::ORIGIN).count();
        let origin = first(header::ORIGIN);
        let host = first(header::HOST).unwrap_or_default();
        let may = match origin {
            None => named == 0,
            Some(origin) => named == 1 && self.lets_in(origin, host),
        };
        let why = "this Origin is not in [sip] websocket_origins";
        (!may).then_some((StatusCode::FORBIDDEN, why))
    }

    /// A page of another origin could use a browser within the house to reach us (RFC 6455 §10.2).
    fn lets_in(&self, origin: &str, host: &str) -> bool {
        let same = |other: &String| other.eq_ignore_ascii_case(origin);
        let of_host = origin
            .split_once("://")
            .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
        of_host || self.origins.iter().any(same)
    }
}

impl Callback for &Doorway {
    fn on_request(self, asked: &Request, answer: Response) -> Result<Response, ErrorResponse> {
        match self.refusal(asked) {
            None => Ok(opened(answer)),
            Some((status, why)) => Err(refused(status, why)),
        }
    }
}

/// The answer that opens it names the subprotocol (RFC 6455 §4.2.2).
fn opened(mut answer: Response) -> Response {
    let protocol = HeaderValue::from_static(PROTOCOL);
    let headers = answer.headers_mut();
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    answer
}

fn refused(status: StatusCode, why: &str) -> ErrorResponse {
    let mut refusal = ErrorResponse::new(Some(format!("{why}\n")));
    *refusal.status_mut() = status;
    // The stream ends with it: nobody waits for a length.
    let close = HeaderValue::from_static("close");
    refusal.headers_mut().insert(header::CONNECTION, close);
    refusal
}

/// Only what a peer sends to keep its way open (RFC 5626 §4.4.1).
fn is_keep_alive(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}

/// Until the peer closes, is too slow, or gives no sign any more. Each message is one of SIP, text or binary (RFC 7118 §5).
pub(super) async fn read<S, I>(
    mut reading: Reading<I>,
    mut messages: SplitStream<WebSocketStream<S>>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    I: Inward,
{
    let mut idle_until = Instant::now() + reading.patience;
    let mut sign_at = Instant::now();
    loop {
        let until = idle_until.min(sign_at + SILENT);
        let bytes: Bytes = match timeout_at(until, messages.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => text.into(),
            Ok(Some(Ok(Message::Binary(bytes)))) => bytes,
            // A ping is answered by the library with its next step.
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => {
                sign_at = Instant::now();
                continue;
            }
            Ok(Some(Err(error))) => {
                guard::count("framing");
                tracing::debug!(%error, "a WebSocket broke");
                return;
            }
            Ok(Some(Ok(Message::Close(_))) | None) | Err(_) => return,
        };
        sign_at = Instant::now();
        let longer = match is_keep_alive(&bytes) {
            true => {
                // Double CRLF asks for one (RFC 5626 §3.5.1).
                let pong = Said::Refusal(b"\r\n".to_vec());
                if bytes.len() == 4 && reading.said.send(pong).await.is_err() {
                    return;
                }
                reading.is_trusted()
            }
            false => match reading.hear(&bytes).await {
                Some(longer) => longer,
                None => return,
            },
        };
        if longer {
            idle_until = Instant::now() + reading.patience;
        }
    }
}

/// Writes what the stack and the guard send, and pings, until the peer reads no more.
pub(super) async fn write<S>(
    mut outward: impl Outward,
    mut sayings: mpsc::Receiver<Said>,
    mut sink: SplitSink<WebSocketStream<S>, Message>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut pings = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    loop {
        let (message, last) = tokio::select! {
            Some(said) = sayings.recv() => match said {
                Said::Refusal(bytes) => (carried(bytes), false),
                Said::Last(bytes) => (carried(bytes), true),
            },
            message = outward.next() => match message {
                Some(bytes) => (carried(bytes), false),
                None => return,
            },
            _ = pings.tick() => (Message::Ping(Bytes::new()), false),
        };
        if outward.waiting() > MAX_UNWRITTEN {
            guard::count("slow_peer");
            return;
        }
        let sent = timeout(WRITE_TIMEOUT, sink.send(message)).await;
        if !matches!(sent, Ok(Ok(()))) || last {
            return;
        }
    }
}

/// Text where it is, for browsers show that to whoever looks for a fault.
fn carried(bytes: Vec<u8>) -> Message {
    match String::from_utf8(bytes) {
        Ok(text) => Message::text(text),
        Err(other) => Message::binary(other.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: &str, lines: &[(&str, &str)]) -> Request {
        let mut request = Request::new(());
        *request.uri_mut() = path.parse().unwrap();
        for (name, value) in lines {
            let name = header::HeaderName::try_from(*name).unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request
    }

    #[test]
    fn an_upgrade_needs_the_path_the_protocol_and_an_origin_that_may() {
        let doorway = Doorway::new(&["https://phones.example.cn".to_owned()]);
        let sip = ("sec-websocket-protocol", "sip");
        let host = ("host", "192.0.2.1:5080");
        for (path, lines, status) in [
            ("/sip", vec![host, sip], None),
            ("/sip?x=y", vec![host, sip], None),
            ("/", vec![host, sip], Some(404)),
            ("/sip", vec![host], Some(400)),
            (
                "/sip",
                vec![host, ("sec-websocket-protocol", "chat, siphon")],
                Some(400),
            ),
            (
                "/sip",
                vec![host, ("sec-websocket-protocol", "chat, SIP")],
                None,
            ),
            (
                "/sip",
                vec![host, sip, ("origin", "https://phones.example.cn")],
                None,
            ),
            (
                "/sip",
                vec![host, sip, ("origin", "HTTPS://Phones.example.cn")],
                None,
            ),
            (
                "/sip",
                vec![host, sip, ("origin", "http://192.0.2.1:5080")],
                None,
            ),
            (
                "/sip",
                vec![host, sip, ("origin", "http://192.0.2.1")],
                Some(403),
            ),
            (
                "/sip",
                vec![host, sip, ("origin", "https://elsewhere.example")],
                Some(403),
            ),
            ("/sip", vec![host, sip, ("origin", "null")], Some(403)),
            (
                "/sip",
                vec![
                    host,
                    sip,
                    ("origin", "https://phones.example.cn"),
                    ("origin", "https://elsewhere.example"),
                ],
                Some(403),
            ),
        ] {
            let refused = doorway.refusal(&asked(path, &lines));
            let refused = refused.map(|(status, _)| status.as_u16());
            assert_eq!(refused, status, "{path} {lines:?}");
        }
    }

    #[test]
    fn only_line_breaks_keep_alive() {
        assert!(is_keep_alive(b"\r\n\r\n") && is_keep_alive(b"\r\n"));
        assert!(!is_keep_alive(b"\r\nx") && !is_keep_alive(b" "));
    }
}
