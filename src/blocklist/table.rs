//! What can happen to a listing: one table.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::{Actor, Article, DeadlineKind, UnknownWord};

/// 若核实为反复恶意差评的，列入黑名单.
pub const ARTICLE: Article = Article::of(11);

/// Where a listing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Put forward, and not signed: it has no effect.
    Proposed,
    /// In force.
    Listed,
    /// In force, and objected to.
    UnderReview,
    /// Not signed.
    Declined,
    /// Taken off before its end.
    Lifted,
    /// Its twelve months are over.
    Expired,
}

/// A step that somebody did, which bars him from judging it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    Proposal,
    Signature,
}

/// What an act needs beside who does it; each is a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Reason,
    /// A word of [`Way`](crate::acts::Way).
    Way,
    Text,
}

/// A row: an act and all it does.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The last part of its address in the API, and its word in the trail.
    pub word: &'static str,
    pub zh: &'static str,
    /// Empty: there is no listing yet.
    pub from: &'static [State],
    pub to: State,
    pub actors: &'static [Actor],
    /// Not by who did one of these.
    pub not_after: &'static [Step],
    pub starts: Option<DeadlineKind>,
    pub meets: &'static [DeadlineKind],
    pub voids: &'static [DeadlineKind],
    pub fields: &'static [Field],
}

use Actor::{CentreOfficer, CentreRevisitor, CentreSupervisor, GeneralOfficeSigner, Rater, System};
use DeadlineKind::{Listing, ListingObjection, ListingReview};
use State::*;

const TEXTS: &[Field] = &[Field::Way, Field::Text];
const REASON: &[Field] = &[Field::Reason];
const BOTH: &[Step] = &[Step::Proposal, Step::Signature];
const SIGNER: &[Actor] = &[GeneralOfficeSigner];

/// All that can be done to a listing, in the order of its life (第十一条); drawn in docs/blocklist.md.
#[rustfmt::skip] // A row is read as a row.
pub const KINDS: [Kind; 9] = [
    Kind { word: "propose", zh: "提出列入黑名单", from: &[], to: Proposed,
           actors: &[CentreOfficer, CentreSupervisor, GeneralOfficeSigner], not_after: &[],
           starts: None, meets: &[], voids: &[], fields: REASON },
    Kind { word: "sign", zh: "签发列入黑名单", from: &[Proposed], to: Listed, actors: SIGNER, not_after: &[Step::Proposal],
           starts: Some(Listing), meets: &[], voids: &[], fields: REASON },
    Kind { word: "decline", zh: "不予列入", from: &[Proposed], to: Declined, actors: SIGNER, not_after: &[Step::Proposal],
           starts: None, meets: &[], voids: &[], fields: REASON },
    Kind { word: "tell", zh: "告知列入理由和异议权利", from: &[Listed], to: Listed,
           actors: &[CentreRevisitor, CentreSupervisor], not_after: &[],
           starts: Some(ListingObjection), meets: &[], voids: &[], fields: TEXTS },
    Kind { word: "object", zh: "对列入提出异议", from: &[Listed], to: UnderReview,
           actors: &[Rater, CentreRevisitor, CentreSupervisor], not_after: &[],
           starts: Some(ListingReview), meets: &[ListingObjection], voids: &[], fields: TEXTS },
    Kind { word: "uphold", zh: "维持列入", from: &[UnderReview], to: Listed, actors: SIGNER, not_after: BOTH,
           starts: None, meets: &[ListingReview], voids: &[], fields: REASON },
    Kind { word: "allow", zh: "异议成立，移出黑名单", from: &[UnderReview], to: Lifted, actors: SIGNER, not_after: BOTH,
           starts: None, meets: &[ListingReview, Listing], voids: &[], fields: REASON },
    // In the person's favour: whoever signed may mend it.
    Kind { word: "lift", zh: "移出黑名单", from: &[Listed], to: Lifted, actors: SIGNER, not_after: &[],
           starts: None, meets: &[Listing], voids: &[ListingObjection], fields: REASON },
    Kind { word: "expire", zh: "期满移出黑名单", from: &[Listed, UnderReview], to: Expired, actors: &[System], not_after: &[],
           starts: None, meets: &[Listing], voids: &[ListingObjection, ListingReview], fields: &[] },
];

impl Kind {
    /// The kind that a word of the API names.
    pub fn named(word: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.word == word)
    }

    /// Whether it is done to a listing that is there, by somebody at a door.
    pub fn is_offered(&self) -> bool {
        !self.from.is_empty() && self.actors != [System]
    }
}

impl State {
    pub const ALL: [State; 6] = [Proposed, Listed, UnderReview, Declined, Lifted, Expired];

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Proposed => "proposed",
            Listed => "listed",
            UnderReview => "under_review",
            Declined => "declined",
            Lifted => "lifted",
            Expired => "expired",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            Proposed => "待签发",
            Listed => "已列入",
            UnderReview => "异议复核中",
            Declined => "未予列入",
            Lifted => "已移出",
            Expired => "期满移出",
        }
    }

    /// What the person rates meanwhile is 待核.
    pub const fn is_in_force(self) -> bool {
        matches!(self, Listed | UnderReview)
    }

    pub const fn is_over(self) -> bool {
        matches!(self, Declined | Lifted | Expired)
    }
}

impl Field {
    /// As the API names it.
    pub const fn word(self) -> &'static str {
        match self {
            Field::Reason => "reason",
            Field::Way => "way",
            Field::Text => "text",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for State {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let known = State::ALL.into_iter().find(|state| state.word() == word);
        known.ok_or_else(|| UnknownWord {
            kind: "state of a listing",
            word: word.to_owned(),
        })
    }
}

/// The table in Markdown, for `docs/blocklist.md`, which a test compares with it.
pub fn drawn() -> String {
    let mut text = String::from(
        "| 行为 | API | 起点 | 终点 | 由谁办理 | 不得由谁 | 起算 | 届止 | 作废 | 内容 |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let join = |words: Vec<&str>| match words.is_empty() {
        true => "–".to_owned(),
        false => words.join("、"),
    };
    let clocks = |kinds: &[DeadlineKind]| join(kinds.iter().map(|kind| kind.zh()).collect());
    for kind in &KINDS {
        let steps = kind.not_after.iter().map(|step| match step {
            Step::Proposal => "提出人",
            Step::Signature => "签发人",
        });
        let fields = kind.fields.iter().map(|field| field.word());
        text.push_str(&format!(
            "| {} | `{}` | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            kind.zh,
            kind.word,
            join(kind.from.iter().map(|state| state.zh()).collect()),
            kind.to.zh(),
            join(kind.actors.iter().map(|actor| actor.zh()).collect()),
            join(steps.collect()),
            clocks(kind.starts.as_slice()),
            clocks(kind.meets),
            clocks(kind.voids),
            join(fields.collect()),
        ));
    }
    text
}
