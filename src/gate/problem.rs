//! What is said when a request cannot be served: as problem+json (RFC 9457) under `/api`, as a page
//! elsewhere. A handler answers with a [`Problem`]; [`super::guard`] dresses it, since only there
//! the address, the language and the request's id are known.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::locale::Language;
use crate::domain::Refusal;
use crate::rights::Forbidden;
use crate::{archive, engine};

/// Why a request is not served. `kind` names two texts, `problem.<kind>` and `problem.<kind>_detail`.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    kind: &'static str,
    blanks: Vec<(&'static str, Said)>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
    /// Where the regulation says no.
    unlawful: Option<Box<Unlawful>>,
}

/// What a program reads of a refusal by the regulation.
#[derive(Debug, Clone)]
struct Unlawful {
    /// `None`: another rule than the regulation's.
    article: Option<String>,
    state: Option<String>,
    refusal: String,
}

/// What fills a blank, in each language of ours.
#[derive(Debug, Clone)]
struct Said {
    zh: String,
    en: String,
}

/// RFC 9457, with the request's id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemDetails {
    /// `urn:gradeline:problem:<kind>`; kinds do not change their meaning.
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    /// What is wrong and what to do next.
    detail: String,
    /// To be quoted when asking for help; the log has it too.
    request_id: String,
    /// The article that says no.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "第十二条")]
    article: Option<String>,
    /// Where the ticket stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// The word of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, kind: &'static str) -> Self {
        Problem {
            status,
            kind,
            blanks: Vec::new(),
            headers: Vec::new(),
            unlawful: None,
        }
    }

    pub(crate) fn with(self, blank: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        self.with_both(blank, value.clone(), value)
    }

    /// With a text that is told in the reader's language.
    pub(crate) fn with_both(mut self, blank: &'static str, zh: String, en: String) -> Self {
        self.blanks.push((blank, Said { zh, en }));
        self
    }

    pub(crate) fn header(mut self, name: header::HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    pub(crate) fn bad_request(kind: &'static str) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, kind)
    }

    /// A rule of the house says no: 409 with the word of the refusal, and its reason in both languages.
    pub(crate) fn refused(word: &str, zh: &str, en: &str) -> Self {
        let problem = Problem::new(StatusCode::CONFLICT, "refused");
        Problem {
            unlawful: Some(Box::new(Unlawful {
                article: None,
                state: None,
                refusal: word.to_owned(),
            })),
            ..problem.with_both("reason", zh.to_owned(), en.to_owned())
        }
    }

    pub(crate) fn not_found() -> Self {
        Problem::new(StatusCode::NOT_FOUND, "not_found")
    }

    pub(crate) fn unauthorised() -> Self {
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorised")
            .header(header::WWW_AUTHENTICATE, "Bearer realm=\"gradeline\"")
    }

    /// A fault: logged here, once, and shown without its inside.
    pub(crate) fn fault(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a page or an answer could not be made");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "fault")
    }

    /// For an answer that axum itself refused: no such address, wrong method, body too large.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let kind = match status {
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
            StatusCode::FORBIDDEN => "forbidden",
            StatusCode::PAYLOAD_TOO_LARGE => "too_large",
            StatusCode::SERVICE_UNAVAILABLE => "busy",
            status if status.is_server_error() => "fault",
            _ => "bad_request",
        };
        Problem::new(status, kind)
    }

    pub(crate) fn title(&self, language: Language) -> String {
        language.text(&format!("problem.{}", self.kind))
    }

    pub(crate) fn detail(&self, language: Language) -> String {
        let blanks: Vec<_> = self
            .blanks
            .iter()
            .map(|(name, said)| match language {
                Language::Chinese => (*name, said.zh.as_str()),
                Language::English => (*name, said.en.as_str()),
            })
            .collect();
        language.fill(&format!("problem.{}_detail", self.kind), &blanks)
    }

    /// For programs, in English.
    pub(crate) fn details(&self, request_id: &str) -> ProblemDetails {
        ProblemDetails {
            kind: format!("urn:gradeline:problem:{}", self.kind),
            title: self.title(Language::English),
            status: self.status.as_u16(),
            detail: self.detail(Language::English),
            request_id: request_id.to_owned(),
            article: self.unlawful.as_ref().and_then(|no| no.article.clone()),
            state: self.unlawful.as_ref().and_then(|no| no.state.clone()),
            refusal: self.unlawful.as_ref().map(|no| no.refusal.clone()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        for (name, value) in &self.headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<engine::Error> for Problem {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::NoSuchCall(_)
            | engine::Error::NoSuchTicket(_)
            | engine::Error::NoSuchListing(_) => Problem::not_found(),
            engine::Error::Stale => Problem::new(StatusCode::PRECONDITION_FAILED, "stale"),
            engine::Error::KeyReused => {
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "key_reused")
            }
            engine::Error::Unlawful(refusal) => refusal.into(),
            engine::Error::OffList(no) => {
                let unlawful = Unlawful {
                    article: Some(no.article().to_string()),
                    state: no.state.map(|state| state.word().to_owned()),
                    refusal: no.word().to_owned(),
                };
                let problem = Problem::new(StatusCode::CONFLICT, "unlawful");
                let problem = problem.with_both("reason", no.zh(), no.to_string());
                Problem {
                    unlawful: Some(Box::new(unlawful)),
                    ..problem
                }
            }
            engine::Error::BadCursor(cursor) => {
                Problem::bad_request("bad_cursor").with("cursor", cursor)
            }
            engine::Error::Refused(reason) => {
                Problem::new(StatusCode::CONFLICT, "refused").with("reason", reason)
            }
            engine::Error::Ineligible => Problem::new(StatusCode::CONFLICT, "ineligible"),
            error => Problem::fault(&error),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let unlawful = Unlawful {
            article: Some(refusal.article().to_string()),
            state: refusal.state().map(|state| state.word().to_owned()),
            refusal: refusal.word().to_owned(),
        };
        let (status, kind) = match &refusal {
            Refusal::Unfit(_) | Refusal::NoService => {
                (StatusCode::UNPROCESSABLE_ENTITY, "unfit_rating")
            }
            _ => (StatusCode::CONFLICT, "unlawful"),
        };
        let problem =
            Problem::new(status, kind).with_both("reason", refusal.zh(), refusal.to_string());
        Problem {
            unlawful: Some(Box::new(unlawful)),
            ..problem
        }
    }
}

impl From<Forbidden> for Problem {
    fn from(forbidden: Forbidden) -> Self {
        Problem::new(StatusCode::FORBIDDEN, "not_your_role").with_both(
            "who",
            forbidden.zh(),
            forbidden.to_string(),
        )
    }
}

impl From<archive::Error> for Problem {
    fn from(error: archive::Error) -> Self {
        match &error {
            archive::Error::Io(io) if io.kind() == std::io::ErrorKind::NotFound => {
                tracing::warn!("a recording that a row names is not in the folder");
                Problem::new(StatusCode::NOT_FOUND, "no_recording_file")
            }
            _ => Problem::fault(&error),
        }
    }
}
