//! Session timers (RFC 4028): who refreshes, how often, and when a session is given up.
//! Pure: the time is handed in.

use std::time::{Duration, Instant};

/// What this side wants, and the least it accepts (`Min-SE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub interval: Duration,
    pub min: Duration,
}

/// A side of one transaction, as the `refresher` parameter names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
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
pub struct SessionExpires {
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
pub struct Asked {
    /// `timer` stands in its Supported or Require.
    pub supported: bool,
    pub session_expires: Option<SessionExpires>,
    pub min_se_s: Option<u32>,
}

/// What both sides agreed on, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub interval: Duration,
    pub we_refresh: bool,
    /// The peer said `timer`, or named an interval. One that did neither is only asked
    /// whether it is still there: whatever it answers, it is.
    pub binding: bool,
}

/// The answer of a UAS to a request that may set a session timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
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
pub fn answer(asked: Asked, policy: Policy) -> Answer {
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
            binding: asked.supported,
        },
    }
}

/// What a 2xx to a request of ours settles (RFC 4028 §7.2). Without a
/// `Session-Expires` the peer knows no timers: we refresh on our own.
pub fn settled(response: Asked, policy: Policy) -> Terms {
    match response.session_expires {
        Some(expires) => Terms {
            interval: Duration::from_secs(expires.delta_s.max(1).into()),
            we_refresh: expires.refresher != Some(Side::Uas),
            binding: true,
        },
        None => Terms {
            interval: policy.interval,
            we_refresh: true,
            binding: false,
        },
    }
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// What the clock asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Send a refresh (UPDATE or re-INVITE).
    Refresh,
    /// Nobody refreshed in time: BYE.
    Expire,
}

/// One session's timer.
#[derive(Debug, Clone, Copy)]
pub struct SessionTimer {
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

    /// A refresh of ours crossed an offer of theirs (491): again at `at`, unless the session is refreshed before. Whoever
    /// knows no timers has shown that he is there.
    pub fn refresh_crossed(&mut self, at: Instant, now: Instant) {
        if !self.terms.binding {
            self.expiry = now + self.terms.interval;
        }
        if self.terms.we_refresh {
            self.refresh = Some(at);
        }
    }

