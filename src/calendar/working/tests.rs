use super::*;

impl Calendar {
    /// The calendar of the repository's `calendars/`.
    pub(crate) fn shipped() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/calendars");
        let files: Vec<(String, String)> = std::fs::read_dir(folder)
            .expect("the repository has calendars")
            .map(|entry| entry.expect("readable").path())
            .map(|path| {
                let text = std::fs::read_to_string(&path).expect("readable");
                (path.display().to_string(), text)
            })
            .collect();
        Calendar::from_texts(&files).expect("the shipped calendars are sound")
    }

    /// The same calendar with one day turned from worked to off or back.
    pub(crate) fn toggled(&self, day: Day) -> Self {
        let mut years = self.years.clone();
        let marked = &mut years.get_mut(&day.year()).expect("a known year").marked;
        if marked.remove(&day).is_none() {
            marked.insert(day, Holiday::NationalDay);
        }
        let version = version(&years);
        Calendar { years, version }
    }
}

const SMALL: &str = r#"year = 2031

[[notice]]
title = "通知"
issued_on = "2030-11-04"

[[off]]
name = "元旦"
days = ["2031-01-01"]

[[on]]
name = "元旦"
days = ["2031-01-04"]
"#;

fn day(text: &str) -> Day {
    text.parse().expect("a day")
}

/// What `SMALL` is told after one replacement.
fn problems(from: &str, to: &str) -> Vec<String> {
    assert!(SMALL.contains(from), "the case must change something");
    let text = SMALL.replace(from, to);
    let error = Calendar::from_texts(&[("calendars/2031.toml", text)]).unwrap_err();
    error.0.iter().map(Problem::to_string).collect()
}

#[test]
fn the_shipped_years_are_2020_to_2026_and_each_names_its_notice() {
    let calendar = Calendar::shipped();
    assert_eq!(
        calendar.years().collect::<Vec<_>>(),
        (2020..=2026).collect::<Vec<_>>()
    );
    for year in calendar.years() {
        let notices = calendar.notices(year).unwrap();
        assert_eq!(notices.len(), if year == 2020 { 2 } else { 1 });
        for notice in notices {
            assert!(notice.title.contains(&format!("{year}年")), "{notice:?}");
            assert!(
                notice
                    .number
                    .as_deref()
                    .is_some_and(|number| number.starts_with("国办发明电"))
            );
            assert!(
                notice.issued_on < day(&format!("{year}-02-01")),
                "{notice:?}"
            );
        }
    }
}

#[test]
fn each_shipped_year_has_as_many_days_off_and_made_up_as_its_notice() {
    let calendar = Calendar::shipped();
    let counts: Vec<(usize, usize)> = calendar
        .years
        .values()
        .map(|year| {
            year.marked
                .keys()
                .partition::<Vec<&Day>, _>(|day| !day.is_weekend())
        })
        .map(|(off, on)| (off.len(), on.len()))
        .collect();
    assert_eq!(
        counts,
        [
            (19, 6),
            (18, 7),
            (18, 7),
            (18, 7),
            (19, 8),
            (18, 5),
            (19, 6)
        ]
    );
}

#[test]
fn a_weekend_day_worked_for_a_holiday_is_a_working_day() {
    let calendar = Calendar::shipped();
    assert_eq!(
        calendar.kind(day("2026-09-20")),
        Ok(DayKind::MadeUp(Holiday::NationalDay))
    );
    assert_eq!(calendar.is_workday(day("2026-09-20")), Ok(true));
    assert_eq!(calendar.holiday_name(day("2026-09-20")), Ok(None));
}

#[test]
fn new_years_eve_was_worked_in_2024_and_is_off_since_2025() {
    let calendar = Calendar::shipped();
    assert_eq!(calendar.is_workday(day("2024-02-09")), Ok(true));
    assert_eq!(calendar.is_workday(day("2025-01-28")), Ok(false));
    assert_eq!(calendar.is_workday(day("2026-02-16")), Ok(false));
}

#[test]
fn a_weekend_within_a_holiday_bears_its_name_and_any_other_bears_none() {
    let calendar = Calendar::shipped();
    for (text, name) in [
        ("2026-10-03", Some("国庆节")),
        ("2026-02-15", Some("春节")),
        ("2026-02-22", Some("春节")),
        ("2026-01-03", Some("元旦")),
        ("2023-09-30", Some("中秋节")),
        ("2023-10-01", Some("国庆节")),
        ("2023-12-30", Some("元旦")),
        ("2020-02-02", Some("春节")),
        ("2026-10-17", None),
        ("2026-09-19", None),
        ("2026-11-23", None),
    ] {
        let found = calendar.holiday_name(day(text)).unwrap();
        assert_eq!(found.map(Holiday::zh), name, "{text}");
    }
}

