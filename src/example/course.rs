//! What becomes of the example tickets: a table of courses, and from a ticket to the next step on its course.
//! Pure: what is done follows from the ticket, its course and chance.

use super::cast::SENDER;
use super::chance::Chance;
use super::words;
use crate::casework::{
    Act, Assessment, Attribution, Business, Case, Checked, ObjectiveGround, Reached, Way,
};
use crate::domain::{Grade, Identity, Moment, PersonId, State, UnitId};

/// How a ticket is meant to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Rectified, told, and rated anew.
    Rectified,
    /// Rectified and told; nothing is heard of the rater again.
    Unheard,
    /// Rectified and told; the rater does not want to rate again.
    Declined,
    /// Rectified; the rater is reached in three attempts by nobody.
    Unreached,
    Explained,
    Invalid,
    /// Invalid by its assessment, which the General Office follows.
    Proposed,
    /// The rater says that it was a slip.
    Slip,
    /// A slip, as the recording shows.
    Mistaken,
    Malicious,
}

/// The turn that a ticket takes on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Straight,
    /// Verified and rectified in one filing.
    AtOnce,
    Contested,
    SentAsComplex,
    AskedAsComplex,
    Extended,
    DraftReturned,
    WorkReturned,
    AppealRejected,
    SecondRound,
    Objected,
    /// Nobody signs for the slip.
    Deemed,
    /// The handling unit gives no opinion.
    Silent,
    /// Everybody takes his time, and terms pass.
    Late,
    TwoUnits,
    /// Three revisits, nobody answers.
    HardToReach,
}

/// A ticket's course, and how often such a one comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Course {
    pub(super) ending: Ending,
    pub(super) turn: Turn,
    weight: usize,
}

const fn course(ending: Ending, turn: Turn, weight: usize) -> Course {
    Course {
        ending,
        turn,
        weight,
    }
}

/// Each is taken once before any is drawn by its weight.
#[rustfmt::skip] // A course is read as a row.
pub(super) const COURSES: [Course; 25] = [
    course(Ending::Rectified, Turn::Straight,       18),
    course(Ending::Rectified, Turn::AtOnce,         8),
    course(Ending::Rectified, Turn::Contested,      3),
    course(Ending::Rectified, Turn::SentAsComplex,  3),
    course(Ending::Rectified, Turn::AskedAsComplex, 2),
    course(Ending::Rectified, Turn::Extended,       2),
    course(Ending::Rectified, Turn::DraftReturned,  3),
    course(Ending::Rectified, Turn::WorkReturned,   3),
    course(Ending::Rectified, Turn::AppealRejected, 3),
    course(Ending::Rectified, Turn::SecondRound,    2),
    course(Ending::Rectified, Turn::Deemed,         5),
    course(Ending::Rectified, Turn::Silent,         5),
    course(Ending::Rectified, Turn::Late,           4),
    course(Ending::Rectified, Turn::TwoUnits,       3),
    course(Ending::Rectified, Turn::HardToReach,    4),
    course(Ending::Unheard,   Turn::Straight,       14),
    course(Ending::Declined,  Turn::Straight,       8),
    course(Ending::Unreached, Turn::Straight,       4),
    course(Ending::Explained, Turn::Straight,       6),
    course(Ending::Invalid,   Turn::Straight,       3),
    course(Ending::Invalid,   Turn::Objected,       1),
    course(Ending::Proposed,  Turn::Straight,       2),
    course(Ending::Slip,      Turn::Straight,       4),
    course(Ending::Mistaken,  Turn::Straight,       2),
    course(Ending::Malicious, Turn::Straight,       1),
];

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Do(Act),
    /// The rater rates anew.
    Rate(Grade),
    /// Somebody else's turn, or time's.
    Wait,
    Over,
}

/// What a step is taken with.
pub(super) struct Scene<'a> {
    pub(super) now: Moment,
    /// To whom a ticket is given.
    pub(super) officer: PersonId,
    /// The bureau that had sent the one who served.
    pub(super) seconded_from: Option<UnitId>,
    pub(super) chance: &'a mut Chance,
}

const FEW: usize = 3;

impl Course {
    pub(super) const fn straight(ending: Ending) -> Course {
        course(ending, Turn::Straight, 0)
    }

    pub(super) fn drawn(chance: &mut Chance) -> Course {
        let weights: Vec<_> = COURSES.iter().map(|one| (*one, one.weight)).collect();
        chance.weighed(&weights)
    }

    /// The next step. `turned`: the turn was taken; set when it is.
    pub(super) fn next(&self, case: &Case, turned: &mut bool, scene: &mut Scene<'_>) -> Step {
        match case.ticket.state {
            State::New => Step::Do(self.assign(case, scene)),
            State::Assessing => self.assessing(case, scene),
            State::ToAnswer => self.answering(case, scene),
            State::ToRerate => self.rerating(case),
            state if state.is_closed() => self.closed(case),
            _ => match case.slowest() {
                Some(order) => self.on_order(case, order, turned, scene),
                None => Step::Wait,
            },
        }
    }

    fn assign(&self, case: &Case, scene: &mut Scene<'_>) -> Act {
        let wanted = matches!(self.turn, Turn::Silent | Turn::TwoUnits | Turn::Contested);
        let asked = wanted || scene.chance.percent(25);
        let unit = super::cast::units().nth(2 + scene.chance.below(2));
        Act::Assign {
            officer: scene.officer.clone(),
            staff: None,
            handling_unit: unit.filter(|_| case.handling_unit.is_none() && asked),
        }
    }

