//! `docs/ticket.md` is made from the tables of the code.

use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::domain::{Actor, ClockChange, Force, Length, Next, Origin, TERMS, TRANSITIONS};

#[test]
fn the_drawn_table_is_the_one_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ticket.md");
    let made = paper();
    if std::env::var_os("GRADELINE_WRITE_DOCS").is_some() {
        std::fs::write(&path, &made).expect("docs are writable");
    }
    let found = std::fs::read_to_string(&path).expect("docs/ticket.md is in the repository");
    assert!(
        found == made,
        "docs/ticket.md is not what the tables say; make it again with \
         GRADELINE_WRITE_DOCS=1 cargo test the_drawn_table"
    );
}

fn paper() -> String {
    let mut text = String::from(
        "# The ticket of a 差评\n\nMade from `src/domain/ticket/table.rs`, `src/terms/mod.rs` and \
         `src/casework/`; a test compares it. To change it, change the tables and run\n\
         `GRADELINE_WRITE_DOCS=1 cargo test the_drawn_table`.\n",
    );
    rows(&mut text);
    acts(&mut text);
    terms(&mut text);
    rules(&mut text);
    text
}

fn rows(text: &mut String) {
    text.push_str(
        "\n## The rows\n\nA ticket with several responsible units has an order for each; rows 9 to 24 are \
         on one order, and the ticket is where its slowest order is.\n▶ starts, ■ stops, ↻ goes on from \
         its start, → takes the place of. A clock is never paused.\n\n\
         | # | From | Event | Who | Guard | To | Clocks | 条 |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in &TRANSITIONS {
        let from = match row.from {
            Origin::Nothing => "–".to_owned(),
            Origin::Any => "any".to_owned(),
            Origin::AnyOpen => "any open".to_owned(),
            Origin::In(states) => zh(states.iter().map(|state| state.zh())),
        };
        let to = match row.to {
            Next::Same => "same".to_owned(),
            Next::State(state) => state.zh().to_owned(),
            Next::OneOf(states) => zh(states.iter().map(|state| state.zh())),
        };
        let clock = |clock: &ClockChange| match clock {
            ClockChange::Start(kind) => format!("{kind}▶"),
            ClockChange::Stop(kind) => format!("{kind}■"),
            ClockChange::Resume(kind) => format!("{kind}↻"),
            ClockChange::Replace(from, to) => format!("{from}→{to}"),
        };
        let clocks: Vec<_> = row.clocks.iter().map(clock).collect();
        let _ = writeln!(
            text,
            "| {} | {from} | {} `{}` | {} | {} | {to} | {} | {} |",
            row.number,
            row.event.zh(),
            row.event.word(),
            actors(row.actors),
            row.guard,
            clocks.join(" "),
            row.article,
        );
    }
}

fn acts(text: &mut String) {
    text.push_str(
        "\n## The acts\n\nEach is one address, `POST /api/v1/tickets/{number}/{act}`. *Prepares* leaves the \
         state as it is: another person completes the row. Fields in brackets may be left out.\n\n\
         | Act | | Row | Who | Fields |\n|---|---|---|---|---|\n",
    );
    for kind in KINDS.iter().filter(|kind| kind.is_offered()) {
        let row = TRANSITIONS.iter().find(|row| row.event == kind.event);
        let fields: Vec<_> = kind
            .fields
            .iter()
            .map(|field| match field.required {
                true => format!("`{}`", field.name),
                false => format!("[`{}`]", field.name),
            })
            .collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {}{} | {} | {} |",
            kind.word,
            kind.zh,
            row.expect("every act has a row").number,
            if kind.prepares { ", prepares" } else { "" },
            actors(kind.actors),
            fields.join(" "),
        );
    }
}

fn terms(text: &mut String) {
    text.push_str(
        "\n## The terms\n\n| # | Word | | Length | Force | Starts | Stops | 条 |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for term in &TERMS {
        let length = match term.length {
            Length::Hours(hours) => format!("{hours} h"),
            Length::Workdays(days) => format!("{days} wd"),
            Length::Days(days) => format!("{days} d"),
            Length::Months(months) => format!("{months} months"),
            Length::DayNamed => "the day named".to_owned(),
            Length::Within(kind) => format!("within {kind}"),
        };
        let force = match term.force {
            Force::Statutory => "法定",
            Force::Target => "目标",
            Force::Rule => "届满生效",
        };
        let _ = writeln!(
            text,
            "| D{} | `{}` | {} | {length} | {force} | {} | {} | {} |",
            term.number,
            term.kind,
            term.kind.zh(),
            term.starts,
            term.stops,
            term.article,
        );
    }
}

