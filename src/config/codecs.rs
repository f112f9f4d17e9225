//! Lists of codecs, the most liked one first.

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

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
