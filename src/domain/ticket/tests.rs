use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;
use crate::domain::service::ServiceKey;
use crate::terms::Article;
use crate::terms::DeadlineKind;

/// No ticket, then every state.
fn froms() -> impl Iterator<Item = Option<State>> {
    std::iter::once(None).chain(State::ALL.into_iter().map(Some))
}

fn name(state: Option<State>) -> &'static str {
    state.map_or("none", State::word)
}

#[test]
fn the_rows_are_numbered_in_order_and_every_event_has_one() {
    for (index, row) in TRANSITIONS.iter().enumerate() {
        assert_eq!(usize::from(row.number), index + 1);
        assert!(
            !row.actors.is_empty(),
            "row {} has nobody to do it",
            row.number
        );
        assert!(
            !row.records.is_empty(),
            "row {} leaves no trace (第十七条)",
            row.number
        );
    }
    for event in Event::ALL {
        assert!(
            TRANSITIONS.iter().any(|row| row.event == event),
            "{event:?}"
        );
    }
}

#[test]
fn no_state_and_event_have_two_rows() {
    for state in froms() {
        for event in Event::ALL {
            let rows = TRANSITIONS
                .iter()
                .filter(|row| row.event == event && row.from.holds(state));
            assert!(rows.count() <= 1, "{} {event:?}", name(state));
        }
    }
}

#[test]
fn every_state_and_event_is_a_row_or_a_refusal_with_its_article() {
    let mut matrix = String::new();
    for event in Event::ALL {
        let _ = write!(matrix, "{:<26}", event.word());
        for state in froms() {
            match transition(state, event) {
                Ok(row) => {
                    let _ = write!(matrix, "{:>3}", row.number);
                }
                Err(refusal) => {
                    assert!(refusal.to_string().contains(&refusal.article().to_string()));
                    matrix.push_str("  ·");
                }
            }
        }
        matrix.push('\n');
    }
    let head =
        "columns: none, then N A P S V W R Q F G C1 C2 C3 C4 C5; a number is the row, · a refusal";
    insta::assert_snapshot!(format!("{head}\n{matrix}"));
}

#[test]
fn a_refusal_says_which_article_and_in_which_state() {
    let refusal = transition(Some(State::New), Event::Dispatched).unwrap_err();
    assert_eq!(refusal.article(), Article::of(9));
    assert_eq!(
        refusal.zh(),
        "差评工单在“新建”状态下不能发送责任单位（第九条）"
    );
    assert_eq!(
        refusal.to_string(),
        "发送责任单位 is not possible in the state 新建 (第九条)"
    );
}

/// The states that a walk from `start` over the rows may reach.
fn reached(start: Option<State>) -> BTreeSet<State> {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(state) = open.pop() {
        for event in Event::ALL {
            let Ok(row) = transition(state, event) else {
                continue;
            };
            for next in row.to.reachable(state) {
                if seen.insert(next) {
                    open.push(Some(next));
                }
            }
        }
    }
    seen
}

#[test]
fn every_state_is_reached_and_from_each_a_closed_one() {
    assert_eq!(reached(None), State::ALL.into_iter().collect());
    for state in State::ALL {
        let end = state.is_closed() || reached(Some(state)).into_iter().any(State::is_closed);
        assert!(end, "{state:?} never ends");
    }
}

#[test]
fn every_open_state_is_left_by_somebody_and_has_an_owner() {
    for state in State::ALL.into_iter().filter(|state| !state.is_closed()) {
        assert_ne!(state.owner(), Actor::System, "{state:?} waits for nobody");
        let leaves = TRANSITIONS
            .iter()
            .any(|row| row.from.holds(Some(state)) && row.to.reachable(Some(state)) != [state]);
        assert!(leaves, "{state:?}");
    }
}

#[test]
fn nobody_but_the_reviewers_decides_that_a_rating_does_not_count() {
    for event in [
        Event::JudgedInvalid,
        Event::JudgedMistaken,
        Event::JudgedMalicious,
    ] {
        let row = transition(Some(State::UnderReview), event).unwrap();
        let judges = [Actor::CentreSupervisor, Actor::GeneralOfficeSigner];
        let proposes = (event == Event::JudgedMalicious).then_some(Actor::GeneralOffice);
        let judge = |actor: &Actor| judges.contains(actor) || proposes == Some(*actor);
        assert!(row.actors.iter().all(judge), "{event:?}");
    }
}

#[test]
fn verification_and_rectification_start_together_at_the_receipt() {
    let row = transition(Some(State::Sent), Event::Received).unwrap();
    let starts = [DeadlineKind::Verify, DeadlineKind::Rectify].map(ClockChange::Start);
    assert!(starts.iter().all(|clock| row.clocks.contains(clock)));
    assert!(TRANSITIONS.iter().all(|other| {
        other.number == row.number || !other.clocks.iter().any(|clock| starts.contains(clock))
    }));
}

#[test]
fn the_table_is_drawn() {
    let mut drawing = String::from("stateDiagram-v2\n");
    for state in State::ALL {
        let _ = writeln!(
            drawing,
            "    {}: {}（{}）",
            state.word(),
            state.zh(),
            state.owner().zh()
        );
    }
    for row in &TRANSITIONS {
        let states = match row.from {
            Origin::Any => Some("any state"),
            Origin::AnyOpen => Some("any open state"),
            Origin::Nothing | Origin::In(_) => None,
        };
        if let Some(states) = states {
            let _ = writeln!(
                drawing,
                "    %% {} from {states}: {}",
                row.number,
                row.event.zh()
            );
            continue;
        }
        for state in froms().filter(|state| row.from.holds(*state)) {
            for next in row.to.reachable(state) {
                let from = state.map_or("[*]", State::word);
                let event = row.event.zh();
                let _ = writeln!(
                    drawing,
                    "    {from} --> {}: {} {event}",
                    next.word(),
                    row.number
                );
            }
        }
    }
    for state in State::ALL.into_iter().filter(|state| state.is_closed()) {
        let _ = writeln!(drawing, "    {} --> [*]", state.word());
    }
    insta::assert_snapshot!(drawing);
}

#[test]
fn a_ticket_number_reads_back_in_its_one_written_form() {
    let number = TicketNumber {
        series: Series::Real,
        year: 2026,
        serial: 123,
    };
    assert_eq!(number.to_string(), "T2026-000123");
    assert_eq!("T2026-000123".parse(), Ok(number));
    let long = TicketNumber {
        series: Series::Real,
        year: 2026,
        serial: 1_234_567,
    };
    assert_eq!(long.to_string().parse(), Ok(long));
    let rehearsal = TicketNumber {
        series: Series::of(true),
        ..number
    };
    assert_eq!(rehearsal.to_string(), "R2026-000123");
    assert_eq!("R2026-000123".parse(), Ok(rehearsal));
    for wrong in [
        "T2026-123",
        "2026-000123",
        "X2026-000123",
        "号2026-000123",
        "RT2026-000123",
        "T2026-000000",
        "T2026-+00123",
        "T",
        "",
    ] {
        assert!(wrong.parse::<TicketNumber>().is_err(), "{wrong}");
    }
}

#[test]
fn a_state_reads_back_from_its_word() {
    for state in State::ALL {
        assert_eq!(state.word().parse(), Ok(state));
    }
    assert!("limbo".parse::<State>().is_err());
    assert_eq!(ServiceKey("call-x".into()).to_string(), "call-x");
}
