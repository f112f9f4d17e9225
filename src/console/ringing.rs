//! A desk's page rings: accepted, its sound is brought about before anybody is told that it answered.

use std::time::Duration;

use tokio::sync::mpsc;

use super::consoles::Consoles;
use super::now;
use super::talk::{self, Event, Line};
use super::words::{FromPage, Mode, Reason, ToPage};
use crate::media::{Leg, Media};

/// What a page shows while it rings, and in the talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bell {
    pub call: String,
    /// The caller's number, whole: what of it is shown is judged here.
    pub caller: Option<String>,
    pub matter: Option<String>,
    /// How long he has waited.
    pub waited: Duration,
    /// The call is another desk's, and the person of this page supervises it.
    pub supervises: Option<Mode>,
}

/// A desk that took the call.
pub struct Taken {
    pub line: Line,
    pub events: mpsc::Receiver<Event>,
    pub leg: Leg,
}

/// Why it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// The person refused.
    Busy,
    /// Nobody is there, or no sound comes to be.
    Failed,
    /// The page went while it rang, which the floor is told by [`super::Did::Went`]: its person missed nothing.
    Went,
}

/// How long ICE and DTLS may take: on a working network they take a moment.
const SOUND_WITHIN: Duration = Duration::from_secs(6);
/// How often a browser's datagrams are looked for while it comes.
const LOOKS: Duration = Duration::from_millis(5);

/// A page's line. Dropped, it is free, and its page is told why: whoever drops it first, so that the next call finds
/// it free as soon as its desk is.
pub(super) struct Ends {
    pub consoles: Consoles,
    pub login: String,
    pub line: u64,
}

impl Ends {
    /// Why it will have ended when it ends.
    pub fn because(&self, why: Reason) {
        self.consoles.because(&self.login, self.line, why);
    }

    /// The same line in another hand.
    pub fn shared(&self) -> Ends {
        Ends {
            consoles: self.consoles.clone(),
            login: self.login.clone(),
            line: self.line,
        }
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.consoles.over(&self.login, self.line);
    }
}

impl Consoles {
    /// Rings a page until it takes the call or refuses; dropped, it rings no more.
    ///
    /// # Errors
    /// Where it refuses, nobody is there, or no sound comes to be.
    pub async fn call(&self, media: &Media, login: &str, bell: Bell) -> Result<Taken, No> {
        let call = bell.call.clone();
        let (line, mut hears) = self.ring(login, bell).ok_or(No::Failed)?;
        let ends = Ends {
            consoles: self.clone(),
            login: login.to_owned(),
            line,
        };
        let (turn, sdp) = loop {
            match hears.recv().await {
                Some(FromPage::Accept { turn, sdp, .. }) => break (turn, sdp),
                Some(FromPage::Refuse { .. }) => return Err(No::Busy),
                Some(FromPage::NoMicrophone { .. }) => {
                    tracing::warn!(call, desk = login, "a desk's page has no microphone");
                    return Err(No::Failed);
                }
                Some(_) => {}
                None => return Err(No::Went),
            }
        };
        let coming = async {
            let leg = self.answered(media, login, line, (turn, &sdp))?;
            come(leg).await
        };
        let hung_up = async {
            while let Some(said) = hears.recv().await {
                if matches!(said, FromPage::HangUp { .. } | FromPage::Refuse { .. }) {
                    return No::Busy;
                }
            }
            No::Went
        };
        let come = tokio::select! {
            come = coming => come,
            why = hung_up => return Err(why),
        };
        let leg = match come {
            Ok(leg) => leg,
            Err((why, fault)) => {
                metrics::counter!("gradeline_browser_legs_failed_total").increment(1);
                tracing::warn!(call, desk = login, fault, "a desk's page gets no sound");
                ends.because(why);
                return Err(No::Failed);
            }
        };
        let (line, events) = talk::begin(media.clone(), ends, hears);
        Ok(Taken { line, events, leg })
    }

    /// The leg that answers a page's offer of this number, which it is told.
    pub(super) fn answered(
        &self,
        media: &Media,
        login: &str,
        line: u64,
        (turn, sdp): (u32, &str),
    ) -> Result<Leg, (Reason, String)> {
        let leg = media.answer_browser(sdp);
        let leg = leg.map_err(|fault| (Reason::UnfitOffer, fault.to_string()))?;
        let sdp = leg.description().to_owned();
        self.tell(login, ToPage::Answer { line, turn, sdp });
        Ok(leg)
    }
}

/// Waits until the browser has come to its leg.
pub(super) async fn come(mut leg: Leg) -> Result<Leg, (Reason, String)> {
    let by = now() + SOUND_WITHIN;
    loop {
        match leg.come(now()) {
            Some(Ok(())) => return Ok(leg),
            Some(Err(why)) => return Err((Reason::NoSound, why)),
            None if now() > by => {
                let why =
                    "nothing came by ICE or DTLS; are the ports of [media] open to the desks?";
                return Err((Reason::NoSound, why.to_owned()));
            }
            None => tokio::time::sleep(LOOKS).await,
        }
    }
}
