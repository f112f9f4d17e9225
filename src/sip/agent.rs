//! The user agent: binds, dispatches what comes in, places calls, drains and stops.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::transaction::endpoint::{Endpoint, EndpointInnerRef, EndpointOption};
use rsipstack::transport::tls::TlsConfig;
use rsipstack::transport::{SipAddr, TransportLayer};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::asking::{self, Asking, Told};
use super::dispatch;
use super::driver::now;
use super::incoming::Incoming;
use super::listening::{Listener, bind, name_in_via, open_tls};
use super::outgoing::{self, Invite, Outgoing};
use super::timer::Policy;
use super::{Error, Listen, Settings, Transport};
use crate::guard::{Beside, Limits, Seat, State};
use crate::seam::{self, Shown, Stack, Taking, headers, rsip};
use crate::streams::{Backlogs, Streams, Trust};

/// Incoming calls that may wait for their reader.
const WAITING_CALLS: usize = 64;
/// How long `stop` waits for what is due (BYEs and their answers).
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// What tests make smaller than a real network wants it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tuning {
    /// RFC 3261 T1; all other timers follow.
    pub t1: Duration,
    pub min_se: Duration,
    /// Other limits than those of the settings' number of calls.
    pub limits: Option<Limits>,
}

impl Default for Tuning {
    fn default() -> Tuning {
        Tuning {
            t1: Duration::from_millis(500),
            // RFC 4028 §4: never less.
            min_se: Duration::from_secs(90),
            limits: None,
        }
    }
}

/// The SIP user agent. Cheap to clone.
#[derive(Clone)]
pub struct Agent {
    core: Arc<Core>,
}

/// What the agent and all its calls share.
pub(super) struct Core {
    pub layer: Arc<DialogLayer>,
    pub endpoint: EndpointInnerRef,
    pub state: Arc<State>,
    pub policy: Policy,
    pub tasks: TaskTracker,
    /// Calls hang up.
    pub hangup: CancellationToken,
    pub shown: Shown,
    streams: Streams,
    trust: Option<Trust>,
    behind: Stack,
    stop: CancellationToken,
    addresses: Vec<Listen>,
    public_address: IpAddr,
}

impl Agent {
    /// Binds the transports and serves them; calls come by the receiver.
    pub async fn start(settings: Settings) -> Result<(Agent, mpsc::Receiver<Incoming>), Error> {
        Agent::start_tuned(settings, Tuning::default()).await
    }

    pub(super) async fn start_tuned(
        settings: Settings,
        tuning: Tuning,
    ) -> Result<(Agent, mpsc::Receiver<Incoming>), Error> {
        let limits = tuning
            .limits
            .unwrap_or_else(|| Limits::of(settings.max_calls));
        let state = State::new(settings.trunks.clone(), limits);
        let state = Arc::new(state.with_desks(settings.desks.clone()));
        let stop = CancellationToken::new();
        let layer = TransportLayer::new(stop.child_token());
        let (tls, trust) = open_tls(&settings).await?;
        if let Some(trust) = &trust {
            // Where a call's stream is gone the stack dials by itself, to those we believe.
            layer.set_tls_config(TlsConfig {
                ca_certs: Some(trust.pem().to_vec()),
                ..TlsConfig::default()
            });
        }
        let (addresses, listeners) = bind(&settings, tls.as_ref(), &state, &layer, &stop).await?;
        let backlogs = Backlogs::default();
        let taking = Taking {
            state: Arc::clone(&state),
            backlogs: backlogs.clone(),
        };
        let shown = Shown::default();
        let endpoint = build_endpoint(layer, taking, shown.clone(), &stop, tuning);
        let calls_in = endpoint.incoming_transactions().map_err(stack)?;
        let tasks = TaskTracker::new();
        let streams = Streams::new(Arc::clone(&state), tasks.clone(), stop.child_token());
        let behind = Stack {
            endpoint: Arc::clone(&endpoint.inner),
            backlogs,
        };
        let core = Arc::new(Core {
            layer: Arc::new(DialogLayer::new(Arc::clone(&endpoint.inner))),
            endpoint: Arc::clone(&endpoint.inner),
            state,
            policy: Policy {
                interval: settings.session_expires.max(tuning.min_se),
                min: tuning.min_se,
            },
            tasks,
            hangup: CancellationToken::new(),
            shown,
            streams,
            trust,
            behind,
            stop,
            addresses,
            public_address: settings.public_address,
        });
        core.serve(endpoint, listeners).await;
        if let Some(tls) = tls {
            core.tasks.spawn(tls.keep(core.stop.clone()));
        }
        let (sender, receiver) = mpsc::channel(WAITING_CALLS);
        core.tasks
            .spawn(dispatch::run(Arc::clone(&core), calls_in, sender));
        Ok((Agent { core }, receiver))
    }

