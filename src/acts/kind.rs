//! The acts by their names: which row of the ticket's table each is, who does it, what it takes.

use super::act::Act;
use super::choice::*;
use crate::domain::{Actor, Event};

/// A kind of act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The last part of its address in the API, and its word in the trail.
    pub word: &'static str,
    pub zh: &'static str,
    /// The row of the ticket's table; [`Event`] names it.
    pub event: Event,
    /// Who does it; a part of the row's where the row has two hands.
    pub actors: &'static [Actor],
    /// What an order is needed for: the act is on one handling slip.
    pub on_order: bool,
    /// Prepares the row and leaves the state as it is.
    pub prepares: bool,
    pub fields: &'static [Field],
}

/// A field of an act's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub takes: Takes,
    pub required: bool,
}

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Text,
    Flag,
    Number,
    /// `YYYY-MM-DD`.
    Day,
    Words(&'static [&'static str]),
    Texts,
    Numbers,
    /// `[{"unit": …, "rule": 1–12}]`.
    Attributions,
}

const fn needs(name: &'static str, takes: Takes) -> Field {
    Field {
        name,
        takes,
        required: true,
    }
}

const fn may(name: &'static str, takes: Takes) -> Field {
    Field {
        name,
        takes,
        required: false,
    }
}

const ORDER: Field = may("order", Takes::Number);
const REASON: Field = needs("reason", Takes::Text);
const EVIDENCE: Field = needs("evidence", Takes::Texts);
const WAY: Field = needs("way", Takes::Words(Way::WORDS));

use Actor::*;

