use proptest::prelude::*;

use super::*;

const HEAD: &str = "v=0\r\no=x 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";

fn answer(streams: &str) -> Result<(String, Negotiated), Error> {
    let mut local = Local::new(
        IpAddr::from([127, 0, 0, 1]),
        20000,
        Srtp::Accept,
        Codecs::G711,
    );
    local.answer(format!("{HEAD}{streams}").as_bytes())
}

fn negotiated(streams: &str) -> Negotiated {
    answer(streams).expect("an offer that can be answered").1
}

#[test]
fn the_offerers_first_choice_is_taken() {
    let both = negotiated("m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n");
    assert_eq!(
        (both.codec, both.payload_type, both.event_type),
        (Codec::Pcmu, 0, Some(101))
    );
    let later = negotiated("m=audio 4000 RTP/AVP 18 97\r\na=rtpmap:97 pcma/8000/1\r\n");
    assert_eq!(
        (later.codec, later.payload_type, later.event_type),
        (Codec::Pcma, 97, None)
    );
    assert_eq!(
        later.rtp,
        Some("192.0.2.9:4000".parse().expect("an address"))
    );
    assert_eq!(
        later.rtcp,
        Some("192.0.2.9:4001".parse().expect("an address"))
    );
}

#[test]
fn telephone_events_of_another_clock_are_not_ours() {
    let wide = "m=audio 4000 RTP/AVP 8 101 96\r\na=rtpmap:101 telephone-event/48000\r\n\
                a=rtpmap:96 telephone-event/8000\r\n";
    assert_eq!(negotiated(wide).event_type, Some(96));
}

#[test]
fn video_is_rejected_and_sound_is_taken() {
    let (text, _) = answer(
        "m=video 4002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 4000 RTP/AVP 8\r\n\
         c=IN IP4 192.0.2.77\r\n",
    )
    .expect("an answer");
    assert!(text.contains("m=video 0 RTP/AVP 96\r\n"), "{text}");
    assert!(text.contains("m=audio 20000 RTP/AVP 8\r\n"), "{text}");
}

#[test]
fn the_streams_own_address_goes_before_the_sessions() {
    let own = negotiated("m=audio 4000 RTP/AVP 8\r\nc=IN IP6 2001:db8::7\r\na=rtcp:4444\r\n");
    assert_eq!(
        own.rtp,
        Some("[2001:db8::7]:4000".parse().expect("an address"))
    );
    assert_eq!(
        own.rtcp,
        Some("[2001:db8::7]:4444".parse().expect("an address"))
    );
}

#[test]
fn hold_is_understood_in_every_spelling() {
    for (line, send, receive, word) in [
        ("a=sendonly\r\n", true, false, "recvonly"),
        ("a=recvonly\r\n", false, true, "sendonly"),
        ("a=inactive\r\n", false, false, "inactive"),
        ("c=IN IP4 0.0.0.0\r\n", false, false, "inactive"),
        ("", true, true, "sendrecv"),
    ] {
        let (text, said) = answer(&format!("m=audio 4000 RTP/AVP 8\r\n{line}")).expect("an answer");
        assert_eq!(
            (said.they_send, said.they_receive),
            (send, receive),
            "{line}"
        );
        assert!(text.contains(&format!("a={word}\r\n")), "{line} {text}");
    }
}

#[test]
fn packet_lengths_are_honoured_from_ten_to_forty() {
    for (lines, wanted) in [
        ("", 20),
        ("a=ptime:10\r\n", 10),
        ("a=ptime:30\r\n", 30),
        ("a=ptime:60\r\n", 40),
        ("a=ptime:5\r\n", 10),
        ("a=ptime:nan\r\n", 20),
        ("a=ptime:40\r\na=maxptime:20\r\n", 20),
    ] {
        let said = negotiated(&format!("m=audio 4000 RTP/AVP 8\r\n{lines}"));
        assert_eq!(said.ptime_ms, wanted, "{lines}");
    }
}

