//! What of an act, a call, a datum and a ticket counts where.

use super::*;

fn call() -> CallRecord {
    CallRecord {
        started_at: friday(),
        desk_answered_at: Some(friday().plus_millis(9_000)),
        talked_ms: Some(30_000),
        abandoned_after_ms: None,
        queue_waits: 0,
        queue_waits_ms: 0,
        offered_at: Some(friday().plus_millis(60_000)),
        left: false,
        outcome: "graded".into(),
    }
}

#[test]
fn the_last_rating_that_stands_counts_and_a_default_gives_way() {
    let default = rating("a", 0, Grade::BasicallySatisfied, Standing::Valid);
    let first = rating("a", 1, Grade::VeryDissatisfied, Standing::Valid);
    let only_default = whole(&act(vec![default.clone()]));
    assert_eq!(value(&only_default, "satisfaction"), (0, 0));
    assert_eq!(value(&only_default, "satisfaction_with_defaults"), (1, 1));

    let bad = whole(&act(vec![default.clone(), first.clone()]));
    assert_eq!(value(&bad, "satisfaction_with_defaults"), (0, 1));
    assert_eq!(value(&bad, "first_bad_share"), (1, 1));

    // Ruled a mistake: the default counts again, and the first bad one is remembered.
    let mistaken = Standing::NotAdopted(NotAdopted::Mistaken);
    let ruled = whole(&act(vec![
        default,
        Rating {
            standing: mistaken,
            ..first.clone()
        },
    ]));
    assert_eq!(value(&ruled, "satisfaction"), (0, 0));
    assert_eq!(value(&ruled, "satisfaction_with_defaults"), (1, 1));
    assert_eq!(value(&ruled, "first_bad_share"), (1, 1));
    assert_eq!(ruled.get(Count::NotAdopted(NotAdopted::Mistaken)), 1);

    let better = rating("a", 2, Grade::Satisfied, Standing::Valid);
    let again = whole(&act(vec![first, better]));
    assert_eq!(value(&again, "satisfaction"), (1, 1));
    assert_eq!(again.get(Count::Given), 2);
}

#[test]
fn a_bad_act_counts_once_for_each_of_the_nine_things_that_were_said() {
    let said = |items: &[ContentItem], reasons: &[Reason], grade, standing| {
        let mut one = rating("a", 1, grade, standing);
        one.intake.choices.items = items.to_vec();
        one.intake.reasons = reasons.to_vec();
        let tally = whole(&act(vec![one]));
        let on = |count: &Count| matches!(count, Count::BadOn(_) | Count::BadUnsaid);
        let found: Vec<_> = tally.iter().filter(|(count, _)| on(count)).collect();
        assert!(found.iter().all(|(_, many)| *many == 1), "{found:?}");
        found
            .into_iter()
            .map(|(count, _)| count)
            .collect::<Vec<_>>()
    };
    let (bad, valid) = (Grade::Dissatisfied, Standing::Valid);
    let ticked = [ContentItem::Guide, ContentItem::Staff];
    let keyed = [Reason::Progress, Reason::Attitude];
    assert_eq!(
        said(&ticked, &keyed, bad, valid),
        [
            Count::BadOn(ContentItem::Staff),
            Count::BadOn(ContentItem::Progress),
            Count::BadOn(ContentItem::Guide),
            Count::BadOn(ContentItem::InTime),
        ],
        "the staff were ticked and keyed, and count once"
    );
    assert_eq!(said(&[], &[], bad, valid), [Count::BadUnsaid]);
    assert_eq!(said(&[], &[Reason::Other], bad, valid), [Count::BadUnsaid]);
    assert_eq!(said(&ticked, &keyed, Grade::Satisfied, valid), []);
    let invalid = Standing::NotAdopted(NotAdopted::Invalid);
    assert_eq!(said(&ticked, &keyed, bad, invalid), []);
}

#[test]
fn rehearsals_tests_and_staff_stay_out() {
    let good = |standing| vec![rating("a", 1, Grade::Satisfied, standing)];
    let rehearsed = ActRecord {
        rehearsal: true,
        ..act(good(Standing::Valid))
    };
    assert_eq!(of_act(&rehearsed), []);

    let test = whole(&ActRecord {
        call: Some(call()),
        ..act(good(Standing::NotAdopted(NotAdopted::Test)))
    });
    assert_eq!(
        test,
        Tally::from_iter([(Count::NotAdopted(NotAdopted::Test), 1)])
    );

    let from_staff = whole(&ActRecord {
        call: Some(call()),
        turned_away: vec![(friday(), true)],
        ..act(Vec::new())
    });
    assert_eq!(from_staff, Tally::from_iter([(Count::FromStaff, 1)]));
}

