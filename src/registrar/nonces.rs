//! Nonces (RFC 7616 §3.3, §5.4): each names when and for whom it was made, and proves that we made it; what is kept is
//! only how far each was counted that was used with a right password.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How long a nonce is taken. A telephone refreshes less often than this, and is asked once more then.
pub(super) const LIFETIME: Duration = Duration::from_secs(300);
/// Nonces whose counts are kept; of more, the oldest are taken for stale early.
const MAX_COUNTED: usize = 8192;
/// While a request may be sent again by its sender (RFC 3261 §17.1.2.2, 64·T1).
const REPEATED_WITHIN: Duration = Duration::from_secs(32);

/// What a nonce is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// Ours, made for this address, young enough.
    Fresh(u64),
    Stale,
}

/// What a nonce count is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Taken now, for the first time.
    New,
    /// The very request that took it, sent again.
    Repeated,
    /// Taken before by another request, or below one that was.
    Replayed,
}

/// How far a nonce was counted.
struct Used {
    count: u32,
    /// Of the request that took it.
    fingerprint: u64,
    at: Instant,
}

pub(super) struct Nonces {
    secret: [u8; 32],
    opened: Instant,
    /// How many were made: no two are alike.
    made: u64,
    used: HashMap<u64, Used>,
    /// The nonces of `used`, in the order of their first use.
    order: VecDeque<u64>,
    /// Nonces up to this one may have been forgotten after their use.
    forgotten: u64,
}

impl Nonces {
    /// `secret` is of this process alone: after a restart every nonce is stale.
    pub fn new(secret: [u8; 32], now: Instant) -> Nonces {
        Nonces {
            secret,
            opened: now,
            made: 0,
            used: HashMap::new(),
            order: VecDeque::new(),
            forgotten: 0,
        }
    }

    /// Makes one for whoever is answered at this address.
    pub fn make(&mut self, source: IpAddr, now: Instant) -> String {
        self.made += 1;
        let made_ms = self.since_opened_ms(now);
        let seal = self.seal(self.made, made_ms, source);
        format!("{:016x}{made_ms:012x}{seal}", self.made)
    }

    pub fn judge(&self, nonce: &str, source: IpAddr, now: Instant) -> Judged {
        self.read(nonce, source, now)
            .map_or(Judged::Stale, Judged::Fresh)
    }

    fn read(&self, nonce: &str, source: IpAddr, now: Instant) -> Option<u64> {
        let (number, rest) = nonce.split_at_checked(16)?;
        let (made_ms, seal) = rest.split_at_checked(12)?;
        let number = u64::from_str_radix(number, 16).ok()?;
        let made_ms = u64::from_str_radix(made_ms, 16).ok()?;
        let right = self.seal(number, made_ms, source);
        let ours: bool = seal.as_bytes().ct_eq(right.as_bytes()).into();
        let age_ms = self.since_opened_ms(now).saturating_sub(made_ms);
        let young = u128::from(age_ms) < LIFETIME.as_millis();
        let known = self.used.contains_key(&number) || number > self.forgotten;
        (ours && young && known).then_some(number)
    }

    /// Takes a count of a fresh nonce, for a request whose password was right.
    pub fn count(&mut self, nonce: u64, count: u32, fingerprint: u64, now: Instant) -> Counted {
        if let Some(used) = self.used.get_mut(&nonce) {
            let lately = now.saturating_duration_since(used.at) < REPEATED_WITHIN;
            if count == used.count && fingerprint == used.fingerprint && lately {
                return Counted::Repeated;
            }
            if count <= used.count {
                return Counted::Replayed;
            }
            used.count = count;
            used.fingerprint = fingerprint;
            used.at = now;
            return Counted::New;
        }
        if self.order.len() >= MAX_COUNTED
            && let Some(oldest) = self.order.pop_front()
        {
            self.used.remove(&oldest);
            self.forgotten = self.forgotten.max(oldest);
        }
        self.order.push_back(nonce);
        let at = now;
        self.used.insert(
            nonce,
            Used {
                count,
                fingerprint,
                at,
            },
        );
        Counted::New
    }

    /// The same for all that this process asks: who sends another one back was asked by somebody else.
    pub fn opaque(&self) -> String {
        self.mac(&[b"opaque"])[..16].to_owned()
    }

    /// 32 hexadecimal digits.
    fn seal(&self, number: u64, made_ms: u64, source: IpAddr) -> String {
        let source = source.to_canonical().to_string();
        let parts: [&[u8]; 3] = [
            &number.to_be_bytes(),
            &made_ms.to_be_bytes(),
            source.as_bytes(),
        ];
        self.mac(&parts)[..32].to_owned()
    }

    fn mac(&self, parts: &[&[u8]]) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.secret).expect("a key of any length is taken");
        for part in parts {
            mac.update(part);
        }
        hex::encode(mac.finalize().into_bytes())
    }

    fn since_opened_ms(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.opened).as_millis();
        u64::try_from(since).unwrap_or(u64::MAX)
    }
}