#[test]
fn no_common_codec_and_nonsense_are_told_apart() {
    for streams in [
        "",
        "m=audio 4000 RTP/AVP 18\r\n",
        "m=audio 0 RTP/AVP 8\r\n",
        "m=audio 4000 RTP/SAVP 8\r\n",
        "m=audio 4000 RTP/AVP 8\r\na=rtpmap:8 opus/48000/2\r\n",
    ] {
        assert!(
            matches!(answer(streams), Err(Error::NoCommonCodec { .. })),
            "{streams}"
        );
    }
    for streams in [
        "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 224.0.0.1\r\n",
        "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 nowhere.example\r\n",
        "m=audio many RTP/AVP 8\r\n",
    ] {
        assert!(
            matches!(answer(streams), Err(Error::Unreadable(_))),
            "{streams}"
        );
    }
    let long = "a=x\r\n".repeat(5000);
    assert!(matches!(answer(&long), Err(Error::Unreadable(_))));
}

#[test]
fn each_description_of_a_session_has_the_next_version() {
    let mut local = Local::new(
        IpAddr::from([127, 0, 0, 1]),
        20000,
        Srtp::Accept,
        Codecs::G711,
    );
    let first = local.offer();
    let second = local.offer();
    assert!(first.contains(&format!("o=- {} 1 IN", local.session)));
    assert!(second.contains(&format!("o=- {} 2 IN", local.session)));
    check(first.as_bytes(), Srtp::Refuse, &Codecs::G711).expect("our own offer is readable");
}

proptest! {
    #[test]
    fn no_octets_break_the_reader(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = check(&octets, Srtp::Accept, &Codecs::ALL);
    }

    #[test]
    fn no_lines_break_the_reader(lines in proptest::collection::vec(
        "(v=0|o=- 1 1 IN IP4 1.2.3.4|s=-|t=0 0|c=IN IP[46] [0-9.:/]{0,12}|m=(audio|video) [0-9]{0,6} RTP/AVP [0-9 ]{0,12}|a=(rtpmap|ptime|maxptime|rtcp):[0-9a-zA-Z./ -]{0,20})", 0..12)
    ) {
        let _ = check((lines.join("\r\n") + "\r\n").as_bytes(), Srtp::Accept, &Codecs::ALL);
    }
}

#[test]
fn every_way_of_holding_is_seen() {
    let held = |head: &str, stream: &str| is_hold(format!("{head}{stream}").as_bytes());
    let stream = "m=audio 4000 RTP/AVP 8\r\n";
    let of_session = |word: &str| format!("{HEAD}a={word}\r\n");
    for word in ["sendonly", "inactive"] {
        assert!(held(HEAD, &format!("{stream}a={word}\r\n")), "{word}");
        assert!(held(&of_session(word), stream), "{word} of the session");
    }
    assert!(held(HEAD, &format!("{stream}c=IN IP4 0.0.0.0\r\n")));
    assert!(held(&HEAD.replace("192.0.2.9", "0.0.0.0"), stream));
    assert!(held(HEAD, &format!("{stream}c=IN IP6 ::\r\n")));
}

#[test]
fn what_only_looks_like_hold_is_none() {
    let held = |text: String| is_hold(text.as_bytes());
    let stream = "m=audio 4000 RTP/AVP 8\r\n";
    assert!(!held(format!("{HEAD}{stream}")));
    assert!(
        !held(format!("{HEAD}{stream}a=recvonly\r\n")),
        "muted, but it listens"
    );
    // The stream's word goes before the session's, another stream's says nothing of ours.
    assert!(!held(format!("{HEAD}a=inactive\r\n{stream}a=sendrecv\r\n")));
    let video = "m=video 5000 RTP/AVP 96\r\na=sendonly\r\n";
    assert!(!held(format!("{HEAD}{stream}{video}")));
    let elsewhere = HEAD.replace("192.0.2.9", "0.0.0.0");
    assert!(!held(format!("{elsewhere}{stream}c=IN IP4 192.0.2.9\r\n")));
    assert!(!held(String::new()) && !held("a=sendonly".to_owned()));
}

