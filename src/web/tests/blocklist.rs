//! The blocklist by the API: versions, refusals with their article, who sees it.

use super::*;
use crate::domain::{Applicant, By, Channel, Choices, Identity, Intake, IntakeKey, Rater, Service};
use serde_json::{Value, json};

async fn send(
    centre: &Centre,
    cookie: &str,
    address: &str,
    tag: Option<&str>,
    body: Value,
) -> Answer {
    let mut request = Request::post(address)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(tag) = tag {
        request = request.header(header::IF_MATCH, tag);
    }
    let request = request.body(Body::from(body.to_string())).unwrap();
    centre.send(request).await
}

async fn read(centre: &Centre, cookie: &str, address: &str) -> Answer {
    let request = Request::get(address).header(header::COOKIE, cookie);
    centre.send(request.body(Body::empty()).unwrap()).await
}

/// A rating at a counter by somebody whose identity is proven.
async fn rated(centre: &Centre, act: u32, grade: Grade, now: Moment) -> crate::engine::Submitted {
    let intake = Intake {
        key: IntakeKey(format!("act-{act}")),
        channel: Channel::WindowDevice,
        service: Service::WindowAct {
            window: "3".into(),
            act: format!("a-{act}"),
            item: None,
            unit: None,
            staff: Vec::new(),
            served_at: now.plus_millis(-60_000),
        },
        rater: Rater {
            number: None,
            identity: Identity::I3,
            applicant: Some(Applicant("digest".into())),
        },
        grade,
        graded_at: now,
        reasons: Vec::new(),
        choices: Choices::default(),
        remark: None,
        evidence: Default::default(),
        rehearsal: false,
    };
    centre.engine.submit(intake, now).await.unwrap()
}

/// A ticket that was judged malicious on the way of the regulation.
async fn malicious(centre: &Centre, act: u32) -> String {
    use crate::acts::*;
    let then = now().plus_millis(-4 * 86_400_000);
    let rated = rated(centre, act, Grade::VeryDissatisfied, then).await;
    let number = rated.ticket.unwrap();
    let ticket = number.parse().unwrap();
    let unit = |id: &str| crate::domain::UnitId(id.into());
    let hand = |person: &str, role, of: &str| {
        By::Person(crate::domain::Hand {
            person: crate::domain::PersonId(person.into()),
            staff: None,
            posts: vec![crate::domain::Post {
                role,
                unit: unit(of),
            }],
        })
    };
    let whole = centre.engine.whole_case(ticket).await.unwrap().unwrap();
    // Raters are called by day only, so all of it is on the next one.
    let morning = whole.case.ticket.opened_at.day().next().at(10, 0, 0);
    let steps = [
        (
            hand("s", Role::CentreSupervisor, "centre"),
            json!({"act": "assign", "officer": "o"}),
        ),
        (
            hand("r", Role::CentreRevisitor, "centre"),
            json!({"act": "revisit", "result": "connected", "answers": "要求加急", "slip": false, "no_more_calls": false}),
        ),
        (
            hand("o", Role::CentreOfficer, "centre"),
            json!({"act": "draft", "cause": "态度", "items": [2], "units": [{"unit": "forest", "rule": 6}], "contact": "010"}),
        ),
        (
            hand("s", Role::CentreSupervisor, "centre"),
            json!({"act": "report"}),
        ),
        (
            hand("g", Role::OfficeSigner, "general_office"),
            json!({"act": "dispatch", "workdays": "5"}),
        ),
        (
            hand("h", Role::UnitHead, "forest"),
            json!({"act": "receive"}),
        ),
        (
            hand("h", Role::UnitHead, "forest"),
            json!({"act": "appeal", "ground": "malicious", "facts": "未发生", "evidence": ["录音"]}),
        ),
        (
            hand("p", Role::CentreSupervisor, "centre"),
            json!({"act": "propose_malicious", "contradiction": "录音", "intent": "bargaining", "reason": "要挟"}),
        ),
        (
            hand("g", Role::OfficeSigner, "general_office"),
            json!({"act": "judge_malicious", "reason": "齐备"}),
        ),
    ];
    for (by, act) in steps {
        let what = act.to_string();
        let act: Act =
            serde_json::from_value(act).unwrap_or_else(|error| panic!("{what}: {error}"));
        let doing = crate::engine::Doing {
            ticket,
            act,
            by,
            seen: None,
            key: None,
        };
        let done = centre.engine.act(doing, morning).await;
        done.unwrap_or_else(|error| panic!("{what}: {error}"));
    }
    number
}

