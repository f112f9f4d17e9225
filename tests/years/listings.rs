//! The blocklist of the years (第十一条, `docs/blocklist.md`): people who propose, sign, tell, object and decide, also
//! wrongly, late or never; and what must hold of each listing and of what the listed person rates, by a reading of
//! its own.

use std::collections::{BTreeMap, BTreeSet};

use gradeline::acts::Way;
use gradeline::blocklist::{Act, Verdict};
use gradeline::domain::{By, Grade, RatingId, Service};
use gradeline::engine::DoingToListing;
use serde_json::Value;

use crate::centre::{Centre, at, people};
use crate::checks::{Line, looks, starts};
use crate::days::{Days, Ms, civil, day_number, day_of, end_of};
use crate::law::{Event, Happening, Ticket, moment};

/// So many rulings of malice within so many months.
const LEAST: usize = 3;
const MONTHS: i64 = 12;
/// Working days of the objection and of its decision.
const LENGTH: u32 = 10;

const PROPOSERS: [&str; 6] = ["1", "2", "4", "5", "7", "9"];
const SIGNERS: [&str; 2] = ["4", "7"];
const TELLERS: [&str; 5] = ["2", "3", "5", "6", "9"];
const SUPERVISORS: [&str; 3] = ["2", "5", "9"];

/// Act, from, to, whose hands, and how many who did a step before are barred: the proposer, then the signer too.
type Step = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static [&'static str],
    usize,
);
const STEPS: [Step; 8] = [
    ("sign", &["proposed"], "listed", &SIGNERS, 1),
    ("decline", &["proposed"], "declined", &SIGNERS, 1),
    ("tell", &["listed"], "listed", &TELLERS, 0),
    ("object", &["listed"], "under_review", &TELLERS, 0),
    ("uphold", &["under_review"], "listed", &SIGNERS, 2),
    ("allow", &["under_review"], "lifted", &SIGNERS, 2),
    ("lift", &["listed"], "lifted", &SIGNERS, 0),
    ("expire", &["listed", "under_review"], "expired", &[], 0),
];

/// A rating of somebody who rates with malice, as those who verify it must see it.
#[derive(Debug, Clone)]
pub struct Suspect {
    unit: String,
    staff: Vec<String>,
    good: bool,
}

/// What somebody verified by hand.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The happening.
    place: usize,
    rating: String,
    valid: bool,
    by: String,
}

impl Suspect {
    pub fn of(service: &Service, grade: Grade) -> Suspect {
        // A consultation is the Centre's own.
        let unit = service.unit().map_or("centre", |unit| unit.0.as_str());
        Suspect {
            unit: unit.to_owned(),
            staff: service.staff().to_vec(),
            good: !matches!(grade, Grade::Dissatisfied | Grade::VeryDissatisfied),
        }
    }
}

fn name_of(by: &By) -> &str {
    match by {
        By::Person(hand) => &hand.person.0,
        By::Rater => "rater",
        By::System => "system",
    }
}

impl Centre {
    /// Somebody does something about those who rate with malice: mostly what he may.
    pub async fn blocklist(&mut self) {
        match self.chance.below(10) {
            0..3 => self.propose().await,
            3..6 => self.verify_by_hand().await,
            _ => self.act_on_listing().await,
        }
    }

    fn hand(&mut self, fit: &[&str]) -> By {
        let anybody = self.chance.percent(15);
        let mut able = people();
        able.retain(|by| anybody || fit.contains(&name_of(by)));
        self.chance.one(&able).clone()
    }

    async fn propose(&mut self) {
        let anybody = self.chance.percent(10);
        let known = self.tickets.iter();
        let known = known.filter(|it| anybody || it.is_of_malice());
        let tickets: Vec<_> = known.map(|it| it.number).collect();
        if tickets.is_empty() {
            return;
        }
        let ticket = *self.chance.one(&tickets);
        let by = self.hand(&PROPOSERS);
        let now = at(self.now);
        let reason = "反复恶意差评".to_owned();
        let proposed = self
            .engine()
            .propose_listing(ticket, reason, &by, now)
            .await;
        if let Some(listing) = self.judge_error(proposed) {
            self.listings.push(listing.number);
        }
    }

