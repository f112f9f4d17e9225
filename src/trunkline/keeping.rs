//! The loop: what the trunk wants to be done is done, and what comes of it is told.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::resolving::{Found, Place, Resolver, Unresolvable};
use super::running::{Ended, Running};
use super::{Shared, UNDER_WAY, instant};
use crate::sip::{Agent, Asking, Question};
use crate::trunks::{self, Action, Ask, Asked, Event, News, Reply, State};

/// Until the house closes, and the registration is taken back.
pub(super) async fn keep(shared: Arc<Shared>, resolver: Resolver) {
    let mut keeper = Keeper {
        resolver: Arc::new(resolver),
        running: Running::default(),
        places: Vec::new(),
        look: Some(instant()),
        lost: false,
        shared,
    };
    let closing = keeper.shared.closing.clone();
    let mut leaves = false;
    while keeper.shared.trunk().state() != State::Left {
        let now = instant();
        if keeper.look.is_some_and(|at| at <= now) {
            keeper.look();
        }
        let next = keeper.shared.trunk().next();
        tokio::select! {
            () = closing.cancelled(), if !leaves => {
                leaves = true;
                keeper.look = None;
                keeper.tell(Event::Closing);
            }
            Some(ended) = keeper.running.next() => match ended {
                Ended::Asked(event) => keeper.tell(event),
                Ended::Resolved(found) => keeper.resolved(found),
            },
            () = at(next) => keeper.tell(Event::Due),
            () = at(keeper.look) => {}
        }
    }
}

/// Until the house closes, and so much longer as an answer may take then.
async fn closes(closing: Option<CancellationToken>) {
    match closing {
        Some(closing) => {
            closing.cancelled().await;
            tokio::time::sleep(UNDER_WAY).await;
        }
        None => std::future::pending().await,
    }
}

async fn at(next: Option<Instant>) {
    match next {
        Some(next) => tokio::time::sleep_until(next.into()).await,
        None => std::future::pending().await,
    }
}

struct Keeper {
    shared: Arc<Shared>,
    resolver: Arc<Resolver>,
    running: Running,
    /// The addresses of each configured entry, as they were found last.
    places: Vec<Place>,
    /// When the addresses are looked up again.
    look: Option<Instant>,
    /// The last look failed.
    lost: bool,
}

impl Keeper {
    fn tell(&mut self, event: Event) {
        let actions = self.shared.trunk().handle(event, instant());
        for action in actions {
            match action {
                Action::Ask(ask) => self.ask(ask),
                Action::Tell(news) => tell(&self.shared.settings.name, &news),
            }
        }
        self.count();
    }

    fn look(&mut self) {
        self.look = None;
        let resolver = Arc::clone(&self.resolver);
        self.running.look(async move { resolver.look().await });
    }

    fn resolved(&mut self, found: Result<Found, Unresolvable>) {
        if self.shared.closing.is_cancelled() {
            return;
        }
        match found {
            Ok(Found {
                places,
                for_long,
                failed,
            }) => {
                self.shared.unresolved.store(false, Relaxed);
                self.look = match &failed {
                    Some(_) => Some(instant() + self.soon()),
                    None => for_long.map(|long| instant() + long),
                };
                let targets: Vec<_> = places
                    .iter()
                    .flat_map(|place| place.targets.clone())
                    .collect();
                self.places = places;
                self.tell_look(failed.as_ref(), targets.len());
                let addresses: Vec<IpAddr> = targets.iter().map(|to| to.peer.ip()).collect();
                let name = &self.shared.settings.name;
                self.shared.agent.let_call(name, addresses);
                self.tell(Event::Resolved(targets));
            }
            Err(error) => {
                self.look = Some(instant() + self.soon());
                let known = self.shared.trunk().targets().count();
                self.shared.unresolved.store(known == 0, Relaxed);
                self.tell_look(Some(&error), known);
            }
        }
    }

    /// When the name servers are asked again after an outage.
    fn soon(&self) -> Duration {
        let pause = self.shared.settings.trunk.pause;
        pause.min(super::resolving::LONGEST_OUTAGE)
    }

    /// Told once, when it changes.
    fn tell_look(&mut self, failed: Option<&Unresolvable>, known: usize) {
        let before = std::mem::replace(&mut self.lost, failed.is_some());
        let trunk = self.shared.settings.name.as_str();
        match failed {
            Some(error) if !before => {
                tracing::warn!(trunk, %error, known, "the trunk's addresses cannot be looked up; those known are kept");
            }
            None if before => tracing::info!(trunk, "the trunk's addresses are found again"),
            _ => {}
        }
    }

