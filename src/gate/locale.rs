//! The words people read: one file per language in `locale/`, zh-CN the source, en complete.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A language of the pages. Chinese is what a browser without a choice gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Language {
    #[default]
    Chinese,
    English,
}

impl Language {
    pub(crate) const ALL: [Language; 2] = [Language::Chinese, Language::English];

    /// BCP 47, for `lang` attributes and the cookie.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Language::Chinese => "zh-CN",
            Language::English => "en",
        }
    }

    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        Language::ALL
            .into_iter()
            .find(|language| language.tag() == tag)
    }

    /// The one the switch offers.
    pub(crate) fn other(self) -> Self {
        match self {
            Language::Chinese => Language::English,
            Language::English => Language::Chinese,
        }
    }

    /// The text of a key, `calls.title`. A key that is missing is shown as itself, so that the page
    /// stands; a test finds it before anybody sees it.
    pub(crate) fn text(self, key: &str) -> String {
        self.lookup(key).unwrap_or(key).to_owned()
    }

    /// The text of `key` with `{name}` replaced.
    pub(crate) fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        let mut text = String::new();
        let template = self.text(key);
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                text.push('{');
                rest = after;
                continue;
            };
            match values.iter().find(|(wanted, _)| *wanted == name) {
                Some((_, value)) => text.push_str(value),
                None => text.push_str(name),
            }
            rest = after;
        }
        text.push_str(rest);
        text
    }

    /// What a stored word is called: `word("outcome", "silent")`; an unknown word is shown as it is.
    pub(crate) fn word(self, table: &str, word: &str) -> String {
        self.lookup(&format!("{table}.{word}"))
            .unwrap_or(word)
            .to_owned()
    }

    pub(crate) fn lookup(self, key: &str) -> Option<&'static str> {
        self.texts().get(key).map(String::as_str)
    }

    pub(crate) fn texts(self) -> &'static HashMap<String, String> {
        match self {
            Language::Chinese => &CHINESE,
            Language::English => &ENGLISH,
        }
    }
}

static CHINESE: LazyLock<HashMap<String, String>> =
    LazyLock::new(|| flatten(include_str!("locale/zh-CN.toml")));
static ENGLISH: LazyLock<HashMap<String, String>> =
    LazyLock::new(|| flatten(include_str!("locale/en.toml")));

/// `[calls] title = "…"` becomes `calls.title`.
fn flatten(file: &str) -> HashMap<String, String> {
    let tables: HashMap<String, HashMap<String, String>> =
        toml::from_str(file).expect("the locale files are compiled in and read by a test");
    tables
        .into_iter()
        .flat_map(|(table, entries)| {
            entries
                .into_iter()
                .map(move |(key, text)| (format!("{table}.{key}"), text))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(language: Language) -> BTreeSet<&'static str> {
        language.texts().keys().map(String::as_str).collect()
    }

    #[test]
    fn both_languages_have_the_same_keys_and_no_empty_text() {
        assert_eq!(keys(Language::Chinese), keys(Language::English));
        for language in Language::ALL {
            for (key, text) in language.texts() {
                assert!(!text.trim().is_empty(), "{key} is empty in {language:?}");
            }
        }
    }

    #[test]
    fn a_text_has_the_same_blanks_in_both_languages() {
        let blanks = |text: &str| -> BTreeSet<String> {
            text.split('{')
                .skip(1)
                .filter_map(|part| part.split_once('}').map(|(name, _)| name.to_owned()))
                .collect()
        };
        for (key, chinese) in Language::Chinese.texts() {
            let english = Language::English.text(key);
            assert_eq!(blanks(chinese), blanks(&english), "{key}");
        }
    }

    #[test]
    fn a_blank_is_filled_and_what_is_filled_in_is_not_read_again() {
        let text = Language::English.fill(
            "problem.unknown_parameter_detail",
            &[("name", "{known}"), ("known", "from, to")],
        );
        assert!(text.contains("“{known}”"), "{text}");
        assert!(text.contains("from, to"), "{text}");
    }

    #[test]
    fn every_word_that_a_row_can_hold_has_a_name() {
        use crate::domain::{Actor, Channel, DeadlineKind, Grade, Standing, State, What};
        use crate::gate::params::{CALL_STATES, OUTCOMES};
        let mut keys: Vec<String> = Vec::new();
        keys.extend(OUTCOMES.map(|word| format!("outcome.{word}")));
        keys.extend(CALL_STATES.map(|(word, _)| format!("call_state.{word}")));
        keys.extend(Grade::ALL.map(|grade| format!("grade.{}", grade.word())));
        keys.extend(State::ALL.map(|state| format!("ticket_state.{}", state.word())));
        let own = [
            What::Rated,
            What::TicketOpened,
            What::RatedAgain,
            What::DeadlineStarted,
            What::DeadlineRecounted,
            What::RatingCompleted,
            What::DayClosed,
        ];
        keys.extend(own.map(|what| format!("ticket_event.{}", what.word())));
        keys.extend(Actor::ALL.map(|actor| format!("actor.{}", actor.word())));
        keys.extend(Channel::ALL.map(|channel| format!("channel.{}", channel.word())));
        keys.extend(Standing::ALL.map(|standing| format!("standing.{}", standing.word())));
        keys.extend(DeadlineKind::ALL.map(|kind| format!("deadline.{}", kind.word())));
        keys.extend((1..=7).map(|day| format!("weekday.{day}")));
        keys.extend((0..=6).map(|reason| format!("reason.T{reason}")));
        let days = crate::board::DayHours::ALL;
        keys.extend(days.map(|kind| format!("day_hours.{}", kind.word())));
        for key in keys {
            assert!(Language::English.lookup(&key).is_some(), "{key}");
        }
        for grade in Grade::ALL {
            let shown = Language::Chinese.word("grade", grade.word());
            assert_eq!(shown, grade.zh(), "the pages say the regulation's own word");
        }
        for state in State::ALL {
            let shown = Language::Chinese.word("ticket_state", state.word());
            assert_eq!(shown, state.zh());
        }
    }

    /// Each kind of problem has a title and says what to do next.
    #[test]
    fn a_problem_that_has_a_title_also_says_what_to_do() {
        let titles: Vec<_> = keys(Language::English)
            .into_iter()
            .filter(|key| key.starts_with("problem.") && !key.ends_with("_detail"))
            .filter(|key| !["problem.home", "problem.request"].contains(key))
            .collect();
        assert!(titles.len() > 12);
        for title in titles {
            assert!(
                Language::English
                    .lookup(&format!("{title}_detail"))
                    .is_some(),
                "{title}"
            );
        }
        let code = [
            include_str!("problem.rs"),
            include_str!("params.rs"),
            include_str!("../api/reads.rs"),
            include_str!("../web/doors.rs"),
        ];
        for part in code
            .iter()
            .flat_map(|code| code.split("bad_request(\"").skip(1))
        {
            let kind = part.split('"').next().unwrap();
            let title = format!("problem.{kind}");
            assert!(Language::English.lookup(&title).is_some(), "{title}");
        }
    }

    /// Every `t("…")` of the templates and every key that the code names is there.
    #[test]
    fn every_key_that_a_template_names_is_in_the_files() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/templates");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let template = std::fs::read_to_string(&path).unwrap();
            for part in template.split(".t(\"").skip(1) {
                let key = part.split('"').next().unwrap();
                assert!(
                    Language::Chinese.lookup(key).is_some(),
                    "{key}, named in {}, is missing",
                    path.display()
                );
                seen += 1;
            }
        }
        assert!(
            seen > 50,
            "only {seen} keys found: has the templates' way of naming them changed?"
        );
    }
}
