//! Which posts a person may hold, and from when until when.

use super::unit::UnitKind;
use crate::domain::{Article, Day, Post, Role, UnitId};

/// A post with the days it is held: a role in a unit, of one's own or sent by a bureau.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenure {
    pub post: Post,
    /// The bureau that sent the person (轮岗锻炼, 第十条（三）); `None` for staff of the unit itself.
    pub seconded_from: Option<UnitId>,
    pub from: Day,
    /// The last day, inclusive.
    pub until: Option<Day>,
}

/// Why a post cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostRefusal {
    #[error("{} holds nothing beside it: whoever {} sees no case and decides none ({})", role.zh(), keeps(*role), Article::of(14))]
    Apart { role: Role },
    #[error("no {} in a unit of the kind {} ({})", role.word(), kind.word(), Article::of(3))]
    NoSuchPost { role: Role, kind: UnitKind },
    #[error("the last day {until} lies before the first, {from}")]
    Backwards { from: Day, until: Day },
    #[error("a secondment names its last day: --until (轮岗锻炼, {})", Article::of(10).item(3))]
    Endless,
    #[error("only a bureau sends staff; {unit} is none ({})", Article::of(10).item(3))]
    NotABureau { unit: UnitId },
    #[error("{0} sends nobody to itself")]
    ToItself(UnitId),
}

impl PostRefusal {
    /// The reason in Chinese, for pages.
    pub fn zh(&self) -> String {
        match self {
            PostRefusal::Apart { role } => {
                format!("{}不得兼任其他角色（{}）", role.zh(), Article::of(14))
            }
            PostRefusal::NoSuchPost { role, kind } => {
                format!("{}没有{}（{}）", kind.zh(), role.zh(), Article::of(3))
            }
            PostRefusal::Backwards { from, until } => format!("止日{until}早于起日{from}"),
            PostRefusal::Endless => format!("轮岗锻炼须写明止日（{}）", Article::of(10).item(3)),
            PostRefusal::NotABureau { unit } => {
                format!("{unit}不是司局，不能派出（{}）", Article::of(10).item(3))
            }
            PostRefusal::ToItself(unit) => format!("{unit}不能向本单位派出"),
        }
    }
}

const fn keeps(role: Role) -> &'static str {
    match role {
        Role::Auditor => "checks the house",
        _ => "keeps the house",
    }
}

impl Tenure {
    pub fn holds_on(&self, day: Day) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }
}

/// Whether `new` may be added to the posts that a person holds or will hold. `kind_of` tells a unit's kind.
///
/// The administrator has no other post, and the auditor none: one must not see cases, the other must not
/// have decided what is checked. Two cases that overlap in no day exclude each other all the same, for the
/// hand that made a record must not come to check it.
pub fn check_posts(
    held: &[Tenure],
    new: &Tenure,
    kind: UnitKind,
    sender: Option<UnitKind>,
) -> Result<(), PostRefusal> {
    let role = new.post.role;
    if !kind.has_room_for(role) {
        return Err(PostRefusal::NoSuchPost { role, kind });
    }
    if let Some(until) = new.until.filter(|until| *until < new.from) {
        let from = new.from;
        return Err(PostRefusal::Backwards { from, until });
    }
    if let (Some(unit), Some(sender)) = (&new.seconded_from, sender) {
        if sender != UnitKind::Bureau {
            let unit = unit.clone();
            return Err(PostRefusal::NotABureau { unit });
        }
        if *unit == new.post.unit {
            return Err(PostRefusal::ToItself(unit.clone()));
        }
        if new.until.is_none() {
            return Err(PostRefusal::Endless);
        }
    }
    let apart = |role: Role| matches!(role, Role::Auditor | Role::Administrator);
    let roles = held.iter().map(|tenure| tenure.post.role);
    for other in roles.filter(|other| *other != role) {
        if apart(role) {
            return Err(PostRefusal::Apart { role });
        }
        if apart(other) {
            return Err(PostRefusal::Apart { role: other });
        }
    }
    Ok(())
}

