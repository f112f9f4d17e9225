//! The desk's side: hunting, joining, releasing.

use std::time::Duration;

use super::party::Second;
use super::{Call, Desk, unavailable_word};
use crate::desks::{Need, Queueing, Terms};
use crate::engine::{CallState, HungUpBy, WaitEnd};
use crate::floor::waits::{clamped, position_text, queueing};
use crate::floor::{Hunted, Wanted, Whom};
use crate::ivr::{Event, Presses, Target, Unavailable, Waits};
use crate::ledger::Job;
use crate::media::Side;
use crate::openings::{hours_of, open_for};
use crate::phone::clock;
use crate::phone::ears::Ears;
use crate::ringing::DeskEvent;
use crate::sip::DialogEvent;
use crate::talk;

impl Call {
    pub(super) fn connect(
        &mut self,
        target: Target,
        ring_timeout_ms: u64,
        waits: Option<Waits>,
        ears: &mut Ears,
    ) {
        if let Desk::Hunting { hunt, aside, .. } = &mut self.desk
            && *aside
        {
            *aside = false;
            return hunt.steps_back();
        }
        if matches!(self.desk, Desk::Waiting { .. }) {
            return self.takes_waiting_desk(ears);
        }
        let Target::Desks { group, skill } = target;
        if waits.is_some()
            && let Some(job) = self.wait.begins(clock::instant(), self.civil_now())
        {
            self.ledger.put(job);
        }
        let terms = Terms {
            patience: Duration::from_millis(ring_timeout_ms),
            queue: waits.as_ref().map(|waits| Queueing {
                hours_end_after: self.open_for().filter(|_| waits.until_hours_end),
                ..queueing(waits, skill.as_ref())
            }),
        };
        let again = std::mem::take(&mut self.party.lost);
        if again {
            // The talk with the desk that was lost was ended by nobody.
            self.talk.ended_by = None;
        }
        let (hunt, told) = self.house.floor.seek(Wanted {
            whom: Whom::Need {
                need: Need { group, skill },
                terms,
                again,
            },
            caller_number: self.caller_number.clone(),
            call: self.id.0.clone(),
        });
        ears.hunt = Some(told);
        self.desk = Desk::Hunting {
            hunt,
            waits: waits.is_some(),
            aside: false,
        };
    }

    /// How long somebody can be had, by the plan's hours or the centre's.
    fn open_for(&self) -> Option<Duration> {
        let hours = hours_of(self.session.plan(), &self.house.settings.service_hours);
        open_for(&hours, &self.house.calendar, clock::moment())
    }

    /// His wait for a desk is over; once, and only where he was in the queue.
    pub(super) fn wait_ends(&mut self, how: WaitEnd) {
        if let Some(job) = self.wait.ends(how, clock::instant()) {
            self.ledger.put(job);
        }
    }

    /// The desk that asked for the call was on the line before him.
    fn takes_waiting_desk(&mut self, ears: &mut Ears) {
        let waiting = std::mem::replace(&mut self.desk, Desk::None);
        let Desk::Waiting { line, seat } = waiting else {
            unreachable!("looked at before");
        };
        let staff = seat.staff.clone();
        self.ledger.put(Job::DeskAnswered {
            staff: staff.clone(),
            at: self.civil_now(),
        });
        self.mark("desk_answered", seat.desk.clone());
        self.desk = Desk::Connected { line, seat };
        ears.owed.push_back(Event::DeskAnswered { staff });
    }

    /// He chooses what else he may have: nothing rings for him, and he keeps his place.
    pub(super) fn step_aside(&mut self) {
        if let Desk::Hunting { hunt, aside, .. } = &mut self.desk {
            *aside = true;
            hunt.steps_aside();
        }
    }

    /// He wants to be called back, at this number or his own.
    pub(super) fn leaves_queue(&mut self, number: Option<String>) {
        if let Desk::Hunting { hunt, .. } = &self.desk
            && let Some(number) = number.or_else(|| self.caller_number.clone())
        {
            hunt.wants_callback(number);
        }
        self.wait_ends(WaitEnd::Callback);
    }

