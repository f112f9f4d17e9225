//! Whether single values are formed as RFC 3261 §25 asks, as far as it matters before the stack.

use super::head::Head;
use super::judge::Stop;
use super::refusal::Refusal;

/// The method of a CSeq whose number is below 2³¹ (RFC 3261 §8.1.1.5).
pub(super) fn cseq_method(cseq: &str) -> Option<&str> {
    let mut words = cseq.split_whitespace();
    let number: u32 = words.next()?.parse().ok()?;
    let method = words.next()?;
    (number <= i32::MAX as u32 && words.next().is_none()).then_some(method)
}

/// `SIP/2.0/UDP host`, with or without parameters; not the empty item between two commas.
pub(super) fn is_via(item: &str) -> bool {
    let mut parameters = item.split(';').map(str::trim);
    let sent = parameters.next().unwrap_or_default();
    sent.contains(char::is_whitespace) && parameters.all(|parameter| !parameter.is_empty())
}

/// Each quote is closed, and so is each `<`.
pub(super) fn balanced(value: &str) -> bool {
    let (mut quoted, mut escaped, mut open) = (false, false, 0_i32);
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => open += 1,
            '>' if !quoted => open -= 1,
            _ => {}
        }
    }
    !quoted && open == 0
}

/// A Request-URI has no angle brackets and no headers (RFC 3261 §7.1, §19.1.1).
pub(super) fn request_uri(uri: &str) -> Result<(), Stop> {
    let bad = || Stop::from(Refusal::new(400, "Bad Request-URI", "malformed"));
    let (scheme, rest) = uri.split_once(':').ok_or_else(bad)?;
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    if scheme.is_empty() || !scheme.chars().all(in_scheme) {
        return Err(bad());
    }
    match scheme.to_ascii_lowercase().as_str() {
        // A user part may have a question mark.
        "sip" | "sips"
            if rest
                .rsplit('@')
                .next()
                .is_some_and(|host| host.contains('?')) =>
        {
            Err(bad())
        }
        "sip" | "sips" => Ok(()),
        _ => Err(Refusal::new(416, "Unsupported URI Scheme", "scheme").into()),
    }
}

/// One number up to 255 (RFC 3261 §20.22), or none, as RFC 2543 had it. 0 is no fault: the
/// request has arrived.
pub(super) fn max_forwards(head: &Head<'_>) -> Result<(), Stop> {
    let mut hops = head.all("Max-Forwards");
    let first = hops.next().map(str::parse::<u8>);
    match (first, hops.next()) {
        (None | Some(Ok(_)), None) => Ok(()),
        _ => Err(Refusal::new(400, "Bad Max-Forwards", "malformed").into()),
    }
}
