//! The doors from outside: requests to the whole router over an engine on a temporary file.

mod acts;
mod blocklist;
mod board;
mod desk;
mod errands;
mod examples;
mod figures;
mod intake;
mod lists;
mod login;
mod looks;
mod recordings;
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
            board: Arc::new(Arc::default),
            example: false,
            calls_out: None,
            consoles: None,
            supervisions: None,
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
        board: Arc::new(Arc::default),
        example: false,
        calls_out: None,
        consoles: None,
        supervisions: None,
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
