//! The three who draft, review and issue a bulletin.

use super::*;

/// Somebody who works here with these posts.
pub(super) async fn person(engine: &Engine, name: &str, posts: &[(Role, &str)]) -> Person {
    let new = NewAccount {
        name: name.to_owned(),
        ..NewAccount::default()
    };
    let added = engine
        .add_person(&new, &Keeper::CommandLine, friday())
        .await;
    let posts = posts.iter().map(|(role, unit)| Post {
        role: *role,
        unit: UnitId((*unit).into()),
    });
    let id = added.unwrap().0;
    Person {
        id: id.clone(),
        name: name.to_owned(),
        full_name: String::new(),
        must_change_password: false,
        hand: Hand {
            person: id,
            staff: None,
            posts: posts.collect(),
        },
    }
}

pub(super) struct Three {
    pub(super) drafter: Person,
    pub(super) reviewer: Person,
    pub(super) signer: Person,
}

pub(super) async fn three(engine: &Engine) -> Three {
    Three {
        drafter: person(engine, "wang", &[(Role::CentreOfficer, "centre")]).await,
        reviewer: person(engine, "li", &[(Role::CentreSupervisor, "centre")]).await,
        signer: person(engine, "zhao", &[(Role::OfficeSigner, "general_office")]).await,
    }
}

pub(super) fn refusal<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Refused(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

pub(super) async fn issued(engine: &Engine, people: &Three, new: NewBulletin) -> BulletinRow {
    issue(engine, people, (MONTH, new), november()).await
}

pub(super) async fn issued_on(
    engine: &Engine,
    people: &Three,
    period: Period,
    now: Moment,
) -> BulletinRow {
    issue(engine, people, (period, NewBulletin::default()), now).await
}

pub(super) async fn issue(
    engine: &Engine,
    people: &Three,
    (period, new): (Period, NewBulletin),
    now: Moment,
) -> BulletinRow {
    let drafted = engine
        .draft_bulletin(period, new, &people.drafter, now)
        .await
        .unwrap();
    let digest = drafted.digest;
    let reviewed = engine
        .review_bulletin(period, &digest, &people.reviewer, now)
        .await;
    assert!(reviewed.unwrap().reviewed_at.is_some());
    engine
        .issue_bulletin(period, &digest, &people.signer, now)
        .await
        .unwrap()
}
