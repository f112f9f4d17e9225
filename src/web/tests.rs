//! The doors from outside: requests to the whole router over an engine on a temporary file.

mod acts;
mod blocklist;
mod examples;
mod figures;
mod intake;
mod looks;
mod rights;
mod seed;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt;

use super::doors::{self, Access, Peer};
use super::*;
use crate::archive::Archive;
use crate::bulletins::NewBulletin;
use crate::domain::{Grade, Moment};
use crate::domain::{Hand, Post, Role, UnitId};
use crate::engine::Engine;
use crate::figures::{Period, TypicalCase};
use crate::rights::{Scope, Tenure};
use crate::staff::{By, LoginAnswer, NewAccount, Person};

const PASSWORD: &str = "a sentence nobody guesses";

struct Centre {
    router: Router,
    engine: Engine,
    /// The cookie of somebody with a password of his own.
    cookie: String,
    token: String,
    one_time: String,
    _folder: tempfile::TempDir,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Nobody,
    LoggedIn,
    Token,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Centre {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = seed::engine(folder.path()).await;
        let one_time = engine.ensure_administrator(now()).await.unwrap().unwrap();
        let token = engine
            .create_token("test", &Scope::ALL, now())
            .await
            .unwrap();
        let options = Options {
            centre: "林草局政务服务中心".to_owned(),
            behind_tls: false,
            meter: Meter::detached(),
            troubles: Arc::new(Vec::new),
            example: false,
        };
        let archive = Archive::new(folder.path().join("recordings"));
        let web = Web::new(engine.clone(), archive, options);
        Centre {
            router: doors::router(web),
            engine,
            cookie: String::new(),
            token,
            one_time,
            _folder: folder,
        }
    }

    /// With rows, and somebody logged in.
    async fn busy() -> Self {
        let mut centre = Centre::open().await;
        let archive = Archive::new(centre._folder.path().join("recordings"));
        let start = "2026-09-18T10:00:00+08:00".parse().unwrap();
        seed::morning(&centre.engine, &archive, start).await;
        centre.cookie = centre
            .cookie_of(
                "wang",
                &[
                    (Role::CentreOfficer, "centre"),
                    (Role::CentreSupervisor, "centre"),
                ],
            )
            .await;
        centre.register("SQ-1", None).await;
        centre.issue_bulletin().await;
        // Both have a ground to hear the call of the ticket.
        for who in [Who::LoggedIn, Who::Token] {
            centre.look(&seed::id(1).0, who).await;
        }
        centre
    }

    /// September's, by three who hold posts for as long as it takes.
    async fn issue_bulletin(&self) {
        let clerk = NewAccount {
            name: "office.clerk".to_owned(),
            ..NewAccount::default()
        };
        let added = self
            .engine
            .add_person(&clerk, &By::CommandLine, now())
            .await;
        added.unwrap();
        let accounts = self.engine.people().await.unwrap();
        let mut hands = [
            (Role::OfficeClerk, "general_office"),
            (Role::CentreSupervisor, "centre"),
            (Role::OfficeSigner, "general_office"),
        ]
        .into_iter()
        .zip(accounts)
        .map(|((role, unit), account)| Person {
            id: account.id.clone(),
            name: account.name,
            full_name: String::new(),
            must_change_password: false,
            hand: Hand {
                person: account.id,
                staff: None,
                posts: vec![Post {
                    role,
                    unit: UnitId(unit.to_owned()),
                }],
            },
        });
        let mut next = || hands.next().unwrap();
        let month = Period::Month(2026, 9);
        let new = NewBulletin {
            cases: vec![TypicalCase {
                ticket: "T2026-000001".to_owned(),
                problem: "没有一次告知".to_owned(),
                measure: "改了办事指南".to_owned(),
                outcome: "再次评价为满意".to_owned(),
            }],
            ..NewBulletin::default()
        };
        let engine = &self.engine;
        let drafted = engine.draft_bulletin(month, new, &next(), now()).await;
        let digest = drafted.unwrap().digest;
        let reviewed = engine.review_bulletin(month, &digest, &next(), now()).await;
        reviewed.unwrap();
        let issued = engine.issue_bulletin(month, &digest, &next(), now()).await;
        issued.unwrap();
    }

    /// A matter of the Centre's own.
    async fn register(&self, number: &str, completed_at: Option<Moment>) {
        let matter = crate::channels::Matter {
            number: number.to_owned(),
            item: "lq-001".to_owned(),
            item_name: "林木采伐许可".to_owned(),
            unit: UnitId::centre(),
            applicants: Default::default(),
            completed_at,
            rehearsal: false,
        };
        let registered = self.engine.register_matter(&matter, "test", now()).await;
        registered.unwrap();
    }

    /// Asks to hear the call of a ticket, and is let.
    async fn look(&self, call: &str, who: Who) {
        let ticket = self.bad_ticket().await;
        let body = format!(r#"{{"sight":"recording","ticket":"{ticket}","reason":"核实差评"}}"#);
        let address = format!("/api/v1/calls/{call}/looks");
        let request = self.request(Method::POST, &address, who);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let answer = self.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.json()["verdict"], "granted");
    }

