//! Looks at identities and recordings (第十四条): asked for with a ground and a reason, judged by the
//! matrix, put on record whatever comes of it (第十七条).

use super::people::Person;
use super::tokens::Token;
use crate::domain::{Actor, Article, Entry, Moment, PersonId, Subject, TicketNumber, UnitId, What};
use crate::engine::{CallId, Engine, Error, Listening, Numbers, TicketRow};
use crate::register::{LookRow, NewLook, Verdict};
use crate::rights::{
    Action, Asked, CallFacts, Grant, Ground, Holder, Judgement, Sight, TicketFacts, WhyNot, judge,
    judge_approval, may,
};

/// How long a granted look holds: a long call may be heard twice, and tomorrow it is asked for again.
const HOLDS_MS: i64 = 60 * 60_000;

/// Who wants to look.
#[derive(Debug, Clone, Copy)]
pub enum Asker<'a> {
    Person(&'a Person),
    Program(&'a Token),
}

/// A wish to look at something of a call.
#[derive(Debug, Clone)]
pub struct LookWish {
    pub call: CallId,
    pub sight: Sight,
    pub ground: Option<Ground>,
    pub reason: String,
}

/// What came of it; it is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookOutcome {
    Granted(LookRow),
    /// A second person must agree.
    Pending(LookRow),
    Refused(WhyNot),
}

/// What somebody may do with a call's sound now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hearing {
    /// It is a rehearsal, or a look in force is the ground.
    Open(Option<Box<LookRow>>),
    /// A look has to be asked for first.
    Ask,
    /// The matrix says no, whatever the ground.
    Closed(WhyNot),
}

impl Asker<'_> {
    fn name(&self) -> &str {
        match self {
            Asker::Person(person) => &person.name,
            Asker::Program(token) => &token.name,
        }
    }

    fn person(&self) -> Option<&PersonId> {
        match self {
            Asker::Person(person) => Some(&person.id),
            Asker::Program(_) => None,
        }
    }

    fn staff(&self) -> Option<&str> {
        match self {
            Asker::Person(person) => person.hand.staff.as_deref(),
            Asker::Program(_) => None,
        }
    }

    fn holders(&self) -> Vec<Holder> {
        match self {
            Asker::Person(person) => Holder::of_hand(&person.hand),
            Asker::Program(token) => token.scopes.iter().copied().map(Holder::Scope).collect(),
        }
    }

    fn is_of(&self, unit: &UnitId) -> bool {
        match self {
            Asker::Person(person) => person.hand.is_of(unit),
            Asker::Program(_) => false,
        }
    }
}

impl Engine {
    /// `None` where there is no such call. Returns when it is on record.
    pub async fn ask_look(
        &self,
        wish: &LookWish,
        asker: Asker<'_>,
        now: Moment,
    ) -> Result<Option<LookOutcome>, Error> {
        let mut tx = self.write().await?;
        let Some((row, _)) = tx.call(&wish.call).await? else {
            return Ok(None);
        };
        let ticket = match &wish.ground {
            Some(Ground::Ticket(number)) => tx.ticket(number).await?,
            _ => None,
        };
        let units = match &ticket {
            Some(ticket) => tx.units_of(&ticket.number).await?,
            None => Vec::new(),
        };
        let facts = ticket.as_ref().map(|ticket| TicketFacts {
            is_of_the_call: ticket.call_id.as_ref() == Some(&wish.call),
            is_of_own_unit: units.iter().any(|unit| asker.is_of(unit)),
        });
        let call = CallFacts {
            rehearsal: row.rehearsal,
            live: row.ended_at.is_none(),
            staff: row.staff,
        };
        let judgement = judge(&Asked {
            sight: wish.sight,
            holders: &asker.holders(),
            staff: asker.staff(),
            call: &call,
            ground: wish.ground.as_ref(),
            ticket: facts,
            reason: &wish.reason,
        });
        let (verdict, refusal) = match &judgement {
            Judgement::Granted => (Verdict::Granted, None),
            Judgement::NeedsAnother => (Verdict::Pending, None),
            Judgement::Refused(why) => (Verdict::Refused, Some(why.zh())),
        };
        let new = NewLook {
            call: &wish.call,
            sight: wish.sight,
            asker: asker.name(),
            person: asker.person(),
            staff: asker.staff(),
            ground: wish.ground.as_ref(),
            // A longer one is refused, and kept as far as a reason goes.
            reason: &wish.reason.trim().chars().take(500).collect::<String>(),
            verdict,
            refusal,
        };
        let id = tx.insert_look(&new, now).await?;
        tx.note(&noted(&new, ticket.as_ref(), row.rehearsal, now))
            .await?;
        let look = tx.look(id).await?.expect("it was just written");
        tx.commit().await?;
        Ok(Some(match judgement {
            Judgement::Granted => LookOutcome::Granted(look),
            Judgement::NeedsAnother => LookOutcome::Pending(look),
            Judgement::Refused(why) => LookOutcome::Refused(why),
        }))
    }

