//! A second reading of the regulation's terms (domain study, sections 3 and 6), as small as it can be: it is fed
//! the bare acts of a ticket's trail and says which terms must run, until when, and what must have been done about
//! them. It shares no code with the program.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::days::{DAY, Days, HOUR, Ms, day_of, end_of};

/// Something that happened in the house, one after another, whatever its clock showed.
#[derive(Debug, Clone)]
pub struct Happening {
    /// What the house's clock showed.
    pub at: Ms,
    /// The number of the trail's last line after it; those behind the happening before are its own.
    pub to: i64,
    pub event: Event,
}

#[derive(Debug, Clone)]
pub enum Event {
    /// The house's beat: terms of bulletins, then what fell due.
    Tick,
    /// The house was started (anew), with this calendar.
    Start(Days),
    /// People did something.
    Done,
}

/// A record of a ticket, as the trail keeps it; the clocks in it are not looked at.
#[derive(Debug, Clone)]
pub struct Record {
    /// The number of its line.
    pub seq: i64,
    pub at: Ms,
    pub body: Value,
}

/// Which happening wrote the line.
pub fn place(house: &[Happening], seq: i64) -> usize {
    house.partition_point(|it| it.to < seq)
}

/// Working days.
const LENGTHS: [(&str, u32); 13] = [
    ("assess", 3),
    ("dispatch", 1),
    ("verify", 3),
    ("rectify", 5),
    ("rectify_complex", 15),
    ("upload", 5),
    ("answer", 3),
    ("opinion", 2),
    ("receive", 1),
    ("contest", 1),
    ("rework", 3),
    ("rerate", 10),
    ("reconsider", 10),
];

/// At the end of these something holds of itself.
const BY_ITSELF: [(&str, &str); 3] = [
    ("opinion", "note_silence"),
    ("receive", "deem_received"),
    ("rerate", "note_no_rerate"),
];
/// These only close a door.
const DOORS: [&str; 2] = ["contest", "object"];
const RECTIFY: [&str; 3] = ["rectify", "rectify_complex", "rectify_extended"];

/// Act, on an order, from, to.
type Row = (
    &'static str,
    bool,
    &'static [&'static str],
    Option<&'static str>,
);
const ROWS: [Row; 33] = [
    ("assign", false, &["new"], Some("assessing")),
    ("revisit", false, &["assessing"], None),
    (
        "confirm_mistake",
        false,
        &["assessing"],
        Some("closed_mistaken"),
    ),
    ("give_opinion", false, &["assessing"], None),
    ("note_silence", false, &["assessing"], None),
    ("draft", false, &["assessing"], None),
    ("report", false, &["assessing"], Some("reported")),
    ("return_draft", false, &["reported"], Some("assessing")),
    (
        "accept_proposal",
        false,
        &["reported"],
        Some("closed_invalid"),
    ),
    ("dispatch", true, &["reported"], Some("sent")),
    ("receive", true, &["sent"], Some("verifying")),
    ("deem_received", true, &["sent"], Some("verifying")),
    ("contest", true, &["verifying"], Some("reported")),
    ("request_complex", true, &["verifying", "rectifying"], None),
    ("decide_complex", true, &["verifying", "rectifying"], None),
    ("request_extension", true, &["rectifying"], None),
    ("decide_extension", true, &["rectifying"], None),
    ("find_true", true, &["verifying"], Some("rectifying")),
    ("appeal", true, &["verifying"], Some("under_review")),
    (
        "find_without_legal_basis",
        true,
        &["verifying"],
        Some("under_review"),
    ),
    (
        "judge_invalid",
        true,
        &["under_review"],
        Some("closed_invalid"),
    ),
    (
        "judge_mistaken",
        true,
        &["under_review"],
        Some("closed_mistaken"),
    ),
    ("propose_malicious", true, &["under_review"], None),
    (
        "judge_malicious",
        true,
        &["under_review"],
        Some("closed_malicious"),
    ),
    (
        "accept_explanation",
        true,
        &["under_review"],
        Some("to_answer"),
    ),
    ("reject_appeal", true, &["under_review"], Some("rectifying")),
    (
        "file_rectification",
        true,
        &["verifying", "rectifying"],
        Some("rectified"),
    ),
    (
        "return_rectification",
        true,
        &["rectified"],
        Some("rectifying"),
    ),
    (
        "accept_rectification",
        true,
        &["rectified"],
        Some("to_answer"),
    ),
    ("answer", false, &["to_answer"], Some("to_rerate")),
    ("try_to_answer", false, &["to_answer"], None),
    // Where these lead is computed.
    ("close_unreached", false, &["to_answer"], None),
    (
        "object",
        false,
        &["closed_invalid", "closed_mistaken", "closed_malicious"],
        Some("under_review"),
    ),
];

