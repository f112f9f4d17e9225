//! Wrong passwords: a few are free, then one each half a minute. Counted by source and by account, in tables of a fixed
//! size; a name that is no account counts like one.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Wrong passwords that are free.
const BURST: u32 = 10;
/// How long one more takes.
const REFILL: Duration = Duration::from_secs(30);
/// Places of each table. Two that share one are slowed together.
const PLACES: usize = 4096;

/// How many wrong passwords may still come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bucket {
    /// Wrong ones that are not forgiven yet, at `at`.
    spent: u32,
    at: Option<Instant>,
}

impl Bucket {
    fn spent(&self, now: Instant) -> (u32, Duration) {
        let Some(at) = self.at else {
            return (0, Duration::ZERO);
        };
        let passed = now.saturating_duration_since(at);
        let forgiven = u32::try_from(passed.as_millis() / REFILL.as_millis()).unwrap_or(u32::MAX);
        match self.spent.checked_sub(forgiven) {
            None | Some(0) => (0, Duration::ZERO),
            Some(left) => (left, passed - REFILL * forgiven),
        }
    }

    /// How long until a password may be tried; `None` where one may be now.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        let (spent, towards_next) = self.spent(now);
        (spent >= BURST).then(|| REFILL * (spent - BURST + 1) - towards_next)
    }

    /// One was wrong.
    pub fn fail(&mut self, now: Instant) {
        let (spent, towards_next) = self.spent(now);
        self.spent = spent.saturating_add(1).min(BURST);
        self.at = match spent {
            0 => Some(now),
            _ => now.checked_sub(towards_next).or(Some(now)),
        };
    }
}

pub(super) struct Throttle {
    salt: [u8; 32],
    sources: Vec<Bucket>,
    accounts: Vec<Bucket>,
}

impl Throttle {
    pub fn new(salt: [u8; 32]) -> Throttle {
        Throttle {
            salt,
            sources: vec![Bucket::default(); PLACES],
            accounts: vec![Bucket::default(); PLACES],
        }
    }

    /// How long until this source may try a password of this account.
    pub fn wait(&self, account: &str, source: IpAddr, now: Instant) -> Option<Duration> {
        let by_source = self.sources[self.place(&network(source))].wait(now);
        let by_account = self.accounts[self.place(&account)].wait(now);
        by_source.max(by_account)
    }

    pub fn fail(&mut self, account: &str, source: IpAddr, now: Instant) {
        let place = self.place(&network(source));
        self.sources[place].fail(now);
        let place = self.place(&account);
        self.accounts[place].fail(now);
    }

    fn place(&self, key: &impl Hash) -> usize {
        let mut hasher = std::collections::hash_map::DefaultHasher::new();
        (self.salt, key).hash(&mut hasher);
        usize::try_from(hasher.finish() % PLACES as u64).unwrap_or(0)
    }
}

/// One subscriber's: an address, of IPv6 its first 64 bits.
fn network(source: IpAddr) -> u128 {
    match source.to_canonical() {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}
