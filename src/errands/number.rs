//! Telephone numbers of the country as they are written, said and shown, and which of them may be called.

use super::Trouble;

/// A number in its national form: `13812345678`, or `01012345678` with its area code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Number {
    national: String,
    kind: Kind,
}

/// What a number belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Mobile,
    Landline {
        /// Digits of the area code, its 0 included: 3 (010, 02x) or 4.
        area: u8,
    },
}

/// What the operator says of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Numbers {
    /// The centre's area code with its 0, `010`: of a number without one.
    pub area: String,
    /// Before every number, where the trunk is a switchboard's: `9`.
    pub outside: String,
    /// Whether a number of the own area is dialled without its code.
    pub local_without_area: bool,
    /// National prefixes that alone may be called; none: all that are not refused below.
    pub allowed: Vec<String>,
    /// National prefixes that may not.
    pub barred: Vec<String>,
}

/// Police, fire, ambulance, traffic, maritime rescue, forest fires, Hong Kong's and foreign habits.
const EMERGENCY: [&str; 8] = ["110", "119", "120", "122", "12110", "12395", "95119", "999"];

/// Information for money (160, 168), satellites (1349, 1740 to 1749), and the prefixes of calls by IP (179): a toll. No mobile number
/// begins with any of them.
const PREMIUM: [&str; 5] = ["160", "168", "1349", "174", "179"];

impl Numbers {
    /// The number that may be called, or why it may not. As written by people and trunks: `+86 138-1234-5678`,
    /// `(010) 6655 4433`, `０１０…`.
    pub fn judge(&self, written: &str) -> Result<Number, Trouble> {
        let number = self.read(written)?;
        let any = |prefixes: &[String]| {
            let mut prefixes = prefixes.iter();
            prefixes.any(|prefix| number.national.starts_with(prefix.as_str()))
        };
        if any(&self.barred) {
            return Err(Trouble::Barred);
        }
        if !self.allowed.is_empty() && !any(&self.allowed) {
            return Err(Trouble::NotAllowed);
        }
        Ok(number)
    }

    /// What is sent as the user part of the Request-URI.
    pub fn dialled(&self, number: &Number) -> String {
        let local = self.local_without_area
            && matches!(number.kind, Kind::Landline { .. })
            && !self.area.is_empty()
            && number.national.starts_with(&self.area);
        let rest = match local {
            true => &number.national[self.area.len()..],
            false => &number.national,
        };
        format!("{}{rest}", self.outside)
    }

    /// The digits of what is written, without the country's code; `None` for a number abroad, or for none.
    pub fn plain(written: &str) -> Option<String> {
        let (digits, abroad) = digits(written).ok()?;
        match abroad {
            true => digits.strip_prefix("86").map(str::to_owned),
            false => Some(digits),
        }
    }

    fn read(&self, written: &str) -> Result<Number, Trouble> {
        let (digits, abroad) = digits(written)?;
        let digits = match abroad {
            true => digits.strip_prefix("86").ok_or(Trouble::Foreign)?,
            false => digits.as_str(),
        };
        // A trunk may show the country's code without its plus.
        let digits = match digits.strip_prefix("86") {
            Some(rest) if rest.len() == 11 && is_mobile(rest) => rest,
            _ => digits,
        };
        if EMERGENCY.contains(&digits.trim_start_matches('0')) {
            return Err(Trouble::Emergency);
        }
        let mobile = digits.strip_prefix('0').unwrap_or(digits);
        if is_premium(mobile) {
            return Err(Trouble::Premium);
        }
        if is_mobile(mobile) {
            return Ok(Number {
                national: mobile.to_owned(),
                kind: Kind::Mobile,
            });
        }
        self.landline(digits, abroad)
    }

