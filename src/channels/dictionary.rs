//! The national options beside a grade (evalDetail) by their editions, and the local reasons of the keypad
//! with what they are nationally.
//!
//! The texts were found alike in three independent public copies; an earlier set of codes was put out of
//! use, so that every rating keeps the edition it was ticked in.

use crate::domain::{Grade, Reason};

/// One option of a grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    pub code: u16,
    pub grade: Grade,
    /// Empty where only the code is known.
    pub text: &'static str,
}

/// An edition of the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionSet {
    pub edition: &'static str,
    /// New ratings take their options from it.
    pub in_use: bool,
    pub choices: &'static [Choice],
}

/// The edition in use.
pub const CURRENT: &OptionSet = &EDITIONS[1];

const fn choice(code: u16, grade: Grade, text: &'static str) -> Choice {
    Choice { code, grade, text }
}

use Grade::{
    BasicallySatisfied as G3, Dissatisfied as G2, Satisfied as G4, VeryDissatisfied as G1,
    VerySatisfied as G5,
};

/// The earlier one and the present one.
#[rustfmt::skip] // A choice is read as a row.
pub const EDITIONS: [OptionSet; 2] = [
    OptionSet { edition: "1", in_use: false, choices: &[
        choice(101, G1, ""), choice(102, G1, ""), choice(103, G1, ""), choice(104, G1, ""), choice(105, G1, ""), choice(106, G1, ""), choice(107, G1, ""),
        choice(201, G2, ""), choice(202, G2, ""), choice(203, G2, ""), choice(204, G2, ""), choice(205, G2, ""), choice(206, G2, ""),
        choice(301, G3, ""), choice(302, G3, ""), choice(303, G3, ""), choice(304, G3, ""), choice(305, G3, ""), choice(306, G3, ""),
        choice(401, G4, ""), choice(402, G4, ""), choice(403, G4, ""), choice(404, G4, ""), choice(405, G4, ""),
        choice(501, G5, ""), choice(502, G5, ""), choice(503, G5, ""), choice(504, G5, ""), choice(505, G5, ""), choice(506, G5, ""), choice(507, G5, ""), choice(508, G5, ""), choice(509, G5, ""),
    ] },
    OptionSet { edition: "2", in_use: true, choices: &[
        choice(510, G5, "一窗受理一次办结"), choice(511, G5, "可以先受理后补材料"), choice(512, G5, "不用提交证明"),
        choice(513, G5, "可以全程网上办理"), choice(514, G5, "可以使用手机办理"), choice(515, G5, "可以就近办理"),
        choice(516, G5, "无需材料直接办理"), choice(517, G5, "服务热情效率高"),
        choice(406, G4, "填写一张表单就可完成申报"), choice(407, G4, "在线提交材料窗口核验"), choice(408, G4, "一张清单告知全部申报材料"),
        choice(409, G4, "用告知承诺减免申报材料"), choice(410, G4, "可以在线预约办理"), choice(411, G4, "跑大厅一次办完"),
        choice(412, G4, "可以使用自助机办理"), choice(413, G4, "服务态度较好"),
        choice(307, G3, "一次性告知需要补正的材料"), choice(308, G3, "提供申报材料样本"), choice(309, G3, "在承诺的时间内办结"),
        choice(310, G3, "办事指南指引准确"), choice(311, G3, "按办事指南要求的材料即可办理"), choice(312, G3, "可以快递送达"),
        choice(313, G3, "跑动次数与承诺的一致"), choice(314, G3, "服务态度一般"),
        choice(207, G2, "没有提供材料样本"), choice(208, G2, "没有提供材料清单"), choice(209, G2, "未在承诺时间内办结"),
        choice(210, G2, "同样内容的证明材料被要求多次提交"), choice(211, G2, "承诺网办但无法在线办理"), choice(212, G2, "在线预约办理后到实体大厅重复取号排队"),
        choice(213, G2, "窗口人员业务不熟练"), choice(214, G2, "服务态度生硬"),
        choice(108, G1, "在办事指南之外增加新的审批条件"), choice(109, G1, "需提供办事指南之外的申报材料"), choice(110, G1, "无理由超过法定办理时间"),
        choice(111, G1, "办事指南提供样本有错"), choice(112, G1, "承诺在线收取申报材料实际无法收取"), choice(113, G1, "多头跑窗口和部门"),
        choice(114, G1, "跑动次数与承诺的不一致"), choice(115, G1, "服务态度差效率低"),
    ] },
];

