//! What is done to a ticket in these stories, each act as it is done most often.

use super::*;

pub(super) fn assign() -> Act {
    Act::Assign {
        officer: PersonId("officer".into()),
        staff: Some("901".into()),
        handling_unit: None,
    }
}

pub(super) fn revisit(result: Reached) -> Act {
    Act::Revisit {
        result,
        call: None,
        answers: "等待太久".into(),
        slip: false,
        no_more_calls: false,
    }
}

pub(super) fn draft(units: &[&str]) -> Act {
    Act::Draft(Assessment {
        cause: "答复口径有误".into(),
        items: vec![5],
        invalid: None,
        units: units
            .iter()
            .map(|id| Attribution {
                unit: unit(id),
                rule: 6,
            })
            .collect(),
        contact: "政务服务中心 010-00000000".into(),
    })
}

pub(super) fn dispatch(workdays: Span) -> Act {
    Act::Dispatch {
        order: None,
        workdays,
        unit: None,
    }
}

pub(super) fn find_true() -> Act {
    Act::FindTrue {
        order: None,
        extent: Extent::Whole,
        facts: "办事指南第3条过期".into(),
        evidence: vec!["sha256:aa".into()],
    }
}

pub(super) fn appeal(ground: Ground) -> Act {
    Act::Appeal {
        order: None,
        ground,
        facts: "录音与所述不符".into(),
        evidence: vec!["sha256:bb".into()],
    }
}

pub(super) fn rectify(now: Moment) -> Act {
    Act::FileRectification {
        order: None,
        measures: "改正办事指南".into(),
        result: "已改正".into(),
        responsible: "处长".into(),
        done_on: now.day(),
        evidence: vec!["sha256:cc".into()],
        systemic: String::new(),
    }
}

pub(super) fn accept() -> Act {
    Act::AcceptRectification {
        order: None,
        reason: String::new(),
    }
}

pub(super) fn answer() -> Act {
    Act::Answer {
        way: Way::Web,
        text: "已改正".into(),
        checked: Checked::ReceiptCode,
    }
}

pub(super) fn judge_invalid() -> Act {
    Act::JudgeInvalid {
        order: None,
        reason: "内容不属实".into(),
        heard: "02:10–03:00".into(),
    }
}

pub(super) fn reject() -> Act {
    Act::RejectAppeal {
        order: None,
        reason: "证据不足".into(),
        unit: None,
    }
}

pub(super) fn object() -> Act {
    Act::Object {
        way: Way::Phone,
        text: "我没有按错".into(),
    }
}

/// A rating by somebody who is proven to be the applicant.
pub(super) fn proven(grade: Grade, now: Moment) -> Intake {
    let mut intake = keyed(grade);
    intake.graded_at = now;
    intake.rater.identity = Identity::I3;
    intake
}
