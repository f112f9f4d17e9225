//! How often each source is answered with a refusal.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Sources that are counted at once; beyond it new ones are not answered.
const MAX_SOURCES: usize = 4096;

/// Refusals answered to one source: a burst, then so many a second; the rest is dropped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    burst: f64,
    per_s: f64,
}

pub(super) const STRANGER_RATE: Rate = Rate {
    burst: 20.0,
    per_s: 10.0,
};
/// A network behind one address may have a hundred telephones that all come back after a power cut.
pub(super) const DESK_RATE: Rate = Rate {
    burst: 400.0,
    per_s: 100.0,
};
pub(super) const TRUNK_RATE: Rate = Rate {
    burst: 2000.0,
    per_s: 1000.0,
};

/// What was answered to whom lately.
#[derive(Default)]
pub(super) struct Rates {
    buckets: HashMap<IpAddr, Bucket>,
    swept: Option<Instant>,
}

struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Instant,
}

impl Rates {
    /// Whether this source may be answered once more.
    pub fn take(&mut self, source: IpAddr, rate: Rate, now: Instant) -> bool {
        if !self.buckets.contains_key(&source) && self.buckets.len() >= MAX_SOURCES {
            self.sweep(now);
            if self.buckets.len() >= MAX_SOURCES {
                return false;
            }
        }
        self.buckets
            .entry(source)
            .or_insert_with(|| Bucket::full(rate, now))
            .take(now)
    }

    /// Whether this source has been answered as often as it may, for now.
    pub fn spent(&self, source: IpAddr, now: Instant) -> bool {
        let bucket = self.buckets.get(&source);
        bucket.is_some_and(|bucket| bucket.level(now) < 1.0)
    }

    /// Forgets sources whose bucket has filled up again; once a second, as a flood
    /// with false sources would otherwise pay for a walk with each datagram.
    fn sweep(&mut self, now: Instant) {
        let lately = Duration::from_secs(1);
        if self
            .swept
            .is_some_and(|at| now.saturating_duration_since(at) < lately)
        {
            return;
        }
        self.swept = Some(now);
        self.buckets.retain(|_, bucket| !bucket.is_full(now));
    }
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Bucket {
        Bucket {
            rate,
            tokens: rate.burst,
            at: now,
        }
    }

    fn level(&self, now: Instant) -> f64 {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * self.rate.per_s;
        (self.tokens + gained).min(self.rate.burst)
    }

    fn is_full(&self, now: Instant) -> bool {
        self.level(now) >= self.rate.burst
    }

    fn take(&mut self, now: Instant) -> bool {
        self.tokens = self.level(now);
        self.at = now;
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}
