//! The permission matrix: one table that every door asks. Whose turn it is on one ticket is the ticket's
//! own table; here stands who may come to its door at all.

use super::holder::{Holder, Scope};
use crate::domain::{Article, Role};

/// What somebody wants to do or see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    Rate,
    SeeFigures,
    SeeGrades,
    SeeTickets,
    SeeIdentity,
    Listen,
    Download,
    Assess,
    Dispatch,
    Answer,
    Judge,
    Revisit,
    Publish,
    Govern,
    VerifyTrail,
    SeeLooks,
    EnterRatings,
    RegisterMatters,
    SeeBlocklist,
    SeePeople,
    ManagePeople,
    WatchDesks,
    TakeCalls,
    Supervise,
}

/// A cell: on what condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grant {
    /// –
    No,
    /// ✔
    Yes,
    /// Only what a rehearsal left: it is nobody's case.
    Rehearsals,
    /// Tickets attributed to one's own unit, and their calls.
    OwnTickets,
    /// Sums of days that are over, never a single grade.
    Aggregated,
    /// The number of the call one is in, while it lasts.
    DuringOwnCall,
    /// With a ticket or the caller's own request, and a reason, which are recorded.
    WithReason,
    /// Only as pages show it: `138****5678`.
    Masked,
    /// Masked; shown when a supervisor of the Centre has agreed to the request.
    OnApproval,
    /// With a ticket of that call and a reason.
    TicketLinked,
    /// With a ticket of that call or the caller's request, and a reason: what is disputed.
    Disputed,
    /// A call that one took oneself, when a supervisor of the Centre has agreed and is there.
    OwnCallSupervised,
    /// That it was listened to, not what was said.
    LogOnly,
    /// When a second person who may do the same has agreed.
    TwoPersons,
    /// Drafts; somebody else signs.
    Draft,
    /// Signs what another drafted.
    Sign,
    /// Puts it forward; somebody else decides.
    Propose,
    /// Agrees to what another did.
    Approve,
    /// Looks it through before it is signed.
    Review,
    /// Asks; the General Office decides.
    Request,
    /// The handling unit's opinion (会同).
    JointOpinion,
    /// Unless the Centre itself is responsible.
    UnlessRecused,
    /// Where the Centre itself is responsible; malice and the blocklist always.
    WhereReserved,
    /// Not the rated agent, nor anybody of the responsible unit.
    NotTheRated,
    /// Brings in what others decided.
    Load,
    /// For others, never for oneself.
    ForOthers,
}

use Grant::*;

/// A row of the matrix: the cells in the order of [`Role::ALL`], then what programs may.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    pub action: Action,
    pub article: Article,
    pub cells: [Grant; 10],
    pub programs: &'static [(Scope, Grant)],
}

const READ: &[(Scope, Grant)] = &[(Scope::Read, Yes)];
const NONE: &[(Scope, Grant)] = &[];