const KEY: &str = "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR";

fn secure(suite: &str) -> String {
    format!("m=audio 4000 RTP/SAVP 8\r\na=crypto:3 {suite} inline:{KEY}|2^31\r\n")
}

fn local(srtp: Srtp) -> Local {
    Local::new(IpAddr::from([127, 0, 0, 1]), 20000, srtp, Codecs::G711)
}

#[test]
fn a_protected_offer_is_answered_with_keys_of_ours() {
    for suite in ["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"] {
        let (text, said) = answer(&secure(suite)).expect("an answer");
        assert!(text.contains("m=audio 20000 RTP/SAVP 8\r\n"), "{text}");
        assert!(
            text.contains(&format!("a=crypto:3 {suite} inline:")),
            "{text}"
        );
        assert!(!text.contains(KEY), "our key is not theirs: {text}");
        let protection = said.srtp.expect("it is protected");
        assert_eq!(protection.suite.name(), suite);
        assert_ne!(protection.ours, protection.theirs);
    }
    assert_eq!(
        answer("m=audio 4000 RTP/SAVP 8\r\n").map(|_| ()),
        Err(Error::NoCommonCodec {
            offered: "audio RTP/SAVP 8".into()
        })
    );
}

#[test]
fn of_both_offered_the_protected_one_is_taken_unless_it_is_refused() {
    let both = format!(
        "m=audio 5000 RTP/AVP 8\r\n{}",
        secure("AES_CM_128_HMAC_SHA1_80")
    );
    let both = format!("{HEAD}{both}");
    let (text, said) = local(Srtp::Accept)
        .answer(both.as_bytes())
        .expect("an answer");
    assert!(text.contains("m=audio 0 RTP/AVP 8\r\n"), "{text}");
    assert!(said.srtp.is_some());
    let (text, said) = local(Srtp::Refuse)
        .answer(both.as_bytes())
        .expect("an answer");
    assert!(text.contains("m=audio 0 RTP/SAVP 8\r\n"), "{text}");
    assert_eq!(said.srtp, None);
    let plain = format!("{HEAD}m=audio 5000 RTP/AVP 8\r\n");
    let refused = local(Srtp::Require).answer(plain.as_bytes());
    assert!(
        matches!(
            refused,
            Err(Error::OtherProfile {
                wanted: "RTP/SAVP",
                ..
            })
        ),
        "{refused:?}"
    );
    let secure = format!("{HEAD}{}", secure("AES_CM_128_HMAC_SHA1_80"));
    let refused = local(Srtp::Refuse).answer(secure.as_bytes());
    assert!(
        matches!(
            refused,
            Err(Error::OtherProfile {
                wanted: "RTP/AVP",
                ..
            })
        ),
        "{refused:?}"
    );
}

#[test]
fn keys_stay_over_a_new_offer_and_protection_is_not_taken_back() {
    let offer = |suite| format!("{HEAD}{}", secure(suite));
    let mut ours = local(Srtp::Accept);
    let mut keys = |suite| {
        let (_, said) = ours.answer(offer(suite).as_bytes()).expect("an answer");
        said.srtp.expect("it is protected").ours
    };
    let first = keys("AES_CM_128_HMAC_SHA1_80");
    assert_eq!(keys("AES_CM_128_HMAC_SHA1_80"), first);
    let other = keys("AES_CM_128_HMAC_SHA1_32");
    assert_ne!(other, first);
    assert_ne!(
        keys("AES_CM_128_HMAC_SHA1_80"),
        first,
        "a key is used with one suite once"
    );
    let plain = format!("{HEAD}m=audio 5000 RTP/AVP 8\r\n");
    assert!(matches!(
        ours.answer(plain.as_bytes()),
        Err(Error::OtherProfile { .. })
    ));
    assert!(ours.offer().contains("RTP/SAVP"));
}

