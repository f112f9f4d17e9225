//! Every address × every role and scope: it answers what the permission matrix says, and no more.

use super::*;
use crate::rights::{Action, Grant, Holder, may};

/// A unit in which each role may be held.
fn place(role: Role) -> &'static str {
    match role {
        Role::OfficeClerk | Role::OfficeSigner => "general_office",
        _ => "centre",
    }
}

/// What a door of the table must answer somebody with this one role or scope; the record behind it is no
/// rehearsal and belongs to no unit.
fn wanted(door: &doors::Door, holder: Holder) -> StatusCode {
    let Some(action) = door.action else {
        return StatusCode::OK;
    };
    let Ok(grants) = may(action, &[holder]) else {
        return StatusCode::FORBIDDEN;
    };
    let one_record = door.path.contains('{');
    let sees_it = grants.plainly();
    match action {
        Action::SeeGrades | Action::SeeTickets if one_record && !sees_it => StatusCode::NOT_FOUND,
        // Nobody is listed here.
        Action::SeeBlocklist if one_record => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}

#[tokio::test]
async fn every_address_answers_each_role_what_the_matrix_says() {
    let centre = Centre::busy().await;
    let ticket = centre.bad_ticket().await;
    let real = "/api/v1/ratings?rehearsal=false";
    let ratings = centre.get(real, Who::Token).await.json();
    let rating = ratings["items"][0]["id"].as_str().unwrap().to_owned();
    let mut asked = 0;
    for role in Role::ALL {
        let name = format!("only-{}", role.word());
        let cookie = centre.cookie_of(&name, &[(role, place(role))]).await;
        for door in doors::table() {
            let lets_in = !matches!(door.access, Access::Machine);
            if door.method != Method::GET || !lets_in || of_its_own(&door) {
                continue;
            }
            let address = existing(door.path, &ticket, &rating);
            let request = Request::get(&address).header(header::COOKIE, &cookie);
            let answer = centre.send(request.body(Body::empty()).unwrap()).await;
            let wanted = wanted(&door, Holder::Role(role));
            assert_eq!(answer.status, wanted, "{address} for {role:?}");
            asked += 1;
        }
    }
    for scope in Scope::ALL {
        let scopes = [scope];
        let token = centre.engine.create_token(scope.word(), &scopes, now());
        let token = token.await.unwrap();
        for door in doors::table() {
            let by_token = door.method == Method::GET && door.access == Access::Api;
            if !by_token || of_its_own(&door) {
                continue;
            }
            let address = existing(door.path, &ticket, &rating);
            let bearer = format!("Bearer {token}");
            let request = Request::get(&address).header(header::AUTHORIZATION, bearer);
            let answer = centre.send(request.body(Body::empty()).unwrap()).await;
            let wanted = wanted(&door, Holder::Scope(scope));
            assert_eq!(answer.status, wanted, "{address} for {scope:?}");
            asked += 1;
        }
    }
    assert!(asked > 150, "{asked}");
}

/// Recordings are judged by each look, and a desk's line by its origin; both have tests of their own.
fn of_its_own(door: &doors::Door) -> bool {
    door.action == Some(Action::Listen) || door.path == "/desk/line"
}

/// A change that somebody may not make is refused before its body is read; to whom it is open, the body
/// is what is missing.
#[tokio::test]
async fn every_change_is_refused_to_whom_the_matrix_does_not_name() {
    let centre = Centre::busy().await;
    for role in Role::ALL {
        let name = format!("only-{}", role.word());
        let cookie = centre.cookie_of(&name, &[(role, place(role))]).await;
        for door in doors::table() {
            let Some(action) = door.action.filter(|_| door.method != Method::GET) else {
                continue;
            };
            let id = match door.path.contains("/calls/") {
                true => &seed::id(1).0,
                false => "0",
            };
            let address = door
                .path
                .replace("{id}", id)
                .replace("{role}", "agent")
                .replace("{number}", "SQ-1");
            let request = Request::builder().method(&door.method).uri(&address);
            let request = request.header(header::COOKIE, &cookie);
            let answer = centre.send(request.body(Body::empty()).unwrap()).await;
            let forbidden = answer.status == StatusCode::FORBIDDEN;
            let may = may(action, &[Holder::Role(role)]).is_ok();
            assert_eq!(forbidden, !may, "{} {address} for {role:?}", door.method);
        }
    }
}

#[tokio::test]
async fn people_and_units_are_kept_by_the_api_as_by_the_command_line() {
    let centre = Centre::busy().await;
    let keeper = centre
        .cookie_of("keeper", &[(Role::Administrator, "centre")])
        .await;
    let send = async |method: Method, address: &str, body: &str| {
        let request = Request::builder()
            .method(method)
            .uri(address)
            .header(header::COOKIE, &keeper)
            .header(header::CONTENT_TYPE, "application/json");
        centre
            .send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    };
    let unit = r#"{"id": "forest", "kind": "bureau", "name": "森林司"}"#;
    let units = send(Method::POST, "/api/v1/units", unit).await.json();
    let ids: Vec<_> = units["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| &u["id"])
        .collect();
    assert_eq!(ids, ["forest", "centre", "general_office"]);
    let person = r#"{"name": "li.na", "full_name": "李娜", "staff": "8002", "phones": ["8002"]}"#;
    let added = send(Method::POST, "/api/v1/people", person).await.json();
    assert!(added["password"].as_str().unwrap().len() > 20);
    let id = added["person"].as_str().unwrap();
    let post =
        r#"{"role": "agent", "unit": "centre", "seconded_from": "forest", "until": "2099-12-31"}"#;
    let posts = format!("/api/v1/people/{id}/posts");
    let people = send(Method::POST, &posts, post).await.json();
    let li = people["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["id"] == id)
        .unwrap();
    assert_eq!(li["posts"][0]["seconded_from"], "forest");
    assert_eq!(li["phones"], serde_json::json!(["8002"]));
    let twice = send(Method::POST, &posts, post).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    for (body, why) in [
        (r#"{"role": "emperor", "unit": "centre"}"#, "emperor"),
        (
            r#"{"role": "agent", "unit": "centre", "salary": 1}"#,
            "salary",
        ),
        (r#"{"role": "agent"}"#, "unit"),
        ("{", "EOF"),
    ] {
        let wrong = send(Method::POST, &posts, body).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let detail = wrong.json()["detail"].to_string();
        assert!(detail.contains(why), "{body}: {detail}");
    }
    let gone = send(Method::DELETE, &format!("{posts}/agent?unit=centre"), "")
        .await
        .json();
    assert_eq!(gone["revoked"], 1);
    let reader = centre.get("/api/v1/people", Who::LoggedIn).await.json();
    assert!(
        reader["items"][0]["phones"].is_null(),
        "telephones are the administrator's"
    );
}

#[tokio::test]
async fn every_address_behind_the_login_asks_the_matrix() {
    for door in doors::table() {
        let asks = door.action.is_some();
        let must = matches!(door.access, Access::Page | Access::Api);
        assert_eq!(asks, must, "{} {}", door.method, door.path);
    }
}

#[tokio::test]
async fn the_administrator_finds_his_way_and_no_case() {
    let centre = Centre::busy().await;
    let cookie = centre
        .cookie_of("keeper", &[(Role::Administrator, "centre")])
        .await;
    let get = async |address: &str| {
        let request = Request::get(address).header(header::COOKIE, &cookie);
        centre.send(request.body(Body::empty()).unwrap()).await
    };
    let calls = get("/api/v1/calls").await.json();
    let items = calls["items"].as_array().unwrap();
    assert!(!items.is_empty(), "the rehearsal is there");
    assert!(
        items.iter().all(|call| call["rehearsal"] == true),
        "{items:?}"
    );
    let real = get("/api/v1/calls?rehearsal=false").await.json();
    assert_eq!(real["items"], serde_json::json!([]));
    let rehearsal = items[0]["id"].as_str().unwrap();
    let page = get(&format!("/calls/{rehearsal}")).await;
    assert_eq!(page.status, StatusCode::OK);
    let real = get(&format!("/calls/{}", seed::id(1).0)).await;
    assert_eq!(real.status, StatusCode::NOT_FOUND);
    let ticket = centre.bad_ticket().await;
    let real = get(&format!("/tickets/{ticket}")).await;
    assert_eq!(real.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_agent_sees_sums_of_days_that_are_over_and_is_told_who_may_see_more() {
    let centre = Centre::busy().await;
    let cookie = centre.cookie_of("agent", &[(Role::Agent, "centre")]).await;
    let get = async |address: &str| {
        let request = Request::get(address).header(header::COOKIE, &cookie);
        centre.send(request.body(Body::empty()).unwrap()).await
    };
    let overview = get("/").await.text();
    assert!(
        overview.contains("昨日") && !overview.contains("今日"),
        "{overview}"
    );
    for hidden in [
        "href=\"/calls\"",
        "href=\"/tickets\"",
        "data-refresh=\"/live\"",
    ] {
        assert!(!overview.contains(hidden), "{hidden}");
    }
    let refused = get("/tickets").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let said = refused.text();
    assert!(
        said.contains("第十四条") && said.contains("政务服务中心督导"),
        "{said}"
    );
    let refused = get("/api/v1/tickets").await.json();
    assert_eq!(refused["type"], "urn:gradeline:problem:not_your_role");
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("centre_supervisor")
    );
}

#[test]
fn a_grant_that_is_no_right_to_a_list_opens_none() {
    let auditor = [Holder::Role(Role::Auditor)];
    assert!(may(Action::Listen, &auditor).unwrap().has(Grant::LogOnly));
}
