//! What must hold of the years that were lived, asked of the database and of the engine.

use std::collections::{BTreeMap, BTreeSet};

use gradeline::bulletins::Span;
use gradeline::casework::Case;
use gradeline::domain::{Grade, NotAdopted, TicketNumber};
use gradeline::figures::{Count, Tally, TermOf};
use gradeline::tallies::Split;
use sqlx::{Row as _, SqlitePool};

use crate::centre::{Centre, at};
use crate::days::{DAY, Days, HOUR, Ms, day_of, start_of, text_of};
use crate::law::{self, Clock, Event, Record, Ticket};

/// A line of the trail.
struct Line {
    at: Ms,
    what: String,
    subject: String,
    detail: String,
    rating: Option<String>,
}

pub struct Found {
    pub wrongs: Vec<String>,
    pub tickets: usize,
    pub closed: usize,
    pub deadlines: usize,
    pub missed: usize,
    pub moved: usize,
    pub reminders: usize,
    pub defaults: usize,
    pub lines: u64,
    pub figures: usize,
}

pub async fn all(centre: &Centre, pool: &SqlitePool) -> Found {
    let mut wrongs = centre.wrongs.clone();
    let verified = centre
        .engine()
        .verify_records(|_| {})
        .await
        .expect("a walk");
    let lines = match verified {
        Ok(verified) => verified.lines,
        Err(misfit) => {
            wrongs.push(format!("verify: {misfit}"));
            0
        }
    };
    let (trail, records) = read_trail(pool).await;
    let mut tickets = Vec::new();
    for (number, records) in &records {
        tickets.push(Ticket::relive(number, records, &centre.house));
    }
    for ticket in &tickets {
        // One thing that is wrong is followed by many.
        wrongs.extend(ticket.wrongs.iter().take(2).cloned());
        same_as_the_engines(centre, ticket, &mut wrongs).await;
    }
    same_as_the_rows(pool, &tickets, &mut wrongs).await;
    let uploads = uploads(centre, pool, &trail, &mut wrongs).await;
    let defaults = matters(centre, pool, &trail, &mut wrongs).await;
    let reminders = reminders(centre, pool, &tickets, &mut wrongs).await;
    let figures = figures(centre, &trail, &tickets, uploads, &mut wrongs).await;
    let clocks = || tickets.iter().flat_map(|ticket| &ticket.clocks);
    Found {
        tickets: tickets.len(),
        closed: tickets
            .iter()
            .filter(|it| it.state.starts_with("closed"))
            .count(),
        deadlines: clocks().count() + uploads.0 as usize + 2 * centre.filed.len(),
        missed: clocks().filter(|clock| clock.missed.is_some()).count(),
        moved: records
            .values()
            .flatten()
            .filter(|it| it.body["act"] == "revise")
            .count(),
        reminders,
        defaults,
        lines,
        figures,
        wrongs,
    }
}

async fn read_trail(pool: &SqlitePool) -> (Vec<Line>, BTreeMap<String, Vec<Record>>) {
    let sql = "SELECT at, what, subject, detail, rating_id, ticket, record FROM trail ORDER BY seq";
    let (mut lines, mut records) = (Vec::new(), BTreeMap::<String, Vec<Record>>::new());
    for row in sqlx::query(sql).fetch_all(pool).await.expect("the trail") {
        let (at, record): (Ms, Option<String>) = (row.get("at"), row.get("record"));
        if let Some(record) = record {
            let body = serde_json::from_str(&record).expect("JSON");
            let of = records.entry(row.get("ticket")).or_default();
            of.push(Record { at, body });
        }
        lines.push(Line {
            at,
            what: row.get("what"),
            subject: row.get("subject"),
            detail: row.get("detail"),
            rating: row.get("rating_id"),
        });
    }
    (lines, records)
}

type Told = (Option<u64>, String, u64, [Ms; 2], bool, [Option<Ms>; 3]);

fn told(clock: &Clock) -> Told {
    let ends = [clock.met, clock.void, clock.missed];
    let times = [clock.start, clock.due];
    (
        clock.order,
        clock.kind.clone(),
        clock.epoch,
        times,
        !clock.sure,
        ends,
    )
}

