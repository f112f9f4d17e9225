//! Whether single values are formed as RFC 3261 §25 asks, as far as it matters before the stack.

use std::str::FromStr;

/// The magic cookie of a branch (RFC 3261 §8.1.1.7).
const COOKIE: &str = "z9hG4bK";

/// A value of From, To or Contact (RFC 3261 §20.10).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Party<'a> {
    /// Without its angle brackets.
    pub uri: &'a str,
    /// What stands behind the URI: `;tag=…` and others.
    parameters: &'a str,
}

/// Reads `"name" <uri>;parameters` or `uri;parameters`. A name without quotes may be any text
/// that leaves no doubt, for trunks write `张三 <sip:…>`; a comma or a semicolon leaves one.
pub(super) fn party(value: &str) -> Option<Party<'_>> {
    let value = value.trim();
    let rest = match (value.starts_with('"'), value.find('<')) {
        (true, _) => value[quoted_end(value)?..].trim_start(),
        (false, Some(at)) if !value[..at].contains([',', ';', '"']) => &value[at..],
        (false, Some(_)) => return None,
        (false, None) => "",
    };
    let (uri, parameters) = match rest.strip_prefix('<') {
        Some(rest) => rest.split_once('>')?,
        // A quoted name must be followed by `<`.
        None if !rest.is_empty() || value.starts_with('"') => return None,
        None => {
            let (uri, parameters) = value.split_at(value.find(';').unwrap_or(value.len()));
            // RFC 3261 §20: a URI with one of these stands in angle brackets.
            if uri.contains(['?', ',', '>', '"']) {
                return None;
            }
            (uri.trim(), parameters)
        }
    };
    let whole = is_uri(uri) && are_parameters(parameters.trim());
    whole.then_some(Party { uri, parameters })
}

impl<'a> Party<'a> {
    /// A header parameter's value.
    pub fn parameter(&self, wanted: &str) -> Option<&'a str> {
        parameter(self.parameters, wanted)
    }
}

/// One value of a Via (RFC 3261 §20.42).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Via<'a> {
    parameters: &'a str,
}

/// Reads `SIP/2.0/UDP host:port;parameters`, with white space wherever the grammar has it.
pub(super) fn via(item: &str) -> Option<Via<'_>> {
    let (sent, parameters) = item.split_at(item.find(';').unwrap_or(item.len()));
    let mut protocol = sent.splitn(3, '/').map(str::trim);
    let (name, version, rest) = (protocol.next()?, protocol.next()?, protocol.next()?);
    let (transport, sent_by) = rest.split_once(char::is_whitespace)?;
    let whole = name.eq_ignore_ascii_case("SIP")
        && version == "2.0"
        && is_token(transport)
        && is_host_port(sent_by.trim())
        && are_parameters(parameters.trim());
    whole.then_some(Via { parameters })
}

impl Via<'_> {
    /// Whether a branch names a transaction. The cookie alone names all of them (RFC 4475 §3.2.1);
    /// no branch at all is what RFC 2543 had.
    pub fn names_transaction(&self) -> bool {
        parameter(self.parameters, "branch").is_none_or(|branch| branch != COOKIE)
    }
}

/// `name=value` among `;a;b=c`.
fn parameter<'a>(parameters: &'a str, wanted: &str) -> Option<&'a str> {
    unquoted(parameters, ';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let found = name.trim().eq_ignore_ascii_case(wanted);
        found.then(|| value.trim())
    })
}

/// Nothing, or `;name`, `;name=value`, `;name="value"`, each with a name.
fn are_parameters(text: &str) -> bool {
    let mut parts = unquoted(text, ';').map(str::trim);
    let nothing_before = parts.next().is_none_or(str::is_empty);
    nothing_before
        && parts.all(|part| {
            let (name, value) = part
                .split_once('=')
                .map_or((part, None), |(name, value)| (name, Some(value.trim())));
            is_token(name.trim()) && value.is_none_or(is_parameter_value)
        })
}

