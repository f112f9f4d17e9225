//! Calls out over the databases: who may be called, what is left of attempts, what a crash leaves.

mod results;

use super::*;
use crate::acts::Act;
use crate::domain::{
    By, Calendar, Grade, Hand, Moment, PersonId, Post, Role, TicketNumber, UnitId,
};
use crate::engine::{CallId, Doing, EndedCall, Engine, HungUpBy, KeyedGrade, NewCall, Numbers};
use crate::errands::{self, Ended, Next, Order, OrderId, Purpose, Trouble};
use crate::rights::Tenure;
use crate::staff::{By as Keeper, NewAccount};
use crate::store::testing::{Place, stories};

stories![
    who_may_not_be_called_leaves_nothing,
    without_a_plan_it_is_refused_when_it_is_asked_for,
    what_went_on_meanwhile_is_not_called,
    one_that_may_not_be_called_holds_up_no_other,
    whom_we_called_is_no_caller_whom_a_desk_outwaited,
    one_rater_with_many_results_holds_up_no_other,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

fn at(time: &str) -> Moment {
    format!("2026-09-18T{time}:00+08:00").parse().unwrap()
}

async fn engine(place: &Place) -> Engine {
    let text = include_str!("../../calendars/2026.toml");
    let calendar = Calendar::from_texts(&[("calendars/2026.toml", text)]).unwrap();
    Engine::start(place.open().await, calendar)
}

fn allowing() -> Allowing {
    Allowing {
        numbers: errands::Numbers::default(),
        open_at_most: 2,
        trunk: true,
        plans: Plans::of(|_| true),
    }
}

fn hand(person: &PersonId, role: Role) -> Hand {
    Hand {
        person: person.clone(),
        staff: None,
        posts: vec![Post {
            role,
            unit: UnitId::centre(),
        }],
    }
}

/// A bad grade of this number; its ticket is being assessed.
async fn dissatisfied(engine: &Engine, id: &str, number: Option<&str>) -> TicketNumber {
    let call = CallId(id.to_owned());
    let new = NewCall {
        id: call.clone(),
        sip_call_id: format!("{id}@trunk"),
        caller: number.map(str::to_owned),
        callee: "consult".into(),
        source: "127.0.0.1:5080".into(),
        started_at: at("10:00"),
        dialplan: "consultation".into(),
        dialplan_digest: "d1".into(),
        rehearsal: false,
    };
    engine.open_call(new).await.unwrap();
    let grade = KeyedGrade {
        grade: Grade::Dissatisfied,
        key: '4',
        at: at("10:05"),
        offset_ms: 300_000,
    };
    engine
        .desk_answered(&call, Some("8001"), at("10:01"))
        .await
        .unwrap();
    engine.key_grade(&call, grade).await.unwrap();
    let ended = EndedCall {
        id: call,
        ended_at: at("10:06"),
        hung_up_by: HungUpBy::Caller,
        outcome: "graded".into(),
        outcome_after_ms: None,
    };
    let submitted = engine.end_call(ended).await.unwrap().unwrap();
    let ticket: TicketNumber = submitted.ticket.unwrap().parse().unwrap();
    let doing = Doing {
        ticket,
        act: Act::Assign {
            officer: PersonId("1".into()),
            staff: None,
            handling_unit: None,
        },
        by: By::Person(hand(&PersonId("2".into()), Role::CentreSupervisor)),
        seen: None,
        key: None,
    };
    engine.act(doing, at("10:10")).await.unwrap();
    ticket
}

/// Somebody who revisits, on record.
async fn revisitor(engine: &Engine) -> Hand {
    let new = NewAccount {
        name: "qian".into(),
        ..NewAccount::default()
    };
    let added = engine
        .add_person(&new, &Keeper::CommandLine, at("08:00"))
        .await;
    let id = added.unwrap().0;
    let hand = hand(&id, Role::CentreRevisitor);
    let tenure = Tenure {
        post: hand.posts[0].clone(),
        seconded_from: None,
        from: at("08:00").day(),
        until: None,
    };
    engine
        .grant_post(&id, &tenure, &Keeper::CommandLine, at("08:00"))
        .await
        .unwrap();
    hand
}

fn revisit(ticket: TicketNumber, by: &Hand) -> Wish {
    Wish {
        what: WishFor::Revisit(ticket),
        staff: Some("8002".into()),
        by: Some(by.clone()),
    }
}

async fn ask(engine: &Engine, id: &str, wish: Wish) -> Result<OrderId, NotAsked> {
    let id = OrderId(id.into());
    engine
        .ask_for_call(&id, wish, &allowing(), at("11:00"))
        .await
}

fn trouble(asked: Result<OrderId, NotAsked>) -> Trouble {
    match asked {
        Err(NotAsked::Refused(trouble)) => trouble,
        other => panic!("{other:?}"),
    }
}

async fn begun(engine: &Engine, seq: u32, call: &str) -> (Order, Attempt) {
    let open = engine
        .due_calls_out(&allowing().numbers, 10, at("12:00"))
        .await
        .unwrap();
    let (order, behind) = open.into_iter().next().unwrap();
    assert_eq!(behind.attempts + 1, seq);
    let call = CallId(call.into());
    let attempt = engine
        .begin_attempt(&order, seq, &call, at("11:00"))
        .await
        .unwrap();
    (order, attempt.unwrap())
}

async fn who_may_not_be_called_leaves_nothing(place: Place) {
    let engine = engine(&place).await;
    let by = revisitor(&engine).await;
    let ticket = dissatisfied(&engine, "c1", Some("13812345678")).await;
    let result = |ticket| Wish {
        what: WishFor::Result(ticket),
        staff: None,
        by: None,
    };
    let without_desk = Wish {
        staff: None,
        ..revisit(ticket, &by)
    };
    assert_eq!(
        trouble(ask(&engine, "o1", without_desk).await),
        Trouble::NoDesk
    );
    // He may not rate again yet.
    assert_eq!(
        trouble(ask(&engine, "o1", result(ticket)).await),
        Trouble::NotNow
    );
    assert_eq!(
        trouble(ask(&engine, "o1", back("110")).await),
        Trouble::Emergency
    );
    assert_eq!(
        trouble(ask(&engine, "o1", back("0085223456789")).await),
        Trouble::Foreign
    );
    let withheld = dissatisfied(&engine, "c2", None).await;
    assert_eq!(
        trouble(ask(&engine, "o1", revisit(withheld, &by)).await),
        Trouble::NoNumber
    );
    assert!(engine.calls_out(10).await.unwrap().is_empty());

    ask(&engine, "o1", revisit(ticket, &by)).await.unwrap();
    assert_eq!(
        trouble(ask(&engine, "o2", revisit(ticket, &by)).await),
        Trouble::Open
    );
    ask(&engine, "o2", back("13912345678")).await.unwrap();
    assert_eq!(
        trouble(ask(&engine, "o3", back("13712345678")).await),
        Trouble::Full
    );
    assert!(engine.withdraw_call("o2", None, at("11:01")).await.unwrap());
    assert!(!engine.withdraw_call("o2", None, at("11:01")).await.unwrap());
    ask(&engine, "o3", back("13712345678")).await.unwrap();
    engine.close().await.unwrap();
}

fn back(number: &str) -> Wish {
    Wish {
        what: WishFor::Callback {
            call: CallId("c1".into()),
            number: Some(number.to_owned()),
            not_before: at("11:00"),
        },
        staff: None,
        by: None,
    }
}

async fn without_a_plan_it_is_refused_when_it_is_asked_for(place: Place) {
    let engine = engine(&place).await;
    dissatisfied(&engine, "c1", Some("13812345678")).await;
    let allowing = Allowing {
        plans: Plans::of(|purpose| purpose != Purpose::Callback),
        ..allowing()
    };
    let id = OrderId("o1".into());
    let asked = engine.ask_for_call(&id, back("13912345678"), &allowing, at("11:00"));
    assert_eq!(trouble(asked.await), Trouble::NoPlan);
    assert!(engine.calls_out(10).await.unwrap().is_empty());
    // A plan that comes later is seen by whoever asks then.
    allowing.plans.are(|_| true);
    let asked = engine.ask_for_call(&id, back("13912345678"), &allowing, at("11:00"));
    asked.await.unwrap();
    engine.close().await.unwrap();
}

async fn what_went_on_meanwhile_is_not_called(place: Place) {
    let engine = engine(&place).await;
    let by = revisitor(&engine).await;
    let ticket = dissatisfied(&engine, "c1", Some("13812345678")).await;
    ask(&engine, "o1", revisit(ticket, &by)).await.unwrap();
    let numbers = allowing().numbers;
    let due = engine.due_calls_out(&numbers, 10, at("11:00"));
    let (order, _) = due.await.unwrap().remove(0);
    // Somebody reaches him by another telephone.
    let doing = Doing {
        ticket,
        act: Act::Revisit {
            result: crate::acts::Reached::Connected,
            call: None,
            answers: "等待太久".into(),
            slip: false,
            no_more_calls: false,
        },
        by: By::Person(by.clone()),
        seen: None,
        key: None,
    };
    engine.act(doing, at("11:01")).await.unwrap();
    let call = CallId("call-1".into());
    let begun = engine.begin_attempt(&order, 1, &call, at("11:02")).await;
    assert_eq!(begun.unwrap(), None);
    let out = engine.calls_out(10).await.unwrap();
    assert_eq!(out[0].0.result.as_deref(), Some("withdrawn"));
    assert!(out[0].1.is_empty());
    engine.close().await.unwrap();
}

async fn one_that_may_not_be_called_holds_up_no_other(place: Place) {
    let engine = engine(&place).await;
    dissatisfied(&engine, "c1", Some("13812345678")).await;
    ask(&engine, "o1", back("13712345678")).await.unwrap();
    ask(&engine, "o2", back("13912345678")).await.unwrap();
    // The operator bars the first one's numbers, and starts anew.
    let numbers = errands::Numbers {
        barred: vec!["137".into()],
        ..allowing().numbers
    };
    for _ in 0..2 {
        let due = engine.due_calls_out(&numbers, 10, at("11:00"));
        let due = due.await.unwrap();
        let ids: Vec<_> = due.iter().map(|(order, _)| order.id.0.as_str()).collect();
        assert_eq!(ids, ["o2"]);
    }
    let barred = engine.call_out("o1").await.unwrap().unwrap();
    assert_eq!(barred.result.as_deref(), Some("withdrawn"));
    assert_eq!(engine.open_call_out_count().await.unwrap(), 1);
    engine.close().await.unwrap();
}

async fn whom_we_called_is_no_caller_whom_a_desk_outwaited(place: Place) {
    let engine = engine(&place).await;
    let by = revisitor(&engine).await;
    let ticket = dissatisfied(&engine, "c1", Some("13812345678")).await;
    let day = at("10:00").day();
    let counted = async || {
        (
            engine.answering(at("00:00")).await.unwrap(),
            engine.desk_counts(day, day).await.unwrap(),
        )
    };
    let before = counted().await;
    assert_eq!(before.0.wanted, 1);
    ask(&engine, "o1", revisit(ticket, &by)).await.unwrap();
    begun(&engine, 1, "call-1").await;
    // A revisit: the desk is there before him, nobody is asked for a grade, and he hangs up.
    let call = CallId("call-1".into());
    let answered = NewCall {
        id: call.clone(),
        sip_call_id: "x@trunk".into(),
        caller: Some("13812345678".into()),
        callee: "01066554433".into(),
        source: "sip:192.0.2.10".into(),
        started_at: at("11:00"),
        dialplan: "revisit".into(),
        dialplan_digest: "d1".into(),
        rehearsal: false,
    };
    engine.open_call(answered).await.unwrap();
    engine
        .desk_answered(&call, Some("8002"), at("11:00"))
        .await
        .unwrap();
    engine.talked(&call, 60_000).await.unwrap();
    let ended = EndedCall {
        id: call,
        ended_at: at("11:02"),
        hung_up_by: HungUpBy::Caller,
        outcome: "left_before_offer".into(),
        outcome_after_ms: None,
    };
    engine.end_call(ended).await.unwrap();
    assert_eq!(counted().await, before);
    engine.close().await.unwrap();
}

async fn one_rater_with_many_results_holds_up_no_other(place: Place) {
    let engine = engine(&place).await;
    let mut tickets = Vec::new();
    for nth in 0..22 {
        let number = match nth {
            21 => "13912345678",
            _ => "13812345678",
        };
        tickets.push(dissatisfied(&engine, &format!("c{nth}"), Some(number)).await);
    }
    let rows = place.open().await;
    rows.raw(
        "UPDATE tickets SET state = 'to_rerate'; \
        INSERT INTO deadlines (subject, kind, epoch, rating_id, ticket, article, started_at, due_at, \
            provisional, calendar, rehearsal) \
            SELECT 'ticket:' || t.number, 'rerate', 9, t.rating_id, t.number, '13', t.opened_at, \
            t.opened_at, FALSE, 'c', FALSE FROM tickets t",
    )
    .await
    .unwrap();
    rows.close().await;
    let page = async |after: &str| engine.results_to_tell(after, 20).await.unwrap();
    let first = page("").await;
    assert_eq!(first, tickets[..20]);
    // Nothing was asked for of them: his number may be called for one at a time.
    let second = page(&first[19].to_string()).await;
    assert_eq!(second, tickets[20..]);
    assert!(page(&second[1].to_string()).await.is_empty());
    engine.close().await.unwrap();
}
