//! Who is told of an act.

use super::case::Case;
use crate::acts::Kind;
use crate::acts::{Act, Way};
use crate::acts::{Change, Record};
use crate::domain::{
    Actor, Addressee, DeadlineKind, Force, Moment, Notice, NoticeKind, State, Subject,
};

/// The notices of a record: whose turn it is, what the national platform gets, what the rater hears.
pub(super) fn of(before: Option<&Case>, after: &Case, record: &Record, kind: &Kind) -> Vec<Notice> {
    let mut list = List {
        case: after,
        about: subject(after, record),
        notices: Vec::new(),
    };
    list.of_act(record, kind);
    if record.to.is_some() && before.is_some() {
        list.turn(record, kind);
    }
    for change in &record.clocks {
        if let Change::Started { key, due_at, .. } = change
            && key.kind == DeadlineKind::Upload
        {
            list.upload(kind, *due_at);
        }
    }
    list.notices
}

/// A reminder of a term that ends on the next working day, or today.
pub fn due_soon(case: &Case, order: Option<u8>, kind: DeadlineKind, due_at: Moment) -> Vec<Notice> {
    let mut list = List {
        case,
        about: match order {
            Some(order) => Subject::Order(case.ticket.number, order),
            None => Subject::Ticket(case.ticket.number),
        },
        notices: Vec::new(),
    };
    let text = format!(
        "{}：{}于{}届满",
        case.ticket.number,
        kind.zh(),
        due_at.civil_text()
    );
    list.push(
        NoticeKind::DueSoon,
        owner(case, kind, order),
        text,
        Some(due_at),
    );
    list.notices
}

struct List<'a> {
    case: &'a Case,
    about: Subject,
    notices: Vec<Notice>,
}

