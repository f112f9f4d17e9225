use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

static CALENDAR: LazyLock<Calendar> = LazyLock::new(Calendar::shipped);

fn at(text: &str) -> Moment {
    format!("{text}:00+08:00").parse().expect("a moment")
}

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

fn term(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a term has a length")
}

fn due_on(start: &str, workdays: u16) -> Day {
    due(at(start), term(workdays), &CALENDAR)
        .expect("known years")
        .due_on
}

#[test]
fn a_bad_grade_of_the_friday_before_a_worked_sunday_is_due_on_tuesday() {
    assert_eq!(due_on("2026-09-18T16:00", 3), day("2026-09-22"));
    assert_eq!(due_on("2026-09-18T16:00", 5), day("2026-09-24"));
    assert_eq!(due_on("2026-09-22T10:00", 3), day("2026-09-28"));
    assert_eq!(due_on("2026-09-22T10:00", 5), day("2026-09-30"));
    assert_eq!(due_on("2026-09-22T10:00", 15), day("2026-10-20"));
}

#[test]
fn a_term_ends_one_second_to_midnight_in_beijing_whatever_the_hour_it_started() {
    for hour in ["2026-09-18T00:00", "2026-09-18T09:30", "2026-09-18T23:59"] {
        let due = due(at(hour), term(3), &CALENDAR).unwrap();
        assert_eq!(due.due_at.to_string(), "2026-09-22T23:59:59.000+08:00");
    }
}

#[test]
fn half_past_four_utc_starts_the_next_day_in_beijing() {
    let start: Moment = "2026-09-17T16:30:00Z".parse().unwrap();
    assert_eq!(
        due(start, term(3), &CALENDAR).unwrap().counted[0].day,
        day("2026-09-18")
    );
}

#[test]
fn the_explanation_names_each_day_in_chinese() {
    let due = due(at("2026-09-18T16:00"), term(5), &CALENDAR).unwrap();
    assert_eq!(
        due.explain_zh(),
        "2026-09-18 周五 起算当日不计\n\
         2026-09-19 周六 休息日\n\
         2026-09-20 周日 调休上班（国庆节） ①\n\
         2026-09-21 周一 工作日 ②\n\
         2026-09-22 周二 工作日 ③\n\
         2026-09-23 周三 工作日 ④\n\
         2026-09-24 周四 工作日 ⑤\n"
    );
}

#[test]
fn the_explanation_names_each_day_in_english() {
    let due = due(at("2026-09-24T10:00"), term(2), &CALENDAR).unwrap();
    assert_eq!(
        due.explain_en(),
        "2026-09-24 Thu starting day, not counted\n\
         2026-09-25 Fri off, Mid-Autumn Festival\n\
         2026-09-26 Sat off, Mid-Autumn Festival\n\
         2026-09-27 Sun off, Mid-Autumn Festival\n\
         2026-09-28 Mon working day (1)\n\
         2026-09-29 Tue working day (2)\n"
    );
}

