//! The shapes of `/api/v1`. They are the product's promise to programs: the engine's rows may change,
//! these only grow. Instants are RFC 3339 at +08:00; numbers of callers are masked.

mod board;
mod bulletins;
mod calendars;
mod calls;
mod casework;
mod errands;
mod figures;
mod listings;
mod looks;
mod matters;
mod people;
mod published;
mod ratings;
mod tickets;

pub use board::Board;
pub use bulletins::{BulletinHead, BulletinTerm, NewBulletin, SeenBulletin, WholeBulletin};
pub use calendars::{ChangedDay, Foreseen, MovedDue, NewProposal, Proposal};
pub use calls::{Call, Waveform, WholeCall};
pub use casework::{Acted, Casework};
pub use errands::{Errand, ErrandAttempt, NewErrand};
pub use figures::{CountedThing, FigureDefinition, FigureTable, Reconciliation, Sign, Spot};
pub use listings::{Listing, ListingActed, NewListing, NewVerdict, RatingVerdict};
pub use looks::{Look, LookAnswer, NewLook, SecondSaid};
pub use matters::{Completion, Matter, NewMatter};
pub use people::{
    NewPerson, NewPost, NewUnit, OneTimePassword, Person, Post, Revoked, Unit, UnitName,
};
pub use published::{Publication, PublishedMonth};
pub use ratings::{
    EnteredSuggestion, NationalOption, NewRater, NewRating, NewService, NewSuggestion, Taken,
};
pub use tickets::{Rating, TickedOption, Ticket, WholeTicket};

use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::Page;

/// A page of a list. `next` goes into `cursor` of the next request; `null` at the end.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// A list that is made of what was counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountedList<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
    /// Changes that were not counted yet when this was asked, of whatever day: it is without them. 10001 where there
    /// are more than 10000.
    pub waiting: u64,
}

impl<T> List<T> {
    pub fn counted(self, waiting: u64) -> CountedList<T> {
        CountedList {
            items: self.items,
            next: self.next,
            waiting,
        }
    }

    pub fn of<R: Into<T>>(page: Page<R>) -> Self {
        List {
            items: page.items.into_iter().map(Into::into).collect(),
            next: page.next,
        }
    }

    /// A list that is short enough to be one page.
    pub fn whole<R: Into<T>>(rows: impl IntoIterator<Item = R>) -> Self {
        List {
            items: rows.into_iter().map(Into::into).collect(),
            next: None,
        }
    }
}

/// Words of the engine's own types, for the document alone.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($word:ident)* })*) => {$(
        $(#[$doc])*
        #[derive(ToSchema)]
        #[schema(rename_all = "snake_case")]
        #[allow(dead_code)] // only its schema is used
        pub enum $name { $($word),* }
    )*};
}

words! {
    /// A grade (评价等次, 第五条), best first.
    GradeWord { VerySatisfied Satisfied BasicallySatisfied Dissatisfied VeryDissatisfied }
    /// 好评 or 差评 (第五条).
    PolarityWord { Positive Negative }
    /// Where a call stands.
    CallStateWord { Greeting Talking Rating Ended Interrupted }
    /// Who ended a call.
    HungUpByWord { Caller Desk System }
    /// How a wait in the queue ended.
    WaitEndWord { Talk Callback Message Abandoned }
    /// What kind of message a clip is.
    ClipKindWord { Remark Voice }
    /// What is listened to.
    SoundWord { Recording Remark Voice Live LiveWhisper LiveJoin LiveTakeOver LiveEnd }
    /// By a person's login or by a token.
    ListeningDoorWord { Page Api }
    /// What is looked at: the caller's number, the recording played, the recording as a file.
    SightWord { Identity Recording Download }
    /// What a call out is for: 回访, 告知结果, 回呼.
    ErrandPurposeWord { Revisit Result Callback }
    /// Where a call out stands.
    ErrandStateWord { Waiting Calling Closed }
    /// What a unit is (第三条, 第九条, 第十条).
    UnitKindWord { Centre GeneralOffice HandlingUnit Bureau }
    /// What a person may be in a unit; see docs/rights.md.
    RoleWord {
        Agent CentreOfficer CentreRevisitor CentreSupervisor OfficeClerk OfficeSigner UnitLiaison
        UnitHead Auditor Administrator
    }
}
