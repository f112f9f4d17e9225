//! What the public reads.

use super::*;

stories![only_what_was_issued_is_public,];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn only_what_was_issued_is_public(place: Place) {
    let engine = centre(&place).await;
    let people = three(&engine).await;
    for number in 1..=6 {
        rate(
            &engine,
            &format!("k{number}"),
            &format!("a{number}"),
            Grade::Dissatisfied,
        )
        .await;
    }
    let now = november();
    let new = NewBulletin {
        cases: vec![TypicalCase {
            ticket: "T2026-000001".into(),
            problem: "没有一次告知".into(),
            measure: "改了办事指南".into(),
            outcome: "再次评价为满意".into(),
        }],
        ..NewBulletin::default()
    };
    let drafted = engine
        .draft_bulletin(MONTH, new.clone(), &people.drafter, now)
        .await;
    drafted.unwrap();
    assert_eq!(engine.published(MONTH, now).await.unwrap(), None);
    assert_eq!(engine.published_months().await.unwrap(), []);
    issued(&engine, &people, new).await;
    let told = engine.published(MONTH, now).await.unwrap().unwrap();
    assert_eq!((told.rated, told.bad, told.corrections.len()), (6, 6, 0));
    assert_eq!(
        (told.causes[0].reason.as_str(), told.causes[0].count),
        ("progress", 6)
    );
    assert_eq!(told.cases[0].measure, "改了办事指南");
    assert_eq!(engine.published_months().await.unwrap(), [MONTH]);
    rate(&engine, "late", "a1", Grade::Satisfied).await;
    engine.count_anew().await.unwrap();
    let told = engine.published(MONTH, now).await.unwrap().unwrap();
    assert_eq!(told.bad, 6, "what was published stays");
    let corrected: Vec<_> = told
        .corrections
        .iter()
        .map(|it| it.count.as_str())
        .collect();
    assert!(corrected.contains(&"dissatisfied"), "{corrected:?}");
    let quarter = engine
        .published(Period::Quarter(2026, 3), now)
        .await
        .unwrap();
    assert_eq!(quarter, None);
}
