//! Every address: whom it lets in, its headers, what it masks and how much it sends.

use super::*;

/// Whether the matrix grants the door's action to any scope.
fn of_programs(door: &doors::Door) -> bool {
    door.action
        .is_some_and(|action| !action.line().programs.is_empty())
}

/// The table of doors × {nobody, a login, a token}, each with what it must answer.
#[tokio::test]
async fn every_address_lets_in_whom_its_line_names_and_nobody_else() {
    let centre = Centre::busy().await;
    let ticket = centre.bad_ticket().await;
    let ratings = centre.get("/api/v1/ratings", Who::Token).await.json();
    let rating = ratings["items"][0]["id"].as_str().unwrap().to_owned();
    for door in doors::table()
        .into_iter()
        .filter(|door| door.method == Method::GET)
    {
        let address = existing(door.path, &ticket, &rating);
        for who in [Who::Nobody, Who::LoggedIn, Who::Token] {
            let wanted = match (door.access, who) {
                (Access::Open, _) => StatusCode::OK,
                // Opened by the script of a page, which tells its origin.
                (Access::Page, Who::LoggedIn) if door.path == "/desk/line" => StatusCode::FORBIDDEN,
                (Access::Page | Access::NewPassword, Who::LoggedIn) => StatusCode::OK,
                (Access::Page | Access::NewPassword, _) => StatusCode::SEE_OTHER,
                (Access::Api, Who::Nobody) => StatusCode::UNAUTHORIZED,
                (Access::Api, Who::Token) if !of_programs(&door) => StatusCode::FORBIDDEN,
                // Nobody is listed here.
                (Access::Api, _) if door.path == "/api/v1/listings/{id}" => StatusCode::NOT_FOUND,
                (Access::Api, _) => StatusCode::OK,
                (Access::Machine, Who::Token) => StatusCode::OK,
                (Access::Machine, _) => StatusCode::UNAUTHORIZED,
            };
            let answer = centre.get(&address, who).await;
            assert_eq!(
                answer.status,
                wanted,
                "{address} for {who:?}: {}",
                answer.text()
            );
            if wanted == StatusCode::SEE_OTHER {
                assert!(answer.header("location").starts_with("/login"), "{address}");
            }
            if wanted == StatusCode::UNAUTHORIZED {
                assert!(
                    answer.header("www-authenticate").starts_with("Bearer"),
                    "{address}"
                );
            }
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_no_page_has_anything_inline() {
    let centre = Centre::busy().await;
    let ticket = centre.bad_ticket().await;
    let pages = [
        "/login".to_owned(),
        "/".to_owned(),
        "/calls".to_owned(),
        format!("/calls/{}", seed::id(2).0),
        "/ratings".to_owned(),
        "/tickets".to_owned(),
        format!("/tickets/{ticket}"),
        "/password".to_owned(),
        "/nowhere".to_owned(),
        "/desk".to_owned(),
        "/calls?from=yesterday".to_owned(),
    ];
    for address in pages {
        let answer = centre.get(&address, Who::LoggedIn).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{address}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{address}");
        assert!(!policy.contains("unsafe"), "{address}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        let microphone = answer
            .header("permissions-policy")
            .contains("microphone=(self)");
        assert_eq!(microphone, address == "/desk", "{address}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let page = answer.text();
        assert!(page.starts_with("<!doctype html>"), "{address}: {page}");
        for inline in [
            " style=",
            "<style",
            " onclick",
            " onload",
            "javascript:",
            "<script>",
        ] {
            assert!(!page.contains(inline), "{address} has {inline}");
        }
        assert!(page.len() < 60_000, "{address} has {} bytes", page.len());
    }
}

#[tokio::test]
async fn what_a_phone_sent_is_shown_as_text() {
    let centre = Centre::busy().await;
    let address = format!("/calls/{}", seed::id(2).0);
    let page = centre.get(&address, Who::LoggedIn).await.text();
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(
        page.contains("&#60;script&#62;alert(1)"),
        "the callee stands there, escaped"
    );
    let wrong = centre
        .get(
            "/calls?from=%3Cscript%3Ealert(1)%3C/script%3E",
            Who::LoggedIn,
        )
        .await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(!wrong.text().contains("<script>alert"));
}

#[tokio::test]
async fn pages_and_api_mask_every_caller() {
    let centre = Centre::busy().await;
    let ticket = centre.bad_ticket().await;
    let call = seed::id(1).0;
    for address in [
        "/".to_owned(),
        "/calls".to_owned(),
        format!("/calls/{call}"),
        "/tickets".to_owned(),
        format!("/tickets/{ticket}"),
        "/api/v1/calls".to_owned(),
        format!("/api/v1/calls/{call}"),
        format!("/api/v1/tickets/{ticket}"),
    ] {
        let text = centre.get(&address, Who::LoggedIn).await.text();
        for number in ["13800138000", "13912345678", "01065001234"] {
            assert!(!text.contains(number), "{address} tells {number}");
        }
    }
}

#[tokio::test]
async fn pages_and_answers_go_packed_and_sound_never_does() {
    let centre = Centre::busy().await;
    let packed = |address: String, range: Option<&'static str>| {
        let mut request = centre
            .request(Method::GET, &address, Who::LoggedIn)
            .header(header::ACCEPT_ENCODING, "gzip, deflate, br");
        if let Some(range) = range {
            request = request.header(header::RANGE, range);
        }
        centre.send(request.body(Body::empty()).unwrap())
    };
    let call = seed::id(1).0;
    for address in [
        "/".to_owned(),
        format!("/calls/{call}"),
        format!("/api/v1/calls/{call}"),
        assets::address("app.css"),
        assets::address("player.js"),
        assets::address("vendor/turbo-8.0.23.js"),
    ] {
        let answer = packed(address.clone(), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}");
        assert_eq!(answer.header("content-encoding"), "gzip", "{address}");
        assert!(
            answer
                .header("vary")
                .to_lowercase()
                .contains("accept-encoding")
        );
        assert!(answer.body.starts_with(&[0x1f, 0x8b]), "{address}");
    }
    for (name, range) in [
        ("recording", None),
        ("recording", Some("bytes=0-99999")),
        ("clips/remark", None),
    ] {
        let answer = packed(format!("/api/v1/calls/{call}/{name}"), range).await;
        assert_eq!(answer.header("content-encoding"), "", "{name}");
        assert_eq!(answer.header("accept-ranges"), "bytes", "{name}");
        assert_eq!(
            answer.header("content-length"),
            answer.body.len().to_string()
        );
    }
    let plain = centre.get("/", Who::LoggedIn).await;
    assert_eq!(plain.header("content-encoding"), "");
}

/// The budget of a first staff page is 100 kB packed, with everything it loads.
#[tokio::test]
async fn a_first_page_with_all_it_loads_stays_within_its_budget() {
    let centre = Centre::busy().await;
    let page = format!("/calls/{}", seed::id(1).0);
    let mut sum = 0;
    for address in [
        page,
        assets::address("app.css"),
        assets::address("app.js"),
        assets::address("player.js"),
        assets::address("icon.svg"),
        assets::address("vendor/turbo-8.0.23.js"),
    ] {
        let request = centre
            .request(Method::GET, &address, Who::LoggedIn)
            .header(header::ACCEPT_ENCODING, "gzip");
        let answer = centre.send(request.body(Body::empty()).unwrap()).await;
        sum += answer.body.len();
    }
    assert!(sum < 60_000, "{sum} bytes");
}