    async fn verify_by_hand(&mut self) {
        let sql = "SELECT id FROM ratings WHERE standing = 'pending' ORDER BY id";
        let rows = self.ledger.rows(sql).await;
        let pending: Vec<String> = rows.iter().map(|row| row.get("id")).collect();
        let good = |id: &&String| self.suspects.get(*id).is_some_and(|it| it.good);
        let good: Vec<String> = pending.iter().filter(good).cloned().collect();
        // A bad one mostly waits for its ticket, and none waits but of somebody listed.
        let ids = match self.chance.below(10) {
            0..6 => good,
            6..9 => pending,
            _ => self.suspects.keys().cloned().collect(),
        };
        if ids.is_empty() {
            return;
        }
        let rating = self.chance.one(&ids).clone();
        let by = self.hand(&["2", "4", "5", "7", "9"]);
        let valid = self.chance.percent(60);
        let verdict = match valid {
            true => Verdict::Valid,
            false => Verdict::Invalid,
        };
        let id: RatingId = rating.parse().expect("a rating's name");
        let now = at(self.now);
        let verified = self
            .engine()
            .verify_rating(&id, verdict, "有记录可查", &by, now)
            .await;
        if let Some(Some(_)) = self.judge_error(verified) {
            self.verified.push(Verified {
                place: self.house.len(),
                rating,
                valid,
                by: name_of(&by).to_owned(),
            });
        }
    }

    async fn act_on_listing(&mut self) {
        let Some(last) = self.listings.last().copied() else {
            return;
        };
        let listing = match self.chance.percent(80) {
            true => last,
            false => *self.chance.one(&self.listings.clone()),
        };
        let now = at(self.now);
        let whole = self.engine().whole_listing(listing, &By::System, now).await;
        let whole = whole.expect("a read").expect("it was proposed").listing;
        let next = match (whole.state.word(), self.chance.below(100)) {
            (_, 0..12) => self.chance.one(&STEPS).0,
            ("proposed", 12..85) => "sign",
            ("proposed", _) => "decline",
            ("listed", 12..60) => "tell",
            ("listed", 60..75) => "object",
            ("listed", 75..79) => "lift",
            ("under_review", 12..80) => "uphold",
            ("under_review", _) => "allow",
            _ => return,
        };
        let (reason, way) = ("有记录可查".to_owned(), Way::Phone);
        let text = reason.clone();
        let act = match next {
            "sign" => Act::Sign { reason },
            "decline" => Act::Decline { reason },
            "tell" => Act::Tell { way, text },
            "object" => Act::Object { way, text },
            "uphold" => Act::Uphold { reason },
            "allow" => Act::Allow { reason },
            "lift" => Act::Lift { reason },
            // Time does that, and no door.
            _ => return,
        };
        let (.., fit, _) = STEPS.iter().find(|step| step.0 == next).expect("a step");
        let by = match next == "object" && self.chance.percent(50) {
            true => By::Rater,
            false => self.hand(fit),
        };
        self.serial += 1;
        let seen = match self.chance.below(10) {
            0 => Some(whole.version.wrapping_sub(1)),
            1..5 => Some(whole.version),
            _ => None,
        };
        let doing = DoingToListing {
            listing,
            act,
            by,
            seen,
            key: self.chance.percent(50).then(|| format!("l{}", self.serial)),
        };
        let done = self.engine().act_on_listing(doing.clone(), now).await;
        let Some(done) = self.judge_error(done) else {
            return;
        };
        if doing.key.is_some() && self.chance.percent(50) {
            self.done.told_twice += 1;
            let again = self
                .engine()
                .act_on_listing(doing, now)
                .await
                .expect("known");
            if again != done {
                self.wrongs.push(format!(
                    "listing {listing}: one act told twice was done twice"
                ));
            }
        }
    }
}

/// How many there were.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// Tickets that were ruled malicious at last.
    pub malicious: usize,
    pub proposed: usize,
    pub signed: usize,
    pub expired: usize,
    pub lifted: usize,
    /// Ratings that began as 待核.
    pub pending: usize,
}

#[derive(Debug, Clone)]
struct Clock {
    kind: &'static str,
    start: Ms,
    due: Ms,
    sure: bool,
    met: Option<Ms>,
    void: Option<Ms>,
    missed: Option<Ms>,
    since: usize,
    until: Option<usize>,
}

