use super::*;
use crate::media::{Media, Settings, Srtp};

fn post(login: &str) -> Post {
    Post {
        login: login.to_owned(),
        desk: format!("desk-of-{login}"),
        staff: None,
    }
}

fn bell() -> Bell {
    Bell {
        call: "20261123-1".into(),
        caller: Some("13912345678".into()),
        matter: Some("permits".into()),
        waited: std::time::Duration::from_secs(7),
        supervises: None,
    }
}

fn came(ready: bool) -> Did {
    Did::Came { ready }
}

fn told(page: &mut tokio::sync::mpsc::Receiver<ToPage>) -> Vec<ToPage> {
    std::iter::from_fn(|| page.try_recv().ok()).collect()
}

#[test]
fn what_a_page_may_say_is_read_and_nothing_else() {
    assert_eq!(read(r#"{"say":"ready"}"#), Some(FromPage::Ready {}));
    assert_eq!(
        read(r##"{"say":"key","line":3,"key":"#"}"##),
        Some(FromPage::Key { line: 3, key: '#' })
    );
    for wrong in [
        "",
        "{}",
        "null",
        r#"{"say":"ready","more":1}"#,
        r#"{"say":"key","line":3,"key":"A"}"#,
        r#"{"say":"key","line":3,"key":"12"}"#,
        r#"{"say":"break","reason":""}"#,
        r#"{"say":"take_over"}"#,
        r#"{"say":"hand_on","line":3,"step":"transfer"}"#,
        r#"{"say":"hand_on","line":3,"step":"take_back","whom":"8002"}"#,
        r#"{"say":"hand_on","line":3,"step":"hang_up"}"#,
        r#"{"say":"refuse","line":-1}"#,
    ] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
    let named = |name: &str| {
        read(&format!(
            r#"{{"say":"hand_on","line":3,"step":"consult","whom":"{name}"}}"#
        ))
    };
    let (step, whom) = (Step::Consult, "8002".to_owned());
    let line = 3;
    assert_eq!(named("8002"), Some(FromPage::HandOn { line, step, whom }));
    assert_eq!(named(&"8".repeat(300)), None);
    let long = format!(
        r#"{{"say":"accept","line":1,"sdp":"{}"}}"#,
        "a".repeat(MAX_LEN)
    );
    assert_eq!(read(&long), None);
    assert_eq!(read(&"[".repeat(MAX_LEN)), None);
}

#[tokio::test]
async fn a_page_rings_with_a_masked_number_and_is_told_when_it_is_over() {
    let (consoles, _happened) = Consoles::new(vec![post("li")], &["lunch".into()]);
    assert_eq!(consoles.attach("wang", true).err(), Some(NoLine::NoDesk));
    assert!(consoles.ring("li", bell()).is_none(), "nobody is there");
    let (attached, mut page) = consoles.attach("li", true).unwrap();
    let (line, mut hears) = consoles.ring("li", bell()).unwrap();
    assert!(consoles.ring("li", bell()).is_none(), "it rings already");
    let said = told(&mut page);
    assert!(
        matches!(said[0], ToPage::Hello { line: None, .. }),
        "{said:?}"
    );
    let ToPage::Ring { caller, .. } = &said[1] else {
        panic!("{said:?}");
    };
    assert_eq!(caller.as_deref(), Some("139****5678"));
    // What it says of another line is nobody's.
    attached.said(FromPage::Refuse { line: line + 1 }).unwrap();
    attached.said(FromPage::Refuse { line }).unwrap();
    assert_eq!(hears.try_recv(), Ok(FromPage::Refuse { line }));
    assert!(hears.try_recv().is_err());
    // In the talk its person may see the number.
    consoles.stands("li", line, false, false);
    let said = told(&mut page);
    let ToPage::Talk { caller, .. } = &said[0] else {
        panic!("{said:?}");
    };
    assert_eq!(caller.as_deref(), Some("13912345678"));
    consoles.because("li", line, Reason::Over);
    consoles.over("li", line);
    let over = told(&mut page);
    assert!(
        matches!(
            over[0],
            ToPage::TalkOver {
                why: Reason::Over,
                ..
            }
        ),
        "{over:?}"
    );
}

#[tokio::test]
async fn a_page_may_be_rung_again_as_soon_as_nothing_rings_or_talks_there() {
    let (consoles, _happened) = Consoles::new(vec![post("li")], &[]);
    let (_attached, mut page) = consoles.attach("li", false).unwrap();
    let ends = |line| ringing::Ends {
        consoles: consoles.clone(),
        login: "li".into(),
        line,
    };
    // A ring that was given up: whoever rang is told of it only later.
    let (first, _hears) = consoles.ring("li", bell()).unwrap();
    let late = ends(first);
    consoles.rings_no_more("li");
    let (second, _hears) = consoles.ring("li", bell()).expect("nothing rings there");
    drop(late);
    assert!(
        consoles.ring("li", bell()).is_none(),
        "the second one rings"
    );
    // A talk: its call lets go of the line in one moment, whatever still runs of it.
    consoles.stands("li", second, false, false);
    consoles.rings_no_more("li");
    assert!(consoles.ring("li", bell()).is_none(), "that is no ring");
    let (of_the_call, of_the_talk) = (ends(second), ends(second));
    of_the_talk.because(Reason::Done);
    drop(of_the_call);
    assert!(consoles.ring("li", bell()).is_some());
    drop(of_the_talk);
    let overs: Vec<_> = told(&mut page)
        .into_iter()
        .filter_map(|told| match told {
            ToPage::RingOver { why, .. } | ToPage::TalkOver { why, .. } => Some(why),
            _ => None,
        })
        .collect();
    assert_eq!(overs, [Reason::NoMore, Reason::Done]);
}

#[tokio::test]
async fn the_page_that_came_last_has_the_desk_and_takes_its_talk_up() {
    let (consoles, mut happened) = Consoles::new(vec![post("li")], &[]);
    let (first, mut one) = consoles.attach("li", false).unwrap();
    first.said(FromPage::Ready {}).unwrap();
    let (line, _hears) = consoles.ring("li", bell()).unwrap();
    consoles.stands("li", line, true, false);
    let (second, mut two) = consoles.attach("li", false).unwrap();
    assert_eq!(told(&mut one).pop(), Some(ToPage::Displaced));
    assert_eq!(first.said(FromPage::Offline {}), Err(Slow));
    assert_eq!(first.said(FromPage::HangUp { line }), Err(Slow));
    let said = told(&mut two);
    let ToPage::Hello { line: stands, .. } = &said[0] else {
        panic!("{said:?}");
    };
    assert_eq!(*stands, Some(line), "the talk that the page may keep");
    let talk = said.iter().find_map(|told| match told {
        ToPage::Talk { again, caller, .. } => Some((*again, caller.clone())),
        _ => None,
    });
    assert_eq!(talk, Some((true, Some("139****5678".into()))), "{said:?}");
    // The one that was displaced takes nothing with it.
    drop(first);
    assert_eq!(consoles.attached().len(), 1);
    drop(second);
    assert!(consoles.attached().is_empty());
    let mut did: Vec<Did> = Vec::new();
    while let Ok(one) = happened.try_recv() {
        did.push(one.did);
    }
    // Ready; here again, where its person had said so before; and gone.
    assert_eq!(did, [came(false), Did::Ready, came(true), Did::Went]);
}

/// His desk is out of the floor's hands from the ring to the end, and is given back as he wished it meanwhile.
#[tokio::test]
async fn a_page_that_supervises_is_given_no_call_and_is_ready_again_afterwards() {
    let (consoles, mut happened) = Consoles::new(vec![post("li")], &["lunch".into()]);
    assert_eq!(
        consoles.may_supervise("li").err(),
        Some(NoPage::NotThere),
        "the page is not open"
    );
    let (attached, mut page) = consoles.attach("li", false).unwrap();
    attached.said(FromPage::Ready {}).unwrap();
    consoles.is_away("li");
    let bell = Bell {
        supervises: Some(Mode::Listen),
        ..bell()
    };
    let (line, mut hears) = consoles.ring("li", bell).unwrap();
    assert_eq!(consoles.may_supervise("li").err(), Some(NoPage::Taken));
    let rings = told(&mut page).into_iter().any(|told| {
        matches!(
            told,
            ToPage::Ring {
                supervises: Some(Mode::Listen),
                ..
            }
        )
    });
    assert!(rings, "the page is asked to take it");
    let whisper = read(r#"{"say":"supervise","line":1,"mode":"whisper"}"#).unwrap();
    let mode = Mode::Whisper;
    assert_eq!(whisper, FromPage::Supervise { line: 1, mode });
    attached.said(FromPage::Supervise { line, mode }).unwrap();
    assert_eq!(hears.try_recv(), Ok(FromPage::Supervise { line, mode }));
    // A break counts at once; that he is ready again when the supervision is over.
    let reason = "lunch".to_owned();
    attached.said(FromPage::Break { reason }).unwrap();
    attached.said(FromPage::Ready {}).unwrap();
    assert!(consoles.wishes_ready("li"));
    consoles.over("li", line);
    let mut did: Vec<Did> = Vec::new();
    while let Ok(one) = happened.try_recv() {
        did.push(one.did);
    }
    let lunch = Did::Break {
        reason: "lunch".to_owned(),
    };
    let story = [came(false), Did::Ready, Did::Offline, lunch, Did::Ready];
    assert_eq!(did, story);
}

/// Everything that was told to the floor so far.
fn all_done(happened: &mut tokio::sync::mpsc::Receiver<Happened>) -> Vec<Did> {
    std::iter::from_fn(|| happened.try_recv().ok().map(|one| one.did)).collect()
}

#[tokio::test]
async fn a_call_that_rings_while_a_supervision_begins_keeps_its_desk() {
    let (consoles, mut happened) = Consoles::new(vec![post("li")], &[]);
    let (attached, _page) = consoles.attach("li", false).unwrap();
    attached.said(FromPage::Ready {}).unwrap();
    consoles.may_supervise("li").unwrap();
    let (line, _hears) = consoles.ring("li", bell()).unwrap();
    consoles.is_away("li");
    assert_eq!(all_done(&mut happened), [came(false), Did::Ready]);
    consoles.over("li", line);
    // The same where it rings a moment later: nothing keeps the desk away.
    consoles.is_away("li");
    let (_line, _hears) = consoles.ring("li", bell()).unwrap();
    consoles.is_back("li");
    assert_eq!(all_done(&mut happened), [Did::Offline, Did::Ready]);
}

#[tokio::test]
async fn a_page_that_does_not_read_went_and_the_floor_is_told() {
    let (consoles, mut happened) = Consoles::new(vec![post("li")], &[]);
    let (attached, _unread) = consoles.attach("li", false).unwrap();
    for _ in 0..200 {
        consoles.refuse("li", Reason::NotRecorded);
    }
    assert_eq!(all_done(&mut happened), [came(false)]);
    drop(attached);
    assert_eq!(all_done(&mut happened), [Did::Went]);
}

#[tokio::test]
async fn a_page_that_closes_while_it_rings_rings_no_more() {
    let (consoles, mut happened) = Consoles::new(vec![post("li")], &[]);
    let (attached, _page) = consoles.attach("li", false).unwrap();
    let (_, mut hears) = consoles.ring("li", bell()).unwrap();
    drop(attached);
    assert_eq!(hears.recv().await, None);
    assert_eq!(happened.recv().await.map(|one| one.did), Some(came(false)));
    assert_eq!(happened.recv().await.map(|one| one.did), Some(Did::Went));
}

/// What a browser offers, without anybody who comes to the answer.
fn offer() -> String {
    format!(
        "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n\
         a=fingerprint:sha-256 {}\r\na=setup:actpass\r\na=rtcp-mux\r\n",
        ["AB"; 32].join(":")
    )
}

fn media() -> Media {
    Media::start(Settings {
        address: "127.0.0.1".parse().unwrap(),
        ports: 46_200..=46_299,
        threads: 1,
        rtp_timeout: std::time::Duration::from_secs(60),
        srtp: Srtp::Accept.into(),
        levels: Default::default(),
        learn_address: false,
        trunk_codecs: crate::media::Codecs::G711,
        desk_codecs: crate::media::Codecs::G711,
        browser_codecs: crate::media::Codecs::G711,
    })
    .expect("a media room")
}

/// Its person refused nothing and missed nothing: the floor hears that the page went.
#[tokio::test]
async fn a_page_that_is_lost_while_it_rings_is_no_refusal_and_no_miss() {
    let media = media();
    let (consoles, mut happened) = Consoles::new(vec![post("li")], &[]);
    for accepts in [false, true] {
        let (attached, mut page) = consoles.attach("li", false).unwrap();
        let ringing = consoles.call(&media, "li", bell());
        let closing = async {
            while let Some(told) = page.recv().await {
                match told {
                    ToPage::Ring { line, .. } if accepts => {
                        let (sdp, turn) = (offer(), 7);
                        let accept = FromPage::Accept { line, sdp, turn };
                        attached.said(accept).unwrap();
                    }
                    ToPage::Ring { .. } => break,
                    ToPage::Answer { turn, .. } => {
                        assert_eq!(turn, 7, "the offer that is answered");
                        break;
                    }
                    _ => {}
                }
            }
            drop(attached);
        };
        let (rung, ()) = tokio::join!(ringing, closing);
        assert_eq!(rung.err(), Some(No::Went));
        let mut did = Vec::new();
        while let Ok(one) = happened.try_recv() {
            did.push(one.did);
        }
        assert_eq!(did.pop(), Some(Did::Went));
    }
}

#[tokio::test]
async fn a_login_whose_pages_come_without_end_gets_no_more_of_them() {
    let (consoles, _happened) = Consoles::new(vec![post("li"), post("wang")], &[]);
    let refused = (0..100).find_map(|_| consoles.attach("li", false).err());
    assert_eq!(refused, Some(NoLine::TooOften));
    assert!(consoles.attach("wang", false).is_ok(), "another's do");
}

#[tokio::test]
async fn a_page_that_says_more_than_can_be_heard_is_let_go() {
    let (consoles, _happened) = Consoles::new(vec![post("li")], &[]);
    let (attached, mut page) = consoles.attach("li", false).unwrap();
    let (line, _hears) = consoles.ring("li", bell()).unwrap();
    let said = (0..1000).map(|_| attached.said(FromPage::Key { line, key: '1' }));
    assert!(said.into_iter().any(|said| said == Err(Slow)));
    // One that does not read is let go, too.
    for _ in 0..1000 {
        consoles.refuse("li", Reason::NoMore);
    }
    assert!(consoles.attached().is_empty());
    while page.recv().await.is_some() {}
}

/// Until a message that fits.
async fn next_told<T>(
    page: &mut tokio::sync::mpsc::Receiver<ToPage>,
    fits: impl Fn(ToPage) -> Option<T>,
) -> T {
    loop {
        let told = page.recv().await.expect("the page's line is over");
        if let Some(found) = fits(told) {
            return found;
        }
    }
}

#[tokio::test]
async fn a_page_is_told_what_it_may_want_of_other_desks_and_what_became_of_it() {
    let (consoles, _happened) = Consoles::new(vec![post("li")], &[]);
    let (attached, mut page) = consoles.attach("li", false).unwrap();
    let (line, hears) = consoles.ring("li", bell()).unwrap();
    let ends = ringing::Ends {
        consoles: consoles.clone(),
        login: "li".into(),
        line,
    };
    let (mut talk, mut events) = talk::begin(media(), ends, hears);
    let shown = |told| match told {
        ToPage::Talk {
            may,
            under_way,
            outside,
            ..
        } if !may.is_empty() => {
            assert_eq!(outside, ["010…"]);
            Some((may, under_way))
        }
        _ => None,
    };
    for (may, under_way) in [
        (vec![Step::Transfer, Step::Consult], None),
        (vec![Step::Complete, Step::TakeBack], Some("asking")),
    ] {
        talk.hands_on_so(Handing {
            troubles: Vec::new(),
            may: may.clone(),
            under_way,
            outside: ["010…".to_owned()].into(),
        });
        assert_eq!(next_told(&mut page, shown).await, (may, under_way));
    }
    let (step, whom) = (Step::Transfer, "8002".to_owned());
    attached
        .said(FromPage::HandOn { line, step, whom })
        .unwrap();
    let event = events.recv().await;
    assert!(matches!(event, Some(Event::HandsOn(Step::Transfer, whom)) if whom == "8002"));
    talk.refuse(Reason::NoSuchDesk);
    let why = next_told(&mut page, |told| match told {
        ToPage::Refused { why } => Some(why),
        _ => None,
    });
    assert_eq!(why.await, Reason::NoSuchDesk);
    talk.handed_on();
    drop(talk);
    let why = next_told(&mut page, |told| match told {
        ToPage::TalkOver { why, .. } => Some(why),
        _ => None,
    });
    assert_eq!(why.await, Reason::HandedOn);
}

/// Whoever had the call notes it, until the next one is his.
#[tokio::test]
async fn a_call_may_be_noted_by_the_desk_that_had_it_until_its_next_one_begins() {
    let (consoles, _happened) = Consoles::new(vec![post("li"), post("wang")], &[]);
    let (_attached, _page) = consoles.attach("li", false).unwrap();
    let call = "20261123-1";
    let may = |login| consoles.may_note(login, call).map(|post| post.desk);
    let (line, _hears) = consoles.ring("li", bell()).unwrap();
    consoles.over("li", line);
    assert_eq!(may("li"), None, "it was never his");
    let (line, _hears) = consoles.ring("li", bell()).unwrap();
    consoles.stands("li", line, false, false);
    assert_eq!(may("li"), None, "it goes on");
    consoles.over("li", line);
    assert_eq!(may("li").as_deref(), Some("desk-of-li"));
    assert_eq!(may("wang"), None, "another's");
    // A page that is loaded again is told of it.
    let (_attached, mut page) = consoles.attach("li", false).unwrap();
    let hello = told(&mut page).remove(0);
    assert!(
        matches!(&hello, ToPage::Hello { last: Some(last), .. } if last == call),
        "{hello:?}"
    );
    let another = |call: &str, supervises| Bell {
        call: call.into(),
        supervises,
        ..bell()
    };
    // Whom he only listens to, and what only rings, are not his.
    let supervised = another("20261123-2", Some(Mode::Listen));
    let (line, _hears) = consoles.ring("li", supervised).unwrap();
    consoles.stands("li", line, false, false);
    consoles.over("li", line);
    let (line, _hears) = consoles.ring("li", another("20261123-3", None)).unwrap();
    assert!(may("li").is_some());
    consoles.stands("li", line, false, false);
    assert_eq!(may("li"), None, "the next one has begun");
    consoles.over("li", line);
    assert_eq!(may("li"), None);
    assert!(consoles.may_note("li", "20261123-3").is_some());
}