fn of_case(case: &Case) -> BTreeSet<Told> {
    let ms = |at: Option<gradeline::domain::Moment>| at.map(|at| at.millis());
    let clocks = case.clocks.iter().map(|clock| {
        (
            clock.key.order.map(u64::from),
            clock.key.kind.word().to_owned(),
            u64::from(clock.key.epoch),
            [clock.started_at.millis(), clock.due_at.millis()],
            clock.provisional,
            [ms(clock.met_at), ms(clock.void_at), ms(clock.missed_at)],
        )
    });
    clocks.collect()
}

async fn same_as_the_engines(centre: &Centre, ticket: &Ticket, wrongs: &mut Vec<String>) {
    let number: TicketNumber = ticket.number.parse().expect("a number");
    let whole = centre.engine().whole_case(number).await.expect("a read");
    let case = whole.expect("a ticket").case;
    let ours: BTreeSet<Told> = ticket.clocks.iter().map(told).collect();
    for clock in ours.symmetric_difference(&of_case(&case)) {
        let by = if ours.contains(clock) {
            "only the law has"
        } else {
            "only the house has"
        };
        wrongs.push(format!("{number}: {by} {clock:?}"));
    }
    let (state, round) = (case.ticket.state.word(), u32::from(case.ticket.round));
    if (state, round, case.version as usize) != (&ticket.state, ticket.round, ticket.records) {
        wrongs.push(format!(
            "{number}: {state} {round}, the law says {} {}",
            ticket.state, ticket.round
        ));
    }
}

async fn same_as_the_rows(pool: &SqlitePool, tickets: &[Ticket], wrongs: &mut Vec<String>) {
    let sql = "SELECT subject, kind, epoch, started_at, due_at, provisional, met_at, void_at, \
        missed_at FROM deadlines WHERE ticket IS NOT NULL AND subject NOT LIKE 'rating:%'";
    let mut rows = BTreeSet::new();
    for row in sqlx::query(sql).fetch_all(pool).await.expect("deadlines") {
        let subject: String = row.get("subject");
        let clock: Told = (
            subject
                .split_once('/')
                .map(|(_, order)| order.parse().expect("an order")),
            row.get("kind"),
            row.get::<i64, _>("epoch") as u64,
            [row.get("started_at"), row.get("due_at")],
            row.get("provisional"),
            [row.get("met_at"), row.get("void_at"), row.get("missed_at")],
        );
        let ticket = subject.split_once(':').expect("a kind of thing").1;
        let ticket = ticket.split('/').next().expect("a ticket").to_owned();
        if !rows.insert((ticket.clone(), clock.clone())) {
            wrongs.push(format!("{ticket}: twice {clock:?}"));
        }
    }
    let ours: BTreeSet<_> = tickets
        .iter()
        .flat_map(|ticket| {
            ticket
                .clocks
                .iter()
                .map(|clock| (ticket.number.clone(), told(clock)))
        })
        .collect();
    for row in ours.symmetric_difference(&rows) {
        let by = if ours.contains(row) {
            "no row"
        } else {
            "a row without the law"
        };
        wrongs.push(format!("{by}: {row:?}"));
    }
}

/// Every rating has its upload; nothing is sent yet, so each is missed, once. How many there are.
async fn uploads(
    centre: &Centre,
    pool: &SqlitePool,
    trail: &[Line],
    wrongs: &mut Vec<String>,
) -> (i64, i64) {
    let sql = "SELECT r.id, r.graded_at, r.received_at, d.due_at, d.missed_at FROM ratings r \
        LEFT JOIN deadlines d ON d.subject = 'rating:' || r.id AND d.kind = 'upload'";
    let mut of = BTreeMap::<&str, Vec<Ms>>::new();
    for line in trail.iter().filter(|line| line.what == "miss") {
        of.entry(&line.subject).or_default().push(line.at);
    }
    let mut count = 0;
    for row in sqlx::query(sql).fetch_all(pool).await.expect("ratings") {
        let id: String = row.get("id");
        let (graded, received): (Ms, Ms) = (row.get("graded_at"), row.get("received_at"));
        let rows: (Option<Ms>, Option<Ms>) = (row.get("due_at"), row.get("missed_at"));
        let (due, mut missed) = law::upload(graded, received, &centre.house);
        // What a tick writes late, and is late already, is seen by the same tick or by the next one.
        let next = law::upload(graded, received + 1, &centre.house);
        if rows == (Some(next.0), next.1) {
            missed = next.1;
        } else if rows != (Some(due), missed) {
            wrongs.push(format!(
                "upload of {id}: {rows:?}, the law says {due} {missed:?}"
            ));
        }
        let lines = of.get(format!("rating:{id}").as_str()).map_or(0, Vec::len);
        if lines != usize::from(missed.is_some()) {
            wrongs.push(format!("upload of {id}: missed {lines} times"));
        }
        count += 1;
    }
    (count, 0)
}

