//! What the fields of an act may say.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident $word:literal $zh:literal)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            pub const fn zh(self) -> &'static str {
                match self { $($name::$variant => $zh),* }
            }
        }
    )*};
}
pub(super) use words;

words! {
    /// What became of an attempt to reach the rater.
    Reached {
        Connected "connected" "接通"
        Refused "refused" "拒绝"
        NoAnswer "no_answer" "无人接听"
        NoSuchNumber "no_such_number" "空号"
        Busy "busy" "忙"
        /// Withheld and none left (I0).
        NoNumber "no_number" "未留号码"
    }
    /// How the rater is told.
    Way {
        Web "web" "网上平台"
        Phone "phone" "电话"
        Sms "sms" "短信"
        Letter "letter" "书面"
        InPerson "in_person" "当面"
    }
    /// How it was made sure that the one told is the rater.
    Checked {
        Identity "identity" "身份核验"
        ReceiptCode "receipt_code" "查询码"
        /// By writing to the address the rating came with: nobody else reads it.
        OwnAddress "own_address" "原评价渠道"
    }
    /// 5 or 15 working days (第十二条, 附件).
    Span {
        Normal "5" "5个工作日"
        Complex "15" "15个工作日"
    }
    /// How much of a rating is true.
    Extent {
        Whole "whole" "属实"
        Partly "partly" "部分属实"
        /// Doubt favours the rater: general improvement.
        Unverifiable "unverifiable" "无法核实"
    }
    /// What an appeal says of a rating.
    Ground {
        Untrue "untrue" "内容不属实"
        WithoutBasis "without_basis" "缺乏依据"
        Mistaken "mistaken" "误评"
        Malicious "malicious" "恶意差评"
    }
    /// Grounds on which a rating is invalid by rule, without a unit's verification.
    ObjectiveGround {
        TestCall "test_call" "测试通话"
        Duplicate "duplicate" "重复送达"
        NoService "no_service" "没有对应的服务"
        NotTheCaller "not_the_caller" "按键不是来电人所为"
    }
    /// What proves a slip.
    SlipProof {
        RaterConfirmed "rater_confirmed" "评价人确认"
        Recording "recording" "录音证明"
    }
    /// What shows bad faith.
    Intent {
        Bargaining "bargaining" "以差评要挟谋取不当利益"
        Abuse "abuse" "与服务无关的辱骂"
        Serial "serial" "没有服务的连续评价"
        Collusion "collusion" "承认串通"
    }
}

impl Reached {
    /// The rater answered, and so the revisit is done.
    pub const fn ends(self) -> bool {
        matches!(
            self,
            Reached::Connected | Reached::Refused | Reached::NoNumber
        )
    }
}
