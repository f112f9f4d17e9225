use crate::drill::{check, unanswered};
use crate::ivr::fixture::{CONSULTATION, TEST, clips, queueing_text, script};
use crate::script::{ClipFacts, Finding, Severity};

fn findings(text: &str, clips: &ClipFacts) -> Vec<Finding> {
    let (plan, findings) = check("p.toml", text, &script(), clips);
    let broken = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    assert_eq!(plan.is_none(), broken, "an error leaves no plan");
    findings
}

#[test]
fn the_shipped_plans_have_no_findings() {
    for text in [CONSULTATION, TEST] {
        assert_eq!(findings(text, &clips()), []);
    }
}

#[test]
fn a_queue_is_right_whole_and_told_what_it_lacks() {
    assert_eq!(findings(&queueing_text(), &clips()), []);
    for (line, lacks) in [
        (
            "wait_at_most_s = 600\n",
            "`position_prompt` needs `wait_at_most_s`",
        ),
        (
            "position_first_s = 15\n",
            "`position_prompt` needs `position_first_s`",
        ),
        (
            "position_prompt = \"P02\"\n",
            "`position_again` needs `position_prompt`",
        ),
    ] {
        let text = queueing_text().replacen(line, "", 1);
        let found = findings(&text, &clips());
        assert!(
            found.iter().any(|finding| finding.message == lacks),
            "{lacks}: {found:#?}"
        );
    }
    let lost = queueing_text().replacen("2 = \"voice\" }\ntalk", "2 = \"vioce\" }\ntalk", 1);
    let found = findings(&lost, &clips());
    assert!(
        found[0].message.contains("unknown step `vioce`"),
        "{found:#?}"
    );
}

/// Replaces the one `right` of the shipped plan by `wrong` and expects, on its line, a message.
fn seeded(right: &str, wrong: &str, expected: &str) -> String {
    assert!(CONSULTATION.contains(right), "{right}");
    let text = CONSULTATION.replacen(right, wrong, 1);
    let found = findings(&text, &clips());
    let hit = found
        .iter()
        .find(|finding| finding.message.contains(expected));
    let hit = hit.unwrap_or_else(|| panic!("{expected}: {found:#?}"));
    assert!(hit.line > 1, "{hit}");
    hit.to_string()
}

#[test]
fn each_seeded_fault_is_found_with_its_line() {
    let mut told = Vec::new();
    for (right, wrong, expected) in [
        (
            "ended = \"rate\"",
            "ended = \"rtae\"",
            "unknown step `rtae`",
        ),
        ("silence_s = 8", "silense_s = 8", "unknown key `silense_s`"),
        ("do = \"rate\"", "do = \"rates\"", "unknown verb `rates`"),
        (
            "then = \"thanks\"",
            "then = \"bye\"\nwindow_s = 2",
            "duplicate key",
        ),
        ("silent = \"bye\"", "", "`silent` is missing"),
        ("invalid = \"bye\"", "", "`invalid` is missing"),
        (
            "prompt = \"P25\"",
            "prompt = \"P255\"",
            "prompt `P255` is not in the script",
        ),
        (
            "3 = \"basically_satisfied\"",
            "3 = \"neutral\"",
            "“neutral” is not a grade",
        ),
        (
            "3 = \"basically_satisfied\"",
            "",
            "no key grades “basically_satisfied”",
        ),
        (
            "decline = \"9\"",
            "decline = \"5\"",
            "key 5 has two meanings",
        ),
        (
            "barge_in_after_s = 0.4",
            "barge_in_after_s = 40",
            "barge-in begins after 40 s",
        ),
        (
            "holiday = \"holiday\"",
            "holiday = \"holiday\"\nservice = [\"9-25\"]",
            "“9-25” are no hours",
        ),
        (
            "then = \"remark_saved\"",
            "then = \"regret\"",
            "step `remark_saved` is never reached",
        ),
        (
            "[steps.bye]\ndo = \"end\"",
            "[steps.bye]\ndo = \"play\"\nprompt = \"P18\"\nthen = \"busy\"",
            "no path from step `bye` comes to an end",
        ),
        (
            "do = \"message\"\nkind = \"voice\"\nprompt = \"P29\"",
            "do = \"message\"\nkind = \"voicemail\"\nprompt = \"P29\"",
            "unknown kind of message",
        ),
        (
            "without = \"bye\"\n\n[steps.called_back]",
            "without = \"busy\"\n\n[steps.called_back]",
            "in a loop without a counter",
        ),
        (
            "needs = [\"tail\"]",
            "needs = [\"slot\"]",
            "says {tail}, which may be unknown",
        ),
        (
            "ended = \"rate\"",
            "ended = \"thanks\"",
            "the talk ends without the rating",
        ),
        (
            "rating_at_most_s = 60",
            "rating_at_most_s = 40",
            "exceeds `rating_at_most_s`",
        ),
        ("start = \"hours\"", "start = \"busy\"", "is never reached"),
    ] {
        told.push(seeded(right, wrong, expected));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_missing_file_and_one_of_the_wrong_rate_are_found() {
    let mut facts = clips();
    facts.remove("P25");
    facts.get_mut("P10").expect("it is shipped").rate_hz = 44_100;
    let found = findings(CONSULTATION, &facts);
    let messages: Vec<&str> = found
        .iter()
        .map(|finding| finding.message.as_str())
        .collect();
    assert!(
        messages.contains(&"prompt `P25` needs P25.wav, which is missing"),
        "{messages:?}"
    );
    assert!(
        messages.contains(&"P10.wav has 44100 Hz and 1 channels"),
        "{messages:?}"
    );
}

#[test]
fn a_menu_before_a_person_is_warned_of() {
    let text = CONSULTATION.replacen("open = \"connect\"", "open = \"greeting\"", 1)
        + "\n[steps.greeting]\ndo = \"menu\"\nprompt = \"P25\"\nsilence_s = 5\nplays_at_most = 1\n\
           keys = { 1 = \"connect\" }\ninvalid = \"bye\"\nsilent = \"bye\"\n";
    let found = findings(&text, &clips());
    let warned = found
        .iter()
        .find(|finding| finding.severity == Severity::Warning);
    let warned = warned.unwrap_or_else(|| panic!("{found:#?}"));
    assert!(warned.right.contains("GB/T 33358"), "{warned}");
}

#[test]
fn a_number_without_a_plan_is_told() {
    let (plan, _) = check("test.toml", TEST, &script(), &clips());
    let plan = plan.expect("the shipped plan is right");
    let numbers = ["test".to_owned(), "12345".to_owned()];
    assert_eq!(unanswered(&[&plan], &numbers), ["12345"]);
}
