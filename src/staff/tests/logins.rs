//! Logins, passwords and tokens: when they hold and when they end.

use super::*;

stories![
    five_failures_lock_a_name_known_or_not,
    the_administrator_is_made_once_and_changes_the_password,
    a_login_ends_idle_or_old_or_by_log_out,
    a_talk_keeps_its_pages_login_alive_and_nothing_else_does,
    a_token_holds_until_it_is_revoked,
    a_lost_password_is_replaced_by_a_one_time_one,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn a_lost_password_is_replaced_by_a_one_time_one(place: Place) {
    let engine = engine(&place).await;
    let (person, first) = add(&engine, "wang", &[]).await;
    let login = log_in(&engine, "wang", &first).await.unwrap();
    for _ in 0..5 {
        assert!(log_in(&engine, "wang", "wrong").await.is_none());
    }
    let by = By::CommandLine;
    let second = engine.reset_password(&person, &by, friday()).await.unwrap();
    assert_eq!(engine.login(&login.secret, friday()).await.unwrap(), None);
    assert!(log_in(&engine, "wang", &first).await.is_none());
    let login = log_in(&engine, "wang", &second).await.unwrap();
    assert!(login.person.must_change_password);
}

async fn five_failures_lock_a_name_known_or_not(place: Place) {
    let engine = engine(&place).await;
    let password = engine
        .ensure_administrator(friday())
        .await
        .unwrap()
        .unwrap();
    let now = |s: i64| friday().plus_millis(s * 1000);
    for name in ["admin", "nobody", "a\0b"] {
        for n in 0..5 {
            let answer = engine.log_in(name, "wrong", now(n)).await.unwrap();
            assert!(matches!(answer, LoginAnswer::Refused));
        }
    }
    for (seconds, lets_in) in [(5, false), (15 * 60 + 3, false), (15 * 60 + 4, true)] {
        let answer = engine.log_in("admin", &password, now(seconds)).await;
        let is_in = matches!(answer.unwrap(), LoginAnswer::In(_));
        assert_eq!(is_in, lets_in, "after {seconds} s");
    }
    // Success clears the count.
    for n in 0..4 {
        engine
            .log_in("admin", "wrong", now(1000 + n))
            .await
            .unwrap();
    }
    let right = engine.log_in("admin", &password, now(1010)).await.unwrap();
    assert!(matches!(right, LoginAnswer::In(_)));
    let guesses = (0..20).map(|_| engine.log_in("admin", "guess", now(2000)));
    futures::future::try_join_all(guesses).await.unwrap();
    let locked = engine.log_in("admin", &password, now(2001)).await.unwrap();
    assert!(matches!(locked, LoginAnswer::Refused));
}

async fn the_administrator_is_made_once_and_changes_the_password(place: Place) {
    let engine = engine(&place).await;
    let lost = engine.ensure_administrator(friday()).await.unwrap();
    let password = engine.ensure_administrator(friday()).await.unwrap();
    // One that was never used may be lost: the next start shows another, and only that one holds.
    assert_ne!(lost, password);
    let (lost, password) = (lost.unwrap(), password.unwrap());
    let log_in = async |password: &str| match engine.log_in("admin", password, friday()).await {
        Ok(LoginAnswer::In(login)) => Some(login),
        _ => None,
    };
    assert!(log_in(&lost).await.is_none());
    let login = log_in(&password).await.unwrap();
    let other = log_in(&password).await.unwrap();
    assert!(login.person.must_change_password);
    assert!(!format!("{login:?}").contains(&login.secret));
    let new = "a better one";
    for (old, new, answer) in [
        ("wrong", new, PasswordAnswer::WrongPassword),
        (
            password.as_str(),
            "short",
            PasswordAnswer::Unfit("shorter than 12 characters"),
        ),
        (
            password.as_str(),
            password.as_str(),
            PasswordAnswer::Unfit("the same as the old one"),
        ),
        (password.as_str(), new, PasswordAnswer::Changed),
    ] {
        let change = engine.change_password(&login.secret, old, new, friday());
        assert_eq!(change.await.unwrap(), answer);
    }
    let person = engine.login(&login.secret, friday()).await.unwrap();
    assert!(!person.unwrap().must_change_password);
    assert_eq!(engine.login(&other.secret, friday()).await.unwrap(), None);
    assert!(log_in(&password).await.is_none());
    assert!(log_in(new).await.is_some());
    assert_eq!(engine.ensure_administrator(friday()).await.unwrap(), None);
}

async fn a_login_ends_idle_or_old_or_by_log_out(place: Place) {
    let engine = engine(&place).await;
    let password = engine
        .ensure_administrator(friday())
        .await
        .unwrap()
        .unwrap();
    let log_in = async || match engine.log_in("admin", &password, friday()).await.unwrap() {
        LoginAnswer::In(login) => login.secret,
        LoginAnswer::Refused => panic!("the password is right"),
    };
    let minute = |n: i64| friday().plus_millis(n * 60_000);
    let secret = log_in().await;
    for used in (0..720).step_by(29) {
        let person = engine.login(&secret, minute(used)).await.unwrap();
        assert!(person.is_some(), "after {used} minutes");
    }
    assert!(engine.login(&secret, minute(720)).await.unwrap().is_none());
    let idle = log_in().await;
    assert!(engine.login(&idle, minute(30)).await.unwrap().is_none());
    assert!(engine.login(&idle, minute(1)).await.unwrap().is_none());
    let out = log_in().await;
    engine.log_out(&out).await.unwrap();
    assert!(engine.login(&out, friday()).await.unwrap().is_none());
}

async fn a_talk_keeps_its_pages_login_alive_and_nothing_else_does(place: Place) {
    let engine = engine(&place).await;
    let password = engine
        .ensure_administrator(friday())
        .await
        .unwrap()
        .unwrap();
    let log_in = async |at: Moment| match engine.log_in("admin", &password, at).await.unwrap() {
        LoginAnswer::In(login) => login.secret,
        LoginAnswer::Refused => panic!("the password is right"),
    };
    let minute = |n: i64| friday().plus_millis(n * 60_000);
    let secret = log_in(friday()).await;
    let looks = async |busy: bool, at: i64| {
        let login = engine.desk_login(&secret, busy, minute(at)).await.unwrap();
        login.map(|login| login.ends_at)
    };
    let limit = Some(minute(720));
    for used in (0..720).step_by(29) {
        assert_eq!(looks(false, used).await, limit, "after {used} minutes");
    }
    // A talk goes over the twelve hours, looked at as a line does, and another login comes meanwhile.
    for talks in 716..760 {
        assert_eq!(looks(true, talks).await, limit, "after {talks} minutes");
        if talks == 750 {
            log_in(minute(talks)).await;
        }
        // The page's own requests are answered.
        let asked = engine.login(&secret, minute(talks)).await.unwrap();
        assert!(asked.is_some(), "after {talks} minutes");
    }
    assert_eq!(looks(false, 760).await, None, "the talk is over");
    assert_eq!(looks(true, 761).await, None, "it does not come again");

    // A page that is gone in its talk keeps nothing alive for long.
    let secret = log_in(friday()).await;
    let looks = async |busy: bool, at: i64| {
        let login = engine.desk_login(&secret, busy, minute(at)).await.unwrap();
        login.is_some()
    };
    assert!(looks(true, 28).await);
    assert!(engine.login(&secret, minute(57)).await.unwrap().is_some());
    assert!(looks(true, 86).await && !looks(false, 120).await);

    // What is taken away is gone in the talk, too.
    let secret = log_in(friday()).await;
    let busy = engine.desk_login(&secret, true, minute(29)).await.unwrap();
    assert!(busy.is_some());
    engine.log_out(&secret).await.unwrap();
    let gone = engine.desk_login(&secret, true, minute(29)).await.unwrap();
    assert!(gone.is_none());
}

async fn a_token_holds_until_it_is_revoked(place: Place) {
    let engine = engine(&place).await;
    let secret = engine
        .create_token("reports", &[Scope::Listen, Scope::Read], friday())
        .await
        .unwrap();
    let token = engine.check_token(&secret, friday()).await.unwrap();
    let token = token.unwrap();
    assert_eq!(token.name, "reports");
    assert_eq!(token.scopes, [Scope::Read, Scope::Listen]);
    assert!(
        engine
            .check_token("gl_x", friday())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(engine.tokens().await.unwrap()[0].used_at, Some(friday()));
    assert!(engine.revoke_token(token.id, friday()).await.unwrap());
    assert!(!engine.revoke_token(token.id, friday()).await.unwrap());
    assert!(
        engine
            .check_token(&secret, friday())
            .await
            .unwrap()
            .is_none()
    );
    let nameless = engine.create_token(" ", &[Scope::Read], friday()).await;
    assert!(matches!(nameless, Err(Error::Refused(_))));
}
