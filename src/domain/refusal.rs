use super::article::Article;
use super::ticket::{Event, State};

/// The regulation says no. A value, not a fault: the door tells the reason and nothing is saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A rating is of one act of service (R2).
    #[error("a rating needs the service it rates ({})", Article::of(2))]
    NoService,
    /// The ticket's table has no such row.
    #[error("{} is not possible in the state {} ({article})", event.zh(), state.map_or("未立单", State::zh))]
    NotNow {
        article: Article,
        /// `None`: there is no ticket yet.
        state: Option<State>,
        event: Event,
    },
}

impl Refusal {
    /// The article that says no.
    pub fn article(&self) -> Article {
        match self {
            Refusal::NoService => Article::of(2),
            Refusal::NotNow { article, .. } => *article,
        }
    }

    /// The reason in Chinese, for pages.
    pub fn zh(&self) -> String {
        match self {
            Refusal::NoService => format!("评价须对应一次政务服务（{}）", self.article()),
            Refusal::NotNow {
                article,
                state,
                event,
            } => format!(
                "差评工单在“{}”状态下不能{}（{article}）",
                state.map_or("未立单", State::zh),
                event.zh(),
            ),
        }
    }
}
