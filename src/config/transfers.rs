//! `[transfers]`: to whom outside desks may hand their callers.

use serde::Deserialize;

use super::Config;
use super::checks::Problem;
use crate::transfers::{Pattern, Rules, Unfit};

/// `[transfers]`: whom outside a desk may hand its caller to, or ask.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Transfers {
    /// `["12345", "010…"]`: numbers, and beginnings of national ones; empty: nobody outside.
    pub outside: Vec<String>,
    /// Calls to the outside from one call, one after the other.
    pub per_call: u8,
}

impl Default for Transfers {
    fn default() -> Self {
        Transfers {
            outside: Vec::new(),
            per_call: 3,
        }
    }
}

impl Config {
    /// To whom outside callers may be handed, by the numbers and the trunk of calls out.
    pub fn transfer_rules(&self) -> Rules {
        let patterns = self.transfers.outside.iter();
        let Some(outward) = self.calls_out() else {
            return Rules::default();
        };
        Rules {
            outside: patterns
                .filter_map(|text| Pattern::read(text).ok())
                .collect(),
            a_call: self.transfers.per_call,
            numbers: outward.numbers,
            caller_id: outward.trunk.caller_id,
        }
    }

    /// What of it reads well and cannot work.
    pub(super) fn transfers_problem(&self) -> Option<Problem> {
        let transfers = &self.transfers;
        let problem = |key, said: String| {
            Some(Problem {
                at: ("transfers", key),
                said,
            })
        };
        for text in &transfers.outside {
            match Pattern::read(text) {
                Ok(_) => {}
                Err(Unfit::Never) => {
                    return problem(
                        "outside",
                        format!(
                            "names {text:?}: emergency, foreign and premium numbers are never called; leave it out"
                        ),
                    );
                }
                Err(Unfit::Unreadable) => {
                    return problem(
                        "outside",
                        format!(
                            "has {text:?}; write numbers with their area code, or beginnings of them with …, such as [\"12345\", \"010…\"]"
                        ),
                    );
                }
            }
        }
        if transfers.outside.is_empty() {
            return None;
        }
        if self.calls_out().is_none() {
            let said =
                "cannot be called: write [outward] caller_id, and [trunk] or [outward] trunk";
            return problem("outside", said.to_owned());
        }
        if transfers.per_call == 0 {
            let said =
                "is 0: nobody outside would be called; write 1 or more, or leave out outside";
            return problem("per_call", said.to_owned());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const OUTWARD: &str = "[outward]\ntrunk = \"sip:192.0.2.10\"\ncaller_id = \"01066554433\"\n";

    fn read(lines: &str) -> Result<Config, String> {
        Config::parse(Path::new("gradeline.toml"), lines).map_err(|error| error.to_string())
    }

    #[test]
    fn unless_it_is_written_nobody_outside_is_called() {
        let config = read(OUTWARD).unwrap();
        assert!(config.transfer_rules().outside.is_empty());
        let lines = format!("[transfers]\noutside = [\"12345\", \"010…\"]\n{OUTWARD}");
        let rules = read(&lines).unwrap().transfer_rules();
        assert_eq!(rules.outside.len(), 2);
        assert_eq!((rules.a_call, rules.caller_id.as_str()), (3, "01066554433"));
    }

    #[test]
    fn what_cannot_work_is_told_with_what_would() {
        for (lines, outward, said) in [
            ("outside = [\"12345\"]", "", "write [outward] caller_id"),
            ("outside = [\"110\"]", OUTWARD, "are never called"),
            ("outside = [\"0085…\"]", OUTWARD, "such as [\"12345\""),
            ("outside = [\"desk\"]", OUTWARD, ":2: [transfers] outside"),
            (
                "outside = [\"12345\"]\nper_call = 0",
                OUTWARD,
                "[transfers] per_call is 0",
            ),
        ] {
            let error = read(&format!("[transfers]\n{lines}\n{outward}")).unwrap_err();
            assert!(error.contains(said), "{lines}: {error}");
        }
    }
}