#[derive(Debug, Clone, PartialEq)]
pub struct Clock {
    pub order: Option<u64>,
    pub kind: String,
    pub epoch: u64,
    pub start: Ms,
    pub due: Ms,
    pub sure: bool,
    pub met: Option<Ms>,
    pub void: Option<Ms>,
    pub missed: Option<Ms>,
    /// The happening by which it was written down.
    pub since: usize,
    /// The one by which it ended or was missed.
    pub until: Option<usize>,
    /// How often it was stopped and went on.
    pub resumed: u32,
}

#[derive(Debug, Clone, Default)]
pub struct Order {
    pub number: u64,
    round: u32,
    pub void: bool,
    pub state: String,
    received: bool,
    complex: bool,
    /// A wish that waits, with its day; whether it has to be granted.
    request: Option<(Option<i64>, bool)>,
    extensions: u32,
    pub appealed: bool,
    pub judged: bool,
    pub returns: u32,
    accepted: bool,
}

#[derive(Debug, Clone)]
pub struct Rated {
    pub id: String,
    pub good: bool,
    round: u32,
}

/// A ticket's word on one of its ratings.
#[derive(Debug, Clone)]
pub struct Ruling {
    /// The number of the record's line.
    pub seq: i64,
    pub rating: String,
    pub standing: &'static str,
    /// It stands against an earlier one.
    pub overturns: bool,
}

/// A ticket as this reading has it.
#[derive(Debug, Clone, Default)]
pub struct Ticket {
    pub number: String,
    pub state: String,
    pub round: u32,
    pub clocks: Vec<Clock>,
    pub orders: Vec<Order>,
    pub ratings: Vec<Rated>,
    pub rulings: Vec<Ruling>,
    /// Line, time and state, each time it came into one.
    pub states: Vec<(i64, Ms, String)>,
    pub named: bool,
    pub records: usize,
    pub ever_closed: bool,
    handling_unit: bool,
    opinion: bool,
    /// Closed once on an objective ground: there was nobody to ask.
    excused: bool,
    objected: bool,
    /// When, whether that was enough, in which round.
    revisits: Vec<(Ms, bool, u32)>,
    pub wrongs: Vec<String>,
    /// The happening, and the last record's line and time.
    now: usize,
    seq: i64,
    last: Ms,
}

impl Clock {
    pub fn open(&self) -> bool {
        self.met.is_none() && self.void.is_none()
    }
}

impl Ticket {
    /// Lives the ticket's life again, among what happened in the house.
    pub fn relive(number: &str, records: &[Record], house: &[Happening]) -> Ticket {
        let mut ticket = Ticket {
            number: number.to_owned(),
            round: 1,
            ..Ticket::default()
        };
        let mut left = records.iter().peekable();
        let mut days = Days::default();
        for (place, happening) in house.iter().enumerate() {
            let (at, to) = (happening.at, happening.to);
            ticket.now = place;
            if let Event::Start(now) = &happening.event {
                let was = std::mem::replace(&mut days, now.clone());
                let mut moves = ticket.moves(&days, at);
                while let Some(record) = left.next_if(|record| record.seq <= to) {
                    ticket.moved(record, &mut moves);
                }
                if !moves.is_empty() && was != days {
                    ticket.wrong(at, format!("the new calendar moves {moves:?}, nobody did"));
                }
                continue;
            }
            while let Some(record) = left.next_if(|record| record.seq <= to) {
                ticket.record(record, at, &days);
            }
            if matches!(happening.event, Event::Tick)
                && let Some(clock) = ticket.ripe(at).first()
            {
                ticket.wrong(at, format!("{clock:?} had ended, and the tick left it"));
            }
        }
        if let Some(record) = left.next() {
            ticket.wrong(record.at, format!("nobody did {}", record.body));
        }
        ticket
    }

    fn wrong(&mut self, at: Ms, what: String) {
        let line = format!(
            "{} on {}: {what}",
            self.number,
            crate::days::text_of(day_of(at))
        );
        self.wrongs.push(line);
    }

