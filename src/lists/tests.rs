//! How the databases go about the statements.

use crate::store::testing::{Place, understood};

#[test]
fn the_databases_understand_every_statement() {
    crate::store::testing::on_sqlite(|place| Box::pin(understood(place, super::statements())));
    crate::store::testing::on_postgresql(&[("statements", |place| {
        Box::pin(understood(place, super::statements()))
    })]);
}

/// Where a page or a count begins, it is entered by index: no list costs more because there is much that it
/// does not show.
#[tokio::test]
async fn no_list_walks_through_what_it_does_not_show() {
    let place = Place::sqlite(tempfile::tempdir().unwrap());
    let store = place.open().await;
    let of_all = [super::statements(), crate::store::testing::statements()].concat();
    for (name, entry) in [
        (
            "CALLS",
            "c USING INDEX calls_by_start (started_at>? AND (started_at,id)<(?,?))",
        ),
        (
            "CALLS_NOT_ENDED",
            "c USING INDEX calls_not_ended (started_at>? AND (started_at,id)<(?,?))",
        ),
        (
            "CALLS_REHEARSED",
            "c USING INDEX calls_rehearsed (started_at>? AND (started_at,id)<(?,?))",
        ),
        (
            "CALLS_BY_TAIL",
            "c USING INDEX calls_by_tail (<expr>=? AND started_at>? AND (started_at,id)<(?,?))",
        ),
        (
            "CALLS_OF_OUTCOME",
            "c USING INDEX calls_by_outcome (outcome=? AND started_at>? AND (started_at,id)<(?,?))",
        ),
        (
            "CALLS_OF_FEW",
            "o USING COVERING INDEX orders_of_unit (unit=?)",
        ),
        (
            "RATINGS",
            "r USING INDEX ratings_by_graded_at (graded_at>? AND (graded_at,id)<(?,?))",
        ),
        (
            "BAD_RATINGS",
            "r USING INDEX ratings_bad (graded_at>? AND (graded_at,id)<(?,?))",
        ),
        (
            "RATINGS_REHEARSED",
            "r USING INDEX ratings_rehearsed (graded_at>? AND (graded_at,id)<(?,?))",
        ),
        (
            "RATINGS_OF_FEW",
            "o USING COVERING INDEX orders_of_unit (unit=?)",
        ),
        (
            "TICKETS",
            "t USING INDEX tickets_by_opened_at (opened_at>? AND (opened_at,number)<(?,?))",
        ),
        (
            "TICKETS_IN_STATE",
            "t USING INDEX tickets_by_state (state=? AND opened_at>? AND (opened_at,number)<(?,?))",
        ),
        (
            "TICKETS_REHEARSED",
            "t USING INDEX tickets_rehearsed (opened_at>? AND (opened_at,number)<(?,?))",
        ),
        (
            "TICKETS_PROVISIONAL",
            "x USING COVERING INDEX deadlines_provisional",
        ),
        (
            "TICKETS_OF_FEW",
            "o USING COVERING INDEX orders_of_unit (unit=?)",
        ),
        (
            "ORDERS_OF",
            "o USING COVERING INDEX orders_of_unit (unit=?)",
        ),
        (
            "COUNTS",
            "calls USING INDEX calls_by_start (started_at>? AND started_at<?)",
        ),
        (
            "ANSWERING",
            "calls USING INDEX calls_by_start (started_at>?)",
        ),
        (
            "DESK_COUNTS",
            "calls USING INDEX calls_by_start (started_at>? AND started_at<?)",
        ),
        (
            "TICKET_COUNT",
            "tickets USING INDEX tickets_by_opened_at (opened_at>? AND opened_at<?)",
        ),
        ("STALE", "deadlines USING INDEX deadlines_open (due_at>?)"),
        (
            "PROVISIONAL",
            "deadlines USING COVERING INDEX deadlines_provisional",
        ),
        (
            "DUE",
            "deadlines USING INDEX deadlines_next (next_at>? AND next_at<?)",
        ),
    ] {
        let (_, sql) = of_all.iter().find(|(of, _)| *of == name).expect(name);
        let plan = store.plan(sql).await;
        let enters = plan.iter().any(|step| step.ends_with(entry));
        assert!(enters, "{name}: {plan:#?}");
        // The units' table is small, and so is what is provisional.
        let walks = plan.iter().any(|step| {
            step.starts_with("SCAN")
                && !step.starts_with("SCAN u ")
                && step != "SCAN known"
                && !step.ends_with("deadlines_provisional")
        });
        assert!(!walks, "{name}: {plan:#?}");
    }
    store.close().await;
}

#[test]
fn what_is_few_is_read_whole() {
    let all = super::statements();
    let of_few = all.iter().filter(|(name, _)| name.ends_with("_OF_FEW"));
    let limit = format!(" LIMIT {})", super::pages::FEW);
    let whole: Vec<bool> = of_few.map(|(_, sql)| sql.contains(&limit)).collect();
    assert_eq!(whole, [true; 3]);
}
