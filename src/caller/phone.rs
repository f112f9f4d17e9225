use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::sync::mpsc;

use crate::media::{self, CallMedia, Clip, Media, Side, Way};
use crate::sip::{self, Agent, Dialog, DialogEvent, Progress};

/// How a key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyWay {
    /// RTP telephone-event (RFC 4733).
    TelephoneEvent,
    /// Tones in the sound.
    InBand,
    /// SIP INFO with `application/dtmf-relay`.
    Info,
}

/// A telephone on a free loopback port.
pub struct Phone {
    agent: Agent,
    media: Media,
}

/// A call of this phone that the other side answered.
pub struct Talk {
    dialog: Dialog,
    dialog_events: mpsc::Receiver<DialogEvent>,
    media: CallMedia,
    media_events: mpsc::Receiver<media::Event>,
    plays: u32,
}

/// What a talk meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// What `say` began came to its end.
    Said,
    OtherSideHungUp,
}

/// How long a key is held down.
const PRESS: Duration = Duration::from_millis(120);

impl Phone {
    /// Binds a SIP and a media socket range on `address`, a loopback address.
    pub async fn on(address: IpAddr, rtp_timeout: Duration) -> anyhow::Result<Phone> {
        let (agent, incoming) = Agent::start(agent_settings(address))
            .await
            .context("the built-in caller cannot open its SIP socket")?;
        drop(incoming);
        let media = Media::start(media_settings(address, rtp_timeout))
            .context("the built-in caller cannot open its media threads")?;
        Ok(Phone { agent, media })
    }

    /// Calls `target`; with `heard`, records what both sides say into that file.
    pub async fn dial(
        &self,
        target: &str,
        from: &str,
        heard: Option<&Path>,
    ) -> anyhow::Result<Talk> {
        let mut leg = self.media.offer()?;
        let invite = sip::Invite {
            target: target.to_owned(),
            flow: None,
            through: None,
            from_user: from.to_owned(),
            from_name: None,
            sdp: leg.description().to_owned(),
            headers: Vec::new(),
        };
        let mut outgoing = self.agent.invite(invite).await?;
        while let Some(progress) = outgoing.next().await {
            match progress {
                Progress::Ringing { .. } => {}
                Progress::Refused { status } => {
                    bail!("{target} refused the call with {status} ({})", hint(status))
                }
                Progress::Answered {
                    dialog,
                    events,
                    sdp,
                } => {
                    leg.accept_answer(&sdp)?;
                    let (media, media_events) = self.media.start_call(leg, heard)?;
                    return Ok(Talk {
                        dialog,
                        dialog_events: events,
                        media,
                        media_events,
                        plays: 0,
                    });
                }
            }
        }
        bail!("{target} gave no answer; is the server running (gradeline serve)?")
    }

    pub async fn stop(self) {
        self.agent.stop().await;
    }
}

impl Talk {
    pub fn call_id(&self) -> &str {
        self.dialog.call_id()
    }

    /// Speaks one clip; `Happening::Said` follows.
    pub fn say(&mut self, clip: Arc<Clip>) {
        self.plays += 1;
        self.media.play(self.plays, vec![clip], false);
    }

    /// Presses a key, `0`–`9`, `*`, `#`.
    pub async fn press(&self, key: char, way: KeyWay) -> anyhow::Result<()> {
        let code = "0123456789*#ABCD"
            .find(key)
            .and_then(|code| u8::try_from(code).ok())
            .with_context(|| format!("“{key}” is no key; keys are 0-9, * and #"))?;
        match way {
            KeyWay::TelephoneEvent => {
                self.media
                    .send_key(Side::Caller, Way::TelephoneEvent, code, PRESS)
            }
            KeyWay::InBand => self.media.send_key(Side::Caller, Way::InBand, code, PRESS),
            KeyWay::Info => {
                let body = format!("Signal={key}\r\nDuration={}\r\n", PRESS.as_millis());
                self.dialog
                    .info("application/dtmf-relay", body.as_bytes())
                    .await?;
            }
        }
        Ok(())
    }

    /// The next thing that matters to a caller.
    pub async fn next(&mut self) -> Happening {
        loop {
            tokio::select! {
                event = self.dialog_events.recv() => match event {
                    Some(DialogEvent::Bye { .. } | DialogEvent::Lost { .. }) | None => {
                        return Happening::OtherSideHungUp;
                    }
                    Some(DialogEvent::Offer { sdp, reply }) => self.answer_offer(&sdp, reply).await,
                    Some(
                        DialogEvent::Acknowledged { .. }
                        | DialogEvent::Info { .. }
                        // Dropped, its reply refuses it.
                        | DialogEvent::Refer { .. },
                    ) => {}
                },
                event = self.media_events.recv() => match event {
                    Some(media::Event::Played { .. }) => return Happening::Said,
                    Some(media::Event::RtpTimeout { .. }) | None => return Happening::OtherSideHungUp,
                    Some(_) => {}
                },
            }
        }
    }

    /// Hangs up and closes what was heard.
    pub async fn hang_up(self) {
        if self.dialog.bye(None).await.is_err() {
            tracing::debug!("the other side had already hung up");
        }
        self.close().await;
    }

    /// Closes the sound after the other side hung up.
    pub async fn close(mut self) {
        self.media.finish();
        while let Some(event) = self.media_events.recv().await {
            if matches!(event, media::Event::Finished(_)) {
                break;
            }
        }
    }

    async fn answer_offer(&self, sdp: &[u8], reply: sip::OfferReply) {
        let answered = match self.media.renegotiate(Side::Caller, sdp).await {
            Ok(answer) => reply.answer(&answer).await,
            Err(_) => reply.refuse(488).await,
        };
        if let Err(error) = answered {
            tracing::debug!(%error, "the new offer could not be answered");
        }
    }
}

/// More than any of our own telephones takes.
const MAX_CALLS: usize = 4000;

pub(super) fn agent_settings(address: IpAddr) -> sip::Settings {
    sip::Settings {
        listen: vec![sip::Listen {
            transport: sip::Transport::Udp,
            address: SocketAddr::new(address, 0),
        }],
        trunks: vec![sip::Network {
            address,
            prefix: if address.is_ipv4() { 32 } else { 128 },
        }],
        max_calls: MAX_CALLS,
        public_address: address,
        session_expires: Duration::from_secs(1800),
        certificate: None,
        desks: None,
        authorities: None,
        websocket_origins: Vec::new(),
    }
}

/// Ports above the server's default range, so that both fit on one machine.
pub(super) fn media_settings(address: IpAddr, rtp_timeout: Duration) -> media::Settings {
    media::Settings {
        address,
        ports: 40000..=49999,
        threads: 1,
        rtp_timeout,
        srtp: media::Srtp::Accept.into(),
        levels: Default::default(),
        learn_address: false,
        trunk_codecs: media::Codecs::G711,
        desk_codecs: media::Codecs::G711,
        browser_codecs: media::Codecs::G711,
    }
}

fn hint(status: u16) -> &'static str {
    match status {
        403 => "this address is not among [sip] trunks",
        404 => "no dialplan answers that number",
        408 => "nothing answered; is the server running (gradeline serve)?",
        488 => "no common codec",
        503 => "full or closing; try again later",
        _ => "see the server's log",
    }
}
