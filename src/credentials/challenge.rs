//! A challenge as it stands in a header (RFC 7616 §3.3), and which of several is answered.

use super::Algorithm;

/// Texts of a challenge that are longer than this are no nonce of anybody's.
const LONGEST: usize = 1024;

/// What one server asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// As it stood within its quotes.
    pub realm: String,
    pub nonce: String,
    pub opaque: Option<String>,
    pub algorithm: Algorithm,
    /// `auth` is among what it takes.
    pub qop: bool,
    /// The password was right, and the nonce too old.
    pub stale: bool,
    /// A proxy asks (407).
    pub proxy: bool,
}

impl Challenge {
    /// The header that answers it.
    pub fn header_name(&self) -> &'static str {
        match self.proxy {
            true => "Proxy-Authorization",
            false => "Authorization",
        }
    }
}

/// The strongest challenge of a 401 or 407 that we can answer (RFC 8760 §2.4 has the server list them by its wish; ours
/// is never the weaker one). `headers` are names and values.
pub fn strongest<'a>(
    status: u16,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<Challenge> {
    let (wanted, proxy) = match status {
        401 => ("WWW-Authenticate", false),
        407 => ("Proxy-Authenticate", true),
        _ => return None,
    };
    let mut best: Option<Challenge> = None;
    for (_, value) in headers.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)) {
        for challenge in challenges(value, proxy) {
            // Of two that are as strong the first.
            if best
                .as_ref()
                .is_none_or(|known| challenge.algorithm > known.algorithm)
            {
                best = Some(challenge);
            }
        }
    }
    best
}

/// One header may hold several, each begun by its scheme.
fn challenges(value: &str, proxy: bool) -> Vec<Challenge> {
    // A tab is white space like any other (RFC 3261 §25.1).
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Vec::new();
    }
    // `None`: one of its values cannot be what its server meant, so neither can the challenge.
    let mut found: Vec<Option<Vec<(&str, &str)>>> = Vec::new();
    let mut known = false;
    for item in split(value) {
        let item = item.trim();
        let (scheme, rest) = match item.split_once(char::is_whitespace) {
            // White space may stand on both sides of an equals sign: `nonce = "…"` begins no scheme.
            Some((scheme, rest))
                if !scheme.contains('=') && !rest.trim_start().starts_with('=') =>
            {
                (Some(scheme), rest)
            }
            _ => (None, item),
        };
        if let Some(scheme) = scheme {
            known = scheme.eq_ignore_ascii_case("Digest");
            if known {
                found.push(Some(Vec::new()));
            }
        }
        let parameter = rest.split_once('=');
        if let (true, Some(last), Some((name, value))) = (known, found.last_mut(), parameter) {
            *last = last.take().and_then(|mut parameters| {
                parameters.push((name.trim(), within_quotes(value.trim())?));
                Some(parameters)
            });
        }
    }
    let read = found
        .iter()
        .flatten()
        .filter_map(|parameters| read(parameters, proxy));
    read.collect()
}

fn read(parameters: &[(&str, &str)], proxy: bool) -> Option<Challenge> {
    let get = |wanted: &str| {
        let mut all = parameters.iter();
        let found = all.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| *value)
    };
    let qop = match get("qop") {
        None => false,
        Some(list)
            if list
                .split(',')
                .any(|word| word.trim().eq_ignore_ascii_case("auth")) =>
        {
            true
        }
        // `auth-int` alone: no REGISTER of ours has a body, and no server in use asks for it.
        Some(_) => return None,
    };
    let challenge = Challenge {
        realm: get("realm")?.to_owned(),
        nonce: get("nonce")?.to_owned(),
        opaque: get("opaque").map(str::to_owned),
        algorithm: Algorithm::read(get("algorithm"))?,
        qop,
        stale: get("stale").is_some_and(|word| word.eq_ignore_ascii_case("true")),
        proxy,
    };
    let opaque = challenge.opaque.as_ref().map_or(0, String::len);
    let fits = challenge.realm.len().max(challenge.nonce.len()).max(opaque) <= LONGEST;
    fits.then_some(challenge)
}

/// What stands within the quotes, as it stands there: it goes back within quotes of ours. `None` where it would break
/// out of them: a quote or a backslash that is not escaped, or a control character (RFC 3261 §25.1, quoted-string).
fn within_quotes(value: &str) -> Option<&str> {
    let inside = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        // A token has neither.
        None if value.contains('\\') => return None,
        None => value,
    };
    let mut escaped = false;
    for c in inside.chars() {
        match c {
            _ if c.is_control() => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return None,
            _ => {}
        }
    }
    (!escaped).then_some(inside)
}

/// At commas that stand in no quotes.
fn split(value: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        c == ',' && !quoted
    })
}