    fn ask(&mut self, ask: Ask) {
        let Ask {
            id,
            what,
            target,
            patience,
        } = ask;
        let settings = &self.shared.settings.trunk;
        let home = trunks::home(&target, settings);
        let account = settings.account.as_ref();
        let user = account.map_or("gradeline", |account| account.user.as_str());
        // A REGISTER that is under way when the house closes is waited for, and not for long.
        let binds = matches!(what, Asked::Register { expires_s: 1.., .. });
        let (question, call_id, cseq, headers) = match what {
            Asked::Options => {
                let once = format!("{:032x}", rand::random::<u128>());
                let mut headers = vec![("Accept".to_owned(), "application/sdp".to_owned())];
                let trunk = self.shared.trunk();
                let route = trunk.route_by(&target, instant()).iter();
                headers.extend(route.map(|element| ("Route".to_owned(), element.clone())));
                (Question::Options, once, 1, headers)
            }
            Asked::Register {
                expires_s,
                cseq,
                authorization,
            } => {
                let mut headers = vec![("Expires".to_owned(), expires_s.to_string())];
                let shown = authorization.map(|(name, value)| (name.to_owned(), value));
                headers.extend(shown);
                // Proxies on the way may note where they are (RFC 3327 §5.1).
                headers.push(("Supported".to_owned(), "path".to_owned()));
                (
                    Question::Register,
                    self.shared.call_id.clone(),
                    cseq,
                    headers,
                )
            }
        };
        let asking = Asking {
            what: question,
            transport: target.transport,
            peer: target.peer,
            called: target.name.clone(),
            uri: trunks::registrar_uri(&target, settings),
            aor: format!("sip:{user}@{home}"),
            user: user.to_owned(),
            call_id,
            cseq,
            headers,
            patience,
        };
        let agent = self.shared.agent.clone();
        let closing = binds.then(|| self.shared.closing.clone());
        let trunk = self.shared.settings.name.clone();
        self.running.request(id, async move {
            let event = asks(&agent, id, asking, closing).await;
            if question == Question::Register {
                metrics::counter!(
                    "gradeline_trunk_registers_total",
                    "trunk" => trunk,
                    "outcome" => outcome(&event)
                )
                .increment(1);
            }
            event
        });
    }

    fn count(&self) {
        let trunk = self.shared.trunk();
        let registered = trunk.registered_at(instant()).is_some();
        let name = &self.shared.settings.name;
        metrics::gauge!("gradeline_trunk_registered", "trunk" => name.clone())
            .set(f64::from(u8::from(registered)));
        // By what is configured: names may lead to ever other addresses, and each would stay a series of its own.
        for place in &self.places {
            let mut all = trunk.targets();
            let up = all.any(|(target, open)| open && place.targets.contains(target));
            metrics::gauge!(
                "gradeline_trunk_up",
                "trunk" => name.clone(),
                "address" => place.name.clone()
            )
            .set(f64::from(u8::from(up)));
        }
    }
}

/// Sends it and waits for its answer; where it binds us, not for long once the house closes.
async fn asks(agent: &Agent, id: u64, asking: Asking, closing: Option<CancellationToken>) -> Event {
    // An answer to what is dropped is nobody's: its Call-ID is free for the next REGISTER.
    let told = tokio::select! {
        biased;
        told = agent.ask(asking) => told,
        () = closes(closing) => Ok(None),
    };
    match told {
        Ok(Some(told)) => Event::Answered {
            id,
            reply: Reply {
                status: told.status,
                headers: told.headers,
                contact: told.contact,
            },
        },
        Ok(None) => Event::Silent { id },
        Err(error) => {
            tracing::debug!(%error, "the trunk cannot be asked");
            Event::Silent { id }
        }
    }
}

fn outcome(event: &Event) -> &'static str {
    match event {
        Event::Answered { reply, .. } => match reply.status {
            200..=299 => "granted",
            401 | 407 => "challenged",
            423 => "too_brief",
            408 | 500..=599 => "failed",
            _ => "refused",
        },
        _ => "silent",
    }
}

fn tell(trunk: &str, news: &News) {
    match news {
        News::Up(target) => tracing::info!(trunk, %target, "an address of the trunk answers"),
        News::Down(target) => {
            tracing::warn!(trunk, %target, "an address of the trunk does not answer; it is asked again in time");
        }
        News::Registered { at, for_s } => {
            tracing::info!(trunk, %at, for_s, "registered at the trunk");
        }
        News::NotRegistered {
            status: Some(status @ (401 | 403 | 407)),
            again_in_s,
        } => tracing::error!(
            trunk,
            status,
            again_in_s,
            "the trunk refuses to register us: look at [trunk] user, auth_user and password"
        ),
        News::NotRegistered {
            status: Some(status),
            again_in_s,
        } => tracing::error!(trunk, status, again_in_s, "the trunk does not register us"),
        News::NotRegistered {
            status: None,
            again_in_s,
        } => tracing::error!(
            trunk,
            again_in_s,
            "no address of the trunk answers our REGISTER"
        ),
        News::Stays {
            at,
            refused_by,
            status,
        } => {
            tracing::warn!(trunk, %at, %refused_by, status, "another address of the trunk does not register us; the registration that we have stands");
        }
        News::OddRoute(at) => {
            tracing::warn!(trunk, %at, "the trunk names a Service-Route that cannot be read; calls go out without it");
        }
        News::Left => tracing::info!(trunk, "left the trunk"),
    }
}