    /// With its area code, or of the own area. From abroad's form the code's 0 is left out.
    fn landline(&self, digits: &str, abroad: bool) -> Result<Number, Trouble> {
        let national = match (digits.starts_with('0'), abroad) {
            (true, _) => digits.to_owned(),
            (false, true) => format!("0{digits}"),
            (false, false) if is_service(digits) => return Err(Trouble::Service),
            (false, false) if matches!(digits.len(), 7 | 8) && !self.area.is_empty() => {
                format!("{}{digits}", self.area)
            }
            (false, false) => return Err(Trouble::NotANumber),
        };
        let area = area_of(&national).ok_or(Trouble::NotANumber)?;
        let local = &national[usize::from(area)..];
        match local.as_bytes() {
            // Local numbers begin with 2 to 8; 7 or 8 digits.
            [b'2'..=b'8', ..] if matches!(local.len(), 7 | 8) => Ok(Number {
                national,
                kind: Kind::Landline { area },
            }),
            _ if EMERGENCY.contains(&local) => Err(Trouble::Emergency),
            [b'1' | b'9', ..] => Err(Trouble::Service),
            _ => Err(Trouble::NotANumber),
        }
    }
}

impl Number {
    pub fn as_str(&self) -> &str {
        &self.national
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// As it is shown and logged: its last four digits.
    pub fn tail(&self) -> &str {
        &self.national[self.national.len() - 4..]
    }
}

/// Longer than any number with its signs.
const LONGEST: usize = 40;

/// The digits, and whether they begin with a country's code.
fn digits(written: &str) -> Result<(String, bool), Trouble> {
    let written = written.trim();
    if written.len() > LONGEST * 3 || written.chars().count() > LONGEST {
        return Err(Trouble::NotANumber);
    }
    let plain = |c: char| match c {
        '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32),
        '＋' => Some('+'),
        c => Some(c),
    };
    let written: String = written.chars().filter_map(plain).collect();
    let (rest, plus) = match written.strip_prefix('+') {
        Some(rest) => (rest, true),
        None => (written.as_str(), false),
    };
    let mut digits = String::new();
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' | '(' | ')' | '（' | '）' | '－' | '\u{3000}' => {}
            _ => return Err(Trouble::NotANumber),
        }
    }
    if !plus && let Some(rest) = digits.strip_prefix("00") {
        return Ok((rest.to_owned(), true));
    }
    match digits.is_empty() {
        true => Err(Trouble::NotANumber),
        false => Ok((digits, plus)),
    }
}

fn is_mobile(digits: &str) -> bool {
    digits.len() == 11 && matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..])
}

/// Of whatever length: what is dialled behind them is not looked at by a network that takes them.
fn is_premium(digits: &str) -> bool {
    PREMIUM.iter().any(|prefix| digits.starts_with(prefix))
}

/// 1xx… that is no mobile number, 400, 800, 95…, 96….
fn is_service(digits: &str) -> bool {
    let short = digits.len() < 7;
    let free = digits.len() == 10 && (digits.starts_with("400") || digits.starts_with("800"));
    let named = matches!(digits.as_bytes(), [b'1' | b'9', ..]);
    short || free || named
}

