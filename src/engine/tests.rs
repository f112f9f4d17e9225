use super::*;
use crate::domain::{Day, DeadlineKind, Grade, Intake, IntakeKey, Moment, Rater, Service};
use crate::store::testing::{
    Place, statements, stories, the_schema_is_the_one_of_sqlite, understood,
};

stories![
    every_statement_is_understood,
    the_schema_is_the_one_of_sqlite,
    a_keyed_grade_is_there_for_everybody_when_its_write_returns,
    the_last_key_counts_and_every_key_stays,
    a_grade_taken_back_stays_on_record_and_opens_nothing,
    a_session_that_lets_a_grade_stand_is_believed,
    a_fault_after_the_grade_does_not_take_it_away,
    a_bad_grade_is_a_ticket_with_its_lawful_due_dates,
    a_good_grade_opens_no_ticket_and_uses_up_no_number,
    a_confirmed_grade_is_submitted_once_and_no_later_key_counts,
    a_call_that_was_cut_by_a_crash_is_closed_with_what_it_had,
    a_hundred_submissions_of_one_rating_are_one_rating,
    calls_that_end_at_once_get_numbers_without_holes,
    a_page_goes_on_where_it_stopped_while_calls_come_in,
    lists_are_filtered_and_numbers_masked,
    rehearsals_stay_out_of_figures,
    a_unit_finds_the_tickets_that_were_sent_to_it_and_no_other,
    a_callback_is_noted_at_the_number_of_the_caller,
    a_sitting_of_listening_leaves_one_line_however_many_parts_it_asks_for,
    a_database_whose_file_is_gone_is_not_well,
    what_was_said_cannot_be_changed,
    bytes_from_outside_are_stored_or_refused,
    rows_read_as_the_interface_says,
    a_database_that_fails_is_a_fault_and_leaves_no_half_rows,
    lines_wait_for_the_database_and_keep_their_order,
];

mod adoption;
mod blocklist;
mod casework;
mod channels;
mod ledger;

/// What a start does with what an earlier run left.
async fn recover(engine: &Engine, saved: Vec<Salvage>, now: Moment) -> Vec<CallId> {
    let mut closed = Vec::new();
    for (id, _) in engine.unfinished_calls().await.unwrap() {
        let sound = saved.iter().find(|sound| sound.call == id);
        assert!(engine.close_interrupted(&id, sound, now).await.unwrap());
        closed.push(id);
    }
    for sound in saved.iter().filter(|sound| !closed.contains(&sound.call)) {
        engine.add_sound(sound).await.unwrap();
    }
    closed
}

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn every_statement_is_understood(place: Place) {
    let all = [statements(), crate::register::statements()].concat();
    understood(place, all).await;
}

fn calendar() -> Calendar {
    let text = include_str!("../../calendars/2026.toml");
    Calendar::from_texts(&[("calendars/2026.toml", text)]).unwrap()
}

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

/// Friday, 2026-09-18 16:00 in Beijing.
fn friday() -> Moment {
    at("2026-09-18T16:00:00+08:00")
}

async fn engine(place: &Place) -> Engine {
    Engine::start(place.open().await, calendar())
}

fn new_call(id: &str, started_at: Moment) -> NewCall {
    NewCall {
        id: CallId(id.to_owned()),
        sip_call_id: format!("{id}@trunk"),
        caller: Some("13800000000".to_owned()),
        callee: "consult".to_owned(),
        source: "127.0.0.1:5080".to_owned(),
        started_at,
        dialplan: "consultation".to_owned(),
        dialplan_digest: "d1".to_owned(),
        rehearsal: false,
    }
}

async fn open(engine: &Engine, id: &str) -> CallId {
    engine.open_call(new_call(id, friday())).await.unwrap();
    CallId(id.to_owned())
}

async fn talking(engine: &Engine, id: &str) -> CallId {
    let id = open(engine, id).await;
    let joined = friday();
    let desk = engine.desk_answered(&id, Some("8001"), joined).await;
    desk.unwrap();
    engine.set_state(&id, CallState::Talking).await.unwrap();
    engine.talked(&id, 30_000).await.unwrap();
    id
}

fn keyed(grade: Grade, offset_ms: i64) -> KeyedGrade {
    let key = char::from(b'1' + grade as u8);
    KeyedGrade {
        grade,
        key,
        at: friday().plus_millis(offset_ms),
        offset_ms,
    }
}

fn ended(id: &CallId, outcome: &str) -> EndedCall {
    EndedCall {
        id: id.clone(),
        ended_at: friday().plus_millis(90_000),
        hung_up_by: HungUpBy::Caller,
        outcome: outcome.to_owned(),
        outcome_after_ms: None,
    }
}

async fn detail(engine: &Engine, id: &CallId) -> CallDetail {
    let call = engine.call(id, Numbers::Masked).await.unwrap();
    call.unwrap()
}