#[test]
fn every_start_of_seven_years_agrees_with_an_independent_implementation() {
    let table = include_str!("due-dates.csv");
    let rows = table.lines().filter(|line| line.starts_with("20"));
    let mut compared = 0;
    for row in rows {
        let cells: Vec<&str> = row.split(',').collect();
        let start = day(cells[0]).at(12, 0, 0);
        for (cell, workdays) in cells[1..].iter().zip([1, 3, 5, 15]) {
            let found = due(start, term(workdays), &CALENDAR).map(|due| due.due_on.to_string());
            match *cell {
                "" => assert_eq!(found, Err(UnknownYear { year: 2027 }), "{row}"),
                expected => assert_eq!(found.as_deref(), Ok(expected), "{row} + {workdays}"),
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 4 * 2557, "2020 to 2026 have 2557 days");
}

#[test]
fn a_term_that_leaves_the_known_years_is_an_error_for_a_question() {
    let error = due(at("2026-12-30T10:00"), term(3), &CALENDAR).unwrap_err();
    assert_eq!(error, UnknownYear { year: 2027 });
    assert!(due(at("1999-06-01T10:00"), term(1), &CALENDAR).is_err());
}

#[test]
fn a_term_that_leaves_the_known_years_is_provisional_for_a_ticket() {
    let due = due_provisional(at("2026-12-30T10:00"), term(3), &CALENDAR);
    assert!(due.provisional);
    assert_eq!(due.due_on, day("2027-01-04"));
    let assumed: Vec<_> = due.counted.iter().map(|counted| counted.why).collect();
    assert_eq!(
        assumed,
        [
            Why::StartingDay,
            Why::Known(DayKind::Workday),
            Why::AssumedWorkday,
            Why::AssumedWeekend,
            Why::AssumedWeekend,
            Why::AssumedWorkday,
        ]
    );
    assert!(
        due.explain_zh()
            .contains("2027-01-01 周五 工作日（暂定，该年放假安排未录入） ②")
    );
    assert!(!due_provisional(at("2026-09-18T16:00"), term(3), &CALENDAR).provisional);
}

#[test]
fn what_took_some_working_days_is_counted_as_a_term_of_as_many() {
    // Over a worked Sunday, Mid-Autumn, the National Day week and a worked Saturday.
    let (start, end) = (at("2026-09-18T16:00"), at("2026-10-13T11:00"));
    assert_eq!(workdays_taken(start, end, &CALENDAR), 13);
    assert_eq!(workdays_taken(start, start, &CALENDAR), 0);
    let saturday = at("2026-09-19T10:00");
    assert_eq!(workdays_taken(start, saturday, &CALENDAR), 0);
    assert_eq!(
        workdays_taken(end, start, &CALENDAR),
        0,
        "nothing took less"
    );
    // The year without a notice counts by weekday.
    let (start, end) = (at("2026-12-30T10:00"), at("2027-01-04T10:00"));
    assert_eq!(workdays_taken(start, end, &CALENDAR), 3);
}

proptest! {
    #[test]
    fn a_term_ends_on_its_last_working_day(after in 0..2_000i64, hour in 0..24i64, workdays in 1..40u16) {
        let start = at("2021-01-01T00:00").plus_millis((after * 24 + hour) * 3_600_000);
        let due = due_provisional(start, term(workdays), &CALENDAR);
        prop_assert_eq!(workdays_taken(start, due.due_at, &CALENDAR), u32::from(workdays));
        let eve = due.due_on.previous().end();
        prop_assert_eq!(workdays_taken(start, eve, &CALENDAR), u32::from(workdays) - 1);
    }
}

/// In January 2020 a second notice prolonged a holiday that had begun.
#[test]
fn the_prolonged_spring_festival_of_2020_moves_the_due_day() {
    let revised = &*CALENDAR;
    let original = revised
        .toggled(day("2020-01-31"))
        .toggled(day("2020-02-01"));
    let start = at("2020-01-22T15:00");
    let before = due(start, term(3), &original).unwrap();
    let after = due(start, term(3), revised).unwrap();
    assert_eq!(
        (before.due_on, after.due_on),
        (day("2020-02-01"), day("2020-02-04"))
    );
    assert_ne!(before.calendar, after.calendar);
    let untouched = at("2020-01-15T15:00");
    assert_eq!(
        due(untouched, term(3), &original).unwrap().due_on,
        due(untouched, term(3), revised).unwrap().due_on
    );
}

prop_compose! {
    /// Any minute of 2020 to mid-2026, so that sixty working days stay within the known years.
    fn start()(minute in 0_i64..3_416_000) -> Moment {
        at("2020-01-01T00:00").plus_millis(minute * 60_000)
    }
}

fn counted(start: Moment, workdays: u16, calendar: &Calendar) -> Due {
    due(start, term(workdays), calendar).expect("within the known years")
}

proptest! {
    #[test]
    fn a_term_is_the_sum_of_its_parts(start in start(), a in 1_u16..30, b in 1_u16..30) {
        let first = counted(start, a, &CALENDAR);
        prop_assert_eq!(
            counted(first.due_at, b, &CALENDAR).due_on,
            counted(start, a + b, &CALENDAR).due_on
        );
    }

    #[test]
    fn a_later_start_or_a_longer_term_is_never_due_earlier(
        start in start(), minutes in 0_i64..100_000, workdays in 1_u16..30
    ) {
        let due = counted(start, workdays, &CALENDAR);
        let later = counted(start.plus_millis(minutes * 60_000), workdays, &CALENDAR);
        prop_assert!(later.due_at >= due.due_at);
        prop_assert!(counted(start, workdays + 1, &CALENDAR).due_at > due.due_at);
    }

    #[test]
    fn the_due_day_is_a_working_day_after_the_start(start in start(), workdays in 1_u16..60) {
        let due = counted(start, workdays, &CALENDAR);
        prop_assert_eq!(CALENDAR.is_workday(due.due_on), Ok(true));
        prop_assert!(due.due_on > start.day());
        prop_assert_eq!(due.counted.last().and_then(|day| day.counted_as), Some(workdays));
        prop_assert_eq!(due_provisional(start, term(workdays), &CALENDAR), due);
    }

    #[test]
    fn a_day_outside_the_term_changes_nothing(
        start in start(), workdays in 1_u16..30, away in 0_u16..90, before: bool
    ) {
        let due = counted(start, workdays, &CALENDAR);
        let mut outside = if before { start.day() } else { due.due_on.next() };
        for _ in 0..away {
            outside = if before { outside.previous() } else { outside.next() };
        }
        prop_assume!((2020..=2026).contains(&outside.year()));
        let toggled = CALENDAR.toggled(outside);
        prop_assert_eq!(counted(start, workdays, &toggled).due_on, due.due_on);
    }

    #[test]
    fn a_day_off_within_the_term_postpones_it_and_a_day_worked_advances_it(
        start in start(), workdays in 1_u16..30, choice: prop::sample::Index
    ) {
        let due = counted(start, workdays, &CALENDAR);
        let within = &due.counted[1..];
        let changed = within[choice.index(within.len())];
        let moved = counted(start, workdays, &CALENDAR.toggled(changed.day)).due_on;
        match changed.counted_as {
            Some(_) => prop_assert!(moved > due.due_on),
            None => prop_assert!(moved < due.due_on),
        }
    }
}
