//! One browser at one port: which of what arrives is its, where it is, and when both sides have their keys.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::handshake::{Handshake, Identity, Step};
use super::offer::{Offer, Ours};
use super::stun;
use crate::srtp::Protection;

/// Paths of one browser that are kept: its interfaces, by two families.
const PLACES: usize = 8;
/// A browser asks every few seconds; one that is silent for so long has gone (RFC 7675 §5.1 has 30 s).
const CONSENT: Duration = Duration::from_secs(30);

/// What is new of it.
pub enum News {
    Nothing,
    /// Sound may be opened and sealed.
    Keys(Box<Protection>),
    /// It is gone, or never came to be; why, for the log.
    Gone(String),
}

/// The other end of a leg.
pub struct Peer {
    name: String,
    password: String,
    their_name: String,
    /// From where it has shown our password, the newest last.
    places: Vec<SocketAddr>,
    /// Where what we say goes to: the path that it chose, or else the first that worked.
    place: Option<SocketAddr>,
    handshake: Handshake,
    asked_at: Option<Instant>,
}

impl Peer {
    /// For an offer; with our answer to it, which names `address` and `port`.
    ///
    /// # Errors
    /// Never by what is offered: only where no keys can be made.
    pub fn answering(
        offer: &Offer,
        identity: &Identity,
        address: IpAddr,
        port: u16,
    ) -> Result<(Peer, String), String> {
        // 24 and 128 bits are the least (RFC 8839 §5.4).
        let name = hex::encode(rand::random::<[u8; 6]>());
        let password = hex::encode(rand::random::<[u8; 16]>());
        let answer = offer.answer(&Ours {
            session: u64::from(rand::random::<u32>()),
            address,
            port,
            name: &name,
            password: &password,
            fingerprint: &identity.fingerprint,
        });
        let peer = Peer {
            name,
            password,
            their_name: offer.name.clone(),
            places: Vec::new(),
            place: None,
            handshake: Handshake::new(identity, offer.fingerprint)?,
            asked_at: None,
        };
        Ok((peer, answer))
    }

    /// Where it is.
    pub fn place(&self) -> Option<SocketAddr> {
        self.place
    }

    /// Whether it has shown our password from there.
    pub fn knows(&self, from: SocketAddr) -> bool {
        self.places.contains(&from)
    }

    /// Takes a datagram that is no RTP (RFC 7983 §7): STUN or DTLS.
    pub fn take(
        &mut self,
        octets: &[u8],
        from: SocketAddr,
        now: Instant,
        send: &mut dyn FnMut(&[u8], SocketAddr),
    ) -> News {
        match octets.first() {
            Some(0..=3) => {
                self.asked(octets, from, now, send);
                News::Nothing
            }
            Some(20..=63) if self.knows(from) => {
                let step = self.handshake.take(octets, now, &mut |out| send(out, from));
                told(step)
            }
            _ => News::Nothing,
        }
    }

    fn asked(
        &mut self,
        octets: &[u8],
        from: SocketAddr,
        now: Instant,
        send: &mut dyn FnMut(&[u8], SocketAddr),
    ) {
        let request = stun::read(octets);
        let its = request.filter(|r| r.is_of(&self.name, &self.their_name, &self.password));
        let Some(request) = its else { return };
        self.asked_at = Some(now);
        if !self.knows(from) {
            if self.places.len() == PLACES {
                self.places.remove(0);
            }
            self.places.push(from);
        }
        if request.chosen || self.place.is_none() {
            self.place = Some(from);
        }
        send(&request.answer(from, &self.password), from);
    }

    /// What the time brings.
    pub fn beat(&mut self, now: Instant, send: &mut dyn FnMut(&[u8], SocketAddr)) -> News {
        let silent = |asked: Instant| now.saturating_duration_since(asked) > CONSENT;
        if self.asked_at.is_some_and(silent) {
            self.asked_at = None;
            return News::Gone("it asks no more".to_owned());
        }
        let Some(place) = self.place else {
            return News::Nothing;
        };
        told(self.handshake.beat(now, &mut |out| send(out, place)))
    }
}

fn told(step: Step) -> News {
    match step {
        Step::Going => News::Nothing,
        Step::Keys(keys) => News::Keys(keys),
        Step::Closed => News::Gone("it said good-bye".to_owned()),
        Step::Failed(why) => News::Gone(why),
    }
}

/// For the fuzzer: these datagrams come from where our password was shown; how many were answered to them.
///
/// # Panics
/// Where anybody gets keys by them, for nobody has the certificate that is asked for.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_foreign<'a>(
    identity: &Identity,
    datagrams: impl Iterator<Item = &'a [u8]>,
    now: Instant,
) -> usize {
    let handshake = Handshake::new(identity, [0; 32]);
    let mut handshake = handshake.expect("keys can be made");
    let mut answered = 0;
    for datagram in datagrams {
        let step = handshake.take(datagram, now, &mut |_| answered += 1);
        assert!(!matches!(step, Step::Keys(_)), "keys for anybody");
    }
    answered
}

#[cfg(test)]
mod tests;
