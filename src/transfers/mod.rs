//! Whom outside a caller may be handed to: `[transfers]`. Pure: what was keyed, clicked or referred to in, a number to be
//! dialled or the reason against it out.
//!
//! **Invariant:** nobody outside is called but by a pattern that the operator wrote; no emergency, foreign or premium
//! number and no number of this house, whatever is written.

mod pattern;

pub use pattern::{Pattern, Unfit};

use crate::domain::mask;
use crate::errands::{Numbers, Trouble};

/// What the operator says of transfers to the outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Who may be called; none: nobody.
    pub outside: Vec<Pattern>,
    /// Calls to the outside that one call may make, one after the other.
    pub a_call: u8,
    /// How numbers are written, dialled and barred, as of calls out.
    pub numbers: Numbers,
    /// Our own number, as called persons see it.
    pub caller_id: String,
}

/// Somebody outside who may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The user part of the Request-URI.
    pub dialled: String,
    /// As people and the timeline see it: a person's number is masked, a service's is not.
    pub shown: String,
}

/// Why nobody outside is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum No {
    /// Neither a desk, nor a group, nor a number.
    NoName,
    /// No number outside may be called.
    Off,
    /// None of the patterns fits.
    NotAllowed,
    Barred,
    Emergency,
    Foreign,
    Premium,
    /// A number of this house: the call would come in again.
    Own,
    /// A rehearsal stays in the house.
    Rehearsal,
    /// The call has called as many as it may.
    TooOften,
    /// All lines are taken.
    NoLine,
    /// No way leads out now.
    NoTrunk,
}

impl No {
    pub const ALL: [No; 12] = [
        No::NoName,
        No::Off,
        No::NotAllowed,
        No::Barred,
        No::Emergency,
        No::Foreign,
        No::Premium,
        No::Own,
        No::Rehearsal,
        No::TooOften,
        No::NoLine,
        No::NoTrunk,
    ];

    /// The word of the timeline.
    pub const fn word(self) -> &'static str {
        match self {
            No::NoName => "unknown",
            No::Off => "outside",
            No::NotAllowed => "outside_not_allowed",
            No::Barred => "outside_barred",
            No::Emergency => "outside_emergency",
            No::Foreign => "outside_foreign",
            No::Premium => "outside_premium",
            No::Own => "outside_own_number",
            No::Rehearsal => "outside_rehearsal",
            No::TooOften => "outside_too_often",
            No::NoLine => "outside_no_line",
            No::NoTrunk => "outside_no_trunk",
        }
    }

    /// For the person at a telephone that shows it (RFC 3261 §20.43): ASCII without quotes.
    pub const fn said(self) -> &'static str {
        match self {
            No::NoName => "no desk or group of this house has that name",
            No::Off => "nobody outside may be called from a call",
            No::NotAllowed => "this number is not among those that callers may be handed to",
            No::Barred => "this number is barred",
            No::Emergency => "emergency numbers are not called",
            No::Foreign => "numbers abroad are not called",
            No::Premium => "premium numbers are not called",
            No::Own => "this is a number of this house",
            No::Rehearsal => "a rehearsal does not leave the house",
            No::TooOften => "this call has called outside as often as it may",
            No::NoLine => "all lines are taken",
            No::NoTrunk => "no trunk is there now",
        }
    }

    /// Why nobody at all is called from a call: where no call `goes_out` of this house, and from a `rehearsal`.
    pub const fn of_call(goes_out: bool, rehearsal: bool) -> Option<No> {
        match (goes_out, rehearsal) {
            (false, _) => Some(No::Off),
            (true, true) => Some(No::Rehearsal),
            (true, false) => None,
        }
    }

    /// The status of a REFER's refusal: what may be tried again is no 403.
    pub const fn status(self) -> u16 {
        match self {
            No::NoLine | No::NoTrunk => 503,
            _ => 403,
        }
    }
}

