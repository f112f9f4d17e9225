//! What is done to the tickets of the pattern's day.

use gradeline::acts::{
    Act, Assessment, Attribution, Checked, Extent, Reached, Span as Workdays, Way,
};
use gradeline::domain::{By, Hand, Moment, PersonId, Post, Role, TicketNumber, UnitId};
use gradeline::engine::{Doing, Engine};

use crate::Outcome;
use crate::pattern::{Kind, unit};

/// How far a ticket goes by `kind`: to its end; or each of the day's tickets a little further than the last.
pub async fn handle(
    engine: &Engine,
    ticket: TicketNumber,
    number: usize,
    kind: Kind,
    at: Moment,
) -> Outcome<()> {
    let steps = match kind {
        Kind::Over => usize::MAX,
        Kind::Untouched => 0,
        Kind::Open => [0, 1, 4, 6][number / 50 % 4],
    };
    for (index, (by, act, after_h)) in way(number, at).into_iter().enumerate().take(steps) {
        // Raters are called by day, and what is told must be told in order.
        let when = at.plus_millis(after_h * 3_600_000 + 1_000 * index as i64);
        engine
            .act(
                Doing {
                    ticket,
                    act,
                    by,
                    seen: None,
                    key: None,
                },
                when,
            )
            .await?;
    }
    Ok(())
}

/// Who does what, and how many hours after the grade.
fn way(number: usize, at: Moment) -> Vec<(By, Act, i64)> {
    let unit = unit(number / 50 + 1);
    let officer = || of("1", Role::CentreOfficer, UnitId::centre());
    let supervisor = || of("2", Role::CentreSupervisor, UnitId::centre());
    let revisitor = || of("3", Role::CentreRevisitor, UnitId::centre());
    let head = || of("6", Role::UnitHead, unit.clone());
    let draft = Assessment {
        cause: "办理进度没有告知".to_owned(),
        items: vec![4],
        invalid: None,
        units: vec![Attribution {
            unit: unit.clone(),
            rule: 6,
        }],
        contact: "010-00000000".to_owned(),
    };
    let assign = Act::Assign {
        officer: PersonId("1".to_owned()),
        staff: None,
        handling_unit: None,
    };
    let revisit = Act::Revisit {
        result: Reached::Connected,
        call: None,
        answers: "等待太久".to_owned(),
        slip: false,
        no_more_calls: false,
    };
    let found = Act::FindTrue {
        order: None,
        extent: Extent::Whole,
        facts: "属实".to_owned(),
        evidence: vec!["sha256:aa".to_owned()],
    };
    let filed = Act::FileRectification {
        order: None,
        measures: "改正".to_owned(),
        result: "已改".to_owned(),
        responsible: "处长".to_owned(),
        done_on: at.day().next(),
        evidence: vec!["sha256:bb".to_owned()],
        systemic: String::new(),
    };
    let told = Act::Answer {
        way: Way::Web,
        text: "已改正".to_owned(),
        checked: Checked::ReceiptCode,
    };
    let dispatch = Act::Dispatch {
        order: None,
        workdays: Workdays::Normal,
        unit: None,
    };
    let signer = of("4", Role::OfficeSigner, UnitId::general_office());
    let reviewer = of("5", Role::CentreSupervisor, UnitId::centre());
    let accepted = Act::AcceptRectification {
        order: None,
        reason: String::new(),
    };
    vec![
        (supervisor(), assign, 1),
        (revisitor(), revisit, 1),
        (officer(), Act::Draft(draft), 1),
        (supervisor(), Act::Report {}, 1),
        (signer, dispatch, 1),
        (head(), Act::Receive { order: None }, 1),
        (head(), found, 24),
        (head(), filed, 24),
        (reviewer, accepted, 25),
        (revisitor(), told, 25),
        (revisitor(), Act::DeclineRerate { way: Way::Phone }, 48),
    ]
}

fn of(person: &str, role: Role, unit: UnitId) -> By {
    By::Person(Hand {
        person: PersonId(person.to_owned()),
        staff: None,
        posts: vec![Post { role, unit }],
    })
}
