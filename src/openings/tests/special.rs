//! Half days, closed days and Saturdays of the centre's own.

use super::*;
use crate::ivr::{Facts, Hours, HoursSpan, Value};

const FORENOON: Stretch = Stretch {
    from_min: 510,
    until_min: 720,
};

fn special(day: &str, open: &[Stretch], dialplan: Option<&str>) -> SpecialDay {
    SpecialDay {
        day: day.parse().unwrap(),
        open: open.to_vec(),
        name: (day == "2026-02-16").then(|| "除夕".to_owned()),
        dialplan: dialplan.map(str::to_owned),
    }
}

/// The eve of Spring Festival is served until noon, the Saturday before it is worked anyway and is a half day for one
/// dialplan, a plain Saturday in March is served, and a plain Tuesday is closed.
fn openings(dialplan: Option<&str>) -> Openings {
    let special = vec![
        special("2026-02-16", &[FORENOON], None),
        special("2026-02-14", &[FORENOON], Some("consultation")),
        special("2026-03-07", &[FORENOON, AFTERNOON], None),
        special("2026-03-10", &[], None),
    ];
    Openings {
        special: SpecialDays::new(special).unwrap(),
        dialplan: dialplan.map(str::to_owned),
        ..hours()
    }
}

const AFTERNOON: Stretch = Stretch {
    from_min: 780,
    until_min: 1020,
};

fn moment(text: &str) -> Moment {
    format!("{text}+08:00").parse().unwrap()
}

fn at_of(dialplan: Option<&str>, text: &str) -> Service {
    service(&openings(dialplan), &calendar(), moment(text))
}

fn known(dialplan: Option<&str>, text: &str) -> Facts {
    let lengths = std::sync::Arc::default();
    facts(
        &calendar(),
        &openings(dialplan),
        &lengths,
        None,
        moment(text),
    )
}

const TOLD_FORENOON: HoursSpan = HoursSpan {
    from_min: 510,
    to_min: 720,
};

#[test]
fn the_eve_of_spring_festival_is_open_until_noon_and_then_closed_with_its_own_hours() {
    assert_eq!(at_of(None, "2026-02-16T08:29:59"), Service::Closed);
    assert_eq!(at_of(None, "2026-02-16T08:30:00"), Service::Open);
    assert_eq!(at_of(None, "2026-02-16T11:59:59"), Service::Open);
    assert_eq!(at_of(None, "2026-02-16T12:00:00"), Service::Closed);
    let open = open_for(
        &openings(None),
        &calendar(),
        moment("2026-02-16T11:58:30.500"),
    );
    assert_eq!(open, Some(Duration::from_millis(89_500)));
    let told = known(None, "2026-02-16T12:00:00").hours;
    assert_eq!(
        told,
        Hours::Closed {
            hours: vec![TOLD_FORENOON]
        }
    );
    // The day after is a holiday like any other.
    let Service::Holiday { resumes, .. } = at_of(None, "2026-02-17T10:00:00") else {
        panic!("2026-02-17 is a holiday");
    };
    assert_eq!(resumes.to_string(), "2026-02-24");
}

#[test]
fn who_loses_his_desk_after_the_hours_waits_for_nobody_and_a_first_caller_is_served_on() {
    let ends = |text: &str, again: bool| {
        hours_end_after(&openings(None), &calendar(), moment(text), again)
    };
    let quarter = Some(Duration::from_secs(900));
    assert_eq!(ends("2026-02-16T11:45:00", true), quarter);
    assert_eq!(ends("2026-02-16T11:45:00", false), quarter);
    assert_eq!(ends("2026-02-16T12:00:00", true), Some(Duration::ZERO));
    assert_eq!(ends("2026-02-16T12:00:00", false), None);
}

#[test]
fn a_half_day_of_one_dialplan_is_that_dialplans_alone() {
    // A Saturday that is worked for the holiday.
    let afternoon = "2026-02-14T15:00:00";
    assert_eq!(at_of(Some("consultation"), afternoon), Service::Closed);
    assert_eq!(at_of(Some("revisit"), afternoon), Service::Open);
    assert_eq!(at_of(None, afternoon), Service::Open);
    let noon = open_for(
        &openings(Some("consultation")),
        &calendar(),
        moment("2026-02-14T11:00:00"),
    );
    assert_eq!(noon, Some(Duration::from_secs(3600)));
}

