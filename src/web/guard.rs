//! What stands before every door: a request's id, an end to its time, a net under a panic, the
//! security headers, and the dress of a [`Problem`].

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use askama::Template;
use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use futures::FutureExt;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tracing::Instrument;

use super::Web;
use super::chrome::{self, Chrome};
use super::pass::Visitor;
use super::problem::Problem;

/// No page takes that long; a database that hangs must not hold the connections too.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Nothing inline, nothing foreign. The digest is that of the one style rule that Turbo itself puts
/// into the page for its progress bar.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'sha256-WAyOw4V+FqDc35lQPyRADLBWbuNK8ahvYEaQIYF1+Ps='; img-src 'self'; media-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const SECURITY_HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=()",
    ),
];

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    page: Chrome,
    title: String,
    detail: String,
    request_id: String,
}

/// Kept in a response so that its problem can be shown in the page's own language.
#[derive(Clone)]
struct Dress {
    chrome: Chrome,
}

/// Hands the page's surroundings to [`stand`], which knows no `Web`, and marks answers of an example centre.
pub(super) async fn remember_chrome(
    State(web): State<Web>,
    mut request: Request,
    next: Next,
) -> Response {
    let language = chrome::language(request.headers());
    let address = request.uri().path().to_owned();
    let dress = Dress {
        chrome: Chrome::bare(language, address, web.options.clone()),
    };
    request.extensions_mut().insert(dress);
    let mut response = next.run(request).await;
    if web.options.example {
        let headers = response.headers_mut();
        headers.insert("gradeline-example", HeaderValue::from_static("true"));
    }
    response
}

pub(super) async fn stand(request: Request, next: Next) -> Response {
    let request_id = hex::encode(rand::random::<[u8; 8]>());
    let dress = request.extensions().get::<Dress>().cloned();
    let for_program = request.uri().path().starts_with("/api/");
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().to_string();
    let span = tracing::info_span!("request", id = %request_id, %method, %route);

    let run = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = match tokio::time::timeout(REQUEST_TIMEOUT, run.instrument(span)).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => {
            tracing::error!(request = %request_id, %route, "a handler panicked");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "fault").into_response()
        }
        Err(_elapsed) => {
            tracing::error!(request = %request_id, %route, "a handler took too long");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy").into_response()
        }
    };
    response = dressed(response, for_program, dress, &request_id);
    metrics::counter!(
        "gradeline_http_requests_total",
        "method" => method, "route" => route, "status" => response.status().as_u16().to_string()
    )
    .increment(1);
    set_headers(response.headers_mut(), &request_id);
    response
}

/// A refusal without a body gets one, for people or for programs.
fn dressed(
    mut response: Response,
    for_program: bool,
    dress: Option<Dress>,
    request_id: &str,
) -> Response {
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if status.is_client_error() || status.is_server_error() => {
            if response.extensions().get::<Finished>().is_some()
                || status == StatusCode::RANGE_NOT_SATISFIABLE
            {
                return response;
            }
            Problem::of_status(status)
        }
        None => return response,
    };
    let mut answer = match dress {
        Some(dress) if !for_program => {
            let language = dress.chrome.language;
            let page = ProblemPage {
                title: problem.title(language),
                detail: problem.detail(language),
                page: dress.chrome.of(response.extensions().get::<Visitor>()),
                request_id: request_id.to_owned(),
            };
            rendered(&page)
        }
        _ => {
            let mut answer = Json(problem.details(request_id)).into_response();
            answer.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/problem+json"),
            );
            answer
        }
    };
    *answer.status_mut() = status;
    for name in [header::WWW_AUTHENTICATE, header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = response.headers().get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer
}

/// Marks a refusal that already has its page, such as the login with its message.
#[derive(Clone, Copy)]
pub(super) struct Finished;

fn set_headers(headers: &mut HeaderMap, request_id: &str) {
    for (name, value) in SECURITY_HEADERS {
        // The desk's page alone may ask for the microphone.
        if name != "permissions-policy" || !headers.contains_key(name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    // Pages and answers hold personal data: no cache keeps them, unless a handler said otherwise.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", value);
    }
}

/// Pages and answers go packed to whoever takes gzip. Sound never does: it is hard to pack, and a
/// part of a packed file is not a part of the file (RFC 9110 §14.2).
pub(super) fn packing() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new()
        .gzip(true)
        .compress_when(DefaultPredicate::new().and(NotForContentType::const_new("audio/")))
}

/// A template as a page.
pub(super) fn rendered(template: &impl Template) -> Response {
    match template.render() {
        Ok(page) => Html(page).into_response(),
        Err(error) => Problem::fault(&error).into_response(),
    }
}
