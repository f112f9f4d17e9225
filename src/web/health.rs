//! What machines ask: the figures, and whether all is well.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Web;
use super::guard::Finished;

/// Whoever asks for health asks again soon; he is not kept.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

/// `/metrics`, the Prometheus text format.
pub(super) async fn metrics(State(web): State<Web>) -> impl IntoResponse {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        web.options.meter.render(),
    )
}

/// `/healthz`: 200 and `ok`, or 503 and what is not well, a word a line. The log has the rest.
pub(super) async fn health(State(web): State<Web>) -> Response {
    let mut troubles = (web.options.troubles)();
    let why = match tokio::time::timeout(HEALTH_TIMEOUT, web.engine.check()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_elapsed) => Some(format!("no answer within {} s", HEALTH_TIMEOUT.as_secs())),
    };
    if let Some(why) = why {
        tracing::error!(why, "the database is not well");
        if !troubles.iter().any(|word| word == "database") {
            troubles.insert(0, "database".to_owned());
        }
    }
    if troubles.is_empty() {
        return "ok\n".into_response();
    }
    let words = troubles.join("\n") + "\n";
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
    response.extensions_mut().insert(Finished);
    response
}