async fn matters(
    centre: &Centre,
    pool: &SqlitePool,
    trail: &[Line],
    wrongs: &mut Vec<String>,
) -> usize {
    let sql = "SELECT id, received_at, graded_at FROM ratings WHERE channel = 'default'";
    let mut defaults = BTreeMap::<String, Vec<(Ms, Ms)>>::new();
    for row in sqlx::query(sql).fetch_all(pool).await.expect("ratings") {
        let of = defaults.entry(row.get("id")).or_default();
        of.push((row.get("received_at"), row.get("graded_at")));
    }
    let mut reminded = BTreeMap::<&str, Vec<Ms>>::new();
    for line in trail.iter().filter(|line| line.what == "reminded") {
        reminded.entry(&line.subject).or_default().push(line.at);
    }
    let mut count = 0;
    for filed in &centre.filed {
        let end = law::matter(filed.completed, filed.known, filed.rated, &centre.house);
        let name = format!("matter:{}", filed.number);
        let told = reminded.get(name.as_str()).cloned().unwrap_or_default();
        if told != Vec::from_iter(end.reminded) {
            wrongs.push(format!(
                "{name}: reminded {told:?}, the law says {:?}",
                end.reminded
            ));
        }
        let id = format!("matter-{}-0", filed.number);
        let got = defaults.get(&id).cloned().unwrap_or_default();
        if got != Vec::from_iter(end.defaulted) {
            wrongs.push(format!(
                "{name}: default {got:?}, the law says {:?}",
                end.defaulted
            ));
        }
        count += got.len();
    }
    let all: usize = defaults.values().map(Vec::len).sum();
    if all != count {
        wrongs.push(format!("{all} defaults, {count} of them of a matter"));
    }
    count
}

const REMINDED: [&str; 9] = [
    "assess",
    "dispatch",
    "verify",
    "rectify",
    "rectify_complex",
    "rectify_extended",
    "answer",
    "rework",
    "reconsider",
];

/// At nine on the working day before and on the day: never early, never twice, and never left out.
async fn reminders(
    centre: &Centre,
    pool: &SqlitePool,
    tickets: &[Ticket],
    wrongs: &mut Vec<String>,
) -> usize {
    let sql = "SELECT subject, due_at, created_at, body FROM notices WHERE kind = 'due_soon'";
    let mut told = BTreeMap::<(String, Ms), BTreeMap<String, Vec<Ms>>>::new();
    let mut count = 0;
    for row in sqlx::query(sql).fetch_all(pool).await.expect("notices") {
        let of = told
            .entry((row.get("subject"), row.get("due_at")))
            .or_default();
        of.entry(row.get("body"))
            .or_default()
            .push(row.get("created_at"));
        count += 1;
    }
    let starts: Vec<(Ms, &Days)> = centre
        .house
        .iter()
        .filter_map(|(at, event)| match event {
            Event::Start(days) => Some((*at, days)),
            Event::Tick => None,
        })
        .collect();
    for ticket in tickets {
        for clock in ticket
            .clocks
            .iter()
            .filter(|it| REMINDED.contains(&it.kind.as_str()))
        {
            let end = clock
                .met
                .or(clock.void)
                .unwrap_or(Ms::MAX)
                .min(clock.due + 1);
            let before = starts.iter().rev().find(|(at, _)| *at <= clock.since);
            let days = before.expect("a start").1;
            let same =
                |(at, other): &(Ms, &Days)| *at <= clock.since || *at > end || *other == days;
            if clock.resumed > 0 || !starts.iter().all(same) {
                continue;
            }
            let expected = looks(clock, days, end, &centre.house);
            let subject = subject_of(ticket, clock);
            let of = told.get(&(subject.clone(), clock.due));
            // Two terms of one order may end at one time: their notices differ by their text.
            let got = of
                .into_iter()
                .flat_map(BTreeMap::values)
                .any(|times| *times == expected);
            if !(got || expected.is_empty()) {
                wrongs.push(format!(
                    "{subject} {clock:?}: reminded {of:?}, the law says {expected:?}"
                ));
            }
        }
    }
    for ((subject, due), of) in &told {
        for (body, times) in of {
            // With another calendar the working day before is another one, too.
            let first = times[0] - 30 * DAY;
            let revised = starts.windows(2).filter(|two| {
                two[0].1 != two[1].1 && (first..times[times.len() - 1]).contains(&two[1].0)
            });
            // Terms of two rounds may end on one day, and one may be stopped and go on.
            let terms = tickets.iter().flat_map(|ticket| {
                let its =
                    |clock: &&Clock| clock.due == *due && subject_of(ticket, clock) == *subject;
                ticket.clocks.iter().filter(its)
            });
            let terms: u32 = terms.map(|clock| 1 + clock.resumed).sum();
            let most = 2 * (terms.max(1) as usize + revised.count());
            if times.len() > most || times.iter().any(|at| at > due) {
                wrongs.push(format!("{subject}: {body} told at {times:?}"));
            }
        }
    }
    count
}

