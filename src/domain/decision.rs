//! From an intake to everything it causes: one value, saved in one transaction.

use serde::{Deserialize, Serialize};

use super::article::Article;
use super::grade::Polarity;
use super::hand::{PersonId, UnitId};
use super::intake::{Intake, Service};
use super::rating::{Rating, RatingId, Standing, effective};
use super::refusal::Refusal;
use super::terms::DeadlineKind;
use super::ticket::{Actor, ClockChange, Event, Ticket, TicketNumber, transition};
use super::trail::{Entry, What};
use super::word::read_word;
use crate::calendar::{Calendar, Due, Moment};

/// What an intake causes. The store saves it in one transaction, or none of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub rating: Rating,
    /// New, or changed by this rating; `None` where no ticket is concerned.
    pub ticket: Option<Ticket>,
    /// New deadlines; `(of, kind, started_at)` names one.
    pub deadlines: Vec<Deadline>,
    pub notices: Vec<Notice>,
    pub trail: Vec<Entry>,
}

/// What a deadline, a notice or an entry of the trail is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "subject", content = "id", rename_all = "snake_case")]
pub enum Subject {
    Rating(RatingId),
    Ticket(TicketNumber),
    Person(PersonId),
    Unit(UnitId),
}

/// A running or met deadline (时限).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deadline {
    pub of: Subject,
    pub kind: DeadlineKind,
    pub article: Article,
    pub started_at: Moment,
    pub due_at: Moment,
    pub met_at: Option<Moment>,
    /// 暂定: reaches into a year whose notice is not there yet (A40).
    pub provisional: bool,
    /// Version of the calendar it was counted with.
    pub calendar: String,
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addressee {
    /// 政务服务中心.
    Centre,
}

/// What somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    TicketOpened,
    /// The rater of an open ticket rated the same act again.
    RatedAgain,
}

/// A message that a decision sends; `post` sends it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    pub kind: NoticeKind,
    pub addressee: Addressee,
    pub about: Subject,
    pub text: String,
    pub rehearsal: bool,
}

/// What is on record about the rated act before this intake.
#[derive(Debug, Clone, Copy, Default)]
pub struct Earlier<'a> {
    /// All ratings of the same act, in any order.
    pub ratings: &'a [Rating],
    /// The act's ticket, if one is open.
    pub open_ticket: Option<&'a Ticket>,
}

/// Admits an intake: the rating gets its sequence, a 差评 opens a ticket (row 1) or joins the open one
/// (row 34), the terms start at the time of the grade (A8).
///
/// `fresh` is the number a new ticket takes, of the year of `now` (A26); unused where none opens. Whether
/// the intake's key is already on record is the engine's to look up before.
pub fn decide(
    intake: Intake,
    earlier: Earlier<'_>,
    fresh: TicketNumber,
    calendar: &Calendar,
    now: Moment,
) -> Result<Decision, Refusal> {
    let Service::Consultation { call_id, .. } = &intake.service;
    if call_id.trim().is_empty() {
        return Err(Refusal::NoService);
    }
    let rating = admit(intake, earlier.ratings, now);
    let mut draft = Draft::new(rating, calendar, now);
    draft.enter_rating();
    match (draft.rating.intake.grade.polarity(), earlier.open_ticket) {
        (_, Some(open)) => draft.join(open, earlier.ratings)?,
        (Polarity::Negative, None) => draft.open(fresh)?,
        (Polarity::Positive, None) => {
            draft.start(
                DeadlineKind::Upload,
                Subject::Rating(draft.rating.id.clone()),
            );
        }
    }
    Ok(draft.finish())
}

fn admit(intake: Intake, ratings: &[Rating], now: Moment) -> Rating {
    let last = ratings.iter().map(|rating| rating.id.sequence).max();
    Rating {
        id: RatingId {
            service: intake.service.key(),
            sequence: last.unwrap_or(0) + 1,
        },
        standing: Standing::Valid,
        received_at: now,
        intake,
    }
}

