use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};

use super::{now, open_engine, runtime};
use crate::caller::{self, Happening, Phone, Talk};
use crate::config::Config;
use crate::domain::Moment;
use crate::engine::{CallDetail, CallFilter, CallId, Engine, Numbers, TimelineEntry};
use crate::ivr::{KeyPlan, KeyPress};
use crate::logging::log_to_stderr;
use crate::media::Clips;
use crate::sip::{Listen, Transport};

/// How the demo's keys are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum KeyWay {
    /// RTP telephone-event (RFC 4733)
    Event,
    /// SIP INFO
    Info,
    /// Tones in the sound
    Inband,
}

/// A call to make, and what must come of it.
pub struct DemoCall<'a> {
    pub keys: &'a str,
    pub hangup: Option<&'a str>,
    pub way: KeyWay,
    pub expect: Option<&'a str>,
    pub number: &'a str,
}

/// The caller's number that the demo shows; it belongs to nobody.
const FROM: &str = "13800000000";

/// How often the call's rows are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A centre that is open rings its desks at once; a call in which none rings within this meets none.
const NO_DESK_AFTER_MS: i64 = 1500;

/// A call that does not end within this is given up.
const LONGEST: Duration = Duration::from_secs(300);

/// Calls the running server over loopback, presses the planned keys, prints the timeline as it
/// happens and what became of it. Exit status 1 where another outcome than `expect` came out.
pub fn demo(config: Option<&Path>, call: DemoCall<'_>) -> anyhow::Result<ExitCode> {
    log_to_stderr("warn");
    let config = Config::load(config)?;
    let keys = KeyPlan::parse(call.keys).map_err(|error| anyhow::anyhow!("--keys: {error}"))?;
    let hangup = call
        .hangup
        .map(|text| {
            crate::ivr::parse_seconds(text)
                .with_context(|| format!("--hangup “{text}” is not a time such as 4s"))
        })
        .transpose()?;
    runtime()?.block_on(async {
        let engine = open_engine(&config).await?;
        let clips = Clips::load(&config.prompts.dir.join("zh-CN"))?;
        let target = target(&config, call.number)?;
        println!("Calling {target} …");
        let phone = Phone::on(Ipv4Addr::LOCALHOST.into(), Duration::from_secs(60)).await?;
        let talk = phone.dial(&target, FROM, None).await?;
        let id = find(&engine, talk.call_id()).await?;
        println!("Call {} is answered and recorded.", id.0);
        let run = Run {
            engine: &engine,
            id: &id,
            clips: &clips,
            way: call.way,
            keys: keys.presses(),
            hangup,
        };
        tokio::time::timeout(LONGEST, run.through(talk))
            .await
            .context("the call did not end; see the server's log")??;
        phone.stop().await;
        let detail = settled(&engine, &id).await?;
        let outcome = report(&config, &engine, &detail).await?;
        engine.close().await?;
        match call.expect {
            Some(expected) if expected != outcome => {
                println!("expected {expected}, and {outcome} came out");
                Ok(ExitCode::from(1))
            }
            _ => Ok(ExitCode::SUCCESS),
        }
    })
}

/// The server's own address for SIP, seen from this machine.
fn target(config: &Config, number: &str) -> anyhow::Result<String> {
    let Listen { address, .. } = config
        .sip
        .listen
        .iter()
        .find(|listen| listen.transport == Transport::Udp)
        .context("[sip] listen has no udp: address; the demo calls by UDP")?;
    let ip = match address.ip() {
        ip if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    Ok(format!(
        "sip:{number}@{}",
        std::net::SocketAddr::new(ip, address.port())
    ))
}

/// The call's row by its dialog.
async fn find(engine: &Engine, sip_call_id: &str) -> anyhow::Result<CallId> {
    let recent = engine
        .calls(&CallFilter::default(), None, 50, Numbers::Masked)
        .await?;
    for row in recent.items {
        let detail = engine.call(&row.id, Numbers::Masked).await?;
        if detail.is_some_and(|detail| detail.sip_call_id == sip_call_id) {
            return Ok(row.id);
        }
    }
    bail!("the call is not in this configuration's database; give the server's --config")
}

/// The rows once the call has ended and its recording is archived.
async fn settled(engine: &Engine, id: &CallId) -> anyhow::Result<CallDetail> {
    let mut look = tokio::time::interval(LOOK_EVERY);
    for _ in 0..100 {
        look.tick().await;
        if let Some(detail) = engine.call(id, Numbers::Masked).await?
            && detail.row.outcome.is_some()
            && detail.recording.is_some()
        {
            return Ok(detail);
        }
    }
    bail!("the call's last rows were not written within 10 s; see the server's log")
}

/// From when the planned keys count: the offer, or the answer where no desk will come.
#[derive(Default)]
struct Anchor {
    answered: Option<Moment>,
    desk: DeskSeen,
    offered: Option<Moment>,
}

/// What the timeline has told of a desk.
#[derive(Default, PartialEq, Eq)]
enum DeskSeen {
    #[default]
    Nothing,
    Sought,
    Unavailable,
}

impl Anchor {
    fn note(&mut self, entry: &TimelineEntry) {
        match entry.kind.as_str() {
            "answered" => self.answered = Some(entry.at),
            "desk_ringing" => self.desk = DeskSeen::Sought,
            "desk_unavailable" => self.desk = DeskSeen::Unavailable,
            "offer" => self.offered = self.offered.or(Some(entry.at)),
            _ => {}
        }
    }

    fn at(&self, now: Moment) -> Option<Moment> {
        let answered = self.answered?;
        let no_desk = match self.desk {
            DeskSeen::Unavailable => true,
            DeskSeen::Sought => false,
            DeskSeen::Nothing => now >= answered.plus_millis(NO_DESK_AFTER_MS),
        };
        self.offered.or(no_desk.then_some(answered))
    }
}

struct Run<'a> {
    engine: &'a Engine,
    id: &'a CallId,
    clips: &'a Clips,
    way: KeyWay,
    keys: &'a [KeyPress],
    hangup: Option<Duration>,
}

