//! From an intake to the rating it becomes, and what rating, deadline and notice are to the rest. What a
//! 差评 does to a ticket is `casework`'s.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::hand::{PersonId, UnitId};
use super::intake::{Channel, Intake};
use super::rating::{NotAdopted, Rating, RatingId, Standing};
use super::refusal::Refusal;
use super::subject::Subject;
use super::ticket::Actor;
use super::trail::{Entry, What};
use super::word::read_word;
use crate::calendar::{Calendar, Due, Moment};
use crate::terms::Article;
use crate::terms::DeadlineKind;

/// An admitted intake: the rating and what it causes whatever its grade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    pub rating: Rating,
    /// Whether the regulation was in force when it was given: a 差评 of before opens no ticket (第二十二条).
    pub in_force: bool,
    pub deadlines: Vec<Deadline>,
    pub notices: Vec<Notice>,
    pub trail: Vec<Entry>,
}

/// A running or met deadline (时限).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deadline {
    pub of: Subject,
    pub kind: DeadlineKind,
    /// From 1, one more each time the same term starts anew for the same subject.
    pub epoch: u16,
    pub article: Article,
    pub started_at: Moment,
    pub due_at: Moment,
    pub met_at: Option<Moment>,
    /// It holds no more: another took its place, or what it was for fell away.
    pub void_at: Option<Moment>,
    /// When it was put on record that it was missed (row 32 of the ticket's table).
    pub missed_at: Option<Moment>,
    /// 暂定: reaches into a year whose notice is not there yet (A40).
    pub provisional: bool,
    /// Version of the calendar it was counted with.
    pub calendar: String,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Addressee {
    /// 政务服务中心.
    Centre,
    /// 局办公室.
    GeneralOffice,
    Unit(UnitId),
    Person(PersonId),
    /// 评价人, by the way the rating came or the one the rater named.
    Rater,
    /// 国家政务服务平台 (第十六条).
    NationalPlatform,
}

/// What somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    TicketOpened,
    /// The rater of an open ticket rated the same act again.
    RatedAgain,
    /// It is the addressee's turn.
    YourTurn,
    /// A term ends on the next working day, or today.
    DueSoon,
    /// A term was missed.
    Overdue,
    /// A term ends on another day than it did.
    DueMoved,
    /// What became of a rating, told to the rater.
    Result,
    /// The rater is asked to rate again.
    Invitation,
    /// The case goes to the leadership (督办).
    Escalation,
    /// A datum for the national platform (第十六条).
    Upload,
    /// About the blocklist.
    Listing,
    /// The hash of a day's last entry in the trail.
    DailyHead,
    /// The applicant of a completed matter may rate it (第六条第二款).
    RateReminder,
}

/// A message that a decision sends; `post` sends it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    pub kind: NoticeKind,
    pub addressee: Addressee,
    pub about: Subject,
    pub text: String,
    /// Until when it has to be there, where the regulation says so.
    pub due_at: Option<Moment>,
    pub rehearsal: bool,
}

/// What is on record about the rated act before this intake.
#[derive(Debug, Clone, Copy, Default)]
pub struct Earlier<'a> {
    /// All ratings of the same act, in any order.
    pub ratings: &'a [Rating],
    /// The rater is on the blocklist (A27).
    pub listed: bool,
    /// The rater's number is one that the operator marked as a tester's.
    pub test: bool,
    /// Graded before the regulation was in force: it is on record, and nothing is due because of it (第二十二条).
    pub before_force: bool,
}

/// Admits an intake: the rating gets its sequence, and its upload is due from the time of the grade (A32).
///
/// Whether the intake's key is already on record is the engine's to look up before.
pub fn decide(
    intake: Intake,
    earlier: Earlier<'_>,
    calendar: &Calendar,
    now: Moment,
) -> Result<Admitted, Refusal> {
    let names = intake.service.names();
    if names.iter().any(|name| name.trim().is_empty()) {
        return Err(Refusal::NoService);
    }
    let rating = admit(intake, earlier, now);
    let mut draft = Draft::new(rating, calendar, now);
    draft.enter_rating();
    let in_force = !earlier.before_force;
    match in_force {
        true => draft.upload(),
        false => draft.leave(),
    }
    Ok(draft.finish(in_force))
}

/// A default is sequence 0, so that any real rating takes its place (第十三条, A16).
fn admit(intake: Intake, earlier: Earlier<'_>, now: Moment) -> Rating {
    let last = earlier.ratings.iter().map(|rating| rating.id.sequence);
    let sequence = match intake.channel {
        Channel::Default => 0,
        _ => last.max().unwrap_or(0) + 1,
    };
    Rating {
        id: RatingId {
            service: intake.service.key(),
            sequence,
        },
        standing: match (earlier.test, earlier.listed) {
            (true, _) => Standing::NotAdopted(NotAdopted::Test),
            (false, true) => Standing::Pending,
            (false, false) => Standing::Valid,
        },
        received_at: now,
        intake,
    }
}

/// A decision in the making.
struct Draft<'a> {
    calendar: &'a Calendar,
    now: Moment,
    rating: Rating,
    deadlines: Vec<Deadline>,
    notices: Vec<Notice>,
    trail: Vec<Entry>,
}

impl<'a> Draft<'a> {
    fn new(rating: Rating, calendar: &'a Calendar, now: Moment) -> Self {
        Draft {
            calendar,
            now,
            rating,
            deadlines: Vec::new(),
            notices: Vec::new(),
            trail: Vec::new(),
        }
    }

