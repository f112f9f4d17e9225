//! What a supervisor did, on record: beside who heard the call's recording (第十四条), and in the trail (第十七条).

use super::Supervisor;
use crate::domain::{Actor, Article, Entry, Moment, Subject, What};
use crate::engine::{CallId, Engine, Error, Listening, ListeningDoor, Sound};

/// Who supervises which call, and why.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub who: Supervisor,
    pub call: CallId,
    pub reason: String,
}

/// What he does from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Listens,
    Whispers,
    Joins,
    TakesOver,
    Leaves,
}

impl Said {
    fn sound(self) -> Sound {
        match self {
            Said::Listens => Sound::Live,
            Said::Whispers => Sound::LiveWhisper,
            Said::Joins => Sound::LiveJoin,
            Said::TakesOver => Sound::LiveTakeOver,
            Said::Leaves => Sound::LiveEnd,
        }
    }

    /// In the trail.
    fn zh(self) -> &'static str {
        match self {
            Said::Listens => "监听",
            Said::Whispers => "耳语",
            Said::Joins => "加入",
            Said::TakesOver => "接管",
            Said::Leaves => "结束监听",
        }
    }
}

impl Engine {
    /// Returns when it is committed: to be called before anything of it is heard.
    ///
    /// # Errors
    /// Where there is no such call on record, or the database fails.
    pub(super) async fn supervised(&self, act: &Act, said: Said, now: Moment) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let Some((row, _)) = tx.call(&act.call).await? else {
            return Err(Error::NoSuchCall(act.call.0.clone()));
        };
        let listening = Listening {
            call: act.call.clone(),
            sound: said.sound(),
            listener: act.who.login.clone(),
            door: ListeningDoor::Page,
            look: None,
            ticket: None,
            reason: Some(act.reason.clone()),
        };
        tx.insert_listening(&listening, now).await?;
        let entry = Entry {
            at: now,
            actor: Actor::System,
            person: Some(act.who.person.clone()),
            what: What::Act("supervised"),
            about: Subject::Person(act.who.person.clone()),
            article: Article::of(14),
            detail: format!("{}{}通话{}", act.who.login, said.zh(), act.call.0),
            record: None,
            rehearsal: row.rehearsal,
        };
        tx.note(&entry).await?;
        Ok(tx.commit().await?)
    }
}
