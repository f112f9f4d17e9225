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
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Error;
use super::agent::{Core, stack};
use super::call::{Command, DialogEvent, Done, OfferReply, Reply};
use super::guard::Enrolled;
use super::headers::{self, rsip};
use super::timer::{self, Answer, Due, SessionExpires, SessionTimer, Side, Terms};

/// Events that may wait for their reader; beyond it INFO and offers are refused.
const WAITING_EVENTS: usize = 64;
const WAITING_COMMANDS: usize = 8;

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

pub(super) struct Driver {
    core: Arc<Core>,
    dialog: InviteDialog,
    states: DialogStateReceiver,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<DialogEvent>,
    enrolled: Enrolled,
    over: CancellationToken,
    phase: Phase,
    /// Our user has let go of the call.
    abandoned: bool,
    local_sdp: String,
    remote_sdp: Vec<u8>,
    invited: Option<Invited>,
    timer: Option<SessionTimer>,
    peer_updates: bool,
    /// An offer of ours waits for its answer.
    offering: bool,
    /// An offer of theirs waits for its answer.
    answering: bool,
    requests: JoinSet<Outcome>,
    /// A BYE asked for before the ACK.
    bye_due: Option<(Option<String>, Option<Done<()>>)>,
    acknowledged: Option<u32>,
}

/// What an INVITE that came in brings along.
pub(super) struct Invited {
    /// What the 200 will say about the session timer.
    pub agreed: Answer,
    /// Takes a response of ours: the stack's own refusal has no room for headers.
    pub transaction: TransactionEventSender,
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
    Info,
    Offered {
        sdp: String,
        response: Result<Option<Response>, Error>,
        done: Done<Vec<u8>>,
    },
    Refreshed(Result<Option<Response>, Error>),
    /// The answer we gave, and the terms it carried; `None` where it was refused.
    Replied(Option<(String, Terms)>),
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
        let over = CancellationToken::new();
        let driver = Driver {
            core,
            dialog,
            states,
            commands,
            events,
            enrolled,
            over: over.clone(),
            phase: Phase::Ringing,
            abandoned: false,
            local_sdp: String::new(),
            remote_sdp: Vec::new(),
            invited: None,
            timer: None,
            peer_updates,
            offering: false,
            answering: false,
            requests: JoinSet::new(),
            bye_due: None,
            acknowledged: None,
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
        while self.phase != Phase::Over {
            let wake = self.timer.map(|timer| timer.next());
            tokio::select! {
                biased;
                state = self.states.recv() => match state {
                    Some(state) => self.on_state(state),
                    None => self.end(DialogEvent::Lost { why: "the stack gave the dialog up" }),
                },
                Some(outcome) = self.requests.join_next() => {
                    if let Ok(outcome) = outcome {
                        self.on_outcome(outcome);
                    }
                }
                command = self.commands.recv(), if !self.abandoned => match command {
                    Some(command) => self.on_command(command),
                    None => self.on_abandoned(),
                },
                () = hangup.cancelled(), if !self.abandoned => self.on_abandoned(),
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
            DialogState::Refer(_, _, handle)
            | DialogState::Message(_, _, handle)
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
            TerminatedReason::Timeout => DialogEvent::Lost {
                why: "no ACK came to our 200",
            },
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
                super::guard::count("slow_reader");
                let again = vec![headers::retry_after(Duration::from_secs(1))];
                self.reply(handle, StatusCode::ServiceUnavailable, again);
            }
        }
    }

