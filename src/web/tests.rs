//! The doors from outside: requests to the whole router over an engine on a temporary file.

mod acts;
mod blocklist;
mod board;
mod desk;
mod edge;
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
mod serving;

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