#[test]
fn a_call_counts_by_who_answered_how_soon_and_how_it_ended() {
    let counted = |call: CallRecord| {
        whole(&ActRecord {
            call: Some(call),
            ..act(Vec::new())
        })
    };
    let graded = counted(call());
    assert_eq!(value(&graded, "answered"), (1, 1));
    assert_eq!(value(&graded, "answered_soon"), (1, 1));
    assert_eq!(value(&graded, "mean_wait"), (9_000, 1));
    assert_eq!(value(&graded, "keyed"), (1, 1));

    let slow = counted(CallRecord {
        desk_answered_at: Some(friday().plus_millis(15_001)),
        left: true,
        outcome: "left_before_offer".into(),
        offered_at: None,
        ..call()
    });
    assert_eq!(value(&slow, "answered_soon"), (0, 1));
    assert_eq!(value(&slow, "left_unrated"), (1, 1));
    assert_eq!(value(&slow, "prompted"), (0, 1));

    let misdialled = counted(CallRecord {
        talked_ms: Some(9_999),
        ..call()
    });
    assert_eq!(misdialled.get(Count::Ratable), 0, "A21");
    assert_eq!(misdialled.get(Count::Answered), 1);

    let alone = CallRecord {
        desk_answered_at: None,
        talked_ms: None,
        offered_at: None,
        outcome: "abandoned".into(),
        ..call()
    };
    assert_eq!(value(&counted(alone.clone()), "abandoned"), (1, 1));
    let waited = counted(CallRecord {
        abandoned_after_ms: Some(61_000),
        ..alone.clone()
    });
    assert_eq!(value(&waited, "mean_abandoned_wait"), (61_000, 1));
    // Who waited three times is one caller, and three waits.
    let again = counted(CallRecord {
        queue_waits: 3,
        queue_waits_ms: 90_000,
        ..call()
    });
    assert_eq!(value(&again, "mean_queue_wait"), (90_000, 3));
    assert_eq!(value(&again, "mean_abandoned_wait"), (0, 0));
    assert_eq!(value(&counted(call()), "mean_abandoned_wait"), (0, 0));
    let closed = counted(CallRecord {
        outcome: "closed".into(),
        ..alone
    });
    assert_eq!(
        closed,
        Tally::default(),
        "outside the hours nobody is waited for"
    );
}

#[test]
fn an_act_counts_on_the_day_it_was_served_and_its_upload_on_the_day_it_is_due() {
    let due_at = at("2026-09-25T23:59:59+08:00");
    let record = ActRecord {
        uploads: vec![Upload {
            due_at,
            met_at: Some(due_at.plus_millis(1)),
        }],
        ..act(vec![rating("a", 1, Grade::Satisfied, Standing::Valid)])
    };
    let parts = of_act(&record);
    let days: Vec<String> = parts.iter().map(|part| part.cell.day.to_string()).collect();
    assert_eq!(days, ["2026-09-18", "2026-09-25"]);
    assert_eq!(parts[0].cell.unit, Some(UnitId("wetland".into())));
    assert_eq!(parts[0].cell.item.as_deref(), Some("lq-001"));
    assert_eq!(
        value(&parts[1].tally, "uploaded_in_time"),
        (0, 1),
        "a millisecond late"
    );
}

#[test]
fn a_datum_without_a_receipt_is_a_difference_and_a_late_one_is_not() {
    let upload = |met_after: Option<i64>| {
        let due_at = at("2026-09-24T23:59:59+08:00");
        let met_at = met_after.map(|ms| due_at.plus_millis(ms));
        let mut record = act(vec![rating("a", 1, Grade::Satisfied, Standing::Valid)]);
        record.uploads = vec![Upload { due_at, met_at }];
        let tally = whole(&record);
        (
            value(&tally, "uploaded_in_time"),
            value(&tally, "upload_differences"),
        )
    };
    assert_eq!(upload(Some(0)), ((1, 1), (0, 1)));
    assert_eq!(upload(Some(1)), ((0, 1), (0, 1)));
    assert_eq!(upload(None), ((0, 1), (1, 1)));
}

#[test]
fn what_is_kept_and_what_is_counted_differ_number_by_number() {
    let parts = |grade| of_act(&act(vec![rating("a", 1, grade, Standing::Valid)]));
    let (kept, counted) = (parts(Grade::Satisfied), parts(Grade::VerySatisfied));
    assert_eq!(differences(None, &summed(&kept), &summed(&kept)), []);
    let found = differences(Some("act:a"), &summed(&kept), &summed(&counted));
    let told: Vec<_> = found
        .iter()
        .map(|it| (it.thing.as_deref(), it.count.word(), it.kept, it.counted))
        .collect();
    assert_eq!(
        told,
        [
            (Some("act:a"), "very_satisfied", 0, 1),
            (Some("act:a"), "satisfied", 1, 0)
        ]
    );
    let gone = differences(None, &summed(&kept), &summed(&[]));
    assert_eq!(gone.len(), kept[0].tally.iter().count());
    assert!(gone.iter().all(|it| it.counted == 0 && it.kept == 1));
}
