//! Lists of codecs, the most liked one first; and whether media is protected.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::codecs::{Codec, Codecs};

pub(super) fn codecs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Codecs, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    let known = || Codec::ALL.map(Codec::name).join(", ");
    let codecs = words.iter().map(|word| {
        Codec::from_name(word)
            .ok_or_else(|| D::Error::custom(format!("“{word}” is none of {}", known())))
    });
    let codecs: Vec<Codec> = codecs.collect::<Result<_, _>>()?;
    Codecs::new(&codecs)
        .ok_or_else(|| D::Error::custom(format!("one or more of {}, each once", known())))
}

/// Whether media is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Srtp {
    Accept,
    Refuse,
    Require,
}
