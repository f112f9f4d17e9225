//! A database that is gone: SQLite's one writer is held by another connection.

use std::path::PathBuf;

use futures::FutureExt as _;

use super::*;
use crate::domain::{Calendar, Grade, Moment};
use crate::engine::{CallState, EndedCall, HungUpBy, KeyedGrade, KeyedReason, Numbers};

struct Place {
    dir: tempfile::TempDir,
}

const SOON: Duration = Duration::from_secs(30);

impl Place {
    fn new() -> Place {
        Place {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    async fn engine(&self) -> Engine {
        let text = include_str!("../../calendars/2026.toml");
        let calendar = Calendar::from_texts(&[("calendars/2026.toml", text)]).unwrap();
        let url = format!("sqlite:{}/gradeline.db", self.dir.path().display());
        Engine::open(&url, calendar).await.unwrap()
    }

    fn journal(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    /// As the next run: the thread of the one before may not have freed the file yet.
    async fn ledgers(&self, engine: &Engine) -> Ledgers {
        loop {
            match Ledgers::open(engine.clone(), &self.journal()).await {
                Err(journal::Error::Taken(_)) => tokio::task::yield_now().await,
                opened => return opened.unwrap(),
            }
        }
    }
}

fn friday() -> Moment {
    "2026-09-18T16:00:00.123+08:00".parse().unwrap()
}

fn at(offset_ms: i64) -> Moment {
    friday().plus_millis(offset_ms)
}

fn new_call(id: &str) -> NewCall {
    NewCall {
        id: CallId(id.to_owned()),
        sip_call_id: format!("{id}@trunk"),
        caller: Some("13800000000".to_owned()),
        callee: "consult".to_owned(),
        source: "127.0.0.1:5080".to_owned(),
        started_at: friday(),
        dialplan: "consultation".to_owned(),
        dialplan_digest: "d1".to_owned(),
        rehearsal: false,
    }
}

fn grade(grade: Grade, offset_ms: i64) -> Job {
    Job::Grade(KeyedGrade {
        grade,
        key: char::from(b'1' + grade as u8),
        at: at(offset_ms),
        offset_ms,
    })
}

fn end(id: &str) -> Job {
    Job::End(EndedCall {
        id: CallId(id.to_owned()),
        ended_at: at(90_000),
        hung_up_by: HungUpBy::Caller,
        outcome: "graded".to_owned(),
        outcome_after_ms: None,
    })
}

/// A whole call: taken back once, graded, with a reason.
fn jobs(id: &str) -> Vec<Job> {
    vec![
        Job::State(CallState::Talking),
        Job::DeskAnswered {
            staff: Some("8001".to_owned()),
            at: at(5_000),
        },
        Job::Talked { ms: 40_000 },
        Job::State(CallState::Rating),
        Job::Offered { at: at(50_000) },
        grade(Grade::Satisfied, 55_000),
        Job::GradeWithdrawn { at: at(57_001) },
        grade(Grade::Dissatisfied, 60_007),
        Job::GradeConfirmed { at: at(63_000) },
        Job::Reason(KeyedReason {
            code: "T2".to_owned(),
            key: '2',
            at: at(66_000),
            offset_ms: 66_000,
        }),
        end(id),
    ]
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(SOON, future).await;
    done.unwrap_or_else(|_| panic!("not within {SOON:?}: {what}"))
}

/// Waits until everything of the journal is in the database and the journal empty.
async fn drained(ledgers: &Ledgers) {
    let first = || ledgers.house.journal.next(journal::Place::START);
    within("the journal is drained", async {
        while !ledgers.troubles().is_empty() || first().await.unwrap().entry.is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// What [`jobs`] make of a call, however often and by whatever way they came.
async fn assert_whole(engine: &Engine, id: &str) {
    let id = CallId(id.to_owned());
    let call = engine.call(&id, Numbers::Masked).await.unwrap().unwrap();
    assert_eq!(call.row.state, CallState::Ended);
    assert_eq!(call.row.outcome.as_deref(), Some("graded"));
    assert_eq!(call.row.grade, Some(Grade::Dissatisfied));
    assert_eq!(call.row.talked_ms, Some(40_000));
    assert_eq!(call.row.staff.as_deref(), Some("8001"));
    let keyed: Vec<_> = call
        .keyed_grades
        .iter()
        .map(|keyed| (keyed.key, keyed.at, keyed.withdrawn_at))
        .collect();
    let expected = [('2', at(55_000), Some(at(57_001))), ('4', at(60_007), None)];
    assert_eq!(keyed, expected);
    assert_eq!(call.reasons.len(), 1);
    let ratings = engine.ratings(&Default::default(), None, 100).await;
    let of_the_call = ratings.unwrap().items;
    let of_the_call = of_the_call
        .iter()
        .filter(|rating| rating.call_id.as_ref() == Some(&id))
        .count();
    assert_eq!(of_the_call, 1);
    assert!(call.row.ticket.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_database_nothing_goes_to_the_journal() {
    let place = Place::new();
    let engine = place.engine().await;
    let ledgers = place.ledgers(&engine).await;
    assert!(ledgers.earlier_drained().await.is_empty());
    let (ledger, mut stored) = ledgers.open_call(new_call("c1"), SOON).await;
    for job in jobs("c1") {
        ledger.put(job);
    }
    let submitted = within("the end", ledger.close()).await.unwrap();
    assert!(submitted.ticket.is_some());
    assert_eq!(stored.recv().await, Some(Stored::Yes));
    assert_eq!(stored.recv().await, Some(Stored::Yes));
    assert_whole(&engine, "c1").await;
    let next = ledgers.house.journal.next(journal::Place::START).await;
    assert_eq!(next.unwrap().entry, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_while_the_database_is_locked_is_kept_and_comes_into_it_once_and_in_order() {
    let place = Place::new();
    let engine = place.engine().await;
    let ledgers = place.ledgers(&engine).await;
    let lock = place.engine().await.hold_writer().await;
    let (ledger, mut stored) = ledgers.open_call(new_call("c1"), SOON).await;
    for job in jobs("c1") {
        ledger.put(job);
    }
    // The echo does not wait for the database, and neither does the call's end.
    for _ in 0..2 {
        let told = within("the grade", stored.recv()).await;
        assert_eq!(told, Some(Stored::Yes));
    }
    assert_eq!(within("the end", ledger.close()).await, None);
    assert_eq!(ledgers.troubles(), ["database"]);
    let read = engine.call(&CallId("c1".into()), Numbers::Masked).await;
    assert!(read.unwrap().is_none(), "its row is in the journal only");
    lock.roll_back().await.unwrap();
    drained(&ledgers).await;
    assert_whole(&engine, "c1").await;
    // The next one goes the straight way again.
    let (ledger, _stored) = ledgers.open_call(new_call("c2"), SOON).await;
    for job in jobs("c2") {
        ledger.put(job);
    }
    assert!(within("the end", ledger.close()).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_not_waited_for_while_others_wait_in_vain() {
    let place = Place::new();
    let engine = place.engine().await;
    let ledgers = place.ledgers(&engine).await;
    let lock = place.engine().await.hold_writer().await;
    let soon = Duration::from_millis(10);
    let (first, _stored) = ledgers.open_call(new_call("c1"), soon).await;
    assert!(ledgers.house.stands(), "neither answered in time");
    ledgers.house.no_answer();
    let opened = ledgers.open_call(new_call("c2"), SOON).now_or_never();
    let (second, _stored) = opened.expect("at once");
    // The journal takes them after a second: they are waited for again, and nothing was lost.
    within("the store answers", async {
        while ledgers.house.stands() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    for (name, ledger) in [("c1", first), ("c2", second)] {
        jobs(name).into_iter().for_each(|job| ledger.put(job));
        within("the end", ledger.close()).await;
    }
    lock.roll_back().await.unwrap();
    drained(&ledgers).await;
    for name in ["c1", "c2"] {
        assert_whole(&engine, name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_under_way_when_the_lock_comes_lose_nothing() {
    let place = Place::new();
    let engine = place.engine().await;
    let ledgers = place.ledgers(&engine).await;
    let other = place.engine().await;
    let names: Vec<String> = (0..8).map(|n| format!("c{n}")).collect();
    let mut open = Vec::new();
    for name in &names {
        open.push(ledgers.open_call(new_call(name), SOON).await);
    }
    // One job of each call after the other; the lock comes and goes twice on the way.
    let mut lock = None;
    for step in 0..jobs("any").len() {
        match step {
            2 | 7 => lock = Some(other.hold_writer().await),
            5 => lock.take().unwrap().roll_back().await.unwrap(),
            _ => {}
        }
        for (name, (ledger, _)) in names.iter().zip(&open) {
            ledger.put(jobs(name).swap_remove(step));
        }
        if step == 6 {
            drained(&ledgers).await;
        }
    }
    for (ledger, mut stored) in open {
        within("the end", ledger.close()).await;
        assert_eq!(stored.recv().await, Some(Stored::Yes));
        assert_eq!(stored.recv().await, Some(Stored::Yes));
    }
    lock.take().unwrap().roll_back().await.unwrap();
    drained(&ledgers).await;
    for name in &names {
        assert_whole(&engine, name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_drains_what_the_killed_one_left_and_draining_again_changes_nothing() {
    let place = Place::new();
    let engine = place.engine().await;
    let ledgers = place.ledgers(&engine).await;
    let lock = place.engine().await.hold_writer().await;
    let (ledger, _stored) = ledgers.open_call(new_call("c1"), SOON).await;
    for job in jobs("c1") {
        ledger.put(job);
    }
    within("the end", ledger.close()).await;
    let file = place.journal().join("ledger.journal");
    let kept = std::fs::read(&file).unwrap();
    drop((ledgers, engine));
    lock.roll_back().await.unwrap();
    // The second time as after a kill between the last write and the emptying.
    for _ in 0..2 {
        std::fs::write(&file, &kept).unwrap();
        let engine = place.engine().await;
        let ledgers = place.ledgers(&engine).await;
        let earlier = within("the earlier run's", ledgers.earlier_drained()).await;
        assert_eq!(earlier, HashSet::from([CallId("c1".into())]));
        drained(&ledgers).await;
        assert_whole(&engine, "c1").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_writes_told_again_do_not_undo_newer_ones() {
    let place = Place::new();
    let engine = place.engine().await;
    let id = CallId("c1".into());
    for job in [Job::Open(new_call("c1"))].into_iter().chain(jobs("c1")) {
        job.write(&engine, &id).await.unwrap();
    }
    let older = [
        Job::DeskAnswered {
            staff: Some("7777".to_owned()),
            at: at(1_000),
        },
        Job::Talked { ms: 10 },
        Job::State(CallState::Greeting),
    ];
    for job in older.into_iter().chain(jobs("c1")) {
        // A state of a call that is over is refused; that changes nothing either.
        let _ = job.write(&engine, &id).await;
    }
    assert_whole(&engine, "c1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_or_unreadable_holds_up_nothing_behind_it() {
    let place = Place::new();
    {
        let (journal, _) = Journal::open(&place.journal()).unwrap();
        let nobody = CallId("nobody".into());
        let entries = [
            job::Entry::octets(&nobody, &grade(Grade::Satisfied, 1)),
            b"{\"call\":\"c1\",\"job\":{\"of_another_edition\":1}}".to_vec(),
            job::Entry::octets(&CallId("c1".into()), &Job::Open(new_call("c1"))),
        ];
        journal.append(entries.into()).await.unwrap();
    }
    let engine = place.engine().await;
    let ledgers = place.ledgers(&engine).await;
    within("the earlier run's", ledgers.earlier_drained()).await;
    let call = engine.call(&CallId("c1".into()), Numbers::Masked).await;
    assert!(call.unwrap().is_some());
    drained(&ledgers).await;
}

#[test]
fn every_job_reads_back_to_the_millisecond() {
    let all = [
        Job::Open(new_call("c1")),
        Job::Clip {
            kind: crate::engine::ClipKind::Remark,
            path: "2026/09/18/c1.remark.wav".to_owned(),
            length_ms: 5,
            sha256: "ab".to_owned(),
        },
        Job::Callback {
            number: None,
            at: friday(),
        },
        Job::Recording(crate::engine::ArchivedRecording {
            path: "2026/09/18/c1.wav".to_owned(),
            length_ms: 1,
            bytes: 2,
            sha256: "ab".to_owned(),
            gaps: vec![(1, 2)],
        }),
    ];
    for job in all.into_iter().chain(jobs("c1")) {
        let octets = job::Entry::octets(&CallId("c1".into()), &job);
        let read = job::Entry::read(&octets).unwrap();
        assert_eq!(format!("{job:?}"), format!("{:?}", read.job));
        assert_eq!(read.call.0, "c1");
    }
}