impl Rules {
    /// Whom this names, where he may be called. `own`: numbers of this house beside its caller id, in whatever form.
    pub fn judge<'a>(
        &'a self,
        written: &str,
        own: impl IntoIterator<Item = &'a str>,
    ) -> Result<Target, No> {
        let judged = self.numbers.judge(written);
        let plain = Numbers::plain(written);
        let target = match (&judged, plain) {
            _ if self.outside.is_empty() => {
                return Err(match judged {
                    Err(Trouble::NotANumber) => No::NoName,
                    _ => No::Off,
                });
            }
            (Ok(number), _) => {
                let national = number.as_str();
                let mut patterns = self.outside.iter();
                if !patterns.any(|pattern| pattern.takes(national)) {
                    return Err(No::NotAllowed);
                }
                Target {
                    dialled: self.numbers.dialled(number),
                    shown: mask(national),
                }
            }
            // Services are called by name alone: no prefix reaches one.
            (Err(Trouble::Service), Some(digits)) => {
                self.service(&digits)?;
                Target {
                    dialled: format!("{}{digits}", self.numbers.outside),
                    shown: digits,
                }
            }
            (Err(trouble), _) => return Err(of_trouble(*trouble)),
        };
        let mut own = own.into_iter().chain([self.caller_id.as_str()]);
        match own.any(|own| self.is_same(own, written)) {
            true => Err(No::Own),
            false => Ok(target),
        }
    }

    fn service(&self, digits: &str) -> Result<(), No> {
        let mut barred = self.numbers.barred.iter();
        if barred.any(|prefix| digits.starts_with(prefix.as_str())) {
            return Err(No::Barred);
        }
        let mut patterns = self.outside.iter();
        match patterns.any(|pattern| *pattern == Pattern::Number(digits.to_owned())) {
            true => Ok(()),
            false => Err(No::NotAllowed),
        }
    }

    /// Whether two ways to write a number mean one, whoever may be called.
    fn is_same(&self, one: &str, other: &str) -> bool {
        let all = Numbers {
            allowed: Vec::new(),
            barred: Vec::new(),
            ..self.numbers.clone()
        };
        let read = |written: &str| match all.judge(written) {
            Ok(number) => Some(number.as_str().to_owned()),
            Err(_) => Numbers::plain(written),
        };
        read(one).is_some_and(|one| read(other).is_some_and(|other| one == other))
    }
}

fn of_trouble(trouble: Trouble) -> No {
    match trouble {
        Trouble::Emergency => No::Emergency,
        Trouble::Foreign => No::Foreign,
        Trouble::Premium => No::Premium,
        Trouble::Barred => No::Barred,
        Trouble::NotAllowed | Trouble::Service => No::NotAllowed,
        _ => No::NoName,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(outside: &[&str]) -> Rules {
        Rules {
            outside: outside
                .iter()
                .map(|text| Pattern::read(text).unwrap())
                .collect(),
            a_call: 3,
            numbers: Numbers {
                area: "010".into(),
                outside: "9".into(),
                barred: vec!["170".into(), "01096".into()],
                ..Numbers::default()
            },
            caller_id: "01066554433".into(),
        }
    }

    fn judged(rules: &Rules, written: &str) -> Result<(String, String), No> {
        let target = rules.judge(written, ["12316", "84238888"]);
        target.map(|target| (target.dialled, target.shown))
    }

    #[test]
    fn who_is_named_by_a_pattern_is_called_and_nobody_else() {
        let rules = rules(&["12345", "010…", "13800138000"]);
        let called = |dialled: &str, shown: &str| Ok((dialled.to_owned(), shown.to_owned()));
        for (written, expected) in [
            ("12345", called("912345", "12345")),
            ("84231234", called("901084231234", "****1234")),
            ("+86 10 84231234", called("901084231234", "****1234")),
            ("13800138000", called("913800138000", "138****8000")),
            ("13800138001", Err(No::NotAllowed)),
            ("0755-81234567", Err(No::NotAllowed)),
            ("12366", Err(No::NotAllowed)),
            // No prefix reaches a service.
            ("01096123456", Err(No::Barred)),
            ("95588", Err(No::NotAllowed)),
            ("17012345678", Err(No::Barred)),
            ("110", Err(No::Emergency)),
            ("010110", Err(No::Emergency)),
            ("0085223456789", Err(No::Foreign)),
            ("16812345", Err(No::Premium)),
            ("audit", Err(No::NoName)),
            ("", Err(No::NoName)),
        ] {
            assert_eq!(judged(&rules, written), expected, "{written}");
        }
    }

    #[test]
    fn the_houses_own_numbers_are_no_way_out() {
        let rules = rules(&["010…", "12316", "12345"]);
        for written in [
            "01066554433",
            "66554433",
            "+861066554433",
            "12316",
            "010-8423 8888",
        ] {
            assert_eq!(judged(&rules, written), Err(No::Own), "{written}");
        }
    }

    #[test]
    fn without_a_pattern_nobody_is_called() {
        let rules = rules(&[]);
        for (written, no) in [
            ("13800138000", No::Off),
            ("12345", No::Off),
            ("110", No::Off),
            ("audit", No::NoName),
        ] {
            assert_eq!(judged(&rules, written), Err(no), "{written}");
        }
    }

    #[test]
    fn a_rehearsal_stays_in_the_house() {
        assert_eq!(No::of_call(true, true), Some(No::Rehearsal));
        assert_eq!(No::of_call(true, false), None);
        assert_eq!(No::of_call(false, false), Some(No::Off));
    }

    #[test]
    fn what_a_telephone_shows_is_plain() {
        for no in No::ALL {
            let said = no.said();
            assert!(said.is_ascii() && !said.contains(['"', '\\']), "{said}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_judged_and_what_is_called_is_digits(text in "\\PC{0,60}") {
            let rules = rules(&["1…", "0…", "12345"]);
            if let Ok((dialled, _)) = judged(&rules, &text) {
                proptest::prop_assert!(dialled.bytes().all(|byte| byte.is_ascii_digit()));
            }
        }
    }
}
