//! What every door hands in.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::content_item::ContentItem;
use super::grade::Grade;
use super::service::Service;
use super::word::read_word;
use crate::calendar::Moment;

/// By which door a rating came (评价渠道, 第七条).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// 第七条（三）.
    Phone,
    /// After a filing on the web platform, 第七条（二）.
    WebFiling,
    /// After a consultation on the web platform, 第七条（二）.
    WebConsultation,
    /// The evaluator at the counter, 第七条（一）.
    WindowDevice,
    /// The QR code at the counter, 第七条（一）.
    WindowQr,
    /// An answer to the reminder, 第六条第二款.
    Sms,
    /// 意见建议箱, 第七条（四）.
    SuggestionBox,
    /// No door: the grade that a completed matter gets by 第十五条.
    Default,
}

/// How surely the rater is known (实名制, 第十四条).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Identity {
    /// The caller's number is withheld.
    I0,
    /// A number only, which is not an identity.
    I1,
    /// The number is the verified mobile of an applicant.
    I2,
    /// Proven: filing number and document digits, SMS code, or logged in.
    I3,
}

/// Who rated (评价人).
#[derive(Clone, PartialEq, Eq)]
pub struct Rater {
    /// As the trunk gave it; `None` where withheld.
    pub number: Option<String>,
    pub identity: Identity,
    /// Who it is, where that is proven (I2, I3).
    pub applicant: Option<Applicant>,
}

/// A proven identity as a digest (散列值): the same person is known again, and nobody can be read from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Applicant(pub String);

/// What the rater ticked beside the grade.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices {
    /// Of the nine things of 第四条.
    pub items: Vec<ContentItem>,
    /// Codes of the national options (evalDetail).
    pub options: Vec<u16>,
    /// The edition of the options they are of; `None` where none was ticked.
    pub dictionary: Option<String>,
}

/// A cause keyed after a bad grade (第六条第一款: 明确差评的具体事项和原因). Local codes, mapped at the
/// national interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// T1 服务态度, 第四条（二）.
    Attitude,
    /// T2 答复不清楚或不准确, 第四条（五）.
    UnclearAnswer,
    /// T3 没有一次告知清楚, 第四条（七）.
    NotToldAtOnce,
    /// T4 办理进度或时限, 第四条（四）（九）.
    Progress,
    /// T5 电话难接通、等待久, 第四条（五）.
    HardToReach,
    /// T6 其他.
    Other,
}

impl Reason {
    /// Of the nine things of 第四条 those that it touches; none for 其他.
    pub const fn items(self) -> &'static [ContentItem] {
        match self {
            Reason::Attitude => &[ContentItem::Staff],
            Reason::UnclearAnswer | Reason::HardToReach => &[ContentItem::Consultation],
            Reason::NotToldAtOnce => &[ContentItem::ToldAtOnce],
            Reason::Progress => &[ContentItem::Progress, ContentItem::InTime],
            Reason::Other => &[],
        }
    }
}

/// What the rater said beside the grade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "content", rename_all = "snake_case")]
pub enum Remark {
    Text(String),
    /// The id of a spoken clip.
    Clip(String),
}

/// A key as it was pressed, whether it graded or not (第十七条).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PressedKey {
    pub key: char,
    pub at: Moment,
    /// From the answer, which is the recording's zero.
    pub offset_ms: i64,
}

/// What proves the rating.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Every key of the rating part, invalid ones and `*` included.
    pub keys: Vec<PressedKey>,
    /// The call whose recording it is.
    pub recording: Option<String>,
    /// Name and digest of the dialplan that asked.
    pub dialplan: Option<String>,
}

/// Two intakes with one key are one delivery: the second changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntakeKey(pub String);

/// What every door hands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    pub key: IntakeKey,
    pub channel: Channel,
    pub service: Service,
    pub rater: Rater,
    pub grade: Grade,
    /// When the rater graded: every term runs from here (A8), however late it is handed in.
    pub graded_at: Moment,
    pub reasons: Vec<Reason>,
    pub choices: Choices,
    pub remark: Option<Remark>,
    pub evidence: Evidence,
    /// A rehearsal (rehearsal desk, test caller): everything it causes is marked and stays out of figures.
    pub rehearsal: bool,
}

impl Channel {
    pub const ALL: [Channel; 8] = [
        Channel::Phone,
        Channel::WebFiling,
        Channel::WebConsultation,
        Channel::WindowDevice,
        Channel::WindowQr,
        Channel::Sms,
        Channel::SuggestionBox,
        Channel::Default,
    ];

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Channel::Phone => "phone",
            Channel::WebFiling => "web_filing",
            Channel::WebConsultation => "web_consultation",
            Channel::WindowDevice => "window_device",
            Channel::WindowQr => "window_qr",
            Channel::Sms => "sms",
            Channel::SuggestionBox => "suggestion_box",
            Channel::Default => "default",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            Channel::Phone => "电话",
            Channel::WebFiling => "网上申报",
            Channel::WebConsultation => "网上咨询",
            Channel::WindowDevice => "窗口评价器",
            Channel::WindowQr => "窗口二维码",
            Channel::Sms => "短信",
            Channel::SuggestionBox => "意见建议箱",
            Channel::Default => "系统默认",
        }
    }
}

impl Identity {
    pub const ALL: [Identity; 4] = [Identity::I0, Identity::I1, Identity::I2, Identity::I3];

    pub const fn word(self) -> &'static str {
        match self {
            Identity::I0 => "I0",
            Identity::I1 => "I1",
            Identity::I2 => "I2",
            Identity::I3 => "I3",
        }
    }

    /// 实名 (A29): a number alone is not.
    pub const fn is_real_name(self) -> bool {
        matches!(self, Identity::I2 | Identity::I3)
    }
}

