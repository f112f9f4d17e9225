//! Figures: what is counted, from which things, and that it equals a recount.

use super::*;
use crate::domain::ContentItem;

stories![
    figures_follow_what_is_rated_and_can_be_opened,
    figures_equal_a_recount_of_all_ratings,
    asking_writes_nothing_and_tells_what_is_not_counted_yet,
    two_that_count_at_once_count_everything_once,
    a_call_counts_when_it_is_over,
    sums_made_anew_from_the_rows_are_the_sums_that_were_kept,
    a_ticket_counts_on_the_days_on_which_something_of_it_was_due,
    the_nine_things_are_counted_as_said_and_as_found,
    a_calendar_that_changes_counts_the_days_of_closed_tickets_anew,
    rulings_are_counted_with_the_unit_of_who_ruled,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

async fn figures_follow_what_is_rated_and_can_be_opened(place: Place) {
    let engine = centre(&place).await;
    for (number, grade) in Grade::ALL.into_iter().enumerate() {
        rate(&engine, &format!("k{number}"), &format!("a{number}"), grade).await;
    }
    let (tally, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["satisfaction"], (3, 5));
    assert_eq!(figures["score"], (10 + 8 + 6 + 3, 5));
    assert_eq!(figures["first_bad_share"], (2, 5));
    assert_eq!(tally.get(Count::Opened), 2);
    let worst = Count::Graded(Grade::VeryDissatisfied);
    assert_eq!(things(&engine, worst, None).await, ["act:window-3-a4"]);
    assert_eq!(things(&engine, Count::Rated, None).await.len(), 5);
    assert_eq!(
        things(&engine, Count::Rated, Some(Count::FirstBad))
            .await
            .len(),
        3
    );

    // The last one counts, wherever the first one was counted.
    rate(&engine, "again", "a4", Grade::Satisfied).await;
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["satisfaction"], (4, 5));
    assert_eq!(figures["first_bad_share"], (2, 5));
    assert!(things(&engine, worst, None).await.is_empty());
    assert_eq!(
        engine.count_anew().await.unwrap(),
        0,
        "nothing is left to count"
    );

    let of_unit = |unit: &str| Span {
        unit: Some(UnitId(unit.into())),
        ..september()
    };
    assert_eq!(
        whole(&engine, &of_unit("wetland")).await.1["satisfaction"],
        (4, 5)
    );
    assert_eq!(
        whole(&engine, &of_unit("forest")).await.1["satisfaction"],
        (0, 0)
    );
    for (split, key) in [
        (Split::Unit, "wetland"),
        (Split::Channel, "window_device"),
        (Split::Item, "lq-001"),
        (Split::Day, "2026-09-18"),
    ] {
        let table = engine
            .figures_of(&september(), split, november())
            .await
            .unwrap();
        let line = table.lines.iter().find(|(of, ..)| of == key).unwrap();
        assert_eq!(line.1.get(Count::Rated), 5, "{split:?}");
    }
    // Of days that are over.
    let same_day = engine
        .figures_of(&september(), Split::Whole, friday())
        .await
        .unwrap();
    assert_eq!(same_day.lines[0].1.get(Count::Rated), 0);
    let ahead = Span {
        from: Some(friday().day()),
        ..Span::default()
    };
    let ahead = engine.figures_of(&ahead, Split::Whole, friday()).await;
    assert!(matches!(ahead, Err(Error::Refused(_))), "{ahead:?}");
}