#[tokio::test]
async fn a_person_is_listed_by_the_api_with_versions_and_refusals() {
    let centre = Centre::busy().await;
    let officer = [(Role::CentreOfficer, "centre")];
    let officer = centre.cookie_of("proposer", &officer).await;
    let signer = [(Role::OfficeSigner, "general_office")];
    let signer = centre.cookie_of("signatory", &signer).await;
    let ticket = centre.bad_ticket().await;
    let list = "/api/v1/listings";
    let reason = "三次以差评要挟";
    let wish = |ticket: &str| json!({"ticket": ticket, "reason": reason});
    let refused = send(&centre, &officer, list, None, wish(&ticket)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text());
    let refused = refused.json();
    assert_eq!(refused["type"], "urn:gradeline:problem:unlawful");
    assert_eq!(refused["refusal"], "not_proven", "a caller is a number");
    assert_eq!(refused["article"], "第十一条");
    let unknown = send(&centre, &officer, list, None, wish("T2020-000001")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);

    let first = malicious(&centre, 1).await;
    malicious(&centre, 2).await;
    let few = send(&centre, &officer, list, None, wish(&first)).await;
    assert_eq!(few.json()["refusal"], "too_few", "{}", few.text());
    malicious(&centre, 3).await;
    let bare = json!({"ticket": first});
    let bare = send(&centre, &officer, list, None, bare).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    let proposed = send(&centre, &officer, list, None, wish(&first)).await;
    assert_eq!(proposed.status, StatusCode::OK, "{}", proposed.text());
    assert_eq!(proposed.json()["state"], "proposed");
    let tag = proposed.header("etag").to_owned();
    let again = send(&centre, &officer, list, None, wish(&first)).await;
    assert_eq!(again.json()["refusal"], "already_listed");

    let sign = "/api/v1/listings/1/sign";
    let body = || json!({"reason": reason});
    let unseen = send(&centre, &signer, sign, None, body()).await;
    assert_eq!(unseen.status, StatusCode::PRECONDITION_REQUIRED);
    let stale = send(&centre, &signer, sign, Some("\"9\""), body()).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    let not_his = send(&centre, &officer, sign, Some(&tag), body()).await;
    assert_eq!(not_his.json()["refusal"], "not_yours");
    let odd = json!({"reason": reason, "colour": "red"});
    let odd = send(&centre, &signer, sign, Some(&tag), odd).await;
    assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(odd.text().contains("colour"), "{}", odd.text());
    let signed = send(&centre, &signer, sign, Some(&tag), body()).await;
    assert_eq!(signed.status, StatusCode::OK, "{}", signed.text());
    assert_eq!(signed.json()["state"], "listed");
    let twice = send(&centre, &signer, sign, Some("*"), body()).await;
    assert_eq!(twice.json()["refusal"], "not_now");
    assert_eq!(twice.json()["state"], "listed");

    let whole = read(&centre, &signer, "/api/v1/listings/1").await;
    assert_eq!(whole.header("etag"), signed.header("etag"));
    assert!(!whole.text().contains("digest"), "who it is stands nowhere");
    let whole = whole.json();
    assert_eq!(whole["counting"].as_array().unwrap().len(), 3);
    assert_eq!(whole["deadlines"][0]["kind"], "listing");
    assert_eq!(whole["history"][1]["act"], "sign");
    let acts = whole["acts"].as_array().unwrap();
    let may = acts.iter().filter(|act| act["allowed"] == true);
    let may: Vec<_> = may.map(|act| act["act"].as_str().unwrap()).collect();
    assert_eq!(may, ["lift"]);
    let all = read(&centre, &officer, list).await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
    let none = read(&centre, &officer, "/api/v1/listings?after=1").await;
    assert_eq!(none.json()["items"], json!([]));
    let missing = read(&centre, &officer, "/api/v1/listings/7").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);

    let good = rated(&centre, 9, Grade::Satisfied, now()).await.rating;
    let address = format!("/api/v1/ratings/{good}");
    let seen = centre.get(&address, Who::Token).await.json();
    assert_eq!(seen["standing"], "pending");
    let address = format!("{address}/verification");
    let verdict = json!({"verdict": "valid", "reason": "窗口记录相符"});
    let done = send(&centre, &signer, &address, None, verdict.clone()).await;
    assert_eq!(done.json()["standing"], "valid", "{}", done.text());
    let again = send(&centre, &signer, &address, None, verdict).await;
    assert_eq!(again.json()["refusal"], "not_pending");
}