async fn a_keyed_grade_is_there_for_everybody_when_its_write_returns(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::Dissatisfied, 60_000);
    engine.key_grade(&id, grade).await.unwrap();
    // Another connection, as after a crash: only what is committed is seen.
    let other = place.open().await;
    let mut tx = other.read().await.unwrap();
    let grades = tx.keyed_grades(&id).await.unwrap();
    assert_eq!((grades.len(), grades[0].key), (1, '4'));
    assert_eq!(grades[0].offset_ms, 60_000);
}

async fn the_last_key_counts_and_every_key_stays(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    for (grade, offset) in [
        (Grade::VeryDissatisfied, 60_000),
        (Grade::VerySatisfied, 64_000),
    ] {
        engine.key_grade(&id, keyed(grade, offset)).await.unwrap();
    }
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    let submitted = submitted.unwrap();
    assert_eq!(submitted.grade, Grade::VerySatisfied);
    assert_eq!(submitted.ticket, None);
    let call = detail(&engine, &id).await;
    assert_eq!(call.keyed_grades.len(), 2);
    let rating = call.rating.unwrap();
    assert_eq!(rating.keys, "51");
    assert_eq!(rating.rated_at, friday().plus_millis(64_000));
    assert_eq!(
        engine
            .end_call(ended(&id, "silent"))
            .await
            .unwrap()
            .unwrap(),
        submitted
    );
    assert_eq!(detail(&engine, &id).await.row.outcome.unwrap(), "graded");
}

async fn a_grade_taken_back_stays_on_record_and_opens_nothing(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::VeryDissatisfied, 60_000);
    engine.key_grade(&id, grade).await.unwrap();
    let back = friday().plus_millis(62_000);
    engine.withdraw_grade(&id, back).await.unwrap();
    engine.withdraw_grade(&id, back).await.unwrap();
    assert_eq!(engine.confirm_grade(&id, back).await.unwrap(), None);
    assert_eq!(engine.end_call(ended(&id, "silent")).await.unwrap(), None);
    let call = detail(&engine, &id).await;
    assert_eq!(call.row.outcome.as_deref(), Some("silent"));
    assert_eq!(call.row.grade, None);
    assert_eq!(call.keyed_grades[0].withdrawn_at, Some(back));
    let all = TicketFilter::default();
    let tickets = engine.tickets(&all, None, 10, Numbers::Masked);
    assert!(tickets.await.unwrap().items.is_empty());
}

async fn a_session_that_lets_a_grade_stand_is_believed(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::Satisfied, 60_000);
    engine.key_grade(&id, grade).await.unwrap();
    let back = friday().plus_millis(62_000);
    engine.withdraw_grade(&id, back).await.unwrap();
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    assert_eq!(submitted.unwrap().grade, Grade::Satisfied);
    let without = talking(&engine, "c2").await;
    assert_eq!(
        engine.end_call(ended(&without, "graded")).await.unwrap(),
        None
    );
    let call = detail(&engine, &without).await;
    assert_eq!(call.row.outcome.as_deref(), Some("fault"));
}

async fn a_fault_after_the_grade_does_not_take_it_away(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::Dissatisfied, 60_000);
    engine.key_grade(&id, grade).await.unwrap();
    let submitted = engine.end_call(ended(&id, "fault")).await.unwrap();
    assert!(submitted.unwrap().ticket.is_some());
    let call = detail(&engine, &id).await;
    assert_eq!(call.row.outcome.as_deref(), Some("graded"));
}

/// domain.md section 3, the worked example: Fri 09-18 16:00 → D2 due 09-22, D9 due 09-24, because
/// Sun 09-20 is worked.
async fn a_bad_grade_is_a_ticket_with_its_lawful_due_dates(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::Dissatisfied, 0);
    engine.key_grade(&id, grade).await.unwrap();
    let reason = KeyedReason {
        code: "T1".to_owned(),
        key: '1',
        at: friday().plus_millis(9_000),
        offset_ms: 9_000,
    };
    engine.key_reason(&id, reason).await.unwrap();
    let clip = engine.add_clip(
        &id,
        ClipKind::Remark,
        "2026/09/18/c1.remark.wav",
        4_000,
        "ab",
    );
    clip.await.unwrap();
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    let number = submitted.unwrap().ticket.unwrap();
    assert_eq!(number, "T2026-000001");
    let ticket = engine.ticket(&number, Numbers::Masked).await.unwrap();
    let ticket = ticket.unwrap();
    let due: Vec<_> = ticket
        .row
        .deadlines
        .iter()
        .map(|d| (d.kind, d.article.as_str(), d.workdays, d.due_at.to_string()))
        .collect();
    assert_eq!(
        due,
        [
            (
                DeadlineKind::Assess,
                "第九条",
                Some(3),
                "2026-09-22T23:59:59.000+08:00".to_owned()
            ),
            (
                DeadlineKind::Upload,
                "第十六条",
                Some(5),
                "2026-09-24T23:59:59.000+08:00".to_owned()
            ),
        ]
    );
    let counted = &ticket.counted[0];
    let days: Vec<_> = counted
        .days
        .iter()
        .map(|d| (d.day.day_of_month(), d.counted_as))
        .collect();
    let expected = [
        (18, None),
        (19, None),
        (20, Some(1)),
        (21, Some(2)),
        (22, Some(3)),
    ];
    assert_eq!(days, expected);
    assert!(!counted.differs);
    assert_eq!(ticket.row.reasons, ["T1"]);
    assert_eq!(ticket.row.caller.as_deref(), Some("138****0000"));
    assert_eq!(ticket.rating.unwrap().keys, "41");
    assert_eq!(ticket.call.unwrap().staff.as_deref(), Some("8001"));
    assert!(ticket.trail.iter().any(|line| line.what == "ticket_opened"));
    let call = detail(&engine, &id).await;
    assert_eq!(call.row.ticket.as_deref(), Some("T2026-000001"));
    assert_eq!(call.clips.len(), 1);
}