/// A listing as this reading has it.
#[derive(Debug, Clone, Default)]
struct Listing {
    subject: String,
    applicant: String,
    proposer: String,
    signer: String,
    signed: Option<Ms>,
    ends: Option<Ms>,
    told: bool,
    objected: bool,
    /// Line and state, each time it came into one.
    states: Vec<(i64, &'static str)>,
    clocks: Vec<Clock>,
    notices: usize,
    last: Ms,
    wrongs: Vec<String>,
}

/// What is known of everybody's malice.
struct Malice<'a> {
    tickets: &'a [Ticket],
    /// By rating: who, where it is proven.
    proven: &'a BTreeMap<String, String>,
}

impl Malice<'_> {
    /// The applicant's tickets that stood as malicious before the line and were closed within twelve months.
    fn counting(&self, applicant: &str, seq: i64, now: Ms) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for ticket in self.tickets {
            let whose = self.proven.get(&ticket.ratings[0].id);
            let mut before = ticket.states.iter().filter(|(line, ..)| *line < seq);
            let Some((_, closed, state)) = before.next_back() else {
                continue;
            };
            let recent = *closed <= now && year_after(day_of(*closed)) >= day_of(now);
            if whose.is_some_and(|it| it == applicant) && state == "closed_malicious" && recent {
                found.insert(ticket.number.as_str());
            }
        }
        found
    }
}

/// The day of the same number twelve months later; 28 February after the 29th.
fn year_after(day: i64) -> i64 {
    let (year, month, date) = civil(day);
    let later = day_number(year + MONTHS / 12, month, date);
    match civil(later).1 == month {
        true => later,
        false => later - 1,
    }
}

impl Listing {
    fn relive(number: u64, lines: &[&Line], house: &[Happening], malice: &Malice<'_>) -> Listing {
        let mut listing = Listing {
            subject: format!("listing:{number}"),
            ..Listing::default()
        };
        let mut left = lines.iter().peekable();
        let mut days = Days::default();
        for (place, Happening { at, to, event }) in house.iter().enumerate() {
            match event {
                Event::Start(now) => {
                    days = now.clone();
                    listing.move_clocks(&days, *at);
                }
                Event::Tick => listing.miss(place, *at),
                Event::Done => {}
            }
            while let Some(line) = left.next_if(|line| line.seq <= *to) {
                listing.record(line, (place, *at), &days, malice);
            }
            if matches!(event, Event::Tick) && listing.is_over_by(*at) {
                listing.wrong(*at, "its twelve months were over, and the tick left it");
            }
        }
        listing
    }

    fn wrong(&mut self, at: Ms, what: &str) {
        let day = crate::days::text_of(day_of(at));
        self.wrongs
            .push(format!("{} on {day}: {what}", self.subject));
    }