impl List<'_> {
    fn push(
        &mut self,
        kind: NoticeKind,
        addressee: Addressee,
        text: String,
        due_at: Option<Moment>,
    ) {
        let rehearsal = self.case.ticket.rehearsal;
        self.notices.push(Notice {
            kind,
            addressee,
            about: self.about.clone(),
            text: if rehearsal {
                format!("【演练】{text}")
            } else {
                text
            },
            due_at,
            rehearsal,
        });
    }

    fn tell(&mut self, kind: NoticeKind, addressee: Addressee, text: String) {
        self.push(kind, addressee, text, None);
    }

    fn say(&mut self, kind: NoticeKind, addressee: Addressee, what: &str) {
        let text = format!("{}：{what}", self.case.ticket.number);
        self.tell(kind, addressee, text);
    }

    fn of_act(&mut self, record: &Record, kind: &Kind) {
        match &record.act {
            Act::Open(_) => {
                let due = self.case.running(None, DeadlineKind::Assess);
                let due = due.map_or(String::new(), |clock| clock.due_at.civil_text());
                self.tell(
                    NoticeKind::TicketOpened,
                    Addressee::Centre,
                    format!(
                        "新差评工单{}（{}），有效性评估和责任界定须于{due}前完成",
                        self.case.ticket.number,
                        self.case.ticket.grade.zh()
                    ),
                );
            }
            Act::RateAgain { .. } => self.say(NoticeKind::RatedAgain, Addressee::Centre, kind.zh),
            Act::Assign { .. } => self.ask_opinion(),
            Act::RequestComplex { .. } | Act::RequestExtension { .. } => {
                self.say(NoticeKind::YourTurn, Addressee::GeneralOffice, kind.zh);
            }
            Act::DecideComplex { .. } | Act::DecideExtension { .. } => {
                let unit = record
                    .act
                    .order()
                    .and_then(|number| self.case.order(number));
                if let Some(order) = unit {
                    self.say(
                        NoticeKind::YourTurn,
                        Addressee::Unit(order.unit.clone()),
                        kind.zh,
                    );
                }
            }
            Act::Rerate { .. } if self.case.escalated => {
                self.say(
                    NoticeKind::Escalation,
                    Addressee::GeneralOffice,
                    "第三轮再评仍为差评，请督办",
                );
            }
            Act::Rerate { .. } if self.case.ticket.state == State::Assessing => {
                self.say(NoticeKind::RatedAgain, Addressee::GeneralOffice, kind.zh);
                self.ask_opinion();
            }
            // By telephone or in person the rater has heard it.
            Act::Answer {
                way: Way::Web | Way::Sms | Way::Letter,
                ..
            } => {
                self.say(NoticeKind::Result, Addressee::Rater, "处理结果");
                self.say(NoticeKind::Invitation, Addressee::Rater, "请再次评价");
            }
            Act::Answer { .. } => self.say(NoticeKind::Invitation, Addressee::Rater, "请再次评价"),
            Act::Miss { kind, .. } => self.missed(*kind, record.act.order()),
            Act::Revise { .. } => self.say(NoticeKind::DueMoved, Addressee::Centre, kind.zh),
            _ => {}
        }
    }

    fn ask_opinion(&mut self) {
        let asked = self.case.running(None, DeadlineKind::Opinion).is_some();
        if let Some(unit) = self.case.handling_unit.clone().filter(|_| asked) {
            self.say(
                NoticeKind::YourTurn,
                Addressee::Unit(unit),
                "请提出会同意见",
            );
        }
    }

    /// Whoever the next step lies with.
    fn turn(&mut self, record: &Record, kind: &Kind) {
        let order = record
            .act
            .order()
            .and_then(|number| self.case.order(number));
        let state = order.map_or(self.case.ticket.state, |order| order.state);
        if self.case.ticket.state.is_closed() {
            if let State::ClosedInvalid | State::ClosedMistaken | State::ClosedMalicious =
                self.case.ticket.state
            {
                self.say(
                    NoticeKind::Result,
                    Addressee::Rater,
                    self.case.ticket.state.zh(),
                );
            }
            return;
        }
        let recused = order.is_some_and(|order| order.unit.is_centre());
        let addressee = match (state.owner(), order) {
            (Actor::ResponsibleUnit, Some(order)) => Addressee::Unit(order.unit.clone()),
            (Actor::GeneralOffice, _) => Addressee::GeneralOffice,
            _ if recused && matches!(state, State::UnderReview | State::Rectified) => {
                Addressee::GeneralOffice
            }
            _ => Addressee::Centre,
        };
        self.say(
            NoticeKind::YourTurn,
            addressee,
            &format!("{}，{}", kind.zh, state.zh()),
        );
    }

    fn upload(&mut self, kind: &Kind, due_at: Moment) {
        if self.case.ticket.rehearsal {
            return;
        }
        let text = format!("{}：{}", self.case.ticket.number, kind.zh);
        self.push(
            NoticeKind::Upload,
            Addressee::NationalPlatform,
            text,
            Some(due_at),
        );
    }

    /// A breach goes to the General Office too, a missed aim to its owner only.
    fn missed(&mut self, kind: DeadlineKind, order: Option<u8>) {
        let owner = owner(self.case, kind, order);
        let text = format!("{}超期", kind.zh());
        if kind.term().force == Force::Statutory && owner != Addressee::GeneralOffice {
            self.say(NoticeKind::Overdue, Addressee::GeneralOffice, &text);
        }
        self.say(NoticeKind::Overdue, owner, &text);
    }
}

/// Who has to keep a term.
fn owner(case: &Case, kind: DeadlineKind, order: Option<u8>) -> Addressee {
    let unit = || {
        let order = order.and_then(|number| case.orders.iter().find(|o| o.number == number));
        order.map_or(Addressee::Centre, |order| {
            Addressee::Unit(order.unit.clone())
        })
    };
    match kind {
        DeadlineKind::Verify
        | DeadlineKind::Rectify
        | DeadlineKind::RectifyComplex
        | DeadlineKind::RectifyExtended
        | DeadlineKind::Rework => unit(),
        DeadlineKind::Dispatch => Addressee::GeneralOffice,
        _ => Addressee::Centre,
    }
}

fn subject(case: &Case, record: &Record) -> Subject {
    match record.act.order() {
        Some(order) => Subject::Order(case.ticket.number, order),
        None => Subject::Ticket(case.ticket.number),
    }
}
