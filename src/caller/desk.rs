use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::phone::{agent_settings, media_settings};
use crate::media::{self, Clip, Media, Side};
use crate::sip::{Agent, Dialog, DialogEvent, Incoming};

/// A desk inside, so that anyone with a softphone can try the whole call at once: it rings, answers,
/// speaks, and hangs up after some seconds. Calls that it answers are rehearsals.
pub struct RehearsalDesk {
    address: String,
    agent: Agent,
    serving: JoinHandle<()>,
}

/// How it behaves.
#[derive(Clone)]
pub struct Conduct {
    /// What it says, one clip after another.
    pub speech: Vec<Arc<Clip>>,
    /// How long it rings before it answers.
    pub ring: Duration,
    /// How long after its answer it begins to speak.
    pub pause: Duration,
    /// How long after its answer it hangs up.
    pub talk: Duration,
}

impl RehearsalDesk {
    /// Opens it on a free port of `address` (loopback).
    pub async fn open(address: IpAddr, conduct: Conduct) -> anyhow::Result<RehearsalDesk> {
        let (agent, incoming) = Agent::start(agent_settings(address))
            .await
            .context("the rehearsal desk cannot open its SIP socket")?;
        let media = Media::start(media_settings(address, Duration::from_secs(60)))
            .context("the rehearsal desk cannot open its media thread")?;
        let port = agent
            .addresses()
            .first()
            .map(|listen| listen.address)
            .context("the rehearsal desk has no SIP address")?;
        Ok(RehearsalDesk {
            address: format!("sip:rehearsal@{port}"),
            agent,
            serving: tokio::spawn(serve(incoming, media, conduct)),
        })
    }

    /// Its SIP address, to be rung like any desk.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub async fn close(self) {
        self.serving.abort();
        self.agent.stop().await;
    }
}

async fn serve(mut incoming: mpsc::Receiver<Incoming>, media: Media, conduct: Conduct) {
    let mut talks = JoinSet::new();
    loop {
        tokio::select! {
            invite = incoming.recv() => match invite {
                Some(invite) => {
                    let (media, conduct) = (media.clone(), conduct.clone());
                    talks.spawn(async move {
                        if let Err(error) = talk(invite, media, conduct).await {
                            tracing::warn!(error = format!("{error:#}"), "the rehearsal desk lost a call");
                        }
                    });
                }
                None => break,
            },
            Some(_) = talks.join_next() => {}
        }
    }
}

async fn talk(invite: Incoming, media: Media, conduct: Conduct) -> anyhow::Result<()> {
    invite.ring().await?;
    tokio::select! {
        () = tokio::time::sleep(conduct.ring) => {}
        () = invite.cancelled() => return Ok(()),
    }
    let offer = invite.offer.clone().context("a call without an offer")?;
    let leg = media.answer_to(&offer)?;
    let answer = leg.description().to_owned();
    let (dialog, mut dialog_events) = invite.answer(&answer).await?;
    let (sound, mut sound_events) = media.start_call(leg, None)?;
    let speak = tokio::time::sleep(conduct.pause);
    tokio::pin!(speak);
    let mut speech = Some(conduct.speech);
    let over = tokio::time::sleep(conduct.talk);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => {
                hang_up(&dialog).await;
                break;
            }
            () = &mut speak, if speech.is_some() => {
                sound.play(1, speech.take().unwrap_or_default(), false);
            }
            event = dialog_events.recv() => match event {
                Some(DialogEvent::Offer { sdp, reply }) => {
                    match sound.renegotiate(Side::Caller, &sdp).await {
                        Ok(answer) => reply.answer(&answer).await?,
                        Err(_) => reply.refuse(488).await?,
                    }
                }
                Some(
                        DialogEvent::Acknowledged { .. }
                        | DialogEvent::Info { .. }
                        // Dropped, its reply refuses it.
                        | DialogEvent::Refer { .. },
                    ) => {}
                Some(DialogEvent::Bye { .. } | DialogEvent::Lost { .. }) | None => break,
            },
            event = sound_events.recv() => {
                if matches!(event, None | Some(media::Event::RtpTimeout { .. })) {
                    hang_up(&dialog).await;
                    break;
                }
            }
        }
    }
    sound.finish();
    while let Some(event) = sound_events.recv().await {
        if matches!(event, media::Event::Finished(_)) {
            break;
        }
    }
    Ok(())
}

async fn hang_up(dialog: &Dialog) {
    if dialog.bye(None).await.is_err() {
        tracing::debug!("the other side had already hung up");
    }
}