/// How many digits its area code has: 010 and 02x three, others four. None has two noughts behind its first digit: 0400 and 0800 are
/// the services 400 and 800 with a nought before.
fn area_of(national: &str) -> Option<u8> {
    match national.as_bytes() {
        [b'0', _, b'0', b'0', ..] => None,
        [b'0', b'1', b'0', ..] | [b'0', b'2', b'0'..=b'9', ..] => Some(3),
        [b'0', b'3'..=b'9', ..] if national.len() > 4 => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers() -> Numbers {
        Numbers {
            area: "010".into(),
            ..Numbers::default()
        }
    }

    #[test]
    fn every_way_to_write_a_number_is_one_number() {
        let numbers = numbers();
        for (written, national) in [
            ("13812345678", "13812345678"),
            ("+86 138-1234-5678", "13812345678"),
            ("0086 138 1234 5678", "13812345678"),
            ("8613812345678", "13812345678"),
            ("013812345678", "13812345678"),
            ("１３８１２３４５６７８", "13812345678"),
            ("66554433", "01066554433"),
            ("(010) 6655 4433", "01066554433"),
            ("+86 10 66554433", "01066554433"),
            ("0755-8123456", "07558123456"),
            ("＋86 571 87654321", "057187654321"),
        ] {
            let judged = numbers.judge(written).map(|number| number.national);
            assert_eq!(judged.as_deref(), Ok(national), "{written}");
        }
        let landline = numbers.judge("0755-81234567").unwrap();
        assert_eq!(landline.kind(), Kind::Landline { area: 4 });
        assert_eq!(numbers.judge("13812345678").unwrap().kind(), Kind::Mobile);
    }

    #[test]
    fn what_costs_or_alarms_is_never_called() {
        let numbers = numbers();
        for (written, why) in [
            ("110", Trouble::Emergency),
            ("119", Trouble::Emergency),
            ("0120", Trouble::Emergency),
            ("010110", Trouble::Emergency),
            ("+1 212 555 0100", Trouble::Foreign),
            ("00852 2345 6789", Trouble::Foreign),
            ("16812345", Trouble::Premium),
            ("1601234", Trouble::Premium),
            ("16812345678", Trouble::Premium),
            ("016812345678", Trouble::Premium),
            ("+86 160 1234 5678", Trouble::Premium),
            ("17951123456", Trouble::Premium),
            ("17951 13812345678", Trouble::Premium),
            ("04008001234", Trouble::NotANumber),
            ("08008001234", Trouble::NotANumber),
            ("8008001234", Trouble::Service),
            ("96168", Trouble::Service),
            ("01096123456", Trouble::Service),
            ("+86 00 1 212 555 0100", Trouble::NotANumber),
            ("00", Trouble::Foreign),
            ("13491234567", Trouble::Premium),
            ("17401234567", Trouble::Premium),
            ("4008001234", Trouble::Service),
            ("95588", Trouble::Service),
            ("12345", Trouble::Service),
            ("10086", Trouble::Service),
            ("01012345", Trouble::Service),
            ("anonymous", Trouble::NotANumber),
            ("138123456789", Trouble::Service),
            ("", Trouble::NotANumber),
            ("sip:13812345678@x", Trouble::NotANumber),
        ] {
            assert_eq!(numbers.judge(written), Err(why), "{written}");
        }
        let long = "1".repeat(10_000);
        assert_eq!(numbers.judge(&long), Err(Trouble::NotANumber));
    }

    #[test]
    fn the_operator_allows_and_bars() {
        let numbers = Numbers {
            allowed: vec!["1".into(), "010".into()],
            barred: vec!["170".into(), "171".into()],
            ..numbers()
        };
        assert!(numbers.judge("13812345678").is_ok());
        assert!(numbers.judge("66554433").is_ok());
        assert_eq!(numbers.judge("0755-81234567"), Err(Trouble::NotAllowed));
        assert_eq!(numbers.judge("17012345678"), Err(Trouble::Barred));
    }

    #[test]
    fn a_number_is_dialled_as_the_trunk_wants_it() {
        let numbers = Numbers {
            outside: "9".into(),
            local_without_area: true,
            ..numbers()
        };
        let dialled = |written| numbers.dialled(&numbers.judge(written).unwrap());
        assert_eq!(dialled("13812345678"), "913812345678");
        assert_eq!(dialled("01066554433"), "966554433");
        assert_eq!(dialled("075581234567"), "9075581234567");
    }

    proptest! {
        #[test]
        fn any_text_is_judged_and_a_number_reads_as_itself(text in "\\PC{0,60}") {
            let numbers = numbers();
            if let Ok(number) = numbers.judge(&text) {
                prop_assert!(number.as_str().bytes().all(|byte| byte.is_ascii_digit()));
                prop_assert!((10..=12).contains(&number.as_str().len()));
                prop_assert_eq!(numbers.judge(number.as_str()), Ok(number.clone()));
            }
        }

        #[test]
        fn digits_of_any_length_never_reach_abroad_or_an_alarm(digits in "[+0-9]{1,16}") {
            let numbers = numbers();
            if let Ok(number) = numbers.judge(&digits) {
                let national = number.as_str();
                prop_assert!(!national.starts_with("00"));
                prop_assert!(is_mobile(national) || area_of(national).is_some());
            }
        }
    }
}