async fn a_good_grade_opens_no_ticket_and_uses_up_no_number(place: Place) {
    let engine = engine(&place).await;
    for (id, grade, ticket) in [
        ("c1", Grade::Dissatisfied, Some("T2026-000001")),
        ("c2", Grade::BasicallySatisfied, None),
        ("c3", Grade::VeryDissatisfied, Some("T2026-000002")),
    ] {
        let id = talking(&engine, id).await;
        engine.key_grade(&id, keyed(grade, 1)).await.unwrap();
        let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
        assert_eq!(submitted.unwrap().ticket.as_deref(), ticket);
    }
}

async fn a_confirmed_grade_is_submitted_once_and_no_later_key_counts(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let bad = keyed(Grade::VeryDissatisfied, 60_000);
    engine.key_grade(&id, bad).await.unwrap();
    let now = friday().plus_millis(63_000);
    let first = engine.confirm_grade(&id, now).await.unwrap().unwrap();
    assert_eq!(
        engine.confirm_grade(&id, now).await.unwrap().unwrap(),
        first
    );
    let late = engine.key_grade(&id, keyed(Grade::Satisfied, 70_000)).await;
    assert!(matches!(late, Err(Error::Refused(_))), "{late:?}");
    let end = engine.end_call(ended(&id, "graded")).await.unwrap();
    assert_eq!(end.unwrap(), first);
    let over = engine.key_grade(&id, keyed(Grade::Satisfied, 95_000)).await;
    assert!(matches!(over, Err(Error::Refused(_))), "{over:?}");
    let ratings = engine.ratings(&RatingFilter::default(), None, 10).await;
    assert_eq!(ratings.unwrap().items.len(), 1);
}

async fn a_call_that_was_cut_by_a_crash_is_closed_with_what_it_had(place: Place) {
    let before = engine(&place).await;
    open(&before, "c1").await;
    talking(&before, "c2").await;
    let keyed_only = talking(&before, "c3").await;
    let confirmed = talking(&before, "c4").await;
    let taken_back = talking(&before, "c5").await;
    for id in [&keyed_only, &confirmed, &taken_back] {
        before.set_state(id, CallState::Rating).await.unwrap();
        let grade = keyed(Grade::Dissatisfied, 60_000);
        before.key_grade(id, grade).await.unwrap();
    }
    let now = friday().plus_millis(64_000);
    let ticket = before.confirm_grade(&confirmed, now).await.unwrap();
    before.withdraw_grade(&taken_back, now).await.unwrap();
    let over = talking(&before, "c6").await;
    before.end_call(ended(&over, "declined")).await.unwrap();
    let line = TimelineEntry {
        at: friday().plus_millis(61_000),
        offset_ms: 61_000,
        kind: "key".to_owned(),
        detail: "4".to_owned(),
    };
    before.mark(&keyed_only, [line]);
    before.inner.timeline.flush().await.unwrap();
    drop(before);

    let after = engine(&place).await;
    let recording = ArchivedRecording {
        path: "2026/09/18/c3.wav".to_owned(),
        length_ms: 65_000,
        bytes: 2_080_044,
        sha256: "ab".to_owned(),
        gaps: vec![(10, 20)],
    };
    let restart = friday().plus_millis(3_600_000);
    let open: Vec<_> = after.unfinished_calls().await.unwrap();
    assert_eq!(open.len(), 5);
    let saved = Salvage {
        call: keyed_only.clone(),
        recording: Some(recording.clone()),
        clips: vec![],
    };
    let closed = recover(&after, vec![saved], restart).await;
    assert_eq!(closed.len(), 5);
    for (id, outcome, has_ticket) in [
        ("c1", "fault_before_talk", false),
        ("c2", "fault", false),
        ("c3", "graded", true),
        ("c4", "graded", true),
        ("c5", "fault", false),
    ] {
        let call = detail(&after, &CallId(id.to_owned())).await;
        assert_eq!(call.row.state, CallState::Interrupted, "{id}");
        assert_eq!(call.row.outcome.as_deref(), Some(outcome), "{id}");
        assert_eq!(call.row.ticket.is_some(), has_ticket, "{id}");
        assert_eq!(call.timeline.last().unwrap().kind, "outcome");
    }
    let call = detail(&after, &keyed_only).await;
    assert_eq!(call.timeline[0].kind, "key");
    assert_eq!(call.row.ended_at, Some(friday().plus_millis(65_000)));
    assert_eq!(call.recording, Some(recording));
    let call = detail(&after, &confirmed).await;
    assert_eq!(call.row.ticket, ticket.unwrap().ticket);
    let call = detail(&after, &over).await;
    assert_eq!(call.row.outcome.as_deref(), Some("declined"));
    assert!(recover(&after, vec![], restart).await.is_empty());
}