/// Acts by people, in the order of their rows; what the system and ratings do stands below.
#[rustfmt::skip] // A kind is read as a row.
pub const KINDS: [Kind; 34] = [
    Kind { word: "assign", zh: "分派", event: Event::Assigned, actors: &[CentreSupervisor], on_order: false, prepares: false,
           fields: &[needs("officer", Takes::Text), may("staff", Takes::Text), may("handling_unit", Takes::Text)] },
    Kind { word: "revisit", zh: "回访", event: Event::RevisitRecorded, actors: &[CentreRevisitor], on_order: false, prepares: false,
           fields: &[needs("result", Takes::Words(Reached::WORDS)), may("call", Takes::Text), may("answers", Takes::Text),
                     may("slip", Takes::Flag), may("no_more_calls", Takes::Flag)] },
    Kind { word: "confirm_mistake", zh: "确认误评", event: Event::MistakeConfirmed, actors: &[CentreSupervisor], on_order: false, prepares: false,
           fields: &[REASON] },
    Kind { word: "give_opinion", zh: "提出会同意见", event: Event::OpinionRecorded, actors: &[HandlingUnit], on_order: false, prepares: false,
           fields: &[needs("valid", Takes::Flag), needs("text", Takes::Text)] },
    Kind { word: "note_silence", zh: "视为无会同意见", event: Event::OpinionRecorded, actors: &[System], on_order: false, prepares: false,
           fields: &[] },
    Kind { word: "draft", zh: "拟评估意见", event: Event::AssessmentReported, actors: &[CentreOfficer], on_order: false, prepares: true,
           fields: &[needs("cause", Takes::Text), may("items", Takes::Numbers), may("invalid", Takes::Words(ObjectiveGround::WORDS)),
                     needs("units", Takes::Attributions), needs("contact", Takes::Text)] },
    Kind { word: "report", zh: "报局办公室", event: Event::AssessmentReported, actors: &[CentreSupervisor], on_order: false, prepares: false,
           fields: &[] },
    Kind { word: "return_draft", zh: "退回处理单", event: Event::DraftReturned, actors: &[GeneralOffice], on_order: false, prepares: false,
           fields: &[REASON] },
    Kind { word: "accept_proposal", zh: "采纳无效提议", event: Event::ProposalAccepted, actors: &[GeneralOfficeSigner], on_order: false, prepares: false,
           fields: &[REASON] },
    Kind { word: "dispatch", zh: "发送", event: Event::Dispatched, actors: &[GeneralOfficeSigner], on_order: true, prepares: false,
           fields: &[ORDER, needs("workdays", Takes::Words(Span::WORDS)), may("unit", Takes::Text)] },
    Kind { word: "receive", zh: "签收", event: Event::Received, actors: &[ResponsibleUnit], on_order: true, prepares: false,
           fields: &[ORDER] },
    Kind { word: "deem_received", zh: "视为收到", event: Event::Received, actors: &[System], on_order: true, prepares: false,
           fields: &[ORDER, needs("as_of", Takes::Text)] },
    Kind { word: "contest", zh: "提出责任异议", event: Event::AttributionContested, actors: &[ResponsibleUnit], on_order: true, prepares: false,
           fields: &[ORDER, REASON, may("suggests", Takes::Text)] },
    Kind { word: "request_complex", zh: "申请按情况复杂办理", event: Event::ComplexityRequested, actors: &[ResponsibleUnit], on_order: true, prepares: true,
           fields: &[ORDER, REASON] },
    Kind { word: "decide_complex", zh: "决定是否按情况复杂办理", event: Event::ComplexityRequested, actors: &[GeneralOfficeSigner], on_order: true, prepares: false,
           fields: &[ORDER, needs("grant", Takes::Flag), REASON] },
    Kind { word: "request_extension", zh: "说明理由和整改期限", event: Event::ExtensionRequested, actors: &[ResponsibleUnit], on_order: true, prepares: false,
           fields: &[ORDER, needs("until", Takes::Day), REASON] },
    Kind { word: "decide_extension", zh: "决定延期", event: Event::ExtensionRequested, actors: &[GeneralOffice], on_order: true, prepares: false,
           fields: &[ORDER, needs("grant", Takes::Flag), REASON] },
    Kind { word: "find_true", zh: "反馈属实", event: Event::FoundTrue, actors: &[ResponsibleHead], on_order: true, prepares: false,
           fields: &[ORDER, needs("extent", Takes::Words(Extent::WORDS)), needs("facts", Takes::Text), EVIDENCE] },
    Kind { word: "appeal", zh: "申诉", event: Event::Appealed, actors: &[ResponsibleHead], on_order: true, prepares: false,
           fields: &[ORDER, needs("ground", Takes::Words(Ground::WORDS)), needs("facts", Takes::Text), EVIDENCE] },
    Kind { word: "find_without_legal_basis", zh: "反馈缺乏法定依据", event: Event::FoundWithoutLegalBasis, actors: &[ResponsibleHead], on_order: true, prepares: false,
           fields: &[ORDER, needs("legal_ground", Takes::Text), needs("explanation", Takes::Text)] },
    Kind { word: "judge_invalid", zh: "认定无效评价", event: Event::JudgedInvalid, actors: &[CentreSupervisor, GeneralOfficeSigner], on_order: true, prepares: false,
           fields: &[ORDER, REASON, needs("heard", Takes::Text)] },
    Kind { word: "judge_mistaken", zh: "认定误评", event: Event::JudgedMistaken, actors: &[CentreSupervisor, GeneralOfficeSigner], on_order: true, prepares: false,
           fields: &[ORDER, needs("proof", Takes::Words(SlipProof::WORDS)), REASON] },
    Kind { word: "propose_malicious", zh: "提议认定恶意差评", event: Event::JudgedMalicious, actors: &[CentreSupervisor, GeneralOffice], on_order: true, prepares: true,
           fields: &[ORDER, needs("contradiction", Takes::Text), needs("intent", Takes::Words(Intent::WORDS)), REASON] },
    Kind { word: "judge_malicious", zh: "认定恶意差评", event: Event::JudgedMalicious, actors: &[GeneralOfficeSigner], on_order: true, prepares: false,
           fields: &[ORDER, REASON] },
    Kind { word: "accept_explanation", zh: "认可解释说明", event: Event::ExplanationAccepted, actors: &[CentreSupervisor, GeneralOfficeSigner], on_order: true, prepares: false,
           fields: &[ORDER, REASON] },
    Kind { word: "reject_appeal", zh: "驳回申诉", event: Event::AppealRejected, actors: &[CentreSupervisor, GeneralOfficeSigner], on_order: true, prepares: false,
           fields: &[ORDER, REASON, may("unit", Takes::Text)] },
    Kind { word: "file_rectification", zh: "反馈整改", event: Event::RectificationFiled, actors: &[ResponsibleHead], on_order: true, prepares: false,
           fields: &[ORDER, needs("measures", Takes::Text), needs("result", Takes::Text), needs("responsible", Takes::Text),
                     needs("done_on", Takes::Day), EVIDENCE, may("systemic", Takes::Text)] },
    Kind { word: "return_rectification", zh: "退回整改", event: Event::RectificationReturned, actors: &[CentreSupervisor, GeneralOffice], on_order: true, prepares: false,
           fields: &[ORDER, REASON] },
    Kind { word: "accept_rectification", zh: "验收整改", event: Event::RectificationAccepted, actors: &[CentreSupervisor, GeneralOffice], on_order: true, prepares: false,
           fields: &[ORDER, may("reason", Takes::Text)] },
    Kind { word: "answer", zh: "反馈评价人", event: Event::RaterAnswered, actors: &[CentreRevisitor], on_order: false, prepares: false,
           fields: &[WAY, needs("text", Takes::Text), needs("checked", Takes::Words(Checked::WORDS))] },
    Kind { word: "try_to_answer", zh: "尝试联系评价人", event: Event::RaterUnreachable, actors: &[CentreRevisitor], on_order: false, prepares: true,
           fields: &[WAY, needs("result", Takes::Words(Reached::WORDS))] },
    Kind { word: "close_unreached", zh: "未能联系而办结", event: Event::RaterUnreachable, actors: &[CentreRevisitor], on_order: false, prepares: false,
           fields: &[] },
    Kind { word: "decline_rerate", zh: "不再评价", event: Event::RerateDeclined, actors: &[Rater, CentreRevisitor], on_order: false, prepares: false,
           fields: &[WAY] },
    Kind { word: "object", zh: "提出复核", event: Event::RaterObjected, actors: &[Rater, CentreRevisitor], on_order: false, prepares: false,
           fields: &[WAY, needs("text", Takes::Text)] },
];

