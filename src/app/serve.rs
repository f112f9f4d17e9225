use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::entering::answered_by;
use super::floor::{open_desks, open_pages, watched};
use super::recovery::Recovery;
use super::ticking::tick_until;
use super::{now, open_engine, registering, resources, runtime};
use crate::archive::Archive;
use crate::caller::RehearsalDesk;
use crate::config::{self, Config, Srtp};
use crate::console::Consoles;
use crate::engine::Engine;
use crate::ledger::Ledgers;
use crate::location::Location;
use crate::logging::{self, Log};
use crate::media::{self, Media};
use crate::phone::{self, Book, Phone, Rooms};
use crate::sip::{self, Agent};
use crate::supervision::Supervisions;
use crate::trunkline::Trunklines;
use crate::web;

/// Answers calls and serves the pages until Ctrl-C or SIGTERM, then drains.
pub fn serve(config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let log = logging::begin(&format!(
        "info,{},sqlx=warn,rtc_dtls=error",
        sip::LOG_FILTER
    ))?;
    let config = Config::load(config)?;
    if let Some(warning) = resources::prepare(config.sip.max_calls) {
        tracing::warn!("{warning}");
    }
    runtime()?.block_on(run(config, &log))?;
    Ok(ExitCode::SUCCESS)
}

async fn run(config: Config, log: &Log) -> anyhow::Result<()> {
    look_over(&config)?;
    let book = read_book(&config)?;
    let meter = web::Meter::install().context("metrics cannot be installed")?;
    // Before anything is written: a second server started by mistake ends here.
    let web_listener = listen_for_pages(config.web.listen).await?;
    let engine = claimed_engine(&config).await?;
    let archive = open_archive(&config)?;
    let recovery = Recovery::look(&engine, &archive).await?;
    let ledgers = open_ledgers(&config, &engine).await?;
    let (one_time_password, example) = put_in_order(&engine).await?;

    // The pages stay until the last call has ended: the people at them are in those calls.
    let (closing, pages_closing) = (CancellationToken::new(), CancellationToken::new());
    let media = Media::start(media_settings(&config)).context("the media threads cannot start")?;
    let location = registering::open(&config, &engine).await?;
    let (agent, incoming) = Agent::start(sip_settings(&config, location.as_ref())).await?;
    let (desks, rehearsal) = open_desks(&config, &book, &engine).await?;
    let trunkline = open_trunkline(&config, &agent)?;
    let (desk_pages, consoles) = open_pages(&config, &desks).unzip();
    welcome(
        &agent,
        &config,
        web_listener.local_addr()?,
        one_time_password.as_deref(),
        rehearsal.is_some(),
    );
    let supervisions = Supervisions::open(engine.clone(), media.clone(), consoles.clone());
    let troubles = troubles(&ledgers, &media, trunkline.clone());
    let (board, glass) = watch::channel(Arc::default());
    let outward = calls_out(&config, &book);
    let seen = (consoles, supervisions.clone());
    let glance = watched(&config, engine.calendar().clone(), glass);
    let options = web_options(&config, meter, troubles, glance, example, seen, &outward);
    let (shown, heard) = (engine.clone(), archive.clone());
    let closed = pages_closing.clone().cancelled_owned();
    let pages = tokio::spawn(web::serve(web_listener, shown, heard, options, closed));
    let phone = Phone::open(Rooms {
        settings: phone_settings(&config, outward),
        engine: engine.clone(),
        ledgers: ledgers.clone(),
        archive,
        media,
        calendar: engine.calendar().clone(),
        agent: agent.clone(),
        desks,
        location: location.clone(),
        trunkline,
        pages: desk_pages,
        supervisions,
        rehearsal: rehearsal.is_some(),
        book,
        board,
    });
    let ticker = tokio::spawn(tick_until(engine.clone(), pages_closing.clone()));
    let recovering = tokio::spawn(recovery.run(ledgers));
    let located = registering::keep(&config, location, agent, &engine, pages_closing.clone());
    let locating = tokio::spawn(located);
    let telling = tokio::spawn(log.tell_lost());
    let stopper = tokio::spawn(close_on_signal(closing.clone(), phone.grace_over()));
    phone.serve(incoming, closing.clone()).await;
    pages_closing.cancel();
    // What recovery has not come to is found again by the next start.
    give_up([stopper, recovering, telling]);
    leave(rehearsal).await;
    pages.await.context("the pages broke")??;
    ticker.await.context("the beat broke")?;
    locating.await.context("the location service broke")?;
    stopped(engine).await
}

