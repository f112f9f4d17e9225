use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::{load_calendar, now};
use crate::config::{Config, DeskAddress};
use crate::domain::FaultyCalendar;
use crate::ivr::{Plan, Severity, Verb};
use crate::openings::doubts;
use crate::phone::{Book, Checked};
use crate::sip::{Certificate, PemFiles, Trust};

/// Reads every operator's file as `serve` would and prints what is wrong, with file and line.
/// Exit status 1 where `serve` would refuse to start.
pub fn check(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let mut errors = 0;
    for warning in config.warnings() {
        println!("warning: {warning}");
    }
    if let Some(files) = config.certificate() {
        match files.read() {
            Ok(certificate) => report_certificate(&files, &certificate),
            Err(error) => {
                errors += 1;
                println!("TLS: {error}");
            }
        }
    }
    if let Some(path) = &config.sip.tls_authorities
        && let Err(error) = Trust::read(path)
    {
        errors += 1;
        println!("TLS: {error}");
    }
    for trunk in config.told_trunks() {
        println!("{trunk}");
    }
    let mut reached = None;
    match load_calendar(&config.calendars.dir) {
        Ok(calendar) => {
            let years: Vec<String> = calendar.years().map(|year| year.to_string()).collect();
            println!("calendars: {}", years.join(" "));
            reached = Some(calendar);
        }
        Err(error) => {
            errors += match error.downcast_ref::<FaultyCalendar>() {
                Some(FaultyCalendar(problems)) => problems.len(),
                None => 1,
            };
            println!("{error:#}");
        }
    }
    for special in config.centre.special_days.iter() {
        println!("special day {special}");
    }
    match Book::read(&config.files()) {
        Ok(checked) => {
            errors += report(&checked);
            let plans: Vec<_> = checked.book.iter().flat_map(Book::plans).collect();
            let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
            for doubt in doubts(&config.centre.special_days, reached.as_ref(), &names) {
                println!("warning: {doubt}");
            }
            for doubt in plans
                .into_iter()
                .flat_map(|plan| nobodys(plan, &config.desks.addresses))
            {
                println!("warning: {doubt}");
            }
        }
        Err(error) => {
            errors += 1;
            println!("{error:#}");
        }
    }
    if errors > 0 {
        println!("{errors} error(s); nothing was changed");
        return Ok(ExitCode::from(1));
    }
    println!("everything can be used");
    Ok(ExitCode::SUCCESS)
}

/// What a plan's steps want of a desk and no desk has.
fn nobodys(plan: &Plan, desks: &[DeskAddress]) -> Vec<String> {
    let mut doubts = Vec::new();
    for (step, verb) in plan.steps.iter().map(|(name, step)| (name, &step.verb)) {
        let Verb::Connect(connect) = verb else {
            continue;
        };
        let serves = |group: &str| {
            desks
                .iter()
                .any(|desk| desk.groups.iter().any(|own| own == group))
        };
        let knows = |skill: &str| desks.iter().any(|desk| desk.skills.contains_key(skill));
        let groups = connect
            .groups()
            .filter(|group| !serves(group))
            .map(|group| ("groups", group));
        let skill = connect
            .skill()
            .filter(|skill| !knows(skill))
            .map(|skill| ("skills", skill));
        doubts.extend(groups.chain(skill).map(|(key, word)| {
            format!(
                "dialplan {}, step {step}: no desk of [desks] addresses has “{word}” in its {key}",
                plan.name
            )
        }));
    }
    doubts
}

/// Prints whose certificate it is, how long it holds, and what is doubtful about it.
fn report_certificate(files: &PemFiles, certificate: &Certificate) {
    let path = files.certificate.display();
    let now = std::time::UNIX_EPOCH + Duration::from_millis(now().millis().unsigned_abs());
    println!(
        "TLS: {path}: {}, {} day(s) left",
        certificate.names.join(" "),
        certificate.days_left(now)
    );
    if let Some(doubt) = certificate.doubt(now) {
        println!("warning: the certificate in {path}: {doubt}");
    }
    if let Some(doubt) = files.doubt() {
        println!("warning: {doubt}");
    }
}

/// Prints the findings and what is in force; the number of errors.
fn report(checked: &Checked) -> usize {
    for finding in &checked.findings {
        println!("{finding}");
    }
    if let Some(book) = &checked.book {
        for plan in book.plans() {
            let answers: Vec<&str> = plan
                .answers
                .iter()
                .map(|pattern| pattern.text.as_str())
                .collect();
            println!(
                "dialplan {}: answers {}, digest {}",
                plan.name,
                answers.join(" "),
                plan.digest()
            );
        }
        println!("prompts: {} clips", book.clips.0.len());
    }
    checked
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ivr::fixture::{CONSULTATION, plan};

    #[test]
    fn a_group_that_no_desk_has_is_told() {
        let text = CONSULTATION.replacen(
            "talk_at_most_s",
            "group = \"forest\"\nskill = \"seeds\"\ntalk_at_most_s",
            1,
        );
        let plan = plan(&text);
        let desk = |group: &str| DeskAddress {
            address: "sip:8001@192.0.2.7".into(),
            staff: None,
            groups: vec![group.to_owned()],
            skills: std::iter::once(("seeds".to_owned(), 5)).collect(),
        };
        assert_eq!(nobodys(&plan, &[desk("forest")]), [""; 0]);
        let doubts = nobodys(&plan, &[desk("forets")]);
        assert_eq!(doubts.len(), 1, "{doubts:?}");
        assert!(doubts[0].contains("step connect") && doubts[0].contains("“forest”"));
        assert_eq!(nobodys(&plan, &[]).len(), 2);
    }
}
