mod bulletins;
mod counting;
mod flags;

use proptest::prelude::*;

use super::*;
use crate::domain::{
    Channel, Choices, ContentItem, Evidence, Grade, Intake, IntakeKey, Moment, NotAdopted, Rater,
    Rating, RatingId, Reason, Service, ServiceKey, Standing, UnitId,
};

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

/// Friday, 2026-09-18 16:00 in Beijing.
fn friday() -> Moment {
    at("2026-09-18T16:00:00+08:00")
}

fn rating(act: &str, sequence: u32, grade: Grade, standing: Standing) -> Rating {
    let service = Service::WindowAct {
        window: "3".into(),
        act: act.into(),
        item: Some("lq-001".into()),
        unit: Some(UnitId("wetland".into())),
        staff: vec!["8001".into()],
        served_at: friday(),
    };
    let channel = match sequence {
        0 => Channel::Default,
        _ => Channel::WindowDevice,
    };
    Rating {
        id: RatingId {
            service: ServiceKey(act.to_owned()),
            sequence,
        },
        standing,
        received_at: friday(),
        intake: Intake {
            key: IntakeKey(format!("{act}-{sequence}")),
            channel,
            service,
            rater: Rater::caller(None),
            grade,
            graded_at: friday(),
            reasons: Vec::new(),
            choices: Choices::default(),
            remark: None,
            evidence: Evidence::default(),
            rehearsal: false,
        },
    }
}

fn act(ratings: Vec<Rating>) -> ActRecord {
    ActRecord {
        act: ServiceKey("a".into()),
        rehearsal: false,
        ratings,
        call: None,
        matter: None,
        turned_away: Vec::new(),
        uploads: Vec::new(),
    }
}

fn whole(record: &ActRecord) -> Tally {
    of_act(record).iter().map(|part| &part.tally).collect()
}

fn standings() -> impl Strategy<Value = Standing> {
    prop::sample::select(Standing::ALL.to_vec())
}

fn grades() -> impl Strategy<Value = Grade> {
    prop::sample::select(Grade::ALL.to_vec())
}

/// Acts with a default or none, and up to four ratings that somebody gave.
fn acts() -> impl Strategy<Value = Vec<ActRecord>> {
    let given = prop::collection::vec((grades(), standings()), 0..4);
    let one = (any::<bool>(), given, any::<bool>()).prop_map(|(default, given, rehearsal)| {
        let default = default.then(|| rating("a", 0, Grade::BasicallySatisfied, Standing::Valid));
        let given = given
            .into_iter()
            .enumerate()
            .map(|(index, (grade, standing))| rating("a", index as u32 + 1, grade, standing));
        ActRecord {
            rehearsal,
            ..act(default.into_iter().chain(given).collect())
        }
    });
    prop::collection::vec(one, 0..40)
}

/// As an official would count on paper: each act by itself, the last rating that stands, tests and rehearsals
/// put aside.
fn recounted(acts: &[ActRecord], with_defaults: bool) -> (i64, i64) {
    let (mut good, mut all) = (0, 0);
    for act in acts.iter().filter(|act| !act.rehearsal) {
        let test = Standing::NotAdopted(NotAdopted::Test);
        if act.ratings.iter().any(|rating| rating.standing == test) {
            continue;
        }
        let mut last: Option<(&Rating, bool)> = None;
        for rating in &act.ratings {
            if rating.standing == Standing::Valid {
                last = Some((rating, rating.id.sequence == 0));
            }
        }
        match last {
            Some((_, true)) if !with_defaults => {}
            Some((rating, _)) => {
                all += 1;
                if !matches!(
                    rating.intake.grade,
                    Grade::Dissatisfied | Grade::VeryDissatisfied
                ) {
                    good += 1;
                }
            }
            None => {}
        }
    }
    (good, all)
}

fn value(tally: &Tally, word: &str) -> (i64, i64) {
    let figure = Definition::named(word).unwrap();
    let value = figure.of(tally, Weights::default());
    (value.numerator, value.denominator)
}

