//! Acts at the same time, told twice, or refused.

use super::*;

stories![
    two_people_cannot_overwrite_each_other,
    an_act_told_twice_is_done_once,
    a_refused_act_leaves_nothing,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn two_people_cannot_overwrite_each_other(place: Place) {
    let engine = engine(&place).await;
    let ticket = bad(&engine, "c1").await;
    let seen = engine
        .whole_case(ticket)
        .await
        .unwrap()
        .unwrap()
        .case
        .version;
    let both = [supervisor(), reviewer()].map(|by| {
        let doing = Doing {
            seen: Some(seen),
            ..doing(ticket, assign(), by)
        };
        engine.act(doing, day("09-18T17:00"))
    });
    let done = futures::future::join_all(both).await;
    let won = done.iter().filter(|one| one.is_ok()).count();
    let stale = done
        .iter()
        .filter(|one| matches!(one, Err(Error::Stale)))
        .count();
    assert_eq!((won, stale), (1, 1), "{done:?}");
    fits(&engine).await;
}

async fn an_act_told_twice_is_done_once(place: Place) {
    let engine = engine(&place).await;
    let ticket = bad(&engine, "c1").await;
    let doing = Doing {
        key: Some("k1".into()),
        ..doing(ticket, assign(), supervisor())
    };
    let first = engine.act(doing.clone(), day("09-18T17:00")).await.unwrap();
    let again = engine.act(doing.clone(), day("09-18T17:05")).await.unwrap();
    assert_eq!(first.version, again.version);
    let other = Doing {
        act: revisit(),
        ..doing
    };
    let reused = engine.act(other, day("09-18T17:06")).await;
    assert!(matches!(reused, Err(Error::KeyReused)), "{reused:?}");
}

async fn a_refused_act_leaves_nothing(place: Place) {
    let engine = engine(&place).await;
    let ticket = bad(&engine, "c1").await;
    let before = engine.whole_case(ticket).await.unwrap().unwrap().case;
    let early = engine
        .act(doing(ticket, dispatch(), signer()), day("09-18T17:00"))
        .await;
    let Err(Error::Unlawful(Refusal::NotNow { state, .. })) = early else {
        panic!("{early:?}")
    };
    assert_eq!(state, Some(State::New));
    assert_eq!(
        engine.whole_case(ticket).await.unwrap().unwrap().case,
        before
    );
    let nowhere = TicketNumber {
        serial: 99,
        ..ticket
    };
    let lost = engine
        .act(doing(nowhere, assign(), supervisor()), day("09-18T17:00"))
        .await;
    assert!(matches!(lost, Err(Error::NoSuchTicket(_))), "{lost:?}");
    let twice = engine
        .act(doing(ticket, Act::Report {}, officer()), day("09-18T17:00"))
        .await;
    assert!(matches!(twice, Err(Error::Unlawful(_))), "{twice:?}");
}
