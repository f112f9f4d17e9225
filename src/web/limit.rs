//! The twelve hours of a desk's login, as its page is told of them.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering::Relaxed};

use super::desk::TOLD_BEFORE_MS;
use crate::console::ToPage;
use crate::domain::Moment;

/// When the login of an open page ends by time alone, and what of it the page was told. What goes on at the desk then goes
/// on to its end.
#[derive(Debug, Default)]
pub(super) struct Limit {
    /// ms since the epoch; 0: not known yet.
    ends_at: AtomicI64,
    /// 0: nothing; 1: that it is near; 2: that it is reached.
    told: AtomicU8,
}

impl Limit {
    /// As a look found it.
    pub fn is(&self, ends_at: Moment) {
        self.ends_at.store(ends_at.millis(), Relaxed);
    }

    /// How many ms are left; not positive: it is reached.
    fn left_ms(&self, now: Moment) -> Option<i64> {
        let ends_at = self.ends_at.load(Relaxed);
        (ends_at != 0).then(|| ends_at - now.millis())
    }

    /// What its page is to be told now: once that it is near, and once, where something goes on, that it is reached.
    pub fn to_tell(&self, now: Moment) -> Option<ToPage> {
        let left_ms = self.left_ms(now)?;
        let (stage, in_s) = match left_ms {
            ..=0 => (2, 0),
            1..=TOLD_BEFORE_MS => (1, u64::try_from(left_ms).unwrap_or(0).div_ceil(1000)),
            _ => return None,
        };
        let is_new = self.told.fetch_max(stage, Relaxed) < stage;
        is_new.then_some(ToPage::LoginEnds { in_s })
    }

    /// Whether the desk, as its page is told of it now, has nothing left that its login is kept for: no caller is sent to
    /// it between this and the next look.
    pub fn is_reached_by(&self, told: &ToPage, now: Moment) -> bool {
        let is_idle = matches!(told, ToPage::State(shown) if !shown.is_busy());
        is_idle && self.left_ms(now).is_some_and(|left_ms| left_ms <= 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Shown;

    fn at(minute: i64) -> Moment {
        Moment::from_millis(1_790_000_000_000 + minute * 60_000)
    }

    fn state(state: &'static str) -> ToPage {
        ToPage::State(Shown {
            state,
            reason: None,
            left_s: None,
        })
    }

    #[test]
    fn a_page_is_told_ten_minutes_before_and_once_more_when_it_goes_on_for_its_talk() {
        let limit = Limit::default();
        assert_eq!(limit.to_tell(at(0)), None, "nobody has looked yet");
        limit.is(at(720));
        assert_eq!(limit.to_tell(at(709)), None);
        let told = limit.to_tell(at(710));
        assert_eq!(told, Some(ToPage::LoginEnds { in_s: 600 }));
        assert_eq!(limit.to_tell(at(711)), None, "once");
        let told = limit.to_tell(at(720));
        assert_eq!(told, Some(ToPage::LoginEnds { in_s: 0 }));
        assert_eq!(limit.to_tell(at(721)), None, "once");
        limit.is(at(720));
        assert_eq!(
            limit.to_tell(at(722)),
            None,
            "the next look changes nothing"
        );
    }

    #[test]
    fn the_limit_holds_when_the_work_after_the_talk_is_over() {
        let limit = Limit::default();
        limit.is(at(720));
        for busy in ["ringing", "talking", "wrap_up"] {
            assert!(!limit.is_reached_by(&state(busy), at(800)), "{busy}");
        }
        for idle in ["ready", "break", "offline", "resting"] {
            assert!(limit.is_reached_by(&state(idle), at(720)), "{idle}");
            assert!(!limit.is_reached_by(&state(idle), at(719)), "{idle}");
        }
        assert!(!limit.is_reached_by(&ToPage::Alive {}, at(800)));
    }
}
