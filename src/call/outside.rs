//! Who is outside: whether he may be called, and the call to him.

use super::party::{Ringing, Second};
use super::{Call, Desk};
use crate::ears::Ears;
use crate::talk::{Action, Event, Why};
use crate::transfers::{No, Target};

impl Call {
    /// Whether the caller may be handed to whom this names: a desk or a group, or somebody outside.
    pub(super) fn may_name(&self, name: &str) -> Result<(), No> {
        match self.house.floor.named(name) {
            Some(_) => Ok(()),
            None => self.outside(name).map(drop),
        }
    }

    fn outside(&self, name: &str) -> Result<Target, No> {
        let book = self.house.book.borrow();
        let patterns = book.plans().flat_map(|plan| &plan.answers);
        let own = patterns.map(|pattern| pattern.text.as_str());
        self.party.outside.judge(name, own)
    }

    /// Calls him; as for a desk that cannot be had, the talk hears at once of whom nobody may call.
    pub(super) fn ring_outside(&mut self, name: &str, ears: &mut Ears) -> Vec<Action> {
        let begun = self.outside(name).and_then(|target| {
            let (call, told) = self.party.outside.call(&target, &self.id.0)?;
            Ok((call, told, target.shown))
        });
        match begun {
            Ok((call, told, shown)) => {
                self.mark("handing_outside", shown);
                ears.hunt = Some(told);
                self.party.second = Second::Hunting {
                    _ringing: Ringing::Outside { _call: call },
                    queue: None,
                };
                Vec::new()
            }
            Err(no) => {
                self.mark("transfer_refused", no.word());
                self.page_hears_no(no);
                let why = match no {
                    No::NoLine | No::NoTrunk => Why::Unreachable,
                    _ => Why::Unknown,
                };
                self.party_now(Event::Unavailable(why))
            }
        }
    }

    /// The caller is with somebody outside, who may do nothing but talk and hang up.
    pub(super) fn is_outside(&self) -> bool {
        matches!(&self.desk, Desk::Connected { seat, .. } if seat.is_outside())
    }

    /// Who hung up, as the timeline names him.
    pub(super) fn desk_word(&self) -> &'static str {
        match self.is_outside() {
            true => "outside",
            false => "desk",
        }
    }

    pub(super) fn second_word(&self) -> &'static str {
        match &self.party.second {
            Second::Connected { seat, .. } if seat.is_outside() => "outside",
            _ => "second_desk",
        }
    }
}
