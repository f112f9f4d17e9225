use std::path::{Path, PathBuf};

use super::{TARGETS, run};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn inputs(name: &str) -> Vec<PathBuf> {
    let folder = fuzz().join("corpus").join(name);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|fault| panic!("{}: {fault}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// One test a target, so that a failure names it.
macro_rules! replays {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let inputs = inputs(stringify!($name));
                assert!(!inputs.is_empty(), "the target has a corpus");
                for path in inputs {
                    // Shown only where one fails.
                    println!("{}", path.display());
                    run(stringify!($name), &std::fs::read(&path).unwrap());
                }
            }
        )*
        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
    };
}

mod replay {
    use super::{inputs, run};

    replays! {
        guard_datagram guard_stream sip_message sip_info sdp rtp rtcp srtp telephone_event jitter_buffer
        reception tones wide_payloads journal journal_entry wav_repair wav_prompt dialplan prompts calendar configuration key_plan dates
        identifiers web_request browser_offer stun console_message dtls refer_to challenge
    }

    pub(super) fn names() -> &'static [&'static str] {
        REPLAYED
    }
}

#[test]
fn every_target_is_replayed_and_fuzzed() {
    let targets: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(targets, replay::names());
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in targets {
        let source = fuzz().join("fuzz_targets").join(format!("{name}.rs"));
        let text = std::fs::read_to_string(&source).unwrap();
        assert!(
            text.contains(&format!("\"{name}\"")),
            "{}",
            source.display()
        );
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}

#[test]
fn the_corpora_stay_small() {
    for target in TARGETS {
        let octets: u64 = inputs(target.name)
            .iter()
            .map(|path| path.metadata().unwrap().len())
            .sum();
        assert!(octets <= 64 * 1024, "{}: {octets} octets", target.name);
    }
}