    /// The addresses actually bound (port 0 in the settings means any free one).
    pub fn addresses(&self) -> Vec<Listen> {
        self.core.addresses.clone()
    }

    /// Calls that live now, ringing ones included.
    pub fn call_count(&self) -> usize {
        self.core.state.calls()
    }

    /// Transactions the stack holds, lingering ones included.
    pub fn transaction_count(&self) -> usize {
        self.core.state.transaction_count()
    }

    /// Sends an INVITE; what becomes of it comes by the receiver.
    pub async fn invite(&self, invite: Invite) -> Result<Outgoing, Error> {
        outgoing::start(Arc::clone(&self.core), invite).await
    }

    /// Sends a request that is no call; its final response, or `None` where none came in time.
    pub async fn ask(&self, asking: Asking) -> Result<Option<Told>, Error> {
        asking::ask(&self.core, asking).await
    }

    /// These addresses may call from now on, beside those of the settings and of other trunks: this trunk's, as they were
    /// looked up last.
    pub fn let_call(&self, trunk: &str, learnt: Vec<IpAddr>) {
        self.core.state.let_call(trunk, learnt);
    }

    /// The telephone at this address may call beside the call of ours that it is in, until what this returns is dropped.
    pub fn let_call_beside(&self, telephone: SocketAddr) -> Beside {
        self.core.state.let_call_beside(telephone)
    }

    /// Whether a call of this Call-ID lives.
    pub fn knows(&self, call_id: &str) -> bool {
        self.core.state.lives(call_id)
    }

    /// A place for a call that we make, among the calls that there may be at once; `None` where there is none.
    pub fn take_line(&self) -> Option<Seat> {
        self.core.state.seat_of_ours(now())
    }

    /// Refuses new calls with 503 and Retry-After from now on; running ones go on.
    pub fn drain(&self) {
        self.core.state.drain();
    }

