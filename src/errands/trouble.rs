//! Why an errand is refused, in both languages.

/// Nothing is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trouble {
    NotANumber,
    /// Police, fire, ambulance and the like.
    Emergency,
    Foreign,
    /// Costs more than a call: 160, 168, satellite …
    Premium,
    /// 10086, 12345, 400…, 95…: nobody who rated us.
    Service,
    /// Not among the allowed prefixes.
    NotAllowed,
    /// Among the barred prefixes.
    Barred,
    /// As many errands are open as may.
    Full,
    /// There is one for this number and purpose already.
    Open,
    /// There is no trunk for calls out.
    NoTrunk,
    /// No dialplan answers calls of this purpose.
    NoPlan,
    NoNumber,
    NoDesk,
    /// The ticket does not stand where such a call is made.
    NotNow,
    /// The rater wants no more calls about it.
    NoMoreCalls,
}

impl Trouble {
    pub const ALL: [Trouble; 15] = [
        Trouble::NotANumber,
        Trouble::Emergency,
        Trouble::Foreign,
        Trouble::Premium,
        Trouble::Service,
        Trouble::NotAllowed,
        Trouble::Barred,
        Trouble::Full,
        Trouble::Open,
        Trouble::NoTrunk,
        Trouble::NoPlan,
        Trouble::NoNumber,
        Trouble::NoDesk,
        Trouble::NotNow,
        Trouble::NoMoreCalls,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Trouble::NotANumber => "not_a_number",
            Trouble::Emergency => "emergency",
            Trouble::Foreign => "foreign",
            Trouble::Premium => "premium",
            Trouble::Service => "service",
            Trouble::NotAllowed => "not_allowed",
            Trouble::Barred => "barred",
            Trouble::Full => "full",
            Trouble::Open => "open",
            Trouble::NoTrunk => "no_trunk",
            Trouble::NoPlan => "no_plan",
            Trouble::NoNumber => "no_number",
            Trouble::NoDesk => "no_desk",
            Trouble::NotNow => "not_now",
            Trouble::NoMoreCalls => "no_more_calls",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            Trouble::NotANumber => "不是电话号码",
            Trouble::Emergency => "紧急号码不得外呼",
            Trouble::Foreign => "境外号码不得外呼",
            Trouble::Premium => "高额资费号码不得外呼",
            Trouble::Service => "服务号码不得外呼",
            Trouble::NotAllowed => "号码不在允许外呼的范围内",
            Trouble::Barred => "号码在禁止外呼的范围内",
            Trouble::Full => "外呼任务已满，请稍后再试",
            Trouble::Open => "该号码已有同类外呼任务",
            Trouble::NoTrunk => "未配置外呼线路",
            Trouble::NoPlan => "没有适用于此类外呼的话务流程",
            Trouble::NoNumber => "评价人未留号码",
            Trouble::NoDesk => "您没有可用的座席话机",
            Trouble::NotNow => "工单目前不需要这样的外呼",
            Trouble::NoMoreCalls => "评价人不希望再就此事接到电话",
        }
    }

    pub const fn en(self) -> &'static str {
        match self {
            Trouble::NotANumber => "this is no telephone number",
            Trouble::Emergency => "emergency numbers are never called",
            Trouble::Foreign => "numbers abroad are not called",
            Trouble::Premium => "premium numbers are not called",
            Trouble::Service => "service numbers are not called",
            Trouble::NotAllowed => "the number is not among those allowed by [outward] allowed",
            Trouble::Barred => "the number is barred by [outward] barred",
            Trouble::Full => "as many calls out are open as may be; try later",
            Trouble::Open => "such a call to this number is open already",
            Trouble::NoTrunk => {
                "no trunk for calls out: write [outward] caller_id, and [trunk] or [outward] trunk"
            }
            Trouble::NoPlan => {
                "no dialplan answers such calls: add one with answers = [\"out:…\"], as in dialplans/"
            }
            Trouble::NoNumber => "the rater left no number",
            Trouble::NoDesk => "you have no desk that can be rung",
            Trouble::NotNow => "the ticket does not stand where such a call is made",
            Trouble::NoMoreCalls => "the rater wants no more calls about it",
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.en())
    }
}

impl std::error::Error for Trouble {}
