use proptest::prelude::*;

use super::*;
use crate::ivr::fixture::{CONSULTATION, TEST, consultation};

fn read_with_findings(text: &str) -> (Option<Plan>, Vec<String>) {
    let mut findings = Findings::new("p.toml", text);
    let plan = Plan::read(text, &mut findings);
    let list = findings.into_list();
    (plan, list.iter().map(ToString::to_string).collect())
}

fn with(right: &str, wrong: &str) -> Vec<String> {
    assert!(CONSULTATION.contains(right), "{right}");
    read_with_findings(&CONSULTATION.replacen(right, wrong, 1)).1
}

#[test]
fn a_plan_serves_the_numbers_it_names_and_those_its_stars_cover() {
    for (pattern, called, serves) in [
        ("consult", "consult", true),
        ("consult", "consul", false),
        ("consult", "consults", false),
        ("*", "", true),
        ("*", "anything", true),
        ("010*", "0108423", true),
        ("010*", "0218423", false),
        ("*99", "12399", true),
        ("*99", "123991", false),
        ("1*3*5", "12345", true),
        ("1*3*5", "1245", false),
        ("a**b", "ab", true),
    ] {
        assert_eq!(
            matches(pattern.as_bytes(), called.as_bytes()),
            serves,
            "{pattern} {called}"
        );
    }
}

proptest! {
    #[test]
    fn a_star_covers_exactly_what_a_plain_definition_says(
        pattern in "[ab*]{0,8}",
        called in "[ab]{0,10}",
    ) {
        fn plainly(pattern: &[u8], text: &[u8]) -> bool {
            match pattern {
                [] => text.is_empty(),
                [b'*', rest @ ..] => (0..=text.len()).any(|at| plainly(rest, &text[at..])),
                [first, rest @ ..] => text.first() == Some(first) && plainly(rest, &text[1..]),
            }
        }
        let (pattern, called) = (pattern.as_bytes(), called.as_bytes());
        prop_assert_eq!(matches(pattern, called), plainly(pattern, called));
    }

    #[test]
    fn no_damage_to_a_plan_makes_reading_it_panic(
        at in 0..TEST.len(),
        length in 0..40usize,
        put in "[a-z\\[\\]{}=\"0-9.\n]{0,6}",
    ) {
        let at = TEST.floor_char_boundary(at);
        let end = TEST.ceil_char_boundary((at + length).min(TEST.len()));
        let text = format!("{}{put}{}", &TEST[..at], &TEST[end..]);
        let (plan, findings) = read_with_findings(&text);
        prop_assert!(plan.is_some() || !findings.is_empty());
    }
}

#[test]
fn a_changed_plan_has_another_digest() {
    let plan = consultation();
    assert_eq!(plan.digest().len(), 64);
    let (other, _) = read_with_findings(&format!("{CONSULTATION}\n"));
    assert_ne!(
        other.map(|other| other.digest().to_owned()),
        Some(plan.digest().to_owned())
    );
}

#[test]
fn a_plan_may_state_service_hours_of_its_own() {
    assert_eq!(consultation().service_hours(), None);
    let right = "holiday = \"holiday\"\n";
    let text = CONSULTATION.replacen(
        right,
        &format!("{right}service = [\"09:00-12:00\", \"13:30-17:00\"]\n"),
        1,
    );
    let (plan, findings) = read_with_findings(&text);
    assert!(findings.is_empty(), "{findings:#?}");
    let plan = plan.expect("it is right");
    let from: Vec<u16> = plan
        .service_hours()
        .unwrap_or_default()
        .iter()
        .map(|span| span.from_min)
        .collect();
    assert_eq!(from, [9 * 60, 13 * 60 + 30]);
}

#[test]
fn conditions_and_limits_come_in_pairs() {
    let unpaired = with("needs = [\"tail\"] ", "#");
    assert!(
        unpaired[0].contains("`needs` and `otherwise` belong together"),
        "{unpaired:?}"
    );
    let right = "do = \"hours\"";
    let unpaired = with(right, "do = \"hours\"\nat_most = 3");
    assert!(
        unpaired[0].contains("`at_most` and `exhausted` belong together"),
        "{unpaired:?}"
    );
}

#[test]
fn everything_missing_in_a_step_is_told_at_once() {
    let (plan, findings) = read_with_findings(
        "name = \"p\"\nanswers = [\"p\"]\nlocale = \"zh-CN\"\nstart = \"a\"\nplay_grace_s = 1\n\
         rating_at_most_s = 60\ncall_at_most_s = 60\n[steps.a]\ndo = \"digits\"\nleast = 100\n",
    );
    let plan = plan.expect("its header is right");
    assert!(plan.unread.contains("a"));
    let missing = findings
        .iter()
        .filter(|finding| finding.contains("is missing"))
        .count();
    assert_eq!(missing, 7, "{findings:#?}");
    let wrong = "p.toml:10:9: error: `least` is integer and cannot be used; `least` is a count from 1 to 99";
    assert!(findings.contains(&wrong.to_owned()), "{findings:#?}");
}

#[test]
fn a_header_that_lacks_something_makes_no_plan() {
    let (plan, findings) = read_with_findings("name = 3\nanswers = []\n[steps]\n");
    assert!(plan.is_none());
    assert!(findings[0].contains("`locale` is missing"), "{findings:#?}");
    let (plan, findings) = read_with_findings("name = \"p\nanswers");
    assert!(
        plan.is_none() && findings[0].contains("the file is TOML 1.0"),
        "{findings:?}"
    );
}