    /// A refresh of ours was refused for a passing reason: try again half-way to the end.
    pub fn refresh_failed(&mut self, now: Instant) {
        if self.terms.we_refresh {
            let left = self.expiry.saturating_duration_since(now);
            self.refresh = Some(now + left / 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        interval: Duration::from_secs(1800),
        min: Duration::from_secs(90),
    };

    #[allow(clippy::disallowed_methods)] // a test needs some instant to start from
    fn start() -> Instant {
        Instant::now()
    }

    fn asks(supported: bool, session_expires: Option<&str>, min_se_s: Option<u32>) -> Asked {
        Asked {
            supported,
            session_expires: session_expires.and_then(SessionExpires::parse),
            min_se_s,
        }
    }

    #[test]
    fn a_request_is_answered_as_the_table_of_rfc_4028_says() {
        for (asked, header, require) in [
            (
                asks(true, Some("600;refresher=uac"), None),
                "600;refresher=uac",
                true,
            ),
            (
                asks(true, Some("600;refresher=uas"), None),
                "600;refresher=uas",
                false,
            ),
            (asks(true, Some("600"), None), "600;refresher=uac", true),
            (asks(true, Some("7200"), None), "1800;refresher=uac", true),
            (
                asks(true, Some("7200"), Some(3600)),
                "3600;refresher=uac",
                true,
            ),
            (asks(true, None, None), "1800;refresher=uac", true),
            // A proxy asked, the caller knows no timers: we refresh.
            (asks(false, Some("600"), None), "600;refresher=uas", false),
            (asks(false, None, None), "1800;refresher=uas", false),
            (
                asks(false, Some(" 120 ; refresher = UAC "), None),
                "120;refresher=uas",
                false,
            ),
        ] {
            let Answer::Agree {
                header: found,
                require: required,
                terms,
            } = answer(asked, POLICY)
            else {
                panic!("{asked:?} is agreeable");
            };
            assert_eq!(found.to_string(), header, "{asked:?}");
            assert_eq!(required, require, "{asked:?}");
            assert_eq!(terms.we_refresh, header.ends_with("uas"), "{asked:?}");
            assert_eq!(terms.binding, asked.supported, "{asked:?}");
        }
    }

    #[test]
    fn an_interval_under_the_minimum_is_too_small() {
        let asked = asks(true, Some("89"), None);
        assert_eq!(answer(asked, POLICY), Answer::TooSmall { min_se_s: 90 });
    }

    #[test]
    fn a_2xx_settles_who_refreshes() {
        for (response, interval_s, we_refresh) in [
            (asks(true, Some("600;refresher=uac"), None), 600, true),
            (asks(true, Some("600;refresher=uas"), None), 600, false),
            (asks(true, Some("600"), None), 600, true),
            (asks(false, None, None), 1800, true),
            (asks(true, Some("0"), None), 1, true),
        ] {
            let terms = settled(response, POLICY);
            assert_eq!(terms.binding, response.session_expires.is_some());
            assert_eq!(terms.interval.as_secs(), interval_s, "{response:?}");
            assert_eq!(terms.we_refresh, we_refresh, "{response:?}");
        }
    }

    #[test]
    fn the_refresher_refreshes_at_half_and_expires_at_the_end() {
        let from = start();
        let after = |s| from + Duration::from_secs(s);
        let terms = Terms {
            interval: Duration::from_secs(600),
            we_refresh: true,
            binding: true,
        };
        let mut timer = SessionTimer::start(terms, from);
        assert_eq!(timer.next(), after(300));
        assert_eq!(timer.due(after(299)), None);
        assert_eq!(timer.due(after(300)), Some(Due::Refresh));
        assert_eq!(timer.due(after(301)), None, "one is under way");
        timer.refresh_failed(after(400));
        assert_eq!(timer.next(), after(500));
        assert_eq!(timer.due(after(500)), Some(Due::Refresh));
        assert_eq!(timer.due(after(600)), Some(Due::Expire));
    }

    #[test]
    fn a_refresh_that_crossed_comes_again_in_its_window_and_one_of_theirs_replaces_it() {
        let from = start();
        let after = |s| from + Duration::from_secs(s);
        let terms = |binding| Terms {
            interval: Duration::from_secs(90),
            we_refresh: true,
            binding,
        };
        for (binding, expiry) in [(true, 90), (false, 135)] {
            let mut timer = SessionTimer::start(terms(binding), from);
            assert_eq!(timer.due(after(45)), Some(Due::Refresh));
            timer.refresh_crossed(after(48), after(45));
            assert_eq!(timer.due(after(47)), None);
            assert_eq!(timer.due(after(48)), Some(Due::Refresh));
            assert_eq!(timer.next(), after(expiry), "binding: {binding}");
        }
    }

    #[test]
    fn the_side_that_waits_gives_up_a_little_before_the_end() {
        for (interval_s, expiry_s) in [(600, 568), (90, 60), (30, 20)] {
            let from = start();
            let terms = Terms {
                interval: Duration::from_secs(interval_s),
                we_refresh: false,
                binding: true,
            };
            let mut timer = SessionTimer::start(terms, from);
            assert_eq!(timer.next(), from + Duration::from_secs(expiry_s));
            assert_eq!(timer.due(timer.next()), Some(Due::Expire));
        }
    }

    #[test]
    fn what_is_no_session_expires_is_none() {
        for text in ["", "soon", "-1", "99999999999", ";refresher=uac"] {
            assert_eq!(SessionExpires::parse(text), None, "{text}");
        }
        assert_eq!(
            SessionExpires::parse("90;x=y;refresher=nobody"),
            Some(SessionExpires {
                delta_s: 90,
                refresher: None
            })
        );
    }
}
