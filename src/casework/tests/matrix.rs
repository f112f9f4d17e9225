//! Every state with every act: allowed exactly where the ticket's table says.

use super::*;
use crate::domain::{ClockChange, Event, TRANSITIONS, transition};

/// A ticket in a state, its one order with it.
fn in_state(state: State) -> Case {
    let mut centre = Centre::rated_bad();
    centre.verifying("forest");
    let mut case = centre.case().clone();
    case.ticket.state = state;
    case.orders[0].state = state;
    case
}

/// Somebody with every post there is.
fn everybody() -> By {
    let mut posts: Vec<Post> = Vec::new();
    for role in Role::ALL {
        for of in ["centre", "general_office", "forest"] {
            posts.push(Post {
                role,
                unit: unit(of),
            });
        }
    }
    By::Person(Hand {
        person: PersonId("everybody".into()),
        staff: None,
        posts,
    })
}

#[test]
fn an_act_is_possible_exactly_in_the_states_of_its_row() {
    for state in State::ALL {
        let case = in_state(state);
        for kind in KINDS.iter() {
            let by = match kind.is_offered() {
                true => everybody(),
                false => By::System,
            };
            let answer = may(&case, kind, None, &by, at("2026-09-22 10:00"));
            let not_now = matches!(answer, Err(Refusal::NotNow { .. }));
            let row = transition(Some(state), kind.event);
            assert_eq!(
                not_now,
                row.is_err(),
                "{} in {state:?}: {answer:?}",
                kind.word
            );
        }
    }
}

#[test]
fn a_refusal_names_article_and_state() {
    for state in State::ALL {
        let case = in_state(state);
        for kind in KINDS.iter() {
            let Err(refusal) = may(&case, kind, None, &By::Rater, at("2026-09-22 10:00")) else {
                continue;
            };
            assert_eq!(refusal.state(), Some(state), "{}", kind.word);
            assert!(refusal.zh().contains(&refusal.article().to_string()));
            assert!(refusal.to_string().contains(&refusal.article().to_string()));
        }
    }
}

/// Which kinds a story starts and stops is the row's business: here, that no kind is forgotten by the rows.
#[test]
fn every_clock_that_a_row_starts_is_stopped_by_one_or_ends_of_itself() {
    let mut started = std::collections::BTreeSet::new();
    let mut stopped = std::collections::BTreeSet::new();
    for row in &TRANSITIONS {
        for clock in row.clocks {
            match *clock {
                ClockChange::Start(kind) => {
                    started.insert(kind);
                }
                ClockChange::Stop(kind) => {
                    stopped.insert(kind);
                }
                ClockChange::Resume(kind) => assert!(row.event == Event::DraftReturned, "{kind:?}"),
                ClockChange::Replace(from, to) => assert!(from < to),
            }
        }
    }
    // The platform's receipt stops it, which is no act on a ticket.
    started.remove(&DeadlineKind::Upload);
    assert_eq!(started, stopped);
}
