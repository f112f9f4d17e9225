//! What comes in on one stream: framed, judged, handed on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

use super::{Handed, Inward, Said, now};
use crate::guard::{self, Framed, State, Transport, Verdict, frame};

/// A half-sent message on a stream is given this long.
const FRAME_TIMEOUT: Duration = Duration::from_secs(10);
/// A stream on which nothing comes is closed after this.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// A stream on which nothing has come yet that is of use, whoever opened it.
pub(super) const NEW_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a peer may take to read why his stream is closed.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) struct Reading<I> {
    pub state: Arc<State>,
    pub peer: SocketAddr,
    pub transport: Transport,
    pub inward: I,
    pub said: mpsc::Sender<Said>,
    /// How long nothing may come.
    pub patience: Duration,
    /// Whether somebody has registered on this stream.
    pub registered: Arc<AtomicBool>,
}

impl<I: Inward> Reading<I> {
    /// Reads until the peer closes, breaks the framing, or is too slow.
    pub async fn run(mut self, mut reader: impl AsyncRead + Unpin) {
        let now = tokio::time::Instant::now;
        let mut buffer: Vec<u8> = Vec::new();
        let mut idle_until = now() + self.patience;
        let mut whole_until = None;
        let mut needed = 1;
        loop {
            let framed = match buffer.len() < needed {
                true => Framed::More(needed),
                false => frame(&buffer),
            };
            match framed {
                Framed::Whole(length) => {
                    let message: Vec<u8> = buffer.drain(..length).collect();
                    (whole_until, needed) = (None, 1);
                    match self.hear(&message).await {
                        Some(true) => idle_until = now() + self.patience,
                        Some(false) => {}
                        None => return,
                    }
                    continue;
                }
                Framed::Keepalive(length) => {
                    buffer.drain(..length);
                    if self.is_trusted() {
                        idle_until = now() + self.patience;
                    }
                    continue;
                }
                Framed::Broken(head) => {
                    guard::count("framing");
                    return self.part(&buffer[..head.unwrap_or(0)], reader).await;
                }
                Framed::More(length) => needed = length,
            }
            // A message is due as a whole: dripping bytes buys no time.
            whole_until = match buffer.is_empty() {
                true => None,
                false => whole_until.or(Some(now() + FRAME_TIMEOUT)),
            };
            let until = whole_until.map_or(idle_until, |whole| whole.min(idle_until));
            match tokio::time::timeout_at(until, reader.read_buf(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 => {}
                _ => return,
            }
        }
    }

    /// Whether something of use has come from there.
    pub fn is_trusted(&self) -> bool {
        self.patience >= IDLE_TIMEOUT
    }

    /// Takes one message; whether it buys its sender time, or `None` where the stream cannot go on.
    pub async fn hear(&mut self, message: &[u8]) -> Option<bool> {
        match self.take(message).await {
            Handed::Taken => self.patience = self.patience.max(IDLE_TIMEOUT),
            // A stranger buys no time with what is refused.
            Handed::Refused if self.state.is_trunk(self.peer.ip()) => {
                self.patience = IDLE_TIMEOUT;
            }
            Handed::Refused => return Some(self.is_trusted()),
            Handed::Over => return None,
        }
        Some(true)
    }

    /// Says why the stream is closed, where a head tells to whom, and lets the peer read what was
    /// said: a socket closed over unread bytes takes its last words along.
    async fn part(&self, head: &[u8], mut reader: impl AsyncRead + Unpin) {
        let words = match guard::judge(head, self.peer, self.transport, &self.state, now()) {
            Verdict::Answer { response, .. } | Verdict::Registrar { response, .. } => response,
            _ => Vec::new(),
        };
        if self.said.send(Said::Last(words)).await.is_err() {
            return;
        }
        let until = tokio::time::Instant::now() + FAREWELL;
        let mut rest = [0; 4096];
        while let Ok(Ok(1..)) = tokio::time::timeout_at(until, reader.read(&mut rest)).await {}
    }

    /// Judges one message and hands it on.
    async fn take(&mut self, bytes: &[u8]) -> Handed {
        let mended;
        let bytes = match guard::judge(bytes, self.peer, self.transport, &self.state, now()) {
            Verdict::Pass => bytes,
            Verdict::Mended(whole) => {
                mended = whole;
                &mended
            }
            Verdict::Answer { response, reason } => {
                guard::count(reason);
                return match self.said.send(Said::Refusal(response)).await {
                    Ok(()) => Handed::Refused,
                    Err(_) => Handed::Over,
                };
            }
            Verdict::Registrar {
                response,
                outcome,
                bound_for,
            } => {
                guard::count_registration(outcome);
                let Ok(()) = self.said.send(Said::Refusal(response)).await else {
                    return Handed::Over;
                };
                let Some(bound_for) = bound_for else {
                    return Handed::Refused;
                };
                // Until the telephone registers again it may have nothing to say.
                self.registered.store(true, Ordering::Relaxed);
                self.patience = self.patience.max(bound_for + IDLE_TIMEOUT);
                return Handed::Taken;
            }
            Verdict::Drop { reason } => {
                guard::count(reason);
                return Handed::Refused;
            }
        };
        self.inward.hand_on(bytes).await
    }
}