impl Run<'_> {
    /// Follows the timeline, speaks when joined, presses keys when they are due, to the call's end.
    async fn through(&self, mut talk: Talk) -> anyhow::Result<()> {
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut printed = 0;
        let mut anchor = Anchor::default();
        let mut pressed = 0;
        let mut last_key: Option<Moment> = None;
        loop {
            tokio::select! {
                happening = talk.next() => if happening == Happening::OtherSideHungUp {
                    self.print_from(printed).await?;
                    talk.close().await;
                    return Ok(());
                },
                _ = look.tick() => {
                    for entry in self.entries_from(&mut printed).await? {
                        print(&entry);
                        anchor.note(&entry);
                        match entry.kind.as_str() {
                            "joined" => self.say(&mut talk, "demo-question"),
                            "message" => self.say(&mut talk, "demo-remark"),
                            _ => {}
                        }
                    }
                    let Some(offered) = anchor.at(now()) else { continue };
                    if let Some(press) = self.keys.get(pressed)
                        && is_past(last_key.unwrap_or(offered), press.after)
                    {
                        last_key = Some(now());
                        pressed += 1;
                        talk.press(press.digit.char(), self.way()).await?;
                    }
                    if let Some(hangup) = self.hangup && is_past(offered, hangup) {
                        talk.hang_up().await;
                        self.print_from(printed).await?;
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn entries_from(&self, printed: &mut usize) -> anyhow::Result<Vec<TimelineEntry>> {
        let detail = self
            .engine
            .call(self.id, Numbers::Masked)
            .await?
            .context("the call's row is gone")?;
        let new = detail
            .timeline
            .into_iter()
            .skip(*printed)
            .collect::<Vec<_>>();
        *printed += new.len();
        Ok(new)
    }

    /// What is still to come of the timeline; the server writes it within a second.
    async fn print_from(&self, mut printed: usize) -> anyhow::Result<()> {
        let mut look = tokio::time::interval(LOOK_EVERY);
        for _ in 0..30 {
            look.tick().await;
            for entry in self.entries_from(&mut printed).await? {
                print(&entry);
                if entry.kind == "outcome" {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn say(&self, talk: &mut Talk, stem: &str) {
        match self.clips.0.get(stem) {
            Some(clip) => talk.say(Arc::clone(clip)),
            None => println!("        (no clip {stem}: the caller stays silent)"),
        }
    }

    fn way(&self) -> caller::KeyWay {
        match self.way {
            KeyWay::Event => caller::KeyWay::TelephoneEvent,
            KeyWay::Info => caller::KeyWay::Info,
            KeyWay::Inband => caller::KeyWay::InBand,
        }
    }
}

fn is_past(since: Moment, after: Duration) -> bool {
    let after_ms = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
    now() >= since.plus_millis(after_ms)
}

fn print(entry: &TimelineEntry) {
    let seconds = entry.offset_ms as f64 / 1000.0;
    println!("{seconds:>8.2} s  {:<16} {}", entry.kind, entry.detail);
}

/// Prints what became of the call; its outcome, a grade's word where there is one.
async fn report(config: &Config, engine: &Engine, detail: &CallDetail) -> anyhow::Result<String> {
    let row = &detail.row;
    println!();
    if let Some(recording) = &detail.recording {
        let path = config.recordings.dir.join(&recording.path);
        println!(
            "Recording  {}  ({:.1} s, SHA-256 {})",
            path.display(),
            recording.length_ms as f64 / 1000.0,
            recording.sha256
        );
    }
    let outcome = match row.grade {
        Some(grade) => {
            println!("Grade      {} ({grade})", grade.zh());
            grade.word().to_owned()
        }
        None => {
            let reason = row.outcome.clone().unwrap_or_default();
            println!("No grade   {reason}");
            reason
        }
    };
    if row.rehearsal {
        println!("Rehearsal  yes: this call and its ticket stay out of all figures");
    }
    if let Some(number) = &row.ticket
        && let Some(ticket) = engine.ticket(number, Numbers::Masked).await?
    {
        println!("Ticket     {number}");
        for (deadline, counted) in ticket.row.deadlines.iter().zip(&ticket.counted) {
            println!(
                "Due        {}  {} ({})",
                deadline.due_at, deadline.kind, deadline.article
            );
            for day in &counted.days {
                println!("           {}", day.line_zh());
            }
        }
        println!("Page       http://{}/tickets/{number}", config.web.listen);
    }
    println!("Call page  http://{}/calls/{}", config.web.listen, row.id.0);
    Ok(outcome)
}
