//! What is flagged: repeated bad grades, bursts, hot spots.

use super::*;

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
