//! `[trunk]`, or several of them as `[[trunk]]`.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::checks::Problem;
use super::{Config, Srtp, Trunk};
use crate::trunkline::Host;

/// The carriers' trunks, in the order in which calls go out by them.
#[derive(Debug, Clone, Default)]
pub struct Trunks(pub Vec<Trunk>);

/// What the one trunk is called that has no name.
pub(super) const UNNAMED: &str = "trunk";
/// Each keeps a loop, a registration and series of figures.
const TRUNKS_AT_MOST: usize = 16;

impl<'de> Deserialize<'de> for Trunks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Trunks, D::Error> {
        deserializer.deserialize_any(OneOrMore)
    }
}

struct OneOrMore;

impl<'de> Visitor<'de> for OneOrMore {
    type Value = Trunks;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table [trunk], or several [[trunk]]")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Trunks, A::Error> {
        let one = Trunk::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Trunks(vec![one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Trunks, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Trunks)
    }
}

/// As `/healthz` says it of a trunk of this name.
pub fn trunk_in_trouble(name: &str) -> String {
    match name {
        UNNAMED => UNNAMED.to_owned(),
        name => format!("{UNNAMED} {name}"),
    }
}

impl Trunks {
    /// Of the calls of all of them.
    pub fn srtp(&self) -> Option<Srtp> {
        self.0.first().and_then(|trunk| trunk.srtp)
    }

    /// Of the calls of all of them.
    pub fn level_db(&self) -> i8 {
        self.0.first().map_or(0, |trunk| trunk.level_db)
    }

    /// What a call's sound goes by is not known by trunk.
    fn sound_alike(&self) -> bool {
        let sounds = |trunk: &Trunk| (trunk.srtp, trunk.level_db);
        self.0
            .windows(2)
            .all(|two| sounds(&two[0]) == sounds(&two[1]))
    }
}

impl Trunk {
    /// As logs, figures and `/healthz` call it.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(UNNAMED)
    }

    /// Whether it says where the trunk is.
    pub(super) fn is_somewhere(&self) -> bool {
        !self.addresses.is_empty() || self.domain.is_some()
    }
}

impl Config {
    /// The number that persons see who are called by this trunk; empty: nobody is called by it.
    pub(super) fn caller_id(&self, trunk: &Trunk) -> String {
        let own = trunk.caller_id.as_ref();
        own.unwrap_or(&self.outward.caller_id).clone()
    }

    /// Whether calls can go out by one of the trunks.
    pub(super) fn has_trunk_outward(&self) -> bool {
        let mut trunks = self.trunk.0.iter();
        trunks.any(|trunk| trunk.is_somewhere() && !self.caller_id(trunk).is_empty())
    }

    /// A line for each trunk, for whoever looks the configuration over. No password is in it.
    pub fn told_trunks(&self) -> Vec<String> {
        let trunks = self.trunk.0.iter().filter(|trunk| trunk.is_somewhere());
        let told = trunks.map(|trunk| {
            let hosts = trunk.addresses.iter().map(Host::word);
            let hosts: Vec<String> = hosts.collect();
            let place = match (&trunk.domain, hosts.is_empty()) {
                (Some(domain), true) => format!("{domain} by DNS"),
                _ => hosts.join(" "),
            };
            let registers = match trunk.register {
                true => format!("registers as {}", trunk.user),
                false => "does not register".to_owned(),
            };
            let caller_id = self.caller_id(trunk);
            let out = match (caller_id.is_empty(), trunk.numbers.is_empty()) {
                _ if self.outward.trunk.is_some() => "no calls out".to_owned(),
                (true, _) => "no calls out".to_owned(),
                (false, true) => format!("calls out as {caller_id}"),
                (false, false) => {
                    let numbers = trunk.numbers.join(" ");
                    format!("calls out as {caller_id} to {numbers}")
                }
            };
            format!("trunk {}: {place}, {registers}, {out}", trunk.name())
        });
        told.collect()
    }

