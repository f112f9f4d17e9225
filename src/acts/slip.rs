//! The number of a handling slip (差评处理单, 附件).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::{Series, UnknownWord};

/// `S2026-000007`, in the annex's words 2026 第 7 号; of a rehearsal `P2026-000001`. Counted anew each year
/// of generation, without holes: a void slip keeps its number (A25, A26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlipNumber {
    pub series: Series,
    /// Of generation, in Asia/Shanghai.
    pub year: i16,
    /// From 1.
    pub serial: u32,
}

/// Numbers for the slips that an act makes, in their order.
#[derive(Debug, Clone, Copy)]
pub struct FreshSlips {
    next: SlipNumber,
}

impl FreshSlips {
    pub fn from(next: SlipNumber) -> Self {
        FreshSlips { next }
    }

    /// The next one; it is used up.
    pub fn take(&mut self) -> SlipNumber {
        let taken = self.next;
        self.next.serial += 1;
        taken
    }
}

impl SlipNumber {
    /// The letter of the series, which no other series of numbers has.
    pub const fn letter(series: Series) -> char {
        match series {
            Series::Real => 'S',
            Series::Rehearsal => 'P',
        }
    }

    /// `2026 第 7 号`.
    pub fn zh(self) -> String {
        format!("{} 第 {} 号", self.year, self.serial)
    }
}

impl fmt::Display for SlipNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = Self::letter(self.series);
        write!(f, "{letter}{:04}-{:06}", self.year, self.serial)
    }
}

impl FromStr for SlipNumber {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let series = Series::ALL
            .into_iter()
            .find(|series| text.starts_with(Self::letter(*series)));
        series
            .and_then(|series| {
                let (year, serial) = text[1..].split_once('-')?;
                Some(SlipNumber {
                    series,
                    year: year.parse().ok()?,
                    serial: serial.parse().ok()?,
                })
            })
            .filter(|number| number.serial > 0 && number.to_string() == text)
            .ok_or_else(|| UnknownWord {
                kind: "slip number such as S2026-000007",
                word: text.to_owned(),
            })
    }
}

impl Serialize for SlipNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SlipNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