    /// What time has done by `at` and nobody noted yet, in the order in which it ended.
    fn ripe(&self, at: Ms) -> Vec<Clock> {
        let noted = |clock: &&Clock| {
            let itself = BY_ITSELF.iter().any(|(kind, _)| clock.kind == *kind);
            let door = DOORS.contains(&clock.kind.as_str());
            clock.open() && clock.due < at && !door && (itself || clock.missed.is_none())
        };
        let mut ripe: Vec<Clock> = self.clocks.iter().filter(noted).cloned().collect();
        ripe.sort_by_key(|clock| clock.due);
        ripe
    }

    /// What a calendar makes of the terms to come.
    fn moves(&self, days: &Days, at: Ms) -> BTreeMap<(Option<u64>, String, u64), (Ms, bool)> {
        let mut moves = BTreeMap::new();
        for clock in self
            .clocks
            .iter()
            .filter(|clock| clock.open() && clock.missed.is_none() && clock.due >= at)
        {
            let Some(length) = length(&clock.kind) else {
                continue;
            };
            let anew = days.count(clock.start, length);
            if anew.0 >= at && anew != (clock.due, clock.sure) {
                moves.insert((clock.order, clock.kind.clone(), clock.epoch), anew);
            }
        }
        moves
    }

    fn moved(
        &mut self,
        record: &Record,
        moves: &mut BTreeMap<(Option<u64>, String, u64), (Ms, bool)>,
    ) {
        self.dated(record, record.at);
        let key = &record.body["clocks"][0]["key"];
        let name = (
            key["order"].as_u64(),
            key["kind"].as_str().unwrap_or("").to_owned(),
            key["epoch"].as_u64().unwrap_or(0),
        );
        let Some((due, sure)) = moves.remove(&name) else {
            return self.wrong(
                record.at,
                format!("moved without a reason: {}", record.body),
            );
        };
        let named = |clock: &&mut Clock| {
            (clock.order, clock.kind.as_str(), clock.epoch) == (name.0, name.1.as_str(), name.2)
        };
        let clock = self.clocks.iter_mut().find(named).expect("it was listed");
        (clock.due, clock.sure) = (due, sure);
    }

    /// `now` by the house's clock; a record is never dated before the last one.
    fn dated(&mut self, record: &Record, now: Ms) {
        self.records += 1;
        if record.at != now.max(self.last) {
            let last = self.last;
            self.wrong(
                now,
                format!("dated {} at {now} after {last}: {}", record.at, record.body),
            );
        }
        (self.seq, self.last) = (record.seq, record.at);
    }

    fn record(&mut self, record: &Record, now: Ms, days: &Days) {
        self.dated(record, now);
        let body = &record.body;
        let word = body["act"].as_str().unwrap_or("");
        let at = record.at;
        let itself = BY_ITSELF.iter().find(|(_, act)| *act == word);
        let ripe = self.ripe(now);
        match (word, itself) {
            ("open", _) => return self.opened(record, days),
            ("revise", _) => return self.wrong(at, "a calendar's record outside a start".into()),
            ("miss", _) => return self.missed(record, &ripe),
            (_, Some((kind, _))) => {
                // Of what ended at one time anything may come first.
                let due = ripe.first().map(|clock| clock.due);
                let its = |clock: &Clock| clock.kind == *kind && Some(clock.due) == due;
                if !ripe.iter().any(its) {
                    self.wrong(
                        at,
                        format!("{word} too early, or before its turn: {ripe:?}"),
                    );
                }
            }
            // What time had done comes before what people do.
            _ => {
                if let Some(clock) = ripe.first() {
                    self.wrong(at, format!("{word} before the end of {clock:?} was noted"));
                }
            }
        }
        self.people_act(word, record, days);
    }

    fn opened(&mut self, record: &Record, days: &Days) {
        let body = &record.body;
        self.state = "new".into();
        self.handling_unit = body["handling_unit"].is_string();
        self.named = matches!(body["identity"].as_str(), Some("I2" | "I3"));
        self.ratings.push(Rated {
            id: rating_id(&body["rating"]),
            good: false,
            round: 1,
        });
        self.start(None, "assess", moment(&body["graded_at"]), days);
    }

