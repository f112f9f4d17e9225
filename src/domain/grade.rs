use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A grade (评价等次, 第五条). There are five; a sixth cannot be stored.
///
/// It is never a number: the keypad counts 1 = 非常满意, the national interface
/// counts 5 = 非常满意. Each adapter converts for itself and is tested for each grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    VerySatisfied,
    Satisfied,
    BasicallySatisfied,
    Dissatisfied,
    VeryDissatisfied,
}

/// Whether a grade is 好评 or 差评 (第五条).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    Positive,
    Negative,
}

impl Grade {
    /// The five grades in the order of 第五条.
    pub const ALL: [Grade; 5] = [
        Grade::VerySatisfied,
        Grade::Satisfied,
        Grade::BasicallySatisfied,
        Grade::Dissatisfied,
        Grade::VeryDissatisfied,
    ];

    /// 非常满意, 满意 and 基本满意 are 好评; 不满意 and 非常不满意 are 差评 (第五条).
    pub fn polarity(self) -> Polarity {
        match self {
            Grade::VerySatisfied | Grade::Satisfied | Grade::BasicallySatisfied => {
                Polarity::Positive
            }
            Grade::Dissatisfied | Grade::VeryDissatisfied => Polarity::Negative,
        }
    }

    /// 好评.
    pub fn is_positive(self) -> bool {
        self.polarity() == Polarity::Positive
    }

    /// The word used in rows, in the API and in dialplans: `very_satisfied` … `very_dissatisfied`.
    pub fn word(self) -> &'static str {
        match self {
            Grade::VerySatisfied => "very_satisfied",
            Grade::Satisfied => "satisfied",
            Grade::BasicallySatisfied => "basically_satisfied",
            Grade::Dissatisfied => "dissatisfied",
            Grade::VeryDissatisfied => "very_dissatisfied",
        }
    }

    /// The regulation's own word (第五条).
    pub fn zh(self) -> &'static str {
        match self {
            Grade::VerySatisfied => "非常满意",
            Grade::Satisfied => "满意",
            Grade::BasicallySatisfied => "基本满意",
            Grade::Dissatisfied => "不满意",
            Grade::VeryDissatisfied => "非常不满意",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The word is none of the five.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is not a grade; the five are very_satisfied, satisfied, basically_satisfied, dissatisfied, very_dissatisfied (第五条)"
)]
pub struct UnknownGrade(pub String);

impl FromStr for Grade {
    type Err = UnknownGrade;

    fn from_str(word: &str) -> Result<Self, UnknownGrade> {
        Grade::ALL
            .into_iter()
            .find(|grade| grade.word() == word)
            .ok_or_else(|| UnknownGrade(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_three_are_positive_and_the_last_two_negative() {
        let negative: Vec<_> = Grade::ALL
            .into_iter()
            .filter(|grade| grade.polarity() == Polarity::Negative)
            .map(Grade::zh)
            .collect();
        assert_eq!(negative, ["不满意", "非常不满意"]);
    }

    #[test]
    fn a_word_reads_back_as_its_grade_and_a_sixth_is_refused() {
        for grade in Grade::ALL {
            assert_eq!(grade.word().parse(), Ok(grade));
        }
        assert!("neutral".parse::<Grade>().is_err());
        assert!("5".parse::<Grade>().is_err());
    }
}
