//! Nobody does two steps of one decision, and every record holds what it must.

use super::*;
use crate::domain::{Actor, transition};

fn both(first: Hand, second: &Hand) -> Hand {
    let mut both = first;
    both.posts.extend(second.posts.clone());
    both
}

#[test]
fn nobody_does_two_steps_of_one_decision() {
    let everything = both(both(officer(), &supervisor()), &signer());
    let mut centre = Centre::rated_bad();
    centre
        .until("2026-09-18 17:00")
        .assigned()
        .revisited()
        .does(everything.clone(), draft(&["forest"]))
        .hinders(
            everything.clone(),
            Act::Report {},
            Hindrance::TwiceInOneChain,
        )
        .does(supervisor(), Act::Report {})
        .hinders(
            everything,
            dispatch(Span::Normal),
            Hindrance::TwiceInOneChain,
        )
        .hinders(
            both(supervisor(), &signer()),
            dispatch(Span::Normal),
            Hindrance::TwiceInOneChain,
        )
        .does(signer(), dispatch(Span::Normal))
        .until("2026-09-21 10:00");
    let asks = both(liaison("forest"), &signer());
    let ask = Act::RequestComplex {
        order: None,
        reason: "须评审".into(),
    };
    let grant = Act::DecideComplex {
        order: None,
        grant: true,
        reason: "同意".into(),
    };
    centre
        .does(asks.clone(), ask)
        .hinders(asks, grant, Hindrance::TwiceInOneChain);
}

#[test]
fn the_rated_agent_and_strangers_do_nothing_on_the_ticket() {
    let mut centre = Centre::rated_bad();
    let mut agent = revisitor();
    agent.staff = Some("806".into());
    let to_the_agent = Act::Assign {
        officer: PersonId("agent".into()),
        staff: Some("806".into()),
        handling_unit: None,
    };
    centre
        .until("2026-09-18 17:00")
        .hinders(supervisor(), to_the_agent, Hindrance::RatedAgent)
        .assigned()
        .hinders(agent, revisit(Reached::Connected), Hindrance::RatedAgent);
    let refusal = centre.refuses(
        hand("auditor", Role::Auditor, UnitId::general_office()),
        revisit(Reached::Connected),
    );
    assert!(matches!(
        refusal,
        Refusal::NotYours {
            actors: [Actor::CentreRevisitor],
            ..
        }
    ));
    assert!(refusal.zh().contains("第八条"), "{}", refusal.zh());
}

#[test]
fn a_filing_is_signed_by_the_head_of_the_responsible_unit() {
    let mut centre = Centre::rated_bad();
    centre
        .verifying("forest")
        .hinders(head("wetland"), find_true(), Hindrance::NotOfUnit);
    let refusal = centre.refuses(liaison("forest"), find_true());
    assert!(
        matches!(refusal, Refusal::NotYours { .. }),
        "a liaison drafts"
    );
}

#[test]
fn a_record_without_what_it_must_hold_is_refused_by_field() {
    let mut centre = Centre::rated_bad();
    centre.verifying("forest");
    let missing = |centre: &mut Centre, who: Hand, act: Act| match centre.refuses(who, act) {
        Refusal::Incomplete { field, .. } => field,
        other => panic!("{other:?}"),
    };
    let Act::FindTrue { facts, .. } = find_true() else {
        unreachable!()
    };
    let bare = Act::FindTrue {
        order: None,
        extent: Extent::Whole,
        facts,
        evidence: Vec::new(),
    };
    assert_eq!(missing(&mut centre, head("forest"), bare), "evidence");
    let blank = Act::Appeal {
        order: None,
        ground: Ground::Untrue,
        facts: "  ".into(),
        evidence: vec!["x".into()],
    };
    assert_eq!(missing(&mut centre, head("forest"), blank), "facts");
    let Act::FileRectification {
        measures,
        result,
        evidence,
        ..
    } = rectify(centre.now)
    else {
        unreachable!()
    };
    let tomorrow = Act::FileRectification {
        order: None,
        measures,
        result,
        responsible: "处长".into(),
        done_on: "2026-09-22".parse().unwrap(),
        evidence,
        systemic: String::new(),
    };
    assert_eq!(missing(&mut centre, head("forest"), tomorrow), "done_on");
    let mut centre = Centre::rated_bad();
    centre.until("2026-09-18 17:00").assigned();
    for (units, field) in [(&[][..], "units"), (&[""][..], "units")] {
        assert_eq!(missing(&mut centre, officer(), draft(units)), field);
    }
    centre.hinders(officer(), draft(&["forest", "forest"]), Hindrance::NotTwice);
}

#[test]
fn every_act_belongs_to_a_row_and_asks_only_for_hands_that_the_row_names() {
    let mut words = std::collections::BTreeSet::new();
    for kind in crate::acts::KINDS.iter() {
        assert!(words.insert(kind.word), "{} twice", kind.word);
        let row = crate::domain::TRANSITIONS
            .iter()
            .find(|row| row.event == kind.event)
            .unwrap();
        for actor in kind.actors {
            assert!(row.actors.contains(actor), "{}: {actor:?}", kind.word);
        }
        let reachable = State::ALL
            .iter()
            .any(|state| transition(Some(*state), kind.event).is_ok());
        assert!(reachable, "{}", kind.word);
    }
}

#[test]
fn the_fields_of_an_act_are_those_that_it_reads() {
    for kind in KINDS.iter() {
        let mut object = serde_json::Map::new();
        object.insert("act".into(), kind.word.into());
        for field in kind.fields.iter().filter(|field| field.required) {
            object.insert(field.name.into(), sample(field.takes));
        }
        let read = |object: &serde_json::Map<String, serde_json::Value>| {
            serde_json::from_value::<Act>(serde_json::Value::Object(object.clone()))
        };
        let act = read(&object).unwrap_or_else(|error| panic!("{}: {error}", kind.word));
        assert_eq!(act.kind(false).word, kind.word);
        for field in kind.fields {
            let mut other = object.clone();
            match field.required {
                true => {
                    other.remove(field.name);
                    assert!(
                        read(&other).is_err(),
                        "{} does without {}",
                        kind.word,
                        field.name
                    );
                }
                false => {
                    other.insert(field.name.into(), sample(field.takes));
                    let with = serde_json::to_value(read(&other).unwrap()).unwrap();
                    let field_value = with.get(field.name);
                    assert_eq!(
                        field_value,
                        other.get(field.name),
                        "{} {}",
                        kind.word,
                        field.name
                    );
                }
            }
        }
        let written = serde_json::to_value(&act).unwrap();
        let names = written
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| *name != "act");
        for name in names {
            assert!(
                kind.fields.iter().any(|field| field.name == name),
                "{}: {name}",
                kind.word
            );
        }
    }
}

fn sample(takes: Takes) -> serde_json::Value {
    use serde_json::json;
    match takes {
        Takes::Text => json!("2026-09-18T16:00:00.000+08:00"),
        Takes::Flag => json!(true),
        Takes::Number => json!(1),
        Takes::Day => json!("2026-09-18"),
        Takes::Words(words) => json!(words[0]),
        Takes::Texts => json!(["a"]),
        Takes::Numbers => json!([1]),
        Takes::Attributions => json!([{"unit": "forest", "rule": 5}]),
    }
}