#[test]
fn a_saturday_of_the_centres_own_is_open_and_a_named_tuesday_is_closed() {
    assert_eq!(at_of(None, "2026-03-07T14:00:00"), Service::Open);
    assert_eq!(at_of(None, "2026-03-14T14:00:00"), Service::Closed);
    assert_eq!(at_of(None, "2026-03-10T10:00:00"), Service::Closed);
    // Told on a closed day are the ordinary hours.
    let Hours::Closed { hours } = known(None, "2026-03-10T10:00:00").hours else {
        panic!("closed");
    };
    assert_eq!(hours.len(), 2);
    assert_eq!(hours[0].from_min, 9 * 60);
}

#[test]
fn a_callback_is_promised_for_the_next_day_that_is_served_within_its_own_hours() {
    let slot = |text: &str| match known(None, text).slot {
        Some(Value::Slot { month, day, hours }) => (month, day, hours),
        other => panic!("no slot: {other:?}"),
    };
    // Before the eve, on it, and before the closed Tuesday and the open Saturday.
    let (month, day, hours) = slot("2026-02-15T10:00:00");
    assert_eq!((month, day, hours), (2, 16, vec![TOLD_FORENOON]));
    assert_eq!(slot("2026-02-16T13:00:00").1, 24);
    assert_eq!(slot("2026-03-09T23:59:59").1, 11);
    assert_eq!(slot("2026-03-10T00:00:00").1, 11);
    assert_eq!(slot("2026-03-06T18:00:00").1, 7);
}

#[test]
fn a_special_day_ends_at_its_own_midnight() {
    let night = Stretch {
        from_min: 20 * 60,
        until_min: 24 * 60,
    };
    let morning = Stretch {
        from_min: 0,
        until_min: 90,
    };
    let days = vec![
        special("2026-12-31", &[night], None),
        special("2027-01-01", &[morning], None),
    ];
    let openings = Openings {
        special: SpecialDays::new(days).unwrap(),
        ..hours()
    };
    // The next year has no notice: its special day is known all the same.
    let at = |text: &str| service(&openings, &calendar(), moment(text));
    assert_eq!(at("2026-12-31T23:59:59.999"), Service::Open);
    assert_eq!(at("2027-01-01T00:00:00"), Service::Open);
    assert_eq!(at("2027-01-01T01:30:00"), Service::Closed);
    let over = open_for(&openings, &calendar(), moment("2026-12-31T23:00:00"));
    assert_eq!(over, Some(Duration::from_secs(150 * 60)));
}

#[test]
fn an_hour_of_the_day_is_counted_at_plus_eight_whatever_the_offset_is_told_in() {
    let east: Moment = "2026-02-16T04:00:00Z".parse().unwrap();
    assert_eq!(service(&openings(None), &calendar(), east), Service::Closed);
    let before = east.plus_millis(-1);
    assert_eq!(service(&openings(None), &calendar(), before), Service::Open);
}

#[test]
fn whoever_watches_is_told_what_today_is() {
    let today = |text: &str| openings(None).today(&calendar(), moment(text));
    let kind = |text: &str| today(text)[0].kind;
    assert_eq!(kind("2026-02-16T10:00:00"), DayHours::HalfDay);
    assert_eq!(kind("2026-03-07T10:00:00"), DayHours::Extra);
    assert_eq!(kind("2026-03-10T10:00:00"), DayHours::Closed);
    assert_eq!(kind("2026-03-11T10:00:00"), DayHours::Ordinary);
    assert_eq!(kind("2026-03-14T10:00:00"), DayHours::DayOff);
    let eve = &today("2026-02-16T10:00:00")[0];
    assert!(eve.is_open);
    assert_eq!(eve.until_min, Some(720));
    assert_eq!(eve.name.as_deref(), Some("除夕"));
    let lunch = &today("2026-03-07T12:30:00")[0];
    assert!(!lunch.is_open && lunch.until_min.is_none());
    let saturday = today("2026-02-14T10:00:00");
    let kinds: Vec<_> = saturday
        .iter()
        .map(|day| (day.dialplan.as_deref(), day.kind, day.until_min))
        .collect();
    assert_eq!(
        kinds,
        [
            (None, DayHours::Ordinary, Some(720)),
            (Some("consultation"), DayHours::HalfDay, Some(720)),
        ]
    );
}