impl Rater {
    /// A caller: a number gives I1, a withheld one I0; more needs a proof the telephone does not have.
    pub fn caller(number: Option<String>) -> Self {
        let number = number.filter(|number| !number.trim().is_empty());
        let identity = if number.is_some() {
            Identity::I1
        } else {
            Identity::I0
        };
        Rater {
            number,
            identity,
            applicant: None,
        }
    }

    /// `138****5678`, `****5678` or `****`: what pages and logs may show; `None` where withheld.
    pub fn masked(&self) -> Option<String> {
        self.number.as_deref().map(mask)
    }

    /// As `masked`, in words: `尾号5678` or `号码未显示`.
    pub fn masked_zh(&self) -> String {
        match &self.number {
            None => "号码未显示".to_owned(),
            Some(number) => match tail(number) {
                Some(tail) => format!("尾号{tail}"),
                None => "短号".to_owned(),
            },
        }
    }
}

impl fmt::Debug for Rater {
    /// Masked, so that a careless log line tells no number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rater")
            .field("number", &self.masked())
            .field("identity", &self.identity)
            .finish()
    }
}

/// Hides all but the last four of a number; a mobile also keeps its first three. What is too short to
/// hide in is hidden whole.
pub fn mask(number: &str) -> String {
    let mobile = number.len() == 11
        && number.starts_with('1')
        && number.bytes().all(|byte| byte.is_ascii_digit());
    match tail(number) {
        Some(tail) if mobile => format!("{}****{tail}", &number[..3]),
        Some(tail) => format!("****{tail}"),
        None => "****".to_owned(),
    }
}

/// The last four characters, where at least three more stay hidden.
fn tail(number: &str) -> Option<String> {
    let characters: Vec<char> = number.chars().collect();
    (characters.len() >= 7).then(|| characters[characters.len() - 4..].iter().collect())
}

impl Reason {
    /// The local code of the keypad.
    pub const fn code(self) -> &'static str {
        match self {
            Reason::Attitude => "T1",
            Reason::UnclearAnswer => "T2",
            Reason::NotToldAtOnce => "T3",
            Reason::Progress => "T4",
            Reason::HardToReach => "T5",
            Reason::Other => "T6",
        }
    }

    /// By the local code of the keypad; `T0` is none given: no reason.
    pub fn of_code(code: &str) -> Option<Reason> {
        match code {
            "T1" => Some(Reason::Attitude),
            "T2" => Some(Reason::UnclearAnswer),
            "T3" => Some(Reason::NotToldAtOnce),
            "T4" => Some(Reason::Progress),
            "T5" => Some(Reason::HardToReach),
            "T6" => Some(Reason::Other),
            _ => None,
        }
    }

    pub const ALL: [Reason; 6] = [
        Reason::Attitude,
        Reason::UnclearAnswer,
        Reason::NotToldAtOnce,
        Reason::Progress,
        Reason::HardToReach,
        Reason::Other,
    ];

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Attitude => "attitude",
            Reason::UnclearAnswer => "unclear_answer",
            Reason::NotToldAtOnce => "not_told_at_once",
            Reason::Progress => "progress",
            Reason::HardToReach => "hard_to_reach",
            Reason::Other => "other",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            Reason::Attitude => "服务态度",
            Reason::UnclearAnswer => "答复不清楚或不准确",
            Reason::NotToldAtOnce => "没有一次告知清楚",
            Reason::Progress => "办理进度或时限",
            Reason::HardToReach => "电话难接通、等待久",
            Reason::Other => "其他",
        }
    }
}

impl IntakeKey {
    /// A matter has one default, however often its day comes.
    pub fn default_of(service: &super::service::ServiceKey) -> Self {
        IntakeKey(format!("default:{service}"))
    }

    /// One call yields one rating, however often its end is told.
    pub fn phone(call_id: &str) -> Self {
        IntakeKey(format!("phone:{call_id}"))
    }
}

read_word!(Channel, "channel");
read_word!(Identity, "identity level");
read_word!(Reason, "reason");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_known_by_number_only_and_a_withheld_one_not_at_all() {
        assert_eq!(
            Rater::caller(Some("13812345678".into())).identity,
            Identity::I1
        );
        assert_eq!(Rater::caller(None).identity, Identity::I0);
        assert_eq!(Rater::caller(Some(" ".into())), Rater::caller(None));
        assert!(!Identity::I1.is_real_name());
    }

    #[test]
    fn no_form_that_people_or_logs_see_tells_a_whole_number() {
        for (number, masked, words) in [
            ("13812345678", "138****5678", "尾号5678"),
            ("01084238000", "****8000", "尾号8000"),
            ("+8613812345678", "****5678", "尾号5678"),
            ("12345", "****", "短号"),
            ("张三的电话是多少", "****是多少", "尾号话是多少"),
        ] {
            let rater = Rater::caller(Some(number.to_owned()));
            if number.is_ascii() {
                assert_eq!(rater.masked().as_deref(), Some(masked));
                assert_eq!(rater.masked_zh(), words);
            }
            assert!(!format!("{rater:?}").contains(number));
        }
        assert_eq!(Rater::caller(None).masked_zh(), "号码未显示");
    }

    #[test]
    fn every_word_reads_back() {
        for channel in Channel::ALL {
            assert_eq!(channel.word().parse(), Ok(channel));
        }
        for identity in Identity::ALL {
            assert_eq!(identity.word().parse(), Ok(identity));
        }
        for reason in Reason::ALL {
            assert_eq!(reason.word().parse(), Ok(reason));
        }
        assert_eq!(
            "fax".parse::<Channel>().unwrap_err().to_string(),
            "“fax” is no channel"
        );
    }
}
