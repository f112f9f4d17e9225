use std::time::Duration;

/// The key that a SIP INFO carries, and how long it was held where it says so.
///
/// `application/dtmf-relay` (`Signal=5`, `Duration=160`) and `application/dtmf` (the key alone) are
/// what gateways send; neither was ever a standard.
pub fn key(content_type: &str, body: &[u8]) -> Option<(char, Option<Duration>)> {
    let body = std::str::from_utf8(body.get(..256.min(body.len()))?).ok()?;
    let media_type = content_type.split(';').next()?.trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/dtmf-relay" => relay(body),
        "application/dtmf" => Some((signal(body.trim())?, None)),
        _ => None,
    }
}

fn relay(body: &str) -> Option<(char, Option<Duration>)> {
    let field = |name: &str| {
        body.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let length = field("Duration")
        .and_then(|text| text.parse::<u64>().ok())
        .map(|ms| Duration::from_millis(ms.min(60_000)));
    Some((signal(field("Signal")?)?, length))
}

/// `5`, `*`, or the event code that some gateways write for the last six: `10` is `*`, `11` is `#`.
fn signal(text: &str) -> Option<char> {
    match text {
        "10" => return Some('*'),
        "11" => return Some('#'),
        _ => {}
    }
    let mut keys = text.chars();
    let key = keys.next()?.to_ascii_uppercase();
    (keys.next().is_none() && "0123456789*#ABCD".contains(key)).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_info_carry_a_key() {
        let held = Some(Duration::from_millis(160));
        assert_eq!(
            key("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"),
            Some(('5', held))
        );
        assert_eq!(
            key("Application/DTMF-Relay; charset=utf-8", b"signal= *\n"),
            Some(('*', None))
        );
        assert_eq!(key("application/dtmf", b"4\r\n"), Some(('4', None)));
        assert_eq!(
            key("application/dtmf-relay", b"Signal=11\r\nDuration=100"),
            Some(('#', Some(Duration::from_millis(100))))
        );
    }

    #[test]
    fn what_is_no_key_is_none() {
        for (content_type, body) in [
            ("application/dtmf", &b"45"[..]),
            ("application/dtmf", b""),
            ("application/dtmf", b"\xff"),
            ("application/dtmf-relay", b"Duration=100"),
            ("text/plain", b"5"),
            ("", b"5"),
        ] {
            assert_eq!(key(content_type, body), None, "{content_type} {body:?}");
        }
    }
}
