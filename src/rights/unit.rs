use crate::domain::{Role, UnitId, UnknownWord};

/// What a unit is in the regulation (第三条、第九条、第十条).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnitKind {
    /// 政务服务中心; there is one.
    Centre,
    /// 局办公室; there is one.
    GeneralOffice,
    /// 承办单位.
    HandlingUnit,
    /// 司局: sends staff to the Centre (轮岗锻炼), and may handle matters as well.
    Bureau,
}

impl UnitKind {
    pub const ALL: [UnitKind; 4] = [
        UnitKind::Centre,
        UnitKind::GeneralOffice,
        UnitKind::HandlingUnit,
        UnitKind::Bureau,
    ];

    /// The word for rows, the command line and the API.
    pub const fn word(self) -> &'static str {
        match self {
            UnitKind::Centre => "centre",
            UnitKind::GeneralOffice => "general_office",
            UnitKind::HandlingUnit => "handling_unit",
            UnitKind::Bureau => "bureau",
        }
    }

    pub const fn zh(self) -> &'static str {
        match self {
            UnitKind::Centre => "政务服务中心",
            UnitKind::GeneralOffice => "局办公室",
            UnitKind::HandlingUnit => "承办单位",
            UnitKind::Bureau => "司局",
        }
    }

    /// The id of the one unit of this kind, which the regulation itself names (第三条): it is there from
    /// the start and stays. `None` where there may be many.
    pub fn organ(self) -> Option<UnitId> {
        match self {
            UnitKind::Centre => Some(UnitId::centre()),
            UnitKind::GeneralOffice => Some(UnitId::general_office()),
            UnitKind::HandlingUnit | UnitKind::Bureau => None,
        }
    }

    /// Whether somebody may hold `role` in such a unit. Any unit may become responsible (第十条), the
    /// Centre too; only the General Office cannot, for it sends the slip.
    pub const fn has_room_for(self, role: Role) -> bool {
        match role {
            Role::Agent | Role::CentreOfficer | Role::CentreRevisitor | Role::CentreSupervisor => {
                matches!(self, UnitKind::Centre)
            }
            Role::OfficeClerk | Role::OfficeSigner => matches!(self, UnitKind::GeneralOffice),
            Role::UnitLiaison | Role::UnitHead => !matches!(self, UnitKind::GeneralOffice),
            Role::Auditor | Role::Administrator => true,
        }
    }
}

impl std::str::FromStr for UnitKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        UnitKind::ALL
            .into_iter()
            .find(|kind| kind.word() == word)
            .ok_or_else(|| UnknownWord {
                kind: "kind of unit",
                word: word.to_owned(),
            })
    }
}
