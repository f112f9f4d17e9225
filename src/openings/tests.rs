use super::*;

fn calendar() -> Calendar {
    let year = include_str!("../../calendars/2026.toml");
    Calendar::from_texts(&[("2026.toml", year)]).unwrap()
}

fn hours() -> Openings {
    let span = |from: u16, to: u16| Span {
        days: Days::Workdays,
        from_minute: from * 60,
        to_minute: to * 60,
    };
    ServiceHours::Spans(vec![span(9, 12), span(13, 17)]).into()
}

fn at(text: &str) -> Service {
    service(&hours(), &calendar(), text.parse().unwrap())
}

#[test]
fn the_end_of_the_hours_is_known_ahead_on_swapped_days_too() {
    let open_for = |hours: &Openings, text: &str| {
        let open = open_for(hours, &calendar(), text.parse().unwrap());
        open.map(|open| open.as_millis())
    };
    let hours = &hours();
    for (text, ms) in [
        ("2026-09-21T11:58:30.500+08:00", Some(89_500)),
        ("2026-09-21T12:00:00+08:00", None),
        ("2026-09-21T16:59:59+08:00", Some(1_000)),
        // A Sunday that is worked, and a plain Saturday.
        ("2026-09-20T16:00:00+08:00", Some(3_600_000)),
        ("2026-09-19T16:00:00+08:00", None),
        // A holiday.
        ("2026-10-02T10:00:00+08:00", None),
    ] {
        assert_eq!(open_for(hours, text), ms, "{text}");
    }
    let span = |from_minute, to_minute| Span {
        days: Days::Workdays,
        from_minute,
        to_minute,
    };
    let joined = ServiceHours::Spans(vec![span(540, 720), span(720, 780)]).into();
    let from = "2026-09-21T11:59:00+08:00";
    assert_eq!(open_for(&joined, from), Some(61 * 60_000));
    assert_eq!(open_for(&ServiceHours::Always.into(), from), None);
    let no_notice = "2031-09-22T11:59:00+08:00";
    assert_eq!(open_for(hours, no_notice), None, "the line answers");
}

#[test]
fn a_working_day_is_open_within_its_spans_only() {
    assert_eq!(at("2026-09-21T09:00:00+08:00"), Service::Open);
    assert_eq!(at("2026-09-21T12:00:00+08:00"), Service::Closed);
    assert_eq!(at("2026-09-21T16:59:59+08:00"), Service::Open);
    assert_eq!(at("2026-09-21T17:00:00+08:00"), Service::Closed);
}

#[test]
fn a_weekend_that_is_worked_is_open_and_a_plain_one_closed() {
    assert_eq!(at("2026-09-20T10:00:00+08:00"), Service::Open);
    assert_eq!(at("2026-09-19T10:00:00+08:00"), Service::Closed);
}

#[test]
fn a_holiday_names_itself_and_the_day_on_which_service_resumes() {
    let Service::Holiday { holiday, resumes } = at("2026-10-02T10:00:00+08:00") else {
        panic!("2026-10-02 is a holiday");
    };
    assert_eq!(holiday.zh(), "国庆节");
    assert_eq!(resumes.to_string(), "2026-10-08");
}

mod special;