    fn state(&self) -> &'static str {
        self.states.last().map_or("", |it| it.1)
    }

    fn state_at(&self, seq: i64) -> &'static str {
        let before = self.states.iter().rev().find(|it| it.0 < seq);
        before.map_or("", |it| it.1)
    }

    fn is_over_by(&self, at: Ms) -> bool {
        let holds = matches!(self.state(), "listed" | "under_review");
        holds && self.ends.is_some_and(|end| end < at)
    }

    /// Whether what the person rated then, and was taken in by that line, waits.
    fn marks(&self, applicant: &str, graded: Ms, seq: i64) -> bool {
        let within = self.signed.is_some_and(|from| from <= graded)
            && self.ends.is_some_and(|end| graded <= end);
        let state = self.state_at(seq);
        self.applicant == applicant
            && within
            && ["listed", "under_review", "expired"].contains(&state)
    }

    fn open(&mut self, kind: &str) -> Option<&mut Clock> {
        let mut clocks = self.clocks.iter_mut();
        clocks.find(|it| it.kind == kind && it.met.is_none() && it.void.is_none())
    }

    fn move_clocks(&mut self, days: &Days, at: Ms) {
        for kind in ["listing_objection", "listing_review"] {
            let Some(clock) = self.open(kind) else {
                continue;
            };
            let anew = days.count(clock.start, LENGTH);
            if clock.missed.is_none() && clock.due >= at && anew.0 >= at {
                (clock.due, clock.sure) = anew;
            }
        }
    }

    /// A review that was not decided in time is on record, before the listing itself ends.
    fn miss(&mut self, place: usize, at: Ms) {
        let ends = self.ends;
        if let Some(clock) = self.open("listing_review")
            && clock.missed.is_none()
            && clock.due < at
            && ends.is_none_or(|end| clock.due < end)
        {
            clock.missed = Some(at);
            clock.until.get_or_insert(place);
        }
    }

    fn start(&mut self, kind: &'static str, start: Ms, (due, sure): (Ms, bool), since: usize) {
        self.clocks.push(Clock {
            kind,
            start,
            due,
            sure,
            met: None,
            void: None,
            missed: None,
            since,
            until: None,
        });
    }

    fn end(&mut self, kind: &str, met: bool, at: Ms, place: usize) {
        if let Some(clock) = self.open(kind) {
            let end = if met { &mut clock.met } else { &mut clock.void };
            *end = Some(at);
            clock.until.get_or_insert(place);
        }
    }

    fn record(&mut self, line: &Line, now: (usize, Ms), days: &Days, malice: &Malice<'_>) {
        let at = line.at;
        if at != now.1.max(self.last) {
            self.wrong(at, &format!("{} is dated {at} at {now:?}", line.what));
        }
        self.last = at;
        // What is decided late is late, whether or not a tick came between.
        self.miss(now.0, now.1);
        let record = line.record.as_deref().expect("a record's line");
        let body: Value = serde_json::from_str(record).expect("JSON");
        let by = line.person.clone().unwrap_or_default();
        if line.what == "propose" {
            return self.proposed(line, &body, &by, malice);
        }
        let Some(step) = STEPS.iter().find(|step| step.0 == line.what) else {
            return self.wrong(at, &format!("an unknown act {}", line.what));
        };
        self.may(line, step, &by, now, malice);
        self.states.push((line.seq, step.2));
        self.clocks_of(step.0, (now.0, at), days);
        self.notices += match step.0 {
            "uphold" | "allow" | "lift" => 2,
            _ => 1,
        };
        match step.0 {
            "sign" => {
                (self.signer, self.signed) = (by, Some(at));
                self.ends = Some(end_of(year_after(day_of(at))));
                if moment(&body["ends_at"]) != self.ends.unwrap_or_default() {
                    self.wrong(at, "it ends on another day than twelve months later");
                }
            }
            "tell" => self.told = true,
            "object" => self.objected = true,
            _ => {}
        }
    }

    fn proposed(&mut self, line: &Line, body: &Value, by: &str, malice: &Malice<'_>) {
        let at = line.at;
        self.applicant = body["applicant"].as_str().unwrap_or("").to_owned();
        self.proposer = by.to_owned();
        self.states.push((line.seq, "proposed"));
        self.notices += 1;
        if !PROPOSERS.contains(&by) {
            self.wrong(at, &format!("proposed by {by}"));
        }
        let named = body["ticket"].as_str().unwrap_or("");
        let ticket = malice.tickets.iter().find(|it| it.number == named);
        let proven = ticket.and_then(|it| malice.proven.get(&it.ratings[0].id));
        if proven.is_none_or(|it| *it != self.applicant) {
            self.wrong(at, "proposed without a proven identity");
        }
        let counting = malice.counting(&self.applicant, line.seq, at);
        let evidence = body["evidence"].as_array().into_iter().flatten();
        let evidence: BTreeSet<&str> = evidence.filter_map(Value::as_str).collect();
        if counting.len() < LEAST || evidence != counting {
            self.wrong(
                at,
                &format!("proposed on {evidence:?}, there are {counting:?}"),
            );
        }
    }

    fn may(
        &mut self,
        line: &Line,
        (word, from, _, hands, barred): &Step,
        by: &str,
        now: (usize, Ms),
        malice: &Malice<'_>,
    ) {
        let at = line.at;
        if !from.contains(&self.state()) {
            self.wrong(at, &format!("{word} from {}", self.state()));
        }
        // By nobody: time, or the rater himself.
        let nobody = by.is_empty() && ["expire", "object"].contains(word);
        if !nobody && !hands.contains(&by) {
            self.wrong(at, &format!("{word} by {by}"));
        }
        let before = [self.proposer.as_str(), self.signer.as_str()];
        if before[..*barred].contains(&by) {
            let why = format!("{word} by {by}, who did a step before: {before:?}");
            self.wrong(at, &why);
        }
        let over = self.is_over_by(now.1);
        if over != (*word == "expire") {
            self.wrong(
                at,
                &format!("{word}, and the twelve months are over: {over}"),
            );
        }
        let objection = self.clocks.iter().find(|it| it.kind == "listing_objection");
        let closed = objection.is_some_and(|it| it.sure && it.due < at);
        let wrong = match *word {
            "sign" => malice.counting(&self.applicant, line.seq, at).len() < LEAST,
            "tell" => self.told,
            "object" => self.objected || closed,
            _ => false,
        };
        if wrong {
            self.wrong(at, &format!("{word} without what it needs"));
        }
    }

    fn clocks_of(&mut self, word: &str, (place, at): (usize, Ms), days: &Days) {
        match word {
            "sign" => {
                let end = (end_of(year_after(day_of(at))), true);
                self.start("listing", at, end, place);
            }
            "tell" => self.start("listing_objection", at, days.count(at, LENGTH), place),
            "object" => {
                self.end("listing_objection", true, at, place);
                self.start("listing_review", at, days.count(at, LENGTH), place);
            }
            "uphold" => self.end("listing_review", true, at, place),
            "allow" => {
                self.end("listing_review", true, at, place);
                self.end("listing", true, at, place);
            }
            "lift" => {
                self.end("listing", true, at, place);
                self.end("listing_objection", false, at, place);
            }
            "expire" => {
                self.end("listing", true, at, place);
                self.end("listing_objection", false, at, place);
                self.end("listing_review", false, at, place);
            }
            _ => {}
        }
    }
}

