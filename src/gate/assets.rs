//! What the pages load: one style sheet, small modules of our own, Turbo as released. All of it is
//! in the binary and nothing comes from another origin.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::problem::Problem;

#[derive(RustEmbed)]
#[folder = "src/web/assets/"]
struct Files;

/// `/assets/<digest>/app.css`: the address changes with the content, so it may be kept for a year.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", digest(name).unwrap_or_default())
}

/// First twelve hexadecimal digits of the file's SHA-256.
fn digest(name: &str) -> Option<String> {
    let file = Files::get(name)?;
    Some(hex::encode(&file.metadata.sha256_hash()[..6]))
}

pub(crate) async fn serve(
    Path((asked, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = Files::get(&name).ok_or_else(Problem::not_found)?;
    let current = digest(&name).is_some_and(|digest| digest == asked);
    // A page from before an update may still ask for the old address: it gets the new file, uncached.
    let caching = match current {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let packed = accepts_gzip(&headers)
        .then(|| Files::get(&format!("{name}.gz")))
        .flatten();
    let mut response = match packed {
        Some(packed) => (
            [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))],
            body(packed.data),
        )
            .into_response(),
        None => (StatusCode::OK, body(file.data)).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type(&name));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Ok(response)
}

fn body(data: Cow<'static, [u8]>) -> Body {
    match data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|coding| coding.trim() == "gzip"))
}

fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turbo_is_as_released_and_its_packed_twin_is_the_same() {
        let notes = include_str!("../web/assets/vendor/README.md");
        let file = Files::get("vendor/turbo-8.0.23.js").unwrap();
        let sha256 = hex::encode(file.metadata.sha256_hash());
        assert!(notes.contains(&sha256), "{sha256}");

        let packed = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/web/assets/vendor/turbo-8.0.23.js.gz"
        );
        let unpacked = std::process::Command::new("gzip")
            .args(["-dc", packed])
            .output()
            .unwrap();
        assert!(unpacked.stdout == file.data.as_ref());
    }

    /// The budget of a first staff page is 100 kB packed; everything but Turbo counts unpacked here.
    #[test]
    fn what_a_page_loads_stays_within_its_budget() {
        let size = |name: &str| Files::get(name).unwrap().data.len();
        let sum = size("vendor/turbo-8.0.23.js.gz")
            + size("app.css")
            + size("app.js")
            + size("player.js");
        assert!(sum < 85_000, "{sum} bytes leave too little for the page");
    }

    #[test]
    fn no_asset_of_ours_names_another_origin_and_no_style_imports_one() {
        for name in Files::iter().filter(|name| !name.starts_with("vendor/")) {
            let file = Files::get(&name).unwrap();
            let text = String::from_utf8_lossy(&file.data);
            let foreign = text
                .split("http")
                .skip(1)
                .filter(|rest| rest.starts_with("://") || rest.starts_with("s://"))
                .any(|rest| !rest.starts_with("://www.w3.org/"));
            assert!(!foreign, "{name} names another origin");
        }
    }
}
