use tokio_util::sync::CancellationToken;

use super::*;
use crate::domain::Calendar;
use crate::registrar::{Contact, HOST, shown_at_host};
use crate::store::testing::{Place, stories};

stories![
    what_is_registered_is_there_after_a_restart,
    a_new_password_and_a_removed_account_end_a_registration,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn engine(place: &Place) -> Engine {
    let text = include_str!("../../calendars/2026.toml");
    let calendar = Calendar::from_texts(&[("calendars/2026.toml", text)]).unwrap();
    Engine::start(place.open().await, calendar)
}

/// A location service that is kept, and how to end that.
struct Kept {
    location: Location,
    closing: CancellationToken,
    keeping: tokio::task::JoinHandle<()>,
}

impl Kept {
    async fn open(engine: &Engine) -> Kept {
        let location = Location::open(engine, Settings::default()).await.unwrap();
        let closing = CancellationToken::new();
        let keeping = tokio::spawn(location.clone().keep(engine.clone(), closing.clone()));
        Kept {
            location,
            closing,
            keeping,
        }
    }

    async fn close(self) {
        self.closing.cancel();
        self.keeping.await.unwrap();
    }

    /// Waits until the account is registered, or is not.
    async fn becomes(&self, account: &str, registered: bool) {
        let mut changes = self.location.changes();
        let seen = async {
            while self.location.is_registered(account) != registered {
                changes.changed().await.unwrap();
            }
        };
        let bound = Duration::from_secs(60);
        tokio::time::timeout(bound, seen).await.expect("in time");
    }
}

fn register(location: &Location, password: &str, cseq: u32) -> Answer {
    let ask = |authorization: Vec<&str>| {
        let request = Request {
            source: "192.0.2.7:5061".parse().unwrap(),
            carrier: Carrier::Tcp,
            uri: HOST,
            account: "8001".into(),
            call_id: "one",
            cseq,
            via: "SIP/2.0/TCP 192.0.2.7;branch=z9hG4bK1",
            authorization,
            md5_only: false,
            path: vec![
                "<sip:edge.example;lr>".into(),
                "<sip:core.example;lr>".into(),
            ],
            contacts: vec![Contact {
                uri: "sip:8001@10.0.0.7:5061;transport=tcp",
                q: Some("0.5"),
                instance: Some("\"<urn:uuid:1>\""),
                reg_id: Some("1"),
                ..Contact::default()
            }],
            expires: Some("600"),
        };
        location.register(&request, instant())
    };
    let asked = ask(Vec::new());
    let challenge = &asked.headers[0].1;
    let nonce = challenge.split("nonce=\"").nth(1).unwrap();
    let nonce = nonce.split('"').next().unwrap();
    ask(vec![&shown_at_host("8001", password, nonce, 1)])
}

const PASSWORD: &str = "first";

async fn add(engine: &Engine) {
    let ha1s = Ha1s::of("8001", PASSWORD);
    let row = DeskAccountRow {
        name: "8001".into(),
        staff: None,
        ha1_sha256: ha1s.sha256,
        ha1_md5: ha1s.md5,
        created_at: moment(),
    };
    let mut tx = engine.write().await.unwrap();
    tx.insert_desk_account(&row).await.unwrap();
    tx.commit().await.unwrap();
}

async fn what_is_registered_is_there_after_a_restart(place: Place) {
    let engine = engine(&place).await;
    add(&engine).await;
    let kept = Kept::open(&engine).await;
    assert_eq!(register(&kept.location, PASSWORD, 1).status, 200);
    let ways = kept.location.ways_to("8001");
    assert_eq!(ways.len(), 1);
    assert_eq!(ways[0].peer.to_string(), "192.0.2.7:5061");
    kept.close().await;
    let again = Location::open(&engine, Settings::default()).await.unwrap();
    assert_eq!(again.ways_to("8001"), ways);
    // It goes on where it was: an older request is one still.
    assert_eq!(register(&again, PASSWORD, 1).status, 500);
    assert_eq!(register(&again, PASSWORD, 2).status, 200);
    engine.close().await.unwrap();
}

async fn a_new_password_and_a_removed_account_end_a_registration(place: Place) {
    let engine = engine(&place).await;
    add(&engine).await;
    let kept = Kept::open(&engine).await;
    assert_eq!(register(&kept.location, PASSWORD, 1).status, 200);
    let second = Ha1s::of("8001", "second");
    let mut tx = engine.write().await.unwrap();
    tx.set_desk_password("8001", &second.sha256, &second.md5, moment())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    kept.becomes("8001", false).await;
    assert_eq!(register(&kept.location, PASSWORD, 2).status, 401);
    assert_eq!(register(&kept.location, "second", 3).status, 200);
    let mut tx = engine.write().await.unwrap();
    assert!(tx.delete_desk_account("8001").await.unwrap());
    tx.commit().await.unwrap();
    kept.becomes("8001", false).await;
    assert_eq!(register(&kept.location, "second", 4).status, 401);
    kept.close().await;
    let left = engine.read().await.unwrap().desk_bindings().await.unwrap();
    assert!(left.is_empty(), "{left:?}");
    engine.close().await.unwrap();
}