/// How many there were, and what every rating must stand as.
pub async fn hold(
    centre: &Centre,
    trail: &[Line],
    tickets: &[Ticket],
    wrongs: &mut Vec<String>,
) -> (Listed, BTreeMap<String, &'static str>) {
    let sql = "SELECT id, applicant, identity, graded_at, standing FROM ratings";
    let rows = centre.ledger.rows(sql).await;
    let (mut raters, mut proven) = (BTreeMap::new(), BTreeMap::new());
    for row in &rows {
        let (id, who): (String, Option<String>) = (row.get("id"), row.get("applicant"));
        let Some(who) = who else { continue };
        if row.get::<String>("identity") == "I3" {
            proven.insert(id.clone(), who.clone());
        }
        raters.insert(id, (who, row.get::<Ms>("graded_at")));
    }
    let malice = Malice {
        tickets,
        proven: &proven,
    };
    let mut of = BTreeMap::<u64, Vec<&Line>>::new();
    for line in trail.iter().filter(|line| line.record.is_some()) {
        if let Some(number) = line.subject.strip_prefix("listing:") {
            let number = number.parse().expect("a number");
            of.entry(number).or_default().push(line);
        }
    }
    let listings = of
        .iter()
        .map(|(number, lines)| Listing::relive(*number, lines, &centre.house, &malice));
    let listings: Vec<Listing> = listings.collect();
    for listing in &listings {
        wrongs.extend(listing.wrongs.iter().take(2).cloned());
    }
    one_at_a_time(&listings, wrongs);
    same_as_the_rows(centre, &listings, wrongs).await;
    told(centre, trail, &listings, wrongs).await;
    let (standings, pending) = standings(centre, trail, tickets, &listings, &raters, wrongs);
    for row in &rows {
        let (id, standing): (String, String) = (row.get("id"), row.get("standing"));
        if standings.get(&id).copied() != Some(standing.as_str()) {
            let ours = standings.get(&id);
            wrongs.push(format!("{id} stands as {standing}, the law says {ours:?}"));
        }
    }
    let came_to = |state: &str| {
        let ever = |it: &&Listing| it.states.iter().any(|(_, it)| *it == state);
        listings.iter().filter(ever).count()
    };
    let malicious = tickets.iter().filter(|it| it.state == "closed_malicious");
    let listed = Listed {
        malicious: malicious.count(),
        proposed: listings.len(),
        signed: came_to("listed"),
        expired: came_to("expired"),
        lifted: came_to("lifted"),
        pending,
    };
    (listed, standings)
}