#[test]
fn the_next_workday_after_a_holiday_is_the_day_the_phone_may_promise() {
    let calendar = Calendar::shipped();
    assert_eq!(
        calendar.next_workday_after(day("2026-10-01")),
        Ok(day("2026-10-08"))
    );
    assert_eq!(
        calendar.next_workday_after(day("2026-09-19")),
        Ok(day("2026-09-20"))
    );
    assert_eq!(
        calendar.next_workday_after(day("2026-12-31")),
        Err(UnknownYear { year: 2027 })
    );
}

#[test]
fn a_year_without_a_file_is_an_error_that_names_the_file_to_add() {
    let calendar = Calendar::shipped();
    let error = calendar.is_workday(day("2027-01-04")).unwrap_err();
    assert!(
        error.to_string().contains("add calendars/2027.toml"),
        "{error}"
    );
    let none = Calendar::from_texts::<&str, &str>(&[]).unwrap();
    assert!(none.is_workday(day("2026-11-23")).is_err());
}

#[test]
fn the_version_follows_the_days_and_not_the_comments() {
    let plain = Calendar::from_texts(&[("2031.toml", SMALL.to_owned())]).unwrap();
    let commented = Calendar::from_texts(&[("2031.toml", format!("# seen\n{SMALL}"))]).unwrap();
    assert_eq!(plain.version(), commented.version());
    assert!(plain.version().starts_with("2031-2031:"));
    assert_ne!(plain.version(), plain.toggled(day("2031-03-03")).version());
}

#[test]
fn a_doubtful_file_is_refused_with_its_line_and_what_would_be_right() {
    for (from, to, expected) in [
        (
            "days = [\"2031-01-01\"]",
            "days = [\"2031-01-01\",\n  \"2031-01-01\"]",
            "calendars/2031.toml:10: 2031-01-01 is listed twice; keep one",
        ),
        (
            "\"2031-01-04\"",
            "\"2031-01-03\"",
            "calendars/2031.toml:13: 2031-01-03 is a weekday, which is worked anyway; \
             [[on]] lists weekend days only",
        ),
        (
            "\"2031-01-01\"",
            "\"2031-01-05\"",
            "calendars/2031.toml:9: 2031-01-05 is a weekend day, which is off anyway; \
             [[off]] lists weekdays only",
        ),
        (
            "\"2031-01-01\"",
            "\"2030-01-01\"",
            "calendars/2031.toml:9: 2030-01-01 is not a day of 2031; put it into 2030.toml",
        ),
        (
            "\"2031-01-01\"",
            "\"2031-02-30\"",
            "calendars/2031.toml:9: “2031-02-30” is not a day, such as 2026-09-18",
        ),
        (
            "name = \"元旦\"\ndays = [\"2031-01-01\"]",
            "name = \"双十一\"\ndays = [\"2031-01-01\"]",
            "calendars/2031.toml:8: “双十一” is no holiday; \
             write one of 元旦、春节、清明节、劳动节、端午节、中秋节、国庆节",
        ),
        (
            "[\"2031-01-01\"]",
            "[]",
            "calendars/2031.toml:9: an empty list of days; name the days or remove the table",
        ),
        (
            "2030-11-04",
            "November",
            "calendars/2031.toml:5: “November” is not a day, such as 2026-09-18",
        ),
        (
            "year = 2031",
            "year = 2032",
            "calendars/2031.toml:1: year = 2032 does not fit the file's name; name it 2032.toml",
        ),
    ] {
        let found = problems(from, to);
        assert!(
            found.iter().any(|problem| problem == expected),
            "{expected}\n{found:#?}"
        );
    }
}

#[test]
fn an_unknown_key_is_refused_by_name_and_line() {
    let found = problems("title = ", "titel = ");
    assert!(
        found[0].starts_with("calendars/2031.toml:4: unknown field `titel`"),
        "{found:?}"
    );
    let found = problems("year = 2031", "year = 2031\nweekend = \"friday\"");
    assert!(
        found[0].starts_with("calendars/2031.toml:2: unknown field `weekend`"),
        "{found:?}"
    );
    let found = problems("year = 2031", "year = ");
    assert!(found[0].starts_with("calendars/2031.toml:1: "), "{found:?}");
}

#[test]
fn an_empty_year_is_an_error_and_not_a_year_without_holidays() {
    let text = &SMALL[..SMALL.find("[[off]]").unwrap()];
    let error = Calendar::from_texts(&[("2031.toml", text)])
        .unwrap_err()
        .to_string();
    assert!(error.contains("no [[off]]"), "{error}");
    let error = Calendar::from_texts(&[("2031.toml", "year = 2031")])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no [[notice]]") && error.contains("no [[off]]"),
        "{error}"
    );
}

#[test]
fn two_files_for_one_year_are_refused() {
    let error = Calendar::from_texts(&[("a/2031.toml", SMALL), ("b/2031.toml", SMALL)]);
    let error = error.unwrap_err().to_string();
    assert_eq!(
        error,
        "b/2031.toml:1: another file already gives 2031; keep one file a year"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(year = 2031\n)?[\\PC\n]{0,200}") {
        let _ = Calendar::from_texts(&[("2031.toml", text)]);
    }
}