    fn assessing(&self, case: &Case, scene: &mut Scene<'_>) -> Step {
        if self.ending == Ending::Proposed {
            return Step::Do(match case.draft {
                None => Act::Draft(self.assessment(case, scene)),
                Some(_) => Act::Report {},
            });
        }
        if !case.is_revisited() {
            return self.revisit(case, scene);
        }
        if self.ending == Ending::Slip {
            let reason = words::text("评价人确认按错，改为好评");
            return Step::Do(Act::ConfirmMistake { reason });
        }
        if case.handling_unit.is_some() && case.opinion.is_none() {
            return match self.turn {
                Turn::Silent => Step::Wait,
                _ => Step::Do(Act::GiveOpinion {
                    valid: true,
                    text: words::text("情况基本属实"),
                }),
            };
        }
        Step::Do(match case.draft {
            None => Act::Draft(self.assessment(case, scene)),
            Some(_) => Act::Report {},
        })
    }

    fn revisit(&self, case: &Case, scene: &mut Scene<'_>) -> Step {
        let slip = self.ending == Ending::Slip;
        let result = match (self.turn, case.identity) {
            _ if slip => Reached::Connected,
            (Turn::HardToReach, _) => Reached::NoAnswer,
            (_, Identity::I0) => Reached::NoNumber,
            _ => Reached::Connected,
        };
        let round = case.ticket.round;
        let made = case.revisits.iter().filter(|made| made.round == round);
        if result == Reached::NoAnswer && today_only(made.map(|made| made.at), scene.now) {
            return Step::Wait;
        }
        let answers = match result {
            Reached::Connected => words::bad(scene.chance).to_owned(),
            _ => String::new(),
        };
        Step::Do(Act::Revisit {
            result,
            call: None,
            answers,
            slip,
            no_more_calls: false,
        })
    }

    fn assessment(&self, case: &Case, scene: &mut Scene<'_>) -> Assessment {
        let invalid = (self.ending == Ending::Proposed).then_some(ObjectiveGround::NoService);
        Assessment {
            cause: words::cause(scene.chance),
            items: vec![scene.chance.between(2, 9) as u8],
            invalid,
            units: self.responsible(case, scene),
            contact: words::CONTACT.to_owned(),
        }
    }

    /// By rows of the table of 第十条.
    fn responsible(&self, case: &Case, scene: &mut Scene<'_>) -> Vec<Attribution> {
        let named = |unit: UnitId, rule| Attribution { unit, rule };
        let handling = case.handling_unit.clone();
        match (case.business, handling) {
            _ if self.turn == Turn::Contested => vec![named(UnitId(SENDER.to_owned()), 12)],
            (_, Some(unit)) if self.turn == Turn::TwoUnits => {
                vec![named(unit, 6), named(UnitId::centre(), 6)]
            }
            (Business::Approval, Some(unit)) => vec![named(unit, 5)],
            _ if scene.seconded_from.is_some() => scene
                .seconded_from
                .iter()
                .map(|unit| named(unit.clone(), 1))
                .collect(),
            (Business::Consultation, Some(unit)) if scene.chance.percent(60) => {
                vec![named(unit, 6)]
            }
            _ => vec![named(UnitId::centre(), 4)],
        }
    }

    fn answering(&self, case: &Case, scene: &Scene<'_>) -> Step {
        if self.ending != Ending::Unreached {
            return Step::Do(Act::Answer {
                way: Way::Web,
                text: words::text("已经核实并整改，感谢您的评价"),
                checked: Checked::OwnAddress,
            });
        }
        let made = || case.attempts.iter().map(|made| made.at);
        if made().count() >= FEW && made().any(|at| at.day() != case.attempts[0].at.day()) {
            return Step::Do(Act::CloseUnreached {});
        }
        match today_only(made(), scene.now) {
            true => Step::Wait,
            false => Step::Do(Act::TryToAnswer {
                way: Way::Phone,
                result: Reached::NoAnswer,
            }),
        }
    }

    fn rerating(&self, case: &Case) -> Step {
        match (self.ending, self.turn) {
            (Ending::Unheard, _) => Step::Wait,
            (Ending::Declined, _) => Step::Do(Act::DeclineRerate { way: Way::Web }),
            (_, Turn::SecondRound) if case.ticket.round == 1 => Step::Rate(Grade::Dissatisfied),
            (Ending::Explained, _) => Step::Rate(Grade::BasicallySatisfied),
            _ => Step::Rate(Grade::Satisfied),
        }
    }

    fn closed(&self, case: &Case) -> Step {
        match self.turn == Turn::Objected && !case.objected {
            true => Step::Do(Act::Object {
                way: Way::Web,
                text: words::text("不同意该认定，请复核"),
            }),
            false => Step::Over,
        }
    }
}

/// Two attempts, both of this day: the third is another day's.
fn today_only(mut made: impl Iterator<Item = Moment>, now: Moment) -> bool {
    let (mut count, mut today) = (0, true);
    for at in made.by_ref() {
        count += 1;
        today &= at.day() == now.day();
    }
    count >= FEW - 1 && today
}
