mod calendars;
mod desks;
mod logins;

use super::*;
use crate::domain::{Calendar, Day, Moment, PersonId, Post, Role, UnitId};
use crate::engine::{Applicants, CallId, Engine, Matter, NewCall, Numbers};
use crate::rights::{Scope, Tenure, UnitKind};
use crate::store::testing::{Place, stories};

stories![
    somebody_new_logs_in_and_is_what_was_granted,
    a_secondment_ends_by_itself,
    nobody_gives_himself_a_post_and_only_the_administrator_gives_any,
    a_post_is_refused_where_the_regulation_has_none,
    whoever_is_disabled_is_out_at_once,
    a_unit_is_closed_when_nobody_is_left_in_it,
    each_change_of_people_and_units_is_in_the_trail,
    names_and_numbers_from_outside_are_checked,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

/// Friday, 2026-09-18 16:00 in Beijing.
fn friday() -> Moment {
    "2026-09-18T16:00:00+08:00".parse().unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

async fn engine(place: &Place) -> Engine {
    let text = include_str!("../../calendars/2026.toml");
    let calendar = Calendar::from_texts(&[("calendars/2026.toml", text)]).unwrap();
    Engine::start(place.open().await, calendar)
}

fn post(role: Role, unit: &str) -> Tenure {
    Tenure {
        post: Post {
            role,
            unit: UnitId(unit.to_owned()),
        },
        seconded_from: None,
        from: day("2026-09-01"),
        until: None,
    }
}

fn account(name: &str) -> NewAccount {
    NewAccount {
        name: name.to_owned(),
        ..NewAccount::default()
    }
}

async fn add(engine: &Engine, name: &str, posts: &[Tenure]) -> (PersonId, String) {
    let by = By::CommandLine;
    let added = engine.add_person(&account(name), &by, friday()).await;
    let (person, password) = added.unwrap();
    for tenure in posts {
        let granted = engine.grant_post(&person, tenure, &by, friday()).await;
        granted.unwrap();
    }
    (person, password)
}

/// Somebody who acts by a page.
async fn acting(engine: &Engine, person: &PersonId, name: &str) -> By {
    let hand = engine.hand_of(person, friday()).await.unwrap().unwrap();
    By::Person {
        name: name.to_owned(),
        hand,
    }
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Refused(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

async fn log_in(engine: &Engine, name: &str, password: &str) -> Option<Login> {
    match engine.log_in(name, password, friday()).await.unwrap() {
        LoginAnswer::In(login) => Some(login),
        LoginAnswer::Refused => None,
    }
}

async fn somebody_new_logs_in_and_is_what_was_granted(place: Place) {
    let engine = engine(&place).await;
    let posts = [
        post(Role::CentreOfficer, "centre"),
        post(Role::CentreRevisitor, "centre"),
    ];
    let (person, password) = add(&engine, "wang.fang", &posts).await;
    let login = log_in(&engine, "wang.fang", &password).await.unwrap();
    assert!(login.person.must_change_password);
    let hand = &login.person.hand;
    assert_eq!(hand.person, person);
    assert!(hand.has_in(Role::CentreOfficer, &UnitId::centre()));
    assert!(hand.has(Role::CentreRevisitor) && !hand.has(Role::CentreSupervisor));
    let accounts = engine.people().await.unwrap();
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].posts.len(), 2);
    assert_eq!(accounts[0].posts[0].granted_by, "command line");
    let revoked = engine.revoke_posts(
        &person,
        Role::CentreRevisitor,
        None,
        &By::CommandLine,
        friday(),
    );
    assert_eq!(revoked.await.unwrap(), 1);
    let hand = engine.hand_of(&person, friday()).await.unwrap().unwrap();
    assert!(
        !hand.has(Role::CentreRevisitor),
        "at once, without a new login"
    );
}

async fn a_secondment_ends_by_itself(place: Place) {
    let engine = engine(&place).await;
    let forest = UnitId("forest".into());
    let by = By::CommandLine;
    let added = engine.add_unit(&forest, UnitKind::Bureau, "森林司", &by, friday());
    added.await.unwrap();
    let sent = Tenure {
        seconded_from: Some(forest.clone()),
        until: Some(day("2026-09-30")),
        ..post(Role::Agent, "centre")
    };
    let (person, _) = add(&engine, "li.na", std::slice::from_ref(&sent)).await;
    let at = |text: &str| -> Moment { text.parse().unwrap() };
    for (now, holds) in [
        ("2026-09-30T23:59:59+08:00", true),
        ("2026-10-01T00:00:00+08:00", false),
        ("2026-08-31T23:59:59+08:00", false),
    ] {
        let hand = engine.hand_of(&person, at(now)).await.unwrap().unwrap();
        assert_eq!(hand.has(Role::Agent), holds, "{now}");
    }
    // The next one may be granted, for this one ends before.
    let next = Tenure {
        from: day("2026-10-01"),
        until: Some(day("2027-03-31")),
        ..sent.clone()
    };
    let again = engine.grant_post(&person, &next, &by, friday()).await;
    again.unwrap();
    let twice = engine.grant_post(&person, &sent, &by, friday()).await;
    assert!(refusal(twice).contains("already agent"));
}

async fn nobody_gives_himself_a_post_and_only_the_administrator_gives_any(place: Place) {
    let engine = engine(&place).await;
    let (keeper, _) = add(&engine, "keeper", &[post(Role::Administrator, "centre")]).await;
    let (other, _) = add(&engine, "other", &[post(Role::CentreSupervisor, "centre")]).await;
    let keeping = acting(&engine, &keeper, "keeper").await;
    let supervising = acting(&engine, &other, "other").await;
    let officer = post(Role::CentreOfficer, "centre");
    let own = engine
        .grant_post(&keeper, &officer, &keeping, friday())
        .await;
    assert!(refusal(own).contains("第十四条"));
    let not_his = engine.grant_post(&keeper, &officer, &supervising, friday());
    assert!(refusal(not_his.await).contains("administrator"));
    let new = engine
        .add_person(&account("x"), &supervising, friday())
        .await;
    assert!(refusal(new).contains("administrator"));
    let given = engine
        .grant_post(&other, &officer, &keeping, friday())
        .await;
    given.unwrap();
    let disabled = engine.disable_person(&keeper, &keeping, friday()).await;
    assert!(refusal(disabled).contains("own account"));
}

async fn a_post_is_refused_where_the_regulation_has_none(place: Place) {
    let engine = engine(&place).await;
    let (person, _) = add(&engine, "wang", &[post(Role::CentreOfficer, "centre")]).await;
    let grant = async |tenure: Tenure| {
        let by = By::CommandLine;
        refusal(engine.grant_post(&person, &tenure, &by, friday()).await)
    };
    assert!(
        grant(post(Role::Administrator, "centre"))
            .await
            .contains("第十四条")
    );
    assert!(
        grant(post(Role::Auditor, "general_office"))
            .await
            .contains("第十四条")
    );
    assert!(
        grant(post(Role::OfficeSigner, "centre"))
            .await
            .contains("第三条")
    );
    assert!(
        grant(post(Role::UnitHead, "nowhere"))
            .await
            .contains("no unit nowhere")
    );
}

async fn whoever_is_disabled_is_out_at_once(place: Place) {
    let engine = engine(&place).await;
    let (person, password) = add(&engine, "wang", &[post(Role::CentreOfficer, "centre")]).await;
    let login = log_in(&engine, "wang", &password).await.unwrap();
    let by = By::CommandLine;
    engine.disable_person(&person, &by, friday()).await.unwrap();
    assert_eq!(engine.login(&login.secret, friday()).await.unwrap(), None);
    assert!(log_in(&engine, "wang", &password).await.is_none());
    assert_eq!(engine.hand_of(&person, friday()).await.unwrap(), None);
    engine.enable_person(&person, &by, friday()).await.unwrap();
    assert_eq!(engine.login(&login.secret, friday()).await.unwrap(), None);
    assert!(log_in(&engine, "wang", &password).await.is_some());
}

async fn a_unit_is_closed_when_nobody_is_left_in_it(place: Place) {
    let engine = engine(&place).await;
    let unit = UnitId("wetland".into());
    let by = By::CommandLine;
    let add_unit = async |id: &str, kind, name: &str| {
        let id = UnitId(id.to_owned());
        engine
            .add_unit(&id, kind, name, &By::CommandLine, friday())
            .await
    };
    add_unit("wetland", UnitKind::HandlingUnit, "湿地中心")
        .await
        .unwrap();
    assert!(refusal(add_unit("wetland", UnitKind::Bureau, "x").await).contains("湿地中心"));
    assert!(refusal(add_unit("第二", UnitKind::Bureau, "x").await).contains("a–z"));
    assert!(refusal(add_unit("c2", UnitKind::Centre, "x").await).contains("one centre"));
    let (person, _) = add(&engine, "head", &[post(Role::UnitHead, "wetland")]).await;
    let early = engine.close_unit(&unit, &by, friday()).await;
    assert!(refusal(early).contains("1 post(s)"));
    let revoked = engine.revoke_posts(&person, Role::UnitHead, Some(&unit), &by, friday());
    assert_eq!(revoked.await.unwrap(), 1);
    engine.close_unit(&unit, &by, friday()).await.unwrap();
    let head = post(Role::UnitHead, "wetland");
    let late = engine.grant_post(&person, &head, &by, friday()).await;
    assert!(refusal(late).contains("closed"));
    let organ = engine.close_unit(&UnitId::centre(), &by, friday()).await;
    assert!(refusal(organ).contains("stays"));
}

async fn each_change_of_people_and_units_is_in_the_trail(place: Place) {
    let engine = engine(&place).await;
    let (keeper, _) = add(&engine, "keeper", &[post(Role::Administrator, "centre")]).await;
    let keeping = acting(&engine, &keeper, "keeper").await;
    let unit = UnitId("wetland".into());
    let new = engine.add_unit(
        &unit,
        UnitKind::HandlingUnit,
        "湿地中心",
        &keeping,
        friday(),
    );
    new.await.unwrap();
    let renamed = engine
        .rename_unit(&unit, "湿地保护中心", &keeping, friday())
        .await;
    renamed.unwrap();
    let (person, _) = engine
        .add_person(&account("wang"), &keeping, friday())
        .await
        .unwrap();
    let head = post(Role::UnitHead, "wetland");
    engine
        .grant_post(&person, &head, &keeping, friday())
        .await
        .unwrap();
    let revoked = engine.revoke_posts(&person, Role::UnitHead, None, &keeping, friday());
    revoked.await.unwrap();
    engine
        .disable_person(&person, &keeping, friday())
        .await
        .unwrap();
    let mut tx = engine.read().await.unwrap();
    let trail = tx.notes(100).await.unwrap();
    let whats: Vec<_> = trail.iter().map(|line| line.what.as_str()).collect();
    assert_eq!(
        whats,
        [
            "person_added",
            "post_granted",
            "unit_added",
            "unit_renamed",
            "person_added",
            "post_granted",
            "post_revoked",
            "person_disabled",
        ]
    );
    assert!(
        trail[0].detail.contains("本机命令行"),
        "{}",
        trail[0].detail
    );
    assert!(trail[5].detail.contains("keeper") && trail[5].detail.contains("单位负责人"));
}

async fn names_and_numbers_from_outside_are_checked(place: Place) {
    let engine = engine(&place).await;
    let new = |name: &str, staff: &str, phone: &str| NewAccount {
        name: name.to_owned(),
        full_name: "王芳".to_owned(),
        staff: Some(staff.to_owned()),
        phones: vec![phone.to_owned()],
    };
    let add = async |account: NewAccount| {
        engine
            .add_person(&account, &By::CommandLine, friday())
            .await
    };
    add(new("wang", "8001", "010-8423 8000")).await.unwrap();
    assert_eq!(engine.people().await.unwrap()[0].phones, ["01084238000"]);
    for (account, why) in [
        (new("wang", "8002", "8002"), "already somebody"),
        (new("li", "8001", "8002"), "wang's"),
        (new("li na", "8002", "8002"), "no space"),
        (new("", "8002", "8002"), "1 to 64"),
        (new(&"x".repeat(65), "8002", "8002"), "1 to 64"),
        (new("li", "80 02", "8002"), "staff number"),
        (new("li", "8002", "call me"), "no telephone number"),
    ] {
        let said = refusal(add(account.clone()).await);
        assert!(said.contains(why), "{account:?}: {said}");
    }
}

/// 2026's file with 国庆节 one weekday longer.
fn longer_national_day() -> String {
    let text = include_str!("../../calendars/2026.toml");
    let longer = text.replace("\"2026-10-07\"]", "\"2026-10-07\", \"2026-10-08\"]");
    assert_ne!(text, longer);
    longer
}