    /// Ends the calls that still run (BYE, CANCEL), waits a moment for the answers,
    /// and closes the transports.
    pub async fn stop(&self) {
        self.drain();
        self.core.hangup.cancel();
        let emptied = async {
            while self.core.state.calls() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(STOP_TIMEOUT, emptied).await;
        self.core.stop.cancel();
        self.core.tasks.close();
        let _ = tokio::time::timeout(STOP_TIMEOUT, self.core.tasks.wait()).await;
    }
}

impl Core {
    /// Starts the stack and the listeners for streams.
    async fn serve(self: &Arc<Core>, endpoint: Endpoint, listeners: Vec<Listener>) {
        let inner = Arc::clone(&endpoint.inner);
        let load = Arc::downgrade(&inner);
        self.state.watch(Box::new(move || {
            load.upgrade().map_or(0, |endpoint| {
                let stats = endpoint.get_stats();
                stats.running_transactions + stats.finished_transactions
            })
        }));
        let mut serving = Box::pin(async move { endpoint.serve().await });
        // The first poll starts the stack's own readers. Listeners added after it are only
        // named in Via: TCP and TLS are accepted and guarded by the room of streams.
        let _ = futures::poll!(&mut serving);
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = serving => {}
            }
        });
        for Listener {
            listener,
            bound,
            transport,
            beginning,
        } in listeners
        {
            let named = self.reachable(bound, None);
            if let Some(named) = name_in_via(named, transport).await {
                inner.transport_layer.add_transport(named);
            }
            let streams = self.streams.clone();
            let accepting = streams.accept(listener, beginning, self.behind.clone());
            self.tasks.spawn(accepting);
        }
    }

    /// The address that a peer reaches this listener by.
    fn reachable(&self, bound: SocketAddr, peer: Option<IpAddr>) -> SocketAddr {
        if !bound.ip().is_unspecified() {
            return bound;
        }
        match peer.map(|peer| peer.to_canonical()) {
            Some(peer) if peer.is_loopback() => SocketAddr::new(peer, bound.port()),
            _ => SocketAddr::new(self.public_address, bound.port()),
        }
    }

    /// Resolves when the transports close.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Our Contact towards this peer.
    pub fn contact(&self, transport: Transport, peer: Option<IpAddr>, user: &str) -> rsip::Uri {
        let listen = self
            .addresses
            .iter()
            .find(|listen| listen.transport == transport)
            .or_else(|| self.addresses.first());
        let address = listen.map_or(SocketAddr::new(self.public_address, 5060), |listen| {
            self.reachable(listen.address, peer)
        });
        let mut params = Vec::new();
        match transport {
            Transport::Udp => {}
            // One word for both (RFC 7118 §5.2).
            Transport::Wss => params.push(rsip::Param::Transport(rsip::Transport::Ws)),
            _ => params.push(rsip::Param::Transport(seam::transport(transport))),
        }
        rsip::Uri {
            scheme: Some(rsip::Scheme::Sip),
            auth: user_part(user),
            host_with_port: address.into(),
            params,
            headers: Vec::new(),
        }
    }

    /// Whether a stream to this peer stands.
    pub fn stands(&self, transport: Transport, peer: SocketAddr) -> bool {
        let target = SipAddr {
            r#type: Some(seam::transport(transport)),
            addr: peer.into(),
        };
        self.endpoint.transport_layer.get_addrs().contains(&target)
    }

    /// Makes sure a guarded stream to this peer stands; for TLS it must be who it was called.
    pub async fn connect(
        &self,
        transport: Transport,
        peer: SocketAddr,
        called: &str,
    ) -> Result<(), Error> {
        if self.stands(transport, peer) {
            return Ok(());
        }
        let tls = match (transport, &self.trust) {
            (Transport::Tls, None) => return Err(Error::NoAuthorities(called.to_owned())),
            (Transport::Tls, Some(trust)) => Some((trust, called)),
            _ => None,
        };
        self.streams
            .connect(peer, tls, &self.behind)
            .await
            .map_err(|error| Error::Stack(format!("cannot connect to {peer}: {error}")))
    }
}

/// The user part of a URI of ours, if there is one.
pub(super) fn user_part(user: &str) -> Option<rsip::Auth> {
    let user = user.to_owned();
    (!user.is_empty()).then_some(rsip::Auth {
        user,
        password: None,
    })
}

pub(super) fn stack(error: rsipstack::Error) -> Error {
    Error::Stack(error.to_string())
}

fn build_endpoint(
    layer: TransportLayer,
    taking: Taking,
    shown: Shown,
    stop: &CancellationToken,
    tuning: Tuning,
) -> Endpoint {
    let mut builder = EndpointBuilder::new();
    builder
        .with_user_agent(headers::USER_AGENT)
        .with_transport_layer(layer)
        .with_cancel_token(stop.child_token())
        .with_transport_inspector(Box::new(taking))
        .with_inspector(Box::new(shown))
        .with_option(EndpointOption {
            t1: tuning.t1,
            t1x64: tuning.t1 * 64,
            ..EndpointOption::default()
        });
    builder.build()
}