/// What ratings and clocks do; no door offers these.
#[rustfmt::skip]
const QUIET: [Kind; 9] = [
    quiet("open", "立单", Event::BadGradeAccepted, &[System]),
    quiet("rate_again", "再次评价", Event::RatedAgain, &[Rater]),
    quiet("rerate_good", "再评为好评", Event::ReratedGood, &[Rater]),
    quiet("rerate_bad", "再评为差评", Event::ReratedBad, &[Rater]),
    quiet("rerate_bad_last", "第三轮再评为差评", Event::ReratedBadLastRound, &[Rater]),
    quiet("note_no_rerate", "视为不再评价", Event::RerateDeclined, &[System]),
    quiet("miss", "超期", Event::DuePassed, &[System]),
    quiet("revise", "日历变更", Event::CalendarRevised, &[System]),
    quiet("verify_pending", "核实待核评价", Event::PendingVerified, &[CentreSupervisor, GeneralOfficeSigner, System]),
];

const fn quiet(
    word: &'static str,
    zh: &'static str,
    event: Event,
    actors: &'static [Actor],
) -> Kind {
    Kind {
        word,
        zh,
        event,
        actors,
        on_order: false,
        prepares: false,
        fields: &[],
    }
}

impl Kind {
    /// The kind that a word of the API names.
    pub fn named(word: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.word == word)
    }

    /// Whether a person, or the rater, may do it by a door.
    pub fn is_offered(&self) -> bool {
        !self.actors.contains(&System)
    }
}

impl Act {
    /// The kind's row; `round` and polarity tell the re-ratings apart.
    pub fn kind(&self, last_round: bool) -> &'static Kind {
        let word = match self {
            Act::Open(_) => "open",
            Act::RateAgain { .. } => "rate_again",
            Act::Rerate { grade, .. } => match (grade.is_positive(), last_round) {
                (true, _) => "rerate_good",
                (false, false) => "rerate_bad",
                (false, true) => "rerate_bad_last",
            },
            Act::Assign { .. } => "assign",
            Act::Revisit { .. } => "revisit",
            Act::ConfirmMistake { .. } => "confirm_mistake",
            Act::GiveOpinion { .. } => "give_opinion",
            Act::NoteSilence {} => "note_silence",
            Act::Draft(_) => "draft",
            Act::Report {} => "report",
            Act::ReturnDraft { .. } => "return_draft",
            Act::AcceptProposal { .. } => "accept_proposal",
            Act::Dispatch { .. } => "dispatch",
            Act::Receive { .. } => "receive",
            Act::DeemReceived { .. } => "deem_received",
            Act::Contest { .. } => "contest",
            Act::RequestComplex { .. } => "request_complex",
            Act::DecideComplex { .. } => "decide_complex",
            Act::RequestExtension { .. } => "request_extension",
            Act::DecideExtension { .. } => "decide_extension",
            Act::FindTrue { .. } => "find_true",
            Act::Appeal { .. } => "appeal",
            Act::FindWithoutLegalBasis { .. } => "find_without_legal_basis",
            Act::JudgeInvalid { .. } => "judge_invalid",
            Act::JudgeMistaken { .. } => "judge_mistaken",
            Act::ProposeMalicious { .. } => "propose_malicious",
            Act::JudgeMalicious { .. } => "judge_malicious",
            Act::AcceptExplanation { .. } => "accept_explanation",
            Act::RejectAppeal { .. } => "reject_appeal",
            Act::FileRectification { .. } => "file_rectification",
            Act::ReturnRectification { .. } => "return_rectification",
            Act::AcceptRectification { .. } => "accept_rectification",
            Act::Answer { .. } => "answer",
            Act::TryToAnswer { .. } => "try_to_answer",
            Act::CloseUnreached {} => "close_unreached",
            Act::DeclineRerate { .. } => "decline_rerate",
            Act::NoteNoRerate {} => "note_no_rerate",
            Act::Object { .. } => "object",
            Act::Miss { .. } => "miss",
            Act::Revise { .. } => "revise",
            Act::VerifyPending { .. } => "verify_pending",
        };
        KINDS
            .iter()
            .chain(&QUIET)
            .find(|kind| kind.word == word)
            .expect("every act has a kind, and a test walks them")
    }
}