fn subject_of(ticket: &Ticket, clock: &Clock) -> String {
    match clock.order {
        Some(order) => format!("order:{}/{order}", ticket.number),
        None => format!("ticket:{}", ticket.number),
    }
}

fn looks(clock: &Clock, days: &Days, end: Ms, house: &[(Ms, Event)]) -> Vec<Ms> {
    let last = day_of(clock.due);
    let mut eve = last - 1;
    while !days.worked(eve).0 {
        eve -= 1;
    }
    let mornings = [eve, last].map(|day| start_of(day) + 9 * HOUR);
    let next = |after: Ms| mornings.into_iter().find(|look| *look > after);
    let mut look = next(clock.since);
    let mut told = Vec::new();
    for (at, event) in house.iter().filter(|(at, _)| *at > clock.since) {
        if *at >= end {
            break;
        }
        if matches!(event, Event::Tick) && look.is_some_and(|look| look <= *at) {
            told.push(*at);
            look = next(*at);
        }
    }
    told
}

/// The figures' room against a count of the trail.
async fn figures(
    centre: &Centre,
    trail: &[Line],
    tickets: &[Ticket],
    uploads: (i64, i64),
    wrongs: &mut Vec<String>,
) -> usize {
    let end = centre.now + 60 * DAY;
    let span = Span {
        from: text_of(day_of(centre.house[0].0) - 60).parse().ok(),
        until: text_of(day_of(end)).parse().ok(),
        ..Span::default()
    };
    centre.engine().count_anew().await.expect("counted");
    let figures = centre
        .engine()
        .figures_of(&span, Split::Whole, at(end + 2 * DAY))
        .await;
    let figures = figures.expect("figures");
    let theirs: &Tally = &figures.lines[0].1;
    let mut ours = BTreeMap::<Count, i64>::new();
    let mut add = |count: Count, so: bool| *ours.entry(count).or_default() += i64::from(so);
    for ticket in tickets {
        of_ticket(ticket, &mut add);
    }
    of_ratings(trail, tickets, &mut add);
    *ours.entry(Count::TermDue(TermOf::Upload)).or_default() += uploads.0;
    *ours.entry(Count::TermKept(TermOf::Upload)).or_default() += uploads.1;
    for (count, number) in &ours {
        if theirs.get(*count) != *number {
            wrongs.push(format!(
                "{count}: {} in the figures, {number} in the trail",
                theirs.get(*count)
            ));
        }
    }
    // And each day's, thing by thing, against what is on record.
    let reconciled = centre
        .engine()
        .reconcile_all(at(end + 2 * DAY), |_, _| {})
        .await;
    let reconciled = reconciled.expect("a reconciliation");
    if reconciled.things == 0 || reconciled.pending > 0 {
        wrongs.push(format!("nothing was reconciled: {reconciled:?}"));
    }
    for difference in reconciled.differences {
        wrongs.push(format!("kept and counted again: {difference:?}"));
    }
    ours.len()
}

