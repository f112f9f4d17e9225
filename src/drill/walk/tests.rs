use super::*;
use crate::ivr::fixture::{CONSULTATION, TEST, epoch, lengths, plan, queueing_text, script};

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
fn every_path_through_a_queue_ends_in_the_same_outcomes() {
    let (with, without) = (walked(&queueing_text()), walked(CONSULTATION));
    assert_eq!(with.outcomes, without.outcomes);
    assert!(
        with.tried > without.tried,
        "positions are told, and keys lead out"
    );
}

#[test]
fn every_path_of_the_test_plan_ends_in_one_outcome_within_its_bounds() {
    let walked = walked(TEST);
    assert!(walked.outcomes.contains(&"graded"));
}

/// A walk at an answered call, and the situation it is in.
fn at_the_offer(plan: &Arc<Plan>) -> (Walk<'_>, Situation) {
    let (script, lengths_ms, now) = (Arc::new(script()), lengths(), epoch());
    let facts = crate::ivr::fixture::facts(Hours::Open);
    let session = Session::new(Arc::clone(plan), script, facts, now);
    let walk = Walk {
        plan,
        lengths_ms,
        keys: Vec::new(),
        seen: HashMap::new(),
        open: Vec::new(),
        trail: vec![(0, Event::Answered)],
        outcomes: HashSet::new(),
        walked: Walked::default(),
    };
    let situation = Situation {
        session,
        now,
        playing: None,
        storing: false,
        call: Duration::ZERO,
        rating: Duration::ZERO,
        offered: true,
        kept: None,
        came_by: 0,
    };
    (walk, situation)
}

#[test]
fn a_grade_is_stored_only_for_a_key_of_the_caller_after_the_offer() {
    let plan = plan(CONSULTATION);
    let (mut walk, offered) = at_the_offer(&plan);
    let key = Digit::D5;
    let stores = [Action::StoreGrade {
        grade: "very_dissatisfied".parse().expect("it is one of the five"),
        key,
    }];
    let mut law = |situation: &Situation, event: Event| {
        let obeyed = walk.obey(&mut situation.clone(), &event, &stores);
        obeyed.err().map(|broken| broken.law)
    };
    let broken = Some(Law::GradeWithoutKey);
    assert_eq!(law(&offered, Event::Digit(key)), None);
    assert_eq!(law(&offered, Event::Digit(Digit::D1)), broken);
    assert_eq!(law(&offered, Event::DeskDigit(key)), broken);
    assert_eq!(law(&offered, Event::Timeout), broken);
    let kept = Situation {
        kept: Some(key),
        ..offered.clone()
    };
    assert_eq!(law(&kept, Event::Timeout), None);
    let unoffered = Situation {
        offered: false,
        ..kept
    };
    assert_eq!(law(&unoffered, Event::Digit(key)), broken);
}

#[test]
fn nothing_may_follow_an_outcome_and_nothing_be_said_before_the_grade_is_stored() {
    let plan = plan(CONSULTATION);
    let (mut walk, offered) = at_the_offer(&plan);
    let over = Action::Conclude(Outcome::NotConnected(crate::ivr::NotConnected::Closed));
    let after = walk.obey(&mut offered.clone(), &Event::Timeout, &[over, Action::Join]);
    assert_eq!(after.map_err(|broken| broken.law), Err(Law::OneOutcome));
    let play = Action::Play {
        id: PlayId(7),
        prompt: "P14".to_owned(),
        clips: Vec::new(),
        hearers: crate::ivr::Hearers::Caller,
    };
    let mut storing = offered;
    storing.storing = true;
    let early = walk.obey(&mut storing, &Event::Timeout, &[play]);
    assert_eq!(early.map_err(|broken| broken.law), Err(Law::StoredFirst));
}

#[test]
fn a_bound_that_is_exceeded_is_told_by_a_path_that_can_be_read() {
    let text = CONSULTATION.replacen("call_at_most_s = 420", "call_at_most_s = 200", 1);
    let walked = walk(&plan(&text), &Arc::new(script()), &lengths(), epoch());
    let broken = walked.expect_err("some call is longer");
    assert_eq!(broken.law, Law::CallTooLong);
    let told = broken.to_string();
    assert!(told.contains("answered"), "{told}");
    assert!(told.chars().count() < 700, "{told}");
}
