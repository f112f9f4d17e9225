//! What a bulletin holds, reads back as, and tells the public.

use super::*;

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
