//! Signs of 第十九条 and hot spots.

use super::*;

stories![
    signs_of_more_than_one_answer_holds_are_refused_and_not_cut,
    signs_are_listed_with_their_evidence,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn signs_of_more_than_one_answer_holds_are_refused_and_not_cut(place: Place) {
    let engine = centre(&place).await;
    let one = call(&engine, "c1", Some(9_000)).await;
    end(&engine, &one, "graded").await;
    // In parts, as no statement of the server may take long either.
    let look = async |mut looks: u32| {
        let store = place.open().await;
        while looks > 0 {
            let part = looks.min(10_000);
            let sql = format!(
                "INSERT INTO looks (at, call_id, sight, asker, callers_request, reason, verdict) \
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {part}) \
                SELECT started_at, id, 'identity', 'qian', FALSE, '看看', 'granted' FROM calls, n \
                WHERE id = 'c1'"
            );
            store.raw(&sql).await.unwrap();
            looks -= part;
        }
    };
    look(100_000).await;
    engine.count_anew().await.unwrap();
    let flags = engine.flags(&september(), november()).await.unwrap();
    let many = flags.iter().find(|flag| flag.kind == "many_looks").unwrap();
    assert_eq!((many.count, many.evidence.len()), (100_000, 200));
    look(1).await;
    let told = engine.flags(&september(), november()).await.unwrap_err();
    assert!(told.to_string().contains("ask of fewer days"), "{told}");
    let fewer = Span {
        from: "2026-09-19".parse().ok(),
        ..september()
    };
    assert!(engine.flags(&fewer, november()).await.unwrap().is_empty());
}

async fn signs_are_listed_with_their_evidence(place: Place) {
    let engine = centre(&place).await;
    for number in 1..=3 {
        rate(
            &engine,
            &format!("k{number}"),
            &format!("a{number}"),
            Grade::Dissatisfied,
        )
        .await;
    }
    let fast = call(&engine, "c1", Some(9_000)).await;
    key(&engine, &fast, Grade::VerySatisfied, 400).await;
    end(&engine, &fast, "graded").await;
    let slow = call(&engine, "c2", Some(9_000)).await;
    key(&engine, &slow, Grade::VerySatisfied, 8_000).await;
    end(&engine, &slow, "graded").await;
    let staff = NewAccount {
        name: "qian".into(),
        phones: vec!["8009".into()],
        ..NewAccount::default()
    };
    engine
        .add_person(&staff, &Keeper::CommandLine, friday())
        .await
        .unwrap();
    let own = Intake {
        rater: Rater::caller(Some("8009".into())),
        ..rating("own", "a9", Grade::VerySatisfied)
    };
    let own = engine.submit(own, friday().plus_millis(70_000)).await;
    assert!(matches!(own, Err(Error::Ineligible)), "{own:?}");
    let look = "INSERT INTO looks (at, call_id, sight, asker, callers_request, reason, verdict) \
        SELECT started_at, id, 'identity', 'qian', FALSE, '看看', 'refused' FROM calls WHERE id = 'c1'";
    place.open().await.raw(look).await.unwrap();

    engine.count_anew().await.unwrap();
    let flags = engine.flags(&september(), november()).await.unwrap();
    let sign = |kind: &str| {
        let found = flags.iter().find(|flag| flag.kind == kind);
        found.unwrap_or_else(|| panic!("{kind} in {flags:?}"))
    };
    let three = ["window-3-a1-1", "window-3-a2-1", "window-3-a3-1"];
    for (kind, of) in [
        ("repeated_unit", "wetland"),
        ("repeated_item", "lq-001"),
        ("repeated_staff", "8001"),
        ("burst", "3"),
    ] {
        let flag = sign(kind);
        assert_eq!(
            (flag.of.as_str(), flag.evidence.as_slice()),
            (of, &three.map(str::to_owned)[..])
        );
    }
    assert_eq!(sign("too_fast").evidence, ["call-c1-1"]);
    assert_eq!(sign("from_staff").evidence, ["window-3-a9"]);
    assert_eq!(
        (sign("refused_looks").of.as_str(), sign("many_looks").count),
        ("qian", 1)
    );
    assert!(!flags.iter().any(|flag| flag.kind == "weak_rectification"));
    let of_unit = Span {
        unit: Some(UnitId("wetland".into())),
        ..september()
    };
    let flags = engine.flags(&of_unit, november()).await.unwrap();
    assert!(
        flags.iter().all(|flag| flag.kind.starts_with("repeated")),
        "{flags:?}"
    );
    let spots = engine.hot_spots(&september(), november()).await.unwrap();
    assert_eq!(
        (spots.len(), spots[0].reason.as_str(), spots[0].count),
        (1, "progress", 3)
    );
    let before: Day = "2026-08-31".parse().unwrap();
    let august = Span {
        from: "2026-08-01".parse().ok(),
        until: Some(before),
        ..Span::default()
    };
    assert_eq!(engine.flags(&august, november()).await.unwrap(), []);
}
