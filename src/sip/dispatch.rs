//! What comes in past the guard and the stack's transactions: new calls, and
//! requests within calls.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsip::prelude::{HeadersExt, ToTypedHeader};
use rsip::uri::ParamsExt;
use rsip::{Method, StatusCode};
use rsipstack::dialog::DialogId;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Transport;
use super::agent::Core;
use super::call::Tags;
use super::driver::{self, Driver, Invited};
use super::incoming::Incoming;
use super::timer::{self, Answer};
use crate::guard::{Enrolled, NotEnrolled, unescaped};
use crate::seam::{self, headers, rsip};

/// Takes what the stack has parsed and matched to no transaction of its own.
pub(super) async fn run(
    core: Arc<Core>,
    mut incoming: TransactionReceiver,
    calls: mpsc::Sender<Incoming>,
) {
    loop {
        let transaction = tokio::select! {
            () = core.stopped() => return,
            transaction = incoming.recv() => transaction,
        };
        let Some(transaction) = transaction else {
            return;
        };
        let in_dialog = matches!(
            transaction.original.to_header().map(|to| to.tag()),
            Ok(Ok(Some(_)))
        );
        match transaction.original.method {
            _ if in_dialog => {
                core.tasks
                    .spawn(within_dialog(Arc::clone(&core), transaction));
            }
            Method::Invite => match new_call(&core, transaction, &calls) {
                Ok(()) => {}
                Err(refused) => {
                    refused.is_no_call(&core);
                    core.tasks.spawn(refused.send());
                }
            },
            _ => {
                let refused = Refused::new(transaction, 481);
                core.tasks.spawn(refused.send());
            }
        }
    }
}

/// A request refused within its transaction.
struct Refused {
    transaction: Transaction,
    status: u16,
    extra: Vec<rsip::Header>,
}

impl Refused {
    fn new(transaction: Transaction, status: u16) -> Box<Refused> {
        Box::new(Refused {
            transaction,
            status,
            extra: Vec::new(),
        })
    }

    fn busy(transaction: Transaction) -> Box<Refused> {
        let mut refused = Refused::new(transaction, 503);
        let soon = headers::retry_after(Duration::from_secs(5));
        refused.extra.push(soon);
        refused
    }

    /// An INVITE that the guard has counted as a call.
    fn is_no_call(&self, core: &Core) {
        if let Ok(call_id) = self.transaction.original.call_id_header() {
            core.state.turn_away(call_id.value(), driver::now());
        }
    }

    async fn send(mut self: Box<Self>) {
        let status = StatusCode::from(self.status);
        if self
            .transaction
            .reply_with(status, self.extra, None)
            .await
            .is_ok()
        {
            // Until its ACK, or until nobody asks again.
            while self.transaction.receive().await.is_some() {}
        }
    }
}

/// How often a request for a dialog that is just being confirmed is looked up again.
const CONFIRMING: u32 = 20;

async fn within_dialog(core: Arc<Core>, mut transaction: Transaction) {
    let Ok(id) = DialogId::try_from(&transaction) else {
        return Refused::new(transaction, 400).send().await;
    };
    let known = core.state.known(&id.call_id);
    if transaction.original.method == Method::Bye
        && let Some(known) = &known
    {
        known.note_bye(headers::value(&transaction.original.headers, "Reason"));
    }
    let mut dialog = core.layer.match_dialog(&transaction);
    for _ in 0..CONFIRMING {
        if dialog.is_some() || known.is_none() {
            break;
        }
        // The stack enters a dialog of ours a moment after it has sent the ACK.
        tokio::time::sleep(Duration::from_millis(10)).await;
        dialog = core.layer.match_dialog(&transaction);
    }
    match dialog {
        Some(mut dialog) => {
            if let Err(error) = dialog.handle(&mut transaction).await {
                tracing::debug!(call_id = %id.call_id, %error, "a request within a dialog failed");
            }
        }
        None => Refused::new(transaction, 481).send().await,
    }
}

/// Enters a call among those whose ACK and sound are missing.
fn enrol(
    core: &Core,
    call_id: &str,
    source: SocketAddr,
    given_up: &CancellationToken,
) -> Result<Enrolled, NotEnrolled> {
    let given_up = given_up.clone();
    let give_up = Box::new(move || given_up.cancel());
    let now = driver::now();
    core.state
        .enrol_incoming(call_id, source.ip(), now, give_up)
}