    /// The second person's answer to a pending look. `Err` of the inner result: why it is not taken.
    pub async fn answer_look(
        &self,
        id: i64,
        agreed: bool,
        note: &str,
        second: &Person,
        now: Moment,
    ) -> Result<Result<LookRow, WhyNot>, Error> {
        let mut tx = self.write().await?;
        tx.lock_look(id).await?;
        let waits = |look: &LookRow| look.verdict == Verdict::Pending && look.answer.is_none();
        let Some(look) = tx.look(id).await?.filter(waits) else {
            return Ok(Err(WhyNot::NothingWaits));
        };
        let nobody = PersonId(String::new());
        let asker = look.person.as_ref().unwrap_or(&nobody);
        let allowed = judge_approval(look.sight, (asker, look.staff.as_deref()), &second.hand);
        if let Err(why) = allowed {
            return Ok(Err(why));
        }
        let by = (&second.id, second.name.as_str());
        let note: String = note.trim().chars().take(500).collect();
        if !tx.insert_look_answer(id, by, agreed, &note, now).await? {
            return Ok(Err(WhyNot::NothingWaits));
        }
        let (said, sight) = (if agreed { "同意" } else { "不同意" }, look.sight.zh());
        let entry = Entry {
            at: now,
            actor: Actor::System,
            person: Some(second.id.clone()),
            what: What::Act("look_answered"),
            about: about(look.ticket.as_deref(), Some(&second.id)),
            article: Article::of(14),
            detail: format!(
                "{}{said}{}查看通话{}的{sight}",
                second.name, look.asker, look.call.0
            ),
            record: None,
            rehearsal: false,
        };
        tx.note(&entry).await?;
        let look = tx.look(id).await?.expect("it is locked");
        tx.commit().await?;
        Ok(Ok(look))
    }

    /// Newest first: of one call, or those that wait for a second person. `before` is an id.
    pub async fn looks(
        &self,
        call: Option<&CallId>,
        waiting: bool,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<LookRow>, Error> {
        let mut tx = self.read().await?;
        Ok(tx.looks(call, waiting, before, i64::from(limit)).await?)
    }

    /// What the asker may do with a call's sound now; the recording as a file is a look of its own.
    pub async fn hearing(
        &self,
        call: &CallId,
        rehearsal: bool,
        sight: Sight,
        asker: Asker<'_>,
        now: Moment,
    ) -> Result<Hearing, Error> {
        let grants = match may(sight.action(), &asker.holders()) {
            Ok(grants) => grants,
            Err(forbidden) => return Ok(Hearing::Closed(forbidden.into())),
        };
        let only = |grant: Grant| grants.held.iter().all(|(_, held)| *held == grant);
        if only(Grant::LogOnly) {
            return Ok(Hearing::Closed(WhyNot::LogOnly));
        }
        if only(Grant::Masked) {
            return Ok(Hearing::Closed(WhyNot::MaskedOnly));
        }
        // Nobody's case: no ground is needed, and a listening is on record all the same.
        if rehearsal {
            return Ok(Hearing::Open(None));
        }
        if only(Grant::Rehearsals) {
            return Ok(Hearing::Closed(WhyNot::RehearsalsOnly));
        }
        let since = now.plus_millis(-HOLDS_MS);
        let mut tx = self.read().await?;
        let look = tx
            .look_in_force(call, sight, asker.person(), asker.name(), since)
            .await?;
        Ok(match look {
            Some(look) => Hearing::Open(Some(Box::new(look))),
            None => Hearing::Ask,
        })
    }

    /// The caller's number whole, where a look in force allows it; else masked.
    pub async fn numbers_of(
        &self,
        call: &CallId,
        asker: Asker<'_>,
        now: Moment,
    ) -> Result<Numbers, Error> {
        let since = now.plus_millis(-HOLDS_MS);
        let mut tx = self.read().await?;
        let look = tx
            .look_in_force(call, Sight::Identity, asker.person(), asker.name(), since)
            .await?;
        // What the matrix takes away is gone at once, whatever was granted before.
        let still = may(Action::SeeIdentity, &asker.holders()).is_ok();
        Ok(match look.is_some() && still {
            true => Numbers::Shown,
            false => Numbers::Masked,
        })
    }
}

impl Hearing {
    /// The listening with its ground, as its row has it.
    pub fn grounded(&self, mut listening: Listening) -> Listening {
        if let Hearing::Open(Some(look)) = self {
            listening.look = Some(look.id);
            listening.ticket = look.ticket.clone();
            listening.reason = Some(look.reason.clone());
        }
        listening
    }
}

fn noted(new: &NewLook<'_>, ticket: Option<&TicketRow>, rehearsal: bool, now: Moment) -> Entry {
    let what = match new.verdict {
        Verdict::Granted => "look_granted",
        Verdict::Pending => "look_asked",
        Verdict::Refused => "look_refused",
    };
    let ground = match new.ground {
        Some(Ground::Ticket(number)) => format!("工单{number}"),
        Some(Ground::CallersRequest) => "来电人本人的要求".to_owned(),
        None => "未说明依据".to_owned(),
    };
    let (asker, sight, call) = (new.asker, new.sight.zh(), &new.call.0);
    let refusal = new
        .refusal
        .as_deref()
        .map_or(String::new(), |why| format!("；未准：{why}"));
    Entry {
        at: now,
        actor: Actor::System,
        person: new.person.cloned(),
        what: What::Act(what),
        about: about(ticket.map(|ticket| ticket.number.as_str()), new.person),
        article: Article::of(14),
        detail: format!("{asker}申请查看通话{call}的{sight}，依据：{ground}{refusal}"),
        record: None,
        rehearsal,
    }
}

/// The ticket where there is one, so that its trail tells who looked; else the person.
fn about(ticket: Option<&str>, person: Option<&PersonId>) -> Subject {
    let number = ticket.and_then(|number| number.parse::<TicketNumber>().ok());
    match (number, person) {
        (Some(number), _) => Subject::Ticket(number),
        (None, Some(person)) => Subject::Person(person.clone()),
        (None, None) => Subject::Unit(UnitId::centre()),
    }
}