/// Nobody has two listings, or proposals, that are not over.
fn one_at_a_time(listings: &[Listing], wrongs: &mut Vec<String>) {
    for (nth, listing) in listings.iter().enumerate() {
        let since = listing.states[0].0;
        let earlier = listings[..nth].iter();
        let alike = earlier.filter(|it| it.applicant == listing.applicant);
        for other in alike {
            if !["declined", "lifted", "expired"].contains(&other.state_at(since)) {
                wrongs.push(format!("{} beside {}", listing.subject, other.subject));
            }
        }
    }
}

async fn same_as_the_rows(centre: &Centre, listings: &[Listing], wrongs: &mut Vec<String>) {
    let sql = "SELECT subject, kind, started_at, due_at, provisional, met_at, void_at, missed_at \
        FROM deadlines WHERE subject LIKE 'listing:%'";
    type Told = (String, String, [Ms; 2], bool, [Option<Ms>; 3]);
    let (mut rows, mut count) = (BTreeSet::<Told>::new(), 0);
    for row in centre.ledger.rows(sql).await {
        count += 1;
        rows.insert((
            row.get("subject"),
            row.get("kind"),
            [row.get("started_at"), row.get("due_at")],
            !row.get::<bool>("provisional"),
            [row.get("met_at"), row.get("void_at"), row.get("missed_at")],
        ));
    }
    let ours = listings.iter().flat_map(|listing| {
        listing.clocks.iter().map(|it| {
            let ends = [it.met, it.void, it.missed];
            let (subject, kind) = (listing.subject.clone(), it.kind.to_owned());
            (subject, kind, [it.start, it.due], it.sure, ends)
        })
    });
    let ours: BTreeSet<Told> = ours.collect();
    if count != ours.len() {
        wrongs.push(format!(
            "{count} terms of listings, the law has {}",
            ours.len()
        ));
    }
    for clock in ours.symmetric_difference(&rows) {
        let by = match ours.contains(clock) {
            true => "only the law has",
            false => "only the house has",
        };
        wrongs.push(format!("{by} {clock:?}"));
    }
}

/// Each act is told once to whom it concerns; of a decision that is due, on the working day before and on the day; what is missed
/// once.
async fn told(centre: &Centre, trail: &[Line], listings: &[Listing], wrongs: &mut Vec<String>) {
    let sql = "SELECT subject, kind, created_at FROM notices WHERE subject LIKE 'listing:%' \
        ORDER BY id";
    let mut told = BTreeMap::<(String, String), Vec<Ms>>::new();
    for row in centre.ledger.rows(sql).await {
        let of = told.entry((row.get("subject"), row.get("kind")));
        of.or_default().push(row.get("created_at"));
    }
    let house = &centre.house;
    let starts: Vec<(usize, Ms, &Days)> = starts(house).collect();
    for listing in listings {
        let subject = &listing.subject;
        let of = |kind: &str| told.get(&(subject.clone(), kind.to_owned())).cloned();
        let of = |kind: &str| of(kind).unwrap_or_default();
        if of("listing").len() != listing.notices {
            let told = of("listing").len();
            wrongs.push(format!(
                "{subject}: told {told} times, not {}",
                listing.notices
            ));
        }
        let missed: Vec<Ms> = listing.clocks.iter().filter_map(|it| it.missed).collect();
        let lines = trail
            .iter()
            .filter(|it| it.what == "miss" && it.subject == *subject);
        let lines: Vec<Ms> = lines.map(|it| it.at).collect();
        if of("overdue") != missed || lines != missed {
            wrongs.push(format!("{subject}: missed {missed:?}, on record {lines:?}"));
        }
        let mut expected = Vec::new();
        let mut revised = false;
        for clock in listing
            .clocks
            .iter()
            .filter(|it| it.kind == "listing_review")
        {
            let until = clock.until.unwrap_or(house.len());
            let mut lived = starts.iter().rev().filter(|it| it.0 <= until);
            let days = lived
                .clone()
                .find(|it| it.0 <= clock.since)
                .expect("a start")
                .2;
            revised |= !lived.all(|it| it.0 <= clock.since || it.2 == days);
            expected.extend(looks(clock.due, days, clock.since..until, house));
        }
        if of("due_soon") != expected && !revised {
            let told = of("due_soon");
            wrongs.push(format!(
                "{subject}: reminded {told:?}, the law says {expected:?}"
            ));
        }
    }
}

