mod acts;
mod chains;
mod matrix;
mod papers;
mod rated;
mod stories;
mod years;

use std::sync::LazyLock;

use super::*;
use crate::domain::{
    Admitted, By, Calendar, Channel, DeadlineKind, Earlier, Evidence, Grade, Hand, Hindrance,
    Identity, Intake, IntakeKey, Moment, Notice, PersonId, Post, Rater, Rating, Refusal, Role,
    Series, Service, State, TicketNumber, UnitId, decide,
};
use acts::*;

static CALENDAR: LazyLock<Calendar> = LazyLock::new(Calendar::shipped);

const FRESH: TicketNumber = TicketNumber {
    series: Series::Real,
    year: 2026,
    serial: 123,
};

fn at(text: &str) -> Moment {
    let text = text.replace(' ', "T");
    format!("{text}:00+08:00").parse().expect("a moment")
}

fn unit(id: &str) -> UnitId {
    UnitId(id.into())
}

fn hand(person: &str, role: Role, unit: UnitId) -> Hand {
    Hand {
        person: PersonId(person.into()),
        staff: None,
        posts: vec![Post { role, unit }],
    }
}

fn officer() -> Hand {
    hand("officer", Role::CentreOfficer, UnitId::centre())
}

fn supervisor() -> Hand {
    hand("supervisor", Role::CentreSupervisor, UnitId::centre())
}

fn reviewer() -> Hand {
    hand("reviewer", Role::CentreSupervisor, UnitId::centre())
}

fn revisitor() -> Hand {
    hand("revisitor", Role::CentreRevisitor, UnitId::centre())
}

fn clerk() -> Hand {
    hand("clerk", Role::OfficeClerk, UnitId::general_office())
}

fn signer() -> Hand {
    hand("signer", Role::OfficeSigner, UnitId::general_office())
}

fn head(of: &str) -> Hand {
    hand(&format!("head-{of}"), Role::UnitHead, unit(of))
}

fn liaison(of: &str) -> Hand {
    hand(&format!("liaison-{of}"), Role::UnitLiaison, unit(of))
}

/// A rating of one consultation, keyed on the telephone.
fn keyed(grade: Grade) -> Intake {
    Intake {
        key: IntakeKey::phone("20260918-155600-7f3a9c"),
        channel: Channel::Phone,
        service: Service::Consultation {
            call_id: "20260918-155600-7f3a9c".into(),
            staff: vec!["806".into()],
            served_at: at("2026-09-18 15:56"),
        },
        rater: Rater::caller(Some("13812345678".into())),
        grade,
        graded_at: at("2026-09-18 16:00"),
        reasons: Vec::new(),
        choices: crate::domain::Choices::default(),
        remark: None,
        evidence: Evidence::default(),
        rehearsal: false,
    }
}

/// One ticket on a fake clock. After each act it is replayed from its records and must be the same.
struct Centre {
    now: Moment,
    case: Option<Case>,
    ratings: Vec<Rating>,
    records: Vec<Record>,
    notices: Vec<Notice>,
    slips: Vec<SlipVersion>,
    next_slip: u32,
}

impl Centre {
    fn at(text: &str) -> Centre {
        Centre {
            now: at(text),
            case: None,
            ratings: Vec::new(),
            records: Vec::new(),
            notices: Vec::new(),
            slips: Vec::new(),
            next_slip: 1,
        }
    }

    /// Friday, 2026-09-18 16:00: a bad grade has come in.
    fn rated_bad() -> Centre {
        let mut centre = Centre::at("2026-09-18 16:00");
        centre.rate(Grade::Dissatisfied);
        centre
    }

    fn case(&self) -> &Case {
        self.case.as_ref().expect("a ticket is open")
    }

    fn state(&self) -> State {
        self.case().ticket.state
    }

    /// Time passes; what falls due meanwhile happens.
    fn until(&mut self, text: &str) -> &mut Centre {
        self.now = at(text);
        while let Some(act) = self.case.as_ref().and_then(|case| ripe(case, self.now)) {
            self.perform(act, &By::System).expect("the system may");
        }
        self
    }

    fn rate(&mut self, grade: Grade) -> &mut Centre {
        let mut intake = keyed(grade);
        intake.graded_at = self.now;
        self.submit(intake)
    }

    fn submit(&mut self, intake: Intake) -> &mut Centre {
        let admitted = self.admit(intake);
        let open = self
            .case
            .as_ref()
            .filter(|case| !case.ticket.state.is_closed());
        let decision = take_in(admitted, open, FRESH, false, &CALENDAR).expect("taken");
        self.ratings.extend(decision.rating.clone());
        self.keep(decision);
        self
    }

    fn admit(&self, intake: Intake) -> Admitted {
        let earlier = Earlier {
            ratings: &self.ratings,
            ..Earlier::default()
        };
        decide(intake, earlier, &CALENDAR, self.now).expect("admitted")
    }

    fn does(&mut self, who: Hand, act: Act) -> &mut Centre {
        let by = By::Person(who);
        if let Err(refusal) = self.perform(act.clone(), &by) {
            panic!("{act:?} by {by:?} in {:?}: {}", self.state(), refusal.zh());
        }
        self
    }

