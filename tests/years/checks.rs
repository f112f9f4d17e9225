//! What must hold of the years that were lived, asked of the database and of the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::bulletins;
use crate::centre::{Centre, at};
use crate::days::{DAY, Days, Ms, day_of, text_of};
use crate::law::{self, Clock, Event, Happening, Record, Ticket};
use crate::ledger::Ledger;
use crate::listings::{self, Listed};
use gradeline::bulletins::Span;
use gradeline::casework::Case;
use gradeline::domain::{Grade, NotAdopted, TicketNumber};
use gradeline::figures::{Count, Tally, TermOf};
use gradeline::tallies::Split;

/// A line of the trail.
pub struct Line {
    pub seq: i64,
    pub at: Ms,
    pub what: String,
    pub subject: String,
    pub detail: String,
    pub rating: Option<String>,
    pub person: Option<String>,
    pub record: Option<String>,
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
    /// Terms of bulletins, and those of them that were missed.
    pub terms: (usize, usize),
    pub listings: Listed,
}

pub async fn all(centre: &Centre) -> Found {
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
    let ledger = &centre.ledger;
    let (trail, records) = read_trail(ledger).await;
    let mut tickets = Vec::new();
    for (number, records) in &records {
        tickets.push(Ticket::relive(number, records, &centre.house));
    }
    for ticket in &tickets {
        // One thing that is wrong is followed by many.
        wrongs.extend(ticket.wrongs.iter().take(2).cloned());
        same_as_the_engines(centre, ticket, &mut wrongs).await;
    }
    same_as_the_rows(ledger, &tickets, &mut wrongs).await;
    let uploads = uploads(centre, &trail, &mut wrongs).await;
    let defaults = matters(centre, &trail, &mut wrongs).await;
    let reminders = reminders(centre, &tickets, &mut wrongs).await;
    let terms = bulletins::hold(centre, &trail, &mut wrongs).await;
    let (listings, standings) = listings::hold(centre, &trail, &tickets, &mut wrongs).await;
    for ticket in &tickets {
        same_standings(centre, ticket, &standings, &mut wrongs).await;
    }
    let figures = figures(centre, &trail, (&tickets, &standings), uploads, &mut wrongs).await;
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
        terms,
        listings,
        wrongs,
    }
}

