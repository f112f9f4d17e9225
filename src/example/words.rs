//! What is said and written in the example centre. Every text says that it is one.

use super::chance::Chance;

/// 事项: code and name.
pub(super) const ITEMS: [(&str, &str); 4] = [
    ("example-1", "示例：林木采伐许可"),
    ("example-2", "示例：建设项目使用林地审核"),
    ("example-3", "示例：野生动物人工繁育许可"),
    ("example-4", "示例：草种进出口审批"),
];

/// 联系人及电话 of a slip.
pub(super) const CONTACT: &str = "示例联系人 000-00000000";

pub(super) const EVIDENCE: &str = "示例附件.pdf";

const GOOD: [&str; 3] = ["示例：讲得清楚", "示例：很快就办好了", "示例：态度热情"];

const BAD: [&str; 4] = [
    "示例：电话等了很久",
    "示例：材料清单没有一次说清",
    "示例：办理进度查不到",
    "示例：答复前后不一致",
];

const CAUSES: [&str; 4] = [
    "示例：等候时间长",
    "示例：没有一次性告知",
    "示例：进度告知不及时",
    "示例：答复口径不一致",
];

const MEASURES: [(&str, &str, &str); 3] = [
    (
        "示例：增加高峰时段坐席",
        "示例：平均等候时间缩短",
        "示例：调整排班",
    ),
    (
        "示例：修订材料清单并逐项告知",
        "示例：清单已更新",
        "示例：办事指南已修改",
    ),
    ("示例：向评价人说明进度并致歉", "示例：已说明", ""),
];

pub(super) fn good(chance: &mut Chance) -> &'static str {
    chance.one::<&str>(&GOOD)
}

pub(super) fn bad(chance: &mut Chance) -> &'static str {
    chance.one::<&str>(&BAD)
}

pub(super) fn cause(chance: &mut Chance) -> String {
    (*chance.one(&CAUSES)).to_owned()
}

/// What was done, what came of it, what was changed for everybody.
pub(super) fn measure(chance: &mut Chance) -> (String, String, String) {
    let (measures, result, systemic) = *chance.one(&MEASURES);
    (measures.to_owned(), result.to_owned(), systemic.to_owned())
}

pub(super) fn text(what: &str) -> String {
    format!("示例：{what}")
}
