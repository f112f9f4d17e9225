use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::blocklist::{Kind, Record, Refusal};
use crate::domain::{By, Moment};
use crate::engine::{ListingClock, WholeListing};

/// A listing on the blocklist, or a proposal of one. Who it is stands nowhere: the tickets lead to the rater, for whom
/// a look grants it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing {
    number: u64,
    /// It is its `ETag` too.
    version: u32,
    #[schema(example = "listed")]
    state: String,
    /// By whose rater the person is named.
    ticket: String,
    /// What was judged malicious when it was put forward.
    evidence: Vec<String>,
    /// What counts now: a ruling may have been overturned since.
    counting: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    proposed_at: Moment,
    /// What the person rates from then to the end is 待核.
    #[schema(value_type = Option<String>, format = DateTime)]
    signed_at: Option<Moment>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Moment>,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Moment>,
    history: Vec<ListingRecord>,
    deadlines: Vec<ListingDeadline>,
    acts: Vec<ListingAct>,
}

/// Something that was done to a listing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListingRecord {
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    #[schema(example = "sign")]
    act: String,
    name: String,
    /// Who did it; `null`: the rater, or time.
    person: Option<String>,
    text: Option<String>,
}

/// A deadline of a listing (D20 to D22).
#[derive(Debug, Serialize, ToSchema)]
pub struct ListingDeadline {
    #[schema(example = "listing_objection")]
    kind: String,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    started_at: Moment,
    #[schema(value_type = String, format = DateTime)]
    due_at: Moment,
    #[schema(value_type = Option<String>, format = DateTime)]
    met_at: Option<Moment>,
    #[schema(value_type = Option<String>, format = DateTime)]
    void_at: Option<Moment>,
    #[schema(value_type = Option<String>, format = DateTime)]
    missed_at: Option<Moment>,
    /// 暂定.
    provisional: bool,
}

/// An act, and whether the asker may do it now: `POST /api/v1/listings/{number}/{act}`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListingAct {
    #[schema(example = "sign")]
    act: String,
    name: String,
    allowed: bool,
    /// Why not, in Chinese.
    why_not: Option<String>,
    /// The word of the refusal.
    refusal: Option<String>,
    fields: Vec<String>,
}

/// The listing after an act.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListingActed {
    pub number: u64,
    #[schema(example = "listed")]
    pub state: String,
    /// For the next `If-Match`.
    pub version: u32,
}

/// Puts the rater of a ticket forward for the blocklist.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewListing {
    #[schema(example = "T2026-000123")]
    pub ticket: String,
    pub reason: String,
}

/// What somebody found who looked whether a rating that is 待核 is true.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVerdict {
    /// `valid` or `invalid`.
    #[schema(value_type = String, example = "valid")]
    pub verdict: crate::blocklist::Verdict,
    pub reason: String,
}

/// A rating after it was verified.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatingVerdict {
    pub id: String,
    #[schema(example = "valid")]
    pub standing: String,
}

impl From<WholeListing> for Listing {
    fn from(whole: WholeListing) -> Self {
        let listing = whole.listing;
        Listing {
            number: listing.number,
            version: listing.version,
            state: listing.state.word().to_owned(),
            ticket: listing.ticket.to_string(),
            evidence: listing.evidence.iter().map(ToString::to_string).collect(),
            counting: whole.counting.iter().map(ToString::to_string).collect(),
            proposed_at: listing.proposed_at,
            signed_at: listing.signed_at,
            ends_at: listing.ends_at,
            closed_at: listing.closed_at,
            history: whole.records.into_iter().map(Into::into).collect(),
            deadlines: whole.clocks.into_iter().map(Into::into).collect(),
            acts: whole.acts.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<crate::blocklist::Listing> for ListingActed {
    fn from(listing: crate::blocklist::Listing) -> Self {
        ListingActed {
            number: listing.number,
            state: listing.state.word().to_owned(),
            version: listing.version,
        }
    }
}

impl From<Record> for ListingRecord {
    fn from(record: Record) -> Self {
        let kind = record.act.kind();
        ListingRecord {
            at: record.at,
            act: kind.word.to_owned(),
            name: kind.zh.to_owned(),
            text: record.act.text().map(str::to_owned),
            person: match record.by {
                By::Person(hand) => Some(hand.person.0),
                By::System | By::Rater => None,
            },
        }
    }
}

impl From<ListingClock> for ListingDeadline {
    fn from(clock: ListingClock) -> Self {
        ListingDeadline {
            kind: clock.kind.word().to_owned(),
            name: clock.kind.zh().to_owned(),
            started_at: clock.started_at,
            due_at: clock.due_at,
            met_at: clock.met_at,
            void_at: clock.void_at,
            missed_at: clock.missed_at,
            provisional: clock.provisional,
        }
    }
}

impl From<(&'static Kind, Option<Refusal>)> for ListingAct {
    fn from((kind, no): (&'static Kind, Option<Refusal>)) -> Self {
        let fields = kind.fields.iter().map(|field| field.word().to_owned());
        ListingAct {
            act: kind.word.to_owned(),
            name: kind.zh.to_owned(),
            allowed: no.is_none(),
            why_not: no.as_ref().map(Refusal::zh),
            refusal: no.as_ref().map(|no| no.word().to_owned()),
            fields: fields.collect(),
        }
    }
}
