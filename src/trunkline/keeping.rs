//! The loop: what the trunk wants to be done is done, and what comes of it is told.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use tokio::task::JoinSet;

use super::resolving::{Found, Resolver, Unresolvable};
use super::{Shared, instant};
use crate::sip::{Asking, Question};
use crate::trunks::{self, Action, Ask, Asked, Event, News, Reply, State};

/// What ended beside the loop.
enum Ended {
    Asked(Event),
    Resolved(Result<Found, Unresolvable>),
}

/// Until the house closes, and the registration is taken back.
pub(super) async fn keep(shared: Arc<Shared>, resolver: Resolver) {
    let mut keeper = Keeper {
        resolver: Arc::new(resolver),
        running: JoinSet::new(),
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
            Some(ended) = keeper.running.join_next() => match ended {
                Ok(Ended::Asked(event)) => keeper.tell(event),
                Ok(Ended::Resolved(found)) => keeper.resolved(found),
                Err(bug) => tracing::error!(%bug, "a bug ended a request to the trunk"),
            },
            () = at(next) => keeper.tell(Event::Due),
            () = at(keeper.look) => {}
        }
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
    running: JoinSet<Ended>,
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
                Action::Tell(news) => tell(&news),
            }
        }
        self.count();
    }

    fn look(&mut self) {
        self.look = None;
        let resolver = Arc::clone(&self.resolver);
        self.running
            .spawn(async move { Ended::Resolved(resolver.look().await) });
    }

    fn resolved(&mut self, found: Result<Found, Unresolvable>) {
        if self.shared.closing.is_cancelled() {
            return;
        }
        match found {
            Ok(Found { targets, for_long }) => {
                if std::mem::take(&mut self.lost) {
                    tracing::info!("the trunk's addresses are found again");
                }
                self.shared.unresolved.store(false, Relaxed);
                self.look = for_long.map(|long| instant() + long);
                let addresses: Vec<IpAddr> = targets.iter().map(|to| to.peer.ip()).collect();
                self.shared.agent.let_call(addresses);
                self.tell(Event::Resolved(targets));
            }
            Err(error) => {
                let again = self
                    .shared
                    .settings
                    .trunk
                    .pause
                    .min(super::resolving::LONGEST_OUTAGE);
                self.look = Some(instant() + again);
                let known = self.shared.trunk().targets().count();
                self.shared.unresolved.store(known == 0, Relaxed);
                if !std::mem::replace(&mut self.lost, true) {
                    tracing::warn!(%error, known, "the trunk's addresses cannot be looked up; those known are kept");
                }
            }
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
        let (question, call_id, cseq, headers) = match what {
            Asked::Options => {
                let once = format!("{:032x}", rand::random::<u128>());
                let accept = ("Accept".to_owned(), "application/sdp".to_owned());
                (Question::Options, once, 1, vec![accept])
            }
            Asked::Register {
                expires_s,
                cseq,
                authorization,
            } => {
                let mut headers = vec![("Expires".to_owned(), expires_s.to_string())];
                let shown = authorization.map(|(name, value)| (name.to_owned(), value));
                headers.extend(shown);
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
        self.running.spawn(async move {
            let event = match agent.ask(asking).await {
                Ok(Some(told)) => Event::Answered {
                    id,
                    reply: Reply {
                        status: told.status,
                        headers: told.headers,
                    },
                },
                Ok(None) => Event::Silent { id },
                Err(error) => {
                    tracing::debug!(%error, %target, "the trunk cannot be asked");
                    Event::Silent { id }
                }
            };
            if question == Question::Register {
                metrics::counter!("gradeline_trunk_registers_total", "outcome" => outcome(&event))
                    .increment(1);
            }
            Ended::Asked(event)
        });
    }

    fn count(&self) {
        let trunk = self.shared.trunk();
        let registered = trunk.registered_at(instant()).is_some();
        metrics::gauge!("gradeline_trunk_registered").set(f64::from(u8::from(registered)));
        for (target, open) in trunk.targets() {
            metrics::gauge!("gradeline_trunk_up", "address" => target.to_string())
                .set(f64::from(u8::from(open)));
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

fn tell(news: &News) {
    match news {
        News::Up(target) => tracing::info!(%target, "an address of the trunk answers"),
        News::Down(target) => {
            tracing::warn!(%target, "an address of the trunk does not answer; it is asked again in time");
        }
        News::Registered { at, for_s } => {
            tracing::info!(%at, for_s, "registered at the trunk");
        }
        News::NotRegistered {
            status: Some(status @ (401 | 403 | 407)),
            again_in_s,
        } => tracing::error!(
            status,
            again_in_s,
            "the trunk refuses to register us: look at [trunk] user, auth_user and password"
        ),
        News::NotRegistered {
            status: Some(status),
            again_in_s,
        } => tracing::error!(status, again_in_s, "the trunk does not register us"),
        News::NotRegistered {
            status: None,
            again_in_s,
        } => tracing::error!(again_in_s, "no address of the trunk answers our REGISTER"),
        News::Stays {
            at,
            refused_by,
            status,
        } => {
            tracing::warn!(%at, %refused_by, status, "another address of the trunk does not register us; the registration that we have stands");
        }
        News::Left => tracing::info!("left the trunk"),
    }
}