    /// What of them together reads well and cannot work.
    pub(super) fn trunks_problem(&self) -> Option<Problem> {
        let all = &self.trunk.0;
        let word = |name: &str| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            (1..=32).contains(&name.len()) && name.chars().all(fits)
        };
        let names: BTreeSet<&str> = all.iter().map(Trunk::name).collect();
        let unnamed = all.iter().any(|trunk| trunk.name.is_none());
        let problem = |key, said: &str| {
            let said = said.to_owned();
            let at = ("trunk", key);
            Some(Problem { at, said })
        };
        if all.len() > TRUNKS_AT_MOST {
            return problem(
                "name",
                "stands more than 16 times; so many trunks can be kept",
            );
        }
        if !self.trunk.sound_alike() {
            return problem(
                "srtp",
                "or level_db differs between trunks; write the same for all of them",
            );
        }
        if all.len() > 1 && unnamed {
            return problem(
                "name",
                "is missing: of several [[trunk]] each has one, such as \"telecom\"",
            );
        }
        if names.len() < all.len() {
            return problem("name", "stands twice; each [[trunk]] has a name of its own");
        }
        if !names.iter().all(|name| word(name)) {
            return problem(
                "name",
                "is no word of 1 to 32 small letters, digits and hyphens, such as \"telecom\"",
            );
        }
        let digits = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit());
        let mut numbers = all
            .iter()
            .flat_map(|trunk| trunk.caller_id.iter().chain(&trunk.numbers));
        if !numbers.all(digits) {
            return problem(
                "numbers",
                "or caller_id has more than digits; write them as the trunk wants them, such as [\"010\"] and \"01066554433\"",
            );
        }
        all.iter().find_map(|trunk| self.trunk_problem(trunk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Config, String> {
        let path = std::path::Path::new("gradeline.toml");
        Config::parse(path, text).map_err(|error| {
            use std::error::Error as _;
            let source = error.source().map(ToString::to_string);
            format!("{error} {}", source.unwrap_or_default())
        })
    }

    const TWO: &str = "[outward]\ncaller_id = \"01066554433\"\n\
        [[trunk]]\nname = \"telecom\"\naddresses = [\"udp:192.0.2.10\"]\nnumbers = [\"010\", \"1\"]\n\
        register = true\nuser = \"8000\"\npassword = \"x\"\n\
        [[trunk]]\nname = \"unicom\"\ndomain = \"unicom.example\"\ncaller_id = \"01012345678\"\n";

    #[test]
    fn several_are_read_in_their_order_each_with_its_number() {
        let config = config(TWO).unwrap();
        let kept = config.trunklines();
        let seen: Vec<_> = kept
            .iter()
            .map(|one| (one.name.as_str(), one.caller_id.as_str(), one.numbers.len()))
            .collect();
        assert_eq!(
            seen,
            [("telecom", "01066554433", 2), ("unicom", "01012345678", 0)]
        );
        assert!(kept[0].trunk.registers && !kept[1].trunk.registers);
        assert_eq!(
            config.told_trunks(),
            [
                "trunk telecom: udp:192.0.2.10:5060, registers as 8000, calls out as 01066554433 to 010 1",
                "trunk unicom: unicom.example by DNS, does not register, calls out as 01012345678",
            ]
        );
    }

    #[test]
    fn the_single_table_is_one_trunk_without_a_name() {
        let config = config("[trunk]\naddresses = [\"udp:192.0.2.10\"]\n").unwrap();
        let kept = config.trunklines();
        assert_eq!((kept.len(), kept[0].name.as_str()), (1, UNNAMED));
        assert_eq!(kept[0].caller_id, "");
        assert!(Config::default().trunklines().is_empty());
    }

    #[test]
    fn what_several_cannot_be_says_what_would_be_right() {
        for (old, new, hint) in [
            ("name = \"unicom\"\n", "", "is missing"),
            ("\"unicom\"\n", "\"telecom\"\n", "of its own"),
            ("\"unicom\"\n", "\"Uni com\"\n", "small letters"),
            (
                "\"unicom\"\n",
                "\"unicom\"\nkeep_alive_s = 7200\n",
                "an hour",
            ),
            ("\"unicom\"\n", "\"unicom\"\npasword = \"x\"\n", "pasword"),
            ("\"010\"", "\"+86\"", "digits"),
        ] {
            let error = config(&TWO.replacen(old, new, 1)).unwrap_err();
            assert!(error.contains(hint), "{new}: {error}");
        }
    }
}