/// The bureau that had sent the person to the Centre on that day (第十条（三）, A24).
pub fn seconded_from(tenures: &[Tenure], day: Day) -> Option<&UnitId> {
    tenures
        .iter()
        .filter(|tenure| tenure.holds_on(day) && tenure.post.unit.is_centre())
        .find_map(|tenure| tenure.seconded_from.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().expect("a day")
    }

    fn tenure(role: Role, unit: UnitId) -> Tenure {
        Tenure {
            post: Post { role, unit },
            seconded_from: None,
            from: day("2026-01-01"),
            until: None,
        }
    }

    fn own(role: Role) -> Tenure {
        tenure(role, UnitId::centre())
    }

    #[test]
    fn the_administrator_and_the_auditor_hold_nothing_beside() {
        for apart in [Role::Administrator, Role::Auditor] {
            for other in Role::ALL.into_iter().filter(|role| *role != apart) {
                let kind = UnitKind::ALL
                    .into_iter()
                    .find(|kind| kind.has_room_for(other))
                    .expect("every role has a place");
                let held = [tenure(other, UnitId("a".into()))];
                let there = check_posts(&held, &own(apart), UnitKind::Centre, None);
                assert!(matches!(there, Err(PostRefusal::Apart { .. })), "{other:?}");
                let new = tenure(other, UnitId("a".into()));
                let back = check_posts(&[own(apart)], &new, kind, None);
                assert!(matches!(back, Err(PostRefusal::Apart { .. })), "{other:?}");
            }
        }
    }

    #[test]
    fn several_posts_of_the_centre_go_together_in_a_small_centre() {
        let held = [own(Role::CentreOfficer), own(Role::CentreRevisitor)];
        let new = own(Role::CentreSupervisor);
        assert_eq!(check_posts(&held, &new, UnitKind::Centre, None), Ok(()));
    }

    #[test]
    fn a_role_is_held_where_the_regulation_has_it() {
        for (role, kinds) in [
            (Role::Agent, "centre"),
            (Role::CentreSupervisor, "centre"),
            (Role::OfficeSigner, "general_office"),
            (Role::UnitHead, "centre handling_unit bureau"),
            (Role::Auditor, "centre general_office handling_unit bureau"),
        ] {
            let found: Vec<_> = UnitKind::ALL
                .into_iter()
                .filter(|kind| check_posts(&[], &own(role), *kind, None).is_ok())
                .map(UnitKind::word)
                .collect();
            assert_eq!(found.join(" "), kinds, "{role:?}");
        }
    }

    #[test]
    fn a_secondment_has_a_bureau_and_a_last_day() {
        let mut sent = own(Role::Agent);
        sent.seconded_from = Some(UnitId("forest".into()));
        let check = |tenure: &Tenure, sender| check_posts(&[], tenure, UnitKind::Centre, sender);
        assert_eq!(
            check(&sent, Some(UnitKind::Bureau)),
            Err(PostRefusal::Endless)
        );
        sent.until = Some(day("2025-12-31"));
        let backwards = check(&sent, Some(UnitKind::Bureau));
        assert!(matches!(backwards, Err(PostRefusal::Backwards { .. })));
        sent.until = Some(day("2026-12-31"));
        assert_eq!(check(&sent, Some(UnitKind::Bureau)), Ok(()));
        let from_a_unit = check(&sent, Some(UnitKind::HandlingUnit));
        assert!(matches!(from_a_unit, Err(PostRefusal::NotABureau { .. })));
    }

    #[test]
    fn who_sent_somebody_is_asked_for_the_day_of_the_call() {
        let forest = UnitId("forest".into());
        let sent = Tenure {
            seconded_from: Some(forest.clone()),
            until: Some(day("2026-06-30")),
            ..own(Role::Agent)
        };
        let tenures = [sent];
        assert_eq!(seconded_from(&tenures, day("2026-06-30")), Some(&forest));
        assert_eq!(seconded_from(&tenures, day("2026-07-01")), None);
        assert_eq!(seconded_from(&tenures, day("2025-12-31")), None);
    }
}
