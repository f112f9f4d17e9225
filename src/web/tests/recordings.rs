//! Recordings: served whole and in parts, drawn, and who listened.

use super::*;

#[tokio::test]
async fn a_recording_is_served_whole_and_in_parts() {
    let centre = Centre::busy().await;
    let address = format!("/api/v1/calls/{}/recording", seed::id(1).0);
    let whole = centre.get(&address, Who::Token).await;
    assert_eq!(whole.status, StatusCode::OK);
    assert_eq!(whole.body, seed::wav(40_000));
    assert_eq!(whole.header("content-type"), "audio/wav");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let length = whole.body.len();

    let part = |range: &'static str, method: Method| {
        let request = centre
            .request(method, &address, Who::LoggedIn)
            .header(header::RANGE, range);
        centre.send(request.body(Body::empty()).unwrap())
    };
    let middle = part("bytes=100-199", Method::GET).await;
    assert_eq!(middle.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(middle.body, whole.body[100..200]);
    assert_eq!(
        middle.header("content-range"),
        format!("bytes 100-199/{length}")
    );
    let tail = part("bytes=-10", Method::GET).await;
    assert_eq!(tail.body, whole.body[length - 10..]);
    let outside = part("bytes=99999999-", Method::GET).await;
    assert_eq!(outside.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(outside.header("content-range"), format!("bytes */{length}"));
    let head = part("bytes=0-", Method::HEAD).await;
    assert_eq!(head.status, StatusCode::PARTIAL_CONTENT);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), length.to_string());
}

#[tokio::test]
async fn who_listened_stands_on_the_calls_page_and_a_page_read_is_no_listening() {
    let centre = Centre::busy().await;
    let (page, call) = (
        format!("/calls/{}", seed::id(1).0),
        format!("/api/v1/calls/{}", seed::id(1).0),
    );
    centre.get(&page, Who::LoggedIn).await;
    centre.get(&format!("{call}/peaks"), Who::LoggedIn).await;
    let head = centre.request(Method::HEAD, &format!("{call}/recording"), Who::LoggedIn);
    centre.send(head.body(Body::empty()).unwrap()).await;
    let before = centre.get(&call, Who::Token).await.json();
    assert_eq!(before["listenings"], serde_json::json!([]));

    for range in ["bytes=0-99", "bytes=100-199", "bytes=0-"] {
        let part = centre
            .request(Method::GET, &format!("{call}/recording"), Who::LoggedIn)
            .header(header::RANGE, range);
        let answer = centre.send(part.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT);
    }
    centre
        .get(&format!("{call}/clips/remark"), Who::Token)
        .await;
    let after = centre.get(&call, Who::Token).await.json();
    let lines: Vec<_> = after["listenings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| ["listener", "door", "sound"].map(|name| line[name].as_str().unwrap()))
        .collect();
    let ticket = centre.bad_ticket().await;
    for line in after["listenings"].as_array().unwrap() {
        assert_eq!(
            (&line["ticket"], &line["reason"]),
            (&ticket.as_str().into(), &"核实差评".into())
        );
    }
    assert_eq!(
        lines,
        [["test", "api", "remark"], ["wang", "page", "recording"]]
    );
    let shown = centre.get(&page, Who::LoggedIn).await.text();
    assert!(
        shown.contains("谁听过") && shown.contains("<td>接口</td>"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_waveform_is_drawn_from_the_recording_and_a_call_without_one_says_so() {
    let centre = Centre::busy().await;
    let address = format!("/api/v1/calls/{}/peaks", seed::id(1).0);
    let drawn = centre.get(&address, Who::LoggedIn).await.json();
    assert_eq!(drawn["length_ms"], 40_000);
    assert_eq!(drawn["channels"].as_array().unwrap().len(), 2);
    for missing in ["recording", "peaks", "clips/voice"] {
        let address = format!("/api/v1/calls/{}/{missing}", seed::id(6).0);
        let answer = centre.get(&address, Who::Token).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["type"], "urn:gradeline:problem:no_recording");
    }
}
