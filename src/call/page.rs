//! A desk that is a page: its keys, its hold, and its coming again after it was lost.

use super::{Call, Desk};
use crate::console::{Event as Did, Handing, Reason, Step};
use crate::ears::Ears;
use crate::ivr::Event;
use crate::media::{Leg, Side};
use crate::ringing::DeskLine;
use crate::talk::{self, Command, Why};
use crate::transfers::No;

impl Call {
    pub(super) async fn page_did(&mut self, did: Did, ears: &mut Ears) {
        match did {
            Did::Key(key) => {
                let key = key.to_string();
                self.informed(Side::Desk, "application/dtmf", key.as_bytes(), ears)
                    .await;
            }
            Did::Hold(true) => {
                self.mark("hold", "desk");
                self.desk_holds(true, ears);
            }
            Did::Hold(false) => {
                self.mark("resumed", "desk");
                self.desk_holds(false, ears);
            }
            Did::Muted(on) => self.sound.muted(on),
            // As its telephone's key does.
            Did::ToRating => self.tell(Event::DeskSends, ears).await,
            Did::HandsOn(step, whom) => self.page_hands_on(step, whom, ears),
            Did::HungUp => {
                self.mark("hung_up", "desk");
                self.desk_gone(ears).await;
            }
            // He has the caller: there is nobody to be supervised.
            Did::Supervise(_) | Did::TakeOver => {}
            Did::Away => self.page_away(ears),
            Did::Back(leg) => self.page_back(*leg, ears),
            Did::Lost => {
                self.mark("desk_lost", "");
                self.party.lost = self.party.is_on();
                self.desk_gone(ears).await;
            }
        }
    }

    /// By its keys or a REFER it would come to the same.
    fn page_hands_on(&mut self, step: Step, whom: String, ears: &mut Ears) {
        if step.names_somebody()
            && let Err(no) = self.may_name(&whom)
        {
            self.mark("transfer_refused", no.word());
            return self.page_hears_no(no);
        }
        if self.desk_wants(command(step, whom), ears).is_err() {
            self.mark("transfer_refused", "not_now");
            self.tell_page(Reason::NotNow);
        }
    }

    /// Why nobody outside is called, to the page that wanted him.
    pub(super) fn page_hears_no(&self, no: No) {
        self.tell_page(match no {
            No::NoName | No::Off => Reason::NoSuchDesk,
            No::NotAllowed | No::Barred => Reason::OutsideNotAllowed,
            No::Emergency | No::Foreign | No::Premium => Reason::OutsideNever,
            No::Own => Reason::OutsideOwnNumber,
            No::Rehearsal => Reason::OutsideRehearsal,
            No::TooOften => Reason::OutsideTooOften,
            No::NoLine | No::NoTrunk => Reason::OutsideNoLine,
        });
    }

    /// Why no colleague came to its caller, to the page that wanted one.
    pub(super) fn page_gets_nobody(&self, why: Why) {
        self.tell_page(match why {
            Why::Busy => Reason::ColleagueBusy,
            Why::NoAnswer => Reason::ColleagueNoAnswer,
            Why::Unreachable => Reason::ColleagueUnreachable,
            Why::Unknown => Reason::NoSuchDesk,
            Why::TakenBack => return,
        });
    }

    fn tell_page(&self, why: Reason) {
        if let Desk::Connected {
            line: DeskLine::Page(line),
            ..
        } = &self.desk
        {
            line.refuse(why);
        }
    }

    /// What its buttons may do, after whatever has just happened.
    pub(super) fn page_sees(&mut self) {
        let Desk::Connected {
            line: DeskLine::Page(line),
            ..
        } = &mut self.desk
        else {
            return;
        };
        let machine = &self.party.machine;
        let may = |step: &Step| machine.allows(&command(*step, String::new()));
        line.hands_on_so(Handing {
            may: Step::ALL.into_iter().filter(may).collect(),
            under_way: machine.under_way(),
            outside: self.party.outside.allowed(),
            troubles: self.house.supervisions.troubles(&self.id.0),
        });
    }

    /// No packets of a desk: a telephone has hung up without a word, and a page may come again.
    pub(super) async fn desk_silent(&mut self, ears: &mut Ears) {
        if let Desk::Connected {
            line: DeskLine::Page(line),
            ..
        }
        | Desk::Waiting {
            line: DeskLine::Page(line),
            ..
        } = &self.desk
        {
            return line.sound_lost();
        }
        self.desk_gone(ears).await;
    }

    /// Whatever goes on, the caller is kept for it: he hears P05, or the colleague who has him with it.
    fn page_away(&mut self, ears: &mut Ears) {
        self.mark("desk_away", "desk");
        self.sound.remove_desk();
        self.party_hears(talk::Event::FirstAway, ears);
    }

    fn page_back(&mut self, leg: Leg, ears: &mut Ears) {
        self.mark("desk_back", "");
        self.sound.add_desk(leg);
        self.party_hears(talk::Event::FirstBack, ears);
    }
}

fn command(step: Step, whom: String) -> Command {
    match step {
        Step::Transfer => Command::Transfer(whom),
        Step::Consult => Command::Consult(whom),
        Step::JoinAll => Command::JoinAll,
        Step::Complete => Command::Complete,
        Step::TakeBack => Command::TakeBack,
    }
}
