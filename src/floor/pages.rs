//! The floor and the desks that are pages.

use std::time::Instant;

use tokio::sync::mpsc;

use super::TookOver;
use super::keeper::Keeper;
use super::now;
use crate::console::{self, Consoles, Did, Happened, Reason, Shown, login_of};
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
            // What its going took away is given back, and it is shown what its desk is doing.
            Did::Came { ready } => {
                let state = self.desks.state_of(&desk);
                if ready && matches!(state, Some(DeskState::Offline | DeskState::Talking(_))) {
                    let desk = desk.clone();
                    self.tell(Event::WentReady { desk });
                }
                return self.show_page(&desk);
            }
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

    /// Tells the pages of those desks that changed what they are doing now.
    pub(super) fn show_pages(&mut self) {
        let now = now();
        let changed = self.desks.take_changed();
        let Some(consoles) = &self.consoles else {
            return;
        };
        for (desk, state) in changed {
            if let Some(login) = login_of(&desk.address) {
                consoles.show(login, shown(state, now));
            }
        }
    }

    /// The same of one, changed or not: its page knows nothing yet.
    fn show_page(&self, id: &DeskId) {
        let desk = self.desks.get(id).and_then(|desk| login_of(&desk.address));
        let login = self.consoles.as_ref().zip(desk);
        if let Some(((consoles, login), state)) = login.zip(self.desks.state_of(id)) {
            consoles.show(login, shown(state, now()));
        }
    }

    /// In one moment, while the task that rang it still ends: the desk may be rung for the next one at once.
    pub(super) fn page_rings_no_more(&self, desk: &DeskId) {
        let login = self
            .desks
            .get(desk)
            .and_then(|desk| login_of(&desk.address));
        if let Some((consoles, login)) = self.consoles.as_ref().zip(login) {
            consoles.rings_no_more(login);
        }
    }

    /// A supervisor's page takes over a caller for whom nobody looked.
    pub(super) fn took_over(&mut self, took: TookOver) {
        let TookOver { caller, desk, .. } = took;
        self.frees(desk.clone(), took.free);
        self.talks.insert(desk.clone(), took.call);
        let ready = took.ready;
        self.tell(Event::TookOver {
            caller,
            desk,
            ready,
        });
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
