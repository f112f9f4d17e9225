use super::table::{ARTICLE, Kind, State};
use crate::domain::{Article, Hindrance};

/// The regulation says no to an act on the blocklist. A value, not a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.en())]
pub struct Refusal {
    /// `None`: there is no listing yet.
    pub state: Option<State>,
    pub kind: &'static Kind,
    pub why: Why,
}

/// What is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The table has no such row from here.
    NotNow,
    /// The row names others.
    NotYours,
    Hindered(Hindrance),
    /// A field that the record must have is missing or empty.
    Incomplete(&'static str),
}

impl Refusal {
    /// The article that says no.
    pub fn article(&self) -> Article {
        ARTICLE
    }

    /// The word of what says no, for programs.
    pub fn word(&self) -> &'static str {
        match self.why {
            Why::NotNow => "not_now",
            Why::NotYours => "not_yours",
            Why::Hindered(why) => why.word(),
            Why::Incomplete(_) => "incomplete",
        }
    }

    fn state_zh(&self) -> &'static str {
        self.state.map_or("未提出", State::zh)
    }

    fn actors_zh(&self) -> String {
        let names: Vec<_> = self.kind.actors.iter().map(|actor| actor.zh()).collect();
        names.join("或者")
    }

    /// The reason in Chinese, for pages.
    pub fn zh(&self) -> String {
        let zh = self.kind.zh;
        match self.why {
            Why::NotNow => format!("“{}”状态下不能{zh}（{ARTICLE}）", self.state_zh()),
            Why::NotYours => format!("{zh}由{}办理（{ARTICLE}）", self.actors_zh()),
            Why::Hindered(why) => format!("不能{zh}：{}（{ARTICLE}）", why.zh()),
            Why::Incomplete(field) => format!("{zh}缺少“{field}”（{ARTICLE}）"),
        }
    }

    fn en(&self) -> String {
        let zh = self.kind.zh;
        match self.why {
            Why::NotNow => format!(
                "{zh} is not possible in the state {} ({ARTICLE})",
                self.state_zh()
            ),
            Why::NotYours => format!("{zh} is done by {} ({ARTICLE})", self.actors_zh()),
            Why::Hindered(why) => format!("{zh}: {} ({ARTICLE})", why.en()),
            Why::Incomplete(field) => format!("{zh}: “{field}” is missing or empty ({ARTICLE})"),
        }
    }
}
