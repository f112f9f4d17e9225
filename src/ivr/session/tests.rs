use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::domain::Grade;
use crate::ivr::fixture::{Call, consultation, epoch, facts, script};
use crate::ivr::{Digit, Hours, MessageEnd, NoGrade, PlayId, Unavailable};

fn stored(call: &Call) -> Vec<Grade> {
    let actions = call.done.iter();
    let grades = actions.filter_map(|action| match action {
        Action::StoreGrade { grade, .. } => Some(*grade),
        _ => None,
    });
    grades.collect()
}

#[test]
fn caller_and_desk_are_joined_when_notice_and_answer_are_both_there() {
    let mut call = Call::answered(Hours::Open);
    assert!(
        matches!(call.done[2], Action::Connect { .. }),
        "{:?}",
        call.done
    );
    call.pass(2.0);
    let staff = Some("108".to_owned());
    let early = call.happen(Event::DeskAnswered { staff });
    assert!(early.is_empty(), "the notice still plays: {early:?}");
    call.pass(20.0);
    assert!(call.done.contains(&Action::Join));
    assert_eq!(call.prompts(), ["P01", "P04"]);
}

#[test]
fn each_grade_key_is_its_grade() {
    for (key, grade) in "12345".chars().zip(Grade::ALL) {
        let mut call = Call::offered();
        call.pass(2.1);
        call.press(&key.to_string());
        assert_eq!(stored(&call), [grade]);
    }
}

#[test]
fn once_he_hears_the_result_key_3_is_a_grade_and_before_it_is_his_refusal() {
    let mut rates = Call::about_a_result();
    rates.pass(1.0);
    // The notice is heard to its end, and a key before the offer neither grades nor refuses.
    rates.press("13");
    rates.pass(30.0);
    assert!(stored(&rates).is_empty());
    rates.press("3");
    rates.happen(Event::GradeStored);
    rates.pass(60.0);
    assert_eq!(stored(&rates), [Grade::BasicallySatisfied]);
    assert_eq!(rates.word(), Some("graded"));
    let mut refuses = Call::about_a_result();
    refuses.pass(1.0);
    refuses.press("3");
    refuses.pass(60.0);
    assert!(stored(&refuses).is_empty());
    assert_eq!(refuses.word(), Some("refused"));
}

#[test]
fn a_key_in_the_first_word_of_the_offer_is_kept_and_grades() {
    let mut call = Call::offered();
    call.pass(0.1);
    call.press("4");
    assert!(call.marked(&Mark::KeyKept(Digit::D4)));
    assert!(stored(&call).is_empty());
    call.pass(0.4);
    assert_eq!(stored(&call), [Grade::Dissatisfied]);
}

#[test]
fn a_key_before_the_offer_never_grades() {
    let mut call = Call::answered(Hours::Open);
    call.pass(20.0);
    call.happen(Event::DeskAnswered { staff: None });
    call.press("5");
    call.happen(Event::DeskHungUp);
    call.pass(120.0);
    assert!(call.marked(&Mark::KeyIgnored(Digit::D5)));
    assert!(stored(&call).is_empty());
    assert_eq!(call.word(), Some("silent"));
}

#[test]
fn a_key_of_the_desk_never_grades() {
    let mut call = Call::offered();
    call.pass(2.0);
    assert!(call.happen(Event::DeskDigit(Digit::D1)).is_empty());
}

#[test]
fn the_desk_sends_the_caller_to_the_rating_with_its_keys() {
    let mut call = Call::answered(Hours::Open);
    call.pass(20.0);
    call.happen(Event::DeskAnswered { staff: None });
    call.happen(Event::DeskDigit(Digit::Star));
    let sent = call.happen(Event::DeskDigit(Digit::D8));
    assert_eq!(sent[0], Action::Mark(Mark::SentToRating));
    assert_eq!(sent[1], Action::ReleaseDesk);
    assert_eq!(call.session.place(), "rate");
}

#[test]
fn the_desks_page_sends_the_caller_to_the_rating_as_its_keys_do() {
    let sent_by = |events: &[Event]| {
        let mut call = Call::answered(Hours::Open);
        // Before it has the caller nothing comes of it.
        let ignored = events.iter().flat_map(|event| call.happen(event.clone()));
        assert_eq!(ignored.count(), 0);
        call.pass(20.0);
        call.happen(Event::DeskAnswered { staff: None });
        let sent = events.iter().flat_map(|event| call.happen(event.clone()));
        let sent: Vec<_> = sent.collect();
        (sent, call.session.place().to_owned())
    };
    let keys = [Digit::Star, Digit::D8].map(Event::DeskDigit);
    assert_eq!(sent_by(&[Event::DeskSends]), sent_by(&keys));
}

