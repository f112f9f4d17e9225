//! Ratings, slips and matters handed in over the API.

use super::*;
use serde_json::json;

impl Centre {
    async fn hand_in(&self, method: Method, address: &str, body: &Value) -> Answer {
        let request = self
            .request(method, address, Who::Token)
            .header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }
}

fn window_rating(graded_at: Moment) -> Value {
    json!({
        "key": "device-3-0001", "channel": "window_device",
        "service": {"kind": "window_act", "window": "3", "act": "0001", "staff": ["8001"],
            "unit": "centre", "served_at": graded_at.plus_millis(-60_000)},
        "grade": "dissatisfied", "graded_at": graded_at,
        "reasons": ["T1"], "items": ["staff"], "options": [214, 213], "text": "<i>等太久</i>",
    })
}

#[tokio::test]
async fn a_device_hands_in_a_rating_that_is_listed_with_what_was_ticked() {
    let centre = Centre::busy().await;
    let body = window_rating(now());
    let first = centre.hand_in(Method::POST, "/api/v1/ratings", &body).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let (first, id) = (
        first.json(),
        first.json()["rating"].as_str().unwrap().to_owned(),
    );
    assert!(first["ticket"].as_str().unwrap().starts_with('T'));
    let again = centre.hand_in(Method::POST, "/api/v1/ratings", &body).await;
    assert_eq!(again.json(), first);
    let shown = centre
        .get(&format!("/api/v1/ratings/{id}"), Who::Token)
        .await
        .json();
    assert_eq!(shown["channel"], "window_device");
    assert_eq!(shown["service"]["window"], "3");
    assert_eq!(shown["reasons"], json!(["T1"]));
    assert_eq!(shown["items"], json!(["staff"]));
    assert_eq!(
        shown["options"][0],
        json!({"code": 214, "text": "服务态度生硬"})
    );
    assert_eq!(shown["default"], false);
    // A rating without a call stands on its pages too, and what it says is text there.
    for page in [
        "/ratings".to_owned(),
        format!("/tickets/{}", first["ticket"].as_str().unwrap()),
    ] {
        let answer = centre.get(&page, Who::LoggedIn).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.text());
        assert!(!answer.text().contains("<i>"), "{page}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_rating_is_told() {
    let centre = Centre::busy().await;
    let sound = window_rating(now());
    let with = |pointer: &str, value: Value| {
        let mut body = sound.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    for (body, why) in [
        (with("/channel", json!("phone")), "door of its own"),
        (with("/channel", json!("fax")), "fax"),
        (with("/grade", json!("neutral")), "neutral"),
        (with("/options", json!([510])), "no option of the grade"),
        (with("/items", json!(["weather"])), "weather"),
        (with("/reasons", json!(["T9"])), "T1 to T6"),
        (with("/key", json!("")), "1 to 100"),
        (with("/service/act", json!("a/b")), "no name"),
        (
            with("/graded_at", json!(now().plus_millis(-120_000))),
            "before the service",
        ),
        (
            with(
                "/service",
                json!({"kind": "matter", "number": "SQ-404", "stage": "filed"}),
            ),
            "does not rate",
        ),
        (with("/service", json!({"kind": "dream"})), "dream"),
    ] {
        let answer = centre.hand_in(Method::POST, "/api/v1/ratings", &body).await;
        let detail = answer.json()["detail"].to_string();
        let status = answer.status;
        let expected = why == "does not rate" || detail.contains(why);
        assert!(
            status == StatusCode::UNPROCESSABLE_ENTITY && expected,
            "{why}: {status} {detail}"
        );
    }
}

#[tokio::test]
async fn a_matter_is_registered_completed_and_rated_over_the_api() {
    let centre = Centre::busy().await;
    let matter = json!({"number": "SQ-7", "item": "lq-001", "item_name": "林木采伐许可", "unit": "centre",
        "applicant_name": "王芳", "applicant_phone": "13700000000", "applicant": "p-1"});
    let registered = centre
        .hand_in(Method::POST, "/api/v1/matters", &matter)
        .await;
    assert_eq!(registered.status, StatusCode::OK, "{}", registered.text());
    assert!(!registered.text().contains("王芳") && !registered.text().contains("13700000000"));
    let rate = |key: &str| {
        json!({"key": key, "channel": "web_filing", "grade": "satisfied", "graded_at": now(),
            "service": {"kind": "matter", "number": "SQ-7", "stage": "completed"},
            "rater": {"identity": "I3", "applicant": "p-1"}})
    };
    let early = centre
        .hand_in(Method::POST, "/api/v1/ratings", &rate("w1"))
        .await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(early.json()["type"], "urn:gradeline:problem:unfit_rating");
    let completion = json!({"completed_at": now().plus_millis(-1_000)});
    let address = "/api/v1/matters/SQ-7/completion";
    let done = centre.hand_in(Method::PUT, address, &completion).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let other = json!({"completed_at": now().plus_millis(-9_000)});
    let otherwise = centre.hand_in(Method::PUT, address, &other).await;
    assert_eq!(otherwise.status, StatusCode::CONFLICT);
    let rated = centre
        .hand_in(Method::POST, "/api/v1/ratings", &rate("w2"))
        .await;
    assert_eq!(rated.json()["rating"], "matter-SQ-7-1");
    let listed = centre
        .get("/api/v1/matters?after=SQ-1", Who::Token)
        .await
        .json();
    assert_eq!(listed["items"][0]["number"], "SQ-7");
    assert_eq!(listed["items"][0]["identified"], true);
}

#[tokio::test]
async fn a_slip_of_the_box_is_entered_and_the_options_are_told() {
    let centre = Centre::busy().await;
    let slip = json!({"slip": "B-1", "opened_on": now().day(), "text": "大厅太热", "grade": "dissatisfied"});
    let entered = centre
        .hand_in(Method::POST, "/api/v1/suggestions", &slip)
        .await;
    assert_eq!(
        entered.json()["rating"]["rating"],
        "slip-B-1-1",
        "{}",
        entered.text()
    );
    let again = centre
        .hand_in(Method::POST, "/api/v1/suggestions", &slip)
        .await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let options = centre.get("/api/v1/options", Who::Token).await.json();
    let current = options["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|o| o["edition"] == "2");
    assert_eq!(current.count(), 40);
}