fn is_parameter_value(value: &str) -> bool {
    match value.strip_prefix('"') {
        Some(_) => quoted_end(value) == Some(value.len()),
        None => !value.is_empty() && !value.contains(|c: char| c == '"' || c.is_whitespace()),
    }
}

/// Behind the closing quote of a text that begins with one.
fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().skip(1).find_map(|(at, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at + 1)
    })
}

/// The parts between separators that stand in no quotes.
pub fn unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        c == separator && !quoted
    })
}

/// The items of a comma-separated value; a comma within quotes or `<…>` separates nothing.
pub fn items(value: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped, mut in_uri) = (false, false, false);
    value.split(move |c| {
        let separates = c == ',' && !quoted && !in_uri;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if !in_uri => quoted = !quoted,
            '<' if !quoted => in_uri = true,
            '>' if !quoted => in_uri = false,
            _ => {}
        }
        separates
    })
}

/// A scheme and something behind it, in one piece.
fn is_uri(uri: &str) -> bool {
    !uri.contains(|c: char| c == '<' || c.is_whitespace())
        && scheme(uri).is_some_and(|(_, rest)| !rest.is_empty())
}

/// The scheme of a URI, and what follows its colon (RFC 3986 §3.1).
pub(super) fn scheme(uri: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = uri.split_once(':')?;
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (begins && scheme.chars().all(in_scheme)).then_some((scheme, rest))
}

/// The user part of a `sip:` or `sips:` URI without a password, where there is one.
pub(super) fn userinfo(uri: &str) -> Option<&str> {
    let (scheme, rest) = scheme(uri)?;
    let sip = ["sip", "sips"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    let (userinfo, _) = rest.rsplit_once('@').filter(|_| sip)?;
    let user = userinfo.split(':').next().unwrap_or_default();
    (!user.is_empty()).then_some(user)
}

/// What follows `sip:` in a Request-URI: a host after the last `@`, with a port or none, and no
/// headers (RFC 3261 §19.1.1). A user part may hold question marks and semicolons.
pub(super) fn is_sip_target(rest: &str) -> bool {
    let host = rest.rsplit('@').next().unwrap_or_default();
    let (host, after) = host.split_at(host.find([';', '?']).unwrap_or(host.len()));
    is_host_port(host) && !after.contains('?')
}

/// A name, an IPv4 address or an IPv6 reference in brackets (not looked into: RFC 5118 §4.10),
/// and a port up to 65535.
fn is_host_port(text: &str) -> bool {
    let (host, port) = match text.find(']') {
        Some(at) => text.split_at(at + 1),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let host = host.trim_end();
    let named = match host.strip_prefix('[') {
        Some(reference) => reference
            .strip_suffix(']')
            .is_some_and(|inside| inside.contains(':') && inside.chars().all(in_reference)),
        None => !host.is_empty() && host.chars().all(in_name),
    };
    let port = port.trim();
    let numbered = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| number::<u16>(port.trim()).is_some());
    named && numbered
}

fn in_reference(c: char) -> bool {
    c.is_ascii_hexdigit() || ":.%".contains(c)
}

/// An underscore is none of RFC 1034's letters and stands in many a gateway's name.
fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._".contains(c)
}

/// RFC 3261 §25.1.
pub(super) fn is_token(text: &str) -> bool {
    let in_token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    !text.is_empty() && text.chars().all(in_token)
}

/// Digits only: Rust's own reading takes a sign too.
pub(super) fn number<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// The method of a CSeq whose number is below 2³¹ (RFC 3261 §8.1.1.5).
pub(super) fn cseq_method(cseq: &str) -> Option<&str> {
    let mut words = cseq.split_whitespace();
    let count: u32 = number(words.next()?)?;
    let method = words.next()?;
    (count <= i32::MAX as u32 && words.next().is_none()).then_some(method)
}

/// `SIP/` and two numbers.
pub(super) fn is_version(text: &str) -> bool {
    let numbers = text.strip_prefix("SIP/").and_then(|n| n.split_once('.'));
    numbers.is_some_and(|(major, minor)| {
        number::<u32>(major).is_some() && number::<u32>(minor).is_some()
    })
}
