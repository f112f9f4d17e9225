//! A call that we make, until it is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsip::{Header, Response};
use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver};
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::transport::SipAddr;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Error;
use super::agent::{Core, stack, user_part};
use super::call::{Dialog, DialogEvent, Tags};
use super::driver::{Driver, clean, now};
use super::route::{self, Flow, Route, Through};
use super::timer::SessionExpires;
use crate::credentials::{Answering, Credentials, strongest};
use crate::guard::Enrolled;
use crate::seam::{self, headers, rsip};

/// Progress that may wait for its reader; more ringing than that is not handed on.
const WAITING_PROGRESS: usize = 16;
/// The longest session interval we let a peer ask for: a day.
const LONGEST_SESSION_S: u32 = 86_400;
/// A cancelled INVITE without any final response is given up after 64·T1.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(33);
/// Of one INVITE: a proxy's, a server's, and each again where its nonce was too old.
const CHALLENGES_AT_MOST: u8 = 4;

/// An INVITE to send.
#[derive(Debug, Clone)]
pub struct Invite {
    /// `sip:8001@192.0.2.7:5060`, `…;transport=tcp` or `…;transport=tls`.
    pub target: String,
    /// Who registered is called where he registered from.
    pub flow: Option<Flow>,
    /// A call out goes through the trunk, whatever `target` names.
    pub through: Option<Through>,
    /// User part of our From: the caller's number, so that the desk sees who calls.
    pub from_user: String,
    pub from_name: Option<String>,
    pub sdp: String,
    /// Extra headers, such as `X-Gradeline-Call`.
    pub headers: Vec<(String, String)>,
}

/// A call that we make. Dropped before it is answered, it is cancelled.
pub struct Outgoing {
    call_id: String,
    progress: mpsc::Receiver<Progress>,
    _cancel: DropGuard,
}

/// What becomes of an INVITE of ours.
pub enum Progress {
    /// 180/183; its SDP where it carries early media.
    Ringing { sdp: Option<Vec<u8>> },
    Answered {
        dialog: Dialog,
        events: mpsc::Receiver<DialogEvent>,
        sdp: Vec<u8>,
    },
    /// A final refusal, or 408 where nothing came.
    Refused { status: u16 },
}

impl Outgoing {
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// The next progress; `None` after `Answered` or `Refused`.
    pub async fn next(&mut self) -> Option<Progress> {
        self.progress.recv().await
    }

    /// CANCEL; a 200 that crosses it is acknowledged and ended with BYE.
    pub async fn cancel(self) {}
}

/// Sends the INVITE.
pub(super) async fn start(core: Arc<Core>, invite: Invite) -> Result<Outgoing, Error> {
    let bad = || Error::Uri(invite.target.clone());
    let callee = rsip::Uri::try_from(invite.target.as_str()).map_err(|_| bad())?;
    let Route {
        transport,
        peer,
        destination,
    } = match (&invite.through, &invite.flow) {
        (Some(through), _) => route::by_trunk(&core, through).await?,
        (None, Some(flow)) => route::by_flow(&core, &callee, flow).await?,
        (None, None) => route::by_name(&core, &callee).await?.ok_or_else(bad)?,
    };
    let call_id = format!("{:032x}", rand::random::<u128>());
    let contact = core.contact(transport, peer.map(|peer| peer.ip()), "gradeline");
    let mut caller = contact.clone();
    caller.params.clear();
    caller.auth = user_part(&clean(&invite.from_user));
    if let Some(through) = &invite.through {
        let home = rsip::Uri::try_from(format!("sip:{}", through.home)).map_err(|_| bad())?;
        caller.host_with_port = home.host_with_port;
    }
    let by = invite.through.as_ref().map(|through| &through.route);
    let by = by.or(invite.flow.as_ref().map(|flow| &flow.route));
    let option = InviteOption {
        route_set: seam::route_set(by.map_or(&[], Vec::as_slice)).map_err(Error::Uri)?,
        caller_display_name: invite.from_name.as_deref().map(quotable),
        caller,
        callee,
        destination: destination.map(|peer| SipAddr {
            r#type: Some(seam::transport(transport)),
            addr: peer.into(),
        }),
        content_type: Some(headers::ACCEPT.to_owned()),
        offer: Some(invite.sdp.clone().into_bytes()),
        contact,
        headers: Some(extra_headers(&core, &invite.headers)),
        call_id: Some(call_id.clone()),
        ..InviteOption::default()
    };
    let enrolled = core
        .state
        .enrol(&call_id)
        .expect("a fresh random Call-ID is not known");
    // Proxies know where it is; without one its own words lead nowhere.
    let alone = |flow: &&Flow| flow.transport.comes_whole() && flow.route.is_empty();
    if let Some(flow) = invite.flow.as_ref().filter(alone) {
        enrolled.goes_to(flow.peer);
    }
    let attempt = Attempt::send(&core, option.clone())?;
    let (progress_sender, progress) = mpsc::channel(WAITING_PROGRESS);
    let cancel = CancellationToken::new();
    let placing = Placing {
        core: Arc::clone(&core),
        attempt,
        option,
        progress: progress_sender,
        cancel: cancel.clone(),
        enrolled,
        peer,
        sdp: invite.sdp,
        credentials: invite.through.and_then(|through| through.credentials),
        answered: 0,
    };
    core.tasks.spawn(placing.run());
    Ok(Outgoing {
        call_id,
        progress,
        _cancel: cancel.drop_guard(),
    })
}

