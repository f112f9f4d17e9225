//! A supervisor (督导) in a running call: he listens, whispers, joins and takes over from his page, with a reason.
//!
//! **Invariant:** nobody hears or is heard before who, when, which call and why are on record; a call has one supervisor
//! at a time; whatever becomes of him, or of the database, the call is neither kept waiting nor ended by it.

mod calls;
mod oneway;
mod record;
#[cfg(test)]
mod tests;
mod watching;

pub use calls::{Hold, Order, Orders};
pub use oneway::word_of;

use crate::console::{Bell, Consoles, Mode, NoPage};
use crate::domain::{Moment, PersonId};
use crate::engine::{self, CallId, Engine};
use crate::media::Media;
use crate::rights::{WhyNot, reason};
use calls::Calls;
use record::{Act, Said};
use watching::Watching;

/// Where supervisors reach running calls. Cheap to clone.
#[derive(Clone)]
pub struct Supervisions {
    engine: Engine,
    media: Media,
    /// `None` where no desk is a page: then nobody supervises.
    consoles: Option<Consoles>,
    calls: Calls,
}

/// Who supervises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervisor {
    /// The name of his login, whose page has the sound.
    pub login: String,
    pub person: PersonId,
}

/// What he wants, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub call: CallId,
    pub mode: Mode,
    /// 4 to 500 characters, as for hearing a recording (第十四条).
    pub reason: String,
}

/// Why it does not begin.
#[derive(Debug, thiserror::Error)]
pub enum NotBegun {
    #[error(transparent)]
    Reason(#[from] WhyNot),
    #[error("no such call goes on")]
    NoCall,
    #[error("somebody supervises it already")]
    Supervised,
    #[error("the page of his own desk is not open")]
    NoPage,
    #[error("something rings or talks at his own desk")]
    Taken,
    /// It cannot be put on record.
    #[error(transparent)]
    Engine(#[from] engine::Error),
}

impl NotBegun {
    /// The word for the locale files; `None` for a fault and for a reason that is none, which have texts of their own.
    pub fn word(&self) -> Option<&'static str> {
        match self {
            NotBegun::Reason(_) | NotBegun::Engine(_) => None,
            NotBegun::NoCall => Some("no_call"),
            NotBegun::Supervised => Some("supervised"),
            NotBegun::NoPage => Some("no_page"),
            NotBegun::Taken => Some("taken"),
        }
    }
}

impl Supervisions {
    /// Of the calls that [`Supervisions::enter`] names from now on.
    pub fn open(engine: Engine, media: Media, consoles: Option<Consoles>) -> Supervisions {
        Supervisions {
            engine,
            media,
            consoles,
            calls: Calls::default(),
        }
    }

    /// A call goes on: what a supervisor wants of it comes by the result, until that is dropped.
    /// `caller`: his number, whole.
    pub fn enter(&self, call: &str, caller: Option<String>) -> Orders {
        self.calls.enter(call, caller)
    }

    /// Puts the act on record and has the supervisor's page take the sound, beside the caller of this.
    ///
    /// # Errors
    /// Where the reason says nothing, nobody is there to be heard or to hear, or it cannot be put on record.
    pub async fn begin(&self, who: Supervisor, wish: Wish, now: Moment) -> Result<(), NotBegun> {
        let why = reason(&wish.reason)?.to_owned();
        let consoles = self.consoles.clone().ok_or(NotBegun::NoPage)?;
        let watched = self.calls.watch(&wish.call.0)?;
        let post = consoles.may_supervise(&who.login).map_err(|no| match no {
            NoPage::NotThere => NotBegun::NoPage,
            NoPage::Taken => NotBegun::Taken,
        })?;
        let act = Act {
            who,
            call: wish.call,
            reason: why,
        };
        self.engine.supervised(&act, wish.mode.into(), now).await?;
        let bell = Bell {
            call: act.call.0.clone(),
            caller: watched.caller.clone(),
            matter: None,
            waited: std::time::Duration::ZERO,
            supervises: Some(wish.mode),
        };
        let watching = Watching {
            engine: self.engine.clone(),
            consoles,
            act,
            post,
            watched,
            mode: wish.mode,
            is_away: false,
        };
        tokio::spawn(watching.run(self.media.clone(), bell));
        Ok(())
    }
}

impl From<Mode> for Said {
    fn from(mode: Mode) -> Said {
        match mode {
            Mode::Listen => Said::Listens,
            Mode::Whisper => Said::Whispers,
            Mode::Join => Said::Joins,
        }
    }
}
