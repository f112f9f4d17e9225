//! The accounts of desks, and the notes of their calls.

use super::*;

stories![
    an_account_of_a_desk_is_made_once_and_only_by_who_manages_people,
    a_call_is_noted_with_its_matter_and_nothing_else_of_it_changes,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn an_account_of_a_desk_is_made_once_and_only_by_who_manages_people(place: Place) {
    let engine = engine(&place).await;
    let by = By::CommandLine;
    let made = engine
        .add_desk_account("8001", Some("12"), &by, friday())
        .await;
    let password = made.unwrap();
    for name in ["8001", "80 01", "", "a@b", "李娜"] {
        let again = engine.add_desk_account(name, None, &by, friday()).await;
        assert!(again.is_err(), "{name}");
    }
    let (agent, _) = add(&engine, "li.na", &[post(Role::Agent, "centre")]).await;
    let agent = acting(&engine, &agent, "li.na").await;
    let refused = engine
        .add_desk_account("8002", None, &agent, friday())
        .await;
    assert!(refused.is_err());
    let listed = engine.desk_accounts(friday()).await.unwrap();
    assert_eq!((listed.len(), listed[0].staff.as_deref()), (1, Some("12")));
    assert!(listed[0].contacts.is_empty());
    let reset = engine.reset_desk_password("8001", &by, friday()).await;
    assert_ne!(reset.unwrap(), password);
    for done in [
        engine.remove_desk_account("8001", &by, friday()).await,
        engine
            .reset_desk_password("8001", &by, friday())
            .await
            .map(drop),
        engine.remove_desk_account("8001", &by, friday()).await,
    ]
    .iter()
    .zip([true, false, false])
    {
        assert_eq!(done.0.is_ok(), done.1);
    }
    engine.close().await.unwrap();
}

async fn a_call_is_noted_with_its_matter_and_nothing_else_of_it_changes(place: Place) {
    let engine = engine(&place).await;
    let (id, password) = add(&engine, "chen", &[post(Role::Agent, "centre")]).await;
    let person = log_in(&engine, "chen", &password).await.unwrap().person;
    assert_eq!(person.id, id);
    let call = CallId("20260918-1".to_owned());
    let new = NewCall {
        id: call.clone(),
        sip_call_id: "1@trunk".to_owned(),
        caller: Some("13800000000".to_owned()),
        callee: "consult".to_owned(),
        source: "127.0.0.1:5080".to_owned(),
        started_at: friday(),
        dialplan: "consultation".to_owned(),
        dialplan_digest: "d1".to_owned(),
        rehearsal: false,
    };
    engine.open_call(new).await.unwrap();
    let matter = Matter {
        number: "SQ-1".to_owned(),
        item: "lq_001".to_owned(),
        item_name: "林木采伐许可".to_owned(),
        unit: UnitId::centre(),
        applicants: Applicants::default(),
        completed_at: None,
        rehearsal: false,
    };
    engine
        .register_matter(&matter, "test", friday())
        .await
        .unwrap();
    for (part, found) in [
        ("采伐", 1),
        ("q_0", 1),
        ("LQ_0", 1),
        ("%", 0),
        ("lqx001", 0),
        ("", 0),
    ] {
        assert_eq!(
            engine.find_items(part).await.unwrap().len(),
            found,
            "{part}"
        );
    }
    let before = engine.call(&call, Numbers::Shown).await.unwrap();
    let wish = |note| CallNote {
        call: &call,
        desk: "desk-1",
        staff: Some("8001"),
        note,
        matter: Some("lq_001"),
    };
    for note in ["问材料清单", " 问材料清单；已告知\n明日补交 "] {
        engine
            .note_call(&wish(note), &person, friday())
            .await
            .unwrap();
    }
    let other = CallNote {
        desk: "desk-2",
        staff: None,
        matter: None,
        ..wish("转来的")
    };
    engine.note_call(&other, &person, friday()).await.unwrap();
    let notes = engine.call_notes(&call).await.unwrap();
    let shown: Vec<_> = notes
        .iter()
        .map(|row| (row.desk.as_str(), row.note.as_str(), row.matter.is_some()))
        .collect();
    assert_eq!(
        shown,
        [
            ("desk-1", "问材料清单；已告知\n明日补交", true),
            ("desk-2", "转来的", false),
        ]
    );
    let long = "字".repeat(NOTE_CHARS + 1);
    let unknown = CallNote {
        matter: Some("lq_002"),
        ..wish("x")
    };
    let empty = CallNote {
        matter: None,
        ..wish("  ")
    };
    for unfit in [wish(&long), wish("a\0b"), unknown, empty] {
        refusal(engine.note_call(&unfit, &person, friday()).await);
    }
    let nowhere = CallId("none".to_owned());
    let nowhere = CallNote {
        call: &nowhere,
        ..wish("x")
    };
    let answer = engine.note_call(&nowhere, &person, friday()).await;
    assert!(matches!(answer, Err(Error::NoSuchCall(_))));
    let after = engine.call(&call, Numbers::Shown).await.unwrap();
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
    let mut tx = engine.read().await.unwrap();
    let trail = tx.notes(100).await.unwrap();
    let noted: Vec<_> = trail
        .iter()
        .filter(|line| line.what == "call_noted")
        .collect();
    assert_eq!(noted.len(), 3);
    assert!(noted[0].detail.contains("chen"), "{}", noted[0].detail);
    assert!(!noted[0].detail.contains("材料"), "{}", noted[0].detail);
}