/// A decision in the making.
struct Draft<'a> {
    calendar: &'a Calendar,
    now: Moment,
    rating: Rating,
    ticket: Option<Ticket>,
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
            ticket: None,
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
        self.enter(Actor::Rater, What::Rated, about, Article::of(5), detail);
    }

    /// Row 1.
    fn open(&mut self, number: TicketNumber) -> Result<(), Refusal> {
        let row = transition(None, Event::BadGradeAccepted)?;
        let state = row.to.settled().expect("row 1 names one state");
        let ticket = Ticket {
            number,
            state,
            round: 1,
            rating: self.rating.id.clone(),
            grade: self.rating.intake.grade,
            opened_at: self.now,
            rehearsal: self.rating.intake.rehearsal,
        };
        let about = Subject::Ticket(number);
        let detail = format!("由评价{}立单", self.rating.id);
        self.enter(
            Actor::System,
            What::TicketOpened,
            about.clone(),
            row.article,
            detail,
        );
        self.start_clocks(row.clocks, &about);
        let due_at = self
            .deadlines
            .first()
            .map(|deadline| deadline.due_at.civil_text());
        let text = format!(
            "新差评工单{number}（{}），有效性评估和责任界定须于{}前完成",
            ticket.grade.zh(),
            due_at.unwrap_or_default(),
        );
        self.notify(NoticeKind::TicketOpened, about, text);
        self.ticket = Some(ticket);
        Ok(())
    }

    /// Row 34: a complaint made must be answered, so the ticket goes on whatever the new grade is (A41).
    fn join(&mut self, open: &Ticket, earlier: &[Rating]) -> Result<(), Refusal> {
        let row = transition(Some(open.state), Event::RatedAgain)?;
        let counting = effective(earlier.iter().chain([&self.rating]));
        let ticket = Ticket {
            grade: counting.map_or(open.grade, |rating| rating.intake.grade),
            ..open.clone()
        };
        let about = Subject::Ticket(ticket.number);
        let detail = format!("评价人再次评价“{}”，工单继续办理", ticket.grade.zh());
        self.enter(
            Actor::Rater,
            What::RatedAgain,
            about.clone(),
            row.article,
            detail.clone(),
        );
        self.start_clocks(row.clocks, &about);
        self.notify(
            NoticeKind::RatedAgain,
            about,
            format!("{}：{detail}", ticket.number),
        );
        self.ticket = Some(ticket);
        Ok(())
    }

    fn start_clocks(&mut self, clocks: &[ClockChange], ticket: &Subject) {
        for change in clocks {
            if let ClockChange::Start(kind) = *change {
                let of = match kind {
                    DeadlineKind::Upload => Subject::Rating(self.rating.id.clone()),
                    _ => ticket.clone(),
                };
                self.start(kind, of);
            }
        }
    }

    /// From the time of the grade, not from its delivery (A8, A32).
    fn start(&mut self, kind: DeadlineKind, of: Subject) {
        let term = kind.term();
        let started_at = self.rating.intake.graded_at;
        let Some(due) = term.due(started_at, self.calendar) else {
            return;
        };
        let flag = if due.provisional { "（暂定）" } else { "" };
        let detail = format!("{}，{}届满{flag}", kind.zh(), due.due_at.civil_text());
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
            article: term.article,
            started_at,
            due_at: due.due_at,
            met_at: None,
            provisional: due.provisional,
            calendar: due.calendar,
        });
    }

    fn notify(&mut self, kind: NoticeKind, about: Subject, text: String) {
        let rehearsal = self.rating.intake.rehearsal;
        self.notices.push(Notice {
            kind,
            addressee: Addressee::Centre,
            about,
            text: if rehearsal {
                format!("【演练】{text}")
            } else {
                text
            },
            rehearsal,
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

    fn finish(self) -> Decision {
        Decision {
            rating: self.rating,
            ticket: self.ticket,
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
}

impl NoticeKind {
    pub const ALL: [NoticeKind; 2] = [NoticeKind::TicketOpened, NoticeKind::RatedAgain];

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            NoticeKind::TicketOpened => "ticket_opened",
            NoticeKind::RatedAgain => "rated_again",
        }
    }
}

impl Addressee {
    pub const ALL: [Addressee; 1] = [Addressee::Centre];

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Addressee::Centre => "centre",
        }
    }
}

read_word!(NoticeKind, "kind of notice");
read_word!(Addressee, "addressee");

#[cfg(test)]
mod tests;
