use proptest::prelude::*;

use super::*;

fn of(value: &str) -> Option<Challenge> {
    strongest(401, [("WWW-Authenticate", value)].into_iter())
}

/// RFC 7616 §3.9.1, both of its answers.
#[test]
fn the_answers_are_those_of_rfc_7616() {
    let credentials = Credentials {
        username: "Mufasa".into(),
        password: "Circle of Life".into(),
    };
    for (algorithm, response) in [
        (
            "SHA-256",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ] {
        let challenge = of(&format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        ))
        .unwrap();
        let mut answering = Answering::new(challenge);
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let asked = ("GET", "/dir/index.html");
        let (name, value) = answering.header(&credentials, asked, cnonce);
        assert_eq!(name, "Authorization");
        assert!(value.contains(response), "{value}");
        assert!(value.contains(&format!("algorithm={algorithm}, ")) && value.contains("qop=auth,"));
        assert!(value.contains("opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""));
        // Shown again, its count has grown.
        let (_, again) = answering.header(&credentials, asked, cnonce);
        assert!(
            again.contains("nc=00000002") && !again.contains(response),
            "{again}"
        );
        assert!(!format!("{credentials:?}").contains("Circle"));
    }
}

/// RFC 7616 §3.9.2: a name that is not hashed here, and SHA-512-256.
#[test]
fn sha_512_256_is_known() {
    assert_eq!(
        Algorithm::Sha512_256.hex("abc"),
        // FIPS 180-4.
        "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
    );
}

#[test]
fn the_strongest_that_we_know_is_taken_wherever_it_stands() {
    let md5 = "Digest realm=\"r\", nonce=\"m\", algorithm=MD5, qop=\"auth\"";
    let sha = "Digest realm=\"r\", nonce=\"s\", algorithm=SHA-256, qop=\"auth\"";
    let unknown = "Digest realm=\"r\", nonce=\"u\", algorithm=SHA3-512, qop=\"auth\"";
    let sess = "Digest realm=\"r\", nonce=\"e\", algorithm=SHA-256-sess, qop=\"auth\"";
    let taken = |values: &[&str]| {
        let headers = values.iter().map(|value| ("www-authenticate", *value));
        strongest(401, headers).map(|challenge| challenge.nonce)
    };
    assert_eq!(taken(&[md5, sha]).as_deref(), Some("s"));
    assert_eq!(taken(&[sha, md5]).as_deref(), Some("s"));
    assert_eq!(taken(&[unknown, sess, md5]).as_deref(), Some("m"));
    assert_eq!(taken(&[unknown]), None);
    assert_eq!(taken(&[&format!("{md5}, {sha}")]).as_deref(), Some("s"));
    assert_eq!(taken(&["Basic realm=\"r\"", md5]).as_deref(), Some("m"));
    let only_int = "Digest realm=\"r\", nonce=\"i\", qop=\"auth-int\"";
    assert_eq!(taken(&[only_int]), None);
    // A proxy's challenge stands in another header, and is answered in another.
    assert_eq!(
        strongest(407, [("WWW-Authenticate", md5)].into_iter()),
        None
    );
    let proxy = strongest(407, [("Proxy-Authenticate", md5)].into_iter()).unwrap();
    let credentials = Credentials {
        username: "u".into(),
        password: "p".into(),
    };
    let (name, _) = Answering::new(proxy).header(&credentials, ("INVITE", "sip:a@b"), "c");
    assert_eq!(name, "Proxy-Authorization");
}

#[test]
fn white_space_and_commas_stand_where_the_grammar_has_them() {
    for value in [
        "Digest realm = \"a, b\" , nonce= \"y\", qop =\"auth\" ,algorithm = SHA-256",
        "Digest\trealm\t=\t\"a, b\",\tnonce\t= \"y\",qop\t=auth, algorithm=\"SHA-256\"",
        "Basic realm = \"z\", Digest  realm =\"a, b\", nonce = \"y\", algorithm =SHA-256, qop = \"auth-int, auth\"",
        "Digest realm = \"z\", nonce = \"u\", algorithm = SHA3-512, Digest realm = \"a, b\", nonce = \"y\", \
         algorithm = sha-256, qop = \"auth\"",
    ] {
        let read = of(value).unwrap_or_else(|| panic!("{value}"));
        let texts = (read.realm.as_str(), read.nonce.as_str());
        assert_eq!(texts, ("a, b", "y"), "{value}");
        assert_eq!(
            (read.algorithm, read.qop),
            (Algorithm::Sha256, true),
            "{value}"
        );
    }
    assert_eq!(of("Digest realm=\"r\", nonce=\"a\u{7f}b\""), None);
}

/// What is shown again within quotes of ours must not break out of them.
#[test]
fn a_value_that_is_no_quoted_string_and_no_token_spoils_its_challenge_and_no_other() {
    for nonce in [
        "\"abd\"int\"",
        "\"abd\\\"",
        "\"a\tb\"",
        "\"",
        "ab\\",
        "a\"b",
        "\"ab",
    ] {
        let bad = format!("Digest realm=\"r\", algorithm=MD5, nonce={nonce}");
        assert_eq!(of(&bad), None, "{bad}");
    }
    let kept = of("Digest realm=\"a \\\"b\\\"\", nonce=\"\\\\\"").unwrap();
    let texts = (kept.realm.as_str(), kept.nonce.as_str());
    assert_eq!(texts, ("a \\\"b\\\"", "\\\\"));
    let second = of("Digest realm=\"r\", nonce=\"a\"b\"c\", Digest realm=\"s\", nonce=\"d\"");
    assert_eq!(second.unwrap().realm, "s");
}

#[test]
fn a_server_without_qop_gets_the_digest_of_rfc_2069() {
    let challenge = of("Digest realm=\"r\", nonce=\"n\"").unwrap();
    assert_eq!(
        (challenge.algorithm, challenge.qop),
        (Algorithm::Md5, false)
    );
    let credentials = Credentials {
        username: "a\"b".into(),
        password: "p".into(),
    };
    let mut answering = Answering::new(challenge);
    let (_, value) = answering.header(&credentials, ("REGISTER", "sip:h"), "c");
    let hex = |text: &str| Algorithm::Md5.hex(text);
    let right = hex(&format!("{}:n:{}", hex("a\"b:r:p"), hex("REGISTER:sip:h")));
    assert!(
        value.contains(&right) && value.contains("username=\"a\\\"b\""),
        "{value}"
    );
    assert!(!value.contains("nc=") && !value.contains("qop"));
}

proptest! {
    /// Whatever a server writes: read or passed over, and what is shown of it starts no header line.
    #[test]
    fn any_challenge_is_read_or_passed_over(value in ".{0,200}", name in "[a-zA-Z]{1,10}") {
        for value in [value.clone(), format!("Digest {value}"), format!("Digest realm=\"{value}\", nonce=\"n\", {name}={value}")] {
            if let Some(challenge) = of(&value) {
                let credentials = Credentials { username: name.clone(), password: value };
                let (_, shown) = Answering::new(challenge).header(&credentials, ("REGISTER", "sip:h"), "c");
                prop_assert!(!shown.contains(['\r', '\n']));
            }
        }
    }
}