/// By the list of ratings, each act by itself, as on paper.
async fn recounted(engine: &Engine) -> (i64, i64) {
    let all = RatingFilter::default();
    let mut last: BTreeMap<String, (i64, Grade)> = BTreeMap::new();
    let mut cursor = None;
    loop {
        let page = engine.ratings(&all, cursor.as_deref(), 50).await.unwrap();
        for row in page.items {
            if row.rehearsal || row.standing != "valid" {
                continue;
            }
            let act = row.id.rsplit_once('-').unwrap().0.to_owned();
            let known = last.entry(act).or_insert((row.sequence, row.grade));
            if known.0 < row.sequence {
                *known = (row.sequence, row.grade);
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let good = last
        .values()
        .filter(|(_, grade)| grade.is_positive())
        .count();
    (good as i64, last.len() as i64)
}

async fn figures_equal_a_recount_of_all_ratings(place: Place) {
    let engine = centre(&place).await;
    let mut seed = 42_u64;
    let mut next = |bound: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % bound
    };
    for number in 0..60 {
        let act = format!("a{}", next(25));
        let intake = Intake {
            rehearsal: act == "a7",
            graded_at: friday().plus_millis(60_000 + number),
            ..rating(&format!("k{number}"), &act, Grade::ALL[next(5)])
        };
        engine
            .submit(intake, friday().plus_millis(70_000 + number))
            .await
            .unwrap();
        if number % 7 == 0 {
            engine.count_anew().await.unwrap();
        }
    }
    let (_, figures) = whole(&engine, &september()).await;
    let wanted = recounted(&engine).await;
    assert_eq!(figures["satisfaction"], wanted);
    assert!(wanted.1 > 15, "{wanted:?}");
}

async fn asking_writes_nothing_and_tells_what_is_not_counted_yet(place: Place) {
    let engine = centre(&place).await;
    rate(&engine, "k1", "a1", Grade::Dissatisfied).await;
    let good = async || {
        let span = september();
        let figures = engine.figures_of(&span, Split::Whole, november()).await;
        let (_, _, values) = figures.unwrap().lines.remove(0);
        let value = values
            .iter()
            .find(|it| it.figure.word == "bad_share")
            .unwrap();
        (value.numerator, value.denominator)
    };
    let waiting = engine.waiting().await.unwrap();
    assert!(waiting >= 2, "the act and its ticket: {waiting}");
    assert_eq!(good().await, (0, 0));
    assert!(
        engine
            .flags(&september(), november())
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        engine
            .hot_spots(&september(), november())
            .await
            .unwrap()
            .is_empty()
    );
    let behind = Things {
        scope: engine.scope_of(&september(), november()).unwrap(),
        count: Count::Rated,
        without: None,
        after: None,
    };
    assert!(engine.things(&behind, 10).await.unwrap().is_empty());
    assert_eq!(engine.waiting().await.unwrap(), waiting, "nobody counted");
    engine.count_anew().await.unwrap();
    assert_eq!(engine.waiting().await.unwrap(), 0);
    assert_eq!(good().await, (1, 1));
    let place = place.open().await;
    let many = "INSERT INTO uncounted (thing) WITH RECURSIVE n(i) AS \
        (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10050) SELECT 'act:x' FROM n";
    place.raw(many).await.unwrap();
    assert_eq!(
        engine.waiting().await.unwrap(),
        10_001,
        "more than ten thousand"
    );
}

async fn two_that_count_at_once_count_everything_once(place: Place) {
    let first = centre(&place).await;
    let second = centre(&place).await;
    for number in 0..30 {
        rate(
            &first,
            &format!("k{number}"),
            &format!("a{number}"),
            Grade::Satisfied,
        )
        .await;
    }
    let both = [first.count_anew(), second.count_anew(), second.count_anew()];
    let done: u64 = futures::future::join_all(both)
        .await
        .into_iter()
        .map(|counted| counted.unwrap())
        .sum();
    assert_eq!(done, 30);
    assert_eq!(
        whole(&second, &september()).await.1["satisfaction"],
        (30, 30)
    );
}

async fn a_call_counts_when_it_is_over(place: Place) {
    let engine = centre(&place).await;
    let id = call(&engine, "c1", Some(9_000)).await;
    assert_eq!(whole(&engine, &september()).await.0, Tally::default());
    key(&engine, &id, Grade::Satisfied, 500).await;
    end(&engine, &id, "graded").await;
    let lost = call(&engine, "c2", None).await;
    end(&engine, &lost, "abandoned").await;
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["answered"], (1, 2));
    assert_eq!(figures["answered_soon"], (1, 2));
    assert_eq!(figures["mean_wait"], (9_000, 1));
    assert_eq!(figures["participation"], (1, 1));
    assert_eq!(figures["keyed"], (1, 1));
    assert_eq!(
        things(&engine, Count::Abandoned, None).await,
        ["act:call-c2"]
    );
}

async fn sums_made_anew_from_the_rows_are_the_sums_that_were_kept(place: Place) {
    let engine = centre(&place).await;
    // Counted in between, so that most things are taken out and put in again.
    let ticket = named_and_sent(&engine).await;
    engine.count_anew().await.unwrap();
    rate(&engine, "k1", "a1", Grade::VeryDissatisfied).await;
    let id = call(&engine, "c1", Some(20_000)).await;
    key(&engine, &id, Grade::Dissatisfied, 5_000).await;
    end(&engine, &id, "graded").await;
    engine.count_anew().await.unwrap();
    rate(&engine, "k2", "a1", Grade::Satisfied).await;
    engine.tick(at("10-11T09:00")).await.unwrap();
    engine.count_anew().await.unwrap();
    rectified_late(&engine, ticket).await;
    engine.count_anew().await.unwrap();

    let all = Span {
        from: "2026-01-01".parse().ok(),
        until: "2026-12-31".parse().ok(),
        ..Span::default()
    };
    let later: Moment = "2027-01-01T09:00:00+08:00".parse().unwrap();
    let sums = async || {
        engine.count_anew().await.unwrap();
        let figures = engine.figures_of(&all, Split::Day, later).await.unwrap();
        let lines = figures
            .lines
            .into_iter()
            .filter(|(_, tally, _)| !tally.is_empty());
        lines
            .map(|(day, tally, _)| (day, tally))
            .collect::<Vec<_>>()
    };
    let kept = sums().await;
    assert!(kept.len() > 4, "{kept:?}");
    let store = place.open().await;
    let anew = "INSERT INTO uncounted (thing) SELECT DISTINCT thing FROM counted; \
        DELETE FROM counted; DELETE FROM sums";
    store.raw(anew).await.unwrap();
    assert_eq!(sums().await, kept);
}

async fn a_ticket_counts_on_the_days_on_which_something_of_it_was_due(place: Place) {
    let engine = centre(&place).await;
    let ticket = named_and_sent(&engine).await;
    engine.tick(at("10-11T09:00")).await.unwrap();
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["assessed_in_time"], (1, 1));
    assert_eq!(figures["verified_in_time"], (0, 1));
    assert_eq!(figures["rectified_in_time"], (0, 1));
    assert_eq!(figures["named_rectified"], (0, 1));
    let name = format!("ticket:{ticket}");
    let missing = things(&engine, Count::NamedDue, Some(Count::NamedDone)).await;
    assert_eq!(missing, std::slice::from_ref(&name));

    // Done late, it is done, and late all the same; weak, for its term was missed.
    rectified_late(&engine, ticket).await;
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["rectified_in_time"], (0, 1));
    assert_eq!(figures["named_rectified"], (1, 1));
    assert!(
        things(&engine, Count::NamedDue, Some(Count::NamedDone))
            .await
            .is_empty()
    );
    assert_eq!(things(&engine, Count::Weak, None).await, [name]);
    let flags = engine.flags(&september(), november()).await.unwrap();
    let weak: Vec<_> = flags
        .iter()
        .filter(|flag| flag.kind == "weak_rectification")
        .map(|flag| (flag.of.as_str(), flag.count, flag.evidence.clone()))
        .collect();
    assert_eq!(weak, [("forest", 1, vec![ticket.to_string()])]);
    let october = Span {
        from: "2026-10-01".parse().ok(),
        until: "2026-10-31".parse().ok(),
        unit: Some(UnitId("forest".into())),
        ..Span::default()
    };
    let (tally, figures) = whole(&engine, &october).await;
    assert_eq!(tally.get(Count::Closed), 1);
    assert_eq!(figures["ruled_invalid"], (0, 1));
    assert_eq!(figures["rerated"], (0, 1));
    // From Friday 09-18 to Tuesday 10-13, over a worked Sunday, two holidays and a worked Saturday.
    assert_eq!(figures["mean_workdays_open"], (13, 1));
}

