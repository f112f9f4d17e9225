//! An element of a route that somebody else names for our requests: Service-Route (RFC 3608 §5), Path (RFC 3327 §5).

use super::syntax::{is_sip_target, party, scheme};

/// Longer than any proxy names itself, in bytes.
const LONGEST: usize = 256;

/// `<sip:orig@proxy.example;lr>` as it may stand in a Route of ours: one SIP URI in angle brackets, loose (RFC 3261
/// §19.1.1), in one line. Header parameters behind it are left out. `None` for anything else.
pub fn route(item: &str) -> Option<String> {
    let item = item.trim();
    let party = party(item).filter(|_| item.contains('<'))?;
    let (scheme, rest) = scheme(party.uri)?;
    let is_sip = ["sip", "sips"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    let mut parameters = rest.split(';').skip(1);
    let loose = parameters.any(|parameter| {
        let name = parameter.split('=').next().unwrap_or_default();
        name.eq_ignore_ascii_case("lr")
    });
    let odd = |c: char| c.is_control() || !c.is_ascii() || matches!(c, '"' | ',' | '>');
    let fits = is_sip
        && loose
        && is_sip_target(rest)
        && party.uri.len() <= LONGEST
        && !party.uri.contains(odd);
    fits.then(|| format!("<{}>", party.uri))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_loose_sip_address_in_brackets_is_a_route() {
        for (item, told) in [
            (
                "<sip:orig@proxy.example;lr>",
                Some("<sip:orig@proxy.example;lr>"),
            ),
            (
                " \"P, 1\" <sips:192.0.2.1:5061;lr=on>;x=y",
                Some("<sips:192.0.2.1:5061;lr=on>"),
            ),
            (
                "<sip:[2001:db8::1];transport=tcp;lr>",
                Some("<sip:[2001:db8::1];transport=tcp;lr>"),
            ),
            ("sip:proxy.example;lr", None),
            ("<sip:proxy.example>", None),
            ("<sip:proxy.example;lrx>", None),
            ("<tel:01066666666;lr>", None),
            ("<sip:;lr>", None),
            ("<sip:proxy.example;lr?Route=x>", None),
            ("<sip:pr\u{f6}xy.example;lr>", None),
            ("<sip:a@b;lr>, <sip:c@d;lr>", None),
            ("<sip:a@b;lr>\r\nVia: x", None),
            ("", None),
        ] {
            assert_eq!(route(item).as_deref(), told, "{item}");
        }
        let long = format!("<sip:{}.example;lr>", "a".repeat(LONGEST));
        assert_eq!(route(&long), None);
    }
}
