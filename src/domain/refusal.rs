use super::hindrance::Hindrance;
use super::ticket::{Actor, Event, State};
use super::unfit::Unfit;
use crate::terms::Article;

/// The regulation says no. A value, not a fault: the door tells the reason and nothing is saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A rating is of one act of service (R2).
    #[error("a rating needs the service it rates ({})", Article::of(2))]
    NoService,
    /// What was handed in cannot be a rating.
    #[error("{} ({})", .0.en(), .0.article())]
    Unfit(Unfit),
    /// The ticket's table has no such row.
    #[error("{} is not possible in the state {} ({article})", event.zh(), state.map_or("未立单", State::zh))]
    NotNow {
        article: Article,
        /// `None`: there is no ticket yet.
        state: Option<State>,
        event: Event,
    },
    /// The row names others.
    #[error("{} is done by {} ({article})", event.zh(), actors_zh(actors))]
    NotYours {
        article: Article,
        state: Option<State>,
        event: Event,
        actors: &'static [Actor],
    },
    /// A guard of the row does not hold.
    #[error("{}: {} ({article})", event.zh(), why.en())]
    Hindered {
        article: Article,
        state: Option<State>,
        event: Event,
        why: Hindrance,
    },
    /// Something the record must have is not there (第十七条).
    #[error("{}: “{field}” is missing or empty ({article})", event.zh())]
    Incomplete {
        article: Article,
        state: Option<State>,
        event: Event,
        /// As the API names it.
        field: &'static str,
    },
}

impl Refusal {
    /// The article that says no.
    pub fn article(&self) -> Article {
        match self {
            Refusal::NoService => Article::of(2),
            Refusal::Unfit(why) => why.article(),
            Refusal::NotNow { article, .. }
            | Refusal::NotYours { article, .. }
            | Refusal::Hindered { article, .. }
            | Refusal::Incomplete { article, .. } => *article,
        }
    }

    /// Where the ticket stands; `None` where there is none.
    pub fn state(&self) -> Option<State> {
        match self {
            Refusal::NoService | Refusal::Unfit(_) => None,
            Refusal::NotNow { state, .. }
            | Refusal::NotYours { state, .. }
            | Refusal::Hindered { state, .. }
            | Refusal::Incomplete { state, .. } => *state,
        }
    }

    /// The word of what says no, for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Refusal::NoService => "no_service",
            Refusal::Unfit(why) => why.word(),
            Refusal::NotNow { .. } => "not_now",
            Refusal::NotYours { .. } => "not_yours",
            Refusal::Hindered { why, .. } => why.word(),
            Refusal::Incomplete { .. } => "incomplete",
        }
    }

    /// The reason in Chinese, for pages.
    pub fn zh(&self) -> String {
        let article = self.article();
        match self {
            Refusal::NoService => format!("评价须对应一次政务服务（{article}）"),
            Refusal::Unfit(why) => format!("{}（{article}）", why.zh()),
            Refusal::NotNow { state, event, .. } => format!(
                "差评工单在“{}”状态下不能{}（{article}）",
                state.map_or("未立单", State::zh),
                event.zh(),
            ),
            Refusal::NotYours { event, actors, .. } => {
                format!("{}由{}办理（{article}）", event.zh(), actors_zh(actors))
            }
            Refusal::Hindered { event, why, .. } => {
                format!("不能{}：{}（{article}）", event.zh(), why.zh())
            }
            Refusal::Incomplete { event, field, .. } => {
                format!("{}缺少“{field}”（{article}）", event.zh())
            }
        }
    }
}

fn actors_zh(actors: &[Actor]) -> String {
    let names: Vec<_> = actors.iter().map(|actor| actor.zh()).collect();
    names.join("或者")
}
