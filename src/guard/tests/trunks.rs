//! What a trunk sends: let in, or refused with its status.

use super::*;

#[test]
fn what_a_trunk_sends_is_let_in_or_refused_with_its_status() {
    let in_dialog = |method: &str| as_method(method).replace("gradeline>", "gradeline>;tag=b");
    let cases = [
        (INVITE.to_owned(), "pass", ""),
        (as_method("OPTIONS"), "200", "options"),
        (as_method("REGISTER"), "405", "method"),
        (as_method("REFER"), "405", "method"),
        (in_dialog("REFER"), "481", "no_call"),
        (as_method("FROBNICATE"), "501", "unknown_method"),
        (as_method("BYE"), "481", "no_call"),
        (in_dialog("BYE"), "481", "no_call"),
        (in_dialog("INVITE"), "481", "no_call"),
        (as_method("CANCEL"), "481", "no_call"),
        (as_method("ACK"), "drop", "foreign_ack"),
        (
            INVITE.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"),
            "505",
            "version",
        ),
        (
            INVITE.replace("sip:consult@gradeline SIP", "tel:12345 SIP"),
            "416",
            "scheme",
        ),
        (with("Call-ID: two"), "400", "malformed"),
        (with("Content-Length: 0"), "400", "malformed"),
        (INVITE.replace("Content-Length: 0\r\n", ""), "mended", ""),
        (INVITE.replace("Content-Length", "l"), "pass", ""),
        (
            INVITE.replace("Call-ID", "i").replace("From", "f"),
            "pass",
            "",
        ),
        (
            INVITE.replace(
                "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n",
                "",
            ),
            "drop",
            "unanswerable",
        ),
        (INVITE.trim_end().to_owned(), "400", "malformed"),
        (with("v: SIP/2.0/UDP far;;,;,,"), "400", "malformed"),
        (with("Accept: text/plain"), "406", "media_type"),
        (
            with("Accept: text/plain, application/sdp;level=1"),
            "pass",
            "",
        ),
        (
            with("Require: 100rel").replace("INVITE", "OPTIONS"),
            "420",
            "extension",
        ),
        (with("Require: 100rel"), "420", "extension"),
        (with("Require: timer"), "pass", ""),
        (
            with("Content-Type: multipart/mixed;boundary=x"),
            "415",
            "media_type",
        ),
        (
            with("Content-Type: application/sdp;charset=utf-8"),
            "pass",
            "",
        ),
        (with("no colon here"), "400", "malformed"),
        (
            with("no colon here").replace("INVITE", "ACK"),
            "drop",
            "malformed",
        ),
        (with("From: <sip:2@trunk>;tag=c"), "400", "malformed"),
        (with("t: <sip:2@trunk>"), "400", "malformed"),
        (with("CSeq: 2 INVITE"), "400", "malformed"),
        (with("m: <sip:2@192.0.2.1>"), "400", "malformed"),
        (
            INVITE.replace("<sip:1@192.0.2.1>", "\"a \\\", b\" <sip:1,2@192.0.2.1>;q=1"),
            "pass",
            "",
        ),
        (with("Max-Forwards: 0"), "pass", ""),
        (
            with("Max-Forwards: 70\r\nMax-Forwards: 70"),
            "400",
            "malformed",
        ),
        (with("Max-Forwards: 256"), "400", "malformed"),
        (with("Max-Forwards: many"), "400", "malformed"),
        (
            with(&format!("Subject: {}", "x".repeat(9000))),
            "513",
            "head_too_large",
        ),
        (with(&"X: y\r\n".repeat(300)), "513", "head_too_large"),
        (
            with(&format!("Via: SIP/2.0/UDP {}", "x".repeat(9000))),
            "drop",
            "unanswerable",
        ),
        (
            INVITE.replace("Length: 0\r\n", "Length: 20000\r\n") + &"v".repeat(20_000),
            "413",
            "body_too_large",
        ),
        (format!("\r\n{INVITE}"), "mended", ""),
        (INVITE.to_owned() + "rest", "mended", ""),
        (with("Content-Encoding: gzip"), "415", "media_type"),
        (
            with("Content-Type: application/sdp\r\nc: application/sdp"),
            "400",
            "malformed",
        ),
        (with("bad name: x"), "400", "malformed"),
        (with("X: y\nTo: <sip:b@c>"), "400", "malformed"),
        (INVITE.replace("From: <", "From: 张三 <"), "pass", ""),
        (
            INVITE.replace("@gradeline SIP", "@[::1]:5060;user=phone SIP"),
            "pass",
            "",
        ),
        (INVITE.replace(";branch=z9hG4bK1", ""), "pass", ""),
        ("".to_owned(), "drop", "unreadable"),
        ("\0\u{1}garbage".to_owned(), "drop", "unanswerable"),
        ("\r\n\r\n\r\n\r\n".to_owned(), "drop", "unreadable"),
        (
            "SIP/2.0 200 OK\r\nl: 0\r\n\r\n".to_owned(),
            "drop",
            "malformed",
        ),
    ];
    for (message, what, why) in cases {
        let found = outcome(ask(&state(), &message, TRUNK));
        assert_eq!(found, (what.to_owned(), why), "{message}");
    }
}

#[test]
fn a_message_in_which_one_thing_is_malformed_is_refused_with_400() {
    for (plain, spoilt) in [
        ("sip:consult@gradeline SIP", "nonsense SIP"),
        ("1 INVITE", "1 BYE"),
        ("1 INVITE", "4294967295 INVITE"),
        ("1 INVITE", "one INVITE"),
        (";tag=a", ""),
        ("Contact: <sip:1@192.0.2.1>\r\n", ""),
        ("Length: 0", "Length: 99"),
        ("Length: 0", "Length: -1"),
        ("Call-ID: one\r\n", ""),
        ("sip:consult@gradeline SIP", "<sip:consult@gradeline> SIP"),
        ("gradeline SIP", "gradeline?Route=x SIP"),
        ("To: <", "To: \"Mr. J. User <"),
        ("<sip:1@192.0.2.1>", "<sip:1@192.0.2.1>, <sip:2@192.0.2.1>"),
        ("Call-ID: one", "Call-ID: one two"),
        ("1 INVITE", "+1 INVITE"),
        ("Length: 0", "Length: +0"),
        ("SIP/2.0\r\nVia", "HTTP/1.1\r\nVia"),
        ("SIP/2.0/UDP", "SIP/7.0/UDP"),
        ("From: <", "From: 李, 王 <"),
        ("@gradeline SIP", "@gradeline:99999 SIP"),
        ("branch=z9hG4bK1", "branch=z9hG4bK"),
    ] {
        let message = INVITE.replace(plain, spoilt);
        assert_ne!(message, INVITE, "{plain} stands in it");
        let found = outcome(ask(&state(), &message, TRUNK));
        assert_eq!(found, ("400".to_owned(), "malformed"), "{message}");
    }
}