#[test]
fn a_protected_offer_of_ours_needs_a_protected_answer() {
    let (mut asks, mut answers) = (local(Srtp::Require), local(Srtp::Accept));
    let offer = asks.offer();
    assert_eq!(offer.matches("a=crypto:").count(), 2, "{offer}");
    let (answer, theirs) = answers.answer(offer.as_bytes()).expect("an answer");
    let ours = asks.accept(answer.as_bytes()).expect("it fits");
    let (ours, theirs) = (ours.srtp.expect("keys"), theirs.srtp.expect("keys"));
    assert_eq!((ours.ours, ours.theirs), (theirs.theirs, theirs.ours));
    let mut asks = local(Srtp::Require);
    asks.offer();
    let other = answer.replace("a=crypto:1", "a=crypto:2");
    assert!(
        asks.accept(other.as_bytes()).is_err(),
        "a suite of another line"
    );
    let plain = format!("{HEAD}m=audio 5000 RTP/AVP 8\r\n");
    assert!(asks.accept(plain.as_bytes()).is_err());
    let mut asks = local(Srtp::Accept);
    assert!(asks.offer().contains("RTP/AVP"));
    assert!(
        asks.accept(answer.as_bytes()).is_err(),
        "nobody asked for keys"
    );
}

#[test]
fn keys_beside_a_profile_in_the_clear_and_feedback_are_answered_as_they_were_offered() {
    for profile in ["RTP/AVP", "RTP/SAVPF"] {
        let line = secure("AES_CM_128_HMAC_SHA1_80").replace("RTP/SAVP", profile);
        let offer = format!("{HEAD}{line}");
        for policy in [Srtp::Accept, Srtp::Prefer, Srtp::Require] {
            let mut ours = local(policy);
            let (text, said) = ours.answer(offer.as_bytes()).expect("an answer");
            let of_stream = format!("m=audio 20000 {profile} 8");
            assert!(text.contains(&of_stream), "{policy:?} {text}");
            assert!(said.srtp.is_some() && text.contains("a=crypto:"), "{text}");
            assert!(ours.offer().contains(&format!(" {profile} 8")));
        }
    }
    let offer = secure("AES_CM_128_HMAC_SHA1_80").replace("RTP/SAVP", "RTP/AVP");
    let (text, said) = local(Srtp::Refuse)
        .answer(format!("{HEAD}{offer}").as_bytes())
        .expect("an answer in the clear");
    assert!(said.srtp.is_none() && !text.contains("crypto"), "{text}");
}

#[test]
fn whom_protection_is_preferred_with_is_offered_both_one_after_the_other() {
    let mut asks = local(Srtp::Prefer);
    let secure = asks.offer();
    assert!(secure.contains("RTP/SAVP") && secure.contains("a=crypto:"));
    let plain = asks.plain_offer().expect("the same in the clear");
    assert!(
        plain.contains("RTP/AVP") && !plain.contains("crypto"),
        "{plain}"
    );
    let (answer, _) = local(Srtp::Refuse)
        .answer(plain.as_bytes())
        .expect("an answer");
    let said = asks.accept(answer.as_bytes()).expect("it fits");
    assert_eq!(said.srtp, None);
    assert!(asks.offer().contains("RTP/AVP"), "not again in the middle");
    for policy in [Srtp::Accept, Srtp::Refuse, Srtp::Require] {
        let mut local = local(policy);
        local.offer();
        assert_eq!(local.plain_offer(), None, "{policy:?}");
    }
}

#[test]
fn where_keys_may_not_travel_nothing_fits_a_demand_for_them() {
    for offer in [
        format!("{HEAD}{}", secure("AES_CM_128_HMAC_SHA1_80")),
        format!("{HEAD}m=audio 5000 RTP/AVP 8\r\n"),
    ] {
        let refused = check(offer.as_bytes(), Srtp::Impossible, &Codecs::G711);
        assert_eq!(refused, Err(Error::KeysInTheClear));
    }
}