fn of_ticket(ticket: &Ticket, add: &mut impl FnMut(Count, bool)) {
    let state = ticket.state.as_str();
    let closed = state.starts_with("closed");
    let ruled = match state {
        "closed_invalid" => Some(NotAdopted::Invalid),
        "closed_mistaken" => Some(NotAdopted::Mistaken),
        "closed_malicious" => Some(NotAdopted::Malicious),
        _ => None,
    };
    add(Count::Opened, true);
    add(Count::Closed, closed);
    if let Some(why) = ruled {
        add(Count::Ruled(why), true);
    }
    let again = &ticket.ratings[1..];
    let invited = ticket.clocks.iter().any(|clock| clock.kind == "rerate");
    add(Count::Invited, invited);
    add(Count::Rerated, invited && !again.is_empty());
    add(
        Count::ReratedGood,
        invited && again.last().is_some_and(|it| it.good),
    );
    let held = || ticket.clocks.iter().filter(|clock| clock.void.is_none());
    for clock in held() {
        let of = match clock.kind.as_str() {
            "assess" => TermOf::Assess,
            "verify" => TermOf::Verify,
            "rectify" | "rectify_complex" | "rectify_extended" => TermOf::Rectify,
            "upload" => TermOf::Upload,
            _ => continue,
        };
        add(Count::TermDue(of), true);
        add(
            Count::TermKept(of),
            clock.met.is_some_and(|met| met <= clock.due),
        );
    }
    let due = ruled.is_none() && (closed || held().any(|it| it.kind.starts_with("rectify")));
    let done = matches!(state, "closed_rectified" | "closed_explained");
    add(Count::BadDue, due);
    add(Count::BadDone, due && done);
    add(Count::NamedDue, due && ticket.named);
    add(
        Count::NamedDone,
        due && done && ticket.named && ticket.revisited(),
    );
    let late = ticket
        .clocks
        .iter()
        .any(|it| it.kind.starts_with("rectify") && it.missed.is_some());
    let weak =
        late || ticket.orders.iter().any(|it| it.returns >= 2) || again.iter().any(|it| !it.good);
    add(Count::Weak, due && weak);
    for order in ticket
        .orders
        .iter()
        .filter(|it| closed && !it.void && it.appealed && it.judged)
    {
        add(Count::Appealed, true);
        let upheld = ["closed_invalid", "closed_mistaken", "closed_malicious"];
        add(Count::AppealUpheld, upheld.contains(&order.state.as_str()));
    }
}

fn of_ratings(trail: &[Line], tickets: &[Ticket], add: &mut impl FnMut(Count, bool)) {
    let aside: BTreeMap<&str, &str> = tickets
        .iter()
        .flat_map(|ticket| &ticket.ratings)
        .filter_map(|rated| Some((rated.id.as_str(), rated.aside?)))
        .collect();
    let mut acts = BTreeMap::<&str, Vec<(u32, &str, Grade)>>::new();
    for line in trail
        .iter()
        .filter(|it| it.what == "rated" || it.what == "defaulted")
    {
        let id = line.rating.as_deref().expect("a rating's line");
        let (act, sequence) = id.rsplit_once('-').expect("a sequence");
        let word = line.detail.split(['“', '”']).nth(1).expect("a grade");
        let grade = Grade::ALL.into_iter().find(|grade| grade.zh() == word);
        let sequence = sequence.parse().expect("a number");
        acts.entry(act)
            .or_default()
            .push((sequence, id, grade.expect("a grade")));
    }
    for ratings in acts.values_mut() {
        ratings.sort_unstable_by_key(|rating| rating.0);
        let given: Vec<_> = ratings.iter().filter(|rating| rating.0 > 0).collect();
        for rating in &given {
            add(Count::Given, true);
            match aside.get(rating.1) {
                Some(&"invalid") => add(Count::NotAdopted(NotAdopted::Invalid), true),
                Some(&"mistaken") => add(Count::NotAdopted(NotAdopted::Mistaken), true),
                Some(_) => add(Count::NotAdopted(NotAdopted::Malicious), true),
                None => {}
            }
        }
        add(Count::Rated, !given.is_empty());
        add(
            Count::FirstBad,
            given.first().is_some_and(|it| !it.2.is_positive()),
        );
        match ratings
            .iter()
            .rev()
            .find(|rating| !aside.contains_key(rating.1))
        {
            Some((0, ..)) => add(Count::Defaulted, true),
            Some((_, _, grade)) => add(Count::Graded(*grade), true),
            None => {}
        }
    }
}
