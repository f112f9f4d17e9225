//! Telephones of desks that register: wired to the guard and to the desks, where the configuration has any.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::now;
use crate::config::{Config, DeskAddress};
use crate::engine::Engine;
use crate::location::{Location, Settings, Way};
use crate::sip;

/// How long the answer of a telephone behind NAT is waited for.
const NAT_PATIENCE: Duration = Duration::from_secs(8);

/// Where desks are that register; `None` where none may.
pub(super) async fn open(config: &Config, engine: &Engine) -> anyhow::Result<Option<Location>> {
    let desks = &config.desks;
    if desks.networks.is_empty() {
        return Ok(None);
    }
    let max_expires = Duration::from_secs(desks.max_expires_s);
    let settings = Settings {
        min_expires: Duration::from_secs(desks.min_expires_s),
        default_expires: max_expires,
        max_expires,
    };
    let location = Location::open(engine, settings).await?;
    Ok(Some(location.learning_media(desks.nat_learn_media)))
}

/// What the guard needs to let them register.
pub(super) fn guarded(config: &Config, location: Option<&Location>) -> Option<sip::Desks> {
    Some(sip::Desks {
        networks: config.desks.networks.clone(),
        md5_networks: config.desks.md5_networks.clone(),
        proxies: config.desks.proxies.clone(),
        registrar: Arc::new(location?.clone()),
    })
}

/// Keeps it until told to end.
pub(super) fn keep(
    config: &Config,
    location: Option<Location>,
    agent: sip::Agent,
    engine: &Engine,
    closing: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let engine = engine.clone();
    let every = Duration::from_secs(config.desks.nat_keep_alive_s);
    async move {
        if let Some(location) = location {
            let asking = keep_asking(&location, &agent, every, closing.clone());
            tokio::join!(location.clone().keep(engine, closing), asking);
        }
    }
}

/// A router forgets a mapping that nothing goes through, UDP within 30 s at the earliest (RFC 4787 §4.3), so the telephones
/// behind one are asked whether they are there; what counts is their answer, which goes out through it.
async fn keep_asking(
    location: &Location,
    agent: &sip::Agent,
    every: Duration,
    closing: CancellationToken,
) {
    let asking = tokio_util::task::TaskTracker::new();
    while !every.is_zero() && !closing.is_cancelled() {
        tokio::select! {
            () = closing.cancelled() => break,
            () = tokio::time::sleep(every) => {}
        }
        // What did not answer until now is still waited for: once is enough.
        if !asking.is_empty() {
            continue;
        }
        for way in location.behind_nat() {
            let agent = agent.clone();
            asking.spawn(async move {
                metrics::counter!("gradeline_desks_nat_asked_total").increment(1);
                if let Err(error) = agent.ask(question(&way)).await {
                    tracing::debug!(%error, "a telephone behind NAT cannot be asked");
                }
            });
        }
    }
}

/// OPTIONS to a telephone, where it registered from.
fn question(way: &Way) -> sip::Asking {
    sip::Asking {
        what: sip::Question::Options,
        transport: sip::Transport::Udp,
        peer: way.peer,
        called: String::new(),
        uri: way.uri.clone(),
        aor: way.uri.clone(),
        user: "gradeline".into(),
        call_id: format!("{:032x}", rand::random::<u128>()),
        cseq: 1,
        headers: Vec::new(),
        patience: NAT_PATIENCE,
    }
}

/// The staff numbers of the accounts that are configured; of those that are not there it is said what to do.
pub(super) async fn staff_of_accounts(
    config: &Config,
    engine: &Engine,
) -> anyhow::Result<HashMap<String, String>> {
    let accounts = engine.desk_accounts(now()).await?;
    for account in config.desks.accounts() {
        if !accounts.iter().any(|known| known.name == account) {
            tracing::warn!(
                "[desks] addresses has the account {account}, which is not there yet: gradeline desk add {account}"
            );
        }
    }
    let staff = accounts.into_iter();
    Ok(staff
        .filter_map(|known| Some((known.name, known.staff?)))
        .collect())
}

/// The staff numbers of those who answer in a page, by their logins; of those that are not there it is said what to do.
pub(super) async fn staff_of_logins(
    config: &Config,
    engine: &Engine,
) -> anyhow::Result<HashMap<String, String>> {
    if config.desks.browsers().next().is_none() {
        return Ok(HashMap::new());
    }
    let people = engine.people().await?;
    for login in config.desks.browsers() {
        if !people.iter().any(|person| person.name == login) {
            tracing::warn!(
                "[desks] addresses has the browser {login}, and nobody logs in so yet: gradeline user add {login}"
            );
        }
    }
    let staff = people.into_iter();
    Ok(staff
        .filter_map(|person| Some((person.name, person.staff?)))
        .collect())
}

/// What the configuration says of a desk goes before what its account says.
pub(super) fn staff_of(
    desk: &DeskAddress,
    accounts: &HashMap<String, String>,
    logins: &HashMap<String, String>,
) -> Option<String> {
    let of_login = || logins.get(desk.browser()?).cloned();
    let own = || match desk.account() {
        Some(account) => accounts.get(account).cloned(),
        None => of_login(),
    };
    let configured = desk.staff.clone().or_else(own);
    configured.or_else(|| desk.staff_number())
}
