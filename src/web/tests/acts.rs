//! A ticket's acts by the API: versions, keys, refusals with their article.

use super::*;
use crate::rights::UnitKind;
use serde_json::{Value, json};

struct Office {
    centre: Centre,
    ticket: String,
}

impl Office {
    async fn open() -> Office {
        let centre = Centre::busy().await;
        let ticket = centre.bad_ticket().await;
        Office { centre, ticket }
    }

    async fn person(&self, name: &str, role: Role, unit: &str) -> String {
        self.centre.cookie_of(name, &[(role, unit)]).await
    }

    /// Raters are called by day only, so this one is on the next one, whatever the hour of the test; what follows is not
    /// dated before it.
    async fn revisited(&self) {
        let ticket = self.ticket.parse().unwrap();
        let whole = self.centre.engine.whole_case(ticket).await.unwrap();
        let last = whole.unwrap().case.last_at;
        let doing = crate::engine::Doing {
            ticket,
            act: crate::acts::Act::Revisit {
                result: crate::acts::Reached::Connected,
                call: None,
                answers: "等待太久".into(),
                slip: false,
                no_more_calls: false,
            },
            by: crate::domain::By::Person(crate::domain::Hand {
                person: crate::domain::PersonId("revisitor".into()),
                staff: None,
                posts: vec![crate::domain::Post {
                    role: Role::CentreRevisitor,
                    unit: crate::domain::UnitId::centre(),
                }],
            }),
            seen: None,
            key: None,
        };
        let morning = last.day().next().at(10, 0, 0);
        self.centre.engine.act(doing, morning).await.unwrap();
    }

    async fn ticket(&self, cookie: &str) -> Answer {
        let address = format!("/api/v1/tickets/{}", self.ticket);
        let request = Request::get(&address).header(header::COOKIE, cookie);
        self.centre.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, cookie: &str, act: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let address = format!("/api/v1/tickets/{}/{act}", self.ticket);
        let mut request = Request::post(&address)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        self.centre.send(request).await
    }

    /// With the version that the asker sees.
    async fn does(&self, cookie: &str, act: &str, body: Value) -> Answer {
        let tag = self.ticket(cookie).await.header("etag").to_owned();
        self.post(cookie, act, &[("if-match", &tag)], body).await
    }

