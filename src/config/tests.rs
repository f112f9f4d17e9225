use super::*;

fn parse(text: &str) -> Result<Config, String> {
    let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
    match config.problem() {
        Some(Problem { at, said }) => Err(format!("{at:?} {said}")),
        None => Ok(config),
    }
}

#[test]
fn an_empty_file_is_make_run() {
    let config = parse("").unwrap();
    assert_eq!(config.sip.listen.len(), 2);
    assert!(
        config
            .sip
            .trunks
            .iter()
            .all(|trunk| trunk.address.is_loopback())
    );
    assert_eq!(config.web.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.media.ports, 20000..=29999);
}

#[test]
fn every_documented_key_is_read() {
    let config = parse(
        r#"
        [sip]
        listen = ["udp:127.0.0.1:5070", "tcp:[::1]:5070"]
        trunks = ["192.0.2.10", "198.51.100.0/24"]
        [media]
        address = "192.0.2.1"
        ports = "30000-30999"
        [web]
        listen = "127.0.0.1:8090"
        [store]
        url = "postgres://localhost/gradeline"
        [recordings]
        dir = "/srv/recordings"
        [journal]
        dir = "/srv/journal"
        [desks]
        addresses = ["sip:8001@192.0.2.7", { address = "sip:li@192.0.2.8:5062", staff = "12", groups = ["forest"], skills = { permits = 9 } }]
        strategy = "ring_all"
        wrap_up_s = 30
        rest_s = 3
        misses_at_most = 2
        not_answering_s = 90
        break_reasons = ["用餐", "培训"]
        waiting_at_most = 40
        when_empty = "wait"
        redial_within_s = 120
        short_abandonment_s = 3
        [ratings]
        reminders = false
        quiet_hours = "21:30-08:00"
        test_numbers = ["13800000000"]
        [centre]
        name = "政务服务中心"
        service_hours = ["workdays 08:30-11:30", "workdays 13:30-17:00"]
        "#,
    )
    .unwrap();
    assert!(!config.ratings.reminders);
    let quiet = config.ratings.quiet_hours;
    assert_eq!((quiet.from, quiet.until), (21 * 60 + 30, 8 * 60));
    assert_eq!(config.sip.trunks[0].prefix, 32);
    assert_eq!(
        config.desks.addresses[0].staff_number().as_deref(),
        Some("8001")
    );
    assert_eq!(
        config.desks.addresses[1].staff_number().as_deref(),
        Some("12")
    );
    assert_eq!(config.desks.strategy, Strategy::RingAll);
    assert_eq!(config.desks.when_empty, WhenEmpty::Wait);
    assert_eq!(config.desks.addresses[1].groups, ["forest"]);
    assert_eq!(config.desks.addresses[1].skills["permits"], 9);
}

#[test]
fn an_unknown_key_is_refused_by_name_and_line() {
    let error = parse("[sip]\nlissten = []\n").unwrap_err();
    assert!(
        error.contains("lissten") && error.contains("line 2"),
        "{error}"
    );
}

#[test]
fn a_value_that_cannot_work_says_what_would_be_right() {
    for (text, hint) in [
        ("[sip]\nlisten = [\"5060\"]", "udp:0.0.0.0:5060"),
        ("[sip]\nlisten = []", "nobody could call"),
        ("[sip]\ntrunks = [\"192.0.2.0/40\"]", "192.0.2.0/28"),
        ("[media]\nports = \"29999-20000\"", "20000-29999"),
        ("[media]\naddress = \"0.0.0.0\"", "no phone can send to"),
        ("[desks]\naddresses = [\"8001\"]", "sip:8001@192.0.2.7"),
        ("[ratings]\nquiet_hours = \"20-9\"", "20:00-09:00"),
        ("[sip]\nmax_calls = 0", "1 or more"),
        ("[sip]\nsession_expires_s = 60", "90"),
        ("[media]\nthreads = 0", "1 or more"),
        ("[media]\nrtp_timeout_s = 0", "such as 30"),
        ("[desks]\nring_timeout_s = 0", "such as 15"),
        ("[desks]\nlevel_db = 13", "-12 to 12"),
        ("[trunk]\nlevel_db = -13", "-12 to 12"),
        ("[desks]\naddresses = [{ account = \"8001\" }]", "networks"),
        (
            "[desks]\nnetworks = [\"192.0.2.0/24\"]\naddresses = [{ account = \"1\" }, { account = \"1\" }]",
            "the account 1 twice",
        ),
        (
            "[desks]\naddresses = [{ account = \"a@b\" }]",
            "such as 8001",
        ),
        (
            "[desks]\naddresses = [{ browser = \"li\" }, { browser = \"li\" }]",
            "the browser li twice",
        ),
        (
            "[desks]\naddresses = [{ browser = \"li\", account = \"1\" }]",
            "one of them",
        ),
        ("[desks]\nbreak_reasons = [\"\"]", "1 to 40"),
        ("[desks]\nmax_expires_s = 30", "min_expires_s"),
        ("[desks]\nring_timeout_s = 99999999999", "86400 at most"),
        ("[desks]\nwrap_up_s = 86401", "86400 at most"),
        ("[desks]\nrest_s = 0", "such as 5"),
        ("[desks]\nnot_answering_s = 0", "misses_at_most = 0"),
        ("[desks]\nwaiting_at_most = 0", "such as 100"),
        ("[desks]\nwaiting_at_most = 100001", "100000"),
        (
            "[desks]\nstrategy = \"random\"",
            "\"longest_idle\", \"ring_all\"",
        ),
        ("[desks]\nwhen_empty = \"maybe\"", "\"end\", \"wait\""),
        (
            "[desks]\naddresses = [{ address = \"sip:1@192.0.2.7\", skills = { permits = 10 } }]",
            "from 1 to 9",
        ),
        ("[store]\nurl = \"mysql://x\"", "sqlite:PATH"),
        (
            "[centre]\nservice_hours = [\"workdays 9-25\"]",
            "08:30-11:30",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(hint), "{text}: {error}");
    }
}

