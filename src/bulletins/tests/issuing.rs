//! A bulletin from its draft to what is told beside it later.

use super::*;

stories![
    a_bulletin_needs_three_people_and_then_never_changes,
    what_changes_after_a_bulletin_is_told_beside_it,
    a_case_that_names_somebody_is_refused,
    a_bulletin_that_was_changed_is_found,
    a_list_with_more_than_it_holds_says_how_many_it_left_out,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn a_bulletin_needs_three_people_and_then_never_changes(place: Place) {
    let engine = centre(&place).await;
    let people = three(&engine).await;
    let all_roles = [
        (Role::CentreOfficer, "centre"),
        (Role::CentreSupervisor, "centre"),
        (Role::OfficeSigner, "general_office"),
    ];
    let everything = person(&engine, "sun", &all_roles).await;
    rate(&engine, "k1", "a1", Grade::Satisfied).await;
    let now = november();
    let early = engine
        .draft_bulletin(
            MONTH,
            NewBulletin::default(),
            &people.drafter,
            at("09-30T23:00"),
        )
        .await;
    assert!(refusal(early).contains("not over"));
    let by_signer = engine
        .draft_bulletin(MONTH, NewBulletin::default(), &people.signer, now)
        .await;
    assert!(refusal(by_signer).contains("drafted by"));

    let drafted = engine
        .draft_bulletin(MONTH, NewBulletin::default(), &everything, now)
        .await;
    let digest = drafted.unwrap().digest;
    let own = engine
        .review_bulletin(MONTH, &digest, &everything, now)
        .await;
    assert!(refusal(own).contains("himself"));
    let unread = engine
        .issue_bulletin(MONTH, &digest, &people.signer, now)
        .await;
    assert!(refusal(unread).contains("not reviewed"));
    let other = engine
        .review_bulletin(MONTH, "0000", &people.reviewer, now)
        .await;
    assert!(matches!(other, Err(Error::Stale)), "{other:?}");
    engine
        .review_bulletin(MONTH, &digest, &people.reviewer, now)
        .await
        .unwrap();
    let own = engine
        .issue_bulletin(MONTH, &digest, &everything, now)
        .await;
    assert!(refusal(own).contains("himself"));

    // Drafted anew it has to be reviewed anew.
    let new = NewBulletin {
        demands: "举一反三".into(),
        ..NewBulletin::default()
    };
    let row = issued(&engine, &people, new).await;
    assert_eq!((row.version, row.issued_by.as_deref()), (2, Some("zhao")));
    let again = engine
        .draft_bulletin(MONTH, NewBulletin::default(), &people.drafter, now)
        .await;
    assert!(refusal(again).contains("issued"));
    let store = place.open().await;
    for sql in [
        "UPDATE bulletins SET content = '{}' WHERE version = 2",
        "DELETE FROM bulletins",
    ] {
        assert!(store.raw(sql).await.is_err(), "{sql}");
    }
    assert_eq!(engine.verify_bulletins().await.unwrap(), Ok(1));
    let trail = engine.verify_records(|_| {}).await.unwrap();
    assert!(trail.is_ok(), "{trail:?}");
    let listed = engine.bulletins(None, 10).await.unwrap();
    assert_eq!(listed, [row]);
    let behind = engine.bulletins(Some(MONTH), 10).await.unwrap();
    assert_eq!(behind, []);
}

async fn what_changes_after_a_bulletin_is_told_beside_it(place: Place) {
    let engine = centre(&place).await;
    let people = three(&engine).await;
    rate(&engine, "k1", "a1", Grade::Dissatisfied).await;
    let ticket = named_and_sent(&engine).await;
    engine.tick(at("10-11T09:00")).await.unwrap();
    let row = issued(&engine, &people, NewBulletin::default()).await;
    let told = engine.bulletin(MONTH, november()).await.unwrap().unwrap();
    assert_eq!(told.adjustments, []);
    assert_eq!(
        told.bulletin.title,
        "关于2026年9月政务服务“好差评”情况的通报"
    );
    let late: Vec<_> = told
        .bulletin
        .overdue
        .iter()
        .map(|it| it.kind.as_str())
        .collect();
    assert_eq!(
        late,
        ["assess", "verify", "rectify"],
        "the other ticket was never assessed"
    );
    assert_eq!(told.bulletin.overdue[1].unit, "forest");
    let missing = &told.bulletin.missing;
    assert_eq!(
        (missing.len(), &missing[0].ticket),
        (1, &ticket.to_string())
    );
    assert_eq!(
        (&missing[0].unit, told.bulletin.hot_spots[0].count),
        (&"forest".to_owned(), 2)
    );

    rectified_late(&engine, ticket).await;
    engine.count_anew().await.unwrap();
    let later = engine.bulletin(MONTH, november()).await.unwrap().unwrap();
    assert_eq!(later.row, row, "what was signed stays");
    assert_eq!(later.bulletin, told.bulletin);
    let of_all: Vec<_> = later
        .adjustments
        .iter()
        .filter(|it| it.of == "overall")
        .map(|it| (it.count.as_str(), it.issued, it.now))
        .collect();
    assert!(of_all.contains(&("named_done", 0, 1)), "{of_all:?}");
    assert!(of_all.contains(&("bad_done", 0, 1)), "{of_all:?}");
    assert_eq!(engine.verify_bulletins().await.unwrap(), Ok(1));
}

async fn a_case_that_names_somebody_is_refused(place: Place) {
    let engine = centre(&place).await;
    let drafter = person(&engine, "wang", &[(Role::OfficeClerk, "general_office")]).await;
    let case = |problem: &str| NewBulletin {
        cases: vec![TypicalCase {
            ticket: "T2026-000001".into(),
            problem: problem.into(),
            measure: "改了办事指南".into(),
            outcome: "再次评价为满意".into(),
        }],
        ..NewBulletin::default()
    };
    for naming in ["来电13800000000反映", "办件20260918的材料"] {
        let told = engine
            .draft_bulletin(MONTH, case(naming), &drafter, november())
            .await;
        assert!(refusal(told).contains("number"), "{naming}");
    }
    let told = engine
        .draft_bulletin(
            MONTH,
            case("2026年9月18日没有一次告知"),
            &drafter,
            november(),
        )
        .await;
    assert_eq!(told.unwrap().version, 1);
}

async fn a_bulletin_that_was_changed_is_found(place: Place) {
    let engine = centre(&place).await;
    let people = three(&engine).await;
    let row = issued(&engine, &people, NewBulletin::default()).await;
    let store = place.open().await;
    // Somebody with the database's own rights.
    let drop = match place.is_sqlite() {
        true => "DROP TRIGGER bulletins_issued_no_update",
        false => "DROP TRIGGER bulletins_issued_no_update ON bulletins",
    };
    store.raw(drop).await.unwrap();
    let content = row.content.replace("2026年9月", "2026年8月");
    let changed = format!("UPDATE bulletins SET content = '{content}'");
    store.raw(&changed).await.unwrap();
    let found = engine.verify_bulletins().await.unwrap().unwrap_err();
    assert!(
        found.contains("2026-09") && found.contains("digest"),
        "{found}"
    );
    // And with the digest made to fit, the trail knows the one that was signed.
    let digest = crate::secrets::digest(&content);
    let changed = format!("UPDATE bulletins SET digest = '{digest}'");
    store.raw(&changed).await.unwrap();
    let found = engine.verify_bulletins().await.unwrap().unwrap_err();
    assert!(found.contains("on record"), "{found}");
}

async fn a_list_with_more_than_it_holds_says_how_many_it_left_out(place: Place) {
    let engine = centre(&place).await;
    let people = three(&engine).await;
    rate(&engine, "k1", "a1", Grade::Dissatisfied).await;
    let store = place.open().await;
    let rows = |sql: &str, many: u32| {
        format!(
            "{sql} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many}) "
        )
    };
    let late = rows(
        "INSERT INTO deadlines (subject, kind, epoch, ticket, article, started_at, due_at, \
        provisional, calendar, rehearsal)",
        10_002,
    ) + "SELECT 'ticket:' || number, 'verify', 1000 + i, number, '', opened_at, opened_at, FALSE, \
        '', FALSE FROM tickets, n";
    let named = rows(
        "INSERT INTO counted (thing, part, day, unit, channel, item, counts)",
        10_003,
    ) + "SELECT 'ticket:x', i, '2026-09-30', 'forest', 'phone', '', ' bad_due named_due ' FROM n";
    let sums = "INSERT INTO sums (day, unit, channel, item, count, many) \
        VALUES ('2026-09-30', 'forest', 'phone', '', 'named_due', 10003)";
    let bad = rows(
        "INSERT INTO ratings (id, instance, sequence, intake_key, channel, service, identity, \
        grade, graded_at, reasons, evidence, standing, received_at, rehearsal)",
        2_500,
    ) + "SELECT instance || '-' || i || '-1', instance || '-' || i, 1, intake_key || '-' || i, \
        channel, service, identity, grade, graded_at, reasons, evidence, standing, received_at, \
        rehearsal FROM ratings, n";
    let counted = rows(
        "INSERT INTO counted (thing, part, day, unit, channel, item, counts)",
        2_500,
    ) + "SELECT 'act:window-3-a1-' || i, 0, '2026-09-18', 'wetland', 'window_device', 'lq-001', \
        ' dissatisfied ' FROM n";
    for sql in [&late, &named, sums, &bad, &counted] {
        store.raw(sql).await.unwrap();
    }
    issued(&engine, &people, NewBulletin::default()).await;
    let told = engine.bulletin(MONTH, november()).await.unwrap().unwrap();
    let bulletin = told.bulletin;
    assert_eq!(
        (bulletin.overdue.len(), bulletin.missing.len()),
        (10_000, 10_000)
    );
    // One more: the real ticket was never assessed.
    assert_eq!(
        (bulletin.left_out.overdue, bulletin.left_out.missing),
        (3, 3)
    );
    // Of the causes none is left out, however many acts have one.
    let spots: Vec<_> = bulletin
        .hot_spots
        .iter()
        .map(|spot| (spot.reason.as_str(), spot.count, spot.ratings.len()))
        .collect();
    assert_eq!(spots, [("progress", 2_501, 200)]);
}
