//! A calendar's change: proposed, foreseen, approved.

use super::*;

stories![
    a_calendar_is_proposed_by_one_and_approved_by_another,
    what_a_calendar_would_move_is_foreseen_and_moves_nothing,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn a_calendar_is_proposed_by_one_and_approved_by_another(place: Place) {
    let engine = engine(&place).await;
    let people = [
        ("zhao", Role::CentreSupervisor, "centre"),
        ("qian", Role::OfficeSigner, "general_office"),
        ("sun", Role::CentreOfficer, "centre"),
        ("keeper", Role::Administrator, "centre"),
    ];
    for (name, role, unit) in people {
        add(&engine, name, &[post(role, unit)]).await;
    }
    let person = async |name: &str| engine.acting_as(name, friday()).await.unwrap();
    let text = longer_national_day();
    let propose = async |name: &str, text: &str| {
        let by = person(name).await;
        engine.propose_calendar(2026, text, &by, friday()).await
    };
    assert!(refusal(propose("sun", &text).await).contains("第二十一条"));
    assert!(refusal(propose("keeper", &text).await).contains("put forward by"));
    assert!(refusal(propose("zhao", "year = 2026").await).contains("[[notice]]"));
    let wrong_year = text.replace("year = 2026", "year = 2027");
    assert!(refusal(propose("zhao", &wrong_year).await).contains("2027"));
    let id = propose("zhao", &text).await.unwrap();
    let approve = async |name: &str, id: i64| {
        let by = person(name).await;
        engine.approve_calendar(id, &by, friday()).await
    };
    assert!(refusal(approve("zhao", id).await).contains("office_signer"));
    assert!(refusal(approve("keeper", id).await).contains("office_signer"));
    assert!(refusal(approve("qian", 99).await).contains("no proposal 99"));
    let approved = approve("qian", id).await.unwrap();
    assert_eq!(approved.approved_by.as_deref(), Some("qian"));
    assert_eq!(approved.text, text);
    // Told again it stays as it was.
    assert_eq!(approve("qian", id).await.unwrap(), approved);
    let own = propose("qian", &text).await.unwrap();
    assert!(refusal(approve("qian", own).await).contains("himself"));
    let mut tx = engine.read().await.unwrap();
    let notes = tx.notes(100).await.unwrap();
    let whats: Vec<_> = notes.iter().map(|line| line.what.as_str()).collect();
    let count = |what: &str| whats.iter().filter(|known| **known == what).count();
    assert_eq!(
        (count("calendar_proposed"), count("calendar_approved")),
        (2, 1)
    );
}

async fn what_a_calendar_would_move_is_foreseen_and_moves_nothing(place: Place) {
    let engine = engine(&place).await;
    let eve: Moment = "2026-09-30T10:00:00+08:00".parse().unwrap();
    let matter = crate::channels::Matter {
        number: "SQ-1".into(),
        item: "lq-001".into(),
        item_name: "林木采伐许可".into(),
        unit: UnitId::centre(),
        applicants: Default::default(),
        completed_at: Some(eve),
        rehearsal: false,
    };
    engine.register_matter(&matter, "test", eve).await.unwrap();
    let text = longer_national_day();
    let longer = Calendar::from_texts(&[("2026.toml", text.as_str())]).unwrap();
    for _ in 0..2 {
        let (count, moves) = engine.foresee(&longer, 10, eve).await.unwrap();
        assert_eq!((count, moves.len()), (1, 1));
        assert_eq!(moves[0].of.to_string(), "matter:SQ-1");
        assert_eq!(moves[0].from.civil_text(), "2026-10-13 23:59:59");
        assert_eq!(moves[0].to.civil_text(), "2026-10-14 23:59:59");
    }
    let (count, shown) = engine.foresee(&longer, 0, eve).await.unwrap();
    assert_eq!((count, shown.len()), (1, 0));
}