#[test]
fn learning_addresses_is_off_and_warned_of_where_it_is_on() {
    let config = parse("").unwrap();
    assert!(!config.media.learn_address);
    assert!(
        config
            .warnings()
            .iter()
            .all(|text| !text.contains("learn_address"))
    );
    let config = parse("[media]\nlearn_address = true\nsrtp = \"require\"").unwrap();
    assert!(
        config
            .warnings()
            .iter()
            .any(|text| text.contains("learn_address"))
    );
    assert_eq!(config.media.srtp, Srtp::Require);
    let error = parse("[media]\nsrtp = \"yes\"").unwrap_err();
    assert!(error.contains("accept"), "{error}");
}

#[test]
fn tls_needs_its_two_files_and_is_what_makes_srtp_worth_demanding() {
    let tls = "[sip]\nlisten = [\"tls:0.0.0.0:5061\", \"udp:127.0.0.1:5060\"]\ntls_certificate = \"a.crt\"\n";
    assert!(parse(tls).unwrap_err().contains("tls_key"));
    let whole = format!("{tls}tls_key = \"a.key\"\n[media]\nsrtp = \"require\"\n");
    let config = parse(&whole).unwrap();
    assert_eq!(config.certificate().unwrap().key, PathBuf::from("a.key"));
    let in_the_clear = |config: Config| {
        let warnings = config.warnings();
        warnings.iter().any(|text| text.contains("in the clear"))
    };
    assert!(!in_the_clear(config));
    for demanded in [
        "[media]\nsrtp = \"require\"",
        "[media]\nsrtp = \"require\"\nsrtp_in_clear = true",
        "[trunk]\nsrtp = \"require\"",
        "[desks]\nsrtp = \"require\"",
    ] {
        assert!(in_the_clear(parse(demanded).unwrap()), "{demanded}");
    }
    assert!(!parse("").unwrap().media.srtp_in_clear);
    let no_udp = "[sip]\nlisten = [\"tcp:0.0.0.0:5060\"]";
    assert!(parse(no_udp).unwrap_err().contains("desks are rung"));
    let desks = "[desks]\naddresses = [\"sip:8001@192.0.2.7;transport=tls\"]";
    assert!(parse(desks).unwrap_err().contains("tls_authorities"));
    let idle = parse("[sip]\ntls_certificate = \"a\"\ntls_key = \"b\"").unwrap();
    assert_eq!(idle.certificate(), None);
    assert!(
        idle.warnings()
            .iter()
            .any(|text| text.contains("is not used"))
    );
}

#[test]
fn a_setting_that_cannot_work_is_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gradeline.toml");
    let text = "# ours\n[web]\n\n[sip]\nlisten = [\"udp:0.0.0.0:5060\"]\nmax_calls = 0\n";
    std::fs::write(&path, text).unwrap();
    let error = Config::load(Some(&path)).unwrap_err().to_string();
    let place = format!("{}:6: [sip] max_calls", path.display());
    assert!(error.starts_with(&place), "{error}");
}

#[test]
fn more_calls_than_ports_are_warned_of() {
    let config = parse("[media]\nports = \"20000-20199\"").unwrap();
    let warnings = config.warnings();
    assert!(warnings[0].contains("room for 50 calls"), "{warnings:?}");
    assert_eq!(
        parse("").unwrap().warnings().len(),
        1,
        "only that of the desks"
    );
}

#[test]
fn a_trunk_from_outside_with_media_on_loopback_is_warned_of() {
    let config = parse("[sip]\ntrunks = [\"192.0.2.10\"]").unwrap();
    assert!(config.warnings()[0].contains("[media] address"));
}

#[test]
fn codecs_are_listed_in_their_order_and_each_once() {
    let listed = |text: &str| parse(&format!("[media]\ndesk_codecs = {text}"));
    let codecs = listed("[\"g722\", \"PCMA\"]").unwrap().media.desk_codecs;
    let codecs: Vec<_> = codecs.iter().map(crate::codecs::Codec::name).collect();
    assert_eq!(codecs, ["G722", "PCMA"]);
    for wrong in ["[]", "[\"G729\"]", "[\"PCMA\", \"pcma\"]", "\"PCMA\""] {
        let error = listed(wrong).unwrap_err();
        assert!(error.contains("desk_codecs"), "{wrong}: {error}");
    }
    let error = listed("[\"G729\"]").unwrap_err();
    assert!(error.contains("PCMA, PCMU, G722, opus"), "{error}");
}
