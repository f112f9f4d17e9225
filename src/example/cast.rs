//! Who works in the example centre: units and people, none of whom there is.

use super::hours::MINUTE;
use crate::domain::{By, Day, Moment, Post, Role, UnitId};
use crate::engine::{Engine, Error};
use crate::rights::{Tenure, UnitKind};
use crate::staff::{self, NewAccount, Person};

/// The bureau whose colleague sits at a desk of the Centre (第十条（三）).
pub(super) const SENDER: &str = "example-forest";

#[rustfmt::skip] // A unit is read as a row.
const UNITS: [(&str, UnitKind, &str); 4] = [
    (SENDER,            UnitKind::Bureau,       "示例森林司"),
    ("example-grass",   UnitKind::Bureau,       "示例草原司"),
    ("example-wetland", UnitKind::HandlingUnit, "示例湿地中心"),
    ("example-species", UnitKind::HandlingUnit, "示例物种中心"),
];

/// Somebody: login name, full name, staff number, role, unit.
type Part = (
    &'static str,
    &'static str,
    Option<&'static str>,
    Role,
    &'static str,
);

#[rustfmt::skip] // A part is read as a row.
const PARTS: [Part; 26] = [
    ("example.agent1",      "示例一",     Some("EX01"), Role::Agent,            "centre"),
    ("example.agent2",      "示例二",     Some("EX02"), Role::Agent,            "centre"),
    ("example.agent3",      "示例三",     Some("EX03"), Role::Agent,            "centre"),
    (SECONDED,              "示例四",     Some("EX04"), Role::Agent,            "centre"),
    ("example.officer1",    "示例五",     None,         Role::CentreOfficer,    "centre"),
    ("example.officer2",    "示例六",     None,         Role::CentreOfficer,    "centre"),
    ("example.revisitor1",  "示例七",     None,         Role::CentreRevisitor,  "centre"),
    ("example.revisitor2",  "示例八",     None,         Role::CentreRevisitor,  "centre"),
    ("example.supervisor1", "示例九",     None,         Role::CentreSupervisor, "centre"),
    ("example.supervisor2", "示例十",     None,         Role::CentreSupervisor, "centre"),
    ("example.clerk1",      "示例十一",   None,         Role::OfficeClerk,      "general_office"),
    ("example.clerk2",      "示例十二",   None,         Role::OfficeClerk,      "general_office"),
    ("example.signer1",     "示例十三",   None,         Role::OfficeSigner,     "general_office"),
    ("example.signer2",     "示例十四",   None,         Role::OfficeSigner,     "general_office"),
    ("example.auditor",     "示例十五",   None,         Role::Auditor,          "centre"),
    ("example.liaison0",    "示例十六",   None,         Role::UnitLiaison,      "centre"),
    ("example.liaison1",    "示例十七",   None,         Role::UnitLiaison,      "example-forest"),
    ("example.liaison2",    "示例十八",   None,         Role::UnitLiaison,      "example-grass"),
    ("example.liaison3",    "示例十九",   None,         Role::UnitLiaison,      "example-wetland"),
    ("example.liaison4",    "示例二十",   None,         Role::UnitLiaison,      "example-species"),
    ("example.head0",       "示例二十一", None,         Role::UnitHead,         "centre"),
    ("example.head1",       "示例二十二", None,         Role::UnitHead,         "example-forest"),
    ("example.head2",       "示例二十三", None,         Role::UnitHead,         "example-grass"),
    ("example.head3",       "示例二十四", None,         Role::UnitHead,         "example-wetland"),
    ("example.head4",       "示例二十五", None,         Role::UnitHead,         "example-species"),
    ("example.director",    "示例二十六", None,         Role::UnitHead,         "centre"),
];

/// Sent by the bureau, until after all that is played.
const SECONDED: &str = "example.agent4";
const SECONDED_MONTHS: u8 = 12;

/// What people need to log in, told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// By which the person logs in.
    pub name: String,
    pub full_name: String,
    pub role: Role,
    /// The unit's name.
    pub unit: String,
    pub one_time_password: String,
}

/// Those who act.
pub(super) struct Cast {
    people: Vec<Person>,
    pub(super) access: Vec<Access>,
}

/// A telephone that nobody has: no network gives out numbers that begin so.
pub(super) fn number(subscriber: usize) -> String {
    format!("1000000{:04}", subscriber % 10_000)
}

/// Units that handle matters.
pub(super) fn units() -> impl Iterator<Item = UnitId> {
    UNITS.iter().map(|(id, ..)| UnitId((*id).to_owned()))
}