/// Opens an incoming call.
fn new_call(
    core: &Arc<Core>,
    transaction: Transaction,
    calls: &mpsc::Sender<Incoming>,
) -> Result<(), Box<Refused>> {
    let request = transaction.original.clone();
    let Some(opening) = Opening::read(&request, seam::carried_by(&transaction)) else {
        return Err(Refused::new(transaction, 400));
    };
    let source = opening.source;
    let Ok(place) = calls.clone().try_reserve_owned() else {
        return Err(Refused::busy(transaction));
    };
    let agreed = match timer::answer(headers::asked(&request), core.policy) {
        agreed @ Answer::Agree { .. } => agreed,
        Answer::TooSmall { .. } => {
            let mut refused = Refused::new(transaction, 422);
            refused.extra.push(headers::min_se(core.policy));
            return Err(refused);
        }
    };
    let given_up = CancellationToken::new();
    let enrolled = match enrol(core, &opening.call_id, source, &given_up) {
        Ok(enrolled) => enrolled,
        // RFC 3261 §8.2.2.2: the same request by another way.
        Err(NotEnrolled::Merged) => return Err(Refused::new(transaction, 482)),
        Err(NotEnrolled::Unproven) => return Err(Refused::busy(transaction)),
    };
    let (state_sender, states) = core.layer.new_dialog_state_channel();
    let contact = opening.contact(core);
    let made =
        core.layer
            .get_or_create_server_invite(&transaction, state_sender, None, Some(contact));
    let Ok(dialog) = made else {
        return Err(Refused::new(transaction, 400));
    };
    let offer = headers::sdp_of(&request.headers, &request.body);
    let (driver, ends) = Driver::uas(
        Arc::clone(core),
        dialog.clone(),
        states,
        enrolled,
        Invited {
            agreed,
            transaction: transaction.tu_sender.clone(),
            given_up: given_up.clone(),
        },
    );
    core.tasks.spawn(driver.run());
    let tags = Tags::of(dialog.id());
    core.tasks.spawn(carry(dialog, transaction, given_up));
    place.send(Incoming {
        call_id: opening.call_id,
        caller: opening.caller,
        caller_name: opening.caller_name,
        callee: opening.callee,
        source,
        from_trunk: core.state.is_trunk(source.ip()),
        tags,
        by_tls: opening.transport.is_private(),
        offer,
        commands: ends.commands,
        events: ends.events,
        over: ends.over,
        state: Arc::clone(&core.state),
        seat: Arc::new(core.state.seat()),
    });
    Ok(())
}

/// Carries an INVITE's transaction to its end, or to the moment at which its call is given up: then the BYE is under
/// way and our 200 asks for no ACK any more. The stack would go on for 64·T1 and send a second BYE, and each call of a
/// flood would cost its transactions for twice as long.
async fn carry(
    mut dialog: InviteDialog,
    mut transaction: Transaction,
    given_up: CancellationToken,
) {
    let handled = tokio::select! {
        handled = dialog.handle(&mut transaction) => handled,
        () = given_up.cancelled() => return,
    };
    if let Err(error) = handled {
        tracing::debug!(%error, "an INVITE transaction failed");
    }
}

/// What an INVITE says about its call.
struct Opening {
    call_id: String,
    caller: Option<String>,
    caller_name: Option<String>,
    callee: String,
    transport: Transport,
    /// The dialog is one of `sips:` (RFC 3261 §12.1.1).
    secure: bool,
    source: SocketAddr,
}

impl Opening {
    /// Ours, for this dialog.
    fn contact(&self, core: &Core) -> rsip::Uri {
        let contact = core.contact(self.transport, Some(self.source.ip()), &self.callee);
        match self.secure {
            true => headers::secure(contact),
            false => contact,
        }
    }

    fn read(request: &rsip::Request, transport: Transport) -> Option<Opening> {
        let from = request.from_header().ok()?.typed().ok()?;
        Some(Opening {
            call_id: request.call_id_header().ok()?.value().to_owned(),
            caller: from
                .uri
                .user()
                .map(unescaped)
                .filter(|user| !user.is_empty()),
            caller_name: from.display_name.filter(|name| !name.trim().is_empty()),
            callee: request.uri.user().map(unescaped).unwrap_or_default(),
            transport,
            secure: transport.is_private() && headers::is_secure(request),
            source: source_of(request)?,
        })
    }
}

/// Reads any bytes as the stack and we do, once the guard has let them through.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_foreign(bytes: &[u8]) {
    let Ok(message) = rsip::SipMessage::try_from(bytes) else {
        return;
    };
    match &message {
        rsip::SipMessage::Request(request) => {
            Opening::read(request, Transport::Tls);
            headers::asked(request);
            headers::sdp_of(&request.headers, &request.body);
        }
        rsip::SipMessage::Response(response) => {
            headers::asked(response);
            headers::sdp_of(&response.headers, &response.body);
        }
    }
    message.to_bytes();
}

/// The source as the top Via was stamped with on arrival.
fn source_of(request: &rsip::Request) -> Option<SocketAddr> {
    let via = request
        .via_header()
        .ok()?
        .first_value()
        .ok()?
        .typed()
        .ok()?;
    let ip = match via.params.received() {
        Some(received) => received.parse().ok()?,
        None => match via.uri.host_with_port.host {
            rsip::Host::IpAddr(ip) => ip,
            rsip::Host::Domain(_) => return None,
        },
    };
    let port = via
        .params
        .rport()
        .flatten()
        .or_else(|| via.uri.host_with_port.port.map(|port| port.value()))
        .unwrap_or(5060);
    Some(SocketAddr::new(ip, port))
}
