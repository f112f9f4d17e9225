//! From a listing and an act to a decision, or to the refusal with its article.

use super::listing::{Act, Listing, Record, person};
use super::refusal::{Refusal, Why};
use super::table::{ARTICLE, Kind, State, Step};
use crate::domain::{
    Actor, Addressee, By, Calendar, Deadline, DeadlineKind, Entry, Hand, Hindrance, Moment, Notice,
    NoticeKind, PersonId, Role, Subject, TicketNumber, What,
};

/// 反复: so many decided cases of malice … (A28)
const LEAST: usize = 3;
/// … within so many months.
const MONTHS: u8 = 12;
/// No text of a record is longer, in characters.
pub(super) const LONGEST: usize = 4_000;

/// A ticket of the identity that was closed as malicious, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    pub ticket: TicketNumber,
    pub at: Moment,
}

/// What is on record beside the listing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// Of the identity, where it is proven (I3); nothing where a number is all that is known.
    pub judged: &'a [Judged],
    /// The identity is proven.
    pub proven: bool,
    /// It has a listing, or a proposal of one, that is not over.
    pub listed: bool,
    /// When the time for an objection surely ends; `None` where it has not begun or its end is provisional.
    pub objection_ends: Option<Moment>,
}

/// Where and when it is judged.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub facts: Facts<'a>,
    pub calendar: &'a Calendar,
    pub now: Moment,
}

/// Everything an act causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The version it was decided on; `None` for a proposal.
    pub before: Option<u32>,
    pub after: Listing,
    pub started: Option<Deadline>,
    pub met: &'static [DeadlineKind],
    pub void: &'static [DeadlineKind],
    pub notices: Vec<Notice>,
    pub entry: Entry,
    /// What was 待核 because of it counts again: it should not have been listed.
    pub releases: bool,
}

/// The tickets that count towards a listing at `now`.
pub fn counting(judged: &[Judged], now: Moment) -> Vec<TicketNumber> {
    let recent = judged
        .iter()
        .filter(|one| one.at <= now && one.at.day().plus_months(MONTHS) >= now.day());
    recent.map(|one| one.ticket).collect()
}

/// Whether somebody may do something of a kind now, whatever its content.
pub fn may(
    listing: Option<&Listing>,
    kind: &'static Kind,
    by: &By,
    setting: Setting<'_>,
) -> Result<Actor, Refusal> {
    let state = listing.map(|listing| listing.state);
    let no = |why| Refusal { state, kind, why };
    let fits = match state {
        None => kind.from.is_empty(),
        Some(state) => kind.from.contains(&state),
    };
    if !fits {
        return Err(no(Why::NotNow));
    }
    let actor = kind.actors.iter().copied().find(|actor| holds(*actor, by));
    let actor = actor.ok_or_else(|| no(Why::NotYours))?;
    if let Some(why) = hindrance(listing, kind, by, setting) {
        return Err(no(Why::Hindered(why)));
    }
    Ok(actor)
}

/// Does something to a listing, or proposes it as number `number`.
pub fn act(
    listing: Option<&Listing>,
    number: u64,
    act: Act,
    by: &By,
    setting: Setting<'_>,
) -> Result<Decision, Refusal> {
    let kind = act.kind();
    let now = listing.map_or(setting.now, |listing| setting.now.max(listing.last_at));
    let setting = Setting { now, ..setting };
    let actor = may(listing, kind, by, setting)?;
    if let Some(text) = act.text()
        && (text.trim().is_empty() || text.chars().count() > LONGEST)
    {
        let field = kind.fields.last().map_or("text", |field| field.word());
        let state = listing.map(|listing| listing.state);
        let why = Why::Incomplete(field);
        return Err(Refusal { state, kind, why });
    }
    let started = kind.starts.map(|kind| deadline(number, kind, setting));
    let ends_at = started
        .as_ref()
        .filter(|deadline| deadline.kind == DeadlineKind::Listing)
        .map(|deadline| deadline.due_at);
    let record = Record {
        at: now,
        by: by.clone(),
        act,
        to: kind.to,
        ends_at,
    };
    let after = match listing {
        None => Listing::opened(number, &record).expect("only a proposal opens one"),
        Some(listing) => {
            let mut after = listing.clone();
            after.apply(&record);
            after
        }
    };
    Ok(Decision {
        before: listing.map(|listing| listing.version),
        met: kind.meets,
        void: kind.voids,
        notices: notices(&after, &record, started.as_ref()),
        entry: entry(&after, &record, actor),
        releases: record.act.releases(),
        started,
        after,
    })
}

fn holds(actor: Actor, by: &By) -> bool {
    let has = |role: Role| matches!(by, By::Person(hand) if hand.has(role));
    match actor {
        Actor::System => *by == By::System,
        Actor::Rater => *by == By::Rater,
        Actor::CentreOfficer => has(Role::CentreOfficer),
        Actor::CentreRevisitor => has(Role::CentreRevisitor),
        Actor::CentreSupervisor => has(Role::CentreSupervisor),
        Actor::GeneralOfficeSigner => has(Role::OfficeSigner),
        Actor::GeneralOffice => has(Role::OfficeClerk) || has(Role::OfficeSigner),
        // No row names a unit.
        Actor::HandlingUnit | Actor::ResponsibleUnit | Actor::ResponsibleHead => false,
    }
}

