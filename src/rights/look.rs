//! A look at a rater's identity or a recording (第十四条): it needs a right, a ground and a reason, and
//! leaves a record whether it is granted or not (第十七条).

use super::holder::Holder;
use super::matrix::{Action, Forbidden, Grant, may};
use crate::domain::{Hand, PersonId, Role};

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sight {
    /// The caller's whole number.
    Identity,
    /// The recording and its messages, played.
    Recording,
    /// The recording as a file of one's own.
    Download,
}

/// Why it must be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// The number of a ticket.
    Ticket(String),
    /// The caller asked for it.
    CallersRequest,
}

/// What is known of the call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFacts {
    pub rehearsal: bool,
    /// It goes on.
    pub live: bool,
    /// 工号 of who answered.
    pub staff: Option<String>,
}

/// What is known of the ticket that is named as the ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketFacts {
    /// Its rating is of that call.
    pub is_of_the_call: bool,
    /// Attributed to a unit in which the asking person holds a post.
    pub is_of_own_unit: bool,
}

/// Who asks, for what, and why.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub sight: Sight,
    pub holders: &'a [Holder],
    /// The asking person's 工号; `None` for a program.
    pub staff: Option<&'a str>,
    pub call: &'a CallFacts,
    pub ground: Option<&'a Ground>,
    /// `None` where there is no such ticket.
    pub ticket: Option<TicketFacts>,
    pub reason: &'a str,
}

/// What comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    Granted,
    /// Somebody else must agree first.
    NeedsAnother,
    Refused(WhyNot),
}

/// Why a look, or the agreement to one, is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error("the reason needs at least {SHORTEST_REASON} characters ({A14})")]
    ReasonTooShort,
    #[error("the reason has at most {LONGEST_REASON} characters")]
    ReasonTooLong,
    #[error("a look needs a ticket or the caller's own request ({A14})")]
    NoGround,
    #[error("there is no ticket {0}")]
    NoTicket(String),
    #[error("the ticket {number} is not of this call ({A14})")]
    OtherCall { number: String },
    #[error("only tickets attributed to one's own unit ({A14})")]
    OtherUnit,
    #[error("a ticket is needed; the caller's request is the supervisor's to answer ({A14})")]
    TicketOnly,
    #[error("the administrator sees rehearsals only ({A14})")]
    RehearsalsOnly,
    #[error("an agent sees the number of the own call while it lasts ({A14})")]
    OwnCallOnly,
    #[error("an agent hears the own call only, with a supervisor there ({A14})")]
    OwnRecordingOnly,
    #[error("the number is shown masked only ({A14})")]
    MaskedOnly,
    #[error("the auditor sees who listened, not what was said ({A14})")]
    LogOnly,
    #[error("nobody asks and agrees himself ({A14})")]
    SamePerson,
    #[error(
        "a supervisor of the Centre agrees, or for a file of one's own a clerk of the General Office ({A14})"
    )]
    NotASecond,
    #[error("nothing waits for an agreement")]
    NothingWaits,
}

/// Where the regulation asks for it: 规范信息查询权限.
const A14: &str = "第十四条";

/// A reason of fewer characters says nothing.
const SHORTEST_REASON: usize = 4;

/// A longer one is no reason but a file.
const LONGEST_REASON: usize = 500;

/// What a look comes to.
pub fn judge(asked: &Asked<'_>) -> Judgement {
    let grants = match may(asked.sight.action(), asked.holders) {
        Ok(grants) => grants,
        Err(forbidden) => return Judgement::Refused(forbidden.into()),
    };
    if let Some(missing) = missing(asked) {
        return Judgement::Refused(missing);
    }
    let judgements: Vec<_> = grants
        .held
        .iter()
        .map(|(holder, grant)| by_cell(asked, *holder, *grant))
        .collect();
    let found = |wanted: &Judgement| judgements.contains(wanted);
    if found(&Judgement::Granted) {
        Judgement::Granted
    } else if found(&Judgement::NeedsAnother) {
        Judgement::NeedsAnother
    } else {
        judgements
            .into_iter()
            .next()
            .expect("grants are never empty")
    }
}

/// The reason as it is kept: between [`SHORTEST_REASON`] and [`LONGEST_REASON`] characters.
///
/// # Errors
/// Where it says nothing, or is a file (第十四条).
pub fn reason(given: &str) -> Result<&str, WhyNot> {
    let given = given.trim();
    match given.chars().count() {
        length if length < SHORTEST_REASON => Err(WhyNot::ReasonTooShort),
        length if length > LONGEST_REASON => Err(WhyNot::ReasonTooLong),
        _ => Ok(given),
    }
}

/// What every look needs, whoever asks.
fn missing(asked: &Asked<'_>) -> Option<WhyNot> {
    if let Err(why) = reason(asked.reason) {
        return Some(why);
    }
    match (asked.ground, asked.ticket) {
        (None, _) => Some(WhyNot::NoGround),
        (Some(Ground::Ticket(number)), None) => Some(WhyNot::NoTicket(number.clone())),
        (Some(Ground::Ticket(number)), Some(ticket)) if !ticket.is_of_the_call => {
            let number = number.clone();
            Some(WhyNot::OtherCall { number })
        }
        _ => None,
    }
}

