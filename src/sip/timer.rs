//! Session timers (RFC 4028): who refreshes, how often, and when a session is given up.
//! Pure: the time is handed in.

use std::time::{Duration, Instant};

/// What this side wants, and the least it accepts (`Min-SE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Policy {
    pub interval: Duration,
    pub min: Duration,
}

/// A side of one transaction, as the `refresher` parameter names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Uac,
    Uas,
}

impl Side {
    pub fn word(self) -> &'static str {
        match self {
            Side::Uac => "uac",
            Side::Uas => "uas",
        }
    }
}

/// A `Session-Expires` header: seconds and the refresher, if named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionExpires {
    pub delta_s: u32,
    pub refresher: Option<Side>,
}

impl SessionExpires {
    /// `None` where the value is no number of seconds.
    pub fn parse(value: &str) -> Option<SessionExpires> {
        let mut parts = value.split(';');
        let delta_s = parts.next()?.trim().parse().ok()?;
        let refresher = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            if !name.trim().eq_ignore_ascii_case("refresher") {
                return None;
            }
            match value.trim().to_ascii_lowercase().as_str() {
                "uac" => Some(Side::Uac),
                "uas" => Some(Side::Uas),
                _ => None,
            }
        });
        Some(SessionExpires { delta_s, refresher })
    }
}

impl std::fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.delta_s)?;
        match self.refresher {
            Some(side) => write!(f, ";refresher={}", side.word()),
            None => Ok(()),
        }
    }
}

/// What a message says about session timers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// `timer` stands in its Supported or Require.
    pub supported: bool,
    pub session_expires: Option<SessionExpires>,
    pub min_se_s: Option<u32>,
}

/// What both sides agreed on, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    pub interval: Duration,
    pub we_refresh: bool,
}

/// The answer of a UAS to a request that may set a session timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Agree {
        header: SessionExpires,
        /// `Require: timer` must stand in the 2xx (RFC 4028 §9: the UAC refreshes).
        require: bool,
        terms: Terms,
    },
    /// 422 Session Interval Too Small, with this `Min-SE` in seconds.
    TooSmall { min_se_s: u32 },
}

/// Answers a request as RFC 4028 §9 says: never longer than asked, never
/// shorter than either side's minimum. A peer without `timer` is refreshed by us.
pub(super) fn answer(asked: Asked, policy: Policy) -> Answer {
    let min_s = seconds(policy.min);
    let floor_s = min_s.max(asked.min_se_s.unwrap_or(0));
    let delta_s = match asked.session_expires {
        Some(expires) if expires.delta_s < min_s => return Answer::TooSmall { min_se_s: min_s },
        Some(expires) => expires.delta_s.min(seconds(policy.interval)).max(floor_s),
        None => seconds(policy.interval).max(floor_s),
    };
    let refresher = match (asked.supported, asked.session_expires) {
        (false, _) => Side::Uas,
        (true, Some(expires)) => expires.refresher.unwrap_or(Side::Uac),
        (true, None) => Side::Uac,
    };
    Answer::Agree {
        header: SessionExpires {
            delta_s,
            refresher: Some(refresher),
        },
        require: refresher == Side::Uac,
        terms: Terms {
            interval: Duration::from_secs(delta_s.into()),
            we_refresh: refresher == Side::Uas,
        },
    }
}

/// What a 2xx to a request of ours settles (RFC 4028 §7.2). Without a
/// `Session-Expires` the peer knows no timers: we refresh on our own.
pub(super) fn settled(response: Asked, policy: Policy) -> Terms {
    match response.session_expires {
        Some(expires) => Terms {
            interval: Duration::from_secs(expires.delta_s.max(1).into()),
            we_refresh: expires.refresher != Some(Side::Uas),
        },
        None => Terms {
            interval: policy.interval,
            we_refresh: true,
        },
    }
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// What the clock asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Send a refresh (UPDATE or re-INVITE).
    Refresh,
    /// Nobody refreshed in time: BYE.
    Expire,
}

/// One session's timer.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionTimer {
    terms: Terms,
    /// When the session ends unless it is refreshed before.
    expiry: Instant,
    /// When we send the next refresh; `None` while one is under way or it is not ours.
    refresh: Option<Instant>,
}

impl SessionTimer {
    pub fn start(terms: Terms, now: Instant) -> SessionTimer {
        let interval = terms.interval;
        // RFC 4028 §10: the side that waits gives up a little before the end,
        // min(32 s, a third of the interval), so that its BYE still finds the dialog.
        let (expiry, refresh) = if terms.we_refresh {
            (now + interval, Some(now + interval / 2))
        } else {
            let early = Duration::from_secs(32).min(interval / 3);
            (now + interval - early, None)
        };
        SessionTimer {
            terms,
            expiry,
            refresh,
        }
    }

    pub fn terms(&self) -> Terms {
        self.terms
    }

    /// When to ask [`SessionTimer::due`] again.
    pub fn next(&self) -> Instant {
        self.refresh.map_or(self.expiry, |at| at.min(self.expiry))
    }

    pub fn due(&mut self, now: Instant) -> Option<Due> {
        if now >= self.expiry {
            return Some(Due::Expire);
        }
        if self.refresh.is_some_and(|at| now >= at) {
            self.refresh = None;
            return Some(Due::Refresh);
        }
        None
    }

    /// A refresh of ours was refused for a passing reason: try again half-way to the end.
    pub fn refresh_failed(&mut self, now: Instant) {
        if self.terms.we_refresh {
            let left = self.expiry.saturating_duration_since(now);
            self.refresh = Some(now + left / 2);
        }
    }
}
