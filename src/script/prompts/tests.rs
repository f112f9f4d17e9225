use proptest::prelude::*;

use super::*;
use crate::script::Severity;

fn parsed(text: &str) -> Script {
    Script::parse("script.toml", text).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

fn refused(text: &str) -> String {
    let findings = Script::parse("script.toml", text).expect_err("something is wrong in it");
    assert!(
        findings
            .iter()
            .all(|finding| finding.severity == Severity::Error)
    );
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn stems(clips: Vec<ClipId>) -> Vec<String> {
    clips.into_iter().map(|clip| clip.0).collect()
}

#[test]
fn a_prompt_without_a_placeholder_is_one_clip_of_its_name() {
    let script = parsed("[P01]\ntext = \"您好。\"\nused = \"the notice\"\n");
    assert_eq!(stems(script.clips("P01", &Values::default())), ["P01"]);
    assert_eq!(script.words("P01"), Some("您好。"));
    assert_eq!(
        script.prompt("P01").map(|prompt| prompt.used.as_str()),
        Some("the notice")
    );
}

#[test]
fn the_stretches_between_placeholders_are_clips_with_numbers_and_punctuation_is_none() {
    let script = parsed("[P24]\ntext = \"今天是{holiday}，{month}月{day}日恢复。{n}，{m}\"\n");
    let values = Values::default()
        .with("holiday", Value::Holiday("guoqing".to_owned()))
        .with("month", Value::Number(10))
        .with("day", Value::Number(8));
    let expected = [
        "P24.1",
        "holiday-guoqing",
        "num-ten",
        "P24.2",
        "num-8",
        "P24.3",
    ];
    assert_eq!(stems(script.clips("P24", &values)), expected);
    assert_eq!(script.words("P24.1"), Some("今天是"));
    assert_eq!(script.words("P24.4"), None);
    let placeholders: Vec<&str> = script
        .prompt("P24")
        .map_or(Vec::new(), |prompt| prompt.placeholders().collect());
    assert_eq!(placeholders, ["holiday", "month", "day", "n", "m"]);
}

#[test]
fn an_unknown_prompt_has_no_clips_and_an_unknown_value_is_left_out() {
    let script = parsed("[P04]\ntext = \"{staff}号咨询员为您服务。\"\n");
    assert_eq!(stems(script.clips("P04", &Values::default())), ["P04.1"]);
    assert!(script.clips("P99", &Values::default()).is_empty());
}

#[test]
fn what_is_wrong_in_a_script_is_told_with_its_line() {
    for (text, expected) in [
        (
            "[P01]\ntext = \"a{b\"\n",
            "script.toml:2:8: error: `{` without `}`",
        ),
        (
            "[P01]\ntext = \"{who}\"\n",
            "script.toml:2:8: error: unknown placeholder {who}",
        ),
        (
            "[P01]\nused = \"x\"\n",
            "script.toml:1:2: error: `text` is missing; add `text = \"…\"` here",
        ),
        (
            "[P01]\ntext = 3\n",
            "script.toml:2:8: error: `text` is integer",
        ),
        (
            "[P01]\ntext = \"a\"\ntxet = \"b\"\n",
            "script.toml:3:1: error: unknown key `txet`; did you mean `text`?",
        ),
        ("P01 = 5\n", "script.toml:1:1: error: `P01` is no prompt"),
        ("[P01\n", "script.toml:1:"),
    ] {
        let told = refused(text);
        assert!(told.starts_with(expected), "{expected}: {told}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\[P01\\]\ntext = \")?[a{}\n\"=.0-9一，]{0,40}") {
        let _ = Script::parse("script.toml", &text);
    }
}
