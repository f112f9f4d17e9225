//! Lists of calls, ratings and tickets, and what stays out of them.

use super::*;

stories![
    a_page_goes_on_where_it_stopped_while_calls_come_in,
    lists_are_filtered_and_numbers_masked,
    rehearsals_stay_out_of_figures,
    a_unit_finds_the_tickets_that_were_sent_to_it_and_no_other,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
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