async fn the_nine_things_are_counted_as_said_and_as_found(place: Place) {
    let engine = centre(&place).await;
    // It was rated for its progress, and the guide was found to be wrong.
    let ticket = named_and_sent(&engine).await;
    let unsaid = Intake {
        reasons: Vec::new(),
        ..rating("unsaid", "unsaid", Grade::VeryDissatisfied)
    };
    let now = friday().plus_millis(70_000);
    engine.submit(unsaid, now).await.unwrap();
    rate(&engine, "good", "good", Grade::Satisfied).await;
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["bad_on_progress"], (1, 2));
    assert_eq!(figures["bad_on_in_time"], (1, 2));
    assert_eq!(figures["bad_on_guide"], (0, 2));
    assert_eq!(figures["bad_unsaid"], (1, 2));
    assert_eq!(figures["found_on_guide"], (1, 1));
    assert_eq!(figures["found_on_progress"], (0, 1));
    let on_guide = Count::FoundOn(ContentItem::Guide);
    assert_eq!(
        things(&engine, on_guide, None).await,
        [format!("ticket:{ticket}")]
    );
    assert_eq!(
        things(&engine, Count::BadUnsaid, None).await,
        ["act:window-3-unsaid"]
    );
}

async fn a_calendar_that_changes_counts_the_days_of_closed_tickets_anew(place: Place) {
    let engine = centre(&place).await;
    assert_eq!(engine.count_by_calendar().await.unwrap(), 0);
    let ticket = named_and_sent(&engine).await;
    rectified_late(&engine, ticket).await;
    rate(&engine, "open", "open", Grade::Dissatisfied).await;
    let october = Span {
        from: "2026-10-01".parse().ok(),
        until: "2026-10-31".parse().ok(),
        ..Span::default()
    };
    let mean = async |engine: &Engine| whole(engine, &october).await.1["mean_workdays_open"];
    assert_eq!(mean(&engine).await, (13, 1));
    assert_eq!(engine.count_by_calendar().await.unwrap(), 0, "nothing new");

    let revised = include_str!("../../../calendars/2026.toml");
    let revised = revised.replace("\"2026-10-01\", ", "\"2026-09-30\", \"2026-10-01\", ");
    let revised = Calendar::from_texts(&[("calendars/2026.toml", &*revised)]).unwrap();
    let engine = Engine::start(place.open().await, revised);
    assert_eq!(
        engine.count_by_calendar().await.unwrap(),
        1,
        "the closed one"
    );
    assert_eq!(mean(&engine).await, (12, 1));
    assert_eq!(engine.count_by_calendar().await.unwrap(), 0);
}