fn rules(text: &mut String) {
    text.push_str(
        "\n## Who is responsible\n\nThe first row that fits is suggested and cited; people decide. *拟*: the \
         regulation leaves a gap, and this is our reading.\n\n\
         | # | Service | What was bad | Seconded | Responsible | 条 |\n|---|---|---|---|---|---|\n",
    );
    for rule in &RULES {
        let who = |who: &Responsible| match who {
            Responsible::Centre => "政务服务中心",
            Responsible::HandlingUnit => "承办单位",
            Responsible::HomeUnit => "派出司局",
        };
        let responsible = match rule.responsible {
            [] => "咨询：政务服务中心；审批：承办单位".to_owned(),
            named => zh(named.iter().map(who)),
        };
        let aspects = match rule.aspects {
            [] => "其他、原因不明".to_owned(),
            named => zh(named.iter().map(|aspect| aspect.zh())),
        };
        let seconded = match rule.seconded {
            Some(true) => "yes",
            Some(false) => "no",
            None => "any",
        };
        let _ = writeln!(
            text,
            "| {} | {} | {aspects} | {seconded} | {responsible} | {}{} |",
            rule.number,
            rule.business.map_or("any", |business| business.zh()),
            rule.article,
            if rule.reading { "，拟" } else { "" },
        );
    }
}

fn actors(actors: &[Actor]) -> String {
    zh(actors.iter().map(|actor| actor.zh()))
}

fn zh<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join("、")
}

#[test]
fn each_rule_of_the_tenth_article_suggests_its_unit() {
    let ask = |business, aspect, seconded: Option<&str>| {
        let found = suggest(&Question {
            business,
            aspect,
            seconded_from: seconded.map(unit),
            handling_unit: Some(unit("forest")),
        });
        let units: Vec<String> = found.units.into_iter().map(|unit| unit.0).collect();
        (found.rule.number, units.join(" "))
    };
    use Aspect::*;
    use Business::*;
    let table = [
        (Approval, Manner, Some("wetland"), 1, "wetland"),
        (Consultation, Guidance, Some("wetland"), 1, "wetland"),
        (Approval, Guidance, None, 2, "centre"),
        (Approval, ToldAtOnce, None, 2, "centre"),
        (Approval, Materials, Some("wetland"), 3, "centre"),
        (Approval, Result, Some("wetland"), 3, "centre"),
        (Consultation, Response, None, 4, "centre"),
        (Consultation, Manner, None, 4, "centre"),
        (Consultation, Response, Some("wetland"), 1, "wetland"),
        (Consultation, Language, Some("wetland"), 1, "wetland"),
        (Consultation, ToldAtOnce, None, 4, "centre"),
        (Consultation, ToldAtOnce, Some("wetland"), 4, "centre"),
        (Approval, Guidance, Some("wetland"), 1, "wetland"),
        (Consultation, Substance, Some("wetland"), 6, "forest centre"),
        (Approval, LateAfterAcceptance, Some("wetland"), 7, "forest"),
        (Approval, Hall, Some("wetland"), 8, "centre"),
        (Approval, Platform, Some("wetland"), 9, "centre"),
        (Consultation, Progress, Some("wetland"), 10, "centre"),
        (Consultation, Waiting, Some("wetland"), 10, "centre"),
        (
            Approval,
            LateBeforeAcceptance,
            Some("wetland"),
            11,
            "centre",
        ),
        (Consultation, Unknown, Some("wetland"), 12, "centre"),
        (Approval, Unknown, Some("wetland"), 12, "forest"),
        (Approval, Acceptance, None, 5, "forest"),
        (Approval, ExpertReview, Some("wetland"), 5, "forest"),
        (Approval, Decision, None, 5, "forest"),
        (Consultation, Substance, None, 6, "forest centre"),
        (Approval, LateAfterAcceptance, None, 7, "forest"),
        (Approval, Hall, None, 8, "centre"),
        (Consultation, Platform, None, 9, "centre"),
        (Consultation, Waiting, None, 10, "centre"),
        (Approval, LateBeforeAcceptance, None, 11, "centre"),
        (Consultation, Unknown, None, 12, "centre"),
        (Approval, Unknown, None, 12, "forest"),
    ];
    for (business, aspect, seconded, rule, units) in table {
        let found = ask(business, aspect, seconded);
        assert_eq!(found, (rule, units.to_owned()), "{business:?} {aspect:?}");
    }
    for (index, rule) in RULES.iter().enumerate() {
        assert_eq!(usize::from(rule.number), index + 1);
        let tried = table.iter().any(|(.., number, _)| *number == rule.number);
        assert!(tried, "rule {} is not tried", rule.number);
    }
}
