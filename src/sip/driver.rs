//! One task per call: it owns the dialog, takes the stack's states and the user's
//! commands, keeps the session timer, and sends the BYE that is due.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rsip::prelude::HeadersExt;
use rsip::{Header, Method, Response, StatusCode};
use rsipstack::dialog::dialog::{
    DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle,
};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::transaction::transaction::{TransactionEvent, TransactionEventSender};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{self, JoinSet};
use tokio_util::sync::CancellationToken;

use super::Error;
use super::agent::{Core, stack};
use super::call::{Command, DialogEvent, Done, OfferReply, Reply};
use super::timer::{self, Answer, Due, SessionExpires, SessionTimer, Side, Terms};
use crate::guard;
use crate::guard::Enrolled;
use crate::seam::{headers, rsip};

mod commands;
mod offers;
mod referrals;

/// Events that may wait for their reader; beyond it INFO and offers are refused.
const WAITING_EVENTS: usize = 64;
const WAITING_COMMANDS: usize = 8;
const NO_ACK: &str = "no ACK came to our 200";
const NO_SOUND: &str = "no sound came, and others wanted the place";

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// An INVITE waits for our answer.
    Ringing,
    /// Our 200 waits for its ACK.
    Accepted,
    Established,
    /// Our BYE is under way.
    Ending,
    Over,
}

impl Phase {
    fn is_answered(self) -> bool {
        matches!(self, Phase::Accepted | Phase::Established)
    }
}

pub(super) struct Driver {
    core: Arc<Core>,
    dialog: InviteDialog,
    states: DialogStateReceiver,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<DialogEvent>,
    /// A place kept for the last event, however full the queue is.
    last: Option<mpsc::OwnedPermit<DialogEvent>>,
    enrolled: Enrolled,
    over: CancellationToken,
    phase: Phase,
    /// Our user has let go of the call.
    abandoned: bool,
    /// The agent stops.
    stopping: bool,
    local_sdp: String,
    remote_sdp: Vec<u8>,
    invited: Option<Invited>,
    timer: Option<SessionTimer>,
    peer_updates: bool,
    refreshes_crossed: u8, // In a row, offers of theirs.
    /// An offer of ours waits for its answer.
    offering: bool,
    /// An offer of theirs waits for its answer.
    answering: bool,
    requests: JoinSet<Outcome>,
    /// A BYE asked for before the ACK.
    bye_due: Option<(Option<String>, Option<Done<()>>)>,
    acknowledged: Option<u32>,
    /// A REFER of theirs is under way.
    referring: Option<referrals::Referring>,
    /// A NOTIFY waits for its answer; the next one waits for it, also one of another REFER, so that they come in order.
    notifying: Option<task::Id>,
}

/// What an INVITE that came in brings along.
pub(super) struct Invited {
    /// What the 200 will say about the session timer.
    pub agreed: Answer,
    /// Takes a response of ours: the stack's own refusal has no room for headers.
    pub transaction: TransactionEventSender,
    /// The call's place went to another, as its ACK or sound is overdue.
    pub given_up: CancellationToken,
}

/// The ends of a driver that its user holds.
pub(super) struct Ends {
    pub commands: mpsc::Sender<Command>,
    pub events: mpsc::Receiver<DialogEvent>,
    pub over: CancellationToken,
}

/// What became of a request of ours, or of an offer of theirs.
enum Outcome {
    Bye,
    Nothing,
    Offered {
        offer: Offer,
        response: Result<Option<Response>, Error>,
    },
    /// The pause after a 491 is over.
    GlareOver(Offer),
    Refreshed(Result<Option<Response>, Error>),
    /// An offer of theirs with the answer we gave; `None` where it was refused.
    Replied(Option<Agreement>),
    /// A REFER of theirs was answered: accepted or not.
    Referred(bool),
    Notified,
}

/// An offer of ours.
struct Offer {
    sdp: String,
    /// How often a 491 may still send it again.
    tries: u8,
    done: Done<Vec<u8>>,
}

/// What an answered offer settles.
struct Agreement {
    local_sdp: String,
    remote_sdp: Vec<u8>,
    terms: Terms,
}