    /// A re-INVITE or UPDATE.
    fn on_offer(&mut self, request: &rsip::Request, handle: TransactionHandle) {
        let asked = headers::asked(request);
        let Answer::Agree {
            header,
            require,
            terms,
        } = timer::answer(asked, self.core.policy)
        else {
            let min_se = vec![headers::min_se(self.core.policy)];
            return self.reply(handle, StatusCode::SessionIntervalTooSmall, min_se);
        };
        let mut answer_headers = headers::abilities();
        answer_headers.push(headers::session_expires(header));
        if require {
            answer_headers.push(Header::Require("timer".into()));
        }
        let sdp = headers::sdp_of(&request.headers, &request.body);
        let refresh = match &sdp {
            None => true,
            Some(sdp) => *sdp == self.remote_sdp,
        };
        if self.answering {
            // RFC 3261 §14.2: their previous offer is not answered yet.
            let again = vec![headers::retry_after(Duration::from_secs(2))];
            return self.reply(handle, StatusCode::ServerInternalError, again);
        }
        if self.offering && (sdp.is_some() || request.method == Method::Invite) {
            return self.reply(handle, StatusCode::RequestPending, Vec::new());
        }
        if refresh {
            let body =
                (request.method == Method::Invite || sdp.is_some()).then(|| self.local_sdp.clone());
            return self.reply_refresh(handle, answer_headers, body, terms);
        }
        let sdp = sdp.expect("a request without SDP is a refresh");
        let (reply, answer) = oneshot::channel();
        let told = self.events.try_send(DialogEvent::Offer {
            sdp: sdp.clone(),
            reply: OfferReply { reply },
        });
        if told.is_err() {
            super::guard::count("slow_reader");
            let again = vec![headers::retry_after(Duration::from_secs(1))];
            return self.reply(handle, StatusCode::ServerInternalError, again);
        }
        self.answering = true;
        self.remote_sdp = sdp;
        self.requests
            .spawn(wait_for_answer(answer, handle, answer_headers, terms));
    }

    fn reply_refresh(
        &mut self,
        handle: TransactionHandle,
        mut answer_headers: Vec<Header>,
        body: Option<String>,
        terms: Terms,
    ) {
        if body.is_some() {
            answer_headers.push(headers::sdp_type());
        }
        self.timer = Some(SessionTimer::start(terms, now()));
        self.requests.spawn(async move {
            let body = body.map(String::into_bytes);
            let _ = handle
                .respond(StatusCode::OK, Some(answer_headers), body)
                .await;
            Outcome::Info
        });
    }