    fn missed(&mut self, record: &Record, ripe: &[Clock]) {
        let body = &record.body;
        let (order, kind) = (body["order"].as_u64(), body["kind"].as_str().unwrap_or(""));
        let due = ripe.first().map(|clock| clock.due);
        let its =
            |it: &&Clock| Some(it.due) == due && (it.order, it.kind.as_str()) == (order, kind);
        let Some(missed) = ripe.iter().find(its) else {
            return self.wrong(record.at, format!("{body} before its turn: {ripe:?}"));
        };
        let named =
            |it: &&mut Clock| (it.order, it.epoch) == (order, missed.epoch) && it.kind == kind;
        let now = self.now;
        let clock = self.clocks.iter_mut().find(named).expect("it was listed");
        clock.missed = Some(record.at);
        clock.until.get_or_insert(now);
    }

    fn people_act(&mut self, word: &str, record: &Record, days: &Days) {
        let (at, body) = (record.at, &record.body);
        self.slips(&body["slips"]);
        let before = self.clocks.len();
        let number = body["order"].as_u64();
        let row = ROWS.iter().find(|row| row.0 == word);
        // An order that the ruling itself makes comes from where the ticket is.
        let made = word == "reject_appeal" && body["slips"].is_array();
        let from = match number.and_then(|number| self.order(number)) {
            Some(order) if !made && row.is_some_and(|row| row.1) => order.state.clone(),
            _ => self.state.clone(),
        };
        if row.is_some_and(|row| !row.2.contains(&from.as_str())) {
            self.wrong(at, format!("{word} from {from}"));
        }
        if from.starts_with("closed") && !["object", "verify_pending"].contains(&word) {
            self.wrong(at, format!("{word} on a closed ticket"));
        }
        let closed = self.state.starts_with("closed");
        let rectifying = number.and_then(|number| self.rectifying(number));
        let first = number
            .and_then(|it| self.order(it))
            .is_some_and(|it| !it.received);
        self.facts(word, record, days);
        match (row.and_then(|row| row.3), number) {
            (Some(to), Some(_)) if row.is_some_and(|row| row.1) => self.order_to(number, to),
            (Some(to), _) => self.to(to),
            _ => {}
        }
        if !closed && self.state.starts_with("closed") {
            self.ever_closed = true;
            self.closing(at, word);
        }
        self.clocks_of(word, record, days, rectifying, first);
        self.fall_away(before, at);
        let now = self.now;
        for clock in self.clocks.iter_mut().filter(|clock| !clock.open()) {
            clock.until.get_or_insert(now);
        }
    }

    fn slips(&mut self, slips: &Value) {
        for slip in slips.as_array().into_iter().flatten() {
            let number = slip["order"].as_u64().expect("an order");
            match slip["slip"].as_str() {
                Some("made") => self.orders.push(Order {
                    number,
                    round: self.round,
                    state: "reported".into(),
                    ..Order::default()
                }),
                Some("voided") => self.change(Some(number), |order| order.void = true),
                _ => {}
            }
        }
    }

    fn order(&self, number: u64) -> Option<&Order> {
        self.orders.iter().find(|order| order.number == number)
    }

    fn change(&mut self, number: Option<u64>, with: impl FnOnce(&mut Order)) {
        let order = self.orders.iter_mut();
        if let Some(order) = order.into_iter().find(|order| Some(order.number) == number) {
            with(order);
        }
    }

    fn live(&self) -> impl Iterator<Item = &Order> {
        let of = |order: &&Order| !order.void && order.round == self.round;
        self.orders.iter().filter(of)
    }

