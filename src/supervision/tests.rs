use std::path::Path;
use std::time::Duration;

use super::*;
use crate::console::{FromPage, Post, ToPage};
use crate::domain::Calendar;
use crate::engine::{NewCall, Numbers, Sound};
use crate::media::{Settings, Srtp};

const CALL: &str = "20260918-160000-aaaaaa";
const REASON: &str = "新坐席第一天，听一听";

async fn engine(folder: &Path) -> Engine {
    let text = include_str!("../../calendars/2026.toml");
    let calendar = Calendar::from_texts(&[("calendars/2026.toml", text)]).unwrap();
    let url = format!("sqlite:{}/gradeline.db", folder.display());
    let engine = Engine::open(&url, calendar).await.unwrap();
    let call = NewCall {
        id: CallId(CALL.to_owned()),
        sip_call_id: "one@trunk".to_owned(),
        caller: Some("13800000000".to_owned()),
        callee: "consult".to_owned(),
        source: "127.0.0.1:5080".to_owned(),
        started_at: at(),
        dialplan: "consultation".to_owned(),
        dialplan_digest: "d1".to_owned(),
        rehearsal: false,
    };
    engine.open_call(call).await.unwrap();
    engine
}

fn at() -> Moment {
    "2026-09-18T16:00:00+08:00".parse().unwrap()
}

fn consoles() -> Consoles {
    let post = Post {
        login: "wang".to_owned(),
        desk: "8009".to_owned(),
        staff: Some("8009".to_owned()),
    };
    Consoles::new(vec![post], &[]).0
}

fn supervisions(engine: &Engine, consoles: &Consoles, first_port: u16) -> Supervisions {
    let media = Media::start(Settings {
        address: "127.0.0.1".parse().unwrap(),
        ports: first_port..=first_port + 19,
        threads: 1,
        rtp_timeout: Duration::from_secs(60),
        srtp: Srtp::Accept.into(),
        levels: Default::default(),
        learn_address: false,
        trunk_codecs: crate::media::Codecs::G711,
        desk_codecs: crate::media::Codecs::G711,
        browser_codecs: crate::media::Codecs::G711,
    });
    Supervisions::open(engine.clone(), media.unwrap(), Some(consoles.clone()))
}

fn who() -> Supervisor {
    Supervisor {
        login: "wang".to_owned(),
        person: PersonId("p-1".to_owned()),
    }
}

fn wish(call: &str, reason: &str) -> Wish {
    Wish {
        call: CallId(call.to_owned()),
        mode: Mode::Listen,
        reason: reason.to_owned(),
    }
}

/// What is on record of the call, the first first.
async fn record(engine: &Engine) -> Vec<(Sound, String)> {
    let call = engine.call(&CallId(CALL.to_owned()), Numbers::Masked).await;
    let lines = call.unwrap().unwrap().listenings.into_iter().rev();
    lines
        .map(|line| {
            assert_eq!(line.listener, "wang");
            (line.sound, line.reason.unwrap_or_default())
        })
        .collect()
}

#[tokio::test]
async fn what_cannot_be_supervised_leaves_no_trace_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let consoles = consoles();
    let supervisions = supervisions(&engine, &consoles, 46_300);
    let refused = async |call: &str, reason: &str| {
        let begun = supervisions.begin(who(), wish(call, reason), at()).await;
        begun.unwrap_err()
    };
    for reason in ["", "   ", "x", &"长".repeat(501)] {
        let no = refused(CALL, reason).await;
        assert!(matches!(no, NotBegun::Reason(_)), "{reason}: {no}");
    }
    let words = async |call: &str| refused(call, REASON).await.word();
    assert_eq!(words(CALL).await, Some("no_call"));
    let mut orders = supervisions.enter(CALL, Some("13800000000".to_owned()));
    assert_eq!(words("20260918-160000-bbbbbb").await, Some("no_call"));
    assert_eq!(words(CALL).await, Some("no_page"));
    // Refused, it is free for the next one.
    let watched = supervisions.calls.watch(CALL).ok();
    assert!(watched.is_some());
    assert_eq!(words(CALL).await, Some("supervised"));
    drop(watched);
    // It is over, and what is left of it is still being stored.
    orders.over();
    assert_eq!(words(CALL).await, Some("no_call"));
    assert_eq!(record(&engine).await, []);
}

/// The page is asked only after the act is on record, is shown no whole number, and is free again afterwards.
#[tokio::test]
async fn beginning_and_end_are_on_record_with_the_reason_and_the_call_hears_of_nothing_without_sound()
 {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let consoles = consoles();
    let supervisions = supervisions(&engine, &consoles, 46_320);
    let mut orders = supervisions.enter(CALL, Some("13800000000".to_owned()));
    let (attached, mut page) = consoles.attach("wang", true).unwrap();
    let begun = supervisions.begin(who(), wish(CALL, REASON), at()).await;
    begun.unwrap();
    let line = loop {
        if let ToPage::Ring {
            line,
            supervises,
            caller,
            ..
        } = page.recv().await.unwrap()
        {
            assert_eq!(supervises, Some(Mode::Listen));
            assert_eq!(caller.as_deref(), Some("138****0000"));
            break line;
        }
    };
    let began = (Sound::Live, REASON.to_owned());
    assert_eq!(record(&engine).await, std::slice::from_ref(&began));
    let twice = supervisions.begin(who(), wish(CALL, REASON), at()).await;
    assert_eq!(twice.unwrap_err().word(), Some("supervised"));
    attached.said(FromPage::Refuse { line }).unwrap();
    let ended = (Sound::LiveEnd, REASON.to_owned());
    let both = async {
        while record(&engine).await.len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    let both = tokio::time::timeout(Duration::from_secs(10), both).await;
    both.expect("its end is on record");
    assert_eq!(record(&engine).await, [began, ended]);
    assert!(supervisions.calls.watch(CALL).is_ok(), "it is free again");
    let told = std::pin::pin!(orders.next());
    assert!(futures::poll!(told).is_pending(), "the call heard of it");
}

/// The call's row was never written, or the database is gone: nothing rings at his page, the call hears of nothing, and
/// the next supervisor may have it.
#[tokio::test]
async fn an_act_that_is_not_on_record_is_not_done() {
    const UNWRITTEN: &str = "20260918-160000-cccccc";
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    let consoles = consoles();
    let supervisions = supervisions(&engine, &consoles, 46_340);
    let (_attached, mut page) = consoles.attach("wang", true).unwrap();
    let mut unwritten = supervisions.enter(UNWRITTEN, None);
    let mut written = supervisions.enter(CALL, None);
    for (call, gone) in [(UNWRITTEN, false), (CALL, true)] {
        if gone {
            engine.close().await.unwrap();
        }
        let begun = supervisions.begin(who(), wish(call, REASON), at());
        let begun = tokio::time::timeout(Duration::from_secs(30), begun).await;
        let no = begun.expect("an answer").unwrap_err();
        assert!(matches!(no, NotBegun::Engine(_)), "{call}: {no}");
        assert!(supervisions.calls.watch(call).is_ok(), "{call} is free");
    }
    while let Ok(told) = page.try_recv() {
        assert!(!matches!(told, ToPage::Ring { .. }), "{told:?}");
    }
    for orders in [&mut unwritten, &mut written] {
        let told = std::pin::pin!(orders.next());
        assert!(futures::poll!(told).is_pending(), "the call heard of it");
    }
}