#[test]
fn where_nobody_may_wait_a_lost_desk_is_as_one_that_hung_up() {
    let mut call = Call::answered(Hours::Open);
    call.pass(20.0);
    call.happen(Event::DeskAnswered { staff: None });
    call.pass(30.0);
    call.happen(Event::DeskLost);
    assert_eq!(call.session.place(), "rate");
}

#[test]
fn the_echo_waits_until_the_grade_is_stored() {
    let mut call = Call::offered();
    call.pass(3.0);
    call.press("4");
    assert_eq!(call.prompts().last(), Some(&"P10"));
    call.pass(1.0);
    call.happen(Event::GradeStored);
    assert_eq!(call.prompts().last(), Some(&"P14b"));
}

#[test]
fn five_then_one_at_once_stays_five() {
    let mut call = Call::offered();
    call.pass(3.0);
    call.press("5");
    call.pass(0.12);
    call.press("1");
    call.happen(Event::GradeStored);
    assert!(call.marked(&Mark::InvalidKey(Digit::D1)));
    call.happen(Event::CallerHungUp);
    assert_eq!(
        call.session.outcome(),
        Some(&Outcome::Graded(Grade::VeryDissatisfied))
    );
    assert_eq!(stored(&call), [Grade::VeryDissatisfied]);
}

#[test]
fn a_later_key_in_the_echo_answers_the_reasons_ahead() {
    let mut call = Call::offered();
    call.pass(2.1);
    call.press("4");
    call.happen(Event::GradeStored);
    call.pass(1.0);
    call.press("1");
    call.pass(10.0);
    let code = "T1".to_owned();
    let key = Digit::D1;
    assert!(call.done.contains(&Action::StoreReason { code, key }));
    assert_eq!(call.session.place(), "remark");
}

#[test]
fn a_grade_taken_back_gives_way_to_the_next() {
    let mut call = Call::offered();
    call.pass(3.0);
    call.press("5");
    call.happen(Event::GradeStored);
    call.pass(2.0);
    call.press("*");
    assert!(call.marked(&Mark::GradeWithdrawn));
    assert_eq!(call.prompts().last(), Some(&"P15"));
    call.pass(1.0);
    call.press("1");
    call.happen(Event::GradeStored);
    call.happen(Event::CallerHungUp);
    assert_eq!(call.word(), Some("graded"));
    assert_eq!(
        stored(&call),
        [Grade::VeryDissatisfied, Grade::VerySatisfied]
    );
}

#[test]
fn a_caller_who_hangs_up_in_the_echo_has_graded_and_nothing_follows() {
    let mut call = Call::offered();
    call.pass(3.0);
    call.press("2");
    call.happen(Event::GradeStored);
    call.pass(0.5);
    assert_eq!(call.session.place(), "told_good");
    let left = call.happen(Event::CallerHungUp);
    let graded = Outcome::Graded(Grade::Satisfied);
    assert_eq!(
        left,
        [
            Action::StopPlaying,
            Action::Conclude(graded),
            Action::Hangup
        ]
    );
    assert!(
        !call.done.contains(&Action::ConfirmGrade),
        "the end of the call confirms"
    );
    call.pass(60.0);
    assert_eq!(call.done.last(), Some(&Action::Hangup));
    assert_eq!(stored(&call), [Grade::Satisfied]);
}

#[test]
fn a_grade_is_confirmed_once_when_its_window_is_over() {
    let mut call = Call::offered();
    call.pass(3.0);
    call.press("2");
    call.happen(Event::GradeStored);
    call.pass(60.0);
    let confirmed = |action: &&Action| **action == Action::ConfirmGrade;
    assert_eq!(call.done.iter().filter(confirmed).count(), 1);
    assert_eq!(call.word(), Some("graded"));
}

#[test]
fn a_caller_who_takes_the_grade_back_and_hangs_up_has_not_graded() {
    let mut call = Call::offered();
    call.pass(3.0);
    call.press("5");
    call.happen(Event::GradeStored);
    call.pass(1.0);
    call.press("*");
    call.pass(0.5);
    call.happen(Event::CallerHungUp);
    assert_eq!(call.word(), Some("left_in_offer"));
}

#[test]
fn a_caller_who_leaves_while_the_grade_is_stored_has_graded() {
    let mut call = Call::offered();
    call.pass(3.0);
    call.press("2");
    call.happen(Event::CallerHungUp);
    assert_eq!(call.word(), None);
    call.happen(Event::GradeStored);
    assert_eq!(call.word(), Some("graded"));
}

#[test]
fn a_store_that_never_answers_is_a_fault_that_is_told() {
    let mut call = Call::offered();
    call.pass(3.0);
    call.press("2");
    call.pass(30.0);
    assert_eq!(call.prompts().last(), Some(&"P38"));
    assert_eq!(call.word(), Some("fault"));
}