    fn enter_rating(&mut self) {
        let grade = self.rating.intake.grade;
        let detail = format!(
            "{}评价“{}”，第{}次，作出于{}",
            self.rating.intake.channel.zh(),
            grade.zh(),
            self.rating.id.sequence,
            self.rating.intake.graded_at.civil_text(),
        );
        let about = Subject::Rating(self.rating.id.clone());
        if self.rating.is_default() {
            let detail = format!("评价期限内未作出评价，默认为“{}”", grade.zh());
            self.enter(
                Actor::System,
                What::Defaulted,
                about,
                Article::of(15),
                detail,
            );
            return;
        }
        self.enter(Actor::Rater, What::Rated, about, Article::of(5), detail);
    }

    /// Nothing of before gets a clock (第二十二条).
    fn leave(&mut self) {
        let about = Subject::Rating(self.rating.id.clone());
        let detail = "作出于本办法施行前，不起算时限".to_owned();
        self.enter(
            Actor::System,
            What::Act("before_force"),
            about,
            Article::of(22),
            detail,
        );
    }

    /// Every datum reaches the national platform (第十六条), rehearsals' never.
    fn upload(&mut self) {
        let of = Subject::Rating(self.rating.id.clone());
        self.start(DeadlineKind::Upload, of.clone());
        if self.rating.intake.rehearsal {
            return;
        }
        self.notices.push(Notice {
            kind: NoticeKind::Upload,
            addressee: Addressee::NationalPlatform,
            about: of,
            text: format!("评价{}", self.rating.id),
            due_at: self.deadlines.last().map(|deadline| deadline.due_at),
            rehearsal: false,
        });
    }

    /// From the time of the grade, not from its delivery (A8, A32).
    fn start(&mut self, kind: DeadlineKind, of: Subject) {
        let term = kind.term();
        let started_at = self.rating.intake.graded_at;
        let Some(end) = term.end(started_at, self.calendar) else {
            return;
        };
        let flag = if end.provisional { "（暂定）" } else { "" };
        let detail = format!("{}，{}届满{flag}", kind.zh(), end.due_at.civil_text());
        self.enter(
            Actor::System,
            What::DeadlineStarted,
            of.clone(),
            term.article,
            detail,
        );
        self.deadlines.push(Deadline {
            of,
            kind,
            epoch: 1,
            article: term.article,
            started_at,
            due_at: end.due_at,
            met_at: None,
            void_at: None,
            missed_at: None,
            provisional: end.provisional,
            calendar: end.calendar,
        });
    }

    fn enter(
        &mut self,
        actor: Actor,
        what: What,
        about: Subject,
        article: Article,
        detail: String,
    ) {
        self.trail.push(Entry {
            at: self.now,
            actor,
            person: None,
            what,
            about,
            article,
            detail,
            record: None,
            rehearsal: self.rating.intake.rehearsal,
        });
    }

    fn finish(self, in_force: bool) -> Admitted {
        Admitted {
            rating: self.rating,
            in_force,
            deadlines: self.deadlines,
            notices: self.notices,
            trail: self.trail,
        }
    }
}

impl Deadline {
    /// How `due_at` was counted, day by day, by the calendar of today; `None` where the kind counts no
    /// working days.
    pub fn counted(&self, calendar: &Calendar) -> Option<Due> {
        self.kind.term().due(self.started_at, calendar)
    }

    /// Neither met nor void.
    pub fn is_open(&self) -> bool {
        self.met_at.is_none() && self.void_at.is_none()
    }
}

impl NoticeKind {
    pub const ALL: [NoticeKind; 13] = [
        NoticeKind::TicketOpened,
        NoticeKind::RatedAgain,
        NoticeKind::YourTurn,
        NoticeKind::DueSoon,
        NoticeKind::Overdue,
        NoticeKind::DueMoved,
        NoticeKind::Result,
        NoticeKind::Invitation,
        NoticeKind::Escalation,
        NoticeKind::Upload,
        NoticeKind::Listing,
        NoticeKind::DailyHead,
        NoticeKind::RateReminder,
    ];

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            NoticeKind::TicketOpened => "ticket_opened",
            NoticeKind::RatedAgain => "rated_again",
            NoticeKind::YourTurn => "your_turn",
            NoticeKind::DueSoon => "due_soon",
            NoticeKind::Overdue => "overdue",
            NoticeKind::DueMoved => "due_moved",
            NoticeKind::Result => "result",
            NoticeKind::Invitation => "invitation",
            NoticeKind::Escalation => "escalation",
            NoticeKind::Upload => "upload",
            NoticeKind::Listing => "listing",
            NoticeKind::DailyHead => "daily_head",
            NoticeKind::RateReminder => "rate_reminder",
        }
    }
}

impl fmt::Display for Addressee {
    /// For rows: `centre`, `unit:forest` …
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Addressee::Centre => f.write_str("centre"),
            Addressee::GeneralOffice => f.write_str("general_office"),
            Addressee::Unit(id) => write!(f, "unit:{id}"),
            Addressee::Person(id) => write!(f, "person:{id}"),
            Addressee::Rater => f.write_str("rater"),
            Addressee::NationalPlatform => f.write_str("national_platform"),
        }
    }
}

impl Serialize for Addressee {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

read_word!(NoticeKind, "kind of notice");

#[cfg(test)]
mod tests;