async fn read_trail(ledger: &Ledger) -> (Vec<Line>, BTreeMap<String, Vec<Record>>) {
    let sql = "SELECT seq, at, what, subject, detail, rating_id, ticket, person, record FROM trail \
        ORDER BY seq";
    let (mut lines, mut records) = (Vec::new(), BTreeMap::<String, Vec<Record>>::new());
    for row in ledger.rows(sql).await {
        let (seq, at): (i64, Ms) = (row.get("seq"), row.get("at"));
        let record: Option<String> = row.get("record");
        let ticket: Option<String> = row.get("ticket");
        if let (Some(record), Some(ticket)) = (&record, ticket) {
            let body = serde_json::from_str(record).expect("JSON");
            let of = records.entry(ticket).or_default();
            of.push(Record { seq, at, body });
        }
        lines.push(Line {
            seq,
            at,
            what: row.get("what"),
            subject: row.get("subject"),
            detail: row.get("detail"),
            rating: row.get("rating_id"),
            person: row.get("person"),
            record,
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

/// What a rating stands as is the ticket's word, too, also where somebody verified it by hand.
async fn same_standings(
    centre: &Centre,
    ticket: &Ticket,
    standings: &BTreeMap<String, &'static str>,
    wrongs: &mut Vec<String>,
) {
    let number: TicketNumber = ticket.number.parse().expect("a number");
    let whole = centre.engine().whole_case(number).await.expect("a read");
    for rating in whole.expect("a ticket").case.ratings {
        let (id, theirs) = (rating.id.to_string(), rating.standing.word());
        if standings.get(&id) != Some(&theirs) {
            let ours = standings.get(&id);
            wrongs.push(format!(
                "{number}: {id} stands as {theirs}, the law says {ours:?}"
            ));
        }
    }
}

async fn same_as_the_rows(ledger: &Ledger, tickets: &[Ticket], wrongs: &mut Vec<String>) {
    let sql = "SELECT subject, kind, epoch, started_at, due_at, provisional, met_at, void_at, \
        missed_at FROM deadlines WHERE ticket IS NOT NULL AND subject NOT LIKE 'rating:%'";
    let mut rows = BTreeSet::new();
    for row in ledger.rows(sql).await {
        let subject: String = row.get("subject");
        let clock: Told = (
            subject
                .split_once('/')
                .map(|(_, order)| order.parse().expect("an order")),
            row.get("kind"),
            row.get::<i64>("epoch") as u64,
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
async fn uploads(centre: &Centre, trail: &[Line], wrongs: &mut Vec<String>) -> (i64, i64) {
    let sql = "SELECT r.id, r.graded_at, d.due_at, d.missed_at FROM ratings r \
        LEFT JOIN deadlines d ON d.subject = 'rating:' || r.id AND d.kind = 'upload'";
    let mut of = BTreeMap::<&str, Vec<Ms>>::new();
    for line in trail.iter().filter(|line| line.what == "miss") {
        of.entry(&line.subject).or_default().push(line.at);
    }
    let came = trail
        .iter()
        .filter(|it| it.what == "rated" || it.what == "defaulted");
    let came = came.filter_map(|line| Some((line.rating.as_deref()?, line.seq)));
    let came: BTreeMap<&str, i64> = came.collect();
    let house = &centre.house;
    let mut count = 0;
    for row in centre.ledger.rows(sql).await {
        let id: String = row.get("id");
        let graded: Ms = row.get("graded_at");
        let rows: (Option<Ms>, Option<Ms>) = (row.get("due_at"), row.get("missed_at"));
        let known = law::place(house, came[id.as_str()]);
        let (due, mut missed) = law::upload(graded, known, known, house);
        // What a tick writes late, and is late already, is seen by the same tick or by the next one.
        let next = law::upload(graded, known, known + 1, house);
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

async fn matters(centre: &Centre, trail: &[Line], wrongs: &mut Vec<String>) -> usize {
    let sql = "SELECT id, received_at, graded_at FROM ratings WHERE channel = 'default'";
    let mut defaults = BTreeMap::<String, Vec<(Ms, Ms)>>::new();
    for row in centre.ledger.rows(sql).await {
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
async fn reminders(centre: &Centre, tickets: &[Ticket], wrongs: &mut Vec<String>) -> usize {
    let sql =
        "SELECT subject, due_at, created_at, body FROM notices WHERE kind = 'due_soon' ORDER BY id";
    let mut told = BTreeMap::<(String, Ms), BTreeMap<String, Vec<Ms>>>::new();
    let mut count = 0;
    for row in centre.ledger.rows(sql).await {
        let of = told
            .entry((row.get("subject"), row.get("due_at")))
            .or_default();
        of.entry(row.get("body"))
            .or_default()
            .push(row.get("created_at"));
        count += 1;
    }
    let starts: Vec<(usize, Ms, &Days)> = starts(&centre.house).collect();
    for ticket in tickets {
        for clock in ticket
            .clocks
            .iter()
            .filter(|it| REMINDED.contains(&it.kind.as_str()))
        {
            let since = clock.since;
            let until = clock.until.unwrap_or(centre.house.len());
            let before = starts.iter().rev().find(|(place, ..)| *place <= since);
            let days = before.expect("a start").2;
            let same = |(place, _, other): &(usize, Ms, &Days)| {
                *place <= since || *place > until || *other == days
            };
            if clock.resumed > 0 || !starts.iter().all(same) {
                continue;
            }
            let expected = looks(clock.due, days, since..until, &centre.house);
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
            let (first, last) = (times.iter().min(), times.iter().max());
            let within = first.expect("one") - 30 * DAY..*last.expect("one");
            let revised = starts
                .windows(2)
                .filter(|two| two[0].2 != two[1].2 && within.contains(&two[1].1));
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

/// Each start with its place and its calendar.
pub fn starts(house: &[Happening]) -> impl Iterator<Item = (usize, Ms, &Days)> {
    house
        .iter()
        .enumerate()
        .filter_map(|(place, it)| match &it.event {
            Event::Start(days) => Some((place, it.at, days)),
            _ => None,
        })
}

/// When ticks between two happenings remind of a term.
pub fn looks(due: Ms, days: &Days, between: Range<usize>, house: &[Happening]) -> Vec<Ms> {
    let mornings = law::mornings(due, days);
    let next = |after: Ms| mornings.into_iter().find(|look| *look > after);
    let mut look = next(house[between.start].at);
    let mut told = Vec::new();
    let later = house.get(between.start + 1..between.end);
    for Happening { at, event, .. } in later.unwrap_or_default() {
        if !matches!(event, Event::Tick) {
            continue;
        }
        if *at > due {
            break;
        }
        if look.is_some_and(|look| look <= *at) {
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
    (tickets, standings): (&[Ticket], &BTreeMap<String, &'static str>),
    uploads: (i64, i64),
    wrongs: &mut Vec<String>,
) -> usize {
    let end = centre.now + 60 * DAY;
    let span = Span {
        from: text_of(day_of(centre.house[0].at) - 60).parse().ok(),
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
    of_ratings(trail, standings, &mut add);
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

fn of_ratings(
    trail: &[Line],
    standings: &BTreeMap<String, &'static str>,
    add: &mut impl FnMut(Count, bool),
) {
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
        let standing = |rating: &(u32, &str, Grade)| standings[rating.1];
        for rating in &given {
            add(Count::Given, true);
            match standing(rating) {
                "valid" => {}
                "pending" => add(Count::Pending, true),
                "invalid" => add(Count::NotAdopted(NotAdopted::Invalid), true),
                "mistaken" => add(Count::NotAdopted(NotAdopted::Mistaken), true),
                _ => add(Count::NotAdopted(NotAdopted::Malicious), true),
            }
        }
        // What is not verified yet takes no part.
        let first = given.iter().find(|it| standing(it) != "pending");
        add(Count::Rated, first.is_some());
        add(Count::FirstBad, first.is_some_and(|it| !it.2.is_positive()));
        match ratings.iter().rev().find(|it| standing(it) == "valid") {
            Some((0, ..)) => add(Count::Defaulted, true),
            Some((_, _, grade)) => add(Count::Graded(*grade), true),
            None => {}
        }
    }
}
