//! Whether an intake can be a rating at all.

use super::dictionary::{CURRENT, options_of, unfit_option};
use crate::domain::{Channel, Identity, Intake, Moment, Remark, Service, Stage, Unfit};

/// Further ratings of an act are taken for so long after it (8.2 of the study; 第十三条 names no end).
const DAYS_AFTER_SERVICE: u8 = 90;
/// And for so long after its result was told to the rater.
const DAYS_AFTER_ANSWER: u8 = 30;
/// Clocks of doors go a little before ours.
const SKEW_MS: i64 = 5 * 60_000;
/// A longer remark is no remark but a file.
const LONGEST_TEXT: usize = 2000;

/// What is known beside the intake.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts {
    /// When the act's ticket told its result to the rater.
    pub answered_at: Option<Moment>,
    /// The rated matter's completion; `None` while it goes on, or where no matter is rated.
    pub completed_at: Option<Moment>,
}

/// Whether a channel rates such an act (第七条).
pub fn fits(channel: Channel, service: &Service) -> bool {
    match channel {
        Channel::Phone => matches!(service, Service::Consultation { .. }),
        Channel::WebFiling => matches!(service, Service::Matter { .. }),
        Channel::WebConsultation => matches!(service, Service::WebConsultation { .. }),
        Channel::WindowDevice | Channel::WindowQr => {
            matches!(service, Service::WindowAct { .. } | Service::Matter { .. })
        }
        // An answer to an invitation, whatever the act was.
        Channel::Sms => !matches!(service, Service::Suggestion { .. }),
        Channel::SuggestionBox => matches!(service, Service::Suggestion { .. }),
        Channel::Default => matches!(
            service,
            Service::Matter {
                stage: Stage::Completed,
                ..
            }
        ),
    }
}

/// Until when ratings of the act are taken; `None`: without end.
pub fn window_end(service: &Service, facts: Facts) -> Option<Moment> {
    let after = |at: Moment, days: u8| (0..days).fold(at.day(), |day, _| day.next()).end();
    let of_service = service
        .served_at()
        .map(|at| after(facts.completed_at.unwrap_or(at), DAYS_AFTER_SERVICE));
    let of_answer = facts.answered_at.map(|at| after(at, DAYS_AFTER_ANSWER));
    of_service.max(of_answer)
}

/// Whether the intake can be a rating; else what keeps it from being one.
pub fn admissible(intake: &Intake, facts: Facts, now: Moment) -> Result<(), Unfit> {
    let service = &intake.service;
    if !fits(intake.channel, service) {
        return Err(Unfit::Channel {
            channel: intake.channel.word(),
            service: service.word(),
        });
    }
    // Our own: its times are of one clock, and a citizen's key is not lost because that clock was set.
    if intake.channel == Channel::Phone {
        return Ok(());
    }
    if let Some(name) = service.names().into_iter().find(|name| !is_a_name(name)) {
        return Err(Unfit::Name(name.chars().take(80).collect()));
    }
    times(intake, facts, now)?;
    choices(intake)?;
    let rater = &intake.rater;
    let proven = match rater.identity {
        Identity::I0 => true,
        Identity::I1 => rater.number.is_some(),
        Identity::I2 | Identity::I3 => rater.applicant.is_some(),
    };
    if proven { Ok(()) } else { Err(Unfit::Identity) }
}

fn times(intake: &Intake, facts: Facts, now: Moment) -> Result<(), Unfit> {
    let service = &intake.service;
    if intake.graded_at > now.plus_millis(SKEW_MS) {
        return Err(Unfit::InFuture(intake.graded_at));
    }
    if let Service::Matter { number, stage, .. } = service
        && *stage == Stage::Completed
    {
        match facts.completed_at {
            None => return Err(Unfit::NotThereYet(number.clone())),
            Some(at) if intake.graded_at < at => return Err(Unfit::BeforeService(at)),
            Some(_) => {}
        }
    }
    if let Some(served_at) = service.served_at().filter(|at| intake.graded_at < *at) {
        return Err(Unfit::BeforeService(served_at));
    }
    if let Some(end) = window_end(service, facts).filter(|end| intake.graded_at > *end) {
        return Err(Unfit::WindowOver(end));
    }
    Ok(())
}

fn choices(intake: &Intake) -> Result<(), Unfit> {
    let codes = &intake.choices.options;
    if codes.len() > options_of(intake.grade).count() {
        return Err(Unfit::TooManyOptions);
    }
    if let Some(code) = unfit_option(intake.grade, codes) {
        let dictionary = CURRENT.edition;
        return Err(Unfit::Option { code, dictionary });
    }
    match &intake.remark {
        Some(Remark::Text(text)) if text.chars().count() > LONGEST_TEXT => {
            Err(Unfit::TextTooLong { most: LONGEST_TEXT })
        }
        _ => Ok(()),
    }
}