    /// Makes somebody with these posts and a password of his own; the cookie of his login.
    async fn cookie_of(&self, name: &str, posts: &[(Role, &str)]) -> String {
        let (by, new) = (By::CommandLine, NewAccount::default());
        let new = NewAccount {
            name: name.to_owned(),
            ..new
        };
        let added = self.engine.add_person(&new, &by, now()).await;
        let (person, password) = added.unwrap();
        for (role, unit) in posts {
            let tenure = Tenure {
                post: Post {
                    role: *role,
                    unit: UnitId((*unit).to_owned()),
                },
                seconded_from: None,
                from: now().day(),
                until: None,
            };
            let granted = self.engine.grant_post(&person, &tenure, &by, now()).await;
            granted.unwrap();
        }
        let answer = self.engine.log_in(name, &password, now()).await.unwrap();
        let LoginAnswer::In(login) = answer else {
            panic!("the one-time password lets in");
        };
        let changed = self
            .engine
            .change_password(&login.secret, &password, PASSWORD, now());
        changed.await.unwrap();
        format!("gradeline-login={}", login.secret)
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, 8 << 20).await.unwrap().to_vec(),
        }
    }

    async fn get(&self, address: &str, who: Who) -> Answer {
        self.send(
            self.request(Method::GET, address, who)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    fn request(&self, method: Method, address: &str, who: Who) -> axum::http::request::Builder {
        let request = Request::builder()
            .method(method)
            .uri(address)
            .header(header::HOST, "127.0.0.1:8080")
            .extension(Peer("192.0.2.9:40000".parse().unwrap()));
        match who {
            Who::Nobody => request,
            Who::LoggedIn => request.header(header::COOKIE, &self.cookie),
            Who::Token => request.header(header::AUTHORIZATION, format!("Bearer {}", self.token)),
        }
    }

    async fn post(&self, address: &str, cookie: &str, form: &str) -> Answer {
        let request = self
            .request(Method::POST, address, Who::Nobody)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.send(request).await
    }

    async fn bad_ticket(&self) -> String {
        let list = self
            .get("/api/v1/tickets?rehearsal=false", Who::Token)
            .await
            .json();
        list["items"][0]["number"].as_str().unwrap().to_owned()
    }
}

fn existing(path: &str, ticket: &str, rating: &str) -> String {
    path.replace("{digest}/{*name}", "x/app.css")
        .replace("/bulletins/{id}", "/bulletins/2026-09")
        .replace("/tickets/{id}", &format!("/tickets/{ticket}"))
        .replace("/ratings/{id}", &format!("/ratings/{rating}"))
        .replace("{id}", &seed::id(1).0)
        .replace("{kind}", "remark")
        .replace("{number}", "SQ-1")
}

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

#[tokio::test]
async fn health_fails_and_says_why_when_the_database_is_gone() {
    let centre = Centre::open().await;
    let well = centre.get("/healthz", Who::Nobody).await;
    assert_eq!(
        (well.status, well.text().as_str()),
        (StatusCode::OK, "ok\n")
    );
    std::fs::remove_file(centre._folder.path().join("rows.db")).unwrap();
    let ill = centre.get("/healthz", Who::Nobody).await;
    assert_eq!(ill.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ill.text(), "database\n");
}

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

#[tokio::test]
async fn metrics_are_for_this_machine_but_not_through_a_gateway() {
    let centre = Centre::open().await;
    let ask = |forwarded: bool| {
        let mut request = Request::builder()
            .uri("/metrics")
            .extension(Peer("127.0.0.1:40000".parse().unwrap()));
        if forwarded {
            request = request.header("x-forwarded-for", "192.0.2.9");
        }
        centre.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(ask(false).await.status, StatusCode::OK);
    assert_eq!(ask(true).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_server_answers_on_its_socket_and_ends_when_it_is_told() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let folder = tempfile::tempdir().unwrap();
    let engine = seed::engine(folder.path()).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = Options {
        centre: "centre".to_owned(),
        behind_tls: true,
        meter: Meter::detached(),
        troubles: Arc::new(Vec::new),
        example: false,
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let archive = Archive::new(folder.path());
    let served = tokio::spawn(serve(listener, engine, archive, options, async {
        let _ = stopped.await;
    }));
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("ok\n"), "{answer}");
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_panic_ends_one_answer_with_its_request_id_and_the_next_is_served() {
    async fn broken() -> &'static str {
        panic!("a broken invariant");
    }
    let router = Router::new()
        .route("/api/broken", axum::routing::get(broken))
        .route("/whole", axum::routing::get(|| async { "whole" }))
        .layer(axum::middleware::from_fn(guard::stand));
    let ask = async |address: &str| {
        let request = Request::get(address).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    };
    let answer = ask("/api/broken").await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let id = answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let body = to_bytes(answer.into_body(), 1 << 16).await.unwrap();
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["request_id"], id);
    assert!(
        !problem.to_string().contains("invariant"),
        "its inside stays inside"
    );
    assert_eq!(ask("/whole").await.status(), StatusCode::OK);
}
