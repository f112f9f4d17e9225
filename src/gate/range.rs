//! A file in parts (RFC 9110 §14): what a player needs to seek without loading the whole.

use std::fs::File;
use std::io::SeekFrom;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::problem::Problem;

/// What is asked of a file of `length` bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// First and last byte, both inclusive.
    Bytes(u64, u64),
    /// No byte of the file is asked for: 416.
    Outside,
}

/// Answers `GET` and `HEAD` with the whole file or one part of it. `digest` is the entity tag.
pub(crate) async fn answer(
    method: &Method,
    asked: &HeaderMap,
    (file, length): (File, u64),
    digest: &str,
    content_type: &'static str,
) -> Result<Response, Problem> {
    let entity_tag =
        HeaderValue::from_str(&format!("\"{digest}\"")).map_err(|error| Problem::fault(&error))?;
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::ETAG, entity_tag.clone());
    // A recording is personal: a browser may keep it only if it asks again each time.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    if asked.get(header::IF_NONE_MATCH) == Some(&entity_tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let still_the_same = asked
        .get(header::IF_RANGE)
        .is_none_or(|tag| *tag == entity_tag);
    let part = match asked.get(header::RANGE).map(HeaderValue::to_str) {
        Some(Ok(range)) if still_the_same => part(range, length),
        _ => Part::Whole,
    };
    let (first, count) = match part {
        Part::Whole => (0, length),
        Part::Bytes(first, last) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            set_content_range(&mut response, &format!("bytes {first}-{last}/{length}"));
            (first, last - first + 1)
        }
        Part::Outside => {
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            set_content_range(&mut response, &format!("bytes */{length}"));
            response.headers_mut().remove(header::CONTENT_TYPE);
            return Ok(response);
        }
    };
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(count));
    if method != Method::HEAD {
        let mut file = tokio::fs::File::from_std(file);
        file.seek(SeekFrom::Start(first))
            .await
            .map_err(|error| Problem::fault(&error))?;
        *response.body_mut() =
            Body::from_stream(ReaderStream::with_capacity(file.take(count), 64 * 1024));
    }
    Ok(response)
}

fn set_content_range(response: &mut Response, value: &str) {
    let value = HeaderValue::from_str(value).expect("digits, a dash and a slash are header text");
    response.headers_mut().insert(header::CONTENT_RANGE, value);
}

/// A unit or a syntax that is not ours, and several parts at once, are answered with the whole file
/// (RFC 9110 §14.2 lets a server ignore them).
fn part(range: &str, length: u64) -> Part {
    let Some(spec) = range.strip_prefix("bytes=") else {
        return Part::Whole;
    };
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Part::Whole;
    };
    let number = |text: &str| {
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    match (
        first.is_empty(),
        number(first),
        last.is_empty(),
        number(last),
    ) {
        // The last n bytes.
        (true, _, false, Some(0)) => Part::Outside,
        (true, _, false, Some(_)) if length == 0 => Part::Outside,
        (true, _, false, Some(suffix)) => Part::Bytes(length.saturating_sub(suffix), length - 1),
        (false, Some(first), true, _) if first < length => Part::Bytes(first, length - 1),
        (false, Some(first), false, Some(last)) if first <= last && first < length => {
            Part::Bytes(first, last.min(length - 1))
        }
        (false, Some(first), false, Some(last)) if first > last => Part::Whole,
        (false, Some(_), true, _) | (false, Some(_), false, Some(_)) => Part::Outside,
        _ => Part::Whole,
    }
}

/// What is asked for lies within the file, whatever was asked.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_foreign(range: &str) {
    for length in [0, 1, 1000, u64::MAX] {
        if let Part::Bytes(first, last) = part(range, length) {
            assert!(first <= last && last < length);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_form_of_a_range_is_read_as_the_rfc_says() {
        assert_eq!(part("bytes=0-499", 10_000), Part::Bytes(0, 499));
        assert_eq!(part("bytes=9500-", 10_000), Part::Bytes(9500, 9999));
        assert_eq!(part("bytes=-500", 10_000), Part::Bytes(9500, 9999));
        assert_eq!(part("bytes=-20000", 10_000), Part::Bytes(0, 9999));
        assert_eq!(part("bytes=9999-20000", 10_000), Part::Bytes(9999, 9999));
        assert_eq!(part("bytes=10000-", 10_000), Part::Outside);
        assert_eq!(part("bytes=-0", 10_000), Part::Outside);
        assert_eq!(part("bytes=-5", 0), Part::Outside);
        for odd in [
            "bytes=5-2",
            "bytes=0-1,5-6",
            "lines=1-2",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
        ] {
            assert_eq!(part(odd, 10_000), Part::Whole, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn a_part_always_lies_within_the_file(text in "bytes=[-0-9, ]{0,40}", length in 0u64..100) {
            if let Part::Bytes(first, last) = part(&text, length) {
                prop_assert!(first <= last && last < length);
            }
        }
    }
}
