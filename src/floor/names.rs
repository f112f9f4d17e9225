//! What desks and groups are called by those who hand callers on.

use std::collections::HashMap;

use crate::desks::{Desk, Handed, Need};
use crate::ringing as ring;

/// Every name of a desk or a group. What is not here is outside.
pub(super) struct Names(HashMap<String, Handed>);

impl Names {
    /// A name that several could have is the first one's; a desk's id goes before what else desks and groups are called.
    pub fn of(desks: &[&Desk]) -> Names {
        let mut names = HashMap::new();
        let mut call = |name: &str, whom: Handed| {
            if !name.is_empty() {
                names.entry(name.to_owned()).or_insert(whom);
            }
        };
        for desk in desks {
            call(&desk.id.0, Handed::Desk(desk.id.clone()));
        }
        for desk in desks {
            let whom = || Handed::Desk(desk.id.clone());
            call(desk.staff.as_deref().unwrap_or_default(), whom());
            call(ring::user_of(&desk.address), whom());
        }
        for group in desks.iter().flat_map(|desk| &desk.groups) {
            let need = Need {
                group: Some(group.clone()),
                skill: None,
            };
            call(group, Handed::Need(need));
        }
        Names(names)
    }

    pub fn find(&self, name: &str) -> Option<Handed> {
        self.0.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::desks::DeskId;

    fn desk(id: &str, address: &str, staff: Option<&str>) -> Desk {
        Desk {
            id: DeskId(id.to_owned()),
            address: address.to_owned(),
            staff: staff.map(str::to_owned),
            groups: vec!["audit".to_owned()],
            skills: BTreeMap::new(),
        }
    }

    #[test]
    fn a_colleague_is_found_by_whatever_he_is_called_and_nobody_outside_is() {
        let desks = [
            desk("desk-1", "sip:8001@192.0.2.7:5060", Some("12")),
            desk("8002", "account:a2", Some("8001")),
        ];
        let names = Names::of(&desks.iter().collect::<Vec<_>>());
        for (name, id) in [
            ("desk-1", "desk-1"),
            ("12", "desk-1"),
            // Another one's staff number: the first who is called so.
            ("8001", "desk-1"),
            ("8002", "8002"),
            ("a2", "8002"),
        ] {
            let expected = Handed::Desk(DeskId(id.to_owned()));
            assert_eq!(names.find(name), Some(expected), "{name}");
        }
        assert!(matches!(names.find("audit"), Some(Handed::Need(_))));
        assert_eq!(names.find("13900000000"), None);
        assert_eq!(names.find(""), None);
    }
}