/// Goes into rows, file names and addresses as it is.
fn is_a_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Applicant, Choices, Evidence, Grade, IntakeKey, Rater, UnitId};

    fn at(text: &str) -> Moment {
        format!("{text}:00+08:00").parse().expect("a moment")
    }

    fn matter(stage: Stage) -> Service {
        Service::Matter {
            number: "SQ2026-0001".into(),
            stage,
            item: "lq-001".into(),
            unit: UnitId("wetland".into()),
            staff: Vec::new(),
            served_at: at("2026-09-01T10:00"),
        }
    }

    fn window() -> Service {
        Service::WindowAct {
            window: "3".into(),
            act: "a-17".into(),
            item: None,
            unit: None,
            staff: vec!["8001".into()],
            served_at: at("2026-09-01T10:00"),
        }
    }

    fn intake(channel: Channel, service: Service) -> Intake {
        Intake {
            key: IntakeKey("k1".into()),
            channel,
            service,
            rater: Rater::caller(None),
            grade: Grade::Dissatisfied,
            graded_at: at("2026-09-01T10:05"),
            reasons: Vec::new(),
            choices: Choices::default(),
            remark: None,
            evidence: Evidence::default(),
            rehearsal: false,
        }
    }

    fn now() -> Moment {
        at("2026-09-01T10:06")
    }

    fn judged(intake: &Intake) -> Result<(), Unfit> {
        admissible(intake, Facts::default(), now())
    }

    #[test]
    fn each_channel_rates_what_article_seven_says() {
        let slip = Service::Suggestion {
            slip: "s1".into(),
            opened_on: now().day(),
            scan: None,
        };
        let question = Service::WebConsultation {
            code: "q1".into(),
            unit: None,
            staff: Vec::new(),
            served_at: at("2026-09-01T10:00"),
        };
        let call = Service::Consultation {
            call_id: "c1".into(),
            staff: Vec::new(),
            served_at: at("2026-09-01T10:00"),
        };
        let services = [call, question, matter(Stage::Filed), window(), slip];
        for (channel, wanted) in [
            (Channel::Phone, "X----"),
            (Channel::WebFiling, "--X--"),
            (Channel::WebConsultation, "-X---"),
            (Channel::WindowDevice, "--XX-"),
            (Channel::WindowQr, "--XX-"),
            (Channel::Sms, "XXXX-"),
            (Channel::SuggestionBox, "----X"),
            (Channel::Default, "-----"),
        ] {
            let found: String = services
                .iter()
                .map(|service| if fits(channel, service) { 'X' } else { '-' })
                .collect();
            assert_eq!(found, wanted, "{channel:?}");
        }
        assert!(fits(Channel::Default, &matter(Stage::Completed)));
    }

    #[test]
    fn a_grade_before_its_service_or_from_the_future_is_none() {
        let early = Intake {
            graded_at: at("2026-09-01T09:59"),
            ..intake(Channel::WindowDevice, window())
        };
        assert!(matches!(judged(&early), Err(Unfit::BeforeService(_))));
        let skewed = Intake {
            graded_at: now().plus_millis(SKEW_MS),
            ..early.clone()
        };
        assert_eq!(judged(&skewed), Ok(()));
        let future = Intake {
            graded_at: now().plus_millis(SKEW_MS + 1),
            ..early
        };
        assert!(matches!(judged(&future), Err(Unfit::InFuture(_))));
    }

    #[test]
    fn ninety_days_after_the_service_or_thirty_after_the_answer_the_window_is_over() {
        let rated = |graded: &str, answered: Option<&str>| {
            let intake = Intake {
                graded_at: at(graded),
                ..intake(Channel::WindowQr, window())
            };
            let facts = Facts {
                answered_at: answered.map(at),
                ..Facts::default()
            };
            admissible(&intake, facts, at("2027-06-01T00:00"))
        };
        assert_eq!(rated("2026-11-30T23:59", None), Ok(()));
        let over = rated("2026-12-01T00:00", None);
        assert!(matches!(over, Err(Unfit::WindowOver(_))), "{over:?}");
        assert_eq!(rated("2027-01-14T12:00", Some("2026-12-15T09:00")), Ok(()));
        let over = rated("2027-01-15T00:00", Some("2026-12-15T09:00"));
        assert!(matches!(over, Err(Unfit::WindowOver(_))), "{over:?}");
    }

    #[test]
    fn a_matter_is_rated_as_completed_only_once_it_is() {
        let completed = intake(Channel::WebFiling, matter(Stage::Completed));
        assert!(matches!(judged(&completed), Err(Unfit::NotThereYet(_))));
        let facts = |at: Moment| Facts {
            completed_at: Some(at),
            ..Facts::default()
        };
        let known = admissible(&completed, facts(at("2026-09-01T10:04")), now());
        assert_eq!(known, Ok(()));
        let later = admissible(&completed, facts(at("2026-09-01T10:06")), now());
        assert!(matches!(later, Err(Unfit::BeforeService(_))));
        assert_eq!(
            judged(&intake(Channel::WebFiling, matter(Stage::Filed))),
            Ok(())
        );
    }

    #[test]
    fn options_names_texts_and_identities_are_checked() {
        let sound = intake(Channel::WindowDevice, window());
        let with = |options: Vec<u16>| Intake {
            choices: Choices {
                options,
                ..Choices::default()
            },
            ..sound.clone()
        };
        assert_eq!(judged(&with(vec![207, 214])), Ok(()));
        assert!(matches!(
            judged(&with(vec![510])),
            Err(Unfit::Option { code: 510, .. })
        ));
        assert_eq!(judged(&with(vec![207; 9])), Err(Unfit::TooManyOptions));
        let long = Intake {
            remark: Some(Remark::Text("长".repeat(2001))),
            ..sound.clone()
        };
        assert!(matches!(judged(&long), Err(Unfit::TextTooLong { .. })));
        for name in ["", "a b", "第1", &"x".repeat(65), "a/b"] {
            let mut odd = sound.clone();
            if let Service::WindowAct { act, .. } = &mut odd.service {
                *act = name.to_owned();
            }
            assert!(matches!(judged(&odd), Err(Unfit::Name(_))), "{name}");
        }
        let mut claimed = sound.clone();
        claimed.rater.identity = Identity::I3;
        assert_eq!(judged(&claimed), Err(Unfit::Identity));
        claimed.rater.applicant = Some(Applicant("d1".into()));
        assert_eq!(judged(&claimed), Ok(()));
    }
}
