//! Bulletins of the years (第十八条): people who draft, review and issue them in time, late, wrongly or never, and
//! what must hold of each and of its term, by a reading of its own.

use std::collections::BTreeMap;

use gradeline::bulletins::NewBulletin;
use gradeline::domain::{By, PersonId};
use gradeline::engine::Error;
use gradeline::figures::Period;
use gradeline::staff::Person;

use crate::centre::{Centre, at, people};
use crate::checks::{Line, looks, starts};
use crate::days::{Days, Ms, civil, day_number, day_of, end_of};
use crate::law::{Event, Happening};

/// Working days after the end of the period.
const LENGTH: u32 = 10;
const DRAFTERS: [&str; 3] = ["1", "8", "9"];
const REVIEWERS: [&str; 3] = ["2", "5", "9"];
const SIGNERS: [&str; 2] = ["4", "7"];

/// The last version of a period's bulletin, as people here remember it.
#[derive(Debug, Clone)]
pub struct Drafted {
    digest: String,
    drafter: String,
    reviewer: Option<String>,
}

/// What was signed.
#[derive(Debug, Clone)]
pub struct Issued {
    at: Ms,
    /// The happening.
    place: usize,
    content: String,
    digest: String,
    /// Drafter, reviewer, signer.
    hands: [String; 3],
}

/// A month or a quarter.
#[derive(Debug, Clone, Copy)]
struct Span {
    year: i64,
    /// From 1.
    number: i64,
    months: i64,
}

impl Span {
    fn of(day: i64, months: i64) -> Span {
        let (year, month, _) = civil(day);
        Span {
            year,
            number: (month - 1) / months + 1,
            months,
        }
    }

    fn moved(self, by: i64) -> Span {
        let a_year = 12 / self.months;
        let all = self.year * a_year + self.number - 1 + by;
        Span {
            year: all.div_euclid(a_year),
            number: all.rem_euclid(a_year) + 1,
            ..self
        }
    }

    /// Its last second.
    fn end(self) -> Ms {
        let next = self.moved(1);
        end_of(day_number(next.year, (next.number - 1) * self.months + 1, 1) - 1)
    }

    fn name(self) -> String {
        match self.months {
            1 => format!("{}-{:02}", self.year, self.number),
            _ => format!("{}-Q{}", self.year, self.number),
        }
    }
}

fn account(by: &By) -> Option<Person> {
    let By::Person(hand) = by else { return None };
    Some(Person {
        id: hand.person.clone(),
        name: format!("p{}", hand.person.0),
        full_name: String::new(),
        must_change_password: false,
        hand: hand.clone(),
    })
}

impl Centre {
    /// Somebody does something about a bulletin: mostly the next step of one that is due, sometimes what he may not.
    pub async fn bulletin(&mut self) {
        let months = *self.chance.one(&[1, 1, 3]);
        let back = match self.chance.below(16) {
            0 => 0,
            1..12 => 1,
            _ => 2 + self.chance.below(2) as i64,
        };
        let span = Span::of(day_of(self.now), months).moved(-back);
        // Of some nobody ever thinks.
        if (span.year + 3 * span.number + months) % 5 == 0 {
            return;
        }
        for _ in 0..=self.chance.below(4) {
            self.step(span).await;
        }
    }

    async fn step(&mut self, span: Span) {
        let known = self.drafted.get(&span.name());
        let step = match (known, known.and_then(|it| it.reviewer.as_ref())) {
            (None, _) => 0,
            (_, None) => 1,
            _ => 2,
        };
        let step = if self.chance.percent(12) {
            self.chance.below(3)
        } else {
            step
        };
        let fit: &[&str] = [&DRAFTERS[..], &REVIEWERS, &SIGNERS][step];
        let everybody: Vec<Person> = people().iter().filter_map(account).collect();
        let anybody = self.chance.percent(15);
        let may = |it: &&Person| anybody || fit.contains(&it.id.0.as_str());
        let able: Vec<&Person> = everybody.iter().filter(may).collect();
        let by = (*self.chance.one(&able)).clone();
        match step {
            0 => self.draft(span, &by).await,
            1 => self.review(span, &by).await,
            _ => self.issue(span, &by).await,
        }
    }

