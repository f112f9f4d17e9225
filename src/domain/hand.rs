//! Who acts: a person with the posts held at that moment, the rater, or the system.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::word::read_word;

/// Names a unit: a bureau, a handling unit, the Centre, the General Office. Opaque but for the two organs
/// that the regulation itself names (第三条).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitId(pub String);

/// Names a person with an account; never reused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub String);

/// What a person may be in a unit. Whether the unit is a ticket's responsible or handling unit is the
/// ticket's to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 坐席.
    Agent,
    /// 政务服务中心处置员.
    CentreOfficer,
    /// 政务服务中心回访员.
    CentreRevisitor,
    /// 政务服务中心督导.
    CentreSupervisor,
    /// 局办公室经办.
    OfficeClerk,
    /// 局办公室签发.
    OfficeSigner,
    /// 单位联络员.
    UnitLiaison,
    /// 单位负责人.
    UnitHead,
    /// 审计.
    Auditor,
    /// 系统管理: sees no case.
    Administrator,
}

/// A role held in a unit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Post {
    pub role: Role,
    pub unit: UnitId,
}

/// Somebody of the bureau who acts, as things stand at that moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hand {
    pub person: PersonId,
    /// 工号, by which calls name who spoke.
    pub staff: Option<String>,
    /// In force at the moment of the act; a seconded person's are those of the unit seconded to.
    pub posts: Vec<Post>,
}

/// By whom something is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", content = "hand", rename_all = "snake_case")]
pub enum By {
    /// A term ran out, a rule applied.
    System,
    /// 评价人, by any door.
    Rater,
    Person(Hand),
}

impl UnitId {
    const CENTRE: &'static str = "centre";
    const GENERAL_OFFICE: &'static str = "general_office";

    /// 政务服务中心 (第三条).
    pub fn centre() -> Self {
        UnitId(Self::CENTRE.to_owned())
    }

    /// 局办公室 (第三条).
    pub fn general_office() -> Self {
        UnitId(Self::GENERAL_OFFICE.to_owned())
    }

    pub fn is_centre(&self) -> bool {
        self.0 == Self::CENTRE
    }

    pub fn is_general_office(&self) -> bool {
        self.0 == Self::GENERAL_OFFICE
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Hand {
    pub fn has(&self, role: Role) -> bool {
        self.posts.iter().any(|post| post.role == role)
    }

    /// Whether any post is in the unit.
    pub fn is_of(&self, unit: &UnitId) -> bool {
        self.posts.iter().any(|post| post.unit == *unit)
    }

    pub fn has_in(&self, role: Role, unit: &UnitId) -> bool {
        self.posts
            .iter()
            .any(|post| post.role == role && post.unit == *unit)
    }
}

impl Role {
    pub const ALL: [Role; 10] = [
        Role::Agent,
        Role::CentreOfficer,
        Role::CentreRevisitor,
        Role::CentreSupervisor,
        Role::OfficeClerk,
        Role::OfficeSigner,
        Role::UnitLiaison,
        Role::UnitHead,
        Role::Auditor,
        Role::Administrator,
    ];

    /// The word for rows and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Agent => "agent",
            Role::CentreOfficer => "centre_officer",
            Role::CentreRevisitor => "centre_revisitor",
            Role::CentreSupervisor => "centre_supervisor",
            Role::OfficeClerk => "office_clerk",
            Role::OfficeSigner => "office_signer",
            Role::UnitLiaison => "unit_liaison",
            Role::UnitHead => "unit_head",
            Role::Auditor => "auditor",
            Role::Administrator => "administrator",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            Role::Agent => "坐席",
            Role::CentreOfficer => "政务服务中心处置员",
            Role::CentreRevisitor => "政务服务中心回访员",
            Role::CentreSupervisor => "政务服务中心督导",
            Role::OfficeClerk => "局办公室经办",
            Role::OfficeSigner => "局办公室签发",
            Role::UnitLiaison => "单位联络员",
            Role::UnitHead => "单位负责人",
            Role::Auditor => "审计",
            Role::Administrator => "系统管理",
        }
    }
}

read_word!(Role, "role");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_a_role_in_its_unit_and_nowhere_else() {
        let bureau = UnitId("forest".into());
        let hand = Hand {
            person: PersonId("7".into()),
            staff: None,
            posts: vec![Post {
                role: Role::UnitHead,
                unit: bureau.clone(),
            }],
        };
        assert!(hand.has(Role::UnitHead) && hand.is_of(&bureau));
        assert!(hand.has_in(Role::UnitHead, &bureau));
        assert!(!hand.has_in(Role::UnitHead, &UnitId::centre()));
        assert!(!hand.has_in(Role::UnitLiaison, &bureau));
    }

    #[test]
    fn a_role_reads_back_from_its_word() {
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(role));
        }
        assert!("emperor".parse::<Role>().is_err());
    }
}
