use serde::Serialize;

/// What stands in the way of an act that the state allows: a guard of the ticket's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hindrance {
    RatedAgent,
    OfResponsibleUnit,
    NotOfUnit,
    NotOfHandlingUnit,
    Recused,
    OfficeOnly,
    TwiceInOneChain,
    AttemptsUsedUp,
    OutOfHours,
    ThirdOnSameDay,
    RevisitRefused,
    RevisitMissing,
    OpinionMissing,
    DraftMissing,
    CorrectionMissing,
    ProposalMissing,
    TimeIsOver,
    AlreadyDone,
    NothingRequested,
    AlreadyRequested,
    NotUnreached,
    NoCall,
    OrdersRun,
    NoSuchOrder,
    WhichOrder,
    NoRightOfChoice,
    SameReviewer,
    UnitMissing,
    ConditionsMissing,
    NotTwice,
    NotProven,
    TooFew,
    AlreadyListed,
    NotPending,
    ByItsTicket,
}

impl Hindrance {
    /// The word for the API.
    pub const fn word(self) -> &'static str {
        self.texts().0
    }

    pub const fn zh(self) -> &'static str {
        self.texts().1
    }

    pub const fn en(self) -> &'static str {
        self.texts().2
    }

    #[rustfmt::skip] // A hindrance is read as a row.
    const fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Hindrance::RatedAgent => ("rated_agent", "被评价的坐席不得办理", "the rated agent may not handle it"),
            Hindrance::OfResponsibleUnit => ("of_responsible_unit", "责任单位的人员不得审核本单位", "somebody of the responsible unit may not judge it"),
            Hindrance::NotOfUnit => ("not_of_unit", "须由责任单位的人员办理", "only the responsible unit may do this"),
            Hindrance::NotOfHandlingUnit => ("not_of_handling_unit", "须由承办单位提出意见", "only the handling unit gives its opinion"),
            Hindrance::Recused => ("recused", "责任单位为政务服务中心的，由局办公室决定", "the centre itself is responsible: the General Office decides"),
            Hindrance::OfficeOnly => ("office_only", "须由局办公室签发", "only the General Office signs this"),
            Hindrance::TwiceInOneChain => ("twice_in_one_chain", "同一环节的前一步由同一人办理，须由另一人办理", "the same person did the step before; another one has to do this"),
            Hindrance::AttemptsUsedUp => ("attempts_used_up", "已尝试三次", "three attempts were made"),
            Hindrance::OutOfHours => ("out_of_hours", "回访时间为9时至20时", "raters are called between 09:00 and 20:00"),
            Hindrance::ThirdOnSameDay => ("third_on_same_day", "三次尝试不得都在同一日", "three attempts may not all be on one day"),
            Hindrance::RevisitRefused => ("revisit_refused", "评价人已拒绝回访", "the rater does not wish to be called"),
            Hindrance::RevisitMissing => ("revisit_missing", "尚未完成回访，也未尝试三次", "the revisit is neither done nor tried three times"),
            Hindrance::OpinionMissing => ("opinion_missing", "承办单位尚未提出意见，期限未满", "the handling unit has not given its opinion and still may"),
            Hindrance::DraftMissing => ("draft_missing", "尚无评估意见", "there is no draft of the assessment"),
            Hindrance::CorrectionMissing => ("correction_missing", "评价人尚未改为好评，也未在回访中确认误评", "the rater has neither corrected the grade nor confirmed a slip"),
            Hindrance::ProposalMissing => ("proposal_missing", "评估未提议列为无效评价", "the assessment does not propose that the rating is invalid"),
            Hindrance::TimeIsOver => ("time_is_over", "期限已过", "its time is over"),
            Hindrance::AlreadyDone => ("already_done", "以一次为限，已经办理", "it may be done once, and was"),
            Hindrance::NothingRequested => ("nothing_requested", "没有待决定的申请", "nothing was requested"),
            Hindrance::AlreadyRequested => ("already_requested", "已有待决定的申请", "a request waits for its decision"),
            Hindrance::NotUnreached => ("not_unreached", "尚未在两个不同日期尝试三次", "it was not tried three times on two days"),
            Hindrance::NoCall => ("no_call", "评价人不希望再接到电话", "the rater does not wish to be called"),
            Hindrance::OrdersRun => ("orders_run", "已有处理单在办，不能整体退回", "an order is being worked on; the whole cannot go back"),
            Hindrance::NoSuchOrder => ("no_such_order", "没有该处理单", "there is no such order"),
            Hindrance::WhichOrder => ("which_order", "有多份处理单，须指明", "there are several orders: say which"),
            Hindrance::NoRightOfChoice => ("no_right_of_choice", "未经局办公室改派，责任单位不变", "the unit changes only where the attribution was contested"),
            Hindrance::SameReviewer => ("same_reviewer", "须由另一人复核", "another person has to reconsider it"),
            Hindrance::UnitMissing => ("unit_missing", "须指明责任单位", "the responsible unit has to be named"),
            Hindrance::ConditionsMissing => ("conditions_missing", "恶意差评的各项条件不齐备", "not every condition of malice is met"),
            Hindrance::NotTwice => ("not_twice", "责任界定不得重复同一单位", "a unit may be named once"),
            Hindrance::NotProven => ("not_proven", "身份未经核验，不得列入黑名单", "only a proven identity may be listed"),
            Hindrance::TooFew => ("too_few", "十二个月内认定恶意差评不足三次", "fewer than three ratings were judged malicious in twelve months"),
            Hindrance::AlreadyListed => ("already_listed", "已在黑名单内", "already listed"),
            Hindrance::NotPending => ("not_pending", "该评价不是待核评价", "the rating does not wait to be verified"),
            Hindrance::ByItsTicket => ("by_its_ticket", "差评由其工单核实", "a bad rating is verified by its ticket"),
        }
    }
}
