//! What a REFER asks for (RFC 3515), and what its asker is told of it. Pure: header values in, words out.
//!
//! **Invariant:** only who is named is taken from it, never where he is: nothing on the wire decides whom we call.

/// Longer is no address of ours.
const REFER_TO_AT_MOST: usize = 512;
const NAME_AT_MOST: usize = 64;

/// A REFER that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// The user part of Refer-To, or the digits of a `tel:` URI.
    pub name: String,
    /// The dialog whose other side is meant.
    pub replaces: Option<Replaces>,
    /// Whether its asker wants to be told what becomes of it: not with `Refer-Sub: false` (RFC 4488 §4).
    pub told: bool,
}

/// A dialog of its asker's that is to be replaced (RFC 3891 §6.1), as its Refer-To names it: `to_tag` is that of the
/// side that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces {
    pub call_id: String,
    pub to_tag: String,
    pub from_tag: String,
    /// Only where it was not answered yet.
    pub early_only: bool,
}

/// Why a REFER cannot be carried out, whoever sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// None, several, or one that cannot be read: RFC 3515 §2.4.1.
    BadReferTo,
    /// It names another scheme than `sip`, `sips` and `tel`.
    Scheme,
    /// Another method than INVITE, or other headers to be put into it than Replaces (RFC 3891).
    Method,
}

impl Referral {
    /// Reads the values of the headers Refer-To and Refer-Sub.
    pub fn read<'a>(
        mut refer_to: impl Iterator<Item = &'a str>,
        refer_sub: Option<&str>,
    ) -> Result<Referral, Unusable> {
        let (Some(value), None) = (refer_to.next(), refer_to.next()) else {
            return Err(Unusable::BadReferTo);
        };
        let (name, replaces) = named(value)?;
        let told = refer_sub.is_none_or(|value| {
            let asked = value.split(';').next().unwrap_or_default().trim();
            !asked.eq_ignore_ascii_case("false")
        });
        Ok(Referral {
            name,
            replaces,
            told,
        })
    }
}

fn named(value: &str) -> Result<(String, Option<Replaces>), Unusable> {
    if value.len() > REFER_TO_AT_MOST {
        return Err(Unusable::BadReferTo);
    }
    let uri = match value.split_once('<') {
        Some((_, rest)) => rest.split_once('>').ok_or(Unusable::BadReferTo)?.0,
        // Parameters behind an address without brackets are the header's (RFC 3261 §20).
        None => value,
    };
    let (scheme, rest) = uri.trim().split_once(':').ok_or(Unusable::BadReferTo)?;
    let rest = match scheme.to_ascii_lowercase().as_str() {
        "sip" | "sips" => rest,
        "tel" => {
            let name = usable(rest.split(';').next().unwrap_or_default())?;
            return Ok((name, None));
        }
        _ => return Err(Unusable::Scheme),
    };
    let (rest, headers) = match rest.split_once('?') {
        Some((rest, headers)) => (rest, Some(headers)),
        None => (rest, None),
    };
    let method = rest.split(';').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case("method")
            .then_some(value.trim())
    });
    if method.is_some_and(|method| !method.eq_ignore_ascii_case("INVITE")) {
        return Err(Unusable::Method);
    }
    if let Some(headers) = headers {
        // Who is in that dialog is known, however he is called.
        return Ok((String::new(), Some(Replaces::of_headers(headers)?)));
    }
    let (user, _) = rest.split_once('@').ok_or(Unusable::BadReferTo)?;
    // What is behind a colon was a password once; behind a semicolon, the user's parameters.
    let user = user.split([':', ';']).next().unwrap_or_default();
    Ok((usable(user)?, None))
}

impl Replaces {
    /// Of the headers of a URI (RFC 3261 §19.1.1): Replaces, and that it is required.
    fn of_headers(headers: &str) -> Result<Replaces, Unusable> {
        let mut found = None;
        for header in headers.split('&') {
            let (name, value) = header.split_once('=').ok_or(Unusable::BadReferTo)?;
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            match found {
                None if is("Replaces") => found = Some(unescaped(value)?),
                _ if is("Require") && value.eq_ignore_ascii_case("replaces") => {}
                _ => return Err(Unusable::Method),
            }
        }
        let value = found.ok_or(Unusable::Method)?;
        Replaces::read(&value).ok_or(Unusable::BadReferTo)
    }

    fn read(value: &str) -> Option<Replaces> {
        let mut parts = value.split(';').map(str::trim);
        let call_id = parts.next().filter(|id| !id.is_empty())?.to_owned();
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = (!value.is_empty()).then(|| value.to_owned());
            match name.to_ascii_lowercase().as_str() {
                "to-tag" if to_tag.is_none() => to_tag = Some(value?),
                "from-tag" if from_tag.is_none() => from_tag = Some(value?),
                "early-only" => early_only = true,
                "to-tag" | "from-tag" => return None,
                _ => {}
            }
        }
        Some(Replaces {
            call_id,
            to_tag: to_tag?,
            from_tag: from_tag?,
            early_only,
        })
    }
}

/// RFC 3261 §19.1.2; nothing that a header could not hold.
fn unescaped(value: &str) -> Result<String, Unusable> {
    let mut octets = Vec::new();
    let mut rest = value.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => {
                let hex = [rest.next(), rest.next()];
                let digit = |octet: Option<u8>| {
                    let digit = octet.and_then(|octet| char::from(octet).to_digit(16));
                    digit.ok_or(Unusable::BadReferTo)
                };
                // Two digits of four bits are an octet.
                (digit(hex[0])? * 16 + digit(hex[1])?) as u8
            }
            octet => octet,
        });
    }
    let text = String::from_utf8(octets).map_err(|_| Unusable::BadReferTo)?;
    match text.chars().any(char::is_control) {
        true => Err(Unusable::BadReferTo),
        false => Ok(text),
    }
}