#[test]
fn three_plays_without_a_key_are_silent_and_with_a_wrong_one_invalid() {
    let mut silent = Call::offered();
    silent.pass(120.0);
    assert_eq!(silent.prompts()[1..], ["P10", "P12", "P12", "P13"]);
    assert_eq!(silent.word(), Some("silent"));
    let mut wrong = Call::offered();
    wrong.pass(5.0);
    wrong.press("7");
    wrong.pass(120.0);
    assert_eq!(wrong.prompts()[1..], ["P10", "P11", "P12", "P13"]);
    assert_eq!(wrong.word(), Some("invalid_only"));
}

#[test]
fn a_caller_who_leaves_the_offer_is_counted_with_his_time() {
    let mut call = Call::offered();
    call.pass(4.2);
    call.happen(Event::CallerHungUp);
    let left = NoGrade::LeftInOffer { after_ms: 4200 };
    assert_eq!(call.session.outcome(), Some(&Outcome::Ungraded(left)));
}

#[test]
fn a_busy_desk_leads_to_a_voice_message() {
    let mut call = Call::answered(Hours::Open);
    call.happen(Event::DeskUnavailable(Unavailable::Busy));
    assert_eq!(call.prompts(), ["P01"], "the notice is heard to its end");
    call.pass(16.0);
    call.press("2");
    call.pass(6.0);
    let end = MessageEnd::Key;
    call.press("#");
    call.happen(Event::MessageRecorded {
        length_ms: 4000,
        end,
    });
    call.pass(3.0);
    assert_eq!(call.prompts(), ["P01", "P25", "P29", "P18"]);
    assert_eq!(call.word(), Some("message"));
}

#[test]
fn a_withheld_number_is_asked_for_before_a_callback() {
    let now = epoch();
    let mut known = facts(Hours::Open);
    known.tail = None;
    let plan = consultation();
    let mut session = Session::new(plan, Arc::new(script()), known, now);
    session.handle(Event::Answered, now);
    session.handle(Event::DeskUnavailable(Unavailable::Failed), now);
    session.handle(Event::Played(PlayId(0)), now);
    let later = now + Duration::from_secs(1);
    session.handle(Event::Timeout, later);
    session.handle(Event::Digit(Digit::D1), later);
    assert_eq!(session.place(), "other_number");
}

fn any_event() -> impl Strategy<Value = Event> {
    let digit = (0..16u8).prop_filter_map("a key", Digit::from_event);
    prop_oneof![
        8 => digit.clone().prop_map(Event::Digit),
        1 => digit.prop_map(Event::DeskDigit),
        6 => (0..12u32).prop_map(|id| Event::Played(PlayId(id))),
        6 => Just(Event::Timeout),
        3 => Just(Event::Answered),
        2 => Just(Event::DeskAnswered { staff: Some("7".to_owned()) }),
        1 => Just(Event::DeskUnavailable(Unavailable::Busy)),
        2 => Just(Event::DeskHungUp),
        1 => Just(Event::DeskSends),
        1 => Just(Event::DeskLost),
        4 => Just(Event::GradeStored),
        1 => Just(Event::GradeNotStored),
        1 => (0..90_000u32).prop_map(|length_ms| Event::MessageRecorded {
            length_ms,
            end: MessageEnd::Silence,
        }),
        1 => Just(Event::CallerHungUp),
        1 => Just(Event::Fault),
        1 => Just(Event::Drained),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_events_in_any_order_give_at_most_one_outcome_and_time_gives_exactly_one(
        events in proptest::collection::vec((any_event(), 0..9000u64), 0..60)
    ) {
        thread_local! {
            static SHIPPED: (Arc<Plan>, Arc<Script>, Facts) =
                (consultation(), Arc::new(script()), facts(Hours::Open));
        }
        let (plan, script, facts) = SHIPPED.with(Clone::clone);
        let mut now = epoch();
        let mut session = Session::new(plan, script, facts, now);
        let mut done = session.handle(Event::Answered, now);
        let mut keys = Vec::new();
        let mut offered = false;
        for (event, after_ms) in events {
            now += Duration::from_millis(after_ms);
            if let Event::Digit(key) = event {
                keys.push(key);
            }
            let actions = session.handle(event, now);
            for action in &actions {
                match action {
                    // Keys from before the offer never grade.
                    Action::Mark(Mark::OfferStarted) => {
                        offered = true;
                        keys.clear();
                    }
                    Action::StoreGrade { key, .. } => prop_assert!(offered && keys.contains(key)),
                    _ => {}
                }
            }
            done.extend(actions);
        }
        for _ in 0..200 {
            let Some(at) = session.timeout_at() else { break };
            now = now.max(at);
            done.extend(session.handle(Event::Timeout, now));
        }
        prop_assert!(session.outcome().is_some());
        let concluded = |action: &&Action| matches!(action, Action::Conclude(_));
        prop_assert_eq!(done.iter().filter(concluded).count(), 1);
        prop_assert_eq!(done.last(), Some(&Action::Hangup));
    }
}