/// 工号 of those who speak with callers.
pub(super) fn agents() -> Vec<&'static str> {
    PARTS.iter().filter_map(|part| part.2).collect()
}

/// The telephone of somebody who speaks with callers; its owner may not rate (第十九条).
pub(super) fn phone_of(agent: usize) -> String {
    number(9_001 + agent)
}

impl Cast {
    /// Enters everybody, before the first day.
    pub(super) async fn enter(engine: &Engine, now: Moment) -> Result<Cast, Error> {
        let by = staff::By::CommandLine;
        for (id, kind, name) in UNITS {
            let id = UnitId(id.to_owned());
            engine.add_unit(&id, kind, name, &by, now).await?;
        }
        let centre = (UnitId::centre(), "示例政务服务中心");
        let office = (UnitId::general_office(), "示例局办公室");
        for (id, name) in [centre, office] {
            engine.rename_unit(&id, name, &by, now).await?;
        }
        let names = engine.units().await?;
        let mut cast = Cast {
            people: Vec::new(),
            access: Vec::new(),
        };
        for (serial, part) in PARTS.iter().enumerate() {
            let now = now.plus_millis((serial as i64 + 1) * MINUTE);
            let unit = names.iter().find(|unit| unit.id.0 == part.4);
            let unit = unit.map_or(part.4, |unit| unit.name.as_str());
            cast.enter_one(engine, serial, part, unit, now).await?;
        }
        Ok(cast)
    }

    async fn enter_one(
        &mut self,
        engine: &Engine,
        serial: usize,
        part: &Part,
        unit_name: &str,
        now: Moment,
    ) -> Result<(), Error> {
        let by = staff::By::CommandLine;
        let (name, full_name, staff, role, unit) = *part;
        let account = NewAccount {
            name: name.to_owned(),
            full_name: full_name.to_owned(),
            staff: staff.map(str::to_owned),
            phones: staff.iter().map(|_| phone_of(serial)).collect(),
        };
        let (id, one_time_password) = engine.add_person(&account, &by, now).await?;
        let tenure = tenure(name, role, unit, now.day());
        engine.grant_post(&id, &tenure, &by, now).await?;
        let hand = engine.hand_of(&id, now).await?;
        let hand = hand.ok_or_else(|| Error::Other(format!("{name} was not entered")))?;
        self.people.push(Person {
            id,
            name: account.name.clone(),
            full_name: account.full_name.clone(),
            must_change_password: true,
            hand,
        });
        self.access.push(Access {
            name: account.name,
            full_name: account.full_name,
            role,
            unit: unit_name.to_owned(),
            one_time_password,
        });
        Ok(())
    }

    /// Everybody as a hand, beginning somewhere.
    pub(super) fn hands(&self, from: usize) -> impl Iterator<Item = By> {
        let all = self.people.iter().cycle().skip(from % self.people.len());
        all.take(self.people.len())
            .map(|person| By::Person(person.hand.clone()))
    }

    /// Those who hold the role.
    pub(super) fn of(&self, role: Role) -> Vec<&Person> {
        let holds = |person: &&Person| person.hand.has(role);
        self.people.iter().filter(holds).collect()
    }
}

fn tenure(name: &str, role: Role, unit: &str, from: Day) -> Tenure {
    let sent = name == SECONDED;
    Tenure {
        post: Post {
            role,
            unit: UnitId(unit.to_owned()),
        },
        seconded_from: sent.then(|| UnitId(SENDER.to_owned())),
        from,
        until: sent.then(|| from.plus_months(SECONDED_MONTHS)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_role_but_the_first_starts_is_held_and_no_name_or_number_can_be_anybodys() {
        let roles: BTreeSet<_> = PARTS.iter().map(|part| part.3).collect();
        let held = |role: &Role| roles.contains(role) == (*role != Role::Administrator);
        assert!(Role::ALL.iter().all(held), "{roles:?}");
        let names: BTreeSet<_> = PARTS.iter().map(|part| part.0).collect();
        assert_eq!(names.len(), PARTS.len());
        for (name, full_name, staff, ..) in PARTS {
            assert!(name.starts_with("example."), "{name}");
            assert!(full_name.starts_with("示例"), "{full_name}");
            assert!(staff.is_none_or(|staff| staff.starts_with("EX")));
        }
        assert!(UNITS.iter().all(|(_, _, name)| name.starts_with("示例")));
        // No mobile of mainland China has a second digit below 3.
        assert_eq!(number(17), "10000000017");
    }
}