impl Driver {
    /// Drives an incoming call from its INVITE on.
    pub fn uas(
        core: Arc<Core>,
        dialog: InviteDialog,
        states: DialogStateReceiver,
        enrolled: Enrolled,
        invited: Invited,
    ) -> (Driver, Ends) {
        let request = dialog.initial_request();
        let peer_updates = headers::has_token(&request.headers, "Allow", "UPDATE");
        let (mut driver, ends) = Driver::new(core, dialog, states, enrolled, peer_updates);
        driver.invited = Some(invited);
        driver.remote_sdp = headers::sdp_of(&request.headers, &request.body).unwrap_or_default();
        (driver, ends)
    }

    /// Drives a call of ours from its 200 on.
    pub fn uac(
        core: Arc<Core>,
        dialog: InviteDialog,
        states: DialogStateReceiver,
        enrolled: Enrolled,
        local_sdp: String,
        response: &Response,
        now: Instant,
    ) -> (Driver, Ends) {
        let peer_updates = headers::has_token(&response.headers, "Allow", "UPDATE");
        let policy = core.policy;
        let (mut driver, ends) = Driver::new(core, dialog, states, enrolled, peer_updates);
        driver.phase = Phase::Established;
        driver.local_sdp = local_sdp;
        driver.remote_sdp = response.body.clone();
        let terms = timer::settled(headers::asked(response), policy);
        driver.timer = Some(SessionTimer::start(terms, now));
        (driver, ends)
    }

    fn new(
        core: Arc<Core>,
        dialog: InviteDialog,
        states: DialogStateReceiver,
        enrolled: Enrolled,
        peer_updates: bool,
    ) -> (Driver, Ends) {
        let (commands_sender, commands) = mpsc::channel(WAITING_COMMANDS);
        let (events, events_receiver) = mpsc::channel(WAITING_EVENTS);
        let last = events.clone().try_reserve_owned().ok();
        let over = CancellationToken::new();
        let driver = Driver {
            core,
            dialog,
            states,
            commands,
            events,
            last,
            enrolled,
            over: over.clone(),
            phase: Phase::Ringing,
            abandoned: false,
            stopping: false,
            local_sdp: String::new(),
            remote_sdp: Vec::new(),
            invited: None,
            timer: None,
            peer_updates,
            refreshes_crossed: 0,
            offering: false,
            answering: false,
            requests: JoinSet::new(),
            bye_due: None,
            acknowledged: None,
            referring: None,
            notifying: None,
        };
        let ends = Ends {
            commands: commands_sender,
            events: events_receiver,
            over,
        };
        (driver, ends)
    }

    pub async fn run(mut self) {
        let hangup = self.core.hangup.clone();
        let given_up = self
            .invited
            .as_ref()
            .map_or_else(CancellationToken::new, |invited| invited.given_up.clone());
        while self.phase != Phase::Over {
            let wake = self.timer.map(|timer| timer.next());
            tokio::select! {
                biased;
                state = self.states.recv() => match state {
                    Some(state) => self.on_state(state),
                    None => self.end(DialogEvent::Lost { why: "the stack gave the dialog up" }),
                },
                Some(outcome) = self.requests.join_next() => match outcome {
                    Ok(outcome) => self.on_outcome(outcome),
                    Err(lost) => self.on_lost(lost.id()),
                },
                command = self.commands.recv(), if !self.abandoned => match command {
                    Some(command) => self.on_command(command),
                    None => {
                        self.abandoned = true;
                        self.let_go(500);
                    }
                },
                () = hangup.cancelled(), if !self.stopping => {
                    self.stopping = true;
                    self.let_go(503);
                }
                () = given_up.cancelled(), if self.phase.is_answered() => self.give_up(),
                () = at(wake) => self.on_timer(),
            }
        }
        self.over.cancel();
        self.core.layer.remove_dialog(&self.dialog.id());
        // Replies under way belong to this call and are finished with it.
        while self.requests.join_next().await.is_some() {}
    }

