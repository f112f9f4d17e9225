//! What every page has around its content: language, navigation, who is logged in.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::locale::Language;
use super::pass::Visitor;
use super::{Options, Web, assets, login};
use crate::domain::Moment;
use crate::rights::{Action, Sight};

/// Handed to each template.
#[derive(Clone)]
pub(super) struct Chrome {
    pub(super) language: Language,
    /// Path and query of the page: where the language switch leads back to.
    pub(super) address: String,
    pub(super) options: Arc<Options>,
    pub(super) person: Option<String>,
    /// Logged in with a password of one's own: the navigation leads somewhere.
    pub(super) may_go_on: bool,
    /// Where the person's roles lead.
    entries: Vec<&'static str>,
}

/// The navigation's entries, each with the row of the matrix that its page asks.
const ENTRIES: [(&str, Action); 6] = [
    ("/", Action::SeeFigures),
    ("/board", Action::WatchDesks),
    ("/calls", Action::SeeGrades),
    ("/ratings", Action::SeeGrades),
    ("/tickets", Action::SeeTickets),
    ("/outward", Action::Revisit),
];

impl Chrome {
    /// The same page for whoever was let in.
    pub(super) fn of(self, visitor: Option<&Visitor>) -> Self {
        let Some(visitor) = visitor else { return self };
        match visitor {
            Visitor::Person(person) => Chrome {
                person: Some(person.name.clone()),
                may_go_on: !person.must_change_password,
                entries: ENTRIES
                    .into_iter()
                    .filter(|(_, action)| visitor.may(*action).is_some())
                    .map(|(entry, _)| entry)
                    .chain(
                        self.options
                            .consoles
                            .as_ref()
                            .and_then(|consoles| consoles.has(&person.name).then_some("/desk")),
                    )
                    .collect(),
                ..self
            },
            Visitor::Program(_) => self,
        }
    }

    /// For a request of which nobody is known yet.
    pub(super) fn bare(language: Language, address: String, options: Arc<Options>) -> Self {
        Chrome {
            language,
            address,
            options,
            person: None,
            may_go_on: false,
            entries: Vec::new(),
        }
    }

    /// What a form for a look asks for unless told.
    pub(super) fn is_default_sight(&self, sight: &str) -> bool {
        sight == Sight::Recording.word()
    }

    /// Whether a choice of a form is the one that was made.
    pub(super) fn is_same(&self, one: &str, other: &str) -> bool {
        one == other
    }

    /// Whether the navigation leads there for this person.
    pub(super) fn shows(&self, entry: &str) -> bool {
        self.entries.contains(&entry)
    }

    pub(super) fn t(&self, key: &str) -> String {
        self.language.text(key)
    }

    pub(super) fn word(&self, table: &str, word: &str) -> String {
        self.language.word(table, word)
    }

    pub(super) fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.language.fill(key, values)
    }

    pub(super) fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// Whether what is shown are examples.
    pub(super) fn is_example(&self) -> bool {
        self.options.example
    }

    pub(super) fn centre(&self) -> &str {
        &self.options.centre
    }

    /// Whether the page lies under this entry of the navigation.
    pub(super) fn is_under(&self, entry: &str) -> bool {
        let path = self.address.split('?').next().unwrap_or_default();
        match entry {
            "/" => path == "/",
            entry => path.starts_with(entry),
        }
    }

    /// `11-23 22:05:12`: day and time of a row; the year stands in the whole instant beside it.
    pub(super) fn short_time(&self, moment: &Moment) -> String {
        moment.civil_text().chars().skip(5).collect()
    }

    /// The end of a number, which is all that a list tells of it (第十四条).
    pub(super) fn tail_of(&self, number: &str) -> String {
        let from = number.len().saturating_sub(4);
        format!("…{}", number.get(from..).unwrap_or_default())
    }

    /// `2026-11-23 22:05:12`.
    pub(super) fn time(&self, moment: &Moment) -> String {
        moment.civil_text()
    }

    /// `1:02:03` or `2:03`.
    pub(super) fn length(&self, ms: &u64) -> String {
        let seconds = ms / 1000;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        match hours {
            0 => format!("{minutes}:{seconds:02}"),
            _ => format!("{hours}:{minutes:02}:{seconds:02}"),
        }
    }

    /// `62.5 %`, or a dash where there is nothing to divide by.
    pub(super) fn rate(&self, rate: Option<f64>) -> String {
        match rate {
            Some(rate) => format!("{:.1}%", rate * 100.0),
            None => "–".to_owned(),
        }
    }
}

pub(super) fn language(headers: &HeaderMap) -> Language {
    login::cookie(headers, login::LANGUAGE_COOKIE)
        .and_then(|tag| Language::from_tag(&tag))
        .unwrap_or_default()
}

impl FromRequestParts<Web> for Chrome {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        let address = parts
            .uri
            .path_and_query()
            .map_or_else(|| "/".to_owned(), |address| address.as_str().to_owned());
        let options = Arc::clone(&web.options);
        Ok(Chrome::bare(language(&parts.headers), address, options)
            .of(parts.extensions.get::<Visitor>()))
    }
}
