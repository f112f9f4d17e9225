//! `hours`: open, closed or a holiday.

use super::{Exit, Findings, Next, Run, Section, Word};
use crate::ivr::run::{Contact, Hours};
use crate::script::HoursSpan;

#[derive(Debug, Clone)]
pub struct HoursCheck {
    open: Word,
    closed: Word,
    holiday: Word,
    service: Option<Vec<HoursSpan>>,
}

impl HoursCheck {
    pub fn read(section: &mut Section, findings: &mut Findings) -> Option<Self> {
        let open = section.needed_text("open", findings);
        let closed = section.needed_text("closed", findings);
        let holiday = section.needed_text("holiday", findings);
        let mut service = Vec::new();
        for word in section.texts("service", findings) {
            match word.text.parse::<HoursSpan>() {
                Ok(span) => service.push(span),
                Err(error) => {
                    findings.error(&word.span, error.to_string(), "for example \"09:00-12:00\"");
                }
            }
        }
        Some(HoursCheck {
            open: open?,
            closed: closed?,
            holiday: holiday?,
            service: (!service.is_empty()).then_some(service),
        })
    }

    pub fn open(&self) -> &Word {
        &self.open
    }

    pub fn service(&self) -> Option<&[HoursSpan]> {
        self.service.as_deref()
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
        Next::Go(to.text.clone())
    }
}
