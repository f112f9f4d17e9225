//! Whose line of a desk is closed while it is open.

use super::*;
use crate::web::desk::may_take_calls;
use crate::web::limit::Limit;

/// What is asked of every line now and then, before and after something was done to its person.
#[tokio::test]
async fn who_logs_out_is_removed_or_loses_the_right_takes_no_more_calls() {
    let centre = Centre::busy().await;
    let engine = &centre.engine;
    let by = By::CommandLine;
    for what in ["log out", "remove", "revoke", "new password"] {
        let name = format!("agent-{}", what.replace(' ', "-"));
        let cookie = centre.cookie_of(&name, &[(Role::Agent, "centre")]).await;
        let secret = cookie.split_once('=').unwrap().1;
        assert!(
            may_take_calls(engine, secret, false, false, &Limit::default())
                .await
                .unwrap(),
            "{what}"
        );
        let person = engine.person_named(&name).await.unwrap();
        match what {
            "log out" => engine.log_out(secret).await.unwrap(),
            "remove" => engine.disable_person(&person, &by, now()).await.unwrap(),
            "revoke" => {
                let revoked = engine.revoke_posts(&person, Role::Agent, None, &by, now());
                assert_eq!(revoked.await.unwrap(), 1);
            }
            _ => {
                engine.reset_password(&person, &by, now()).await.unwrap();
            }
        }
        assert!(
            !may_take_calls(engine, secret, false, false, &Limit::default())
                .await
                .unwrap(),
            "{what}"
        );
    }
    // No post of the matrix that takes calls.
    let cookie = centre
        .cookie_of("head", &[(Role::OfficeSigner, "general_office")])
        .await;
    let secret = cookie.split_once('=').unwrap().1;
    assert!(
        !may_take_calls(engine, secret, false, false, &Limit::default())
            .await
            .unwrap()
    );
    // Who supervises must be a supervisor for as long as he hears.
    let both = [(Role::Agent, "centre"), (Role::CentreSupervisor, "centre")];
    let cookie = centre.cookie_of("helper", &both).await;
    let secret = cookie.split_once('=').unwrap().1;
    assert!(
        may_take_calls(engine, secret, true, false, &Limit::default())
            .await
            .unwrap()
    );
    let person = engine.person_named("helper").await.unwrap();
    let revoked = engine.revoke_posts(&person, Role::CentreSupervisor, None, &by, now());
    assert_eq!(revoked.await.unwrap(), 1);
    assert!(
        !may_take_calls(engine, secret, true, false, &Limit::default())
            .await
            .unwrap()
    );
    assert!(
        may_take_calls(engine, secret, false, false, &Limit::default())
            .await
            .unwrap()
    );
}