fn hindrance(
    listing: Option<&Listing>,
    kind: &'static Kind,
    by: &By,
    setting: Setting<'_>,
) -> Option<Hindrance> {
    let Setting { facts, now, .. } = setting;
    if let (Some(listing), By::Person(hand)) = (listing, by)
        && kind.not_after.iter().any(|step| did(listing, *step, hand))
    {
        return Some(Hindrance::TwiceInOneChain);
    }
    let too_few = || counting(facts.judged, now).len() < LEAST;
    match kind.word {
        "propose" if !facts.proven => Some(Hindrance::NotProven),
        "propose" if facts.listed => Some(Hindrance::AlreadyListed),
        // What was ruled meanwhile may have been overturned.
        "propose" | "sign" if too_few() => Some(Hindrance::TooFew),
        "tell" if listing?.told_at.is_some() => Some(Hindrance::AlreadyDone),
        "object" if listing?.objected_at.is_some() => Some(Hindrance::AlreadyDone),
        // Who was never told has all the time (D20 begins with the telling).
        "object" if facts.objection_ends.is_some_and(|end| now > end) => {
            Some(Hindrance::TimeIsOver)
        }
        _ => None,
    }
}

fn did(listing: &Listing, step: Step, hand: &Hand) -> bool {
    let who: &Option<PersonId> = match step {
        Step::Proposal => &listing.proposed_by,
        Step::Signature => &listing.signed_by,
    };
    who.as_ref() == Some(&hand.person)
}

fn deadline(number: u64, kind: DeadlineKind, setting: Setting<'_>) -> Deadline {
    let Setting { calendar, now, .. } = setting;
    let term = kind.term();
    let end = term
        .end(now, calendar)
        .expect("the terms of a listing have a length of their own");
    Deadline {
        of: Subject::Listing(number),
        kind,
        // Each begins once in a listing's life.
        epoch: 1,
        article: term.article,
        started_at: now,
        due_at: end.due_at,
        met_at: None,
        void_at: None,
        missed_at: None,
        provisional: end.provisional,
        calendar: end.calendar,
    }
}

fn notices(after: &Listing, record: &Record, started: Option<&Deadline>) -> Vec<Notice> {
    let number = after.number;
    let due_at = started.map(|deadline| deadline.due_at);
    let to = |addressee: Addressee, text: String| Notice {
        kind: NoticeKind::Listing,
        addressee,
        about: Subject::Listing(number),
        text,
        due_at,
        rehearsal: false,
    };
    let until = due_at.map_or(String::new(), |at| format!("{}前", at.civil_text()));
    let zh = record.act.kind().zh;
    let (office, centre, rater) = (
        Addressee::GeneralOffice,
        Addressee::Centre,
        Addressee::Rater,
    );
    match &record.act {
        Act::Propose { .. } => vec![to(office, format!("第{number}号黑名单提议待签发"))],
        Act::Sign { .. } => vec![to(
            centre,
            format!("第{number}号黑名单已签发，须向评价人告知理由和异议权利"),
        )],
        Act::Decline { .. } => vec![to(centre, format!("第{number}号黑名单提议{zh}"))],
        Act::Tell { text, .. } => vec![to(
            rater,
            format!("您因反复恶意差评被列入黑名单：{text}。如有异议，可于{until}提出。"),
        )],
        Act::Object { .. } => vec![to(
            office,
            format!("评价人对第{number}号黑名单提出异议，须于{until}由另一人作出决定"),
        )],
        Act::Uphold { reason } | Act::Allow { reason } | Act::Lift { reason } => vec![
            to(rater, format!("{zh}：{reason}")),
            to(centre, format!("第{number}号黑名单：{zh}")),
        ],
        Act::Expire {} => vec![to(centre, format!("第{number}号黑名单：{zh}"))],
    }
}

fn entry(after: &Listing, record: &Record, actor: Actor) -> Entry {
    let said = record
        .act
        .text()
        .map_or(String::new(), |text| format!("：{text}"));
    let detail = match &record.act {
        Act::Propose { evidence, .. } => {
            format!("十二个月内认定恶意差评{}件{said}", evidence.len())
        }
        Act::Sign { .. } => {
            let until = after.ends_at.map_or(String::new(), |at| at.civil_text());
            format!("列入至{until}{said}")
        }
        Act::Tell { way, .. } | Act::Object { way, .. } => format!("{}{said}", way.zh()),
        act => format!("{}{said}", act.kind().zh),
    };
    Entry {
        at: record.at,
        actor,
        person: person(&record.by),
        what: What::Act(record.act.kind().word),
        about: Subject::Listing(after.number),
        article: ARTICLE,
        detail,
        record: Some(serde_json::to_string(record).expect("a record has text keys only")),
        rehearsal: false,
    }
}

impl Listing {
    /// What time has done to it by `now`, where it has.
    pub fn ripe(&self, now: Moment) -> Option<Act> {
        let over = self.ends_at.is_some_and(|end| end < now);
        (over && self.state.is_in_force()).then_some(Act::Expire {})
    }

    /// Whether what the person rated at `at` is 待核 as things stand.
    pub fn marks(&self, at: Moment) -> bool {
        let since = self.signed_at.is_some_and(|from| from <= at);
        let until = self.ends_at.is_some_and(|end| at <= end);
        let ended_by_itself = self.state == State::Expired;
        since && until && (self.state.is_in_force() || ended_by_itself)
    }
}
