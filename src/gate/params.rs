//! Query parameters, read strictly: what is unknown, twice or unreadable is refused by name. A
//! parameter that is there but empty counts as absent (that is what a form sends for an empty field).

use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use super::problem::Problem;
use crate::domain::{Day, Grade, Polarity, State};
use crate::engine::{CallFilter, CallState, RatingFilter, Reach, TicketFilter};

/// The pairs of a query, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
}

/// Where to go on in a list and how much of it.
#[derive(Debug, Clone)]
pub(crate) struct Paging {
    pub(crate) cursor: Option<String>,
    pub(crate) limit: u32,
}

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::bad_request("bad_request"))?;
        Ok(Params { pairs })
    }
}

impl Params {
    /// Refuses every parameter that is not one of `known`, and every one that is there twice.
    pub(crate) fn only(&self, known: &[&'static str]) -> Result<(), Problem> {
        for (index, (name, _)) in self.pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(Problem::bad_request("unknown_parameter")
                    .with("name", shortened(name))
                    .with("known", known.join(", ")));
            }
            if self.pairs[..index].iter().any(|(other, _)| other == name) {
                return Err(Problem::bad_request("repeated_parameter").with("name", name));
            }
        }
        Ok(())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(other, value)| other == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The query again with another cursor: the address of the list's next page.
    pub(crate) fn with_cursor(&self, cursor: &str) -> String {
        let mut query = String::from("?");
        for (name, value) in &self.pairs {
            if name != "cursor" && !value.is_empty() {
                query.push_str(&format!("{}={}&", encoded(name), encoded(value)));
            }
        }
        query.push_str(&format!("cursor={}", encoded(cursor)));
        query
    }

    /// Whether anything but the cursor is asked for.
    pub(crate) fn narrows(&self) -> bool {
        self.pairs
            .iter()
            .any(|(name, value)| name != "cursor" && name != "limit" && !value.is_empty())
    }

    pub(crate) fn paging(&self) -> Result<Paging, Problem> {
        let limit = self.parsed("limit", "1–200")?.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(unreadable("limit", &limit.to_string(), "1–200"));
        }
        Ok(Paging {
            cursor: self.text("cursor").map(str::to_owned),
            limit,
        })
    }

    pub(crate) fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        wanted: &str,
    ) -> Result<Option<T>, Problem> {
        self.text(name)
            .map(|value| value.parse().map_err(|_| unreadable(name, value, wanted)))
            .transpose()
    }

    fn day(&self, name: &'static str) -> Result<Option<Day>, Problem> {
        self.parsed(name, "2026-09-18")
    }

    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        self.parsed(name, "true, false")
    }

    fn grade(&self) -> Result<Option<Grade>, Problem> {
        let words: Vec<_> = Grade::ALL.into_iter().map(Grade::word).collect();
        self.parsed("grade", &words.join(", "))
    }

    /// One of `words`.
    fn word(&self, name: &'static str, words: &[&str]) -> Result<Option<String>, Problem> {
        match self.text(name) {
            None => Ok(None),
            Some(value) if words.contains(&value) => Ok(Some(value.to_owned())),
            Some(value) => Err(unreadable(name, value, &words.join(", "))),
        }
    }
}

fn unreadable(name: &'static str, value: &str, wanted: &str) -> Problem {
    Problem::bad_request("unreadable_parameter")
        .with("name", name)
        .with("value", shortened(value))
        .with("wanted", wanted)
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Reads any query for each list, and makes the address of its next page.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_foreign(query: &str) {
    let Ok(uri) = format!("/?{query}").parse::<axum::http::Uri>() else {
        return;
    };
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(&uri) else {
        return;
    };
    let params = Params { pairs };
    if params.paging().is_ok() {
        let next = params.with_cursor("0a");
        assert!(format!("/{next}").parse::<axum::http::Uri>().is_ok());
    }
    drop(call_filter(&params, Reach::All));
    drop(rating_filter(&params, Reach::All));
    drop(ticket_filter(&params, Reach::All));
}

/// Percent-encoded for a query (RFC 3986 §2.3: only the unreserved characters stand for themselves).
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Words of `ivr::Outcome`, which this room may not name.
pub(crate) const OUTCOMES: [&str; 15] = [
    "graded",
    "left_before_offer",
    "left_in_offer",
    "silent",
    "invalid_only",
    "declined",
    "fault",
    "abandoned",
    "message",
    "callback",
    "no_desk",
    "closed",
    "put_off",
    "refused",
    "fault_before_talk",
];

pub(crate) const CALL_STATES: [(&str, CallState); 5] = [
    ("greeting", CallState::Greeting),
    ("talking", CallState::Talking),
    ("rating", CallState::Rating),
    ("ended", CallState::Ended),
    ("interrupted", CallState::Interrupted),
];

pub(crate) const CALL_PARAMS: [&str; 10] = [
    "from",
    "to",
    "state",
    "live",
    "outcome",
    "grade",
    "number_tail",
    "rehearsal",
    "cursor",
    "limit",
];
pub(crate) const RATING_PARAMS: [&str; 7] = [
    "from",
    "to",
    "grade",
    "polarity",
    "rehearsal",
    "cursor",
    "limit",
];
pub(crate) const TICKET_PARAMS: [&str; 8] = [
    "from",
    "to",
    "state",
    "grade",
    "rehearsal",
    "provisional",
    "cursor",
    "limit",
];

pub(crate) fn call_filter(params: &Params, reach: Reach) -> Result<CallFilter, Problem> {
    params.only(&CALL_PARAMS)?;
    let states = CALL_STATES.map(|(word, _)| word);
    let state = params.word("state", &states)?;
    let number_tail = params.text("number_tail");
    if let Some(tail) = number_tail
        && (tail.len() > 20 || !tail.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(unreadable("number_tail", tail, "0000"));
    }
    Ok(CallFilter {
        reach,
        from: params.day("from")?,
        to: params.day("to")?,
        state: CALL_STATES
            .into_iter()
            .find(|(word, _)| state.as_deref() == Some(word))
            .map(|(_, state)| state),
        live: params.flag("live")?,
        outcome: params.word("outcome", &OUTCOMES)?,
        grade: params.grade()?,
        number_tail: number_tail.map(str::to_owned),
        rehearsal: params.flag("rehearsal")?,
    })
}

pub(crate) fn rating_filter(params: &Params, reach: Reach) -> Result<RatingFilter, Problem> {
    params.only(&RATING_PARAMS)?;
    let polarity = params.word("polarity", &["positive", "negative"])?;
    Ok(RatingFilter {
        reach,
        from: params.day("from")?,
        to: params.day("to")?,
        grade: params.grade()?,
        polarity: polarity.map(|word| match word.as_str() {
            "positive" => Polarity::Positive,
            _ => Polarity::Negative,
        }),
        rehearsal: params.flag("rehearsal")?,
    })
}

pub(crate) fn ticket_filter(params: &Params, reach: Reach) -> Result<TicketFilter, Problem> {
    params.only(&TICKET_PARAMS)?;
    let state = params.word("state", &State::ALL.map(State::word))?;
    Ok(TicketFilter {
        reach,
        from: params.day("from")?,
        to: params.day("to")?,
        state: State::ALL
            .into_iter()
            .find(|other| state.as_deref() == Some(other.word())),
        grade: params.grade()?,
        rehearsal: params.flag("rehearsal")?,
        provisional: params.flag("provisional")?,
    })
}
