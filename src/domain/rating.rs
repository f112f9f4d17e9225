//! The rating an intake becomes, and which one counts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::intake::Intake;
use super::service::ServiceKey;
use super::word::{UnknownWord, read_word};
use crate::calendar::Moment;

/// Names a rating: `call-20261123-220512-7f3a9c-1`; goes into an address as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RatingId {
    pub service: ServiceKey,
    pub sequence: u32,
}

/// Whether a rating counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "standing", content = "why", rename_all = "snake_case")]
pub enum Standing {
    Valid,
    /// 待核: the rater is on the blocklist, so it waits for the verification (A27).
    Pending,
    /// 不予采纳 or 无效: out of effective figures, shown apart (A13).
    NotAdopted(NotAdopted),
}

/// Why a rating does not count (第十一条).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotAdopted {
    /// 无效评价: without basis, or untrue.
    Invalid,
    /// 误评: the rater confirms a slip.
    Mistaken,
    /// 恶意差评: proven bad faith.
    Malicious,
    /// 测试: made to try the system.
    Test,
}

/// An admitted intake (评价).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    pub id: RatingId,
    pub standing: Standing,
    pub received_at: Moment,
    pub intake: Intake,
}

impl Rating {
    /// Nobody gave it: 基本满意 by 第十五条.
    pub fn is_default(&self) -> bool {
        self.id.sequence == 0
    }
}

impl fmt::Display for RatingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.service, self.sequence)
    }
}

impl FromStr for RatingId {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let parts = text.rsplit_once('-');
        parts
            .and_then(|(service, sequence)| {
                Some(RatingId {
                    service: ServiceKey(service.to_owned()),
                    sequence: sequence.parse().ok()?,
                })
            })
            .filter(|id| id.to_string() == text)
            .ok_or_else(|| UnknownWord {
                kind: "rating",
                word: text.to_owned(),
            })
    }
}

impl<'de> Deserialize<'de> for RatingId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for RatingId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Standing {
    pub const ALL: [Standing; 6] = [
        Standing::Valid,
        Standing::Pending,
        Standing::NotAdopted(NotAdopted::Invalid),
        Standing::NotAdopted(NotAdopted::Mistaken),
        Standing::NotAdopted(NotAdopted::Malicious),
        Standing::NotAdopted(NotAdopted::Test),
    ];

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Standing::Valid => "valid",
            Standing::Pending => "pending",
            Standing::NotAdopted(NotAdopted::Invalid) => "invalid",
            Standing::NotAdopted(NotAdopted::Mistaken) => "mistaken",
            Standing::NotAdopted(NotAdopted::Malicious) => "malicious",
            Standing::NotAdopted(NotAdopted::Test) => "test",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            Standing::Valid => "有效",
            Standing::Pending => "待核",
            Standing::NotAdopted(NotAdopted::Invalid) => "无效评价",
            Standing::NotAdopted(NotAdopted::Mistaken) => "误评",
            Standing::NotAdopted(NotAdopted::Malicious) => "恶意差评",
            Standing::NotAdopted(NotAdopted::Test) => "测试",
        }
    }
}

/// The rating that counts among those of one rated act: the highest sequence that stands (第十三条).
pub fn effective<'a>(ratings: impl IntoIterator<Item = &'a Rating>) -> Option<&'a Rating> {
    ratings
        .into_iter()
        .filter(|rating| rating.standing == Standing::Valid)
        .max_by_key(|rating| rating.id.sequence)
}

read_word!(Standing, "standing");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standing_reads_back_from_its_word() {
        for standing in Standing::ALL {
            assert_eq!(standing.word().parse(), Ok(standing));
        }
        assert!("counted".parse::<Standing>().is_err());
    }
}
