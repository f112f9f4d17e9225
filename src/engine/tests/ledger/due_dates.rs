//! Due dates and a revised calendar.

use super::*;

stories![
    a_revised_calendar_moves_open_due_dates_once_and_says_so,
    met_and_past_due_dates_stay_where_they_were,
    more_due_dates_than_a_batch_are_all_recounted,
    provisional_due_dates_are_listed_until_their_year_is_known,
];

#[test]
fn every_story_holds_on_postgresql() {
    crate::store::testing::on_postgresql(STORIES);
}

fn of_years(years: &[i16]) -> Calendar {
    let files = years.iter().map(|year| {
        let path = format!("{}/calendars/{year}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    });
    Calendar::from_texts(&files.collect::<Vec<_>>()).unwrap()
}

/// The calendar before Sunday 2026-09-20 was made a working day.
fn before_the_notice() -> Calendar {
    calendar().toggled("2026-09-20".parse().unwrap())
}

fn due_days(ticket: &TicketDetail) -> Vec<String> {
    let deadlines = ticket.row.deadlines.iter();
    deadlines
        .map(|deadline| deadline.due_at.day().to_string())
        .collect()
}

async fn a_revised_calendar_moves_open_due_dates_once_and_says_so(place: Place) {
    let before = Engine::start(place.open().await, before_the_notice());
    let number = bad_call(&before, "c1", friday()).await;
    let ticket = ticket_of(&before, &number).await;
    assert_eq!(due_days(&ticket), ["2026-09-23", "2026-09-28"]);
    let now = friday().plus_millis(3_600_000);
    let same = before.recount(now).await.unwrap();
    assert_eq!(same.moved, 0, "its own calendar moves nothing");
    drop(before);

    let after = engine(&place).await;
    assert!(ticket_of(&after, &number).await.counted[0].differs);
    assert_eq!(after.recount(now).await.unwrap().moved, 2);
    let moved = ticket_of(&after, &number).await;
    assert_eq!(due_days(&moved), ["2026-09-22", "2026-09-24"]);
    assert!(moved.counted.iter().all(|counted| !counted.differs));
    let lines = moved
        .trail
        .iter()
        .filter(|l| l.what == "deadline_recounted");
    let lines: Vec<_> = lines.map(|line| line.detail.as_str()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let told = lines.iter().any(|line| {
        line.contains("原定2026-09-23 23:59:59") && line.contains("现定2026-09-22 23:59:59")
    });
    assert!(told, "{lines:?}");
    assert_eq!(after.recount(now).await.unwrap().moved, 0);
    let again = ticket_of(&after, &number).await;
    assert_eq!(again.trail.len(), moved.trail.len());
}

async fn met_and_past_due_dates_stay_where_they_were(place: Place) {
    let before = Engine::start(place.open().await, before_the_notice());
    let number = bad_call(&before, "c1", friday()).await;
    let was = due_days(&ticket_of(&before, &number).await);
    let store = &before.inner.store;
    let met = "UPDATE deadlines SET met_at = started_at + 1 WHERE kind = 'upload'";
    store.raw(met).await.unwrap();
    drop(before);
    let after = engine(&place).await;
    // The first was missed on the 23rd, the second was met.
    let late = at("2026-09-24T09:00:00+08:00");
    assert_eq!(after.recount(late).await.unwrap().moved, 0);
    // On the 23rd its new time, the 22nd, has gone by: nobody becomes late by a notice.
    let between = at("2026-09-23T09:00:00+08:00");
    assert_eq!(after.recount(between).await.unwrap().moved, 0);
    assert_eq!(due_days(&ticket_of(&after, &number).await), was);
    assert_eq!(after.recount(friday()).await.unwrap().moved, 1);
    let now = due_days(&ticket_of(&after, &number).await);
    assert_eq!(now, ["2026-09-22", was[1].as_str()]);
}

async fn more_due_dates_than_a_batch_are_all_recounted(place: Place) {
    let before = Engine::start(place.open().await, before_the_notice());
    for n in 0..101 {
        bad_call(&before, &format!("c{n:03}"), friday()).await;
    }
    drop(before);
    let after = engine(&place).await;
    assert_eq!(after.recount(friday()).await.unwrap().moved, 202);
    assert_eq!(after.recount(friday()).await.unwrap().moved, 0);
}

async fn provisional_due_dates_are_listed_until_their_year_is_known(place: Place) {
    let before = Engine::start(place.open().await, of_years(&[2025]));
    let now = at("2025-12-30T10:00:00+08:00");
    let sure = bad_call(&before, "c0", at("2025-12-01T10:00:00+08:00")).await;
    let open = bad_call(&before, "c1", now).await;
    let found = before.recount(now).await.unwrap();
    let provisional = found.provisional;
    assert_eq!(
        (found.moved, provisional.deadlines, provisional.tickets),
        (0, 2, 1)
    );
    let listed = async |engine: &Engine, provisional| {
        let filter = TicketFilter {
            provisional: Some(provisional),
            ..TicketFilter::default()
        };
        let tickets = engine.tickets(&filter, None, 10, Numbers::Masked).await;
        let numbers = tickets.unwrap().items.into_iter().map(|t| t.number);
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(listed(&before, true).await, std::slice::from_ref(&open));
    assert_eq!(listed(&before, false).await, std::slice::from_ref(&sure));
    drop(before);

    let after = Engine::start(place.open().await, of_years(&[2025, 2026]));
    let found = after.recount(now).await.unwrap();
    assert_eq!((found.moved, found.provisional.deadlines), (2, 0));
    assert!(listed(&after, true).await.is_empty());
    let ticket = ticket_of(&after, &open).await;
    // 1 to 3 January are off, Sunday the 4th is worked.
    assert_eq!(due_days(&ticket), ["2026-01-05", "2026-01-07"]);
}
