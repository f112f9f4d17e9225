/// A stored word that no variant has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{word}” is no {kind}")]
pub struct UnknownWord {
    pub kind: &'static str,
    pub word: String,
}

/// Reads back what `word()` writes.
macro_rules! read_word {
    ($kind:ty, $name:literal) => {
        impl ::std::str::FromStr for $kind {
            type Err = $crate::domain::word::UnknownWord;

            fn from_str(word: &str) -> Result<Self, $crate::domain::word::UnknownWord> {
                <$kind>::ALL
                    .into_iter()
                    .find(|known| known.word() == word)
                    .ok_or_else(|| $crate::domain::word::UnknownWord {
                        kind: $name,
                        word: word.to_owned(),
                    })
            }
        }
    };
}

pub(super) use read_word;