/// A reason of the keypad and what it is elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    pub reason: Reason,
    /// Rows of the table of 第十条 that it may lead to.
    pub rows: &'static [u8],
    /// The national option at 不满意; `None`: sent as text.
    pub dissatisfied: Option<u16>,
    /// The national option at 非常不满意; `None`: sent as text.
    pub very_dissatisfied: Option<u16>,
}

/// T1 to T6. Local codes, for indicators may not be added to the national ones.
#[rustfmt::skip] // A reason is read as a row.
pub const LOCAL: [Local; 6] = [
    Local { reason: Reason::Attitude,       rows: &[1, 4],    dissatisfied: Some(214), very_dissatisfied: Some(115) },
    Local { reason: Reason::UnclearAnswer,  rows: &[4, 6],    dissatisfied: Some(213), very_dissatisfied: None },
    Local { reason: Reason::NotToldAtOnce,  rows: &[2, 3, 4], dissatisfied: Some(208), very_dissatisfied: Some(109) },
    Local { reason: Reason::Progress,       rows: &[5, 7],    dissatisfied: Some(209), very_dissatisfied: Some(110) },
    Local { reason: Reason::HardToReach,    rows: &[10],      dissatisfied: None,      very_dissatisfied: None },
    Local { reason: Reason::Other,          rows: &[12],      dissatisfied: None,      very_dissatisfied: None },
];

/// The options of a grade in the edition in use.
pub fn options_of(grade: Grade) -> impl Iterator<Item = &'static Choice> {
    CURRENT
        .choices
        .iter()
        .filter(move |choice| choice.grade == grade)
}

/// The text of an option in its edition; `None` where there is no such option.
pub fn text_of(edition: &str, code: u16) -> Option<&'static str> {
    let set = EDITIONS.iter().find(|set| set.edition == edition)?;
    let choice = set.choices.iter().find(|choice| choice.code == code);
    choice.map(|choice| choice.text)
}

/// The first of `codes` that a new rating of this grade cannot carry.
pub fn unfit_option(grade: Grade, codes: &[u16]) -> Option<u16> {
    let fits = |code: &u16| options_of(grade).any(|choice| choice.code == *code);
    codes.iter().find(|code| !fits(code)).copied()
}

impl Local {
    pub fn of(reason: Reason) -> &'static Local {
        LOCAL
            .iter()
            .find(|local| local.reason == reason)
            .expect("every reason has a row")
    }

    /// The national option for a bad grade; `None` where it is sent as text, and for a good one.
    pub const fn national(&self, grade: Grade) -> Option<u16> {
        match grade {
            Grade::Dissatisfied => self.dissatisfied,
            Grade::VeryDissatisfied => self.very_dissatisfied,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_grade_has_eight_options_whose_codes_begin_with_its_stars() {
        for (stars, grade) in (1..=5u16).rev().zip(Grade::ALL) {
            let codes: Vec<_> = options_of(grade).map(|choice| choice.code).collect();
            assert_eq!(codes.len(), 8, "{grade:?}");
            assert!(codes.iter().all(|code| code / 100 == stars), "{codes:?}");
            assert!(options_of(grade).all(|choice| !choice.text.is_empty()));
            assert_eq!(unfit_option(grade, &codes), None);
        }
    }

    #[test]
    fn no_code_means_two_things_in_two_editions() {
        let codes: Vec<_> = EDITIONS
            .iter()
            .flat_map(|set| set.choices)
            .map(|c| c.code)
            .collect();
        let mut once = codes.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), codes.len());
        assert_eq!(EDITIONS.iter().filter(|set| set.in_use).count(), 1);
        assert!(CURRENT.in_use);
        assert_eq!(text_of("2", 214), Some("服务态度生硬"));
        assert_eq!(text_of("1", 214), None);
    }

    #[test]
    fn an_option_of_another_grade_or_edition_is_unfit() {
        assert_eq!(unfit_option(Grade::Dissatisfied, &[207, 115]), Some(115));
        assert_eq!(unfit_option(Grade::Dissatisfied, &[201]), Some(201));
        assert_eq!(unfit_option(Grade::Satisfied, &[999]), Some(999));
    }

    #[test]
    fn every_reason_of_the_keypad_has_its_row_and_its_national_option_is_of_the_grade() {
        for reason in Reason::ALL {
            let local = Local::of(reason);
            assert!(!local.rows.is_empty());
            for grade in Grade::ALL {
                if let Some(code) = local.national(grade) {
                    assert_eq!(unfit_option(grade, &[code]), None, "{reason:?} {grade:?}");
                }
            }
            assert_eq!(local.national(Grade::Satisfied), None);
        }
    }
}