    /// What the act says, beside the states and the terms.
    fn facts(&mut self, word: &str, record: &Record, days: &Days) {
        let (at, body) = (record.at, &record.body);
        let number = body["order"].as_u64();
        match word {
            "assign" => self.handling_unit |= body["handling_unit"].is_string(),
            "revisit" => {
                let ends = ["connected", "refused", "no_number"];
                let enough = ends.contains(&body["result"].as_str().unwrap_or(""));
                self.revisits.push((at, enough, self.round));
            }
            "give_opinion" | "note_silence" => self.opinion = true,
            "report" => {
                let round = self.round;
                for order in self.orders.iter_mut() {
                    if !order.void && order.round == round {
                        order.state = "reported".into();
                    }
                }
            }
            "dispatch" => {
                let complex = body["workdays"].as_str() == Some("15");
                self.change(number, |order| order.complex = complex);
            }
            "receive" | "deem_received" => self.change(number, |order| order.received = true),
            "request_complex" => self.change(number, |it| it.request = Some((None, true))),
            "request_extension" => {
                let until = crate::days::read_day(body["until"].as_str().expect("a day"));
                let five = number.is_some_and(|it| self.running(Some(it), "rectify").is_some());
                self.change(number, |order| {
                    let granted = order.extensions > 0 || five;
                    order.request = Some((Some(until), granted));
                    order.extensions = order.extensions.max(u32::from(!granted));
                });
            }
            "appeal" => self.change(number, |order| order.appealed = true),
            "find_true" | "find_without_legal_basis" => {
                self.change(number, |order| order.appealed = false);
            }
            "judge_invalid" | "judge_mistaken" | "judge_malicious" | "accept_explanation"
            | "reject_appeal" => self.change(number, |order| order.judged = true),
            "return_rectification" => self.change(number, |order| order.returns += 1),
            "accept_rectification" => self.change(number, |order| order.accepted = true),
            "object" => {
                self.objected = true;
                // The first one is judged again, and whatever was not sent to anybody.
                let first = self.live().next().map(|order| order.number);
                let round = self.round;
                for order in self.orders.iter_mut() {
                    let now = !order.void && order.round == round;
                    if now && (Some(order.number) == first || order.state == "reported") {
                        order.state = "under_review".into();
                    }
                }
            }
            "rate_again" => self.rated(body),
            "rerate" => self.rerated(body, at, days),
            "close_unreached" | "decline_rerate" | "note_no_rerate" => self.end_of_the_way(),
            _ => {}
        }
    }

    fn rated(&mut self, body: &Value) {
        self.ratings.push(Rated {
            id: rating_id(&body["rating"]),
            good: is_good(&body["grade"]),
            round: self.round,
        });
    }

    fn rerated(&mut self, body: &Value, at: Ms, days: &Days) {
        if self.state != "to_rerate" {
            self.wrong(at, format!("rerated in {}", self.state));
        }
        self.stop(None, "rerate", at);
        match (is_good(&body["grade"]), self.round >= 3) {
            (true, _) => self.end_of_the_way(),
            (false, true) => self.to("closed_rectified"),
            (false, false) => {
                self.to("assessing");
                self.round += 1;
                (self.opinion, self.excused) = (false, false);
                let graded = moment(&body["graded_at"]);
                self.start(None, "assess", graded, days);
                // Its unit is asked again, and has its two days again.
                if self.handling_unit {
                    self.start(None, "opinion", graded, days);
                }
            }
        }
        self.rated(body);
    }

    fn end_of_the_way(&mut self) {
        let rectified = self.live().any(|order| order.accepted);
        self.to(if rectified {
            "closed_rectified"
        } else {
            "closed_explained"
        });
    }

    fn to(&mut self, state: &str) {
        self.state = state.to_owned();
        self.states.push((self.seq, self.last, state.to_owned()));
        let (standing, overturns) = match state {
            "closed_invalid" => ("invalid", true),
            "closed_mistaken" => ("mistaken", true),
            "closed_malicious" => ("malicious", true),
            "rectifying" | "to_answer" => ("valid", self.objected),
            _ => return,
        };
        let now = |it: &&Rated| it.round == self.round && !it.good;
        for rated in self.ratings.iter().filter(now) {
            self.rulings.push(Ruling {
                seq: self.seq,
                rating: rated.id.clone(),
                standing,
                overturns,
            });
        }
    }

    /// The order is there; the ticket is where its slowest one is.
    fn order_to(&mut self, number: Option<u64>, to: &str) {
        self.change(number, |order| order.state = to.to_owned());
        let way = [
            "reported",
            "sent",
            "verifying",
            "under_review",
            "rectifying",
            "rectified",
            "to_answer",
        ];
        let slowest = way
            .iter()
            .find(|state| self.live().any(|it| it.state == **state));
        let first = self.live().next().map(|order| order.state.clone());
        let joint = slowest.map(|state| (*state).to_owned()).or(first);
        self.to(&joint.unwrap_or_else(|| to.to_owned()));
    }

    /// No ticket closes without a revisit, unless there is nobody to ask.
    fn closing(&mut self, at: Ms, word: &str) {
        let round = self.round;
        let now: Vec<_> = self.revisits.iter().filter(|it| it.2 == round).collect();
        let done = now.iter().any(|it| it.1);
        let tried = now.len() >= 3 && now.iter().any(|it| day_of(it.0) != day_of(now[0].0));
        self.excused |= word == "accept_proposal";
        if !(done || tried || self.excused) {
            self.wrong(at, format!("{word} closed it without a revisit"));
        }
    }

