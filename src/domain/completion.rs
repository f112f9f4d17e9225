//! What a rater still says after the grade stands: the reason, the remark (第六条第一款).

use super::intake::{PressedKey, Reason, Remark};
use super::rating::Rating;
use super::subject::Subject;
use super::ticket::Actor;
use super::trail::{Entry, What};
use crate::calendar::Moment;
use crate::terms::Article;

/// What the rater has said beside the grade so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub reasons: Vec<Reason>,
    pub remark: Option<Remark>,
    pub keys: Vec<PressedKey>,
}

/// Adds to a rating what it does not have yet; the trail's line, `None` where nothing is new.
///
/// Only ever adds: the grade, its time and what was on record stay, so no term moves.
pub fn complete(rating: &mut Rating, said: Said, now: Moment) -> Option<Entry> {
    let intake = &mut rating.intake;
    let mut news = Vec::new();
    for reason in said.reasons {
        if !intake.reasons.contains(&reason) {
            intake.reasons.push(reason);
            news.push(format!("原因“{}”", reason.zh()));
        }
    }
    if let (None, Some(remark)) = (&intake.remark, said.remark) {
        news.push(match &remark {
            Remark::Text(_) => "文字意见".to_owned(),
            Remark::Clip(_) => "语音留言".to_owned(),
        });
        intake.remark = Some(remark);
    }
    let mut keys = String::new();
    for pressed in said.keys {
        if !intake.evidence.keys.contains(&pressed) {
            keys.push(pressed.key);
            intake.evidence.keys.push(pressed);
        }
    }
    if !keys.is_empty() {
        news.push(format!("按键{keys}"));
    }
    if news.is_empty() {
        return None;
    }
    Some(Entry {
        at: now,
        actor: Actor::Rater,
        person: None,
        record: None,
        what: What::RatingCompleted,
        about: Subject::Rating(rating.id.clone()),
        article: Article::of(6).paragraph(1),
        detail: format!("评价后补充：{}", news.join("，")),
        rehearsal: rating.intake.rehearsal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Channel, Choices, Evidence, Grade, Intake, IntakeKey, Rater, RatingId, Service, ServiceKey,
        Standing,
    };

    fn rating() -> Rating {
        let at = Moment::from_millis(0);
        Rating {
            id: RatingId {
                service: ServiceKey("call-c1".into()),
                sequence: 1,
            },
            standing: Standing::Valid,
            received_at: at,
            intake: Intake {
                key: IntakeKey::phone("c1"),
                channel: Channel::Phone,
                service: Service::Consultation {
                    call_id: "c1".into(),
                    staff: Vec::new(),
                    served_at: at,
                },
                rater: Rater::caller(None),
                grade: Grade::Dissatisfied,
                graded_at: at,
                reasons: Vec::new(),
                choices: Choices::default(),
                remark: None,
                evidence: Evidence {
                    keys: vec![pressed('4', 0)],
                    ..Evidence::default()
                },
                rehearsal: false,
            },
        }
    }

    fn pressed(key: char, offset_ms: i64) -> PressedKey {
        PressedKey {
            key,
            at: Moment::from_millis(offset_ms),
            offset_ms,
        }
    }

    #[test]
    fn what_is_said_after_the_grade_is_added_once_and_moves_nothing() {
        let mut rating = rating();
        let before = rating.clone();
        let said = Said {
            reasons: vec![Reason::Attitude],
            remark: Some(Remark::Clip("c1.remark.wav".into())),
            keys: vec![pressed('4', 0), pressed('1', 9_000)],
        };
        let now = Moment::from_millis(20_000);
        let entry = complete(&mut rating, said.clone(), now).expect("it is new");
        assert_eq!(entry.detail, "评价后补充：原因“服务态度”，语音留言，按键1");
        assert_eq!(rating.intake.evidence.keys, said.keys);
        assert_eq!(rating.intake.reasons, said.reasons);
        assert_eq!(
            (rating.intake.grade, rating.intake.graded_at, &rating.id),
            (before.intake.grade, before.intake.graded_at, &before.id)
        );
        assert_eq!(complete(&mut rating, said, now), None);
    }

    #[test]
    fn nothing_said_takes_nothing_away() {
        let mut rating = rating();
        let before = rating.clone();
        assert_eq!(
            complete(&mut rating, Said::default(), Moment::from_millis(1)),
            None
        );
        assert_eq!(rating, before);
    }
}
