//! A caller is handed to somebody outside: judged, called through the trunk, and told of as a desk that is hunted is.
//!
//! **Invariant:** nobody is called whom [`crate::transfers`] does not allow; a call calls one at a time and only so many;
//! a line of the house is held for each until he is let go of, and what is dropped here is cancelled.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::dialing::{self, Dialling, Offers, Step, Trunk, WayOut};
use crate::errands::Ended;
use crate::floor::{Hunted, Seat};
use crate::ivr::Unavailable;
use crate::media::Media;
use crate::ringing::{Answered, DeskEars, DeskLine};
use crate::sip::{self, Agent};
use crate::transfers::{No, Rules, Target};
use crate::trunkline::Trunklines;

/// How the house reaches who is outside. Cheap to clone.
#[derive(Clone)]
pub struct Onward {
    agent: Agent,
    media: Media,
    trunkline: Option<Trunklines>,
    /// `None`: no call goes out.
    trunk: Option<Trunk>,
    rules: Arc<Rules>,
    /// The patterns, as people read them.
    allowed: Arc<[String]>,
}

/// What one call may do of it.
pub struct Outside {
    onward: Onward,
    /// Why nobody is called from this call, whoever he is.
    never: Option<No>,
    /// The number by which the call came in.
    called: Option<String>,
    left: u8,
}

/// A call to the outside that goes on. Dropped, it is cancelled.
pub struct Call {
    _until: DropGuard,
}

impl Onward {
    pub fn new(
        agent: Agent,
        media: Media,
        trunkline: Option<Trunklines>,
        trunk: Option<Trunk>,
        rules: Rules,
    ) -> Onward {
        let allowed = rules.outside.iter().map(ToString::to_string).collect();
        Onward {
            agent,
            media,
            trunkline,
            trunk,
            rules: Arc::new(rules),
            allowed,
        }
    }

    /// For one call: a `rehearsal` does not leave the house, and nobody is handed to the number that he `called`.
    pub fn of_call(&self, rehearsal: bool, called: Option<String>) -> Outside {
        Outside {
            onward: self.clone(),
            never: No::of_call(self.trunk.is_some(), rehearsal),
            called,
            left: self.rules.a_call,
        }
    }
}

impl Outside {
    /// The patterns of whom this call may be handed to; none: nobody.
    pub fn allowed(&self) -> Arc<[String]> {
        match self.never {
            None => Arc::clone(&self.onward.allowed),
            Some(_) => Arc::default(),
        }
    }

    /// Whom this names, where he may be called now. `own`: the numbers that the dialplans answer.
    pub fn judge<'a>(
        &'a self,
        written: &str,
        own: impl IntoIterator<Item = &'a str>,
    ) -> Result<Target, No> {
        let own = own.into_iter().chain(self.called.as_deref());
        let target = self.onward.rules.judge(written, own)?;
        match self.never {
            Some(no) => Err(no),
            None if self.left == 0 => Err(No::TooOften),
            None => Ok(target),
        }
    }

    /// Begins to call him; what becomes of it comes by the receiver.
    pub fn call(
        &mut self,
        target: &Target,
        call: &str,
    ) -> Result<(Call, mpsc::Receiver<Hunted>), No> {
        let onward = &self.onward;
        let trunk = onward.trunk.as_ref().ok_or(No::Off)?;
        let ways = dialing::ways_out(trunk, onward.trunkline.as_ref(), &target.dialled);
        if ways.is_empty() {
            return Err(No::NoTrunk);
        }
        let line = onward.agent.take_line().ok_or(No::NoLine)?;
        self.left = self.left.saturating_sub(1);
        let (told, receiver) = mpsc::channel(16);
        let over = CancellationToken::new();
        let attempt = Attempt {
            agent: onward.agent.clone(),
            media: onward.media.clone(),
            trunk: trunk.clone(),
            shown: target.shown.clone(),
            call: call.to_owned(),
            line,
        };
        tokio::spawn(attempt.run(ways, told, over.clone()));
        let _until = over.drop_guard();
        Ok((Call { _until }, receiver))
    }
}

struct Attempt {
    agent: Agent,
    media: Media,
    trunk: Trunk,
    shown: String,
    call: String,
    line: sip::Seat,
}

impl Attempt {
    async fn run(self, ways: Vec<WayOut>, told: mpsc::Sender<Hunted>, over: CancellationToken) {
        let answered = tokio::select! {
            answered = self.dial(ways, &told) => answered,
            // Dropping the attempt cancels it.
            () = over.cancelled() => return,
        };
        match answered {
            Ok(answered) => {
                let let_go = CancellationToken::new();
                let found = Hunted::Found {
                    answered: Box::new(answered),
                    seat: Seat::outside(self.shown, let_go.clone().drop_guard()),
                    waited: Default::default(),
                };
                // Whom nobody takes any more is dropped with it, and so hung up.
                let _ = told.send(found).await;
                let_go.cancelled().await;
                drop(self.line);
            }
            Err(why) => {
                // Nobody is rung any more: the line may be another's before that is told.
                drop(self.line);
                let _ = told.send(Hunted::Unavailable(why)).await;
            }
        }
    }

    async fn dial(
        &self,
        ways: Vec<WayOut>,
        told: &mpsc::Sender<Hunted>,
    ) -> Result<Answered, Unavailable> {
        let failed = |error: &dyn std::fmt::Display| {
            tracing::warn!(call = self.call, %error, "nobody outside can be called");
            Unavailable::Failed
        };
        let (mut leg, offers) = Offers::made(&self.media, &ways).map_err(|error| failed(&error))?;
        let begun = Dialling::begin(&self.agent, ways, self.trunk.ring, offers, &self.call);
        let mut dialling = begun.await.map_err(unavailable)?;
        let mut early = None;
        let mut rang = false;
        loop {
            match dialling.next().await {
                Step::Rings { early: sdp } => {
                    early = sdp.or(early);
                    if !std::mem::replace(&mut rang, true) {
                        let desk = self.shown.clone();
                        let _ = told.send(Hunted::Ringing { desk }).await;
                    }
                }
                Step::Not { ended, status } => {
                    if let Some(status) = status {
                        let _ = told.send(Hunted::Refused { status }).await;
                    }
                    return Err(unavailable(ended));
                }
                Step::Answered {
                    dialog,
                    events,
                    sdp,
                } => {
                    // What was said with the ringing holds where the answer says nothing (RFC 6337 §3.1.1).
                    let sdp = match sdp.is_empty() {
                        true => early.unwrap_or_default(),
                        false => sdp,
                    };
                    leg.accept_answer(&sdp).map_err(|error| failed(&error))?;
                    return Ok(Answered {
                        line: DeskLine::Telephone(dialog),
                        events: DeskEars::Telephone(events),
                        leg,
                    });
                }
            }
        }
    }
}

fn unavailable(ended: Ended) -> Unavailable {
    match ended {
        Ended::Busy | Ended::Declined | Ended::Refused => Unavailable::Busy,
        Ended::NoAnswer | Ended::OutOfReach | Ended::Later => Unavailable::NoAnswer,
        _ => Unavailable::Failed,
    }
}