    fn on_state(&mut self, state: DialogState) {
        match state {
            DialogState::Confirmed(..) => self.on_confirmed(),
            DialogState::Updated(_, request, handle) => self.on_offer(&request, handle),
            DialogState::Info(_, request, handle) => self.on_info(&request, handle),
            DialogState::Options(_, _, handle) => {
                self.reply(handle, StatusCode::OK, headers::abilities());
            }
            DialogState::Refer(_, request, handle) => self.on_refer(&request, handle),
            DialogState::Message(_, _, handle)
            | DialogState::Notify(_, _, handle)
            | DialogState::Publish(_, _, handle) => {
                let allow = vec![Header::Allow(headers::ALLOW.into())];
                self.reply(handle, StatusCode::MethodNotAllowed, allow);
            }
            DialogState::Terminated(_, reason) => self.on_terminated(&reason),
            DialogState::Calling(_)
            | DialogState::Trying(_)
            | DialogState::Early(..)
            | DialogState::WaitAck(..) => {}
        }
    }

    /// The stack says so after the ACK, and again after other requests: the CSeq tells them apart.
    fn on_confirmed(&mut self) {
        let Some(ack) = self.dialog.last_remote_ack() else {
            return;
        };
        let Ok(cseq) = ack.cseq_header().and_then(|cseq| cseq.seq()) else {
            return;
        };
        if self.acknowledged == Some(cseq) {
            return;
        }
        self.acknowledged = Some(cseq);
        let sdp = headers::sdp_of(&ack.headers, &ack.body);
        if let Some(sdp) = &sdp {
            self.remote_sdp.clone_from(sdp);
        }
        if self.phase == Phase::Accepted {
            self.phase = Phase::Established;
            self.enrolled.acknowledged();
            self.tell(DialogEvent::Acknowledged { sdp });
            if let Some((reason, done)) = self.bye_due.take() {
                self.bye(reason, done);
            }
        } else if sdp.is_some() {
            self.tell(DialogEvent::Acknowledged { sdp });
        }
    }

    fn on_terminated(&mut self, reason: &TerminatedReason) {
        if self.phase == Phase::Ending {
            // The answer to our BYE is still due; its outcome ends the call.
            return;
        }
        let event = match reason {
            TerminatedReason::UacBye | TerminatedReason::UasBye => DialogEvent::Bye {
                reason: self.enrolled.known.bye_reason(),
            },
            TerminatedReason::UacCancel => DialogEvent::Lost {
                why: "the caller cancelled",
            },
            TerminatedReason::Timeout => DialogEvent::Lost { why: NO_ACK },
            _ => DialogEvent::Lost {
                why: "the stack gave the dialog up",
            },
        };
        self.end(event);
    }

    fn on_info(&mut self, request: &rsip::Request, handle: TransactionHandle) {
        let content_type = headers::value(&request.headers, "Content-Type").unwrap_or_default();
        let told = self.events.try_send(DialogEvent::Info {
            content_type: content_type.to_owned(),
            body: request.body.clone(),
        });
        match told {
            Ok(()) => self.reply(handle, StatusCode::OK, Vec::new()),
            Err(_) => {
                guard::count("slow_reader");
                let again = vec![headers::retry_after(Duration::from_secs(1))];
                self.reply(handle, StatusCode::ServiceUnavailable, again);
            }
        }
    }

    fn reply(&mut self, handle: TransactionHandle, status: StatusCode, extra: Vec<Header>) {
        self.requests.spawn(async move {
            let _ = handle.respond(status, Some(extra), None).await;
            Outcome::Nothing
        });
    }

    /// RFC 3261 §12.2.1.2: a 481, a 408 or silence ends the dialog.
    fn lose(&mut self, why: &'static str) {
        self.tell_last(DialogEvent::Lost { why });
        self.bye(None, None);
    }

    fn end(&mut self, event: DialogEvent) {
        if self.phase.is_answered() {
            self.tell_last(event);
        }
        if let Some((_, Some(done))) = self.bye_due.take() {
            let _ = done.send(Err(Error::Over));
        }
        self.phase = Phase::Over;
    }

    fn tell(&mut self, event: DialogEvent) {
        if self.events.try_send(event).is_err() {
            guard::count("slow_reader");
        }
    }

    fn tell_last(&mut self, event: DialogEvent) {
        if let Some(place) = self.last.take() {
            place.send(event);
        }
    }
}

/// Nothing from outside may start a new header line.
pub(super) fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[allow(clippy::disallowed_methods)] // the shell's clock: the session timer is told it
pub(super) fn now() -> Instant {
    Instant::now()
}

async fn at(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}
