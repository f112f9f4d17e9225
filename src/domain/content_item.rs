use serde::{Deserialize, Serialize};

use super::word::read_word;

/// One of the nine things that are rated (评价的具体内容, 第四条); the same nine serve reasons, figures and cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentItem {
    Premises,
    Staff,
    WebPlatform,
    Progress,
    Consultation,
    Guide,
    ToldAtOnce,
    Documents,
    InTime,
}

impl ContentItem {
    /// In the order of 第四条（一） to （九）.
    pub const ALL: [ContentItem; 9] = [
        ContentItem::Premises,
        ContentItem::Staff,
        ContentItem::WebPlatform,
        ContentItem::Progress,
        ContentItem::Consultation,
        ContentItem::Guide,
        ContentItem::ToldAtOnce,
        ContentItem::Documents,
        ContentItem::InTime,
    ];

    /// 1 for （一） … 9 for （九）.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            ContentItem::Premises => "premises",
            ContentItem::Staff => "staff",
            ContentItem::WebPlatform => "web_platform",
            ContentItem::Progress => "progress",
            ContentItem::Consultation => "consultation",
            ContentItem::Guide => "guide",
            ContentItem::ToldAtOnce => "told_at_once",
            ContentItem::Documents => "documents",
            ContentItem::InTime => "in_time",
        }
    }

    /// The text of 第四条, shortened.
    pub const fn zh(self) -> &'static str {
        match self {
            ContentItem::Premises => "大厅设施环境",
            ContentItem::Staff => "工作人员服务",
            ContentItem::WebPlatform => "网上平台功能",
            ContentItem::Progress => "主动告知进度",
            ContentItem::Consultation => "咨询答复",
            ContentItem::Guide => "办事指南",
            ContentItem::ToldAtOnce => "一次性告知",
            ContentItem::Documents => "依法出具文书",
            ContentItem::InTime => "按时办结",
        }
    }
}

read_word!(ContentItem, "thing that is rated");
