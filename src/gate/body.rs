//! A request's body in JSON, read strictly: what is unknown or unreadable is refused by name.

use std::str::FromStr;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::problem::Problem;

pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Body(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"))
            }
            Err(JsonRejection::BytesRejection(error)) => Err(Problem::of_status(error.status())),
            Err(error) => Err(unreadable(&error)),
        }
    }
}

impl<T> Body<T> {
    /// A field that holds one of our words.
    pub(crate) fn word<W: FromStr<Err: std::fmt::Display>>(
        field: &'static str,
        text: &str,
    ) -> Result<W, Problem> {
        text.parse()
            .map_err(|error: W::Err| unfit(field, &error.to_string()))
    }
}

/// A field whose value cannot be taken, and why.
pub(crate) fn unfit(field: &str, why: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable_body")
        .with("why", format!("{field}: {why}"))
}

fn unreadable(error: &JsonRejection) -> Problem {
    use std::error::Error as _;
    // The outer error says only that it failed; the inner one names field, line and column.
    let mut why = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        why = inner.to_string();
        cause = inner.source();
    }
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable_body").with("why", why)
}
