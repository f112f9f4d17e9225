use super::*;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn special(on: &str, open: &[(u16, u16)], dialplan: Option<&str>) -> SpecialDay {
    let stretch = |(from_min, until_min): &(u16, u16)| Stretch {
        from_min: *from_min,
        until_min: *until_min,
    };
    SpecialDay {
        day: day(on),
        open: open.iter().map(stretch).collect(),
        name: None,
        dialplan: dialplan.map(str::to_owned),
    }
}

#[test]
fn a_dialplans_own_day_goes_before_that_of_all() {
    let days = SpecialDays::new(vec![
        special("2026-02-16", &[(510, 720)], None),
        special("2026-02-16", &[], Some("consultation")),
        special("2026-02-14", &[(510, 720)], Some("consultation")),
    ])
    .unwrap();
    let eve = day("2026-02-16");
    assert!(days.on(eve, Some("consultation")).unwrap().is_closed());
    assert_eq!(days.on(eve, Some("revisit")).unwrap().minutes(), 210);
    assert_eq!(days.on(eve, None).unwrap().minutes(), 210);
    assert_eq!(days.on(day("2026-02-14"), None), None);
    assert_eq!(days.on(day("2026-02-17"), Some("consultation")), None);
    let whom: Vec<_> = days
        .of_day(eve)
        .map(|one| one.dialplan.as_deref())
        .collect();
    assert_eq!(whom, [None, Some("consultation")]);
}

#[test]
fn a_day_that_stands_twice_or_whose_hours_cross_is_refused() {
    let twice = vec![
        special("2026-02-16", &[(510, 720)], None),
        special("2026-02-16", &[], None),
    ];
    let refused = SpecialDays::new(twice).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "2026-02-16 stands twice for all dialplans; write it once, with all its hours"
    );
    let crossing = special("2026-02-16", &[(700, 800), (510, 701)], None);
    let eve = day("2026-02-16");
    assert_eq!(
        SpecialDays::new(vec![crossing]),
        Err(Unusable::Crossing { day: eve })
    );
    // One ends where the next begins: that is not to cross.
    let joined = special("2026-02-16", &[(700, 800), (510, 700)], None);
    assert!(SpecialDays::new(vec![joined]).is_ok());
    let chopped = special(
        "2026-02-16",
        &[(0, 1), (2, 3), (4, 5), (6, 7), (8, 9)],
        None,
    );
    assert_eq!(
        SpecialDays::new(vec![chopped]),
        Err(Unusable::Chopped { day: eve })
    );
    let same = special("2026-02-16", &[], Some("revisit"));
    let refused = SpecialDays::new(vec![same.clone(), same]).unwrap_err();
    assert!(refused.to_string().contains("for dialplan revisit"));
}

#[test]
fn their_number_has_a_bound() {
    let name = |at: usize| special("2026-02-16", &[], Some(&format!("plan{at}")));
    let many = |count: usize| SpecialDays::new((0..count).map(name).collect());
    assert!(many(MANY).is_ok());
    assert_eq!(many(MANY + 1), Err(Unusable::TooMany));
}