/// What every rating stands as at last, and how many waited at first.
fn standings(
    centre: &Centre,
    trail: &[Line],
    tickets: &[Ticket],
    listings: &[Listing],
    raters: &BTreeMap<String, (String, Ms)>,
    wrongs: &mut Vec<String>,
) -> (BTreeMap<String, &'static str>, usize) {
    enum Word<'a> {
        Came(&'a str),
        Ruled(&'a str, &'static str, bool),
        Verified(&'a Verified),
        Released(&'a str),
    }
    let mut words: Vec<(i64, Word<'_>)> = Vec::new();
    for line in trail {
        if line.what == "rated" || line.what == "defaulted" {
            let id = line.rating.as_deref().expect("a rating's line");
            words.push((line.seq, Word::Came(id)));
        }
    }
    for ruling in tickets.iter().flat_map(|ticket| &ticket.rulings) {
        let word = Word::Ruled(&ruling.rating, ruling.standing, ruling.overturns);
        words.push((ruling.seq, word));
    }
    for verified in &centre.verified {
        words.push((centre.house[verified.place].to, Word::Verified(verified)));
    }
    for listing in listings {
        // Taken off before its end.
        let lifted = listing
            .states
            .iter()
            .filter(|(_, state)| *state == "lifted");
        words.extend(lifted.map(|(seq, _)| (*seq, Word::Released(&listing.applicant))));
    }
    words.sort_by_key(|word| word.0);
    let mut standings = BTreeMap::<String, &'static str>::new();
    let mut waited = 0;
    for (seq, word) in words {
        match word {
            Word::Came(id) => {
                let marked = raters.get(id).is_some_and(|(who, graded)| {
                    listings.iter().any(|it| it.marks(who, *graded, seq))
                });
                waited += usize::from(marked);
                let standing = if marked { "pending" } else { "valid" };
                standings.insert(id.to_owned(), standing);
            }
            Word::Ruled(id, standing, overturns) => {
                if overturns || standings.get(id) == Some(&"pending") {
                    standings.insert(id.to_owned(), standing);
                }
            }
            Word::Verified(verified) => {
                let before = standings.get(&verified.rating).copied();
                if let Some(why) = unlawful(centre, verified, before, tickets, seq) {
                    wrongs.push(format!("{verified:?}: {why}"));
                }
                let standing = if verified.valid { "valid" } else { "invalid" };
                standings.insert(verified.rating.clone(), standing);
            }
            Word::Released(applicant) => {
                for (id, standing) in &mut standings {
                    let his = raters.get(id).is_some_and(|it| it.0 == applicant);
                    if his && *standing == "pending" {
                        *standing = "valid";
                    }
                }
            }
        }
    }
    (standings, waited)
}

/// Why nobody should have verified it so.
fn unlawful(
    centre: &Centre,
    verified: &Verified,
    before: Option<&str>,
    tickets: &[Ticket],
    seq: i64,
) -> Option<&'static str> {
    let suspect = centre.suspects.get(&verified.rating)?;
    let by = verified.by.as_str();
    let unit = match by {
        _ if SIGNERS.contains(&by) => "general_office",
        _ if SUPERVISORS.contains(&by) => "centre",
        _ => return Some("by somebody else"),
    };
    let open = |ticket: &&Ticket| {
        let its = ticket.ratings.iter().any(|it| it.id == verified.rating);
        let mut states = ticket.states.iter().filter(|it| it.0 < seq);
        its && states
            .next_back()
            .is_none_or(|it| !it.2.starts_with("closed"))
    };
    if before != Some("pending") {
        Some("it did not wait")
    } else if suspect.unit == unit {
        Some("by the unit's own")
    } else if by == "9" && suspect.staff.iter().any(|it| it == "8002") {
        Some("by who served")
    } else if !suspect.good && tickets.iter().any(|it| open(&it)) {
        Some("its ticket is open")
    } else {
        None
    }
}
