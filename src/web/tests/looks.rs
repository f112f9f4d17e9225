//! Who may see a number or hear a recording, on what ground, and what is on record of it.

use super::*;

struct Somebody<'a> {
    centre: &'a Centre,
    cookie: String,
}

impl Centre {
    async fn somebody(&self, name: &str, role: Role, unit: &str) -> Somebody<'_> {
        let cookie = self.cookie_of(name, &[(role, unit)]).await;
        Somebody {
            centre: self,
            cookie,
        }
    }
}

impl Somebody<'_> {
    async fn get(&self, address: &str) -> Answer {
        let request = Request::get(address).header(header::COOKIE, &self.cookie);
        self.centre.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, address: &str, body: serde_json::Value) -> Answer {
        let request = Request::post(address)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/json");
        let body = Body::from(body.to_string());
        self.centre.send(request.body(body).unwrap()).await
    }

    /// Asks for a look at the call of the ticket, with that ticket and a reason.
    async fn ask(&self, sight: &str) -> Answer {
        let ticket = self.centre.bad_ticket().await;
        let body = serde_json::json!({"sight": sight, "ticket": ticket, "reason": "核实差评"});
        self.post(&format!("/api/v1/calls/{}/looks", seed::id(1).0), body)
            .await
    }
}

fn recording() -> String {
    format!("/api/v1/calls/{}/recording", seed::id(1).0)
}

#[tokio::test]
async fn a_recording_is_heard_only_with_a_ground_and_a_reason_and_all_of_it_is_on_record() {
    let centre = Centre::busy().await;
    let officer = centre
        .somebody("li.na", Role::CentreOfficer, "centre")
        .await;
    let before = officer.get(&recording()).await;
    assert_eq!(before.status, StatusCode::FORBIDDEN);
    assert_eq!(before.json()["type"], "urn:gradeline:problem:look_first");
    let call = seed::id(1).0;
    let page = officer.get(&format!("/calls/{call}")).await.text();
    assert!(
        !page.contains("<audio") && page.contains("申请调阅"),
        "{page}"
    );

    let looks = format!("/api/v1/calls/{call}/looks");
    for (body, why) in [
        (
            serde_json::json!({"sight": "recording", "reason": "核实差评"}),
            "caller's own request",
        ),
        (
            serde_json::json!({"sight": "recording", "ticket": "T2026-000001", "reason": "看"}),
            "4 characters",
        ),
        (
            serde_json::json!({"sight": "recording", "ticket": "T2026-999999", "reason": "核实差评"}),
            "no ticket",
        ),
        (
            serde_json::json!({"sight": "download", "ticket": "T2026-000001", "reason": "核实差评"}),
            "office_clerk",
        ),
    ] {
        let refused = officer.post(&looks, body.clone()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{body}");
        let detail = refused.json()["detail"].to_string();
        assert!(detail.contains(why), "{body}: {detail}");
    }
    let other = format!("/api/v1/calls/{}/looks", seed::id(0).0);
    let body =
        serde_json::json!({"sight": "recording", "ticket": "T2026-000001", "reason": "核实差评"});
    let elsewhere = officer.post(&other, body).await;
    assert_eq!(
        elsewhere.status,
        StatusCode::FORBIDDEN,
        "the ticket is of another call"
    );

    assert_eq!(officer.ask("recording").await.json()["verdict"], "granted");
    assert_eq!(officer.get(&recording()).await.status, StatusCode::OK);
    let page = officer.get(&format!("/calls/{call}")).await.text();
    assert!(page.contains("<audio"), "{page}");

    let listed = centre
        .get(&format!("/api/v1/looks?call={call}"), Who::LoggedIn)
        .await
        .json();
    let verdicts: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|look| look["asker"] == "li.na")
        .map(|look| look["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts,
        ["granted", "refused", "refused", "refused", "refused"]
    );
    let hers = officer.get("/api/v1/looks").await;
    assert_eq!(
        hers.status,
        StatusCode::FORBIDDEN,
        "who looked is not everybody's to see"
    );
}

#[tokio::test]
async fn a_number_is_shown_whole_to_whom_a_look_was_granted_and_masked_to_all_others() {
    let centre = Centre::busy().await;
    let call = format!("/calls/{}", seed::id(1).0);
    let officer = centre.somebody("li", Role::CentreOfficer, "centre").await;
    assert!(!officer.get(&call).await.text().contains("13912345678"));
    let granted = officer.ask("identity").await.json();
    assert_eq!(granted["number"], "13912345678");
    assert!(officer.get(&call).await.text().contains("13912345678"));
    let others = centre.get(&call, Who::LoggedIn).await.text();
    assert!(!others.contains("13912345678"), "another one's look");
    let by_api = officer.get(&format!("/api/v1{call}")).await.text();
    assert!(
        !by_api.contains("13912345678"),
        "the API's calls stay masked"
    );

    for (name, role, unit) in [
        ("clerk", Role::OfficeClerk, "general_office"),
        ("auditor", Role::Auditor, "centre"),
    ] {
        let masked = centre.somebody(name, role, unit).await;
        let refused = masked.ask("identity").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name}");
        assert!(!masked.get(&call).await.text().contains("13912345678"));
    }
}