fn by_cell(asked: &Asked<'_>, holder: Holder, grant: Grant) -> Judgement {
    let own_call = asked.staff.is_some() && asked.call.staff.as_deref() == asked.staff;
    let with_ticket = matches!(asked.ground, Some(Ground::Ticket(_)));
    let of_a_unit = matches!(holder, Holder::Role(Role::UnitLiaison | Role::UnitHead));
    if of_a_unit && !asked.ticket.is_some_and(|ticket| ticket.is_of_own_unit) {
        return Judgement::Refused(WhyNot::OtherUnit);
    }
    Judgement::Refused(match grant {
        Grant::Yes | Grant::WithReason | Grant::Disputed => return Judgement::Granted,
        Grant::TicketLinked if with_ticket => return Judgement::Granted,
        Grant::Rehearsals if asked.call.rehearsal => return Judgement::Granted,
        Grant::DuringOwnCall if own_call && asked.call.live => return Judgement::Granted,
        Grant::OwnCallSupervised if own_call => return Judgement::NeedsAnother,
        Grant::OnApproval | Grant::TwoPersons => return Judgement::NeedsAnother,
        Grant::TicketLinked => WhyNot::TicketOnly,
        Grant::Rehearsals => WhyNot::RehearsalsOnly,
        Grant::DuringOwnCall => WhyNot::OwnCallOnly,
        Grant::OwnCallSupervised => WhyNot::OwnRecordingOnly,
        Grant::LogOnly => WhyNot::LogOnly,
        // What is left belongs to other rows of the matrix.
        _ => WhyNot::MaskedOnly,
    })
}

/// Whether `second` may agree to what `asker` asked for: another person, of whom the matrix says so. Two
/// accounts of one staff number are one person.
pub fn judge_approval(
    sight: Sight,
    asker: (&PersonId, Option<&str>),
    second: &Hand,
) -> Result<(), WhyNot> {
    let same_staff = asker.1.is_some() && asker.1 == second.staff.as_deref();
    if *asker.0 == second.person || same_staff {
        return Err(WhyNot::SamePerson);
    }
    let agrees = match sight {
        Sight::Download => {
            let grants = may(sight.action(), &Holder::of_hand(second))?;
            grants.has(Grant::TwoPersons)
        }
        Sight::Identity | Sight::Recording => second.has(Role::CentreSupervisor),
    };
    match agrees {
        true => Ok(()),
        false => Err(WhyNot::NotASecond),
    }
}

impl WhyNot {
    /// The reason in Chinese, for pages.
    pub fn zh(&self) -> String {
        let why = match self {
            WhyNot::Forbidden(forbidden) => return forbidden.zh(),
            WhyNot::ReasonTooShort => {
                return format!("须写明事由，不少于{SHORTEST_REASON}个字（{A14}）");
            }
            WhyNot::ReasonTooLong => return format!("事由不超过{LONGEST_REASON}个字"),
            WhyNot::NoTicket(number) => return format!("没有工单{number}"),
            WhyNot::OtherCall { number } => {
                return format!("工单{number}不是这次通话的（{A14}）");
            }
            WhyNot::NothingWaits => return "没有等待同意的申请".to_owned(),
            WhyNot::NoGround => "须有差评工单或者来电人本人的要求",
            WhyNot::OtherUnit => "限于责任单位为本单位的工单",
            WhyNot::TicketOnly => "须凭差评工单；来电人本人的要求由督导办理",
            WhyNot::RehearsalsOnly => "系统管理员只能查看演练",
            WhyNot::OwnCallOnly => "坐席只在本人通话中可见号码",
            WhyNot::OwnRecordingOnly => "坐席只能在督导在场时听本人的通话",
            WhyNot::MaskedOnly => "号码只脱敏显示",
            WhyNot::LogOnly => "审计只看调阅记录，不听录音",
            WhyNot::SamePerson => "同一人不得既申请又同意",
            WhyNot::NotASecond => "须由政务服务中心督导同意；下载也可由局办公室经办同意",
        };
        format!("{why}（{A14}）")
    }
}

impl Sight {
    pub const ALL: [Sight; 3] = [Sight::Identity, Sight::Recording, Sight::Download];

    /// The matrix' row for it.
    pub const fn action(self) -> Action {
        match self {
            Sight::Identity => Action::SeeIdentity,
            Sight::Recording => Action::Listen,
            Sight::Download => Action::Download,
        }
    }

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Sight::Identity => "identity",
            Sight::Recording => "recording",
            Sight::Download => "download",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            Sight::Identity => "评价人身份",
            Sight::Recording => "录音",
            Sight::Download => "下载录音",
        }
    }
}

impl std::str::FromStr for Sight {
    type Err = crate::domain::UnknownWord;

    fn from_str(word: &str) -> Result<Self, crate::domain::UnknownWord> {
        Sight::ALL
            .into_iter()
            .find(|sight| sight.word() == word)
            .ok_or_else(|| crate::domain::UnknownWord {
                kind: "sight",
                word: word.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests;