    fn reply(&mut self, handle: TransactionHandle, status: StatusCode, extra: Vec<Header>) {
        self.requests.spawn(async move {
            let _ = handle.respond(status, Some(extra), None).await;
            Outcome::Info
        });
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Ring => {
                if self.phase == Phase::Ringing {
                    let _ = self.dialog.ringing(None, None);
                }
            }
            Command::Refuse {
                status,
                retry_after,
                done,
            } => {
                let refused = self.refuse(status, retry_after);
                let _ = done.send(refused);
            }
            Command::Answer { sdp, done } => {
                let answered = self.answer(sdp);
                let _ = done.send(answered);
            }
            Command::Bye { reason, done } => self.bye(reason, Some(done)),
            Command::Reinvite { sdp, done } => self.reinvite(sdp, done),
            Command::Info {
                content_type,
                body,
                done,
            } => self.info(content_type, body, done),
        }
    }

    fn refuse(&mut self, status: u16, retry_after: Option<Duration>) -> Result<(), Error> {
        if self.phase != Phase::Ringing || self.dialog.state().is_terminated() {
            return Err(Error::Over);
        }
        self.phase = Phase::Over;
        self.respond(status, retry_after)
    }

    /// A final refusal of the INVITE.
    fn respond(&self, status: u16, retry_after: Option<Duration>) -> Result<(), Error> {
        let invited = self.invited.as_ref().ok_or(Error::Over)?;
        let request = self.dialog.initial_request();
        let status = StatusCode::from(status);
        let mut response = self.core.endpoint.make_response(&request, status, None);
        if let Ok(to) = response.to_header().cloned() {
            let tagged = to.with_tag(self.dialog.id().local_tag.into());
            response.headers.unique_push(Header::To(tagged));
        }
        response
            .headers
            .extend(retry_after.map(headers::retry_after).into_iter().collect());
        invited
            .transaction
            .send(TransactionEvent::Respond(response))
            .map_err(|_| Error::Over)
    }

    fn answer(&mut self, sdp: String) -> Result<(), Error> {
        if self.phase != Phase::Ringing || self.dialog.state().is_terminated() {
            return Err(Error::Over);
        }
        let mut answer_headers = headers::abilities();
        answer_headers.push(headers::sdp_type());
        answer_headers.push(Header::Accept(headers::ACCEPT.into()));
        if let Some(Answer::Agree {
            header,
            require,
            terms,
        }) = self.invited.as_ref().map(|invited| invited.agreed)
        {
            answer_headers.push(headers::session_expires(header));
            if require {
                answer_headers.push(Header::Require("timer".into()));
            }
            self.timer = Some(SessionTimer::start(terms, now()));
        }
        self.dialog
            .accept(Some(answer_headers), Some(sdp.clone().into_bytes()))
            .map_err(stack)?;
        self.local_sdp = sdp;
        self.phase = Phase::Accepted;
        Ok(())
    }

    fn bye(&mut self, reason: Option<String>, done: Option<Done<()>>) {
        match self.phase {
            Phase::Accepted if self.bye_due.is_none() => self.bye_due = Some((reason, done)),
            Phase::Established => {
                self.phase = Phase::Ending;
                self.timer = None;
                let dialog = self.dialog.clone();
                let extra = reason.map(|reason| vec![Header::Reason(clean(&reason).into())]);
                self.requests.spawn(async move {
                    let sent = dialog.bye_with_headers(extra).await.map_err(stack);
                    if let Some(done) = done {
                        let _ = done.send(sent);
                    }
                    Outcome::Bye
                });
            }
            _ => {
                if let Some(done) = done {
                    let _ = done.send(Err(Error::Over));
                }
            }
        }
    }

    fn reinvite(&mut self, sdp: String, done: Done<Vec<u8>>) {
        if self.phase != Phase::Established {
            let _ = done.send(Err(Error::Over));
            return;
        }
        if self.offering || self.answering {
            let _ = done.send(Err(Error::Stack("an offer is pending (491)".into())));
            return;
        }
        self.offering = true;
        let dialog = self.dialog.clone();
        let mut offer_headers = self.refresh_headers();
        offer_headers.push(headers::sdp_type());
        self.requests.spawn(async move {
            let body = sdp.clone().into_bytes();
            let response = dialog
                .reinvite_with_glare_retry(Some(offer_headers), Some(body), 3)
                .await
                .map_err(stack);
            Outcome::Offered {
                sdp,
                response,
                done,
            }
        });
    }

    fn info(&mut self, content_type: String, body: Vec<u8>, done: Done<()>) {
        if self.phase != Phase::Established {
            let _ = done.send(Err(Error::Over));
            return;
        }
        let dialog = self.dialog.clone();
        self.requests.spawn(async move {
            let extra = vec![Header::ContentType(clean(&content_type).into())];
            let response = dialog.info(Some(extra), Some(body)).await.map_err(stack);
            let _ = done.send(accepted(response).map(drop));
            Outcome::Info
        });
    }

    fn on_abandoned(&mut self) {
        self.abandoned = true;
        match self.phase {
            Phase::Ringing => {
                let _ = self.respond(500, None);
                self.phase = Phase::Over;
            }
            Phase::Accepted | Phase::Established => self.bye(None, None),
            Phase::Ending | Phase::Over => {}
        }
    }

    fn on_timer(&mut self) {
        let Some(timer) = &mut self.timer else {
            return;
        };
        match timer.due(now()) {
            None => {}
            Some(Due::Expire) => self.expire(),
            Some(Due::Refresh) => self.refresh(),
        }
    }

    /// RFC 4028 §10: nobody refreshed.
    fn expire(&mut self) {
        self.timer = None;
        self.tell_last(DialogEvent::Lost {
            why: "the session was not refreshed",
        });
        let reason = "SIP;cause=408;text=\"Session timer expired\"".to_owned();
        match self.phase {
            Phase::Established => self.bye(Some(reason), None),
            _ => self.phase = Phase::Over,
        }
        self.abandoned = true;
    }

    fn refresh(&mut self) {
        if self.phase != Phase::Established || self.offering || self.answering {
            // Something is under way; what it brings refreshes, or the next try does.
            if let Some(timer) = &mut self.timer {
                timer.refresh_failed(now());
            }
            return;
        }
        let dialog = self.dialog.clone();
        let mut refresh_headers = self.refresh_headers();
        let update = self.peer_updates;
        let sdp = self.local_sdp.clone().into_bytes();
        self.offering = !update;
        self.requests.spawn(async move {
            let response = if update {
                dialog.update(Some(refresh_headers), None).await
            } else {
                refresh_headers.push(headers::sdp_type());
                dialog.reinvite(Some(refresh_headers), Some(sdp)).await
            };
            Outcome::Refreshed(response.map_err(stack))
        });
    }

    /// The headers of an UPDATE or re-INVITE of ours.
    fn refresh_headers(&self) -> Vec<Header> {
        let mut out = headers::abilities();
        if let Some(timer) = &self.timer {
            let terms = timer.terms();
            let refresher = if terms.we_refresh {
                Side::Uac
            } else {
                Side::Uas
            };
            out.push(headers::session_expires(SessionExpires {
                delta_s: u32::try_from(terms.interval.as_secs()).unwrap_or(u32::MAX),
                refresher: Some(refresher),
            }));
            out.push(headers::min_se(self.core.policy));
        }
        out
    }

    fn on_outcome(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Bye => self.phase = Phase::Over,
            Outcome::Info => {}
            Outcome::Offered {
                sdp,
                response,
                done,
            } => {
                self.offering = false;
                self.restart_timer(&response);
                let lost = gone(&response);
                let answer = accepted(response);
                if let Ok(answer) = &answer {
                    self.local_sdp = sdp;
                    self.remote_sdp.clone_from(&answer.body);
                }
                let _ = done.send(answer.map(|answer| answer.body));
                if lost {
                    self.lose("the other side knows the call no more");
                }
            }
            Outcome::Refreshed(response) => {
                self.offering = false;
                self.restart_timer(&response);
                if gone(&response) {
                    self.lose("the other side knows the call no more");
                }
            }
            Outcome::Replied(answered) => {
                self.answering = false;
                if let Some((sdp, terms)) = answered {
                    self.local_sdp = sdp;
                    self.timer = Some(SessionTimer::start(terms, now()));
                }
            }
        }
    }

    fn restart_timer(&mut self, response: &Result<Option<Response>, Error>) {
        match response {
            Ok(Some(response)) if is_success(response) => {
                let terms = timer::settled(headers::asked(response), self.core.policy);
                self.timer = Some(SessionTimer::start(terms, now()));
            }
            _ => {
                if let Some(timer) = &mut self.timer {
                    timer.refresh_failed(now());
                }
            }
        }
    }

    /// RFC 3261 §12.2.1.2: a 481, a 408 or silence ends the dialog.
    fn lose(&mut self, why: &'static str) {
        self.tell_last(DialogEvent::Lost { why });
        self.abandoned = true;
        self.bye(None, None);
    }

    fn end(&mut self, event: DialogEvent) {
        if matches!(self.phase, Phase::Accepted | Phase::Established) {
            self.tell_last(event);
        }
        if let Some((_, Some(done))) = self.bye_due.take() {
            let _ = done.send(Err(Error::Over));
        }
        self.phase = Phase::Over;
    }

    fn tell(&mut self, event: DialogEvent) {
        if self.events.try_send(event).is_err() {
            super::guard::count("slow_reader");
        }
    }

    /// The last event always arrives, however full the queue is.
    fn tell_last(&mut self, event: DialogEvent) {
        let events = self.events.clone();
        self.core.tasks.spawn(async move {
            let _ = events.send(event).await;
        });
    }
}