#[tokio::test]
async fn a_recording_is_downloaded_when_another_one_has_agreed() {
    let centre = Centre::busy().await;
    let clerk = centre
        .somebody("clerk", Role::OfficeClerk, "general_office")
        .await;
    let supervisor = centre
        .somebody("zhao", Role::CentreSupervisor, "centre")
        .await;
    let officer = centre.somebody("li", Role::CentreOfficer, "centre").await;
    let file = format!("{}?download=true", recording());
    let asked = clerk.ask("download").await.json();
    assert_eq!(asked["verdict"], "pending");
    assert_eq!(clerk.get(&file).await.status, StatusCode::FORBIDDEN);
    let waiting = supervisor.get("/api/v1/looks?waiting=true").await.json();
    assert_eq!(waiting["items"].as_array().unwrap().len(), 1);

    let answer = format!("/api/v1/looks/{}/answer", asked["id"]);
    let yes = serde_json::json!({"agreed": true, "note": "上级调取"});
    let own = clerk.post(&answer, yes.clone()).await;
    assert_eq!(own.status, StatusCode::FORBIDDEN);
    assert!(own.json()["detail"].as_str().unwrap().contains("himself"));
    let not_his = officer.post(&answer, yes.clone()).await;
    assert_eq!(not_his.status, StatusCode::FORBIDDEN);
    let agreed = supervisor.post(&answer, yes.clone()).await;
    assert_eq!(agreed.json()["answer"]["second"], "zhao");
    let again = supervisor.post(&answer, yes).await;
    assert_eq!(again.status, StatusCode::CONFLICT);

    let got = clerk.get(&file).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(got.header("content-disposition").starts_with("attachment"));
    // A file of one's own is another look than hearing it.
    assert_eq!(clerk.get(&recording()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(supervisor.get(&file).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_form_of_a_calls_page_asks_as_the_api_does() {
    let centre = Centre::busy().await;
    let revisitor = centre
        .somebody("sun", Role::CentreRevisitor, "centre")
        .await;
    let (call, ticket) = (
        format!("/calls/{}", seed::id(1).0),
        centre.bad_ticket().await,
    );
    let form = |reason: &str| {
        let reason = params::encoded(reason);
        format!("sight=recording&ticket={ticket}&reason={reason}")
    };
    let send = async |form: String| {
        centre
            .post(&format!("{call}/looks"), &revisitor.cookie, &form)
            .await
    };
    let refused = send(form("x")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text().contains("须写明事由"), "{}", refused.text());
    let granted = send(form("回访前听录音")).await;
    assert_eq!(granted.status, StatusCode::SEE_OTHER);
    assert_eq!(granted.header("location"), call);
    assert!(revisitor.get(&call).await.text().contains("<audio"));
}

#[tokio::test]
async fn a_rehearsal_is_heard_without_asking_and_an_auditor_hears_nothing() {
    let centre = Centre::busy().await;
    let keeper = centre
        .somebody("keeper", Role::Administrator, "centre")
        .await;
    let auditor = centre.somebody("auditor", Role::Auditor, "centre").await;
    let rehearsal = format!("/api/v1/calls/{}/recording", seed::id(3).0);
    assert_eq!(keeper.get(&rehearsal).await.status, StatusCode::OK);
    assert_eq!(keeper.get(&recording()).await.status, StatusCode::FORBIDDEN);
    for address in [rehearsal, recording()] {
        let refused = auditor.get(&address).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{address}");
    }
    let looks = auditor.get("/api/v1/looks").await;
    assert_eq!(
        looks.status,
        StatusCode::OK,
        "who looked is the auditor's to see"
    );
}