/// 坐席, 处置员, 回访员, 督导 | 局办经办, 局办签发 | 单位联络员, 单位负责人 | 审计, 系统管理.
#[rustfmt::skip] // A row is read as a row.
pub const MATRIX: [Line; 24] = [
    // Grading is the rater's alone (第六条): nobody of the house has a cell.
    Line { action: Action::Rate, article: Article::of(6).paragraph(1), programs: NONE,
           cells: [No, No, No, No, No, No, No, No, No, No] },
    Line { action: Action::SeeFigures, article: Article::of(17), programs: READ,
           cells: [Aggregated, Yes, Yes, Yes, Yes, Yes, Yes, Yes, Yes, Yes] },
    Line { action: Action::SeeGrades, article: Article::of(14), programs: READ,
           cells: [No, Yes, Yes, Yes, Yes, Yes, OwnTickets, OwnTickets, Yes, Rehearsals] },
    Line { action: Action::SeeTickets, article: Article::of(14), programs: READ,
           cells: [No, Yes, Yes, Yes, Yes, Yes, OwnTickets, OwnTickets, Yes, Rehearsals] },
    Line { action: Action::SeeIdentity, article: Article::of(14), programs: &[(Scope::Read, Masked)],
           cells: [DuringOwnCall, WithReason, WithReason, WithReason, Masked, Masked, Masked, OnApproval, Masked, No] },
    Line { action: Action::Listen, article: Article::of(14), programs: &[(Scope::Listen, TicketLinked)],
           cells: [OwnCallSupervised, TicketLinked, TicketLinked, Disputed, TicketLinked, TicketLinked, TicketLinked, TicketLinked, LogOnly, Rehearsals] },
    Line { action: Action::Download, article: Article::of(14), programs: NONE,
           cells: [No, No, No, TwoPersons, TwoPersons, No, No, No, No, No] },
    Line { action: Action::Assess, article: Article::of(9), programs: NONE,
           cells: [No, Yes, No, Approve, No, No, JointOpinion, No, No, No] },
    Line { action: Action::Dispatch, article: Article::of(9), programs: NONE,
           cells: [No, No, No, No, Propose, Yes, Request, Request, No, No] },
    Line { action: Action::Answer, article: Article::of(11), programs: NONE,
           cells: [No, No, No, No, No, No, Draft, Sign, No, No] },
    Line { action: Action::Judge, article: Article::of(11), programs: NONE,
           cells: [No, Propose, No, UnlessRecused, No, WhereReserved, No, No, No, No] },
    Line { action: Action::Revisit, article: Article::of(8), programs: NONE,
           cells: [No, No, NotTheRated, Yes, No, No, No, No, No, No] },
    Line { action: Action::Publish, article: Article::of(18), programs: NONE,
           cells: [No, Draft, No, Review, Draft, Sign, No, No, No, No] },
    Line { action: Action::Govern, article: Article::of(21), programs: NONE,
           cells: [No, No, No, Propose, No, Sign, No, No, No, Load] },
    Line { action: Action::VerifyTrail, article: Article::of(17), programs: NONE,
           cells: [No, No, No, No, No, No, No, No, Yes, No] },
    // Beyond the study's list: what it presupposes.
    Line { action: Action::SeeLooks, article: Article::of(17), programs: NONE,
           cells: [No, No, No, Yes, Yes, Yes, No, No, Yes, No] },
    Line { action: Action::EnterRatings, article: Article::of(7).item(4), programs: &[(Scope::Rate, Yes)],
           cells: [No, Yes, No, No, No, No, No, No, No, No] },
    Line { action: Action::RegisterMatters, article: Article::of(15), programs: &[(Scope::Matters, Yes)],
           cells: [No, Yes, No, No, No, No, No, No, No, No] },
    // No screen of an agent and none of a unit shows it (第六条).
    Line { action: Action::SeeBlocklist, article: Article::of(11), programs: NONE,
           cells: [No, Yes, Yes, Yes, Yes, Yes, No, No, Yes, No] },
    Line { action: Action::SeePeople, article: Article::of(3), programs: READ,
           cells: [No, Yes, Yes, Yes, Yes, Yes, Yes, Yes, Yes, Yes] },
    Line { action: Action::ManagePeople, article: Article::of(14), programs: NONE,
           cells: [No, No, No, No, No, No, No, No, No, ForOthers] },
    // Whose login a desk is; which desk is the configuration's.
    Line { action: Action::TakeCalls, article: Article::of(7), programs: NONE,
           cells: [Yes, Yes, Yes, Yes, No, No, No, No, No, No] },
    // Whoever helps the desks; no agent sees another's figures, and nobody a grade here.
    Line { action: Action::WatchDesks, article: Article::of(7), programs: READ,
           cells: [No, No, No, Yes, No, No, No, No, No, No] },
    // A running call is heard by whoever helps the desks, with a reason, and by no program.
    Line { action: Action::Supervise, article: Article::of(14), programs: NONE,
           cells: [No, No, No, Yes, No, No, No, No, No, No] },
];

/// What the matrix grants somebody for one action; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grants {
    pub action: Action,
    /// With the holder of each, in the table's order.
    pub held: Vec<(Holder, Grant)>,
}

/// The matrix has no cell for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is for: {} ({article})", action.word(), roles(*action, Holder::word))]
pub struct Forbidden {
    pub action: Action,
    pub article: Article,
}

/// What `holders` may of `action`, or the refusal with its article.
pub fn may(action: Action, holders: &[Holder]) -> Result<Grants, Forbidden> {
    let line = action.line();
    let held: Vec<_> = holders
        .iter()
        .map(|holder| (*holder, line.grant(*holder)))
        .filter(|(_, grant)| *grant != No)
        .collect();
    if held.is_empty() {
        let article = line.article;
        return Err(Forbidden { action, article });
    }
    Ok(Grants { action, held })
}

impl Line {
    pub fn grant(&self, holder: Holder) -> Grant {
        match holder {
            Holder::Role(role) => self.cells[role as usize],
            Holder::Scope(scope) => self
                .programs
                .iter()
                .find(|(of, _)| *of == scope)
                .map_or(No, |(_, grant)| *grant),
        }
    }
}

impl Grants {
    pub fn has(&self, grant: Grant) -> bool {
        self.held.iter().any(|(_, held)| *held == grant)
    }

    /// Without any condition.
    pub fn plainly(&self) -> bool {
        self.has(Yes)
    }
}

impl Forbidden {
    /// The reason in Chinese, for pages.
    pub fn zh(&self) -> String {
        let (action, article) = (self.action, self.article);
        let who = roles(action, |holder| holder.zh());
        if who.is_empty() {
            return format!("{}只由评价人本人作出（{article}）", action.zh());
        }
        format!("{}限于：{who}（{article}）", action.zh())
    }
}

fn roles(action: Action, word: fn(Holder) -> &'static str) -> String {
    let line = action.line();
    let of_people = Role::ALL.map(Holder::Role);
    let of_programs = Scope::ALL.map(Holder::Scope);
    let may: Vec<_> = of_people
        .into_iter()
        .chain(of_programs)
        .filter(|holder| line.grant(*holder) != No)
        .map(word)
        .collect();
    may.join(", ")
}