/// Tasks that need not come to their end.
fn give_up<T, const N: usize>(tasks: [tokio::task::JoinHandle<T>; N]) {
    for task in tasks {
        task.abort();
    }
}

/// The last of it.
async fn stopped(engine: Engine) -> anyhow::Result<()> {
    engine.close().await?;
    tracing::info!("stopped; nothing is open");
    Ok(())
}

/// Nobody else's, before anybody's calls are closed.
async fn claimed_engine(config: &Config) -> anyhow::Result<Engine> {
    let engine = open_engine(config).await?;
    engine.claim().await?;
    Ok(engine)
}

/// What an older version or calendar left is taken over; the one-time password of a first start's administrator, and
/// whether the database holds an example.
async fn put_in_order(engine: &Engine) -> anyhow::Result<(Option<String>, bool)> {
    engine.adopt_tickets(now()).await?;
    engine.recount(now()).await?;
    let one_time_password = engine.ensure_administrator(now()).await?;
    Ok((one_time_password, is_example(engine).await?))
}

/// Whether the database holds an example centre, which is told.
async fn is_example(engine: &Engine) -> anyhow::Result<bool> {
    let mark = engine.example_mark().await?;
    if let Some(mark) = &mark {
        tracing::warn!(
            seed = mark.seed,
            "the database holds an example centre; no real call belongs into it"
        );
    }
    Ok(mark.is_some())
}

/// Says what is doubtful in a configuration, and stops at what cannot work.
fn look_over(config: &Config) -> anyhow::Result<()> {
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    can_be_heard(config.media.address)
}

async fn listen_for_pages(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("[web] listen {address}: the port is taken or not ours"))
}

/// Sound is sent from an address of this machine, or no call would have any.
fn can_be_heard(address: IpAddr) -> anyhow::Result<()> {
    match std::net::UdpSocket::bind((address, 0)) {
        Ok(_) => Ok(()),
        Err(error) => bail!(
            "[media] address {address} is none of this machine's: {error}; write the one that the trunk reaches"
        ),
    }
}

/// A folder that is none is a mistake of the configuration. A disk that is full is trouble, and the
/// line is answered all the same: the recorder tries again.
fn open_archive(config: &Config) -> anyhow::Result<Archive> {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    let archive = Archive::new(&config.recordings.dir);
    let dir = config.recordings.dir.display();
    match archive.stand_ready() {
        Ok(()) => {}
        Err(error) if matches!(error.kind(), NotADirectory | NotFound | PermissionDenied) => {
            bail!(
                "[recordings] dir {dir} cannot be written: {error}; name a folder that we may write"
            )
        }
        Err(error) => tracing::error!(%error, %dir, "recordings cannot be written now"),
    }
    Ok(archive)
}

fn read_book(config: &Config) -> anyhow::Result<Book> {
    let checked = Book::read(&config.files())?;
    for finding in &checked.findings {
        match checked.book {
            // The start waits for nobody who takes the log.
            Some(_) => tracing::warn!("{finding}"),
            None => eprintln!("{finding}"),
        }
    }
    match checked.book {
        Some(book) => Ok(book),
        None => bail!("the operator's files cannot be used; see above, or run: gradeline check"),
    }
}

async fn open_ledgers(config: &Config, engine: &Engine) -> anyhow::Result<Arc<Ledgers>> {
    let dir = &config.journal.dir;
    let ledgers = Ledgers::open(engine.clone(), dir).await;
    let ledgers =
        ledgers.with_context(|| format!("[journal] dir {} cannot be used", dir.display()))?;
    Ok(Arc::new(ledgers))
}

fn web_options(
    config: &Config,
    meter: web::Meter,
    troubles: web::Troubles,
    board: web::Glance,
    example: bool,
    (consoles, supervisions): (Option<Consoles>, Supervisions),
    outward: &Option<phone::Outward>,
) -> web::Options {
    let heard = supervisions.clone();
    web::Options {
        centre: config.centre.name.clone(),
        behind_tls: config.web.behind_tls,
        meter,
        troubles,
        board: Arc::new(move || board().with_troubles(|call| heard.troubles(call))),
        example,
        calls_out: outward.as_ref().map(phone::Outward::allowing),
        consoles,
        supervisions: Some(supervisions),
    }
}

/// The trunks that we register to or call out through, where the configuration has any.
fn open_trunkline(config: &Config, agent: &Agent) -> anyhow::Result<Option<Trunklines>> {
    Trunklines::open(agent, config.trunklines()).context("[trunk] cannot be used")
}