    fn clocks_of(
        &mut self,
        word: &str,
        record: &Record,
        days: &Days,
        rectifying: Option<usize>,
        first: bool,
    ) {
        let (at, body) = (record.at, &record.body);
        let number = body["order"].as_u64();
        match word {
            "assign" if self.handling_unit && !self.opinion => {
                let since = self.last("assess").start;
                self.start(None, "opinion", since, days);
            }
            "confirm_mistake" => {
                self.stop(None, "assess", at);
                self.stop(None, "opinion", at);
                self.start(None, "upload", at, days);
                self.may_object(at);
            }
            "give_opinion" | "note_silence" => self.stop(None, "opinion", at),
            "report" => {
                self.stop(None, "assess", at);
                self.stop(None, "opinion", at);
                let live: Vec<u64> = self.live().map(|order| order.number).collect();
                for order in live {
                    self.start(Some(order), "dispatch", at, days);
                }
            }
            "return_draft" => {
                self.stop_all("dispatch", at);
                let last = self.last("assess").epoch;
                let of = |clock: &&mut Clock| clock.kind == "assess" && clock.epoch == last;
                let clock = self.clocks.iter_mut().find(of).expect("it was found");
                (clock.met, clock.resumed) = (None, clock.resumed + 1);
            }
            "accept_proposal" => {
                self.stop_all("dispatch", at);
                self.start(None, "upload", at, days);
                self.may_object(at);
            }
            "dispatch" => {
                self.stop(number, "dispatch", at);
                self.start(number, "receive", at, days);
            }
            "receive" | "deem_received" => {
                let when = body.get("as_of").map_or(at, moment);
                if word == "deem_received" {
                    let due = number.and_then(|it| self.running(Some(it), "receive"));
                    let due = due.map(|it| self.clocks[it].due);
                    if due != Some(when) {
                        self.wrong(at, format!("deemed received at {when} and not at {due:?}"));
                    }
                }
                self.stop(number, "receive", when);
                if first {
                    let complex = number
                        .and_then(|it| self.order(it))
                        .is_some_and(|it| it.complex);
                    let rectify = if complex {
                        "rectify_complex"
                    } else {
                        "rectify"
                    };
                    for kind in ["verify", rectify, "contest"] {
                        self.start(number, kind, when, days);
                    }
                }
            }
            "contest" => {
                self.stop(number, "contest", at);
                self.start(number, "dispatch", at, days);
            }
            "decide_complex" | "decide_extension" | "request_extension" => {
                self.longer(word, record, days, rectifying);
            }
            "find_true" | "appeal" | "find_without_legal_basis" => {
                self.stop(number, "verify", at);
                self.stop(number, "contest", at);
                self.start(None, "upload", at, days);
            }
            "judge_invalid" | "judge_mistaken" | "judge_malicious" | "accept_explanation" => {
                self.end(rectifying, at);
                self.stop(None, "reconsider", at);
                self.start(None, "upload", at, days);
                if word == "accept_explanation" {
                    self.await_answer(at, days);
                } else {
                    self.may_object(at);
                }
            }
            "reject_appeal" => {
                self.stop(None, "reconsider", at);
                if rectifying.is_none() {
                    self.start(number, "rectify", at, days);
                }
            }
            "file_rectification" => {
                self.end(rectifying, at);
                for kind in ["verify", "contest", "rework"] {
                    self.stop(number, kind, at);
                }
                self.start(None, "upload", at, days);
            }
            "return_rectification" => self.start(number, "rework", at, days),
            "accept_rectification" => self.await_answer(at, days),
            "answer" => {
                self.stop(None, "answer", at);
                self.start(None, "rerate", at, days);
            }
            "close_unreached" => self.stop(None, "answer", at),
            "decline_rerate" | "note_no_rerate" => self.stop(None, "rerate", at),
            "object" => {
                self.stop(None, "object", at);
                self.start(None, "reconsider", at, days);
            }
            _ => {}
        }
    }