async fn rulings_are_counted_with_the_unit_of_who_ruled(place: Place) {
    let engine = centre(&place).await;
    let ticket = named_and_sent(&engine).await;
    let appeal = Act::Appeal {
        order: None,
        ground: Ground::Untrue,
        facts: "未发生".into(),
        evidence: vec!["录音".into()],
    };
    let judge = || Act::JudgeInvalid {
        order: None,
        reason: "与记录不符".into(),
        heard: "全程".into(),
    };
    does(&engine, ticket, HEAD, appeal, "09-22T15:00").await;
    does(&engine, ticket, REVIEWER, judge(), "09-22T16:00").await;
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["ruled_invalid"], (1, 1));
    assert_eq!(figures["invalid_by_office"], (0, 1), "the Centre ruled");
    assert_eq!(figures["appeals_upheld_by_centre"], (1, 1));
    assert_eq!(figures["appeals_upheld_by_office"], (0, 0));

    // The rater objects, and somebody else rules: the General Office.
    let object = Act::Object {
        way: Way::Phone,
        text: "确有其事".into(),
    };
    does(&engine, ticket, REVISITOR, object, "09-23T09:00").await;
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["ruled_invalid"], (0, 0), "it is open again");
    does(&engine, ticket, SIGNER, judge(), "09-23T10:00").await;
    let (_, figures) = whole(&engine, &september()).await;
    assert_eq!(figures["invalid_by_office"], (1, 1));
    assert_eq!(figures["appeals_upheld_by_centre"], (0, 0));
    assert_eq!(figures["appeals_upheld_by_office"], (1, 1));
    let by_office = Count::RuledIn(NotAdopted::Invalid, Reviewer::GeneralOffice);
    let behind = things(&engine, by_office, None).await;
    assert_eq!(behind, [format!("ticket:{ticket}")]);
}