    pub(super) async fn hunted(&mut self, hunted: Hunted, ears: &mut Ears) {
        if matches!(self.party.second, Second::Hunting { .. }) {
            return self.second_hunted(hunted, ears);
        }
        match hunted {
            Hunted::Ringing { desk } => self.mark("desk_ringing", desk),
            Hunted::Position { ahead, wait } => {
                let wait_min = wait.map(|wait| clamped(wait.as_secs().div_ceil(60)));
                self.mark("position", position_text(ahead, wait));
                let ahead = clamped(ahead);
                self.tell(Event::Position { ahead, wait_min }, ears).await;
            }
            Hunted::Unavailable(why) => {
                let keeps_place = matches!(
                    why,
                    Unavailable::Empty | Unavailable::WaitedOut | Unavailable::Closed
                );
                match &mut self.desk {
                    Desk::Hunting {
                        waits: true, aside, ..
                    } if keeps_place => *aside = true,
                    _ => {
                        ears.hunt = None;
                        self.desk = Desk::None;
                    }
                }
                self.mark("desk_unavailable", unavailable_word(why));
                self.tell(Event::DeskUnavailable(why), ears).await;
            }
            Hunted::Found {
                answered,
                seat,
                waited,
            } => {
                match self.desk {
                    Desk::Hunting { aside: true, .. } => {
                        // He chose something else in the same moment: dropped, the answer ends with BYE.
                        self.mark("desk_let_go", seat.desk);
                        return;
                    }
                    Desk::Hunting { waits: true, .. } => {
                        self.mark("waited", format!("{} ms", waited.as_millis()));
                    }
                    _ => {}
                }
                self.wait_ends(WaitEnd::Talk);
                ears.hunt = None;
                ears.desk = Some(answered.events);
                self.sound.add_desk(answered.leg);
                self.desk_presses = Presses::new();
                let staff = seat.staff.clone();
                self.mark("desk_answered", seat.desk.clone());
                // How soon he was answered, his first desk says.
                if self.talk.ms == 0 {
                    self.ledger.put(Job::DeskAnswered {
                        staff: staff.clone(),
                        at: self.civil_now(),
                    });
                }
                self.desk = Desk::Connected {
                    line: answered.line,
                    seat,
                };
                self.tell(Event::DeskAnswered { staff }, ears).await;
            }
        }
    }

    pub(super) fn join(&mut self, ears: &mut Ears) {
        self.talk.since = Some(clock::instant());
        // Where an earlier desk was lost that was not the end.
        self.talk.ended_by = None;
        self.party_begins(ears);
        self.mark("joined", "");
        self.ledger.put(Job::State(CallState::Talking));
    }

    /// The talk is over, whoever ended it. Counted once.
    pub(super) fn talk_ended(&mut self, by: HungUpBy) {
        let Some(since) = self.talk.since.take() else {
            return;
        };
        let ms = clock::instant()
            .saturating_duration_since(since)
            .as_millis();
        self.talk.ms += u64::try_from(ms).unwrap_or(u64::MAX);
        self.talk.ended_by.get_or_insert(by);
        self.ledger.put(Job::Talked { ms: self.talk.ms });
    }

    pub(super) fn release_desk(&mut self, by: HungUpBy, ears: &mut Ears) {
        self.talk_ended(by);
        self.party_ends(ears);
        ears.desk = None;
        ears.hunt = None;
        let desk = std::mem::replace(&mut self.desk, Desk::None);
        if let Desk::Connected { line, .. } | Desk::Waiting { line, .. } = desk {
            self.sound.remove_desk();
            // Dropping it sends BYE; the call does not wait for a desk that may be dead.
            drop(line);
        }
    }

    pub(super) async fn desk_did(&mut self, event: DeskEvent, ears: &mut Ears) {
        let event = match event {
            DeskEvent::Telephone(event) => event,
            DeskEvent::Page(event) => return self.page_did(event, ears).await,
        };
        match event {
            DialogEvent::Acknowledged { .. } => {}
            DialogEvent::Offer { sdp, reply } => {
                self.renegotiate(Side::Desk, &sdp, reply, ears).await;
            }
            DialogEvent::Info { content_type, body } => {
                self.informed(Side::Desk, &content_type, &body, ears).await;
            }
            DialogEvent::Refer { name, reply } => self.referred(name, reply, ears),
            DialogEvent::Bye { .. } | DialogEvent::Lost { .. } => {
                self.mark("hung_up", "desk");
                self.desk_gone(ears).await;
            }
        }
    }
}

impl Call {
    /// The desk's side is gone. Where another one has the caller, or rings for him, the conversation goes on.
    pub(super) async fn desk_gone(&mut self, ears: &mut Ears) {
        ears.desk = None;
        self.span_ends(&[Side::Desk]);
        self.desk = Desk::None;
        self.sound.remove_desk();
        if self.party.is_on() {
            return self.party_hears(talk::Event::FirstGone, ears);
        }
        self.party_ends(ears);
        self.talk_ended(HungUpBy::Desk);
        self.tell(Event::DeskHungUp, ears).await;
    }
}