proptest! {
    #[test]
    fn figures_equal_a_naive_recount(acts in acts()) {
        let sum: Tally = acts.iter().map(whole).collect::<Vec<_>>().iter().collect();
        prop_assert_eq!(value(&sum, "satisfaction"), recounted(&acts, false));
        prop_assert_eq!(value(&sum, "satisfaction_with_defaults"), recounted(&acts, true));
        let (good, all) = value(&sum, "satisfaction");
        let (bad, same) = value(&sum, "bad_share");
        prop_assert_eq!((good + bad, all), (all, same));
    }

    #[test]
    fn partial_sums_merged_in_any_order_equal_the_whole(acts in acts(), order in any::<u64>(), cut in 1..7usize) {
        let parts: Vec<Tally> = acts.iter().map(whole).collect();
        let sum: Tally = parts.iter().collect();
        let mut mixed = parts.clone();
        let mut seed = order;
        for index in (1..mixed.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            mixed.swap(index, (seed >> 33) as usize % (index + 1));
        }
        let days: Vec<Tally> = mixed.chunks(cut).map(|day| day.iter().collect()).collect();
        prop_assert_eq!(&days.iter().collect::<Tally>(), &sum);
        // What was put in can be taken out again.
        let mut rest = sum;
        for part in &mixed {
            rest.take_out(part);
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn a_tally_reads_back_from_its_text(counts in prop::collection::vec((0..49usize, 1..5_000i64), 0..20)) {
        let all: Vec<Count> = Count::all().collect();
        let tally: Tally = counts.into_iter().map(|(index, many)| (all[index % all.len()], many)).collect();
        prop_assert_eq!(Tally::of_text(&tally.text()), Some(tally));
    }

    #[test]
    fn a_share_is_within_its_bounds(numerator in 0..10_000i64, more in 1..10_000i64) {
        let figure = Definition::named("rectified").unwrap();
        let value = Value { figure, numerator, denominator: numerator + more };
        let hundredths = value.hundredths().unwrap();
        prop_assert!((0..=10_000).contains(&hundredths));
        let exact = numerator as f64 * 10_000.0 / (numerator + more) as f64;
        prop_assert!((hundredths as f64 - exact).abs() <= 0.5 + 1e-6);
    }
}

#[test]
fn every_count_and_figure_has_a_word_of_its_own() {
    let words: Vec<&str> = Count::all().map(Count::word).collect();
    for count in Count::all() {
        assert_eq!(count.word().parse(), Ok(count));
        assert_eq!(
            words.iter().filter(|word| **word == count.word()).count(),
            1
        );
    }
    for figure in FIGURES {
        let same = FIGURES.iter().filter(|other| other.word == figure.word);
        assert_eq!(same.count(), 1, "{}", figure.word);
        let counts = figure.numerator.iter().chain(figure.denominator);
        for count in counts {
            assert!(words.contains(&count.word()), "{}", count.word());
        }
    }
}

#[test]
fn what_is_too_small_is_not_ranked() {
    let figure = Definition::named("satisfaction").unwrap();
    let of = |good: i64, all: i64| Value {
        figure,
        numerator: good,
        denominator: all,
    };
    let values = [of(29, 29), of(15, 30), of(30, 30), of(90, 90), of(0, 0)];
    assert_eq!(ranks(&values), [None, Some(3), Some(1), Some(1), None]);
    assert_eq!(values[4].hundredths(), None);
    assert_eq!(of(2, 3).hundredths(), Some(6_667));
}

fn bad(id: &str, unit: &str, item: Option<&str>, staff: &[&str], reasons: &[Reason]) -> BadAct {
    BadAct {
        rating: id.into(),
        unit: Some(unit.into()),
        item: item.map(str::to_owned),
        staff: staff.iter().map(|it| (*it).to_owned()).collect(),
        reasons: reasons.to_vec(),
    }
}

#[test]
fn a_period_is_a_month_or_a_quarter() {
    let period = |text: &str| text.parse::<Period>();
    let quarter = period("2026-Q1").unwrap();
    assert_eq!(quarter.from().to_string(), "2026-01-01");
    assert_eq!(quarter.until().to_string(), "2026-03-31");
    assert_eq!(quarter.before().to_string(), "2025-Q4");
    assert_eq!(period("2026-02").unwrap().until().to_string(), "2026-02-28");
    assert_eq!(period("2026-01").unwrap().before().to_string(), "2025-12");
    for text in ["2025-12", "2026-01", "2025-Q4", "2026-Q2"] {
        let one = period(text).unwrap();
        assert_eq!(one.after().before(), one);
        assert_eq!(one.after().from(), one.until().next());
    }
    let ended = |day: &str| Period::last_ended(day.parse().unwrap()).map(|it| it.to_string());
    assert_eq!(ended("2026-01-01"), ["2025-12", "2025-Q4"]);
    assert_eq!(ended("2026-09-30"), ["2026-08", "2026-Q2"]);
    assert_eq!(ended("2026-10-01"), ["2026-09", "2026-Q3"]);
    for wrong in [
        "2026", "2026-13", "2026-Q5", "2026-1", "2026-Q01", "x-01", "2026-00",
    ] {
        assert!(period(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_drawn_definitions_are_those_in_the_documents() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/figures.md");
    let document = std::fs::read_to_string(path).expect("docs/figures.md");
    let table = drawn();
    assert!(
        document.contains(&table),
        "docs/figures.md must hold this table:\n{table}"
    );
}
