//! A supervisor's page: what keeps other calls from it while he is in one, and what it is told.

use super::consoles::{Consoles, Post, Wish};
use super::happened::Did;
use super::place::Place;
use super::talk::Line;
use super::words::{Mode, Reason};

/// Why a page cannot supervise a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPage {
    /// No desk is bound to the login, or its page is not open.
    NotThere,
    /// Something rings or talks there.
    Taken,
}

impl Consoles {
    /// The desk whose page would supervise a call.
    ///
    /// # Errors
    /// Where the page is not open, or something rings or talks there.
    pub fn may_supervise(&self, login: &str) -> Result<Post, NoPage> {
        let places = self.places();
        let place = places.get(login).filter(|place| place.page.is_some());
        let place = place.ok_or(NoPage::NotThere)?;
        match place.line {
            Some(_) => Err(NoPage::Taken),
            None => Ok(place.post.clone()),
        }
    }

    /// No call is given to this desk from here on; [`Consoles::wishes_ready`] is kept, and counts when its
    /// supervision is over.
    pub fn is_away(&self, login: &str) {
        let places = self.places();
        // What rings there already goes on: then it is the supervision that comes to nothing.
        let idle = |place: &&Place| place.wish == Wish::Ready && place.line.is_none();
        let place = places.get(login).filter(idle);
        let desk = place.map(|place| place.post.desk.clone());
        drop(places);
        if let Some(desk) = desk {
            self.happened(desk, Did::Offline);
        }
    }

    /// It came to nothing: calls are given to it again, if its person wishes so.
    pub fn is_back(&self, login: &str) {
        let places = self.places();
        // What rings there meanwhile is its own, and nothing to a desk that is ready.
        let place = places
            .get(login)
            .filter(|place| place.wish == Wish::Ready && place.page.is_some());
        let desk = place.map(|place| place.post.desk.clone());
        drop(places);
        if let Some(desk) = desk {
            self.happened(desk, Did::Ready);
        }
    }

    /// The person of the page takes calls, but for what he does now.
    pub fn wishes_ready(&self, login: &str) -> bool {
        let places = self.places();
        let place = places.get(login);
        place.is_some_and(|place| place.wish == Wish::Ready)
    }
}

impl Line {
    /// How its person is in the call from here on; `None`: the call is his own.
    pub fn supervises(&self, mode: Option<Mode>) {
        let (login, id) = (&self.ends.login, self.ends.line);
        let mut places = self.ends.consoles.places();
        if let Some(place) = places.get_mut(login)
            && let Some(line) = place.line.as_mut().filter(|line| line.id == id)
        {
            line.bell.supervises = mode;
            place.tell_line();
        }
    }

    /// What its person wanted is not to be had.
    pub fn refuse(&self, why: Reason) {
        self.ends.consoles.refuse(&self.ends.login, why);
    }
}