    async fn draft(&mut self, span: Span, by: &Person) {
        let name = span.name();
        let lawful = DRAFTERS.contains(&by.id.0.as_str())
            && day_of(span.end()) < day_of(self.now)
            && !self.issued.contains_key(&name);
        let new = NewBulletin {
            demands: format!("第{}次拟制", self.done.drafts),
            ..NewBulletin::default()
        };
        let now = at(self.now);
        let drafted = self
            .engine()
            .draft_bulletin(period(span), new, by, now)
            .await;
        self.compare("draft", span, by, lawful, &drafted);
        if let Some(row) = self.judge_error(drafted) {
            self.done.drafts += 1;
            let drafted = Drafted {
                digest: row.digest,
                drafter: by.id.0.clone(),
                reviewer: None,
            };
            self.drafted.insert(name, drafted);
        }
    }

    /// What was read: sometimes another text than the last one.
    fn seen(&mut self, span: Span) -> (String, bool) {
        let known = self.drafted.get(&span.name());
        let digest = known.map_or_else(String::new, |it| it.digest.clone());
        let waits = known.is_some() && !self.issued.contains_key(&span.name());
        match self.chance.percent(8) {
            true => ("0".repeat(64), false),
            false => (digest, waits),
        }
    }

    async fn review(&mut self, span: Span, by: &Person) {
        let (seen, waits) = self.seen(span);
        let known = self.drafted.get(&span.name()).cloned();
        let own = known.as_ref().is_some_and(|it| it.drafter == by.id.0);
        let lawful = REVIEWERS.contains(&by.id.0.as_str()) && waits && !own;
        let now = at(self.now);
        let reviewed = self
            .engine()
            .review_bulletin(period(span), &seen, by, now)
            .await;
        self.compare("review", span, by, lawful, &reviewed);
        if self.judge_error(reviewed).is_some()
            && let Some(known) = self.drafted.get_mut(&span.name())
        {
            known.reviewer.get_or_insert(by.id.0.clone());
        }
    }

    async fn issue(&mut self, span: Span, by: &Person) {
        let (seen, waits) = self.seen(span);
        let known = self.drafted.get(&span.name()).cloned();
        let others = known.as_ref().is_some_and(|it| {
            let reviewer = it.reviewer.as_ref();
            it.drafter != by.id.0 && reviewer.is_some_and(|reviewer| *reviewer != by.id.0)
        });
        let lawful = SIGNERS.contains(&by.id.0.as_str()) && waits && others;
        let now = at(self.now);
        let issued = self
            .engine()
            .issue_bulletin(period(span), &seen, by, now)
            .await;
        self.compare("issue", span, by, lawful, &issued);
        let (Some(row), Some(known)) = (self.judge_error(issued), known) else {
            return;
        };
        let issued = Issued {
            at: self.now,
            place: self.house.len(),
            content: row.content,
            digest: known.digest,
            hands: [
                known.drafter,
                known.reviewer.unwrap_or_default(),
                by.id.0.clone(),
            ],
        };
        self.issued.insert(span.name(), issued);
    }

    fn compare<T>(
        &mut self,
        what: &str,
        span: Span,
        by: &Person,
        lawful: bool,
        told: &Result<T, Error>,
    ) {
        if told.is_ok() != lawful {
            let PersonId(by) = &by.id;
            let told = told.as_ref().map(|_| "done");
            self.wrongs.push(format!(
                "{} of {what} by {by}: {told:?}, lawful: {lawful}",
                span.name()
            ));
        }
    }
}

fn period(span: Span) -> Period {
    span.name().parse().expect("a period's name")
}

/// A term as this reading has it.
#[derive(Debug, Clone)]
struct Term {
    start: Ms,
    due: Ms,
    sure: bool,
    met: Option<Ms>,
    missed: Option<Ms>,
    since: usize,
    /// When it ended or was missed.
    until: Option<usize>,
}