impl Holder {
    pub const fn word(self) -> &'static str {
        match self {
            Holder::Role(role) => role.word(),
            Holder::Scope(scope) => scope.word(),
        }
    }
}

impl Action {
    /// The action's row.
    pub fn line(self) -> &'static Line {
        MATRIX
            .iter()
            .find(|line| line.action == self)
            .expect("every action has a row")
    }

    /// The word for refusals and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Action::Rate => "rate",
            Action::SeeFigures => "see_figures",
            Action::SeeGrades => "see_grades",
            Action::SeeTickets => "see_tickets",
            Action::SeeIdentity => "see_identity",
            Action::Listen => "listen",
            Action::Download => "download",
            Action::Assess => "assess",
            Action::Dispatch => "dispatch",
            Action::Answer => "answer",
            Action::Judge => "judge",
            Action::Revisit => "revisit",
            Action::Publish => "publish",
            Action::Govern => "govern",
            Action::VerifyTrail => "verify_trail",
            Action::SeeLooks => "see_looks",
            Action::EnterRatings => "enter_ratings",
            Action::RegisterMatters => "register_matters",
            Action::SeeBlocklist => "see_blocklist",
            Action::SeePeople => "see_people",
            Action::ManagePeople => "manage_people",
            Action::WatchDesks => "watch_desks",
            Action::TakeCalls => "take_calls",
            Action::Supervise => "supervise",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            Action::Rate => "作出、更改评价",
            Action::SeeFigures => "查看统计数字",
            Action::SeeGrades => "查看通话和评价",
            Action::SeeTickets => "查看差评工单",
            Action::SeeIdentity => "查看评价人身份",
            Action::Listen => "听录音",
            Action::Download => "下载录音",
            Action::Assess => "评估、界定责任、拟制处理单",
            Action::Dispatch => "发送、改15个工作日、延期",
            Action::Answer => "核实、整改、申诉",
            Action::Judge => "认定无效、误评、恶意",
            Action::Revisit => "回访并记录",
            Action::Publish => "通报、公开",
            Action::Govern => "日历、解释口径、提示音",
            Action::VerifyTrail => "核验留痕",
            Action::SeeLooks => "查看调阅记录",
            Action::EnterRatings => "录入意见箱等渠道的评价",
            Action::RegisterMatters => "登记办件",
            Action::SeeBlocklist => "查看黑名单",
            Action::SeePeople => "查看单位和人员",
            Action::ManagePeople => "管理单位、人员和角色",
            Action::WatchDesks => "查看坐席状态和各坐席数字",
            Action::TakeCalls => "在网页坐席接听",
            Action::Supervise => "监听、耳语、加入、接管通话",
        }
    }
}

impl Grant {
    /// The cell in Chinese, as the drawn table has it.
    pub const fn zh(self) -> &'static str {
        match self {
            No => "–",
            Yes => "✔",
            Rehearsals => "限演练",
            OwnTickets => "本单位工单",
            Aggregated => "事后汇总",
            DuringOwnCall => "本人通话中",
            WithReason => "说明事由并留痕",
            Masked => "脱敏",
            OnApproval => "脱敏，经督导同意",
            TicketLinked => "凭工单和事由",
            Disputed => "凭工单或来电人要求和事由",
            OwnCallSupervised => "本人通话，督导在场",
            LogOnly => "只看记录",
            TwoPersons => "双人",
            Draft => "拟稿",
            Sign => "签发",
            Propose => "提议",
            Approve => "同意",
            Review => "审核",
            Request => "申请",
            JointOpinion => "会同意见",
            UnlessRecused => "除回避",
            WhereReserved => "回避、恶意、黑名单",
            NotTheRated => "非被评价人，非责任单位",
            Load => "载入",
            ForOthers => "限他人",
        }
    }
}

/// The matrix as a table in Markdown, for `docs/rights.md`, which a test compares with it.
pub fn drawn() -> String {
    let mut text = String::from("| 事项 | 条 |");
    for role in Role::ALL {
        text.push_str(&format!(" {} |", role.zh()));
    }
    text.push_str(" 程序 |\n|---|---|");
    text.push_str(&"---|".repeat(Role::ALL.len() + 1));
    text.push('\n');
    for line in &MATRIX {
        text.push_str(&format!("| {} | {} |", line.action.zh(), line.article));
        for cell in line.cells {
            text.push_str(&format!(" {} |", cell.zh()));
        }
        let programs: Vec<_> = line
            .programs
            .iter()
            .map(|(scope, grant)| match grant {
                Yes => format!("`{}`", scope.word()),
                grant => format!("`{}`：{}", scope.word(), grant.zh()),
            })
            .collect();
        let programs = if programs.is_empty() {
            "–".to_owned()
        } else {
            programs.join("、")
        };
        text.push_str(&format!(" {programs} |\n"));
    }
    text
}

#[cfg(test)]
mod tests;
