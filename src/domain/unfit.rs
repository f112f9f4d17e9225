use crate::calendar::Moment;
use crate::terms::Article;

/// What keeps an intake from being a rating. Nothing of it is saved, and its sender is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// A channel rates only certain acts (第七条).
    Channel {
        channel: &'static str,
        service: &'static str,
    },
    /// A name that no row and no address can carry.
    Name(String),
    BeforeService(Moment),
    InFuture(Moment),
    /// The time for further ratings is over (第十三条).
    WindowOver(Moment),
    NoSuchMatter(String),
    /// The matter is not at that stage yet.
    NotThereYet(String),
    /// The option is not one of the grade's, or no more in use.
    Option {
        code: u16,
        dictionary: &'static str,
    },
    TooManyOptions,
    /// I2 and I3 name who it is; I1 has a number.
    Identity,
    TextTooLong {
        most: usize,
    },
}

impl Unfit {
    /// The article that says no.
    pub const fn article(&self) -> Article {
        match self {
            Unfit::Channel { .. } => Article::of(7),
            Unfit::Name(_) | Unfit::NoSuchMatter(_) | Unfit::NotThereYet(_) => Article::of(2),
            Unfit::BeforeService(_) | Unfit::InFuture(_) => Article::of(17),
            Unfit::WindowOver(_) => Article::of(13),
            Unfit::Option { .. } | Unfit::TooManyOptions | Unfit::TextTooLong { .. } => {
                Article::of(16)
            }
            Unfit::Identity => Article::of(14),
        }
    }

    /// The word for programs; it never changes.
    pub const fn word(&self) -> &'static str {
        match self {
            Unfit::Channel { .. } => "channel_unfit",
            Unfit::Name(_) => "name_unfit",
            Unfit::BeforeService(_) => "before_service",
            Unfit::InFuture(_) => "in_future",
            Unfit::WindowOver(_) => "window_over",
            Unfit::NoSuchMatter(_) => "no_such_matter",
            Unfit::NotThereYet(_) => "not_there_yet",
            Unfit::Option { .. } => "option_unfit",
            Unfit::TooManyOptions => "too_many_options",
            Unfit::Identity => "identity_unproven",
            Unfit::TextTooLong { .. } => "text_too_long",
        }
    }

    pub fn en(&self) -> String {
        match self {
            Unfit::Channel { channel, service } => {
                format!("the channel {channel} does not rate a {service}")
            }
            Unfit::Name(name) => format!("“{name}” is no name: 1 to 64 of A–Z, a–z, 0–9, . _ -"),
            Unfit::BeforeService(at) => format!("graded before the service of {at}"),
            Unfit::InFuture(at) => format!("graded at {at}, which is still to come"),
            Unfit::WindowOver(at) => format!("the time for ratings ended on {at}"),
            Unfit::NoSuchMatter(number) => format!("the matter {number} is not registered"),
            Unfit::NotThereYet(number) => format!("the matter {number} is not at that stage yet"),
            Unfit::Option { code, dictionary } => {
                format!("{code} is no option of the grade in the edition {dictionary}")
            }
            Unfit::TooManyOptions => "more options than the grade has".to_owned(),
            Unfit::Identity => "I2 and I3 need the applicant, I1 a number".to_owned(),
            Unfit::TextTooLong { most } => format!("the text has more than {most} characters"),
        }
    }

    pub fn zh(&self) -> String {
        match self {
            Unfit::Channel { channel, service } => format!("渠道{channel}不评价{service}"),
            Unfit::Name(name) => format!("“{name}”不能作为编号"),
            Unfit::BeforeService(at) => format!("评价时间早于服务时间{}", at.civil_text()),
            Unfit::InFuture(at) => format!("评价时间{}尚未到来", at.civil_text()),
            Unfit::WindowOver(at) => format!("评价期限已于{}届满", at.civil_text()),
            Unfit::NoSuchMatter(number) => format!("没有登记办件{number}"),
            Unfit::NotThereYet(number) => format!("办件{number}尚未到该环节"),
            Unfit::Option { code, dictionary } => {
                format!("选项{code}不属于该等次（{dictionary}版）")
            }
            Unfit::TooManyOptions => "选项过多".to_owned(),
            Unfit::Identity => "实名评价须写明申请人，号码评价须有号码".to_owned(),
            Unfit::TextTooLong { most } => format!("文字意见不超过{most}个字"),
        }
    }
}