    /// Fifteen days from the same receipt, or the day that was named.
    fn longer(&mut self, word: &str, record: &Record, days: &Days, rectifying: Option<usize>) {
        let (at, body) = (record.at, &record.body);
        let number = body["order"].as_u64();
        let request = number
            .and_then(|it| self.order(it))
            .and_then(|it| it.request);
        let granted = body["grant"].as_bool() == Some(true);
        let until = match (word, request) {
            ("decide_complex", _) if granted => None,
            ("request_extension", Some((Some(day), false))) => Some(day),
            ("decide_extension", Some((Some(day), true))) if granted => Some(day),
            _ => return self.decided(word, number),
        };
        if word == "decide_extension" {
            self.change(number, |order| order.extensions += 1);
        }
        self.decided(word, number);
        let Some(shorter) = rectifying else { return };
        self.clocks[shorter].void = Some(at);
        let from = self.clocks[shorter].start;
        match until {
            None => self.start(number, "rectify_complex", from, days),
            Some(day) => self.push(number, "rectify_extended", from, (end_of(day), true)),
        }
    }

    fn decided(&mut self, word: &str, number: Option<u64>) {
        if word != "request_extension" {
            self.change(number, |order| order.request = None);
        }
    }

    fn await_answer(&mut self, at: Ms, days: &Days) {
        if self.state == "to_answer" {
            self.start(None, "answer", at, days);
        }
    }

    fn may_object(&mut self, at: Ms) {
        if self.state.starts_with("closed") && !self.objected {
            self.push(None, "object", at, (end_of(day_of(at) + 30), true));
        }
    }

    fn start(&mut self, order: Option<u64>, kind: &str, from: Ms, days: &Days) {
        let length = length(kind).expect("it has a length");
        self.push(order, kind, from, days.count(from, length));
    }

    fn push(&mut self, order: Option<u64>, kind: &str, start: Ms, (due, sure): (Ms, bool)) {
        let like = |clock: &&Clock| clock.order == order && clock.kind == kind;
        let epoch = self.clocks.iter().filter(like).count() as u64 + 1;
        self.clocks.push(Clock {
            order,
            kind: kind.to_owned(),
            epoch,
            start,
            due,
            sure,
            met: None,
            void: None,
            missed: None,
            since: self.now,
            until: None,
            resumed: 0,
        });
    }

    fn last(&self, kind: &str) -> Clock {
        let of = self.clocks.iter().rev().find(|clock| clock.kind == kind);
        of.expect("every ticket is assessed").clone()
    }

    fn running(&self, order: Option<u64>, kind: &str) -> Option<usize> {
        let open = |clock: &Clock| clock.order == order && clock.kind == kind && clock.open();
        self.clocks.iter().rposition(open)
    }

    fn rectifying(&self, order: u64) -> Option<usize> {
        RECTIFY
            .iter()
            .find_map(|kind| self.running(Some(order), kind))
    }

    fn stop(&mut self, order: Option<u64>, kind: &str, at: Ms) {
        let running = self.running(order, kind);
        self.end(running, at);
    }

    fn stop_all(&mut self, kind: &str, at: Ms) {
        let live: Vec<u64> = self.live().map(|order| order.number).collect();
        for order in live {
            self.stop(Some(order), kind, at);
        }
    }

    fn end(&mut self, clock: Option<usize>, at: Ms) {
        if let Some(clock) = clock {
            self.clocks[clock].met = Some(at);
        }
    }

    /// What ran before and makes no sense any more.
    fn fall_away(&mut self, before: usize, at: Ms) {
        let closed = self.state.starts_with("closed");
        let gone: Vec<u64> = self
            .orders
            .iter()
            .filter(|order| order.void)
            .map(|order| order.number)
            .collect();
        for clock in self.clocks.iter_mut().take(before).filter(|it| it.open()) {
            let lasts = clock.kind == "upload" || clock.kind == "object";
            if clock.order.is_some_and(|it| gone.contains(&it)) || (closed && !lasts) {
                clock.void = Some(at);
            }
        }
    }

    /// This round's rater was spoken to, or could not be.
    pub fn revisited(&self) -> bool {
        let now = || self.revisits.iter().filter(|it| it.2 == self.round);
        let first = now().next().map(|it| day_of(it.0));
        let days = now().any(|it| Some(day_of(it.0)) != first);
        now().any(|it| it.1) || (now().count() >= 3 && days)
    }
}

pub fn length(kind: &str) -> Option<u32> {
    LENGTHS
        .iter()
        .find(|(name, _)| *name == kind)
        .map(|(_, length)| *length)
}

fn rating_id(value: &Value) -> String {
    value.as_str().expect("a rating's name").to_owned()
}

pub fn is_good(grade: &Value) -> bool {
    !matches!(grade.as_str(), Some("dissatisfied" | "very_dissatisfied"))
}

