//! The steps of a course that are taken on one handling slip.

use super::chance::Chance;
use super::course::{Course, Ending, Scene, Step, Turn};
use super::words;
use crate::casework::{Act, Case, Extent, Ground, Intent, Order, SlipProof, Span};
use crate::domain::{Day, State, UnitId};

impl Course {
    pub(super) fn on_order(
        &self,
        case: &Case,
        order: &Order,
        turned: &mut bool,
        scene: &mut Scene<'_>,
    ) -> Step {
        let number = Some(order.number);
        if let Some(request) = &order.request {
            let reason = words::text("同意");
            return Step::Do(match request.until {
                None => Act::DecideComplex {
                    order: number,
                    grant: true,
                    reason,
                },
                Some(_) => Act::DecideExtension {
                    order: number,
                    grant: true,
                    reason,
                },
            });
        }
        match order.state {
            State::Reported => Step::Do(self.reported(order, turned)),
            State::Sent if self.turn == Turn::Deemed => Step::Wait,
            State::Sent => Step::Do(Act::Receive { order: number }),
            State::Verifying => Step::Do(self.verifying(order, turned, scene)),
            State::UnderReview => Step::Do(self.under_review(order)),
            State::Rectifying => Step::Do(self.rectifying(case, order, turned, scene)),
            State::Rectified => Step::Do(self.rectified(order)),
            _ => Step::Wait,
        }
    }

    fn reported(&self, order: &Order, turned: &mut bool) -> Act {
        if self.turn == Turn::DraftReturned && !std::mem::replace(turned, true) {
            let reason = words::text("原因写得不清楚");
            return Act::ReturnDraft { reason };
        }
        if self.ending == Ending::Proposed {
            let reason = words::text("没有对应的服务");
            return Act::AcceptProposal { reason };
        }
        let complex = matches!(self.turn, Turn::SentAsComplex | Turn::Extended);
        Act::Dispatch {
            order: Some(order.number),
            workdays: if complex { Span::Complex } else { Span::Normal },
            unit: order.contested.then(UnitId::centre),
        }
    }

    fn verifying(&self, order: &Order, turned: &mut bool, scene: &mut Scene<'_>) -> Act {
        let number = Some(order.number);
        let evidence = || vec![words::EVIDENCE.to_owned()];
        let appeal = |ground, facts| Act::Appeal {
            order: number,
            ground,
            facts: words::text(facts),
            evidence: evidence(),
        };
        match (self.turn, self.ending) {
            (Turn::Contested, _) if !std::mem::replace(turned, true) => Act::Contest {
                order: number,
                reason: words::text("不属于本单位职责"),
                suggests: Some(UnitId::centre()),
            },
            (Turn::AskedAsComplex, _) if !std::mem::replace(turned, true) => Act::RequestComplex {
                order: number,
                reason: words::text("需要专家评审"),
            },
            (Turn::AppealRejected, _) => appeal(Ground::Untrue, "当日已经答复"),
            (_, Ending::Explained) => Act::FindWithoutLegalBasis {
                order: number,
                legal_ground: "行政许可法第三十二条".to_owned(),
                explanation: words::text("材料不齐，依法不能受理"),
            },
            (_, Ending::Invalid) => appeal(Ground::Untrue, "所述情况没有发生"),
            (_, Ending::Mistaken) => appeal(Ground::Mistaken, "录音中评价人表示满意"),
            (_, Ending::Malicious) => appeal(Ground::Malicious, "以差评要求加急办理"),
            (Turn::AtOnce, _) => rectification(order, scene.now.day(), scene.chance),
            _ => Act::FindTrue {
                order: number,
                extent: Extent::Whole,
                facts: words::text("情况属实"),
                evidence: evidence(),
            },
        }
    }

    fn under_review(&self, order: &Order) -> Act {
        let number = Some(order.number);
        let reason = words::text("已核对记录");
        match self.ending {
            Ending::Explained => Act::AcceptExplanation {
                order: number,
                reason,
            },
            Ending::Invalid => Act::JudgeInvalid {
                order: number,
                reason,
                heard: words::text("没有录音，已核对业务记录"),
            },
            Ending::Mistaken => Act::JudgeMistaken {
                order: number,
                proof: SlipProof::Recording,
                reason,
            },
            Ending::Malicious if order.proposed_by.is_none() => Act::ProposeMalicious {
                order: number,
                contradiction: words::text("记录与评价内容不符"),
                intent: Intent::Bargaining,
                reason,
            },
            Ending::Malicious => Act::JudgeMalicious {
                order: number,
                reason,
            },
            _ => Act::RejectAppeal {
                order: number,
                reason,
                unit: None,
            },
        }
    }

    fn rectifying(
        &self,
        case: &Case,
        order: &Order,
        turned: &mut bool,
        scene: &mut Scene<'_>,
    ) -> Act {
        let due = case.rectifying(order.number).map(|clock| clock.due_at);
        if let (Turn::Extended, Some(due)) = (self.turn, due)
            && !std::mem::replace(turned, true)
        {
            let until = (0..7).fold(due.day(), |day, _| day.next());
            return Act::RequestExtension {
                order: Some(order.number),
                until,
                reason: words::text("需要修订办事指南"),
            };
        }
        rectification(order, scene.now.day(), scene.chance)
    }

    fn rectified(&self, order: &Order) -> Act {
        let number = Some(order.number);
        match self.turn == Turn::WorkReturned && order.returns == 0 {
            true => Act::ReturnRectification {
                order: number,
                reason: words::text("措施不够具体"),
            },
            false => Act::AcceptRectification {
                order: number,
                reason: words::text("已验收"),
            },
        }
    }
}

fn rectification(order: &Order, today: Day, chance: &mut Chance) -> Act {
    let (measures, result, systemic) = words::measure(chance);
    Act::FileRectification {
        order: Some(order.number),
        measures,
        result,
        responsible: words::text("单位负责人"),
        done_on: today,
        evidence: vec![words::EVIDENCE.to_owned()],
        systemic,
    }
}
