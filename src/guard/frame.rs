//! The framing of messages on a stream (RFC 3261 §18.3).

use super::head::{Head, body_start};
use super::syntax::number;
use super::{MAX_BODY, MAX_HEAD};

/// What stands at the start of a stream's buffer.
#[derive(Debug, PartialEq, Eq)]
pub enum Framed {
    /// A message of this many bytes.
    Whole(usize),
    /// An empty line between messages (RFC 5626 §3.5.1), of this many bytes.
    Keepalive(usize),
    /// The rest is still to come: nothing is found before the buffer holds so many bytes.
    More(usize),
    /// Nothing after this can be found: the stream must be closed. Where a head of so many bytes
    /// says who asked, he is told first.
    Broken(Option<usize>),
}

/// Finds the first message of a stream's buffer.
pub fn frame(buffer: &[u8]) -> Framed {
    if buffer.starts_with(b"\r\n") {
        return Framed::Keepalive(2);
    }
    let Some(body_at) = body_start(buffer) else {
        return match buffer.len() > MAX_HEAD {
            true => Framed::Broken(None),
            false => Framed::More(buffer.len() + 1),
        };
    };
    if body_at > MAX_HEAD {
        return Framed::Broken(None);
    }
    let text = String::from_utf8_lossy(&buffer[..body_at - 4]);
    // Without a length, or with two, or with a large one, nothing after this message can be found.
    match Head::read(&text).and_then(|head| only_length(&head)) {
        Some(length) if length > MAX_BODY => Framed::Broken(Some(body_at)),
        Some(length) if buffer.len() >= body_at + length => Framed::Whole(body_at + length),
        Some(length) => Framed::More(body_at + length),
        None => Framed::Broken(Some(body_at)),
    }
}

fn only_length(head: &Head<'_>) -> Option<usize> {
    let mut lengths = head.all("Content-Length");
    let length = number(lengths.next()?)?;
    lengths.next().is_none().then_some(length)
}