/// `2026-09-18T16:00:00.000+08:00`.
pub fn moment(value: &Value) -> Ms {
    let text = value.as_str().expect("a moment");
    let (day, time) = text.split_once('T').expect("a day and a time");
    let (time, zone) = time.split_at(time.len() - 6);
    assert_eq!(zone, "+08:00");
    let (clock, ms) = time.split_once('.').unwrap_or((time, "0"));
    let parts: Vec<i64> = clock
        .split(':')
        .map(|it| it.parse().expect("a number"))
        .collect();
    let of_day = (parts[0] * 3600 + parts[1] * 60 + parts[2]) * 1000;
    crate::days::start_of(crate::days::read_day(day)) + of_day + ms.parse::<i64>().expect("ms")
}

/// Until when a datum must be uploaded, and when it was first seen that it was not. `known`: the happening by which it
/// is there; `looked`: the first that can see that it is missed.
pub fn upload(start: Ms, known: usize, looked: usize, house: &[Happening]) -> (Ms, Option<Ms>) {
    let mut days = Days::default();
    let mut due = None;
    for (place, happening) in house.iter().enumerate() {
        let at = happening.at;
        if let Event::Start(now) = &happening.event {
            days = now.clone();
            let anew = days.count(start, 5);
            if due.is_some_and(|due: (Ms, bool)| due.0 >= at) && anew.0 >= at {
                due = Some(anew);
            }
        }
        if place == known {
            due = Some(days.count(start, 5));
        }
        match (&happening.event, due) {
            (Event::Tick, Some((end, _))) if place >= looked && end < at => {
                return (end, Some(at));
            }
            _ => {}
        }
    }
    (due.unwrap_or_else(|| days.count(start, 5)).0, None)
}

/// What must become of a completed matter (第六条第二款, 第十五条).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MatterEnd {
    pub reminded: Option<Ms>,
    /// When it was written, and as of when.
    pub defaulted: Option<(Ms, Ms)>,
}

/// From eight in the evening until nine nobody is reminded.
fn loud(at: Ms) -> Ms {
    let day = day_of(at);
    match crate::days::hour_of(at) {
        0..9 => crate::days::start_of(day) + 9 * HOUR,
        9..20 => at,
        _ => crate::days::start_of(day + 1) + 9 * HOUR,
    }
}

/// `known`: the happening by which the house knows of the completion; `rated`: the one by which somebody rated it.
pub fn matter(completed: Ms, known: usize, rated: Option<usize>, house: &[Happening]) -> MatterEnd {
    let mut end = MatterEnd::default();
    let mut days = Days::default();
    let mut due = None;
    let (mut left, mut over, mut again) = (false, false, 0);
    let mut wakes = loud(completed + DAY);
    for (place, happening) in house.iter().enumerate() {
        let at = happening.at;
        let is_rated = rated.is_some_and(|rated| rated < place);
        if let Event::Start(now) = &happening.event {
            days = now.clone();
            let anew = days.count(completed, 5);
            if due.is_some_and(|due: (Ms, bool)| due.0 >= at) && anew.0 >= at && !over {
                due = Some(anew);
            }
        }
        if place == known {
            due = Some(days.count(completed, 5));
        }
        let (Event::Tick, Some(stored), false) = (&happening.event, due, is_rated) else {
            continue;
        };
        let anew = days.count(completed, 5);
        if end.reminded.is_none() && !left && at >= wakes {
            if anew.0 < at {
                left = true;
            } else if loud(at) == at {
                end.reminded = Some(at);
            } else {
                wakes = loud(at);
            }
        }
        let (last, sure) = if !stored.1 || anew.0 > stored.0 {
            anew
        } else {
            stored
        };
        let midnight = crate::days::start_of(day_of(last) + 1);
        if !over && at >= midnight.max(again) {
            if sure {
                end.defaulted = Some((at, midnight));
                over = true;
            } else {
                // A day that is only assumed is looked at again on the next one.
                again = crate::days::start_of(day_of(at) + 1);
            }
        }
    }
    end
}

/// At nine on the working day before the end and on its day a term's owner is told.
pub fn mornings(due: Ms, days: &Days) -> [Ms; 2] {
    let last = day_of(due);
    let mut eve = last - 1;
    while !days.worked(eve).0 {
        eve -= 1;
    }
    [eve, last].map(|day| crate::days::start_of(day) + 9 * HOUR)
}