/// Waits for our user's answer to an offer and sends it.
async fn wait_for_answer(
    answer: oneshot::Receiver<Reply>,
    handle: TransactionHandle,
    mut answer_headers: Vec<Header>,
    terms: Terms,
) -> Outcome {
    let over = |_| Error::Over;
    match answer.await {
        Ok(Reply::Answer { sdp, done }) => {
            answer_headers.push(headers::sdp_type());
            let body = sdp.clone().into_bytes();
            let sent = handle
                .respond(StatusCode::OK, Some(answer_headers), Some(body))
                .await
                .map_err(over);
            let outcome = sent.is_ok().then_some((sdp, terms));
            let _ = done.send(sent);
            Outcome::Replied(outcome)
        }
        Ok(Reply::Refuse { status, done }) => {
            let sent = handle
                .respond(StatusCode::from(status), None, None)
                .await
                .map_err(over);
            let _ = done.send(sent);
            Outcome::Replied(None)
        }
        Err(_) => {
            let _ = handle
                .respond(StatusCode::NotAcceptableHere, None, None)
                .await;
            Outcome::Replied(None)
        }
    }
}

fn is_success(response: &Response) -> bool {
    (200..300).contains(&response.status_code.code())
}

/// The 2xx, or the fault that stands for anything else.
fn accepted(response: Result<Option<Response>, Error>) -> Result<Response, Error> {
    match response? {
        Some(response) if is_success(&response) => Ok(response),
        Some(response) => Err(Error::Stack(format!(
            "the other side answered {}",
            response.status_code
        ))),
        None => Err(Error::Stack("the other side did not answer".into())),
    }
}

fn gone(response: &Result<Option<Response>, Error>) -> bool {
    match response {
        Ok(Some(response)) => matches!(response.status_code.code(), 408 | 481),
        Ok(None) => true,
        Err(_) => false,
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
