use super::time::Day;
use super::working::{Calendar, DayKind};

/// A day that two calendars take differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    pub day: Day,
    /// `None`: the year had no notice.
    pub before: Option<DayKind>,
    /// `None`: the year has none any more.
    pub after: Option<DayKind>,
}

/// Every day of the years of either that they take differently, in order. Of a year that is new, only the
/// days that are not as the week has them.
pub fn differences(before: &Calendar, after: &Calendar) -> Vec<Difference> {
    let mut years: Vec<i16> = before.years().chain(after.years()).collect();
    years.sort_unstable();
    years.dedup();
    let mut found = Vec::new();
    for year in years {
        let first = Day::new(year, 1, 1).expect("every year begins");
        let days = std::iter::successors(Some(first), |day| Some(day.next()));
        for day in days.take_while(|day| day.year() == year) {
            let (old, new) = (before.kind(day).ok(), after.kind(day).ok());
            let plain = |kind: Option<DayKind>| match kind {
                Some(DayKind::Workday) => !day.is_weekend(),
                Some(DayKind::Weekend) => day.is_weekend(),
                Some(DayKind::MadeUp(_) | DayKind::Off(_)) => false,
                None => true,
            };
            if old != new && !(plain(old) && plain(new)) {
                found.push(Difference {
                    day,
                    before: old,
                    after: new,
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(year: i16) -> (String, String) {
        let path = format!("{}/calendars/{year}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect("shipped");
        (path, text)
    }

    #[test]
    fn the_second_notice_of_2020_differs_in_two_days_and_itself_in_none() {
        let known = Calendar::shipped();
        let day = |text: &str| text.parse::<Day>().expect("a day");
        let before = known.toggled(day("2020-01-31")).toggled(day("2020-02-01"));
        assert_eq!(differences(&known, &known), []);
        // 2020-02-02 is off as a part of the holiday instead of as a Sunday.
        let days: Vec<_> = differences(&before, &known)
            .iter()
            .map(|d| d.day.to_string())
            .collect();
        assert!(days.contains(&"2020-01-31".to_owned()), "{days:?}");
        assert!(days.contains(&"2020-02-01".to_owned()), "{days:?}");
        assert!(days.iter().all(|day| day.starts_with("2020-0")), "{days:?}");
    }

    #[test]
    fn of_a_new_year_the_days_that_are_not_as_the_week_has_them_are_told() {
        let before = Calendar::from_texts(&[file(2025)]).expect("sound");
        let after = Calendar::from_texts(&[file(2025), file(2026)]).expect("sound");
        let found = differences(&before, &after);
        assert!(
            found
                .iter()
                .all(|d| d.day.year() == 2026 && d.before.is_none())
        );
        let worked = found
            .iter()
            .filter(|d| matches!(d.after, Some(DayKind::MadeUp(_))));
        assert_eq!(worked.count(), 6);
        let weekdays_off = found
            .iter()
            .filter(|d| matches!(d.after, Some(DayKind::Off(_))) && !d.day.is_weekend());
        assert_eq!(weekdays_off.count(), 19);
    }
}
