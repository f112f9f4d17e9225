//! The desks now: who may look, and what is shown.

use super::*;
use crate::board::{Board, DayHours, DeskLine, Doing, Stretch, Today};

fn line(desk: &str, doing: Doing) -> DeskLine {
    DeskLine {
        desk: desk.to_owned(),
        staff: Some(format!("9{desk}")),
        groups: vec!["forest".to_owned()],
        doing,
        since: Some(now().plus_millis(-65_000)),
        reason: (doing == Doing::Break).then(|| "<b>午餐".to_owned()),
        call: (doing == Doing::Talking).then(|| seed::id(2).0),
        troubles: Vec::new(),
    }
}

impl Centre {
    /// The same house, whose desks do this.
    fn with_board(mut self, board: Board) -> Self {
        let options = Options {
            centre: "centre".to_owned(),
            behind_tls: false,
            meter: Meter::detached(),
            troubles: Arc::new(Vec::new),
            board: {
                let board = Arc::new(board);
                Arc::new(move || Arc::clone(&board))
            },
            example: false,
            calls_out: None,
            consoles: None,
            supervisions: None,
        };
        let archive = Archive::new(self._folder.path().join("recordings"));
        self.router = doors::router(Web::new(self.engine.clone(), archive, options));
        self
    }
}

#[tokio::test]
async fn a_supervisor_sees_what_each_desk_does_and_who_waits() {
    let centre = Centre::busy().await.with_board(Board {
        taken_at: Some(now()),
        desks: vec![
            line("8001", Doing::Talking),
            line("8002", Doing::Break),
            line("8003", Doing::NotAnswering),
        ],
        waiting: 7,
        longest_since: Some(now().plus_millis(-125_000)),
        promised: 3,
        today: vec![Today {
            day: "2026-02-16".parse().unwrap(),
            kind: DayHours::HalfDay,
            open: vec![Stretch {
                from_min: 510,
                until_min: 720,
            }],
            is_open: true,
            until_min: Some(720),
            name: Some("<b>除夕".to_owned()),
            dialplan: None,
        }],
    });
    for (address, part) in [("/board", false), ("/board/now", true)] {
        let page = centre.get(address, Who::LoggedIn).await.text();
        assert_eq!(page.starts_with("<!doctype html>"), !part, "{page}");
        for shown in [
            "<dt>排队等候</dt><dd>7</dd>",
            "<dt>待回电</dt><dd>3</dd>",
            "<dt>通话中</dt><dd>1</dd>",
            "<dt>空闲</dt><dd>0</dd>",
            "<th scope=\"row\">8001</th><td>98001</td><td>forest</td>",
            "今日服务时间 <strong>08:30-12:00</strong> 开放至 12:00 <small>半天 · &#60;b&#62;除夕</small>",
            "小休：&#60;b&#62;午餐",
            "多次未接",
            &format!("href=\"/calls/{}\"", seed::id(2).0),
        ] {
            assert!(page.contains(shown), "{address} has no {shown}: {page}");
        }
        // Two minutes and some: the machine that runs this may be slow.
        assert!(page.contains("<dt>最长等候</dt><dd>2:"), "{page}");
    }
    let api = centre.get("/api/v1/board", Who::Token).await.json();
    assert_eq!(api["waiting"], 7);
    assert_eq!(api["today"][0]["kind"], "half_day");
    assert_eq!(api["today"][0]["hours"][0], "08:30-12:00");
    assert_eq!(api["today"][0]["until"], "12:00");
    assert_eq!(api["desks"][0]["doing"], "talking");
    assert_eq!(api["desks"][1]["reason"], "<b>午餐");
    assert_eq!(api["lately"]["wanted"], 0, "the calls of the seed are old");
}

#[tokio::test]
async fn before_the_telephone_has_started_the_board_says_so() {
    let centre = Centre::busy().await;
    let page = centre.get("/board", Who::LoggedIn).await.text();
    assert!(page.contains("话务尚未启动"), "{page}");
    let api = centre.get("/api/v1/board", Who::Token).await.json();
    assert_eq!(api["taken_at"], Value::Null);
}

#[tokio::test]
async fn no_agent_and_no_unit_sees_the_board() {
    let centre = Centre::busy().await;
    for (role, unit) in [(Role::Agent, "centre"), (Role::CentreOfficer, "centre")] {
        let cookie = centre.cookie_of(role.word(), &[(role, unit)]).await;
        for address in ["/board", "/board/now", "/api/v1/board"] {
            let request = Request::get(address).header(header::COOKIE, &cookie);
            let answer = centre.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{address} {role:?}");
        }
        let request = Request::get("/").header(header::COOKIE, &cookie);
        let home = centre.send(request.body(Body::empty()).unwrap()).await;
        assert!(!home.text().contains("href=\"/board\""), "{role:?}");
    }
}

#[tokio::test]
async fn a_call_is_supervised_by_a_form_with_a_reason_and_by_supervisors_alone() {
    let centre = Centre::busy().await.with_board(Board {
        taken_at: Some(now()),
        desks: vec![line("8001", Doing::Talking)],
        ..Board::default()
    });
    let call = seed::id(2).0;
    let form = format!("/board/supervise?call={call}");
    let board = centre.get("/board/now", Who::LoggedIn).await.text();
    assert!(board.contains(&format!("href=\"{form}\"")), "{board}");
    let page = centre.get(&form, Who::LoggedIn).await.text();
    for shown in [
        "监听通话",
        &format!("value=\"{call}\""),
        "耳语：只有坐席听得到您",
        "minlength=\"4\"",
    ] {
        assert!(page.contains(shown), "no {shown}: {page}");
    }
    let sent = |mode: &str, reason: &str| {
        let reason = params::encoded(reason);
        format!("call={call}&mode={mode}&reason={reason}")
    };
    let address = "/board/supervise";
    // The telephone of this house has no call: what was written is kept in the form.
    let none = centre
        .post(address, &centre.cookie, &sent("whisper", "新坐席，听一听"))
        .await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = none.text();
    assert!(page.contains("没有正在进行的这一通话"), "{page}");
    assert!(page.contains("新坐席，听一听</textarea>"), "{page}");
    assert!(page.contains("value=\"whisper\" selected"), "{page}");
    let strange = sent("record", "新坐席，听一听");
    let strange = centre.post(address, &centre.cookie, &strange).await;
    assert_eq!(strange.status, StatusCode::BAD_REQUEST);
    for role in [Role::Agent, Role::CentreOfficer, Role::CentreRevisitor] {
        let other = centre.cookie_of(role.word(), &[(role, "centre")]).await;
        let refused = centre
            .post(address, &other, &sent("listen", "听一听吧"))
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role:?}");
    }
}