async fn a_hundred_submissions_of_one_rating_are_one_rating(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let intake = Intake {
        key: IntakeKey::phone(&id.0),
        channel: crate::domain::Channel::Phone,
        service: Service::Consultation {
            call_id: id.0.clone(),
            staff: vec![],
            served_at: friday(),
        },
        rater: Rater::caller(None),
        grade: Grade::VeryDissatisfied,
        graded_at: friday(),
        reasons: vec![],
        choices: Default::default(),
        remark: None,
        evidence: Default::default(),
        rehearsal: false,
    };
    let hundred = (0..100).map(|_| engine.submit(intake.clone(), friday()));
    let answers = futures::future::try_join_all(hundred).await.unwrap();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let ratings = engine.ratings(&RatingFilter::default(), None, 10).await;
    assert_eq!(ratings.unwrap().items.len(), 1);
    let all = TicketFilter::default();
    let tickets = engine.tickets(&all, None, 10, Numbers::Masked);
    assert_eq!(tickets.await.unwrap().items.len(), 1);
    // The same act rated again under another key is its second rating, and the ticket goes on.
    let again = Intake {
        key: IntakeKey("web:1".to_owned()),
        grade: Grade::Satisfied,
        ..intake
    };
    let second = engine.submit(again, friday()).await.unwrap();
    assert_eq!(second.rating, "call-c1-2");
    assert_eq!(second.ticket, answers[0].ticket);
}

async fn calls_that_end_at_once_get_numbers_without_holes(place: Place) {
    let engine = engine(&place).await;
    let mut ids = Vec::new();
    for n in 0..20 {
        let id = talking(&engine, &format!("c{n:02}")).await;
        let grade = keyed(Grade::Dissatisfied, 1);
        engine.key_grade(&id, grade).await.unwrap();
        ids.push(id);
    }
    let ends = ids.iter().map(|id| engine.end_call(ended(id, "graded")));
    let ends = futures::future::try_join_all(ends).await.unwrap();
    let mut numbers: Vec<_> = ends
        .into_iter()
        .map(|s| s.unwrap().ticket.unwrap())
        .collect();
    numbers.sort();
    let expected: Vec<_> = (1..=20).map(|n| format!("T2026-{n:06}")).collect();
    assert_eq!(numbers, expected);
}

