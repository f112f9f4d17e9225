//! A talk between a page and a call: its keys, its hold, and what becomes of it when the page is lost.

use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::handing::Handing;
use super::now;
use super::ringing::{Ends, come};
use super::words::{FromPage, Mode, Reason, Step};
use crate::media::{Leg, Media};

/// How long the caller of a page that was lost is kept for it.
pub const TAKEN_UP_WITHIN: Duration = Duration::from_secs(10);
/// Events that wait for a call.
const UNHEARD: usize = 32;

/// What a page does in a talk, for its call.
pub enum Event {
    Key(char),
    Hold(bool),
    /// Its microphone is muted on purpose, or is so no more.
    Muted(bool),
    /// 转评价.
    ToRating,
    /// What it wants of the desk or group that is named, or of the colleague who is there.
    HandsOn(Step, String),
    HungUp,
    /// A supervisor wants to be in the call so.
    Supervise(Mode),
    /// He wants the caller.
    TakeOver,
    /// The page or its sound is lost; it may come again.
    Away,
    /// It is here again, with this leg.
    Back(Box<Leg>),
    /// It did not come again in time.
    Lost,
}

/// The call's end of it. Dropped, the page is told that the talk is over, and may be rung again.
pub struct Line {
    sound_lost: mpsc::Sender<()>,
    pub(super) ends: Ends,
    /// As the page was told last.
    pub(super) handing: Box<Handing>,
    _until: DropGuard,
}

impl Line {
    /// Nothing is heard of the browser any more.
    pub fn sound_lost(&self) {
        let _ = self.sound_lost.try_send(());
    }
}

/// A leg that comes.
type Coming = Pin<Box<dyn Future<Output = Result<Leg, (Reason, String)>> + Send>>;

struct Talk {
    media: Media,
    ends: Ends,
    events: mpsc::Sender<Event>,
    held: bool,
    /// Until when it may be taken up again.
    away_until: Option<Instant>,
    coming: Option<Coming>,
}

/// Begins a talk, which goes on until its [`Line`] is dropped or its page is lost for good.
pub(super) fn begin(
    media: Media,
    ends: Ends,
    hears: mpsc::Receiver<FromPage>,
) -> (Line, mpsc::Receiver<Event>) {
    let (events, receiver) = mpsc::channel(UNHEARD);
    let (sound_lost, lost) = mpsc::channel(1);
    let over = CancellationToken::new();
    ends.because(Reason::Over);
    let line = Line {
        sound_lost,
        ends: ends.shared(),
        handing: Box::default(),
        _until: over.clone().drop_guard(),
    };
    let talk = Talk {
        media,
        ends,
        events,
        held: false,
        away_until: None,
        coming: None,
    };
    tokio::spawn(talk.run(hears, lost, over));
    (line, receiver)
}

impl Talk {
    async fn run(
        mut self,
        mut hears: mpsc::Receiver<FromPage>,
        mut lost: mpsc::Receiver<()>,
        over: CancellationToken,
    ) {
        let Some(mut pages) = self.ends.consoles.pages(&self.ends.login) else {
            return;
        };
        self.stands();
        // The page may have gone before anybody listened.
        if *pages.borrow_and_update() == 0 {
            self.away().await;
        }
        loop {
            let goes_on = tokio::select! {
                biased;
                () = over.cancelled() => false,
                come = arrived(&mut self.coming) => self.come(come).await,
                changed = pages.changed() => {
                    self.away().await;
                    changed.is_ok()
                }
                Some(()) = lost.recv() => {
                    self.away().await;
                    // Its page may be there all the same, and is asked to come again.
                    self.stands();
                    true
                }
                said = hears.recv() => match said {
                    Some(said) => self.said(said).await,
                    None => false,
                },
                () = reached(self.away_until) => {
                    self.ends.because(Reason::TooLate);
                    self.send(Event::Lost).await;
                    false
                }
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Tells whether the talk goes on.
    async fn said(&mut self, said: FromPage) -> bool {
        match said {
            FromPage::Key { key, .. } => self.send(Event::Key(key)).await,
            FromPage::Hold { on, .. } if self.held != on && self.away_until.is_none() => {
                self.held = on;
                self.send(Event::Hold(on)).await;
                self.stands();
            }
            FromPage::Mute { on, .. } => self.send(Event::Muted(on)).await,
            FromPage::ToRating { .. } => {
                self.ends.because(Reason::Done);
                self.send(Event::ToRating).await;
            }
            FromPage::HangUp { .. } => {
                self.ends.because(Reason::Done);
                self.send(Event::HungUp).await;
            }
            FromPage::HandOn { step, whom, .. } => self.send(Event::HandsOn(step, whom)).await,
            FromPage::Supervise { mode, .. } => self.send(Event::Supervise(mode)).await,
            FromPage::TakeOver { .. } => self.send(Event::TakeOver).await,
            FromPage::Again { turn, sdp, .. } => {
                self.away().await;
                let (consoles, line) = (&self.ends.consoles, self.ends.line);
                let offer = (turn, sdp.as_str());
                match consoles.answered(&self.media, &self.ends.login, line, offer) {
                    Ok(leg) => self.coming = Some(Box::pin(come(leg))),
                    Err((why, _)) => consoles.refuse(&self.ends.login, why),
                }
            }
            _ => {}
        }
        true
    }

    async fn come(&mut self, come: Result<Leg, (Reason, String)>) -> bool {
        self.coming = None;
        match come {
            Ok(leg) => {
                (self.away_until, self.held) = (None, false);
                self.send(Event::Back(Box::new(leg))).await;
                self.stands();
            }
            Err((why, fault)) => {
                tracing::warn!(
                    desk = self.ends.login,
                    fault,
                    "a page that came again gets no sound"
                );
                self.ends.consoles.refuse(&self.ends.login, why);
            }
        }
        true
    }

    async fn away(&mut self) {
        self.coming = None;
        if self.away_until.is_none() {
            self.away_until = Some(now() + TAKEN_UP_WITHIN);
            self.send(Event::Away).await;
        }
    }

    fn stands(&self) {
        let ends = &self.ends;
        let again = self.away_until.is_some();
        ends.consoles
            .stands(&ends.login, ends.line, self.held, again);
    }

    /// A call that is gone cancels the talk, too.
    fn send(&self, event: Event) -> impl Future<Output = ()> + Send + use<> {
        let events = self.events.clone();
        async move {
            let _ = events.send(event).await;
        }
    }
}

async fn arrived(coming: &mut Option<Coming>) -> Result<Leg, (Reason, String)> {
    match coming {
        Some(coming) => coming.await,
        None => std::future::pending().await,
    }
}

async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
