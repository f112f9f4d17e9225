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

fn call() -> CallRecord {
    CallRecord {
        started_at: friday(),
        desk_answered_at: Some(friday().plus_millis(9_000)),
        talked_ms: Some(30_000),
        abandoned_after_ms: None,
        offered_at: Some(friday().plus_millis(60_000)),
        left: false,
        outcome: "graded".into(),
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
fn the_last_rating_that_stands_counts_and_a_default_gives_way() {
    let default = rating("a", 0, Grade::BasicallySatisfied, Standing::Valid);
    let first = rating("a", 1, Grade::VeryDissatisfied, Standing::Valid);
    let only_default = whole(&act(vec![default.clone()]));
    assert_eq!(value(&only_default, "satisfaction"), (0, 0));
    assert_eq!(value(&only_default, "satisfaction_with_defaults"), (1, 1));

    let bad = whole(&act(vec![default.clone(), first.clone()]));
    assert_eq!(value(&bad, "satisfaction_with_defaults"), (0, 1));
    assert_eq!(value(&bad, "first_bad_share"), (1, 1));

    // Ruled a mistake: the default counts again, and the first bad one is remembered.
    let mistaken = Standing::NotAdopted(NotAdopted::Mistaken);
    let ruled = whole(&act(vec![
        default,
        Rating {
            standing: mistaken,
            ..first.clone()
        },
    ]));
    assert_eq!(value(&ruled, "satisfaction"), (0, 0));
    assert_eq!(value(&ruled, "satisfaction_with_defaults"), (1, 1));
    assert_eq!(value(&ruled, "first_bad_share"), (1, 1));
    assert_eq!(ruled.get(Count::NotAdopted(NotAdopted::Mistaken)), 1);

    let better = rating("a", 2, Grade::Satisfied, Standing::Valid);
    let again = whole(&act(vec![first, better]));
    assert_eq!(value(&again, "satisfaction"), (1, 1));
    assert_eq!(again.get(Count::Given), 2);
}

#[test]
fn a_bad_act_counts_once_for_each_of_the_nine_things_that_were_said() {
    let said = |items: &[ContentItem], reasons: &[Reason], grade, standing| {
        let mut one = rating("a", 1, grade, standing);
        one.intake.choices.items = items.to_vec();
        one.intake.reasons = reasons.to_vec();
        let tally = whole(&act(vec![one]));
        let on = |count: &Count| matches!(count, Count::BadOn(_) | Count::BadUnsaid);
        let found: Vec<_> = tally.iter().filter(|(count, _)| on(count)).collect();
        assert!(found.iter().all(|(_, many)| *many == 1), "{found:?}");
        found
            .into_iter()
            .map(|(count, _)| count)
            .collect::<Vec<_>>()
    };
    let (bad, valid) = (Grade::Dissatisfied, Standing::Valid);
    let ticked = [ContentItem::Guide, ContentItem::Staff];
    let keyed = [Reason::Progress, Reason::Attitude];
    assert_eq!(
        said(&ticked, &keyed, bad, valid),
        [
            Count::BadOn(ContentItem::Staff),
            Count::BadOn(ContentItem::Progress),
            Count::BadOn(ContentItem::Guide),
            Count::BadOn(ContentItem::InTime),
        ],
        "the staff were ticked and keyed, and count once"
    );
    assert_eq!(said(&[], &[], bad, valid), [Count::BadUnsaid]);
    assert_eq!(said(&[], &[Reason::Other], bad, valid), [Count::BadUnsaid]);
    assert_eq!(said(&ticked, &keyed, Grade::Satisfied, valid), []);
    let invalid = Standing::NotAdopted(NotAdopted::Invalid);
    assert_eq!(said(&ticked, &keyed, bad, invalid), []);
}

#[test]
fn rehearsals_tests_and_staff_stay_out() {
    let good = |standing| vec![rating("a", 1, Grade::Satisfied, standing)];
    let rehearsed = ActRecord {
        rehearsal: true,
        ..act(good(Standing::Valid))
    };
    assert_eq!(of_act(&rehearsed), []);

    let test = whole(&ActRecord {
        call: Some(call()),
        ..act(good(Standing::NotAdopted(NotAdopted::Test)))
    });
    assert_eq!(
        test,
        Tally::from_iter([(Count::NotAdopted(NotAdopted::Test), 1)])
    );

    let from_staff = whole(&ActRecord {
        call: Some(call()),
        turned_away: vec![(friday(), true)],
        ..act(Vec::new())
    });
    assert_eq!(from_staff, Tally::from_iter([(Count::FromStaff, 1)]));
}

#[test]
fn a_call_counts_by_who_answered_how_soon_and_how_it_ended() {
    let counted = |call: CallRecord| {
        whole(&ActRecord {
            call: Some(call),
            ..act(Vec::new())
        })
    };
    let graded = counted(call());
    assert_eq!(value(&graded, "answered"), (1, 1));
    assert_eq!(value(&graded, "answered_soon"), (1, 1));
    assert_eq!(value(&graded, "mean_wait"), (9_000, 1));
    assert_eq!(value(&graded, "keyed"), (1, 1));

    let slow = counted(CallRecord {
        desk_answered_at: Some(friday().plus_millis(15_001)),
        left: true,
        outcome: "left_before_offer".into(),
        offered_at: None,
        ..call()
    });
    assert_eq!(value(&slow, "answered_soon"), (0, 1));
    assert_eq!(value(&slow, "left_unrated"), (1, 1));
    assert_eq!(value(&slow, "prompted"), (0, 1));

    let misdialled = counted(CallRecord {
        talked_ms: Some(9_999),
        ..call()
    });
    assert_eq!(misdialled.get(Count::Ratable), 0, "A21");
    assert_eq!(misdialled.get(Count::Answered), 1);

    let alone = CallRecord {
        desk_answered_at: None,
        talked_ms: None,
        offered_at: None,
        outcome: "abandoned".into(),
        ..call()
    };
    assert_eq!(value(&counted(alone.clone()), "abandoned"), (1, 1));
    let waited = counted(CallRecord {
        abandoned_after_ms: Some(61_000),
        ..alone.clone()
    });
    assert_eq!(value(&waited, "mean_abandoned_wait"), (61_000, 1));
    assert_eq!(value(&counted(call()), "mean_abandoned_wait"), (0, 0));
    let closed = counted(CallRecord {
        outcome: "closed".into(),
        ..alone
    });
    assert_eq!(
        closed,
        Tally::default(),
        "outside the hours nobody is waited for"
    );
}

#[test]
fn an_act_counts_on_the_day_it_was_served_and_its_upload_on_the_day_it_is_due() {
    let due_at = at("2026-09-25T23:59:59+08:00");
    let record = ActRecord {
        uploads: vec![Upload {
            due_at,
            met_at: Some(due_at.plus_millis(1)),
        }],
        ..act(vec![rating("a", 1, Grade::Satisfied, Standing::Valid)])
    };
    let parts = of_act(&record);
    let days: Vec<String> = parts.iter().map(|part| part.cell.day.to_string()).collect();
    assert_eq!(days, ["2026-09-18", "2026-09-25"]);
    assert_eq!(parts[0].cell.unit, Some(UnitId("wetland".into())));
    assert_eq!(parts[0].cell.item.as_deref(), Some("lq-001"));
    assert_eq!(
        value(&parts[1].tally, "uploaded_in_time"),
        (0, 1),
        "a millisecond late"
    );
}

#[test]
fn a_datum_without_a_receipt_is_a_difference_and_a_late_one_is_not() {
    let upload = |met_after: Option<i64>| {
        let due_at = at("2026-09-24T23:59:59+08:00");
        let met_at = met_after.map(|ms| due_at.plus_millis(ms));
        let mut record = act(vec![rating("a", 1, Grade::Satisfied, Standing::Valid)]);
        record.uploads = vec![Upload { due_at, met_at }];
        let tally = whole(&record);
        (
            value(&tally, "uploaded_in_time"),
            value(&tally, "upload_differences"),
        )
    };
    assert_eq!(upload(Some(0)), ((1, 1), (0, 1)));
    assert_eq!(upload(Some(1)), ((0, 1), (0, 1)));
    assert_eq!(upload(None), ((0, 1), (1, 1)));
}

#[test]
fn what_is_kept_and_what_is_counted_differ_number_by_number() {
    let parts = |grade| of_act(&act(vec![rating("a", 1, grade, Standing::Valid)]));
    let (kept, counted) = (parts(Grade::Satisfied), parts(Grade::VerySatisfied));
    assert_eq!(differences(None, &summed(&kept), &summed(&kept)), []);
    let found = differences(Some("act:a"), &summed(&kept), &summed(&counted));
    let told: Vec<_> = found
        .iter()
        .map(|it| (it.thing.as_deref(), it.count.word(), it.kept, it.counted))
        .collect();
    assert_eq!(
        told,
        [
            (Some("act:a"), "very_satisfied", 0, 1),
            (Some("act:a"), "satisfied", 1, 0)
        ]
    );
    let gone = differences(None, &summed(&kept), &summed(&[]));
    assert_eq!(gone.len(), kept[0].tally.iter().count());
    assert!(gone.iter().all(|it| it.counted == 0 && it.kept == 1));
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
fn repeated_bad_grades_are_listed_by_unit_matter_and_person_with_their_ids() {
    let acts = [
        bad(
            "1",
            "wetland",
            Some("lq"),
            &["8001", "8001"],
            &[Reason::Attitude],
        ),
        bad("2", "wetland", Some("lq"), &["8001"], &[Reason::Attitude]),
        bad("3", "wetland", None, &["8002"], &[]),
    ];
    let flags = repeated(&acts, &Thresholds::default());
    assert_eq!(
        flags.len(),
        1,
        "one visit with two transfers is one grade: {flags:?}"
    );
    assert_eq!(
        (flags[0].kind, flags[0].of.as_str()),
        ("repeated_unit", "wetland")
    );
    assert_eq!(flags[0].evidence, ["1", "2", "3"]);
    let twice = Thresholds {
        repeated: 2,
        ..Thresholds::default()
    };
    let kinds: Vec<_> = repeated(&acts, &twice)
        .iter()
        .map(|flag| flag.kind)
        .collect();
    assert_eq!(kinds, ["repeated_unit", "repeated_item", "repeated_staff"]);
}

#[test]
fn a_burst_is_one_sign_however_long_it_goes_on() {
    let one = |window: &str, seconds: i64| Burst {
        window: window.into(),
        at: friday().plus_millis(seconds * 1_000),
        rating: format!("{window}-{seconds}"),
    };
    let thresholds = Thresholds {
        burst_ratings: 3,
        burst_minutes: 1,
        ..Thresholds::default()
    };
    let mut ratings: Vec<Burst> = [0, 20, 40, 60, 80].map(|second| one("1", second)).into();
    ratings.extend([4_000, 4_031, 4_062].map(|second| one("1", second)));
    ratings.extend([5_000, 5_010, 5_020].map(|second| one("1", second)));
    ratings.extend([0, 100, 200].map(|second| one("2", second)));
    let flags = bursts(&ratings, &thresholds);
    let told: Vec<_> = flags
        .iter()
        .map(|flag| (flag.of.as_str(), flag.count))
        .collect();
    assert_eq!(told, [("1", 5), ("1", 3)]);
    assert_eq!(flags[1].evidence, ["1-5000", "1-5010", "1-5020"]);
}

#[test]
fn a_hot_spot_is_a_reason_of_a_matter() {
    let lq = Some("lq");
    let acts = [
        bad("1", "w", lq, &[], &[Reason::Progress, Reason::Attitude]),
        bad("2", "w", lq, &[], &[Reason::Progress, Reason::Progress]),
        bad("3", "w", lq, &[], &[Reason::Progress]),
        bad("4", "w", None, &[], &[]),
    ];
    let spots = hot_spots(&acts, &Thresholds::default());
    assert_eq!(spots.len(), 1);
    assert_eq!(
        (spots[0].reason.as_str(), spots[0].item.as_str()),
        ("progress", "lq")
    );
    assert_eq!(spots[0].ratings, ["1", "2", "3"]);
    let all = hot_spots(
        &acts,
        &Thresholds {
            hot_spot: 1,
            ..Thresholds::default()
        },
    );
    assert!(
        all.iter()
            .any(|spot| spot.reason == "none" && spot.item.is_empty())
    );
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

fn bulletin(overall: Tally, acts: &[BadAct]) -> Bulletin {
    compose(material(overall, acts))
}

fn bulletin_by(items: std::collections::BTreeMap<String, Tally>) -> Bulletin {
    compose(Material {
        items,
        ..material(Tally::default(), &[])
    })
}

fn material(overall: Tally, acts: &[BadAct]) -> Material {
    let every = Thresholds {
        hot_spot: 1,
        ..Thresholds::default()
    };
    Material {
        period: Period::Month(2026, 9),
        reference: "局办〔2026〕1号".into(),
        to: Vec::new(),
        counted_at: friday(),
        units: vec![
            ("wetland".into(), "湿地中心".into(), overall.clone()),
            (String::new(), "未归口".into(), overall.clone()),
        ],
        channels: [(Channel::Phone, overall.clone())].into(),
        items: [("lq-001".into(), overall.clone())].into(),
        overall,
        overdue: Vec::new(),
        cases: vec![TypicalCase {
            ticket: "T2026-000001".into(),
            problem: "一次没有告知全部材料".into(),
            measure: "改了办事指南".into(),
            outcome: "再次评价为满意".into(),
        }],
        hot_spots: hot_spots(acts, &every),
        demands: String::new(),
        missing: Vec::new(),
        left_out: LeftOut::default(),
        weights: Weights::default(),
    }
}

#[test]
fn a_bulletin_of_before_its_lists_told_what_they_left_out_reads_as_whole() {
    let mut text = serde_json::to_value(bulletin(Tally::default(), &[])).unwrap();
    let told = text.as_object_mut().unwrap().remove("left_out");
    assert!(told.is_some());
    let read: Bulletin = serde_json::from_value(text).unwrap();
    assert_eq!(read.left_out, LeftOut::default());
}

#[test]
fn what_changed_after_a_bulletin_is_told_count_by_count() {
    let good = Count::Graded(Grade::Satisfied);
    let bad = Count::Graded(Grade::Dissatisfied);
    let issued = bulletin([(good, 40), (bad, 2)].into_iter().collect(), &[]);
    let now = bulletin(
        [(good, 40), (bad, 1), (Count::Pending, 1)]
            .into_iter()
            .collect(),
        &[],
    );
    assert_eq!(adjustments(&issued, &issued), []);
    let found = adjustments(&issued, &now);
    let overall: Vec<_> = found
        .iter()
        .filter(|adjustment| adjustment.of == "overall")
        .map(|it| (it.count.as_str(), it.issued, it.now))
        .collect();
    assert_eq!(overall, [("pending", 0, 1), ("dissatisfied", 2, 1)]);
    assert_eq!(
        found.len(),
        10,
        "the whole, the channel, two units and the matter: {found:?}"
    );
    // What was no count when it was issued is no adjustment of it.
    let mut older = issued;
    older.known.retain(|word| word != "pending");
    assert_eq!(adjustments(&older, &now).len(), 5);
}

#[test]
fn the_annex_has_every_matter_and_names_the_guides_to_be_corrected() {
    let found = Count::FoundOn(crate::domain::ContentItem::Guide);
    let said = Count::BadOn(crate::domain::ContentItem::Guide);
    let bad = Count::Graded(Grade::Dissatisfied);
    let items = [
        ("".to_owned(), Tally::from_iter([(said, 1)])),
        (
            "lq-001".to_owned(),
            Tally::from_iter([(bad, 1), (found, 1)]),
        ),
        ("lq-002".to_owned(), Tally::from_iter([(bad, 2), (said, 2)])),
        ("lq-003".to_owned(), Tally::from_iter([(bad, 3)])),
    ];
    let whole = bulletin_by(items.into());
    let annex: Vec<_> = whole.items.iter().map(|line| line.of.as_str()).collect();
    assert_eq!(annex, ["lq-003", "lq-002", "lq-001"], "most 差评 first");
    assert!(
        whole
            .items
            .iter()
            .all(|line| line.figures.iter().all(|it| it.denominator > 0))
    );
    let guides = whole.guides.iter();
    let guides: Vec<_> = guides
        .map(|it| (it.item.as_str(), it.said, it.found))
        .collect();
    assert_eq!(guides, [("lq-001", 0, 1), ("lq-002", 2, 0), ("", 1, 0)]);
    let many = (0..600).map(|item| (format!("x-{item:03}"), Tally::from_iter([(bad, 1)])));
    let many = bulletin_by(many.collect());
    assert_eq!((many.items.len(), many.left_out.items), (500, 100));
}

#[test]
fn a_bulletin_reads_back_and_ranks_units_only() {
    let written = bulletin(
        [(Count::Graded(Grade::Satisfied), 40)]
            .into_iter()
            .collect(),
        &[],
    );
    let text = serde_json::to_string(&written).unwrap();
    assert_eq!(serde_json::from_str::<Bulletin>(&text).unwrap(), written);
    let rank = |line: &Line| {
        let of = line
            .figures
            .iter()
            .find(|figure| figure.word == "satisfaction");
        of.unwrap().rank
    };
    assert_eq!(rank(&written.units[0]), Some(1));
    assert_eq!(rank(&written.units[1]), None);
    assert_eq!(rank(&written.overall), None);
}

#[test]
fn the_public_sees_no_ticket_and_no_cause_of_fewer_than_five() {
    let acts: Vec<BadAct> = (0..9)
        .map(|number| {
            let reason = if number < 5 {
                Reason::Progress
            } else {
                Reason::Attitude
            };
            bad(
                &number.to_string(),
                "wetland",
                Some("lq-001"),
                &["8001"],
                &[reason],
            )
        })
        .collect();
    let of = [
        (Count::Graded(Grade::Dissatisfied), 9),
        (Count::Defaulted, 2),
    ];
    let published = publish(&bulletin(of.into_iter().collect(), &acts), &[]);
    let causes: Vec<_> = published
        .causes
        .iter()
        .map(|it| (it.reason.as_str(), it.count))
        .collect();
    assert_eq!(causes, [("progress", 5)]);
    assert_eq!(
        (published.rated, published.bad, published.defaults),
        (9, 9, 2)
    );
    let text = serde_json::to_string(&published).unwrap();
    for hidden in ["T2026-000001", "lq-001", "8001", "wetland", "湿地"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
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
