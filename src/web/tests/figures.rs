//! Figures, bulletins and what is public, from outside.

use super::*;

const SEPTEMBER: &str = "from=2026-09-01&until=2026-09-30";

impl Centre {
    async fn sent(&self, address: &str, cookie: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(address)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    async fn read_as(&self, address: &str, cookie: &str) -> Answer {
        let request = Request::get(address).header(header::COOKIE, cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

fn figure<'a>(line: &'a Value, word: &str) -> &'a Value {
    let figures = line["figures"].as_array().unwrap();
    figures
        .iter()
        .find(|figure| figure["figure"] == word)
        .unwrap()
}

#[tokio::test]
async fn a_figure_is_told_with_its_definition_and_opened_to_its_things() {
    let centre = Centre::busy().await;
    let address = format!("/api/v1/figures?{SEPTEMBER}");
    let table = centre.get(&address, Who::Token).await.json();
    assert_eq!(table["until"], "2026-09-30");
    assert_eq!(table["waiting"], 0, "all of it is counted");
    let bad = figure(&table["lines"][0], "bad_share").clone();
    assert!(bad["denominator"].as_i64().unwrap() > 0, "{bad}");
    assert_eq!(
        (&bad["small"], &bad["rank"]),
        (&Value::Bool(true), &Value::Null)
    );

    let definitions = centre
        .get("/api/v1/figures/definitions", Who::Token)
        .await
        .json();
    let defined = definitions["items"].as_array().unwrap();
    let defined = defined
        .iter()
        .find(|it| it["figure"] == "bad_share")
        .unwrap();
    assert_eq!(defined["article"], "第五条");
    let mut opened = 0;
    for count in defined["numerator"].as_array().unwrap() {
        let count = count.as_str().unwrap();
        let mut cursor = String::new();
        loop {
            let address =
                format!("/api/v1/figures/things?{SEPTEMBER}&count={count}&limit=1{cursor}");
            let page = centre.get(&address, Who::Token).await.json();
            opened += page["items"].as_array().unwrap().len() as i64;
            let Some(next) = page["next"].as_str() else {
                break;
            };
            cursor = format!("&cursor={}", params::encoded(next));
        }
    }
    assert_eq!(bad["numerator"].as_i64().unwrap(), opened);

    let by_unit = centre
        .get(&format!("{address}&by=unit"), Who::Token)
        .await
        .json();
    let lines = by_unit["lines"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["of"] == "centre"), "{by_unit}");
    for (query, named) in [
        ("by=colour", "colour"),
        ("channel=pigeon", "pigeon"),
        ("from=yesterday", "yesterday"),
        ("grade=satisfied", "grade"),
    ] {
        let answer = centre
            .get(&format!("/api/v1/figures?{query}"), Who::Token)
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.text().contains(named), "{}", answer.text());
    }
    let ahead = centre
        .get("/api/v1/figures?from=2999-01-01", Who::Token)
        .await;
    assert_eq!(ahead.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn until_when_bulletins_are_due_is_told_beside_them() {
    let centre = Centre::busy().await;
    // The centre was opened today: what ends from now on is due.
    let later = now().plus_millis(100 * 86_400_000);
    let started = centre.engine.start_bulletin_terms(later).await;
    assert_eq!(started.unwrap(), 2);
    let told = centre.get("/api/v1/bulletins/terms", Who::Token).await;
    let told = told.json();
    let mut terms = told["items"].as_array().unwrap().clone();
    terms.sort_by_key(|term| term["period"].as_str().unwrap().contains('Q'));
    for (term, period) in terms.iter().zip(Period::last_ended(later.day())) {
        assert_eq!(term["period"], period.to_string(), "{told}");
        assert_eq!(term["started_at"], period.end().to_string());
        let due = term["due_at"].as_str().unwrap();
        assert!(due.ends_with("T23:59:59.000+08:00"), "{told}");
        assert!(term["met_at"].is_null() && term["missed_at"].is_null());
    }
    assert_eq!(terms.len(), 2);
}

#[tokio::test]
async fn a_days_figures_are_reconciled_with_its_records() {
    let centre = Centre::busy().await;
    let supervisor = centre
        .cookie_of("li", &[(Role::CentreSupervisor, "centre")])
        .await;
    let address = "/api/v1/figures/differences?day=2026-09-18";
    let found = centre.read_as(address, &supervisor).await.json();
    assert!(found["things"].as_u64().unwrap() > 0, "{found}");
    assert_eq!(found["differences"], Value::Array(Vec::new()), "{found}");
    assert_eq!(found["left_out"], 0);
    for (query, status) in [
        ("", StatusCode::OK),
        ("?day=yesterday", StatusCode::BAD_REQUEST),
        ("?day=2999-01-01", StatusCode::CONFLICT),
    ] {
        let address = format!("/api/v1/figures/differences{query}");
        assert_eq!(centre.read_as(&address, &supervisor).await.status, status);
    }
    let agent = centre.cookie_of("agent", &[(Role::Agent, "centre")]).await;
    let refused = centre.read_as(address, &agent).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_sees_no_case_opens_no_figure_and_reads_no_tickets_number() {
    let centre = Centre::busy().await;
    let agent = centre.cookie_of("agent", &[(Role::Agent, "centre")]).await;
    let keeper = centre
        .cookie_of("keeper", &[(Role::Administrator, "centre")])
        .await;
    let head = centre
        .cookie_of("head", &[(Role::UnitHead, "centre")])
        .await;
    let things = format!("/api/v1/figures/things?{SEPTEMBER}&count=rated");
    assert_eq!(
        centre.read_as(&things, &agent).await.status,
        StatusCode::FORBIDDEN
    );
    for cookie in [&keeper, &head] {
        let none = centre.read_as(&things, cookie).await.json();
        assert_eq!(none["items"].as_array().unwrap().len(), 0);
    }
    for cookie in [&agent, &keeper, &head] {
        let bulletin = centre.read_as("/api/v1/bulletins/2026-09", cookie).await;
        assert_eq!(bulletin.status, StatusCode::OK);
        let text = bulletin.text();
        assert!(
            text.contains("没有一次告知") && !text.contains("T2026-"),
            "{text}"
        );
        let flags = centre.read_as("/api/v1/flags", cookie).await;
        assert_eq!(flags.status, StatusCode::FORBIDDEN);
    }
    let officer = centre
        .get("/api/v1/bulletins/2026-09", Who::LoggedIn)
        .await
        .json();
    assert_eq!(officer["content"]["cases"][0]["ticket"], "T2026-000001");
    assert_eq!(officer["adjustments"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_bulletin_is_drafted_reviewed_and_issued_by_the_api() {
    let centre = Centre::busy().await;
    let clerk = centre
        .cookie_of("bo", &[(Role::OfficeClerk, "general_office")])
        .await;
    let supervisor = centre
        .cookie_of("li", &[(Role::CentreSupervisor, "centre")])
        .await;
    let signer = centre
        .cookie_of("zhao", &[(Role::OfficeSigner, "general_office")])
        .await;
    let unit = centre
        .cookie_of("head", &[(Role::UnitHead, "centre")])
        .await;
    let quarter = r#"{"period": "2026-Q3", "reference": "局办〔2026〕3号", "to": ["各司局"]}"#;
    let drafted = centre.sent("/api/v1/bulletins", &clerk, quarter).await;
    assert_eq!(drafted.status, StatusCode::OK, "{}", drafted.text());
    let drafted = drafted.json();
    let seen = format!(r#"{{"digest": {}}}"#, drafted["digest"]);
    let address = "/api/v1/bulletins/2026-Q3";
    // A draft is not yet for those it will be sent to.
    assert_eq!(
        centre.read_as(address, &unit).await.status,
        StatusCode::NOT_FOUND
    );
    let listed = centre.read_as("/api/v1/bulletins", &unit).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let (review, issue) = (format!("{address}/review"), format!("{address}/issue"));
    let unread = centre.sent(&issue, &signer, &seen).await;
    assert_eq!(unread.status, StatusCode::CONFLICT);
    let stale = centre
        .sent(&review, &supervisor, r#"{"digest": "00"}"#)
        .await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(
        centre.sent(&review, &supervisor, &seen).await.status,
        StatusCode::OK
    );
    let issued = centre.sent(&issue, &signer, &seen).await.json();
    assert_eq!(
        (&issued["issued_by"], &issued["digest"]),
        (&"zhao".into(), &drafted["digest"])
    );
    let read = centre.read_as(address, &unit).await.json();
    assert_eq!(
        read["content"]["title"],
        "关于2026年第3季度政务服务“好差评”情况的通报"
    );
    assert_eq!(
        centre
            .sent("/api/v1/bulletins", &clerk, quarter)
            .await
            .status,
        StatusCode::CONFLICT
    );
    let wrong = centre
        .sent("/api/v1/bulletins", &clerk, r#"{"period": "autumn"}"#)
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_public_reads_what_was_issued_as_json_and_as_a_table() {
    let centre = Centre::busy().await;
    let told = centre
        .get("/api/v1/published?month=2026-09", Who::Nobody)
        .await;
    assert_eq!(told.status, StatusCode::OK);
    let told = told.json();
    assert_eq!(told["months"], serde_json::json!(["2026-09"]));
    assert_eq!(told["month"]["cases"][0]["measure"], "改了办事指南");
    assert!(!told.to_string().contains("T2026-"), "{told}");
    let table = centre
        .get("/api/v1/published?month=2026-09&format=csv", Who::Nobody)
        .await;
    assert!(table.header("content-type").starts_with("text/csv"));
    let text = table.text();
    let rated = format!("rated,{}", told["month"]["rated"]);
    assert!(text.lines().any(|line| line == rated), "{text}");
    for (query, status) in [
        ("month=2026-08", StatusCode::NOT_FOUND),
        ("month=2026-Q3", StatusCode::NOT_FOUND),
        ("month=autumn", StatusCode::BAD_REQUEST),
        ("format=csv", StatusCode::BAD_REQUEST),
        ("format=pdf&month=2026-09", StatusCode::BAD_REQUEST),
    ] {
        let answer = centre
            .get(&format!("/api/v1/published?{query}"), Who::Nobody)
            .await;
        assert_eq!(answer.status, status, "{query}");
    }
}
