//! The floor and the desks that are pages.

use std::time::Instant;

use tokio::sync::mpsc;

use super::keeper::{Keeper, now};
use crate::console::{self, Consoles, Did, Happened, Reason, Shown};
use crate::desks::{DeskId, DeskState, Event};

/// The desks that are pages, and what their persons do.
pub struct Pages {
    pub consoles: Consoles,
    pub happened: mpsc::Receiver<Happened>,
}

impl Keeper {
    /// Nobody is at a page before it says so.
    pub(super) fn close_pages(&mut self) {
        let pages = self
            .desks
            .states()
            .filter(|(desk, _)| console::login_of(&desk.address).is_some());
        let pages: Vec<DeskId> = pages.map(|(desk, _)| desk.id.clone()).collect();
        for desk in pages {
            self.tell(Event::WentOffline { desk });
        }
    }

    pub(super) fn page_did(&mut self, happened: Happened) {
        let desk = DeskId(happened.desk);
        let event = match happened.did {
            // What its going took away is given back. It is shown what its desk is doing, as after all that happens.
            Did::Came { ready } => match self.desks.state_of(&desk) {
                Some(DeskState::Offline | DeskState::Talking(_)) if ready => {
                    Event::WentReady { desk }
                }
                _ => return,
            },
            Did::Ready => Event::WentReady { desk },
            Did::Break { reason } => Event::TookBreak { desk, reason },
            Did::Offline | Did::Stayed => Event::WentOffline { desk },
            // Nobody hears it ring. A break or the work after a talk goes on while the page is loaded again.
            Did::Went => match self.desks.state_of(&desk) {
                Some(DeskState::WrapUp { .. } | DeskState::Break { .. }) | None => return,
                Some(_) => Event::WentOffline { desk },
            },
        };
        self.tell(event);
    }

    /// Tells the pages that are there what their desks are doing.
    pub(super) fn show_pages(&self) {
        let Some(consoles) = &self.consoles else {
            return;
        };
        for (login, desk) in consoles.attached() {
            if let Some(state) = self.desks.state_of(&DeskId(desk)) {
                consoles.show(&login, shown(state, now()));
            }
        }
    }

    pub(super) fn refuse_break(&self, desk: &DeskId, reason: &str) {
        tracing::warn!(
            desk = desk.0,
            reason,
            "no such reason for a break is configured"
        );
        let Some(consoles) = &self.consoles else {
            return;
        };
        let attached = consoles.attached();
        if let Some((login, _)) = attached.iter().find(|(_, id)| *id == desk.0) {
            consoles.refuse(login, Reason::NoSuchBreak);
        }
    }
}

fn shown(state: &DeskState, now: Instant) -> Shown {
    let (word, until) = match state {
        DeskState::Offline => ("offline", None),
        DeskState::Ready => ("ready", None),
        DeskState::Ringing(_) => ("ringing", None),
        DeskState::Talking(_) => ("talking", None),
        DeskState::WrapUp { until } => ("wrap_up", Some(until)),
        DeskState::Break { .. } => ("break", None),
        DeskState::Resting { until } => ("resting", Some(until)),
        DeskState::NotAnswering { until } => ("not_answering", Some(until)),
    };
    Shown {
        state: word,
        reason: match state {
            DeskState::Break { reason } => Some(reason.to_string()),
            _ => None,
        },
        left_s: until.map(|until| until.saturating_duration_since(now).as_secs()),
    }
}