async fn a_page_goes_on_where_it_stopped_while_calls_come_in(place: Place) {
    let engine = engine(&place).await;
    // Several begin in the same millisecond.
    for n in 0..10 {
        let started = friday().plus_millis(n / 3);
        let call = new_call(&format!("c{n}"), started);
        engine.open_call(call).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    for round in 0.. {
        let filter = CallFilter::default();
        let page = engine.calls(&filter, cursor.as_deref(), 3, Numbers::Masked);
        let page = page.await.unwrap();
        seen.extend(page.items.into_iter().map(|call| call.id.0));
        let newer = new_call(&format!("newer{round}"), friday().plus_millis(1000));
        engine.open_call(newer).await.unwrap();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..10).rev().map(|n| format!("c{n}")).collect();
    assert_eq!(seen, expected);
    let all = CallFilter::default();
    let wrong = engine.calls(&all, Some("zz"), 3, Numbers::Masked);
    assert!(matches!(wrong.await, Err(Error::BadCursor(_))));
}

async fn lists_are_filtered_and_numbers_masked(place: Place) {
    let engine = engine(&place).await;
    let yesterday = NewCall {
        caller: Some("01084238000".to_owned()),
        ..new_call("c1", friday().plus_millis(-86_400_000))
    };
    engine.open_call(yesterday).await.unwrap();
    let withheld = NewCall {
        caller: None,
        rehearsal: true,
        ..new_call("c2", friday())
    };
    engine.open_call(withheld).await.unwrap();
    let graded = talking(&engine, "c3").await;
    let grade = keyed(Grade::VeryDissatisfied, 1);
    engine.key_grade(&graded, grade).await.unwrap();
    engine.end_call(ended(&graded, "graded")).await.unwrap();
    let day: Day = "2026-09-18".parse().unwrap();
    let all = CallFilter::default;
    for (filter, expected) in [
        (all(), "c3 c2 c1"),
        (
            CallFilter {
                from: Some(day),
                ..all()
            },
            "c3 c2",
        ),
        (
            CallFilter {
                to: Some(day.previous()),
                ..all()
            },
            "c1",
        ),
        (
            CallFilter {
                state: Some(CallState::Ended),
                ..all()
            },
            "c3",
        ),
        (
            CallFilter {
                live: Some(true),
                ..all()
            },
            "c2 c1",
        ),
        (
            CallFilter {
                live: Some(false),
                ..all()
            },
            "c3",
        ),
        (
            CallFilter {
                outcome: Some("graded".into()),
                ..all()
            },
            "c3",
        ),
        (
            CallFilter {
                grade: Some(Grade::VeryDissatisfied),
                ..all()
            },
            "c3",
        ),
        (
            CallFilter {
                grade: Some(Grade::Satisfied),
                ..all()
            },
            "",
        ),
        (
            CallFilter {
                number_tail: Some("8000".into()),
                ..all()
            },
            "c1",
        ),
        (
            CallFilter {
                number_tail: Some("%0".into()),
                ..all()
            },
            "c3 c1",
        ),
        (
            CallFilter {
                rehearsal: Some(false),
                ..all()
            },
            "c3 c1",
        ),
    ] {
        let page = engine.calls(&filter, None, 10, Numbers::Masked).await;
        let items = page.unwrap().items;
        assert!(items.iter().all(|call| call.caller_number.is_none()));
        let ids: Vec<_> = items.into_iter().map(|call| call.id.0).collect();
        assert_eq!(ids.join(" "), expected, "{filter:?}");
    }
    let shown = engine.call(&graded, Numbers::Shown).await.unwrap().unwrap();
    assert_eq!(shown.row.caller.as_deref(), Some("138****0000"));
    assert_eq!(shown.row.caller_number.as_deref(), Some("13800000000"));
    let negative = RatingFilter {
        polarity: Some(crate::domain::Polarity::Negative),
        ..RatingFilter::default()
    };
    let ratings = engine.ratings(&negative, None, 10).await.unwrap();
    assert_eq!(ratings.items.len(), 1);
    let open = TicketFilter {
        state: Some(crate::domain::State::New),
        ..TicketFilter::default()
    };
    let tickets = engine.tickets(&open, None, 10, Numbers::Shown).await;
    let ticket = tickets.unwrap().items.remove(0);
    assert_eq!(ticket.caller_number.as_deref(), Some("13800000000"));
}

async fn rehearsals_stay_out_of_figures(place: Place) {
    let engine = engine(&place).await;
    let rehearsal = NewCall {
        rehearsal: true,
        ..new_call("r1", friday())
    };
    engine.open_call(rehearsal).await.unwrap();
    let id = CallId("r1".to_owned());
    engine
        .key_grade(&id, keyed(Grade::Dissatisfied, 1))
        .await
        .unwrap();
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    let number = submitted.unwrap().ticket.unwrap();
    let ticket = engine.ticket(&number, Numbers::Masked).await.unwrap();
    assert!(ticket.unwrap().row.rehearsal);
    for (id, grade, outcome) in [
        ("c1", Some(Grade::Satisfied), "graded"),
        ("c2", Some(Grade::Dissatisfied), "graded"),
        ("c3", None, "left_before_offer"),
        ("c4", None, "left_in_offer"),
    ] {
        let id = talking(&engine, id).await;
        if let Some(grade) = grade {
            engine.key_grade(&id, keyed(grade, 1)).await.unwrap();
        }
        engine.end_call(ended(&id, outcome)).await.unwrap();
    }
    let offered_then_fault = talking(&engine, "c5").await;
    engine.offered(&offered_then_fault, friday()).await.unwrap();
    engine
        .end_call(ended(&offered_then_fault, "fault"))
        .await
        .unwrap();
    let abandoned = open(&engine, "c6").await;
    engine
        .end_call(ended(&abandoned, "abandoned"))
        .await
        .unwrap();
    open(&engine, "c7").await;
    let figures = engine.figures(Some(friday().day()), None).await.unwrap();
    let Figures {
        calls,
        talked,
        offered,
        graded,
        positive,
        tickets,
        ..
    } = figures;
    assert_eq!(
        (calls, talked, offered, graded, positive, tickets),
        (6, 5, 4, 2, 1, 1)
    );
    assert_eq!(figures.offered_rate(), Some(0.8));
    assert_eq!(figures.participation_rate(), Some(0.4));
    assert_eq!(figures.satisfaction_rate(), Some(0.5));
    let later = engine.figures(Some(friday().day().next()), None).await;
    assert_eq!(later.unwrap().offered_rate(), None);
}

async fn a_unit_finds_the_tickets_that_were_sent_to_it_and_no_other(place: Place) {
    let engine = engine(&place).await;
    for call in ["c1", "c2", "c3"] {
        let id = talking(&engine, call).await;
        let grade = keyed(Grade::Dissatisfied, 60_000);
        engine.key_grade(&id, grade).await.unwrap();
        engine.end_call(ended(&id, "graded")).await.unwrap();
    }
    // One was sent, one lies in the drawer, one went to a unit whose name is much alike.
    for (ticket, unit, state) in [
        ("T2026-000001", "forest_a", "sent"),
        ("T2026-000002", "forest_a", "reported"),
        ("T2026-000003", "forest-a", "sent"),
    ] {
        let sql = format!(
            "INSERT INTO orders (ticket, number, round, slip, slip_version, unit, rule, state, void, \
             complex, deemed, contested, returns) VALUES \
             ('{ticket}', 1, 1, '{ticket}', 1, '{unit}', 5, '{state}', FALSE, FALSE, FALSE, FALSE, 0)"
        );
        engine.inner.store.raw(&sql).await.unwrap();
    }
    // A reach is of posts, and a post of a unit that is entered.
    for unit in ["forest_a", "forest-a", "forest"] {
        let sql = format!(
            "INSERT INTO units (id, kind, name, created_at) VALUES \
             ('{unit}', 'handling_unit', '{unit}', 0)"
        );
        engine.inner.store.raw(&sql).await.unwrap();
    }
    let reach = |unit: &str| Reach::Units(vec![crate::domain::UnitId(unit.into())]);
    for (reach, found) in [
        (Reach::All, 3),
        (reach("forest_a"), 1),
        (reach("forest-a"), 1),
        (reach("forest"), 0),
        (Reach::Units(Vec::new()), 0),
        (Reach::Rehearsals, 0),
    ] {
        let (calls, ratings, tickets) = (
            CallFilter {
                reach: reach.clone(),
                ..CallFilter::default()
            },
            RatingFilter {
                reach: reach.clone(),
                ..RatingFilter::default()
            },
            TicketFilter {
                reach: reach.clone(),
                ..TicketFilter::default()
            },
        );
        let calls = engine.calls(&calls, None, 10, Numbers::Masked).await;
        let ratings = engine.ratings(&ratings, None, 10).await.unwrap();
        let tickets = engine.tickets(&tickets, None, 10, Numbers::Masked).await;
        let counts = [calls.unwrap().items.len(), ratings.items.len()];
        assert_eq!(counts, [found, found], "{reach:?}");
        assert_eq!(tickets.unwrap().items.len(), found, "{reach:?}");
    }
    let within = async |unit: &str, ticket: &str| {
        let reach = reach(unit);
        engine.within(&reach, false, Some(ticket)).await.unwrap()
    };
    assert!(within("forest_a", "T2026-000001").await);
    assert!(!within("forest_a", "T2026-000002").await);
    assert!(!within("forest_a", "T2026-000003").await);
}

async fn a_callback_is_noted_at_the_number_of_the_caller(place: Place) {
    let engine = engine(&place).await;
    let id = open(&engine, "c1").await;
    engine.request_callback(&id, None, friday()).await.unwrap();
    let callback = detail(&engine, &id).await.callback.unwrap();
    assert_eq!(callback.number.as_deref(), Some("138****0000"));
    assert_eq!(callback.whole_number, None);
    let other = engine.request_callback(&id, Some("13912345678"), friday());
    other.await.unwrap();
    let callback = detail(&engine, &id).await.callback.unwrap();
    assert_eq!(callback.number.as_deref(), Some("139****5678"));
}

async fn what_was_said_cannot_be_changed(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let grade = keyed(Grade::Dissatisfied, 1);
    engine.key_grade(&id, grade).await.unwrap();
    engine.end_call(ended(&id, "graded")).await.unwrap();
    let listening = Listening {
        call: id,
        sound: Sound::Recording,
        listener: "li".to_owned(),
        door: ListeningDoor::Page,
        look: None,
        ticket: None,
        reason: None,
    };
    engine.listen(&listening, friday()).await.unwrap();
    let store = &engine.inner.store;
    for change in [
        "UPDATE keyed_grades SET grade = 'satisfied'",
        "DELETE FROM keyed_grades",
        "UPDATE trail SET detail = ''",
        "DELETE FROM trail",
        "UPDATE listenings SET listener = ''",
        "DELETE FROM listenings",
    ] {
        let error = store.raw(change).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
}

async fn a_sitting_of_listening_leaves_one_line_however_many_parts_it_asks_for(place: Place) {
    let engine = engine(&place).await;
    let id = open(&engine, "c1").await;
    let of = |listener: &str, sound: Sound, door: ListeningDoor| Listening {
        call: id.clone(),
        sound,
        listener: listener.to_owned(),
        door,
        look: None,
        ticket: None,
        reason: None,
    };
    let li = of("li", Sound::Recording, ListeningDoor::Page);
    let minutes = |n: i64| friday().plus_millis(n * 60_000);
    let parts = (0..20).map(|_| engine.listen(&li, friday()));
    futures::future::try_join_all(parts).await.unwrap();
    engine.listen(&li, minutes(9)).await.unwrap();
    assert_eq!(detail(&engine, &id).await.listenings.len(), 1);
    // Another sitting, another sound, another door, another listener.
    engine.listen(&li, minutes(11)).await.unwrap();
    let clip = of("li", Sound::Remark, ListeningDoor::Page);
    engine.listen(&clip, minutes(12)).await.unwrap();
    let token = of("li", Sound::Recording, ListeningDoor::Api);
    engine.listen(&token, minutes(13)).await.unwrap();
    let wang = of("wang", Sound::Recording, ListeningDoor::Page);
    engine.listen(&wang, minutes(14)).await.unwrap();
    let lines = detail(&engine, &id).await.listenings;
    let lines: Vec<_> = lines
        .iter()
        .map(|line| (line.at, line.listener.as_str(), line.sound, line.door))
        .collect();
    assert_eq!(
        lines,
        [
            (minutes(14), "wang", Sound::Recording, ListeningDoor::Page),
            (minutes(13), "li", Sound::Recording, ListeningDoor::Api),
            (minutes(12), "li", Sound::Remark, ListeningDoor::Page),
            (minutes(11), "li", Sound::Recording, ListeningDoor::Page),
            (minutes(0), "li", Sound::Recording, ListeningDoor::Page),
        ]
    );
}

async fn a_database_whose_file_is_gone_is_not_well(place: Place) {
    let engine = engine(&place).await;
    engine.check().await.unwrap();
    match place.url.strip_prefix("sqlite:") {
        // The open file goes on answering, and what is written to it is lost with it.
        Some(path) => std::fs::remove_file(path).unwrap(),
        None => engine.inner.store.close().await,
    }
    assert!(engine.check().await.is_err());
}

async fn bytes_from_outside_are_stored_or_refused(place: Place) {
    let engine = engine(&place).await;
    let odd = NewCall {
        caller: Some("1\0'; DROP TABLE calls; --".to_owned()),
        callee: "张\u{202e}三".to_owned(),
        ..new_call("c1", Moment::from_millis(i64::MAX))
    };
    engine.open_call(odd).await.unwrap();
    let id = CallId("c1".to_owned());
    let line = TimelineEntry {
        at: friday(),
        offset_ms: -1,
        kind: "key".to_owned(),
        detail: "\0".to_owned(),
    };
    engine.mark(&id, [line]);
    let call = detail(&engine, &id).await;
    assert_eq!(call.row.callee, "张\u{202e}三");
    assert_eq!(call.timeline[0].detail, "\u{fffd}");
    let unknown = CallId("\0".to_owned());
    assert!(
        engine
            .call(&unknown, Numbers::Masked)
            .await
            .unwrap()
            .is_none()
    );
    let grade = engine.key_grade(&unknown, keyed(Grade::Satisfied, 1)).await;
    assert!(matches!(grade, Err(Error::NoSuchCall(_))));
}

async fn rows_read_as_the_interface_says(place: Place) {
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    engine
        .key_grade(&id, keyed(Grade::VeryDissatisfied, 0))
        .await
        .unwrap();
    engine.end_call(ended(&id, "graded")).await.unwrap();
    let ticket = engine
        .ticket("T2026-000001", Numbers::Masked)
        .await
        .unwrap();
    let ticket = serde_json::to_value(ticket.unwrap()).unwrap();
    assert_eq!(ticket["state"], "new");
    assert_eq!(ticket["grade"], "very_dissatisfied");
    let deadline = &ticket["deadlines"][0];
    assert_eq!(deadline["kind"], "assess");
    assert_eq!(deadline["article"], "第九条");
    assert_eq!(deadline["started_at"], "2026-09-18T16:00:00.000+08:00");
    assert_eq!(deadline["due_at"], "2026-09-22T23:59:59.000+08:00");
    assert_eq!(deadline["met_at"], serde_json::Value::Null);
    let rating = &ticket["rating"];
    assert_eq!(rating["channel"], "phone");
    assert_eq!(rating["call_id"], "c1");
    assert_eq!(rating["keys"], "5");
    assert_eq!(rating["outcome"], "graded");
    let all = CallFilter::default();
    let page = engine.calls(&all, None, 1, Numbers::Masked);
    let page = serde_json::to_value(page.await.unwrap()).unwrap();
    assert_eq!(page["next"], serde_json::Value::Null);
    assert_eq!(page["items"][0]["state"], "ended");
    assert_eq!(page["items"][0]["caller"], "138****0000");
}

fn line(n: i64) -> TimelineEntry {
    TimelineEntry {
        at: friday().plus_millis(n),
        offset_ms: n,
        kind: "prompt".to_owned(),
        detail: n.to_string(),
    }
}

async fn a_database_that_fails_is_a_fault_and_leaves_no_half_rows(place: Place) {
    let engine = engine(&place).await;
    talking(&engine, "c1").await;
    let id = CallId("c1".to_owned());
    let grade = keyed(Grade::Dissatisfied, 1);
    engine.key_grade(&id, grade).await.unwrap();
    let store = &engine.inner.store;
    // The last thing that a call's end writes cannot be written.
    let away = "ALTER TABLE trail RENAME TO trail_away";
    store.raw(away).await.unwrap();
    let end = engine.end_call(ended(&id, "graded")).await;
    assert!(matches!(end, Err(Error::Store(_))), "{end:?}");
    if !place.is_sqlite() {
        // The server goes away in the middle of a grade.
        let mut tx = store.write().await.unwrap();
        let grade = keyed(Grade::Satisfied, 2);
        tx.append_grade(&id, &grade).await.unwrap();
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        place.open().await.raw(cut).await.unwrap();
        assert!(tx.commit().await.is_err());
    }
    let call = detail(&engine, &id).await;
    assert_eq!(call.row.ended_at, None);
    assert_eq!(call.row.grade, Some(Grade::Dissatisfied));
    assert_eq!((call.keyed_grades.len(), call.rating.is_some()), (1, false));
    let back = "ALTER TABLE trail_away RENAME TO trail";
    store.raw(back).await.unwrap();
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    assert_eq!(submitted.unwrap().ticket.as_deref(), Some("T2026-000001"));
}

async fn lines_wait_for_the_database_and_keep_their_order(place: Place) {
    let engine = engine(&place).await;
    let id = open(&engine, "c1").await;
    engine.mark(&id, [line(1), line(2)]);
    engine.inner.timeline.flush().await.unwrap();
    engine.mark(&id, (3..200).map(line));
    engine.mark(&CallId("unknown".to_owned()), [line(0)]);
    let lines = detail(&engine, &id).await.timeline;
    let offsets: Vec<_> = lines.iter().map(|line| line.offset_ms).collect();
    assert_eq!(offsets, (1..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_locked_database_is_a_fault_within_its_time_and_loses_no_line() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::sqlite(dir);
    let store = crate::store::Store::open_impatient(&place).await;
    let engine = Engine::start(store, calendar());
    let id = talking(&engine, "c1").await;
    let other = place.open().await;
    let hold = other.write().await.unwrap();
    let grade = keyed(Grade::Dissatisfied, 1);
    let locked = engine.key_grade(&id, grade.clone()).await;
    assert!(matches!(locked, Err(Error::Store(_))), "{locked:?}");
    engine.mark(&id, [line(1), line(2)]);
    assert!(engine.inner.timeline.flush().await.is_err());
    hold.commit().await.unwrap();
    engine.key_grade(&id, grade).await.unwrap();
    let call = detail(&engine, &id).await;
    assert_eq!(call.keyed_grades.len(), 1);
    assert_eq!(call.timeline.len(), 2);
}

#[tokio::test]
async fn a_full_disk_is_a_fault_and_leaves_no_half_rows() {
    let place = Place::sqlite(tempfile::tempdir().unwrap());
    let engine = engine(&place).await;
    let id = talking(&engine, "c1").await;
    let store = &engine.inner.store;
    let pages = store.number("PRAGMA page_count").await;
    let limit = format!("PRAGMA max_page_count = {pages}");
    store.raw(&limit).await.unwrap();
    let mut written = 0;
    let full = loop {
        match engine
            .key_grade(&id, keyed(Grade::Dissatisfied, written))
            .await
        {
            Ok(()) => written += 1,
            Err(error) => break error.to_string(),
        }
        assert!(written < 10_000, "the disk never fills");
    };
    assert!(full.contains("full"), "{full}");
    let call = detail(&engine, &id).await;
    assert_eq!(call.keyed_grades.len() as i64, written);
    store.raw("PRAGMA max_page_count = 1000000").await.unwrap();
    let submitted = engine.end_call(ended(&id, "graded")).await.unwrap();
    assert!(submitted.unwrap().ticket.is_some());
}

/// `cargo test --release --lib -- --ignored --nocapture how_long_a_durable_grade_takes`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
#[allow(clippy::disallowed_methods)] // it measures real time
async fn how_long_a_durable_grade_takes() {
    use std::time::Instant;
    // Where the build is: a temporary folder may be memory, which syncs in no time.
    let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let place = Place::sqlite(dir);
    let engine = engine(&place).await;
    for callers in [1_usize, 8, 64] {
        let mut ids = Vec::new();
        for n in 0..callers {
            ids.push(open(&engine, &format!("c{callers}-{n}")).await);
        }
        let each = 1024 / callers;
        let began = Instant::now();
        let keyed_by = async |id: &CallId| {
            let mut took = Vec::new();
            for n in 0..each {
                let pressed = Instant::now();
                let grade = keyed(Grade::Satisfied, n as i64);
                engine.key_grade(id, grade).await.unwrap();
                took.push(pressed.elapsed());
            }
            took
        };
        let took = futures::future::join_all(ids.iter().map(keyed_by)).await;
        let seconds = began.elapsed().as_secs_f64();
        let mut took = took.concat();
        took.sort();
        assert_eq!(took.len(), each * callers);
        println!(
            "{callers} callers: {:.0} grades/s, p50 {:?}, p99 {:?}",
            took.len() as f64 / seconds,
            took[took.len() / 2],
            took[took.len() * 99 / 100],
        );
    }
}