/// Every month and quarter that ends once the house is at work has one term, from its end, begun by the first beat after it.
fn terms(
    first: Ms,
    issued: &BTreeMap<String, Issued>,
    house: &[Happening],
) -> BTreeMap<String, Term> {
    let mut terms = BTreeMap::<String, Term>::new();
    let mut days = Days::default();
    let mut next = [1, 3].map(|months| Span::of(day_of(first), months));
    for (place, Happening { at, event, .. }) in house.iter().enumerate() {
        let at = *at;
        let now = issued.iter().filter(|(_, it)| it.place == place);
        for (name, issue) in now {
            if let Some(term) = terms.get_mut(name) {
                // What is issued late is late, whether or not a tick came between.
                if term.until.is_none() && term.due < issue.at {
                    term.missed = Some(issue.at);
                }
                term.met = Some(issue.at);
                term.until.get_or_insert(place);
            }
        }
        match event {
            Event::Done => {}
            Event::Start(now) => {
                days = now.clone();
                let open = terms
                    .values_mut()
                    .filter(|it| it.until.is_none() && it.due >= at);
                for term in open {
                    let anew = days.count(term.start, LENGTH);
                    if anew.0 >= at {
                        (term.due, term.sure) = anew;
                    }
                }
            }
            Event::Tick => {
                for span in &mut next {
                    while span.end() < at && day_of(span.end()) < day_of(at) {
                        let term = begun(*span, issued, &days, place);
                        terms.insert(span.name(), term);
                        *span = span.moved(1);
                    }
                }
                let late = |it: &&mut Term| it.until.is_none() && it.due < at;
                for term in terms.values_mut().filter(late) {
                    (term.missed, term.until) = (Some(at), Some(place));
                }
            }
        }
    }
    terms
}

fn begun(span: Span, issued: &BTreeMap<String, Issued>, days: &Days, place: usize) -> Term {
    let (due, sure) = days.count(span.end(), LENGTH);
    let before = issued.get(&span.name()).filter(|it| it.place < place);
    Term {
        start: span.end(),
        due,
        sure,
        met: before.map(|it| it.at),
        missed: None,
        since: place,
        until: before.map(|_| place),
    }
}

/// How many terms there are, and how many of them were missed.
pub async fn hold(centre: &Centre, trail: &[Line], wrongs: &mut Vec<String>) -> (usize, usize) {
    let first = trail.first().expect("a life has a trail").at;
    let terms = terms(first, &centre.issued, &centre.house);
    same_as_the_rows(centre, &terms, wrongs).await;
    once_on_record(centre, trail, &terms, wrongs);
    told_in_time(centre, &terms, wrongs).await;
    never_changed(centre, wrongs).await;
    let missed = terms.values().filter(|term| term.missed.is_some());
    (terms.len(), missed.count())
}

async fn same_as_the_rows(
    centre: &Centre,
    terms: &BTreeMap<String, Term>,
    wrongs: &mut Vec<String>,
) {
    let sql = "SELECT subject, epoch, started_at, due_at, provisional, met_at, void_at, missed_at \
        FROM deadlines WHERE kind = 'bulletin'";
    let mut left: BTreeMap<String, &Term> = terms
        .iter()
        .map(|(name, term)| (format!("period:{name}"), term))
        .collect();
    for row in centre.ledger.rows(sql).await {
        let subject: String = row.get("subject");
        let Some(term) = left.remove(&subject) else {
            wrongs.push(format!("{subject}: a term too many"));
            continue;
        };
        let times: [Ms; 2] = [row.get("started_at"), row.get("due_at")];
        let ends: [Option<Ms>; 3] = [row.get("met_at"), row.get("missed_at"), row.get("void_at")];
        let sure = !row.get::<bool>("provisional");
        let ours = (
            [term.start, term.due],
            [term.met, term.missed, None],
            term.sure,
        );
        if (times, ends, sure) != ours {
            wrongs.push(format!(
                "{subject}: {times:?} {ends:?} {sure}, the law says {term:?}"
            ));
        }
    }
    for subject in left.keys() {
        wrongs.push(format!("{subject}: no term"));
    }
}

