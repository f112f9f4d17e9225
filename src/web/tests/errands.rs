//! Calls out by the API: asked for, listed, taken back, and the refusals.

use serde_json::json;

use super::*;
use crate::errands::Numbers;
use crate::outward::{Allowing, Plans};

impl Centre {
    /// The same house, which can call out.
    fn that_calls_out(mut self) -> Self {
        let options = Options {
            centre: "centre".to_owned(),
            behind_tls: false,
            meter: Meter::detached(),
            troubles: Arc::new(Vec::new),
            board: Arc::new(Arc::default),
            example: false,
            calls_out: Some(Allowing {
                numbers: Numbers::default(),
                open_at_most: 10,
                trunk: true,
                plans: Plans::of(|_| true),
            }),
            consoles: None,
            supervisions: None,
        };
        let archive = Archive::new(self._folder.path().join("recordings"));
        self.router = doors::router(Web::new(self.engine.clone(), archive, options));
        self
    }

    async fn asks(&self, cookie: &str, address: &str, body: Value) -> Answer {
        let request = Request::post(address)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/json");
        let body = Body::from(body.to_string());
        self.send(request.body(body).unwrap()).await
    }

    async fn listed(&self, cookie: &str, query: &str) -> Answer {
        let request = Request::get(format!("/api/v1/errands{query}"));
        let request = request.header(header::COOKIE, cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

const ERRANDS: &str = "/api/v1/errands";

#[tokio::test]
async fn a_callback_is_asked_for_listed_and_taken_back_by_the_api() {
    let centre = Centre::busy().await.that_calls_out();
    let cookie = &centre.cookie;
    for (number, telephone) in [(4, Some("13700001111")), (6, None)] {
        let call = seed::id(number);
        let wished = centre.engine.request_callback(&call, telephone, now());
        wished.await.unwrap();
    }
    let of = |number| json!({"purpose": "callback", "call": seed::id(number).0});
    let first = centre.asks(cookie, ERRANDS, of(4)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let first = first.json();
    assert_eq!(
        (&first["state"], &first["purpose"]),
        (&json!("waiting"), &json!("callback"))
    );
    assert!(!first.to_string().contains("13700001111"), "{first}");
    assert!(first["number"].as_str().unwrap().ends_with("1111"));
    let again = centre.asks(cookie, ERRANDS, of(4)).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert_eq!(again.json()["refusal"], "open");
    let second = centre.asks(cookie, ERRANDS, of(6)).await.json();

    // Page by page, newest first, none twice.
    let page = centre.listed(cookie, "?limit=1").await.json();
    let next = page["next"].as_str().unwrap().to_owned();
    let query = format!("?limit=1&cursor={next}");
    let rest = centre.listed(cookie, &query).await.json();
    let mut listed = [&page["items"][0]["id"], &rest["items"][0]["id"]];
    let mut asked = [&first["id"], &second["id"]];
    listed.sort_by_key(|id| id.as_str());
    asked.sort_by_key(|id| id.as_str());
    assert_eq!(listed, asked);
    assert_eq!(rest["next"], Value::Null);
    let bad = centre.listed(cookie, "?cursor=nothing").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    assert_eq!(bad.json()["type"], "urn:gradeline:problem:bad_cursor");

    let withdraw = format!("{ERRANDS}/{}/withdraw", first["id"].as_str().unwrap());
    let other = centre.cookie_of("agent", &[(Role::Agent, "centre")]).await;
    let refused = centre.asks(&other, &withdraw, json!({})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let back = centre.asks(cookie, &withdraw, json!({})).await.json();
    assert_eq!(
        (&back["state"], &back["result"]),
        (&json!("closed"), &json!("withdrawn"))
    );
    let twice = centre.asks(cookie, &withdraw, json!({})).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert_eq!(twice.json()["refusal"], "not_waiting");
}

#[tokio::test]
async fn what_may_not_be_called_is_refused_by_the_api_with_its_word() {
    let centre = Centre::busy().await;
    let cookie = centre.cookie.clone();
    let ticket = centre.bad_ticket().await;
    let result = json!({"purpose": "result", "ticket": ticket});
    let none = centre.asks(&cookie, ERRANDS, result.clone()).await;
    assert_eq!(none.status, StatusCode::CONFLICT, "{}", none.text());
    assert_eq!(none.json()["refusal"], "no_trunk");

    let centre = centre.that_calls_out();
    let call = seed::id(4).0;
    for (body, status, refusal) in [
        // It is not settled yet.
        (result, StatusCode::CONFLICT, "not_now"),
        // Who called asked for nothing.
        (
            json!({"purpose": "callback", "call": call}),
            StatusCode::CONFLICT,
            "not_wished",
        ),
        (
            json!({"purpose": "callback", "call": "20260918-000000-000000"}),
            StatusCode::NOT_FOUND,
            "",
        ),
        (
            json!({"purpose": "result", "ticket": "T2026-999999"}),
            StatusCode::NOT_FOUND,
            "",
        ),
        (
            json!({"purpose": "sale", "call": call}),
            StatusCode::UNPROCESSABLE_ENTITY,
            "",
        ),
        // Whom to call is never the asker's to say.
        (
            json!({"purpose": "callback", "call": call, "number": "13700001111"}),
            StatusCode::UNPROCESSABLE_ENTITY,
            "",
        ),
        (
            json!({"purpose": "revisit", "call": call}),
            StatusCode::UNPROCESSABLE_ENTITY,
            "",
        ),
    ] {
        let answer = centre.asks(&cookie, ERRANDS, body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        let said = answer.json()["refusal"].as_str().unwrap_or("").to_owned();
        assert_eq!(said, refusal, "{body}");
    }
    let program = centre.request(Method::GET, ERRANDS, Who::Token);
    let program = centre.send(program.body(Body::empty()).unwrap()).await;
    assert_eq!(program.status, StatusCode::FORBIDDEN);
    let left = centre.listed(&cookie, "").await.json();
    assert_eq!(left["items"], json!([]));
}
