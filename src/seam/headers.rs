//! What the stack's messages say, read into types of ours, and the headers that every message of ours carries.

pub use crate::guard::{ACCEPT, ALLOW, SUPPORTED, USER_AGENT};
use rsipstack::sip as rsip;

use std::time::Duration;

use rsip::message::HasHeaders;
use rsip::{Header, Headers};

use crate::renewal::{Asked, Policy, SessionExpires};

/// Whether a request opens a dialog of `sips:` (RFC 3261 §12.1.1): by its Request-URI, or the top Record-Route,
/// or where there is none the Contact.
pub fn is_secure(request: &rsip::Request) -> bool {
    let named = value(&request.headers, "Record-Route")
        .or_else(|| value(&request.headers, "Contact"))
        .or_else(|| value(&request.headers, "m"));
    let secure = |value: &str| {
        let uri = value.split_once('<').map_or(value, |(_, uri)| uri).trim();
        uri.get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("sips:"))
    };
    request.uri.scheme == Some(rsip::Scheme::Sips) || named.is_some_and(secure)
}

/// The same address as a `sips:` URI; that it goes by TLS is said by the scheme (RFC 5630 §3.1.4).
pub fn secure(mut uri: rsip::Uri) -> rsip::Uri {
    uri.scheme = Some(rsip::Scheme::Sips);
    uri.params.clear();
    uri
}

/// The first header of this name, in its long or compact form.
pub fn value<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|header| header.name().eq_ignore_ascii_case(name))
        .map(|header| header.value().trim())
}

/// Whether a comma-separated header of this name has this token.
pub fn has_token(headers: &Headers, name: &str, token: &str) -> bool {
    headers
        .iter()
        .filter(|header| header.name().eq_ignore_ascii_case(name))
        .flat_map(|header| header.value().split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
}

/// What a message says about session timers.
pub fn asked(message: &impl HasHeaders) -> Asked {
    let headers = message.headers();
    Asked {
        supported: has_token(headers, "Supported", "timer")
            || has_token(headers, "Require", "timer"),
        session_expires: value(headers, "Session-Expires").and_then(SessionExpires::parse),
        min_se_s: value(headers, "Min-SE")
            .and_then(|text| text.split(';').next()?.trim().parse().ok()),
    }
}

/// What every request and every 2xx of ours says we can do.
pub fn abilities() -> Vec<Header> {
    vec![
        Header::Allow(ALLOW.into()),
        Header::Supported(SUPPORTED.into()),
    ]
}

/// Content-Type of a session description.
pub fn sdp_type() -> Header {
    Header::ContentType(ACCEPT.into())
}

/// Who refreshes, and how often (RFC 4028 §4).
pub fn session_expires(header: SessionExpires) -> Header {
    Header::SessionExpires(header.to_string().into())
}

/// The shortest interval that we take (RFC 4028 §5).
pub fn min_se(policy: Policy) -> Header {
    Header::MinSE(policy.min.as_secs().to_string().into())
}

/// In whole seconds, 1 at least (RFC 3261 §20.33).
pub fn retry_after(after: Duration) -> Header {
    Header::RetryAfter(after.as_secs().max(1).to_string().into())
}

/// The body, where it is a session description.
pub fn sdp_of(headers: &Headers, body: &[u8]) -> Option<Vec<u8>> {
    if body.is_empty() {
        return None;
    }
    match value(headers, "Content-Type") {
        Some(kind)
            if !kind
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .eq_ignore_ascii_case(ACCEPT) =>
        {
            None
        }
        // A body without a type in an INVITE is taken for SDP: some gateways forget it.
        _ => Some(body.to_vec()),
    }
}
