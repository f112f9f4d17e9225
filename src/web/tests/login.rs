//! Passwords, the one that is good once, forms from elsewhere, the language.

use super::*;

#[tokio::test]
async fn the_one_time_password_opens_nothing_but_the_page_for_a_new_one() {
    let centre = Centre::open().await;
    let form = format!(
        "name=admin&password={}&next=/tickets",
        params::encoded(&centre.one_time)
    );
    let answer = centre.post("/login", "", &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    assert_eq!(answer.header("location"), "/password");
    let set = answer.header("set-cookie").to_owned();
    assert!(
        set.contains("HttpOnly") && set.contains("SameSite=Lax"),
        "{set}"
    );
    let cookie = set.split(';').next().unwrap().to_owned();

    let request = |address: &str| {
        let request = centre.request(Method::GET, address, Who::Nobody);
        let request = request.header(header::COOKIE, &cookie);
        centre.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(request("/").await.header("location"), "/password");
    assert_eq!(request("/api/v1/calls").await.status, StatusCode::FORBIDDEN);

    let change = |new: &str, again: &str| {
        let old = params::encoded(&centre.one_time);
        let form = format!(
            "old={old}&new={}&again={}",
            params::encoded(new),
            params::encoded(again)
        );
        let (centre, cookie) = (&centre, &cookie);
        async move { centre.post("/password", cookie, &form).await }
    };
    let short = change("short", "short").await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(short.text().contains("不足 12 个字符"));
    assert!(
        change(PASSWORD, "another sentence")
            .await
            .text()
            .contains("不一致")
    );
    assert_eq!(change(PASSWORD, PASSWORD).await.header("location"), "/");
    assert_eq!(request("/").await.status, StatusCode::OK);

    let out = centre.post("/logout", &cookie, "").await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(request("/").await.header("location"), "/login");
}

#[tokio::test]
async fn after_five_failures_even_the_right_password_is_refused_with_the_same_words() {
    let centre = Centre::open().await;
    let mut texts = Vec::new();
    for _ in 0..5 {
        let answer = centre.post("/login", "", "name=admin&password=wrong").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        texts.push(answer.text());
    }
    let form = format!("name=admin&password={}", params::encoded(&centre.one_time));
    let locked = centre.post("/login", "", &form).await;
    assert_eq!(locked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(locked.text(), texts[0]);
    assert!(locked.text().contains("锁定 15 分钟"));
    assert_eq!(locked.header("set-cookie"), "");
}

#[tokio::test]
async fn a_form_sent_from_another_site_does_nothing() {
    let centre = Centre::busy().await;
    let request = centre
        .request(Method::POST, "/logout", Who::LoggedIn)
        .header("sec-fetch-site", "cross-site")
        .header("origin", "https://elsewhere.example")
        .body(Body::empty())
        .unwrap();
    assert_eq!(centre.send(request).await.status, StatusCode::FORBIDDEN);
    assert_eq!(centre.get("/", Who::LoggedIn).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_language_is_chinese_until_another_is_chosen_and_the_choice_is_remembered() {
    let centre = Centre::open().await;
    let first = centre.get("/login", Who::Nobody).await.text();
    assert!(first.contains("<html lang=\"zh-CN\">") && first.contains("登录"));
    let chosen = centre
        .post("/language", "", "language=en&next=/login")
        .await;
    assert_eq!(chosen.header("location"), "/login");
    let cookie = chosen
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let request = centre
        .request(Method::GET, "/login", Who::Nobody)
        .header(header::COOKIE, cookie);
    let second = centre
        .send(request.body(Body::empty()).unwrap())
        .await
        .text();
    assert!(second.contains("<html lang=\"en\">") && second.contains("Log in"));
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused() {
    let centre = Centre::open().await;
    let form = format!("name=admin&password={}", "x".repeat(20_000));
    let answer = centre.post("/login", "", &form).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}