    fn refuses(&mut self, who: Hand, act: Act) -> Refusal {
        let before = self.case().clone();
        let refusal = self.perform(act, &By::Person(who));
        assert_eq!(*self.case(), before, "a refusal changes nothing");
        refusal.expect_err("it has to be refused")
    }

    fn hinders(&mut self, who: Hand, act: Act, why: Hindrance) -> &mut Centre {
        match self.refuses(who, act) {
            Refusal::Hindered { why: found, .. } => assert_eq!(found, why),
            other => panic!("{other:?}, not {why:?}"),
        }
        self
    }

    fn perform(&mut self, what: Act, by: &By) -> Result<(), Refusal> {
        let setting = Setting {
            calendar: &CALENDAR,
            now: self.now,
            fresh: FreshSlips::from(SlipNumber {
                series: Series::Real,
                year: self.now.day().year(),
                serial: self.next_slip,
            }),
        };
        let decision = act(self.case(), what, by, setting)?;
        self.keep(decision);
        Ok(())
    }

    fn keep(&mut self, decision: Decision) {
        for slip in &decision.slips {
            if slip.version == 1 {
                assert_eq!(slip.number.serial, self.next_slip, "numbers have no holes");
                self.next_slip += 1;
            }
        }
        self.slips.extend(decision.slips);
        self.notices.extend(decision.notices);
        for entry in &decision.trail {
            let Some(text) = &entry.record else { continue };
            let record: Record = serde_json::from_str(text).expect("a record reads back");
            self.records.push(record);
        }
        for (id, standing) in &decision.standings {
            for rating in &mut self.ratings {
                if rating.id == *id {
                    rating.standing = *standing;
                }
            }
        }
        if let Some(change) = decision.case {
            assert_eq!(change.before, self.case.as_ref().map(|case| case.version));
            let replayed = Case::replay(&self.records).expect("the first record opens it");
            assert_eq!(replayed, change.after, "a ticket is the sum of its records");
            self.case = Some(change.after);
        }
        self.holds();
    }

    /// What holds of every ticket at every moment.
    fn holds(&self) {
        let Some(case) = &self.case else { return };
        if case.ticket.state.is_closed() {
            assert!(case.closed_at.is_some());
            let open = case.clocks.iter().filter(|clock| clock.is_open());
            for clock in open {
                let lasts = [DeadlineKind::Upload, DeadlineKind::Object];
                assert!(
                    lasts.contains(&clock.key.kind),
                    "{clock:?} runs after the end"
                );
            }
        }
        for order in case.live() {
            let running: Vec<_> = [
                DeadlineKind::Rectify,
                DeadlineKind::RectifyComplex,
                DeadlineKind::RectifyExtended,
            ]
            .into_iter()
            .filter_map(|kind| case.running(Some(order.number), kind))
            .collect();
            assert!(
                running.len() <= 1,
                "one rectification term at a time: {running:?}"
            );
        }
        let names: std::collections::BTreeSet<_> =
            case.clocks.iter().map(|clock| clock.key).collect();
        assert_eq!(names.len(), case.clocks.len(), "a clock's name is its own");
    }

    /// `assess 2026-09-22 23:59:59` of every clock that runs, uploads left out.
    fn running(&self) -> Vec<String> {
        let mut open: Vec<_> = self
            .case()
            .clocks
            .iter()
            .filter(|clock| clock.is_open() && clock.key.kind != DeadlineKind::Upload)
            .collect();
        open.sort_by_key(|clock| (clock.due_at, clock.key));
        open.into_iter()
            .map(|clock| format!("{} {}", clock.key.kind, clock.due_at.civil_text()))
            .collect()
    }

    fn assigned(&mut self) -> &mut Centre {
        self.does(supervisor(), assign())
    }

    fn revisited(&mut self) -> &mut Centre {
        self.does(revisitor(), revisit(Reached::Connected))
    }

    /// From a new ticket to 已报局办, for these units.
    fn reported(&mut self, units: &[&str]) -> &mut Centre {
        if self.state() == State::New {
            self.assigned();
        }
        self.revisited()
            .does(officer(), draft(units))
            .does(supervisor(), Act::Report {})
    }

    /// From a new ticket to 核实中 at one unit, received on the worked Sunday 2026-09-20 (five days); it is
    /// Monday 10:00 then.
    fn verifying(&mut self, at_unit: &str) -> &mut Centre {
        self.until("2026-09-18 17:00")
            .reported(&[at_unit])
            .does(signer(), dispatch(Span::Normal))
            .until("2026-09-20 10:00");
        let receiver = liaison(at_unit);
        self.does(receiver, Act::Receive { order: None })
            .until("2026-09-21 10:00")
    }

    /// Through rectification and its acceptance to 待反馈评价人.
    fn rectified_at(&mut self, at_unit: &str) -> &mut Centre {
        self.does(head(at_unit), rectify(self.now))
            .does(reviewer(), accept())
    }

    fn answered(&mut self) -> &mut Centre {
        self.does(revisitor(), answer())
    }
}
