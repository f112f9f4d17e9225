//! What reads well of special days, and may not be what was meant.

use crate::domain::Calendar;
use crate::special_days::SpecialDays;

/// Special days that may not be what was meant.
pub(crate) fn doubts(
    days: &SpecialDays,
    calendar: Option<&Calendar>,
    plans: &[&str],
) -> Vec<String> {
    let mut doubts = Vec::new();
    for special in days.iter() {
        let day = special.day;
        let is_known = |calendar: &Calendar| calendar.kind(day).is_ok();
        if calendar.is_some_and(|calendar| !is_known(calendar)) {
            doubts.push(format!(
                "[centre] special_days {day}: the working calendar does not reach {}; add calendars/{}.toml",
                day.year(),
                day.year()
            ));
        }
        if let Some(name) = &special.dialplan
            && !plans.contains(&name.as_str())
        {
            doubts.push(format!(
                "[centre] special_days {day}: there is no dialplan “{name}”; there are: {}",
                plans.join(", ")
            ));
        }
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special_days::SpecialDay;

    #[test]
    fn a_special_day_beyond_the_calendar_or_of_no_dialplan_is_doubtful() {
        let special = |day: &str, dialplan: Option<&str>| SpecialDay {
            day: day.parse().unwrap(),
            open: Vec::new(),
            name: None,
            dialplan: dialplan.map(str::to_owned),
        };
        let days = SpecialDays::new(vec![
            special("2026-02-16", None),
            special("2031-02-16", None),
            special("2026-02-16", Some("revisit")),
            special("2026-02-17", Some("revisits")),
        ])
        .unwrap();
        let year = include_str!("../../calendars/2026.toml");
        let calendar = Calendar::from_texts(&[("2026.toml", year)]).unwrap();
        let found = doubts(&days, Some(&calendar), &["consultation", "revisit"]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("“revisits”; there are: consultation, revisit"));
        assert!(found[1].contains("calendars/2031.toml"));
        assert_eq!(doubts(&days, None, &["revisit", "revisits"]).len(), 0);
    }
}
