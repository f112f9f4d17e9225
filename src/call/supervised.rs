//! A supervisor in the call: his sound, his acts on the timeline, and the caller whom he takes over. What he may, and
//! what of it is on record, is `supervision`'s.

use tokio::sync::{mpsc, oneshot};

use super::{Call, Stage};
use crate::console::{self, Mode};
use crate::ears::Ears;
use crate::floor::Seat;
use crate::ivr::Presses;
use crate::ledger::Nth;
use crate::media::Ear;
use crate::ringing::{DeskEars, DeskLine};
use crate::supervision::{Hold, Order};
use crate::talk;

/// Who supervises the call, if anybody does.
#[derive(Default)]
pub(super) struct Supervised {
    /// Dropped, he is let go of.
    hold: Option<Hold>,
    /// What becomes the first desk's when he takes over.
    taking: Option<Taking>,
}

struct Taking {
    line: console::Line,
    events: mpsc::Receiver<console::Event>,
    seat: Seat,
    taken: oneshot::Sender<()>,
}

impl Supervised {
    /// No packets of him: his page may come again.
    pub(super) fn is_silent(&self) {
        if let Some(hold) = &self.hold {
            hold.sound_lost();
        }
    }
}

impl Call {
    pub(super) fn supervised(&mut self, order: Order, ears: &mut Ears) {
        match order {
            // Dropped where nobody talks: there is nothing to be heard.
            Order::Begins { leg, mode, hold } if self.party.is_on() => {
                self.sound.add_ear(*leg, ear(mode));
                self.party.supervised.hold = Some(hold);
                self.mark("supervised", mode.word());
            }
            _ if self.party.supervised.hold.is_none() => {}
            Order::Begins { .. } => {}
            Order::Mode(mode) => {
                self.sound.ear(ear(mode));
                self.mark("supervised", mode.word());
            }
            Order::Away => self.sound.remove_ear(),
            Order::Back { leg, mode } => self.sound.add_ear(*leg, ear(mode)),
            Order::Ends => self.supervision_ends(),
            Order::TakesOver {
                line,
                events,
                post,
                ready,
                taken,
            } => {
                let floor = &self.house.floor;
                let seat = floor.takes_over(&self.id.0, &post.desk, post.staff, ready);
                self.party.supervised.taking = Some(Taking {
                    line,
                    events,
                    seat,
                    taken,
                });
                self.mark("supervised", "take_over");
                self.party_hears(talk::Event::TakenOver, ears);
                if self.party.supervised.taking.take().is_some() {
                    // The talk was over: he has nobody.
                    return self.supervision_ends();
                }
                self.party.supervised.hold = None;
            }
        }
    }

    /// A supervision ends with the talk that it is of.
    pub(super) fn supervision_holds(&mut self, ears: &mut Ears) {
        if self.stage != Stage::Running {
            ears.supervisor.over();
        }
        if !self.party.is_on() || self.stage != Stage::Running {
            self.supervision_ends();
        }
    }

    fn supervision_ends(&mut self) {
        if self.party.supervised.hold.take().is_some() {
            self.sound.remove_ear();
            self.mark("supervised", "end");
        }
    }

    /// He has the caller as any desk has.
    pub(super) fn supervisor_is_first(&mut self, ears: &mut Ears) {
        let Some(taking) = self.party.supervised.taking.take() else {
            tracing::error!(call = %self.id.0, "a bug: there is no supervisor to be the first");
            return;
        };
        let Taking {
            line,
            events,
            seat,
            taken,
        } = taking;
        line.supervises(None);
        // Who waits for it has nothing else to do.
        let _ = taken.send(());
        (self.party.refers, self.party.lost) = (false, false);
        self.sound.ear_is_first();
        ears.desk = Some(DeskEars::Page(events));
        self.desk_presses = Presses::new();
        self.has_another_desk(DeskLine::Page(line), seat, ears);
        self.span_begins(Nth::First);
    }
}

fn ear(mode: Mode) -> Ear {
    match mode {
        Mode::Listen => Ear::Listen,
        Mode::Whisper => Ear::Whisper,
        Mode::Join => Ear::Join,
    }
}
