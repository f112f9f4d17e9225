//! A desk's place: its page, and the line that rings or talks there.

use std::time::Instant;

use tokio::sync::{mpsc, watch};

use super::consoles::{Post, Wish};
use super::handing::Handing;
use super::now;
use super::pace::Pace;
use super::ringing::Bell;
use super::words::{FromPage, Reason, Shown, ToPage};
use crate::domain::mask;

pub(super) struct Place {
    pub post: Post,
    pub page: Option<Page>,
    /// Counts pages; 0: nobody.
    pub pages: watch::Sender<u64>,
    pub last_page: u64,
    pub wish: Wish,
    pub left_at: Option<Instant>,
    pub shown: Option<Shown>,
    pub line: Option<OnLine>,
    pub last_line: u64,
    /// The call that it had last.
    pub last_call: Option<String>,
    pub pace: Pace,
}

pub(super) struct Page {
    pub id: u64,
    pub out: mpsc::Sender<ToPage>,
    /// The rights let its person see the number of the call he is in.
    pub sees_number: bool,
}

/// What rings or talks.
pub(super) struct OnLine {
    pub id: u64,
    pub said: mpsc::Sender<FromPage>,
    pub bell: Bell,
    /// Since when it is a talk.
    pub talk: Option<Instant>,
    pub held: bool,
    pub again: bool,
    pub handing: Handing,
    /// What its page is told when it ends.
    pub why: Reason,
}

impl Place {
    pub fn tell(&mut self, told: ToPage) {
        let full = |page: &mut Page| page.out.try_send(told).is_err();
        // It does not read: its end is told to it by the end of its queue.
        self.page.take_if(full);
    }

    /// Whether its person supervises a call: nothing else comes to him meanwhile.
    pub fn supervises(&self) -> bool {
        let line = self.line.as_ref();
        line.is_some_and(|line| line.bell.supervises.is_some())
    }

    /// Whether something goes on at its page that time alone does not end.
    pub fn is_busy(&self) -> bool {
        let shown = self.shown.as_ref();
        self.line.is_some() || shown.is_some_and(Shown::is_busy)
    }

    /// The call that may be noted: the last one that was its own, until the next one begins.
    pub fn noted_call(&self) -> Option<&str> {
        let own = |line: &OnLine| line.talk.is_some() && line.bell.supervises.is_none();
        let begun = self.line.as_ref().is_some_and(own);
        self.last_call.as_deref().filter(|_| !begun)
    }

    /// The line ends, where it is the one that is meant; its page is told.
    pub fn ends(&mut self, which: impl Fn(&OnLine) -> bool) {
        if let Some(on_line) = self.line.take_if(|on_line| which(on_line)) {
            let (line, call, why) = (on_line.id, on_line.bell.call, on_line.why);
            if on_line.talk.is_some() && on_line.bell.supervises.is_none() {
                self.last_call = Some(call.clone());
            }
            self.tell(match on_line.talk {
                Some(_) => ToPage::TalkOver { line, call, why },
                None => ToPage::RingOver { line, why },
            });
        }
    }

    pub fn tell_line(&mut self) {
        let sees_number = self.page.as_ref().is_some_and(|page| page.sees_number);
        let Some(line) = &self.line else { return };
        let bell = &line.bell;
        let masked = || bell.caller.as_deref().map(mask);
        let told = match line.talk {
            None => ToPage::Ring {
                line: line.id,
                call: bell.call.clone(),
                caller: masked(),
                matter: bell.matter.clone(),
                waited_s: bell.waited.as_secs(),
                supervises: bell.supervises,
            },
            Some(since) => ToPage::Talk {
                line: line.id,
                call: bell.call.clone(),
                // While he supervises it the call is not his own.
                caller: match sees_number && bell.supervises.is_none() {
                    true => bell.caller.clone(),
                    false => masked(),
                },
                matter: bell.matter.clone(),
                for_s: now().saturating_duration_since(since).as_secs(),
                held: line.held,
                again: line.again,
                may: line.handing.may.clone(),
                under_way: line.handing.under_way,
                outside: line.handing.outside.to_vec(),
                troubles: line.handing.troubles.clone(),
                supervises: bell.supervises,
            },
        };
        self.tell(told);
    }
}