fn extra_headers(core: &Core, given: &[(String, String)]) -> Vec<Header> {
    let mut out = headers::abilities();
    out.push(headers::session_expires(SessionExpires {
        delta_s: u32::try_from(core.policy.interval.as_secs()).unwrap_or(u32::MAX),
        refresher: None,
    }));
    out.push(headers::min_se(core.policy));
    out.extend(
        given
            .iter()
            .map(|(name, value)| Header::Other(clean(name), clean(value))),
    );
    out
}

/// A display name that stays within its quotes.
fn quotable(name: &str) -> String {
    clean(name).replace(['"', '\\'], "'")
}

/// One INVITE transaction.
struct Attempt {
    dialog: InviteDialog,
    states: DialogStateReceiver,
    result: JoinHandle<rsipstack::Result<(DialogId, Option<Response>)>>,
}

impl Attempt {
    fn send(core: &Core, option: InviteOption) -> Result<Attempt, Error> {
        let (state_sender, states) = core.layer.new_dialog_state_channel();
        let (dialog, result) = core
            .layer
            .do_invite_async(option, state_sender)
            .map_err(stack)?;
        Ok(Attempt {
            dialog,
            states,
            result,
        })
    }
}

struct Placing {
    core: Arc<Core>,
    attempt: Attempt,
    option: InviteOption,
    progress: mpsc::Sender<Progress>,
    cancel: CancellationToken,
    enrolled: Enrolled,
    peer: Option<SocketAddr>,
    sdp: String,
    /// What a challenge is answered with.
    credentials: Option<Credentials>,
    /// Challenges answered.
    answered: u8,
}

impl Placing {
    async fn run(mut self) {
        let mut longer = false;
        let response = loop {
            let Some(response) = self.outcome().await else {
                return self.withdraw().await;
            };
            let again = match self.longer_session(&response).filter(|_| !longer) {
                Some(again) => {
                    longer = true;
                    Some(again)
                }
                None => self.shown(&response),
            };
            let Some(again) = again else { break response };
            self.option = again.clone();
            self.core.layer.remove_dialog(&self.attempt.dialog.id());
            match Attempt::send(&self.core, again) {
                Ok(attempt) => self.attempt = attempt,
                Err(_) => return self.refused(503),
            }
        };
        match response {
            Ok(response) if self.is_answer(&response) => self.answered(&response),
            Ok(response) => self.refused(response.status_code.code()),
            Err(status) => self.refused(status),
        }
    }

    /// The final response, or the status that stands for none; `None` where we withdraw.
    async fn outcome(&mut self) -> Option<Result<Response, u16>> {
        let hangup = self.core.hangup.clone();
        let ended = loop {
            tokio::select! {
                biased;
                Some(state) = self.attempt.states.recv() => self.on_state(state),
                ended = &mut self.attempt.result => break ended,
                () = self.cancel.cancelled() => return None,
                () = hangup.cancelled() => return None,
            }
        };
        Some(match ended {
            Ok(Ok((_, Some(response)))) => Ok(response),
            Ok(Ok((_, None))) => Err(408),
            // Not sent at all: no route, or the transport failed.
            Ok(Err(_)) | Err(_) => Err(503),
        })
    }

