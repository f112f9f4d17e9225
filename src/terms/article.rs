use std::fmt;

use serde::{Serialize, Serializer};

/// A place in the regulation: article, paragraph (款) and item (项), as 第十二条第一款 or 第七条（三）.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Article {
    number: u8,
    paragraph: u8,
    item: u8,
}

impl Article {
    /// `number` is 1–22; the regulation has no other article.
    pub const fn of(number: u8) -> Self {
        assert!(
            number >= 1 && number <= 22,
            "the regulation has articles 1 to 22"
        );
        Article {
            number,
            paragraph: 0,
            item: 0,
        }
    }

    /// 第…款, where the article has several.
    pub const fn paragraph(self, paragraph: u8) -> Self {
        Article { paragraph, ..self }
    }

    /// （…）, where the article has items.
    pub const fn item(self, item: u8) -> Self {
        Article { item, ..self }
    }

    pub const fn number(self) -> u8 {
        self.number
    }
}

impl fmt::Display for Article {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "第{}条", numeral(self.number))?;
        if self.paragraph > 0 {
            write!(f, "第{}款", numeral(self.paragraph))?;
        }
        if self.item > 0 {
            write!(f, "（{}）", numeral(self.item))?;
        }
        Ok(())
    }
}

impl Serialize for Article {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// 1–99 in Chinese numerals: 十, 十二, 二十, 二十二.
fn numeral(number: u8) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let (tens, ones) = (usize::from(number / 10), usize::from(number % 10));
    match tens {
        0 => DIGITS[ones].to_owned(),
        1 => format!("十{}", DIGITS[ones]),
        _ => format!("{}十{}", DIGITS[tens % 10], DIGITS[ones]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_is_cited_as_the_regulation_cites_itself() {
        assert_eq!(Article::of(9).to_string(), "第九条");
        assert_eq!(Article::of(10).item(1).to_string(), "第十条（一）");
        assert_eq!(Article::of(12).paragraph(1).to_string(), "第十二条第一款");
        assert_eq!(Article::of(20).to_string(), "第二十条");
        assert_eq!(Article::of(22).to_string(), "第二十二条");
    }
}
