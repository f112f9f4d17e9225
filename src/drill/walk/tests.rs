use super::*;
use crate::ivr::fixture::{CONSULTATION, TEST, epoch, lengths, plan, script};

fn walked(text: &str) -> Walked {
    let walked = walk(&plan(text), &Arc::new(script()), &lengths(), epoch());
    walked.unwrap_or_else(|broken| panic!("{broken}"))
}

#[test]
fn every_path_of_the_consultation_ends_in_one_outcome_within_its_bounds() {
    let walked = walked(CONSULTATION);
    assert!(walked.longest_rating <= Duration::from_secs(60));
    let expected = [
        "abandoned",
        "callback",
        "closed",
        "declined",
        "fault",
        "fault_before_talk",
        "graded",
        "invalid_only",
        "left_before_offer",
        "left_in_offer",
        "message",
        "no_desk",
        "silent",
    ];
    assert_eq!(walked.outcomes, expected);
}

#[test]
fn every_path_of_the_test_plan_ends_in_one_outcome_within_its_bounds() {
    let walked = walked(TEST);
    assert!(walked.outcomes.contains(&"graded"));
}