/// What `/healthz` says beside the database's reading.
fn troubles(ledgers: &Arc<Ledgers>, media: &Media, trunkline: Option<Trunklines>) -> web::Troubles {
    let (ledgers, media) = (Arc::clone(ledgers), media.clone());
    Arc::new(move || {
        let troubles = ledgers.troubles().into_iter();
        let mut troubles: Vec<String> = troubles.map(str::to_owned).collect();
        if media.stalled_recordings() > 0 {
            troubles.push("recordings".into());
        }
        let trunks = trunkline.iter().flat_map(Trunklines::in_trouble);
        troubles.extend(trunks.map(config::trunk_in_trouble));
        troubles
    })
}

/// How the house calls out, and what a dialplan answers of it now.
fn calls_out(config: &Config, book: &Book) -> Option<phone::Outward> {
    let outward = config.calls_out()?;
    answered_by(&outward.plans, book);
    Some(outward)
}

fn phone_settings(config: &Config, outward: Option<phone::Outward>) -> phone::Settings {
    phone::Settings {
        files: config.files(),
        openings: config.openings(),
        grace: Duration::from_secs(config.sip.drain_s),
        outward,
        transfers: config.transfer_rules(),
    }
}

fn media_settings(config: &Config) -> media::Settings {
    let srtp = |of: Option<Srtp>| match of.unwrap_or(config.media.srtp) {
        Srtp::Accept => media::Srtp::Accept,
        Srtp::Refuse => media::Srtp::Refuse,
        Srtp::Require => media::Srtp::Require,
    };
    media::Settings {
        address: config.media.address,
        ports: config.media.ports.clone(),
        threads: config.media.threads,
        rtp_timeout: Duration::from_secs(config.media.rtp_timeout_s),
        srtp: media::Secrecy {
            trunk: srtp(config.trunk.srtp()),
            desks: srtp(config.desks.srtp),
            in_clear: config.media.srtp_in_clear,
        },
        levels: media::Levels {
            trunk: config.trunk.level_db(),
            desks: config.desks.level_db,
        },
        learn_address: config.media.learn_address,
        trunk_codecs: config.media.trunk_codecs,
        desk_codecs: config.media.desk_codecs,
        browser_codecs: config.media.browser_codecs,
    }
}

fn sip_settings(config: &Config, location: Option<&Location>) -> sip::Settings {
    sip::Settings {
        listen: config.sip.listen.clone(),
        trunks: config.sip.trunks.clone(),
        max_calls: config.sip.max_calls,
        public_address: config.sip_address(),
        session_expires: Duration::from_secs(config.sip.session_expires_s.into()),
        certificate: config.certificate(),
        desks: registering::guarded(config, location),
        authorities: config.sip.tls_authorities.clone(),
        websocket_origins: config.sip.websocket_origins.clone(),
    }
}

/// What a person who has just started it needs to know.
fn welcome(
    agent: &Agent,
    config: &Config,
    web: SocketAddr,
    one_time_password: Option<&str>,
    rehearsal: bool,
) {
    let listens = agent.addresses();
    // A softphone on this machine calls by UDP.
    let by_udp = listens
        .iter()
        .find(|listen| listen.transport == sip::Transport::Udp);
    let port = by_udp
        .or(listens.first())
        .map_or(5060, |listen| listen.address.port());
    println!();
    println!("  gradeline is ready.  政务服务“好差评”电话咨询与评价");
    println!();
    println!("  Call      sip:consult@{}:{port}", config.media.address);
    println!("            or, in another terminal: gradeline demo");
    println!("  Pages     http://{web}/");
    match one_time_password {
        Some(password) => {
            println!("  Log in    admin / {password}   (one time: a new password is asked for)");
        }
        None => println!("  Log in    admin, with the password you chose"),
    }
    if rehearsal {
        println!(
            "  Desks     none configured: a rehearsal desk answers; its calls stay out of figures"
        );
    }
    println!(
        "  Stop      Ctrl-C; running calls may end within {} s",
        config.sip.drain_s
    );
    println!();
}

/// The rehearsal desk goes last.
async fn leave(rehearsal: Option<RehearsalDesk>) {
    if let Some(desk) = rehearsal {
        desk.close().await;
    }
}

/// Ctrl-C or SIGTERM closes the house; a second one ends the calls' grace.
async fn close_on_signal(closing: CancellationToken, grace_over: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    );
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
        tracing::error!("signals cannot be listened for; stop with kill");
        return;
    };
    for token in [closing, grace_over] {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("closing; once more ends the running calls at once");
        token.cancel();
    }
}
