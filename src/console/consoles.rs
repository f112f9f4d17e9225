//! Which pages are there, and what rings or talks at each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::handing::Handing;
use super::happened::{Did, Happened};
use super::now;
use super::pace::{NoLine, Pace};
use super::place::{OnLine, Page, Place};
use super::ringing::Bell;
use super::talk::TAKEN_UP_WITHIN;
use super::words::{FromPage, Reason, Shown, ToPage};

/// Messages that wait for a page; one that does not read them is taken for lost.
const UNREAD: usize = 64;
/// Messages that wait for a talk.
const UNHEARD: usize = 32;
/// What pages did that waits for the floor.
const HAPPENED: usize = 1024;

/// A desk that is a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub login: String,
    /// As the floor calls it.
    pub desk: String,
    pub staff: Option<String>,
}

/// All pages. Cheap to clone.
#[derive(Clone)]
pub struct Consoles {
    places: Arc<Mutex<HashMap<String, Place>>>,
    happened: mpsc::Sender<Happened>,
    breaks: Arc<[String]>,
}

/// What the person wants, kept for a page that comes again.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Wish {
    Offline,
    Ready,
    Break,
}

/// A page that is there; dropped, it went.
pub struct Attached {
    consoles: Consoles,
    login: String,
    id: u64,
}

/// A page says more than anybody can: it is let go.
#[derive(Debug, PartialEq, Eq)]
pub struct Slow;

impl Consoles {
    /// For these desks; what happens at them comes by the receiver.
    pub fn new(posts: Vec<Post>, breaks: &[String]) -> (Consoles, mpsc::Receiver<Happened>) {
        let (happened, receiver) = mpsc::channel(HAPPENED);
        let place = |post: Post| {
            let place = Place {
                page: None,
                pages: watch::Sender::new(0),
                last_page: 0,
                wish: Wish::Offline,
                left_at: None,
                shown: None,
                line: None,
                last_call: None,
                // A page that is older than this program knows none of its lines.
                last_line: u64::from(rand::random::<u32>()),
                pace: Pace::default(),
                post,
            };
            (place.post.login.clone(), place)
        };
        let consoles = Consoles {
            places: Arc::new(Mutex::new(posts.into_iter().map(place).collect())),
            happened,
            breaks: breaks.into(),
        };
        (consoles, receiver)
    }

    /// Whether a desk is bound to this login.
    pub fn has(&self, login: &str) -> bool {
        self.places().contains_key(login)
    }

    /// The desk of this login, where this call was its last one and no other has begun there: its person may note it.
    pub fn may_note(&self, login: &str, call: &str) -> Option<Post> {
        let places = self.places();
        let place = places.get(login)?;
        (place.noted_call() == Some(call)).then(|| place.post.clone())
    }

    /// A page has come: what is to be told to it comes by the receiver, whose end is the page's.
    ///
    /// # Errors
    /// Where no desk is bound to the login, or its pages come more often than anybody loads one.
    pub fn attach(
        &self,
        login: &str,
        sees_number: bool,
    ) -> Result<(Attached, mpsc::Receiver<ToPage>), NoLine> {
        let (out, receiver) = mpsc::channel(UNREAD);
        let mut places = self.places();
        let place = places.get_mut(login).ok_or(NoLine::NoDesk)?;
        if !place.pace.may(now()) {
            return Err(NoLine::TooOften);
        }
        place.last_page += 1;
        let id = place.last_page;
        if let Some(before) = place.page.take() {
            let _ = before.out.try_send(ToPage::Displaced);
            // What rings rings at the new page, and what talks is taken up there.
        }
        place.page = Some(Page {
            id,
            out,
            sees_number,
        });
        place.tell(ToPage::Hello {
            desk: place.post.desk.clone(),
            staff: place.post.staff.clone(),
            breaks: self.breaks.to_vec(),
            again_within_s: TAKEN_UP_WITHIN.as_secs(),
            line: place.line.as_ref().map(|line| line.id),
            last: place.noted_call().map(str::to_owned),
        });
        let in_time = |left: Instant| now().saturating_duration_since(left) < TAKEN_UP_WITHIN;
        let comes_again = place.left_at.take().is_none_or(in_time);
        if !comes_again {
            place.wish = Wish::Offline;
        }
        place.shown = None;
        let ready = place.wish == Wish::Ready && !place.supervises();
        if let Some(line) = &mut place.line {
            line.again = line.talk.is_some();
        }
        place.tell_line();
        place.pages.send_replace(id);
        let desk = place.post.desk.clone();
        drop(places);
        self.happened(desk, Did::Came { ready });
        let attached = Attached {
            consoles: self.clone(),
            login: login.to_owned(),
            id,
        };
        Ok((attached, receiver))
    }

    /// The logins whose pages are there.
    pub fn attached(&self) -> Vec<(String, String)> {
        let places = self.places();
        let there = places.values().filter(|place| place.page.is_some());
        there
            .map(|place| (place.post.login.clone(), place.post.desk.clone()))
            .collect()
    }

    /// Tells a page, if it is there, what its desk is doing, where that has changed.
    pub fn show(&self, login: &str, shown: Shown) {
        if let Some(place) = self.places().get_mut(login) {
            let same = place.shown.as_ref().is_some_and(|before| {
                (before.state, &before.reason) == (shown.state, &shown.reason)
            });
            if !same {
                place.shown = Some(shown.clone());
                place.tell(ToPage::State(shown));
            }
        }
    }

    /// Tells a page that what it wanted is not to be had.
    pub fn refuse(&self, login: &str, why: Reason) {
        self.tell(login, ToPage::Refused { why });
    }

