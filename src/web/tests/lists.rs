//! Lists and what is on them, as the pages and the API give them.

use super::*;

#[tokio::test]
async fn a_rating_is_found_by_its_id_as_it_is() {
    let centre = Centre::busy().await;
    let ratings = centre.get("/api/v1/ratings", Who::Token).await.json();
    for rating in ratings["items"].as_array().unwrap() {
        let id = rating["id"].as_str().unwrap();
        assert_eq!(params::encoded(id), id, "nothing to escape");
        let found = centre
            .get(&format!("/api/v1/ratings/{id}"), Who::Token)
            .await;
        assert_eq!(found.json()["id"], id);
    }
}

#[tokio::test]
async fn lists_are_walked_by_their_cursors_to_the_end() {
    let centre = Centre::busy().await;
    let mut seen = Vec::new();
    let mut address = "/api/v1/calls?limit=3".to_owned();
    loop {
        let page = centre.get(&address, Who::Token).await.json();
        for item in page["items"].as_array().unwrap() {
            seen.push(item["id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else {
            break;
        };
        address = format!("/api/v1/calls?limit=3&cursor={}", params::encoded(next));
        assert!(seen.len() < 20, "the list has an end");
    }
    let newest_first: Vec<_> = (0..8).rev().map(|number| seed::id(number).0).collect();
    assert_eq!(seen, newest_first);
}

#[tokio::test]
async fn a_page_of_a_list_leads_to_the_next_with_its_filters() {
    let centre = Centre::busy().await;
    let page = centre
        .get(
            "/calls?rehearsal=false&from=2026-09-01&limit=2",
            Who::LoggedIn,
        )
        .await
        .text();
    let next = page.split("rel=\"next\" href=\"").nth(1).unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&");
    assert!(
        next.contains("rehearsal=false&from=2026-09-01&limit=2&cursor="),
        "{next}"
    );
    let second = centre.get(&format!("/calls{next}"), Who::LoggedIn).await;
    assert_eq!(second.status, StatusCode::OK);
    assert!(second.text().contains(&seed::id(5).0));
}

#[tokio::test]
async fn filters_find_what_they_name_and_a_filter_nobody_knows_is_refused_by_name() {
    let centre = Centre::busy().await;
    let count = async |query: &str| {
        let list = centre
            .get(&format!("/api/v1/{query}"), Who::Token)
            .await
            .json();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!(count("calls?grade=dissatisfied").await, 1);
    assert_eq!(count("calls?live=true").await, 1);
    assert_eq!(count("calls?outcome=left_in_offer").await, 1);
    assert_eq!(count("calls?number_tail=8000").await, 2);
    assert_eq!(count("calls?rehearsal=true").await, 1);
    assert_eq!(count("calls?to=2026-09-17").await, 0);
    assert_eq!(count("ratings?polarity=negative&rehearsal=false").await, 1);
    assert_eq!(count("tickets?state=new").await, 2);

    for (query, named) in [
        ("calls?colour=red", "colour"),
        ("calls?grade=5", "grade"),
        ("calls?grade=satisfied&grade=satisfied", "grade"),
        ("calls?cursor=elsewhere", "elsewhere"),
        ("calls?limit=0", "limit"),
        ("calls?limit=201", "limit"),
        ("calls?from=2026-02-30", "from"),
        ("calls?number_tail=1;2", "number_tail"),
        ("tickets?state=open", "state"),
        ("ratings?outcome=graded", "outcome"),
    ] {
        let answer = centre.get(&format!("/api/v1/{query}"), Who::Token).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(named), "{query}: {detail}");
    }
}

#[tokio::test]
async fn a_rating_and_a_ticket_have_what_the_api_promises() {
    let centre = Centre::busy().await;
    let ratings = centre
        .get("/api/v1/ratings?grade=dissatisfied", Who::Token)
        .await
        .json();
    let rating = &ratings["items"][0];
    assert_eq!(rating["channel"], "phone");
    assert_eq!(rating["call_id"], seed::id(1).0);
    assert_eq!(rating["grade"], "dissatisfied");
    assert_eq!(rating["outcome"], "graded");
    assert!(rating["keys"].as_str().unwrap().starts_with('4'));

    let address = format!("/api/v1/tickets/{}", centre.bad_ticket().await);
    let ticket = centre.get(&address, Who::Token).await.json();
    assert_eq!(ticket["state"], "new");
    let assess = &ticket["deadlines"][0];
    assert_eq!(assess["kind"], "assess");
    assert_eq!(assess["article"], "第九条");
    assert_eq!(assess["due_at"], "2026-09-22T23:59:59.000+08:00");
    assert!(assess["met_at"].is_null());
    let days = ticket["counted"][0]["days"].as_array().unwrap();
    assert!(
        days[0]["number"].is_null(),
        "the starting day does not count"
    );
    assert_eq!(days.last().unwrap()["number"], 3);
}

/// 推送率, 参评率 and 满意度 come out of the calls that the API lists, as the overview shows them.
#[tokio::test]
async fn the_three_rates_can_be_counted_from_the_calls() {
    let centre = Centre::busy().await;
    let list = centre
        .get(
            "/api/v1/calls?rehearsal=false&live=false&limit=200",
            Who::Token,
        )
        .await
        .json();
    let without_talk = [
        "abandoned",
        "message",
        "callback",
        "no_desk",
        "closed",
        "put_off",
        "refused",
        "fault_before_talk",
    ];
    let calls = list["items"].as_array().unwrap();
    let talked: Vec<_> = calls
        .iter()
        .filter(|call| !without_talk.contains(&call["outcome"].as_str().unwrap()))
        .collect();
    let of_talked = |what: &dyn Fn(&serde_json::Value) -> bool| {
        talked.iter().filter(|call| what(call)).count() as u64
    };
    let good = ["very_satisfied", "satisfied", "basically_satisfied"];
    let counted = (
        calls.len() as u64,
        talked.len() as u64,
        of_talked(&|call| call["offered_at"].is_string()),
        of_talked(&|call| call["grade"].is_string()),
        of_talked(&|call| good.contains(&call["grade"].as_str().unwrap_or_default())),
    );
    let shown = centre.engine.figures(None, None).await.unwrap();
    assert_eq!(
        counted,
        (
            shown.calls,
            shown.talked,
            shown.offered,
            shown.graded,
            shown.positive
        )
    );
    assert_eq!(counted, (6, 5, 4, 3, 2));
}

#[tokio::test]
async fn a_tickets_page_shows_its_due_date_day_by_day() {
    let centre = Centre::busy().await;
    let address = format!("/tickets/{}", centre.bad_ticket().await);
    let page = centre.get(&address, Who::LoggedIn).await.text();
    for shown in [
        "2026-09-22 24:00 前",
        "第九条",
        "起算当日不计",
        "调休上班（国庆节）",
        "①",
        "③",
    ] {
        assert!(page.contains(shown), "{shown} is missing");
    }
    assert!(page.contains("lamp late"), "its term was over long ago");
}

#[tokio::test]
async fn the_document_describes_every_route_of_the_api_and_no_other() {
    let centre = Centre::open().await;
    let document = centre.get("/api/openapi.json", Who::Nobody).await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut described: Vec<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap();
            methods
                .keys()
                .map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let mut served: Vec<_> = doors::table()
        .into_iter()
        .filter(|door| door.path.starts_with("/api/v1/"))
        .map(|door| (door.method.to_string(), door.path.to_owned()))
        .collect();
    described.sort();
    served.sort();
    assert_eq!(described, served);
    let words: Vec<_> = Grade::ALL.into_iter().map(Grade::word).collect();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["GradeWord"]["enum"], serde_json::json!(words));
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            schemas.get(name).is_some(),
            "{name} is named but not described"
        );
    }
}

/// Every field an answer has is described, and every described one is there.
#[tokio::test]
async fn answers_have_the_fields_that_the_document_describes() {
    let centre = Centre::busy().await;
    let document = centre.get("/api/openapi.json", Who::Nobody).await.json();
    for (address, schema) in [
        ("/api/v1/calls", "Call"),
        ("/api/v1/ratings", "Rating"),
        ("/api/v1/tickets", "Ticket"),
    ] {
        let list = centre.get(address, Who::Token).await.json();
        let given: Vec<_> = list["items"][0]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        let described: Vec<_> = document["components"]["schemas"][schema]["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        assert_eq!(sorted(given), sorted(described), "{schema}");
    }
}