/// Begun, missed and issued: one line each.
fn once_on_record(
    centre: &Centre,
    trail: &[Line],
    terms: &BTreeMap<String, Term>,
    wrongs: &mut Vec<String>,
) {
    for (name, term) in terms {
        let subject = format!("period:{name}");
        let lines = |what: &str| {
            let of = |line: &&Line| line.what == what && line.subject == subject;
            trail
                .iter()
                .filter(of)
                .map(|line| line.at)
                .collect::<Vec<_>>()
        };
        let begun = vec![centre.house[term.since].at];
        if lines("bulletin_due") != begun || lines("miss") != Vec::from_iter(term.missed) {
            let (began, missed) = (lines("bulletin_due"), lines("miss"));
            wrongs.push(format!(
                "{subject}: begun {began:?}, missed {missed:?}: {term:?}"
            ));
        }
    }
    let issues = trail.iter().filter(|line| line.what == "bulletin_issued");
    let mut on_record: Vec<Ms> = issues.map(|line| line.at).collect();
    let mut ours: Vec<Ms> = centre.issued.values().map(|it| it.at).collect();
    on_record.sort_unstable();
    ours.sort_unstable();
    if on_record != ours {
        wrongs.push(format!("issued {ours:?}, on record {on_record:?}"));
    }
}

async fn told_in_time(centre: &Centre, terms: &BTreeMap<String, Term>, wrongs: &mut Vec<String>) {
    let sql = "SELECT subject, kind, created_at, due_at FROM notices \
        WHERE subject LIKE 'period:%' ORDER BY id";
    let mut told = BTreeMap::<(String, String), Vec<Ms>>::new();
    for row in centre.ledger.rows(sql).await {
        let of = told
            .entry((row.get("subject"), row.get("kind")))
            .or_default();
        of.push(row.get("created_at"));
    }
    let starts: Vec<(usize, Ms, &Days)> = starts(&centre.house).collect();
    for (name, term) in terms {
        let mut of = |kind: &str| {
            told.remove(&(format!("period:{name}"), kind.to_owned()))
                .unwrap_or_default()
        };
        let (soon, over) = (of("due_soon"), of("overdue"));
        if over != Vec::from_iter(term.missed) {
            wrongs.push(format!(
                "{name}: told that it is over at {over:?}: {term:?}"
            ));
        }
        let until = term.until.unwrap_or(centre.house.len());
        let (since, house) = (term.since, &centre.house);
        let of_life = |it: &&(usize, Ms, &Days)| it.0 <= until;
        let mut lived = starts.iter().filter(of_life).rev();
        let days = lived.clone().find(|it| it.0 <= since).expect("a start").2;
        // With another calendar the working day before is another one, too.
        if lived.all(|it| it.0 <= since || it.2 == days) {
            let expected = looks(term.due, days, since..until, house);
            if soon != expected {
                wrongs.push(format!(
                    "{name}: told {soon:?}, the law says {expected:?}: {term:?}"
                ));
            }
        } else if soon.iter().any(|at| *at > term.due) || soon.len() > 2 * starts.len() {
            wrongs.push(format!("{name}: told {soon:?}: {term:?}"));
        }
    }
    for left in told.keys() {
        wrongs.push(format!("{left:?}: told of what is no term"));
    }
}

/// What was signed stands, whatever was counted since, and three people signed it.
async fn never_changed(centre: &Centre, wrongs: &mut Vec<String>) {
    let sql = "SELECT period, content, digest, drafter_id, reviewer_id, issuer_id, issued_at \
        FROM bulletins WHERE issued_at IS NOT NULL";
    let rows = centre.ledger.rows(sql).await;
    if rows.len() != centre.issued.len() {
        wrongs.push(format!(
            "{} issued, {} rows",
            centre.issued.len(),
            rows.len()
        ));
    }
    for row in rows {
        let name: String = row.get("period");
        let hand = |column: &str| row.get::<i64>(column).to_string();
        let hands = ["drafter_id", "reviewer_id", "issuer_id"].map(hand);
        let [drafter, reviewer, signer] = &hands;
        if drafter == reviewer || reviewer == signer || drafter == signer {
            wrongs.push(format!("{name}: two steps by one of {hands:?}"));
        }
        let (content, digest): (String, String) = (row.get("content"), row.get("digest"));
        let as_signed = centre.issued.get(&name).is_some_and(|it| {
            (&it.content, &it.digest, &it.hands) == (&content, &digest, &hands)
                && row.get::<Ms>("issued_at") == it.at
        });
        if !as_signed {
            wrongs.push(format!("{name}: not the one that was signed"));
        }
    }
    let verified = centre.engine().verify_bulletins().await.expect("a walk");
    if verified != Ok(centre.issued.len()) {
        wrongs.push(format!("bulletins: {verified:?}"));
    }
}