    /// RFC 4028 §7.3: a 422 names the interval that is long enough.
    fn longer_session(&self, response: &Result<Response, u16>) -> Option<InviteOption> {
        let response = response.as_ref().ok()?;
        if response.status_code.code() != 422 {
            return None;
        }
        let min_se_s = headers::asked(response)
            .min_se_s
            .filter(|s| *s <= LONGEST_SESSION_S)?;
        let mut again = self.option.clone();
        for header in again.headers.iter_mut().flatten() {
            match header {
                Header::SessionExpires(expires) => expires.replace(min_se_s.to_string()),
                Header::MinSE(min_se) => min_se.replace(min_se_s.to_string()),
                _ => {}
            }
        }
        Some(again)
    }

    /// RFC 3261 §22: the same INVITE with what the challenge asks for. A second challenge says that we were wrong, unless
    /// only the nonce was too old, or it is the other of proxy and server.
    fn shown(&mut self, response: &Result<Response, u16>) -> Option<InviteOption> {
        let response = response.as_ref().ok()?;
        let credentials = self.credentials.as_ref()?;
        let all = response.headers.iter();
        let challenge = strongest(
            response.status_code.code(),
            all.map(|header| (header.name(), header.value())),
        )?;
        let mut again = self.option.clone();
        let headers = again.headers.get_or_insert_default();
        let name = challenge.header_name();
        let before = headers.len();
        headers.retain(|header| header.name() != name);
        let wrong = headers.len() < before && !challenge.stale;
        if wrong || self.answered >= CHALLENGES_AT_MOST {
            return None;
        }
        self.answered += 1;
        let uri = again.callee.to_string();
        let cnonce = format!("{:032x}", rand::random::<u128>());
        let mut answering = Answering::new(challenge);
        let (name, value) = answering.header(credentials, ("INVITE", &uri), &cnonce);
        let call = &self.enrolled.known;
        self.core.shown.keep(call, credentials, answering);
        headers.push(Header::Other(name.to_owned(), value));
        Some(again)
    }

    fn on_state(&mut self, state: DialogState) {
        if let DialogState::Early(_, response) = state {
            let sdp = headers::sdp_of(&response.headers, &response.body);
            // A reader that does not keep up misses ringing, never the outcome.
            if self.progress.capacity() > 1 {
                let _ = self.progress.try_send(Progress::Ringing { sdp });
            }
        }
    }

    fn is_answer(&self, response: &Response) -> bool {
        response.status_code.code() == 200 && self.attempt.dialog.state().is_confirmed()
    }

    fn answered(self, response: &Response) {
        let call_id = self.enrolled.known.call_id.clone();
        let state = Arc::clone(&self.core.state);
        let (tags, peer) = (Tags::of(self.attempt.dialog.id()), self.peer);
        let (driver, ends) = Driver::uac(
            Arc::clone(&self.core),
            self.attempt.dialog,
            self.attempt.states,
            self.enrolled,
            self.sdp,
            response,
            now(),
        );
        self.core.tasks.spawn(driver.run());
        let _ = self.progress.try_send(Progress::Answered {
            dialog: Dialog {
                call_id,
                tags,
                peer,
                commands: ends.commands,
                state,
            },
            events: ends.events,
            sdp: response.body.clone(),
        });
    }

    fn refused(self, status: u16) {
        self.core.layer.remove_dialog(&self.attempt.dialog.id());
        let _ = self.progress.try_send(Progress::Refused { status });
    }

    /// CANCEL, then whatever ends the INVITE; the stack ends a crossing 200 with ACK and BYE.
    async fn withdraw(mut self) {
        let dialog = self.attempt.dialog.clone();
        let cancelling = self.core.tasks.spawn(async move {
            if let Err(error) = dialog.cancel().await {
                tracing::debug!(%error, "a CANCEL failed");
            }
        });
        match tokio::time::timeout(CANCEL_TIMEOUT, &mut self.attempt.result).await {
            Ok(Ok(Ok((_, Some(response))))) if self.is_answer(&response) => {
                // The 200 came before the CANCEL could be sent.
                let _ = self.attempt.dialog.bye().await;
            }
            Ok(_) => {}
            Err(_) => self.attempt.result.abort(),
        }
        let _ = cancelling.await;
        self.core.layer.remove_dialog(&self.attempt.dialog.id());
    }
}