#[test]
fn comfort_noise_is_answered_where_it_is_offered_and_never_offered() {
    for (formats, maps, agreed) in [
        ("8 13", "", true),
        ("8 13", "a=rtpmap:13 CN/8000\r\n", true),
        ("8 13", "a=rtpmap:13 other/8000\r\n", false),
        ("8 101", "a=rtpmap:101 telephone-event/8000\r\n", false),
    ] {
        let offer = format!("{HEAD}m=audio 5000 RTP/AVP {formats}\r\n{maps}");
        let mut ours = local(Srtp::Accept);
        let (text, said) = ours.answer(offer.as_bytes()).expect("an answer");
        assert_eq!(said.comfort_noise, agreed, "{offer}");
        assert_eq!(text.contains("a=rtpmap:13 CN/8000\r\n"), agreed, "{text}");
        let offer = ours.offer();
        let stream = offer.lines().find(|line| line.starts_with("m=audio"));
        assert!(stream.is_some_and(|line| !line.contains(" 13")), "{offer}");
    }
}

fn of(codecs: &[Codec]) -> Local {
    let codecs = Codecs::new(codecs).expect("each once");
    Local::new(IpAddr::from([127, 0, 0, 1]), 20000, Srtp::Accept, codecs)
}

#[test]
fn wide_codecs_are_offered_in_our_order_and_the_answers_first_is_spoken() {
    let mut ours = of(&[Codec::G722, Codec::Opus, Codec::Pcma]);
    let offer = ours.offer();
    for line in [
        "m=audio 20000 RTP/AVP 9 111 8 101 102",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:102 telephone-event/48000",
    ] {
        assert!(offer.contains(&format!("{line}\r\n")), "{line}: {offer}");
    }
    for (stream, spoken) in [
        (
            "m=audio 4000 RTP/AVP 9 8 101\r\na=rtpmap:101 telephone-event/8000\r\n",
            (Codec::G722, 9, Some(101), 8000),
        ),
        (
            "m=audio 4000 RTP/AVP 96 97\r\na=rtpmap:96 OPUS/48000/2\r\na=rtpmap:97 telephone-event/48000\r\n",
            (Codec::Opus, 96, Some(97), 48_000),
        ),
        // Only the clock of the others: it is taken, and said so.
        (
            "m=audio 4000 RTP/AVP 96 97\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 telephone-event/8000\r\n",
            (Codec::Opus, 96, Some(97), 8000),
        ),
        // The clock of Opus is of no use to another codec.
        (
            "m=audio 4000 RTP/AVP 8 97\r\na=rtpmap:97 telephone-event/48000\r\n",
            (Codec::Pcma, 8, None, 8000),
        ),
        // G.722 is never described by its samples (RFC 3551 §4.5.2).
        (
            "m=audio 4000 RTP/AVP 96 8\r\na=rtpmap:96 G722/16000\r\n",
            (Codec::Pcma, 8, None, 8000),
        ),
    ] {
        let said = ours
            .accept(format!("{HEAD}{stream}").as_bytes())
            .expect("an answer");
        assert_eq!(
            (
                said.codec,
                said.payload_type,
                said.event_type,
                said.event_clock_hz
            ),
            spoken,
            "{stream}"
        );
    }
}

#[test]
fn a_codec_that_is_not_among_ours_is_not_taken_from_an_offer() {
    let stream = format!("{HEAD}m=audio 4000 RTP/AVP 9 8\r\n");
    let codec = |mut ours: Local| ours.answer(stream.as_bytes()).expect("an answer").1.codec;
    assert_eq!(codec(of(&[Codec::Pcmu, Codec::Pcma])), Codec::Pcma);
    assert_eq!(codec(of(&[Codec::Pcma, Codec::G722])), Codec::G722);
    let (answer, _) = of(&[Codec::G722])
        .answer(stream.as_bytes())
        .expect("an answer");
    assert!(
        answer.contains("m=audio 20000 RTP/AVP 9\r\na=rtpmap:9 G722/8000\r\n"),
        "{answer}"
    );
}