    pub(super) fn tell(&self, login: &str, told: ToPage) {
        if let Some(place) = self.places().get_mut(login) {
            place.tell(told);
        }
    }

    /// A ring begins; `None` where no page is there, or one is taken.
    pub(super) fn ring(&self, login: &str, bell: Bell) -> Option<(u64, mpsc::Receiver<FromPage>)> {
        let mut places = self.places();
        let place = places.get_mut(login)?;
        if place.page.is_none() || place.line.is_some() {
            return None;
        }
        place.last_line += 1;
        let (said, hears) = mpsc::channel(UNHEARD);
        place.line = Some(OnLine {
            id: place.last_line,
            said,
            bell,
            talk: None,
            held: false,
            again: false,
            handing: Handing::default(),
            why: Reason::NoMore,
        });
        place.tell_line();
        Some((place.last_line, hears))
    }

    /// The page that is there and what it becomes.
    pub(super) fn pages(&self, login: &str) -> Option<watch::Receiver<u64>> {
        Some(self.places().get(login)?.pages.subscribe())
    }

    /// How the line stands now, which its page is told.
    pub(super) fn stands(&self, login: &str, line: u64, held: bool, again: bool) {
        if let Some(place) = self.places().get_mut(login)
            && let Some(on_line) = place.line.as_mut().filter(|on_line| on_line.id == line)
        {
            on_line.talk.get_or_insert_with(now);
            (on_line.held, on_line.again) = (held, again);
            place.tell_line();
        }
    }

    /// Why the line will have ended when it ends.
    pub(super) fn because(&self, login: &str, line: u64, why: Reason) {
        if let Some(place) = self.places().get_mut(login)
            && let Some(on_line) = place.line.as_mut().filter(|on_line| on_line.id == line)
        {
            on_line.why = why;
        }
    }

    /// Nothing rings or talks there any more.
    pub(super) fn over(&self, login: &str, line: u64) {
        let mut places = self.places();
        let Some(place) = places.get_mut(login) else {
            return;
        };
        let supervised = place.supervises();
        place.ends(|on_line| on_line.id == line);
        if supervised && place.line.is_none() && place.page.is_some() && place.wish == Wish::Ready {
            let desk = place.post.desk.clone();
            drop(places);
            self.happened(desk, Did::Ready);
        }
    }

    /// Whatever rings at this desk's page rings no more, and the page may be rung again.
    pub fn rings_no_more(&self, login: &str) {
        if let Some(place) = self.places().get_mut(login) {
            place.ends(|on_line| on_line.talk.is_none() && on_line.bell.supervises.is_none());
        }
    }

    pub(super) fn happened(&self, desk: String, did: Did) {
        if self.happened.try_send(Happened { desk, did }).is_err() {
            tracing::error!("the floor does not keep up; what a desk's page did is not counted");
        }
    }

    pub(super) fn places(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn said(&self, login: &str, id: u64, said: FromPage) -> Result<(), Slow> {
        let mut places = self.places();
        let Some(place) = places.get_mut(login) else {
            return Ok(());
        };
        // Of one that was displaced nothing counts.
        if place.page.as_ref().is_none_or(|page| page.id != id) {
            return Err(Slow);
        }
        let (wish, did) = match said {
            FromPage::Ready {} => (Wish::Ready, Did::Ready),
            FromPage::Break { reason } => (Wish::Break, Did::Break { reason }),
            FromPage::Offline {} => (Wish::Offline, Did::Offline),
            said => {
                let on_line = place.line.as_ref();
                let its = on_line.filter(|line| said.line() == Some(line.id));
                return match its.map(|line| line.said.try_send(said)) {
                    Some(Err(mpsc::error::TrySendError::Full(_))) => Err(Slow),
                    _ => Ok(()),
                };
            }
        };
        place.wish = wish;
        if place.supervises() && did == Did::Ready {
            // Calls come to him when it is over.
            return Ok(());
        }
        let desk = place.post.desk.clone();
        drop(places);
        self.happened(desk, did);
        Ok(())
    }

    fn went(&self, login: &str, id: u64) {
        let mut places = self.places();
        let Some(place) = places.get_mut(login) else {
            return;
        };
        // A later page has the desk. One that did not read has lost its place in it already, and went all the same.
        if place.last_page != id {
            return;
        }
        place.page = None;
        place.left_at = Some(now());
        // Nobody hears it ring; a talk is kept.
        place.line.take_if(|line| line.talk.is_none());
        place.pages.send_replace(0);
        let desk = place.post.desk.clone();
        drop(places);
        self.happened(desk.clone(), Did::Went);
        let (consoles, login) = (self.clone(), login.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(TAKEN_UP_WITHIN + Duration::from_millis(100)).await;
            let stayed = consoles
                .places()
                .get(&login)
                .is_some_and(|place| place.page.is_none() && place.last_page == id);
            if stayed {
                consoles.happened(desk, Did::Stayed);
            }
        });
    }
}

impl Attached {
    /// Whether its person is in another desk's call.
    pub fn supervises(&self) -> bool {
        let places = self.consoles.places();
        places.get(&self.login).is_some_and(Place::supervises)
    }

    /// Whether it is rung, in a talk, in the work after it, or in another desk's call.
    pub fn is_busy(&self) -> bool {
        let places = self.consoles.places();
        places.get(&self.login).is_some_and(Place::is_busy)
    }

    /// What the page said.
    ///
    /// # Errors
    /// Where it is to be let go: it was displaced, or says more than can be heard.
    pub fn said(&self, said: FromPage) -> Result<(), Slow> {
        self.consoles.said(&self.login, self.id, said)
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.consoles.went(&self.login, self.id);
    }
}