    /// The id of a person's account.
    async fn id(&self, name: &str) -> String {
        let keeper = self.person("keeper", Role::Administrator, "centre").await;
        let request = Request::get("/api/v1/people").header(header::COOKIE, &keeper);
        let people = self
            .centre
            .send(request.body(Body::empty()).unwrap())
            .await
            .json();
        let people = people["items"].as_array().unwrap().clone();
        let found = people.iter().find(|person| person["name"] == name).unwrap();
        found["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn an_act_says_which_version_was_seen_and_is_done_once() {
    let office = Office::open().await;
    office
        .person("officer", Role::CentreOfficer, "centre")
        .await;
    let supervisor = office
        .person("supervisor", Role::CentreSupervisor, "centre")
        .await;
    let body = json!({"officer": office.id("officer").await});
    let seen = office.ticket(&supervisor).await;
    let tag = seen.header("etag").to_owned();
    assert_eq!(
        seen.json()["casework"]["version"].to_string(),
        tag.trim_matches('"')
    );

    let bare = office.post(&supervisor, "assign", &[], body.clone()).await;
    assert_eq!(bare.status, StatusCode::PRECONDITION_REQUIRED);
    let old = office
        .post(
            &supervisor,
            "assign",
            &[("if-match", "\"99\"")],
            body.clone(),
        )
        .await;
    assert_eq!(old.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(old.json()["type"], "urn:gradeline:problem:stale");

    let headers = [("if-match", tag.as_str()), ("idempotency-key", "k1")];
    let done = office
        .post(&supervisor, "assign", &headers, body.clone())
        .await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert_eq!(done.json()["state"], "assessing");
    let again = office
        .post(&supervisor, "assign", &headers, body.clone())
        .await;
    assert_eq!(again.status, StatusCode::OK, "its answer was lost");
    assert_eq!(again.json(), done.json());
    let stale = office
        .post(&supervisor, "assign", &[("if-match", &tag)], body)
        .await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    let next = office.ticket(&supervisor).await;
    assert_eq!(next.header("etag"), done.header("etag"));
}

#[tokio::test]
async fn a_refusal_names_article_and_state() {
    let office = Office::open().await;
    let signer = office
        .person("signer", Role::OfficeSigner, "general_office")
        .await;
    let early = office
        .does(&signer, "dispatch", json!({"workdays": "5"}))
        .await;
    assert_eq!(early.status, StatusCode::CONFLICT, "{}", early.text());
    assert_eq!(early.header("content-type"), "application/problem+json");
    let problem = early.json();
    assert_eq!(problem["type"], "urn:gradeline:problem:unlawful");
    assert_eq!(
        (&problem["article"], &problem["state"], &problem["refusal"]),
        (&json!("第九条"), &json!("new"), &json!("not_now"))
    );
    for (body, says) in [
        (json!({"workdays": "7"}), "7"),
        (json!({"workdays": "5", "colour": "red"}), "colour"),
        (json!({}), "workdays"),
        (json!({"workdays": "5", "unit": "nowhere"}), "nowhere"),
    ] {
        let answer = office.does(&signer, "dispatch", body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{says}");
        assert!(answer.text().contains(says), "{}", answer.text());
    }
    let lost = office.post(&signer, "promote", &[], json!({})).await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_test_call_is_judged_by_three_people_and_each_sees_what_is_his_to_do() {
    let office = Office::open().await;
    let officer = office
        .person("officer", Role::CentreOfficer, "centre")
        .await;
    let supervisor = office
        .person("supervisor", Role::CentreSupervisor, "centre")
        .await;
    let signer = office
        .person("signer", Role::OfficeSigner, "general_office")
        .await;
    let may = async |cookie: &str| -> Vec<String> {
        let ticket = office.ticket(cookie).await.json();
        let acts = ticket["casework"]["acts"].as_array().unwrap().clone();
        for act in &acts {
            let reason = act["why_not"].as_str();
            assert_eq!(act["allowed"].as_bool().unwrap(), reason.is_none(), "{act}");
        }
        let allowed = acts.iter().filter(|act| act["allowed"] == true);
        allowed
            .map(|act| act["act"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(may(&supervisor).await, ["assign"]);
    let assign = json!({"officer": office.id("officer").await});
    assert_eq!(
        office.does(&supervisor, "assign", assign).await.status,
        StatusCode::OK
    );
    assert_eq!(may(&officer).await, ["draft"]);
    let draft = json!({
        "cause": "测试通话", "invalid": "test_call", "contact": "010-00000000",
        "units": [{"unit": "centre", "rule": 12}],
    });
    let drafted = office.does(&officer, "draft", draft).await;
    assert_eq!(drafted.status, StatusCode::OK, "{}", drafted.text());
    assert_eq!(drafted.json()["state"], "assessing");
    assert_eq!(
        office.does(&supervisor, "report", json!({})).await.json()["state"],
        "reported"
    );
    let ticket = office.ticket(&signer).await.json();
    let slip = &ticket["casework"]["slips"][0];
    assert!(slip["number"].as_str().unwrap().starts_with('S'), "{slip}");
    assert_eq!(ticket["casework"]["orders"][0]["recused"], true);
    let accepted = office
        .does(&signer, "accept_proposal", json!({"reason": "测试"}))
        .await;
    assert_eq!(
        accepted.json()["state"],
        "closed_invalid",
        "{}",
        accepted.text()
    );
    let rating = office.ticket(&signer).await.json()["rating_id"].clone();
    let address = format!("/api/v1/ratings/{}", rating.as_str().unwrap());
    let rating = office.centre.get(&address, Who::Token).await.json();
    assert_eq!(rating["standing"], "invalid");
}

#[tokio::test]
async fn a_unit_sees_its_own_tickets_and_a_program_does_nothing_to_any() {
    let office = Office::open().await;
    let head = office.person("head", Role::UnitHead, "centre").await;
    assert_eq!(office.ticket(&head).await.status, StatusCode::NOT_FOUND);
    let address = format!("/api/v1/tickets/{}/assign", office.ticket);
    let request = office
        .centre
        .request(Method::POST, &address, Who::Token)
        .header(header::CONTENT_TYPE, "application/json");
    let answer = office
        .centre
        .send(request.body(Body::from("{}")).unwrap())
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);

    let officer = office
        .person("officer", Role::CentreOfficer, "centre")
        .await;
    let supervisor = office
        .person("supervisor", Role::CentreSupervisor, "centre")
        .await;
    let assign = json!({"officer": office.id("officer").await});
    office.does(&supervisor, "assign", assign).await;
    office.revisited().await;
    let draft = json!({
        "cause": "等待太久", "contact": "010-00000000",
        "units": [{"unit": "centre", "rule": 12}],
    });
    office.does(&officer, "draft", draft).await;
    office.does(&supervisor, "report", json!({})).await;
    assert_eq!(
        office.ticket(&head).await.status,
        StatusCode::NOT_FOUND,
        "not sent yet"
    );
    let signer = office
        .person("signer", Role::OfficeSigner, "general_office")
        .await;
    let sent = office
        .does(&signer, "dispatch", json!({"workdays": "5"}))
        .await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
    assert_eq!(office.ticket(&head).await.status, StatusCode::OK);
    let request = Request::get("/api/v1/tickets").header(header::COOKIE, &head);
    let list = office
        .centre
        .send(request.body(Body::empty()).unwrap())
        .await
        .json();
    let numbers: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| &t["number"])
        .collect();
    assert_eq!(numbers, [&json!(office.ticket)]);
}

#[tokio::test]
async fn each_keyed_reason_suggests_the_row_of_a_seconded_and_of_an_own_colleague() {
    let mut office = Office::open().await;
    let supervisor = office
        .person("supervisor", Role::CentreSupervisor, "centre")
        .await;
    let (by, start) = (By::CommandLine, now());
    let forest = UnitId("forest".to_owned());
    let (engine, kind) = (office.centre.engine.clone(), UnitKind::Bureau);
    let added = engine.add_unit(&forest, kind, "森林司", &by, start).await;
    added.unwrap();
    let new = NewAccount {
        name: "li.na".to_owned(),
        staff: Some("8001".to_owned()),
        ..NewAccount::default()
    };
    let (li, _) = engine.add_person(&new, &by, start).await.unwrap();
    let own = [
        ('1', 4, json!(["centre"])),
        ('2', 6, json!(["centre"])),
        ('3', 4, json!(["centre"])),
        ('4', 10, json!(["centre"])),
        ('5', 10, json!(["centre"])),
        ('6', 12, json!(["centre"])),
    ];
    let mut seconded = own.clone();
    seconded[0] = ('1', 1, json!(["forest"]));
    let mut number = 20;
    for (sent, table) in [(false, own), (true, seconded)] {
        if sent {
            let tenure = Tenure {
                post: Post {
                    role: Role::Agent,
                    unit: UnitId::centre(),
                },
                seconded_from: Some(forest.clone()),
                from: start.day(),
                until: Some("2099-12-31".parse().unwrap()),
            };
            let granted = engine.grant_post(&li, &tenure, &by, start).await;
            granted.unwrap();
        }
        for (reason, rule, units) in table {
            number += 1;
            office.ticket = seed::bad_call(&engine, number, start, reason).await;
            let told = office.ticket(&supervisor).await.json();
            let suggested = &told["casework"]["suggestions"][0];
            assert_eq!(suggested["rule"], rule, "reason {reason}, seconded {sent}");
            assert_eq!(
                suggested["units"], units,
                "reason {reason}, seconded {sent}"
            );
            if rule == 1 {
                assert_eq!(suggested["article"], "第十条（三）");
            }
        }
    }
}