fn usable(name: &str) -> Result<String, Unusable> {
    let known = |c: char| c.is_ascii_alphanumeric() || "-_.+*#".contains(c);
    match !name.is_empty() && name.len() <= NAME_AT_MOST && name.chars().all(known) {
        true => Ok(name.to_owned()),
        false => Err(Unusable::BadReferTo),
    }
}

impl Unusable {
    /// The status of the refusal.
    pub fn status(self) -> u16 {
        match self {
            Unusable::BadReferTo => 400,
            Unusable::Scheme => 416,
            Unusable::Method => 501,
        }
    }
}

/// The body of a NOTIFY (RFC 3515 §2.4.5): a status line.
pub fn fragment(status: u16) -> String {
    let reason = match status {
        100 => "Trying",
        180 => "Ringing",
        200 => "OK",
        404 => "Not Found",
        480 => "Temporarily Unavailable",
        486 => "Busy Here",
        487 => "Request Terminated",
        _ => "Service Unavailable",
    };
    format!("SIP/2.0 {status} {reason}\r\n")
}

/// The header Subscription-State of the NOTIFY that carries this status.
pub fn subscription_state(status: u16) -> &'static str {
    match status {
        // As long as anything rings here.
        ..200 => "active;expires=600",
        _ => "terminated;reason=noresource",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<String, Unusable> {
        Referral::read([value].into_iter(), None).map(|referral| referral.name)
    }

    #[test]
    fn who_is_named_is_taken_and_where_he_is_said_to_be_is_not() {
        for (value, name) in [
            ("<sip:8002@192.0.2.7:5060>", "8002"),
            (
                "\"外线\" <sips:8002@centre.example;transport=tls>;x=y",
                "8002",
            ),
            ("sip:hotline@192.0.2.7", "hotline"),
            ("<sip:8002;phone-context=x:pw@h;method=INVITE>", "8002"),
            ("<tel:+8613900000000;ext=1>", "+8613900000000"),
        ] {
            assert_eq!(read(value), Ok(name.to_owned()), "{value}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_status() {
        let long = format!("<sip:{}@h>", "8".repeat(600));
        let longish = format!("<sip:{}@h>", "8".repeat(65));
        for (value, status) in [
            ("", 400),
            ("<sip:@h>", 400),
            ("<sip:192.0.2.7>", 400),
            ("<sip:8002@h", 400),
            ("<sip:80%0d%0a02@h>", 400),
            (long.as_str(), 400),
            (longish.as_str(), 400),
            ("<http://example/>", 416),
            ("<sip:8002@h?Replaces=a%3Bto-tag%3Db>", 400),
            ("<sip:8002@h?Replaces=%3Bto-tag%3Db%3Bfrom-tag%3Dc>", 400),
            (
                "<sip:8002@h?Replaces=a%3Bto-tag%3Db%3Bto-tag%3Db%3Bfrom-tag%3Dc>",
                400,
            ),
            ("<sip:8002@h?Replaces=a%3Bto-tag%3D%3Bfrom-tag%3Dc>", 400),
            (
                "<sip:8002@h?Replaces=a%0d%0ab%3Bto-tag%3Db%3Bfrom-tag%3Dc>",
                400,
            ),
            ("<sip:8002@h?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc%2>", 400),
            ("<sip:8002@h?Replaces>", 400),
            ("<sip:8002@h?Subject=a>", 501),
            (
                "<sip:8002@h?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc&X=y>",
                501,
            ),
            (
                "<sip:8002@h;method=BYE?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>",
                501,
            ),
            ("<sip:8002@h;method=BYE>", 501),
        ] {
            assert_eq!(read(value).unwrap_err().status(), status, "{value}");
        }
        let two = ["<sip:1@h>", "<sip:2@h>"].into_iter();
        assert_eq!(Referral::read(two, None), Err(Unusable::BadReferTo));
        assert_eq!(
            Referral::read([].into_iter(), None),
            Err(Unusable::BadReferTo)
        );
    }

    #[test]
    fn the_dialog_to_be_replaced_is_read_with_its_tags() {
        let replaces = |early_only| Replaces {
            call_id: "a@h".into(),
            to_tag: "b".into(),
            from_tag: "c".into(),
            early_only,
        };
        for (value, expected) in [
            (
                "<sip:8002@h?Replaces=a%40h%3bto-tag%3Db%3Bfrom-tag%3Dc>",
                replaces(false),
            ),
            (
                "<sip:h?Require=replaces&Replaces=a@h%3Bfrom-tag%3Dc%3Bto-tag%3Db%3Bearly-only%3Bx%3Dy>",
                replaces(true),
            ),
        ] {
            let referral = Referral::read([value].into_iter(), None).unwrap();
            assert_eq!(referral.replaces, Some(expected), "{value}");
        }
    }

    #[test]
    fn who_wants_to_be_told_nothing_is_not() {
        for (value, told) in [
            (None, true),
            (Some("true"), true),
            (Some(" False ;x"), false),
        ] {
            let one = ["<sip:1@h>"].into_iter();
            assert_eq!(Referral::read(one, value).unwrap().told, told, "{value:?}");
        }
    }
}
