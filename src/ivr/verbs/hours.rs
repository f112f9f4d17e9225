//! `hours`: open, closed or a holiday.

use super::{Exit, Go, Next, Run, Word, keys};
use crate::ivr::run::{Contact, Hours};
use crate::script::HoursSpan;

keys! {
    pub struct HoursCheck {
        open: Word,
        closed: Word,
        holiday: Word,
        service: Vec<HoursSpan>,
    }
}

impl HoursCheck {
    pub fn open(&self) -> &Word {
        &self.open
    }

    pub fn service(&self) -> Option<&[HoursSpan]> {
        (!self.service.is_empty()).then_some(&self.service)
    }

    pub fn exits(&self) -> Vec<Exit<'_>> {
        [&self.open, &self.closed, &self.holiday]
            .map(Exit::new)
            .into()
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        let to = match run.facts.hours {
            Hours::Open => &self.open,
            Hours::Closed { .. } => &self.closed,
            Hours::Holiday { .. } => &self.holiday,
        };
        if run.facts.hours != Hours::Open {
            run.contact = Contact::Closed;
        }
        to.go()
    }
}
